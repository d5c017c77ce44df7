"""A running SmartDok twin with one company and a client of its own, for the tests of the twin."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from sandbox.server import Exchange
from sandbox.smartdok import Company, SmartDokTwin
from tests.sandbox.openapi import OpenApi

TOKEN = "token-of-the-company"


@dataclass
class Clock:
    """Time that moves only when told. Starts at noon, Swedish time, on a day in March."""

    now: datetime = datetime(2026, 3, 10, 11, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **delta: float) -> None:
        self.now += timedelta(**delta)


@dataclass
class SmartDok:
    """The twin, its company, and a client that holds a session for it."""

    twin: SmartDokTwin
    clock: Clock
    session: requests.Session = field(default_factory=requests.Session)
    exchanges: list[Exchange] = field(default_factory=list)

    @property
    def company(self) -> Company:
        return self.twin.companies[0]

    def authorize(self, token: str = TOKEN, accept: str = "application/json") -> requests.Response:
        return requests.post(
            f"{self.twin.url}/Authorize/ApiToken", json={"Token": token}, headers={"Accept": accept}, timeout=5
        )

    def log_in(self) -> None:
        self.session.headers["Authorization"] = f"Bearer {self.authorize().json()}"

    def get(self, path: str, **query: Any) -> requests.Response:
        texts = {name: json.dumps(value) if isinstance(value, bool) else value for name, value in query.items()}
        return self.session.get(self.twin.url + path, params=texts, timeout=5)

    def ids(self, path: str, **query: Any) -> list[int]:
        """The Ids of a list, in its order."""
        answer = self.get(path, **query).json()
        return [item["Id"] for item in (answer if isinstance(answer, list) else answer["Items"])]

    def post(self, path: str, body: Any = None, **query: Any) -> requests.Response:
        return self.session.post(self.twin.url + path, json=body, params=query, timeout=5)

    def put(self, path: str, body: Any) -> requests.Response:
        return self.session.put(self.twin.url + path, json=body, timeout=5)

    def delete(self, path: str) -> requests.Response:
        return self.session.delete(self.twin.url + path, timeout=5)


@contextmanager
def running(**options: Any) -> Iterator[SmartDok]:
    """A twin for one test. At the end every answer is held against the vendor's document, and so is every request that
    the twin accepted: it must not take what the document forbids."""
    clock = Clock()
    company = Company("Bygg & Mark i Västerås AB", TOKEN, organization_number="556123-4567", now=clock)
    with SmartDokTwin([company], clock=clock, **options) as twin:
        smartdok = SmartDok(twin, clock)
        twin.observers.append(smartdok.exchanges.append)
        smartdok.log_in()
        yield smartdok
        smartdok.session.close()
    openapi = OpenApi.load("smartdok")
    if openapi is not None:
        answers = [problem for e in smartdok.exchanges for problem in openapi.response_problems(e)]
        accepted = [
            problem for e in smartdok.exchanges if 200 <= e.status < 300 for problem in openapi.request_problems(e)
        ]
        assert answers + accepted == []
