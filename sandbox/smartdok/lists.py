"""Query parameters, filters and the shape of SmartDok's lists.

No list declares `offset` and `count`, yet they are read, as other parts of the API do. How exactly is a guess, so the
twin has two switches: `page_size` and `ignore_paging` (everything in one reply, whatever is asked).
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from flask import request

from sandbox.smartdok import clock
from sandbox.smartdok.errors import Malformed

Record = dict[str, Any]


@dataclass
class Switches:
    """How the twin behaves where the vendor's document is silent or contradicts itself.

    `created_status`: what a POST answers (the text promises 201, the operations declare 200).
    `invoice_dates`: what `fromDate`/`toDate` of /Invoices are held against: the billing period (any day in common), its
    first or its last day, or the day the invoice was made.
    """

    page_size: int = 100
    ignore_paging: bool = False
    created_status: Literal[200, 201] = 200
    invoice_dates: Literal["period", "DateFrom", "DateTo", "Created"] = "period"


def flag(name: str, default: bool) -> bool:
    text = request.args.get(name)
    if text is None or text == "":
        return default
    if text.lower() not in {"true", "false"}:
        raise Malformed({name: [f"The value '{text}' is not valid."]})
    return text.lower() == "true"


def optional_flag(name: str) -> bool | None:
    return flag(name, False) if request.args.get(name) else None


def number(name: str, default: int) -> int:
    text = request.args.get(name)
    if text is None or text == "":
        return default
    try:
        return int(text)
    except ValueError:
        raise Malformed({name: [f"The value '{text}' is not valid."]}) from None


def moment(name: str) -> dt.datetime | None:
    """A date-time parameter in Swedish local time; one with a zone is converted."""
    text = request.args.get(name)
    if not text:
        return None
    try:
        # A plus sign of an offset that the client did not encode arrives as a space.
        return clock.local(dt.datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text))
    except ValueError:
        raise Malformed({name: [f"The value '{text}' is not valid."]}) from None


def same(stored: str | None, asked: str) -> bool:
    """Equal to the vendor's database, which ignores case and spaces at the end."""
    return (stored or "").rstrip().casefold() == asked.rstrip().casefold()


def select(
    records: Iterable[Record], *, texts: dict[str, str], all: bool | None = None, active: bool | None = None
) -> list[Record]:
    """The records that the query asks for. `texts` maps parameter to field; `all` and `active` are this list's
    defaults."""
    found = list(records)
    if all is not None and active is not None and not flag("all", all):
        wanted = flag("active", active)
        found = [r for r in found if r["IsActive"] == wanted]
    for parameter, field in texts.items():
        asked = request.args.get(parameter)
        if asked:
            found = [r for r in found if same(r[field], asked)]
    return found


def since(records: Iterable[Record], parameter: str, field: str) -> list[Record]:
    """Those whose `field` is not before the parameter; a record without that time is left out."""
    limit = moment(parameter)
    if limit is None:
        return list(records)
    return [r for r in records if r[field] and dt.datetime.fromisoformat(r[field]) >= limit]


def wrap(records: list[Record], switches: Switches) -> Record:
    """`{Count, Offset, TotalCount, Items}` in order of Id."""
    ordered = sorted(records, key=lambda r: r["Id"])
    offset, count = 0, len(ordered)
    if not switches.ignore_paging:
        offset = max(number("offset", 0), 0)
        count = min(max(number("count", switches.page_size), 0), switches.page_size)
    items = ordered[offset : offset + count]
    return {"Count": len(items), "Offset": offset, "TotalCount": len(ordered), "Items": items}
