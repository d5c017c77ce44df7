"""Documents that another integration seems to have transferred already: same customer and sum, about the same date.

Lists tell a total with VAT, billing bases one without: it fits when a Swedish rate leads from one to the other, give or
take the krona that accounting systems round by. Whatever fits is shown; a person decides.
"""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from integration.mapping import swedish_amount
from integration.systems.base import Listed
from sync.engine.preflight.books import Book, Entry, is_known
from sync.engine.preflight.judge import PaperDesk, Table
from sync.flows.base import Likeness

RATES = (Decimal("1.25"), Decimal(1), Decimal("1.12"), Decimal("1.06"))
ROUNDING = Decimal(1)
BEFORE, AFTER = datetime.timedelta(days=7), datetime.timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Pair:
    """A record of ours and a document over there that may be the same one."""

    entry: Entry
    like: Likeness
    listed: Listed

    @property
    def same_day(self) -> bool:
        """An equal rent every month fits the month before too."""
        return self.listed.day in {self.like.day, self.like.or_on}


def pairs(table: Table, book: Book) -> list[dict[str, Any]]:
    """Plain rows. Those of the same date whose record and document occur once only are `sure`."""
    found = list(_pairs(table, book))
    taken = is_known(table.tenant, [each.listed.target_id for each in found], book.pipeline.flow)
    found = [each for each in found if each.listed.target_id not in taken]
    ours = [each.entry.source_id for each in found]
    theirs = [each.listed.target_id for each in found]
    return [
        {
            "source_id": each.entry.source_id,
            "number": each.entry.label.key,
            "title": each.entry.label.title,
            "sum": swedish_amount(each.like.total),
            "date": each.like.day.isoformat(),
            "target_id": each.listed.target_id,
            "target_title": each.listed.title,
            "target_total": swedish_amount(each.listed.total or Decimal(0)),
            "target_date": each.listed.day.isoformat() if each.listed.day else "",
            "sure": each.same_day
            and ours.count(each.entry.source_id) == 1
            and theirs.count(each.listed.target_id) == 1,
        }
        for each in found
    ]


def _pairs(table: Table, book: Book) -> Iterator[Pair]:
    foreign: dict[str, list[Listed]] = {}
    for each in book.listed or ():
        if not each.reference and each.total is not None and each.day is not None:
            foreign.setdefault(each.customer_number, []).append(each)
    for entry in book.entries:
        if entry.record is None or entry.target_id or entry.action == "left_out":
            continue
        like = book.flow.likeness(entry.record, PaperDesk(table, book, entry))
        if like is not None:
            yield from (Pair(entry, like, each) for each in foreign.get(like.customer_number, ()) if _fits(like, each))


def _fits(like: Likeness, listed: Listed) -> bool:
    if listed.total is None or listed.day is None or not like.total:
        return False
    if not (like.day - BEFORE <= listed.day <= like.day + AFTER or listed.day == like.or_on):
        return False
    return any(abs(like.total * rate - listed.total) <= ROUNDING for rate in RATES)
