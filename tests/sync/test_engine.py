"""The engine: claims, leases and fences, needs without lost wake-ups, faults by class, connections at fault."""

import datetime
import threading
import time
import uuid
from contextlib import closing
from typing import Any

import pytest
import time_machine
from django.db import DataError, connection, transaction
from django.utils import timezone

from integration.errors import (
    AuthError,
    ConfigError,
    Conflict,
    InvalidRecord,
    RateLimited,
    Rejected,
    Skip,
    Transient,
    Unconfirmed,
    Waiting,
)
from integration.models import Connection, Tenant
from integration.records import Customer, dump
from integration.systems.fortnox.registers import CustomerWriter
from sync.engine import access, dispatch, states
from sync.engine.pull import pull
from sync.engine.push import push
from sync.flows.invoices import Invoices
from sync.models import Attempt, Item, Pipeline, Transition

LATER = datetime.timedelta(minutes=2)
DAY = datetime.timedelta(days=1)


@pytest.fixture
def pipeline(db: None) -> Pipeline:
    tenant = Tenant.objects.create(slug="t", name="T")
    return Pipeline.objects.create(tenant=tenant, flow="customers", source="smartdok", target="fortnox")


def make(pipeline: Pipeline, number: str = "1", **fields: Any) -> Item:
    return Item.objects.create(
        tenant=pipeline.tenant, pipeline=pipeline, source_id=number, key=number, fingerprint="a",
        record=dump(Customer(number, number, "Kund")), **fields,
    )  # fmt: skip


# -- claims ------------------------------------------------------------------------------------------------------
def test_of_two_claims_one_gets_the_item(pipeline: Pipeline) -> None:
    item = make(pipeline)
    first = states.claim(item.pk)
    assert first is not None
    assert (first.state, first.lease_until is not None) == ("running", True)
    assert states.claim(item.pk) is None


@pytest.mark.django_db(transaction=True)
def test_of_two_claims_at_the_very_same_moment_one_gets_the_item(pipeline: Pipeline) -> None:
    item, results = make(pipeline), []

    def claim() -> None:
        try:
            results.append(states.claim(item.pk))
        finally:
            connection.close()

    with transaction.atomic():
        mine = states.claim(item.pk)  # not committed yet: the other one waits for this row
        other = threading.Thread(target=claim)
        other.start()
        deadline = time.monotonic() + 10
        with connection.cursor() as cursor:
            waiting = 0
            while not waiting and time.monotonic() < deadline:
                cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
                (waiting,) = cursor.fetchone()
        assert waiting
    other.join()
    assert mine is not None
    assert results == [None]


@pytest.mark.parametrize(
    ("fields", "taken"),
    [
        ({"state": "pending"}, True),
        ({"state": "waiting"}, False),
        ({"state": "waiting", "not_before": -LATER}, True),
        ({"state": "waiting", "not_before": LATER}, False),
        ({"state": "waiting", "reason": "clock", "not_before": DAY}, True),
        ({"state": "done", "not_before": DAY}, False),
        ({"state": "running", "lease_until": -LATER}, True),
        ({"state": "running", "lease_until": LATER}, False),
        ({"state": "running", "lease_until": DAY}, True),
        ({"state": "done"}, False),
        ({"state": "stopped"}, False),
        ({"state": "left_out"}, False),
    ],
)
def test_what_may_be_claimed(pipeline: Pipeline, fields: dict[str, Any], taken: bool) -> None:
    fields = {
        name: timezone.now() + each if isinstance(each, datetime.timedelta) else each for name, each in fields.items()
    }
    assert (states.claim(make(pipeline, **fields).pk) is not None) is taken


def test_nothing_is_claimed_of_a_tenant_or_a_pipeline_that_is_off(pipeline: Pipeline) -> None:
    item = make(pipeline)
    Pipeline.objects.update(enabled=False)
    assert states.claim(item.pk) is None
    Pipeline.objects.update(enabled=True)
    Tenant.objects.update(active=False)
    assert states.claim(item.pk) is None
    Tenant.objects.update(active=True)
    assert states.claim(item.pk) is not None


def test_whoever_finishes_late_writes_nothing(pipeline: Pipeline) -> None:
    item = make(pipeline)
    slow = states.claim(item.pk)
    assert slow
    with time_machine.travel(timezone.now() + LATER, tick=True):
        quick = states.claim(item.pk)
        assert quick
        for late in (
            lambda: states.take_intent(slow),
            lambda: states.extend(slow),
            lambda: states.settle(slow, "done", actor="slow", target_id="99"),
            lambda: states.settle_fault(slow, Rejected("x"), actor="slow"),
        ):
            with pytest.raises(states.LeaseLost):
                late()
        states.take_intent(quick)
        assert states.settle(quick, "done", actor="quick", target_id="1") == "done"
    item.refresh_from_db()
    assert (item.state, item.target_id) == ("done", "1")
    assert list(Transition.objects.values_list("before", "after", "actor")) == [("running", "done", "quick")]


