"""Supplier invoices and document addresses to the SmartDok twin."""

import dataclasses
import datetime
import hashlib
import threading
from collections.abc import Iterator
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from integration import registry
from integration.errors import InvalidRecord, Rejected, Unconfirmed
from integration.records import CostLine, DocumentLink, SupplierCost
from integration.systems.smartdok import SmartDok
from sandbox.smartdok import Company, SmartDokTwin

PDF = b"%PDF-1.7\n" + bytes(range(256)) + b"\n%%EOF\n"


def sent() -> None:
    """A write leaves."""


@pytest.fixture
def cost(smartdok_company: Company) -> SupplierCost:
    project = smartdok_company.add_project(ProjectNumber="2041")
    return SupplierCost(
        external_number="17", invoice_number="F-77", supplier_number="77", supplier_name="Betong AB",
        issue_date=datetime.date(2026, 3, 1), due_date=datetime.date(2026, 3, 31), paid_date=None, status="unbooked",
        booked=True, cost_center="", contact="Lars", total=Decimal("125.05"), vat=Decimal("25.05"),
        lines=(
            CostLine("1", "Betong", str(project["Id"]), Decimal("90.00"), Decimal("22.55")),
            CostLine("2", "", "", Decimal("10.00"), Decimal("2.50")),
        ),
    )  # fmt: skip


@pytest.fixture
def writer(smartdok: SmartDok) -> Any:
    return registry.writer("smartdok", SupplierCost)(smartdok)


def create(writer: Any, record: SupplierCost) -> Any:
    fields = {name: value for name, value in writer.payload(record).fields.items() if value not in ("", None)}
    return writer.create(record, fields, sent)


def test_S4_the_whole_request(writer: Any, cost: SupplierCost, smartdok_twin: SmartDokTwin) -> None:
    written = create(writer, cost)
    assert (written.target_id, written.label) == ("17", "17")
    assert smartdok_twin.requests[-1].request_json == {
        "ExternalInvoiceNumber": "17", "InvoiceNumber": "F-77", "InvoiceStatus": "Unbooked", "BookingStatus": "Booked",
        "IssueDate": "2026-03-01", "DueDate": "2026-03-31", "FullyPaidDate": None, "BaseCurrency": "SEK",
        "InvoiceCurrency": "SEK", "ConversionRate": 1, "CostCenter": "", "ContactInReceiverCompany": "Lars",
        "Freight": 0, "TotalIncludingVat": 125.05, "Vat": 25.05, "SupplierNumber": "77", "SupplierName": "Betong AB",
        "Lines": [
            {"ExternalInvoiceLineNumber": "1", "ProjectId": int(cost.lines[0].project_id), "ItemDescription": "Betong",
             "ItemCount": 1, "PricePerUnit": 90.00, "DiscountPercentage": 0, "Vat": 22.55,
             "AmountIncludingVat": 112.55},
            {"ExternalInvoiceLineNumber": "2", "ProjectId": None, "ItemDescription": "Rad 2", "ItemCount": 1,
             "PricePerUnit": 10.00, "DiscountPercentage": 0, "Vat": 2.50, "AmountIncludingVat": 12.50},
        ],
    }  # fmt: skip


def test_S5_posted_once_and_put_whole_afterwards(
    writer: Any, cost: SupplierCost, smartdok_company: Company, smartdok_twin: SmartDokTwin
) -> None:
    create(writer, cost)
    paid = dataclasses.replace(cost, status="paid", paid_date=datetime.date(2026, 3, 30))
    writer.update("17", paid, {"InvoiceStatus": "Paid", "FullyPaidDate": "2026-03-30"}, sent)
    stored = smartdok_company.supplier_invoices["17"]
    assert (stored["InvoiceStatus"], stored["FullyPaidDate"], stored["SupplierName"]) == (
        "Paid", "2026-03-30", "Betong AB",
    )  # fmt: skip
    assert [r.method for r in smartdok_twin.requests if r.path == "/SupplierInvoices"] == ["POST", "PUT"]


