"""Access tokens: kept encrypted on the connection, renewed under a row lock, so that ten workers meeting an expired
token cause one renewal and nine waiters.

The OAuth grants here are RFC 6749: client credentials for service accounts (Fortnox notes 3-7; nothing to lose, nothing
to race for), and the authorisation code flow with one-time refresh tokens as the fallback (notes 1-2).
"""

import base64
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from integration.errors import AuthError, Fault, RateLimited, Transient
from integration.http import Answer, Http
from integration.models import Connection

EARLY = 60.0  # seconds before its end from which a token counts as spent
USUAL = 4.0  # seconds that a renewal takes at most when nothing is wrong
AGAIN_AFTER = 5.0  # seconds until it is worth asking again after one that took longer
LOOK_EVERY = 0.05


@dataclass(frozen=True, slots=True)
class Token:
    """`expires_at` in seconds since the epoch; `refresh` is empty where there is none."""

    access: str
    expires_at: float
    refresh: str = ""

    def good_for(self, seconds: float) -> bool:
        """Whether it lasts that much longer."""
        return bool(self.access) and self.expires_at - seconds > timezone.now().timestamp()


def stored(connection: Connection) -> Token:
    """The token of a connection as it was last saved; empty when there is none."""
    return Token(**connection.token) if connection.token else Token("", 0)


class TokenAuth:
    """Bearer authorisation with a token that `fetch` replaces.

    Args:
        connection: whose token it is.
        fetch: given the token that is no longer good, gets a new one; raises `AuthError` when only a person can help.
    """

    def __init__(self, connection: Connection, fetch: Callable[[Token], Token]) -> None:
        self.connection = connection
        self._fetch = fetch

    def headers(self) -> dict[str, str]:
        """The bearer header, fetching a token first when the stored one is spent."""
        token = stored(self.connection)
        if not token.good_for(EARLY):
            token = self._replace(token)
        return {"Authorization": f"Bearer {token.access}"}

    def renew(self, refused: dict[str, str]) -> bool:
        """The vendor refused these headers: get others, once."""
        token = stored(self.connection)
        if refused.get("Authorization") == f"Bearer {token.access}":
            self._replace(token)
        return True

    def ensure(self, seconds: float) -> None:
        """Make sure that the token lasts this long: whoever runs inside a transaction must not renew there."""
        token = stored(self.connection)
        if not token.good_for(seconds):
            self._replace(token)

    def _replace(self, spent: Token) -> Token:
        """One renewal for all who wait: the winner of the row lock fetches, the others find the new token.

        They wait as long as a renewal takes that goes well. One that ends in a time-out holds up its own worker only,
        and is not begun anew by the next one at once. A connection that is only being tried out has no row, and nobody
        waits for it.

        Raises:
            RateLimited: somebody else's renewal takes long, or has just failed after having taken long.
            Fault: as `fetch`.
        """
        if self.connection.pk is None:
            token = self._fetch(spent)
            self.connection.token = asdict(token)
            return token
        slow, began = f"token:{self.connection.pk}", time.monotonic()
        while (token := self._renewed(spent, slow)) is None:
            if cache.get(slow) or time.monotonic() - began > USUAL:
                cache.add(slow, True, AGAIN_AFTER)
                raise RateLimited("connection.renewing", wait=AGAIN_AFTER)
            time.sleep(LOOK_EVERY)
        self.connection.token = asdict(token)
        return token

    def _renewed(self, spent: Token, slow: str) -> Token | None:
        """The token that is good from now on; None while somebody else has the row."""
        began = time.monotonic()
        with transaction.atomic(durable=True):  # a rolled back renewal would lose a one-time refresh token
            row = Connection.objects.select_for_update(skip_locked=True).filter(pk=self.connection.pk).first()
            if row is None:
                return None
            if row.access_at != self.connection.access_at:
                raise AuthError("connection.renewing")  # this access was replaced; whoever comes next has the new one
            token = stored(row)
            if token.access != spent.access and token.good_for(EARLY):
                return token
            if cache.get(slow):
                raise RateLimited("connection.renewing", wait=AGAIN_AFTER)
            try:
                token = self._fetch(token)
            except Transient:
                if time.monotonic() - began > USUAL:
                    cache.set(slow, True, AGAIN_AFTER)
                raise
            row.token = asdict(token)
            row.save(update_fields=["token"])
        cache.delete(slow)
        return token


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """The token endpoint of an OAuth server, for one client.

    Args:
        http: door to the server, without authorisation of its own.
        client_id, client_secret: sent as HTTP Basic.
        cause: prefix of the causes that its refusals get, such as `fortnox`.
    """

    http: Http
    client_id: str
    client_secret: str
    cause: str

    def client_credentials(self, headers: dict[str, str]) -> Token:
        """A token for a service account (Fortnox: header `TenantId`)."""
        return self._token({"grant_type": "client_credentials"}, headers)

    def code(self, code: str, redirect_uri: str) -> Token:
        """Exchange a code, once, within ten minutes of the consent."""
        return self._token({"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri})

    def refresh(self, refresh_token: str) -> Token:
        """Exchange a one-time refresh token; the old one is dead from now on."""
        return self._token({"grant_type": "refresh_token", "refresh_token": refresh_token})

    def _token(self, form: dict[str, str], headers: dict[str, str] | None = None) -> Token:
        basic = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        try:
            answer = self.http.form("/token", form, {"Authorization": f"Basic {basic}", **(headers or {})})
        except Transient as fault:
            # Never `Unconfirmed`: no write of ours has left. A refresh token that died with the answer shows next time.
            raise Transient(f"{self.cause}.token_unavailable", why=fault.cause) from None
        if answer.status == 429 or answer.status >= 500:
            raise Transient(f"{self.cause}.token_unavailable", status=answer.status)
        if answer.status != 200:
            raise self._refusal(answer)
        try:
            body: dict[str, Any] = answer.json()
            lifetime = float(body.get("expires_in", 3600))
            return Token(body["access_token"], timezone.now().timestamp() + lifetime, body.get("refresh_token") or "")
        except (Transient, KeyError, TypeError, ValueError):
            raise Transient(f"{self.cause}.token_unavailable", status=answer.status) from None

    def _refusal(self, answer: Answer) -> Fault:
        """`invalid_client` is the operator's to mend, every other error of RFC 6749 the customer's: connect again.

        Whatever is no such error (a page of a proxy, of maintenance) says nothing about the consent.
        """
        try:
            error = str(answer.json().get("error") or "")
        except (Transient, AttributeError):
            error = ""
        if not error:
            return Transient(f"{self.cause}.token_unavailable", status=answer.status)
        if error in {"invalid_client", "unauthorized_client"}:
            return AuthError(f"{self.cause}.client_refused", error=error)
        return AuthError(f"{self.cause}.consent_gone", error=error)