def test_done_only_if_the_content_is_still_the_one_that_was_sent(pipeline: Pipeline) -> None:
    item = make(pipeline)
    held = states.claim(item.pk)
    assert held
    Item.objects.update(fingerprint="b")  # changed in the source while it was being sent
    assert states.settle(held, "done", actor="x", target_id="1") == "pending"
    item.refresh_from_db()
    assert (item.state, item.target_id) == ("pending", "1")
    assert states.claim(item.pk) is not None


def test_changed_while_it_is_sent_it_is_sent_once_more(smartdok: Any, fortnox: Any, run: Any, item: Any) -> None:
    customer = smartdok.add_customer(CustomerNumber="1", CustomerName="Före")
    create = CustomerWriter.create

    def create_and_change(self: Any, record: Any, fields: Any, before_send: Any) -> Any:
        written = create(self, record, fields, before_send)
        smartdok.touch(customer, CustomerName="Efter")
        pull(Pipeline.objects.get(flow="customers"))
        return written

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CustomerWriter, "create", create_and_change)
        run()
    assert fortnox.customers["1"]["Name"] == "Efter"
    assert [(each.operation, each.outcome) for each in item("customers", 1).attempts.order_by("pk")] == [
        ("create", "done"), ("update", "done"),
    ]  # fmt: skip


