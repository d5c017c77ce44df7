"""What people do to items by hand: try again, leave out, "already there". Each act is recorded with who did it.

An item that is being sent stays as it is: its worker's outcome comes first (`states.move`).
"""

from typing import Any

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from integration.errors import Conflict, Fault, Rejected, Unconfirmed
from integration.records import OutdatedRecord, load
from integration.systems.base import Found
from sync.engine import states
from sync.engine.access import PATIENCE, Systems
from sync.engine.desk import ItemDesk
from sync.engine.preview import preview
from sync.engine.states import State
from sync.flows.base import flows
from sync.flows.needs import need_settled
from sync.models import Attempt, Item, Pipeline, label_of


def retry(items: QuerySet[Item], actor: str, note: str = "") -> int:
    """Make the items due now; how many were.

    One that lies in the target is compared and changed there, never made twice; one whose fate is unknown is looked
    up first (I2).
    """
    return states.move(items.exclude(state=State.PENDING), State.PENDING, actor=actor, note=note)


def resendable(items: QuerySet[Item]) -> QuerySet[Item]:
    """Those that may be sent again: they lie in the target as far as we know, nothing of them is under way, nobody
    has left them out, and they have not changed since (I3 shows that to a person, who says what becomes of it).
    """
    there = items.exclude(target_id="").filter(intent_at=None).exclude(state=State.LEFT_OUT)
    return there.exclude(reason=Item.Reason.CHANGED)


def resend(items: QuerySet[Item], actor: str, note: str = "") -> int:
    """S8: send again what the target was told before, because somebody deleted or changed it there; how many.

    The target is asked by the number that we keep (`push`). What lies there is brought up to date, or left as it is
    where changes are shown (I3); only what is gone is made anew (I2).
    """
    return states.move(resendable(items), State.PENDING, actor=actor, note=note, doubted=True)


def leavable(items: QuerySet[Item]) -> QuerySet[Item]:
    """Those that may be left out. What is transferred stays, or a later change would be shown to nobody (I3, I10); so
    does what may have arrived without an answer (`rule_out`), or nobody would look for it.
    """
    shown = [each.key for each in flows() if each.later_changes == "show"]
    transferred = Q(state=State.DONE) | ~Q(target_id="") & Q(pipeline__flow__in=shown)
    return items.exclude(transferred).exclude(_unanswered())


def may_be_left_out(item: Item) -> bool:
    """Whether it is worth asking: what may have arrived without an answer is looked for first (`rule_out`)."""
    return bool(item.intent_at) or leavable(Item.objects.filter(pk=item.pk)).exists()


def leave_out(items: QuerySet[Item], actor: str, note: str) -> int:
    """Leave the items out until a person says otherwise; how many were. What waited for their end goes on."""
    free = leavable(items)
    chosen = Item.objects.filter(pk__in=list(free.values_list("pk", flat=True)))
    left = states.move(
        free, State.LEFT_OUT, actor=actor, note=note, reason=Item.Reason.LEFT_OUT, cause=states.BY_HAND,
        params={"actor": actor, "note": note},
    )  # fmt: skip
    _ended(chosen.filter(state=State.LEFT_OUT, cause=states.BY_HAND))
    return left


def handled(items: QuerySet[Item], actor: str, note: str) -> int:
    """I3, I10: a person has seen to what changed after the transfer; how many items that was.

    What the source says now counts as sent from here on: the same change is not shown again, a later one is.
    """
    changed = items.filter(state=State.STOPPED, reason=Item.Reason.CHANGED)
    known = {"sent_record": F("record"), "sent_fingerprint": F("fingerprint"), "doubted": False}
    return states.move(changed, State.DONE, actor=actor, note=note, **known)


