"""Documents of supplier invoices, Fortnox → SmartDok: rules S6 and S7."""

import datetime
import errno
import hashlib
import io
import os
import sys
from typing import Any

import pytest
import requests
import time_machine
from django.core.files.storage import FileSystemStorage
from django.utils import timezone
from PIL import Image
from pypdf import PdfReader, PdfWriter

from sync import documents
from sync.engine import manual
from sync.models import Document, Item
from sync.tasks import document_fetched
from tests.sync import remote

pytestmark = pytest.mark.django_db(transaction=True)
DAY = datetime.date(2026, 5, 4)
NOT_A_PDF = b"<html>Fakturan finns i portalen</html>"


@pytest.fixture(autouse=True)
def _reachable(live_server: Any, settings: Any, tmp_path: Any) -> None:
    """SmartDok fetches documents from where we really run."""
    settings.PUBLIC_URL = live_server.url
    storages = {**settings.STORAGES}
    storages["default"] = {**storages["default"], "OPTIONS": {"location": tmp_path, "base_url": None}}
    settings.STORAGES = storages


@pytest.fixture
def invoice(smartdok: Any, fortnox: Any) -> str:
    smartdok.add_project(ProjectNumber="2041", StartDate="2026-03-01T00:00:00")
    supplier = fortnox.add_supplier("Betong AB")
    given: str = fortnox.add_supplier_invoice(supplier, "125", project="2041", invoice_date=DAY)
    return given


def pdf(pages: int = 1, width: int = 200) -> bytes:
    whole, content = PdfWriter(), io.BytesIO()
    for _ in range(pages):
        whole.add_blank_page(width, 300)
    whole.write(content)
    return content.getvalue()


def picture(kind: str = "PNG") -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (30, 40), "red").save(content, kind)
    return content.getvalue()


def _ends(states: Any) -> list[tuple[str, str]]:
    return [each[1:] for each in states("supplier-documents")]


@pytest.mark.parametrize("where", ["archive", "inbox", "attachment"])
def test_S6_a_document_arrives_byte_for_byte_with_its_hash(
    smartdok: Any, fortnox: Any, settled: Any, invoice: str, where: Any
) -> None:
    content = pdf()
    fortnox.attach_file(invoice, "Faktura å 1.pdf", content, where=where)
    assert settled().exit_code == 0
    assert remote.documents(smartdok) == [(invoice, "Faktura å 1.pdf", content)]
    kept = Document.objects.get()
    assert (kept.sha256, kept.size, kept.content_type) == (
        hashlib.sha256(content).hexdigest(), len(content), "application/pdf",
    )  # fmt: skip
    assert smartdok.documents[0]["sha256"] == kept.sha256
    assert smartdok.documents[0]["content_type"] == "application/pdf"


def test_S6_the_type_is_what_the_bytes_say(
    smartdok: Any, fortnox: Any, settled: Any, invoice: str, states: Any
) -> None:
    fortnox.attach_file(invoice, "faktura.pdf", NOT_A_PDF, content_type="application/pdf")
    content = pdf()
    fortnox.attach_file(invoice, "bilden.png", content, content_type="image/png")
    assert settled().exit_code == 2
    assert _ends(states) == [("stopped", "S6.not_pdf"), ("done", "")]
    assert remote.documents(smartdok) == [(invoice, "bilden.png", content)]


def test_S6_a_documents_failure_never_sends_the_invoice_again(
    smartdok: Any, fortnox: Any, settled: Any, run: Any, invoice: str, twins: Any, states: Any, writes: Any
) -> None:
    fortnox.attach_file(invoice, "faktura.pdf", pdf())
    twins.smartdok.faults.add("reset-before", "POST", "/document/upload$", times=None)
    run()
    assert _ends(states) == [("waiting", "http.reset")]
    sent = [each for each in writes() if each.endswith("/SupplierInvoices")]
    assert sent == ["POST /SupplierInvoices"]
    twins.smartdok.faults.clear()
    assert [each for each in writes() if each.endswith("/SupplierInvoices")] == []
    assert len(smartdok.supplier_invoices) == 1


