"""Dry runs: what would be sent for an item or a pipeline, field by field against what is there. Nothing is written."""

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from integration.errors import Fault, Waiting
from integration.registry import system_title
from sync.admin.compare import Line, listed, side_by_side
from sync.admin.filters import OwnFlowFilter, TenantFilter
from sync.admin.history import ReadOnly
from sync.admin.pages import actor, frame, one
from sync.engine import turns
from sync.engine.preview import dry_run
from sync.engine.rehearsal import progress_of
from sync.explain import explain, explain_one, named
from sync.models import DryRun, Item, Pipeline
from sync.tasks import dry_run as carry_out
from sync.words import STATE_LABELS, flow_title, moment, note_shown, whose

WOULD = {
    "create": gettext_lazy("would be created"),
    "update": gettext_lazy("would be changed"),
    "adopt": gettext_lazy("is there already and would be taken for this one"),
    "none": gettext_lazy("is as it should be; nothing would be sent"),
    "lost": gettext_lazy("is no longer there. Nothing would be made or changed until somebody chooses Send again"),
}


def item_page(request: HttpRequest, pk: int, model_admin: Any) -> HttpResponse:
    """What a push of the item would do now. Reads in the target; whoever may act may ask for it."""
    item: Item = one(model_admin, request, pk, "act")
    context: dict[str, Any] = {
        **frame(
            request,
            model_admin,
            _("Dry run: %(item)s") % {"item": f"{flow_title(item.pipeline.flow)} {item}"},
            reverse("admin:sync_item_change", args=[item.pk]),
        ),
        "item": item,
        "to": system_title(item.pipeline.target),
    }
    try:
        would = dry_run(item)
    except Fault as fault:
        needs = turns.needs_of(item, fault.needs if isinstance(fault, Waiting) else [])
        told = explain(fault.cause, turns.params_of(item, needs, fault.params))
        context |= {"told": told, "who": whose(turns.turns_of(told.who, needs))}
    else:
        lines = side_by_side(would.before, would.after)
        context |= {
            "would": would,
            "operation": WOULD[would.operation],
            "differences": [line for line in lines if line.differs],
            "same": [line for line in lines if not line.differs],
            "remarks": [note_shown(note) for note in would.notes],
        }
    return TemplateResponse(request, "sync/admin/dry_run_item.html", context)


def begin(request: HttpRequest, pipeline: Pipeline) -> HttpResponse:
    """Have a pipeline rehearsed in the background, and go where its progress shows."""
    row = DryRun.objects.create(tenant_id=pipeline.tenant_id, flow=pipeline.flow, actor=actor(request))
    transaction.on_commit(lambda: carry_out.delay(row.pk), robust=True)
    return redirect(reverse("admin:sync_dryrun_change", args=[row.pk]))


@admin.register(DryRun)
class DryRunAdmin(ReadOnly):
    """What passes would have done."""

    list_display = ("title", "of_tenant", "began", "ended", "actor")
    list_display_links = ("title",)
    list_select_related = ("tenant",)
    list_filter = (TenantFilter, OwnFlowFilter)
    search_fields = ("flow", "actor")
    change_form_template = "sync/admin/dry_run.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without the results, which a list does not show."""
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.defer("result")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """The page has its own template."""
        return [(None, {"fields": ()})]

    def get_urls(self) -> list[Any]:
        """What the page asks every second."""
        view = self.admin_site.admin_view(self.progress)
        return [path("<int:pk>/progress/", view, name="sync_dryrun_progress"), *super().get_urls()]

    def progress(self, request: HttpRequest, pk: int) -> HttpResponse:
        """How far it is, for the bar."""
        row = one(self, request, pk, "view")
        told = progress_of(row)
        what = flow_title(told["flow"]) if told["total"] else _("reading: %(flow)s") % {
            "flow": flow_title(told["flow"])
        }  # fmt: skip
        ended = row.finished_at is not None
        return JsonResponse({"done": told["done"], "total": told["total"], "what": what, "finished": ended})

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """The result, or the bar until there is one."""
        row = self.get_object(request, object_id) if object_id else None
        context: dict[str, Any] = {**(extra_context or {})}
        if row is not None:
            context |= _shown(row)
        return super().changeform_view(request, object_id, form_url, context)

    @display(description=gettext_lazy("flow"), ordering="flow")
    def title(self, row: DryRun) -> str:
        """The flow's title."""
        return flow_title(row.flow)

    @display(description=gettext_lazy("started"), ordering="started_at")
    def began(self, row: DryRun) -> str:
        """When it was asked for."""
        return moment(row.started_at)

    @display(description=gettext_lazy("ended"), ordering="finished_at")
    def ended(self, row: DryRun) -> str:
        """When it was ready."""
        return moment(row.finished_at)


def _shown(row: DryRun) -> dict[str, Any]:
    """The context of a dry run's page."""
    result = row.result or {}
    counts = result.get("counts", {}).get(row.flow, {})
    pipeline = Pipeline.objects.filter(tenant_id=row.tenant_id, flow=row.flow).first()
    writes = result.get("writes", [])
    return {
        "run": row,
        "pipeline": pipeline,
        "from": system_title(pipeline.source) if pipeline else "",
        "to": system_title(pipeline.target) if pipeline else "",
        "progress_url": reverse("admin:sync_dryrun_progress", args=[row.pk]),
        "tiles": [
            (_("would be created"), counts.get("created", 0)),
            (_("would be changed"), counts.get("updated", 0)),
            (_("are as they should be"), counts.get("unchanged", 0)),
            (_("would wait"), counts.get("waiting", 0)),
            (_("would need somebody"), counts.get("stopped", 0)),
            (_("would be left out"), counts.get("left_out", 0)),
        ],
        "failed": [explain(each["cause"], each["params"]) for each in result.get("failed", {}).values()],
        "writes": [_write(each) for each in writes],
        "unlisted": max(counts.get("created", 0) + counts.get("updated", 0) - len(writes), 0),
        "held": [_held(each) for each in result.get("held", [])],
        "title": _("Dry run: %(flow)s") % {"flow": flow_title(row.flow)},
        "subtitle": None,
    }


def _write(write: dict[str, Any]) -> dict[str, Any]:
    lines: list[Line] = []
    if write["operation"] == "update":
        lines = [line for line in side_by_side(write["before"], write["after"]) if line.differs]
    return {
        "name": f"{write['number']} {write['title']}".strip() or write["source_id"],
        "operation": WOULD[write["operation"]],
        "label": "success" if write["operation"] == "create" else "info",
        "lines": lines,
        "fields": [] if lines else listed(write["after"]),
    }


def _held(held: dict[str, Any]) -> dict[str, Any]:
    told = explain_one(held.get("of", ("", "")), held["count"], held["cause"], held["params"])
    return {
        "count": held["count"],
        "state": Item.State(held["state"]).label,
        "label": STATE_LABELS[Item.State(held["state"])],
        "told": told,
        "who": whose(held.get("turns") or [each for each in [told.who] if each]),
        "held_by": named(held["need"]) if held.get("need") else "",
    }
