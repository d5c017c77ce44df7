"""What an item's page shows: what happened and what to do, what it waits for, what was or would be sent, and when."""

from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from integration.errors import Fault
from integration.mapping import swedish_amount
from integration.records import OutdatedRecord, load
from integration.registry import system_title
from sync.admin import causes
from sync.admin.compare import Line, listed, side_by_side
from sync.admin.history import size
from sync.engine import manual, turns
from sync.engine.preview import preview
from sync.explain import Explanation, explain
from sync.models import Attempt, Document, Item, Problem
from sync.words import (
    OUTCOME_LABELS,
    STATE_LABELS,
    actor_shown,
    flow_title,
    move_shown,
    note_shown,
    whose,
)

ROWS = 50  # attempts and transitions shown


def page(item: Item) -> dict[str, Any]:
    """The context of the item's template."""
    needs = turns.needs_of(item)
    told = explain(item.cause, turns.params_of(item, needs)) if item.cause else None
    changed = _changed(item)
    documents = Document.objects.filter(item=item).order_by("kind")
    return {
        "item": item,
        "flow": flow_title(item.pipeline.flow),
        "from": system_title(item.pipeline.source),
        "to": system_title(item.pipeline.target),
        "state_label": STATE_LABELS.get(Item.State(item.state), "default"),
        "since": item.waiting_since or item.moved_at,
        "told": told,
        "causes_url": causes.address(item.cause),
        "problem": _problem(item),
        "sums": _sums(item),
        "may_leave_out": manual.may_be_left_out(item),
        "may_resend": manual.resendable(Item.objects.filter(pk=item.pk)).exists(),
        "who": whose(turns.turns_of(told.who, needs)) if told else "",
        "waits_for": [_waits_for(each) for each in needs],
        "record": listed(item.record),
        "changed": changed,
        "differences": [line for line in changed if line.differs],
        "same": [line for line in changed if not line.differs],
        "sent": listed(item.sent),
        "next": _next(item),
        "remarks": [note_shown(note) for note in item.notes],
        "attempts": [_attempt(row) for row in item.attempts.order_by("-started_at", "-pk")[:ROWS]],
        "transitions": [_transition(row) for row in item.transitions.order_by("-at", "-pk")[:ROWS]],
        "documents": [{"row": each, "size": size(each.size), "url": _file(each)} for each in documents],
    }


def _file(document: Document) -> str:
    return reverse("admin:sync_document_file", args=[document.pk])


def _changed(item: Item) -> list[Line]:
    """I3: what was sent beside what the source says now, for items that are changed."""
    if item.reason != Item.Reason.CHANGED or item.sent_record is None:
        return []
    flow = item.pipeline.rules
    try:
        both = [load(plain, flow.reads) if plain else None for plain in (item.sent_record, item.record)]
    except OutdatedRecord:  # stored by an earlier version: shown as it was stored
        return side_by_side(item.sent_record, item.record)
    before, now = (flow.content(record) if record is not None else None for record in both)
    return side_by_side(before, now)


def _problem(item: Item) -> Problem | None:
    """The open problem that the item is part of."""
    if not item.cause:
        return None
    found: Problem | None = Problem.objects.filter(
        tenant_id=item.tenant_id, flow=item.pipeline.flow, cause=item.cause, closed_at=None
    ).first()
    return found


def _sums(item: Item) -> dict[str, str]:
    """I3: the sum that was sent and the one there is now, in kronor; empty for what has none."""
    both = [(record or {}).get("total") for record in (item.sent_record, item.record)]
    if item.reason != Item.Reason.CHANGED or not all(isinstance(each, str) for each in both):
        return {}
    before, now = (Decimal(each) for each in both if each)
    return {"before": swedish_amount(before), "now": swedish_amount(now), "difference": swedish_amount(now - before)}


def _next(item: Item) -> dict[str, Any]:
    """What would be sent now, or what stands in its way."""
    try:
        would = preview(item)
    except Fault as fault:
        told: Explanation = explain(fault.cause, {"number": item.key, "name": item.title, **fault.params})
        return {"fault": told}
    before = dict(item.sent or {})
    changes = {name: each for name, each in would.fields.items() if each != before.get(name, "")}
    return {
        "fields": listed({**would.fields, **would.on_create} if not item.target_id else changes),
        "remarks": [note_shown(note) for note in would.notes],
    }


def _waits_for(need: turns.Need) -> dict[str, Any]:
    """A need as words, with the items it means where there are any."""
    whole = {"connection": system_title(need.wanted), "pipeline": flow_title(need.wanted), "document": _("document")}
    return {
        "flow": whole.get(need.kind) or flow_title(need.flow),
        "what": "" if need.kind in whole else need.wanted,
        "kind": need.kind,
        "items": [
            {
                "row": row,
                "label": STATE_LABELS.get(Item.State(row.state), "default"),
                "told": explain(row.cause, turns.params_of(row)) if row.cause else None,
            }
            for row in need.items
        ],
    }


def _attempt(row: Attempt) -> dict[str, Any]:
    return {
        "row": row,
        "what": row.get_operation_display(),
        "outcome": row.get_outcome_display(),
        "label": OUTCOME_LABELS.get(row.outcome, "info"),
        "told": explain(row.cause, row.params) if row.cause else None,
        "payload": listed(row.payload),
        "actor": actor_shown(row.actor),
    }


def _transition(row: Any) -> dict[str, Any]:
    return {
        "row": row,
        "before": row.get_before_display() if row.before else "",
        "after": row.get_after_display(),
        "label": STATE_LABELS.get(Item.State(row.after), "default"),
        "told": explain(row.cause).title if row.cause else "",
        "actor": actor_shown(row.actor),
        "note": move_shown(row.note, row.actor),
    }
