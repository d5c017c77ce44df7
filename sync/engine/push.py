"""Push: one item, one remote write, exactly once (I2).

claim → prepare (rules) → find, where its fate is unknown → intent → write → settle. Whatever ends an attempt early
is a fault whose class decides what happens next; an unknown exception goes to a person and is never retried blindly.
"""

import time
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from redis import RedisError

from integration.errors import (
    ConfigError,
    Conflict,
    Fault,
    InvalidRecord,
    OnItsWay,
    Rejected,
    Skip,
    Transient,
    Unconfirmed,
    Waiting,
)
from integration.http import alive
from integration.records import Note, OutdatedRecord, dump, load
from integration.systems.base import Found, Payload, Writer
from sync import documents
from sync.engine import presence, states
from sync.engine.access import Systems, at_fault, resume
from sync.engine.alone import alone_with
from sync.engine.desk import ItemDesk, all_true
from sync.engine.problems import cause_gone
from sync.engine.sent import as_found, perhaps_written, plain, shown, since_sent
from sync.engine.states import LeaseLost, State
from sync.flows.base import get_flow
from sync.flows.needs import Reference, need_document, need_pull
from sync.models import Attempt, Item, Pipeline, label_of

log = structlog.get_logger(__name__)

Operation, Outcome = Attempt.Operation, Attempt.Outcome

# Reasons that leave no attempt where nothing left: found without asking anybody, or (an outage) told by the item itself
# and by each transition, again and again for every item.
UNTOLD = {"need", "left_out", "data", "conflict", "changed", "clock"}
STILL_AT_WORK = 5.0  # seconds until another look at an item whose former worker has not ended
NOTED_SECONDS = 1.0
HAND_OVERS = 3  # addresses that a target may let expire without fetching before a person is asked
UPLOAD_TRIES = 8  # times a target may fail to fetch a document before a person is asked


@dataclass(frozen=True, slots=True)
class Pushed:
    """How a push ended. `state`: the item's, empty when there was nothing to do or somebody else has it.
    `wait`: seconds until the clock brings it back, None when the clock has no part in it.
    """

    state: str = ""
    wait: float | None = None


def push(item_id: int, *, actor: str = states.SYSTEM, systems: Systems | None = None) -> Pushed:
    """Bring one item to where it belongs."""
    item = states.claim(item_id)
    if item is None:
        return Pushed()
    with structlog.contextvars.bound_contextvars(tenant=item.tenant.slug, flow=item.pipeline.flow, item=item.pk):
        try:
            with alone_with(item.pk) as alone:
                if alone:
                    with alive(lambda: states.keep(item)):
                        state = Push(item, systems or Systems(item.tenant), actor).run()
                else:
                    state = states.settle_fault(item, OnItsWay(STILL_AT_WORK), actor=actor)
        except LeaseLost:
            log.warning("lease lost, another worker goes on")
            return Pushed()
    after(item)
    if state == State.DONE:
        cause_gone(item)
    wait = (item.not_before - timezone.now()).total_seconds() if item.not_before else None
    return Pushed(state, wait)


def after(item: Item) -> None:
    """What an item's end means for others: those that needed it go, those that it needs are nudged."""
    if item.state in {State.DONE, State.LEFT_OUT, State.STOPPED}:
        states.fulfil(item.tenant_id, states.settled_references(item))
    if item.needs:  # what came true between looking and waiting was nobody's to tell
        states.fulfil(item.tenant_id, all_true(item.tenant_id, dict.fromkeys(item.needs, item.read_at)))
        nudge(item)
    if item.state != State.LEFT_OUT:
        return
    if item.cause not in item.pipeline.rules.unneeded:
        states.otherwise(item.pipeline, [(item.source_id, item.key)])
    elif ItemDesk(item).needed():
        states.wake(Item.objects.filter(pk=item.pk), note="needed by now")


