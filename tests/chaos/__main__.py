"""`python -m tests.chaos --seeds 50`: storms from printed seeds. Exit 1: something is doubled, lost, wrong or stuck."""

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

from bench.throttle import measure
from tests.chaos.harness import Servers, Sizes, World
from tests.chaos.oracle import Verdict
from tests.chaos.services import until
from tests.chaos.storm import Storm

RECOVERY_SECONDS = 90
USED = 0.95
POINTS = {
    "bolag-a": ("claim.after", "process"),
    "bolag-b": ("intent.after", "process"),
    "bolag-c": ("stored.unread", "process"),
    "bolag-d": ("intent.after", "worker"),
}
HEAD = "| seed | faults and edits | items | duplicates | losses | wrong rows | stuck | seconds |"


def one(servers: Servers, seed: int) -> tuple[Verdict, Counter[str], float]:
    """One storm over two small companies, and what came of it."""
    began = time.monotonic()
    with World(servers, sites=2, seed=seed) as world:
        if seed % 2:
            world.twins.smartdok.switches.page_size = 5  # lists in many pages, which shift while they are read
        world.start(workers=1 if seed % 10 else 5, slots=2, tickers=1 + seed % 2)
        storm = Storm(world)
        storm.rage(seconds=12, faults=12, edits=8)
        world.settle(120)
        verdict = world.verdict()
        if verdict.problems:
            keep = Path(f"/tmp/chaos-{seed}.log")
            deeds = "\n".join(f"{site.slug}: {site.deeds}" for site in world.sites)
            waits = "\n".join(map(str, world.waiting()))
            keep.write_text("\n".join([*verdict.problems, deeds, waits, str(world.faults), world.log(400)]))
            print(f"seed {seed}: {keep}", *verdict.problems, sep="\n  ", file=sys.stderr)
        return verdict, world.faults, time.monotonic() - began


def recovery(servers: Servers) -> float:
    """Seconds until what killed workers held has gone on, in real time, with two beats as in production."""
    with World(servers, slugs=list(POINTS), sizes=Sizes(1, 1, 1, 1), limit=False, faster=1) as world:
        for slug, (point, victim) in POINTS.items():
            world.arm(point, "invoices", slug, victim=victim)
        world.start(workers=1, slots=4, tickers=0, beats=2)
        until(lambda: len(world.fired) == len(POINTS), 120, "everybody died")
        began = time.monotonic()
        until(lambda: all(site.fortnox.invoices for site in world.sites) and world.all_done(), 200, "went on")
        took = time.monotonic() - began
        for site in world.sites:
            assert len(site.fortnox.invoices) == 1, site.slug
        return took


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--seeds", type=int, default=50, help="how many storms")
    parser.add_argument("--first", type=int, default=1, help="seed of the first one")
    options = parser.parse_args()
    total, kinds = Verdict(), Counter[str]()
    print(HEAD, "|---" * 8 + "|", sep="\n", flush=True)
    with Servers() as servers:
        for seed in range(options.first, options.first + options.seeds):
            verdict, faults, seconds = one(servers, seed)
            total.add(verdict)
            kinds += faults
            happened = ", ".join(f"{name} {number}" for name, number in sorted(faults.items()))
            counts = (verdict.items, verdict.duplicates, verdict.losses, verdict.wrong, verdict.stuck, round(seconds))
            print(f"| {seed} | {happened} | {' | '.join(map(str, counts))} |", flush=True)
        happened = ", ".join(f"{name} {number}" for name, number in sorted(kinds.items()))
        counts = (total.items, total.duplicates, total.losses, total.wrong, total.stuck)
        print(f"| all | {happened} | {' | '.join(map(str, counts))} | |")
        took = recovery(servers)
        hammered = measure(seconds=60, processes=20)
    print(f"\nWhat killed workers held went on after {took:.0f} s, with leases and schedules as in production.")
    print(f"20 processes at one throttle for 60 s: {hammered.refused} × 429, {hammered.used:.1%} of the limit used.")
    failed = total.problems or took > RECOVERY_SECONDS or hammered.refused or hammered.used < USED
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
