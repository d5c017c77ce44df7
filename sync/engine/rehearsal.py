"""A pass that writes nothing: the same rules and look-ups, on a copy of the company, with writers that only say what
they would write.

The copy lives in a transaction that is rolled back, so a rehearsal of minutes holds no row that a worker wants, and
nobody ever sees it. Only the connections are the real ones: they know the token and count against the throttle.
"""

import datetime
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import structlog
from django.core.cache import cache
from django.db import InterfaceError, OperationalError, models, transaction
from django.db import connection as database
from django.db.models import Count, Max
from django.utils import timezone

from integration.errors import Fault
from integration.http import counted
from integration.models import Connection, Tenant, ValueMap
from integration.systems.base import Found, Payload, Writer, Written
from sync import documents
from sync.engine import access, turns
from sync.engine.access import Systems
from sync.engine.run import PATIENCE, Progress, Report, run_pass, silent, with_upstream
from sync.engine.states import State
from sync.flows.base import flows, get_flow
from sync.models import Attempt, Document, DryRun, Item, Pipeline

log = structlog.get_logger(__name__)

W = TypeVar("W")

MOST = 300  # writes listed one by one; the counts tell of all
CREATED = "(would be created)"
SILENT = datetime.timedelta(minutes=5)  # after which a dry run without a sign of life counts as dead
GIVEN_UP = datetime.timedelta(hours=1)
_OWN = {"id", "tenant_id", "pipeline_id", "item_id", "lease_token", "lease_until", "queued_until"}


class _Rehearsed(Writer[Any, Any]):
    """Says what would be written and writes nothing."""

    def __init__(self, real: Writer[Any, Any]) -> None:
        super().__init__(real.system)
        self.real = real
        self.keyed, self.look_first = real.keyed, real.look_first  # type: ignore[misc]

    def payload(self, record: Any) -> Payload:
        return self.real.payload(record)

    def find(self, record: Any) -> Found | None:
        return self.real.find(record) if self.look_first else None

    def get(self, target_id: str) -> Found | None:
        return self.real.get(target_id)

    def same(self, name: str, ours: Any, theirs: Any) -> bool:
        return self.real.same(name, ours, theirs)

    def existing(self) -> set[str] | None:
        return self.real.existing()

    def create(self, record: Any, fields: dict[str, Any], before_send: Callable[[], None]) -> Written:
        before_send()
        return Written(CREATED)

    def update(self, target_id: str, record: Any, changes: dict[str, Any], before_send: Callable[[], None]) -> Written:
        before_send()
        return Written(target_id)


class Rehearsal(Systems):
    """Systems that are read and never written to."""

    def writer(self, name: str, record: type[W]) -> Writer[Any, W]:
        return _Rehearsed(super().writer(name, record))

    def keep_file(self, item: Item, record: Any) -> None:
        """Nothing is fetched: every file is taken for the PDF that it probably is."""
        Document.objects.get_or_create(
            item=item,
            kind=Document.Kind.ORIGINAL,
            defaults={
                "tenant_id": item.tenant_id, "name": record.name, "content_type": documents.PDF, "size": 0,
                "sha256": "0" * 64, "path": "",
            },
        )  # fmt: skip

    def was_fetched(self, item: Item) -> bool:
        return item.intent_at is not None


@dataclass
class Told:
    """A rehearsal, in plain JSON values apart from the report.

    `writes`: what would be written, at most `MOST`: flow, source_id, number, title, operation, and the fields before
    and after. `held`: what would not go, by cause, and what waits by what
    holds it up: flow, state, cause, params and name of one of them, count, whose turn it is where that hangs on the
    need, and its name.
    """

    report: Report
    writes: list[dict[str, Any]] = field(default_factory=list)
    held: list[dict[str, Any]] = field(default_factory=list)


def rehearse(
    tenant: Tenant, *, only: Sequence[str] = (), since: datetime.date | None = None, progress: Progress = silent
) -> Told:
    """What a pass would do, written nowhere. Counts of `created` and `updated` are of what would be.

    Pipelines named in `only` are rehearsed although they are switched off.
    """
    systems = Rehearsal(tenant, patience=PATIENCE)
    with counted() as calls:
        for each in tenant.connections.all():
            if access.check(each, patience=PATIENCE) is not None:
                systems.get(each.system).prepare()  # no token is renewed inside the transaction
        with _rolled_back():
            copy = _copy(tenant, only)
            report = run_pass(copy, only=only, since=since, actor="rehearsal", systems=systems, progress=progress)
            told = Told(report, _writes(copy, tenant, only), _held(copy, only))
    report.tenant = tenant.slug
    for name, number in calls.items():
        report.api_calls[name] = report.api_calls.get(name, 0) + number
    return told


