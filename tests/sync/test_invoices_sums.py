"""I7: the rows in Fortnox add up to SmartDok's TotalPrice to the öre, or the invoice waits with both figures."""

import datetime
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from integration.errors import InvalidRecord
from integration.records import Invoice, InvoiceRow, Note
from integration.systems.fortnox.invoices import InvoiceWriter
from sandbox.fortnox import Company
from sandbox.fortnox.amounts import filled_row
from sync.flows.base import Peer
from sync.flows.invoices import Invoices
from tests.sync import remote

D = Decimal


def row(price: float, quantity: float, **fields: Any) -> dict[str, Any]:
    return {"LineText": "Rad", "Price": price, "Quantity": quantity, **fields}


def _sent(fortnox: Any) -> tuple[float, list[tuple[str, Any, Any, Any, Any]]]:
    (invoice,) = remote.invoices(fortnox)
    return invoice["Net"], [
        (each["DeliveredQuantity"], each["Price"], each.get("Discount", 0), each.get("DiscountType", ""), each["Total"])
        for each in invoice["Rows"]
    ]


@pytest.mark.parametrize(
    ("reading", "fields", "expected"),
    [
        ("percent", {"Discount": 10.0}, (900, [("1", 1000.0, 10.0, "PERCENT", 900)])),
        ("amount", {"Discount": 10.0}, (990, [("1", 1000.0, 10.0, "AMOUNT", 990)])),
        ("percent", {"Surcharge": 15.0}, (1150, [("1", 1150, 0, "", 1150)])),
        ("amount", {"Surcharge": 15.0}, (1015, [("1", 1015, 0, "", 1015)])),
        ("percent", {"Discount": 10.0, "Surcharge": 20.0}, (1080, [("1", 1080, 0, "", 1080)])),
        ("amount", {"Discount": 10.0, "Surcharge": 20.0}, (1010, [("1", 1010, 0, "", 1010)])),
    ],
)
def test_I7_the_reading_that_gives_the_rows_sum_is_used(
    smartdok: Any, fortnox: Any, settled: Any, bill: Any, reading: str, fields: Any, expected: Any
) -> None:
    smartdok.discount_reading = reading
    bill(row(1000.0, 1.0, **fields))
    assert settled().exit_code == 0
    assert _sent(fortnox) == expected


def test_I7_a_row_that_no_reading_explains_waits_with_both_figures(
    fortnox: Any, settled: Any, bill: Any, item: Any
) -> None:
    basis = bill(row(1000.0, 2.0, Discount=10.0, Sum=1700.0))
    assert settled().exit_code == 2
    stopped = item("invoices", basis["Id"])
    assert (stopped.state, stopped.reason, stopped.cause) == ("stopped", "data", "I7.row")
    assert (stopped.params["row"], stopped.params["computed"], stopped.params["sum"]) == (
        1, "2 000,00 kr", "1 700,00 kr",
    )  # fmt: skip
    assert fortnox.invoices == {}


def test_I7_a_total_that_the_rows_do_not_give_waits_with_both_figures(
    fortnox: Any, settled: Any, bill: Any, item: Any
) -> None:
    basis = bill(row(1000.0, 2.0), TotalPrice=2100.0)
    assert settled().exit_code == 2
    stopped = item("invoices", basis["Id"])
    assert (stopped.state, stopped.cause) == ("stopped", "I7.total")
    assert stopped.params == {"rows": "2 000,00 kr", "total": "2 100,00 kr"}
    assert fortnox.invoices == {}


@pytest.mark.parametrize(
    ("reading", "fields", "net", "text"),
    [
        ("percent", {"Discount": 10.0}, 1800, "Rabatt 10 %"),
        ("amount", {"Discount": 150.5}, 1849.5, "Rabatt 150,5 kr"),
        ("percent", {"Surcharge": 5.0}, 2100, "Påslag 5 %"),
    ],
)
def test_I7_a_discount_on_the_whole_invoice_is_a_row_of_its_own(
    smartdok: Any, fortnox: Any, settled: Any, bill: Any, reading: str, fields: Any, net: float, text: str
) -> None:
    smartdok.discount_reading = reading
    bill(row(1000.0, 2.0), **fields)
    assert settled().exit_code == 0
    (invoice,) = remote.invoices(fortnox)
    assert (invoice["Net"], [each["Description"] for each in invoice["Rows"]]) == (net, ["Rad", text])


