"""SmartDok's lists: wrapped in `{Count, Offset, TotalCount, Items}`, or bare arrays (notes, "Lists").

No list declares `offset` and `count`, so they are sent only when the first answer was not everything.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from integration.errors import Transient
from integration.http import Http

COUNT = 100  # default and largest page in the parts of the API that declare it
MOST_PAGES = 2000


def pages(http: Http, path: str, params: Mapping[str, Any]) -> Iterator[list[Any]]:
    """The list page by page; each object once, known by its Id, also when the list shifts while it is read.

    Raises:
        Transient: the list holds more than it gives, so that a pass on it would miss records.
    """
    seen: set[str] = set()
    offset, total = 0, 0
    for _ in range(MOST_PAGES):
        paging = {"offset": offset, "count": COUNT} if offset else {}
        items, at, now = _page(http, path, {**params, **paging})
        yield [item for item in items if _first_time(item, seen)]
        if now is None:
            return
        if at != offset:
            raise Transient("smartdok.list_stuck", path=path, got=len(seen), total=now)
        vanished = max(total - now, 0)
        total = now
        if vanished:
            offset = max(offset - vanished, 0)  # what followed has moved towards the start by as many
        elif not items or offset + len(items) >= now:
            return
        else:
            offset += len(items)
    raise Transient("smartdok.list_stuck", path=path, got=len(seen), total=total)


def _page(http: Http, path: str, params: Mapping[str, Any]) -> tuple[list[Any], int, int | None]:
    """Items, the offset they start at, and how many there are in all; None for a bare array, which is always whole."""
    body = http.get(path, params).json()
    if isinstance(body, list):
        return body, 0, None
    items = body.get("Items") if isinstance(body, dict) else None
    if not isinstance(items, list):
        raise Transient("smartdok.no_list", path=path)
    total = body.get("TotalCount")
    return items, body.get("Offset") or 0, total if isinstance(total, int) else None


def _first_time(item: Any, seen: set[str]) -> bool:
    key = str(item.get("Id")) if isinstance(item, dict) and "Id" in item else f"?{len(seen)}"
    if key in seen:
        return False
    seen.add(key)
    return True
