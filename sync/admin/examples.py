"""The first few items of a cause, named and linked: a text that stands for many says which."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet, Value
from django.urls import reverse
from django.utils import timezone

from sync.engine.problems import PATIENCE, held_by
from sync.engine.turns import SHOWN
from sync.models import Item, Problem


@dataclass(frozen=True, slots=True)
class Example:
    """An item as people know it, its page, and what its cause is told with."""

    name: str
    url: str
    of: tuple[str, str]
    params: dict[str, Any]


def of_problem(problem: Problem) -> QuerySet[Item] | None:
    """What a list names a few of, without a query of its own; None for what holds up no items.

    Of what waits for something else, the page of the problem tells exactly which (`held_by`).
    """
    if problem.closed_at or not problem.count:
        return None
    if not problem.turns:
        return held_by(problem)
    waiting = Item.objects.filter(tenant_id=problem.tenant_id, pipeline__flow=problem.flow, cause=problem.cause)
    return waiting.filter(state=Item.State.WAITING, waiting_since__lt=timezone.now() - PATIENCE)


def first_few(selections: Sequence[QuerySet[Item] | None]) -> list[list[Example]]:
    """A few items of each selection, the oldest first, in one query whatever their number."""
    found: list[list[Example]] = [[] for _ in selections]
    few = [
        each.order_by("pk").values_list(Value(position), "pk", "key", "title", "source_id", "params")[:SHOWN]
        for position, each in enumerate(selections)
        if each is not None
    ]
    if not few:
        return found
    rows = few[0].union(*few[1:], all=True)
    for position, pk, key, title, source_id, params in sorted(rows, key=lambda row: row[:2]):
        of = key, title or ("" if key else source_id)
        url = reverse("admin:sync_item_change", args=[pk])
        found[position].append(Example(" ".join(filter(None, of)), url, of, params))
    return found
