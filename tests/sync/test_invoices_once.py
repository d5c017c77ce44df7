"""I2: each SmartDok invoice is sent exactly once, whatever crashes, times out, is retried or run twice."""

import threading
from typing import Any

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from integration import http
from sync.engine.push import Push, push
from sync.flows.invoices import reference
from sync.models import Item
from tests.sync import remote


def _posts(twins: Any) -> int:
    return [(each.method, each.path) for each in twins.fortnox.requests].count(("POST", "/3/invoices"))


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "reset-after"},
        {"kind": "truncate"},
        {"kind": "not-json"},
        {"kind": "status-after", "status": 500},
        {"kind": "status-after", "status": 502},
    ],
    ids=lambda fault: f"{fault['kind']}{fault.get('status', '')}",
)
def test_I2_invoice_is_sent_once_when_the_answer_is_lost(
    fortnox: Any, settled: Any, bill: Any, item: Any, twins: Any, fault: dict[str, Any]
) -> None:
    basis = bill()
    twins.fortnox.faults.add(method="POST", path="/3/invoices$", **fault)
    assert settled().exit_code == 0
    assert remote.references(fortnox) == [reference(str(basis["Id"]))]
    assert (_posts(twins), twins.fortnox.faults.fired.total()) == (1, 1)
    sent = item("invoices", basis["Id"])
    assert (sent.state, sent.target_id, sent.adopted, sent.intent_at) == ("done", "1", False, None)
    assert [(each.operation, each.outcome) for each in sent.attempts.order_by("pk")] == [
        ("create", "unconfirmed"), ("adopt", "done"),
    ]  # fmt: skip


def test_I2_invoice_is_sent_once_when_the_answer_comes_too_late(
    fortnox: Any, run: Any, settled: Any, bill: Any, item: Any, twins: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    basis = bill()
    answered = threading.Event()
    monkeypatch.setattr(http, "READ_SECONDS", 1.0)
    monkeypatch.setattr(twins.fortnox.faults, "_sleep", lambda seconds: answered.wait(10))
    twins.fortnox.faults.add("delay-after", "POST", "/3/invoices$", seconds=60)
    assert run().exit_code == 0
    assert item("invoices", basis["Id"]).attempts.order_by("pk")[0].cause == "http.timeout"
    logged = len(twins.fortnox.requests)
    answered.set()
    while len(twins.fortnox.requests) == logged:  # the late answer is written in the twin's log when it is given
        threading.Event().wait(0.01)
    settled()
    assert remote.references(fortnox) == [reference(str(basis["Id"]))]
    assert _posts(twins) == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "reset-before"},
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 503},
        {"kind": "expired-token"},
        {"kind": "storm"},
    ],
    ids=lambda fault: f"{fault['kind']}{fault.get('status', '')}",
)
def test_I2_invoice_is_sent_once_when_the_request_was_not_carried_out(
    fortnox: Any, settled: Any, bill: Any, twins: Any, fault: dict[str, Any]
) -> None:
    basis = bill()
    twins.fortnox.faults.add(method="POST", path="/3/invoices$", **fault)
    assert settled().exit_code == 0
    assert remote.references(fortnox) == [reference(str(basis["Id"]))]
    assert (_posts(twins), twins.fortnox.faults.fired.total()) == (2, 1)


def test_I2_every_answer_of_many_invoices_is_lost(fortnox: Any, settled: Any, bill: Any, twins: Any) -> None:
    bases = [bill() for _ in range(5)]
    twins.fortnox.faults.add("reset-after", "POST", "/3/invoices$", times=5)
    assert settled().exit_code == 0
    assert sorted(remote.references(fortnox)) == sorted(reference(str(each["Id"])) for each in bases)
    assert _posts(twins) == 5


