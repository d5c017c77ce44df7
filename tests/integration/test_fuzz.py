"""Any JSON that a vendor may answer with, at every reader: a record, or a typed error that names the field.

Valid rows are taken from the demo data and then spoiled: fields dropped, nulled, of the wrong type, huge or deep. So
are the rows of a target's lists.
"""

import copy
import dataclasses
import datetime
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
import simplejson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration import registry
from integration.errors import Fault
from integration.http import Answer
from integration.mapping import SWEDEN
from integration.records import (
    Article,
    Customer,
    Invoice,
    OutgoingInvoice,
    Project,
    Read,
    SupplierDocument,
    SupplierInvoice,
    Unreadable,
    dump,
    load,
)
from integration.systems.base import Window
from sandbox import data

NOW = datetime.datetime(2026, 11, 2, 8, tzinfo=datetime.UTC)
WINDOW = Window(None, NOW, NOW - datetime.timedelta(days=3000), lambda _: None)

ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**20), 10**20), st.text(max_size=30), st.just("x" * 100_000),
    st.sampled_from(["1E+999999999", "1E-999999999", "1E-25", "99999999999999.99", "1E+14"]).map(Decimal),
    st.sampled_from(["1E+9999999", "1E-30", "9999-12-31T23:59:59-12:00", "9999-12-31", "1900-01-01T00:00:00+23:59"]),
    st.integers(50, 3000).map(lambda levels: f"@deep-{levels}"),  # unfolded where it is answered
    st.sampled_from([1e308, "NaN", "-Infinity", "0001-01-01T00:00:00", "2026-02-30", "\x00", "\ud800", {}, [], [[]]]),
    st.recursive(st.none() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=2) | st.dictionaries(
        st.text(max_size=4), inner, max_size=2), max_leaves=20),
)  # fmt: skip


class Answers:
    """Stands in for `Http`: answers every GET with the JSON that belongs to the longest matching path."""

    def __init__(self, bodies: dict[str, Any]) -> None:
        self.bodies = bodies

    def get(self, path: str, params: Any = None, *, largest: int = 0) -> Answer:
        known = max((each for each in self.bodies if path.startswith(each)), key=len)
        content = simplejson.dumps(self.bodies[known], use_decimal=True).encode("utf-8", "surrogatepass")
        unfolded = re.sub(rb'"@deep-(\d+)"', lambda found: b"[" * int(found[1]) + b"]" * int(found[1]), content)
        return Answer("GET", path, 200, {}, unfolded)


class Stand:
    """A system as far as readers look at it."""

    def __init__(self, bodies: dict[str, Any]) -> None:
        self.http = Answers(bodies)
        self.connection = type("Row", (), {"options": {"supplier_lastmodified": False}, "pk": 1})()

    def get(self, path: str) -> Any:
        return self.http.get(path).json()


@cache
def demo() -> Any:
    return data.generate(today=datetime.date(2026, 11, 1))[0]


def wrapped(rows: Any) -> Any:
    return {"Items": rows, "Offset": 0, "Count": 1, "TotalCount": 1}


def bodies(record: type, row: Any) -> dict[str, Any]:
    """What the vendor's addresses answer when the list holds this one row."""
    if record is SupplierInvoice:
        thin = row if isinstance(row, dict) else {}
        return {"/3/supplierinvoices": {"SupplierInvoices": [thin]}, "/3/supplierinvoices/": {"SupplierInvoice": row}}
    return {
        Customer: {"/Customers": wrapped([row])},
        Project: {"/Projects": wrapped([row])},
        Article: {"/Goods": wrapped([row]), "/Machines": wrapped([row])},
        Invoice: {"/Invoices": [row]},
        SupplierDocument: {
            "/3/supplierinvoicefileconnections": {"SupplierInvoiceFileConnections": [row]},
        },
    }[record]


def valid(record: type) -> dict[str, Any]:
    """A row as the vendor gives it."""
    company, fortnox = demo().smartdok, demo().fortnox
    rows: dict[type, Any] = {
        Customer: company.customers, Project: company.projects, Article: company.goods, Invoice: company.invoices,
        SupplierInvoice: fortnox.supplier_invoices, SupplierDocument: fortnox.file_connections,
    }  # fmt: skip
    found = rows[record]
    row = next(iter(found.values())) if isinstance(found, dict) else found[0]
    plain: dict[str, Any] = json.loads(json.dumps(row, default=str))
    return plain


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value of a row."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield from places(each, (*path, key))


def spoiled(row: Any, path: tuple[Any, ...], odd: Any) -> Any:
    """The row with one value replaced; a missing key where `odd` is an exception."""
    if not path:
        return odd
    changed = copy.deepcopy(row)
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    if odd is KeyError:
        del holder[path[-1]]
    else:
        holder[path[-1]] = odd
    return changed


READERS = [
    ("smartdok", Customer), ("smartdok", Project), ("smartdok", Article), ("smartdok", Invoice),
    ("fortnox", SupplierInvoice), ("fortnox", SupplierDocument),
]  # fmt: skip


def results(system: str, record: type, row: Any) -> list[Read | Unreadable]:
    """What the reader makes of it; a fault of the whole list is one that the engine knows."""
    reader = registry.reader(system, record)(Stand(bodies(record, row)))
    try:
        pages = list(reader.pages(WINDOW))
    except Fault as fault:
        assert fault.cause
        return []
    return [each for page in pages for each in (*page.reads, *page.unreadable)]