def nudge(item: Item) -> None:
    """What this item needs is looked at again: articles that nobody needed so far (A2), a source to be read anew."""
    for flow, kind, value in map(Reference.parse, item.needs):
        if kind == "pull":
            pipelines = Pipeline.objects.filter(tenant_id=item.tenant_id, flow=flow, enabled=True)
            pipelines.filter(next_pull_at__gt=timezone.now()).update(next_pull_at=timezone.now())
        elif kind in {"no", "id"}:
            # One that is being judged now looks itself whether it is needed, once it is left out (`after`).
            unneeded = _left_out(item, flow, kind, value).filter(cause__in=get_flow(flow).unneeded)
            states.wake(unneeded, note=f"needed by: {item}")


def look_again(item: Item) -> None:
    """Makes up for what `after` did not tell a waiting item: it was judged before, or about when, what it waits for was
    left out."""
    for flow, kind, value in map(Reference.parse, item.needs):
        if kind in {"no", "id"}:
            since = _left_out(item, flow, kind, value).filter(
                moved_at__gt=item.moved_at - states.LEASE, moved_at__lte=timezone.now()
            )
            if since.exclude(cause__in=get_flow(flow).unneeded).exists():
                states.judge_again(Item.objects.filter(pk=item.pk))


def _left_out(item: Item, flow: str, kind: str, value: str) -> QuerySet[Item]:
    by = {"key": value} if kind == "no" else {"source_id": value}
    return Item.objects.filter(tenant_id=item.tenant_id, pipeline__flow=flow, state=State.LEFT_OUT, **by)


