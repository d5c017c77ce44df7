"""Invoices to the Fortnox twin."""

import dataclasses
import datetime
from decimal import Decimal
from typing import Any

import pytest

from integration import registry
from integration.errors import InvalidRecord, Rejected, Transient, Unconfirmed
from integration.records import OutgoingInvoice, OutgoingRow
from integration.systems.fortnox import Fortnox
from sandbox.fortnox import Company, FortnoxTwin

ROWS = (
    OutgoingRow("Enligt offert 7"),
    OutgoingRow("Snickare", "10", Decimal("8.50"), Decimal("450.10"), unit="tim", project_number="2041"),
    OutgoingRow("Retur", "10", Decimal(-2), Decimal(100), unit="tim"),
    OutgoingRow("Grävning", "", Decimal(1), Decimal(1000), discount=Decimal(10)),
    OutgoingRow("Fast", "", Decimal(1), Decimal(1000), discount=Decimal(50), discount_is_amount=True),
)
INVOICE = OutgoingInvoice(
    reference="BB-0001-00000042-", customer_number="1001", project_number="2041", your_reference="Kalle",
    our_reference="Lars", remarks="Etapp 1", serial_number="77", invoice_date=None, not_completed=False,
    total=Decimal("5475.85"), rows=ROWS,
)  # fmt: skip


@pytest.fixture(autouse=True)
def _registers(company: Company) -> None:
    company.add_customer("Villa Ek AB", "1001")
    company.add_project("Kvarteret Eken", "2041")
    company.add_article("Snickare", "10")


@pytest.fixture
def writer(fortnox: Fortnox) -> Any:
    return registry.writer("fortnox", OutgoingInvoice)(fortnox)


def create(writer: Any, record: OutgoingInvoice, before_send: Any = lambda: None) -> Any:
    payload = writer.payload(record)
    return writer.create(record, {k: v for k, v in payload.fields.items() if v not in ("", None)}, before_send)


def test_I6_the_whole_request(writer: Any, fortnox_twin: FortnoxTwin) -> None:
    written = create(writer, INVOICE)
    assert (written.target_id, written.label) == ("1", "1")
    assert fortnox_twin.requests[-1].request_json == {
        "Invoice": {
            "CustomerNumber": "1001", "ExternalInvoiceReference1": "BB-0001-00000042-",
            "ExternalInvoiceReference2": "77", "Project": "2041", "YourReference": "Kalle", "OurReference": "Lars",
            "Remarks": "Etapp 1", "Currency": "SEK", "VATIncluded": False,
            "InvoiceRows": [
                {"Description": "Enligt offert 7", "AccountNumber": 0, "VAT": 0},
                {"ArticleNumber": "10", "Description": "Snickare", "DeliveredQuantity": "8.5", "Price": 450.10,
                 "Discount": 0, "Unit": "tim", "Project": "2041"},
                {"ArticleNumber": "10", "Description": "Retur", "DeliveredQuantity": "-2", "Price": 100, "Discount": 0,
                 "Unit": "tim"},
                {"Description": "Grävning", "DeliveredQuantity": "1", "Price": 1000, "Discount": 10,
                 "DiscountType": "PERCENT"},
                {"Description": "Fast", "DeliveredQuantity": "1", "Price": 1000, "Discount": 50,
                 "DiscountType": "AMOUNT"},
            ],
        }
    }  # fmt: skip


def test_I7_the_net_of_the_invoice_is_the_sum_of_the_rows_to_the_ore(writer: Any, company: Company) -> None:
    create(writer, INVOICE)
    assert Decimal(str(company.invoices["1"]["Net"])) == INVOICE.total


def test_I7_a_customers_card_in_euro_with_vat_included_does_not_change_what_the_sums_mean(
    writer: Any, company: Company
) -> None:
    company.customers["1001"] |= {"Currency": "EUR", "ShowPriceVATIncluded": True}
    create(writer, INVOICE)
    invoice = company.invoices["1"]
    assert (invoice["Currency"], invoice["VATIncluded"]) == ("SEK", False)
    assert Decimal(str(invoice["Net"])) == INVOICE.total


def test_I8_nothing_is_booked_or_mailed_and_a_draft_is_a_choice(writer: Any, company: Company) -> None:
    create(writer, INVOICE)
    create(writer, dataclasses.replace(INVOICE, reference="BB-2-", not_completed=True))
    assert [(i["Booked"], i["Sent"], i["NotCompleted"]) for i in company.invoices.values()] == [
        (False, False, False), (False, False, True),
    ]  # fmt: skip