# -- faults ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("fault", "state", "reason", "tries", "comes_back"),
    [
        (Transient("http.5xx"), "waiting", "clock", 1, True),
        (Unconfirmed("http.timeout"), "waiting", "clock", 1, True),
        (RateLimited(wait=7), "waiting", "clock", 0, True),
        (Waiting("I5", needs=["customers:id=1"]), "waiting", "need", 0, False),
        (ConfigError("fortnox.2001304"), "stopped", "config", 0, False),
        (ConfigError("P5", scope="flow"), "waiting", "config", 0, False),
        (AuthError("fortnox.consent_gone"), "waiting", "auth", 0, False),
        (InvalidRecord("P2"), "stopped", "data", 0, False),
        (Rejected("fortnox.2000637"), "stopped", "rejected", 0, False),
        (Conflict("C5"), "stopped", "conflict", 0, False),
        (Skip("I1"), "left_out", "left_out", 0, False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_the_class_of_a_fault_says_who_must_act(
    pipeline: Pipeline, fault: Any, state: str, reason: str, tries: int, comes_back: bool
) -> None:
    item = make(pipeline)
    held = states.claim(item.pk)
    assert held
    assert states.settle_fault(held, fault, actor="x") == state
    item.refresh_from_db()
    assert (item.state, item.reason, item.cause, item.tries) == (state, reason, fault.cause, tries)
    assert (item.not_before is not None) is comes_back
    assert item.lease_token is None


def test_the_clock_waits_longer_each_time_and_never_longer_than_half_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.engine.states.random.uniform", lambda low, high: high)
    assert [states.pause(tries).total_seconds() for tries in (0, 1, 2, 8, 50)] == [2, 4, 8, 512, 1800]
    monkeypatch.setattr("sync.engine.states.random.uniform", lambda low, high: low)
    assert states.pause(0).total_seconds() == 1


def test_an_unknown_exception_goes_to_a_person_and_is_never_retried_blindly(
    smartdok: Any, fortnox: Any, settled: Any, run: Any, item: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    smartdok.add_customer(CustomerNumber="1", CustomerName="Kund")
    smartdok.add_project(ProjectNumber="1", StartDate="2026-03-01T00:00:00")

    def broken(*_: Any) -> None:
        raise ZeroDivisionError("hemligheten")

    with monkeypatch.context() as patch:
        patch.setattr("sync.flows.customers.Customers.prepare", broken)
        assert run().exit_code == 2
        run()
    stopped = item("customers", 1)
    assert (stopped.state, stopped.reason, stopped.cause) == ("stopped", "internal", "internal")
    assert sorted(stopped.params) == ["error", "reference"]
    assert stopped.params["error"] == "ZeroDivisionError"
    assert "hemligheten" not in str(stopped.params)
    assert stopped.transitions.count() == 2, "looked at once only"
    assert list(fortnox.projects) == ["1"], "the others go on"


def test_an_unknown_exception_while_reading_is_told_and_the_other_flows_go_on(
    smartdok: Any, fortnox: Any, run: Any, settled: Any, monkeypatch: pytest.MonkeyPatch, tenant: Any
) -> None:
    smartdok.add_customer(CustomerNumber="1", CustomerName="Kund")
    with monkeypatch.context() as patch:
        patch.setattr("sync.flows.projects.Projects.label", lambda *_: 1 / 0)
        smartdok.add_project(ProjectNumber="1", StartDate="2026-03-01T00:00:00")
        assert run().exit_code == 1
    pipeline = tenant.pipelines.get(flow="projects")
    assert (pipeline.failed_cause, pipeline.failures, pipeline.lease_token) == ("internal", 1, None)
    assert list(fortnox.customers) == ["1"]
    assert settled().exit_code == 0


# -- needs -------------------------------------------------------------------------------------------------------
def test_fulfil_strikes_what_came_true_and_wakes_what_waits_for_nothing_more(pipeline: Pipeline) -> None:
    item = make(pipeline, state="waiting", reason="need", needs=["customers:id=7", "projects:no=8"])
    assert states.fulfil(pipeline.tenant_id, ["customers:id=7"]) == 0
    item.refresh_from_db()
    assert (item.state, item.needs) == ("waiting", ["projects:no=8"])
    assert states.fulfil(pipeline.tenant_id + 1, ["projects:no=8"]) == 0, "another tenant's"
    assert states.fulfil(pipeline.tenant_id, ["projects:no=8"]) == 1
    item.refresh_from_db()
    assert (item.state, item.needs) == ("pending", [])


def test_a_wake_up_is_not_lost_when_the_need_comes_true_while_the_item_looks(
    smartdok: Any, fortnox: Any, bill: Any, run: Any, tenant: Any, item: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    basis = bill()
    for flow in ("customers", "projects", "articles", "invoices"):
        pull(tenant.pipelines.get(flow=flow))
    prepare = Invoices.prepare

    def slow(self: Any, record: Any, desk: Any) -> Any:
        try:
            return prepare(self, record, desk)
        finally:  # after the look and before it is written down that it waits
            for flow in ("customers", "projects"):
                for each in Item.objects.filter(pipeline__flow=flow, state="pending"):
                    push(each.pk)

    with monkeypatch.context() as patch:
        patch.setattr(Invoices, "prepare", slow)
        push(item("invoices", basis["Id"]).pk)
    assert item("invoices", basis["Id"]).state == "pending"


def test_sweep_makes_up_for_a_lost_wake_up(pipeline: Pipeline) -> None:
    make(pipeline, "7", state="done", target_id="7", target_key="7")
    item = make(pipeline, "8", state="waiting", reason="need", needs=["customers:no=7"])
    Item.objects.filter(pk=item.pk).update(moved_at=timezone.now() - LATER)
    assert dispatch.sweep().counts["needs come true"] == 1
    item.refresh_from_db()
    assert item.state == "pending"


def test_sweep_finds_a_document_left_out_with_an_invoice_that_is_there_by_now(tenant: Any) -> None:
    invoices, files = (tenant.pipelines.get(flow=f"supplier-{each}") for each in ("invoices", "documents"))
    make(invoices, "5", state="done", target_id="5", target_key="5")
    needs = ["supplier-invoices:id=5"]
    item = make(files, "5:f", state="left_out", reason="left_out", cause="S6.invoice_left_out", needs=needs)
    Item.objects.filter(pk=item.pk).update(moved_at=timezone.now() - LATER)
    assert dispatch.sweep().counts["needs come true"] == 1
    item.refresh_from_db()
    assert item.state == "pending"


def test_of_a_crowd_that_waits_each_is_found_by_one_sweep(
    pipeline: Pipeline, django_assert_max_num_queries: Any
) -> None:
    make(pipeline, "there", state="done", target_id="7", target_key="there")
    for number in range(300):
        make(pipeline, f"waits {number}", state="waiting", reason="need", needs=[f"customers:no=none {number % 7}"])
    make(pipeline, "last", state="waiting", reason="need", needs=["customers:no=none 1", "customers:no=there"])
    Item.objects.update(moved_at=timezone.now() - LATER)
    with django_assert_max_num_queries(20):
        assert dispatch._come_true(Item.objects.filter(state="waiting")) == 0
    assert Item.objects.get(key="last").needs == ["customers:no=none 1"]


# -- clocks ------------------------------------------------------------------------------------------------------
def test_what_was_written_while_a_clock_was_ahead_holds_up_nothing(
    smartdok: Any, fortnox: Any, run: Any, tenant: Any
) -> None:
    customer = smartdok.add_customer(CustomerNumber="1", CustomerName="Kund")
    with time_machine.travel(timezone.now() + 2 * DAY, tick=True):
        run()
        pipeline = tenant.pipelines.get(flow="customers")
        Pipeline.objects.update(lease_token=uuid.uuid4(), lease_until=timezone.now() + LATER)
    smartdok.touch(customer, CustomerName="Ny kund")
    assert pipeline.pk in {each.pk for each in dispatch.due_pulls()}
    assert run().exit_code == 0
    assert fortnox.customers["1"]["Name"] == "Ny kund"


def test_I2_nobody_works_on_an_item_beside_a_worker_that_has_not_ended(
    fortnox: Any, run: Any, settled: Any, bill: Any, item: Any, tenant: Any
) -> None:
    basis = bill()
    run(only=["customers", "projects", "articles"])
    pull(tenant.pipelines.get(flow="invoices"))
    invoice = item("invoices", basis["Id"])
    with closing(connection.copy()) as frozen, frozen.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [f"item:{invoice.pk}"])
        assert push(invoice.pk).state == "waiting"
        assert (item("invoices", basis["Id"]).cause, len(fortnox.invoices)) == ("I2.on_its_way", 0)
    settled()
    assert len(fortnox.invoices) == 1


# -- connections -------------------------------------------------------------------------------------------------
def test_a_connection_at_fault_pauses_without_burning_tries_and_goes_on_by_itself(
    smartdok: Any, fortnox: Any, run: Any, settled: Any, tenant: Any, twins: Any
) -> None:
    run()
    for number in range(30):
        smartdok.add_customer(CustomerNumber=str(number), CustomerName="Kund")
    pull(tenant.pipelines.get(flow="customers"))
    twins.fortnox.withdraw_consent(fortnox.tenant_id)
    first = Item.objects.filter(state="pending").order_by("pk")[0]
    assert push(first.pk).state == "waiting"
    first.refresh_from_db()
    assert (first.reason, first.needs, first.tries) == ("auth", ["connection:fortnox"], 0)
    assert Connection.objects.get(tenant=tenant, system="fortnox").state == "needs_consent"
    assert dispatch.take(tenant.pk) == [], "nothing more is handed out"
    assert Attempt.objects.count() == 1
    fortnox.give_consent()
    assert access.check(Connection.objects.get(tenant=tenant, system="fortnox"))
    first.refresh_from_db()
    assert first.state == "pending"
    assert len(dispatch.take(tenant.pk)) == dispatch.WINDOW
    Item.objects.update(queued_until=None)
    assert settled().exit_code == 0
    assert len(fortnox.customers) == 30


def test_a_pipeline_is_read_by_one_at_a_time_and_a_dead_readers_lease_runs_out(tenant: Any, run: Any) -> None:
    pipeline = tenant.pipelines.get(flow="customers")
    Pipeline.objects.filter(pk=pipeline.pk).update(lease_until=timezone.now() + LATER)
    assert pull(pipeline).busy is True
    with time_machine.travel(timezone.now() + 2 * LATER, tick=True):
        result = pull(pipeline)
    assert (result.busy, result.fault) == (False, None)


def test_a_reading_that_stops_in_the_middle_keeps_its_pages_and_not_its_cursor(
    smartdok: Any, tenant: Any, twins: Any, states: Any
) -> None:
    for number in range(250):
        smartdok.add_customer(CustomerNumber=str(number), CustomerName="Kund")
    twins.smartdok.faults.add("status", "GET", "^/Customers", times=4, skip=1, status=500)
    pipeline = tenant.pipelines.get(flow="customers")
    result = pull(pipeline)
    assert result.fault is not None
    pipeline.refresh_from_db()
    assert (result.fault.cause, len(states("customers")), pipeline.cursor) == ("http.5xx", 100, {})
    assert (pull(pipeline).fault, len(states("customers"))) == (None, 250)


LONG = "Bostadsrättsföreningen " * 8


@pytest.mark.django_db(transaction=True)
def test_an_object_with_a_long_name_is_adopted(smartdok: Any, fortnox: Any, run: Any, item: Any) -> None:
    fortnox.add_customer(LONG, "1001")
    smartdok.add_customer(CustomerNumber="1001", CustomerName="Brf Eken")
    run()
    adopted = item("customers", 1001)
    assert (adopted.state, adopted.adopted, adopted.target_label) == ("done", True, f"1001 {LONG}"[:120])
    assert fortnox.customers["1001"]["Name"] == "Brf Eken"


@pytest.mark.django_db(transaction=True)
def test_an_exception_while_a_fault_is_written_down_leaves_nothing_running(
    smartdok: Any, fortnox: Any, run: Any, item: Any, twins: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any, **fields: Any) -> str:
        raise DataError("value too long for type character varying(60)")

    monkeypatch.setattr("sync.engine.states.settle_fault", refuse)
    twins.fortnox.faults.add("status", "POST", "/3/customers", status=503)
    smartdok.add_customer(CustomerNumber="1001", CustomerName="Brf Eken")
    run()
    stopped = item("customers", 1001)
    assert (stopped.state, stopped.cause, stopped.params["error"]) == ("stopped", "internal", "DataError")
    assert stopped.intent_at is not None
