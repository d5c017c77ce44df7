"""Pull: read a source page by page; a page and its items are one transaction, the cursor moves when all are in.

A poll overlaps the one before it (G7): the fingerprint decides whether something changed, not a clock.
"""

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Q
from django.utils import timezone
from redis import RedisError

from integration.errors import Fault, RateLimited, Transient
from integration.http import alive
from integration.mapping import SWEDEN
from integration.records import Page, Read, Unreadable, dump, fingerprint
from integration.systems.base import Window
from sync.engine import states
from sync.engine.access import Systems, at_fault, resume
from sync.engine.desk import all_true
from sync.engine.doors import reading
from sync.engine.states import LeaseLost, State
from sync.flows.needs import need_pull, need_seen, need_single
from sync.models import Item, Pipeline, Transition

log = structlog.get_logger(__name__)

LEASE = datetime.timedelta(seconds=60)
OVERLAP = datetime.timedelta(minutes=15)
FULL_EVERY = datetime.timedelta(hours=6)
MISSED_TWICE = 2  # a list that shifts while it is read may miss a record once
LONGEST_WAIT = datetime.timedelta(minutes=15)


@dataclass
class Pulled:
    """What a pull found. `fault`: why it did not come through."""

    seen: int = 0
    changed: int = 0
    fault: Fault | None = None
    busy: bool = False
    ids: set[str] = field(default_factory=set)


def pull(pipeline: Pipeline, *, since: datetime.date | None = None, systems: Systems | None = None) -> Pulled:
    """Read what may have changed and store it.

    Args:
        since: read from this day on instead of from where the last reading began.
    """
    if not _lease(pipeline):
        return Pulled(busy=True)
    started, result, systems = timezone.now(), Pulled(), systems or Systems(pipeline.tenant)
    with structlog.contextvars.bound_contextvars(tenant=pipeline.tenant.slug, flow=pipeline.flow):
        try:
            with alive(lambda: _still_ours(pipeline)):
                _read(pipeline, systems, since, started, result)
        except LeaseLost:
            return Pulled(busy=True)
        except Fault as fault:
            result.fault = fault
        except RedisError as error:
            result.fault = Transient("redis", error=type(error).__name__)
        except (OperationalError, InterfaceError):
            raise  # our own truth is out of reach: the lease runs out and somebody reads again
        except Exception as error:
            reference = uuid.uuid4().hex[:8]
            log.exception("reading failed", reference=reference)
            result.fault = Fault("internal", reference=reference, error=type(error).__name__)
        if result.fault:
            _failed(pipeline, result.fault, systems)
    return result


def free(now: datetime.datetime) -> Q:
    """Pipelines that nobody reads now; a lease that lies impossibly far ahead was taken while a clock was wrong."""
    return Q(lease_until=None) | Q(lease_until__lt=now) | Q(lease_until__gt=now + states.AHEAD)


def _lease(pipeline: Pipeline) -> bool:
    now, token = timezone.now(), uuid.uuid4()
    mine = Pipeline.objects.filter(free(now), pk=pipeline.pk, pk__in=reading())
    if not mine.update(lease_token=token, lease_until=now + LEASE):
        return False
    pipeline.refresh_from_db()
    return pipeline.lease_token == token


def _ours(pipeline: Pipeline, **fields: Any) -> None:
    held = Pipeline.objects.filter(pk=pipeline.pk, lease_token=pipeline.lease_token)
    if not held.update(**fields):
        raise LeaseLost
    for name, value in fields.items():
        setattr(pipeline, name, value)


def _still_ours(pipeline: Pipeline) -> None:
    """Renew the lease before it is short: a page may take many reads, and each of them its time."""
    if pipeline.lease_until is None or pipeline.lease_until - timezone.now() < 0.75 * LEASE:
        _ours(pipeline, lease_until=timezone.now() + LEASE)


def _read(
    pipeline: Pipeline, systems: Systems, since: datetime.date | None, started: datetime.datetime, result: Pulled
) -> None:
    reader = systems.reader(pipeline.source, pipeline.rules.reads)
    window, full = _window(pipeline, reader.incremental, since, started)
    for page in reader.pages(window):
        with transaction.atomic():
            _ours(pipeline, lease_until=timezone.now() + LEASE)
            _store(pipeline, page, result)
    cursor = {**pipeline.cursor, "since": started.isoformat()}
    with transaction.atomic():  # what is missing and the cursor: both or neither, and only by whoever holds the lease
        if full:
            cursor["full_at"] = started.isoformat()
        if full or reader.complete:
            _missing(pipeline, result.ids)
        _ours(
            pipeline, cursor=cursor, pulled_at=started,
            next_pull_at=started + datetime.timedelta(seconds=pipeline.cadence),
            lease_token=None, lease_until=None, failures=0, failed_cause="", failed_params={},
        )  # fmt: skip
    if pipeline.paused_cause and pipeline.paused_params.get("system") == pipeline.source:
        resume(pipeline)
    if full:
        states.fulfil(pipeline.tenant_id, [need_pull(pipeline.flow)])


