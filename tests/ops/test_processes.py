"""The demo's processes: none is left behind, whatever ends it, and a failure shows the end of its log."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from demo.ports import free_ports
from demo.processes import Child, Children, Failed

WAIT = 60.0

# Ignores SIGTERM, and starts a process of its own that does so too.
STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
grown = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
grown.stdout.readline()
print(grown.pid, flush=True)
time.sleep(60)
"""
SUPERVISOR = """
import os, sys, time
from pathlib import Path
from demo.processes import Children
child = Children(Path(sys.argv[1])).start("sleeper", [sys.executable, "-c", "import time; time.sleep(60)"], os.environ)
print(child.process.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def children(tmp_path: Path) -> Iterator[Children]:
    held = Children(tmp_path)
    yield held
    held.stop()


def gone(pid: int) -> bool:
    """Whether a process has ended, within some seconds."""
    deadline = time.monotonic() + WAIT
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


def first_line(child: Child) -> str:
    """The first line of its log, once it is there."""
    deadline = time.monotonic() + WAIT
    while "\n" not in child.log.read_text() and time.monotonic() < deadline:
        time.sleep(0.02)
    return child.log.read_text().splitlines()[0]


def test_a_process_that_ended_is_named_with_the_end_of_its_log(children: Children) -> None:
    code = "print('first'); print('no database'); raise SystemExit(3)"
    child = children.start("worker", [sys.executable, "-c", code], os.environ)
    child.process.wait(WAIT)
    with pytest.raises(Failed, match=r"worker ended \(exit 3\).*\nfirst\nno database"):
        children.check()


def test_stop_ends_a_stubborn_process_and_those_that_it_started(
    children: Children, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("demo.processes.POLITE_SECONDS", 0.2)
    child = children.start("stubborn", [sys.executable, "-c", STUBBORN], os.environ)
    grown = int(first_line(child))
    children.stop()
    assert child.ended
    assert gone(grown)
    assert children.running == []


@pytest.mark.skipif(sys.platform != "linux", reason="the parent-death signal is Linux's")
def test_the_processes_of_a_supervisor_that_is_killed_end_too(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SUPERVISOR, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout
        pid = int(supervisor.stdout.readline())
        supervisor.send_signal(signal.SIGKILL)
    assert gone(pid)


def test_a_taken_port_is_named_with_the_variable_that_changes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setenv("FLOWER_PORT", str(port))
        with pytest.raises(Failed) as failed:
            free_ports()
    told = str(failed.value)
    assert told == f"Port {port} is taken: choose another with FLOWER_PORT, as in `make demo FLOWER_PORT={port + 100}`."


def test_one_port_for_two_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, port in (("WEB_PORT", "47001"), ("FORTNOX_TWIN_PORT", "47002"), ("SMARTDOK_TWIN_PORT", "47001")):
        monkeypatch.setenv(name, port)
    with pytest.raises(Failed, match="Port 47001 is used by SMARTDOK_TWIN_PORT too: choose another with WEB_PORT"):
        free_ports()


@pytest.mark.parametrize("text", ["http", "0", "65536", "-1"])
def test_what_is_no_port_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_PORT", text)
    with pytest.raises(Failed, match=rf"WEB_PORT={text} is not a port"):
        free_ports()
