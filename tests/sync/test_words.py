"""Values as people read them."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import translation

from sandbox.fortnox import Company as FortnoxCompany
from sandbox.smartdok import Company as SmartDokCompany
from sync.admin.compare import flat, side_by_side
from sync.models import Item
from sync.words import FIELDS, field_title, value


@pytest.mark.parametrize(
    ("language", "path", "raw", "shown"),
    [
        ("sv", "total", "47416.5", "47 416,50"),
        ("sv", "rows.8.price", "695", "695,00"),
        ("sv", "InvoiceRows.0.Price", 1234567, "1 234 567,00"),
        ("sv", "rows.0.price", "0.12345", "0,12345"),
        ("sv", "rows.0.sum", "-12.5", "-12,50"),
        ("sv", "rows.0.quantity", "1234.5", "1234,5"),
        ("sv", "project_number", "20155", "20155"),
        ("sv", "Project", "20155", "20155"),
        ("sv", "credit", True, "ja"),
        ("sv", "rows.0.credit", "0", "0,00"),
        ("en", "total", "47416.5", "47,416.50"),
    ],
)
def test_G6_amounts_are_shown_to_the_ore_and_numbers_as_they_are(
    language: str, path: str, raw: object, shown: str
) -> None:
    with translation.override(language):
        assert value(raw, path).replace("\xa0", " ") == shown


def test_an_invoice_is_a_credit_note_where_a_row_has_an_amount() -> None:
    with translation.override("sv"):
        assert [field_title(path) for path in ("credit", "rows.0.credit")] == ["kreditfaktura", "rad 1, kredit"]


def test_one_amount_written_in_two_ways_is_no_difference() -> None:
    [line] = side_by_side({"total": "12"}, {"total": "12.00"})
    assert not line.differs


def test_every_field_that_is_sent_has_a_word(
    run: Callable[..., Any], smartdok: SmartDokCompany, fortnox: FortnoxCompany
) -> None:
    customer = smartdok.add_customer(CustomerNumber="1001", CustomerName="Bygg AB")
    project = smartdok.add_project(ProjectNumber="2001", ProjectName="Skola", StartDate="2026-01-01T00:00:00")
    smartdok.add_goods(Number="G1", Name="Grus", Price=12.5, unit="ton")
    line = {"LineText": "Grus", "Code": "G1", "Quantity": 2, "Price": 500, "UnitType": "ton"}
    smartdok.add_invoice(lines=[line], CustomerId=customer["Id"], ProjectId=project["Id"], SerialNumber="F1")
    supplier = fortnox.add_supplier("Betong AB")
    fortnox.add_supplier_invoice(supplier, "125", project="2001", booked=True)
    run()
    sent = {item.pipeline.flow: item.sent for item in Item.objects.exclude(sent=None)}
    assert {"customers", "projects", "articles", "invoices", "supplier-invoices"} <= set(sent)
    names = {part for each in sent.values() for path, _ in flat(each) for part in path.split(".")}
    assert {each for each in names if not each.isdigit()} - set(FIELDS) == set()
