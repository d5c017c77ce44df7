"""Lists: which parameters a list takes, what a row shows, pages (notes 19-24)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from math import ceil
from typing import Any

from sandbox.fortnox import errors
from sandbox.fortnox.company import Company
from sandbox.fortnox.errors import FortnoxError

DEFAULT_LIMIT = 100
MAX_LIMIT = 500
GLOBAL = {"page", "limit", "offset", "sortby", "sortorder", "filter", "lastmodified"}

Stored = dict[str, Any]
Test = Callable[[Company, Stored], bool]


@dataclass(frozen=True)
class Listing:
    """What a list takes. `search`: parameter -> field that must contain it. `filters`: value of `filter` -> test.

    `ranges`: parameter -> (field, "from" or "to"). `row_search`: parameter -> field of an invoice row.
    """

    register: str
    search: Mapping[str, str] = field(default_factory=dict)
    row_search: Mapping[str, str] = field(default_factory=dict)
    ranges: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    filters: Mapping[str, Test] = field(default_factory=dict)
    sorts: Mapping[str, str] = field(default_factory=dict)
    lastmodified: bool = False


def selected(listing: Listing, company: Company, query: Mapping[str, str]) -> tuple[list[Stored], dict[str, int]]:
    """The stored objects of the page asked for, and the MetaInformation."""
    _refuse_unknown(listing, company, query)
    objects = list(getattr(company, listing.register).items())
    if "lastmodified" in query:
        since = _time(query["lastmodified"])
        objects = [pair for pair in objects if company.modified.get((listing.register, pair[0]), datetime.max) >= since]
    stored = [values for _, values in objects]
    for test in _tests(listing, company, query):
        stored = list(filter(test, stored))
    stored = _sorted(listing, stored, query)
    limit, page = _number(query, "limit", DEFAULT_LIMIT), _number(query, "page", 1)
    if limit > MAX_LIMIT:
        raise _refused("limit")
    total = len(stored)
    start = int(query["offset"]) if query.get("offset", "").isdecimal() else (page - 1) * limit
    meta = {"@TotalResources": total, "@TotalPages": ceil(total / limit), "@CurrentPage": page}
    return stored[start : start + limit], meta


def _refuse_unknown(listing: Listing, company: Company, query: Mapping[str, str]) -> None:
    searches = [name for name in query if name in listing.search or name in listing.row_search]
    for name in query:
        if name not in GLOBAL and name not in searches and name not in listing.ranges:
            raise _refused(name)
    if len(searches) > 1:  # note 21: one resource filter at a time
        raise _refused(searches[1])
    accepts = listing.lastmodified and (listing.register != "supplier_invoices" or company.supplier_lastmodified)
    if "lastmodified" in query and not accepts:  # note 23
        raise _refused("lastmodified")
    if "filter" in query and query["filter"] not in listing.filters:
        raise _refused("filter")
    if "sortby" in query and query["sortby"] not in listing.sorts:
        raise _refused("sortby")
    if query.get("sortorder", "ascending") not in {"ascending", "descending"}:
        raise _refused("sortorder")


def _tests(listing: Listing, company: Company, query: Mapping[str, str]) -> list[Callable[[Stored], bool]]:
    """What an object must pass for the query, made once: lists of ten thousand are searched before each invoice."""
    tests: list[Callable[[Stored], bool]] = []
    for name, wanted in query.items():
        if name in listing.search:
            tests.append(_contains(listing.search[name], wanted))
        elif name in listing.row_search:
            tests.append(_row_contains(listing.row_search[name], wanted))
        elif name in listing.ranges:
            tests.append(partial(_within, listing.ranges[name], wanted))
    if "filter" in query:
        tests.append(partial(listing.filters[query["filter"]], company))
    return tests


def _contains(field_name: str, wanted: str) -> Callable[[Stored], bool]:
    """Note 20: substring, case-insensitive."""
    lower = wanted.lower()

    def test(stored: Stored) -> bool:
        value = stored.get(field_name)
        return lower in ("" if value is None else str(value).lower())

    return test


def _row_contains(field_name: str, wanted: str) -> Callable[[Stored], bool]:
    row_test = _contains(field_name, wanted)
    return lambda stored: any(map(row_test, stored.get("InvoiceRows", ())))


def _within(bound: tuple[str, str], wanted: str, stored: Stored) -> bool:
    name, side = bound
    values = [str(stored.get(name) or "")]
    if name == "AccountNumber":
        values = [str(row.get(name) or "") for row in stored.get("InvoiceRows", [])]
    return any(value and (value >= wanted if side == "from" else value <= wanted) for value in values)


def _sorted(listing: Listing, stored: list[Stored], query: Mapping[str, str]) -> list[Stored]:
    """By number unless asked otherwise, numbers before texts."""
    name = listing.sorts.get(query.get("sortby", "")) or next(iter(listing.sorts.values()), "")
    if not name:
        return stored

    def key(values: Stored) -> tuple[int, float, str]:
        value = values.get(name)
        text = str("" if value is None else value)
        if isinstance(value, int | float) or text.isdecimal():
            return (0, float(text), text)
        return (1, 0.0, text.lower())

    return sorted(stored, key=key, reverse=query.get("sortorder") == "descending")


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isdecimal() or int(text) < 1:
        raise _refused(name)
    return int(text)


def _time(text: str) -> datetime:
    """Note 22: YYYY-MM-DD HH:MM, Swedish wall clock."""
    for form in ("%Y-%m-%d %H:%M", "%Y-%m-%d"):
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    raise _refused("lastmodified")


def _refused(name: str) -> FortnoxError:
    return FortnoxError(errors.PARAMETER, f"Ogiltig parameter i anropet. ({name})")


def overdue(company: Company, stored: Stored) -> bool:
    return unpaid(company, stored) and date.fromisoformat(stored["DueDate"]) < company.today()


def unpaid(_: Company, stored: Stored) -> bool:
    return not stored.get("Cancelled") and float(stored.get("Balance") or 0) != 0


def fully_paid(_: Company, stored: Stored) -> bool:
    return not stored.get("Cancelled") and float(stored.get("Balance") or 0) == 0


def cancelled(_: Company, stored: Stored) -> bool:
    return bool(stored.get("Cancelled"))


def unbooked(_: Company, stored: Stored) -> bool:
    return not stored.get("Booked") and not stored.get("Cancelled")
