"""The fault switchboard and the server below both twins."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask, request

from sandbox.faults import Answer
from sandbox.server import Exchange, PortTaken, TwinServer


class Counter:
    """The smallest state: how often it was posted to."""

    def __init__(self) -> None:
        self.value = 0

    def dump(self) -> Any:
        return self.value

    def load(self, dumped: Any) -> None:
        self.value = dumped


def make_server(counter: Counter, **options: Any) -> TwinServer:
    app = Flask(__name__)

    @app.route("/3/things/<path:name>", methods=["GET", "POST", "DELETE"])
    def things(name: str) -> Any:
        if request.method == "DELETE":
            return "", 204
        if request.method == "POST":
            counter.value += 1
        return {"name": name, "value": counter.value, "sent": request.get_json(silent=True)}

    @app.get("/")
    def page() -> str:
        return "a page"

    return TwinServer(
        app,
        state=counter,
        tenant_of=lambda environ: environ.get("HTTP_TENANTID"),
        vendor_answers={
            "expired-token": lambda: Answer.json(403, {"expired": True}),
            "storm": lambda: Answer.json(429, {"storm": True}),
        },
        **options,
    )


@pytest.fixture
def counter() -> Counter:
    return Counter()


@pytest.fixture
def server(counter: Counter) -> Iterator[TwinServer]:
    with make_server(counter) as server:
        yield server


@pytest.fixture
def client() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


def add(server: TwinServer, **fault: Any) -> requests.Response:
    return requests.post(f"{server.url}/_faults", json=fault)


# Faults


@pytest.mark.parametrize(
    ("fault", "status", "body", "executed"),
    [
        ({"kind": "status", "status": 502}, 502, "<h1>", 0),
        ({"kind": "status", "status": 503, "body": "{}", "headers": {"Retry-After": "3"}}, 503, "{}", 0),
        ({"kind": "status-after", "status": 500, "body": "slut", "content_type": "text/plain"}, 500, "slut", 1),
        ({"kind": "not-json"}, 200, "<h1>", 1),
        ({"kind": "expired-token"}, 403, "expired", 0),
        ({"kind": "storm"}, 429, "storm", 0),
        ({"kind": "delay", "seconds": 0.01}, 200, '"value"', 1),
        ({"kind": "delay-after", "seconds": 0.01}, 200, '"value"', 1),
    ],
)
def test_a_fault_answers_once_and_is_then_used_up(
    server: TwinServer,
    counter: Counter,
    client: requests.Session,
    fault: dict[str, Any],
    status: int,
    body: str,
    executed: int,
) -> None:
    assert add(server, method="POST", path="^/3/things", **fault).status_code == 201

    met = client.post(f"{server.url}/3/things/1")
    assert (met.status_code, body in met.text, counter.value) == (status, True, executed)
    for name, value in fault.get("headers", {}).items():
        assert met.headers[name] == value

    assert client.post(f"{server.url}/3/things/1").status_code == 200
    assert server.faults.fired == {fault["kind"]: 1}


@pytest.mark.parametrize(("kind", "executed"), [("reset-before", 0), ("reset-after", 1)])
def test_a_reset_connection_tells_nothing_of_what_was_stored(
    server: TwinServer, counter: Counter, client: requests.Session, kind: str, executed: int
) -> None:
    server.faults.add(kind, method="POST")
    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        client.post(f"{server.url}/3/things/1")
    assert counter.value == executed
    assert [(r.status, r.fault) for r in server.requests] == [(0, kind)]


def test_a_reset_is_a_real_reset_and_not_an_orderly_end(server: TwinServer) -> None:
    server.faults.add("reset-before")
    with socket.create_connection((server.host, server.port)) as connection:
        connection.sendall(b"GET /3/things/1 HTTP/1.1\r\nHost: x\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            connection.recv(100)


def test_a_truncated_answer_announces_more_than_comes(
    server: TwinServer, counter: Counter, client: requests.Session
) -> None:
    server.faults.add("truncate")
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        client.post(f"{server.url}/3/things/1")
    assert counter.value == 1


def test_refuse_all_stands_until_it_is_removed(server: TwinServer, client: requests.Session) -> None:
    fault_id = add(server, kind="refuse-all").json()["id"]
    for path in ("/3/things/1", "/3/things/2"):
        with pytest.raises(requests.ConnectionError):
            client.get(server.url + path)
    assert client.get(server.url + "/").text == "a page"
    assert client.delete(f"{server.url}/_faults/{fault_id}").status_code == 204
    assert client.get(f"{server.url}/3/things/1").status_code == 200


def test_method_path_tenant_times_and_skip_choose_the_requests(server: TwinServer, client: requests.Session) -> None:
    server.faults.add("storm", method="GET", path=r"/things/\d+$", times=2, tenant="7", skip=1)

    def get(name: str, tenant: str = "7") -> int:
        return client.get(f"{server.url}/3/things/{name}", headers={"TenantId": tenant}).status_code

    assert client.post(f"{server.url}/3/things/1", headers={"TenantId": "7"}).status_code == 200
    assert [get("x"), get("1", tenant="8")] == [200, 200]
    assert [get("1") for _ in range(4)] == [200, 429, 429, 200]


def test_the_oldest_matching_fault_fires_alone(server: TwinServer, client: requests.Session) -> None:
    server.faults.add("status", status=500)
    server.faults.add("status", status=501)
    assert [client.get(f"{server.url}/3/things/1").status_code for _ in range(3)] == [500, 501, 200]


def test_the_switchboard_lists_and_forgets_its_faults(server: TwinServer, client: requests.Session) -> None:
    first, second = add(server, kind="storm", times=3).json()["id"], add(server, kind="storm").json()["id"]
    client.get(f"{server.url}/3/things/1")

    listed = client.get(f"{server.url}/_faults").json()
    assert [(f["id"], f["remaining"], f["fired"]) for f in listed["faults"]] == [(first, 2, 1), (second, 1, 0)]
    assert listed["fired"] == {"storm": 1}

    assert client.delete(f"{server.url}/_faults/{second}").status_code == 204
    assert client.delete(f"{server.url}/_faults/{second}").status_code == 404
    assert client.delete(f"{server.url}/_faults").status_code == 204
    assert client.get(f"{server.url}/_faults").json() == {"faults": [], "fired": {}}


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ({"kind": "explode"}, "kind must be one of"),
        ({"kind": "storm", "colour": "red"}, "unknown option: colour"),
        ({"kind": "storm", "path": "("}, "not a regular expression"),
        ({"kind": "storm", "times": 0}, "times must be at least 1"),
        ({"kind": "storm", "times": "two"}, "times must be at least 1"),
        ({"kind": "storm", "method": 5}, "method and path must be texts"),
        ({}, "kind"),
        ([], "object"),
    ],
)
def test_what_makes_no_fault_is_refused_with_the_reason(server: TwinServer, wanted: Any, reason: str) -> None:
    refused = requests.post(f"{server.url}/_faults", json=wanted)
    assert (refused.status_code, reason in refused.json()["error"]) == (400, True)
    assert server.faults.all == []


# Log and observers


def test_the_log_has_every_request_and_starts_where_asked(server: TwinServer, client: requests.Session) -> None:
    client.post(f"{server.url}/3/things/%C3%A5?limit=1", json={"a": 1}, headers={"TenantId": "7"})
    client.get(f"{server.url}/3/things/2")
    client.get(server.url + "/")

    first, second = server.requests
    assert (first.method, first.path, first.query, first.status, first.tenant) == (
        "POST",
        "/3/things/å",
        "limit=1",
        200,
        "7",
    )
    assert (first.request_json, first.response_json["name"]) == ({"a": 1}, "å")
    assert (second.tenant, second.request_json, second.at >= first.at) == (None, None, True)

    logged = client.get(f"{server.url}/_requests", params={"since": 1}).json()
    assert (logged["next"], [r["path"] for r in logged["requests"]]) == (2, ["/3/things/2"])
    assert client.delete(f"{server.url}/_requests").status_code == 204
    client.get(f"{server.url}/3/things/3")
    assert [(r.index, r.path) for r in server.requests] == [(2, "/3/things/3")]
    assert client.get(f"{server.url}/_requests?since=x").status_code == 400
    assert client.get(f"{server.url}/_else").status_code == 404


def test_observers_see_exchanges_whole(server: TwinServer, client: requests.Session) -> None:
    seen: list[Exchange] = []
    server.observers.append(seen.append)
    big = "x" * 200_000
    answer = client.post(f"{server.url}/3/things/1", json={"big": big}, headers={"X-Mine": "yes"})
    (exchange,) = seen
    assert exchange.request_headers["x-mine"] == "yes"
    assert exchange.response_headers["content-type"] == "application/json"
    assert (exchange.request_body.count(b"x"), exchange.response_body) == (200_000, answer.content)
    assert server.requests[0].request_body == b""  # too long for the log


# Server


def test_connections_are_kept_alive_over_answers_with_and_without_a_body(server: TwinServer) -> None:
    connection = HTTPConnection(server.host, server.port)
    connection.connect()
    first = connection.sock
    for method, body in [("DELETE", None), ("HEAD", None), ("POST", iter([b'{"a"', b": 1}"])), ("GET", None)]:
        connection.request(method, "/3/things/1", body, {"Content-Type": "application/json"}, encode_chunked=bool(body))
        answer = connection.getresponse()
        content = answer.read()
        assert (answer.status // 100, answer.headers["Connection"]) == (2, None)
        assert body is None or json.loads(content)["sent"] == {"a": 1}
        assert connection.sock is first
    connection.close()


def test_many_threads_at_once(server: TwinServer, counter: Counter) -> None:
    def work() -> None:
        with requests.Session() as session:
            for _ in range(10):
                assert session.get(f"{server.url}/3/things/1").status_code == 200

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.requests) == 80


def test_a_taken_port_is_one_clear_line(server: TwinServer, counter: Counter) -> None:
    with pytest.raises(PortTaken, match=rf"^Port {server.port} on 127\.0\.0\.1 is already in use\.$"):
        make_server(counter, port=server.port).start()


def test_a_stopped_server_drops_its_connections_and_starts_on_the_same_port(
    server: TwinServer, client: requests.Session
) -> None:
    url = f"{server.url}/3/things/1"
    assert client.get(url).status_code == 200
    server.stop()
    with pytest.raises(requests.ConnectionError):
        client.get(url)
    server.start()
    assert client.get(url).status_code == 200


def test_state_is_saved_at_stop_and_soon_after_a_change_and_loaded_at_start(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("sandbox.server.SAVE_AFTER", 0.005)
    file = tmp_path / "data" / "twin.pickle"
    with make_server(Counter(), data_file=file) as server:
        assert server.loaded is False
        saved = threading.Event()
        save = server.save

        def save_and_tell() -> None:
            save()
            saved.set()

        monkeypatch.setattr(server, "save", save_and_tell)
        requests.get(f"{server.url}/3/things/1")
        assert not file.exists()
        requests.post(f"{server.url}/3/things/1")
        assert saved.wait(5)
        assert file.exists()

    again = Counter()
    with make_server(again, data_file=file) as server:
        assert (server.loaded, again.value) == (True, 1)
        again.value = 7  # not by a request
    third = Counter()
    make_server(third, data_file=file)
    assert third.value == 7


def test_latency_is_added_to_each_api_request(counter: Counter, client: requests.Session) -> None:
    with make_server(counter, latency=0.02) as server:
        client.get(f"{server.url}/3/things/1")
        assert server.requests[0].seconds >= 0.02
