"""The set-up link of a company: made by an operator, shown once, revoked."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from integration.models import Tenant
from integration.scoping import is_operator
from integration.vault import seal, unseal
from sync.admin.pages import actor, back, frame, one
from sync.setup import links

SHOWN = "setup_link"  # in the maker's session, sealed: the row and the whole address of the link made last


@require_POST
def make(request: HttpRequest, pk: int, model_admin: Any) -> HttpResponse:
    """A new link; the page it is shown on can be loaded again without making another one."""
    tenant = _tenant(request, pk, model_admin)
    url = links.make(tenant, actor(request))
    request.session[SHOWN] = seal([links.open_links(tenant)[0].pk, url])
    model_admin.log_change(request, tenant, _("Set-up link made"))
    return redirect(reverse("admin:integration_tenant_setup-link-made", args=[tenant.pk]))


@require_safe
@never_cache
def made(request: HttpRequest, pk: int, model_admin: Any) -> HttpResponse:
    """The link that its maker has just made, whole, as long as it works and they make no other."""
    tenant = _tenant(request, pk, model_admin)
    sealed = request.session.get(SHOWN)
    number, url = unseal(sealed) if sealed else (0, "")
    link = next((each for each in links.open_links(tenant) if each.pk == number), None)
    if link is None:
        return back(request, tenant, _("There is no open set-up link to show. Make a new one."), messages.WARNING)
    context = {
        **frame(request, model_admin, _("Set-up link for %(name)s") % {"name": tenant.name},
                reverse("admin:integration_tenant_change", args=[tenant.pk])),
        "url": url, "link": link,
    }  # fmt: skip
    return render(request, "sync/admin/setup_link.html", context)


@require_POST
def revoke(request: HttpRequest, pk: int, model_admin: Any) -> HttpResponse:
    """Links that are out and not finished work no more."""
    tenant = _tenant(request, pk, model_admin)
    if not links.revoke(tenant):
        return back(request, tenant, _("There is no open set-up link."), messages.WARNING)
    model_admin.log_change(request, tenant, _("Set-up link revoked"))
    return back(request, tenant, _("The set-up link works no more."))


def _tenant(request: HttpRequest, pk: int, model_admin: Any) -> Tenant:
    """The company, for operators: whoever has the link connects systems."""
    if not is_operator(request.user):
        raise Http404
    tenant: Tenant = one(model_admin, request, pk, "own")
    return tenant
