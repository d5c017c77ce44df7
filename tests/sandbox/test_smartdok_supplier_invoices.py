"""The SmartDok twin: supplier invoices, their documents, and the webhook of an approval."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.sandbox.smartdok import SmartDok, running

PDF = b"%PDF-1.4\n" + bytes(range(256)) * 500 + b"\n%%EOF\n"


@pytest.fixture
def smartdok() -> Iterator[SmartDok]:
    with running() as started:
        yield started


@dataclass
class Elsewhere:
    """A server that is not SmartDok: gives documents by path, takes webhook calls and keeps them."""

    url: str = ""
    documents: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    slow: threading.Event = field(default_factory=threading.Event)
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    state = Elsewhere()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.received.append((dict(self.headers), b""))
            status, content = state.documents[self.path]
            self.send_response(status)
            self.send_header("Content-Type", "application/pdf")
            self.send_header("Content-Length", str(len(content) + (9 if self.path == "/cut.pdf" else 0)))
            self.end_headers()
            if self.path == "/slow.pdf":
                state.slow.wait(5)
            self.wfile.write(content)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.received.append((dict(self.headers), body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield state
    state.slow.set()
    server.shutdown()
    thread.join()
    server.server_close()


def invoice(number: str = "12", **fields: Any) -> dict[str, Any]:
    return {
        "ExternalInvoiceNumber": number,
        "InvoiceStatus": "Unbooked",
        "BookingStatus": "Booked",
        "IssueDate": "2026-03-01",
        "DueDate": "2026-03-31",
        "BaseCurrency": "SEK",
        "InvoiceCurrency": "SEK",
        "ConversionRate": 1.0,
        "CostCenter": "",
        "SupplierName": "Betong AB",
        "TotalIncludingVat": 1250.5,
        "Vat": 250.1,
        "Lines": [line("1")],
    } | fields


def line(number: str, **fields: Any) -> dict[str, Any]:
    return {
        "ExternalInvoiceLineNumber": number,
        "ItemDescription": "Betong",
        "ItemCount": 1.0,
        "PricePerUnit": 1000.4,
        "Vat": 250.1,
        "AmountIncludingVat": 1250.5,
    } | fields


def error(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["Error"]


# Post and put


def test_S5_post_creates_once(smartdok: SmartDok) -> None:
    created = smartdok.post("/SupplierInvoices", invoice())
    assert created.status_code == 200
    assert {"Id", "SupplierInvoiceId"} & set(created.json()) == set()
    assert error(smartdok.post("/SupplierInvoices", invoice())) == (400, "ExternalInvoiceNumberAlreadyExists")
    assert list(smartdok.company.supplier_invoices) == ["12"]


def test_S5_put_finds_by_external_number_and_replaces_whole(smartdok: SmartDok) -> None:
    smartdok.post("/SupplierInvoices", invoice(InvoiceNumber="F-7", Lines=[line("1"), line("2")]))
    answer = smartdok.put("/SupplierInvoices", invoice(InvoiceStatus="Paid", FullyPaidDate="2026-03-09"))
    assert answer.json() == smartdok.company.supplier_invoices["12"]
    stored = smartdok.company.supplier_invoices["12"]
    assert (stored["InvoiceStatus"], stored["InvoiceNumber"], len(stored["Lines"])) == ("Paid", None, 1)


def test_put_of_an_unknown_number_is_refused(smartdok: SmartDok) -> None:
    assert error(smartdok.put("/SupplierInvoices", invoice())) == (400, "ExternalInvoiceNumberNotFound")


def test_id_is_kept_over_a_put_and_read_by(smartdok: SmartDok) -> None:
    smartdok.post("/SupplierInvoices", invoice())
    id = smartdok.company.supplier_invoice_ids["12"]
    smartdok.put("/SupplierInvoices", invoice(InvoiceStatus="Cancelled"))
    assert smartdok.get(f"/SupplierInvoices/{id}").json()["InvoiceStatus"] == "Cancelled"
    assert smartdok.get("/SupplierInvoices/00000000-0000-0000-0000-000000000000").status_code == 404


def test_project_of_a_line_must_exist(smartdok: SmartDok) -> None:
    project = smartdok.company.add_project(IsActive=False)["Id"]
    assert smartdok.post("/SupplierInvoices", invoice(Lines=[line("1", ProjectId=project)])).ok
    answer = smartdok.post("/SupplierInvoices", invoice("13", Lines=[line("1", ProjectId=project + 1)]))
    assert error(answer) == (400, "ProjectIdNotFound")
    assert list(smartdok.company.supplier_invoices) == ["12"]


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"ExternalInvoiceNumber": ""}, "ExternalInvoiceNumberIsRequired"),
        ({"SupplierName": None}, "SupplierNameIsRequired"),
        ({"CostCenter": None}, "CostCenterIsRequired"),
        ({"InvoiceStatus": "Approved"}, "InvoiceStatusIsInvalid"),
        ({"BookingStatus": "Yes"}, "BookingStatusIsInvalid"),
        ({"Lines": [line("")]}, "ExternalInvoiceLineNumberIsRequired"),
        ({"Lines": [line("1", ItemDescription=None)]}, "ItemDescriptionIsRequired"),
        ({"Lines": [line("1"), line("1")]}, "ExternalInvoiceLineNumberAlreadyExists"),
    ],
)
def test_refusals(smartdok: SmartDok, fields: dict[str, Any], refusal: str) -> None:
    assert error(smartdok.post("/SupplierInvoices", invoice(**fields))) == (400, refusal)
    assert smartdok.company.supplier_invoices == {}


@pytest.mark.parametrize(
    "fields",
    [
        {"IssueDate": "2026-13-01"},
        {"DueDate": "20260301"},
        {"IssueDate": "2026-03-01T00:00:00"},
        {"Vat": "250,10"},
        {"Lines": {}},
    ],
)
def test_what_does_not_deserialize_is_refused(smartdok: SmartDok, fields: dict[str, Any]) -> None:
    answer = smartdok.post("/SupplierInvoices", invoice(**fields))
    assert (answer.status_code, list(answer.json()["errors"])) == (400, list(fields))


# Documents


def upload(smartdok: SmartDok, url: str, number: str = "12", name: str = "Faktura.pdf") -> Any:
    body = {"DocumentName": name, "DocumentDownloadUrl": url}
    return smartdok.post("/SupplierInvoices/document/upload", body, externalInvoiceNumber=number)


def test_S6_document_is_fetched_and_kept_byte_for_byte(smartdok: SmartDok, elsewhere: Elsewhere) -> None:
    smartdok.post("/SupplierInvoices", invoice())
    elsewhere.documents["/f.pdf"] = (200, PDF)
    answer = upload(smartdok, elsewhere.url + "/f.pdf")
    assert (answer.status_code, answer.content) == (200, b"")
    assert smartdok.company.documents == [
        {
            "ExternalInvoiceNumber": "12",
            "name": "Faktura.pdf",
            "content_type": "application/pdf",
            "bytes": PDF,
            "sha256": hashlib.sha256(PDF).hexdigest(),
            "url": elsewhere.url + "/f.pdf",
        }
    ]
    assert elsewhere.received[0][0]["User-Agent"].startswith("SmartDok")


def test_document_by_the_deprecated_path(smartdok: SmartDok, elsewhere: Elsewhere) -> None:
    smartdok.post("/SupplierInvoices", invoice())
    elsewhere.documents["/f.pdf"] = (200, PDF)
    body = {"DocumentName": "F.pdf", "DocumentDownloadUrl": elsewhere.url + "/f.pdf"}
    assert smartdok.post("/SupplierInvoices/12/document/upload", body).ok
    assert len(smartdok.company.documents) == 1


@pytest.mark.parametrize(
    ("path", "status", "content", "reason"),
    [
        ("/gone.pdf", 404, b"", "status 404"),
        ("/page.pdf", 200, b"<html></html>", "not a PDF"),
        ("/empty.pdf", 200, b"", "not a PDF"),
        ("/cut.pdf", 200, PDF, "could not be downloaded"),
    ],
)
def test_document_that_cannot_be_had_is_a_save_error(
    smartdok: SmartDok, elsewhere: Elsewhere, path: str, status: int, content: bytes, reason: str
) -> None:
    smartdok.post("/SupplierInvoices", invoice())
    elsewhere.documents[path] = (status, content)
    answer = upload(smartdok, elsewhere.url + path)
    assert error(answer) == (400, "DocumentDownloadFailed")
    assert reason in answer.json()["Message"]
    assert smartdok.company.documents == []


def test_document_that_takes_too_long(smartdok: SmartDok, elsewhere: Elsewhere) -> None:
    smartdok.twin.document_timeout = 0.1
    smartdok.post("/SupplierInvoices", invoice())
    elsewhere.documents["/slow.pdf"] = (200, PDF)
    assert error(upload(smartdok, elsewhere.url + "/slow.pdf")) == (400, "DocumentDownloadFailed")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/f.pdf", "file:///etc/hosts", "nonsense"])
def test_address_that_leads_nowhere(smartdok: SmartDok, url: str) -> None:
    smartdok.post("/SupplierInvoices", invoice())
    assert error(upload(smartdok, url)) == (400, "DocumentDownloadFailed")


def test_document_of_an_unknown_invoice(smartdok: SmartDok, elsewhere: Elsewhere) -> None:
    assert error(upload(smartdok, elsewhere.url + "/f.pdf")) == (400, "ExternalInvoiceNumberNotFound")
    assert elsewhere.received == []


def test_others_are_served_while_a_document_is_fetched(smartdok: SmartDok, elsewhere: Elsewhere) -> None:
    smartdok.post("/SupplierInvoices", invoice())
    elsewhere.documents["/slow.pdf"] = (200, PDF)
    uploading = threading.Thread(target=upload, args=(smartdok, elsewhere.url + "/slow.pdf"))
    uploading.start()
    while not elsewhere.received:
        pass
    assert smartdok.get("/Customers").status_code == 200
    assert smartdok.company.documents == []
    elsewhere.slow.set()
    uploading.join()
    assert len(smartdok.company.documents) == 1


# Webhooks


def public_keys(smartdok: SmartDok) -> list[rsa.RSAPublicKey]:
    def number(text: str) -> int:
        return int.from_bytes(base64.b64decode(text), "big")

    published = smartdok.get("/Authorize/PublicKeys").json()
    return [rsa.RSAPublicNumbers(number(k["Exponent"]), number(k["Modulus"])).public_key() for k in published]


def test_subscriptions(smartdok: SmartDok) -> None:
    body = {"Topic": "SupplierInvoiceUpdated", "Callback": "https://byggbro.example/hook"}
    id = smartdok.post("/Webhooks", body).json()["Id"]
    smartdok.put(f"/Webhooks/{id}", body | {"Callback": "https://byggbro.example/other"})
    assert smartdok.get("/Webhooks").json()["Items"] == [body | {"Id": id, "Callback": "https://byggbro.example/other"}]
    assert smartdok.delete(f"/Webhooks/{id}").status_code == 200
    assert smartdok.delete(f"/Webhooks/{id}").status_code == 404
    assert error(smartdok.post("/Webhooks", body | {"Topic": "Invoice"})) == (400, "TopicIsInvalid")


def test_approval_calls_the_webhook_with_id_and_signature(smartdok: SmartDok, elsewhere: Elsewhere) -> None:
    smartdok.post("/SupplierInvoices", invoice())
    smartdok.post("/Webhooks", {"Topic": "SupplierInvoiceUpdated", "Callback": elsewhere.url + "/hook"})
    made = smartdok.twin.approve_supplier_invoice(smartdok.company, "12")
    assert [delivery.status for delivery in made] == [204]
    headers, payload = elsewhere.received[0]
    assert json.loads(payload) == {"Id": smartdok.company.supplier_invoice_ids["12"]}
    assert headers["X-PAYLOAD-SIGNATURE-ALG"] == "SHA256"
    signature = base64.b64decode(headers["X-PAYLOAD-SIGNATURE"])
    key = public_keys(smartdok)[0]
    key.verify(signature, payload, padding.PKCS1v15(), hashes.SHA256())
    with pytest.raises(InvalidSignature):
        key.verify(signature, payload + b" ", padding.PKCS1v15(), hashes.SHA256())


def test_rotated_key_stays_published_behind_the_current_one(smartdok: SmartDok) -> None:
    before = public_keys(smartdok)
    smartdok.twin.keys.rotate()
    after = public_keys(smartdok)
    assert len(after) == 2
    assert after[1].public_numbers() == before[0].public_numbers()


def test_receiver_that_is_down_does_not_undo_the_approval(smartdok: SmartDok) -> None:
    smartdok.post("/SupplierInvoices", invoice())
    smartdok.post("/Webhooks", {"Topic": "SupplierInvoiceUpdated", "Callback": "http://127.0.0.1:1/hook"})
    made = smartdok.twin.approve_supplier_invoice(smartdok.company, "12")
    assert made[0].status is None
    assert smartdok.company.approved == {"12"}
