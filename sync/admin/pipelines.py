"""Pipelines: on or off, how often, the choices that the flow declares, what holds it up, and "read now"."""

import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget, UnfoldBooleanSwitchWidget

from integration.mapping import SWEDEN
from integration.models import Connection
from integration.registry import system_title
from integration.scoping import TenantScoped, owners
from sync.admin import dry_runs
from sync.admin.acts import agreed, ask
from sync.admin.background import perform
from sync.admin.filters import OwnFlowFilter, TenantFilter
from sync.admin.pages import back, one
from sync.admin.tenants import held
from sync.engine import manual
from sync.flows.base import Setting
from sync.models import Act, Pipeline
from sync.tasks import steps
from sync.words import flow_title, moment

PREFIX = "setting_"
PAUSED = gettext_lazy("The transfers are paused: nothing is read until they go on.")
SOONEST = 30  # seconds: shorter than that and one tenant's reading follows on its own heels


class SinceForm(forms.Form):
    """The day from which things are sent again."""

    since = forms.DateField(
        label=gettext_lazy("Transferred since"),
        widget=UnfoldAdminTextInputWidget(attrs={"type": "date"}),
        help_text=gettext_lazy("The whole day counts."),
    )


class PipelineForm(forms.ModelForm):  # type: ignore[type-arg]
    """On or off, cadence, and one input per declared setting."""

    class Meta:
        model = Pipeline
        fields = ("enabled", "cadence")

    def clean_cadence(self) -> int:
        """Seconds between two readings."""
        cadence: int = self.cleaned_data["cadence"]
        if not SOONEST <= cadence <= 24 * 3600:
            raise forms.ValidationError(_("Give between %(least)d seconds and a day.") % {"least": SOONEST})
        return cadence

    def save(self, commit: bool = True) -> Pipeline:
        """Store the choices on the pipeline; `sync.signals` judges anew what they had stopped."""
        pipeline: Pipeline = self.instance
        chosen = {each.name: self.cleaned_data[PREFIX + each.name] for each in pipeline.rules.settings}
        pipeline.settings = {**pipeline.settings, **chosen}
        return super().save(commit)  # type: ignore[no-any-return]


def pipeline_form(pipeline: Pipeline) -> type[PipelineForm]:
    """The form class of one pipeline."""
    inputs = {PREFIX + each.name: _input(each, pipeline) for each in pipeline.rules.settings}
    return type("PipelineForm", (PipelineForm,), inputs)


def _input(setting: Setting, pipeline: Pipeline) -> forms.Field:
    """A tick for yes and no, a list for choices, else text. Flows speak Swedish; `gettext` knows it in English."""
    words: dict[str, Any] = {
        "label": _(setting.label),
        "help_text": _(setting.help) if setting.help else "",
        "initial": pipeline.setting(setting.name),
        "required": False,
    }
    if isinstance(setting.default, bool):
        return forms.BooleanField(widget=UnfoldBooleanSwitchWidget, **words)
    if setting.choices:
        words["required"] = True
        choices = [(key, _(label)) for key, label in setting.choices]
        return forms.ChoiceField(choices=choices, widget=UnfoldAdminSelectWidget, **words)
    return forms.CharField(widget=UnfoldAdminTextInputWidget, **words)


