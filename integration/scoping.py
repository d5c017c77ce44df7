"""Who may see and do what (principle 13): a user's memberships decide, for every list, page, action and choice.

Operators (superusers) see every tenant. Everybody else sees the tenants they belong to: a reader looks, a bookkeeper
also acts on items and maps values, an owner also changes settings and connections.
"""

from typing import Any, NoReturn

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.utils.translation import gettext_lazy as _

from integration.models import Membership, Tenant

Role = Membership.Role
READ = frozenset({Role.OWNER, Role.BOOKKEEPER, Role.READER})
ACT = frozenset({Role.OWNER, Role.BOOKKEEPER})
OWN = frozenset({Role.OWNER})


def roles(user: AbstractBaseUser | AnonymousUser) -> dict[int, str]:
    """Tenant id → role of a user, read once per request."""
    known: dict[int, str] | None = getattr(user, "_byggbro_roles", None)
    if known is None:
        known = dict(Membership.objects.filter(user_id=user.pk).values_list("tenant_id", "role")) if user.pk else {}
        user._byggbro_roles = known  # type: ignore[union-attr]
    return known


def is_operator(user: AbstractBaseUser | AnonymousUser) -> bool:
    """Whether the user runs the service and sees every tenant."""
    return bool(getattr(user, "is_superuser", False) and user.is_active)


def operator_asks(request: HttpRequest) -> bool:
    """Whether an operator asks: for the menu."""
    return is_operator(request.user)


def may(user: AbstractBaseUser | AnonymousUser, tenant_id: int | None, allowed: frozenset[Role]) -> bool:
    """Whether the user's role in a tenant is one of these; in any tenant where no tenant is given."""
    if is_operator(user):
        return True
    mine = roles(user)
    return mine.get(tenant_id) in allowed if tenant_id else bool(allowed & set(mine.values()))


def tenant_ids(user: AbstractBaseUser | AnonymousUser, allowed: frozenset[Role] = READ) -> list[int]:
    """Ids of the tenants in which the user has one of these roles; for users who are no operators."""
    return [tenant for tenant, role in roles(user).items() if role in allowed]


def visible_tenants(user: AbstractBaseUser | AnonymousUser, allowed: frozenset[Role] = READ) -> QuerySet[Tenant]:
    """The tenants in which the user has one of these roles; all of them for an operator."""
    every = Tenant.objects.all()
    return every if is_operator(user) else every.filter(pk__in=tenant_ids(user, allowed))


def owners(user: AbstractBaseUser | AnonymousUser, tenant: Tenant) -> str:
    """Whom a user asks for what only an owner may do, by name; empty for whoever may do it."""
    if may(user, tenant.pk, OWN):
        return ""
    mine = Membership.objects.filter(tenant=tenant, role=Role.OWNER).select_related("user").order_by("pk")
    return ", ".join(each.user.get_full_name() or each.user.get_username() for each in mine) or str(_("the operator"))


class TenantScoped:
    """Mixin of a `ModelAdmin`: rows of the user's tenants only, and a 404 for anything else.

    Attributes:
        tenant_field: how a row names its tenant's id.
        changers, adders, deleters: roles that may do so; empty for operators only, None for nobody.
    """

    tenant_field = "tenant_id"
    changers: frozenset[Role] | None = OWN
    adders: frozenset[Role] | None = None
    deleters: frozenset[Role] | None = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Rows of the user's tenants."""
        rows: QuerySet[Any] = super().get_queryset(request)  # type: ignore[misc]
        if is_operator(request.user):
            return rows
        return rows.filter(**{f"{self.tenant_field}__in": tenant_ids(request.user)})

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """An action on rows of a list; what is no row's id is found as little as another tenant's row."""
        if not all(each.isdecimal() for each in request.POST.getlist(ACTION_CHECKBOX_NAME)):
            raise Http404
        return super().response_action(request, queryset)  # type: ignore[misc]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Only tenants that the user may change are offered."""
        if db_field.remote_field.model is Tenant:
            kwargs["label"] = _("company")
            kwargs["queryset"] = visible_tenants(request.user, self.changers or frozenset())
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """The company is worth a column only for whoever sees several."""
        shown = list(super().get_list_display(request))  # type: ignore[misc]
        alone = not is_operator(request.user) and len(roles(request.user)) < 2
        return [each for each in shown if not (alone and each == "of_tenant")]

    @admin.display(description=_("company"), ordering="tenant__name")
    def of_tenant(self, row: Any) -> str:
        """Whose row it is."""
        return str(row.tenant)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whoever belongs to a tenant."""
        return may(request.user, None, READ)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Any member."""
        return self._may(request, obj, READ)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The roles of `changers`."""
        return self._may(request, obj, self.changers)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The roles of `adders`, in any of their tenants; the form offers only those."""
        return self._may(request, None, self.adders)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The roles of `deleters`."""
        return self._may(request, obj, self.deleters)

    def has_act_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may act on items."""
        return self._may(request, obj, ACT)

    def has_own_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may change settings and connections."""
        return self._may(request, obj, OWN)

    def _may(self, request: HttpRequest, obj: Any, allowed: frozenset[Role] | None) -> bool:
        if allowed is None:
            return False
        tenant = getattr(obj, self.tenant_field, None) if obj is not None else None
        return may(request.user, tenant, allowed)

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> NoReturn:
        """A row of somebody else's looks like one that never was."""
        raise Http404


class OperatorsOnly:
    """Mixin of a `ModelAdmin` that only operators see."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_operator(request.user)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_operator(request.user)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_operator(request.user)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_operator(request.user)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_operator(request.user)
