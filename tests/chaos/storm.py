"""Everything that goes wrong, in a mix that a seed decides and that can be had again by the same seed."""

import signal
import subprocess
import threading
import time
from collections.abc import Callable
from typing import Any

from tests.chaos.company import Site
from tests.chaos.harness import World

FORTNOX_PATHS = ("/3/invoices", "/3/customers", "/3/projects", "/3/articles", "/3/units", "/3/")
SMARTDOK_PATHS = ("/SupplierInvoices$", "document/upload", "/SupplierInvoices")
FLOWS = ("customers", "projects", "articles", "invoices", "supplier-invoices", "supplier-documents")
POINTS = (
    *("claim.before", "claim.after", "intent.after", "request.left", "stored.unread", "answer.after", "outcome.after"),
    *("pull.mid-page", "pull.before-cursor", "pull.after-cursor"),
)
SLOW, SLOWER = 2.5, 3.5  # a tenth of 25 and 35 s: longer than we wait for an answer


class Storm:
    """Draws what happens and when, lets it happen, and counts it in `world.faults`."""

    def __init__(self, world: World) -> None:
        self.world, self.dice = world, world.random
        self.syncs: list[subprocess.Popen[bytes]] = []
        self._timers: list[threading.Timer] = []
        self.kinds: dict[str, tuple[int, Callable[[], None]]] = {
            "answer lost": (6, self.answer_lost),
            "stored late": (2, self.stored_late),
            "refused": (4, self.refused),
            "too many requests": (1, self.too_many_requests),
            "no connection": (1, self.no_connection),
            "page instead of data": (2, self.page_instead),
            "killed at a point": (6, self.killed_at_point),
            "worker killed": (2, self.worker_killed),
            "worker ended": (1, self.worker_ended),
            "broker flushed": (1, self.broker_flushed),
            "broker stopped": (1, self.broker_stopped),
            "delivered again": (2, self.delivered_again),
            "database restarted": (1, self.database_restarted),
            "database crashed": (1, self.database_crashed),
            "connections ended": (1, self.connections_ended),
            "sync typed twice": (1, self.sync_twice),
            "retry pressed": (2, self.retry_pressed),
            "token expired": (1, self.token_expired),
            "consent withdrawn": (1, self.consent_withdrawn),
            "disk full": (1, self.disk_full),
            "documents unreachable": (1, self.documents_unreachable),
            "document not fetched": (1, self.not_fetched),
        }

    def rage(self, seconds: float, faults: int, edits: int) -> None:
        """So many faults and edits spread over so many seconds; then all faults are gone."""
        names, weights = list(self.kinds), [weight for weight, _ in self.kinds.values()]
        drawn = self.dice.choices(names, weights, k=faults) + ["edit"] * edits
        events = sorted((self.dice.uniform(0, seconds), name) for name in drawn)
        began = time.monotonic()
        for at, name in events:
            time.sleep(max(0.0, began + at - time.monotonic()))
            if name == "edit":
                self._site().change_something()
            else:
                self.kinds[name][1]()
            self.world.faults[name] += 1
        time.sleep(max(0.0, began + seconds - time.monotonic()))
        self.calm()

    def calm(self) -> None:
        """No fault stands any more; what was typed has ended; every message comes once more, an hour late."""
        for timer in self._timers:
            timer.join()
        for twin in (self.world.twins.fortnox, self.world.twins.smartdok):
            twin.faults.clear()
        self.world.disarm()
        (self.world.points / "disk-full").unlink(missing_ok=True)
        for process in self.syncs:
            process.wait(120)
        self.deliver(self.world.item_ids())

    def _site(self) -> Site:
        return self.dice.choice(self.world.sites)

    def _later(self, seconds: float, then: Callable[[], Any]) -> None:
        timer = threading.Timer(seconds, then)
        timer.start()
        self._timers.append(timer)

    def _fault(self, kind: str, method: str = "*", path: str = "", times: int = 1, **options: Any) -> None:
        twin = self.dice.choice((self.world.twins.fortnox, self.world.twins.fortnox, self.world.twins.smartdok))
        if method != "GET" and not path:
            path = self.dice.choice(FORTNOX_PATHS if twin is self.world.twins.fortnox else SMARTDOK_PATHS)
        twin.faults.add(kind, method, path, times=times, **options)

    # -- vendors ---------------------------------------------------------------------------------------------------
    def answer_lost(self) -> None:
        kind = self.dice.choice(("reset-after", "reset-after", "truncate", "not-json", "status-after", "delay-after"))
        options: dict[str, Any] = {"status": self.dice.choice((500, 502, 503, 504))} if kind == "status-after" else {}
        options |= {"seconds": SLOW} if kind == "delay-after" else {}
        self._fault(kind, self.dice.choice(("POST", "POST", "PUT")), times=self.dice.randint(1, 2), **options)

    def stored_late(self) -> None:
        """The vendor takes longer than we wait, and then stores it."""
        self._fault("delay", "POST", seconds=self.dice.choice((SLOW, SLOWER)))

    def refused(self) -> None:
        kind = self.dice.choice(("status", "status", "reset-before"))
        options = {"status": self.dice.choice((500, 502, 503, 504))} if kind == "status" else {}
        self._fault(kind, self.dice.choice(("POST", "PUT", "GET")), times=self.dice.randint(1, 5), **options)

    def too_many_requests(self) -> None:
        self._fault("storm", times=self.dice.randint(3, 10))

    def no_connection(self) -> None:
        twin = self.dice.choice((self.world.twins.fortnox, self.world.twins.smartdok))
        fault = twin.faults.add("refuse-all")
        self._later(1.5, lambda: twin.faults.clear(fault.id))

    def page_instead(self) -> None:
        self._fault("not-json", "GET", times=self.dice.randint(1, 4))

    def token_expired(self) -> None:
        self.world.twins.fortnox.tokens.expire()
        self.world.twins.smartdok.expire_sessions()

    def consent_withdrawn(self) -> None:
        company = self._site().fortnox
        self.world.twins.fortnox.withdraw_consent(company.tenant_id)
        self._later(2.0, company.give_consent)

    def not_fetched(self) -> None:
        """SmartDok says yes and never fetches the document."""
        self.world.twins.smartdok.faults.add("status", "POST", "document/upload", status=200, body="{}")

    # -- our own processes -----------------------------------------------------------------------------------------
    def killed_at_point(self) -> None:
        victim = self.dice.choice(("process", "process", "process", "worker"))
        self.world.arm(self.dice.choice(POINTS), self.dice.choice(FLOWS), victim=victim)

    def worker_killed(self) -> None:
        self.world.kill_worker()

    def worker_ended(self) -> None:
        self.world.kill_worker(signal.SIGTERM)

    def documents_unreachable(self) -> None:
        self.world.kill("gunicorn")

    def sync_twice(self) -> None:
        if not self.syncs:
            slug = self._site().slug
            self.syncs = [self.world.sync(slug), self.world.sync(slug)]

    def retry_pressed(self) -> None:
        for item_id, _, _ in self._some(10):
            self.world.send("chaos.retry", item_id)

    def delivered_again(self) -> None:
        self.deliver(self._some(15), times=self.dice.randint(2, 3))

    def deliver(self, items: list[tuple[int, str, int]], times: int = 1) -> None:
        for item_id, flow, tenant_id in items * times:
            self.world.send(f"sync.{flow.replace('-', '_')}.push", item_id, tenant_id)

    def _some(self, number: int) -> list[tuple[int, str, int]]:
        items = self.world.item_ids()
        return self.dice.sample(items, min(number, len(items)))

    # -- what they stand on ------------------------------------------------------------------------------------------
    def broker_flushed(self) -> None:
        self.world.servers.redis.flush()

    def broker_stopped(self) -> None:
        """Three seconds for thirty."""
        self.world.servers.redis.stop()
        time.sleep(3)
        self.world.servers.redis.start()

    def database_restarted(self) -> None:
        self.world.servers.postgres.stop(signal.SIGINT)
        self.world.servers.postgres.start()

    def database_crashed(self) -> None:
        self.world.servers.postgres.stop(signal.SIGQUIT)
        self.world.servers.postgres.start()

    def connections_ended(self) -> None:
        self.world.servers.postgres.end_sessions(self.world.database)

    def disk_full(self) -> None:
        full = self.world.points / "disk-full"
        full.touch()
        self._later(2.0, lambda: full.unlink(missing_ok=True))
