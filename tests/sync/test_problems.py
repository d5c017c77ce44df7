"""One problem per cause: opened, counted, probed, closed; mailed once each way."""

import datetime
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from unittest.mock import ANY

import pytest
import requests
import time_machine
from django.core import mail
from django.utils import timezone

from integration.models import Connection, Tenant
from sandbox.fortnox import Company as FortnoxCompany
from sandbox.smartdok import Company as SmartDokCompany
from sync import alerts
from sync.engine import manual, problems
from sync.engine.push import push
from sync.models import Item, Problem, Recipient

TOMORROW = datetime.timedelta(days=1)


def later(**span: float) -> Any:
    """The clock, moved on."""
    return time_machine.travel(timezone.now() + datetime.timedelta(**span), tick=True)


def open_problems(tenant: Tenant) -> list[tuple[str, str, int]]:
    problems.refresh(tenant)
    found = Problem.objects.filter(tenant=tenant, closed_at=None).order_by("flow", "cause")
    return [(each.flow, each.cause, each.count) for each in found]


def invoice(smartdok: SmartDokCompany, project: int, customer: int, number: str) -> None:
    smartdok.add_invoice(
        lines=[{"LineText": "Grävning", "Quantity": 2, "Price": 500}],
        CustomerId=customer, ProjectId=project, SerialNumber=number,
    )  # fmt: skip


def locked_company(smartdok: SmartDokCompany, fortnox: FortnoxCompany, invoices: int) -> None:
    customer = smartdok.add_customer(CustomerNumber="1001", CustomerName="Bygg AB")
    project = smartdok.add_project(ProjectNumber="2001", ProjectName="Skola", StartDate="2026-01-01T00:00:00")
    for number in range(invoices):
        invoice(smartdok, project["Id"], customer["Id"], f"F{number}")
    fortnox.locked_until = timezone.localdate() + TOMORROW


def test_items_of_one_cause_are_one_problem(
    tenant: Tenant, run: Callable[..., Any], smartdok: SmartDokCompany, fortnox: FortnoxCompany
) -> None:
    locked_company(smartdok, fortnox, 3)
    smartdok.add_project(ProjectNumber="2002", ProjectName="Utan start", StartDate=None)
    run()
    assert open_problems(tenant) == [("invoices", "fortnox.2000401", 3), ("projects", "P2", 1)]


def test_all_go_by_themselves_when_a_probe_finds_the_cause_gone(
    tenant: Tenant, run: Callable[..., Any], smartdok: SmartDokCompany, fortnox: FortnoxCompany
) -> None:
    locked_company(smartdok, fortnox, 3)
    run()
    problems.refresh(tenant)
    assert problems.due_probes() == []
    fortnox.locked_until = None
    with later(minutes=16):
        [(item_id, flow, _)] = problems.due_probes()
        assert (flow, push(item_id).state) == ("invoices", "done")
        run()
        assert len(fortnox.invoices) == 3
    with later(minutes=20):
        assert open_problems(tenant) == []
    assert Problem.objects.get(tenant=tenant).closed_at is not None


def test_a_probe_in_vain_stops_again_and_the_next_comes_later(
    tenant: Tenant, run: Callable[..., Any], smartdok: SmartDokCompany, fortnox: FortnoxCompany
) -> None:
    locked_company(smartdok, fortnox, 2)
    run()
    problems.refresh(tenant)
    with later(minutes=16):
        [(item_id, _, _)] = problems.due_probes()
        assert push(item_id).state == "stopped"
        assert problems.due_probes() == []
        assert open_problems(tenant) == [("invoices", "fortnox.2000401", 2)]
    assert fortnox.invoices == {}