@pytest.mark.parametrize("kind", ["reset-after", "truncate", "status-after"])
def test_S6_fetched_but_the_answer_was_lost_it_is_not_sent_twice(
    smartdok: Any, fortnox: Any, settled: Any, invoice: str, twins: Any, kind: str
) -> None:
    content = pdf()
    fortnox.attach_file(invoice, "faktura.pdf", content)
    twins.smartdok.faults.add(kind, "POST", "/document/upload$")
    assert settled().exit_code == 0
    assert remote.documents(smartdok) == [(invoice, "faktura.pdf", content)]


def test_S6_an_address_that_was_out_of_reach_is_tried_again(
    smartdok: Any, fortnox: Any, settled: Any, run: Any, invoice: str, settings: Any, item: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("sync.engine.states.random.uniform", lambda low, high: 120.0)
    right, settings.PUBLIC_URL = settings.PUBLIC_URL, "http://127.0.0.1:9"
    content = pdf()
    fortnox.attach_file(invoice, "faktura.pdf", content)
    run()
    waiting = item("supplier-documents", invoice)
    assert (waiting.state, waiting.cause) == ("waiting", "S6.not_fetched")
    settings.PUBLIC_URL = right
    with time_machine.travel(datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1), tick=True):
        assert settled().exit_code == 0
    assert remote.documents(smartdok) == [(invoice, "faktura.pdf", content)]


def test_S6_a_file_that_is_gone_or_empty_is_for_a_person(
    smartdok: Any, fortnox: Any, settled: Any, invoice: str, states: Any
) -> None:
    gone = fortnox.attach_file(invoice, "borta.pdf", pdf())
    del fortnox.files[gone]
    fortnox.attach_file(invoice, "tom.pdf", b"")
    assert settled().exit_code == 2
    assert _ends(states) == [("stopped", "document.gone"), ("stopped", "document.empty")]
    assert list(smartdok.supplier_invoices) == [invoice]


def test_S6_a_document_of_50_MB_is_refused_and_the_rest_goes_on(
    smartdok: Any, fortnox: Any, settled: Any, invoice: str, item: Any
) -> None:
    large = fortnox.attach_file(invoice, "stor.pdf", b"%PDF-1.4\n" + bytes(50 * 1024 * 1024))
    content = pdf()
    fortnox.attach_file(invoice, "liten.pdf", content)
    assert settled().exit_code == 2
    stopped = item("supplier-documents", invoice, source_id=f"{invoice}:{large}")
    assert (stopped.state, stopped.reason, stopped.cause) == ("stopped", "data", "document.too_large")
    assert (stopped.params["size"], stopped.params["largest"]) == (50 * 1024 * 1024 + 9, 25 * 1024 * 1024)
    assert remote.documents(smartdok) == [(invoice, "liten.pdf", content)]
    assert Document.objects.filter(item=stopped).count() == 0


def test_S6_a_file_follows_its_invoice(smartdok: Any, fortnox: Any, settled: Any, states: Any, twins: Any) -> None:
    supplier = fortnox.add_supplier("Betong AB")
    without = fortnox.add_supplier_invoice(supplier, "125", invoice_date=DAY)
    unknown = fortnox.add_supplier_invoice(supplier, "125", project="9901", invoice_date=DAY)
    content = pdf()
    for given in (without, unknown):
        fortnox.attach_file(given, "faktura.pdf", content)
    settled()
    assert _ends(states) == [("left_out", "S6.invoice_left_out"), ("waiting", "S6.invoice_first")]
    assert [each.path for each in twins.fortnox.requests if "/3/archive" in each.path] == [], "nor is it fetched"
    smartdok.add_project(ProjectNumber="9901")
    settled()
    assert remote.documents(smartdok) == [(unknown, "faktura.pdf", content)]
    fortnox.recode_supplier_invoice(without, "9901")
    settled()
    assert remote.documents(smartdok)[1:] == [(without, "faktura.pdf", content)]


