"""Fortnox' lists are pages (note 19): up to 500 rows, `@TotalPages` in MetaInformation."""

from collections.abc import Iterator, Mapping
from typing import Any

from integration.errors import Transient
from integration.http import Http

LIMIT = 500
MOST_PAGES = 2000


def pages(
    http: Http, path: str, name: str, key: tuple[str, ...], params: Mapping[str, Any]
) -> Iterator[list[dict[str, Any]]]:
    """The rows of a list page by page; each once, known by `key`, also when the list shifts while it is read.

    Args:
        name: where the rows lie in the answer, such as `Customers`.
        key: fields that tell rows apart.
    """
    seen: set[str] = set()
    page, before = 1, 0
    for _ in range(MOST_PAGES):
        body = http.get(path, {"limit": LIMIT, **params, **({"page": page} if page > 1 else {})}).object()
        rows = body.get(name)
        if not isinstance(rows, list):
            raise Transient("fortnox.no_list", path=path)
        yield [row for row in rows if isinstance(row, dict) and _first_time([row.get(field) for field in key], seen)]
        meta = body.get("MetaInformation")
        meta = meta if isinstance(meta, dict) else {}
        total, last = meta.get("@TotalResources"), meta.get("@TotalPages")
        shrunk = isinstance(total, int) and total < before
        before = total if isinstance(total, int) else 0
        if shrunk and page > 1:
            page -= 1  # rows have moved to a page that was read before they did
        elif not rows or (page >= last if isinstance(last, int) else len(rows) < LIMIT):
            return
        else:
            page += 1
    raise Transient("fortnox.list_endless", path=path)


def _first_time(key: list[Any], seen: set[str]) -> bool:
    text = str(key)  # a vendor may put anything where a number is promised
    if text in seen and any(key):
        return False
    seen.add(text)
    return True
