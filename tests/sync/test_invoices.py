"""Invoices, SmartDok → Fortnox: rules I1, I3, I4, I6 and I8 to I11."""

import datetime
from typing import Any

import pytest
import time_machine

from sync.engine.pull import FULL_EVERY
from sync.flows.invoices import reference
from sync.models import Item
from tests.sync import remote


def line(**fields: Any) -> dict[str, Any]:
    return {"LineText": "Arbete", "Price": 100.0, "Quantity": 1.0, "UnitType": "tim", **fields}


def test_I1_a_finalised_invoice_is_sent_with_every_field(smartdok: Any, fortnox: Any, settled: Any, bill: Any) -> None:
    basis = bill(
        SerialNumber="F-2026-17",
        Title="Etapp 2",
        Comment="Enligt offert 12",
        InvoiceRef="Märke: Karin",
        InvoicedBy="Anna Admin",
    )
    report = settled()
    assert report.exit_code == 0
    today = datetime.date.today().isoformat()
    assert remote.invoices(fortnox) == [
        {
            "CustomerNumber": "1001",
            "ExternalInvoiceReference1": reference(str(basis["Id"])),
            "ExternalInvoiceReference2": "F-2026-17",
            "Project": "2041",
            "YourReference": "Märke: Karin",
            "OurReference": "Anna Admin",
            "Remarks": "Etapp 2\nEnligt offert 12",
            "InvoiceDate": today,
            "NotCompleted": False,
            "Booked": False,
            "Sent": False,
            "Net": 3600,
            "Rows": [
                {
                    "Description": "Gjutning", "DeliveredQuantity": "8", "Price": 450.0, "Unit": "tim",
                    "Project": "2041", "Total": 3600,
                }
            ],
        }
    ]  # fmt: skip


def test_I1_a_draft_is_not_sent_until_it_is_finalised(
    smartdok: Any, fortnox: Any, settled: Any, bill: Any, item: Any
) -> None:
    basis = bill(IsDraft=True)
    assert settled().exit_code == 0
    left = item("invoices", basis["Id"])
    assert (left.state, left.cause) == ("left_out", "I1")
    assert fortnox.invoices == {}
    smartdok.finalise(basis["Id"])
    settled()
    assert remote.references(fortnox) == [reference(str(basis["Id"]))]


@pytest.mark.parametrize("tested", ["period", "DateFrom", "DateTo", "Created"])
def test_I1_a_period_of_long_ago_is_read_whatever_date_smartdok_tests(
    fortnox: Any, run: Any, bill: Any, twins: Any, tested: Any
) -> None:
    twins.smartdok.switches.invoice_dates = tested
    long_ago = {"DateFrom": "2019-01-01T00:00:00", "DateTo": "2019-12-31T00:00:00"}
    bill(**long_ago)
    run()
    assert len(fortnox.invoices) == 1
    bill(**long_ago)
    with time_machine.travel(datetime.datetime.now(datetime.UTC) + FULL_EVERY, tick=True):
        run()
    assert len(fortnox.invoices) == 2


def test_I1_a_multi_year_project_is_read_at_the_next_poll(fortnox: Any, run: Any, bill: Any) -> None:
    run()
    bill(DateFrom="2019-01-01T00:00:00")
    run()
    assert len(fortnox.invoices) == 1


def test_I3_changed_after_transfer_is_shown_with_old_and_new_and_fortnox_is_not_touched(
    smartdok: Any, fortnox: Any, settled: Any, bill: Any, item: Any
) -> None:
    basis = bill()
    settled()
    before = remote.invoices(fortnox)
    smartdok.withdraw(basis["Id"])
    smartdok.change_invoice(basis["Id"], [line(Price=500.0)])
    smartdok.finalise(basis["Id"])
    assert settled().exit_code == 2
    assert remote.invoices(fortnox) == before
    shown = item("invoices", basis["Id"])
    assert (shown.state, shown.reason, shown.cause) == ("stopped", "changed", "I3")
    assert shown.params == {"sum_before": "3 600,00 kr", "sum_now": "500,00 kr"}
    assert (shown.sent_record["total"], shown.record["total"]) == ("3600", "500")
    assert (shown.sent_record["version"], shown.record["version"]) == (1, 4)
    assert [row["text"] for row in shown.sent_record["rows"]] == ["Gjutning"]
    assert [row["text"] for row in shown.record["rows"]] == ["Arbete"]
    assert shown.target_id == "1"