def test_a_connection_that_needs_a_person_is_one_problem_and_its_items_are_none(
    tenant: Tenant, run: Callable[..., Any], smartdok: SmartDokCompany
) -> None:
    for number in ("1001", "1002"):
        smartdok.add_customer(CustomerNumber=number, CustomerName="Bygg AB")
    connection = tenant.connections.get(system="fortnox")
    connection.enter(Connection.State.PAUSED, "connection.paused")
    run()
    connection.resume()
    connection.enter(Connection.State.NEEDS_CONSENT, "fortnox.consent_gone")
    with later(minutes=20):
        assert open_problems(tenant) == [("", "fortnox.consent_gone", 0)]


def test_what_a_person_paused_is_no_problem(
    tenant: Tenant, run: Callable[..., Any], smartdok: SmartDokCompany, fortnox: FortnoxCompany
) -> None:
    locked_company(smartdok, fortnox, 2)
    for connection in tenant.connections.all():
        connection.enter(Connection.State.PAUSED, "connection.paused")
    run()
    with later(hours=1):
        assert open_problems(tenant) == []


def test_a_problem_says_which_item_it_is_told_with(
    tenant: Tenant, run: Callable[..., Any], smartdok: SmartDokCompany
) -> None:
    customer = smartdok.add_customer(CustomerNumber="1001", CustomerName="Bygg AB")
    smartdok.add_invoice(lines=[], CustomerId=customer["Id"], SerialNumber="F7", Title="Etapp 1")
    run()
    problems.refresh(tenant)
    problem = Problem.objects.get(tenant=tenant)
    assert problems.told_of(problem, "sv").what.startswith("F7 Bygg AB – Etapp 1: Fakturaunderlaget har inga rader")


@pytest.fixture
def recipient(tenant: Tenant) -> Recipient:
    return Recipient.objects.create(tenant=tenant, email="ekonomi@example.com")


def test_one_mail_when_a_problem_opens_one_when_it_closes_and_never_the_same_again(
    tenant: Tenant, run: Callable[..., Any], smartdok: SmartDokCompany, recipient: Recipient
) -> None:
    project = smartdok.add_project(ProjectNumber="2002", ProjectName="Utan start", StartDate=None)
    run()
    problems.refresh(tenant)
    assert alerts.send_due() == 0  # it may be gone in a moment
    with later(minutes=3):
        assert (alerts.send_due(), alerts.send_due()) == (1, 0)
        smartdok.touch(project, StartDate="2026-01-01T00:00:00")
        run()
    with later(minutes=8):
        problems.refresh(tenant)
        assert alerts.send_due() == 0  # it may be back in a moment
    with later(minutes=24):
        assert (alerts.send_due(), alerts.send_due()) == (1, 0)
    opened, closed = mail.outbox
    assert opened.to == ["ekonomi@example.com"]
    assert "2002" in opened.body
    assert "Startdatum" in opened.body
    assert "löst" in closed.subject


def test_a_problem_that_was_never_mailed_is_not_mailed_as_solved(
    tenant: Tenant, run: Callable[..., Any], smartdok: SmartDokCompany, recipient: Recipient
) -> None:
    project = smartdok.add_project(ProjectNumber="2002", ProjectName="Utan start", StartDate=None)
    run()
    problems.refresh(tenant)
    smartdok.touch(project, StartDate="2026-01-01T00:00:00")
    run()
    for minutes in (5, 60):
        with later(minutes=minutes):
            problems.refresh(tenant)
            alerts.send_due()
    assert mail.outbox == []


def test_a_summary_a_day_while_anything_is_open(
    tenant: Tenant, run: Callable[..., Any], smartdok: SmartDokCompany, recipient: Recipient
) -> None:
    assert alerts.digests() == 0
    smartdok.add_project(ProjectNumber="2002", ProjectName="Utan start", StartDate=None)
    run()
    problems.refresh(tenant)
    assert alerts.digests() == 1
    assert mail.outbox[0].subject == "Östanbygg AB: 1 sak är öppen"
    assert alerts.digests() == 0, "the task ran twice, since the database was away for the next company"
    with later(hours=24):
        assert alerts.digests() == 1


