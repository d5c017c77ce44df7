"""Alerts: one mail when a problem opens, one when it closes, one summary a day while anything is open; never again.

What comes and goes is told once each way: an end is told when it has lasted, longer each time it did not.

A problem is claimed by a conditional UPDATE before it is told, for the mail and for the operator's channel apart, so
that two workers never tell it twice; a tenant is claimed for its summary of the day. What reached nobody gives its
claim back; one whose worker died does not.
"""

import datetime
import smtplib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import requests
import structlog
from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.utils import timezone, translation

from integration.models import Tenant
from sync.engine.problems import SAME_AGAIN, told_of
from sync.models import Problem, Recipient

log = structlog.get_logger(__name__)

SETTLING = datetime.timedelta(minutes=2)  # a problem that is gone by then is nobody's
LASTING = datetime.timedelta(minutes=15)  # a problem that is back by then was never over
WEBHOOK_SECONDS = 10
TEAMS = (".logic.azure.com", ".powerplatform.com", ".powerautomate.com")  # where its workflows listen


def send_due() -> int:
    """Tell what opened and what closed since the last time, once per tenant and kind. Returns mails sent."""
    sent = 0
    for kind in ("opened", "closed"):
        if settings.ALERT_WEBHOOK_URL:
            for tenant, mine in _claimed(kind, "posted"):
                if not _post(tenant, kind, mine):
                    _give_back(mine, kind, "posted")
        for tenant, mine in _claimed(kind, "told"):
            try:
                sent += _mail(tenant, kind, mine)
            except OSError as error:
                if not _for_good(error):
                    _give_back(mine, kind, "told")
    return sent


def _claimed(kind: str, how: str) -> Iterator[tuple[Tenant, list[Problem]]]:
    """Tenant by tenant, claimed only when the one before is done with. `how`: the columns' first word."""
    now = timezone.now()
    column = _column(kind, how)
    if kind == "opened":
        due = Problem.objects.filter(closed_at=None, opened_at__lt=now - SETTLING, **{column: None})
    else:
        was_told = {f"{_column('opened', how)}__isnull": False}
        due = Problem.objects.filter(closed_at__lt=now - LASTING, **was_told, **{column: None})
    for tenant in Tenant.objects.filter(pk__in=due.values("tenant_id")):
        chosen = [each for each in due.filter(tenant=tenant) if kind == "opened" or _over(each, now)]
        mine = [each for each in chosen if due.filter(pk=each.pk).update(**{column: now})]
        if mine:
            yield tenant, mine


def _over(problem: Problem, now: datetime.datetime) -> bool:
    """Whether it has been away for long enough to believe it."""
    away = min(LASTING * 2 ** min(problem.returns, 10), SAME_AGAIN)
    return problem.closed_at is not None and problem.closed_at < now - away


def _column(kind: str, how: str) -> str:
    return {"opened": f"{how}_open_at", "closed": f"{how}_closed_at"}[kind]


def _give_back(problems: list[Problem], kind: str, how: str) -> None:
    Problem.objects.filter(pk__in=[each.pk for each in problems]).update(**{_column(kind, how): None})


def digests() -> int:
    """The daily summary for every tenant that has something open. Returns mails sent."""
    sent, today = 0, timezone.localdate()
    untold = Tenant.objects.exclude(summarised_on=today)
    for tenant in untold.filter(active=True, problems__closed_at=None).exclude(problems=None).distinct():
        if untold.filter(pk=tenant.pk).update(summarised_on=today):
            with suppress(OSError):  # logged; the next summary comes tomorrow
                sent += _mail(tenant, "digest", list(tenant.problems.filter(closed_at=None)))
    return sent


def send_test(tenant: Tenant) -> int:
    """A mail to everybody who would be told about the tenant's problems, so that they know it arrives. Mails sent.

    Raises:
        OSError: the mail server does not take it.
    """
    return _mail(tenant, "test", [])


def _mail(tenant: Tenant, kind: str, problems: list[Problem]) -> int:
    """One mail each: nobody reads who else is told. Who is not reached while others are has the daily summary.

    Raises:
        OSError: nobody was reached, though somebody is to be told.
    """
    recipients = Recipient.objects.filter(tenant=tenant)
    if kind == "digest":
        recipients = recipients.filter(digest=True)
    if not recipients:
        return 0
    with translation.override("sv"):
        context = {"tenant": tenant, "kind": kind, "problems": _told(problems), "url": settings.PUBLIC_URL}
        subject = render_to_string("sync/mail/subject.txt", context).strip()
        body = render_to_string("sync/mail/body.txt", context)
    failures: list[OSError] = []
    for recipient in recipients:
        try:
            send_mail(subject, body, None, [recipient.email])
        except OSError as error:  # also what smtplib raises
            log.warning("not mailed", tenant=tenant.slug, kind=kind, recipient=recipient.pk, error=type(error).__name__)
            failures.append(error)
    reached = len(recipients) - len(failures)
    if not reached:
        raise min(failures, key=_for_good)
    log.info("mailed", tenant=tenant.slug, kind=kind, problems=len(problems), recipients=reached)
    return reached


def _for_good(error: OSError) -> bool:
    """Whether the address is wrong: asking again every minute would only make us look like a spammer."""
    if not isinstance(error, smtplib.SMTPRecipientsRefused):
        return False
    return all(code >= 500 for code, _ in error.recipients.values())


def _told(problems: Iterable[Problem]) -> list[dict[str, object]]:
    return [{"problem": each, "told": told_of(each, "sv")} for each in problems]


def _post(tenant: Tenant, kind: str, problems: list[Problem]) -> bool:
    """Tell the operator's channel. False when it is worth telling once more: it was not reached, or is in trouble."""
    head = {"opened": "Nytt problem", "closed": "Löst"}[kind]
    lines = [f"• {told['told'].title} ({told['problem'].count})" for told in _told(problems)]  # type: ignore[attr-defined]
    message = _message(settings.ALERT_WEBHOOK_URL, f"{head}: {tenant.name}", lines)
    try:
        status = requests.post(settings.ALERT_WEBHOOK_URL, json=message, timeout=WEBHOOK_SECONDS).status_code
    except requests.RequestException as error:
        log.warning("the operator's channel was not reached", error=type(error).__name__)
        return isinstance(error, requests.ReadTimeout)  # it may have been told
    if status >= 400:
        log.warning("the operator's channel did not take it", status=status)
    return status < 500 and status != 429


def _message(url: str, head: str, lines: list[str]) -> dict[str, Any]:
    """What the channel at that address takes: Teams' workflows a card, Slack and those that follow it a text."""
    host = urlsplit(url).hostname or ""
    if not host.endswith(TEAMS):
        return {"text": "\n".join([head, *lines])}
    texts = [{"type": "TextBlock", "text": text, "wrap": True} for text in (head, *lines)]
    card = {"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.2"}
    content = {**card, "body": [{**texts[0], "weight": "Bolder"}, *texts[1:]]}
    return {
        "type": "message",
        "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": content}],
    }
