"""Dispatch: a window per tenant, fairness, what the tick and the sweep find, what signals wake."""

import datetime
from typing import Any

import pytest
import time_machine
from celery.exceptions import Retry
from django.db import OperationalError, connection
from django.utils import timezone

from integration.errors import ConfigError
from integration.models import Connection, Tenant, ValueMap
from integration.records import Customer, dump
from sync import tasks
from sync.engine import access, dispatch
from sync.engine.dispatch import WINDOW
from sync.flows.base import flows
from sync.models import Item, Pipeline

MINUTES = datetime.timedelta(minutes=1)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[Any, ...]]]:
    """Messages that were put into the queue: task name and arguments."""
    messages: list[tuple[str, tuple[Any, ...]]] = []

    def catch(task: Any, args: tuple[Any, ...] = (), kwargs: Any = None, **_: Any) -> None:
        messages.append((task.name, tuple(args)))

    monkeypatch.setattr("celery.app.task.Task.apply_async", catch)
    return messages


def company(slug: str, items: int = 0, **fields: Any) -> Tenant:
    tenant = Tenant.objects.create(slug=slug, name=slug)
    for flow in ("customers", "invoices"):
        Pipeline.objects.create(tenant=tenant, flow=flow, source="smartdok", target="fortnox")
    fill(tenant, "customers", items, **fields)
    return tenant


def fill(tenant: Tenant, flow: str, number: int, **fields: Any) -> None:
    pipeline = tenant.pipelines.get(flow=flow)
    Item.objects.bulk_create(
        Item(
            tenant=tenant, pipeline=pipeline, source_id=f"{flow}{each}", key=str(each), fingerprint="a",
            record=dump(Customer(str(each), str(each), "K")), **fields,
        )
        for each in range(number)
    )  # fmt: skip


# -- window and fairness -----------------------------------------------------------------------------------------
def test_at_most_one_window_of_a_tenants_items_is_in_the_queue(db: None) -> None:
    tenant = company("one", 100)
    first = dispatch.take(tenant.pk)
    assert (len(first), dispatch.take(tenant.pk)) == (WINDOW, [])
    Item.objects.filter(pk__in=[pk for pk, _ in first[:3]]).update(state="done", queued_until=None)
    assert len(dispatch.take(tenant.pk)) == 3, "topped up as they finish"


def test_what_is_being_sent_counts_and_a_lost_message_does_not(db: None) -> None:
    tenant = company("one", 100)
    fill(tenant, "invoices", 20, state="running", lease_until=timezone.now() + MINUTES)
    assert len(dispatch.take(tenant.pk)) == WINDOW - 20
    with time_machine.travel(timezone.now() + 2 * MINUTES, tick=True):
        assert len(dispatch.take(tenant.pk)) == WINDOW


def test_a_backlog_of_one_tenant_delays_no_other(db: None, sent: Any) -> None:
    large, small = company("large", 400), company("small", 2)
    tasks.tick()
    pushes = [arguments for name, arguments in sent if name.endswith(".push")]
    assert {tenant: len([each for each in pushes if each[1] == tenant]) for tenant in (large.pk, small.pk)} == {
        large.pk: WINDOW, small.pk: 2,
    }  # fmt: skip


def test_customers_go_before_the_invoices_that_need_them(db: None) -> None:
    tenant = company("one")
    fill(tenant, "invoices", 20)
    fill(tenant, "customers", 20)
    assert [flow for _, flow in dispatch.take(tenant.pk)] == ["customers"] * 20 + ["invoices"] * 5


@pytest.mark.parametrize("state", ["needs_consent", "missing_right", "paused"])
def test_nothing_is_handed_out_for_a_connection_that_is_shut(db: None, state: str) -> None:
    tenant = company("one", 5)
    Connection.objects.create(tenant=tenant, system="fortnox", state=state)
    assert dispatch.take(tenant.pk) == []
    assert list(dispatch.due_pulls()) != [], "the source can still be read"
    Connection.objects.update(state="degraded")
    assert len(dispatch.take(tenant.pk)) == 5, "a degraded one heals by being tried"


