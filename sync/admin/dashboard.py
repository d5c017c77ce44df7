"""The first page: for operators all companies at a glance, for everybody else their own (`sync.admin.company`)."""

import datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from integration.admin import LABELS
from integration.models import Connection, Tenant
from integration.registry import system_title
from integration.scoping import is_operator, visible_tenants
from sync.admin import company
from sync.admin.examples import first_few
from sync.admin.figures import Standing, chart, held, sent_per_day, standings
from sync.models import Pipeline

SHOWN = 25  # companies at first, those in trouble before the others; all of them when asked for
CAUSES = 20

admin.site.index_template = "sync/admin/index.html"


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The context of the first page, in a handful of queries whatever the number of companies."""
    if not is_operator(request.user):
        return {**context, "title": "Byggbro", **company.overview(request)}
    return {**context, "title": "Byggbro", **_operators(list(visible_tenants(request.user)), "all" in request.GET)}


def _operators(tenants: list[Tenant], everyone: bool) -> dict[str, Any]:
    """All companies: in which there is trouble, and of what kind. `everyone`: each of them has its row."""
    links = list(Connection.objects.filter(tenant__in=tenants).order_by("system"))
    pipelines = list(Pipeline.objects.filter(tenant__in=tenants))
    standing = standings(pipelines)
    causes = held(tenants, links, pipelines)
    per_day = sent_per_day(None)
    today = timezone.localdate()
    days: dict[datetime.date, int] = {}
    for (_tenant, day), count in per_day.items():
        days[day] = days.get(day, 0) + count
    connections: dict[int, list[Connection]] = {}
    for connection in links:
        connections.setdefault(connection.tenant_id, []).append(connection)
    read = _last_read(pipelines)
    troubled = {row.tenant.pk for row in causes if row.turns}
    rows: list[dict[str, Any]] = []
    for tenant in tenants:
        mine = standing.get(tenant.pk, Standing())
        of_tenant = connections.get(tenant.pk, [])
        light = _light(of_tenant, tenant.pk in troubled, mine)
        rows.append({
            "tenant": tenant,
            "connections": [_connection(each) for each in of_tenant],
            "standing": mine,
            "sent": per_day.get((tenant.pk, today), 0),
            "read": read.get(tenant.pk),
            "light": light,
            "told": LIGHTS[light](),
            "label": LIGHT_LABELS[light],
        })  # fmt: skip
    rows.sort(key=lambda each: (ORDER[each["light"]], each["tenant"].name.casefold()))
    oldest = min((each.oldest for each in standing.values() if each.oldest), default=None)
    return {
        "operator": True,
        "tiles": [
            (_("Companies"), len(tenants)),
            (_("Companies that need a look"), sum(each["light"] != "done" for each in rows)),
            (_("Items that need a person"), sum(each.stopped for each in standing.values())),
            (_("Backlog"), sum(each.backlog for each in standing.values())),
            (_("Sent today"), days.get(today, 0)),
        ],
        "oldest": oldest,
        "chart": chart(days),
        "causes": list(zip(causes, first_few([each.some for each in causes[:CAUSES]]), strict=False)),
        "further_causes": max(len(causes) - CAUSES, 0),
        "tenants": rows if everyone else rows[:SHOWN],
        "further": 0 if everyone else max(len(rows) - SHOWN, 0),
    }


LIGHTS = {
    "stopped": lambda: _("Trouble"),
    "waiting": lambda: _("Needs a look"),
    "done": lambda: _("All well"),
}
LIGHT_LABELS = {"stopped": "danger", "waiting": "warning", "done": "success"}
ORDER = {"stopped": 0, "waiting": 1, "done": 2}


def _light(connections: list[Connection], needs_person: bool, standing: Standing) -> str:
    """Red for a connection that is shut, yellow for something that needs a person, green else."""
    states = {each.state for each in connections}
    if states & set(Connection.SHUT):
        return "stopped"
    trouble = needs_person or standing.stopped or states - {Connection.State.CONNECTED}
    return "waiting" if trouble else "done"


def _connection(row: Connection) -> dict[str, Any]:
    text = f"{system_title(row.system)}: {row.get_state_display()}"
    return {"row": row, "label": LABELS.get(Connection.State(row.state), "default"), "text": text}


def _last_read(pipelines: list[Pipeline]) -> dict[int, datetime.datetime]:
    """When anything of a company was last read to the end."""
    found: dict[int, datetime.datetime] = {}
    for each in pipelines:
        if each.pulled_at:
            found[each.tenant_id] = max(found.get(each.tenant_id, each.pulled_at), each.pulled_at)
    return found
