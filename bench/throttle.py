"""Twenty processes hammer one company of the Fortnox twin, which enforces 25 requests per sliding 5 seconds.

    python -m bench.throttle --seconds 60 --processes 20

Each process asks as a worker does: throttle, token, one GET. Printed are the requests that were let through, those
answered by 429, and how much of the limit was used. Exit 1 if there was a 429 or less than 95 % was used.
"""

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
LIMIT, WINDOW = 25, 5.0

# What one process does. It starts with the settings of the parent, by environment.
WORKER = """
import sys, time
from integration.errors import RateLimited, Transient
from integration.http import Http, NoAuth
from integration.throttle import Throttle

class Bearer(NoAuth):
    def headers(self):
        return {"Authorization": "Bearer " + sys.argv[2]}

def refused(answer):
    raise SystemExit(f"refused: {answer.status} {answer.text()}")

door = Http("fortnox", sys.argv[1], auth=Bearer(), refuse=refused, throttle=Throttle(sys.argv[3], 25, 5.0))
print("ready", flush=True)
sys.stdin.readline()
end = time.monotonic() + float(sys.argv[4])
while time.monotonic() < end:
    try:
        door.get("/3/companyinformation")
    except RateLimited as fault:
        time.sleep(min(fault.wait, max(end - time.monotonic(), 0)))
"""


@dataclass(frozen=True)
class Measured:
    """`used`: share of what the limit allows between the first and the last request."""

    requests: int
    refused: int
    used: float


def measure(seconds: float, processes: int) -> Measured:
    """Hammers for so long. Needs `REDIS_URL` or the embedded services, as every process of Byggbro does."""
    from django.conf import settings  # noqa: PLC0415 - the settings start what they need

    from sandbox.fortnox import Company, FortnoxTwin  # noqa: PLC0415

    company = Company(7654321, "Bänk AB")
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "REDIS_URL": settings.REDIS_URL,
        "DATABASE_URL": os.environ.get("DATABASE_URL") or "postgres://nobody@%2Fnowhere/none",
        "SECRET_KEY": "bench-" + "x" * 50,
        "ENCRYPTION_KEYS": "A" * 43 + "=",
        "PUBLIC_URL": "http://127.0.0.1:1",
        "FORTNOX_CLIENT_ID": "id",
        "FORTNOX_CLIENT_SECRET": "secret",
        "LOG_LEVEL": "CRITICAL",
    }
    with FortnoxTwin([company], limit=True) as twin:
        token = twin.tokens.issue_access(company.tenant_id, {"companyinformation"})
        arguments = [twin.url, token, f"bench:{time.time_ns()}", str(seconds)]
        workers = [
            subprocess.Popen(
                [sys.executable, "-c", WORKER, *arguments],
                cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )
            for _ in range(processes)
        ]  # fmt: skip
        for worker in workers:
            assert worker.stdout and worker.stdout.readline() == "ready\n"
        for worker in workers:
            assert worker.stdin
            worker.stdin.write("\n")
            worker.stdin.flush()
        for worker in workers:
            worker.communicate()
        asked = twin.requests
    through = [each for each in asked if each.status == 200]
    span = through[-1].at - through[0].at
    # In a span of k whole windows and a rest, k + 1 bursts of LIMIT fit.
    allowed = LIMIT * (int(span / WINDOW) + 1)
    return Measured(len(through), sum(each.status == 429 for each in asked), len(through) / allowed)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.throttle")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--processes", type=int, default=20)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    found = measure(options.seconds, options.processes)
    print(f"{options.processes} processes, {options.seconds:.0f} s, limit {LIMIT} per {WINDOW:.0f} s")
    print(f"let through {found.requests}, answered by 429 {found.refused}, used {found.used:.1%} of the limit")
    return 1 if found.refused or found.used < 0.95 else 0


if __name__ == "__main__":
    sys.exit(main())
