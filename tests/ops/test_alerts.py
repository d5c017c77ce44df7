"""Alerts when the mail server or the operator's channel has a bad minute."""

import datetime
import smtplib
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from django.core import mail
from django.utils import timezone

from integration.models import Tenant
from sync import alerts
from sync.models import Problem, Recipient
from tests.ops.mailbox import Mailbox

AWAY = ConnectionRefusedError("the mail server is away")
GREYLISTED = smtplib.SMTPRecipientsRefused({"b@ostanbygg.se": (451, b"try again later")})
UNKNOWN = smtplib.SMTPRecipientsRefused({"b@ostanbygg.se": (550, b"no such user")})
LONG_AGO = datetime.timedelta(hours=1)


@pytest.fixture
def refused(settings: Any, db: None) -> Iterator[dict[str, OSError]]:
    """Addresses that the mail server does not take now."""
    settings.EMAIL_BACKEND = "tests.ops.mailbox.Mailbox"
    yield Mailbox.refused
    Mailbox.refused.clear()


@pytest.fixture
def posted(settings: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the operator's channel was told."""
    settings.ALERT_WEBHOOK_URL = "https://hooks.example.com/T1"
    told: list[str] = []

    def post(url: str, json: dict[str, str], timeout: float) -> requests.Response:
        told.append(json["text"].splitlines()[0])
        answer = requests.Response()
        answer.status_code = 200
        return answer

    monkeypatch.setattr(requests, "post", post)
    return told


def company(slug: str, *addresses: str) -> Problem:
    """A tenant with recipients and a problem that is due to be told."""
    tenant = Tenant.objects.create(slug=slug, name=slug.title())
    for address in addresses:
        Recipient.objects.create(tenant=tenant, email=address)
    return Problem.objects.create(
        tenant=tenant, flow="invoices", cause="fortnox.2000401", count=1, opened_at=timezone.now() - LONG_AGO
    )


def mailed() -> list[str]:
    """To whom, since the last call."""
    found = [address for message in mail.outbox for address in message.to]
    mail.outbox.clear()
    return found


def test_an_alert_that_the_mail_server_did_not_take_is_mailed_later_and_holds_up_no_other_company(
    refused: dict[str, OSError],
) -> None:
    company("ahus", "a@ahus.se")
    company("ostanbygg", "b@ostanbygg.se")
    refused["a@ahus.se"] = AWAY
    assert alerts.send_due() == 1
    assert mailed() == ["b@ostanbygg.se"]
    refused.clear()
    assert alerts.send_due() == 1
    assert mailed() == ["a@ahus.se"]
    assert alerts.send_due() == 0


def test_the_mail_about_the_end_is_mailed_later_too(refused: dict[str, OSError]) -> None:
    problem = company("ostanbygg", "b@ostanbygg.se")
    alerts.send_due()
    Problem.objects.filter(pk=problem.pk).update(closed_at=timezone.now() - LONG_AGO)
    refused["b@ostanbygg.se"] = GREYLISTED
    assert alerts.send_due() == 0
    refused.clear()
    assert [alerts.send_due(), alerts.send_due()] == [1, 0]
    assert [message.subject for message in mail.outbox] == ["Ostanbygg: 1 sak behöver åtgärdas", "Ostanbygg: löst"]


def test_who_was_reached_is_not_mailed_again_because_another_was_not(refused: dict[str, OSError]) -> None:
    company("ostanbygg", "a@ostanbygg.se", "b@ostanbygg.se")
    refused["b@ostanbygg.se"] = AWAY
    assert [alerts.send_due(), alerts.send_due()] == [1, 0]
    assert mailed() == ["a@ostanbygg.se"]


def test_an_address_that_does_not_exist_is_not_asked_again_every_minute(refused: dict[str, OSError]) -> None:
    problem = company("ostanbygg", "b@ostanbygg.se")
    refused["b@ostanbygg.se"] = UNKNOWN
    assert alerts.send_due() == 0
    assert Problem.objects.get(pk=problem.pk).told_open_at is not None


def test_a_worker_that_dies_between_claim_and_mail_leaves_at_most_one_mail(
    refused: dict[str, OSError], monkeypatch: pytest.MonkeyPatch
) -> None:
    company("ostanbygg", "b@ostanbygg.se")

    def killed(*args: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(alerts, "send_mail", killed)
        alerts.send_due()
    assert (alerts.send_due(), mailed()) == (0, [])


def test_the_summary_of_one_company_does_not_wait_for_anothers_mail_server(refused: dict[str, OSError]) -> None:
    company("ahus", "a@ahus.se")
    company("ostanbygg", "b@ostanbygg.se")
    refused["a@ahus.se"] = AWAY
    assert alerts.digests() == 1
    assert mailed() == ["b@ostanbygg.se"]


def test_a_test_mail_that_reaches_nobody_says_so(refused: dict[str, OSError]) -> None:
    problem = company("ostanbygg", "b@ostanbygg.se")
    refused["b@ostanbygg.se"] = UNKNOWN
    with pytest.raises(OSError, match="no such user"):
        alerts.send_test(problem.tenant)


def test_the_operator_is_told_once_whether_or_not_anybody_is_mailed(
    refused: dict[str, OSError], posted: list[str]
) -> None:
    silent, failing = company("ahus"), company("ostanbygg", "b@ostanbygg.se")
    refused["b@ostanbygg.se"] = AWAY
    for _ in range(3):
        alerts.send_due()
    assert posted == ["Nytt problem: Ahus", "Nytt problem: Ostanbygg"]
    Problem.objects.filter(pk__in=[silent.pk, failing.pk]).update(closed_at=timezone.now() - LONG_AGO)
    refused.clear()
    for _ in range(2):
        alerts.send_due()
    assert posted[2:] == ["Löst: Ahus", "Löst: Ostanbygg"]
    assert mailed() == []  # it was over before it could be mailed


@pytest.mark.parametrize(
    ("url", "card"),
    [
        ("https://hooks.slack.com/services/T1/B1/x", False),
        ("https://prod-1.westeurope.logic.azure.com:443/workflows/1/triggers/manual/paths/invoke?sig=x", True),
        ("https://default1.environment.api.powerplatform.com/workflows/1/triggers/manual/paths/invoke", True),
    ],
)
def test_slack_is_told_by_a_text_and_teams_by_a_card(
    url: str, card: bool, settings: Any, monkeypatch: pytest.MonkeyPatch, db: None
) -> None:
    sent: list[dict[str, Any]] = []

    def post(url: str, json: dict[str, Any], timeout: float) -> requests.Response:
        sent.append(json)
        answer = requests.Response()
        answer.status_code = 202
        return answer

    monkeypatch.setattr(requests, "post", post)
    settings.ALERT_WEBHOOK_URL = url
    company("ahus")
    alerts.send_due()
    [body] = sent
    if card:
        [attached] = body["attachments"]
        assert attached["contentType"] == "application/vnd.microsoft.card.adaptive"
        lines = [each["text"] for each in attached["content"]["body"]]
    else:
        lines = body["text"].splitlines()
    assert (lines[0], len(lines)) == ("Nytt problem: Ahus", 2)
