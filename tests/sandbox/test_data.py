"""The demo data: the same every time, sums that agree, and every trouble where the table says it is."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Any

import pytest

from sandbox import data
from sandbox.data import words
from sandbox.data.papers import scan_png, scan_tiff
from sandbox.smartdok import billing
from tests.sandbox.openapi import OpenApi

TODAY = dt.date(2026, 11, 24)
DEMO = data.generate(1, TODAY)
both = pytest.mark.parametrize("demo", DEMO, ids=lambda demo: demo.tenant.slug)


def plain(demo: data.DemoTenant) -> Any:
    """All of a tenant's records, without the clock's stamps and the ids of files."""
    here, there = demo.fortnox, demo.smartdok
    files = sorted((c["SupplierInvoiceNumber"], c["Name"], here.files[id]["Bytes"]) for id, c in _connected(demo))
    bills = [i | {"CreatedBy": None, "UpdatedBy": None} for i in there.invoices.values()]
    register = (there.customers, there.projects, there.goods, there.machines, here.customers, here.projects)
    return register, bills, here.suppliers, here.supplier_invoices, here.articles, files, demo.troubles


def _connected(demo: data.DemoTenant) -> list[tuple[str, dict[str, Any]]]:
    return list(demo.fortnox.file_connections.items())


def test_same_seed_and_day_give_the_same_data() -> None:
    assert [plain(demo) for demo in data.generate(1, TODAY)] == [plain(demo) for demo in DEMO]


def test_another_seed_gives_other_data() -> None:
    assert data.generate(2, TODAY)[0].smartdok.customers != DEMO[0].smartdok.customers


def test_empty_tenants_have_tokens_and_units_only() -> None:
    for demo in data.empty():
        assert demo.smartdok.customers == demo.smartdok.invoices == demo.fortnox.customers == {}
        assert {"st", "tim", "m", "kg"} <= set(demo.fortnox.units)
        assert demo.troubles == ()


@both
def test_amounts_of_everything(demo: data.DemoTenant) -> None:
    here, there = demo.fortnox, demo.smartdok
    counts = [len(r) for r in (there.customers, there.projects, there.goods, there.machines, there.invoices)]
    assert counts == [60, 39 + 1, 120, 25, 30]
    assert (len(here.suppliers), len(here.supplier_invoices)) == (10, 25)
    ordinary = [len(i["InvoiceLines"]) for i in there.invoices.values()]
    assert sorted(ordinary)[-2:] == [38, 501]


@both
def test_sums_of_invoices_follow_the_tenants_reading(demo: data.DemoTenant) -> None:
    crooked = []
    for invoice in demo.smartdok.invoices.values():
        reading = demo.tenant.discount_reading
        assert billing.total_price(invoice, reading) == invoice["TotalPrice"]
        crooked += [line for line in invoice["InvoiceLines"] if billing.line_sum(line, reading) != line["Sum"]]
    assert [line["Sum"] for line in crooked] == [1333.33]
    for reading in ("percent", "amount"):
        assert billing.line_sum(crooked[0], reading) != 1333.33


@both
def test_supplier_invoices_balance(demo: data.DemoTenant) -> None:
    for invoice in demo.fortnox.supplier_invoices.values():
        rows = invoice["SupplierInvoiceRows"]
        for debit, credit in (("Debit", "Credit"), ("DebitCurrency", "CreditCurrency")):
            assert sum(Decimal(str(row.get(debit, 0))) - Decimal(str(row.get(credit, 0))) for row in rows) == 0
        euro = invoice["Currency"] == "EUR"
        sides = ("DebitCurrency", "CreditCurrency") if euro else ("Debit", "Credit")

        def amount(code: str, rows: Any = rows, sides: Any = sides) -> Decimal:
            found = [row for row in rows if row["Code"] == code]
            return sum((Decimal(str(r[sides[0]])) - Decimal(str(r[sides[1]])) for r in found), Decimal(0))

        assert -amount("TOT") == Decimal(invoice["Total"])
        assert amount("VAT") == Decimal(invoice["VAT"])
        assert amount("ROV") == Decimal(invoice["RoundOffValue"])


@both
def test_times_lie_where_go_live_wants_them(demo: data.DemoTenant) -> None:
    live = data.go_live(TODAY).isoformat()
    finalised = [i["Updated"] for i in demo.smartdok.invoices.values() if not i["IsDraft"]]
    assert sum(moment < live for moment in finalised) == 3
    assert max(finalised) < TODAY.isoformat()
    dates = [i["InvoiceDate"] for i in demo.fortnox.supplier_invoices.values()]
    assert (sum(day < live for day in dates), max(dates) < TODAY.isoformat()) == (1, True)


@both
def test_files_are_what_the_table_says(demo: data.DemoTenant) -> None:
    kinds: dict[bytes, int] = {}
    for file in demo.fortnox.files.values():
        kinds[file["Bytes"][:4]] = kinds.get(file["Bytes"][:4], 0) + 1
    picture = scan_png() if demo.tenant.slug == "ostanbygg" else scan_tiff()
    assert kinds == {b"%PDF": 23, picture[:4]: 1, b"<htm": 1}
    per_invoice = [c["SupplierInvoiceNumber"] for _, c in _connected(demo)]
    assert sorted(per_invoice.count(number) for number in demo.fortnox.supplier_invoices) == [0, *[1] * 23, 2]
    assert {file["Where"] for file in demo.fortnox.files.values()} == {"archive", "inbox", "attachment"}


@both
def test_pdf_shows_the_supplier_and_the_sum(demo: data.DemoTenant) -> None:
    _, connection = _connected(demo)[0]
    content = demo.fortnox.files[connection["FileId"]]["Bytes"]
    assert content.rstrip().endswith(b"%%EOF")
    assert len(content) > 1500


@both
def test_every_trouble_points_at_its_record(demo: data.DemoTenant) -> None:
    for trouble in demo.troubles:
        match trouble.flow:
            case "customers" | "projects" | "invoices":
                records = getattr(demo.smartdok, trouble.flow)
                assert int(trouble.id) in records
            case "articles":
                goods = [g["Number"] for g in demo.smartdok.goods.values()]
                assert trouble.id in goods + [m["InternalNumber"] for m in demo.smartdok.machines.values()]
            case _:
                assert trouble.id in demo.fortnox.supplier_invoices


@both
def test_I4_one_invoice_lacks_a_customer_and_no_other(demo: data.DemoTenant) -> None:
    without = [id for id, invoice in demo.smartdok.invoices.items() if invoice["CustomerId"] is None]
    assert [str(id) for id in without] == [trouble.id for trouble in demo.troubles if trouble.rule == "I4"]


def test_both_tenants_have_the_same_troubles() -> None:
    kinds = [[(t.rule, t.flow, t.outcome) for t in demo.troubles] for demo in DEMO]
    assert kinds[0] == kinds[1]
    rules = {trouble.rule for trouble in DEMO[0].troubles}
    assert rules == {
        *("C2", "C3", "C4", "C5", "C6", "G2", "G3", "G4", "G5", "G9", "P2", "P3", "P4", "A2", "A3", "A4"),
        *("I1", "I4", "I5", "I6", "I7", "I10", "S2", "S3", "S4", "S5", "S6", "S7"),
    }


def test_table_in_the_docstring_names_every_rule_that_is_planted() -> None:
    table = set(re.findall(r"^\| ([A-Z]\d+) \|", data.__doc__ or "", re.MULTILINE))
    assert table == {trouble.rule for trouble in DEMO[0].troubles}


@both
def test_helpers_give_what_the_vendors_document_allows(demo: data.DemoTenant) -> None:
    openapi = OpenApi.load("smartdok")
    if openapi is None:
        pytest.skip("the vendors' documents are not at hand: ../shared/specs")
    for name, schema in (("customers", "CustomerOutput"), ("projects", "ProjectOutput"), ("invoices", "InvoiceOutput")):
        reference = {"$ref": f"#/components/schemas/{schema}"}
        for record in getattr(demo.smartdok, name).values():
            assert list(openapi._errors(reference, "answer", record)) == []


def test_numbers_of_organisations_end_in_their_check_digit() -> None:
    assert words.with_check_digit("556016068") == "556016-0680"  # Ericsson's
    for demo in DEMO:
        for customer in demo.smartdok.customers.values():
            digits = customer["OrganizationNumber"].replace("-", "")
            assert not digits or words.with_check_digit(digits[:9]).replace("-", "") == digits
        assert words.with_check_digit(demo.tenant.organisation_number.replace("-", "")[:9]) == (
            demo.tenant.organisation_number
        )
