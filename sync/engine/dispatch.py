"""Dispatch: which pulls and items are due now. Rows decide; the queue only holds ids that say "look".

Each tenant has at most one throttle window of items in the queue, topped up as they finish, so that a backlog of
thousands neither floods the broker nor delays another tenant (principle 10).
"""

import datetime
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db.models import (
    Case,
    DateTimeField,
    ExpressionWrapper,
    F,
    IntegerField,
    Q,
    QuerySet,
    Value,
    When,
)
from django.utils import timezone

from sync import documents
from sync.engine import states
from sync.engine.access import PROBE_EVERY, resume
from sync.engine.desk import all_true
from sync.engine.doors import reading, sending
from sync.engine.pull import free
from sync.engine.push import look_again, nudge
from sync.engine.states import State
from sync.flows.base import flows
from sync.flows.needs import need_pipeline
from sync.models import Item, Pipeline

WINDOW = 25  # items of one tenant in the queue or in work: one Fortnox throttle window
QUEUED = datetime.timedelta(seconds=60)  # after which a message counts as lost
LOOKED_AT = 200  # waiting items whose needs are nudged in one sweep
UNHEARD = datetime.timedelta(seconds=30)  # after which whoever should have woken a waiting item is taken to have died
SECOND = datetime.timedelta(seconds=1)
PULL_QUEUED = datetime.timedelta(seconds=60)


def due_pulls() -> Iterator[Pipeline]:
    """Pipelines to read now; each is handed out once a minute at most, and not while its source is out of reach."""
    now = timezone.now()
    far = ExpressionWrapper(Value(now + states.AHEAD) + F("cadence") * SECOND, DateTimeField())
    due = reading().filter(free(now), Q(next_pull_at__lte=now) | Q(next_pull_at__gt=far))
    for pipeline in due.order_by("next_pull_at"):
        mine = Pipeline.objects.filter(pk=pipeline.pk, next_pull_at=pipeline.next_pull_at)
        if mine.update(next_pull_at=now + PULL_QUEUED):
            yield pipeline


def tenants_with_work() -> list[int]:
    """Ids of tenants that have an item due."""
    now = timezone.now()
    due = Item.objects.filter(states.claimable(now), tenant__active=True)
    return list(due.order_by().values_list("tenant_id", flat=True).distinct())


def due_items(tenant_id: int) -> QuerySet[Item]:
    """What may be sent for a tenant now, in the order of the flows."""
    open_ = list(sending().filter(tenant_id=tenant_id, paused_cause="").values_list("pk", flat=True))
    return Item.objects.filter(states.claimable(timezone.now()), tenant_id=tenant_id, pipeline__in=open_)


def take(tenant_id: int, *, only: int = WINDOW) -> list[tuple[int, str]]:
    """Items to enqueue for a tenant: as many as its window has room for.

    Returns:
        Pairs of item id and flow key.
    """
    now = timezone.now()
    queued = Q(queued_until__gt=now, queued_until__lte=now + states.AHEAD)
    running = Q(state=State.RUNNING, lease_until__gte=now, lease_until__lte=now + states.AHEAD)
    busy = Item.objects.filter(queued | running, tenant_id=tenant_id)
    room = min(only, WINDOW - busy.count())
    if room <= 0:
        return []
    waiting = due_items(tenant_id).filter(Q(queued_until=None) | ~queued)
    chosen = list(waiting.order_by(*order()).values_list("pk", "pipeline__flow", "queued_until")[:room])
    taken = []
    for pk, flow, until in chosen:
        mine = Item.objects.filter(pk=pk, queued_until=until)
        if mine.update(queued_until=now + QUEUED):
            taken.append((pk, flow))
    return taken


def hold(item_id: int, seconds: float) -> None:
    """Its message comes back by itself after so many seconds: nobody else needs to enqueue it."""
    until = timezone.now() + datetime.timedelta(seconds=seconds) + QUEUED
    Item.objects.filter(pk=item_id, state=State.WAITING).update(queued_until=until)


def order() -> tuple[Case, F]:
    """Customers and projects before the invoices that need them, then first come, first served."""
    ranks = [When(pipeline__flow=each.key, then=Value(each.rank)) for each in flows()]
    return Case(*ranks, default=Value(99), output_field=IntegerField()), F("pk")


@dataclass
class Swept:
    """What a sweep found: counts by kind, and items to try as probes (id, flow key, tenant id)."""

    counts: dict[str, int] = field(default_factory=dict)
    probes: list[tuple[int, str, int]] = field(default_factory=list)


def sweep() -> Swept:
    """Find what nobody would look at any more and set it going."""
    now = timezone.now()
    swept = Swept()
    swept.counts["expired leases"] = states.free(now)
    swept.probes = probes()
    swept.counts["addresses expired"] = states.wake(_told_in_vain(now), note="its address has expired")
    quiet = Q(moved_at__lt=now - UNHEARD) | Q(moved_at__gt=now)  # ahead: written while a clock was wrong
    held = Item.objects.filter(quiet, state__in=states.HANGING).exclude(needs=[])
    swept.counts["needs come true"] = _come_true(held)
    for item in held.filter(state=State.WAITING).order_by("?")[:LOOKED_AT]:
        nudge(item)  # whoever did not hear it the first time
        look_again(item)
    return swept


def _come_true(held: QuerySet[Item]) -> int:
    """Wake-ups that were lost are made up for: every need is judged once, however many wait for it."""
    needs: dict[int, dict[str, datetime.datetime]] = defaultdict(dict)
    rows = held.values_list("tenant_id", "needs", "read_at")
    for tenant_id, references, since in rows.iterator():
        for reference in references:
            needs[tenant_id][reference] = min(since, needs[tenant_id].get(reference, since))
    return sum(states.fulfil(tenant_id, all_true(tenant_id, of_tenant)) for tenant_id, of_tenant in needs.items())


def _told_in_vain(now: datetime.datetime) -> QuerySet[Item]:
    """Documents that the target has not fetched while it could: they get a new address (S6)."""
    expired = now - documents.VALID_FOR - UNHEARD  # whoever began at the last moment is through by now
    return Item.objects.filter(state=State.WAITING, cause="S6.not_fetched", intent_at__lt=expired)


def probes(**of: Any) -> list[tuple[int, str, int]]:
    """One item of each held-up pipeline whose turn it is to be tried again: id, flow key, tenant id."""
    now = timezone.now()
    held = Pipeline.objects.exclude(paused_cause="").filter(enabled=True, tenant__active=True, probe_at__lte=now, **of)
    return [probe for pipeline in held for probe in _probe(pipeline, now)]


def _probe(pipeline: Pipeline, now: datetime.datetime) -> list[tuple[int, str, int]]:
    """Let one item of a held-up pipeline try whether the cause is gone; without one, the next reading will tell."""
    waiting = pipeline.items.filter(needs__contains=[need_pipeline(pipeline.flow)], state=State.WAITING)
    first = waiting.order_by("pk").values_list("pk", flat=True).first()
    Pipeline.objects.filter(pk=pipeline.pk).update(probe_at=now + PROBE_EVERY)
    if first is None:
        resume(pipeline)
        return []
    Item.objects.filter(pk=first, state=State.WAITING).update(not_before=now)
    return [(first, pipeline.flow, pipeline.tenant_id)]
