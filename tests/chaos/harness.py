"""Real PostgreSQL, Redis, Celery workers, gunicorn and both twins, with everything that may happen to them.

with Servers() as servers, World(servers, sites=2) as world:
    world.arm("intent.after", "invoices", world.sites[0].slug)
    world.start(workers=1)
    world.settle(60)
    assert world.verdict().problems == []
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Self

from celery import Celery
from cryptography.fernet import Fernet
from kombu.exceptions import OperationalError
from redis import RedisError

from integration.throttle import REMEMBERS_SINCE
from sandbox import Twins
from tests.chaos import oracle
from tests.chaos.company import Site
from tests.chaos.services import Postgres, Redis, until

ROOT = Path(__file__).parents[2]
TEMPLATE = "byggbro_template"
GO_LIVE = "2026-01-01"
FASTER = 10.0  # leases of 6 s, requests of 3 s at most
START_SECONDS = 90.0
LOOKS = 20  # at both sides; the last one counts although something moved
MOVING = "SELECT count(*) FROM sync_item WHERE state IN ('pending', 'running')"


class Servers:
    """PostgreSQL with a migrated template, and Redis: started once for many worlds."""

    def __init__(self) -> None:
        self.postgres, self.redis = Postgres(), Redis()
        self.folder = Path(tempfile.mkdtemp(prefix="chaos-", dir="/tmp"))
        self.secrets = {"SECRET_KEY": "chaos-" + "x" * 50, "ENCRYPTION_KEYS": Fernet.generate_key().decode()}
        self.postgres.query(f'CREATE DATABASE "{TEMPLATE}"', database="postgres")
        self.command("migrate", "--verbosity", "0", environment=self.environment(TEMPLATE))

    def environment(self, database: str) -> dict[str, str]:
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(("COV_", "PYTEST_"))},
            **self.secrets,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "BYGGBRO_DATA": str(self.folder / "data"),
            "DATABASE_URL": self.postgres.url(database),
            "REDIS_URL": self.redis.url,
            "CELERY_BROKER_URL": self.redis.broker,
            "ALLOWED_HOSTS": "127.0.0.1",
            "PUBLIC_URL": "http://127.0.0.1:1",
            "FORTNOX_CLIENT_ID": "id",
            "FORTNOX_CLIENT_SECRET": "secret",
            "LOG_LEVEL": "WARNING",
        }

    def command(self, *arguments: str, environment: dict[str, str]) -> None:
        subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment, check=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        self.redis.close()
        self.postgres.close()
        shutil.rmtree(self.folder, ignore_errors=True)


@dataclass
class Run:
    """A process of ours. `keep`: started anew when it is found dead."""

    name: str
    command: list[str]
    keep: bool = True
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0


@dataclass
class Sizes:
    customers: int = 12
    projects: int = 8
    invoices: int = 15
    supplier_invoices: int = 8


class World:
    """One database, companies in fresh twins, and the processes that move their data.

    `limit`: the Fortnox twin enforces 25 requests per 5 s and counts what went beyond. `faster`: the factor by which
    leases and time-outs are shortened.
    """

    def __init__(
        self, servers: Servers, *, sites: int = 1, seed: object = 0, sizes: Sizes | None = None, limit: bool = True,
        cadence: int = 2, slugs: list[str] | None = None, faster: float = FASTER,
    ) -> None:  # fmt: skip
        self.servers, self.random = servers, Random(f"plan {seed}")
        self.database = "byggbro_chaos"
        servers.postgres.recreate(self.database, TEMPLATE)
        servers.redis.flush()
        servers.redis.client().set(REMEMBERS_SINCE, 0)  # nothing was sent that it could have forgotten
        self.folder = Path(tempfile.mkdtemp(prefix="world-", dir=servers.folder))
        self.points = self.folder / "points"
        self.points.mkdir()
        self.twins = Twins(empty=True, limit=limit)
        sizes = sizes or Sizes()
        names = slugs or [f"bolag-{chr(97 + index)}" for index in range(sites)]
        self.sites = [Site(self.twins, slug, index, seed).fill(**vars(sizes)) for index, slug in enumerate(names)]
        self.cadence, self.faster = cadence, faster
        self.runs: list[Run] = []
        self.faults: Counter[str] = Counter()
        self._ends = threading.Event()
        self._threads: list[threading.Thread] = []
        self.trouble: list[str] = []

    # -- start and end -------------------------------------------------------------------------------------------
    def __enter__(self) -> Self:
        self.twins.start()
        self.port = _free_port()
        self.environment = self.servers.environment(self.database) | {
            "PUBLIC_URL": f"http://127.0.0.1:{self.port}",
            "FORTNOX_CLIENT_ID": self.twins.credentials["client_id"],
            "FORTNOX_CLIENT_SECRET": self.twins.credentials["client_secret"],
            "FORTNOX_API_URL": self.twins.fortnox.url,
            "FORTNOX_AUTH_URL": f"{self.twins.fortnox.url}/oauth-v1",
            "SMARTDOK_API_URL": self.twins.smartdok.url,
            "DOCUMENT_STORAGE": str(self.folder / "documents"),
            "CHAOS_POINTS": str(self.points),
            "CHAOS_FASTER": str(self.faster),
        }
        companies = [[site.slug, site.smartdok.token, site.fortnox.tenant_id] for site in self.sites]
        subprocess.run(
            [sys.executable, "-m", "tests.chaos.prepare", GO_LIVE, str(self.cadence)],
            input=json.dumps(companies).encode(), cwd=ROOT, env=self.environment, check=True,
        )  # fmt: skip
        self.celery = Celery(broker=self.servers.redis.broker)
        self.celery.conf.broker_transport_options = {"socket_timeout": 2, "socket_connect_timeout": 2}
        return self

    def __exit__(self, *error: object) -> None:
        self.end()
        self.celery.close()
        self.twins.stop()
        if self.trouble and error == (None, None, None):
            raise AssertionError("; ".join(self.trouble))

    def end(self) -> None:
        """Ends every process; `start` may follow."""
        self._ends.set()
        for thread in self._threads:
            thread.join(30)
        for run in self.runs:
            _kill(run.process)
        self.runs, self._threads = [], []

    def start(self, workers: int = 1, *, slots: int = 2, tickers: int = 1, beats: int = 0) -> None:
        """Workers with so many slots each, gunicorn for the documents, and whoever says when to look."""
        self._ends.clear()
        address = f"127.0.0.1:{self.port}"
        self.add("gunicorn", ["gunicorn", "tests.chaos.web", "-b", address, "--threads", "4", "--log-level", "error"])
        for number in range(workers):
            self.add(f"worker-{number}", [
                "celery", "-A", "tests.chaos.worker", "worker", "-c", str(slots), "-n", f"w{number}@%h",
                "--without-gossip", "--without-mingle", "-l", "WARNING",
            ])  # fmt: skip
        for number in range(beats):
            pid = self.folder / f"beat-{number}.pid"
            self.add(f"beat-{number}", ["celery", "-A", "config", "beat", "--pidfile", str(pid), "-l", "WARNING"])
        for _ in range(tickers):
            self._thread(self._tick)
        self._thread(self._guard)

    def add(self, name: str, command: list[str], *, keep: bool = True) -> Run:
        run = Run(name, [sys.executable, "-m", *command], keep)
        self._launch(run)
        self.runs.append(run)
        return run

    def _launch(self, run: Run) -> None:
        with (self.folder / f"{run.name}.log").open("ab") as log:
            run.process = subprocess.Popen(
                run.command, cwd=ROOT, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        run.starts += 1

    def _thread(self, body: Callable[[], None]) -> None:
        thread = threading.Thread(target=body, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _guard(self) -> None:
        """Starts what died, as a supervisor does."""
        while not self._ends.wait(0.3):
            for run in self.runs:
                if run.keep and run.process and run.process.poll() is not None:
                    _kill(run.process)  # its children may live on for a moment
                    self._launch(run)

    def _tick(self) -> None:
        """What beat does, ten times as often."""
        turn = 0
        while not self._ends.wait(0.5):
            turn += 1
            for name, every in (("sync.tick", 1), ("sync.sweep", 6), ("sync.health", 10)):
                if turn % every == 0:
                    self.send(name, expires=every * 0.5)

    def send(self, task: str, *arguments: Any, **options: Any) -> bool:
        """A message; False when there is no broker."""
        try:
            self.celery.send_task(task, arguments, retry=False, **options)
        except (OperationalError, RedisError, OSError):
            return False
        return True

    # -- what is done to it --------------------------------------------------------------------------------------
    def arm(self, point: str, flow: str = "", company: str = "", *, times: int = 1, victim: str = "process") -> None:
        """Somebody dies there, so many times; with victim "worker" the whole worker does."""
        name = "@".join(part for part in (point, flow, company) if part)
        for number in range(times):
            (self.points / f"{name}~{number}").write_text(victim)

    @property
    def fired(self) -> list[str]:
        """Kill points at which somebody died."""
        return sorted(each.name.removeprefix("fired.") for each in self.points.glob("fired.*"))

    @property
    def armed(self) -> list[str]:
        """Kill points that wait for somebody."""
        return sorted(each.name for each in self.points.glob("*~*") if not each.name.startswith("fired."))

    def disarm(self) -> None:
        """Nobody dies any more."""
        for name in self.armed:
            (self.points / name).unlink(missing_ok=True)

    def kill_worker(self, how: int = signal.SIGKILL) -> None:
        """Kills one whole worker, with its children, at this moment."""
        run = self.random.choice([each for each in self.runs if each.name.startswith("worker")])
        if run.process:
            _kill(run.process, how)

    def kill(self, name: str) -> None:
        """Kills the process of that name, with its children."""
        for run in self.runs:
            if run.name == name:
                _kill(run.process)

    def sync(self, slug: str) -> subprocess.Popen[bytes]:
        """`manage.py sync SLUG` in a process of its own."""
        run = self.add(f"sync-{len(self.runs)}", ["tests.chaos.worker", "sync", slug], keep=False)
        assert run.process
        return run.process

    # -- what lies in it -----------------------------------------------------------------------------------------
    def query(self, sql: str, parameters: Any = ()) -> list[tuple[Any, ...]]:
        return self.servers.postgres.query(sql, parameters, database=self.database)

    def item_ids(self) -> list[tuple[int, str, int]]:
        """(id, flow, tenant) of every item."""
        return self.query(
            "SELECT i.id, p.flow, i.tenant_id FROM sync_item i JOIN sync_pipeline p ON p.id = i.pipeline_id"
        )  # type: ignore[return-value]

    def all_done(self) -> bool:
        """Whether every invoice is known to have been transferred."""
        sql = "SELECT count(*) FROM sync_item i JOIN sync_pipeline p ON p.id = i.pipeline_id WHERE p.flow = 'invoices'"
        return self.query(f"{sql} AND i.state <> 'done'") == [(0,)]

    def until_items(self, number: int) -> None:
        """Waits until so many items have been read."""
        until(lambda: len(self.item_ids()) >= number, START_SECONDS, f"{number} items are read")

    def settle(self, seconds: float, *, readings: int = 2) -> None:
        """Waits until everything was read so many times from now on and nothing is due, backing off or being sent."""
        deadline = time.monotonic() + seconds
        for _ in range(readings):
            since = self.query("SELECT now()")[0][0]
            self.query("UPDATE sync_pipeline SET next_pull_at = now()")
            try:
                until(lambda since=since: self._quiet(since), deadline - time.monotonic(), "settled", every=0.2)
            except TimeoutError:
                self.trouble.append("not settled: " + "; ".join(self.unsettled(since)))
                return

    def _quiet(self, since: Any) -> bool:
        return not self.unsettled(since)

    def unsettled(self, since: Any) -> list[str]:
        """What still moves, in words. Readings come first: what one brings is seen among the items."""
        late = self.query(
            "SELECT flow, failed_cause, paused_cause FROM sync_pipeline "
            "WHERE pulled_at IS NULL OR pulled_at < %s OR paused_cause <> ''", (since,)
        )  # fmt: skip
        rows = self.query(
            "SELECT p.flow, i.state, i.cause, count(*) FROM sync_item i JOIN sync_pipeline p ON p.id = i.pipeline_id "
            "WHERE i.state IN ('pending', 'running') OR i.not_before IS NOT NULL OR i.needs && %s "
            "OR (i.state = 'waiting' AND i.cause = 'S6.not_fetched') OR EXISTS "
            "(SELECT 1 FROM sync_item o JOIN sync_pipeline q ON q.id = o.pipeline_id WHERE i.state = 'waiting' "
            "AND o.tenant_id = i.tenant_id "
            "AND ((o.target_id <> '' AND o.target_key = o.key) OR o.cause = 'A2.not_needed') "
            "AND i.needs && ARRAY[q.flow || ':id=' || o.source_id, q.flow || ':no=' || o.key]::varchar[]) "
            "GROUP BY 1, 2, 3",
            (["connection:fortnox", "connection:smartdok"],),
        )
        shut = self.query("SELECT system, state, cause FROM integration_connection WHERE state <> 'connected'")
        return [" ".join(map(str, row)) for row in (*rows, *late, *shut)]

    def verdict(self) -> oracle.Verdict:
        """Both sides of every company against the oracle, and the state of every item. Once more when something moved
        meanwhile: the sweep goes on, and may just then judge again what waits."""
        for _ in range(LOOKS):
            before, total = self._last_move(), self._compared()
            if self._last_move() == before and self.query(MOVING) == [(0,)]:
                break
            time.sleep(0.2)
        if self.trouble:
            total.stuck += len(self.trouble)
            total.problems += self.trouble
            self.trouble = []
        return total

    def _last_move(self) -> int:
        return int(self.query("SELECT coalesce(max(id), 0) FROM sync_transition")[0][0])

    def _compared(self) -> oracle.Verdict:
        total = oracle.Verdict()
        for site in self.sites:
            items = self.query(
                "SELECT p.flow, i.source_id, i.state, i.cause, i.reason, i.target_label FROM sync_item i "
                "JOIN sync_pipeline p ON p.id = i.pipeline_id JOIN integration_tenant t ON t.id = i.tenant_id "
                "WHERE t.slug = %s", (site.slug,),
            )  # fmt: skip
            total.add(oracle.compare(site.slug, site.smartdok, site.fortnox, site.history, items))
        return total

    def waiting(self) -> list[tuple[Any, ...]]:
        """What waits and for what, and how those whom it waits for are, for a failure."""
        return self.query(
            "SELECT t.slug, p.flow, i.key, i.cause, i.needs, i.moved_at, array(SELECT row(q.flow, o.source_id, o.key, "
            "o.state, o.cause, o.target_id, o.moved_at)::text FROM sync_item o JOIN sync_pipeline q ON q.id = "
            "o.pipeline_id WHERE o.tenant_id = i.tenant_id AND i.needs && "
            "ARRAY[q.flow || ':id=' || o.source_id, q.flow || ':no=' || o.key]::varchar[]) "
            "FROM sync_item i JOIN sync_pipeline p ON p.id = i.pipeline_id JOIN integration_tenant t "
            "ON t.id = i.tenant_id WHERE i.state = 'waiting'"
        )

    def log(self, lines: int = 40) -> str:
        """The last lines of every process's log, for a failure."""
        return "\n".join(
            f"== {each.name}\n" + "\n".join(each.read_text(errors="replace").splitlines()[-lines:])
            for each in sorted(self.folder.glob("*.log"))
        )


def _kill(process: subprocess.Popen[bytes] | None, how: int = signal.SIGKILL) -> None:
    """The process that we started, with everything that it started."""
    if process is None:
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, how)
    if how == signal.SIGKILL:
        process.wait()


def _free_port() -> int:
    import socket  # noqa: PLC0415

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
