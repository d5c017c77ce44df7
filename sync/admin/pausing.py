"""Pausing and resuming everything of a company, and the test mail: buttons of its page and its overview."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from integration.models import Connection, Tenant
from sync import alerts
from sync.admin.pages import actor, back, look, one
from sync.engine import access, problems


@require_POST
def pause(request: HttpRequest, pk: int, model_admin: Any) -> HttpResponse:
    """Nothing is read or sent until somebody resumes; what comes meanwhile is made up for then."""
    tenant: Tenant = one(model_admin, request, pk, "act")
    for row in tenant.connections.exclude(state=Connection.State.PAUSED):
        row.enter(Connection.State.PAUSED, "connection.paused", {"system": row.system, "actor": actor(request)})
    problems.refresh(tenant)
    model_admin.log_change(request, tenant, _("Transfers paused"))
    messages.success(request, _("All transfers are paused. Nothing is lost: it goes when you resume."))
    return _home(tenant)


@require_POST
def resume(request: HttpRequest, pk: int, model_admin: Any) -> HttpResponse:
    """Ask both systems again and go on."""
    tenant: Tenant = one(model_admin, request, pk, "act")
    for row in tenant.connections.filter(state=Connection.State.PAUSED):
        row.resume()
        access.check(row, patience=access.PATIENCE)
    problems.refresh(tenant)
    model_admin.log_change(request, tenant, _("Transfers resumed"))
    look(tenant.pk)
    messages.success(request, _("The transfers go on."))
    return _home(tenant)


@require_POST
def test_mail(request: HttpRequest, pk: int, model_admin: Any) -> HttpResponse:
    """A mail to everybody who would be told, so that they know it arrives."""
    tenant: Tenant = one(model_admin, request, pk, "own")
    try:
        count = alerts.send_test(tenant)
    except OSError:  # logged; also what smtplib raises
        text = _("The mail server did not take the mail. Check the addresses; if they are right, ask the operator.")
        return back(request, tenant, text, messages.ERROR)
    if not count:
        return back(request, tenant, _("Nobody is to be told yet. Add an address below and save."), messages.WARNING)
    model_admin.log_change(request, tenant, _("Test mail sent"))
    text = ngettext("A test mail went to %(count)d address.", "A test mail went to %(count)d addresses.", count)
    return back(request, tenant, text % {"count": count})


def _home(tenant: Tenant) -> HttpResponse:
    return redirect(f"{reverse('admin:index')}?{urlencode({'tenant': tenant.slug})}")
