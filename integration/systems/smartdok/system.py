"""A tenant's access to SmartDok: an API token of a year opens sessions of about an hour."""

import base64
import binascii
import datetime

import simplejson
from django.conf import settings
from django.utils import timezone

from integration.errors import AuthError, ConfigError, Fault, Transient
from integration.http import Answer, Http, NoAuth
from integration.models import Connection
from integration.oauth import Token, TokenAuth
from integration.registry import system
from integration.systems.base import Field, Identity, Reach, System
from integration.systems.smartdok.errors import refuse

SESSION_SECONDS = 50 * 60  # where the session does not say how long it lasts; about an hour [seen]
WITHOUT_RENEWAL = 15 * 60
MONTH = datetime.timedelta(days=31)
NOBODYS = "byggbro-provar"
PROBES: tuple[tuple[str, dict[str, str]], ...] = (
    ("/Customers", {"customerNumber": NOBODYS}),
    ("/Projects", {"projectNumber": NOBODYS}),
    ("/Goods", {"goodsNumber": NOBODYS}),
    ("/Machines", {"internalNumber": NOBODYS}),
)


ADDRESSES = tuple(dict.fromkeys((settings.SMARTDOK_API_URL, "https://api.smartdok.se", "https://api.smartdok.no")))


@system("smartdok")
class SmartDok(System):
    """SmartDok's REST API with an API token that the customer's administrator made. `Renew` is never called."""

    title = "SmartDok"
    company = "company_id"
    fields = (
        Field(
            "token",
            "API-nyckel",
            secret=True,
            help="Skapas av en administratör i SmartDok: Företagsinställningar > API-administration. Gäller i ett år.",
        ),
        Field(
            "url",
            "Adress",
            required=False,
            default=settings.SMARTDOK_API_URL,
            choices=ADDRESSES,
            help="Norska företag: https://api.smartdok.no",
        ),
    )

    def __init__(self, connection: Connection, *, patience: float = 1.0) -> None:
        super().__init__(connection, patience=patience)
        self.base_url = (connection.options.get("url") or settings.SMARTDOK_API_URL).rstrip("/")
        self.auth = TokenAuth(connection, self._session)
        self.http = Http("smartdok", self.base_url, auth=self.auth, refuse=refuse)

    def check(self) -> Identity:
        """Who the token belongs to, and the licences. The API does not tell the company's name.

        Raises:
            AuthError: the token is refused.
            Transient: not reachable now.
        """
        user, licences = self.http.get("/Users/current").object(), self.http.get("/LicenseInfo").object()
        name = str(user.get("Name") or user.get("UserName") or "")
        details = {
            "user": name,
            "company_id": user.get("CompanyId"),
            "licences": licences.get("TotalLicenses"),
            "licences_available": licences.get("AvailableLicenses"),
        }
        return Identity(company="", details=details)

    def reach(self) -> Reach:
        """Every list that our flows read, asked for a number that nobody has; billing bases of the last month, which
        also tell the company's name. Writing supplier invoices cannot be tried without writing one."""
        today = timezone.localdate()
        month = {"fromDate": f"{today - MONTH}T00:00:00", "toDate": f"{today}T23:59:59"}
        refused, bases = [], []
        for path, params in (*PROBES, ("/Invoices", month)):
            try:
                bases = self.http.get(path, params).json()
            except AuthError as fault:
                if fault.scope == "connection":
                    raise
                refused.append(fault)
                bases = []
        first = bases[0] if isinstance(bases, list) and bases and isinstance(bases[0], dict) else {}
        return Reach(tuple(refused), str(first.get("CompanyName") or ""), str(first.get("CompanyOrgNo") or ""))

    def prepare(self) -> None:
        """A session that outlives the next quarter of an hour."""
        self.auth.ensure(WITHOUT_RENEWAL)

    def _session(self, spent: Token) -> Token:
        """Open a session. The answer is a bare string, with or without JSON's quotes (notes, "Base URL and auth")."""
        door = Http("smartdok", self.base_url, auth=NoAuth(), refuse=_token_refused)
        body = {"Token": self.connection.secrets.get("token", "")}
        try:
            answer = door.write("POST", "/Authorize/ApiToken", json=body)
        except Transient as fault:
            # Also when its answer was lost: a session too many harms nobody, and no write has left.
            raise Transient("smartdok.token_unavailable", why=fault.cause, host=self.base_url) from None
        access = _bare_string(answer.text())
        if not access:
            raise Transient("smartdok.token_unavailable", why="empty", host=self.base_url)
        return Token(access, _expires_at(access))


def _token_refused(answer: Answer) -> Fault:
    if answer.is_page and answer.status in {401, 403}:
        return answer.malformed()
    if answer.status in {400, 401, 403}:
        return AuthError("smartdok.token_refused", status=answer.status)
    return ConfigError("smartdok.wrong_address", scope="connection", status=answer.status, path=answer.path)


def _bare_string(text: str) -> str:
    try:
        loaded = simplejson.loads(text)
    except ValueError:
        loaded = text
    token = loaded.strip() if isinstance(loaded, str) else ""
    # A page of some proxy is no token, and a header holds no white space.
    return token if token.isascii() and not any(char.isspace() for char in token) and "<" not in token else ""


def _expires_at(jwt: str) -> float:
    """`exp` of the session, read without verifying: it only says when to fetch the next one."""
    now = timezone.now().timestamp()
    try:
        payload = jwt.split(".")[1]
        claims = simplejson.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return float(claims["exp"])
    except (IndexError, KeyError, TypeError, ValueError, binascii.Error):
        return now + SESSION_SECONDS
