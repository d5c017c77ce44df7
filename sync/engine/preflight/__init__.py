"""Pre-flight: both sides are read and compared by the rules, and nothing is written, neither here nor over there.

`Preflight.result`, plain JSON:

    {"fault": {"cause", "params"} | null,            what kept it from being made
     "companies": {system: {"company", "organisation_number"}},
     "conditions": [{"cause", "params", "system"}],  rights and licences that are missing, project accounting off …
     "locked_until": date | null, "new_units": [text],
     "flows": [{"flow", "source", "target", "here", "there", "both", "only_here", "only_there", "partial",
                "create", "update", "unchanged", "left_out", "waiting", "stopped"}],
     "rows": [{"flow", "number", "name", "match": both|here|there, "there", "action", "cause", "params", "renamed",
               "notes": [[field, what, before, after]], "changes": [[field, here, there]]}],
     "transferred": [see `lookalikes.pairs`],
     "api_calls": {system: n}, "seconds": x}
"""

import datetime
import json
import re
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from integration.errors import ConfigError, Fault
from integration.http import counted
from integration.models import Tenant
from integration.systems.base import Reach
from sync.engine.access import Systems
from sync.engine.preflight import lookalikes
from sync.engine.preflight.books import Book, Entry, books, pipelines, reaches
from sync.engine.preflight.judge import Table, judge
from sync.models import Preflight

log = structlog.get_logger(__name__)

PATIENCE = 10.0  # seconds it waits for a throttle: one reading of everything, not an item that can come back later
SILENT = datetime.timedelta(minutes=3)  # after which one without a sign of life counts as dead
KEEP = 5
_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")  # as JSON writes it, and not a backslash that somebody typed
ACTIONS = ("create", "update", "unchanged", "left_out", "waiting", "stopped")


@transaction.atomic
def begin(tenant: Tenant, actor: str) -> tuple[Preflight, bool]:
    """A new pre-flight to be run, or the one that is under way. Older ones are forgotten but a few."""
    Tenant.objects.select_for_update().get(pk=tenant.pk)  # two who press at once begin one
    running = under_way(tenant)
    if running:
        return running, False
    keep = tenant.preflights.order_by("-pk").values_list("pk", flat=True)[: KEEP - 1]
    tenant.preflights.exclude(pk__in=list(keep)).delete()
    return Preflight.objects.create(tenant=tenant, actor=actor[:150]), True


def under_way(tenant: Tenant) -> Preflight | None:
    """The one that is being made right now."""
    alive = timezone.now() - SILENT
    return tenant.preflights.filter(finished_at=None, touched_at__gt=alive).order_by("-pk").first()


def busy(tenant: Tenant) -> Preflight | None:
    """The one that is being made, or whose documents are being adopted, right now."""
    last = latest(tenant)
    adopts = last is not None and last.adoption.get("running") and last.touched_at > timezone.now() - SILENT
    return under_way(tenant) or (last if adopts else None)


def latest(tenant: Tenant) -> Preflight | None:
    """The last one that came through."""
    return tenant.preflights.exclude(finished_at=None).order_by("-pk").first()


def run(preflight: Preflight) -> Preflight:
    """Make it; the row tells the progress and, in the end, the result."""
    started = time.monotonic()
    with counted() as calls:
        try:
            result = _examine(preflight, calls)
        except Fault as fault:
            result = {"fault": {"cause": fault.cause, "params": fault.params}}
        except (OperationalError, InterfaceError):
            raise  # our own database is out of reach: it is begun again
        except Exception as error:
            reference = uuid.uuid4().hex[:8]
            log.exception("pre-flight failed", tenant=preflight.tenant.slug, reference=reference)
            params = {"reference": reference, "error": type(error).__name__}
            result = {"fault": {"cause": "internal", "params": params}}
    result |= {"api_calls": dict(calls), "seconds": round(time.monotonic() - started, 2)}
    # No database takes NUL, and a vendor's list may hold anything.
    preflight.result = json.loads(_NUL.sub(r"\1", json.dumps(result)))
    preflight.finished_at = timezone.now()
    preflight.touched_at = preflight.finished_at
    preflight.save(update_fields=["result", "finished_at", "touched_at"])
    return preflight


class _Teller:
    """Writes the progress down, twice a second at most."""

    def __init__(self, preflight: Preflight, steps: int) -> None:
        self.preflight, self.steps, self.step = preflight, steps, 0
        self._at: tuple[str, str] | None = None
        self._told = 0.0

    def __call__(self, flow: str, system: str, count: int = 0) -> None:
        if (flow, system) != self._at:
            self._at = (flow, system)
            self.step += 1
        elif time.monotonic() - self._told < 0.5:
            return
        self._told = time.monotonic()
        progress = {"step": self.step, "of": self.steps, "flow": flow, "system": system, "count": count}
        Preflight.objects.filter(pk=self.preflight.pk).update(progress=progress, touched_at=timezone.now())


