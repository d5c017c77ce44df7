"""Figures of the overviews, each in one query whatever the number of companies and items."""

import datetime
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Max, Min, Q, QuerySet
from django.db.models.functions import TruncDate
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import urlencode

from integration.mapping import SWEDEN
from integration.models import Connection, Tenant
from sync.admin.examples import of_problem
from sync.admin.problems import turns_of
from sync.engine.problems import told_of
from sync.engine.turns import WIDE, of
from sync.explain import Explanation, explain, explain_one
from sync.models import WENT_THROUGH, Attempt, Item, Pipeline, Problem
from sync.words import flow_title, whose

DAYS = 30
BACKLOG = {Item.State.PENDING, Item.State.RUNNING, Item.State.WAITING}


@dataclass
class Standing:
    """Where a company's items stand. `oldest`: since when the oldest of the backlog has been under way."""

    stopped: int = 0
    backlog: int = 0
    oldest: datetime.datetime | None = None
    by_flow: dict[tuple[str, str], int] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """One cause of one company. `turns`: whose turn it is; `items`: what it holds up,
    None for what is no item and for what waits; `some`: what a list names a few of, None for what is no item."""

    tenant: Tenant
    flow: str
    told: Explanation
    count: int
    since: datetime.datetime | None
    url: str
    key: str = ""
    cause: str = ""
    turns: Sequence[str] = ()
    items: QuerySet[Item] | None = None
    some: QuerySet[Item] | None = None

    @property
    def who(self) -> str:
        """Whose turn it is, in words."""
        return whose(self.turns)


@dataclass(frozen=True)
class Bar:
    """One day of the chart, in units of its picture."""

    day: datetime.date
    count: int
    x: float
    y: float
    height: float


def standings(pipelines: Iterable[Pipeline]) -> dict[int, Standing]:
    """Tenant id → where the items of these pipelines stand. What changed after its transfer counts although it is gone.

    By pipeline, which is cheaper than a join with a hundred thousand items.
    """
    by_pk = {each.pk: each for each in pipelines}
    there = Q(gone_at=None) | Q(state=Item.State.STOPPED, reason=Item.Reason.CHANGED)
    rows = (
        Item.objects.filter(there, pipeline_id__in=by_pk)
        .order_by()
        .values_list("pipeline_id", "state")
        .annotate(count=Count("*"), oldest=Min("waiting_since"))
    )
    found: dict[int, Standing] = {}
    for pipeline_id, state, count, oldest in rows:
        pipeline = by_pk[pipeline_id]
        standing = found.setdefault(pipeline.tenant_id, Standing())
        standing.by_flow[pipeline.flow, state] = count
        standing.stopped += count if state == Item.State.STOPPED else 0
        if state in BACKLOG:
            standing.backlog += count
            standing.oldest = min((each for each in (standing.oldest, oldest) if each), default=None)
    return found


def held(tenants: list[Tenant], connections: list[Connection], pipelines: list[Pipeline]) -> list[Row]:
    """One row per cause and company, those that need somebody first.

    The open problems, and what was stopped since they were read off the rows.
    """
    by_id = {each.pk: each for each in tenants}
    flow_of = {each.pk: (each.tenant_id, each.flow) for each in pipelines}
    stopped = Item.objects.filter(pipeline_id__in=flow_of, state=Item.State.STOPPED).order_by()
    groups = stopped.values_list("pipeline_id", "cause").annotate(
        count=Count("*"), sample=Max("pk"), since=Min("moved_at")
    )
    by_tenant = [(*flow_of[pipeline_id], *rest) for pipeline_id, *rest in groups]
    counts = {group[:3]: group[3] for group in by_tenant}  # a problem's own count is as old as the last sweep
    rows = []
    known = set()
    for problem in Problem.objects.filter(tenant_id__in=by_id, closed_at=None):
        problem.tenant = by_id[problem.tenant_id]
        key = (problem.tenant_id, problem.flow, problem.cause)
        known.add(key)
        url = reverse("admin:sync_problem_change", args=[problem.pk])
        flow = flow_title(problem.flow) if problem.flow else ""
        problem.count = counts.get(key, problem.count)
        told, some = told_of(problem), of_problem(problem)
        rows.append(
            Row(
                problem.tenant, flow, told, problem.count, problem.opened_at, url, problem.flow, problem.cause,
                turns_of(problem, told), None if problem.turns else some, some,
            )
        )  # fmt: skip
    fresh = [group for group in by_tenant if group[:3] not in known]
    samples = Item.objects.defer(*WIDE).in_bulk([group[4] for group in fresh])
    for tenant_id, flow, cause, count, sample, since in fresh:
        if sample not in samples:
            continue
        tenant, item = by_id[tenant_id], samples[sample]
        url = items_url(tenant=tenant.slug, flow=flow, state=Item.State.STOPPED, cause=cause)
        told = explain_one(of(item), count, cause, item.params)
        same = Item.objects.filter(pipeline_id=item.pipeline_id, state=Item.State.STOPPED, cause=cause)
        rows.append(
            Row(
                tenant,
                flow_title(flow),
                told,
                count,
                since,
                url,
                turns=[told.who] if told.who else [],
                items=same,
                some=same,
            )
        )
    whole = _as_a_whole(by_id, connections, pipelines)
    rows += [row for row in whole if (row.tenant.pk, row.key, row.cause) not in known]
    return sorted(rows, key=lambda row: (not row.turns, -row.count, row.tenant.name.casefold(), row.told.title))