class Push:
    """One attempt at one claimed item."""

    def __init__(self, item: Item, systems: Systems, actor: str) -> None:
        self.item = item
        self.pipeline = item.pipeline
        self.flow = item.pipeline.rules
        self.systems = systems
        self.actor = actor
        self.desk = ItemDesk(item)
        self.attempt: Attempt | None = None
        self.side = self.pipeline.target
        self.unconfirmed = item.intent_at is not None  # an earlier attempt's answer was lost

    def run(self) -> str:
        """The attempt, and the state it ends in."""
        try:
            state = self._ended()
        except (LeaseLost, OperationalError, InterfaceError):
            raise  # our own truth is out of reach: the lease runs out and somebody tries again
        except Exception as error:
            reference = uuid.uuid4().hex[:8]
            log.exception("push failed", reference=reference)
            self._end_attempt(Outcome.FAILED, "internal", {"reference": reference})
            state = states.settle(
                self.item, State.STOPPED, actor=self.actor, reason=Item.Reason.INTERNAL, cause="internal",
                params={"reference": reference, "error": type(error).__name__}, needs=[], not_before=None,
            )  # fmt: skip
        if state == State.DONE and self.pipeline.paused_cause:
            resume(self.pipeline)
        return state

    def _ended(self) -> str:
        """What came of it, written down."""
        try:
            return self._deliver()
        except Fault as fault:
            return self._fail(fault)
        except RedisError as error:
            return self._fail(Transient("redis", error=type(error).__name__))

    # -- the way there ---------------------------------------------------------------------------------------
    def _deliver(self) -> str:
        if self.item.gone_at and not self.item.target_id and not self.unconfirmed:
            raise Skip("gone")  # whatever else would hold it back
        if self.item.record is None:
            raise InvalidRecord("data.unreadable", **self.item.params)
        record = self._record()
        kept = self._look_again() if self.item.doubted and self.item.target_id else None
        if self.item.target_id and self.flow.later_changes == "show":
            return self._show(record)
        self._keep_file(record)
        try:
            prepared = self.flow.prepare(record, self.desk)
        except Fault as objection:
            return self._left_before(objection)
        writer = self.systems.writer(self.pipeline.target, self.flow.writes)
        payload = writer.payload(prepared)
        self.desk.notes += [dump(note) for note in payload.notes]
        if self.item.target_id and writer.keyed and self.item.target_key != self.item.key:
            self._renumbered()
        elif kept and not self.item.adopted:
            self._may_be_taken(prepared, kept)
        if self.item.target_id:
            lost = perhaps_written(self.item)
            return self._update(writer, prepared, payload, self.item.sent or {}, again=lost)
        found = None if presence.known_absent(self.item, writer) else self._find(writer, prepared)
        if found is None:
            self._not_on_its_way(writer)
            if self.item.gone_at:
                raise Skip("gone")
            if self.unconfirmed:  # it never arrived, so it is judged as what was never sent
                self.flow.prepare(record, ItemDesk(self.item, maybe_there=False))
            try:
                return self._create(writer, prepared, payload)
            except Rejected as refusal:
                found = self._already_there(writer, prepared)
                if found is None:
                    raise refusal from None
        return self._adopt(writer, prepared, payload, found)

    def _left_before(self, objection: Fault) -> str:
        """What a rule holds back today may have left as it was before, its answer lost: that is found out first.

        Raises:
            Fault: the objection, where nothing of ours lies there.
        """
        if not self.unconfirmed or self.flow.later_changes != "show" or not self.item.sent_record:
            raise objection
        try:
            prepared = self.flow.prepare(load(self.item.sent_record, self.flow.reads), ItemDesk(self.item))
        except (Fault, OutdatedRecord):
            raise objection from None
        writer = self.systems.writer(self.pipeline.target, self.flow.writes)
        found = self._find(writer, prepared)
        if found is None:
            self._not_on_its_way(writer)
            raise objection
        return self._adopt(writer, prepared, writer.payload(prepared), found)

    def _record(self) -> Any:
        """The record as it was read.

        Raises:
            Waiting: an earlier version of Byggbro stored it in another shape, so it is read anew first.
        """
        try:
            return load(self.item.record or {}, self.flow.reads)
        except OutdatedRecord:
            Item.objects.filter(pk=self.item.pk).update(fingerprint="", memo={})
            Pipeline.objects.filter(pk=self.pipeline.pk).update(cursor={})
            raise Waiting("data.outdated", needs=[need_pull(self.pipeline.flow)]) from None

    def _renumbered(self) -> None:
        """Numbers are the keys (G2): under a new number it is another object, matched anew. The old one stays."""
        self.desk.note(Note("G2", "number", "renumbered", self.item.target_key, self.item.key))
        self.item.target_id = self.item.target_label = ""
        self.item.intent_at, self.item.sent, self.unconfirmed = None, None, False

    def _look_again(self) -> Found | None:
        """S8: a person says that it was deleted or changed over there. The number that we keep tells, before anything
        is made anew (I2): what lies there is ours as it is, and brought up to date where the flow does that.
        """
        writer = self.systems.writer(self.pipeline.target, self.flow.writes)
        found = writer.get(self.item.target_id) if writer.look_first else None
        if found is None:
            self.item.target_id = self.item.target_key = self.item.target_label = ""
            self.item.sent, self.item.adopted = None, False
        elif self.flow.later_changes == "show":
            self.item.doubted = False
        else:
            self.item.sent = as_found(self.item, found)
        return found

    def _show(self, record: Any) -> str:
        """Transferred once and for all: a change is shown to a person, not written (I3)."""
        if fault := since_sent(self.item, record):
            raise fault
        return states.settle(self.item, State.DONE, actor=self.actor, doubted=False)

    def _keep_file(self, record: Any) -> None:
        """Fetch the file that the record stands for and keep it, before any rule looks at it (S6)."""
        if not self.flow.fetches or self.desk.document_type(self.item.source_id):
            return
        self.flow.before_fetch(record, self.desk)
        self.side = self.pipeline.source
        self.systems.keep_file(self.item, record)
        states.extend(self.item)
        self.side = self.pipeline.target

    def _find(self, writer: Writer[Any, Any], prepared: Any) -> Found | None:
        if self.flow.fetches:
            return Found(self.item.source_id, {}) if self.systems.was_fetched(self.item) else None
        if not writer.look_first and not self.item.intent_at:
            return None
        return writer.find(prepared)

    def _not_on_its_way(self, writer: Writer[Any, Any]) -> None:
        """I2: what left and is not found may still arrive, at a target that is slow and refuses no second one.

        Raises:
            OnItsWay: it left too short a time ago to be sent again.
        """
        if writer.keyed or not self.unconfirmed or not self.item.intent_at:
            return
        last = Attempt.objects.filter(item=self.item, operation__in=Attempt.WRITES).first()
        if last and last.params.get("answered"):
            return
        left = self.item.intent_at + states.ON_ITS_WAY - timezone.now()
        if left.total_seconds() > 0:
            raise OnItsWay(left.total_seconds())

    def _already_there(self, writer: Writer[Any, Any], prepared: Any) -> Found | None:
        """The target refused to create it: perhaps because the snapshot was wrong and it exists."""
        presence.forget(self.item)
        return writer.find(prepared) if writer.keyed else None

    def _create(self, writer: Writer[Any, Any], prepared: Any, payload: Payload) -> str:
        fields = {**payload.fields, **payload.on_create}
        fields = {name: value for name, value in fields.items() if value not in ("", None)}
        written = writer.create(prepared, fields, lambda: self._leaving(Operation.CREATE, shown(payload, fields)))
        if self.flow.fetches and not self._fetched():
            self._end_attempt(Outcome.HANDED_OVER)
            if self.item.attempts.filter(outcome=Outcome.HANDED_OVER).count() >= HAND_OVERS:
                raise ConfigError("S6.never_fetched", times=HAND_OVERS)
            raise Waiting("S6.not_fetched", needs=[need_document(self.item.pk)])
        return self._done(written.target_id, written.label, payload)

    def _fetched(self) -> bool:
        """The target's answer may overtake our own note that its last byte has left."""
        deadline = time.monotonic() + NOTED_SECONDS
        while not self.systems.was_fetched(self.item):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def _adopt(self, writer: Writer[Any, Any], prepared: Any, payload: Payload, found: Found) -> str:
        """It lies there: ours whose answer was lost, or one that somebody else made (I11)."""
        if not self.unconfirmed or self.flow.later_changes == "update":
            self._may_be_taken(prepared, found)
        self.item.adopted = not self.unconfirmed
        self._start_attempt(Operation.ADOPT, found.fields)
        self._end_attempt(Outcome.DONE)
        if self.flow.later_changes == "show":
            return self._done(found.target_id, found.label, payload, as_intended=self.unconfirmed)
        self.item.target_id, self.item.target_label = found.target_id, label_of(found.label)
        # What the source leaves empty is no wish to clear what a bookkeeper has filled in (G4), only what we filled in.
        ours = perhaps_written(self.item)
        empty = {name: value for name, value in plain(payload.fields).items() if value == "" and name not in ours}
        return self._update(writer, prepared, payload, {**plain(found.fields), **empty})

    def _may_be_taken(self, prepared: Any, found: Found) -> None:
        """C5 holds after a lost answer too: what lies under our number may be somebody else's, made meanwhile. What is
        exactly as it was sent is ours, whatever the source says today.

        Raises:
            Conflict: a person decides.
        """
        try:
            self.flow.adopt(prepared, found, self.desk)
        except Conflict:
            tried = Attempt.objects.filter(item=self.item, operation=Operation.CREATE).first()
            sent, there = (tried and tried.payload) or {}, plain(found.fields)
            if not self.unconfirmed or any(sent.get(name, "") != value for name, value in there.items()):
                raise

    def _update(
        self,
        writer: Writer[Any, Any],
        prepared: Any,
        payload: Payload,
        sent: dict[str, Any],
        again: Collection[str] = (),
    ) -> str:
        """Write what changed since the last write, and nothing else (G4), but for the fields in `again`: what they are
        over there nobody knows."""
        now = plain(payload.fields)
        same = {name for name in now if name not in again and writer.same(name, now[name], sent.get(name, ""))}
        changes = {name: value for name, value in payload.fields.items() if name not in same}
        changes = self.flow.allowed(changes, self.desk) if changes else {}
        if changes:
            target = self.item.target_id
            writer.update(target, prepared, changes, lambda: self._leaving(Operation.UPDATE, shown(payload, changes)))
        return self._done(self.item.target_id, self.item.target_label, payload)

    # -- what is written down --------------------------------------------------------------------------------
    def _leaving(self, operation: str, fields: dict[str, Any]) -> None:
        """The request is about to leave: fence, intent, attempt."""
        states.take_intent(self.item)
        if self.attempt is None or self.attempt.outcome:
            self._start_attempt(operation, fields)

    def _start_attempt(self, operation: str, fields: dict[str, Any]) -> None:
        self.attempt = Attempt.objects.create(
            item=self.item, tenant_id=self.item.tenant_id, actor=self.actor, operation=operation, payload=plain(fields)
        )

    def _end_attempt(self, outcome: str, cause: str = "", params: dict[str, Any] | None = None) -> None:
        if self.attempt:
            Attempt.objects.filter(pk=self.attempt.pk).update(
                finished_at=timezone.now(), outcome=outcome, cause=cause, params=params or {}
            )
            self.attempt.outcome = outcome

    def _done(self, target_id: str, label: str, payload: Payload, *, as_intended: bool = False) -> str:
        """It lies there. `as_intended`: what lies there is what an earlier attempt sent, not today's record."""
        self._end_attempt(Outcome.DONE)
        if not as_intended:
            self.item.sent_record, self.item.sent_fingerprint = self.item.record, self.item.fingerprint
        told = self.item.gone_at and self.flow.later_changes == "show"  # deleted while it was on its way
        state = State.DONE if self.item.sent_fingerprint == self.item.fingerprint and not told else State.PENDING
        with transaction.atomic():
            if self.flow.fetches:
                documents.close(self.item)
            return states.settle(
                self.item,
                state,
                actor=self.actor,
                target_id=target_id,
                target_key=self.item.key,
                target_label=label_of(label or target_id),
                adopted=self.item.adopted,
                sent=shown(payload),
                sent_record=self.item.sent_record if self.flow.later_changes == "show" else None,
                sent_fingerprint=self.item.sent_fingerprint,
                sent_at=timezone.now(),
                not_before=self.desk.again_at,
                notes=self.desk.notes,
                intent_at=None,
                doubted=False,
            )

    def _fail(self, fault: Fault) -> str:
        if self.flow.fetches and isinstance(fault, Rejected) and self._unfetched_yet():
            # It could not fetch from us, whatever it says: our address may be out of reach for a moment.
            fault = Transient("S6.not_fetched", **fault.params)
        if fault.scope != "item":
            at_fault(self.pipeline, fault, self.side, self.systems)
        if self.attempt is None and fault.reason not in UNTOLD:
            self._start_attempt(Operation.LOOK_UP, {})
        outcome = Outcome.UNCONFIRMED if isinstance(fault, Unconfirmed) else Outcome.FAILED
        if self.attempt and self.attempt.outcome == Outcome.HANDED_OVER:
            outcome = Outcome.HANDED_OVER  # the target has the address and may fetch at any moment: the intent stands
        else:
            self._end_attempt(outcome, fault.cause, fault.params)
        if outcome == Outcome.FAILED and self.item.intent_at and self._nothing_open():
            self._forget_intent()
        Item.objects.filter(pk=self.item.pk, lease_token=self.item.lease_token).update(
            notes=self.desk.notes, target_id=self.item.target_id, target_label=self.item.target_label,
            target_key=self.item.target_key, adopted=self.item.adopted, doubted=self.item.doubted,
        )  # fmt: skip
        return states.settle_fault(self.item, fault, actor=self.actor)

    def _nothing_open(self) -> bool:
        """Whether an attempt that was refused or never reached the target leaves nothing of ours there to be found.

        Before a creation an earlier one was looked for; what an earlier change did is only known after the next.
        """
        failed = self.attempt.operation if self.attempt else Operation.LOOK_UP
        return failed == Operation.CREATE or (failed != Operation.LOOK_UP and not self.unconfirmed)

    def _unfetched_yet(self) -> bool:
        return self.item.tries < UPLOAD_TRIES and not self.systems.was_fetched(self.item)

    def _forget_intent(self) -> None:
        Item.objects.filter(pk=self.item.pk, lease_token=self.item.lease_token).update(intent_at=None)