def run(row: DryRun) -> None:
    """Rehearse a pipeline and keep what came of it, or what kept it from being rehearsed."""
    try:
        row.result = _result(row)
    except Fault as fault:
        row.result = {"failed": {row.flow: {"cause": fault.cause, "params": fault.params}}}
    except (OperationalError, InterfaceError):
        raise  # our own database is out of reach: it is begun again
    except Exception as error:
        reference = uuid.uuid4().hex[:8]
        log.exception("dry run failed", tenant=row.tenant.slug, flow=row.flow, reference=reference)
        params = {"reference": reference, "error": type(error).__name__}
        row.result = {"failed": {row.flow: {"cause": "internal", "params": params}}}
    row.finished_at = timezone.now()
    row.save(update_fields=["result", "finished_at"])


def _result(row: DryRun) -> dict[str, Any]:
    """The rehearsal in plain JSON. The cache tells how far it is: rows would be rolled back."""

    def progress(flow: str, done: int, total: int) -> None:
        cache.set(_name(row.pk), {"flow": flow, "done": done, "total": total}, SILENT.total_seconds())

    progress(row.flow, 0, 0)
    told = rehearse(row.tenant, only=[row.flow], progress=progress)
    failed = {flow: {"cause": fault.cause, "params": fault.params} for flow, fault in told.report.failed.items()}
    return {
        "counts": told.report.flows, "writes": told.writes, "held": told.held, "failed": failed,
        "seconds": told.report.seconds,
    }  # fmt: skip


def progress_of(row: DryRun) -> dict[str, Any]:
    """The flow being looked at, how many of its items are through, and how many there are."""
    told: dict[str, Any] = cache.get(_name(row.pk)) or {"flow": row.flow, "done": 0, "total": 0}
    return told


def lost() -> list[int]:
    """Dry runs without a sign of life whose message or worker was lost, to be begun once more; those that came to
    nothing for an hour are ended.
    """
    now = timezone.now()
    again = []
    for row in DryRun.objects.filter(finished_at=None, started_at__lt=now - SILENT).defer("result"):
        if cache.get(_name(row.pk)):
            continue
        if row.started_at < now - GIVEN_UP:
            row.result = {"failed": {row.flow: {"cause": "dry_run.lost", "params": {}}}}
            row.finished_at = now
            row.save(update_fields=["result", "finished_at"])
        elif cache.add(f"{_name(row.pk)}:again", 1, 2 * GIVEN_UP.total_seconds()):
            again.append(row.pk)
    return again


def _name(pk: int) -> str:
    return f"dry-run:{pk}"


@contextmanager
def _rolled_back() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


# -- the copy ----------------------------------------------------------------------------------------------------
def _copy(tenant: Tenant, only: Sequence[str]) -> Tenant:
    """The company with what a pass looks at; made past the signals, which would wake workers."""
    copy = Tenant(slug=f"rehearsal-{uuid.uuid4().hex}", name=tenant.name, go_live=tenant.go_live)
    [copy] = Tenant.objects.bulk_create([copy])
    models_of_tenant: tuple[Any, ...] = (Connection, ValueMap)
    for model in models_of_tenant:
        rows = list(model.objects.filter(tenant=tenant))
        for row in rows:
            row.pk, row.tenant, row.company = None, copy, ""  # no two tenants have one company
        model.objects.bulk_create(rows)
    wanted = {each.key for each in with_upstream([get_flow(key) for key in only] or flows())}
    for pipeline in Pipeline.objects.filter(tenant=tenant, flow__in=wanted):
        was = pipeline.pk
        pipeline.pk, pipeline.tenant = None, copy
        pipeline.lease_token = pipeline.lease_until = None
        pipeline.enabled = pipeline.enabled or pipeline.flow in only
        Pipeline.objects.bulk_create([pipeline])
        _copy_items(was, pipeline)
    return copy