def test_S7_the_first_pdf_goes_and_further_files_are_kept(
    smartdok: Any, fortnox: Any, settled: Any, invoice: str, states: Any
) -> None:
    files = {"bild.png": picture(), "faktura.pdf": pdf(1), "bilaga.pdf": pdf(2), "foto.jpg": picture("JPEG")}
    for name, content in files.items():
        fortnox.attach_file(invoice, name, content)
    assert settled().exit_code == 0
    assert remote.documents(smartdok) == [(invoice, "faktura.pdf", files["faktura.pdf"])]
    assert _ends(states) == [
        ("left_out", "S7.image"),
        ("done", ""),
        ("left_out", "S7.further"),
        ("left_out", "S7.image"),
    ]
    kept = {each.name: each.sha256 for each in Document.objects.all()}
    assert kept == {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


def test_S7_by_setting_all_files_are_joined_into_one_pdf(
    smartdok: Any, fortnox: Any, settled: Any, invoice: str, states: Any, choose: Any
) -> None:
    choose("supplier-documents", join=True)
    fortnox.attach_file(invoice, "faktura.pdf", pdf(2))
    fortnox.attach_file(invoice, "bild.png", picture())
    fortnox.attach_file(invoice, "bilaga.pdf", pdf(1, width=400))
    assert settled().exit_code == 0
    ((given, name, content),) = remote.documents(smartdok)
    widths = [float(page.mediabox.width) for page in PdfReader(io.BytesIO(content)).pages]
    assert (given, name, len(widths), widths[0], widths[3]) == (invoice, "faktura.pdf", 4, 200.0, 400.0)
    assert _ends(states) == [("done", ""), ("left_out", "S7.joined"), ("left_out", "S7.joined")]
    assert Document.objects.filter(kind="joined").get().sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("first", [NOT_A_PDF, b""])
def test_S7_joined_files_are_sent_by_the_first_that_can_be_in_the_pdf(
    smartdok: Any, fortnox: Any, settled: Any, invoice: str, states: Any, choose: Any, first: bytes
) -> None:
    choose("supplier-documents", join=True)
    fortnox.attach_file(invoice, "portalen.html", first)
    fortnox.attach_file(invoice, "Skannad 2026.05.PNG", picture())
    fortnox.attach_file(invoice, "bilaga.pdf", pdf())
    assert settled().exit_code == 2
    ((given, name, content),) = remote.documents(smartdok)
    assert (given, name, len(PdfReader(io.BytesIO(content)).pages)) == (invoice, "Skannad 2026.05.pdf", 2)
    assert [state for state, _ in _ends(states)] == ["stopped", "done", "left_out"]


def test_S6_handed_over_but_not_fetched_yet_it_waits_and_is_not_sent_twice(
    smartdok: Any, fortnox: Any, settled: Any, run: Any, invoice: str, item: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched: list[tuple[Document, str]] = []
    monkeypatch.setattr("sync.views.document_fetched", lambda *told: fetched.append(told))
    monkeypatch.setattr("sync.engine.push.NOTED_SECONDS", 0)
    content = pdf()
    fortnox.attach_file(invoice, "faktura.pdf", content)
    run()
    waiting = item("supplier-documents", invoice)
    assert (waiting.state, waiting.cause, waiting.needs) == ("waiting", "S6.not_fetched", [f"document:{waiting.pk}"])
    document_fetched(*fetched[0])
    assert settled().exit_code == 0
    assert remote.documents(smartdok) == [(invoice, "faktura.pdf", content)]


def test_S6_it_is_sent_once_whatever_the_clocks_of_web_and_worker_say(
    smartdok: Any, fortnox: Any, settled: Any, invoice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Behind:
        now = staticmethod(lambda: timezone.now() - datetime.timedelta(minutes=2))

    monkeypatch.setattr(documents, "timezone", Behind)
    content = pdf()
    fortnox.attach_file(invoice, "faktura.pdf", content)
    assert settled().exit_code == 0
    assert remote.documents(smartdok) == [(invoice, "faktura.pdf", content)]


def test_S6_who_comes_late_to_an_old_address_changes_nothing_for_a_new_one(
    smartdok: Any, fortnox: Any, settled: Any, run: Any, invoice: str, twins: Any, item: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("sync.engine.push.NOTED_SECONDS", 0.2)
    content = pdf()
    fortnox.attach_file(invoice, "faktura.pdf", content)
    settled()
    [told] = [each.request_json for each in twins.smartdok.requests if each.path.endswith("document/upload")]
    sent_before = item("supplier-documents", invoice)
    assert manual.resend(Item.objects.filter(pk=sent_before.pk), "anna") == 1
    twins.smartdok.faults.add("status", "POST", "document/upload", status=200, body="{}")  # yes, and it does not fetch
    run()
    assert requests.get(told["DocumentDownloadUrl"], timeout=10).content == content
    run()
    waiting = item("supplier-documents", invoice)
    assert (waiting.state, waiting.cause) == ("waiting", "S6.not_fetched")
    asked = [each.request_json for each in twins.smartdok.requests if each.path.endswith("document/upload")]
    assert requests.get(asked[-1]["DocumentDownloadUrl"], timeout=10).content == content
    assert requests.get(told["DocumentDownloadUrl"], timeout=10).content == content
    assert settled().exit_code == 0
    assert item("supplier-documents", invoice).state == "done"
    assert len(asked) == 2


class EndpointConnectionError(Exception):
    """As botocore has it: no OSError."""


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), EndpointConnectionError()])
@pytest.mark.parametrize("doing", ["save", "open"])
def test_S7_a_storage_in_trouble_while_files_are_joined_is_waited_for(
    smartdok: Any, fortnox: Any, settled: Any, run: Any, invoice: str, choose: Any, item: Any, error: Exception,
    doing: str, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    fake = type("Botocore", (), {"BotoCoreError": EndpointConnectionError, "ClientError": EndpointConnectionError})
    monkeypatch.setitem(sys.modules, "botocore.exceptions", fake)  # type: ignore[arg-type]
    choose("supplier-documents", join=True)
    for name in ("a.pdf", "b.pdf"):
        fortnox.attach_file(invoice, name, pdf(1 if name == "a.pdf" else 2))
    real_join, real = documents.join, getattr(FileSystemStorage, doing)

    def in_trouble(*args: Any, **named: Any) -> Any:
        raise error

    def join(*args: Any) -> Document:
        setattr(FileSystemStorage, doing, in_trouble)
        try:
            return real_join(*args)
        finally:
            setattr(FileSystemStorage, doing, real)

    monkeypatch.setattr("sync.engine.states.random.uniform", lambda low, high: 3600.0)
    with monkeypatch.context() as broken:
        broken.setattr(documents, "join", join)
        run()
    first = Item.objects.filter(pipeline__flow="supplier-documents").order_by("pk")[0]
    told = getattr(error, "strerror", None) or "EndpointConnectionError"
    assert (first.state, first.cause, first.params) == ("waiting", "document.storage", {"error": told})
    Item.objects.filter(pk=first.pk).update(not_before=timezone.now())
    assert settled().exit_code == 0
    assert len(remote.documents(smartdok)) == 1


def test_S8_a_person_sends_a_document_and_its_invoice_again(
    smartdok: Any, fortnox: Any, settled: Any, invoice: str
) -> None:
    content = pdf()
    fortnox.attach_file(invoice, "faktura.pdf", content)
    settled()
    Document.objects.update(served_at=timezone.now())  # fetched once more since
    smartdok.documents.clear()
    smartdok.supplier_invoices.clear()
    again = Item.objects.filter(pipeline__flow__in=["supplier-invoices", "supplier-documents"])
    assert manual.resend(again, "anna") == 2
    report = settled()
    assert (report.exit_code, report.flows["supplier-documents"]["created"]) == (0, 1)
    assert remote.documents(smartdok) == [(invoice, "faktura.pdf", content)]
    assert list(remote.supplier_invoices(smartdok)) == [invoice]
