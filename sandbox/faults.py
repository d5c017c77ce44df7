"""The fault switchboard: what goes wrong with the next requests to a twin.

A twin's server asks `Switchboard.take` before it lets a request through. Tests use the Python side
(`server.faults.add(kind="reset-after", method="POST", path="/3/invoices")`), benches and people the HTTP side:

    POST   /_faults       {"method": "POST", "path": "<regex>", "times": 2, "kind": "status", "status": 503}
                          -> 201 and the fault with its id
    GET    /_faults       every fault with what remains of it and how often it fired, and all firings by kind
    DELETE /_faults       removes all of them; DELETE /_faults/<id> removes one

One fault at most fires per request: the oldest one that matches and is not used up.
"""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Kind = Literal[
    "status",  # answers `status` (with body, headers, content_type); the request is not executed
    "status-after",  # the same, after the request has been executed and its change stored
    "delay",  # waits `seconds`, then goes on as usual
    "delay-after",  # executes, waits `seconds`, then answers
    "reset-before",  # resets the connection, nothing executed
    "reset-after",  # executes, stores, then resets the connection without an answer
    "truncate",  # executes, announces the whole answer, sends half of it and closes
    "not-json",  # executes, answers an HTML page with 200
    "expired-token",  # what the vendor answers to an expired access token; not executed
    "storm",  # what the vendor answers when the rate limit is passed; not executed
    "refuse-all",  # resets every connection, whatever method and path, until it is removed
]
KINDS: tuple[str, ...] = get_args(Kind)
EXECUTED_KINDS = frozenset({"status-after", "delay", "delay-after", "reset-after", "truncate", "not-json"})

HTML_ERROR_PAGE = "<html><head><title>Error</title></head><body><h1>The service is unavailable.</h1></body></html>"


