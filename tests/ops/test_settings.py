"""A missing or malformed variable stops start-up with one line that names it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEPLOYMENT = {
    "SECRET_KEY": "not-secret",
    "ENCRYPTION_KEYS": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "DATABASE_URL": "postgres://byggbro:dummy@127.0.0.1:1/byggbro",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "PUBLIC_URL": "https://byggbro.example.com",
    "FORTNOX_CLIENT_ID": "dummy",
    "FORTNOX_CLIENT_SECRET": "dummy",
}


def start(tmp_path: Path, **changed: str) -> "subprocess.CompletedProcess[str]":
    """Load the settings in a process of its own, as a deployment with these variables would."""
    environment = {"PATH": os.environ["PATH"], "BYGGBRO_DATA": str(tmp_path), **DEPLOYMENT, **changed}
    environment = {name: value for name, value in environment.items() if value != "(unset)"}
    code = "from config import settings; print(settings.ALLOWED_HOSTS, settings.CELERY_BROKER_URL, settings.SECURE)"
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=ROOT, env=environment, text=True, capture_output=True, check=False)


def test_a_complete_deployment_starts_and_derives_the_rest(tmp_path: Path) -> None:
    started = start(tmp_path)
    assert (started.returncode, started.stderr) == (0, "")
    assert started.stdout == "['byggbro.example.com'] redis://127.0.0.1:1/0 True\n"


@pytest.mark.parametrize("name", sorted(set(DEPLOYMENT) - {"DATABASE_URL"}))
def test_a_missing_variable_is_named(name: str, tmp_path: Path) -> None:
    started = start(tmp_path, **{name: "(unset)"})
    assert (started.returncode, started.stdout) == (1, "")
    assert started.stderr == f"Byggbro cannot start: {name} is not set\n"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PUBLIC_URL", "byggbro.example.com"),
        ("DATABASE_URL", "sqlite:///db"),
        ("REDIS_URL", "http://127.0.0.1"),
        ("ENCRYPTION_KEYS", "short"),
        ("FORTNOX_API_URL", "ftp://api.fortnox.se"),
        ("SMARTDOK_API_URL", "api.smartdok.se"),
    ],
)
def test_a_malformed_variable_is_named(name: str, value: str, tmp_path: Path) -> None:
    started = start(tmp_path, **{name: value})
    assert (started.returncode, started.stdout) == (1, "")
    assert started.stderr.startswith(f"Byggbro cannot start: {name} ")
    assert started.stderr.count("\n") == 1
    assert value not in started.stderr  # it may be a secret