def test_I7_half_an_ore_goes_away_from_zero_as_at_the_vendors(fortnox: Any, settled: Any, bill: Any) -> None:
    bill(row(0.25, 0.5, Sum=0.13), row(-0.25, 0.5, Sum=-0.13), row(1.005, 1.0, Sum=1.01), TotalPrice=1.01)
    assert settled().exit_code == 0
    assert _sent(fortnox) == (
        1.01, [("0.5", 0.25, 0, "", 0.13), ("0.5", -0.25, 0, "", -0.13), ("1", 1.005, 0, "", 1.01)],
    )  # fmt: skip


def test_I7_negative_quantities_with_a_discount(fortnox: Any, settled: Any, bill: Any) -> None:
    bill(row(1000.0, 5.0), row(1000.0, -2.0, Discount=10.0))
    assert settled().exit_code == 0
    assert _sent(fortnox) == (3200, [("5", 1000.0, 0, "", 5000), ("-2", 1000.0, 10.0, "PERCENT", -1800)])


@pytest.mark.parametrize(
    "sums",
    [
        pytest.param({"Sum": 33.335}, id="the sums have fractions"),
        pytest.param({"Sum": 33.34}, id="the sums are rounded, the total is of what lies behind them"),
    ],
)
def test_I7_what_fractions_of_an_ore_leave_is_a_row_of_its_own_and_told(
    fortnox: Any, settled: Any, bill: Any, item: Any, sums: dict[str, float]
) -> None:
    basis = bill(*[row(66.67, 0.5, **sums)] * 3, TotalPrice=100.01)
    assert settled().exit_code == 0
    (invoice,) = remote.invoices(fortnox)
    assert (invoice["Net"], [(each["Description"], each["Total"]) for each in invoice["Rows"]]) == (
        100.01, [*[("Rad", 33.34)] * 3, ("Öresutjämning", -0.01)],
    )  # fmt: skip
    (note,) = item("invoices", basis["Id"]).notes
    assert note == {
        "rule": "I7", "field": "total", "text": "rounding", "before": "100,02 kr", "after": "100,01 kr",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "total", "figures"),
    [
        (400, 40003.99, {"rows": "40 000,00 kr", "total": "40 003,99 kr"}),
        (2, 200.01, {"rows": "200,00 kr", "total": "200,01 kr"}),
    ],
)
def test_I7_a_difference_that_no_rounding_explains_is_not_invented_away(
    fortnox: Any, settled: Any, bill: Any, item: Any, rows: int, total: float, figures: dict[str, str]
) -> None:
    basis = bill(*[row(100.0, 1.0)] * rows, TotalPrice=total)
    assert settled().exit_code == 2
    stopped = item("invoices", basis["Id"])
    assert (stopped.state, stopped.cause, stopped.params) == ("stopped", "I7.total", figures)
    assert fortnox.invoices == {}


@pytest.mark.parametrize(
    ("price", "quantity", "sums"),
    [
        (100 / 7, 7.0, [105.49, 0.01]),  # 7 × 15.07 of 105.50
        (100 / 3, 3.0, [105.5]),  # 3 × 35.17, less an öre of discount
        (100.0, 0.0, [0, 5.5]),
    ],
)
def test_I6_a_surcharge_goes_to_the_account_and_vat_of_its_article(
    smartdok: Any, fortnox: Any, settled: Any, bill: Any, price: float, quantity: float, sums: list[float]
) -> None:
    smartdok.discount_reading = "amount"
    smartdok.add_goods(Number="55", Name="Tidskrift")
    fortnox.add_article("Tidskrift", "55", SalesAccount="3041", VAT=6)
    bill(row(price, quantity, Code="55", Surcharge=5.5))
    assert settled().exit_code == 0
    rows = fortnox.invoices["1"]["InvoiceRows"]
    assert [each["Total"] for each in rows] == sums
    assert {(each["ArticleNumber"], each["AccountNumber"], each["VAT"]) for each in rows} == {("55", 3041, 6)}


def test_I7_the_discount_of_the_customers_card_does_not_apply(fortnox: Any, settled: Any, bill: Any) -> None:
    bill(row(100.0, 1.0))
    fortnox.add_customer("Kund AB", "1001", InvoiceDiscount=50)
    settled()
    assert _sent(fortnox) == (100, [("1", 100.0, 0, "", 100)])


