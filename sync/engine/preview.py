"""What would be sent for an item now: the rules and the target's words, without a trace.

`preview` asks nobody; `dry_run` also reads what lies in the target and tells what would become of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from integration.errors import InvalidRecord, Skip, Waiting
from integration.records import OutdatedRecord, dump, load
from integration.systems.base import Found, Payload, Writer
from sync.engine.access import PATIENCE, Systems
from sync.engine.desk import ItemDesk
from sync.engine.sent import as_found, perhaps_written, plain, shown, since_sent
from sync.models import Item


@dataclass(frozen=True, slots=True)
class Preview:
    """Fields as they would be kept on the item, those that only a creation sends, and the remarks."""

    fields: dict[str, Any]
    on_create: dict[str, Any] = field(default_factory=dict)
    notes: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a push would do now.

    `operation`: create, update, adopt (it is there already and would be taken for this one), none, or lost (it is gone
    from the target, which nothing is done about before a person sends it again, S8). `number`: of the object that lies
    in the target, or did. `before`: its fields; `after`: as they would be; `changes`: those that would be
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
    writer: Writer[Any, Any]
    desk: _Desk

    @property
    def notes(self) -> list[dict[str, Any]]:
        return [*self.desk.notes, *(dump(note) for note in self.payload.notes)]


def _record(item: Item) -> Any:
    if item.record is None:
        raise InvalidRecord("data.unreadable", **item.params)
    try:
        return load(item.record, item.pipeline.rules.reads)
    except OutdatedRecord:
        raise Waiting("data.outdated", needs=[]) from None


def _lay_out(item: Item, writer: Writer[Any, Any]) -> _LaidOut:
    desk = _Desk(item)
    prepared = item.pipeline.rules.prepare(_record(item), desk)
    return _LaidOut(prepared, writer.payload(prepared), writer, desk)


def _writer(item: Item, systems: Systems) -> Writer[Any, Any]:
    return systems.writer(item.pipeline.target, item.pipeline.rules.writes)


def preview(item: Item) -> Preview:
    """What would be sent now, whether or not it has been sent before. Asks nobody.

    Raises:
        Fault: a rule stands in the way; its explanation says which.
    """
    laid = _lay_out(item, _writer(item, Systems(item.tenant)))
    return Preview(shown(laid.payload), shown(laid.payload, laid.payload.on_create), laid.notes)


def dry_run(item: Item, systems: Systems | None = None) -> DryRun:
    """What a push would send now, field by field against what lies in the target. Reads there, writes nothing.

    Raises:
        Fault: a rule stands in the way, or the target cannot be reached.
    """
    flow = item.pipeline.rules
    writer = _writer(item, systems or Systems(item.tenant, patience=PATIENCE))
    kept = _kept(item, writer)
    # Somebody who sends it again says that it may be gone (S8); else what the target once had is not asked for.
    lies = bool(item.target_id) and (kept is not None or not item.doubted)
    if lies and flow.later_changes == "show":  # transferred once and for all (I3)
        return _unchanged(item, kept, writer)
    laid = _lay_out(item, writer)
    lies = lies and not (writer.keyed and item.target_key != item.key)  # G2: under a new number it is matched anew
    if lies and kept is None:
        return DryRun("lost", item.target_label or item.target_id, {}, {}, {}, [])
    found = kept if lies else writer.find(laid.prepared) if writer.look_first else None
    if found is None:
        return _created(item, laid)
    if not lies and (not item.intent_at or flow.later_changes == "update"):
        flow.adopt(laid.prepared, found, laid.desk)
    return _compared(item, laid, found, lies=lies)


def _kept(item: Item, writer: Writer[Any, Any]) -> Found | None:
    """The object with the number that we keep; what was last sent where the target cannot be asked."""
    if not item.target_id:
        return None
    if writer.look_first:
        return writer.get(item.target_id)
    return None if item.doubted else Found(item.target_id, item.sent or {}, item.target_label)


def _unchanged(item: Item, kept: Found | None, writer: Writer[Any, Any]) -> DryRun:
    if fault := since_sent(item, _record(item)):
        raise fault
    if kept is None:
        return DryRun("lost", item.target_label or item.target_id, {}, {}, {}, [])
    there = plain(kept.fields)
    return DryRun("none", kept.label or kept.target_id, there, there, {}, [], writer.look_first)


def _created(item: Item, laid: _LaidOut) -> DryRun:
    if item.gone_at:
        raise Skip("gone")
    after = {**shown(laid.payload), **shown(laid.payload, laid.payload.on_create)}
    after = {name: value for name, value in after.items() if value != ""}
    return DryRun("create", "", {}, after, after, laid.notes, laid.writer.look_first)


def _compared(item: Item, laid: _LaidOut, found: Found, *, lies: bool) -> DryRun:
    """Field by field. `lies`: we know it as ours; else it would be taken for this one."""
    flow, wanted, asked = item.pipeline.rules, shown(laid.payload), laid.writer.look_first
    before = {name: value for name, value in plain(found.fields).items() if name in wanted}
    number, operation = found.label or found.target_id, "none" if lies else "adopt"
    if flow.later_changes == "show":
        return DryRun(operation, number, before, before, {}, laid.notes, asked)
    # G4: only what changed since the last write; of an object that somebody else made, what it says otherwise.
    sent = as_found(item, found) if item.doubted else item.sent or {}
    base, lost = sent if lies else before, perhaps_written(item)
    changed = {
        name: laid.payload.fields[name]
        for name in wanted
        if ((lies and name in lost) or not laid.writer.same(name, wanted[name], base.get(name, "")))
        and (lies or wanted[name] != "" or name in lost)
    }  # what the source leaves empty is no wish to clear what is filled in over there already (G4)
    allowed = shown(laid.payload, flow.allowed(changed, laid.desk)) if changed else {}
    after = {**before, **allowed}
    return DryRun("update" if allowed else operation, number, before, after, allowed, laid.notes, asked)
