"""What would be sent for an item now: the rules and the target's words, without network and without a trace."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from integration.errors import InvalidRecord
from integration.records import dump, load
from sync.engine.access import Systems
from sync.engine.desk import ItemDesk
from sync.engine.push import shown
from sync.models import Item


@dataclass(frozen=True, slots=True)
class Preview:
    """Fields as they would be kept on the item, those that only a creation sends, and the remarks."""

    fields: dict[str, Any]
    on_create: dict[str, Any] = field(default_factory=dict)
    notes: list[dict[str, Any]] = field(default_factory=list)


class _Desk(ItemDesk):
    """A desk that makes nothing: no joined document, no signed address."""

    def document_url(self, joined: Sequence[str] = ()) -> str:
        return "…"


def preview(item: Item) -> Preview:
    """What would be sent now, whether or not it has been sent before.

    Raises:
        Fault: a rule stands in the way; its explanation says which.
    """
    if item.record is None:
        raise InvalidRecord("data.unreadable", **item.params)
    flow = item.pipeline.rules
    desk = _Desk(item)
    prepared = flow.prepare(load(item.record, flow.reads), desk)
    payload = Systems(item.tenant).writer(item.pipeline.target, flow.writes).payload(prepared)
    notes = [*desk.notes, *(dump(note) for note in payload.notes)]
    return Preview(shown(payload), shown(payload, payload.on_create), notes)
