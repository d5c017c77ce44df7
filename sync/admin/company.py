"""The overview of one company, in its own words: what came over, what needs somebody, what waits."""

import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from integration.admin import LABELS
from integration.mapping import SWEDEN
from integration.models import Connection, Tenant
from integration.registry import system_title
from integration.scoping import ACT, may, visible_tenants
from sync.admin.examples import Example, first_few
from sync.admin.figures import Row, chart, held, items_url, sent_per_day, standings
from sync.admin.tenants import held as held_pipeline
from sync.engine import turns
from sync.explain import explain, explain_one, named
from sync.models import WENT_THROUGH, Attempt, Item, Pipeline
from sync.words import flow_title, whose

SHOWN = 25  # reasons to wait told one by one, those that need somebody first


def overview(request: HttpRequest) -> dict[str, Any]:
    """The company that was chosen, the first one else."""
    tenants = list(visible_tenants(request.user))
    if not tenants:
        return {"nothing": True}
    asked = request.GET.get("tenant")
    tenant = next((each for each in tenants if each.slug == asked), tenants[0])
    connections = list(Connection.objects.filter(tenant=tenant).order_by("system"))
    pipelines = sorted(Pipeline.objects.filter(tenant=tenant), key=lambda each: each.rules.rank)
    for each in pipelines:
        each.tenant = tenant
    # What heals by itself is told as waiting.
    needs = [row for row in held([tenant], connections, pipelines) if row.turns]
    waiting = Item.objects.filter(tenant=tenant, state=Item.State.WAITING, gone_at=None)
    waits = turns.waits(tenant.pk, waiting, pipelines)
    selections = [
        *(_items_of(row, waiting, waits) for row in needs),
        *(waiting.filter(each.items) for each in waits[:SHOWN]),
    ]
    examples = first_few(selections)
    standing = standings(pipelines).get(tenant.pk)
    paused = [each for each in connections if each.state == Connection.State.PAUSED]
    days = {day: count for (_tenant, day), count in sent_per_day([tenant.pk]).items()}
    acting = may(request.user, tenant.pk, ACT)
    return {
        "company": tenant,
        "choices": tenants if len(tenants) > 1 else [],
        "needs": list(zip(needs, examples, strict=False)),
        "waits": [_row_of_wait(tenant, wait, few) for wait, few in zip(waits, examples[len(needs) :], strict=False)],
        "hanging": sum(each.count for each in waits if each.turns),
        "transfers": _transfers(tenant, pipelines),
        "chart": chart(days),
        "contacts": [_contact(each, pipelines) for each in connections],
        "paused": paused,
        "may_pause": acting and not paused and bool(connections),
        "may_resume": acting and bool(paused),
        "flows": [_flow(tenant, each, standing.by_flow if standing else {}) for each in pipelines],
        "states": [label for _state, label in Item.State.choices],
    }


def _row_of_wait(tenant: Tenant, wait: turns.Wait, examples: list[Example]) -> dict[str, Any]:
    """What waits and for what: what hangs on a person by what holds it up, the rest by cause."""
    first = examples[0] if examples else None
    told = explain_one(first.of, wait.count, wait.cause, first.params) if first else explain(wait.cause)
    return {
        "flow": flow_title(wait.flow),
        "what": told.what,
        "held_by": named(wait.need.name) if wait.need else "",
        "count": wait.count,
        "who": whose(wait.turns),
        "examples": examples,
        "url": items_url(tenant=tenant.slug, flow=wait.flow, state=Item.State.WAITING, cause=wait.cause),
    }


def _items_of(row: Row, waiting: QuerySet[Item], waits: list[turns.Wait]) -> QuerySet[Item] | None:
    """A problem's items; of one that hangs on what is waited for, those that do."""
    if row.items is not None:
        return row.items
    condition = Q()
    for wait in waits:
        if wait.turns and (wait.flow, wait.cause) == (row.key, row.cause):
            condition |= wait.items
    return waiting.filter(condition) if condition else None


def _transfers(tenant: Tenant, pipelines: list[Pipeline]) -> list[dict[str, Any]]:
    """How many of each kind came over today and this month."""
    today = timezone.localdate()
    start = datetime.datetime.combine(today, datetime.time.min, SWEDEN)
    month = datetime.datetime.combine(today.replace(day=1), datetime.time.min, SWEDEN)
    rows = (
        Attempt.objects.filter(WENT_THROUGH, tenant=tenant, item__tenant=tenant, started_at__gte=month)
        .order_by()
        .values_list("item__pipeline__flow")
        .annotate(
            today=Count("item", filter=Q(started_at__gte=start), distinct=True), month=Count("item", distinct=True)
        )
    )
    counted = {flow: (of_today, of_month) for flow, of_today, of_month in rows}
    return [
        {
            "title": flow_title(each.flow),
            "to": system_title(each.target),
            "today": counted.get(each.flow, (0, 0))[0],
            "month": counted.get(each.flow, (0, 0))[1],
            "enabled": each.enabled,
            "told": held_pipeline(each),
        }
        for each in pipelines
    ]


def _contact(row: Connection, pipelines: list[Pipeline]) -> dict[str, Any]:
    """A system: how the connection is, and when it last answered."""
    read = [each.pulled_at for each in pipelines if each.source == row.system and each.pulled_at]
    if row.usable and row.checked_at:
        read.append(row.checked_at)
    return {
        "row": row,
        "title": system_title(row.system),
        "label": LABELS.get(Connection.State(row.state), "default"),
        "last": max(read, default=None),
        "told": explain(row.cause, {"system": row.system, **row.params}) if row.cause else None,
    }


def _flow(tenant: Tenant, pipeline: Pipeline, by_flow: dict[tuple[str, str], int]) -> dict[str, Any]:
    cells = [
        {
            "count": by_flow.get((pipeline.flow, state), 0),
            "url": items_url(tenant=tenant.slug, flow=pipeline.flow, state=state),
        }
        for state in Item.State.values
    ]
    return {
        "title": flow_title(pipeline.flow),
        "enabled": pipeline.enabled,
        "pulled_at": pipeline.pulled_at,
        "cells": cells,
    }
