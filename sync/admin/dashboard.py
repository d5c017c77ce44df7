"""The first page: per company its connections, what needs a person by cause, and where everything stands."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Count, Max
from django.http import HttpRequest
from django.urls import reverse

from integration.admin import LABELS, system_title
from integration.models import Connection
from integration.scoping import visible_tenants
from sync.admin.tenants import held
from sync.admin.words import WHO, flow_title
from sync.explain import Explanation, explain
from sync.models import Item, Pipeline

SHOWN = 25  # companies on one page, those in trouble first
SHUT = {Connection.State.NEEDS_CONSENT, Connection.State.MISSING_RIGHT, Connection.State.PAUSED}

admin.site.index_template = "sync/admin/index.html"


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The context of the first page, in a handful of queries whatever the number of companies."""
    tenants = list(visible_tenants(request.user))
    ids = [tenant.pk for tenant in tenants]
    items = Item.objects.filter(tenant_id__in=ids, gone_at=None).order_by()
    changed = Item.objects.filter(tenant_id__in=ids, reason=Item.Reason.CHANGED).order_by()
    by_state = {
        (tenant, flow, state): count
        for tenant, flow, state, count in items.values_list("tenant_id", "pipeline__flow", "state").annotate(
            count=Count("pk")
        )
    }
    stopped = (items.filter(state=Item.State.STOPPED) | changed.filter(state=Item.State.STOPPED)).values_list(
        "tenant_id", "pipeline__flow", "cause"
    )
    groups = list(stopped.annotate(count=Count("pk"), sample=Max("pk")))
    params = dict(Item.objects.filter(pk__in=[group[4] for group in groups]).values_list("pk", "params"))
    causes: dict[int, list[dict[str, Any]]] = {}
    for tenant_id, flow, cause, count, sample in groups:
        causes.setdefault(tenant_id, []).append(
            {"flow": flow, "cause": cause, "count": count, "told": explain(cause, params.get(sample, {}))}
        )
    connections: dict[int, list[Connection]] = {}
    for connection in Connection.objects.filter(tenant_id__in=ids).order_by("system"):
        connections.setdefault(connection.tenant_id, []).append(connection)
    pipelines: dict[int, list[Pipeline]] = {}
    for pipeline in Pipeline.objects.filter(tenant_id__in=ids):
        pipelines.setdefault(pipeline.tenant_id, []).append(pipeline)

    shown: list[dict[str, Any]] = []
    for tenant in tenants:
        mine = sorted(pipelines.get(tenant.pk, []), key=lambda each: each.rules.rank)
        stops = sorted(causes.get(tenant.pk, []), key=lambda each: (-each["count"], each["flow"]))
        links = connections.get(tenant.pk, [])
        shown.append(
            {
                "tenant": tenant,
                "connections": [_connection(each) for each in links],
                "held": [
                    {"flow": flow_title(each.flow), "told": held(each)} for each in mine if each.paused_cause
                ],
                "causes": [_cause(tenant.slug, **group) for group in stops],
                "flows": [_flow(tenant.slug, each, by_state) for each in mine],
                "light": _light(links, bool(stops)),
            }
        )
    shown.sort(key=lambda each: (each["light"] == "done", each["tenant"].name.casefold()))
    return {
        **context,
        "title": "Byggbro",
        "tenants": shown[:SHOWN],
        "further": max(len(shown) - SHOWN, 0),
        "states": [label for _, label in Item.State.choices],
    }


def _light(connections: list[Connection], needs_person: bool) -> str:
    """Red for a connection that is shut, yellow for something that needs a person, green else."""
    states = {each.state for each in connections}
    if states & SHUT:
        return "stopped"
    return "waiting" if needs_person or states - {Connection.State.CONNECTED} else "done"


def _connection(row: Connection) -> dict[str, Any]:
    text = f"{system_title(row.system)}: {row.get_state_display()}"
    return {"row": row, "label": LABELS.get(Connection.State(row.state), "default"), "text": text}


def _cause(slug: str, flow: str, cause: str, count: int, told: Explanation) -> dict[str, Any]:
    url = _items(tenant=slug, flow=flow, state=Item.State.STOPPED, cause=cause)
    return {"count": count, "flow": flow_title(flow), "title": told.title, "who": WHO[told.who], "url": url}


def _flow(slug: str, pipeline: Pipeline, by_state: dict[tuple[int, str, str], int]) -> dict[str, Any]:
    cells = [
        {
            "count": by_state.get((pipeline.tenant_id, pipeline.flow, state), 0),
            "url": _items(tenant=slug, flow=pipeline.flow, state=state),
        }
        for state in Item.State.values
    ]
    return {
        "title": flow_title(pipeline.flow),
        "enabled": pipeline.enabled,
        "pulled_at": pipeline.pulled_at,
        "cells": cells,
    }


def _items(**filters: str) -> str:
    return f"{reverse('admin:sync_item_changelist')}?{urlencode(filters)}"
