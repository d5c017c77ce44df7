"""Starts everything, watches the first pass, compares both sides, and ends every process it started."""

import contextlib
import fcntl
import json
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from config.environment import DATA_DIR, LOCAL_ENV, write_local_env
from demo.comparison import Compared
from demo.ports import HOST, Ports, free_ports
from demo.processes import Child, Children, Failed
from demo.screen import Screen
from sandbox.data import credentials

TWINS = DATA_DIR / "twins"
START_SECONDS = 180.0


class Stopped(BaseException):
    """Ctrl-C, SIGTERM or a closed terminal."""


def _stop(number: int, _: Any) -> None:
    signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C does not keep the processes from being ended
    raise Stopped


class Demo:
    """One run. `once`: end after the comparison instead of staying up."""

    def __init__(self, *, once: bool) -> None:
        self.once = once
        self.children = Children(DATA_DIR / "logs")
        self.screen = Screen()

    def run(self) -> int:
        """The exit code: 0 no unexpected difference, 1 some, or it could not be brought up."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _stop)
        try:
            with _alone():
                return self._run()
        except Failed as failed:
            self.screen.say(f"[red]{failed}[/red]" if sys.stdout.isatty() else str(failed))
            return 1
        except Stopped:
            return 0 if self.screen.is_up else 130
        finally:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            self.children.stop()

    def _run(self) -> int:
        ports = free_ports()
        services, environment = self._services(ports)
        self._twins(ports, environment)
        environment |= self._connected(services)
        self.screen.step(f"PostgreSQL, Redis and the twins run; logs are in {self.children.folder}")
        os.environ.update(environment)
        self._migrate()
        self._processes(ports, environment)
        self._reach("web", ports.web)
        self._reach("twins", ports.smartdok)
        return self._pass(ports, environment)

    # -- bringing it up ------------------------------------------------------------------------------------------
    def _services(self, ports: Ports) -> tuple[Child, dict[str, str]]:
        """PostgreSQL and Redis begin to start; what other terminals need to join is written down."""
        given = credentials()
        local = {
            "FORTNOX_CLIENT_ID": given["client_id"],
            "FORTNOX_CLIENT_SECRET": given["client_secret"],
            "FORTNOX_API_URL": f"http://{HOST}:{ports.fortnox}",
            "FORTNOX_AUTH_URL": f"http://{HOST}:{ports.fortnox}/oauth-v1",
            "SMARTDOK_API_URL": f"http://{HOST}:{ports.smartdok}",
            "PUBLIC_URL": f"http://{HOST}:{ports.web}",
        }
        write_local_env(**local)
        kept = dict(line.split("=", 1) for line in LOCAL_ENV.read_text().splitlines())
        environment = {
            **os.environ, **kept, "BYGGBRO_DATA": str(DATA_DIR), "ALLOWED_HOSTS": f"{HOST},localhost",
            "DOCUMENT_STORAGE": str(DATA_DIR / "documents"), "DJANGO_SETTINGS_MODULE": "config.settings",
        }  # fmt: skip
        for name in ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL"):
            environment.pop(name, None)  # the demo has services of its own, whatever this terminal points at
        command = [sys.executable, "-m", "demo.services"]
        return self.children.start("services", command, environment, stdout=subprocess.PIPE), environment

    def _connected(self, services: Child) -> dict[str, str]:
        """The variables that lead to PostgreSQL and Redis, once both run."""
        pipe = services.process.stdout
        line = pipe.readline() if pipe and select.select([pipe], [], [], START_SECONDS)[0] else b""
        if not line:
            raise Failed(f"PostgreSQL or Redis does not start. {services.log} ends with:\n{services.tail()}")
        held: dict[str, str] = json.loads(line)
        return held

    def _twins(self, ports: Ports, environment: Mapping[str, str]) -> None:
        command = [sys.executable, "-m", "sandbox", "--data", str(TWINS)]
        command += ["--fortnox-port", str(ports.fortnox), "--smartdok-port", str(ports.smartdok)]
        self.children.start("twins", command, environment)

    def _migrate(self) -> None:
        import django  # noqa: PLC0415 - needs the environment that has just been set
        from django.core.management import call_command  # noqa: PLC0415

        django.setup()
        log = (self.children.folder / "demo.log").open("w")
        for handler in logging.getLogger().handlers:
            handler.setStream(log)  # type: ignore[attr-defined]
        call_command("migrate", verbosity=0)

    def _processes(self, ports: Ports, environment: Mapping[str, str]) -> None:
        """The service as it runs anywhere: web, worker, beat, Flower."""
        python = [sys.executable, "-m"]
        web = [*python, "gunicorn", "config.wsgi", "--bind", f"{HOST}:{ports.web}", "--threads", "2"]
        celery = [*python, "celery", "-A", "config"]
        self.children.start("web", web, environment)
        worker = [*celery, "worker", "--concurrency", "2", "-E", "--loglevel", "INFO", "--without-mingle"]
        self.children.start("worker", worker, environment)
        self.children.start("beat", [*celery, "beat", "--loglevel", "INFO", "--pidfile="], environment)
        flower = [*celery, "flower", f"--address={HOST}", f"--port={ports.flower}"]
        self.children.start("flower", flower, environment)

    def _reach(self, name: str, port: int) -> None:
        """Wait until something answers at a port."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            self.children.check()
            with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1):
                return
            if time.monotonic() > deadline:
                child = next(each for each in self.children.running if each.name == name)
                raise Failed(f"{name} does not answer on port {port}. {child.log} ends with:\n{child.tail()}")
            time.sleep(0.05)

    # -- the pass ------------------------------------------------------------------------------------------------
    def _pass(self, ports: Ports, environment: Mapping[str, str]) -> int:
        from demo import companies, first_pass, verdict  # noqa: PLC0415 - models need django.setup()

        companies.add_operator()
        tenants = companies.add_companies(TWINS)
        names = " and ".join(each.name for each in tenants)
        self.screen.step(f"All processes run. The worker's tasks read and send everything of {names}.")
        started = first_pass.begin()

        def look() -> tuple[verdict.Counts, dict[str, Compared]]:
            twins = environment["SMARTDOK_API_URL"], environment["FORTNOX_API_URL"]
            return verdict.counts(tenants, started), verdict.compare(tenants, *twins)

        with self.screen.bars() as show:
            settled, (counts, found) = first_pass.at_rest(started, show, self.children.check, look)
        if settled:
            self.screen.step("Settled: nothing is due any more.")
        else:
            self.screen.step(f"Nothing moves any more: {first_pass.unsettled(started)}")
        self.screen.counts(counts)
        self.screen.verdict(found)
        code = 0 if settled and not any(each.unexpected for each in found.values()) else 1
        if self.once:
            return code
        self.screen.addresses(ports, companies.USER, companies.PASSWORD)
        while True:
            self.children.check()
            time.sleep(0.5)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """One demo per checkout: a second one would run on the same data."""
    DATA_DIR.mkdir(parents=True, exist_ok=True)
    with Path(DATA_DIR / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Failed(f"The demo already runs on the data in {DATA_DIR}.") from None
        yield
