"""Consent to a system, for users of the admin and visitors by link: there, back, and a page that says what to do."""

from typing import Any

import structlog
from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from integration import registry
from integration.errors import AuthError, ConfigError, Fault, Transient
from integration.models import Connection
from sync.engine import access
from sync.models import SetupLink
from sync.setup import bearers, connect
from sync.setup.bearers import Bearer
from sync.setup.door import quiet, speaking

log = structlog.get_logger(__name__)

AGAIN = gettext_noop("Then begin again.")
OUTCOMES: dict[str, tuple[str, tuple[str, ...]]] = {
    "cancelled": (
        gettext_noop("You chose to cancel in %(system)s. Nothing was changed."),
        (gettext_noop("If that was not meant: begin again below and choose Godkänn."),),
    ),
    "nothing": (
        gettext_noop(
            "%(system)s sent you back without an answer. This happens when the user's %(system)s account is locked."
        ),
        (
            gettext_noop("Log in to %(system)s in another tab and see whether it lets you in."),
            gettext_noop("If it does not: unlock the account or reset the password there."),
            AGAIN,
        ),
    ),
    "expired": (
        gettext_noop(
            "This page was opened too late, or in another browser than the one that began. Nothing was changed."
        ),
        (gettext_noop("Open the set-up link again and choose to connect once more."),),
    ),
    "wrong_company": (
        gettext_noop("You approved %(company)s, but this connection is for another company. Nothing was changed."),
        (gettext_noop("Change to the right company in %(system)s."), AGAIN),
    ),
    "taken": (
        gettext_noop(
            "This company in %(system)s is connected to another company in Byggbro already. Nothing was changed."
        ),
        (
            gettext_noop("Make sure that you chose the right company in %(system)s."),
            gettext_noop("If it is right: ask whoever sent you the set-up link."),
        ),
    ),
    "licence": (
        gettext_noop("The company lacks the licence in %(system)s that integrations need."),
        (gettext_noop("Fortnox: Hantera användare → Licenser → add Fortnox Integration."), AGAIN),
    ),
    "unreachable": (
        gettext_noop("%(system)s does not answer right now. Nothing was changed."),
        (gettext_noop("Wait a few minutes and begin again."),),
    ),
    "operator": (
        gettext_noop("%(system)s does not know Byggbro as a program. You can do nothing about it."),
        (gettext_noop("Tell whoever sent you the set-up link that this page was shown."),),
    ),
    "refused": (
        gettext_noop("%(system)s did not approve the connection. Nothing was changed."),
        (gettext_noop("Make sure that you log in to %(system)s as a system administrator."), AGAIN),
    ),
}
# What users are told otherwise than visitors: they have a page to go back to, and know who runs Byggbro.
FOR_USERS: dict[str, tuple[str, ...]] = {
    "expired": (gettext_noop("Open the connection in Byggbro and begin again."),),
    "taken": (
        gettext_noop("Make sure that you chose the right company in %(system)s."),
        gettext_noop("If it is right: tell the operator of Byggbro."),
    ),
    "operator": (gettext_noop("Tell the operator of Byggbro that this page was shown."),),
}


def redirect_uri() -> str:
    """Where a system sends the browser back to: the one address that is registered there."""
    return f"{settings.PUBLIC_URL}{reverse('consent:callback')}"


