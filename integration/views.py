"""Consent to a system: there, back, and a plain page that says what to do next.

The state that travels along is signed and names user and connection; a number that only this browser's session knows
makes it good for one return.
"""

import secrets
from typing import Any, cast

import structlog
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from integration import registry
from integration.errors import AuthError, ConfigError, Fault, Transient
from integration.models import Connection
from integration.scoping import OWN, may

log = structlog.get_logger(__name__)

VALID_SECONDS = 30 * 60
OPEN_TABS = 5
_SALT = "byggbro.connect"
_SESSION = "connect"


def redirect_uri() -> str:
    """Where a system sends the browser back to: the one address that is registered there."""
    return f"{settings.PUBLIC_URL}{reverse('integration:callback')}"


@require_safe
@never_cache
@login_required(login_url="admin:login")
def connect(request: HttpRequest, pk: int) -> HttpResponse:
    """Send the browser to where an administrator of the company approves us."""
    connection = _connection(request, pk)
    if connection is None or not hasattr(registry.systems.get(connection.system), "authorise_url"):
        raise Http404
    system = _system(connection)
    nonce = secrets.token_urlsafe(16)
    request.session[_SESSION] = [*request.session.get(_SESSION, []), nonce][-OPEN_TABS:]
    state = signing.dumps({"u": request.user.pk, "c": connection.pk, "n": nonce}, salt=_SALT)
    return redirect(system.authorise_url(state, redirect_uri()))


@require_safe
@never_cache
@login_required(login_url="admin:login")
def callback(request: HttpRequest) -> HttpResponse:
    """The browser comes back, with a code or without one."""
    state, code, error = (request.GET.get(name, "") for name in ("state", "code", "error"))
    if not state and not code and not error:
        return _page(request, "nothing", status=400)  # note 15: a locked account ends here
    connection, nonce = _claimed(request, state)
    if connection is None:
        return _page(request, "expired", status=400)
    known = request.session.get(_SESSION, [])
    if nonce not in known:
        done = connection.state == Connection.State.CONNECTED
        return _page(request, "connected" if done else "used", connection, status=200 if done else 400)
    request.session[_SESSION] = [each for each in known if each != nonce]
    if error:
        outcome = "cancelled" if error == "access_denied" else "refused"
        return _page(request, outcome, connection, detail=request.GET.get("error_description", error)[:200], status=400)
    if not code:
        return _page(request, "nothing", connection, status=400)
    return _exchange(request, connection, code[:2000])


def _exchange(request: HttpRequest, connection: Connection, code: str) -> HttpResponse:
    try:
        identity = _system(connection).exchange(code, redirect_uri())
    except Transient:
        return _page(request, "unreachable", connection, status=503)
    except Fault as fault:
        log.warning("consent failed", tenant=connection.tenant.slug, system=connection.system, cause=fault.cause)
        return _page(request, _outcome(fault), connection, params=fault.params, status=400)
    connection.enter(
        Connection.State.CONNECTED, params={"company": identity.company, **identity.details}
    )  # fmt: skip
    log.info("connected", tenant=connection.tenant.slug, system=connection.system, by=request.user.get_username())
    return _page(request, "connected", connection)


def _outcome(fault: Fault) -> str:
    """The page that a fault ends on."""
    if fault.cause.endswith(".wrong_company"):
        return "wrong_company"
    if isinstance(fault, ConfigError) or fault.cause.endswith(".client_refused"):
        return "operator"
    if isinstance(fault, AuthError) and fault.state == Connection.State.MISSING_RIGHT:
        return "licence"
    return "refused"


def _system(connection: Connection) -> Any:
    return registry.systems[connection.system](connection)


def _connection(request: HttpRequest, pk: int) -> Connection | None:
    """The connection, for operators and the company's owners; for everybody else there is none."""
    found = Connection.objects.select_related("tenant").filter(pk=pk).first()
    return found if found and may(request.user, found.tenant_id, OWN) else None


def _claimed(request: HttpRequest, state: str) -> tuple[Connection | None, str]:
    """The connection that the state names, if we signed it for this user lately."""
    try:
        claim = cast("dict[str, Any]", signing.loads(state, salt=_SALT, max_age=VALID_SECONDS))
    except signing.BadSignature:
        return None, ""
    if claim["u"] != request.user.pk:
        return None, ""
    return _connection(request, claim["c"]), str(claim["n"])


def _page(
    request: HttpRequest,
    outcome: str,
    connection: Connection | None = None,
    *,
    params: dict[str, Any] | None = None,
    detail: str = "",
    status: int = 200,
) -> HttpResponse:
    system = str(registry.systems[connection.system].title) if connection else "Fortnox"
    context = {
        "outcome": outcome,
        "connection": connection,
        "system": system,
        "company": (params or {}).get("company") or (connection.params.get("company") if connection else ""),
        "params": params or {},
        "detail": detail,
        "title": _title(outcome, connection) % {"system": system},
    }
    return render(request, "integration/consent.html", context, status=status)


def _title(outcome: str, connection: Connection | None) -> str:
    """Whether it is connected now; a failed attempt to connect again leaves what works as it is."""
    if outcome == "connected":
        return _("%(system)s is connected")
    if connection and connection.state == Connection.State.CONNECTED:
        return _("%(system)s is connected as before")
    return _("%(system)s is not connected")
