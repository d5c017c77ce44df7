"""One problem per cause: what holds up a tenant, counted and kept in step with the rows; probes find causes gone.

A problem is open as long as something is held up by its cause. It is never written to by those who stop items: it is
read off the rows, so it cannot drift from them.
"""

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db.models import (
    Case,
    Count,
    F,
    Min,
    OuterRef,
    PositiveIntegerField,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.utils import timezone

from integration.models import Connection, Tenant
from sync.engine import states, turns, vain
from sync.engine.states import State
from sync.explain import Explanation, explain, explain_one
from sync.flows.needs import need_connection, need_pipeline
from sync.models import Item, Problem, Transition

PATIENCE = datetime.timedelta(minutes=15)  # what another item or its person usually mends is no problem before
GRACE = datetime.timedelta(seconds=90)  # a probe under way empties a problem for a moment
SAME_AGAIN = datetime.timedelta(hours=6)  # what is back within this is no other problem
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
    """What one cause holds up now. `turns`: as on `Problem`."""

    flow: str
    cause: str
    subject: str
    reason: str
    params: dict[str, Any]
    count: int
    turns: list[str] = field(default_factory=list)

    @property
    def key(self) -> Key:
        return _key(self)

    @property
    def same(self) -> dict[str, str]:
        """What a problem must have to be this one."""
        of = {"flow": self.flow, "subject": self.subject}
        return {**of, "reason": self.reason} if _changes(self) else {**of, "cause": self.cause}


def _key(one: "Held | Problem") -> Key:
    return one.flow, one.reason if _changes(one) else one.cause, one.subject


def _changes(one: "Held | Problem") -> bool:
    """Whether its cause may be another the next minute: a vendor in trouble gives time-outs and refusals in turn."""
    return bool(one.subject) and one.reason == Item.Reason.CLOCK


def held_by(problem: Problem) -> QuerySet[Item]:
    """The items that a problem holds up: acting on it acts on them."""
    if problem.cause == vain.CAUSE:
        return vain.tried(problem.tenant_id).filter(pipeline__flow=problem.flow)
    items: QuerySet[Item] = Item.objects.filter(
        tenant_id=problem.tenant_id, cause=problem.cause, state__in=[State.STOPPED, State.WAITING]
    )
    if problem.flow:
        items = items.filter(pipeline__flow=problem.flow)
    if problem.turns:
        held = [each.need.reference for each in turns.waits(problem.tenant_id, items) if each.need]
        items = items.filter(state=State.WAITING, needs__overlap=held)
    return items


def told_of(problem: Problem, language: str = "") -> Explanation:
    """The problem's explanation, of one of its items where it is about items."""
    params = dict(problem.params)
    if of := params.pop("of", None):
        return explain_one(of, problem.count, problem.cause, params, language)
    system = {} if problem.flow else {"system": problem.subject}
    return explain(problem.cause, {**system, **params}, language)


def refresh(tenant: Tenant) -> None:
    """Bring the tenant's problems in step with its rows: open, count, close."""
    now = timezone.now()
    held = {each.key: each for each in _held(tenant, now)}
    known: dict[Key, Problem] = {}
    for one in Problem.objects.filter(tenant=tenant, closed_at=None).order_by("pk"):
        if known.setdefault(_key(one), one) is not one:  # opened by two at once, each with the cause of its moment
            _close_untold(Problem.objects.filter(pk=one.pk), now)
    for key, each in held.items():
        fields: dict[str, Any] = {"cause": each.cause, "reason": each.reason, "params": each.params}
        fields |= {"count": each.count, "turns": each.turns, "seen_at": now}
        if key in known:
            Problem.objects.filter(pk=known[key].pk).update(**fields)
            continue
        same = {"tenant": tenant, **each.same}
        fields["probe_at"] = now + FIRST_PROBE if each.reason in PROBED else None
        if not _reopen(same, fields):
            Problem.objects.get_or_create(**same, closed_at=None, defaults=fields)
    over = [each for key, each in known.items() if key not in held and each.seen_at < now - GRACE]
    known_to_all = _replaced(tenant, held.values())
    for problem in over:
        if problem.subject in known_to_all and not problem.flow:
            _close_untold(Problem.objects.filter(pk=problem.pk), now)
        elif not _on_their_way(problem):
            Problem.objects.filter(pk=problem.pk).update(closed_at=now, count=0)


def _replaced(tenant: Tenant, held: Iterable[Held]) -> set[str]:
    """Systems whose problem gives way to another, or to a pause: nobody would call that solved."""
    paused = tenant.connections.filter(state=Connection.State.PAUSED).values_list("system", flat=True)
    return {*paused, *(each.subject for each in held if not each.flow)}


def _close_untold(problems: QuerySet[Problem], now: datetime.datetime) -> None:
    """Whoever did that knows it, or is told otherwise."""
    problems.update(closed_at=now, count=0, told_closed_at=now, posted_closed_at=now)


def _on_their_way(problem: Problem) -> bool:
    """Whether something that it held up was set going and has not got through: nobody knows yet that it is over."""
    if problem.cause == vain.CAUSE:
        return vain.go_on(problem)
    moving = Q(state__in=[State.PENDING, State.RUNNING]) | Q(state=State.WAITING, reason=Item.Reason.CLOCK)
    ends = Transition.objects.filter(item=OuterRef("pk"), after__in=[State.STOPPED, State.DONE, State.LEFT_OUT])
    items = Item.objects.filter(moving, tenant_id=problem.tenant_id, pipeline__flow=problem.flow)
    return bool(
        items.annotate(last=Subquery(ends.order_by("-pk").values("cause")[:1])).filter(last=problem.cause).exists()
    )


def _reopen(same: dict[str, Any], fields: dict[str, Any]) -> bool:
    """What was over for a short while is the same problem, told as one.

    Only whoever was told of its end is told that it is back, and then it counts as opened now.
    """
    now = fields["seen_at"]
    latest = Problem.objects.filter(**same, closed_at__gt=now - SAME_AGAIN).order_by("-closed_at").first()
    if latest is None:
        return False
    end_told = Q(told_closed_at__gt=F("closed_at"))
    again: dict[str, Any] = {
        "closed_at": None,
        "opened_at": Case(When(end_told | Q(told_open_at=None), then=Value(now)), default=F("opened_at")),
        "returns": F("returns") + Case(When(end_told, then=1), default=0, output_field=PositiveIntegerField()),
    }
    for how in ("told", "posted"):
        was_told = When(**{f"{how}_closed_at__gt": F("closed_at")}, then=None)
        again |= {f"{how}_open_at": Case(was_told, default=F(f"{how}_open_at")), f"{how}_closed_at": None}
    # Only as it was read: the end may be told at this moment, or another worker may have been faster.
    return bool(Problem.objects.filter(pk=latest.pk, closed_at=latest.closed_at).update(**again, **fields))


def _held(tenant: Tenant, now: datetime.datetime) -> Iterator[Held]:
    stopped = Item.objects.filter(tenant=tenant, state=State.STOPPED)
    yield from _grouped(stopped)
    waiting = Item.objects.filter(tenant=tenant, state=State.WAITING).exclude(reason=Item.Reason.CLOCK)
    waiting = waiting.exclude(needs__overlap=_scope_references(tenant))
    yield from _grouped(waiting.filter(cause__in=PEOPLES_WAITS))
    yield from _hanging(tenant, waiting.exclude(cause__in=PEOPLES_WAITS).filter(waiting_since__lt=now - PATIENCE))
    yield from _tried(tenant)
    for connection in tenant.connections.exclude(state=Connection.State.PAUSED):  # whoever did that knows it
        if not connection.usable or (
            connection.state == Connection.State.DEGRADED and connection.since < now - PATIENCE
        ):
            reason = Item.Reason.AUTH if not connection.usable else Item.Reason.CLOCK
            yield Held("", connection.cause or connection.state, connection.system, reason, connection.params, 0)
    for pipeline in tenant.pipelines.filter(enabled=True):
        if pipeline.paused_cause:
            count = pipeline.items.filter(needs__contains=[need_pipeline(pipeline.flow)]).count()
            yield Held(pipeline.flow, pipeline.paused_cause, "", Item.Reason.CONFIG, pipeline.paused_params, count)
        elif pipeline.failures >= MANY_FAILURES:
            yield Held(pipeline.flow, pipeline.failed_cause, "reading", Item.Reason.CLOCK, pipeline.failed_params, 0)


def _scope_references(tenant: Tenant) -> list[str]:
    """Waiting for these is told once, as the connection's or the pipeline's problem."""
    connections = [need_connection(each.system) for each in tenant.connections.all()]
    return connections + [need_pipeline(each.flow) for each in tenant.pipelines.all()]


def _hanging(tenant: Tenant, waiting: QuerySet[Item]) -> Iterator[Held]:
    """What waits for something that itself needs a person; whatever else waits is nobody's turn and no problem."""
    causes: dict[tuple[str, str], list[turns.Wait]] = {}
    for wait in turns.waits(tenant.pk, waiting):
        if wait.turns:
            causes.setdefault((wait.flow, wait.cause), []).append(wait)
    samples = Item.objects.defer(*turns.WIDE).in_bulk([waits[0].sample for waits in causes.values()])
    for (flow, cause), waits in causes.items():
        needs = [each.need for each in waits if each.need]
        sample = samples.get(waits[0].sample)
        if sample is None:
            continue
        params = {**turns.params_of(sample, turns.needs_of(sample)), "of": turns.of(sample)}
        whose = list(dict.fromkeys(turn for each in waits for turn in each.turns)) if needs else []
        yield Held(flow, cause, "", sample.reason, params, sum(each.count for each in waits), whose)


def _grouped(items: QuerySet[Item]) -> Iterator[Held]:
    rows = items.order_by().values_list("pipeline__flow", "cause", "reason").annotate(n=Count("pk"), first=Min("pk"))
    found = list(rows)
    samples = Item.objects.defer(*turns.WIDE).in_bulk([row[4] for row in found])
    for flow, cause, reason, count, first in found:
        if sample := samples.get(first):
            yield Held(flow, cause, "", reason, {**sample.params, "of": turns.of(sample)}, count)


def _tried(tenant: Tenant) -> Iterator[Held]:
    """What goes on failing while its target is well, as one problem of its flow."""
    for row in vain.by_flow(tenant):
        sample = Item.objects.defer(*turns.WIDE).filter(pk=row["first"]).first()
        if sample is None:
            continue
        params = {"of": turns.of(sample), "times": row["times"], "since": row["since"].isoformat()}
        yield Held(row["pipeline__flow"], vain.CAUSE, "trying", Item.Reason.CLOCK, params, row["count"])


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
    _close_untold(Problem.objects.filter(tenant__active=False, closed_at=None), timezone.now())
