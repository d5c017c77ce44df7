"""`make clean` ends what a killed process left behind, and touches nothing that somebody uses."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from demo import clean

ROOT = Path(__file__).parents[2]
HOLDER = """
import sys, time
from pathlib import Path
from config import embedded
embedded.redis_url(Path(sys.argv[1]) / "redis")
print("held", flush=True)
time.sleep(60)
"""


def test_an_orphaned_server_is_ended_and_a_used_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(clean, "DATA_DIR", tmp_path)
    environment = {**os.environ, "BYGGBRO_DATA": str(tmp_path)}
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        assert clean.main() == 1
        told = f"Process {holder.pid} still uses {tmp_path / 'redis'}: end it first (Ctrl-C in the demo).\n"
        assert capsys.readouterr().err == told
        holder.send_signal(signal.SIGKILL)
    [(_, server, users)] = clean.servers(tmp_path)
    assert users == []
    assert clean.main() == 0
    assert not psutil.pid_exists(server.pid) or server.status() == psutil.STATUS_ZOMBIE
    assert clean.main() == 0


def test_nothing_there_is_nothing_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clean, "DATA_DIR", tmp_path)
    assert clean.main() == 0
