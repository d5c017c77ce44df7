"""Configuration from the environment: a missing or malformed variable stops start-up with one line that names it.

Without `DATABASE_URL` the process is *local*: PostgreSQL and Redis come from the development requirements
(`config.embedded`), and secrets that nobody set are made once and kept in `.data/local.env`, so that every
command typed in this checkout sees the same data. Real variables always win over that file.
"""

import os
import secrets
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

import environ
from cryptography.fernet import Fernet

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(os.environ.get("BYGGBRO_DATA", BASE_DIR / ".data"))
LOCAL_ENV = DATA_DIR / "local.env"

env = environ.Env()


def refuse(name: str, problem: str) -> NoReturn:
    """End the process with the one line that names what to correct."""
    raise SystemExit(f"Byggbro cannot start: {name} {problem}")


def is_local() -> bool:
    """No database configured: this process may use the embedded services."""
    return not os.environ.get("DATABASE_URL")


def read_files() -> None:
    """Fill unset variables from `.env` (deployment) and, in a local process, from `.data/local.env`."""
    env.read_env(BASE_DIR / ".env", overwrite=False)
    if is_local():
        if not LOCAL_ENV.exists():
            write_local_env()
        env.read_env(LOCAL_ENV, overwrite=False)


def write_local_env(**values: str) -> None:
    """Keep generated secrets and the given values for later local processes; what is there stays."""
    present = dict(line.split("=", 1) for line in LOCAL_ENV.read_text().splitlines()) if LOCAL_ENV.exists() else {}
    generated = {"SECRET_KEY": secrets.token_urlsafe(50), "ENCRYPTION_KEYS": Fernet.generate_key().decode()}
    DATA_DIR.mkdir(parents=True, exist_ok=True)
    LOCAL_ENV.touch(mode=0o600)
    LOCAL_ENV.write_text("".join(f"{k}={v}\n" for k, v in ({**generated, **present} | values).items()))


def required(name: str) -> str:
    """The variable's text.

    Raises:
        SystemExit: it is not set or empty.
    """
    value = os.environ.get(name, "")
    if not value:
        refuse(name, "is not set")
    return value


def url(name: str, default: str | None = None, *, schemes: tuple[str, ...] = ("http", "https")) -> str:
    """A URL without a trailing slash.

    Raises:
        SystemExit: it is missing, or has no host or another scheme.
    """
    value = os.environ.get(name) or default
    if value is None:
        refuse(name, "is not set")
    parts = urlsplit(value)
    if parts.scheme not in schemes or not (parts.netloc or parts.path):
        refuse(name, f"is not a URL that starts with {' or '.join(s + '://' for s in schemes)}")
    return value.rstrip("/")


def encryption_keys() -> list[str]:
    """Fernet keys, newest first.

    Raises:
        SystemExit: none is set or one is not a Fernet key.
    """
    keys = [key.strip() for key in required("ENCRYPTION_KEYS").split(",") if key.strip()]
    for key in keys:
        try:
            Fernet(key)
        except ValueError:
            refuse("ENCRYPTION_KEYS", "holds a key that is not 32 url-safe base64-encoded bytes")
    return keys
