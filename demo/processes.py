"""Child processes that end with their parent, whatever ends it, and whose logs are kept."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

POLITE_SECONDS = 8.0  # between SIGTERM and SIGKILL
TAIL = 15  # lines
PR_SET_PDEATHSIG = 1


class Failed(Exception):
    """The demo cannot go on. The message is for a person."""


def _die_with_parent() -> None:
    """In the child: also a supervisor that is killed outright takes its processes along (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass
class Child:
    """A running process, in a group of its own so that Ctrl-C reaches the supervisor alone."""

    name: str
    log: Path
    process: "subprocess.Popen[bytes]"

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    def tail(self) -> str:
        """The last lines of its log."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join(lines[-TAIL:])


@dataclass
class Children:
    """The processes that the supervisor started, ended in reverse order. `folder`: where their logs go."""

    folder: Path
    running: list[Child] = field(default_factory=list)

    def start(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], *, stdout: int | None = None
    ) -> Child:
        """Start a process; its output goes to `<folder>/<name>.log`, or its stdout to a pipe if asked for."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{name}.log"
        with path.open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 - our own commands
                command,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log if stdout is None else stdout,
                stderr=log,
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - no thread runs yet when processes are started
            )
        child = Child(name, path, process)
        self.running.append(child)
        return child

    def check(self) -> None:
        """Notice a process that ended by itself.

        Raises:
            Failed: one did; with the end of its log.
        """
        for child in self.running:
            if child.ended:
                raise Failed(
                    f"{child.name} ended (exit {child.process.returncode}). {child.log} ends with:\n{child.tail()}"
                )

    def stop(self) -> None:
        """End them all, by id; the first one, which the others stand on, last."""
        first, others = self.running[:1], self.running[1:]
        self.running = []
        self._end(others)
        self._end(first)

    def _end(self, children: Sequence[Child]) -> None:
        for child in children:
            if not child.ended:
                os.kill(child.process.pid, signal.SIGTERM)
        deadline = time.monotonic() + POLITE_SECONDS
        for child in children:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.process.wait(max(deadline - time.monotonic(), 0.05))
        for child in children:
            # Whatever is left of its group: pool processes of a worker that did not end in time.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.process.pid, signal.SIGKILL)
            child.process.wait()
