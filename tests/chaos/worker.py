"""Celery workers and commands that die where a test says so. Nothing of this is in the application.

`celery -A tests.chaos.worker worker` is `celery -A config worker` with two differences: times are shortened by one
factor (CHAOS_FASTER), and each *kill point* looks whether the test has laid a file `<point>@<flow>@<company>~<n>` into
the folder CHAOS_POINTS. Whoever takes the file away dies there by SIGKILL; with "worker" in the file its parent, the
whole worker, dies with it.

`python -m tests.chaos.worker sync SLUG` is `manage.py sync SLUG` under the same conditions.
"""

import contextlib
import datetime
import errno
import http.client
import os
import select
import signal
import sys
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from celery import shared_task
from django.core.files.storage import FileSystemStorage

from config.celery import app
from integration import http as door
from sync import documents
from sync.engine import access, dispatch, manual, pull, push, states
from sync.models import Item

__all__ = ["app"]

FASTER = float(os.environ.get("CHAOS_FASTER", "10"))
POINTS = Path(os.environ["CHAOS_POINTS"])
DISK_FULL = POINTS / "disk-full"
IN_A_POOL = __name__ != "__main__"  # the parent of a command is the test itself
TOKENS = ("/oauth-v1", "/token", "/Authorize")

PUSH_POINTS = (
    "claim.before",
    "claim.after",
    "intent.after",
    "request.left",
    "stored.unread",
    "answer.after",
    "outcome.after",
)
PULL_POINTS = ("pull.mid-page", "pull.before-cursor", "pull.after-cursor")

_where: ContextVar[tuple[str, str]] = ContextVar("where", default=("", ""))
_writing: ContextVar[bool] = ContextVar("writing", default=False)


def armed(point: str) -> Path | None:
    """The file that wants somebody to die at this point of this flow of this company."""
    flow, company = _where.get()
    for name in (f"{point}@{flow}@{company}", f"{point}@{flow}", point):
        for file in POINTS.glob(f"{name}~*"):
            return file
    return None


def die_if_asked(point: str) -> None:
    """Exactly one process gets to take each file away, and dies."""
    if file := armed(point):
        fired = POINTS / f"fired.{file.name}"
        try:
            file.rename(fired)
        except FileNotFoundError:
            return
        if fired.read_text() == "worker" and IN_A_POOL and os.getppid() != 1:
            os.kill(os.getppid(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)


def _around(
    module: Any, name: str, before: Callable[..., None] | None = None, after: Callable[..., None] | None = None
) -> None:
    real = getattr(module, name)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if before:
            before(*args, **kwargs)
        result = real(*args, **kwargs)
        if after:
            after(result)
        return result

    setattr(module, name, wrapped)


# -- push ----------------------------------------------------------------------------------------------------------
def _before_claim(item_id: int) -> None:
    flow, company = Item.objects.filter(pk=item_id).values_list("pipeline__flow", "tenant__slug").get()
    _where.set((flow, company))
    die_if_asked("claim.before")


_around(states, "claim", _before_claim, lambda item: die_if_asked("claim.after") if item else None)
_around(states, "take_intent", after=lambda _: die_if_asked("intent.after"))
_around(states, "settle", after=lambda _: die_if_asked("outcome.after"))

_real_once = door.Http._once


def _once(self: door.Http, method: str, path: str, **options: Any) -> Any:
    ours = method != "GET" and not path.startswith(TOKENS) and bool(_where.get()[0])
    mark = _writing.set(ours)
    try:
        answer = _real_once(self, method, path, **options)
    finally:
        _writing.reset(mark)
    if ours:
        die_if_asked("answer.after")
    return answer


door.Http._once = _once  # type: ignore[method-assign]

_real_getresponse = http.client.HTTPConnection.getresponse


def _getresponse(self: http.client.HTTPConnection) -> Any:
    """The request has left by now; the answer may be read."""
    if _writing.get():
        die_if_asked("request.left")
        if armed("stored.unread") and self.sock:
            select.select([self.sock], [], [], 10)
            die_if_asked("stored.unread")
    return _real_getresponse(self)


http.client.HTTPConnection.getresponse = _getresponse  # type: ignore[method-assign]


# -- pull ----------------------------------------------------------------------------------------------------------
_real_lease = pull._lease


def _lease(pipeline: Any) -> Any:
    _where.set((pipeline.flow, pipeline.tenant.slug))
    return _real_lease(pipeline)


pull._lease = _lease
_around(pull, "_store", after=lambda _: die_if_asked("pull.mid-page"))  # still inside the page's transaction
_real_ours = pull._ours


def _ours(pipeline: Any, **fields: Any) -> None:
    if "cursor" in fields:
        die_if_asked("pull.before-cursor")
    _real_ours(pipeline, **fields)
    if "cursor" in fields:
        die_if_asked("pull.after-cursor")


pull._ours = _ours

# -- times, all by one factor: what has to be longer than what stays so ----------------------------------------------
for module, name in (
    (states, "LEASE"), (states, "ON_ITS_WAY"), (pull, "LEASE"),
    (dispatch, "QUEUED"), (dispatch, "PULL_QUEUED"), (dispatch, "UNHEARD"), (access, "PROBE_EVERY"),
):  # fmt: skip
    setattr(module, name, getattr(module, name) / FASTER)
if FASTER > 1:
    documents.VALID_FOR = datetime.timedelta(seconds=20)
    states.LONGEST_PAUSE = pull.LONGEST_WAIT = datetime.timedelta(seconds=3)
push.STILL_AT_WORK /= FASTER
for name in ("CONNECT_SECONDS", "READ_SECONDS", "WHOLE_SECONDS"):
    setattr(door, name, getattr(door, name) / FASTER)

# -- faults that only the process itself can have --------------------------------------------------------------------
_real_save = FileSystemStorage._save


def _save(self: FileSystemStorage, name: str, content: Any) -> str:
    if DISK_FULL.exists():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return str(_real_save(self, name, content))


FileSystemStorage._save = _save  # type: ignore[method-assign]


@shared_task(name="chaos.retry")
def retry(item_id: int) -> None:
    """A person presses retry, whatever the item is doing right now."""
    manual.retry(Item.objects.filter(pk=item_id), "anna")


if __name__ == "__main__":
    from django.core.management import execute_from_command_line

    with contextlib.suppress(KeyboardInterrupt):
        execute_from_command_line(["manage.py", *sys.argv[1:]])
