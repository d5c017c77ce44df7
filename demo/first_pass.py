"""The first pass: everything is made due, the worker's tasks do it, and here it is only watched by counting rows."""

import datetime
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from django.db.models import Count, Max, Q
from django.utils import timezone

from integration.models import Connection, Tenant
from sync import tasks
from sync.models import Item, Pipeline, Transition

SOON = datetime.timedelta(seconds=90)  # what the clock brings back by then is waited for
QUIET = 2  # looks in a row that find nothing to do
LOOK_EVERY = 0.4  # seconds
STUCK = 150.0  # seconds without anything moving
LOOKS = 20  # at what has settled; the last one counts although something moved

Seen = TypeVar("Seen")

State = Item.State


@dataclass(frozen=True)
class Progress:
    """How far one flow of a tenant is. `total` is 0 until its source was read."""

    tenant: str
    flow: str
    settled: int
    total: int


def begin() -> datetime.datetime:
    """Make every pipeline due now, as if its time had come, and let a tick look at once."""
    started = timezone.now()
    Pipeline.objects.filter(enabled=True, tenant__active=True).update(next_pull_at=started)
    tasks.tick.delay()
    return started


def watch(started: datetime.datetime, show: Callable[[list[Progress]], None], still_well: Callable[[], None]) -> bool:
    """Look until everything that began has settled.

    Args:
        show: told where every flow stands, again and again.
        still_well: raises when a process has ended.

    Returns:
        False when nothing moved for too long.
    """
    quiet, last, moved = 0, None, time.monotonic()
    while quiet < QUIET:
        still_well()
        now = progress()
        show(now)
        why = unsettled(started)
        quiet = 0 if why else quiet + 1
        if now != last:
            last, moved = now, time.monotonic()
        elif time.monotonic() - moved > STUCK:
            return False
        time.sleep(LOOK_EVERY)
    return True


def at_rest(
    started: datetime.datetime,
    show: Callable[[list[Progress]], None],
    still_well: Callable[[], None],
    look: Callable[[], Seen],
) -> tuple[bool, Seen]:
    """Watch until everything has settled, then look at it while nothing moves.

    The service goes on meanwhile: whatever its sweep sets going just then would be seen halfway.

    Args:
        started, show, still_well: as for `watch`.
        look: what is done at rest; done again when something moved meanwhile.

    Returns:
        Whether everything settled, and what the look gave.
    """
    for _ in range(LOOKS):
        settled, before = watch(started, show, still_well), _last_move()
        seen = look()
        if not settled or (not unsettled(started) and _last_move() == before):
            break
    return settled, seen


def _last_move() -> int:
    return Transition.objects.aggregate(last=Max("pk"))["last"] or 0


def progress() -> list[Progress]:
    """Where every flow of every tenant stands."""
    busy = Q(items__state__in=[State.PENDING, State.RUNNING]) | _coming_back("items__")
    counted = (
        Pipeline.objects.filter(enabled=True, tenant__active=True)
        .annotate(total=Count("items"), busy=Count("items", filter=busy))
        .order_by("tenant__slug")
        .select_related("tenant")
    )
    rows = sorted(counted, key=lambda each: (each.tenant.slug, each.rules.rank))
    return [Progress(each.tenant.slug, each.flow, each.total - each.busy, each.total) for each in rows]


def unsettled(started: datetime.datetime) -> str:
    """What is still under way, for people; empty when nothing is."""
    pipelines = Pipeline.objects.filter(enabled=True, tenant__active=True)
    unread = pipelines.filter(Q(pulled_at=None) | Q(pulled_at__lt=started)).filter(paused_cause="")
    waits = [f"{each} is not read yet" for each in unread.select_related("tenant") if not _closed(each)]
    if waits:
        return waits[0]
    items = Item.objects.filter(tenant__active=True, pipeline__enabled=True)
    for busy in (Q(state__in=[State.PENDING, State.RUNNING]), _coming_back(""), _wants_a_reading()):
        if item := items.filter(busy).select_related("pipeline__tenant").first():
            return f"{item.pipeline}: {item} is {item.state} {item.cause}".rstrip()
    return ""


def _coming_back(prefix: str) -> Q:
    """Waiting for the clock, and not for long."""
    return Q(**{f"{prefix}state": State.WAITING, f"{prefix}not_before__lte": timezone.now() + SOON})


def _wants_a_reading() -> Q:
    """Waiting for a source to be read anew, or for the target to fetch a document: both come within seconds."""
    own = [f"{each.flow}:pull" for each in Pipeline.objects.filter(enabled=True)]
    return Q(state=State.WAITING) & (Q(needs__overlap=own) | Q(cause="S6.not_fetched"))


def _closed(pipeline: Pipeline) -> bool:
    """Its source lets nobody in: a person's turn, not the pass's."""
    shut = [Connection.State.NEEDS_CONSENT, Connection.State.MISSING_RIGHT, Connection.State.PAUSED]
    return Connection.objects.filter(tenant_id=pipeline.tenant_id, system=pipeline.source, state__in=shut).exists()


def tenants() -> list[Tenant]:
    """The companies of the demo, in order."""
    return list(Tenant.objects.filter(active=True).order_by("slug"))
