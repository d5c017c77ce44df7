"""Whose turn it is: the cause says so, and where an item waits, whatever holds up what it waits for (I5)."""

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Max, Min, Q, QuerySet

from sync.engine.states import State
from sync.explain import explain
from sync.flows.base import get_flow
from sync.flows.needs import Reference
from sync.models import Item, Pipeline

FIELDS = {"no": "key", "seen": "key", "id": "source_id", "settled": "source_id"}
WIDE = ("record", "sent", "sent_record", "memo", "notes")
MOST = 1000  # different waits of a tenant that are looked into; of further ones only the cause is told
SHOWN = 5  # items named where a text stands for many
HELD = {State.STOPPED, State.LEFT_OUT, State.WAITING}


@dataclass(frozen=True, slots=True)
class Need:
    """A reference that something waits for, with the items that it means.

    `turn`: whose turn it is before it can come true, empty when it does by itself. `name`: as `sync.explain` tells it,
    empty where the reference means no item, such as the next reading.
    """

    reference: str
    flow: str
    kind: str
    wanted: str
    items: tuple[Item, ...] = ()
    turn: str = ""
    name: str = ""


@dataclass(slots=True)
class Wait:
    """Items that wait for the same reason. `need`: the first that hangs on a person, None where all go by themselves.
    `turns`: whose turn it is. `sample`: one of the items. `needs`: what the first few wait for, to find them again.
    """

    flow: str
    cause: str
    need: Need | None
    turns: list[str]
    sample: int
    count: int = 0
    needs: list[list[str]] = field(default_factory=list)

    @property
    def items(self) -> Q:
        """A few of the items, among those that wait."""
        return Q(pipeline__flow=self.flow, cause=self.cause, needs__in=self.needs)


def needs_of(item: Item, references: Iterable[str] | None = None) -> list[Need]:
    """What an item waits for, or would wait for, in its own order. One that is stopped waits for a person."""
    since = item.waiting_since or item.read_at
    own = item.needs if item.state != State.STOPPED else ()
    wanted = dict.fromkeys(own if references is None else references, since)
    return list(resolve(item.tenant_id, wanted).values())


def turns_of(who: str, needs: Iterable[Need]) -> list[str]:
    """Whose turn it is: of the cause itself, then of whatever holds up what is waited for. Empty for nobody's."""
    return list(dict.fromkeys(turn for turn in (who, *(each.turn for each in needs)) if turn))


def waits(tenant_id: int, items: QuerySet[Item], pipelines: Iterable[Pipeline] | None = None) -> list[Wait]:
    """What these items of a tenant wait for, those of one cause and one need together, most of them first.

    `pipelines`: all of the tenant's, by whoever has them already.
    """
    waiting = items.filter(state=State.WAITING).order_by()
    groups = list(
        waiting.values_list("pipeline__flow", "cause", "needs")
        .annotate(count=Count("pk"), sample=Max("pk"), since=Min("waiting_since"), read=Min("read_at"))
        .order_by("-count", "sample")[:MOST]
    )
    wanted: dict[str, datetime.datetime] = {}
    for _flow, _cause, needs, _count, _sample, since, read in groups:
        for reference in needs:
            wanted[reference] = min(wanted.get(reference, since or read), since or read)
    known = resolve(tenant_id, wanted, pipelines)
    found: dict[tuple[str, str, str], Wait] = {}
    for flow, cause, needs, count, sample, *_times in groups:
        need = next((known[each] for each in needs if known[each].turn), None)
        turns = turns_of(explain(cause).who, [need] if need else [])
        key = flow, cause, need.reference if need else ""
        wait = found.setdefault(key, Wait(flow, cause, need, turns, sample))
        wait.count += count
        if len(wait.needs) < SHOWN:
            wait.needs.append(needs)
    if len(groups) == MOST:
        _count_the_rest(found, waiting)
    return sorted(found.values(), key=lambda wait: (not wait.turns, -wait.count))