def _as_a_whole(tenants: dict[int, Tenant], connections: list[Connection], pipelines: list[Pipeline]) -> Iterator[Row]:
    """Connections that are shut, but not by a person who paused them, and pipelines that are held up."""
    for each in connections:
        if not each.usable and each.state != Connection.State.PAUSED:
            told = explain(each.cause or each.state, {"system": each.system, **each.params})
            url = reverse("admin:integration_connection_change", args=[each.pk])
            tenant, cause = tenants[each.tenant_id], each.cause or each.state
            yield Row(tenant, "", told, 0, each.since, url, "", cause, turns=[told.who] if told.who else [])
    for held_up in pipelines:
        if not held_up.enabled or not held_up.paused_cause:
            continue
        told, cause = explain(held_up.paused_cause, held_up.paused_params), held_up.paused_cause
        url = reverse("admin:sync_pipeline_change", args=[held_up.pk])
        tenant, flow = tenants[held_up.tenant_id], held_up.flow
        turns = [told.who] if told.who else []
        yield Row(tenant, flow_title(flow), told, 0, held_up.paused_since, url, flow, cause, turns=turns)


def sent_per_day(tenant_ids: Iterable[int] | None) -> dict[tuple[int, datetime.date], int]:
    """(tenant id, Swedish day) → writes that went through, of the last days; of all companies for None."""
    first = timezone.localdate() - datetime.timedelta(days=DAYS - 1)
    start = datetime.datetime.combine(first, datetime.time.min, SWEDEN)
    attempts = Attempt.objects.filter(WENT_THROUGH, started_at__gte=start)
    if tenant_ids is not None:
        attempts = attempts.filter(tenant_id__in=list(tenant_ids))
    rows = attempts.order_by().values_list("tenant_id", TruncDate("started_at", tzinfo=SWEDEN))
    return {(tenant, day): count for tenant, day, count in rows.annotate(count=Count("pk"))}


def chart(per_day: dict[datetime.date, int]) -> dict[str, Any]:
    """A bar per day of the last thirty; empty when nothing was sent in them. The picture is 720 by 160 units."""
    today = timezone.localdate()
    days = [today - datetime.timedelta(days=back) for back in reversed(range(DAYS))]
    most = max((per_day.get(day, 0) for day in days), default=0)
    if not most:
        return {}
    bars = []
    for index, day in enumerate(days):
        count = per_day.get(day, 0)
        height = max(round(130 * count / most, 1), 2) if count else 0
        bars.append(Bar(day, count, 24 * index + 4, 140 - height, height))
    marks = [{"x": bar.x + 8, "text": date_format(bar.day, "j/n")} for bar in bars[::-7]]
    return {"bars": bars, "most": most, "total": sum(bar.count for bar in bars), "marks": marks}


def items_url(**filters: str) -> str:
    """The list of items, filtered."""
    return f"{reverse('admin:sync_item_changelist')}?{urlencode(filters)}"
