"""What would be sent for an item now: the rules and the target's words, without a trace.

`preview` asks nobody; `dry_run` also reads what lies in the target and tells what would become of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from integration.errors import InvalidRecord, Waiting
from integration.records import OutdatedRecord, dump, load
from integration.systems.base import Found, Payload, Writer
from sync.engine.access import Systems
from sync.engine.desk import ItemDesk
from sync.engine.push import perhaps_written, plain, shown
from sync.models import Item

PATIENCE = 5.0  # seconds that a person waits for a throttle


@dataclass(frozen=True, slots=True)
class Preview:
    """Fields as they would be kept on the item, those that only a creation sends, and the remarks."""

    fields: dict[str, Any]
    on_create: dict[str, Any] = field(default_factory=dict)
    notes: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a push would do now.

    `operation`: create, update, adopt (it is there already and would be taken for this one), or none. `number`: of
    the object that lies in the target. `before`: its fields; `after`: as they would be; `changes`: those that would be
    sent. `asked`: False where the target cannot be asked, so `before` is what was last sent.
    """

    operation: str
    number: str
    before: dict[str, Any]
    after: dict[str, Any]
    changes: dict[str, Any]
    notes: list[dict[str, Any]]
    asked: bool = True


class _Desk(ItemDesk):
    """A desk that makes nothing: no joined document, no signed address."""

    def document_url(self, joined: Sequence[str] = ()) -> str:
        return "…"


@dataclass(frozen=True, slots=True)
class _LaidOut:
    """A record after the rules, in the target's words, with whoever would write it."""

    prepared: Any
    payload: Payload
    writer: Writer[Any]
    desk: _Desk

    @property
    def notes(self) -> list[dict[str, Any]]:
        return [*self.desk.notes, *(dump(note) for note in self.payload.notes)]


def _lay_out(item: Item, systems: Systems) -> _LaidOut:
    if item.record is None:
        raise InvalidRecord("data.unreadable", **item.params)
    flow = item.pipeline.rules
    try:
        record: Any = load(item.record, flow.reads)
    except OutdatedRecord:
        raise Waiting("data.outdated", needs=[]) from None
    desk = _Desk(item)
    prepared = flow.prepare(record, desk)
    writer = systems.writer(item.pipeline.target, flow.writes)
    return _LaidOut(prepared, writer.payload(prepared), writer, desk)


def preview(item: Item) -> Preview:
    """What would be sent now, whether or not it has been sent before. Asks nobody.

    Raises:
        Fault: a rule stands in the way; its explanation says which.
    """
    laid = _lay_out(item, Systems(item.tenant))
    return Preview(shown(laid.payload), shown(laid.payload, laid.payload.on_create), laid.notes)


def dry_run(item: Item, systems: Systems | None = None) -> DryRun:
    """What a push would send now, field by field against what lies in the target. Reads there, writes nothing.

    Raises:
        Fault: a rule stands in the way, or the target cannot be reached.
    """
    flow = item.pipeline.rules
    laid = _lay_out(item, systems or Systems(item.tenant, patience=PATIENCE))
    wanted = shown(laid.payload)
    found, asked = _look_up(item, laid)
    if found is None:
        after = {**wanted, **shown(laid.payload, laid.payload.on_create)}
        after = {name: value for name, value in after.items() if value != ""}
        return DryRun("create", "", {}, after, after, laid.notes, asked)
    if not item.target_id and (not item.intent_at or flow.later_changes == "update"):
        flow.adopt(laid.prepared, found, laid.desk)
    before = {name: value for name, value in plain(found.fields).items() if name in wanted}
    number = found.label or found.target_id
    operation = "none" if item.target_id else "adopt"
    if flow.later_changes == "show":  # transferred once and for all (I3)
        return DryRun(operation, number, before, before, {}, laid.notes, asked)
    # G4: only what changed since the last write; of an object that somebody else made, what it says otherwise.
    base, lost = (item.sent or {}) if item.target_id else before, perhaps_written(item)
    changed = {
        name: laid.payload.fields[name]
        for name in wanted
        if ((item.target_id and name in lost) or not laid.writer.same(name, wanted[name], base.get(name, "")))
        and (item.target_id or wanted[name] != "" or name in lost)
    }  # what the source leaves empty is no wish to clear what is filled in over there already (G4)
    allowed = shown(laid.payload, flow.allowed(changed, laid.desk)) if changed else {}
    after = {**before, **allowed}
    return DryRun("update" if allowed else operation, number, before, after, allowed, laid.notes, asked)


def _look_up(item: Item, laid: _LaidOut) -> tuple[Found | None, bool]:
    """The object in the target, and whether the target could be asked for it."""
    if laid.writer.look_first:
        return (laid.writer.get(item.target_id) if item.target_id else laid.writer.find(laid.prepared)), True
    if item.target_id:
        return Found(item.target_id, item.sent or {}, item.target_label), False
    return None, False