@admin.register(Pipeline)
class PipelineAdmin(TenantScoped, ModelAdmin):
    """A flow of a company."""

    list_display = ("title", "of_tenant", "way", "enabled", "cadence", "pulled", "why")
    list_display_links = ("title",)
    list_select_related = ("tenant",)
    list_filter = (TenantFilter, OwnFlowFilter, "enabled")
    search_fields = ("tenant__name", "tenant__slug", "flow")
    readonly_fields = ("of_tenant", "title", "way", "pulled", "next_pull", "told")
    change_form_outer_before_template = "sync/admin/pipeline_buttons.html"
    actions = ("read_selected",)

    def get_urls(self) -> list[Any]:
        """The buttons."""
        views = (
            ("read", require_POST(self.read_now)),
            ("dry-run", require_POST(self.dry_run)),
            ("resend", self.resend),
        )
        extra = [
            path(f"<int:pk>/{name}/", self.admin_site.admin_view(view), name=f"sync_pipeline_{name}")
            for name, view in views
        ]
        return [*extra, *super().get_urls()]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form that the flow declares."""
        if obj is not None and self.has_change_permission(request, obj):
            kwargs["form"] = pipeline_form(obj)
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """How it is, how often it runs, and the company's choices."""
        shown: list[Any] = [
            (gettext_lazy("Pipeline"), {"fields": list(self.readonly_fields)}),
            (gettext_lazy("Reading"), {"fields": ["enabled", "cadence"]}),
        ]
        if obj is not None and obj.rules.settings and self.has_change_permission(request, obj):
            names = [PREFIX + each.name for each in obj.rules.settings]
            shown.append((gettext_lazy("Settings"), {"fields": names}))
        return shown

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """With the address of the button, for those who may press it, and of the items."""
        row = self.get_object(request, object_id) if object_id else None
        context: dict[str, Any] = {**(extra_context or {})}
        if row is not None:
            query = f"?tenant={row.tenant.slug}&flow={row.flow}"
            context["items_url"] = reverse("admin:sync_item_changelist") + query
            context["owners"] = owners(request.user, row.tenant)
            if self.has_act_permission(request, row):
                context["read_url"] = reverse("admin:sync_pipeline_read", args=[row.pk])
                context["dry_run_url"] = reverse("admin:sync_pipeline_dry-run", args=[row.pk])
                context["resend_url"] = reverse("admin:sync_pipeline_resend", args=[row.pk])
        return super().changeform_view(request, object_id, form_url, context)

    def read_now(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Read the source now instead of at the next beat."""
        pipeline = one(self, request, pk, "act")
        if not _read([pipeline]):
            return back(request, pipeline, str(PAUSED), messages.WARNING)
        self.log_change(request, pipeline, _("Reading asked for"))
        return back(request, pipeline, _("%(flow)s is read now.") % {"flow": flow_title(pipeline.flow)})

    def dry_run(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what a pass would send now, without sending it."""
        return dry_runs.begin(request, one(self, request, pk, "act"))

    def resend(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask for a date, say how many it means, then send again what was transferred since (S8)."""
        pipeline: Pipeline = one(self, request, pk, "act")
        form = SinceForm(request.POST or None)
        kept = _("What is found in the target is brought up to date; what was deleted there is made anew.")
        if pipeline.rules.later_changes == "show":
            kept = _("What is found in the target stays as it is; only what was deleted there is made anew.")
        hidden, told = [], ""
        if request.method == "POST" and form.is_valid():
            start = datetime.datetime.combine(form.cleaned_data["since"], datetime.time.min, SWEDEN)
            items = manual.resendable(pipeline.items.filter(sent_at__gte=start))
            count = items.count()
            if not count:
                return back(request, pipeline, _("Nothing was transferred since then."), messages.WARNING)
            since = {"day": date_format(start, "SHORT_DATE_FORMAT"), "count": count}
            if agreed(request, count):
                done = perform(request, items, Act.Kind.RESEND, _("since %(day)s") % since)
                return done or redirect(reverse("admin:sync_pipeline_change", args=[pipeline.pk]))
            told = ngettext(
                "%(count)d item that was transferred since %(day)s is sent again. Press once more if that is right.",
                "%(count)d items that were transferred since %(day)s are sent again. Press once more if that is right.",
                count,
            ) % since  # fmt: skip
            hidden = [("count", str(count))]
        title = _("Send again: %(flow)s") % {"flow": flow_title(pipeline.flow)}
        cancel = reverse("admin:sync_pipeline_change", args=[pipeline.pk])
        return ask(self, request, form, title, [], hidden=hidden, cancel=cancel, warning=f"{told} {kept}".strip())

    @admin.action(description=gettext_lazy("Read now"), permissions=["act"])
    def read_selected(self, request: HttpRequest, rows: Any) -> None:
        """Read each of the chosen ones that the user may act on."""
        chosen = [each for each in rows if self.has_act_permission(request, each)]
        read = _read(chosen)
        if len(read) < len(chosen):
            self.message_user(request, PAUSED, messages.WARNING)
        for each in read:
            self.log_change(request, each, _("Reading asked for"))
        if read:
            self.message_user(request, _("%(count)d pipelines are read now.") % {"count": len(read)})

    @display(description=gettext_lazy("flow"), ordering="flow")
    def title(self, row: Pipeline) -> str:
        """The flow's title."""
        return flow_title(row.flow)

    @display(description=gettext_lazy("way"))
    def way(self, row: Pipeline) -> str:
        """From where to where."""
        return f"{system_title(row.source)} → {system_title(row.target)}"

    @display(description=gettext_lazy("last complete reading"), ordering="pulled_at")
    def pulled(self, row: Pipeline) -> str:
        """When everything was last read."""
        return moment(row.pulled_at)

    @display(description=gettext_lazy("next reading"), ordering="next_pull_at")
    def next_pull(self, row: Pipeline) -> str:
        """When it is read next."""
        return moment(row.next_pull_at)

    @display(description=gettext_lazy("held up by"))
    def why(self, row: Pipeline) -> str:
        """What holds it up, in a few words."""
        told = held(row)
        return told.title if told else "–"

    @display(description=gettext_lazy("held up by"))
    def told(self, row: Pipeline) -> str:
        """What holds it up, explained."""
        told = held(row)
        return render_to_string("sync/admin/explanation.html", {"told": told}) if told else _("Nothing")


def _read(pipelines: list[Pipeline]) -> list[Pipeline]:
    """Due now, and a message about each; without a broker the tick finds them. Returns those whose source is not paused
    by a person."""
    paused = Connection.objects.filter(state=Connection.State.PAUSED, tenant__in=[each.tenant_id for each in pipelines])
    shut = set(paused.values_list("tenant_id", "system"))
    pipelines = [each for each in pipelines if (each.tenant_id, each.source) not in shut]
    Pipeline.objects.filter(pk__in=[each.pk for each in pipelines]).update(next_pull_at=timezone.now())
    for each in pipelines:
        step = steps[each.flow]["pull"]
        transaction.on_commit(lambda step=step, pk=each.pk: step.delay(pk), robust=True)  # type: ignore[misc]
    return pipelines
