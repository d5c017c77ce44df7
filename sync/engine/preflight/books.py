"""What lies on both sides, read page by page with progress; nothing is stored and nothing is written over there."""

import datetime
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from integration.errors import Fault, Transient
from integration.mapping import SWEDEN
from integration.models import Tenant
from integration.records import Note, Unreadable
from integration.systems.base import Listed, Reach, Window
from sync.engine.access import Systems
from sync.flows.base import Flow, Label
from sync.flows.needs import met_by
from sync.models import Item, Pipeline

MOST_CALLS = 300  # of one reading: sources that want a request per document are looked at in part
AROUND = datetime.timedelta(days=31)  # before go-live from which documents of somebody else's may be ours
PASSING = {"create", "update", "unchanged"}  # what ends with the object lying in the target

Tell = Callable[[str, str, int], None]  # flow key ("" for the access), system, records so far


@dataclass
class Entry:
    """One record as the first pass would meet it.

    `action`: create, update, unchanged, left_out, waiting or stopped. `changes`: field, value here, value there.
    """

    record: Any
    source_id: str
    label: Label
    target_id: str = ""
    sent_fingerprint: str = ""
    found: Listed | None = None
    action: str = ""
    cause: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    needs: list[str] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    changes: list[tuple[str, Any, Any]] = field(default_factory=list)
    renamed: bool = False

    @property
    def there(self) -> bool:
        """Whether it lies in the target once the first pass is over."""
        return bool(self.target_id) or self.action in PASSING

    def stop(self, action: str, fault: Fault) -> None:
        """What stands in its way."""
        self.action, self.cause, self.params = action, fault.cause, fault.params


@dataclass
class Book:
    """One pipeline: what its source gives and what its target lists. `fault`: why a side could not be read. `keyed`:
    whether the target knows its objects by their numbers (`Writer.keyed`).
    """

    pipeline: Pipeline
    entries: list[Entry] = field(default_factory=list)
    listed: list[Listed] | None = None
    fault: Fault | None = None
    keyed: bool = False
    partial: bool = False
    by_key: dict[str, list[Entry]] = field(default_factory=dict)
    by_id: dict[str, Entry] = field(default_factory=dict)
    by_number: dict[str, Listed] = field(default_factory=dict)

    @property
    def flow(self) -> Flow[Any, Any]:
        """The flow's code."""
        return self.pipeline.rules

    def add(self, entry: Entry) -> None:
        """Enter a record under its number and its id."""
        self.entries.append(entry)
        self.by_id[entry.source_id] = entry
        if entry.label.key:
            self.by_key.setdefault(entry.label.key, []).append(entry)

    def references(self, entry: Entry) -> list[str]:
        """The references by which others wait for it (as `Item.references`)."""
        return met_by(self.pipeline.flow, entry.source_id, entry.label.key)


def reaches(tenant: Tenant, systems: Systems, progress: Callable[[str], None]) -> dict[str, Reach]:
    """How far each access reaches, by system."""
    found = {}
    for connection in tenant.connections.order_by("system"):
        progress(connection.system)
        found[connection.system] = systems.get(connection.system).reach()
    return found


def books(tenant: Tenant, systems: Systems, tell: Tell, calls: Counter[str]) -> Iterator[Book]:
    """Every pipeline but those of files, in the order in which a pass runs them. `calls`: the requests counted."""
    for pipeline in pipelines(tenant):
        book = Book(pipeline)
        try:
            _read(book, systems, tell, calls)
            _list(book, systems, tell)
        except Fault as fault:
            if isinstance(fault, Transient) or fault.scope == "connection":
                raise
            book.fault = fault
        yield book


def pipelines(tenant: Tenant) -> list[Pipeline]:
    """Those that are looked at: a file follows its document and has no rules of its own to fail by."""
    rows = [each for each in tenant.pipelines.select_related("tenant") if not each.rules.fetches]
    return sorted(rows, key=lambda each: each.rules.rank)


def window(tenant: Tenant) -> Window:
    """Everything, as the very first reading asks for it."""
    go_live = datetime.datetime.combine(tenant.go_live, datetime.time.min, SWEDEN)
    return Window(None, timezone.now(), go_live, lambda _: None)


def _read(book: Book, systems: Systems, tell: Tell, calls: Counter[str]) -> None:
    pipeline, flow = book.pipeline, book.flow
    reader = systems.reader(pipeline.source, flow.reads)
    known = {
        source_id: (target_id, sent)
        for source_id, target_id, sent in pipeline.items.exclude(target_id="").values_list(
            "source_id", "target_id", "sent_fingerprint"
        )
    }
    tell(flow.key, pipeline.source, 0)
    before = calls[pipeline.source]
    for page in reader.pages(window(pipeline.tenant)):
        for read in page.reads:
            source_id = read.record.source_id
            target_id, sent = known.get(source_id, ("", ""))
            book.add(Entry(read.record, source_id, flow.label(read.record), target_id, sent))
        for broken in page.unreadable:
            book.add(_unreadable(broken))
        tell(flow.key, pipeline.source, len(book.entries))
        if calls[pipeline.source] - before > MOST_CALLS:
            book.partial = True
            break


def _unreadable(broken: Unreadable) -> Entry:
    entry = Entry(None, broken.source_id, Label("", broken.label), action="stopped", cause="data.unreadable")
    entry.params = {"problems": broken.problems}
    return entry


def _list(book: Book, systems: Systems, tell: Tell) -> None:
    writer = systems.writer(book.pipeline.target, book.flow.writes)
    book.keyed = writer.keyed
    pages = writer.listing(book.pipeline.tenant.go_live - AROUND)
    if pages is None:
        return
    tell(book.flow.key, book.pipeline.target, 0)
    book.listed = []
    for page in pages:
        book.listed += page
        tell(book.flow.key, book.pipeline.target, len(book.listed))
    book.by_number = {each.target_id: each for each in book.listed}


def is_known(tenant: Tenant, target_ids: list[str], flow: str) -> set[str]:
    """Those of the target's objects that an item of ours stands for already."""
    rows = Item.objects.filter(tenant=tenant, pipeline__flow=flow, target_id__in=target_ids)
    return set(rows.values_list("target_id", flat=True))
