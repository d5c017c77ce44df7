"""What a twin was asked and what it answered: the request log, and whole exchanges for observers."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

LOG_LENGTH = 20_000
# Longer bodies are left out of the log (not out of the exchange): 20,000 whole list pages would fill a machine.
LOGGED_BODY = 100_000


@dataclass(frozen=True)
class Request:
    """One line of the request log.

    `status` is what the client saw: 0 when the connection was reset. `fault` is the kind of the fault it met, if any.
    `at` is monotonic seconds at arrival; `seconds` how long the answer took.
    """

    index: int
    method: str
    path: str
    query: str
    status: int
    tenant: str | None
    at: float
    seconds: float
    fault: str | None
    request_body: bytes
    response_body: bytes

    @property
    def request_json(self) -> Any:
        return _parsed(self.request_body)

    @property
    def response_json(self) -> Any:
        return _parsed(self.response_body)

    def as_json(self) -> dict[str, Any]:
        names = ("index", "method", "path", "query", "status", "tenant", "at", "seconds", "fault")
        return {name: getattr(self, name) for name in names} | {
            "request": self.request_json,
            "response": self.response_json,
        }


@dataclass(frozen=True)
class Exchange:
    """One exchange whole, for observers. Headers have lower-case names.

    With a `fault`, the response is what went out instead of the twin's own, and `status` is 0 after a reset.
    """

    method: str
    path: str
    query: str
    request_headers: dict[str, str]
    request_body: bytes
    status: int
    response_headers: dict[str, str]
    response_body: bytes
    fault: str | None = None


class RequestLog:
    """The last LOG_LENGTH requests. Thread-safe. Indices go on counting when the log is cleared."""

    def __init__(self) -> None:
        self._requests: deque[Request] = deque(maxlen=LOG_LENGTH)
        self._lock = threading.Lock()
        self._next_index = 0

    def add(self, exchange: Exchange, tenant: str | None, at: float) -> None:
        with self._lock:
            self._requests.append(
                Request(
                    index=self._next_index,
                    method=exchange.method,
                    path=exchange.path,
                    query=exchange.query,
                    status=exchange.status,
                    tenant=tenant,
                    at=at,
                    seconds=time.monotonic() - at,
                    fault=exchange.fault,
                    request_body=_short(exchange.request_body),
                    response_body=_short(exchange.response_body),
                )
            )
            self._next_index += 1

    def all(self) -> list[Request]:
        with self._lock:
            return list(self._requests)

    def clear(self) -> None:
        with self._lock:
            self._requests.clear()

    def as_json(self, since: int) -> dict[str, Any]:
        with self._lock:
            requests = [r for r in self._requests if r.index >= since]
            return {"next": self._next_index, "requests": [r.as_json() for r in requests]}


def _short(body: bytes) -> bytes:
    return body if len(body) <= LOGGED_BODY else b""


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