def _count_the_rest(found: dict[tuple[str, str, str], Wait], waiting: QuerySet[Item]) -> None:
    """What was not looked into is counted by its cause alone."""
    looked: dict[tuple[str, str], int] = {}
    for wait in found.values():
        looked[wait.flow, wait.cause] = looked.get((wait.flow, wait.cause), 0) + wait.count
    rows = waiting.values_list("pipeline__flow", "cause").annotate(count=Count("pk"), sample=Max("pk"))
    for flow, cause, count, sample in rows:
        if more := count - looked.get((flow, cause), 0):
            turns = turns_of(explain(cause).who, [])
            found.setdefault((flow, cause, ""), Wait(flow, cause, None, turns, sample)).count += more


def resolve(
    tenant_id: int, wanted: Mapping[str, datetime.datetime], pipelines: Iterable[Pipeline] | None = None
) -> dict[str, Need]:
    """Each reference with the items it means. `wanted`: since when it is waited for."""
    if not wanted:
        return {}
    if pipelines is None:
        pipelines = Pipeline.objects.filter(tenant_id=tenant_id)
    by_flow = {each.flow: each for each in pipelines}
    by: dict[tuple[int, str], set[str]] = {}
    for reference in wanted:
        flow, kind, what = Reference.parse(reference)
        if kind in FIELDS and flow in by_flow:
            by.setdefault((by_flow[flow].pk, FIELDS[kind]), set()).add(what)
    condition = Q()
    for (pipeline_id, column), values in by.items():
        condition |= Q(pipeline_id=pipeline_id, **{f"{column}__in": values})
    bearers: dict[tuple[int, str, str], list[Item]] = {}
    for item in Item.objects.filter(condition).defer(*WIDE).order_by("pk") if by else ():
        for column in ("key", "source_id"):
            bearers.setdefault((item.pipeline_id, column, getattr(item, column)), []).append(item)
    found = {}
    for reference, since in wanted.items():
        flow, kind, what = Reference.parse(reference)
        pipeline = by_flow.get(flow)
        if pipeline is None:
            found[reference] = Need(reference, flow or kind, kind, what)
            continue
        items = bearers.get((pipeline.pk, FIELDS[kind], what), []) if kind in FIELDS else []
        found[reference] = _need(reference, pipeline, items, since)
    return found


def _need(reference: str, pipeline: Pipeline, items: list[Item], since: datetime.datetime) -> Need:
    flow, kind, what = Reference.parse(reference)
    there = [each for each in items if each.gone_at is None] or items
    state, cause, turn = "", "", ""
    for each in there:
        state, cause = each.state, each.cause
        told = explain(cause, each.params)
        turn = (told.awaited or told.who) if state in HELD and cause else ""
        if state == State.LEFT_OUT and not turn:
            state, cause = "", ""  # only as long as nothing needs it (A2), so not what stands in the way
        if turn:
            break
    if not turn and not pipeline.enabled:
        state, cause, turn = "off", "", "operator"
    elif not there and kind in FIELDS and pipeline.pulled_at and pipeline.pulled_at >= since:
        state, turn = "absent", "site"
    return Need(reference, flow, kind, what, tuple(items), turn, _name(pipeline, kind, what, there, (state, cause)))


def _name(pipeline: Pipeline, kind: str, what: str, items: list[Item], standing: tuple[str, str]) -> str:
    """`kund 1001 Bygg AB (stopped, C4)`, in the shape that `sync.explain` puts into the reader's language."""
    noun = get_flow(pipeline.flow).noun
    if kind not in FIELDS:
        return f"{noun} (off)" if standing[0] == "off" else ""
    shown = str(items[0]) if items else what if FIELDS[kind] == "key" else f"med id {what}"
    why = ", ".join(part for part in standing if part)
    return f"{noun} {shown}" + (f" ({why})" if why else "")


def names(needs: Iterable[Need]) -> list[str]:
    """Those that stand for items, as `sync.explain` tells them."""
    return [each.name for each in needs if each.name]


def of(item: Item) -> list[str]:
    """Number and name of the item that a text for many is told with."""
    return [item.key, item.title or ("" if item.key else item.source_id)]


def params_of(item: Item, needs: Iterable[Need] = (), params: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What the item's cause, or one with these params, is told with: what the item is, what it waits for as of now."""
    params = {"number": item.key, "name": item.title, **(item.params if params is None else params)}
    found = names(needs)
    return {**params, "names": found} if found and "names" in params else params
