"""Set-up links: made, found, revoked, finished. The token lies in the address alone; the row holds its hash."""

import datetime
import hashlib
import secrets

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from integration import registry
from integration.models import Connection, Tenant
from sync.engine.companies import has_started
from sync.engine.onboarding import add_pipelines
from sync.models import SetupLink
from sync.tasks import tick

VALID = datetime.timedelta(days=7)
TOKEN_BYTES = 32


def make(tenant: Tenant, actor: str, valid: datetime.timedelta = VALID) -> str:
    """A new set-up link for a company, whole, to be sent once and shown nowhere again; older open ones end.

    A company of which nothing was ever read has its pipelines off from now on, until it starts by the link. For one
    that runs, the link is for consenting anew: nothing is switched off and nothing is lost.
    """
    token = secrets.token_urlsafe(TOKEN_BYTES)
    now = timezone.now()
    with transaction.atomic():
        revoke(tenant)
        if not tenant.connections.exists():
            Connection.objects.bulk_create(Connection(tenant=tenant, system=name) for name in sorted(registry.systems))
        add_pipelines(tenant)
        starts = not has_started(tenant)
        if starts:
            tenant.pipelines.update(enabled=False)
        SetupLink.objects.create(
            tenant=tenant, token_hash=_hash(token), starts=starts, created_by=actor[:150], expires_at=now + valid,
        )  # fmt: skip
    return settings.PUBLIC_URL + reverse("setup:start", args=[token])


def open_links(tenant: Tenant) -> "list[SetupLink]":
    """Links that work now and are not finished."""
    rows = SetupLink.objects.filter(tenant=tenant, finished_at=None, revoked_at=None, expires_at__gt=timezone.now())
    return list(rows)


def revoke(tenant: Tenant) -> int:
    """End every link of the company that is not finished; how many there were."""
    rows = SetupLink.objects.filter(tenant=tenant, finished_at=None, revoked_at=None)
    return rows.update(revoked_at=timezone.now())


def find(token: str) -> SetupLink | None:
    """The link with this token, if it works now."""
    now = timezone.now()
    link: SetupLink | None = (
        SetupLink.objects.select_related("tenant")
        .filter(token_hash=_hash(token), revoked_at=None, expires_at__gt=now, tenant__active=True)
        .first()
    )
    if link and link.opened_at is None:
        SetupLink.objects.filter(pk=link.pk, opened_at=None).update(opened_at=now)
    return link


def mends(link: SetupLink, system: str = "") -> bool:
    """Whether access may be given by the link: until it is finished, and again where access is gone (one system's, or
    any one's)."""
    broken = {"system": system} if system else {}
    states = (Connection.State.NEEDS_CONSENT, Connection.State.MISSING_RIGHT)
    return not link.finished_at or link.tenant.connections.filter(state__in=states, **broken).exists()


def finish(link: SetupLink) -> bool:
    """End the link, once; a first set-up switches the pipelines on. True for whoever was first."""
    now = timezone.now()
    with transaction.atomic():
        if not SetupLink.objects.filter(pk=link.pk, finished_at=None).update(finished_at=now):
            return False
        if link.starts:
            link.tenant.pipelines.update(enabled=True, next_pull_at=now)
    transaction.on_commit(tick.delay, robust=True)  # without a broker the beat's tick finds it a little later
    link.finished_at = now
    return True


def actor(link: SetupLink) -> str:
    """The name under which acts by the link are recorded."""
    return f"setup link {link.pk}"


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
