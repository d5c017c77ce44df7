"""Problems: one per cause and company, with what to do and the buttons that act on everything it holds up."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import path, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.views import ChangeList
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from integration.models import Connection, Tenant, ValueMap
from integration.registry import system_title
from integration.scoping import TenantScoped
from sync.admin import causes
from sync.admin.acts import agreed, many_with_note, not_as_shown
from sync.admin.background import perform
from sync.admin.examples import first_few, of_problem
from sync.admin.filters import Dropdown, OwnFlowFilter, TenantFilter
from sync.admin.pages import actor, back, one
from sync.engine import manual, vain
from sync.engine.problems import held_by, told_of
from sync.explain import Explanation
from sync.flows.base import get_flow
from sync.models import Act, Item, Pipeline, Problem
from sync.words import KINDS, flow_title, in_table, moment, whose

SHOWN = 25
MAPPED = {Item.Reason.CONFIG, Item.Reason.DATA, Item.Reason.REJECTED}  # what saving a mapped value sets going


class OpenFilter(Dropdown):
    """Open or closed."""

    title = gettext_lazy("state")
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Both."""
        return [("1", _("Open")), ("0", _("Closed"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those that are, or are no longer."""
        if self.value() not in {"0", "1"}:
            return queryset
        return queryset.filter(closed_at__isnull=self.value() == "1")


class ValueForm(forms.Form):
    """One mapped value of a kind that the flow looks up."""

    kind = forms.ChoiceField(label=gettext_lazy("Kind"), widget=UnfoldAdminSelectWidget)
    source = forms.CharField(
        label=gettext_lazy("Value in SmartDok"), max_length=200, required=False, widget=UnfoldAdminTextInputWidget
    )
    target = forms.CharField(label=gettext_lazy("Value in Fortnox"), max_length=200, widget=UnfoldAdminTextInputWidget)

    def __init__(self, flow: str, *args: Any, **kwargs: Any) -> None:
        kwargs["auto_id"] = "value_%s"
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [(kind, KINDS.get(kind, kind)) for kind in get_flow(flow).maps]  # type: ignore[attr-defined]


class ProblemList(ChangeList):
    """The page of the list, each problem with the first few items that it holds up."""

    result_list: Any

    def get_results(self, request: HttpRequest) -> None:
        """Named in one query for all of them."""
        super().get_results(request)
        rows = list(self.result_list)
        for row, few in zip(rows, first_few([of_problem(row) for row in rows]), strict=True):
            row.examples = few
        self.result_list = rows


@admin.register(Problem)
class ProblemAdmin(TenantScoped, ModelAdmin):
    """One cause and all that it holds up. Acting on it acts on all."""

    changers = adders = deleters = None
    list_display = ("title", "of_tenant", "flow_name", "how_many", "for_example", "who", "since", "closed")
    list_display_links = ("title",)
    list_select_related = ("tenant",)
    list_filter = (TenantFilter, OwnFlowFilter, OpenFilter)
    search_fields = ("cause", "flow", "tenant__name")
    ordering = (F("closed_at").desc(nulls_first=True), "-opened_at")
    show_full_result_count = False
    list_per_page = 50
    list_fullwidth = True
    change_form_template = "sync/admin/problem.html"

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """The page has its own template."""
        return [(None, {"fields": ()})]

    def get_urls(self) -> list[Any]:
        """The acts on all, and the page of all causes."""
        acts = [
            path(f"<int:pk>/{name}/", self.admin_site.admin_view(view), name=f"sync_problem_{name}")
            for name, view in (
                ("retry", require_POST(self.retry)),
                ("leave-out", self.leave_out),
                ("handled", self.handled),
                ("value", require_POST(self.save_value)),
            )
        ]
        listing = path("causes/", self.admin_site.admin_view(causes.page), {"model_admin": self}, name="sync_causes")
        return [listing, *acts, *super().get_urls()]

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """The problem's page."""
        problem = self.get_object(request, object_id) if object_id else None
        context: dict[str, Any] = {**(extra_context or {})}
        if problem is not None:
            context |= self._page(request, problem, context.get("asked"))
        return super().changeform_view(request, object_id, form_url, context)

    def _page(self, request: HttpRequest, problem: Problem, form: ValueForm | None = None) -> dict[str, Any]:
        items = held_by(problem).select_related("pipeline").defer("record", "sent", "sent_record", "memo", "notes")
        count = items.count()
        told = told_of(problem)
        maps = get_flow(problem.flow).maps if problem.flow and problem.reason in MAPPED else ()
        acts = self.has_act_permission(request, problem) and problem.closed_at is None
        return {
            "problem": problem,
            "told": told,
            "who": whose(turns_of(problem, told)),
            "count": count,
            "items": [in_table(each) for each in items.order_by("moved_at", "pk")[:SHOWN]],
            "items_url": items_url(problem),
            "further": max(count - SHOWN, 0),
            "flow": flow_title(problem.flow) if problem.flow else "",
            "causes_url": causes.address(problem.cause),
            "about": _about(problem),
            "may_act": acts and count,
            "changed": problem.reason == Item.Reason.CHANGED,
            "may_leave_out": manual.leavable(items).exists(),
            "values": ValueMap.objects.filter(tenant_id=problem.tenant_id, kind__in=maps) if maps else [],
            "kinds": KINDS,
            "maps": maps,
            "value_form": (form or ValueForm(problem.flow, initial={"source": problem.params.get("unit", "")}))
            if maps and self.has_act_permission(request, problem)
            else None,
            "title": told.title,
            "subtitle": None,
        }

    # -- acts ------------------------------------------------------------------------------------------------------
    def retry(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Try all of them again, if they are still as many as were shown."""
        problem = self._open(request, pk)
        held = _by_ids(problem)
        if not agreed(request, held.count()):
            return back(request, problem, not_as_shown(), messages.WARNING)
        return perform(request, held, Act.Kind.RETRY) or self._back(problem)

    def leave_out(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask why, then leave all of them out."""
        return self._with_note(request, pk, Act.Kind.LEAVE_OUT, _("Leave out all"))

    def handled(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask how, then mark all of them as dealt with (I3)."""
        return self._with_note(request, pk, Act.Kind.HANDLED, _("Mark all as handled"))

    def _with_note(self, request: HttpRequest, pk: int, kind: str, title: str) -> HttpResponse:
        problem = self._open(request, pk)
        cancel = reverse("admin:sync_problem_change", args=[problem.pk])
        done = many_with_note(self, request, _by_ids(problem), kind, title, cancel=cancel)
        return done or self._back(problem)

    def save_value(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Add or change a mapped value. Saving it sets going what lacked it (`sync.signals`)."""
        problem = self._open(request, pk)
        form = ValueForm(problem.flow, request.POST)
        if not form.is_valid():
            request.method = "GET"  # the problem's page, with what was typed and what is wrong with it
            again: HttpResponse = self.changeform_view(request, str(pk), extra_context={"asked": form})
            return again
        given = {name: value.strip() for name, value in form.cleaned_data.items()}
        key = {"tenant_id": problem.tenant_id, "kind": given["kind"], "source": given["source"]}
        with transaction.atomic():
            Tenant.objects.select_for_update().get(pk=problem.tenant_id)  # one at a time
            row = ValueMap.objects.filter(**key).first() or ValueMap(**key)
            change = {"kind": KINDS.get(row.kind, row.kind), "source": row.source, "old": row.target or "–",
                      "new": given["target"]}  # fmt: skip
            row.target, row.saved_by = given["target"], actor(request)
            row.save()
            self.log_change(request, problem, _("Mapped value saved: %(kind)s %(source)s: %(old)s → %(new)s") % change)
        return back(request, problem, _("The mapped value is saved. What it had stopped goes by itself."))

    def _open(self, request: HttpRequest, pk: int) -> Problem:
        found: Problem = one(self, request, pk, "act")
        return found

    def _back(self, problem: Problem) -> HttpResponse:
        return HttpResponse(status=302, headers={"Location": reverse("admin:sync_problem_change", args=[problem.pk])})

    # -- list ------------------------------------------------------------------------------------------------------
    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """With examples."""
        return ProblemList

    @display(description=gettext_lazy("cause"), ordering="cause")
    def title(self, problem: Problem) -> str:
        """The cause in a few words."""
        return told_of(problem).title

    @display(description=gettext_lazy("flow"), ordering="flow")
    def flow_name(self, problem: Problem) -> str:
        """What it stops."""
        return flow_title(problem.flow) if problem.flow else system_title(problem.subject)

    @display(description=gettext_lazy("items"), ordering="count")
    def how_many(self, problem: Problem) -> str:
        """How many it holds up."""
        return str(problem.count) if problem.count else "–"

    @display(description=gettext_lazy("for example"))
    def for_example(self, problem: Any) -> str:
        """The first few of them."""
        context = {"examples": problem.examples, "count": problem.count, "url": items_url(problem)}
        return render_to_string("sync/admin/examples.html", context) if problem.examples else "–"

    @display(description=gettext_lazy("whose turn"))
    def who(self, problem: Problem) -> str:
        """Who must act."""
        return whose(turns_of(problem, told_of(problem)))

    @display(description=gettext_lazy("opened"), ordering="opened_at")
    def since(self, problem: Problem) -> str:
        """Since when."""
        return moment(problem.opened_at)

    @display(description=gettext_lazy("state"), ordering="closed_at", label={"open": "danger", "closed": "success"})
    def closed(self, problem: Problem) -> tuple[str, str]:
        """Open or closed, with its colour."""
        return ("closed", _("Closed")) if problem.closed_at else ("open", _("Open"))


def turns_of(problem: Problem, told: Explanation) -> list[str]:
    """Whose turn it is."""
    return problem.turns or [each for each in [told.who] if each]


def _by_ids(problem: Problem) -> QuerySet[Item]:
    """What it holds up at this moment: what is counted is what is acted on."""
    return Item.objects.filter(pk__in=list(held_by(problem).order_by().values_list("pk", flat=True)))


def items_url(problem: Problem) -> str:
    """The list of everything that it holds up."""
    filters = {"tenant": problem.tenant.slug, "flow": problem.flow, "cause": problem.cause}
    if problem.cause == vain.CAUSE:  # its items bear the cause of their last try
        filters |= {"cause": "", "state": Item.State.WAITING, "reason": Item.Reason.CLOCK}
    return f"{reverse('admin:sync_item_changelist')}?{urlencode({k: v for k, v in filters.items() if v})}"


def _about(problem: Problem) -> dict[str, str]:
    """Where it is mended when not an item but a connection or a pipeline is at fault: address and name."""
    row: Connection | Pipeline | None
    if problem.subject and not problem.flow:
        row = Connection.objects.filter(tenant_id=problem.tenant_id, system=problem.subject).first()
        name = "integration_connection"
    else:
        pipelines = Pipeline.objects.filter(tenant_id=problem.tenant_id, flow=problem.flow)
        row = pipelines.filter(paused_cause=problem.cause).first() or (
            pipelines.first() if problem.subject == "reading" else None
        )
        name = "sync_pipeline"
    return {"url": reverse(f"admin:{name}_change", args=[row.pk]), "name": str(row)} if row else {}