def test_I3_withdrawn_is_shown_and_finalised_again_unchanged_is_done_again(
    smartdok: Any, fortnox: Any, settled: Any, bill: Any, item: Any
) -> None:
    basis = bill()
    settled()
    smartdok.withdraw(basis["Id"])
    settled()
    assert (item("invoices", basis["Id"]).state, item("invoices", basis["Id"]).cause) == ("stopped", "I3.withdrawn")
    smartdok.finalise(basis["Id"])
    assert settled().exit_code == 0
    assert (item("invoices", basis["Id"]).state, item("invoices", basis["Id"]).cause) == ("done", "")
    assert len(fortnox.invoices) == 1


def test_I3_saved_again_without_a_change_is_no_change(
    smartdok: Any, fortnox: Any, settled: Any, bill: Any, item: Any
) -> None:
    basis = bill()
    settled()
    smartdok.touch(basis)
    assert settled().exit_code == 0
    assert item("invoices", basis["Id"]).state == "done"


def test_I3_changed_while_the_answer_was_lost_is_shown_not_swallowed(
    smartdok: Any, fortnox: Any, settled: Any, bill: Any, item: Any, twins: Any, run: Any
) -> None:
    basis = bill()
    twins.fortnox.faults.add("reset-after", "POST", "/3/invoices$")
    twins.fortnox.faults.add("status", "GET", "/3/invoices$", times=None, skip=1, status=503)
    run()
    smartdok.change_invoice(basis["Id"], [line(Price=500.0)])
    twins.fortnox.faults.clear()
    Item.objects.filter(state="waiting").update(not_before=None, state="pending")
    settled()
    assert [each["Net"] for each in fortnox.invoices.values()] == [3600]
    shown = item("invoices", basis["Id"])
    assert (shown.state, shown.cause, shown.target_id) == ("stopped", "I3", "1")
    assert shown.params == {"sum_before": "3 600,00 kr", "sum_now": "500,00 kr"}


@pytest.mark.parametrize("early", [False, True])
def test_I3_deleted_in_smartdok_after_transfer_is_shown_when_it_was_missing_twice(
    smartdok: Any, fortnox: Any, settled: Any, bill: Any, item: Any, run: Any, read_whole: Any, twins: Any, early: bool
) -> None:
    twins.smartdok.switches.invoice_dates = "DateFrom"
    basis = bill(**({"DateFrom": "2019-01-01T00:00:00"} if early else {}))
    settled()
    run()
    assert item("invoices", basis["Id"]).state == "done", "a poll that does not ask for it does not miss it"
    del smartdok.invoices[basis["Id"]]
    if early:
        read_whole("invoices")  # as every six hours
    run()
    assert item("invoices", basis["Id"]).state == "done", "a list that shifts while it is read may miss it once"
    run()
    settled()
    assert (item("invoices", basis["Id"]).state, item("invoices", basis["Id"]).cause) == ("stopped", "I3.gone")
    assert len(fortnox.invoices) == 1


def test_I4_without_a_customer_it_waits_for_a_person(
    smartdok: Any, fortnox: Any, settled: Any, bill: Any, item: Any
) -> None:
    basis = bill(CustomerId=None)
    assert settled().exit_code == 2
    stopped = item("invoices", basis["Id"])
    assert (stopped.state, stopped.reason, stopped.cause) == ("stopped", "data", "I4")
    assert fortnox.invoices == {}
    customer = next(iter(smartdok.customers.values()))
    smartdok.touch(basis, CustomerId=customer["Id"], CustomerNumber="1001", CustomerName="Kund AB")
    assert settled().exit_code == 0
    assert [each["CustomerNumber"] for each in fortnox.invoices.values()] == ["1001"]