def already_there(item: Item, target_id: str, actor: str, systems: Systems | None = None) -> Found:
    """I11: take the object with this number for the item's, whatever differs; later changes in the source are judged
    from here. An item shown as changed after its transfer (I3, I10) is thereby dealt with.

    The target is asked whether it has the number, where it can be asked.

    Raises:
        Rejected: the target has no such object.
        Conflict: another item of the pipeline lies there, or this one lies elsewhere.
        Unconfirmed: the item is being sent right now, or what became of an earlier attempt is not known yet.
        Fault: the target could not be asked.
    """
    target_id = target_id.strip()
    taken = Item.objects.filter(pipeline_id=item.pipeline_id, target_id=target_id).exclude(pk=item.pk).first()
    if taken and not item.pipeline.rules.fetches:
        raise Conflict("manual.taken", number=target_id, others=[str(taken)])
    systems = systems or Systems(item.tenant, patience=PATIENCE)
    lost = fate(item, systems)
    if lost and lost.target_id != target_id:
        raise Conflict("manual.lies_there", number=lost.label or lost.target_id, system=item.pipeline.target)
    found = _found(item, target_id, systems)
    fields: dict[str, Any] = {
        "target_id": found.target_id,
        "target_key": item.key,
        "target_label": label_of(found.label or found.target_id),
        "adopted": True,
        "sent": _sent(item, found),
        "sent_record": item.record if item.pipeline.rules.later_changes == "show" else None,
        "sent_fingerprint": item.fingerprint,
        "sent_at": item.sent_at or timezone.now(),
        "intent_at": None,
        "doubted": False,
        # Judged once more, so that a rule may ask to look again on a day that lies ahead (P4).
        "not_before": None if item.pipeline.rules.later_changes == "show" else timezone.now(),
    }
    as_seen = {"fingerprint": item.fingerprint, "intent_at": item.intent_at, "target_id": item.target_id}
    same = Item.objects.filter(pk=item.pk, **as_seen)  # nobody sent it meanwhile
    if not states.move(same, State.DONE, actor=actor, note=found.target_id, **fields):
        raise Unconfirmed("manual.busy", number=item.key)
    now = timezone.now()
    Attempt.objects.create(
        item=item, tenant_id=item.tenant_id, actor=actor, started_at=now, finished_at=now,
        operation=Attempt.Operation.ADOPT, outcome=Attempt.Outcome.DONE, payload=found.fields,
    )  # fmt: skip
    item.refresh_from_db()
    states.fulfil(item.tenant_id, states.settled_references(item))
    return found


def rule_out(item: Item, systems: Systems | None = None) -> None:
    """Make sure, before the item is left out, that nothing of it lies in the target by an answer that was lost (I2).

    Raises:
        Conflict: it lies there.
        Unconfirmed: that is not known yet.
        Fault: the target could not be asked.
    """
    lost = fate(item, systems or Systems(item.tenant, patience=PATIENCE))
    if lost:
        raise Conflict("manual.lies_there", number=lost.label or lost.target_id, system=item.pipeline.target)
    idle = Item.objects.filter(pk=item.pk, intent_at=item.intent_at).exclude(state=State.RUNNING)
    idle.update(intent_at=None)


def fate(item: Item, systems: Systems) -> Found | None:
    """What an attempt whose answer was lost has made in the target; None where there is nothing that could be lost
    sight of. What bears a number of its own is found by it whenever it is taken up again.

    Raises:
        Unconfirmed: it may still arrive, or cannot be looked for before it is tried again.
        Fault: the target could not be asked.
    """
    flow, writer = item.pipeline.rules, systems.writer(item.pipeline.target, item.pipeline.rules.writes)
    if not item.intent_at or item.target_id or writer.keyed:
        return None
    if flow.fetches:
        return Found(item.source_id, {}, item.title) if systems.was_fetched(item) else None
    unknown = Unconfirmed("manual.unanswered", number=item.key, system=item.pipeline.target)
    if not writer.look_first or timezone.now() < item.intent_at + states.ON_ITS_WAY:
        raise unknown
    try:
        prepared = flow.prepare(load(item.sent_record or item.record or {}, flow.reads), ItemDesk(item))
    except (Fault, OutdatedRecord):
        raise unknown from None
    return writer.find(prepared)


def _unanswered() -> Q:
    """Items of which something may lie in the target without our knowing; our own storage knows of documents."""
    known = [each.key for each in flows() if each.fetches]
    return Q(intent_at__isnull=False, target_id="") & ~Q(pipeline__flow__in=known)


def _found(item: Item, target_id: str, systems: Systems) -> Found:
    """The object in the target; a target that cannot be asked for one is believed to have it."""
    writer = systems.writer(item.pipeline.target, item.pipeline.rules.writes)
    if not writer.look_first:
        return Found(target_id, {})
    found = writer.get(target_id)
    if found is None:
        raise Rejected("manual.not_found", number=target_id, system=item.pipeline.target)
    return found


def _sent(item: Item, found: Found) -> dict[str, Any]:
    """What counts as written: today's record, so that only what changes later is (G4)."""
    try:
        return preview(item).fields
    except Fault:
        return found.fields


def _ended(items: QuerySet[Item]) -> None:
    """Whoever waits for these items to find an end, whichever it is, goes on; who waits for them is judged again."""
    by_tenant: dict[int, set[str]] = {}
    by_pipeline: dict[Pipeline, list[tuple[str, str]]] = {}
    for item in items.select_related("pipeline").only("source_id", "key", "tenant_id", "pipeline"):
        by_tenant.setdefault(item.tenant_id, set()).add(need_settled(item.pipeline.flow, item.source_id))
        by_pipeline.setdefault(item.pipeline, []).append((item.source_id, item.key))
    for tenant, ended in by_tenant.items():
        waiting = Item.objects.filter(tenant_id=tenant, state=State.WAITING).exclude(needs=[])
        awaited = {each for needs in waiting.values_list("needs", flat=True) for each in needs}
        if true := sorted(ended & awaited):
            states.fulfil(tenant, true)
    for pipeline, records in by_pipeline.items():
        states.otherwise(pipeline, records)
