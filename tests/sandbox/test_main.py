"""`python -m sandbox` and `Twins`."""

from __future__ import annotations

import datetime as dt
import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from sandbox import Twins
from sandbox.server import PortTaken

ROOT = Path(__file__).parents[2]
TODAY = dt.date(2026, 11, 24)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "sandbox", *arguments]


@contextmanager
def started(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """The command on free ports, with the two addresses that it prints."""
    ports = ("--fortnox-port", "0", "--smartdok-port", "0")
    process = subprocess.Popen(command(*ports, *arguments), stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    try:
        addresses = [re.search(r"http://\S+", process.stdout.readline()) for _ in range(2)]
        yield process, [address.group() for address in addresses if address]
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def session(url: str, token: str) -> dict[str, str]:
    answer = requests.post(f"{url}/Authorize/ApiToken", json={"Token": token}, timeout=60)
    return {"Authorization": f"Bearer {answer.json()}"}


def customers(url: str, token: str) -> int:
    answer = requests.get(f"{url}/Customers", headers=session(url, token), timeout=60)
    return int(answer.json()["TotalCount"])


def test_credentials_are_printed_as_json() -> None:
    ended = subprocess.run(command("--credentials"), capture_output=True, text=True, cwd=ROOT, timeout=200, check=False)
    printed = json.loads(ended.stdout)
    assert ended.returncode == 0
    assert set(printed) == {"client_id", "client_secret", "tenants"}
    assert [tenant["slug"] for tenant in printed["tenants"]] == ["ostanbygg", "maltes-mark"]
    for tenant in printed["tenants"]:
        assert set(tenant) == {"slug", "name", "smartdok_token", "fortnox_tenant_id"}
    with Twins() as twins:
        assert twins.credentials == printed


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_command_serves_both_and_stops_cleanly(number: signal.Signals) -> None:
    with started("--empty") as (process, (fortnox, smartdok)):
        assert customers(smartdok, "demo-smartdok-token-ostanbygg") == 0
        assert requests.get(f"{fortnox}/3/customers", timeout=60).status_code in {400, 401, 403}
        process.send_signal(number)
        assert process.wait(100) == 0


def test_command_goes_on_from_its_data(tmp_path: Path) -> None:
    token = "demo-smartdok-token-maltes-mark"
    with started("--data", str(tmp_path)) as (process, (_, smartdok)):
        body = {"CustomerName": "Ny", "CustomerNumber": "1999", "IsActive": True}
        assert requests.post(f"{smartdok}/Customers", json=body, headers=session(smartdok, token), timeout=60).ok
        process.terminate()
        process.wait(100)
    with started("--data", str(tmp_path)) as (_, (_, smartdok)):
        assert customers(smartdok, token) == 61


@pytest.mark.parametrize("option", ["--fortnox-port", "--smartdok-port"])
def test_taken_port_ends_with_one_line(option: str) -> None:
    other = "--smartdok-port" if option == "--fortnox-port" else "--fortnox-port"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = subprocess.run(
            command(option, port, other, "0", "--empty"),
            capture_output=True,
            text=True,
            cwd=ROOT,
            timeout=200,
            check=False,
        )
    assert (ended.returncode, ended.stderr) == (1, f"Port {port} is taken: choose another with {option}.\n")


def test_twins_start_empty_without_making_up_demo_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.data._filled", lambda *_: pytest.fail("demo data was generated"))
    with Twins() as twins:
        both = twins.tenant("ostanbygg")
        assert (both.smartdok.customers, both.fortnox.customers, both.troubles) == ({}, {}, ())
        both.smartdok.add_customer()
        assert customers(twins.smartdok.url, both.tenant.smartdok_token) == 1


def test_unknown_slug_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        Twins().tenant("nobody")


def test_twins_take_the_day_of_the_demo_data() -> None:
    twins = Twins(empty=False, today=TODAY)
    dates = [i["InvoiceDate"] for i in twins.tenant("maltes-mark").fortnox.supplier_invoices.values()]
    assert max(dates) == "2026-11-23"


def test_second_start_keeps_data_and_the_first_day(tmp_path: Path) -> None:
    with Twins(empty=False, today=TODAY, data_dir=tmp_path) as twins:
        first = twins.tenant("ostanbygg")
        first.smartdok.add_customer(CustomerNumber="1999")
        first.fortnox.add_customer("Ny", "1999")
    with Twins(data_dir=tmp_path) as twins:
        second = twins.tenant("ostanbygg")
        assert twins.today == TODAY
        assert second.troubles == first.troubles
        assert len(second.smartdok.customers) == 61
        assert second.fortnox.customers["1999"]["Name"] == "Ny"
        assert second.smartdok.add_customer()["Id"] > max(first.smartdok.customers)


def test_taken_port_leaves_nothing_running() -> None:
    with Twins() as first:
        second = Twins(smartdok_port=first.smartdok.port)
        with pytest.raises(PortTaken):
            second.start()
        with pytest.raises(requests.ConnectionError):
            requests.get(second.fortnox.url, timeout=60)


def test_limit_and_latency_reach_the_twins() -> None:
    twins = Twins(limit=False, latency=0.25)
    assert (twins.fortnox.limit, twins.fortnox.latency, twins.smartdok.latency) == (False, 0.25, 0.25)
