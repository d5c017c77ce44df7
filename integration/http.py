"""The one door to the network: session, time-outs, authorisation, throttle, redacted log, status → error.

GETs are repeated here, with full jitter. Writes leave exactly once: whatever makes their fate unknown is
`Unconfirmed`, and finding out is the engine's business.
"""

import random
import ssl
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode

import requests
import simplejson
import structlog
import urllib3

from integration.errors import ConfigError, Fault, InvalidRecord, RateLimited, Transient, Unconfirmed
from integration.metrics import count_request
from integration.throttle import Throttle

log = structlog.get_logger(__name__)

CONNECT_SECONDS = 5.0
READ_SECONDS = 20.0
WHOLE_SECONDS = 30.0  # shorter than a lease, so that a request has ended when another worker may take over
DEEPEST = 100  # levels of JSON; vendors send six
LARGEST_BODY = 64 * 1024 * 1024
GET_TRIES = 4
SLOW_SECONDS = 10.0  # a read that has taken so long is not repeated at once

_calls: ContextVar[Counter[str] | None] = ContextVar("calls", default=None)
_beat: ContextVar[Callable[[], None] | None] = ContextVar("beat", default=None)


@contextmanager
def alive(beat: Callable[[], None]) -> Iterator[None]:
    """Call `beat` before every read within the block, by which somebody sees that it goes on."""
    mark = _beat.set(beat)
    try:
        yield
    finally:
        _beat.reset(mark)


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """Count the requests per system that leave within the block."""
    counter: Counter[str] = Counter()
    mark = _calls.set(counter)
    try:
        yield counter
    finally:
        _calls.reset(mark)


class Auth(Protocol):
    """Gives the headers that authorise a request and replaces them once they are refused."""

    def headers(self) -> dict[str, str]:
        """Headers for the next request."""
        ...

    def renew(self, refused: dict[str, str]) -> bool:
        """The headers were refused; True when there are new ones to try."""
        ...


class NoAuth:
    """For requests that carry their own authorisation (token endpoints)."""

    def headers(self) -> dict[str, str]:
        """None."""
        return {}

    def renew(self, refused: dict[str, str]) -> bool:
        """There is nothing to renew."""
        return False


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer."""

    method: str
    path: str
    status: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Any:
        """The body with decimals as `Decimal` (G6).

        Raises:
            Unconfirmed: the answer to a write is not JSON, so nobody knows what was stored.
            Transient: the answer to a GET is not JSON, or nested deeper than anything that a vendor sends.
        """
        try:
            body = simplejson.loads(self.content.decode("utf-8-sig"), use_decimal=True)
        except (ValueError, ArithmeticError, RecursionError):
            raise self.malformed() from None
        if _deeper(body, DEEPEST):
            raise self.malformed()
        return body

    def object(self) -> dict[str, Any]:
        """The body as a JSON object.

        Raises:
            Transient, Unconfirmed: it is something else, as with `json`.
        """
        body = self.json()
        if not isinstance(body, dict):
            raise self.malformed()
        return body

    def malformed(self) -> Transient:
        """The fault of an answer that is not what the vendor promises: after a write nobody knows what was stored."""
        kind = Transient if self.method == "GET" else Unconfirmed
        where: dict[str, Any] = {"method": self.method, "path": self.path, "status": self.status}
        return kind("http.not_json", **where, answered=not self.is_page)  # a proxy may answer before the vendor does

    def text(self) -> str:
        """The body as text, whatever it is."""
        return self.content.decode("utf-8", "replace")

    @property
    def is_page(self) -> bool:
        """Whether it is a web page: of some proxy, firewall or maintenance, for no vendor's API answers with one."""
        return self.content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<"


