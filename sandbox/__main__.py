"""`python -m sandbox`: both twins with the demo's data, until Ctrl-C or SIGTERM.

With `--data DIR` everything is kept in that folder and the next start goes on from there.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from pathlib import Path

from sandbox import Twins
from sandbox.data import FORTNOX_PORT, SMARTDOK_PORT, credentials
from sandbox.server import PortTaken


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="Twins of the SmartDok and Fortnox APIs.")
    parser.add_argument("--fortnox-port", type=int, default=FORTNOX_PORT, metavar="N")
    parser.add_argument("--smartdok-port", type=int, default=SMARTDOK_PORT, metavar="N")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--empty", action="store_true", help="the two tenants without demo data")
    parser.add_argument("--no-limit", action="store_true", help="no 429 from the Fortnox twin")
    parser.add_argument("--latency", type=float, default=0.0, metavar="S", help="seconds added to each API request")
    parser.add_argument("--data", type=Path, metavar="DIR", help="keep the state in this folder and continue from it")
    parser.add_argument("--credentials", action="store_true", help="print the demo's credentials as JSON and end")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    if options.credentials:
        print(json.dumps(credentials(), ensure_ascii=False, indent=2))
        return 0
    twins = Twins(
        empty=options.empty,
        limit=not options.no_limit,
        latency=options.latency,
        fortnox_port=options.fortnox_port,
        smartdok_port=options.smartdok_port,
        data_dir=options.data,
        host=options.host,
    )
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    for twin, option in ((twins.fortnox, "--fortnox-port"), (twins.smartdok, "--smartdok-port")):
        try:
            twin.start()
        except PortTaken:
            twins.stop()
            print(f"Port {twin.port} is taken: choose another with {option}.", file=sys.stderr)
            return 1
    print(f"Fortnox twin:  {twins.fortnox.url}", flush=True)
    print(f"SmartDok twin: {twins.smartdok.url}", flush=True)
    stopped.wait()
    twins.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
