"""Every transition of an item, each one conditional UPDATE, recorded with time and actor.

`claim` and `take_intent` are the fences: whoever lost its lease writes nothing more, neither here nor over there.
"""

import datetime
import random
import uuid
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce, Least
from django.utils import timezone

from integration.errors import Fault, RateLimited, Skip, Waiting
from sync.engine.doors import sending
from sync.flows.needs import met_by, need, need_connection, need_pipeline, need_settled
from sync.models import Item, Pipeline, Transition

State = Item.State
LEASE = datetime.timedelta(seconds=60)  # longer than one request may take (integration.http.WHOLE_SECONDS)
# A write that nobody answered may still be on its way to where it is stored. For so long it is looked for and not
# repeated, where nothing over there refuses a second one. Shorter than a lease: what a killed worker held waits once.
ON_ITS_WAY = datetime.timedelta(seconds=45)
LONGEST_PAUSE = datetime.timedelta(minutes=30)
AHEAD = 2 * LONGEST_PAUSE
ENDS = {State.DONE, State.LEFT_OUT, State.STOPPED}
HANGING = {State.WAITING, State.LEFT_OUT, State.STOPPED}  # what may have needs that set it going
SYSTEM = "byggbro"
BY_HAND = "manual.left_out"  # the cause of an item that a person left out: only a person takes it up again


class LeaseLost(Exception):
    """Another worker took over, or a person moved the item: stop at once."""


def claimable(now: datetime.datetime) -> Q:
    """Items that may be taken now: due, or held by somebody whose lease ran out.

    What lies further ahead than anything is ever put was written while a clock was wrong.
    """
    return (
        Q(state=State.PENDING)
        | Q(state__in=[State.WAITING, State.DONE], not_before__lte=now)
        | Q(state=State.WAITING, reason=Item.Reason.CLOCK, not_before__gt=now + AHEAD)
        | Q(state=State.RUNNING) & (Q(lease_until__lt=now) | Q(lease_until__gt=now + AHEAD))
    )


def claim(item_id: int) -> Item | None:
    """Take the item for one lease; None when there is nothing to do or somebody else has it.

    Only the item's own columns decide: a condition on a joined table would move all of them into a subquery, which
    PostgreSQL does not look at again after it has waited for another worker's claim.
    """
    now, token = timezone.now(), uuid.uuid4()
    running = sending()
    probe = ~Q(needs=[]) & Q(not_before__lte=now)  # the one that tries whether a held-up pipeline goes on
    taken = (
        Item.objects.filter(claimable(now), pk=item_id)
        .filter(Q(pipeline__in=running.filter(paused_cause="")) | probe & Q(pipeline__in=running))
        .update(
            state=State.RUNNING,
            lease_token=token,
            lease_until=now + LEASE,
            queued_until=None,
            not_before=None,
            read_at=Least("read_at", Value(now)),  # one that lies ahead was written while a clock was wrong
        )
    )
    if not taken:
        return None
    item: Item = Item.objects.select_related("pipeline__tenant", "tenant").get(pk=item_id)
    return item if item.lease_token == token else None


def take_intent(item: Item) -> None:
    """Commit, before the request leaves, what may have been stored from now on; renew the lease.

    Raises:
        LeaseLost: the item is no longer ours, so the request must not leave.
    """
    now = timezone.now()
    leaving = {"intent_at": now, "sent_record": item.record, "sent_fingerprint": item.fingerprint}
    if not _held(item).update(lease_until=now + LEASE, **leaving):
        raise LeaseLost
    for name, value in {**leaving, "lease_until": now + LEASE}.items():
        setattr(item, name, value)


def extend(item: Item) -> None:
    """Renew the lease before another slow step.

    Raises:
        LeaseLost: the item is no longer ours.
    """
    until = timezone.now() + LEASE
    if not _held(item).update(lease_until=until):
        raise LeaseLost
    item.lease_until = until


def keep(item: Item) -> None:
    """Renew the lease if it is getting short.

    Raises:
        LeaseLost: the item is no longer ours.
    """
    if item.lease_until and item.lease_until - timezone.now() < 0.75 * LEASE:
        extend(item)


def _held(item: Item) -> QuerySet[Item]:
    return Item.objects.filter(pk=item.pk, state=State.RUNNING, lease_token=item.lease_token)