def test_I9_the_date_goes_only_when_given_and_a_locked_period_stops(writer: Any, company: Company) -> None:
    company.locked_until = datetime.date(2026, 2, 28)
    dated = dataclasses.replace(INVOICE, invoice_date=datetime.date(2026, 2, 28))
    with pytest.raises(Rejected) as fault:
        create(writer, dated)
    assert (fault.value.cause, company.invoices) == ("fortnox.2000401", {})
    create(writer, dataclasses.replace(dated, invoice_date=datetime.date(2026, 3, 31)))
    assert [each["InvoiceDate"] for each in company.invoices.values()] == ["2026-03-31"]


def test_I2_the_reference_is_compared_exactly(writer: Any) -> None:
    create(writer, dataclasses.replace(INVOICE, reference="XBB-0001-00000042-"))
    create(writer, dataclasses.replace(INVOICE, reference="bb-0001-00000042-"))
    assert writer.find(INVOICE) is None
    create(writer, INVOICE)
    found = writer.find(INVOICE)
    assert (found.target_id, found.fields["CustomerNumber"]) == ("3", "1001")


def test_I2_an_answer_that_is_lost_is_unconfirmed_and_found_afterwards(
    writer: Any, company: Company, fortnox_twin: FortnoxTwin
) -> None:
    for number, kind in enumerate(["reset-after", "truncate", "not-json"], 1):
        record = dataclasses.replace(INVOICE, reference=f"BB-{number}-")
        fortnox_twin.faults.add(kind=kind, method="POST", path="/3/invoices")  # type: ignore[arg-type]
        with pytest.raises(Unconfirmed):
            create(writer, record)
        assert writer.find(record).target_id == str(number)
    assert len(company.invoices) == 3


def test_I11_an_invoice_by_its_number(writer: Any, company: Company) -> None:
    create(writer, INVOICE)
    found = writer.get("1")
    assert (found.fields["ExternalInvoiceReference1"], found.fields["Project"]) == (INVOICE.reference, "2041")
    assert writer.get("2") is None


def test_I3_an_invoice_is_never_updated(writer: Any) -> None:
    with pytest.raises(AssertionError):
        writer.update("1", INVOICE, {}, lambda: None)


def test_text_rows_book_nothing(writer: Any, company: Company) -> None:
    create(writer, INVOICE)
    row = company.invoices["1"]["InvoiceRows"][0]
    assert (row["Description"], row.get("AccountNumber") or 0, row["VAT"], row["Total"]) == ("Enligt offert 7", 0, 0, 0)


def test_a_missing_unit_is_created_before_the_invoice_leaves(writer: Any, company: Company) -> None:
    company.units.clear()
    create(writer, INVOICE, lambda: company.add_unit("sent", "the invoice leaves"))
    assert list(company.units) == ["tim", "sent"]


def test_units_are_listed_once(writer: Any, fortnox_twin: FortnoxTwin, company: Company) -> None:
    company.add_unit("tim", "Timmar")
    create(writer, INVOICE)
    assert [r.path for r in fortnox_twin.requests if r.path == "/3/units"] == ["/3/units"]


def test_a_customer_that_fortnox_lacks_is_for_a_person(writer: Any) -> None:
    with pytest.raises(Rejected, match=r"fortnox\.2000433"):
        create(writer, dataclasses.replace(INVOICE, customer_number="9"))


def test_G5_a_number_on_a_row_is_refused_and_named() -> None:
    writer = registry.writer("fortnox", OutgoingInvoice)(None)
    record = dataclasses.replace(INVOICE, rows=(OutgoingRow("Rör", 'R"1', Decimal(1), Decimal(1)),))
    with pytest.raises(InvalidRecord) as fault:
        writer.payload(record)
    assert fault.value.params["field"] == "Rad 1, ArticleNumber"


def test_nothing_of_the_invoice_leaves_when_the_unit_cannot_be_made(
    writer: Any, company: Company, fortnox_twin: FortnoxTwin
) -> None:
    company.units.clear()
    fortnox_twin.faults.add(kind="reset-after", method="POST", path="/3/units")
    with pytest.raises(Transient) as fault:
        create(writer, INVOICE, lambda: pytest.fail("the invoice left"))
    assert not isinstance(fault.value, Unconfirmed)
    assert create(writer, INVOICE).target_id == "1"
