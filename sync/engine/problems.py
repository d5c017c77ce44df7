"""One problem per cause: what holds up a tenant, counted and kept in step with the rows; probes find causes gone.

A problem is open as long as something is held up by its cause. It is never written to by those who stop items: it is
read off the rows, so it cannot drift from them.
"""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Min, QuerySet
from django.utils import timezone

from integration.models import Connection, Tenant
from sync.engine import states
from sync.engine.states import State
from sync.models import Item, Problem

PATIENCE = datetime.timedelta(minutes=15)  # what the clock or another item usually mends is no problem before
GRACE = datetime.timedelta(seconds=90)  # a probe under way empties a problem for a moment
FIRST_PROBE = datetime.timedelta(minutes=15)
LONGEST_PROBE = datetime.timedelta(hours=6)
MANY_FAILURES = 5
# Waiting that somebody must end: nothing else of ours will.
PEOPLES_WAITS = {"I5.absence", "I5.order", "S3.unknown_project"}
# Reasons that go away over there without our source changing: a period is unlocked, an account is opened.
PROBED = {Item.Reason.REJECTED, Item.Reason.CONFIG}

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Held:
    """What one cause holds up now."""

    flow: str
    cause: str
    subject: str
    reason: str
    params: dict[str, Any]
    count: int

    @property
    def key(self) -> Key:
        return self.flow, self.cause, self.subject


def held_by(problem: Problem) -> QuerySet[Item]:
    """The items that a problem holds up: acting on it acts on them."""
    items: QuerySet[Item] = Item.objects.filter(
        tenant_id=problem.tenant_id, cause=problem.cause, state__in=[State.STOPPED, State.WAITING]
    )
    return items.filter(pipeline__flow=problem.flow) if problem.flow else items


def refresh(tenant: Tenant) -> None:
    """Bring the tenant's problems in step with its rows: open, count, close."""
    now = timezone.now()
    held = {each.key: each for each in _held(tenant, now)}
    known = {(p.flow, p.cause, p.subject): p for p in Problem.objects.filter(tenant=tenant, closed_at=None)}
    for key, each in held.items():
        fields = {"count": each.count, "params": each.params, "reason": each.reason, "seen_at": now}
        if key in known:
            Problem.objects.filter(pk=known[key].pk).update(**fields)
        else:
            Problem.objects.get_or_create(
                tenant=tenant, flow=each.flow, cause=each.cause, subject=each.subject, closed_at=None,
                defaults={**fields, "probe_at": now + FIRST_PROBE if each.reason in PROBED else None},
            )  # fmt: skip
    over = [problem.pk for key, problem in known.items() if key not in held and problem.seen_at < now - GRACE]
    Problem.objects.filter(pk__in=over).update(closed_at=now, count=0)


def _held(tenant: Tenant, now: datetime.datetime) -> Iterator[Held]:
    stopped = Item.objects.filter(tenant=tenant, state=State.STOPPED)
    yield from _grouped(stopped)
    waiting = Item.objects.filter(tenant=tenant, state=State.WAITING).exclude(reason=Item.Reason.CLOCK)
    waiting = waiting.exclude(needs__overlap=_scope_references(tenant))
    yield from _grouped(waiting.filter(cause__in=PEOPLES_WAITS))
    yield from _grouped(waiting.exclude(cause__in=PEOPLES_WAITS).filter(moved_at__lt=now - PATIENCE))
    for connection in tenant.connections.all():
        if not connection.usable or (
            connection.state == Connection.State.DEGRADED and connection.since < now - PATIENCE
        ):
            reason = Item.Reason.AUTH if not connection.usable else Item.Reason.CLOCK
            yield Held("", connection.cause or connection.state, connection.system, reason, connection.params, 0)
    for pipeline in tenant.pipelines.filter(enabled=True):
        if pipeline.paused_cause:
            count = pipeline.items.filter(needs__contains=[f"pipeline:{pipeline.flow}"]).count()
            yield Held(pipeline.flow, pipeline.paused_cause, "", Item.Reason.CONFIG, pipeline.paused_params, count)
        elif pipeline.failures >= MANY_FAILURES:
            yield Held(pipeline.flow, pipeline.failed_cause, "reading", Item.Reason.CLOCK, pipeline.failed_params, 0)


def _scope_references(tenant: Tenant) -> list[str]:
    """Waiting for these is told once, as the connection's or the pipeline's problem."""
    connections = [f"connection:{each.system}" for each in tenant.connections.all()]
    return connections + [f"pipeline:{each.flow}" for each in tenant.pipelines.all()]


def _grouped(items: QuerySet[Item]) -> Iterator[Held]:
    rows = items.order_by().values_list("pipeline__flow", "cause", "reason").annotate(n=Count("pk"), first=Min("pk"))
    found = list(rows)
    params = dict(Item.objects.filter(pk__in=[row[4] for row in found]).values_list("pk", "params"))
    for flow, cause, reason, count, first in found:
        yield Held(flow, cause, "", reason, params.get(first, {}), count)


def due_probes() -> list[tuple[int, str, int]]:
    """For problems whose cause may be gone: one item each to try, later each time it was in vain.

    Returns:
        Item id, flow key and tenant id of each.
    """
    now = timezone.now()
    chosen = []
    for problem in Problem.objects.filter(closed_at=None, probe_at__lte=now):
        span = min(FIRST_PROBE * 2 ** min(problem.probes + 1, 10), LONGEST_PROBE)
        mine = Problem.objects.filter(pk=problem.pk, probe_at=problem.probe_at)
        if not mine.update(probe_at=now + span, probes=F("probes") + 1):
            continue
        first = held_by(problem).filter(state=State.STOPPED).order_by("moved_at", "pk").values_list("pk", flat=True)[:1]
        if first and states.wake(Item.objects.filter(pk__in=list(first)), note="is the cause gone?"):
            chosen.append((first[0], problem.flow, problem.tenant_id))
    return chosen


def cause_gone(item: Item) -> int:
    """An item got through: if it was stopped by a cause that stopped others too, they go. Returns how many."""
    open_causes = set(
        Problem.objects.filter(
            tenant_id=item.tenant_id, flow=item.pipeline.flow, closed_at=None, reason__in=PROBED
        ).values_list("cause", flat=True)
    )  # fmt: skip
    if not open_causes:
        return 0
    last = item.transitions.exclude(after__in=[State.DONE, State.PENDING, State.WAITING]).first()
    if last is None or last.after != State.STOPPED or last.cause not in open_causes:
        return 0
    stopped = Item.objects.filter(pipeline_id=item.pipeline_id, cause=last.cause, state=State.STOPPED)
    return states.wake(stopped, note=f"the cause is gone, this got through: {item}")


def refresh_all() -> None:
    """Every tenant's problems, and those of tenants switched off closed."""
    for tenant in Tenant.objects.filter(active=True).prefetch_related("connections", "pipelines"):
        refresh(tenant)
    Problem.objects.filter(tenant__active=False, closed_at=None).update(closed_at=timezone.now())
