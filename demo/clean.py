"""`python -m demo.clean`: end embedded servers that a killed process left behind, so that their data can be removed.

Nothing that somebody still uses is touched: then one line says who does, and the exit code is 1.
"""

import contextlib
import json
import sys
from pathlib import Path

import psutil

from config.environment import DATA_DIR

SECONDS = 10


def servers(data: Path) -> list[tuple[Path, psutil.Process, list[int]]]:
    """Embedded servers below a folder: their folder, process and the processes that use them."""
    found = []
    for pids in data.rglob("postmaster.pid"):
        holders = pids.with_name(".handle_pids.json")
        users = json.loads(holders.read_text()) if holders.exists() else []
        found.append((pids.parent, int(pids.read_text().split()[0]), users))
    for file in data.rglob("redis/holders.json"):
        state = json.loads(file.read_text() or "{}")
        found.append((file.parent, state.get("server", 0), state.get("pids", [])))
    running = []
    for folder, pid, users in found:
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            if process.name().startswith(("postgres", "redis-server")):
                running.append((folder, process, [user for user in users if _runs(user)]))
    return running


def _runs(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def main() -> int:
    """0 when nothing runs below the data folder any more."""
    left = servers(DATA_DIR)
    for folder, _, users in left:
        if users:
            print(f"Process {users[0]} still uses {folder}: end it first (Ctrl-C in the demo).", file=sys.stderr)
            return 1
    for _, process, _ in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    _, stubborn = psutil.wait_procs([process for _, process, _ in left], timeout=SECONDS)
    return 1 if stubborn else 0


if __name__ == "__main__":
    sys.exit(main())