def _window(
    pipeline: Pipeline, incremental: bool, since: datetime.date | None, now: datetime.datetime
) -> tuple[Window, bool]:
    """What to ask for, and whether that is everything there is."""
    cursor = {name: datetime.datetime.fromisoformat(value) for name, value in pipeline.cursor.items()}
    if any(value > now for value in cursor.values()):
        cursor = {}  # a clock was ahead when it was written: nobody knows what was missed
    start: datetime.datetime | None = None
    if incremental and since:
        start = datetime.datetime.combine(since, datetime.time.min, SWEDEN)
    elif incremental and "since" in cursor and cursor.get("full_at", cursor["since"]) > now - FULL_EVERY:
        start = None if _asked_for(pipeline) else cursor["since"] - OVERLAP
    go_live = datetime.datetime.combine(pipeline.tenant.go_live, datetime.time.min, SWEDEN)
    known = _Known(pipeline)
    return Window(start, now, go_live, known.memo, known.there, known.sent), start is None


class _Known:
    """What readers ask about records that were read before; fetched at once when first asked."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    @cached_property
    def _items(self) -> dict[str, Item]:
        names = ("source_id", "memo", "target_id", "intent_at", "gone_at", "missed")
        return {item.source_id: item for item in self._pipeline.items.only(*names)}

    def memo(self, source_id: str) -> dict[str, Any] | None:
        return self._items[source_id].memo if source_id in self._items else None

    def there(self) -> list[str]:
        return [source_id for source_id, item in self._items.items() if not (item.gone_at or item.missed)]

    def sent(self, source_id: str) -> bool:
        item = self._items.get(source_id)
        return item is not None and bool(item.target_id or item.intent_at)


def _asked_for(pipeline: Pipeline) -> bool:
    """Whether an item waits for all of it: new objects need not bear the time of a change, and then only this shows
    them."""
    waiting = Item.objects.filter(tenant_id=pipeline.tenant_id, state=State.WAITING)
    return waiting.filter(needs__contains=[need_pull(pipeline.flow)]).exists()


def _failed(pipeline: Pipeline, fault: Fault, systems: Systems) -> None:
    """Try again by the clock, later each time; a fault beyond this reading holds up what it concerns."""
    if isinstance(fault, RateLimited):  # our own pace: no failure, only a pause
        back = timezone.now() + datetime.timedelta(seconds=fault.wait)
        held = Pipeline.objects.filter(pk=pipeline.pk, lease_token=pipeline.lease_token)
        held.update(next_pull_at=back, lease_token=None, lease_until=None)
        return
    if fault.scope != "item":
        at_fault(pipeline, fault, pipeline.source, systems)
    failures = pipeline.failures + 1
    wait = datetime.timedelta(seconds=min(pipeline.cadence * 2 ** min(failures - 1, 6), LONGEST_WAIT.total_seconds()))
    if isinstance(fault, Transient):
        wait = min(wait, states.pause(failures + 2))
    log.warning("reading failed", cause=fault.cause, failures=failures)
    Pipeline.objects.filter(pk=pipeline.pk, lease_token=pipeline.lease_token).update(
        next_pull_at=timezone.now() + wait, lease_token=None, lease_until=None, failures=failures,
        failed_cause=fault.cause, failed_params=fault.params,
    )  # fmt: skip


# -- storing ---------------------------------------------------------------------------------------------------
def keep(pipeline: Pipeline, reads: Sequence[Read[Any]]) -> None:
    """Store records that were read singly, outside a reading of the whole source."""
    with transaction.atomic():
        _store(pipeline, Page(reads=tuple(reads)), Pulled())


def _store(pipeline: Pipeline, page: Page[Any], result: Pulled) -> None:
    """Store one page. New and changed records become due; the others are only marked as seen."""
    ids = [each.record.source_id for each in page.reads] + [each.source_id for each in page.unreadable]
    there = pipeline.items.filter(source_id__in=ids).order_by("pk").select_for_update()
    known = {item.source_id: item for item in there}
    fresh: list[Item] = []
    keys: set[str] = set()
    for read in page.reads:
        item = known.get(read.record.source_id)
        if item is None:
            fresh.append(_new(pipeline, read))
            keys.add(fresh[-1].key)
        else:
            keys |= _known(pipeline, item, read, result)
    for broken in page.unreadable:
        _unreadable(pipeline, known.get(broken.source_id), broken)
    created = Item.objects.bulk_create(fresh)
    Transition.objects.bulk_create(
        Transition(item=item, tenant_id=item.tenant_id, actor=states.SYSTEM, before="", after=item.state)
        for item in created
    )
    result.changed += len(created)
    result.ids |= {*ids, *page.seen}
    result.seen = len(result.ids)
    _reappeared(pipeline, [*ids, *page.seen])
    _rejudge(pipeline, keys - {""}, exclude=[item.pk for item in created])
    if keys:
        states.fulfil(pipeline.tenant_id, [need_seen(pipeline.flow, key) for key in keys if key])


def _new(pipeline: Pipeline, read: Read[Any]) -> Item:
    label = pipeline.rules.label(read.record)
    return Item(
        tenant_id=pipeline.tenant_id,
        pipeline=pipeline,
        source_id=read.record.source_id,
        key=label.key[:120],
        title=label.title[:250],
        record=dump(read.record),
        fingerprint=fingerprint(pipeline.rules.content(read.record)),
        memo=read.memo,
    )


def _known(pipeline: Pipeline, item: Item, read: Read[Any], result: Pulled) -> set[str]:
    """A record read again. Returns the numbers whose other bearers must be looked at again."""
    now_content = fingerprint(pipeline.rules.content(read.record))
    keys: set[str] = set()
    if now_content != item.fingerprint or item.record is None:
        label = pipeline.rules.label(read.record)
        if label.key != item.key:
            keys = {label.key, item.key}
        result.changed += 1
        Item.objects.filter(pk=item.pk).update(
            record=dump(read.record), fingerprint=now_content, key=label.key[:120], title=label.title[:250],
            memo=read.memo, read_at=timezone.now(),
        )  # fmt: skip
        states.wake(Item.objects.filter(pk=item.pk), note="changed in the source")
    elif read.memo != item.memo:
        Item.objects.filter(pk=item.pk).update(memo=read.memo)
    return keys


def _unreadable(pipeline: Pipeline, item: Item | None, broken: Unreadable) -> None:
    """A record that does not have its shape: kept, explained, in nobody's way (G8)."""
    params = {"problems": broken.problems}
    if item is None:
        item = Item.objects.create(
            tenant_id=pipeline.tenant_id, pipeline=pipeline, source_id=broken.source_id, title=broken.label[:250],
            state=State.STOPPED, reason=Item.Reason.DATA, cause="data.unreadable", params=params, waiting_since=None,
        )  # fmt: skip
        states.record(item, "", item.state, states.SYSTEM, item.cause)
    elif item.record is not None or item.params != params:
        Item.objects.filter(pk=item.pk).update(record=None, fingerprint="", memo={})
        states.move(
            Item.objects.filter(pk=item.pk), State.STOPPED, actor=states.SYSTEM,
            reason=Item.Reason.DATA, cause="data.unreadable", params=params,
        )  # fmt: skip


