"""What SmartDok gives: customers, projects, articles and billing bases."""

import datetime
from collections.abc import Iterator, Mapping
from typing import Any

from integration.errors import Rejected
from integration.mapping import wall_clock
from integration.records import Article, Customer, Invoice, InvoiceRow, Page, Project, Read, Unreadable
from integration.registry import reads
from integration.systems.base import Reader, Window
from integration.systems.border import Shape, read
from integration.systems.smartdok import lists
from integration.systems.smartdok.schemas import CustomerShape, GoodsShape, InvoiceShape, MachineShape, ProjectShape
from integration.systems.smartdok.system import SmartDok

AROUND = datetime.timedelta(days=400)
EARLIEST = datetime.date(2000, 1, 1)


def _since(window: Window) -> dict[str, str]:
    """`updatedSince`: Swedish wall clock without a zone (G7)."""
    if window.since is None:
        return {}
    return {"updatedSince": wall_clock(window.since, window.now).isoformat(timespec="seconds")}


@reads("smartdok", Customer)
class CustomerReader(Reader[SmartDok, Customer]):
    """GET /Customers, active and inactive."""

    incremental = True
    shape: Shape = CustomerShape()

    def pages(self, window: Window) -> Iterator[Page[Customer]]:
        """Customers changed since the window's start."""
        for items in lists.pages(self.system.http, "/Customers", {"all": "true", **_since(window)}):
            yield Page.of(map(self._take, items))

    def _take(self, item: Any) -> Read[Customer] | Unreadable:
        return read(self.shape, item, lambda values: Customer(**values), key="Id", label="CustomerName")


@reads("smartdok", Project)
class ProjectReader(Reader[SmartDok, Project]):
    """GET /Projects: active, inactive, orders and absence projects; the flow decides which go on (P3)."""

    incremental = True
    shape: Shape = ProjectShape()

    def pages(self, window: Window) -> Iterator[Page[Project]]:
        """Projects changed since the window's start, and those made since: a new one may have no `Updated` yet."""
        since = _since(window)
        for which in [since, {"createdSince": since["updatedSince"]}] if since else [since]:
            params = {"all": "true", "includeOrders": "true", **which}
            for items in lists.pages(self.system.http, "/Projects", params):
                yield Page.of(map(self._take, items))

    def _take(self, item: Any) -> Read[Project] | Unreadable:
        return read(self.shape, item, lambda values: Project(**values), key="Id", label="ProjectName")


@reads("smartdok", Article)
class ArticleReader(Reader[SmartDok, Article]):
    """Goods and machines (A1). Neither list has a change filter, so every pass reads them whole.

    `source_id` is `goods:<Id>` or `machine:<Id>`: the two number their objects independently.
    """

    goods: Shape = GoodsShape()
    machines: Shape = MachineShape()

    def pages(self, window: Window) -> Iterator[Page[Article]]:
        """All goods, then all machines."""
        for items in lists.pages(self.system.http, "/Goods", {"all": "true"}):
            yield Page.of(map(self._goods, items))
        for items in lists.pages(self.system.http, "/Machines", {"all": "true"}):
            yield Page.of(map(self._machine, items))

    def _goods(self, item: Any) -> Read[Article] | Unreadable:
        return _prefixed("goods:", read(self.goods, item, _goods, key="Id", label="Name"))

    def _machine(self, item: Any) -> Read[Article] | Unreadable:
        return _prefixed("machine:", read(self.machines, item, _machine, key="Id", label="Name"))


def _prefixed(prefix: str, result: Read[Article] | Unreadable) -> Read[Article] | Unreadable:
    if isinstance(result, Unreadable):
        return Unreadable(prefix + result.source_id, result.label, result.problems)
    return result


def _goods(values: Mapping[str, Any]) -> Article:
    return Article(
        source_id=f"goods:{values['id']}",
        number=values["number"],
        name=values["name"],
        kind="production" if values["production"] else "consumption",
        unit=(values["unit"] or {}).get("name", "").strip(),
        price=values["price"],
        active=values["active"],
    )


def _machine(values: Mapping[str, Any]) -> Article:
    """A machine has no unit of its own; where it has a price, that is per hour."""
    return Article(
        source_id=f"machine:{values['id']}",
        number=values["number"],
        name=values["name"],
        kind="machine",
        unit="tim" if values["price"] is not None else "",
        price=values["price"],
        active=values["active"],
    )


@reads("smartdok", Invoice)
class InvoiceReader(Reader[SmartDok, Invoice]):
    """GET /Invoices: drafts and finalised billing bases. No change filter; empty unless both dates are sent [seen].

    Which date of a basis is held against the two is not said [gap]. A poll asks for what lies around today and since
    400 days before go-live. What only a reading of everything finds, since its period began earlier, is remembered as
    `early`, and a poll takes it for unchanged.
    """

    incremental = complete = True
    shape: Shape = InvoiceShape()

    def pages(self, window: Window) -> Iterator[Page[Invoice]]:
        """Billing bases up to 400 days ahead, those around today first."""
        around, last = (window.go_live - AROUND).date(), (window.now + AROUND).date()
        if window.since:
            yield Page(seen=tuple(key for key in window.known() if (window.memo(key) or {}).get("early")))
        found: set[str] = set()
        for page in self._between(around, last):
            found |= {each.record.source_id for each in page.reads} | {each.source_id for each in page.unreadable}
            yield page
        if window.since is None:
            for page in self._between(EARLIEST, last):
                yield Page(
                    reads=tuple(
                        Read(each.record, {"early": True}) for each in page.reads if each.record.source_id not in found
                    ),
                    unreadable=tuple(each for each in page.unreadable if each.source_id not in found),
                )

    def _between(self, first: datetime.date, last: datetime.date) -> Iterator[Page[Invoice]]:
        params = {"fromDate": f"{first}T00:00:00", "toDate": f"{last}T00:00:00"}
        for items in lists.pages(self.system.http, "/Invoices", params):
            yield Page.of(map(self._take, items))

    def one(self, source_id: str) -> Read[Invoice] | None:
        """GET /Invoices/{id}, or None when there is none."""
        try:
            result = self._take(self.system.http.get(f"/Invoices/{int(source_id)}").json())
        except Rejected as fault:
            if fault.params.get("status") == 404:
                return None
            raise
        return result if isinstance(result, Read) else None

    def _take(self, item: Any) -> Read[Invoice] | Unreadable:
        return read(self.shape, item, _invoice, key="Id", label="Title")


def _invoice(values: dict[str, Any]) -> Invoice:
    """G9: SmartDok does not give the moment of finalising; the last change, else the creation, stands for it."""
    created, updated, lines = values.pop("created"), values.pop("updated"), values.pop("lines")
    lines.sort(key=lambda line: (line["order"] is None, line["order"] or 0, line["id"]))
    return Invoice(**values, finalised_at=updated or created, rows=tuple(map(_row, lines)))


def _row(line: Mapping[str, Any]) -> InvoiceRow:
    """I6: the text of a row is LineText, else Detail, else Comment."""
    return InvoiceRow(
        code=line["code"],
        text=next((text for text in (line["line_text"], line["detail"], line["comment"]) if text.strip()), ""),
        quantity=line["quantity"],
        price=line["price"],
        unit=line["unit"],
        discount=line["discount"],
        surcharge=line["surcharge"],
        sum=line["sum"],
        project_id=line["project_id"],
        kind=line["kind"],
    )