def _clean() -> dict[str, Any]:
    """Nothing stands in the way any more."""
    return {"reason": "", "cause": "", "params": {}, "needs": [], "not_before": None, "tries": 0}


def settle(item: Item, state: str, *, actor: str, **fields: Any) -> str:
    """End a claim. `done` only if the content is still the one that was sent, and nothing at all if somebody woke the
    item meanwhile (`wake` leaves `not_before` on what is being sent): then it is due again, for another look.

    Returns:
        The state that the item now has.

    Raises:
        LeaseLost: somebody else's outcome stands.
    """
    now = timezone.now()
    since = item.waiting_since or now
    common = {"moved_at": now, "lease_token": None, "lease_until": None, "queued_until": None, **fields}
    common["waiting_since"] = None if state in ENDS else since
    with transaction.atomic():
        asked, held = state, _held(item).filter(not_before=None)
        if state == State.DONE:
            held, common = held.filter(fingerprint=item.fingerprint), {**_clean(), **common}
        elif state == State.PENDING:
            common |= _clean()
        if not held.update(state=state, **common):
            state, common = State.PENDING, {**common, **_clean(), "waiting_since": since}
            if not _held(item).update(state=state, **common):
                raise LeaseLost
        record(item, State.RUNNING, state, actor, fields.get("cause", "") if state == asked else "")
    for name, value in {"state": state, **common}.items():
        setattr(item, name, value)
    return state


def settle_fault(item: Item, fault: Fault, *, actor: str) -> str:
    """End a claim with what stood in the way: the class of the fault says who must act."""
    now = timezone.now()
    fields: dict[str, Any] = {"reason": fault.reason, "cause": fault.cause, "params": fault.params, "needs": []}
    fields["not_before"] = None
    if isinstance(fault, Waiting):
        state = State.WAITING
        fields["needs"] = fault.needs
    elif isinstance(fault, RateLimited):
        state = State.WAITING
        fields["not_before"] = now + datetime.timedelta(seconds=fault.wait)
    elif fault.reason == Item.Reason.CLOCK:
        state = State.WAITING
        fields["not_before"] = now + pause(item.tries)
        fields["tries"] = item.tries + 1
    elif fault.scope != "item":
        state = State.WAITING  # the flow or the connection is at fault: nothing of the item's is used up
        fields["needs"] = [scope_reference(item.pipeline, fault)]
    else:
        state = State.LEFT_OUT if isinstance(fault, Skip) else State.STOPPED
        fields["needs"] = fault.until
    return settle(item, state, actor=actor, **fields)


def pause(tries: int) -> datetime.timedelta:
    """Jitter over the later half of a doubling span: 2 s, 4 s, 8 s … half an hour at most."""
    span = min(2.0 * 2 ** min(tries, 12), LONGEST_PAUSE.total_seconds())
    return datetime.timedelta(seconds=random.uniform(span / 2, span))  # noqa: S311 - jitter


def scope_reference(pipeline: Pipeline, fault: Fault) -> str:
    """What an item waits for when not itself but its flow or a connection is at fault."""
    if fault.scope == "flow":
        return need_pipeline(pipeline.flow)
    return need_connection(fault.params.get("system", pipeline.target))


def record(item: Item, before: str, after: str, actor: str, cause: str = "", note: str = "") -> None:
    """Write the transition down."""
    Transition.objects.create(
        item=item, tenant_id=item.tenant_id, actor=actor, before=before, after=after, cause=cause, note=note
    )


def move(items: QuerySet[Item], state: str, *, actor: str, note: str = "", **fields: Any) -> int:
    """Move many items that nobody is working on, by one UPDATE and one INSERT.

    Items that are being sent stay: their worker's outcome comes first.
    """
    now = timezone.now()
    since = None if state in ENDS else Coalesce("waiting_since", Value(now))
    with transaction.atomic():
        idle = items.exclude(state=State.RUNNING).order_by("pk").select_for_update(of=("self",))
        rows = list(idle.values_list("pk", "state", "tenant_id"))
        if not rows:
            return 0
        Item.objects.filter(pk__in=[pk for pk, _, _ in rows]).update(
            state=state, moved_at=now, waiting_since=since, queued_until=None, **{**_clean(), **fields}
        )
        Transition.objects.bulk_create(
            [
                Transition(
                    item_id=pk, tenant_id=tenant, actor=actor, before=before, after=state,
                    cause=fields.get("cause", ""), note=note,
                )
                for pk, before, tenant in rows
            ]
        )  # fmt: skip
    return len(rows)


