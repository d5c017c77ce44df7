"""One problem per cause: opened, counted, probed, closed; mailed once each way."""

import datetime
from collections.abc import Callable
from typing import Any

import pytest
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


OPENED, CLOSED = "1 sak behöver hjälp", "löst"


def test_what_comes_and_goes_is_mailed_once_each_way(
    flapping: Callable[..., Any], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    posted: list[str] = []
    settings.ALERT_WEBHOOK_URL = "https://hooks.example.com/T1"
    monkeypatch.setattr(alerts, "_post", lambda tenant, kind, mine: posted.append(kind))
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
    assert mail.outbox[0].subject == "Bygg & Mark <Öst>: provbrev från Byggbro"


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


def test_what_the_clock_does_not_heal_becomes_somebodys_and_closes_by_itself(
    tenant: Tenant, run: Callable[..., Any], smartdok: SmartDokCompany, fortnox: FortnoxCompany, twins: Any
) -> None:
    locked_company(smartdok, fortnox, 1)
    fortnox.locked_until = None
    fault = twins.fortnox.faults.add("status", "POST", "/3/invoices$", times=None, status=500)
    run()
    invoices = Item.objects.filter(tenant=tenant, pipeline__flow="invoices")
    for hour in range(12):
        with later(hours=hour):
            push(invoices.get().pk)
    assert open_problems(tenant) == [("invoices", "clock.in_vain", 1)]
    problem = Problem.objects.get(tenant=tenant)
    told = problems.told_of(problem, "sv")
    assert (told.who, problem.subject, list(problems.held_by(problem))) == ("operator", "http.5xx", list(invoices))
    assert f"försökt {invoices.get().tries} gånger" in told.what
    Connection.objects.filter(tenant=tenant, system="fortnox").update(state="degraded", cause="http.5xx")
    with later(minutes=5):
        assert ("invoices", "clock.in_vain", 1) not in open_problems(tenant), "the connection is the problem then"
    Connection.objects.filter(tenant=tenant, system="fortnox").update(state="connected", cause="")
    twins.fortnox.faults.clear(fault.id)
    with later(hours=13):
        assert push(invoices.get().pk).state == "done"
    with later(hours=14):
        assert open_problems(tenant) == []


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
