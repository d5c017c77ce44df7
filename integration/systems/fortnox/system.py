"""A tenant's access to Fortnox: client credentials of a service account, or one-time refresh tokens as the fallback."""

import datetime
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from typing import Any
from urllib.parse import quote, urlencode

import simplejson
from django.conf import settings
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from integration.errors import AuthError, ConfigError, Fault, InvalidRecord, Transient
from integration.http import Http, NoAuth
from integration.models import Connection
from integration.oauth import OAuthClient, Token, TokenAuth
from integration.registry import system
from integration.systems.base import ByConsent, Field, Identity, Notice, Reach
from integration.systems.fortnox.errors import CHARACTERS, expired, is_missing, refuse
from integration.systems.fortnox.text import without_inch
from integration.systems.fortnox.units import Units
from integration.throttle import Throttle

# Note 11. Scopes are read + write; adding one needs a new consent (note 10).
SCOPES = (
    "customer project article invoice supplier supplierinvoice connectfile archive inbox settings companyinformation "
    "costcenter bookkeeping"
)
LIMIT, SECONDS = 25, 5.0  # note 16: per client id and tenant, sliding
WITHOUT_RENEWAL = 15 * 60
LISTS = ("customers", "projects", "articles", "units", "invoices", "supplierinvoices", "supplierinvoicefileconnections")