def free(now: datetime.datetime) -> int:
    """Items whose worker died are due again, whether anybody may take them now or not. What may lie in the target keeps
    its intent. Whoever lives after all has lost its lease."""
    left = Item.objects.filter(Q(lease_until__lt=now) | Q(lease_until__gt=now + AHEAD), state=State.RUNNING)
    with transaction.atomic():
        rows = list(left.order_by("pk").select_for_update(of=("self",)).values_list("pk", "tenant_id"))
        Item.objects.filter(pk__in=[pk for pk, _ in rows]).update(
            state=State.PENDING, moved_at=now, waiting_since=Coalesce("waiting_since", Value(now)), lease_token=None,
            lease_until=None, queued_until=None, reason="", cause="", params={}, needs=[], not_before=None,
        )  # fmt: skip
        Transition.objects.bulk_create(
            Transition(
                item_id=pk, tenant_id=tenant, actor=SYSTEM, before=State.RUNNING, after=State.PENDING,
                note="its worker died",
            )
            for pk, tenant in rows
        )  # fmt: skip
    return len(rows)


def wake(items: QuerySet[Item], *, actor: str = SYSTEM, note: str = "") -> int:
    """Make items due again. What is being sent right now was judged by what was known before: it is marked, so that its
    end is another look. What is due already waits for us to commit, so that it is judged by what we know. What a
    person left out stays out.
    """
    with transaction.atomic():
        judged = items.exclude(state=State.LEFT_OUT, cause=BY_HAND).order_by("pk")
        rows = dict(judged.select_for_update(of=("self",)).values_list("pk", "state"))
        running = [pk for pk, state in rows.items() if state == State.RUNNING]
        Item.objects.filter(pk__in=running).update(not_before=timezone.now())
        idle = [pk for pk, state in rows.items() if state not in {State.RUNNING, State.PENDING}]
        return move(Item.objects.filter(pk__in=idle), State.PENDING, actor=actor, note=note)


_WITHOUT = "ARRAY(SELECT need FROM unnest(needs) WITH ORDINALITY AS u(need, i) WHERE need <> ALL(%s) ORDER BY i)"


def fulfil(tenant_id: int, references: Iterable[str]) -> int:
    """These references came true: strike them from what hangs on them, and wake what now hangs on nothing."""
    if not (references := list(references)):
        return 0
    hanging = Item.objects.filter(tenant_id=tenant_id, state__in=HANGING)
    with transaction.atomic():
        hit = hanging.filter(needs__overlap=references).order_by("pk").select_for_update(of=("self",))
        touched = list(hit.values_list("pk", flat=True))
        if not touched:
            return 0
        Item.objects.filter(pk__in=touched).update(needs=RawSQL(_WITHOUT, [references]))  # noqa: S611 - no input in it
        return wake(Item.objects.filter(pk__in=touched, state__in=HANGING, needs=[]))


def otherwise(pipeline: Pipeline, records: Iterable[tuple[str, str]], numbers: Iterable[str] = ()) -> int:
    """Records (source id, number) of this flow, or whatever bears these numbers, are no longer what they were: whoever
    waits for one of them is judged again, which may change the answer (A3: the row goes without a number; S6: a
    document is left out with its invoice)."""
    awaited = {each for source_id, key in records for each in met_by(pipeline.flow, source_id, key)}
    awaited |= {need(pipeline.flow, key=key) for key in numbers}
    return judge_again(Item.objects.filter(tenant_id=pipeline.tenant_id, needs__overlap=list(awaited)))


def judge_again(items: QuerySet[Item]) -> int:
    """Those of them that wait, since what they wait for is no longer what they were judged by."""
    return wake(items.filter(state=State.WAITING), note="what it waits for has changed")


def settled_references(item: Item) -> list[str]:
    """What came true by this item having found an end; by lying in the target above all."""
    ended = [need_settled(item.pipeline.flow, item.source_id)]
    return [*item.references, *ended] if item.target_id else ended