@dataclass(frozen=True)
class Answer:
    """A whole HTTP answer: status, headers without Content-Length, body."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    @classmethod
    def json(cls, status: int, value: Any, headers: Mapping[str, str] | None = None) -> Answer:
        body = json.dumps(value, ensure_ascii=False).encode()
        return cls(status, [("Content-Type", "application/json"), *(headers or {}).items()], body)


@dataclass(frozen=True)
class Delivery:
    """What goes out on the wire. No answer means: reset the connection. `cut`: send half of the body and close.

    `own` is what the twin itself answered, None when the request was not executed.
    """

    answer: Answer | None
    own: Answer | None
    cut: bool = False


@dataclass
class Fault:
    """One entry of the switchboard. `times` None: until it is removed. `skip`: so many matching requests pass first."""

    id: int
    kind: Kind
    method: str = "*"
    path: str = ""
    times: int | None = 1
    tenant: str | None = None
    skip: int = 0
    status: int = 500
    body: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str | None = None
    seconds: float = 0.0
    fired: int = 0
    skipped: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, not {self.kind!r}")
        if self.times is not None and (not isinstance(self.times, int) or self.times < 1):
            raise ValueError("times must be at least 1, or null for as long as the fault stands")
        if not isinstance(self.method, str) or not isinstance(self.path, str):
            raise ValueError("method and path must be texts")
        try:
            self._path = re.compile(self.path)
        except re.error as error:
            raise ValueError(f"path is not a regular expression: {error}") from error
        self.method = self.method.upper()
        self.tenant = None if self.tenant is None else str(self.tenant)

    @property
    def remaining(self) -> int | None:
        return None if self.times is None else self.times - self.fired

    def matches(self, method: str, path: str, tenant: str | None) -> bool:
        if self.remaining == 0:
            return False
        if self.tenant is not None and self.tenant != tenant:
            return False
        if self.kind == "refuse-all":
            return True
        return self.method in {"*", method} and self._path.search(path) is not None

    def answer(self) -> Answer:
        """The answer of a `status` fault; an HTML error page, as proxies give it, when no body is asked for."""
        body = HTML_ERROR_PAGE if self.body is None else self.body
        content_type = self.content_type or ("text/html" if body.lstrip().startswith("<") else "application/json")
        return Answer(self.status, [("Content-Type", content_type), *self.headers.items()], body.encode())

    def as_json(self) -> dict[str, Any]:
        shown = ("id", "kind", "method", "path", "times", "tenant", "skip", "status", "body", "headers", "content_type")
        return {name: getattr(self, name) for name in (*shown, "seconds", "remaining", "fired", "skipped")}


class Switchboard:
    """All faults of one twin. Thread-safe.

    `vendor_answers` gives the answers of the kinds `expired-token` and `storm`, which each vendor words its own way.
    `sleep` waits for the `delay` kinds.
    """

    def __init__(self, vendor_answers: Mapping[str, Callable[[], Answer]], sleep: Callable[[float], Any]) -> None:
        self._vendor_answers = dict(vendor_answers)
        self._sleep = sleep
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._next_id = 1
        self._fired: Counter[str] = Counter()

    def add(self, kind: str, method: str = "*", path: str = "", times: int | None = 1, **options: Any) -> Fault:
        """Adds a fault; `options` are the other fields of `Fault`. `refuse-all` stands until removed, unless
        `times` is more than 1.

        Raises ValueError or TypeError for options that make no fault.
        """
        unknown = set(options) - {"tenant", "skip", "status", "body", "headers", "content_type", "seconds"}
        if unknown:
            raise ValueError(f"unknown option: {', '.join(sorted(unknown))}")
        if kind == "refuse-all" and times == 1:
            times = None
        with self._lock:
            fault = Fault(self._next_id, kind, method, path, times, **options)  # type: ignore[arg-type]
            self._next_id += 1
            self._faults.append(fault)
        return fault

    def clear(self, fault_id: int | None = None) -> bool:
        """Removes one fault, or all of them and the count of firings. False when there is no such fault."""
        with self._lock:
            before = len(self._faults)
            self._faults = [f for f in self._faults if fault_id is not None and f.id != fault_id]
            if fault_id is None:
                self._fired.clear()
                return True
            return len(self._faults) < before

    @property
    def all(self) -> list[Fault]:
        with self._lock:
            return list(self._faults)

    @property
    def fired(self) -> Counter[str]:
        """How often faults fired since the last `clear()`, by kind; `fired.total()` for all of them."""
        with self._lock:
            return Counter(self._fired)

    def take(self, method: str, path: str, tenant: str | None) -> Fault | None:
        """The fault that this request meets, already counted as fired."""
        with self._lock:
            for fault in self._faults:
                if not fault.matches(method, path, tenant):
                    continue
                if fault.skipped < fault.skip:
                    fault.skipped += 1
                    continue
                fault.fired += 1
                self._fired[fault.kind] += 1
                return fault
        return None

    def deliver(self, fault: Fault | None, execute: Callable[[], Answer]) -> Delivery:
        """Carries the request out, or not, and says what goes out on the wire."""
        if fault is None:
            own = execute()
            return Delivery(own, own)
        if fault.kind == "delay":
            self._sleep(fault.seconds)
        if fault.kind not in EXECUTED_KINDS:
            return Delivery(self._instead(fault), None)
        own = execute()
        match fault.kind:
            case "delay-after":
                self._sleep(fault.seconds)
                return Delivery(own, own)
            case "status-after":
                return Delivery(fault.answer(), own)
            case "reset-after":
                return Delivery(None, own)
            case "truncate":
                # An empty body cannot be cut, so the connection is reset instead: the client must notice either way.
                return Delivery(own if own.body else None, own, cut=True)
            case "not-json":
                return Delivery(Answer(200, [("Content-Type", "text/html")], HTML_ERROR_PAGE.encode()), own)
        return Delivery(own, own)

    def _instead(self, fault: Fault) -> Answer | None:
        if fault.kind in {"reset-before", "refuse-all"}:
            return None
        if fault.kind == "status":
            return fault.answer()
        return self._vendor_answers[fault.kind]()

    def control(self, method: str, path: str, body: bytes) -> Answer:
        """The HTTP side, for paths from `/_faults` on."""
        fault_id = path.removeprefix("/_faults").strip("/")
        if method == "GET" and not fault_id:
            return Answer.json(200, {"faults": [f.as_json() for f in self.all], "fired": dict(self.fired)})
        if method == "POST" and not fault_id:
            try:
                wanted = json.loads(body)
                if not isinstance(wanted, dict):
                    raise ValueError("a fault is an object")
                return Answer.json(201, self.add(**wanted).as_json())
            except (ValueError, TypeError) as error:
                return Answer.json(400, {"error": f"no fault added: {error}"})
        if method == "DELETE" and (not fault_id or fault_id.isdecimal()):
            if self.clear(int(fault_id) if fault_id else None):
                return Answer(204, [], b"")
            return Answer.json(404, {"error": f"there is no fault {fault_id}"})
        return Answer.json(405, {"error": f"{method} {path} is not part of the fault switchboard"})
