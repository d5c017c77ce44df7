"""A running Fortnox twin with one company and a client of its own, for the tests of the twin."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from sandbox.fortnox import Company, FortnoxTwin
from sandbox.server import Exchange
from tests.sandbox.openapi import OpenApi

TENANT = 1234567


@dataclass
class Clock:
    """Time that moves only when told. Starts at noon, Swedish time, on a day in March."""

    now: datetime = datetime(2026, 3, 10, 11, 0, tzinfo=UTC)
    seconds: float = 0.0

    def __call__(self) -> datetime:
        return self.now

    def monotonic(self) -> float:
        return self.seconds

    def forward(self, **delta: float) -> None:
        step = timedelta(**delta)
        self.now += step
        self.seconds += step.total_seconds()


@dataclass
class Fortnox:
    """The twin, its company, and a client that holds a token for it."""

    twin: FortnoxTwin
    clock: Clock
    session: requests.Session = field(default_factory=requests.Session)
    exchanges: list[Exchange] = field(default_factory=list)

    @property
    def company(self) -> Company:
        return self.twin.company(TENANT)

    def token(self, tenant: int = TENANT, **form: str) -> requests.Response:
        return self.session.post(
            f"{self.twin.url}/oauth-v1/token",
            auth=(self.twin.client_id, self.twin.client_secret),
            headers={"TenantId": str(tenant)} if "code" not in form and "refresh_token" not in form else {},
            data={"grant_type": "client_credentials"} | form,
        )

    def log_in(self, tenant: int = TENANT) -> None:
        self.session.headers["Authorization"] = f"Bearer {self.token(tenant).json()['access_token']}"

    def get(self, path: str, **query: Any) -> requests.Response:
        return self.session.get(f"{self.twin.url}/3/{path}", params=query)

    def rows(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """The rows of a list."""
        body = self.get(path, **query).json()
        return next(value for name, value in body.items() if name != "MetaInformation")

    def post(self, path: str, body: Any) -> requests.Response:
        return self.session.post(f"{self.twin.url}/3/{path}", json=body)

    def put(self, path: str, body: Any = None) -> requests.Response:
        return self.session.put(f"{self.twin.url}/3/{path}", json=body)

    def delete(self, path: str) -> requests.Response:
        return self.session.delete(f"{self.twin.url}/3/{path}")


@contextmanager
def running(**options: Any) -> Iterator[Fortnox]:
    """A twin for one test. At the end every answer is held against the vendor's document, and so is every request that
    the twin accepted: it must not take what the document forbids."""
    clock = Clock()
    company = Company(TENANT, "Bygg & Mark i Västerås AB", "556123-4567")
    options = {"limit": False} | options
    with FortnoxTwin([company], clock=clock, monotonic=clock.monotonic, **options) as twin:
        fortnox = Fortnox(twin, clock)
        twin.observers.append(fortnox.exchanges.append)
        fortnox.log_in()
        yield fortnox
        fortnox.session.close()
    openapi = OpenApi.load("fortnox")
    if openapi is not None:
        answers = [problem for e in fortnox.exchanges for problem in openapi.response_problems(e)]
        accepted = [
            problem for e in fortnox.exchanges if 200 <= e.status < 300 for problem in openapi.request_problems(e)
        ]
        assert answers + accepted == []


def code(response: requests.Response) -> int:
    """The code of a refusal, in either spelling."""
    error = response.json()["ErrorInformation"]
    return int(error.get("Code", error.get("code")))