@require_safe
@never_cache
@login_required(login_url="admin:login")
def begin(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a user to where an administrator of the company approves us."""
    connection = bearers.owned(request, pk)
    if connection is None or not access.is_consent(connection.system):
        raise Http404
    return _away(connection, bearers.state_of_user(request, connection))


def leave(request: HttpRequest, link: SetupLink, token: str, connection: Connection) -> HttpResponse:
    """The same for a visitor by link."""
    state, cookie = bearers.state_of_visitor(request, link, token, connection.system)
    response = _away(connection, state)
    bearers.set_cookie(response, cookie)
    return response


def _away(connection: Connection, state: str) -> HttpResponse:
    return redirect(access.by_consent(connection).authorise_url(state, redirect_uri()))


@require_safe
@never_cache
def callback(request: HttpRequest) -> HttpResponse:
    """The browser comes back, with a code or without one."""
    if not bearers.is_visitor(request):
        return _back(request, bearers.user(request), visitor=False)
    with speaking(request):
        return quiet(_back(request, bearers.visitor(request), visitor=True))


def _back(request: HttpRequest, bearer: Bearer, *, visitor: bool) -> HttpResponse:
    state, code, error = (request.GET.get(name, "") for name in ("state", "code", "error"))
    page = _Page(request, bearer, visitor=visitor)
    if not code and not error and (not state or bearer.known):
        return page.show("nothing")  # note 15: a locked account ends here
    if not state or not bearer.known:
        return page.show("expired")
    if bearer.connection is None:
        return page.fine()  # a finished link, and nothing is to be mended
    if error:
        detail = request.GET.get("error_description", error)[:200]
        return page.show("cancelled") if error == "access_denied" else page.show("refused", detail=detail)
    return _exchange(page, bearer, bearer.connection, code[:2000])


def _exchange(page: "_Page", bearer: Bearer, connection: Connection, code: str) -> HttpResponse:
    before, tenant = connection.state, connection.tenant.slug
    try:
        if bearer.link:
            connect.exchange(bearer.link, connection, code, redirect_uri())
        else:
            access.answered(connection, access.consent(connection, code, redirect_uri()))
            _kept(page.request.user, connection)
    except Fault as fault:
        if before == Connection.State.CONNECTED and fault.cause.endswith(".consent_gone"):
            return page.fine()  # the same answer a second time: a reload, or a double click on "Godkänn"
        log.warning("consent failed", tenant=tenant, system=connection.system, cause=fault.cause)
        return page.show(_outcome(fault), fault)
    log.info("connected", tenant=tenant, system=connection.system, by=page.who)
    return page.fine()


def _kept(user: Any, connection: Connection) -> None:
    """Who gave the consent, in the connection's history."""
    told = _("Consent given for %(company)s") % {"company": connection.params.get("company") or "–"}
    LogEntry.objects.log_actions(user.pk, [connection], CHANGE, told, single_object=True)


def _outcome(fault: Fault) -> str:
    """The page that a fault ends on."""
    if isinstance(fault, Transient):
        return "unreachable"
    if fault.cause == "setup.company_taken":
        return "taken"
    if fault.cause == "setup.other_company" or fault.cause.endswith(".wrong_company"):
        return "wrong_company"
    if isinstance(fault, ConfigError) or fault.cause.endswith(".client_refused"):
        return "operator"
    if isinstance(fault, AuthError) and fault.state == Connection.State.MISSING_RIGHT:
        return "licence"
    return "refused"


class _Page:
    """What happened, what to do, and the way on, for one bearer."""

    def __init__(self, request: HttpRequest, bearer: Bearer, *, visitor: bool) -> None:
        self.request, self.bearer, self.visitor = request, bearer, visitor
        self.who = "a visitor by link" if visitor else request.user.get_username()

    def fine(self) -> HttpResponse:
        """It is connected: visitors go on with their steps."""
        if self.visitor:
            return redirect("setup:connect", self.bearer.token, self.bearer.system)
        return self._render("connected", "", [], 200)

    def show(self, outcome: str, fault: Fault | None = None, detail: str = "") -> HttpResponse:
        """It is not. `detail`: the system's own words."""
        what, steps = OUTCOMES[outcome]
        words = {"system": self._system, "company": str((fault.params if fault else {}).get("company") or "")}
        steps = steps if self.visitor else FOR_USERS.get(outcome, steps)
        status = 503 if outcome == "unreachable" else 400
        return self._render(outcome, _(what) % words, [_(each) % words for each in steps], status, detail)

    @property
    def _system(self) -> str:
        kind = registry.systems.get(self.bearer.system)
        return str(kind.title) if kind else "Fortnox"

    def _render(self, outcome: str, what: str, to_do: list[str], status: int, detail: str = "") -> HttpResponse:
        row, link = self.bearer.connection, self.bearer.link
        context = {
            "outcome": outcome,
            "system": self._system,
            "company": row.params.get("company", "") if row else "",
            "tenant": row.tenant if row else link.tenant if link else None,
            "connected": row is not None and row.state == Connection.State.CONNECTED,
            "what": what,
            "to_do": to_do,
            "detail": detail,
            "again": self._again(),
            "home": "" if self.visitor else self._home(),
        }
        return render(self.request, "sync/setup/outcome.html", context, status=status)

    def _again(self) -> str:
        """Where to begin again."""
        if self.visitor:
            return reverse("setup:connect", args=[self.bearer.token, self.bearer.system]) if self.bearer.link else ""
        return reverse("consent:begin", args=[self.bearer.connection.pk]) if self.bearer.connection else ""

    def _home(self) -> str:
        row = self.bearer.connection
        return reverse("admin:integration_connection_change", args=[row.pk]) if row else reverse("admin:index")
