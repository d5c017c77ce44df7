"""Acts on many items: a few are done at once, thousands in the background, on a page that shows how far they are."""

from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.decorators import display

from sync.admin.filters import TenantFilter
from sync.admin.history import ReadOnly
from sync.admin.pages import actor, look, one
from sync.engine import acts
from sync.models import Act, Item
from sync.tasks import carry_out
from sync.words import in_table, moment

SHOWN = 50  # items named on an act's page
PASSED_OVER = {
    Act.Kind.RETRY: gettext_lazy("Passed over because they are on their way: %(count)d."),
    Act.Kind.LEAVE_OUT: gettext_lazy("Passed over because they are transferred or on their way: %(count)d."),
    Act.Kind.RESEND: gettext_lazy(
        "Passed over because they are not transferred, have changed since or are on their way: %(count)d."
    ),
    Act.Kind.HANDLED: gettext_lazy("Passed over because they have not changed after their transfer: %(count)d."),
}


def perform(request: HttpRequest, items: QuerySet[Item], kind: str, note: str = "") -> HttpResponse | None:
    """Do it to all of them, recorded under the user's name.

    Returns:
        Where its progress shows; None when it is done already, and said so.
    """
    made = acts.begin(items, kind, actor(request), note)
    if sum(len(act.ids) for act in made) <= acts.AT_ONCE:
        moved = sum(acts.carry_out(act.pk).moved for act in made)
        look(*(act.tenant_id for act in made))
        passed_over = sum(len(act.ids) for act in made) - moved
        messages.add_message(request, messages.SUCCESS if moved else messages.WARNING, said(kind, moved, passed_over))
        return None
    for act in made:
        # Robust: without a broker the sweep takes it up a little later; the page must not fail.
        transaction.on_commit(lambda pk=act.pk: carry_out.delay(pk), robust=True)  # type: ignore[misc]
    if len(made) == 1:
        return redirect(reverse("admin:sync_act_change", args=[made[0].pk]))
    return redirect(reverse("admin:sync_act_changelist"))


def said(kind: str, count: int, passed_over: int = 0) -> str:
    """What was done, in words, and why some stayed as they were."""
    texts = {
        Act.Kind.RETRY: ngettext("%(count)d item is tried again.", "%(count)d items are tried again.", count),
        Act.Kind.LEAVE_OUT: ngettext("%(count)d item is left out.", "%(count)d items are left out.", count),
        Act.Kind.RESEND: ngettext("%(count)d item is sent again.", "%(count)d items are sent again.", count),
        Act.Kind.HANDLED: ngettext(
            "%(count)d item is marked as handled.", "%(count)d items are marked as handled.", count
        ),
    }
    told = texts[Act.Kind(kind)] % {"count": count}
    return f"{told} {PASSED_OVER[Act.Kind(kind)] % {'count': passed_over}}" if passed_over else told


@admin.register(Act)
class ActAdmin(ReadOnly):
    """What people did to many items at once, and how far it is."""

    list_display = ("what", "of_tenant", "far", "actor", "began", "ended")
    list_display_links = ("what",)
    list_select_related = ("tenant",)
    list_filter = (TenantFilter, "kind")
    search_fields = ("actor", "note")
    change_form_template = "sync/admin/act.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without the ids, which may be thousands: the database counts them."""
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.extra(select={"total": "cardinality(ids)"}).defer("ids")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """The page has its own template."""
        return [(None, {"fields": ()})]

    def get_urls(self) -> list[Any]:
        """What the page asks every second."""
        view = self.admin_site.admin_view(self.progress)
        return [path("<int:pk>/progress/", view, name="sync_act_progress"), *super().get_urls()]

    def progress(self, request: HttpRequest, pk: int) -> HttpResponse:
        """How far it is, for the bar."""
        act = one(self, request, pk, "view")
        return JsonResponse({"done": act.done, "total": act.total, "finished": act.finished_at is not None})

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """The act with its bar and the first of its items."""
        act = self.get_object(request, object_id) if object_id else None
        context: dict[str, Any] = {**(extra_context or {})}
        if act is not None:
            items = Item.objects.filter(pk__in=act.ids[:SHOWN], tenant_id=act.tenant_id).select_related("pipeline")
            context |= {
                "act": act,
                "total": len(act.ids),
                "progress_url": reverse("admin:sync_act_progress", args=[act.pk]),
                "items": [in_table(each) for each in items.order_by("pk")],
                "further": max(len(act.ids) - SHOWN, 0),
                "said": said(act.kind, act.moved),
                "title": act.get_kind_display(),
                "subtitle": None,
            }
        return super().changeform_view(request, object_id, form_url, context)

    @display(description=gettext_lazy("act"), ordering="kind")
    def what(self, act: Act) -> str:
        """What was done."""
        return str(act.get_kind_display())

    @display(description=gettext_lazy("dealt with"))
    def far(self, act: Any) -> str:
        """How many of how many."""
        return _("%(done)d of %(total)d") % {"done": act.done, "total": act.total}

    @display(description=gettext_lazy("started"), ordering="started_at")
    def began(self, act: Act) -> str:
        """When the button was pressed."""
        return moment(act.started_at)

    @display(description=gettext_lazy("ended"), ordering="finished_at")
    def ended(self, act: Act) -> str:
        """When all were dealt with."""
        return moment(act.finished_at)
