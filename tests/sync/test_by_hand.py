"""I2, I3, S8: what people do by hand never sends an invoice twice, and hides no change and no lost answer."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from integration.errors import Conflict, Unconfirmed
from sync.engine import manual
from sync.engine.push import push
from sync.models import Item
from tests.sync import remote
from tests.sync.conftest import LINE


def all_items() -> Any:
    return Item.objects.all()


def withdraw_and_change(smartdok: Any, number: int, price: float) -> None:
    smartdok.withdraw(number)
    smartdok.change_invoice(number, [{**LINE, "Price": price}])
    smartdok.finalise(number)


def test_I2_an_invoice_that_was_already_there_is_kept_when_it_is_sent_again(
    fortnox: Any, settled: Any, bill: Any, item: Any
) -> None:
    basis = bill()
    settled()
    [(number, invoice)] = fortnox.invoices.items()
    invoice["ExternalInvoiceReference1"] = ""  # as another integration made it
    Item.objects.filter(pk=item("invoices", basis["Id"]).pk).update(
        target_id="", target_label="", sent=None, sent_record=None, sent_at=None, state="stopped"
    )
    manual.already_there(item("invoices", basis["Id"]), str(number), "anna")
    before = remote.invoices(fortnox)
    assert manual.resend(all_items().filter(pipeline__flow="invoices"), "anna") == 1
    settled()
    kept = item("invoices", basis["Id"])
    assert (kept.state, kept.target_id, kept.adopted, kept.doubted) == ("done", str(number), True, False)
    assert remote.invoices(fortnox) == before


def test_I2_an_invoice_is_made_anew_only_when_it_is_gone_from_fortnox(
    fortnox: Any, settled: Any, writes: Any, bill: Any, item: Any
) -> None:
    basis, other = bill(), bill()
    settled()
    gone, kept = item("invoices", basis["Id"]).target_id, item("invoices", other["Id"]).target_id
    before = remote.invoices(fortnox)
    del fortnox.invoices[gone]
    writes()
    assert manual.resend(all_items().filter(pipeline__flow="invoices"), "anna") == 2
    report = settled()
    assert report.flows["invoices"]["created"] == 1
    assert item("invoices", other["Id"]).target_id == kept
    again = item("invoices", basis["Id"])
    assert (again.state, again.adopted, again.doubted) == ("done", False, False)
    assert again.target_id not in {"", gone}
    assert remote.invoices(fortnox) == before[::-1]


def test_I2_a_customer_taken_under_another_number_is_not_made_twice_when_it_is_sent_again(
    smartdok: Any, fortnox: Any, settled: Any, item: Any
) -> None:
    smartdok.add_customer(CustomerNumber="1001", CustomerName="Bygg AB")
    settled()
    fortnox.customers["2005"] = {**fortnox.customers.pop("1001"), "CustomerNumber": "2005", "Phone1": "08-1"}
    manual.already_there(item("customers", "1001"), "2005", "anna")
    fortnox.customers["2005"]["Name"] = "Fel namn"
    assert manual.resend(all_items(), "anna") == 1
    settled()
    assert {number: (row["Name"], row["Phone1"]) for number, row in fortnox.customers.items()} == {
        "2005": ("Bygg AB", "08-1")
    }


def test_I3_a_changed_invoice_is_not_closed_by_sending_it_again(
    smartdok: Any, fortnox: Any, settled: Any, bill: Any, item: Any
) -> None:
    basis = bill()
    settled()
    before = remote.invoices(fortnox)
    withdraw_and_change(smartdok, basis["Id"], 999.0)
    settled()
    assert manual.resend(all_items().filter(pipeline__flow="invoices"), "anna") == 0
    settled()
    assert (item("invoices", basis["Id"]).state, item("invoices", basis["Id"]).cause) == ("stopped", "I3")
    assert remote.invoices(fortnox) == before


def test_I3_a_change_that_is_read_while_it_is_sent_again_is_shown(
    smartdok: Any, fortnox: Any, settled: Any, run: Any, bill: Any, item: Any
) -> None:
    basis = bill()
    settled()
    before = remote.invoices(fortnox)
    withdraw_and_change(smartdok, basis["Id"], 999.0)
    manual.resend(all_items().filter(pipeline__flow="invoices"), "anna")
    settled()
    shown = item("invoices", basis["Id"])
    assert (shown.state, shown.cause, shown.doubted) == ("stopped", "I3", False)
    assert remote.invoices(fortnox) == before


def test_what_a_person_left_out_is_not_revived_by_sending_again(smartdok: Any, run: Any, item: Any) -> None:
    smartdok.add_customer(CustomerNumber="1001", CustomerName="Bygg AB")
    run()
    Item.objects.update(state="stopped", reason="rejected", cause="x")
    assert manual.leave_out(all_items(), "anna", "dubblett") == 1
    assert manual.resend(all_items(), "anna") == 0
    assert item("customers", "1001").state == "left_out"


def test_what_is_transferred_is_not_left_out(smartdok: Any, settled: Any, item: Any) -> None:
    smartdok.add_customer(CustomerNumber="1001", CustomerName="Bygg AB")
    settled()
    assert manual.leave_out(all_items(), "anna", "nej") == 0
    assert item("customers", "1001").state == "done"


def test_I3_a_changed_invoice_is_not_left_out_or_its_next_change_would_be_shown_to_nobody(
    smartdok: Any, settled: Any, bill: Any, item: Any
) -> None:
    basis = bill()
    settled()
    withdraw_and_change(smartdok, basis["Id"], 999.0)
    settled()
    changed = all_items().filter(pipeline__flow="invoices")
    assert not manual.leavable(changed).exists()
    assert manual.leave_out(changed, "anna", "nej") == 0
    assert (item("invoices", basis["Id"]).state, item("invoices", basis["Id"]).cause) == ("stopped", "I3")


@pytest.fixture
def unanswered(bill: Any, run: Any, twins: Any, item: Any) -> Callable[[], Item]:
    """An invoice that Fortnox has stored without an answer; gives it fresh from the database."""
    basis = bill()
    run(only=["customers", "projects"])
    twins.fortnox.faults.add("reset-after", "POST", "/3/invoices", times=1)
    from sync.engine.pull import pull  # noqa: PLC0415

    for flow in ("articles", "invoices"):
        pull(item("customers", "1001").tenant.pipelines.get(flow=flow))
    push(item("invoices", basis["Id"]).pk)
    assert item("invoices", basis["Id"]).intent_at
    return lambda: item("invoices", basis["Id"])


def test_I2_nothing_is_decided_by_hand_while_an_answer_is_lost(
    unanswered: Callable[[], Item], fortnox: Any, settled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    [ours] = fortnox.invoices
    fortnox.invoices["900"] = {**fortnox.invoices[ours], "DocumentNumber": "900", "ExternalInvoiceReference1": ""}
    monkeypatch.setattr("sync.engine.states.ON_ITS_WAY", timedelta(seconds=45))
    for act in (manual.rule_out, lambda item: manual.already_there(item, "900", "anna")):
        with pytest.raises(Unconfirmed, match=r"manual\.unanswered"):
            act(unanswered())
    assert manual.leave_out(all_items(), "anna", "nej") == 0
    monkeypatch.setattr("sync.engine.states.ON_ITS_WAY", timedelta(0))
    for act in (manual.rule_out, lambda item: manual.already_there(item, "900", "anna")):
        with pytest.raises(Conflict, match=r"manual\.lies_there"):
            act(unanswered())
    assert unanswered().intent_at
    settled()
    assert (unanswered().state, unanswered().target_id) == ("done", ours)
    assert set(fortnox.invoices) == {ours, "900"}


def test_I2_what_never_arrived_may_be_left_out(unanswered: Callable[[], Item], fortnox: Any, settled: Any) -> None:
    fortnox.invoices.clear()
    manual.rule_out(unanswered())
    assert manual.leave_out(Item.objects.filter(pk=unanswered().pk), "anna", "nej") == 1
    settled()
    assert (unanswered().state, unanswered().intent_at, fortnox.invoices) == ("left_out", None, {})