def _copy_items(was: int, pipeline: Pipeline) -> None:
    """Inside the database: a hundred thousand records are not worth a way through Python."""
    items, kept = _columns(Item), _columns(Document)
    of_item = ", ".join(f"d.{name}" for name in kept.split(", "))
    with database.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {Item._meta.db_table} (tenant_id, pipeline_id, {items})"  # noqa: S608 - our own columns
            f" SELECT %s, %s, {items} FROM {Item._meta.db_table} WHERE pipeline_id = %s",
            [pipeline.tenant_id, pipeline.pk, was],
        )
        cursor.execute(
            f"INSERT INTO {Document._meta.db_table} (tenant_id, item_id, {kept})"  # noqa: S608
            f" SELECT %s, new.id, {of_item} FROM {Document._meta.db_table} d"
            f" JOIN {Item._meta.db_table} old ON old.id = d.item_id AND old.pipeline_id = %s"
            f" JOIN {Item._meta.db_table} new ON new.pipeline_id = %s AND new.source_id = old.source_id",
            [pipeline.tenant_id, was, pipeline.pk],
        )


def _columns(model: type[models.Model]) -> str:
    names = [str(each.column) for each in model._meta.concrete_fields]
    return ", ".join(name for name in names if name not in _OWN)


# -- what came of it ---------------------------------------------------------------------------------------------
def _writes(copy: Tenant, tenant: Tenant, only: Sequence[str]) -> list[dict[str, Any]]:
    attempts = Attempt.objects.filter(tenant=copy, operation__in=[*Attempt.WRITES, Attempt.Operation.ADOPT])
    if only:
        attempts = attempts.filter(item__pipeline__flow__in=only)
    writes: list[dict[str, Any]] = []
    there: dict[int, Any] = {}
    for attempt in attempts.select_related("item__pipeline").order_by("pk").iterator(chunk_size=500):
        item = attempt.item
        if attempt.operation == Attempt.Operation.ADOPT:
            there[item.pk] = attempt.payload or {}
            continue
        if len(writes) == MOST:
            break
        after = attempt.payload or {}
        writes.append({
            "flow": item.pipeline.flow, "source_id": item.source_id, "number": item.key, "title": item.title,
            "operation": attempt.operation, "before": there.get(item.pk, {}), "after": after,
        })  # fmt: skip
    _add_sent(writes, tenant)
    return writes


def _add_sent(writes: list[dict[str, Any]], tenant: Tenant) -> None:
    """What lies there before an update, of objects that were transferred earlier: what was sent then."""
    changed = {
        (each["flow"], each["source_id"]): each for each in writes if each["operation"] == Attempt.Operation.UPDATE
    }
    rows = Item.objects.filter(tenant=tenant, source_id__in=[source for _, source in changed])
    for flow, source_id, sent in rows.values_list("pipeline__flow", "source_id", "sent"):
        if (write := changed.get((flow, source_id))) and not write["before"]:
            write["before"] = sent or {}
    for write in changed.values():
        write["before"] = {name: value for name, value in write["before"].items() if name in write["after"]}


def _held(copy: Tenant, only: Sequence[str]) -> list[dict[str, Any]]:
    items = Item.objects.filter(tenant=copy, state__in=[State.STOPPED, State.WAITING, State.LEFT_OUT], gone_at=None)
    if only:
        items = items.filter(pipeline__flow__in=only)
    groups = [
        (*row, None)
        for row in items.exclude(state=State.WAITING)
        .order_by("pipeline__flow", "state", "cause")
        .values_list("pipeline__flow", "state", "cause")
        .annotate(count=Count("pk"), sample=Max("pk"))
    ]
    groups += [
        (each.flow, State.WAITING, each.cause, each.count, each.sample, each) for each in turns.waits(copy.pk, items)
    ]
    samples = Item.objects.defer(*turns.WIDE).in_bulk([row[4] for row in groups])
    return [
        {
            "flow": flow, "state": state, "cause": cause, "count": count, "params": samples[sample].params,
            "of": turns.of(samples[sample]), "turns": wait.turns if wait else [],
            "need": wait.need.name if wait and wait.need else "",
        }
        for flow, state, cause, count, sample, wait in groups
    ]  # fmt: skip
