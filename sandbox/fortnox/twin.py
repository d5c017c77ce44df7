"""The Fortnox twin itself: companies, tokens and throttle behind a server. See the package's docstring."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask

from sandbox.fortnox.api import api_routes
from sandbox.fortnox.company import Company, system_clock
from sandbox.fortnox.errors import bad_login, too_many_requests
from sandbox.fortnox.oauth import oauth_routes
from sandbox.fortnox.page import page_routes
from sandbox.fortnox.throttle import Throttle
from sandbox.fortnox.tokens import Tokens, tenant_of_token
from sandbox.server import TwinServer

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

CLIENT_ID = "bYggbr0Demo1"
CLIENT_SECRET = "h3mligtDemo"


class FortnoxTwin(TwinServer):
    """A running Fortnox with the companies given. `clock` gives aware time and is handed to the companies."""

    def __init__(
        self,
        companies: Iterable[Company] = (),
        *,
        limit: bool = True,
        client_id: str = CLIENT_ID,
        client_secret: str = CLIENT_SECRET,
        host: str = "127.0.0.1",
        port: int = 0,
        latency: float = 0.0,
        data_file: Path | None = None,
        clock: Callable[[], datetime] = system_clock,
        monotonic: Callable[[], float] = time.monotonic,
        token_life: int = 3600,
    ) -> None:
        self.client_id = client_id
        self.client_secret = client_secret
        self.clock = clock
        self.companies: dict[int, Company] = {}
        self.tokens = Tokens(clock, token_life)
        self.throttle = Throttle(monotonic)
        self.limit = limit
        self.rate_limited = 0
        self.login_fault_status = 403  # note 28; a public client (fortpyx) renews its token on 401, so both are tried
        for company in companies:
            self.add_company(company)
        super().__init__(
            self._flask(),
            host=host,
            port=port,
            latency=latency,
            data_file=data_file,
            state=self,
            tenant_of=_tenant_of,
            vendor_answers={
                "expired-token": lambda: bad_login(self.login_fault_status).answer(),
                "storm": too_many_requests,
            },
        )

    def add_company(self, company: Company) -> Company:
        company.clock = self.clock
        self.companies[company.tenant_id] = company
        return company

    def company(self, tenant_id: int | str) -> Company:
        return self.companies[int(tenant_id)]

    def withdraw_consent(self, tenant_id: int) -> None:
        """As when the customer removes the integration: every token of the company dies at once (note 4)."""
        with self.lock:
            self.company(tenant_id).withdraw_consent()
            self.tokens.revoke(tenant_id)

    def dump(self) -> Any:
        return {"companies": self.companies, "access": self.tokens.access, "refresh": self.tokens.refresh}

    def load(self, dumped: Any) -> None:
        self.companies.clear()
        for company in dumped["companies"].values():
            self.add_company(company)
        self.tokens.access, self.tokens.refresh = dumped["access"], dumped["refresh"]

    def _flask(self) -> Flask:
        app = Flask(__name__)
        app.register_blueprint(oauth_routes(self))
        app.register_blueprint(api_routes(self))
        app.register_blueprint(page_routes(self))
        return app


def _tenant_of(environ: WSGIEnvironment) -> int | None:
    """The company that a request is about, for the log and for faults: by its token or its TenantId header."""
    header = environ.get("HTTP_TENANTID", "")
    if header.isdecimal():
        return int(header)
    return tenant_of_token(environ.get("HTTP_AUTHORIZATION", "").partition(" ")[2])