def test_a_message_that_was_queued_before_a_pause_sends_and_reads_nothing(
    run: Any, tenant: Any, smartdok: Any, fortnox: Any, sent: Any
) -> None:
    run()
    smartdok.add_customer(CustomerNumber="1", CustomerName="Kund")
    pipeline = tenant.pipelines.get(flow="customers")
    tasks.steps["customers"]["pull"].run(pipeline.pk)
    (item,) = Item.objects.all()
    for each in tenant.connections.all():
        each.enter("paused")
    tasks.steps["customers"]["push"].run(item.pk, tenant.pk)
    smartdok.add_customer(CustomerNumber="2", CustomerName="Kund")
    tasks.steps["customers"]["pull"].run(pipeline.pk)
    assert (list(fortnox.customers), Item.objects.count()) == ([], 1)
    assert Item.objects.get().state == "pending"
    for each in tenant.connections.all():
        each.resume()
    tasks.steps["customers"]["push"].run(item.pk, tenant.pk)
    assert list(fortnox.customers) == ["1"]


# -- tick and sweep ----------------------------------------------------------------------------------------------
def test_every_flow_has_its_own_tasks() -> None:
    names = {step.name for each in tasks.steps.values() for step in each.values()}
    assert names == {f"sync.{flow.key.replace('-', '_')}.{step}" for flow in flows() for step in ("pull", "push")}
    assert "sync.supplier_invoices.push" in names


def test_tick_hands_out_each_due_pull_once(db: None, sent: Any) -> None:
    tenant = company("one")
    tasks.tick()
    tasks.tick()
    pipelines = {each.flow: each.pk for each in tenant.pipelines.all()}
    assert sorted(sent) == [
        ("sync.customers.pull", (pipelines["customers"],)), ("sync.invoices.pull", (pipelines["invoices"],)),
    ]  # fmt: skip
    sent.clear()
    with time_machine.travel(timezone.now() + 2 * MINUTES, tick=True):
        tasks.tick()
    assert len(sent) == 2, "a message that was lost is sent again"


def test_tick_leaves_alone_what_is_off(db: None, sent: Any) -> None:
    tenant = company("one", 3)
    Tenant.objects.filter(pk=tenant.pk).update(active=False)
    tasks.tick()
    assert sent == []


def test_tick_takes_up_what_a_killed_worker_held(db: None, sent: Any) -> None:
    tenant = company("one")
    fill(tenant, "customers", 1, state="running", lease_until=timezone.now() - MINUTES)
    tasks.tick()
    (item,) = Item.objects.all()
    assert ("sync.customers.push", (item.pk, tenant.pk)) in sent


def test_sweep_probes_a_held_up_pipeline(db: None, sent: Any) -> None:
    tenant = company("one")
    fill(tenant, "customers", 3, state="waiting", reason="config", needs=["pipeline:customers"])
    Pipeline.objects.filter(flow="customers").update(paused_cause="P5", probe_at=timezone.now() - MINUTES)
    tasks.sweep()
    assert [each for each in sent if each[0] == "sync.customers.push"] == [
        ("sync.customers.push", (Item.objects.order_by("pk")[0].pk, tenant.pk))
    ]


def test_health_checks_each_connection_in_a_task_of_its_own(db: None, sent: Any) -> None:
    tenant = company("one")
    ids = [Connection.objects.create(tenant=tenant, system=name).pk for name in ("smartdok", "fortnox")]
    tasks.health()
    assert sorted(sent) == [("sync.check_connection", (each,)) for each in sorted(ids)]


