"""Counts and health for people: the table of a pass, `status`, the demo."""

import datetime
from collections.abc import Sequence
from typing import Any

from django.db.models import Count, Min, QuerySet

from integration.models import Tenant
from sync.engine import turns
from sync.engine.states import State
from sync.models import Attempt, Item, Pipeline

COLUMNS = ("seen", "created", "updated", "unchanged", "left_out", "waiting", "stopped")


def counts(tenant: Tenant, since: datetime.datetime) -> dict[str, dict[str, int]]:
    """Per flow: the records there are, what was written since a moment, and where the others stand.

    `seen` is the sum of the others. An object that was already there and needed no change counts as unchanged.
    """
    rows: dict[str, dict[str, int]] = {}
    for pipeline in sorted(tenant.pipelines.all(), key=lambda each: each.rules.rank):
        items = pipeline.items.filter(gone_at=None)
        by_state = dict(items.order_by().values_list("state").annotate(n=Count("pk")))
        done = items.filter(state=State.DONE)
        created = done.filter(pk__in=_written(pipeline, Attempt.Operation.CREATE, since))
        updated = done.filter(pk__in=_written(pipeline, Attempt.Operation.UPDATE, since)).exclude(pk__in=created)
        made, changed, all_done = created.count(), updated.count(), by_state.get(State.DONE, 0)
        rows[pipeline.flow] = {
            "seen": sum(by_state.values()),
            "created": made,
            "updated": changed,
            "unchanged": all_done - made - changed,
            "left_out": by_state.get(State.LEFT_OUT, 0),
            "waiting": sum(by_state.get(state, 0) for state in (State.WAITING, State.PENDING, State.RUNNING)),
            "stopped": by_state.get(State.STOPPED, 0),
        }
    return rows


def _written(pipeline: Pipeline, operation: str, since: datetime.datetime) -> QuerySet[Attempt, Any]:
    written = Attempt.objects.filter(item__pipeline=pipeline, operation=operation, started_at__gte=since)
    return written.filter(outcome__in=[Attempt.Outcome.DONE, Attempt.Outcome.HANDED_OVER]).values("item_id")


def needs_person(tenant: Tenant) -> bool:
    """Whether anything of the tenant waits for a human."""
    stopped = Item.objects.filter(tenant=tenant, gone_at=None, state=State.STOPPED)
    waiting = Item.objects.filter(tenant=tenant, gone_at=None, state=State.WAITING).exclude(reason=Item.Reason.CLOCK)
    held = tenant.pipelines.exclude(paused_cause="")
    shut = [each for each in tenant.connections.all() if not each.usable]
    return stopped.exists() or waiting.exists() or held.exists() or bool(shut)


def still_trying(tenant: Tenant) -> bool:
    """Whether something did not come through that the clock will try again."""
    clock = Item.objects.filter(tenant=tenant, gone_at=None, state=State.WAITING, reason=Item.Reason.CLOCK)
    return clock.exists() or tenant.pipelines.filter(enabled=True, failures__gt=0, paused_cause="").exists()


def status(tenant: Tenant) -> dict[str, Any]:
    """Health of one tenant as plain JSON values: connections, pipelines, backlog, what is stopped and why."""
    from sync.explain import explain  # noqa: PLC0415 - explanations are for people; the engine works without

    def why(cause: str, params: dict[str, Any]) -> str:
        return explain(cause, params).what if cause else ""

    backlog = tenant.items.filter(state__in=[State.PENDING, State.RUNNING, State.WAITING])
    oldest = backlog.aggregate(since=Min("waiting_since"))["since"]
    return {
        "tenant": tenant.slug,
        "name": tenant.name,
        "go_live": tenant.go_live.isoformat(),
        "connections": {
            each.system: {
                "state": each.state,
                "since": each.since.isoformat(),
                "cause": each.cause,
                "explanation": why(each.cause, each.params),
            }
            for each in tenant.connections.all()
        },
        "pipelines": {
            each.flow: {
                "enabled": each.enabled,
                "pulled_at": each.pulled_at.isoformat() if each.pulled_at else None,
                "paused": each.paused_cause,
                "failed": each.failed_cause,
                "explanation": why(each.paused_cause or each.failed_cause, each.paused_params or each.failed_params),
                "audit": each.audit,
                "states": dict(each.items.filter(gone_at=None).order_by().values_list("state").annotate(n=Count("pk"))),
            }
            for each in tenant.pipelines.all()
        },
        "backlog": backlog.count(),
        "oldest_waiting": oldest.isoformat() if oldest else None,
        "needs_you": [_stopped(item) for item in _open_items(tenant, State.STOPPED)],
        "waiting": _waiting(tenant),
    }


def _open_items(tenant: Tenant, state: str) -> QuerySet[Item]:
    found: QuerySet[Item] = tenant.items.filter(state=state, gone_at=None) | tenant.items.filter(
        state=state, reason=Item.Reason.CHANGED
    )
    return found.select_related("pipeline").order_by("pipeline__flow", "pk")


def _waiting(tenant: Tenant) -> list[dict[str, Any]]:
    items = list(_open_items(tenant, State.WAITING))
    known = turns.resolve(
        tenant.pk, {each: item.waiting_since or item.read_at for item in items for each in item.needs}
    )
    return [_stopped(item, [known[each] for each in item.needs]) for item in items]


def _stopped(item: Item, needs: Sequence[turns.Need] = ()) -> dict[str, Any]:
    from sync.explain import explain  # noqa: PLC0415

    told = explain(item.cause, turns.params_of(item, needs))
    return {
        "flow": item.pipeline.flow,
        "number": item.key,
        "title": item.title,
        "source_id": item.source_id,
        "state": item.state,
        "reason": item.reason,
        "cause": item.cause,
        "needs": item.needs,
        "since": (item.waiting_since or item.moved_at).isoformat(),
        "explanation": told.what,
        "who": ", ".join(turns.turns_of(told.who, needs)),
        "to_do": told.to_do,
    }
