"""What the engine lays out for a flow: look-ups in the items of the same tenant, settings, mapped values, documents."""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from django.db.models import Count, F, Q
from django.utils import timezone

from integration.mapping import SWEDEN
from integration.models import Connection, ValueMap
from integration.records import Note, dump
from sync import documents
from sync.flows.base import Peer
from sync.flows.needs import Reference
from sync.models import Document, Item, Pipeline


def peer(item: Item) -> Peer:
    """An item as far as a rule may look at it."""
    return Peer(
        item.source_id, item.key, item.title, item.state, item.cause, item.target_id, item.target_key,
        item.record or {},
    )  # fmt: skip


class ItemDesk:
    """The desk for one item (`sync.flows.base.Desk`).

    `maybe_there`: it may lie in the target although no answer said so, and is judged as if it did (S2: what was sent
    stays in step) until that is known.
    """

    def __init__(self, item: Item, *, maybe_there: bool | None = None) -> None:
        self.item = item
        self.maybe_there = item.intent_at is not None if maybe_there is None else maybe_there
        self.notes: list[dict[str, Any]] = []
        self.again_at: datetime.datetime | None = None

    @property
    def go_live(self) -> datetime.date:
        return self.item.tenant.go_live

    @property
    def today(self) -> datetime.date:
        return timezone.localdate()

    @property
    def target_id(self) -> str:
        return self.item.target_id or ("?" if self.maybe_there else "")

    def setting(self, name: str) -> Any:
        return self.item.pipeline.setting(name)

    @cached_property
    def _values(self) -> dict[tuple[str, str], str]:
        rows = ValueMap.objects.filter(tenant_id=self.item.tenant_id)
        return {(row.kind, row.source): row.target for row in rows}

    def value(self, kind: str, source: str, default: str = "") -> str:
        return self._values.get((kind, source), default)

    def _items(self, flow: str) -> Any:
        return Item.objects.filter(tenant_id=self.item.tenant_id, pipeline__flow=flow)

    def by_key(self, flow: str, key: str) -> Sequence[Peer]:
        return [peer(each) for each in self._items(flow).filter(key=key, gone_at=None).order_by("pk")]

    def by_id(self, flow: str, source_id: str) -> Peer | None:
        found = self._items(flow).filter(source_id=source_id).first()
        return peer(found) if found else None

    def pulled_since_change(self, flow: str) -> bool:
        pipeline = Pipeline.objects.filter(tenant_id=self.item.tenant_id, flow=flow).first()
        return pipeline is None or _read_whole(pipeline, self.item.read_at)

    def needed(self) -> bool:
        waiting = Item.objects.filter(tenant_id=self.item.tenant_id, state=Item.State.WAITING)
        return bool(waiting.filter(needs__overlap=self.item.references).exists())

    def document_type(self, source_id: str) -> str:
        kept = Document.objects.filter(
            item__pipeline_id=self.item.pipeline_id, item__source_id=source_id, kind=Document.Kind.ORIGINAL
        ).first()
        return kept.content_type if kept else ""

    def document_url(self, joined: Sequence[str] = ()) -> str:
        kept = Document.objects.filter(item__pipeline_id=self.item.pipeline_id, kind=Document.Kind.ORIGINAL)
        if joined and (len(joined) > 1 or self.document_type(joined[0]) != documents.PDF):
            parts = list(kept.filter(item__source_id__in=joined).order_by("item_id"))
            return documents.signed_url(documents.join(self.item, parts))
        return documents.signed_url(kept.get(item=self.item))

    def look_again(self, day: datetime.date) -> None:
        self.again_at = datetime.datetime.combine(day, datetime.time.min, SWEDEN)

    def note(self, note: Note) -> None:
        self.notes.append(dump(note))


def all_true(tenant_id: int, needs: Mapping[str, datetime.datetime]) -> list[str]:
    """Those of many references that came true, by few questions (they may have come between looking and waiting).

    Args:
        needs: each reference with the time since which it is waited for.
    """
    true: list[str] = []
    of_items: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for reference, since in needs.items():
        wanted = Reference.parse(reference)
        if wanted.kind == "single" or wanted.kind in _SATISFIES:
            of_items[wanted.flow, wanted.kind][wanted.value] = reference
        elif _happened(tenant_id, wanted, since):
            true.append(reference)
    for (flow, kind), by_value in of_items.items():
        if kind == "single":
            true += [by_value[value] for value in by_value.keys() - _doubles(tenant_id, flow, by_value)]
            continue
        column, condition = _SATISFIES[kind]
        found = Item.objects.filter(
            condition, tenant_id=tenant_id, pipeline__flow=flow, **{f"{column}__in": list(by_value)}
        )
        true += [by_value[value] for value in set(found.values_list(column, flat=True))]
    return true


def _doubles(tenant_id: int, flow: str, numbers: Iterable[str]) -> set[str]:
    """Those of the numbers that several records bear (G3)."""
    bearers = Item.objects.filter(tenant_id=tenant_id, pipeline__flow=flow, key__in=list(numbers), gone_at=None)
    counted = bearers.values("key").annotate(bearers=Count("pk")).filter(bearers__gt=1)
    return set(counted.values_list("key", flat=True))


def _read_whole(pipeline: Pipeline, since: datetime.datetime) -> bool:
    whole = pipeline.cursor.get("full_at")
    return whole is not None and since <= datetime.datetime.fromisoformat(whole) <= timezone.now()


_ENDED = [Item.State.DONE, Item.State.LEFT_OUT, Item.State.STOPPED]
_THERE = ~Q(target_id="") & Q(target_key=F("key"))
_SATISFIES: dict[str, tuple[str, Q]] = {
    "no": ("key", _THERE),
    "id": ("source_id", _THERE),
    "seen": ("key", Q(gone_at=None)),
    "settled": ("source_id", Q(state__in=_ENDED)),
}


def _happened(tenant_id: int, wanted: Reference, since: datetime.datetime) -> bool:
    if wanted.kind == "connection":
        return any(each.usable for each in Connection.objects.filter(tenant_id=tenant_id, system=wanted.value))
    if wanted.kind == "pipeline":
        return Pipeline.objects.filter(tenant_id=tenant_id, flow=wanted.value, paused_cause="").exists()
    if wanted.kind == "document":
        return Document.objects.filter(tenant_id=tenant_id, item_id=wanted.value, fetched=F("address")).exists()
    pipelines = Pipeline.objects.filter(tenant_id=tenant_id, flow=wanted.flow)
    return any(_read_whole(each, since) for each in pipelines)  # "pull"