def test_I6_texts_projects_and_text_rows(smartdok: Any, fortnox: Any, settled: Any, bill: Any) -> None:
    other = smartdok.add_project(ProjectNumber="2042", StartDate="2026-03-01T00:00:00")
    bill(
        line(LineText="Rubrik", Price=0.0, Quantity=0.0, UnitType=None),
        line(LineText="Mellanrubrik", Price=0.0, Quantity=1.0),
        line(LineText=None, Detail="Från detaljen", Comment="Inte denna"),
        line(LineText="  ", Detail=None, Comment="Från kommentaren", UnitType=None),
        line(LineText="På ett annat projekt", ProjectId=other["Id"], Quantity=-2.0),
        line(LineText="Utan projekt", ProjectId=None),
    )
    settled()
    (invoice,) = remote.invoices(fortnox)
    assert invoice["Rows"] == [
        {"Description": "Rubrik", "DeliveredQuantity": "0", "Price": 0, "Total": 0},
        {"Description": "Mellanrubrik", "DeliveredQuantity": "0", "Price": 0, "Total": 0},
        {"Description": "Från detaljen", "DeliveredQuantity": "1", "Price": 100.0, "Unit": "tim", "Project": "2041",
         "Total": 100},
        {"Description": "Från kommentaren", "DeliveredQuantity": "1", "Price": 100.0, "Project": "2041", "Total": 100},
        {"Description": "På ett annat projekt", "DeliveredQuantity": "-2", "Price": 100.0, "Unit": "tim",
         "Project": "2042", "Total": -200},
        {"Description": "Utan projekt", "DeliveredQuantity": "1", "Price": 100.0, "Unit": "tim", "Total": 100},
    ]  # fmt: skip
    for stored in fortnox.invoices["1"]["InvoiceRows"][:2]:
        assert (stored.get("AccountNumber"), stored["VAT"]) == (None, 0), "a text row books nothing"
    assert invoice["Net"] == 100


def test_I6_an_article_given_for_nothing_is_no_text_row(smartdok: Any, fortnox: Any, settled: Any, bill: Any) -> None:
    smartdok.add_goods(Number="55", Name="Rör", unit="tim")
    bill(line(Code="55", LineText="Rör", Price=0.0, Quantity=3.0), line())
    settled()
    assert remote.invoices(fortnox)[0]["Rows"][0] == {
        "ArticleNumber": "55", "Description": "Rör", "DeliveredQuantity": "3", "Price": 0, "Unit": "tim",
        "Project": "2041", "Total": 0,
    }  # fmt: skip


def test_I6_the_rows_come_in_smartdoks_order(smartdok: Any, fortnox: Any, settled: Any, bill: Any) -> None:
    bill(line(LineText="Tredje", Order=3), line(LineText="Första", Order=1), line(LineText="Andra", Order=2))
    settled()
    assert [row["Description"] for row in remote.invoices(fortnox)[0]["Rows"]] == ["Första", "Andra", "Tredje"]


@pytest.mark.parametrize(
    ("rows", "cause", "params"),
    [
        (0, "I6.no_rows", {}),
        (501, "I6.too_many_rows", {"rows": 501, "most": 500}),
    ],
)
def test_I6_no_rows_or_more_than_500_are_refused_with_the_count(
    fortnox: Any, smartdok: Any, settled: Any, bill: Any, item: Any, rows: int, cause: str, params: dict[str, int]
) -> None:
    basis = bill()
    smartdok.change_invoice(basis["Id"], [line() for _ in range(rows)])
    assert settled().exit_code == 2
    stopped = item("invoices", basis["Id"])
    assert (stopped.state, stopped.reason, stopped.cause, stopped.params) == ("stopped", "data", cause, params)
    assert fortnox.invoices == {}


def test_I6_500_rows_are_sent(fortnox: Any, settled: Any, bill: Any) -> None:
    bill(*[line() for _ in range(500)])
    assert settled().exit_code == 0
    assert (len(fortnox.invoices["1"]["InvoiceRows"]), fortnox.invoices["1"]["Net"]) == (500, 50_000)


