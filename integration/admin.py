"""Admin of tenants, memberships, connections and mapped values, and of the people who log in.

What needs to know about transfers (pipelines, explanations, checks) is added in `sync.admin`.
"""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from integration import registry
from integration.forms import PREFIX, connection_form, declared
from integration.models import Connection, Membership, Tenant, ValueMap
from integration.scoping import ACT, OperatorsOnly, TenantScoped, is_operator
from integration.systems.base import Field

admin.site.unregister(User)
admin.site.unregister(Group)

LABELS = {
    Connection.State.CONNECTED: "success",
    Connection.State.DEGRADED: "warning",
    Connection.State.UNCHECKED: "info",
    Connection.State.NEEDS_CONSENT: "danger",
    Connection.State.MISSING_RIGHT: "danger",
    Connection.State.PAUSED: "warning",
}


@admin.register(User)
class UserAdmin(OperatorsOnly, DjangoUserAdmin, ModelAdmin):  # type: ignore[type-arg]
    """People who log in. What they see of which tenant is said by their memberships."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "first_name", "last_name", "is_staff", "is_superuser", "is_active")
    list_filter = ("is_superuser", "is_active")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": ("first_name", "last_name", "email")}),
        (_("Access"), {"fields": ("is_active", "is_staff", "is_superuser")}),
    )


class _PersonNamed:
    """Mixin: the person is called a user in the language of the page."""

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """The label of the field."""
        if db_field.name == "user":
            kwargs["label"] = _("user")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]


class MembershipInline(OperatorsOnly, _PersonNamed, TabularInline):
    """Who may see the tenant, and in which role."""

    model = Membership
    extra = 0
    autocomplete_fields = ("user",)
    tab = False
    hide_title = True  # the row says it

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """In a table the heading of the column is the label; say it to those who do not see it."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None:
            field.widget.attrs["aria-label"] = str(field.label)
        return field

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Members see who else is one; only operators change it."""
        return True


class TenantAdmin(TenantScoped, ModelAdmin):
    """Customer companies. They are never deleted here: what was transferred is accounting information."""

    tenant_field = "pk"
    adders = frozenset()
    list_display: tuple[str, ...] = ("name", "slug", "go_live", "active")
    list_filter = ("active",)
    search_fields = ("name", "slug")
    inlines: tuple[Any, ...] = (MembershipInline,)
    fields = ("name", "slug", "go_live", "active")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """The short name is part of scripts and addresses; switching a company off is the operator's."""
        if not is_operator(request.user):
            return ("slug", "active")
        return ("slug",) if obj else ()


@admin.register(Membership)
class MembershipAdmin(_PersonNamed, TenantScoped, ModelAdmin):
    """Who belongs where. Only operators change it: the choice of users would show everybody's names."""

    changers = adders = deleters = frozenset()
    list_display = ("user", "of_tenant", "role")
    list_select_related = ("user", "tenant")
    search_fields = ("user__username", "user__email", "tenant__name")
    autocomplete_fields = ("user",)


class ConnectionAdmin(TenantScoped, ModelAdmin):
    """Access to one system. Secrets go in and never come out."""

    list_select_related = ("tenant",)
    search_fields = ("tenant__name", "tenant__slug", "system")
    readonly_fields: tuple[str, ...] = ("of_tenant", "system", "state", "since", "checked_at")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form that the system declares."""
        if obj is not None and self.has_change_permission(request, obj):
            kwargs["form"] = connection_form(obj, self.inputs(request, obj))
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """The declared fields, for those who may change them."""
        shown: list[Any] = [(_("Connection"), {"fields": self.readonly_fields})]
        if obj is not None and self.has_change_permission(request, obj):
            names = [PREFIX + field.name for field in self.inputs(request, obj)]
            if names:
                shown.append((_("Access"), {"fields": names}))
        return shown

    def inputs(self, request: HttpRequest, obj: Connection) -> tuple[Field, ...]:
        """The fields that this user may fill in. Which company it is, a consent tells; operators may say it before."""
        kind = registry.systems.get(obj.system)
        mine = declared(obj.system)
        if kind is None or is_operator(request.user):
            return mine
        return tuple(each for each in mine if each.name != kind.company)


@admin.register(ValueMap)
class ValueMapAdmin(TenantScoped, ModelAdmin):
    """What a tenant's Fortnox calls the values of its SmartDok. Saving one sets going what lacked it."""

    changers = adders = deleters = ACT
    list_display = ("kind", "source", "target", "of_tenant")
    list_select_related = ("tenant",)
    search_fields = ("kind", "source", "target", "tenant__name")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """A mapped value stays with its company."""
        return ("of_tenant",) if obj else ()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """The company first."""
        return ("of_tenant" if obj else "tenant", "kind", "source", "target")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """What it sets going is recorded under the user's name."""
        obj.saved_by = request.user.get_username()[:150]
        super().save_model(request, obj, form, change)


# Registered here so that they exist without `sync`; `sync.admin` puts richer ones in their place.
admin.site.register(Tenant, TenantAdmin)
admin.site.register(Connection, ConnectionAdmin)