# -- whatever the rows are ---------------------------------------------------------------------------------------
class _Desk:
    """A desk where everything that is needed lies in the target."""

    go_live = datetime.date(2026, 1, 1)
    today = datetime.date(2026, 6, 1)
    target_id = ""

    def setting(self, name: str) -> Any:
        return {"not_completed": False, "invoice_date": "fortnox"}[name]

    def value(self, kind: str, source: str, default: str = "") -> str:
        return default

    def note(self, note: Note) -> None:
        """Warnings are another test's."""

    def by_id(self, flow: str, source_id: str) -> Peer:
        return Peer(source_id, "1", "", "done", "", "1", "1", {})

    def by_key(self, flow: str, key: str) -> Sequence[Peer]:
        return []


def _ore(amount: D) -> D:
    return amount.quantize(D("0.01"), ROUND_HALF_UP)


def _worth(gross: D, discount: D, surcharge: D, reading: str) -> D:
    """SmartDok's sum of a row, written anew from the twin's two readings."""
    if reading == "percent":
        return gross * (1 - discount / 100) * (1 + surcharge / 100)
    return gross - discount + surcharge


@st.composite
def _rows(draw: Any) -> tuple[list[InvoiceRow], str]:
    reading = draw(st.sampled_from(["percent", "amount"]))
    rows = []
    for _ in range(draw(st.integers(1, 6))):
        quantity = draw(st.decimals(-500, 500, places=3))
        price = draw(st.decimals(-5000, 5000, places=draw(st.integers(0, 3))))
        discount = draw(st.sampled_from([D(0), D(0), D(10), D("12.5"), D("33.33"), D(100)]))
        surcharge = draw(st.sampled_from([D(0), D(0), D(8), D("7.5")]))
        value = _ore(_worth(quantity * price, discount, surcharge, reading))
        value += draw(st.sampled_from([D(0)] * 9 + [D("0.01"), D(1)]))
        rows.append(InvoiceRow("", "Rad", quantity, price, "", discount, surcharge, value))
    return rows, reading


def _basis(rows: list[InvoiceRow], discount: D, total: D) -> Invoice:
    day, moment = datetime.date(2026, 5, 1), datetime.datetime(2026, 5, 1, tzinfo=datetime.UTC)
    return Invoice(
        source_id="7", draft=False, credited=False, customer_id="1", customer_number="1", customer_name="K",
        project_id="", period_from=day, period_to=day, finalised_at=moment, version=1, title="", comment="",
        reference="", invoiced_by="", serial_number="", discount=discount, surcharge=D(0), total=total,
        rows=tuple(rows),
    )  # fmt: skip


@given(_rows(), st.sampled_from([D(0), D(0), D(5), D(50)]), st.sampled_from([D(0)] * 9 + [D("0.01"), D("0.5"), D(3)]))
@example(([InvoiceRow("", "", D("0.5"), D("0.25"), "", D(0), D(0), D("0.13"))], "percent"), D(0), D(0))
@example(([InvoiceRow("", "", D(0), D(10), "", D(0), D(5), D(5))], "amount"), D(0), D(0))
def test_I7_fortnox_comes_to_the_total_or_both_figures_are_told(
    generated: tuple[list[InvoiceRow], str], discount: D, off: D
) -> None:
    rows, reading = generated
    total = _ore(_worth(sum((each.sum for each in rows), D(0)), discount, D(0), reading)) + off
    try:
        outgoing = Invoices().prepare(_basis(rows, discount, total), _Desk())  # type: ignore[arg-type]
    except InvalidRecord as fault:
        assert fault.cause in {"I7.row", "I7.total", "I7.invoice"}
        assert {"I7.row": "sum", "I7.total": "total", "I7.invoice": "total"}[fault.cause] in fault.params
        assert {"I7.row": "computed", "I7.total": "rows", "I7.invoice": "rows"}[fault.cause] in fault.params
        return
    company = Company(1, "Bolaget")
    sent = InvoiceWriter(None).payload(outgoing).fields["InvoiceRows"]
    stored = [filled_row(company, {}, {**each, "VAT": 25}) for each in sent]
    assert sum((D(str(each["Total"])) for each in stored), D(0)) == total


@given(_rows(), st.integers(0, 5))
def test_I7_rows_that_add_up_are_never_stopped(generated: tuple[list[InvoiceRow], str], at: int) -> None:
    rows = [
        InvoiceRow("", "Rad", each.quantity, each.price, "", D(0), D(0), _ore(each.quantity * each.price))
        for each in generated[0]
    ]
    total = sum((each.sum for each in rows), D(0))
    outgoing = Invoices().prepare(_basis(rows, D(0), total), _Desk())  # type: ignore[arg-type]
    assert len(outgoing.rows) == len(rows)