def test_I2_nothing_is_created_while_it_cannot_be_looked_up(
    fortnox: Any, run: Any, settled: Any, bill: Any, item: Any, twins: Any
) -> None:
    basis = bill()
    twins.fortnox.faults.add("reset-after", "POST", "/3/invoices$")
    twins.fortnox.faults.add("status", "GET", "/3/invoices$", times=None, skip=1, status=503)
    assert run().exit_code == 1
    waiting = item("invoices", basis["Id"])
    assert (waiting.state, waiting.reason, waiting.cause) == ("waiting", "clock", "http.5xx")
    assert waiting.intent_at is not None
    assert (_posts(twins), len(fortnox.invoices)) == (1, 1)
    # Looking in vain writes no attempt: an outage would write one per item and retry.
    assert [(each.operation, each.outcome) for each in waiting.attempts.all()] == [("create", "unconfirmed")]
    assert waiting.transitions.first().cause == "http.5xx"
    twins.fortnox.faults.clear()
    Item.objects.filter(pk=waiting.pk).update(state="pending", not_before=None)
    assert settled().exit_code == 0
    assert (_posts(twins), len(fortnox.invoices)) == (1, 1)


def test_I2_a_reference_that_contains_ours_is_another_invoice(fortnox: Any, settled: Any, bill: Any, item: Any) -> None:
    basis = bill()
    ours = reference(str(basis["Id"]))
    fortnox.add_customer("Kund AB", "1001")
    for number, other in (("70", f"{ours}0"), ("71", f"X{ours}"), ("72", ours.lower())):
        fortnox.put("invoices", number, {
            "DocumentNumber": number, "CustomerNumber": "1001", "ExternalInvoiceReference1": other, "InvoiceRows": [],
        })  # fmt: skip
    settled()
    assert item("invoices", basis["Id"]).target_id not in {"70", "71", "72"}
    assert remote.references(fortnox) == [f"{ours}0", f"X{ours}", ours.lower(), ours]


@given(st.sets(st.integers(1, 10**12 - 1), min_size=2, max_size=2))
def test_I2_no_reference_contains_another(pair: set[int]) -> None:
    one, two = (reference(str(each)) for each in pair)
    assert len(one) == len(two) == len("BYGGBRO-") + 12
    assert one not in two
    assert two not in one


def test_I2_a_worker_that_dies_after_the_request_left_has_its_place_taken_and_nothing_is_sent_twice(
    fortnox: Any, run: Any, settled: Any, bill: Any, item: Any, monkeypatch: pytest.MonkeyPatch, twins: Any
) -> None:
    basis = bill()
    run(only=["customers", "projects"])

    class Killed(BaseException):
        """The process ends here: nothing more is written down."""

    def killed(self: Push, *args: Any, **kwargs: Any) -> str:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Push, "_done", killed)
        run(only=["invoices"])
    left = item("invoices", basis["Id"])
    assert (left.state, left.intent_at is None, len(fortnox.invoices)) == ("running", False, 1)
    assert push(left.pk).state == "", "its lease has not run out"
    Item.objects.filter(pk=left.pk).update(lease_until=left.intent_at)
    assert settled().exit_code == 0
    assert (item("invoices", basis["Id"]).state, _posts(twins)) == ("done", 1)


def test_I2_retried_by_hand_it_is_not_sent_again(fortnox: Any, settled: Any, bill: Any, item: Any, twins: Any) -> None:
    basis = bill()
    settled()
    Item.objects.filter(pk=item("invoices", basis["Id"]).pk).update(state="pending")
    settled()
    assert (_posts(twins), len(fortnox.invoices)) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_I2_two_passes_at_once_send_each_invoice_once(fortnox: Any, run: Any, bill: Any, twins: Any) -> None:
    bases = [bill() for _ in range(8)]
    start = threading.Barrier(2)
    results = []

    def one_pass() -> None:
        start.wait()
        try:
            results.append(run())
        finally:
            connection.close()

    passes = [threading.Thread(target=one_pass) for _ in range(2)]
    for each in passes:
        each.start()
    for each in passes:
        each.join()
    assert len(results) == 2
    assert sorted(remote.references(fortnox)) == sorted(reference(str(each["Id"])) for each in bases)
    assert _posts(twins) == 8
    assert set(Item.objects.values_list("state", flat=True)) == {"done"}