@pytest.mark.parametrize(("system", "record"), READERS)
def test_a_valid_row_is_read(system: str, record: type) -> None:
    assert [type(each) for each in results(system, record, valid(record))][:1] == [Read]


@pytest.mark.parametrize(("system", "record"), READERS)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(draw=st.data())
def test_G8_whatever_a_vendor_sends_is_a_record_or_an_error_that_names_the_field(
    system: str, record: type, draw: st.DataObject
) -> None:
    row = valid(record)
    if record is SupplierInvoice and draw.draw(st.booleans()):
        row |= {"Currency": "EUR", "CurrencyRate": 11.35, "CurrencyUnit": 1}
    for _ in range(draw.draw(st.integers(1, 3))):
        path = draw.draw(st.sampled_from(sorted(places(row), key=str)))
        row = spoiled(row, path, draw.draw(ODD | st.just(KeyError) if path else ODD))
        if not isinstance(row, dict):
            break
    for each in results(system, record, row):
        if isinstance(each, Unreadable):
            assert each.source_id
            assert each.problems
            json.dumps(each.problems)
        else:
            # What is stored can be read back as it was, and is text that a database takes.
            plain = dump(each.record)
            for field in dataclasses.fields(each.record):
                if isinstance(value := getattr(each.record, field.name), datetime.datetime):
                    value.astimezone(SWEDEN)
            assert load(plain, record) == each.record
            assert "\\u0000" not in json.dumps(plain)
            json.dumps(plain, ensure_ascii=False).encode()


@settings(max_examples=100, deadline=None)
@given(body=ODD)
@pytest.mark.parametrize(("system", "record"), READERS)
def test_G8_a_list_that_is_none_is_a_fault_the_engine_knows(system: str, record: type, body: Any) -> None:
    reader = registry.reader(system, record)(Stand(dict.fromkeys(bodies(record, {}), body)))
    try:
        pages = list(reader.pages(WINDOW))
    except Fault as fault:
        assert fault.cause
    else:
        assert all(not page.reads for page in pages)


@pytest.mark.parametrize(("field", "value", "named"), [
    ("CurrencyRate", Decimal("1E+14"), "Valutakurs"), ("CurrencyUnit", "1E-25", "Valutakurs"),
    ("CurrencyUnit", Decimal("1E-999999"), "Valutaenhet"), ("Total", "999999999999999", "Total"),
    ("InvoiceDate", "9999-12-31", "Fakturadatum"), ("SupplierNumber", "9" * 121, "Leverantörsnummer"),
])  # fmt: skip
def test_G8_a_value_that_nothing_can_be_made_of_is_named(field: str, value: Any, named: str) -> None:
    foreign = {**valid(SupplierInvoice), "Currency": "EUR", "CurrencyRate": 11.35, "CurrencyUnit": 1}
    [unreadable] = results("fortnox", SupplierInvoice, {**foreign, field: value})
    assert isinstance(unreadable, Unreadable)
    assert list(unreadable.problems) == [named]


def test_G7_a_moment_at_the_end_of_the_calendar_is_named() -> None:
    [unreadable] = results("smartdok", Invoice, {**valid(Invoice), "Updated": "9999-12-31T23:59:59-12:00"})
    assert isinstance(unreadable, Unreadable)
    assert list(unreadable.problems.values()) == ["är ett orimligt datum"]


LISTS: dict[type, tuple[str, str, dict[str, Any]]] = {
    OutgoingInvoice: ("/3/invoices", "Invoices", {
        "DocumentNumber": "7", "CustomerNumber": "1001", "CustomerName": "Brf Eken", "Total": 125.0,
        "InvoiceDate": "2026-05-04", "ExternalInvoiceReference1": "BB-1", "Cancelled": False,
    }),
    Customer: ("/3/customers", "Customers", {"CustomerNumber": "1001", "Name": "Brf Eken", "Active": True}),
    Project: ("/3/projects", "Projects", {"ProjectNumber": "2041", "Description": "Skolan", "Status": "ONGOING"}),
    Article: ("/3/articles", "Articles", {"ArticleNumber": "10", "Description": "Grus", "SalesPrice": 12.5}),
}  # fmt: skip


@pytest.mark.parametrize("record", LISTS)
@settings(max_examples=60, deadline=None)
@given(draw=st.data())
def test_G8_whatever_lies_in_a_list_of_the_target_the_rest_of_it_is_listed(record: type, draw: st.DataObject) -> None:
    path, name, row = LISTS[record]
    odd = spoiled(row, (draw.draw(st.sampled_from(sorted(row))),), draw.draw(ODD | st.just(KeyError)))
    writer = registry.writer("fortnox", record)(Stand({path: {name: [odd, {next(iter(row)): "999"}]}}))
    try:
        listed = [each for rows in writer.listing(NOW.date()) for each in rows]
    except Fault as fault:
        assert fault.cause == "http.not_json"
    else:
        assert listed[-1].target_id == "999"


def test_a_decimal_survives_the_way_through_the_database() -> None:
    row = {**valid(Invoice), "TotalPrice": Decimal("0.1")}
    [read] = results("smartdok", Invoice, row)
    assert isinstance(read, Read)
    assert load(dump(read.record), Invoice).total == Decimal("0.1")
