"""Connections with their explanation, "check now" and "connect"."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from unfold.decorators import display

from integration.admin import LABELS
from integration.admin import ConnectionAdmin as BaseConnectionAdmin
from integration.errors import Fault
from integration.models import Connection
from integration.registry import system_title
from integration.scoping import owners
from integration.systems.base import Identity
from sync.admin.filters import Dropdown, TenantFilter
from sync.admin.pages import back, look, one
from sync.engine import access
from sync.engine.access import PATIENCE, is_consent
from sync.explain import explain
from sync.words import moment

admin.site.unregister(Connection)


class StateFilter(Dropdown):
    """States of a connection."""

    title = gettext_lazy("state")
    parameter_name = field = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Every state."""
        return list(Connection.State.choices)


@admin.register(Connection)
class ConnectionAdmin(BaseConnectionAdmin):
    """What is wrong with a connection is told where it is mended."""

    list_display = ("title", "of_tenant", "coloured", "why", "from_then", "checked")
    list_display_links = ("title",)
    list_filter = (TenantFilter, StateFilter)
    readonly_fields = ("of_tenant", "title", "state", "from_then", "checked", "told")
    change_form_outer_before_template = "sync/admin/connection_buttons.html"
    actions = ("check_selected",)

    def get_urls(self) -> list[Any]:
        """The button."""
        view = self.admin_site.admin_view(require_POST(self.check_now))
        return [path("<int:pk>/check/", view, name="integration_connection_check"), *super().get_urls()]

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """With the addresses of the buttons, for those who may press them."""
        row = self.get_object(request, object_id) if object_id else None
        context: dict[str, Any] = {**(extra_context or {})}
        if row is not None:
            context["owners"] = owners(request.user, row.tenant)
            if self.has_act_permission(request, row):
                context["check_url"] = reverse("admin:integration_connection_check", args=[row.pk])
            if self.has_own_permission(request, row):
                context["connect_url"] = _connect_url(row)
            context["connected"] = row.state == Connection.State.CONNECTED
            context["system"] = system_title(row.system)
        return super().changeform_view(request, object_id, form_url, context)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """New access is tried before it is stored; a company's number may come before its consent."""
        if not getattr(form, "changes_access", False):
            return
        options, secrets = form.access()
        try:
            told = access.replace_or_foresee(obj, options, secrets, patience=PATIENCE)
        except Fault as fault:
            messages.warning(request, _in_words(obj, fault) + " " + _("Nothing was saved."))
        else:
            if isinstance(told, Fault):
                messages.warning(request, _in_words(obj, told))
            else:
                messages.success(request, _connected_to(obj, told))
        look(obj.tenant_id)

    def check_now(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask the system who it is. A paused connection is started again by it."""
        connection = one(self, request, pk, "act")
        paused = connection.state == Connection.State.PAUSED
        connection.resume()
        told = _("Connection checked; the pause is over") if paused else _("Connection checked")
        self.log_change(request, connection, told)
        return back(request, connection, *self._check(request, connection, show=False))

    @admin.action(description=gettext_lazy("Check now"), permissions=["act"])
    def check_selected(self, request: HttpRequest, rows: Any) -> None:
        """Check each of the chosen ones that the user may check."""
        for connection in rows.select_related("tenant"):
            if self.has_act_permission(request, connection):
                self.log_change(request, connection, _("Connection checked"))
                self._check(request, connection)

    def _check(self, request: HttpRequest, connection: Connection, *, show: bool = True) -> tuple[str, int]:
        identity = access.check(connection, patience=PATIENCE)
        look(connection.tenant_id)
        if identity:
            text, level = _connected_to(connection, identity), messages.SUCCESS
        else:
            told = explain(connection.cause, connection.params)
            text, level = f"{system_title(connection.system)}: {told.title}. {told.what}", messages.WARNING
        if show:
            messages.add_message(request, level, text)
        return text, level

    @display(description=gettext_lazy("system"), ordering="system")
    def title(self, row: Connection) -> str:
        """The system as people call it."""
        return system_title(row.system)

    @display(description=gettext_lazy("state"), ordering="state", label=dict(LABELS))
    def coloured(self, row: Connection) -> tuple[str, Any]:
        """The state with its colour."""
        return row.state, row.get_state_display()

    @display(description=gettext_lazy("since"), ordering="since")
    def from_then(self, row: Connection) -> str:
        """Since when it is in its state."""
        return moment(row.since)

    @display(description=gettext_lazy("last checked"), ordering="checked_at")
    def checked(self, row: Connection) -> str:
        """When it was last asked."""
        return moment(row.checked_at)

    @display(description=gettext_lazy("cause"))
    def why(self, row: Connection) -> str:
        """The cause in a few words."""
        return explain(row.cause, row.params).title if row.cause else "–"

    @display(description=gettext_lazy("explanation"))
    def told(self, row: Connection) -> str:
        """Who answered, or the whole explanation."""
        if not row.cause:
            return str(row.params.get("company") or "–")
        return render_to_string("sync/admin/explanation.html", {"told": explain(row.cause, row.params)})


def _connected_to(connection: Connection, identity: Identity) -> str:
    return _("%(connection)s: connected to %(company)s.") % {
        "connection": system_title(connection.system), "company": identity.company or "–",
    }  # fmt: skip


def _in_words(row: Connection, fault: Fault) -> str:
    told = explain(fault.cause, fault.params)
    return f"{system_title(row.system)}: {told.title}. {told.what}"


def _connect_url(row: Connection) -> str:
    """Where the consent begins, for a system that works by consent."""
    if not is_consent(row.system):
        return ""
    return reverse("consent:begin", args=[row.pk])