class Http:
    """A vendor's API below `base_url`.

    Args:
        system: name for log, metrics and counts.
        base_url: without trailing slash.
        auth: authorises requests.
        throttle: taken before each request; None where the vendor documents no limit.
        refuse: turns a 4xx answer into the fault it stands for; decides by code, never by text.
        expired: tells whether an answer means "these headers are no longer good", so that they are renewed once.
    """

    def __init__(
        self,
        system: str,
        base_url: str,
        *,
        auth: Auth,
        refuse: Callable[[Answer], Fault],
        expired: Callable[[Answer], bool] = lambda answer: answer.status == 401,
        throttle: Throttle | None = None,
    ) -> None:
        self.system = system
        self.base_url = base_url
        self.auth = auth
        self.refuse = refuse
        self.expired = expired
        self.throttle = throttle
        self.session = requests.Session()

    def get(self, path: str, params: Mapping[str, Any] | None = None, *, largest: int = LARGEST_BODY) -> Answer:
        """Read; repeated up to three times when the network or the vendor falters, but not when it is slow: whoever
        reads holds a lease that must not run out meanwhile.

        Raises:
            Transient, RateLimited, AuthError, Fault: as `refuse` decides.
        """
        began = time.monotonic()
        for attempt in range(1, GET_TRIES + 1):
            if beat := _beat.get():
                beat()
            try:
                return self._authorised("GET", path, params=params, largest=largest)
            except RateLimited:
                raise
            except Transient:
                if attempt == GET_TRIES or time.monotonic() - began > SLOW_SECONDS:
                    raise
                time.sleep(random.uniform(0, 0.2 * 2**attempt))  # noqa: S311 - full jitter, not a secret
        raise AssertionError("unreachable")

    def write(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        params: Mapping[str, Any] | None = None,
        before_send: Callable[[], None] = lambda: None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Write once. `before_send` runs when the request is about to leave (the intent is committed there).

        Raises:
            Transient: it certainly never reached the vendor.
            Unconfirmed: it left and its fate is unknown.
            RateLimited, AuthError, Fault: it was refused, as `refuse` decides.
        """
        body = simplejson.dumps(json, use_decimal=True, ensure_ascii=False).encode() if json is not None else None
        extra = {"Content-Type": "application/json", **(headers or {})} if body is not None else dict(headers or {})
        return self._authorised(method, path, params=params, body=body, extra=extra, before_send=before_send)

    def form(self, path: str, data: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        """POST a form, as token endpoints want it. Refusals come back as answers: OAuth speaks in bodies."""
        extra = {"Content-Type": "application/x-www-form-urlencoded", **headers}
        body = urlencode(data).encode()
        return self._once("POST", path, headers=extra, body=body)

    def _authorised(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: bytes | None = None,
        extra: Mapping[str, str] | None = None,
        before_send: Callable[[], None] = lambda: None,
        largest: int = LARGEST_BODY,
    ) -> Answer:
        """One request; headers that the vendor no longer takes are renewed once, since it did nothing with them."""
        headers = self.auth.headers()
        for renewed in (False, True):
            with self.throttle.place() if self.throttle else nullcontext():
                before_send()
                sent = {**headers, **(extra or {})}
                answer = self._once(method, path, params=params, headers=sent, body=body, largest=largest)
            if answer.status < 300:
                return answer
            if not renewed and self.expired(answer) and self.auth.renew(headers):
                headers = self.auth.headers()
                continue
            raise self._fault(answer)
        raise AssertionError("unreachable")

    def _fault(self, answer: Answer) -> Fault:
        where: dict[str, Any] = {"method": answer.method, "path": answer.path, "status": answer.status}
        if answer.status == 429:
            log.error("vendor throttled us", system=self.system, **where)
            wait = answer.headers.get("Retry-After", "")
            return RateLimited("http.429", wait=float(wait) if wait.isdigit() else random.uniform(2, 6))  # noqa: S311
        if answer.status >= 500:
            # A server that failed in the middle of a write may have stored it; one whose gateway gave up may do so yet.
            where["answered"] = answer.status in {500, 501} and not answer.is_page
            return (Transient if answer.method == "GET" else Unconfirmed)(f"http.{answer.status // 100}xx", **where)
        return self.refuse(answer)

    def _once(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        largest: int = LARGEST_BODY,
    ) -> Answer:
        started = time.monotonic()
        lost: type[Transient] = Transient if method == "GET" else Unconfirmed
        status = "none"
        try:
            with self.session.request(
                method,
                self.base_url + path,
                params=params,
                data=body,
                headers={"Accept": "application/json", **(headers or {})},
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
                stream=True,
            ) as response:
                status = str(response.status_code)
                content = self._whole(response, started, largest)
                return Answer(method, path, response.status_code, response.headers, content)
        except requests.exceptions.ConnectTimeout:
            raise Transient("http.unreachable", host=self.base_url) from None
        except requests.exceptions.Timeout:
            raise lost("http.timeout", method=method, path=path) from None
        except requests.exceptions.ConnectionError as error:
            if _never_left(error):
                raise Transient("http.unreachable", host=self.base_url) from None
            raise lost("http.reset", method=method, path=path) from None
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, requests.exceptions.MissingSchema):
            raise ConfigError("http.bad_address", scope="connection", host=self.base_url) from None
        except requests.exceptions.RequestException:
            # Truncated or undecodable body: the head of the answer came, the rest did not.
            raise lost("http.truncated", method=method, path=path, answered=True) from None
        finally:
            if (counter := _calls.get()) is not None:
                counter[self.system] += 1
            count_request(self.system, method, status)
            log.info("api", system=self.system, method=method, path=path, status=status,
                     ms=round((time.monotonic() - started) * 1000))  # fmt: skip

    def _whole(self, response: requests.Response, started: float, largest: int) -> bytes:
        """The body, within the time and size that one request may take."""
        expected = response.headers.get("Content-Length", "")
        if expected.isdigit() and int(expected) > largest:
            raise InvalidRecord("document.too_large", size=int(expected), largest=largest)
        chunks, size = [], 0
        for chunk in response.iter_content(64 * 1024):
            chunks.append(chunk)
            size += len(chunk)
            if size > largest:
                raise InvalidRecord("document.too_large", size=size, largest=largest)
            if time.monotonic() - started > WHOLE_SECONDS:
                raise requests.exceptions.ReadTimeout
        if expected.isdigit() and "Content-Encoding" not in response.headers and size < int(expected):
            raise requests.exceptions.ChunkedEncodingError
        return b"".join(chunks)


def _deeper(body: Any, levels: int) -> bool:
    """Whether JSON is nested deeper than so many levels, found without recursion."""
    layer = [body]
    for _ in range(levels):
        inner = [each.values() if isinstance(each, dict) else each for each in layer if isinstance(each, dict | list)]
        layer = [each for values in inner for each in values]
        if not layer:
            return False
    return True


def _never_left(error: requests.exceptions.ConnectionError) -> bool:
    """No connection that can be trusted was made (refused, DNS, certificate): the vendor has not seen the request.

    Any other failure of TLS may come after the request has left.
    """
    reason = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(reason, urllib3.exceptions.SSLError):
        return isinstance(reason.args[0], ssl.SSLCertVerificationError)
    return isinstance(reason, urllib3.exceptions.NewConnectionError)
