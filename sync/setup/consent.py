"""Consent for a visitor without a log-in: there, back, and a page that says what to do next.

The state that travels along is signed and names the link's row; a number that only a cookie of this browser knows
binds it to whoever began. The same cookie holds the link's token, so that a return without a state, as from a locked
account, still finds its way back; the database never sees it.
"""

import secrets
from dataclasses import dataclass
from typing import Any, cast

import structlog
from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from integration import registry
from integration.errors import AuthError, ConfigError, Fault, Transient
from integration.models import Connection
from integration.views import callback as callback_of_users
from integration.views import redirect_uri
from sync.models import SetupLink
from sync.setup import connect, links
from sync.setup.door import quiet, speaking

log = structlog.get_logger(__name__)

SECONDS = 30 * 60
COOKIE = "byggbro-start"
_SALT = "byggbro.setup.consent"

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
        gettext_noop("You approved %(company)s, but this set-up is for another company. Nothing was changed."),
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


@dataclass(frozen=True, slots=True)
class Claim:
    """What the browser brought back. `known`: our cookie and the state belong together and are fresh."""

    link: SetupLink | None
    token: str
    system: str
    known: bool


def leave(request: HttpRequest, link: SetupLink, token: str, connection: Connection) -> HttpResponse:
    """Send the browser to where an administrator of the company approves us."""
    jar = _jar(request)
    # One number per browser and link: a second click on the button finds the first one's page still good.
    nonce = jar["n"] if jar.get("t") == token else secrets.token_urlsafe(16)
    state = signing.dumps({"l": link.pk, "s": connection.system, "n": nonce}, salt=_SALT)
    kind: Any = registry.systems[connection.system]
    response = redirect(kind(connection).authorise_url(state, redirect_uri()))
    response.set_cookie(
        COOKIE, signing.dumps({"t": token, "n": nonce, "s": connection.system}, salt=COOKIE), max_age=SECONDS,
        path=reverse("integration:callback"), httponly=True, samesite="Lax", secure=settings.SECURE,
    )  # fmt: skip
    return response


@require_safe
@never_cache
def callback(request: HttpRequest) -> HttpResponse:
    """The browser comes back to the one address there is, for users of the admin and for visitors by link."""
    state, jar = request.GET.get("state", ""), _jar(request)
    ours = _state(state) is not None or (not state and (jar or not request.user.is_authenticated))
    if not ours:
        return callback_of_users(request)
    with speaking(request):
        return quiet(_back(request, _claim(state, jar)))


def _back(request: HttpRequest, claim: Claim) -> HttpResponse:
    state, code, error = (request.GET.get(name, "") for name in ("state", "code", "error"))
    connection = _connection(claim)
    if not state or (claim.known and not code and not error):
        return page(request, "nothing", claim)  # note 15: a locked account ends here
    if connection is None or claim.link is None or not claim.known:
        return page(request, "expired", claim)
    if error:
        return page(request, "cancelled" if error == "access_denied" else "refused", claim)
    return _exchange(request, claim, claim.link, connection, code[:2000])


def _exchange(request: HttpRequest, claim: Claim, link: SetupLink, connection: Connection, code: str) -> HttpResponse:
    before = connection.state
    tried = connect.exchange(link, connection, code, redirect_uri())
    if tried.fault is None:
        log.info("connected by link", tenant=link.tenant.slug, system=connection.system)
        return _to_step(claim)
    if before == Connection.State.CONNECTED and tried.fault.cause.endswith(".consent_gone"):
        return _to_step(claim)  # the same answer a second time: a reload, or a double click on "Godkänn"
    log.warning("consent failed", tenant=link.tenant.slug, system=connection.system, cause=tried.fault.cause)
    return page(request, _outcome(tried.fault), claim, tried.fault)


def _outcome(fault: Fault) -> str:
    """The page that a fault ends on."""
    if isinstance(fault, Transient):
        return "unreachable"
    if fault.cause == "setup.company_taken":
        return "taken"
    if fault.cause in {"setup.other_company"} or fault.cause.endswith(".wrong_company"):
        return "wrong_company"
    if isinstance(fault, ConfigError) or fault.cause.endswith(".client_refused"):
        return "operator"
    if isinstance(fault, AuthError) and fault.state == Connection.State.MISSING_RIGHT:
        return "licence"
    return "refused"


def page(request: HttpRequest, outcome: str, claim: Claim, fault: Fault | None = None) -> HttpResponse:
    """What happened, what to do, and the way back to the step."""
    title = str(registry.systems[claim.system].title) if claim.system in registry.systems else "Fortnox"
    words = {"system": title, "company": str((fault.params if fault else {}).get("company") or "")}
    what, steps = OUTCOMES[outcome]
    context = {
        "outcome": outcome,
        "system": title,
        "tenant": claim.link.tenant if claim.link else None,
        "what": _(what) % words,
        "to_do": [_(each) % words for each in steps],
        "back": reverse("setup:connect", args=[claim.token, claim.system]) if claim.link and claim.token else "",
    }
    return render(request, "sync/setup/outcome.html", context, status=503 if outcome == "unreachable" else 400)


def _to_step(claim: Claim) -> HttpResponse:
    return redirect("setup:connect", claim.token, claim.system)


def _jar(request: HttpRequest) -> dict[str, str]:
    """What our cookie of this browser says; nothing when there is none or it is old."""
    try:
        return cast("dict[str, str]", signing.loads(request.COOKIES.get(COOKIE, ""), salt=COOKIE, max_age=SECONDS))
    except signing.BadSignature:
        return {}


def _state(state: str) -> dict[str, Any] | None:
    """A state that we signed, however old it is."""
    try:
        return cast("dict[str, Any]", signing.loads(state, salt=_SALT))
    except signing.BadSignature:
        return None


def _fresh(state: str) -> bool:
    try:
        signing.loads(state, salt=_SALT, max_age=SECONDS)
    except signing.BadSignature:
        return False
    return True


def _claim(state: str, jar: dict[str, str]) -> Claim:
    """State and cookie must name the same link and bear the same number; without a state the cookie alone decides."""
    link = links.find(jar["t"]) if jar else None
    said = _state(state)
    if said is None:
        return Claim(link, jar.get("t", ""), jar.get("s", ""), known=bool(link))
    same = link is not None and said["l"] == link.pk and constant_time_compare(said["n"], jar.get("n", ""))
    return Claim(link if same else None, jar.get("t", "") if same else "", str(said["s"]), known=same and _fresh(state))


def _connection(claim: Claim) -> Connection | None:
    if claim.link is None or claim.link.finished_at:
        return None
    return Connection.objects.select_related("tenant").filter(tenant=claim.link.tenant, system=claim.system).first()
