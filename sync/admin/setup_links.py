"""The set-up link of a company: made by an operator, shown once, revoked."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from integration.models import Tenant
from integration.scoping import is_operator
from sync.admin.pages import actor, back, one
from sync.setup import links


@require_POST
@never_cache
def make(request: HttpRequest, pk: int, model_admin: Any) -> HttpResponse:
    """A new link, whole; whoever wants to see it again makes another one."""
    tenant = _tenant(request, pk, model_admin)
    url = links.make(tenant, actor(request))
    model_admin.log_change(request, tenant, "set-up link made")
    context = {
        **model_admin.admin_site.each_context(request), "title": _("Set-up link"), "tenant": tenant, "url": url,
        "link": links.open_links(tenant)[0], "opts": model_admin.model._meta,
    }  # fmt: skip
    return render(request, "sync/admin/setup_link.html", context)


@require_POST
def revoke(request: HttpRequest, pk: int, model_admin: Any) -> HttpResponse:
    """Links that are out and not finished work no more."""
    tenant = _tenant(request, pk, model_admin)
    if not links.revoke(tenant):
        return back(request, tenant, _("There is no open set-up link."), messages.WARNING)
    model_admin.log_change(request, tenant, "set-up link revoked")
    return back(request, tenant, _("The set-up link works no more."))


def _tenant(request: HttpRequest, pk: int, model_admin: Any) -> Tenant:
    """The company, for operators: whoever has the link connects systems."""
    if not is_operator(request.user):
        raise Http404
    tenant: Tenant = one(model_admin, request, pk, "own")
    return tenant