def _rejudge(pipeline: Pipeline, keys: set[str], exclude: list[int]) -> None:
    """Whoever bears a number that somebody else got or gave up is looked at again (C4, A3), and who waits for them."""
    if not keys:
        return
    single = [need_single(pipeline.flow, key) for key in keys]
    states.fulfil(pipeline.tenant_id, all_true(pipeline.tenant_id, dict.fromkeys(single, timezone.now())))
    bearers = pipeline.items.filter(key__in=keys)
    states.wake(bearers.exclude(pk__in=exclude), note="same number")
    states.otherwise(pipeline, bearers.values_list("source_id", "key"), keys)


# -- what is no longer there -----------------------------------------------------------------------------------
def _reappeared(pipeline: Pipeline, ids: list[str]) -> None:
    back = pipeline.items.filter(source_id__in=ids).filter(Q(missed__gt=0) | ~Q(gone_at=None))
    gone = dict(back.exclude(gone_at=None).values_list("pk", "key"))
    back.update(missed=0, gone_at=None)
    states.wake(Item.objects.filter(pk__in=gone), note="back in the source")
    _rejudge(pipeline, {*gone.values()} - {""}, exclude=list(gone))


def _missing(pipeline: Pipeline, seen: set[str]) -> None:
    """Records that a complete list no longer holds, twice in a row: what was not sent is left out; the rest is told."""
    absent = [
        (pk, missed)
        for pk, source_id, missed in pipeline.items.filter(gone_at=None).values_list("pk", "source_id", "missed")
        if source_id not in seen
    ]
    Item.objects.filter(pk__in=[pk for pk, _ in absent]).update(missed=1)
    gone = Item.objects.filter(pk__in=[pk for pk, missed in absent if missed + 1 >= MISSED_TWICE])
    keys = set(gone.values_list("key", flat=True))
    gone_ids = list(gone.values_list("pk", flat=True))
    if not gone_ids:
        return
    gone = Item.objects.filter(pk__in=gone_ids)
    gone.update(gone_at=timezone.now())
    states.move(
        gone.filter(target_id="", intent_at=None).exclude(cause=states.BY_HAND), State.LEFT_OUT, actor=states.SYSTEM,
        reason=Item.Reason.LEFT_OUT, cause="gone",
    )  # fmt: skip
    if pipeline.rules.later_changes == "show":
        states.move(
            gone.exclude(target_id=""), State.STOPPED, actor=states.SYSTEM, reason=Item.Reason.CHANGED, cause="I3.gone"
        )
    # What is being sent, or whose fate is unknown, ends first and is told then.
    states.wake(gone.filter(Q(state=State.RUNNING) | ~Q(intent_at=None)), note="gone from the source")
    _rejudge(pipeline, keys - {""}, exclude=gone_ids)
    states.otherwise(pipeline, gone.values_list("source_id", "key"))
