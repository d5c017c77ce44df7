"""Filters that offer only what the user may see."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter

from integration.scoping import visible_tenants
from sync.explain import explain
from sync.flows.base import flows
from sync.models import Item
from sync.words import flow_title


class Dropdown(DropdownFilter):
    """A drop-down over one field."""

    field = ""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Rows with the chosen value."""
        return queryset.filter(**{self.field: self.value()}) if self.value() else queryset


class TenantFilter(Dropdown):
    """The user's companies."""

    title = _("company")
    parameter_name = "tenant"
    field = "tenant__slug"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Companies by name; none to choose for whoever has only one."""
        found = list(visible_tenants(request.user).values_list("slug", "name"))
        return found if len(found) > 1 else []


class FlowFilter(Dropdown):
    """The kinds of thing that move."""

    title = _("flow")
    parameter_name = "flow"
    field = "pipeline__flow"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every flow, in their order."""
        return [(each.key, flow_title(each.key)) for each in flows()]


class OwnFlowFilter(FlowFilter):
    """For pipelines themselves."""

    field = "flow"


class StateFilter(Dropdown):
    """States of an item."""

    title = _("state")
    parameter_name = "state"
    field = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Every state."""
        return list(Item.State.choices)


class ReasonFilter(Dropdown):
    """Why an item is not transferred, in broad terms."""

    title = _("reason")
    parameter_name = "reason"
    field = "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Every reason."""
        return list(Item.Reason.choices)


class CauseFilter(Dropdown):
    """The very cause, by its explanation's title."""

    title = _("cause")
    parameter_name = "cause"
    field = "cause"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Causes that occur among what the user sees."""
        rows = model_admin.get_queryset(request).exclude(cause="").order_by()
        found = rows.values_list("cause", flat=True).distinct()[:200]
        return sorted(((cause, explain(cause).title) for cause in found), key=lambda pair: pair[1])
