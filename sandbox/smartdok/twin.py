"""The running SmartDok twin: companies, sessions, keys and switches behind a server."""

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.faults import Answer
from sandbox.server import TwinServer
from sandbox.smartdok.api import make_app
from sandbox.smartdok.clock import Clock, utc_now
from sandbox.smartdok.company import Company
from sandbox.smartdok.errors import Unauthorized
from sandbox.smartdok.lists import Switches
from sandbox.smartdok.sessions import Sessions, SigningKeys
from sandbox.smartdok.webhooks import Delivery, deliver

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

DOCUMENT_TIMEOUT = 20.0


class SmartDokTwin(TwinServer):
    """SmartDok's API on a port, with a page for people at `/`. Log, faults and observers are those of `TwinServer`.

        with SmartDokTwin([Company("Bygg AB", token="t-1")]) as twin:
            requests.post(twin.url + "/Authorize/ApiToken", json={"Token": "t-1"})

    `clock` gives the present as an aware datetime and is handed to the companies. `latency` is seconds per request.
    With a `data_file` the companies in it replace the given ones (`loaded` tells). `switches`, `document_timeout`
    (seconds) and `sessions.life` can be changed while it runs. `renew_calls` counts the calls of
    /Authorize/ApiToken/Renew, `deliveries` lists the webhook calls made. A fault's `tenant` is the company's API token.
    """

    def __init__(
        self,
        companies: Iterable[Company] = (),
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        latency: float = 0.0,
        data_file: Path | None = None,
        clock: Clock = utc_now,
        session_life: dt.timedelta = dt.timedelta(hours=1),
    ) -> None:
        self.clock = clock
        self.companies: list[Company] = []
        for company in companies:
            self.add_company(company)
        self.switches = Switches()
        self.sessions = Sessions(now=self.now, life=session_life)
        self.keys = SigningKeys()
        self.document_timeout = DOCUMENT_TIMEOUT
        self.renew_calls = 0
        self.deliveries: list[Delivery] = []
        super().__init__(
            make_app(self),
            host=host,
            port=port,
            latency=latency,
            data_file=data_file,
            state=self,
            tenant_of=self._tenant_of_request,
            vendor_answers={"expired-token": _expired, "storm": _storm},
        )

    def now(self) -> dt.datetime:
        return self.clock()

    def set_clock(self, clock: Clock) -> None:
        """The twin and all its companies go by this clock from here on."""
        self.clock = clock
        for company in self.companies:
            company.now = clock

    def dump(self) -> Any:
        """What outlives a restart: the companies. Sessions do not; a client copes with that as with any 401."""
        return [{name: value for name, value in vars(c).items() if name != "now"} for c in self.companies]

    def load(self, dumped: Any) -> None:
        self.companies.clear()
        for attributes in dumped:
            company = Company.__new__(Company)
            vars(company).update(attributes)
            self.add_company(company)

    # Companies

    def add_company(self, company: Company) -> Company:
        """Ids of a company lie in a range of its own, so each needs its own `id`."""
        if any(other.token == company.token for other in self.companies):
            raise ValueError("two companies cannot have one API token")
        if any(other.id == company.id for other in self.companies):
            raise ValueError("two companies cannot have one id")
        company.now = self.clock
        self.companies.append(company)
        return company

    def company(self, token: str) -> Company:
        """The company with that API token. Raises KeyError."""
        for company in self.companies:
            if company.token == token:
                return company
        raise KeyError(token)

    def expire_sessions(self) -> None:
        """Every session token is expired from now on; the API tokens stay good."""
        self.sessions.expire()

    def approve_supplier_invoice(self, company: Company, external_number: str) -> list[Delivery]:
        """Approves it, as a person does in SmartDok, and calls the company's webhooks with its uuid.

        One attempt per subscription; how often the vendor repeats is not published. Raises KeyError.
        """
        with self.lock:
            invoice_id = company.supplier_invoice_ids[external_number]
            company.approved.add(external_number)
            callbacks = [w["Callback"] for w in company.webhooks.values() if w["Topic"] == "SupplierInvoiceUpdated"]
        made = [deliver(callback, invoice_id, self.keys) for callback in callbacks]
        self.deliveries.extend(made)
        return made

    def _tenant_of_request(self, environ: "WSGIEnvironment") -> str | None:
        token = environ.get("HTTP_AUTHORIZATION", "").removeprefix("Bearer ")
        try:
            return self.sessions.company(token).token
        except Unauthorized:
            return None


def _expired() -> Answer:
    challenge = 'Bearer error="invalid_token", error_description="The token expired"'
    return Answer(401, [("WWW-Authenticate", challenge)], b"")


def _storm() -> Answer:
    return Answer(429, [("Content-Type", "text/plain")], b"Too Many Requests")