def test_S5_a_lost_answer_is_found_by_writing_the_same_again(
    writer: Any, cost: SupplierCost, smartdok_company: Company, smartdok_twin: SmartDokTwin
) -> None:
    assert writer.find(cost) is None
    smartdok_twin.faults.add(kind="reset-after", method="POST", path="/SupplierInvoices")
    with pytest.raises(Unconfirmed):
        create(writer, cost)
    found = writer.find(cost)
    assert (found.target_id, found.fields) == ("17", writer.payload(cost).fields)
    assert list(smartdok_company.supplier_invoices) == ["17"]


def test_S5_one_that_is_there_already_is_brought_up_to_date(
    writer: Any, cost: SupplierCost, smartdok_company: Company
) -> None:
    create(writer, cost)
    create(writer, dataclasses.replace(cost, status="cancelled"))
    assert [i["InvoiceStatus"] for i in smartdok_company.supplier_invoices.values()] == ["Cancelled"]


def test_a_refusal_for_another_reason_is_what_a_person_is_shown(writer: Any, cost: SupplierCost) -> None:
    astray = dataclasses.replace(cost, lines=(dataclasses.replace(cost.lines[0], project_id="999"),))
    with pytest.raises(Rejected, match=r"smartdok\.ProjectIdNotFound"):
        create(writer, astray)
    assert writer.find(astray) is None


def test_an_invoice_that_is_not_booked(writer: Any, cost: SupplierCost) -> None:
    payload = writer.payload(dataclasses.replace(cost, status="booked", booked=False))
    assert (payload.fields["InvoiceStatus"], payload.fields["BookingStatus"]) == ("NotSet", "NotBooked")


def test_a_supplier_is_named_by_its_number_at_least(writer: Any, cost: SupplierCost) -> None:
    assert writer.payload(dataclasses.replace(cost, supplier_name=" ")).fields["SupplierName"] == "77"
    with pytest.raises(InvalidRecord, match=r"S1\.supplier_missing"):
        writer.payload(dataclasses.replace(cost, supplier_name="", supplier_number=""))


def test_nothing_can_be_looked_up(writer: Any, smartdok: SmartDok) -> None:
    assert (writer.get("17"), writer.existing(), writer.keyed) == (None, None, False)
    links = registry.writer("smartdok", DocumentLink)(smartdok)
    assert (links.find(None), links.get("17"), links.keyed) == (None, None, False)


# -- documents ---------------------------------------------------------------------------------------------------
@pytest.fixture
def our_address() -> Iterator[str]:
    class Pdf(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/pdf")
            self.send_header("Content-Length", str(len(PDF)))
            self.end_headers()
            self.wfile.write(PDF)

        def log_message(self, *args: Any) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Pdf) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/d/1"
        server.shutdown()


def test_S6_smartdok_fetches_the_document_from_our_address(
    writer: Any, cost: SupplierCost, smartdok: SmartDok, smartdok_company: Company, our_address: str
) -> None:
    create(writer, cost)
    links = registry.writer("smartdok", DocumentLink)(smartdok)
    link = DocumentLink("17", "F-77.pdf", our_address)
    payload = links.payload(link)
    assert payload.fields == {"DocumentName": "F-77.pdf", "DocumentDownloadUrl": our_address}
    assert links.create(link, payload.fields, sent).target_id == "17"
    links.update("17", link, payload.fields, sent)
    assert [(d["name"], d["sha256"]) for d in smartdok_company.documents] == [
        ("F-77.pdf", hashlib.sha256(PDF).hexdigest())
    ] * 2


def test_S6_a_document_of_an_invoice_that_is_not_there_is_refused(smartdok: SmartDok, our_address: str) -> None:
    links = registry.writer("smartdok", DocumentLink)(smartdok)
    with pytest.raises(Rejected, match=r"smartdok\.ExternalInvoiceNumberNotFound"):
        links.create(DocumentLink("17", "F-77.pdf", our_address), {}, sent)
