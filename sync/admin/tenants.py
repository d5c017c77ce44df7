"""Companies with their connections and pipelines; a new one gets both at once, as on the command line."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import path
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import TabularInline
from unfold.decorators import display

from integration import registry
from integration.admin import LABELS as CONNECTION_LABELS
from integration.admin import TenantAdmin as BaseTenantAdmin
from integration.models import Connection, Tenant
from integration.registry import system_title
from integration.scoping import OWN, is_operator, may
from sync.admin import pausing, setup_links
from sync.engine.onboarding import add_tenant
from sync.explain import explain
from sync.models import Item, Recipient
from sync.setup import links
from sync.words import flow_title

admin.site.unregister(Tenant)


class RecipientInline(TabularInline):
    """Who is mailed about the company's problems; its owner chooses."""

    model = Recipient
    extra = 0
    tab = False
    hide_title = True  # the row says it

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """As for members: the heading of the column is the label."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None:
            field.widget.attrs["aria-label"] = str(field.label)
        return field

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Every member."""
        return True

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The owner."""
        return may(request.user, obj.pk if obj else None, OWN)

    has_add_permission = has_delete_permission = has_change_permission


@admin.register(Tenant)
class TenantAdmin(BaseTenantAdmin):
    """A company's page shows how its connections and pipelines are."""

    list_display = ("name", "slug", "go_live", "systems", "open_items", "active")
    change_form_outer_before_template = "sync/admin/tenant_buttons.html"
    change_form_outer_after_template = "sync/admin/tenant_overview.html"
    inlines = (*BaseTenantAdmin.inlines, RecipientInline)

    def get_urls(self) -> list[Any]:
        """Pause, resume, the test mail and the set-up link."""
        extra = [
            path(
                f"<int:pk>/{name}/",
                self.admin_site.admin_view(view),
                {"model_admin": self},
                name=f"integration_tenant_{name}",
            )
            for name, view in (
                ("pause", pausing.pause),
                ("resume", pausing.resume),
                ("test-mail", pausing.test_mail),
                ("setup-link", setup_links.make),
                ("setup-link-made", setup_links.made),
                ("setup-link-revoke", setup_links.revoke),
            )
        ]
        return [*extra, *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> Any:
        """With the number of items that need a person, and the connections."""
        counted = Item.objects.filter(tenant=OuterRef("pk"), state=Item.State.STOPPED).order_by().values("tenant")
        stopped = Coalesce(Subquery(counted.annotate(count=Count("pk")).values("count")), 0)
        return super().get_queryset(request).annotate(stopped=stopped).prefetch_related("connections")

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """With connections and pipelines below the form."""
        tenant = self.get_object(request, object_id) if object_id else None
        context = {**(extra_context or {}), **(_overview(tenant) if tenant else {})}
        if tenant is not None:
            context["company"] = tenant
            context["may_act"] = self.has_act_permission(request, tenant)
            context["may_own"] = self.has_own_permission(request, tenant)
            context["may_link"] = is_operator(request.user)
            context["open_link"] = next(iter(links.open_links(tenant)), None)
        return super().changeform_view(request, object_id, form_url, context)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """A new company gets its connections and pipelines by the code of `tenant_add`."""
        if change:
            super().save_model(request, obj, form, change)
            return
        tenant, _created = add_tenant(obj.slug, obj.name, {name: {} for name in registry.systems}, obj.go_live)
        obj.pk, obj.created_at = tenant.pk, tenant.created_at
        obj._state.adding = False
        if not obj.active:
            Tenant.objects.filter(pk=tenant.pk).update(active=False)

    @display(description=_("connections"), label={"fine": "success", "trouble": "warning"})
    def systems(self, tenant: Tenant) -> tuple[str, list[str]]:
        """Every connection that is not as it should be, or that all are."""
        trouble = [
            f"{system_title(each.system)}: {each.get_state_display()}"
            for each in tenant.connections.all()
            if each.state != Connection.State.CONNECTED
        ]
        return ("trouble", trouble) if trouble else ("fine", [str(_("Connected"))])

    @display(description=_("Needs somebody"), ordering="stopped", label={"open": "danger"})
    def open_items(self, tenant: Any) -> tuple[str, str]:
        """How many items a person must look at."""
        count = tenant.stopped
        return "open", ngettext("%(count)d item", "%(count)d items", count) % {"count": count} if count else ""


def _overview(tenant: Tenant) -> dict[str, Any]:
    """Connections and pipelines with what is wrong with them."""
    return {
        "paused": tenant.connections.filter(state=Connection.State.PAUSED).exists(),
        "connections": [
            {
                "row": each,
                "title": system_title(each.system),
                "label": CONNECTION_LABELS.get(Connection.State(each.state), "default"),
                "told": explain(each.cause, each.params) if each.cause else None,
            }
            for each in tenant.connections.order_by("system")
        ],
        "pipelines": [
            {
                "row": each,
                "title": flow_title(each.flow),
                "from": system_title(each.source),
                "to": system_title(each.target),
                "told": held(each),
            }
            for each in sorted(tenant.pipelines.select_related("tenant"), key=lambda each: each.rules.rank)
        ],
    }


def held(pipeline: Any) -> Any:
    """What holds a pipeline up as a whole, explained; None when nothing does."""
    if pipeline.paused_cause:
        return explain(pipeline.paused_cause, pipeline.paused_params)
    if pipeline.failed_cause and pipeline.failures:
        return explain(pipeline.failed_cause, pipeline.failed_params)
    return None
