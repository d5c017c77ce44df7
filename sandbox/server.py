"""The server both twins stand on: HTTP/1.1 with keep-alive, request log, faults, persistence.

A twin is a Flask app plus a state object:

    server = TwinServer(app, state=state, data_file=Path("var/fortnox.pickle"), tenant_of=..., vendor_answers=...)
    with server:                      # start() / stop()
        requests.get(server.url + "/3/customers")

Three kinds of paths:
- `/_faults`, `/_requests`, `/_state`: the switchboard (`sandbox.faults`), the log, and everything that lies in the twin
  as JSON (no API of the vendors can list all of it); answered here, never faulted, never logged.
- `/`, `/favicon.ico` and everything under `/page/`: the twin's page for people; never faulted, logged or delayed.
- everything else is the vendor's API: logged, delayed by `latency`, faulted, shown to the observers.

The state object gives `dump()` (anything that pickles) and `load(dumped)`, both called under `server.lock`. The app
takes that lock itself around every use of its state, so that a twin that calls out in the middle of a request does not
hold it.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import pickle
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self
from urllib.parse import parse_qs

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.test import run_wsgi_app

from sandbox.faults import Answer, Delivery, Switchboard
from sandbox.log import Exchange, Request, RequestLog

__all__ = ["Exchange", "PortTaken", "Request", "State", "TwinServer"]

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

SAVE_AFTER = 1.0  # seconds


class PortTaken(Exception):
    """The wanted port is in use. The message is one line for a user."""


class State(Protocol):
    def dump(self) -> Any: ...
    def load(self, dumped: Any) -> None: ...


class TwinServer:
    """Runs a twin on a thread of its own.

    `port` 0 takes a free one at the first start and keeps it over stop and start. `latency` is seconds added to each
    API request. `tenant_of` reads the tenant off a request (for the log and for faults that name one).
    `loaded` tells whether `data_file` existed: the caller then does not seed the state again.
    """

    def __init__(
        self,
        app: WSGIApplication,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        latency: float = 0.0,
        data_file: Path | None = None,
        state: State | None = None,
        tenant_of: Callable[[WSGIEnvironment], str | int | None] = lambda environ: None,
        vendor_answers: Mapping[str, Callable[[], Answer]] | None = None,
    ) -> None:
        self.app = app
        self.host = host
        self.latency = latency
        self.lock = threading.RLock()
        self.observers: list[Callable[[Exchange], None]] = []
        self._port = port
        self._stopping = threading.Event()
        self.faults = Switchboard(vendor_answers or {}, self._stopping.wait)
        self._tenant_of = tenant_of
        self._log = RequestLog()
        self._state = state
        self._data_file = data_file
        self._save_timer: threading.Timer | None = None
        self._http: BaseWSGIServer | None = None
        self._thread: threading.Thread | None = None
        self._connections: set[TwinRequestHandler] = set()
        self.loaded = self._load()

    # Running

    def start(self) -> Self:
        """Listens. Raises PortTaken."""
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((self.host, self._port))
            listener.listen(256)
            self._port = listener.getsockname()[1]
            self._http = make_server(
                self.host,
                self._port,
                self.app,
                threaded=True,
                request_handler=type("Handler", (TwinRequestHandler,), {"twin": self}),
                fd=listener.fileno(),
            )
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortTaken(f"Port {self._port} on {self.host} is already in use.") from None
            raise
        finally:
            listener.close()
        self._stopping.clear()
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, name=f"twin-{self._port}", daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stops listening, drops the open connections, saves."""
        if self._http is None or self._thread is None:
            return
        self._stopping.set()
        self._http.shutdown()
        self._thread.join()
        for connection in list(self._connections):
            connection.drop()
        self._http = self._thread = None
        self.save()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def port(self) -> int:
        return self._port

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self._port}"

    # Log

    @property
    def requests(self) -> list[Request]:
        """The log so far, oldest first; the last 20,000 of them."""
        return self._log.all()

    def clear_log(self) -> None:
        self._log.clear()

    # Persistence

    def _load(self) -> bool:
        if self._data_file is None or self._state is None or not self._data_file.exists():
            return False
        with self.lock:
            self._state.load(pickle.loads(self._data_file.read_bytes()))
        return True

    def changed(self) -> None:
        """Saves within SAVE_AFTER seconds. Called by the server after each request that may write."""
        if self._data_file is None:
            return
        with self.lock:
            if self._save_timer is None:
                self._save_timer = threading.Timer(SAVE_AFTER, self.save)
                self._save_timer.daemon = True
                self._save_timer.start()

    def save(self) -> None:
        """Writes the state to the data file now; the file is replaced whole, never half."""
        if self._data_file is None or self._state is None:
            return
        with self.lock:
            if self._save_timer is not None:
                self._save_timer.cancel()
                self._save_timer = None
            dumped = pickle.dumps(self._state.dump())
            self._data_file.parent.mkdir(parents=True, exist_ok=True)
            draft = self._data_file.with_name(self._data_file.name + ".new")
            draft.write_bytes(dumped)
            os.replace(draft, self._data_file)

    # One request

    def answer(self, environ: WSGIEnvironment) -> Delivery:
        """Everything between the bytes that came in and the bytes that go out."""
        method, path = environ["REQUEST_METHOD"], _text(environ["PATH_INFO"])
        body = _read_body(environ)
        if path.startswith("/_"):
            control = self._control(method, path, environ["QUERY_STRING"], body)
            return Delivery(control, control)
        if path in {"/", "/favicon.ico"} or path.startswith("/page/"):
            page = self._execute(environ, body)
            return Delivery(page, page)
        at = time.monotonic()
        if self.latency:
            self._stopping.wait(self.latency)
        tenant = self._tenant_of(environ)
        name = None if tenant is None else str(tenant)
        fault = self.faults.take(method, path, name)
        delivery = self.faults.deliver(fault, lambda: self._execute(environ, body))
        exchange = Exchange(
            method=method,
            path=path,
            query=environ["QUERY_STRING"],
            request_headers=_headers(environ),
            request_body=body,
            status=delivery.answer.status if delivery.answer else 0,
            response_headers={k.lower(): v for k, v in delivery.answer.headers} if delivery.answer else {},
            response_body=delivery.answer.body if delivery.answer else b"",
            fault=fault.kind if fault else None,
        )
        self._log.add(exchange, name, at)
        for observer in self.observers:
            observer(exchange)
        return delivery

    def _execute(self, environ: WSGIEnvironment, body: bytes) -> Answer:
        environ = {**environ, "wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        chunks, status, headers = run_wsgi_app(self.app, environ, buffered=True)
        if environ["REQUEST_METHOD"] not in {"GET", "HEAD", "OPTIONS"}:
            self.changed()
        kept = [(name, value) for name, value in headers if name.lower() not in {"content-length", "connection"}]
        return Answer(int(status.split(None, 1)[0]), kept, b"".join(chunks))

    def _control(self, method: str, path: str, query: str, body: bytes) -> Answer:
        if path == "/_faults" or path.startswith("/_faults/"):
            return self.faults.control(method, path, body)
        if path == "/_requests" and method == "DELETE":
            self.clear_log()
            return Answer(204, [], b"")
        if path == "/_requests" and method == "GET":
            since = parse_qs(query).get("since", ["0"])[0]
            if not since.isdecimal():
                return Answer.json(400, {"error": "since must be the index of a request"})
            return Answer.json(200, self._log.as_json(int(since)))
        if path == "/_state" and method == "GET" and self._state is not None:
            with self.lock:
                return Answer.json(200, as_json(self._state.dump()))
        return Answer.json(404, {"error": f"{method} {path} is not part of the twin's controls"})


class TwinRequestHandler(WSGIRequestHandler):
    """Keeps connections alive, which werkzeug's own handler does not: it closes after each answer, because it cannot
    know whether the request was read to its end. Here every request is."""

    twin: TwinServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def setup(self) -> None:
        super().setup()
        self.twin._connections.add(self)

    def finish(self) -> None:
        self.twin._connections.discard(self)
        with contextlib.suppress(OSError):  # the connection was reset, by the client or by a fault
            super().finish()

    def handle(self) -> None:
        try:
            super().handle()
        except (OSError, ValueError):
            self.close_connection = True  # dropped in the middle of a request

    def run_wsgi(self) -> None:
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.wfile.flush()
        delivery = self.twin.answer(self.make_environ())
        if delivery.answer is None:
            self.reset()
            return
        answer, body = delivery.answer, delivery.answer.body
        phrase = HTTPStatus(answer.status).phrase if answer.status in HTTPStatus._value2member_map_ else "Unknown"
        self.send_response(answer.status, phrase)
        for name, value in answer.headers:
            self.send_header(name, value)
        if answer.status not in {204, 304}:
            self.send_header("Content-Length", str(len(body)))
        if self.command == "HEAD" or answer.status in {204, 304}:
            body = b""
        if delivery.cut:
            body = body[: len(body) // 2]
            self.close_connection = True
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def reset(self) -> None:
        """Ends the connection with RST: linger 0, and the descriptor closed at once instead of by the server, which
        would send FIN first."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())

    def drop(self) -> None:
        """Ends the connection from another thread, at the server's stop."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log(self, type: str, message: str, *args: Any) -> None:
        pass  # the request log of the server is the log


def as_json(value: Any) -> Any:
    """Plain JSON values of anything that a state dumps: objects by their attributes, bytes as their SHA-256."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case bytes():
            return hashlib.sha256(value).hexdigest()
        case dict():
            return {_key(key): as_json(each) for key, each in value.items()}
        case list() | tuple():
            return [as_json(each) for each in value]
        case set() | frozenset():
            return sorted(map(str, value))
        case _ if hasattr(value, "__dict__"):
            return {key: as_json(each) for key, each in vars(value).items() if not callable(each)}
    return str(value)


def _key(key: Any) -> str:
    return "/".join(map(str, key)) if isinstance(key, tuple) else str(key)


def _read_body(environ: WSGIEnvironment) -> bytes:
    if environ.get("wsgi.input_terminated"):
        return bytes(environ["wsgi.input"].read())
    length = environ.get("CONTENT_LENGTH") or "0"
    return bytes(environ["wsgi.input"].read(int(length))) if length.isdecimal() else b""


def _text(wsgi_string: str) -> str:
    return wsgi_string.encode("latin-1").decode("utf-8", "replace")


def _headers(environ: WSGIEnvironment) -> dict[str, str]:
    headers = {k[5:].replace("_", "-").lower(): str(v) for k, v in environ.items() if k.startswith("HTTP_")}
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers[name.replace("_", "-").lower()] = str(environ[name])
    return headers
