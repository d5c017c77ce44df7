"""Who goes to a system for a consent and comes back: a user of the admin, or a visitor without a log-in.

The state that travels along is signed and names who began and for which connection. A number that only this browser
knows binds it to whoever began: the session keeps it for users, a cookie for visitors. The same cookie holds the
link's token, so that a return without a state, as from a locked account, still finds its way back; the database never
sees it.
"""

import secrets
from dataclasses import dataclass
from typing import Any, cast

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.crypto import constant_time_compare

from integration.models import Connection
from integration.scoping import OWN, may
from sync.models import SetupLink
from sync.setup import links

SECONDS = 30 * 60
COOKIE = "byggbro-start"
_SESSION = "connect"
_SALT = "byggbro.consent"


@dataclass(frozen=True, slots=True)
class Bearer:
    """What the browser brought back. `system`: where it was sent, as far as that is known.
    `known`: state and browser belong together and are fresh. `token`: of a visitor's link.
    """

    system: str = ""
    connection: Connection | None = None
    known: bool = False
    link: SetupLink | None = None
    token: str = ""


def state_of_user(request: HttpRequest, connection: Connection) -> str:
    """The state for a user. One number per browser: a second click leaves the first one's page good."""
    number = request.session.setdefault(_SESSION, secrets.token_urlsafe(16))
    return signing.dumps({"u": request.user.pk, "c": connection.pk, "n": number}, salt=_SALT)


def state_of_visitor(request: HttpRequest, link: SetupLink, token: str, system: str) -> tuple[str, str]:
    """The state for a visitor, and what the cookie of this browser has to hold. One number per browser and link."""
    jar = _jar(request)
    number = jar["n"] if jar.get("t") == token else secrets.token_urlsafe(16)
    state = signing.dumps({"l": link.pk, "s": system, "n": number}, salt=_SALT)
    return state, signing.dumps({"t": token, "n": number, "s": system}, salt=COOKIE)


def set_cookie(response: HttpResponse, content: str) -> None:
    """Let the visitor's browser keep it for the way back."""
    response.set_cookie(
        COOKIE, content, max_age=SECONDS, path=reverse("consent:callback"), httponly=True, samesite="Lax",
        secure=settings.SECURE,
    )  # fmt: skip


def is_visitor(request: HttpRequest) -> bool:
    """Whether a visitor comes back: the state says so, else the cookie, or that nobody is logged in."""
    said = _signed(request.GET.get("state", ""))
    if said:
        return "l" in said
    return not request.user.is_authenticated or (not request.GET.get("state") and bool(_jar(request)))


def visitor(request: HttpRequest) -> Bearer:
    """State and cookie must name the same link and bear the same number; without a state the cookie alone decides."""
    jar, state = _jar(request), request.GET.get("state", "")
    link = links.find(jar["t"]) if jar else None
    said = _signed(state)
    if not said or "l" not in said:
        return Bearer(jar.get("s", ""), _of_link(link, jar.get("s", "")), bool(link), link, jar.get("t", ""))
    if link is None or said["l"] != link.pk or not constant_time_compare(said["n"], jar.get("n", "")):
        return Bearer(str(said["s"]))
    return Bearer(str(said["s"]), _of_link(link, said["s"]), bool(_signed(state, SECONDS)), link, jar["t"])


def user(request: HttpRequest) -> Bearer:
    """The state must be this user's, fresh, and of this session."""
    said = _signed(request.GET.get("state", ""), SECONDS)
    if not said or said.get("u") != request.user.pk:
        return Bearer()
    connection = owned(request, said["c"])
    known = constant_time_compare(said["n"], request.session.get(_SESSION, ""))
    return Bearer(connection.system if connection else "", connection, known and connection is not None)


def owned(request: HttpRequest, pk: int) -> Connection | None:
    """The connection, for operators and the company's owners; for everybody else there is none."""
    found = Connection.objects.select_related("tenant").filter(pk=pk).first()
    return found if found and may(request.user, found.tenant_id, OWN) else None


def _of_link(link: SetupLink | None, system: str) -> Connection | None:
    if link is None or not links.mends(link, system):
        return None
    return Connection.objects.select_related("tenant").filter(tenant=link.tenant, system=system).first()


def _jar(request: HttpRequest) -> dict[str, str]:
    """What our cookie of this browser says; nothing when there is none or it is old."""
    try:
        return cast("dict[str, str]", signing.loads(request.COOKIES.get(COOKIE, ""), salt=COOKIE, max_age=SECONDS))
    except signing.BadSignature:
        return {}


def _signed(state: str, seconds: int | None = None) -> dict[str, Any] | None:
    """What a state says that we signed, in the last so many seconds or ever."""
    try:
        return cast("dict[str, Any]", signing.loads(state, salt=_SALT, max_age=seconds))
    except signing.BadSignature:
        return None
