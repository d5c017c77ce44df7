"""What was sent of an item: its fields as they are compared, kept and shown, and those that nobody knows."""

from typing import Any

from integration.errors import Changed, Fault
from integration.records import OutdatedRecord, dump, load
from integration.systems.base import Found, Payload
from sync.models import Attempt, Item


def since_sent(item: Item, record: Any) -> Fault | None:
    """What became in the source of what is transferred once and for all, for a person to see (I3)."""
    if item.gone_at:
        return Changed("I3.gone")
    flow = item.pipeline.rules
    try:
        sent = load(item.sent_record, flow.reads) if item.sent_record else record
    except OutdatedRecord:
        sent = record  # sent by an earlier version; what changes from here on is shown
    return flow.changed(sent, record)


def as_found(item: Item, found: Found) -> dict[str, Any]:
    """What counts as sent of an object that was looked up anew: what we left empty may have been filled in by a
    bookkeeper since (G4)."""
    before = item.sent or {}
    return {name: value if before.get(name, "") != "" else "" for name, value in plain(found.fields).items()}


def perhaps_written(item: Item) -> set[str]:
    """Fields over there that writes of unknown fate may have changed since the last write that is known."""
    fields: set[str] = set()
    if item.intent_at:
        for attempt in item.attempts.filter(operation__in=Attempt.WRITES).order_by("-pk"):
            if attempt.outcome == Attempt.Outcome.DONE:
                break
            if attempt.outcome != Attempt.Outcome.FAILED:
                fields.update(attempt.payload or {})
    return fields


def shown(payload: Payload, fields: dict[str, Any] | None = None) -> dict[str, Any]:
    """Fields as they may be kept and shown: plain values, secret ones hidden."""
    values = plain(payload.fields if fields is None else fields)
    return {name: "(hidden)" if name in payload.secret else value for name, value in values.items()}


def plain(fields: dict[str, Any]) -> dict[str, Any]:
    """Fields as JSON values that compare equal when they mean the same: 12.50 is 12.5, None is empty."""
    return {name: "" if value is None else value for name, value in dump(fields).items()}
