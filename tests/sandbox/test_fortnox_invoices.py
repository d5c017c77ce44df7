"""The Fortnox twin: customer invoices (notes 33-36, 45-51, 55, 56)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from tests.sandbox.fortnox import Fortnox, code, running


@pytest.fixture
def fortnox() -> Iterator[Fortnox]:
    with running() as fortnox:
        company = fortnox.company
        company.add_unit("tim", "Timmar")
        company.add_customer("Åke", "1", Address1="Gatan 1", City="Sala", YourReference="Eva")
        company.add_customer("Bo", "2", InvoiceDiscount=10)
        company.add_customer("Cia", "3", VATType="SEREVERSEDVAT")
        company.add_project("Kajen", "2041")
        company.add_article("Grävare", "10", Unit="tim", SalesPrice=950, SalesAccount=3041, ConstructionAccount=3231)
        yield fortnox


def create(fortnox: Fortnox, *rows: dict[str, Any], customer: str = "1", **header: Any) -> Any:
    body = {"Invoice": {"CustomerNumber": customer, "InvoiceRows": list(rows)} | header}
    return fortnox.post("invoices", body)


def test_an_invoice_is_filled_from_customer_and_article_and_lies_unbooked(fortnox: Fortnox) -> None:
    row = {"ArticleNumber": "10", "DeliveredQuantity": "2.5", "Project": "2041"}
    created = create(fortnox, row, Project="2041", ExternalInvoiceReference1="BB1")
    assert created.status_code == 201
    invoice = created.json()["Invoice"]
    assert invoice == fortnox.get("invoices/1").json()["Invoice"]
    shown = {
        "DocumentNumber": "1",
        "OCR": "18",
        "CustomerName": "Åke",
        "Address1": "Gatan 1",
        "YourReference": "Eva",
        "InvoiceDate": "2026-03-10",
        "DueDate": "2026-04-09",
        "Booked": False,
        "Cancelled": False,
        "Sent": False,
        "NotCompleted": False,
        "Credit": "false",
        "Project": "2041",
        "ExternalInvoiceReference1": "BB1",
        "Net": 2375,
        "Gross": 2375,
        "TotalVAT": 593.75,
        "RoundOff": 0.25,
        "Total": 2969,
        "Balance": 2969,
        "FinalPayDate": "",
        "VoucherNumber": None,
    }
    assert {name: invoice[name] for name in shown} == shown
    (filled,) = invoice["InvoiceRows"]
    expected = {
        "ArticleNumber": "10",
        "Description": "Grävare",
        "DeliveredQuantity": "2.5",
        "Price": 950,
        "Unit": "tim",
        "VAT": 25,
        "AccountNumber": 3041,
        "Discount": 0,
        "Project": "2041",
        "Total": 2375,
        "HouseWorkType": "",
    }
    assert {name: filled[name] for name in expected} == expected


def test_nothing_looks_for_doubles(fortnox: Fortnox) -> None:
    for _ in range(2):
        assert create(fortnox, ExternalInvoiceReference1="BB1").status_code == 201
    found = fortnox.rows("invoices", externalinvoicereference1="bb")
    assert [row["DocumentNumber"] for row in found] == ["1", "2"]
    assert list(fortnox.company.invoices) == ["1", "2"]


def test_the_customers_discount_applies_unless_the_row_says_0(fortnox: Fortnox) -> None:
    rows: list[dict[str, Any]] = [
        {"DeliveredQuantity": "1", "Price": 100},
        {"DeliveredQuantity": "1", "Price": 100, "Discount": 0},
    ]
    rows.append({"DeliveredQuantity": "2", "Price": 100, "Discount": 30, "DiscountType": "AMOUNT"})
    invoice = create(fortnox, *rows, customer="2").json()["Invoice"]
    assert [row["Total"] for row in invoice["InvoiceRows"]] == [90, 100, 170]
    assert invoice["Net"] == 360


def test_the_customers_fees_apply_unless_the_invoice_says_0(fortnox: Fortnox) -> None:
    fortnox.company.customers["1"] |= {"InvoiceFreight": "100", "InvoiceAdministrationFee": "29,50"}
    fees = create(fortnox).json()["Invoice"]
    assert (fees["Freight"], fees["AdministrationFee"], fees["Net"]) == (100, 29.5, 129.5)
    none = create(fortnox, Freight=0, AdministrationFee=0).json()["Invoice"]
    assert (none["Freight"], none["AdministrationFee"], none["Net"]) == (0, 0, 0)


def test_reverse_charge_has_no_vat_and_its_own_account(fortnox: Fortnox) -> None:
    rows: list[dict[str, Any]] = [
        {"ArticleNumber": "10", "DeliveredQuantity": "1"},
        {"Description": "Kross", "Price": 5, "DeliveredQuantity": "3"},
    ]
    invoice = create(fortnox, *rows, customer="3").json()["Invoice"]
    assert [(row["VAT"], row["AccountNumber"]) for row in invoice["InvoiceRows"]] == [(0, 3231), (0, 3231)]
    assert (invoice["TotalVAT"], invoice["Total"]) == (0, 965)


def test_a_text_row_books_nothing_only_when_account_and_vat_are_emptied(fortnox: Fortnox) -> None:
    rows: list[dict[str, Any]] = [
        {"Description": "Vecka 10"},
        {"Description": "Vecka 11", "AccountNumber": 0, "VAT": 0},
    ]
    filled = create(fortnox, *rows).json()["Invoice"]["InvoiceRows"]
    assert [(r["AccountNumber"], r["VAT"], r["DeliveredQuantity"], r["Total"]) for r in filled] == [
        (3001, 25, "0", 0),
        (None, 0, "0", 0),
    ]


def test_quantities_and_prices_keep_their_decimals_and_may_be_negative(fortnox: Fortnox) -> None:
    fortnox.company.round_off = False
    rows: list[dict[str, Any]] = [
        {"DeliveredQuantity": "0.333", "Price": 99.99},
        {"DeliveredQuantity": "-2,50", "Price": 10.01},
    ]
    invoice = create(fortnox, *rows).json()["Invoice"]
    assert [(r["DeliveredQuantity"], r["Total"]) for r in invoice["InvoiceRows"]] == [("0.333", 33.3), ("-2.5", -25.03)]
    assert (invoice["Net"], invoice["TotalVAT"], invoice["RoundOff"], invoice["Total"]) == (8.27, 2.07, 0, 10.34)


def test_prices_with_vat_included(fortnox: Fortnox) -> None:
    invoice = create(fortnox, {"DeliveredQuantity": "1", "Price": 125}, VATIncluded=True).json()["Invoice"]
    assert (invoice["Net"], invoice["TotalVAT"], invoice["Total"]) == (100, 25, 125)


def test_currency_and_vat_included_are_the_customers_unless_the_request_says_otherwise(fortnox: Fortnox) -> None:
    fortnox.company.customers["1"] |= {"Currency": "EUR", "ShowPriceVATIncluded": True}
    row = {"DeliveredQuantity": "1", "Price": 125}
    silent = create(fortnox, row).json()["Invoice"]
    assert (silent["Currency"], silent["VATIncluded"], silent["Net"]) == ("EUR", True, 100)
    told = create(fortnox, row, Currency="SEK", VATIncluded=False).json()["Invoice"]
    assert (told["Currency"], told["VATIncluded"], told["Net"]) == ("SEK", False, 125)


@pytest.mark.parametrize(
    ("header", "rows", "expected"),
    [
        ({"CustomerNumber": "9"}, [], 2000433),
        ({"Project": "9"}, [], 2000429),
        ({"CostCenter": "9"}, [], 2000947),
        ({"TermsOfPayment": "33"}, [], 2000431),
        ({"InvoiceDate": "2026-02-28"}, [], 2000401),
        ({"InvoiceDate": "2027-01-01"}, [], 2000438),
        ({"InvoiceDate": "10/3 2026"}, [], 2000109),
        ({"YourReference": "Y" * 51}, [], 2000107),
        ({"Remarks": 'Rör 4"'}, [], 2000359),
        ({"Booked": True}, [], 2001399),
        ({}, [{"ArticleNumber": "99"}], 2000428),
        ({}, [{"Project": "9"}], 2000429),
        ({}, [{"Unit": "kbm"}], 2000430),
        ({}, [{"AccountNumber": 3999}], 2000423),
        ({}, [{"AccountNumber": 3002}], 2000423),
        ({}, [{"AccountNumber": 30}], 2000111),
        ({}, [{"CostCenter": "K2"}], 2000947),
        ({}, [{"DeliveredQuantity": "två"}], 2000108),
        ({}, [{"DeliveredQuantity": "1e300"}], 2000108),
        ({}, [{"Price": 1e300}], 2000111),
        ({"InvoiceDate": "9999-12-31"}, [], 2000109),
        ({}, [{"Description": "D" * 256}], 2000107),
        ({}, [{"Description": "tab\there"}], 2000359),
        ({}, [{"Quantity": "1"}], 2001399),
        ({}, [{"HouseWorkType": "GOLF"}], 2000110),
        ({}, [{"Price": 1}] * 501, 2001651),
    ],
)
def test_an_invoice_is_refused_with_the_code(
    fortnox: Fortnox, header: dict[str, Any], rows: list[dict[str, Any]], expected: int
) -> None:
    company = fortnox.company
    company.locked_until = date(2026, 2, 28)
    company.financial_years = [(date(2025, 1, 1), date(2026, 12, 31))]
    company.accounts[3002] = False
    company.cost_centers["K2"] = {"Code": "K2", "Description": "Avslutat", "Active": False}
    refused = create(fortnox, *rows, **header)
    assert (refused.status_code, code(refused)) == (400, expected)
    assert company.invoices == {}


def test_500_rows_are_taken_and_a_customer_is_required(fortnox: Fortnox) -> None:
    assert create(fortnox, *[{"Price": 1, "DeliveredQuantity": "1"}] * 500).json()["Invoice"]["Net"] == 500
    assert code(fortnox.post("invoices", {"Invoice": {}})) == 2000204


def test_a_change_matches_rows_by_position_or_by_id_and_gives_new_ids(fortnox: Fortnox) -> None:
    ids = [
        r["RowId"] for r in create(fortnox, {"Price": 1}, {"Price": 2}, {"Price": 3}).json()["Invoice"]["InvoiceRows"]
    ]

    def put(*rows: dict[str, Any]) -> list[dict[str, Any]]:
        return list(
            fortnox.put("invoices/1", {"Invoice": {"InvoiceRows": list(rows)}}).json()["Invoice"]["InvoiceRows"]
        )

    rows = put({"DeliveredQuantity": "2"}, {"Price": 20})
    assert [(r["Price"], r["DeliveredQuantity"]) for r in rows] == [(1, "2"), (20, "0")]
    assert {r["RowId"] for r in rows}.isdisjoint(ids)
    rows = put({"RowId": rows[1]["RowId"]}, {"Price": 5})
    assert [r["Price"] for r in rows] == [20, 5]

    before = fortnox.company.invoices["1"]
    assert fortnox.put("invoices/1", {"Invoice": {"Comments": "Hej"}}).status_code == 200
    assert fortnox.company.invoices["1"] == before | {"Comments": "Hej"}


def test_booking_cancelling_and_crediting(fortnox: Fortnox) -> None:
    create(fortnox, {"Price": 100, "DeliveredQuantity": "1"})
    booked = fortnox.put("invoices/1/bookkeep").json()["Invoice"]
    assert (booked["Booked"], booked["VoucherSeries"], booked["VoucherNumber"]) == (True, "B", 1)
    for path, body in [("1", {"Invoice": {"Comments": "x"}}), ("1/cancel", None), ("1/bookkeep", None)]:
        assert code(fortnox.put(f"invoices/{path}", body)) == 2001652

    assert fortnox.put("invoices/1/credit").json()["Invoice"]["CreditInvoiceReference"] == "2"
    credit = fortnox.get("invoices/2").json()["Invoice"]
    assert (credit["Credit"], credit["CreditInvoiceReference"], credit["Total"], credit["Booked"]) == (
        "true",
        "1",
        -125,
        False,
    )

    create(fortnox, NotCompleted=True)
    assert code(fortnox.put("invoices/3/bookkeep")) == 2001652
    cancelled = fortnox.put("invoices/3/cancel").json()["Invoice"]
    assert (cancelled["Cancelled"], cancelled["Balance"]) == (True, 0)
    assert fortnox.put("invoices/9/bookkeep").status_code == 404

    fortnox.company.locked_until = date(2026, 3, 31)
    assert code(fortnox.put("invoices/2/bookkeep")) == 2000401


def test_invoices_are_found_by_what_they_hold(fortnox: Fortnox) -> None:
    create(fortnox, {"ArticleNumber": "10", "DeliveredQuantity": "1"}, ExternalInvoiceReference2="F-77")
    create(fortnox, customer="2", InvoiceDate="2026-01-15", NotCompleted=True, Project="2041")
    fortnox.put("invoices/2/cancel")

    def found(**query: object) -> list[str]:
        return [row["DocumentNumber"] for row in fortnox.rows("invoices", **query)]

    assert found(externalinvoicereference2="f-7") == found(articlenumber="10") == found(customername="åke") == ["1"]
    assert found(customernumber="2") == found(notcompleted="true") == found(project="2041") == ["2"]
    assert found(fromdate="2026-01-01", todate="2026-01-31") == found(filter="cancelled") == ["2"]
    assert found(filter="unbooked") == found(filter="unpaid") == found(accountnumberfrom="3041") == ["1"]
    assert found(sortby="invoicedate") == ["2", "1"]