@pytest.mark.parametrize(
    ("answer", "times"),
    [(503, 3), (429, 3), (requests.ConnectionError(), 3), (404, 1), (200, 1), (requests.ReadTimeout(), 1)],
)
def test_the_operators_channel_is_told_once_it_listens_and_never_twice(
    tenant: Tenant, answer: Any, times: int, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ALERT_WEBHOOK_URL = "https://hooks.example.com/T1"
    told: list[Any] = []

    def post(url: str, json: Any, timeout: float) -> Any:
        told.append(json)
        if isinstance(answer, Exception):
            raise answer
        return SimpleNamespace(status_code=answer)

    monkeypatch.setattr(alerts.requests, "post", post)
    Problem.objects.create(tenant=tenant, flow="invoices", cause="I4", reason="data", count=1)
    with later(minutes=5):
        for _ in range(3):
            alerts.send_due()
    assert len(told) == times


@pytest.fixture
def flapping(tenant: Tenant, recipient: Recipient) -> Callable[[int, int, int], tuple[list[str], int]]:
    """A consent that is gone for `bad` minutes and back for `good`, for so many `hours`, and back for a day.

    Gives the subjects of the mails, and how many problems that made.
    """
    connection = tenant.connections.get(system="fortnox")

    def hours_of(bad: int, good: int, hours: int) -> tuple[list[str], int]:
        start = timezone.now()
        for minute in [*range(hours * 60), *range(hours * 60, hours * 60 + 24 * 60, 10)]:
            with time_machine.travel(start + datetime.timedelta(minutes=minute)):
                if minute < hours * 60 and minute % (bad + good) < bad:
                    connection.enter(Connection.State.NEEDS_CONSENT, "fortnox.consent_gone")
                else:
                    connection.enter(Connection.State.CONNECTED)
                problems.refresh(tenant)
                alerts.send_due()
        subjects = [message.subject.removeprefix(f"{tenant.name}: ") for message in mail.outbox]
        return subjects, Problem.objects.filter(tenant=tenant).count()

    return hours_of


OPENED, CLOSED = "1 sak behöver åtgärdas", "löst"


def test_what_comes_and_goes_is_mailed_once_each_way(
    flapping: Callable[..., Any], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    posted: list[str] = []
    settings.ALERT_WEBHOOK_URL = "https://hooks.example.com/T1"
    monkeypatch.setattr(alerts, "_post", lambda tenant, kind, mine: not posted.append(kind))
    assert flapping(7, 7, 3) == ([OPENED, CLOSED], 1)
    assert posted == ["opened", "closed"]


def test_what_is_back_after_it_was_told_as_solved_is_told_again_and_must_stay_away_for_longer(
    flapping: Callable[..., Any],
) -> None:
    subjects, rows = flapping(10, 20, 6)
    assert (subjects, rows) == ([OPENED, CLOSED, OPENED, CLOSED], 1)


def test_what_is_back_a_day_later_is_another_problem(flapping: Callable[..., Any]) -> None:
    assert flapping(60, 8 * 60, 18) == ([OPENED, CLOSED, OPENED, CLOSED], 2)


def test_retrying_a_problem_acts_on_all_its_items(
    tenant: Tenant, run: Callable[..., Any], smartdok: SmartDokCompany, fortnox: FortnoxCompany
) -> None:
    locked_company(smartdok, fortnox, 3)
    run()
    problems.refresh(tenant)
    assert problems.held_by(Problem.objects.get(tenant=tenant)).count() == 3
    assert Item.objects.filter(tenant=tenant, state="stopped").count() == 3


def test_the_subject_of_a_mail_is_no_html(tenant: Tenant, recipient: Recipient) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(name="Bygg & Mark <Öst>")
    tenant.refresh_from_db()
    assert alerts.send_test(tenant) == 1
    assert mail.outbox[0].subject == "Bygg & Mark <Öst>: testmejl från Byggbro"


def test_what_was_tried_again_and_has_not_got_through_is_not_told_as_solved(
    tenant: Tenant, run: Callable[..., Any], smartdok: SmartDokCompany, fortnox: FortnoxCompany, twins: Any
) -> None:
    locked_company(smartdok, fortnox, 2)
    run()
    problems.refresh(tenant)
    problem = Problem.objects.get(tenant=tenant)
    fortnox.locked_until = None
    fault = twins.fortnox.faults.add("status", "POST", "/3/invoices$", times=None, status=503)
    manual.retry(problems.held_by(problem), "anna")
    run(only=["invoices"])
    assert set(Item.objects.filter(pipeline__flow="invoices").values_list("state", "cause")) == {
        ("waiting", "http.5xx")
    }
    with later(minutes=5):
        assert open_problems(tenant) == [("invoices", "fortnox.2000401", 2)]
    twins.fortnox.faults.clear(fault.id)
    Item.objects.filter(state="waiting").update(not_before=timezone.now())
    run()
    with later(minutes=10):
        assert (open_problems(tenant), len(fortnox.invoices)) == ([], 2)


@pytest.fixture
def failing(
    tenant: Tenant, run: Callable[..., Any], smartdok: SmartDokCompany, fortnox: FortnoxCompany, twins: Any
) -> Callable[[], Item]:
    """An invoice that Fortnox, otherwise well, answers with a fault again and again; the fault is then gone."""

    def make() -> Item:
        locked_company(smartdok, fortnox, 1)
        fortnox.locked_until = None
        fault = twins.fortnox.faults.add("status", "POST", "/3/invoices$", times=None, status=500)
        run()
        item = Item.objects.get(tenant=tenant, pipeline__flow="invoices")
        Connection.objects.filter(tenant=tenant).update(since=timezone.now() - datetime.timedelta(days=1))
        for minutes in range(0, 120, 10):
            with later(minutes=minutes):
                push(item.pk)
        twins.fortnox.faults.clear(fault.id)
        return item

    return make


VAIN = ("invoices", "clock.in_vain", 1)


def test_what_the_clock_does_not_heal_becomes_somebodys_and_closes_by_itself(
    tenant: Tenant, failing: Callable[[], Item]
) -> None:
    item = failing()
    assert open_problems(tenant) == [VAIN]
    problem = Problem.objects.get(tenant=tenant)
    item.refresh_from_db()
    assert (problems.told_of(problem, "sv").who, list(problems.held_by(problem))) == ("operator", [item])
    since = f"{timezone.localtime(item.waiting_since):%Y-%m-%d %H:%M}"
    assert f"Sedan {since} har Byggbro försökt upp till {item.tries} gånger" in problems.told_of(problem, "sv").what
    with later(hours=13):
        assert push(item.pk).state == "done"
    with later(hours=14):
        assert open_problems(tenant) == []


def test_what_is_tried_in_vain_is_one_problem_of_its_flow_whatever_the_answer_is(
    tenant: Tenant, failing: Callable[[], Item]
) -> None:
    item = failing()
    assert open_problems(tenant) == [VAIN]
    Item.objects.filter(pk=item.pk).update(cause="http.timeout")
    with later(minutes=5):
        assert open_problems(tenant) == [VAIN]
    assert Problem.objects.filter(tenant=tenant).count() == 1


@pytest.mark.parametrize("cause", ["http.429", "throttle", "I2.on_its_way"])
def test_what_waits_for_its_turn_is_not_tried_in_vain(tenant: Tenant, failing: Callable[[], Item], cause: str) -> None:
    item = failing()
    Item.objects.filter(pk=item.pk).update(cause=cause)
    assert open_problems(tenant) == []


def test_what_failed_while_the_other_side_was_away_is_tried_once_more_before_it_is_a_problem(
    tenant: Tenant, failing: Callable[[], Item]
) -> None:
    failing()
    back = timezone.now() + datetime.timedelta(hours=3)
    Connection.objects.filter(tenant=tenant, system="fortnox").update(since=back)
    with later(hours=3):
        assert open_problems(tenant) == []


@pytest.mark.parametrize(
    "meanwhile",
    [
        lambda item: item.tenant.connections.filter(system="fortnox").update(state="degraded", cause="http.5xx"),
        lambda item: item.tenant.connections.filter(system="fortnox").update(since=timezone.now() + TOMORROW),
        lambda item: Item.objects.filter(pk=item.pk).update(cause="throttle"),
        lambda item: manual.retry(Item.objects.filter(pk=item.pk), "anna"),
    ],
    ids=["other side in trouble", "other side back", "waits for its turn", "tried again by a person"],
)
def test_what_is_tried_in_vain_is_not_told_as_solved_before_it_has_an_end(
    tenant: Tenant, failing: Callable[[], Item], meanwhile: Callable[[Item], Any]
) -> None:
    item = failing()
    assert open_problems(tenant) == [VAIN]
    meanwhile(item)
    with later(minutes=5):
        assert VAIN in open_problems(tenant)
    with later(hours=1):
        push(item.pk)
    Connection.objects.filter(tenant=tenant).update(state="connected", cause="")
    with later(hours=2):
        push(item.pk)
        assert open_problems(tenant) == []


def told(tenant: Tenant, minutes: int) -> list[str]:
    """Subjects that are mailed after so many minutes."""
    mail.outbox.clear()
    with later(minutes=minutes):
        problems.refresh(tenant)
    with later(minutes=minutes + 20):
        problems.refresh(tenant)
        alerts.send_due()
    return [each.subject for each in mail.outbox]


def test_a_connection_paused_while_it_has_a_problem_is_not_told_as_solved(tenant: Tenant, recipient: Recipient) -> None:
    connection = tenant.connections.get(system="fortnox")
    connection.enter(Connection.State.NEEDS_CONSENT, "fortnox.consent_gone")
    assert len(told(tenant, 0)) == 1
    connection.enter(Connection.State.PAUSED, "connection.paused")
    assert told(tenant, 30) == []
    assert Problem.objects.filter(tenant=tenant, closed_at=None).count() == 0
    connection.resume()
    connection.enter(Connection.State.NEEDS_CONSENT, "fortnox.consent_gone")
    assert told(tenant, 60) == [], "they have been told"
    assert Problem.objects.filter(tenant=tenant, closed_at=None).count() == 1
    connection.enter(Connection.State.CONNECTED)
    [subject] = told(tenant, 120)
    assert "löst" in subject


def test_another_problem_of_a_connection_takes_the_place_of_the_first_and_only_the_last_is_solved(
    tenant: Tenant, recipient: Recipient
) -> None:
    connection = tenant.connections.get(system="fortnox")
    Connection.objects.filter(pk=connection.pk).update(since=timezone.now() - TOMORROW)
    connection.enter(Connection.State.DEGRADED, "http.5xx")
    assert (told(tenant, 20), Problem.objects.get(tenant=tenant).cause) == ([ANY], "http.5xx")
    connection.enter(Connection.State.DEGRADED, "http.timeout")
    assert (told(tenant, 60), Problem.objects.get(tenant=tenant).cause) == ([], "http.timeout")
    connection.enter(Connection.State.NEEDS_CONSENT, "fortnox.consent_gone")
    [subject] = told(tenant, 120)
    assert "löst" not in subject
    connection.enter(Connection.State.CONNECTED)
    [subject] = told(tenant, 180)
    assert "löst" in subject


def test_a_company_that_is_switched_off_has_no_problem_and_nobody_is_told(
    tenant: Tenant, run: Callable[..., Any], smartdok: SmartDokCompany, recipient: Recipient
) -> None:
    smartdok.add_project(ProjectNumber="2002", ProjectName="Utan start", StartDate=None)
    run()
    problems.refresh(tenant)
    with later(minutes=3):
        assert alerts.send_due() == 1
        Tenant.objects.update(active=False)
        problems.refresh_all()
    with later(hours=1):
        assert (alerts.send_due(), Problem.objects.filter(closed_at=None).count()) == (0, 0)
