"""The door to the network, against a server on which every fault can be switched on."""

import dataclasses
import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from integration.errors import ConfigError, Fault, InvalidRecord, RateLimited, Rejected, Transient, Unconfirmed
from integration.http import Answer, Http, NoAuth, alive, counted
from sandbox.smartdok import Company, SmartDokTwin


@pytest.fixture
def twin() -> Iterator[SmartDokTwin]:
    with SmartDokTwin([Company("Bygg", token="t-1")]) as twin:
        yield twin


def refuse(answer: Answer) -> Fault:
    return Rejected("refused", status=answer.status)


@pytest.fixture
def http(twin: SmartDokTwin) -> Http:
    return Http("smartdok", twin.url, auth=NoAuth(), refuse=refuse)


def get(http: Http) -> Answer:
    return http.get("/Authorize/PublicKeys")


def write(http: Http) -> Answer:
    return http.write("POST", "/Authorize/ApiToken", json={"Token": "t-1"})


@pytest.mark.parametrize(
    ("fault", "read", "written"),
    [
        ({"kind": "reset-before"}, "http.reset", "http.reset"),
        ({"kind": "reset-after"}, "http.reset", "http.reset"),
        ({"kind": "truncate"}, "http.truncated", "http.truncated"),
        ({"kind": "status", "status": 500}, "http.5xx", "http.5xx"),
        ({"kind": "status-after", "status": 503}, "http.5xx", "http.5xx"),
        ({"kind": "delay", "seconds": 0.6}, "http.timeout", "http.timeout"),
        ({"kind": "delay-after", "seconds": 0.6}, "http.timeout", "http.timeout"),
    ],
)
def test_a_read_is_transient_and_a_write_whose_answer_is_lost_unconfirmed(
    http: Http, twin: SmartDokTwin, monkeypatch: pytest.MonkeyPatch, fault: dict[str, Any], read: str, written: str
) -> None:
    if "seconds" in fault:
        monkeypatch.setattr("integration.http.READ_SECONDS", 0.2)
    twin.faults.add(**fault, times=None)
    with pytest.raises(Transient) as first:
        get(http)
    assert (type(first.value), first.value.cause) == (Transient, read)
    with pytest.raises(Unconfirmed) as second:
        write(http)
    assert second.value.cause == written
    assert first.value.params["path"] == "/Authorize/PublicKeys"


@pytest.mark.parametrize(
    ("status", "answered"), [(500, True), (501, True), (502, False), (503, False), (504, False), (524, False)]
)
def test_only_the_vendors_own_error_says_that_nothing_comes_later(
    http: Http, monkeypatch: pytest.MonkeyPatch, status: int, answered: bool
) -> None:
    monkeypatch.setattr(http, "_once", lambda *_, **__: Answer("POST", "/x", status, {}, b'{"Message": "x"}'))
    with pytest.raises(Unconfirmed) as fault:
        write(http)
    assert fault.value.params["answered"] is answered


