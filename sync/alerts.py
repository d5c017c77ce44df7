"""Alerts: one mail when a problem opens, one when it closes, one summary a day while anything is open; never again.

A problem is claimed by a conditional UPDATE before it is mailed, so that two workers never mail it twice.
"""

import datetime
from collections.abc import Iterable

import requests
import structlog
from django.conf import settings
from django.core.mail import send_mail
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.utils import timezone, translation

from integration.models import Tenant
from sync.explain import explain
from sync.models import Problem, Recipient

log = structlog.get_logger(__name__)

SETTLING = datetime.timedelta(minutes=2)  # a problem that is gone by then is nobody's
WEBHOOK_SECONDS = 10


def send_due() -> int:
    """Mail what opened and what closed since the last time, one mail per tenant and kind. Returns mails sent."""
    now = timezone.now()
    opened = Problem.objects.filter(closed_at=None, told_open_at=None, opened_at__lt=now - SETTLING)
    closed = Problem.objects.filter(closed_at__isnull=False, told_open_at__isnull=False, told_closed_at=None)
    sent = 0
    for kind, column, due in (("opened", "told_open_at", opened), ("closed", "told_closed_at", closed)):
        for tenant in Tenant.objects.filter(pk__in=due.values("tenant_id")):
            mine = _claim(due.filter(tenant=tenant), column, now)
            if mine:
                sent += _mail(tenant, kind, mine)
                _post(tenant, kind, mine)
    return sent


def _claim(due: QuerySet[Problem], column: str, now: datetime.datetime) -> list[Problem]:
    chosen = list(due)
    return [each for each in chosen if Problem.objects.filter(pk=each.pk, **{column: None}).update(**{column: now})]


def digests() -> int:
    """The daily summary for every tenant that has something open. Returns mails sent."""
    sent = 0
    for tenant in Tenant.objects.filter(active=True, problems__closed_at=None).exclude(problems=None).distinct():
        sent += _mail(tenant, "digest", list(tenant.problems.filter(closed_at=None)))
    return sent


def send_test(tenant: Tenant) -> int:
    """A mail to everybody who would be told about the tenant's problems, so that they know it arrives. Mails sent.

    Raises:
        OSError: the mail server does not take it.
    """
    return _mail(tenant, "test", [])


def _mail(tenant: Tenant, kind: str, problems: list[Problem]) -> int:
    recipients = Recipient.objects.filter(tenant=tenant)
    if kind == "digest":
        recipients = recipients.filter(digest=True)
    addresses = list(recipients.values_list("email", flat=True))
    if not addresses:
        return 0
    with translation.override("sv"):
        context = {"tenant": tenant, "kind": kind, "problems": _told(problems), "url": settings.PUBLIC_URL}
        subject = render_to_string("sync/mail/subject.txt", context).strip()
        body = render_to_string("sync/mail/body.txt", context)
    for address in addresses:
        # One mail each: nobody reads who else is told.
        send_mail(subject, body, None, [address])
    log.info("mailed", tenant=tenant.slug, kind=kind, problems=len(problems), recipients=len(addresses))
    return len(addresses)


def _told(problems: Iterable[Problem]) -> list[dict[str, object]]:
    return [{"problem": each, "told": explain(each.cause, each.params, "sv")} for each in problems]


def _post(tenant: Tenant, kind: str, problems: list[Problem]) -> None:
    """Tell the operator's channel (Slack and Teams both take `{"text": …}`); its failure is logged, no more."""
    if not settings.ALERT_WEBHOOK_URL:
        return
    head = {"opened": "Nytt problem", "closed": "Löst"}[kind]
    lines = [f"• {told['told'].title} ({told['problem'].count})" for told in _told(problems)]  # type: ignore[attr-defined]
    try:
        requests.post(
            settings.ALERT_WEBHOOK_URL,
            json={"text": "\n".join([f"{head}: {tenant.name}", *lines])},
            timeout=WEBHOOK_SECONDS,
        ).raise_for_status()
    except requests.RequestException as error:
        log.warning("the operator's channel did not take it", error=type(error).__name__)