def test_I8_nothing_is_booked_or_mailed(fortnox: Any, settled: Any, bill: Any, twins: Any) -> None:
    bill()
    settled()
    invoice = fortnox.invoices["1"]
    assert (invoice["Booked"], invoice["Sent"], invoice["NotCompleted"], invoice["Cancelled"]) == (False,) * 4
    about = [(each.method, each.path) for each in twins.fortnox.requests if each.path.startswith("/3/invoices")]
    assert about == [("GET", "/3/invoices"), ("POST", "/3/invoices")]


def test_I8_by_setting_it_is_created_as_not_completed(fortnox: Any, settled: Any, bill: Any, choose: Any) -> None:
    choose("invoices", not_completed=True)
    bill()
    settled()
    assert (fortnox.invoices["1"]["NotCompleted"], fortnox.invoices["1"]["Booked"]) == (True, False)


def test_I9_the_date_is_fortnox_own_or_by_setting_the_end_of_the_period(
    fortnox: Any, settled: Any, bill: Any, choose: Any
) -> None:
    period = {"DateFrom": "2026-05-01T00:00:00", "DateTo": "2026-05-31T00:00:00"}
    with time_machine.travel(datetime.datetime(2026, 6, 3, 10, tzinfo=datetime.UTC), tick=True):
        bill(**period)
        settled()
        choose("invoices", invoice_date="period_end")
        bill(**period)
        settled()
    assert [each["InvoiceDate"] for each in fortnox.invoices.values()] == ["2026-06-03", "2026-05-31"]


def test_I9_a_locked_period_is_not_stepped_around(
    fortnox: Any, settled: Any, bill: Any, choose: Any, item: Any
) -> None:
    fortnox.locked_until = datetime.date(2026, 5, 31)
    choose("invoices", invoice_date="period_end")
    basis = bill(DateFrom="2026-05-01T00:00:00", DateTo="2026-05-31T00:00:00")
    assert settled().exit_code == 2
    stopped = item("invoices", basis["Id"])
    assert (stopped.state, stopped.reason, stopped.cause) == ("stopped", "rejected", "fortnox.2000401")
    assert [(each.operation, each.payload["InvoiceDate"]) for each in stopped.attempts.all()] == [
        ("create", "2026-05-31")
    ]  # fmt: skip
    assert fortnox.invoices == {}


def test_I10_credited_after_transfer_is_shown(smartdok: Any, fortnox: Any, settled: Any, bill: Any, item: Any) -> None:
    basis = bill()
    settled()
    before = remote.invoices(fortnox)
    smartdok.credit(basis["Id"])
    assert settled().exit_code == 2
    shown = item("invoices", basis["Id"])
    assert (shown.state, shown.reason, shown.cause) == ("stopped", "changed", "I10")
    assert remote.invoices(fortnox) == before


def test_I10_credited_before_transfer_is_left_out(
    smartdok: Any, fortnox: Any, settled: Any, bill: Any, item: Any
) -> None:
    basis = bill()
    smartdok.credit(basis["Id"])
    settled()
    assert (item("invoices", basis["Id"]).state, item("invoices", basis["Id"]).cause) == ("left_out", "I10.before")
    assert fortnox.invoices == {}


def test_I11_one_that_lies_in_fortnox_under_our_reference_is_adopted(
    fortnox: Any, settled: Any, bill: Any, item: Any, twins: Any
) -> None:
    basis = bill()
    fortnox.add_customer("Kund AB", "1001")
    fortnox.put("invoices", "77", {
        "DocumentNumber": "77", "CustomerNumber": "1001", "CustomerName": "Kund AB",
        "ExternalInvoiceReference1": reference(str(basis["Id"])), "InvoiceDate": "2026-05-01", "InvoiceRows": [],
        "Booked": True, "Cancelled": False, "Net": 3600,
    })  # fmt: skip
    assert settled().exit_code == 0
    adopted = item("invoices", basis["Id"])
    assert (adopted.state, adopted.target_id, adopted.target_label, adopted.adopted) == ("done", "77", "77", True)
    assert list(fortnox.invoices) == ["77"]
    assert [each.path for each in twins.fortnox.requests if each.method == "POST"].count("/3/invoices") == 0
