"""Once a day: what is kept only for a while goes. How long is what `docs/deploy.md` promises.

History is accounting information: it stays seven years after the financial year that it belongs to, which may end in
the calendar year after. Payloads go earlier; the invoice itself lies in the accounting system. Items stay for good:
they are why nothing is sent twice (I2).
"""

import datetime
from collections.abc import Iterator
from importlib import import_module
from itertools import islice
from typing import Any

from django.conf import settings
from django.db.models import Model, QuerySet
from django.utils import timezone

from sync.models import Act, Attempt, DryRun, Preflight, Problem, SetupLink, Transition

BATCH = 1000  # rows per statement, so that none locks long
A_WHILE = datetime.timedelta(days=90)
A_YEAR = datetime.timedelta(days=365)
TWO_YEARS = datetime.timedelta(days=730)
HISTORY_YEARS = 8  # whole calendar years


def tidy() -> dict[str, int]:
    """Delete what is past its time, and sessions that ran out. Returns how many rows, by kind, where there were any."""
    now = timezone.now()
    lately, history = now - A_WHILE, _history_from(now)
    gone: dict[str, QuerySet[Any]] = {
        "dry_runs": DryRun.objects.filter(started_at__lt=lately),
        "acts": Act.objects.filter(finished_at__lt=lately),
        "preflights": Preflight.objects.filter(created_at__lt=lately),
        "setup_links": SetupLink.objects.filter(expires_at__lt=lately),
        "problems": Problem.objects.filter(closed_at__lt=now - A_YEAR),
        # Nothing was written; that somebody looked, and what came of it, is in the transitions.
        "look_ups": Attempt.objects.filter(operation=Attempt.Operation.LOOK_UP, started_at__lt=lately),
        "attempts": Attempt.objects.filter(started_at__lt=history),
        "transitions": Transition.objects.filter(at__lt=history),
    }
    counts = {name: _delete(rows) for name, rows in gone.items()}
    counts["payloads"] = _forget(Attempt.objects.filter(started_at__lt=now - TWO_YEARS, payload__isnull=False))
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    return {name: count for name, count in counts.items() if count}


def _history_from(now: datetime.datetime) -> datetime.datetime:
    here = timezone.localtime(now)
    return here.replace(year=here.year - HISTORY_YEARS, month=1, day=1, hour=0, minute=0, second=0, microsecond=0)


def _delete(rows: "QuerySet[Any]") -> int:
    model: type[Model] = rows.model
    return sum(model._default_manager.filter(pk__in=keys).delete()[0] for keys in _batches(rows))


def _forget(attempts: "QuerySet[Attempt]") -> int:
    return sum(Attempt.objects.filter(pk__in=keys).update(payload=None) for keys in _batches(attempts))


def _batches(rows: "QuerySet[Any]") -> Iterator[list[Any]]:
    """Primary keys, found by one reading of the table."""
    keys = rows.order_by().values_list("pk", flat=True).iterator(chunk_size=BATCH)
    return iter(lambda: list(islice(keys, BATCH)), [])