def test_a_push_that_the_clock_brings_back_soon_comes_back_as_a_message(
    smartdok: Any, tenant: Any, run: Any, twins: Any, sent: Any, fortnox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run()
    smartdok.add_customer(CustomerNumber="1", CustomerName="Kund")
    tasks.steps["customers"]["pull"].apply(args=(tenant.pipelines.get(flow="customers").pk,))
    (item,) = Item.objects.all()
    assert sent[-1] == ("sync.customers.push", (item.pk, tenant.pk))
    twins.fortnox.faults.add("status", "POST", "/3/customers$", status=503)
    monkeypatch.setattr("sync.engine.states.random.uniform", lambda low, high: high)
    with pytest.raises(Retry):
        tasks.steps["customers"]["push"].run(item.pk, tenant.pk)
    item.refresh_from_db()
    assert (item.state, item.queued_until is not None) == ("waiting", True)
    Item.objects.update(not_before=timezone.now())
    tasks.steps["customers"]["push"].run(item.pk, tenant.pk)
    assert list(fortnox.customers) == ["1"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("code", ["40001", "40P01"], ids=["serialization failure", "deadlock"])
def test_I2_the_database_refuses_the_outcome_of_a_push_and_nothing_is_sent_twice(
    tenant: Any, run: Any, settled: Any, bill: Any, item: Any, fortnox: Any, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    basis = bill()
    run(only=["customers", "projects", "articles"])
    tasks.steps["invoices"]["pull"].run(tenant.pipelines.get(flow="invoices").pk)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION pg_temp.refuse() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION 'not now' USING ERRCODE = '{code}'; END $$"
        )
        cursor.execute(
            "CREATE TRIGGER refuse BEFORE UPDATE ON sync_item FOR EACH ROW WHEN (NEW.state = 'done') "
            "EXECUTE FUNCTION pg_temp.refuse()"
        )
        invoice = item("invoices", basis["Id"])
        with pytest.raises(OperationalError):  # for which Celery brings the message back
            tasks.steps["invoices"]["push"].run(invoice.pk, tenant.pk)
        cursor.execute("DROP TRIGGER refuse ON sync_item")
    held = item("invoices", basis["Id"])
    assert (held.state, held.intent_at is not None, len(fortnox.invoices)) == ("running", True, 1)
    with time_machine.travel(timezone.now() + 2 * MINUTES, tick=True):  # its lease has run out
        settled()
    assert (item("invoices", basis["Id"]).state, len(fortnox.invoices)) == ("done", 1)


def test_an_item_that_is_gone_or_done_is_no_work_for_a_late_message(tenant: Any, sent: Any) -> None:
    tasks.steps["customers"]["push"].run(987_654, tenant.pk)
    assert sent == []


# -- signals -----------------------------------------------------------------------------------------------------
@pytest.fixture
def stopped(db: None) -> dict[str, Item]:
    """One item for each way of standing still."""
    tenant = company("one")
    ways = {
        "config": ("stopped", "config"), "auth": ("stopped", "auth"), "data": ("stopped", "data"),
        "rejected": ("stopped", "rejected"), "conflict": ("stopped", "conflict"), "changed": ("stopped", "changed"),
        "internal": ("stopped", "internal"), "left_out": ("left_out", "left_out"),
        "waiting": ("waiting", "auth"), "done": ("done", ""),
    }  # fmt: skip
    pipeline = tenant.pipelines.get(flow="customers")
    return {
        name: Item.objects.create(
            tenant=tenant, pipeline=pipeline, source_id=name, key=name, state=state, reason=reason, cause=name,
            needs=["connection:fortnox"] if name == "waiting" else [],
        )
        for name, (state, reason) in ways.items()
    }  # fmt: skip


def _woken() -> set[str]:
    return set(Item.objects.filter(state="pending").values_list("key", flat=True))


def test_a_mapped_value_wakes_what_a_set_up_or_the_data_stopped(stopped: dict[str, Item], sent: Any) -> None:
    value = ValueMap.objects.create(tenant=stopped["data"].tenant, kind="unit", source="a", target="b")
    assert _woken() == {"config", "data", "rejected"}
    Item.objects.filter(key="data").update(state="stopped", reason="data")
    value.delete()
    assert "data" in _woken()


def test_a_connection_that_works_wakes_what_waited_for_it(
    stopped: dict[str, Item], sent: Any, django_capture_on_commit_callbacks: Any
) -> None:
    tenant = stopped["auth"].tenant
    connection = Connection.objects.create(tenant=tenant, system="fortnox", state="needs_consent")
    assert _woken() == set()
    connection.token = {"access": "x"}
    connection.save(update_fields=["token"])
    assert _woken() == set(), "a renewed token is no news"
    with django_capture_on_commit_callbacks(execute=True):
        connection.enter("connected")
    assert _woken() == {"auth", "waiting"}
    assert ("sync.dispatch", (tenant.pk,)) in sent


def test_a_check_that_finds_what_was_known_disturbs_nobody(stopped: dict[str, Item], sent: Any) -> None:
    tenant = stopped["auth"].tenant
    connection = Connection.objects.create(tenant=tenant, system="fortnox", state="connected")
    later = timezone.now() + 20 * MINUTES
    Item.objects.filter(key="done").update(
        state="waiting", reason="clock", cause="http.5xx", not_before=later, tries=9, needs=[]
    )
    Item.objects.filter(key="auth").update(state="stopped", reason="auth")
    connection.enter("connected")
    item = Item.objects.get(key="done")
    assert (item.not_before, item.tries, Item.objects.get(key="auth").state) == (later, 9, "stopped")
    connection.enter("degraded", "http.5xx")
    connection.enter("connected")
    item.refresh_from_db()
    assert (item.not_before < later, item.tries) == (True, 0)


def test_what_a_person_paused_stays_paused_whatever_a_check_under_way_finds(db: None) -> None:
    tenant = company("one")
    connection = Connection.objects.create(tenant=tenant, system="fortnox", state="connected")
    under_way = Connection.objects.get(pk=connection.pk)
    connection.enter("paused", "connection.paused", {"actor": "anna"})
    under_way.enter("connected")
    under_way.enter("needs_consent", "fortnox.consent_gone")
    connection.refresh_from_db()
    assert (connection.state, connection.cause, under_way.state) == ("paused", "connection.paused", "paused")
    connection.resume()
    assert connection.state == "unchecked"
    under_way.enter("connected")
    connection.refresh_from_db()
    assert (connection.state, connection.cause) == ("connected", "")


def test_a_hiccup_does_not_open_a_connection_that_is_shut(tenant: Any, twins: Any, run: Any, smartdok: Any) -> None:
    connection = tenant.connections.get(system="smartdok")
    connection.enter("needs_consent", "smartdok.token_refused")
    since = connection.since
    twins.smartdok.faults.add("refuse-all", times=None)
    assert access.check(connection) is None
    connection.refresh_from_db()
    assert (connection.state, connection.cause, connection.since) == ("needs_consent", "smartdok.token_refused", since)
    twins.smartdok.faults.clear()
    assert access.check(connection) is not None
    assert connection.state == "connected"


def test_an_address_that_is_none_shuts_the_connection_once_and_for_all(tenant: Any) -> None:
    connection = tenant.connections.get(system="smartdok")
    connection.replace({"url": "smartdok"}, connection.secrets)
    connection.save()
    assert access.check(connection) is None
    since = connection.since
    assert (connection.state, connection.cause) == ("needs_consent", "http.bad_address")
    fault = ConfigError("http.bad_address", scope="connection")
    access.at_fault(tenant.pipelines.get(flow="customers"), fault, "smartdok", access.Systems(tenant))
    access.check(connection)
    assert (connection.state, connection.since) == ("needs_consent", since)


def test_a_tenants_settings_wake_what_a_rule_left_out_or_stopped(stopped: dict[str, Item], sent: Any) -> None:
    stopped["data"].tenant.save()
    assert _woken() == {"config", "auth", "data", "rejected", "conflict", "internal", "left_out"}


def test_a_pipelines_settings_wake_its_own_and_read_it_soon(stopped: dict[str, Item], sent: Any) -> None:
    pipeline = stopped["data"].pipeline
    Pipeline.objects.update(next_pull_at=timezone.now() + 60 * MINUTES)
    fill(pipeline.tenant, "invoices", 2, state="stopped", reason="data")
    pipeline.refresh_from_db()
    pipeline.settings = {"x": 1}
    pipeline.save()
    assert _woken() == {"config", "auth", "data", "rejected", "conflict", "internal", "left_out"}
    due = Pipeline.objects.filter(next_pull_at__lte=timezone.now()).values_list("flow", flat=True)
    assert list(due) == ["customers"]


def test_signals_of_one_tenant_wake_nothing_of_another(stopped: dict[str, Item], sent: Any) -> None:
    other = company("two")
    ValueMap.objects.create(tenant=other, kind="unit", source="a", target="b")
    Connection.objects.create(tenant=other, system="fortnox", state="connected")
    other.save()
    other.pipelines.get(flow="customers").save()
    assert _woken() == set()


def test_saving_does_not_fail_without_a_broker(
    stopped: dict[str, Item], monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    def no_broker(*_: Any, **__: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr("celery.app.task.Task.apply_async", no_broker)
    with django_capture_on_commit_callbacks(execute=True):
        stopped["data"].tenant.save()
    assert "data" in _woken()
