"""`python -m demo.services`: holds the embedded PostgreSQL and Redis for as long as it runs.

A process of its own, so that they are stopped properly even when the supervisor is killed outright. It prints the
variables that lead to them as one line of JSON and waits for SIGTERM.
"""

import json
import signal
import sys
import threading

from config.embedded import environment

VARIABLES = ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL")


def main() -> None:
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    held = environment()
    print(json.dumps({name: held[name] for name in VARIABLES}), flush=True)
    sys.stdout.close()
    stopped.wait()


if __name__ == "__main__":
    main()