@system("fortnox")
class Fortnox(ByConsent):
    """Fortnox' REST API.

    Client credentials with the `TenantId` header (notes 3-5). `options["grant"] == "code"`: the consent was not made
    for a service account, so tokens come from one-time refresh tokens (notes 1-2).
    """

    title = "Fortnox"
    company = "tenant_id"
    fields = (
        Field(
            "tenant_id",
            "Fortnox databasnummer",
            help="Numret på företaget i Fortnox. Det fylls i av sig självt när ni godkänner kopplingen.",
        ),
    )

    def __init__(self, connection: Connection, *, patience: float = 1.0) -> None:
        super().__init__(connection, patience=patience)
        self.auth = TokenAuth(connection, self._token)
        self.http = self._door(self.auth)

    @property
    def tenant_id(self) -> str:
        """Fortnox' DatabaseNumber of the company."""
        return str(self.connection.options.get("tenant_id") or "").strip()

    def check(self) -> Identity:
        """GET /3/companyinformation.

        Raises:
            AuthError: no access, or to another company than the one that is set.
            Transient: not reachable now.
        """
        company = self._company(self.http)
        if str(company.get("DatabaseNumber")) != self.tenant_id:
            raise _wrong_company(self.tenant_id, company)
        return _identity(company)

    def reach(self) -> Reach:
        """The smallest page of every list that our flows read or write: licences (note 12), project accounting (P5)."""
        refused = []
        for path in LISTS:
            try:
                self.http.get(f"/3/{path}", {"limit": 1})
            except Transient:
                raise
            except Fault as fault:
                refused.append(fault)
                if fault.scope == "connection":
                    break
        return Reach(tuple(refused))

    def locked_until(self) -> datetime.date | None:
        """GET /3/settings/lockedperiod; empty when nothing is locked (note 55)."""
        found = (self.get("/3/settings/lockedperiod") or {}).get("LockedPeriod")
        end = str(found.get("EndDate") or "")[:10] if isinstance(found, dict) else ""
        try:
            return datetime.date.fromisoformat(end) if end else None
        except ValueError:
            return None

    def new_units(self, texts: Iterable[str]) -> list[str]:
        """As `Units` would match them at the write."""
        return Units(self).missing(texts)

    @classmethod
    def notices(cls, secret: str, body: bytes) -> list[Notice] | None:
        """Consent created or revoked (note 6). The vendor publishes neither the body nor a signature: the address
        holds a shared secret, and names are taken in any spelling."""
        if not settings.FORTNOX_WEBHOOK_SECRET or not constant_time_compare(secret, settings.FORTNOX_WEBHOOK_SECRET):
            return None
        try:
            told = simplejson.loads(body)
        except ValueError:
            return []
        events = told if isinstance(told, list) else [told]
        return [notice for each in events if isinstance(each, dict) for notice in _notice(each)]

    def prepare(self) -> None:
        """A token that outlives the next quarter of an hour."""
        self.auth.ensure(WITHOUT_RENEWAL)

    def get(self, path: str) -> dict[str, Any] | None:
        """A JSON object, or None when there is nothing at that path."""
        try:
            return self.http.get(path).object()
        except Fault as fault:
            if is_missing(fault):
                return None
            raise

    def write(
        self, method: str, path: str, body: dict[str, Any], before_send: Callable[[], None] = lambda: None
    ) -> dict[str, Any]:
        """Write once; the answer's object.

        G5 writes an inch mark as `”`, which is not in Fortnox' published set. Where Fortnox holds to that set it
        refuses the whole body for it, storing nothing, and gets two `’` instead.
        """
        try:
            return self.http.write(method, path, json=body, before_send=before_send).object()
        except InvalidRecord as fault:
            plainer = without_inch(body)
            if fault.params.get("code") != CHARACTERS or plainer == body:
                raise
        return self.http.write(method, path, json=plainer, before_send=before_send).object()

    # -- consent -------------------------------------------------------------------------------------------------
    def authorise_url(self, state: str, redirect_uri: str) -> str:
        """Where an administrator of the company approves us, once, for a service account (notes 4, 8, 9)."""
        query = {
            "client_id": settings.FORTNOX_CLIENT_ID,
            "redirect_uri": redirect_uri,
            "scope": SCOPES,
            "state": state,
            "access_type": "offline",
            "response_type": "code",
            "account_type": "service",
        }
        return f"{settings.FORTNOX_AUTH_URL}/auth?{urlencode(query, quote_via=quote)}"

    def exchange(self, code: str, redirect_uri: str) -> Identity:
        """Turn the code of a consent into access that lasts. The company's number is stored where none was.

        Raises:
            AuthError: the code is no longer good, or it is the consent of another company.
            Transient: not reachable now; the consent page can be used again.
        """
        token = self._client().code(code, redirect_uri)
        company = self._company(self._door(_Given(token)))
        number = str(company.get("DatabaseNumber") or "")
        if self.tenant_id and self.tenant_id != number:
            raise _wrong_company(self.tenant_id, company)
        options = {**self.connection.options, "tenant_id": number}
        options.pop("grant", None)
        try:
            token = self._client().client_credentials({"TenantId": number})
        except AuthError:
            if not token.refresh:
                raise
            options["grant"] = "code"
        self.connection.options, self.connection.token = options, asdict(token)
        self.connection.access_at = timezone.now()
        self.connection.save(update_fields=["options", "token", "access_at"])
        return _identity(company)

    # -- tokens --------------------------------------------------------------------------------------------------
    def _token(self, spent: Token) -> Token:
        if self.connection.options.get("grant", "code" if spent.refresh else "") == "code":
            if not spent.refresh:
                raise AuthError("fortnox.consent_gone", error="no refresh token")
            token = self._client().refresh(spent.refresh)
            return replace(token, refresh=token.refresh or spent.refresh)
        if not self.tenant_id:
            raise AuthError("fortnox.not_connected")
        return self._client().client_credentials({"TenantId": self.tenant_id})

    def _client(self) -> OAuthClient:
        if not settings.FORTNOX_CLIENT_ID:
            raise ConfigError("fortnox.client_missing", scope="connection")
        door = Http("fortnox", settings.FORTNOX_AUTH_URL, auth=NoAuth(), refuse=refuse)
        return OAuthClient(door, settings.FORTNOX_CLIENT_ID, settings.FORTNOX_CLIENT_SECRET, "fortnox")

    def _door(self, auth: Any) -> Http:
        key = f"fortnox:{settings.FORTNOX_CLIENT_ID}:{self.tenant_id}"
        throttle = Throttle(key, LIMIT, SECONDS, patience=self.patience)
        return Http("fortnox", settings.FORTNOX_API_URL, auth=auth, refuse=refuse, expired=expired, throttle=throttle)

    def _company(self, door: Http) -> dict[str, Any]:
        found = door.get("/3/companyinformation").object().get("CompanyInformation")
        return found if isinstance(found, dict) else {}


def _notice(event: dict[str, Any]) -> list[Notice]:
    values = {str(name).lower().replace("_", "").replace("-", ""): value for name, value in event.items()}
    company = values.get("tenantid") or values.get("databasenumber")
    kind = str(values.get("event") or values.get("eventtype") or values.get("type") or "").lower()
    return [Notice(str(company), gone="revoked" in kind)] if company else []


class _Given:
    """A token in the hand, before it is stored."""

    def __init__(self, token: Token) -> None:
        self._token = token

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token.access}"}

    def renew(self, refused: dict[str, str]) -> bool:
        return False


def _wrong_company(expected: str, company: dict[str, Any]) -> AuthError:
    return AuthError(
        "fortnox.wrong_company",
        expected=expected,
        got=str(company.get("DatabaseNumber") or ""),
        company=str(company.get("CompanyName") or ""),
    )


def _identity(company: dict[str, Any]) -> Identity:
    return Identity(
        company=str(company.get("CompanyName") or ""),
        details={
            "organisation_number": str(company.get("OrganizationNumber") or ""),
            "tenant_id": str(company.get("DatabaseNumber") or ""),
        },
    )