@pytest.mark.parametrize("status", [200, 500, 503])
def test_a_page_says_nothing_of_what_the_vendor_does_later(
    http: Http, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    answer = Answer("POST", "/x", status, {}, b"<html>a proxy gave up</html>")
    monkeypatch.setattr(http, "_once", lambda *_, **__: answer)
    with pytest.raises(Unconfirmed) as lost:
        write(http).json()
    assert lost.value.params["answered"] is False


def test_a_slow_read_is_not_repeated_at_once_and_each_read_shows_that_it_goes_on(
    http: Http, twin: SmartDokTwin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integration.http.SLOW_SECONDS", 0.0)
    twin.faults.add(kind="reset-before", times=None)
    beats: list[int] = []
    with alive(lambda: beats.append(1)), pytest.raises(Transient):
        get(http)
    assert (len(twin.requests), len(beats)) == (1, 1)


def test_reads_are_repeated_and_writes_leave_once(http: Http, twin: SmartDokTwin) -> None:
    twin.faults.add(kind="reset-before", times=3)
    assert get(http).status == 200
    twin.faults.add(kind="reset-before")
    with pytest.raises(Unconfirmed):
        write(http)
    assert [(each.method, each.status) for each in twin.requests] == [
        ("GET", 0), ("GET", 0), ("GET", 0), ("GET", 200), ("POST", 0),
    ]  # fmt: skip


def test_nobody_listening_means_that_nothing_left(http: Http, twin: SmartDokTwin) -> None:
    twin.stop()
    for request in (get, write):
        with pytest.raises(Transient) as fault:
            request(http)
        assert (type(fault.value), fault.value.cause) == (Transient, "http.unreachable")


def test_a_host_that_does_not_exist() -> None:
    http = Http("smartdok", "http://nowhere.invalid", auth=NoAuth(), refuse=refuse)
    with pytest.raises(Transient) as fault:
        write(http)
    assert (type(fault.value), fault.value.params) == (Transient, {"host": "http://nowhere.invalid"})


def test_429_is_never_repeated_here_and_says_how_long(http: Http, twin: SmartDokTwin) -> None:
    twin.faults.add(kind="status", status=429, headers={"Retry-After": "7"})
    twin.faults.add(kind="status", status=429)
    with pytest.raises(RateLimited) as told:
        get(http)
    with pytest.raises(RateLimited) as untold:
        write(http)
    assert (told.value.wait, untold.value.wait) == (7.0, 0.0)
    assert len(twin.requests) == 2


def test_what_is_not_json_is_not_believed(http: Http, twin: SmartDokTwin) -> None:
    twin.faults.add(kind="not-json", times=2)
    with pytest.raises(Transient) as read:
        get(http).json()
    with pytest.raises(Unconfirmed) as written:
        write(http).json()
    assert (type(read.value), read.value.cause, written.value.cause) == (Transient, "http.not_json", "http.not_json")


def test_a_redirect_is_not_followed(http: Http, twin: SmartDokTwin) -> None:
    twin.faults.add(kind="status", status=302, headers={"Location": "http://evil.invalid/"})
    with pytest.raises(Rejected) as fault:
        get(http)
    assert fault.value.params == {"status": 302}


def test_G6_decimals_are_exact_both_ways(http: Http, twin: SmartDokTwin) -> None:
    twin.faults.add(kind="status", status=200, body='{"Price": 0.1, "Total": 12345678901234567.89}')
    assert get(http).json() == {"Price": Decimal("0.1"), "Total": Decimal("12345678901234567.89")}
    twin.faults.add(kind="status", status=200, body="{}")
    http.write("POST", "/Goods", json={"Price": Decimal("0.10"), "Total": Decimal("12345678901234567.89")})
    assert twin.requests[-1].request_body == b'{"Price": 0.10, "Total": 12345678901234567.89}'


def test_a_body_larger_than_allowed_is_not_read(http: Http, twin: SmartDokTwin) -> None:
    twin.faults.add(kind="status", status=200, body="x" * 2000)
    with pytest.raises(InvalidRecord) as fault:
        http.get("/Goods", largest=1000)
    assert (fault.value.cause, fault.value.params) == ("document.too_large", {"size": 2000, "largest": 1000})
    twin.faults.add(kind="status", status=200, body="x" * 1000)
    assert http.get("/Goods", largest=1000).content == b"x" * 1000


class Renewing:
    """Headers that are good only after `renew`."""

    def __init__(self, renewals: int = 1) -> None:
        self.token, self.left, self.renewed = 0, renewals, 0

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def renew(self, refused: dict[str, str]) -> bool:
        assert refused == self.headers()
        self.token, self.renewed = self.token + 1, self.renewed + 1
        return True


def test_headers_are_renewed_once_and_the_write_leaves_with_the_new_ones(http: Http, twin: SmartDokTwin) -> None:
    http.auth = auth = Renewing()
    twin.faults.add(kind="status", status=401)
    leaving: list[int] = []
    answer = http.write(
        "POST", "/Authorize/ApiToken", json={"Token": "t-1"}, before_send=lambda: leaving.append(auth.token)
    )
    assert (answer.status, leaving, auth.renewed) == (200, [0, 1], 1)
    twin.faults.add(kind="status", status=401, times=2)
    with pytest.raises(Rejected):
        get(http)
    assert auth.renewed == 2


def test_before_send_may_stop_the_request(http: Http, twin: SmartDokTwin) -> None:
    def lost() -> None:
        raise RuntimeError("lease lost")

    with pytest.raises(RuntimeError):
        http.write("POST", "/Authorize/ApiToken", json={"Token": "t-1"}, before_send=lost)
    assert twin.requests == []


def test_requests_are_counted_per_system(http: Http) -> None:
    with counted() as calls:
        get(http)
        write(http)
    get(http)
    assert calls == {"smartdok": 2}


def test_an_answer_that_trickles_for_ever_is_given_up(
    http: Http, twin: SmartDokTwin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integration.http.WHOLE_SECONDS", -1.0)
    with pytest.raises(Unconfirmed) as fault:
        write(http)
    assert fault.value.cause == "http.timeout"


def test_the_log_holds_no_secret(http: Http, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        session = write(http).text().strip('"')
    assert "POST" in caplog.text
    assert session not in caplog.text
    assert "t-1" not in caplog.text


def test_an_answer_is_a_whole_value() -> None:
    answer = Answer("GET", "/x", 200, {}, b"\xef\xbb\xbf{}")
    assert answer.json() == {}
    assert dataclasses.replace(answer, content=b"\xff").text() == "\ufffd"


@pytest.fixture
def broken_tls(tmp_path: Path) -> Iterator[tuple[str, str, list[bytes]]]:
    """A server that takes a request over TLS and answers with a bad record: address, certificate, what it was sent."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now - day, now + day)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = builder.add_extension(address, critical=False).sign(key, hashes.SHA256())
    pem = tmp_path / "server.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(secret + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    seen: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for _ in range(2):
                bare = listener.accept()[0]
                try:
                    wrapped = context.wrap_socket(bare, server_side=True)
                except ssl.SSLError:
                    continue  # the client did not trust us
                seen.append(wrapped.recv(65536))
                with socket.socket(fileno=wrapped.detach()) as plain:
                    plain.sendall(b"\x17\x03\x03\x00\x20" + b"x" * 32)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}", str(pem), seen
    thread.join(5)


def test_tls_that_breaks_after_the_request_has_left_loses_the_answer_and_not_more(
    broken_tls: tuple[str, str, list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, pem, seen = broken_tls
    http = Http("smartdok", url, auth=NoAuth(), refuse=refuse)
    with pytest.raises(Transient) as untrusted:
        write(http)
    assert (type(untrusted.value), untrusted.value.cause, seen) == (Transient, "http.unreachable", [])
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", pem)
    with pytest.raises(Unconfirmed) as lost:
        write(http)
    assert lost.value.cause == "http.reset"
    assert seen[0].startswith(b"POST /Authorize/ApiToken")


def test_an_address_that_is_none_is_the_connections_fault(twin: SmartDokTwin) -> None:
    with pytest.raises(ConfigError) as fault:
        get(Http("smartdok", "api.smartdok.se", auth=NoAuth(), refuse=refuse))
    assert (fault.value.cause, fault.value.scope) == ("http.bad_address", "connection")


@pytest.mark.parametrize("levels", [101, 900, 1_200, 100_000])
def test_json_that_is_nested_without_end_is_no_answer(levels: int) -> None:
    content = ("[" * levels + "]" * levels).encode()
    with pytest.raises(Transient, match=r"http\.not_json"):
        Answer("GET", "/x", 200, {}, content).json()
    assert Answer("GET", "/x", 200, {}, b"[" * 99 + b"{}" + b"]" * 99).json()
