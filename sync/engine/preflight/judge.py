"""What the first pass would do with each record: the flows' own rules on a desk made of paper.

A rehearsal (`sync.engine.rehearsal`) would ask the target for every single object; here the rows of its lists must
do. A list does not show every field, so the updates are those that can be seen in it.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from integration.errors import Fault, Skip, Waiting
from integration.models import Tenant, ValueMap
from integration.records import Note, fingerprint
from integration.systems.base import Found, Payload, Writer
from sync.engine.access import Systems
from sync.engine.preflight.books import Book, Entry
from sync.engine.sent import plain
from sync.flows.base import Peer
from sync.models import Item

ROUNDS = 4  # records that wait for others are looked at again, as the engine does
STATES = {"create": Item.State.DONE, "update": Item.State.DONE, "unchanged": Item.State.DONE}


@dataclass
class Table:
    """All books of a tenant, and what its rules look up in them."""

    tenant: Tenant
    books: dict[str, Book]
    values: dict[tuple[str, str], str] = field(default_factory=dict)
    needed: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        rows = ValueMap.objects.filter(tenant=self.tenant)
        self.values = {(row.kind, row.source): row.target for row in rows}


class PaperDesk:
    """`sync.flows.base.Desk` for one record that was read and not stored."""

    def __init__(self, table: Table, book: Book, entry: Entry) -> None:
        self.table, self.book, self.entry = table, book, entry

    @property
    def go_live(self) -> datetime.date:
        return self.table.tenant.go_live

    @property
    def today(self) -> datetime.date:
        return timezone.localdate()

    @property
    def target_id(self) -> str:
        return self.entry.target_id

    def setting(self, name: str) -> Any:
        return self.book.pipeline.setting(name)

    def value(self, kind: str, source: str, default: str = "") -> str:
        return self.table.values.get((kind, source), default)

    def by_key(self, flow: str, key: str) -> Sequence[Peer]:
        book = self.table.books.get(flow)
        return [_peer(each) for each in book.by_key.get(key, [])] if book else []

    def by_id(self, flow: str, source_id: str) -> Peer | None:
        book = self.table.books.get(flow)
        entry = book.by_id.get(source_id) if book else None
        return _peer(entry) if entry else None

    def pulled_since_change(self, flow: str) -> bool:
        return True

    def needed(self) -> bool:
        return not self.table.needed.isdisjoint(self.book.references(self.entry))

    def document_type(self, source_id: str) -> str:
        return ""

    def document_url(self, joined: Sequence[str] = ()) -> str:
        return ""

    def look_again(self, day: datetime.date) -> None:
        """Another day is another pass."""

    def note(self, note: Note) -> None:
        self.entry.notes.append(note)


def _peer(entry: Entry) -> Peer:
    state = STATES.get(entry.action, entry.action or Item.State.PENDING)
    target_id = (entry.target_id or entry.label.key or entry.source_id) if entry.there else ""
    return Peer(
        entry.source_id, entry.label.key, entry.label.title, state, entry.cause, target_id, entry.label.key, {}
    )  # fmt: skip


def judge(table: Table, systems: Systems) -> None:
    """Decide every record's action, and again what waited for others, until nothing moves any more."""
    for _ in range(ROUNDS):
        moved = False
        for book in table.books.values():
            writer = systems.writer(book.pipeline.target, book.flow.writes)
            for entry in book.entries:
                if entry.action in {"", "waiting", "left_out"} and entry.record is not None:
                    before = entry.action, entry.cause
                    _judge(table, book, entry, writer)
                    moved |= before != (entry.action, entry.cause)
        needed = {each for book in table.books.values() for entry in book.entries for each in entry.needs}
        moved |= needed != table.needed
        table.needed |= needed
        if not moved:
            return


def _judge(table: Table, book: Book, entry: Entry, writer: Writer[Any, Any]) -> None:
    desk = PaperDesk(table, book, entry)
    entry.action, entry.cause, entry.params, entry.needs, entry.notes = "", "", {}, [], []
    if book.fault:
        entry.stop("waiting", book.fault)
        return
    entry.found = entry.found or book.by_number.get(entry.target_id or entry.label.key) if writer.keyed else None
    if entry.target_id and book.flow.later_changes == "show":
        entry.action = "unchanged"
        return
    try:
        prepared = book.flow.prepare(entry.record, desk)
        payload = writer.payload(prepared)
        entry.notes += payload.notes
        entry.action = _action(desk, prepared, payload, entry, writer)
    except Waiting as fault:
        entry.stop("waiting", fault)
        entry.needs = fault.needs
    except Skip as fault:
        entry.stop("left_out", fault)
    except Fault as fault:
        entry.stop("stopped" if fault.scope == "item" else "waiting", fault)


def _action(desk: PaperDesk, prepared: Any, payload: Payload, entry: Entry, writer: Writer[Any, Any]) -> str:
    """As `Push` would go on: adopt what lies there (C5), write what differs and may be written (G4), else create."""
    flow, found = desk.book.flow, entry.found
    reference = getattr(prepared, "reference", "")
    if reference and any(each.reference == reference for each in desk.book.listed or ()):
        return "unchanged"  # I11: it lies there under our reference
    if entry.target_id and entry.sent_fingerprint == fingerprint(flow.content(entry.record)):
        return "unchanged"
    if found is None:
        return "update" if entry.target_id else "create"
    if not entry.target_id:
        flow.adopt(prepared, Found(found.target_id, found.fields, found.title), desk)
    wanted, there = plain(payload.fields), plain(found.fields)
    entry.renamed = bool(found.title) and found.title.strip() not in wanted.values()
    changed = {
        name: wanted[name]
        for name in there
        if wanted.get(name) not in {"", None} and not writer.same(name, wanted[name], there[name])
    }
    allowed = flow.allowed(changed, desk) if changed else {}
    entry.changes = [(name, value, there[name]) for name, value in allowed.items()]
    return "update" if allowed else "unchanged"
