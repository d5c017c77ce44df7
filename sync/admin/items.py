"""Items: the list, its filters and actions, and one item's page."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin
from unfold.decorators import display

from integration.scoping import ACT, TenantScoped, is_operator, tenant_ids
from sync.admin import acts, dry_runs, find
from sync.admin.background import perform
from sync.admin.filters import CauseFilter, FlowFilter, ReasonFilter, StateFilter, TenantFilter
from sync.admin.item_page import page
from sync.admin.pages import KeyPaginator
from sync.explain import explain
from sync.models import Act, Item
from sync.words import STATE_LABELS, flow_title, moment


@admin.register(Item)
class ItemAdmin(TenantScoped, ModelAdmin):
    """One thing that moves. Nobody edits it; people act on it."""

    changers = adders = deleters = None
    list_display = ("number", "name", "flow", "of_tenant", "coloured", "why", "in_target", "from_then")
    list_display_links = ("number", "name")
    list_filter = (TenantFilter, FlowFilter, StateFilter, ReasonFilter, CauseFilter)
    list_filter_submit = True
    search_fields = ("key", "title", "target_label", "target_id", "source_id")
    search_help_text = gettext_lazy("Number, title or id")
    show_full_result_count = False
    list_per_page = 50
    paginator = KeyPaginator
    list_fullwidth = True
    ordering = ("-moved_at", "-pk")
    actions = ("retry", "leave_out", "handled", "resend", "already_there")
    change_form_template = "sync/admin/item.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Item]:
        """Without the records, which a list does not show."""
        rows: QuerySet[Item] = super().get_queryset(request).select_related("tenant", "pipeline")
        return rows.defer("record", "sent", "sent_record", "memo", "notes")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """The page has its own template."""
        return [(None, {"fields": ()})]

    def get_urls(self) -> list[Any]:
        """The acts on one item, its dry run, and the one box that finds any item."""
        extra = [
            path(f"<int:pk>/{name}/", self.admin_site.admin_view(view), {"model_admin": self}, name=f"sync_item_{name}")
            for name, view in (
                ("retry", acts.retry_one),
                ("leave-out", acts.leave_out_one),
                ("already-there", acts.already_there_one),
                ("keep", acts.keep_one),
                ("handled", acts.handled_one),
                ("resend", acts.resend_one),
                ("dry-run", dry_runs.item_page),
            )
        ]
        search = path("find/", self.admin_site.admin_view(find.page), {"model_admin": self}, name="sync_find")
        return [search, *extra, *super().get_urls()]

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """The item's page, with everything there is to know."""
        item = self.get_object(request, object_id) if object_id else None
        context: dict[str, Any] = {**(extra_context or {})}
        if item is not None:
            context |= page(item)
            context["may_act"] = self.has_act_permission(request, item)
            context["title"] = f"{flow_title(item.pipeline.flow)}: {item}"
            context["subtitle"] = None
        return super().changeform_view(request, object_id, form_url, context)

    # -- list --------------------------------------------------------------------------------------------------
    @display(description=gettext_lazy("number"), ordering="key")
    def number(self, item: Item) -> str:
        """Its number, or its id where it has none."""
        return item.key or f"id {item.source_id}"

    @display(description=gettext_lazy("title"), ordering="title")
    def name(self, item: Item) -> str:
        """Its title, short enough for a table."""
        return item.title if len(item.title) <= 50 else item.title[:49] + "…"

    @display(description=gettext_lazy("flow"), ordering="pipeline__flow")
    def flow(self, item: Item) -> str:
        """The flow's title."""
        return flow_title(item.pipeline.flow)

    @display(description=gettext_lazy("state"), ordering="state", label=dict(STATE_LABELS))
    def coloured(self, item: Item) -> tuple[str, Any]:
        """The state with its colour."""
        return item.state, item.get_state_display()

    @display(description=gettext_lazy("cause"), ordering="cause")
    def why(self, item: Item) -> str:
        """The cause in a few words."""
        return explain(item.cause, item.params).title if item.cause else "–"

    @display(description=gettext_lazy("number in the target"), ordering="target_label")
    def in_target(self, item: Item) -> str:
        """Its number over there."""
        return item.target_label or "–"

    @display(description=gettext_lazy("since"), ordering="moved_at")
    def from_then(self, item: Item) -> str:
        """Since when it is in its state."""
        return moment(item.moved_at)

    # -- actions -----------------------------------------------------------------------------------------------
    def actable(self, request: HttpRequest, items: QuerySet[Item]) -> QuerySet[Item]:
        """Those that the user may act on, as ids: later acts must not be narrowed by what the list filtered for."""
        if not is_operator(request.user):
            items = items.filter(Q(tenant_id__in=tenant_ids(request.user, ACT)))
        return Item.objects.filter(pk__in=list(items.order_by().values_list("pk", flat=True)))

    @admin.action(description=gettext_lazy("Try again"), permissions=["act"])
    def retry(self, request: HttpRequest, items: QuerySet[Item]) -> HttpResponse | None:
        """Make the chosen items due now."""
        return perform(request, self.actable(request, items), Act.Kind.RETRY)

    @admin.action(description=gettext_lazy("Leave out"), permissions=["act"])
    def leave_out(self, request: HttpRequest, items: QuerySet[Item]) -> HttpResponse | None:
        """Ask for a note, then leave the chosen items out."""
        return self._with_note(request, items, Act.Kind.LEAVE_OUT, "leave_out", _("Leave out"))

    @admin.action(description=gettext_lazy("Mark as handled"), permissions=["act"])
    def handled(self, request: HttpRequest, items: QuerySet[Item]) -> HttpResponse | None:
        """Ask for a note, then mark the chosen items that have changed after their transfer as dealt with (I3)."""
        return self._with_note(request, items, Act.Kind.HANDLED, "handled", _("Mark as handled"))

    @admin.action(description=gettext_lazy("Send again"), permissions=["act"])
    def resend(self, request: HttpRequest, items: QuerySet[Item]) -> HttpResponse | None:
        """Ask for a note, then send the chosen items again, because somebody deleted or changed them there (S8)."""
        warning = _("What is found in the target is kept; what was deleted there is made anew.")
        return self._with_note(request, items, Act.Kind.RESEND, "resend", _("Send again"), warning)

    def _with_note(
        self, request: HttpRequest, items: QuerySet[Item], kind: str, action: str, title: str, warning: str = ""
    ) -> HttpResponse | None:
        chosen, hidden = self.actable(request, items), acts.from_the_list(request, action)
        return acts.many_with_note(self, request, chosen, kind, title, hidden, warning=warning)

    @admin.action(description=gettext_lazy("Already there"), permissions=["act"])
    def already_there(self, request: HttpRequest, items: QuerySet[Item]) -> HttpResponse | None:
        """To the page that asks for the number; one item at a time, since each has its own."""
        chosen = list(items[:2])
        if len(chosen) != 1:
            self.message_user(request, _("Choose one item: each has a number of its own in the target."), "warning")
            return None
        return redirect(reverse("admin:sync_item_already-there", args=[chosen[0].pk]))