def _examine(preflight: Preflight, calls: Counter[str]) -> dict[str, Any]:
    tenant = preflight.tenant
    systems = Systems(tenant, patience=PATIENCE)
    tell = _Teller(preflight, tenant.connections.count() + 2 * len(pipelines(tenant)) + 1)
    reached = reaches(tenant, systems, lambda system: tell("", system))
    table = Table(tenant, {book.pipeline.flow: book for book in books(tenant, systems, tell, calls)})
    tell("", "")
    judge(table, systems)
    targets = sorted({book.pipeline.target for book in table.books.values()})
    locked = {name: systems.get(name).locked_until() for name in targets}
    transferred = [
        row for book in table.books.values() if book.flow.taken_over for row in lookalikes.pairs(table, book)
    ]  # fmt: skip
    return {
        "fault": None,
        "companies": {
            system: {"company": each.company, "organisation_number": each.organisation_number}
            for system, each in _named(tenant, reached).items()
        },
        "conditions": list(_conditions(reached, table)),
        "locked_until": max((day.isoformat() for day in locked.values() if day), default=None),
        "new_units": _new_units(table, systems),
        "flows": [_counts(book) for book in table.books.values()],
        "rows": [row for book in table.books.values() for row in _rows(book)],
        "transferred": transferred,
    }


def _named(tenant: Tenant, reached: dict[str, Reach]) -> dict[str, Reach]:
    """Each company by the name that its data tell, else by the one that answered when it was connected."""
    named = {}
    for connection in tenant.connections.all():
        told, known = reached[connection.system], connection.params
        number = told.organisation_number or str(known.get("organisation_number") or "")
        named[connection.system] = Reach((), told.company or str(known.get("company") or ""), number)
    return named


def _conditions(reached: dict[str, Reach], table: Table) -> Iterator[dict[str, Any]]:
    """What is at fault beyond single records, each cause once."""
    seen = set()
    faults = [(system, fault) for system, each in reached.items() for fault in each.refused]
    faults += [(book.pipeline.target, book.fault) for book in table.books.values() if book.fault]
    faults += [(book.pipeline.target, fault) for book in table.books.values() for fault in _suspicions(book)]
    for system, fault in faults:
        key = (fault.cause, fault.params.get("right") or "")
        if key not in seen:
            seen.add(key)
            yield {"cause": fault.cause, "params": {"system": system, **fault.params}, "system": system}


def _suspicions(book: Book) -> Iterator[Fault]:
    """What holds a pipeline up already; and project accounting, which shows by a refused write alone (P5): where a
    company has no project at all it may be off."""
    if book.pipeline.paused_cause:
        yield ConfigError(book.pipeline.paused_cause, scope="flow", **book.pipeline.paused_params)
    elif book.flow.suspicion and book.listed == [] and book.entries:
        yield ConfigError(book.flow.suspicion, scope="flow")


def _new_units(table: Table, systems: Systems) -> list[str]:
    """Units that the first pass would make (A4): of what it creates, and of documents, which go in the end."""
    wanted: dict[str, set[str]] = {}
    for book in table.books.values():
        units = wanted.setdefault(book.pipeline.target, set())
        going = {"create"} if book.keyed else {"create", "waiting", "stopped"}
        for entry in book.entries:
            if entry.action in going and entry.record is not None:
                units |= {table.values.get(("unit", unit), unit) for unit in book.flow.units(entry.record)}
    return sorted({each for name, units in wanted.items() if units for each in systems.get(name).new_units(units)})


def _counts(book: Book) -> dict[str, Any]:
    numbers = {entry.label.key for entry in book.entries if entry.label.key}
    keyed = _is_register(book)
    both = len(numbers & set(book.by_number)) if keyed else 0
    return {
        "flow": book.pipeline.flow,
        "source": book.pipeline.source,
        "target": book.pipeline.target,
        "register": keyed,
        "here": len(book.entries),
        "there": len(book.listed) if book.listed is not None else None,
        "both": both,
        "only_here": len(numbers) - both,
        "only_there": len(book.by_number) - both if keyed else 0,
        "partial": book.partial,
        **{action: sum(entry.action == action for entry in book.entries) for action in ACTIONS},
    }


def _is_register(book: Book) -> bool:
    """Whether its objects are matched by number (G2); documents are not."""
    return book.listed is not None and book.keyed


def _rows(book: Book) -> Iterator[dict[str, Any]]:
    """One row per record, and per object that only the target has."""
    for entry in book.entries:
        yield _row(book, entry)
    if _is_register(book):
        for listed in book.listed or ():
            if listed.target_id not in book.by_key:
                yield {
                    "flow": book.pipeline.flow, "number": listed.target_id, "name": "", "match": "there",
                    "there": listed.title, "action": "", "cause": "", "params": {}, "renamed": False, "notes": [],
                    "changes": [],
                }  # fmt: skip


def _row(book: Book, entry: Entry) -> dict[str, Any]:
    found = book.by_number.get(entry.label.key) if _is_register(book) else None
    return {
        "flow": book.pipeline.flow,
        "number": entry.label.key,
        "name": entry.label.title,
        "match": "both" if found else "here",
        "there": found.title if found else "",
        "action": entry.action,
        "cause": entry.cause,
        "params": entry.params,
        "renamed": entry.renamed,
        "notes": [[note.field, note.text, note.before, note.after] for note in entry.notes],
        "changes": [list(each) for each in entry.changes],
    }
