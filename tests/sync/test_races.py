"""What changes in the very moment in which an item is judged, read or acted on; each moment is laid in its middle."""

import datetime
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from integration.errors import AuthError, ConfigError, Unconfirmed
from integration.http import Answer, Http
from integration.models import Connection, Tenant, ValueMap
from sync.engine import access, dispatch, manual, problems, states
from sync.engine import pull as pull_module
from sync.engine.access import Systems
from sync.engine.desk import ItemDesk
from sync.engine.pull import pull
from sync.engine.push import push
from sync.models import Item, Pipeline, Problem
from tests.sync.test_articles import row

DAY = datetime.date(2026, 5, 4)
HOUR = datetime.timedelta(hours=1)


def later(item: Item) -> None:
    """It has stood so for an hour, so the sweep looks at it."""
    Item.objects.filter(pk=item.pk).update(moved_at=timezone.now() - HOUR)


def passes(item: Item, run: Any) -> None:
    """All that would look at it later on."""
    later(item)
    run()
    dispatch.sweep()
    run()


def test_P3_a_setting_saved_while_an_item_is_judged_by_the_old_one_counts(
    tenant: Tenant, smartdok: Any, run: Any, item: Any, choose: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    smartdok.add_project(ProjectNumber="O1", ProjectName="Order", StartDate="2026-03-01T00:00:00", IsOrder=True)
    pull(tenant.pipelines.get(flow="projects"))
    setting = ItemDesk.setting

    def a_moment_before(desk: ItemDesk, name: str) -> Any:
        answer = setting(desk, name)
        monkeypatch.setattr(ItemDesk, "setting", setting)
        choose("projects", orders=True)
        return answer

    monkeypatch.setattr(ItemDesk, "setting", a_moment_before)
    push(item("projects", "O1").pk)
    passes(item("projects", "O1"), run)
    assert (item("projects", "O1").state, item("projects", "O1").cause) == ("done", "")


def test_G9_a_go_live_saved_while_an_invoice_is_judged_by_the_old_one_counts(
    tenant: Tenant, smartdok: Any, fortnox: Any, run: Any, bill: Any, item: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant.go_live = timezone.localdate()
    tenant.save()
    basis = bill(row(None))
    run(only=["customers", "projects"])
    pull(tenant.pipelines.get(flow="invoices"))
    old = ItemDesk.go_live.fget
    one = item("invoices", basis["Id"])

    def a_moment_before(desk: ItemDesk) -> Any:
        answer = datetime.date(2030, 1, 1)  # what it was
        monkeypatch.setattr(ItemDesk, "go_live", property(old))
        tenant.go_live = datetime.date(2020, 1, 1)
        tenant.save()
        return answer

    monkeypatch.setattr(ItemDesk, "go_live", property(a_moment_before))
    push(one.pk)
    passes(item("invoices", basis["Id"]), run)
    assert (item("invoices", basis["Id"]).state, item("invoices", basis["Id"]).cause) == ("done", "")


def test_G9_a_go_live_saved_while_the_source_is_read_is_read_from(
    tenant: Tenant, smartdok: Any, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = tenant.pipelines.get(flow="customers")
    pull(pipeline)
    store = pull_module._store

    def meanwhile(*args: Any) -> None:
        store(*args)
        fresh = Tenant.objects.get(pk=tenant.pk)
        fresh.go_live = datetime.date(2020, 1, 1)
        fresh.save()

    with monkeypatch.context() as moment:
        moment.setattr(pull_module, "_store", meanwhile)
        smartdok.add_customer(CustomerNumber="1", CustomerName="A")
        pull(Pipeline.objects.get(pk=pipeline.pk))
    pipeline.refresh_from_db()
    assert pipeline.cursor == {} or pipeline.next_pull_at <= timezone.now()


def test_A4_a_value_saved_while_an_item_is_judged_by_the_old_one_counts(
    tenant: Tenant, smartdok: Any, run: Any, item: Any, choose: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    smartdok.add_customer(CustomerNumber="1", CustomerName="A")
    pull(tenant.pipelines.get(flow="customers"))
    value = ItemDesk.value

    def a_moment_before(desk: ItemDesk, *args: Any) -> Any:
        monkeypatch.setattr(ItemDesk, "value", value)
        ValueMap.objects.create(tenant=tenant, kind="vat_type", source="", target="SEVAT")
        raise ConfigError("A4", unit="x", code="y", taken="z")

    monkeypatch.setattr(ItemDesk, "value", a_moment_before)
    push(item("customers", "1").pk)
    passes(item("customers", "1"), run)
    assert item("customers", "1").state == "done"


def test_S6_a_document_judged_before_its_invoice_is_left_out_follows_it(
    tenant: Tenant, smartdok: Any, fortnox: Any, run: Any, item: Any
) -> None:
    supplier = fortnox.add_supplier("Betong AB")
    given = fortnox.add_supplier_invoice(supplier, "125", invoice_date=DAY)
    fortnox.attach_file(given, "faktura.pdf", b"%PDF-1.4")
    for flow in ("projects", "supplier-invoices", "supplier-documents"):
        pull(tenant.pipelines.get(flow=flow))
    push(item("supplier-documents", given).pk)  # while the invoice is in another worker's hands
    for _ in range(3):
        run()
        for each in Item.objects.all():
            later(each)
        dispatch.sweep()
    run()
    assert item("supplier-invoices", given).state == "left_out"
    assert (item("supplier-documents", given).state, item("supplier-documents", given).cause) == (
        "left_out",
        "S6.invoice_left_out",
    )


def test_what_came_true_before_the_record_was_read_is_no_news(
    tenant: Tenant, smartdok: Any, run: Any, bill: Any, item: Any
) -> None:
    """An invoice whose answer was lost is changed and names an article that may be new."""
    basis = bill(row(None))
    run(only=["customers", "projects", "articles"])
    pull(tenant.pipelines.get(flow="invoices"))
    now = timezone.now()
    one = item("invoices", basis["Id"])
    record = {**one.record}
    record["rows"] = [{**record["rows"][0], "code": "10"}]
    whole = now - HOUR
    Pipeline.objects.filter(flow="articles").update(
        cursor={"since": whole.isoformat(), "full_at": whole.isoformat()},
        enabled=True,
        next_pull_at=now + HOUR,
    )
    Item.objects.filter(pk=one.pk).update(record=record, intent_at=now - 3 * HOUR, read_at=now, state="pending")
    ends = []
    for _ in range(5):
        push(one.pk)
        ends.append(item("invoices", basis["Id"]).state)
    assert ends == ["waiting"] * 5
    later(one)
    assert dispatch.sweep().counts["needs come true"] == 0


def test_a_record_of_an_earlier_version_that_is_gone_asks_for_no_reading(
    tenant: Tenant, smartdok: Any, run: Any, item: Any, choose: Any, twins: Any
) -> None:
    """A record of an earlier version that the source no longer has."""
    customer = smartdok.add_customer(CustomerNumber="", CustomerName="A")
    run(only=["customers"])
    one = item("customers", "")
    Item.objects.filter(pk=one.pk).update(
        record={"nonsense": 1}, gone_at=timezone.now(), state="left_out", cause="gone", reason="left_out", missed=1
    )
    smartdok.customers.pop(customer["Id"])
    choose("customers")  # any settings saved
    for _ in range(4):
        run(only=["customers"])
        later(one)
        dispatch.sweep()
    one.refresh_from_db()
    assert one.state == "left_out"


def test_what_is_gone_stays_left_out_when_settings_are_saved(
    tenant: Tenant, smartdok: Any, run: Any, item: Any, choose: Any
) -> None:
    project = smartdok.add_project(ProjectNumber="9", ProjectName="X", StartDate=None)
    run(only=["projects"])
    one = item("projects", "9")
    assert one.cause == "P2"
    smartdok.projects.pop(project["Id"])
    for _ in range(2):
        Pipeline.objects.filter(flow="projects").update(cursor={})
        run(only=["projects"])
    one.refresh_from_db()
    assert (one.state, one.cause) == ("left_out", "gone")
    choose("projects", orders=True)
    run(only=["projects"])
    one.refresh_from_db()
    assert (one.state, one.cause) == ("left_out", "gone")


def test_what_goes_while_it_is_judged_does_not_wait(
    tenant: Tenant, smartdok: Any, run: Any, bill: Any, item: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A billing basis that is deleted while it is judged and must wait."""
    customer = smartdok.add_customer(CustomerNumber="", CustomerName="Utan nummer")
    basis = bill(row(None), CustomerId=customer["Id"])
    run(only=["customers", "projects", "articles"])
    pull(tenant.pipelines.get(flow="invoices"))
    one = item("invoices", basis["Id"])
    smartdok.invoices.pop(basis["Id"])
    prepare = type(one.pipeline.rules).prepare

    def meanwhile(self: Any, record: Any, desk: Any) -> Any:
        monkeypatch.setattr(type(one.pipeline.rules), "prepare", prepare)
        for _ in range(2):
            pull(tenant.pipelines.get(flow="invoices"))
        return prepare(self, record, desk)

    monkeypatch.setattr(type(one.pipeline.rules), "prepare", meanwhile)
    push(one.pk)
    run()
    later(one)
    dispatch.sweep()
    run()
    one.refresh_from_db()
    assert one.gone_at
    assert (one.state, one.cause) == ("left_out", "gone")


def test_what_is_done_meanwhile_is_not_left_out(
    tenant: Tenant, smartdok: Any, run: Any, item: Any, monkeypatch: Any
) -> None:
    smartdok.add_customer(CustomerNumber="1", CustomerName="A")
    pull(tenant.pipelines.get(flow="customers"))
    one = item("customers", "1")
    move = states.move

    def a_moment_before(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.setattr(states, "move", move)
        push(one.pk)
        return move(*args, **kwargs)

    monkeypatch.setattr(states, "move", a_moment_before)
    manual.leave_out(Item.objects.filter(pk=one.pk), "anna", "no")
    one.refresh_from_db()
    assert (one.state, one.cause) == ("done", "")


def test_I2_what_is_sent_meanwhile_is_not_taken_for_another(
    tenant: Tenant, smartdok: Any, fortnox: Any, run: Any, bill: Any, item: Any, monkeypatch: Any
) -> None:
    first = bill(row(None))
    run()
    other = item("invoices", first["Id"]).target_id
    Item.objects.filter(pipeline__flow="invoices").update(
        target_id="", target_key="", state="left_out", cause=states.BY_HAND
    )
    basis = bill(row(None, Price=12.0))
    pull(tenant.pipelines.get(flow="invoices"))
    one = item("invoices", basis["Id"])
    found = manual._found

    def meanwhile(*args: Any) -> Any:
        answer = found(*args)
        push(one.pk)
        return answer

    monkeypatch.setattr(manual, "_found", meanwhile)
    with pytest.raises(Unconfirmed):
        manual.already_there(one, other, "anna")
    one.refresh_from_db()
    made = [number for number in fortnox.invoices if str(number) != other]
    assert [one.target_id] == [str(each) for each in made]


def test_two_problems_of_one_connection_become_one(tenant: Tenant) -> None:
    now = timezone.now()
    for cause in ("http.timeout", "http.503"):
        Problem.objects.create(tenant=tenant, flow="", subject="fortnox", reason="clock", cause=cause)
    Connection.objects.filter(tenant=tenant, system="fortnox").update(
        state="degraded", cause="http.timeout", since=now - HOUR, params={}
    )
    problems.refresh(tenant)
    Connection.objects.filter(tenant=tenant, system="fortnox").update(cause="http.503")
    problems.refresh(tenant)
    assert [each.cause for each in Problem.objects.filter(tenant=tenant, closed_at=None)] == ["http.503"]


def test_P4_a_project_that_is_already_there_starts_on_its_day(
    tenant: Tenant, smartdok: Any, fortnox: Any, run: Any, item: Any
) -> None:
    start = timezone.localdate() + datetime.timedelta(days=30)
    smartdok.add_project(ProjectNumber="9", ProjectName="X", StartDate=f"{start}T00:00:00")
    run(only=["projects"])
    one = item("projects", "9")
    assert one.state == "done" and one.not_before
    manual.already_there(one, "9", "anna")
    one.refresh_from_db()
    assert one.not_before


def test_G7_the_sweep_sees_what_moved_while_a_clock_was_ahead(
    tenant: Tenant, run: Any, smartdok: Any, item: Any, bill: Any
) -> None:
    basis = bill(row(None))
    run()
    one = item("invoices", basis["Id"])
    Item.objects.filter(pk=one.pk).update(
        state="waiting", needs=["customers:no=1001"], moved_at=timezone.now() + datetime.timedelta(days=2)
    )
    assert dispatch.sweep().counts["needs come true"] == 1


def test_G7_absence_counts_for_what_was_read_while_a_clock_was_ahead(
    tenant: Tenant, run: Any, smartdok: Any, item: Any, bill: Any
) -> None:
    basis = bill(row("77"))
    run(only=["customers", "projects", "articles"])
    pull(tenant.pipelines.get(flow="invoices"))
    one = item("invoices", basis["Id"])
    Item.objects.filter(pk=one.pk).update(read_at=timezone.now() + datetime.timedelta(days=2))
    run()
    one.refresh_from_db()
    assert one.state == "done"


def test_G3_a_number_given_up_while_an_invoice_is_judged_by_its_two_bearers_counts(
    tenant: Tenant, smartdok: Any, run: Any, item: Any, bill: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bill()
    other = smartdok.add_customer(CustomerNumber="1001", CustomerName="Kund igen AB")
    basis = bill(row(None), CustomerId=None, CustomerNumber="1001")
    run(only=["customers", "projects"])
    pull(tenant.pipelines.get(flow="invoices"))
    by_key = ItemDesk.by_key

    def a_moment_before(desk: ItemDesk, *args: Any) -> Any:
        answer = by_key(desk, *args)
        monkeypatch.setattr(ItemDesk, "by_key", by_key)
        smartdok.touch(other, CustomerNumber="1002")
        pull(tenant.pipelines.get(flow="customers"))
        return answer

    monkeypatch.setattr(ItemDesk, "by_key", a_moment_before)
    push(item("invoices", basis["Id"]).pk)
    assert item("invoices", basis["Id"]).state == "pending"
    passes(item("invoices", basis["Id"]), run)
    assert item("invoices", basis["Id"]).state == "done"


@pytest.fixture
def replaced_meanwhile(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> Connection:
    """SmartDok's key is wrong; as soon as it has been refused, the right one is stored."""
    connection = tenant.connections.get(system="smartdok")
    good = dict(connection.secrets)
    Connection.objects.filter(pk=connection.pk).update(secrets={"token": "old"}, token={})
    state_of = access.state_of

    def a_moment_before(fault: Any) -> str:
        monkeypatch.setattr(access, "state_of", state_of)
        access.replace(Connection.objects.get(pk=connection.pk), connection.options, good)
        return state_of(fault)

    monkeypatch.setattr(access, "state_of", a_moment_before)
    return Connection.objects.get(pk=connection.pk)


def test_a_key_refused_before_it_was_replaced_says_nothing_of_the_new_one(
    tenant: Tenant, replaced_meanwhile: Connection
) -> None:
    assert isinstance(pull(tenant.pipelines.get(flow="customers")).fault, AuthError)
    assert Connection.objects.get(pk=replaced_meanwhile.pk).state == "connected"


def test_a_check_begun_with_a_key_that_was_replaced_says_nothing_of_the_new_one(replaced_meanwhile: Connection) -> None:
    Connection.objects.filter(pk=replaced_meanwhile.pk).update(state="missing_right")
    replaced_meanwhile.refresh_from_db()
    assert access.check(replaced_meanwhile) is None
    assert Connection.objects.get(pk=replaced_meanwhile.pk).state == "connected"


def test_a_refusal_that_precedes_a_new_consent_says_nothing_of_it(
    tenant: Tenant, twins: Any, fortnox: Any, smartdok: Any, run: Any, item: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    smartdok.add_customer(CustomerNumber="1", CustomerName="A")
    pull(tenant.pipelines.get(flow="customers"))
    twins.fortnox.withdraw_consent(fortnox.tenant_id)
    state_of = access.state_of

    def a_moment_before(fault: Any) -> str:
        monkeypatch.setattr(access, "state_of", state_of)
        fortnox.give_consent()
        connection = tenant.connections.get(system="fortnox")
        code = twins.fortnox.tokens.issue_code(fortnox.tenant_id, {"companyinformation"}, "http://x/")
        access.answered(connection, access.consent(connection, code, "http://x/"))
        return state_of(fault)

    monkeypatch.setattr(access, "state_of", a_moment_before)
    push(item("customers", 1).pk)
    assert tenant.connections.get(system="fortnox").state == "connected"


@pytest.fixture
def opened_before(tenant: Tenant, smartdok: Any) -> Systems:
    """What a long pass has open; Fortnox' access was given anew since. A customer waits to be sent."""
    smartdok.add_customer(CustomerNumber="1", CustomerName="A")
    systems = Systems(tenant)
    systems.get("fortnox").check()
    connection = tenant.connections.get(system="fortnox")
    connection.replace({**connection.options, "supplier_lastmodified": False}, connection.secrets)
    connection.save()
    return systems


def test_a_long_pass_goes_on_with_access_that_was_replaced_meanwhile(
    opened_before: Systems, twins: Any, run: Any, item: Any
) -> None:
    twins.fortnox.tokens.access.clear()
    run(only=["customers"], systems=opened_before)
    assert item("customers", 1).state == "done"


def test_a_long_pass_ends_when_access_is_gone_whatever_became_of_it_meanwhile(
    opened_before: Systems, tenant: Tenant, twins: Any, fortnox: Any, run: Any, item: Any
) -> None:
    twins.fortnox.withdraw_consent(fortnox.tenant_id)
    run(only=["customers"], systems=opened_before)
    assert item("customers", 1).state == "waiting"
    assert tenant.connections.get(system="fortnox").state == "needs_consent"


def test_a_session_of_access_that_was_replaced_is_not_stored_with_the_new(tenant: Tenant) -> None:
    stale = tenant.connections.get(system="smartdok")
    fresh = tenant.connections.get(system="smartdok")
    fresh.replace(fresh.options, {"token": "new"})
    fresh.save()
    assert access.check(stale) is None
    fresh.refresh_from_db()
    assert (fresh.token, fresh.state) == ({}, "unchecked")


@pytest.mark.parametrize("shut", ["consent", "flow", "held up"])
def test_what_a_killed_worker_held_does_not_stay_in_its_hands_while_the_way_is_shut(
    tenant: Tenant, smartdok: Any, run: Any, item: Any, shut: str
) -> None:
    smartdok.add_customer(CustomerNumber="1", CustomerName="A")
    pipeline = tenant.pipelines.get(flow="customers")
    pull(pipeline)
    assert states.claim(item("customers", 1).pk)
    if shut == "consent":
        tenant.connections.get(system="fortnox").enter("needs_consent", "fortnox.consent_gone")
    else:
        how = {"enabled": False} if shut == "flow" else {"paused_cause": "P5", "probe_at": timezone.now() + HOUR}
        Pipeline.objects.filter(pk=pipeline.pk).update(**how)
    with time_machine.travel(timezone.now() + datetime.timedelta(seconds=90)):
        dispatch.sweep()
    one = item("customers", 1)
    assert (one.state, one.lease_token) == ("pending", None)
    assert (one.transitions.first().before, one.transitions.first().note) == ("running", "its worker died")
    assert manual.leave_out(Item.objects.filter(pk=one.pk), "anna", "nej") == 1


def test_G9_what_may_lie_in_fortnox_is_looked_for_whatever_the_go_live_is_by_now(
    tenant: Tenant, smartdok: Any, fortnox: Any, twins: Any, run: Any, bill: Any, item: Any
) -> None:
    basis = bill(row(None))
    run(only=["customers", "projects"])
    pull(tenant.pipelines.get(flow="invoices"))
    twins.fortnox.faults.add("reset-after", "POST", "^/3/invoices")
    push(item("invoices", basis["Id"]).pk)
    assert (len(fortnox.invoices), item("invoices", basis["Id"]).target_id) == (1, "")
    tenant.go_live = timezone.localdate() + datetime.timedelta(days=1)
    tenant.save()
    passes(item("invoices", basis["Id"]), run)
    assert (item("invoices", basis["Id"]).state, item("invoices", basis["Id"]).target_id) == ("done", "1")
    assert len(fortnox.invoices) == 1


@pytest.mark.parametrize("status", [200, 503])
def test_I2_what_a_proxy_gave_up_and_fortnox_stores_a_moment_later_is_not_sent_twice(
    tenant: Tenant, fortnox: Any, run: Any, bill: Any, item: Any, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    basis = bill(row(None))
    run(only=["customers", "projects"])
    pull(tenant.pipelines.get(flow="invoices"))
    once, late = Http._once, []

    def given_up(http: Http, method: str, path: str, **given: Any) -> Any:
        if method == "POST" and path == "/3/invoices" and not late:
            late.append(lambda: once(http, method, path, **given))
            return Answer(method, path, status, {}, b"<html>a proxy gave up</html>")
        return once(http, method, path, **given)

    monkeypatch.setattr(Http, "_once", given_up)
    monkeypatch.setattr(states, "ON_ITS_WAY", datetime.timedelta(seconds=45))
    with time_machine.travel(timezone.now()) as clock:
        push(item("invoices", basis["Id"]).pk)
        for seconds in (3, 60, 60):
            clock.shift(datetime.timedelta(seconds=seconds))
            push(item("invoices", basis["Id"]).pk)
            if seconds == 3:
                late[0]()
    assert (item("invoices", basis["Id"]).state, len(fortnox.invoices)) == ("done", 1)


def test_a_reader_that_takes_its_time_keeps_its_lease(
    tenant: Tenant, smartdok: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        smartdok.add_customer(CustomerNumber=str(number), CustomerName="A")
    pipeline = tenant.pipelines.get(flow="customers")
    once = Http._once
    with time_machine.travel(timezone.now()) as clock:

        def slow(*args: Any, **given: Any) -> Any:
            clock.shift(25)
            assert not Pipeline.objects.filter(pull_module.free(timezone.now()), pk=pipeline.pk).exists()
            return once(*args, **given)

        monkeypatch.setattr(Http, "_once", slow)
        assert pull(pipeline).fault is None
