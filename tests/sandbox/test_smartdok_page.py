"""The page of the SmartDok twin: what a person sees and does there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sandbox.smartdok import Company, SmartDokTwin
from tests.sandbox.smartdok import SmartDok, running


@pytest.fixture
def smartdok() -> Iterator[SmartDok]:
    with running() as started:
        yield started


def do(smartdok: SmartDok, action: str, **form: Any) -> str:
    """Sends a form as a browser does and gives the page that follows."""
    answer = requests.post(f"{smartdok.twin.url}/page/1/{action}", data=form, timeout=5)
    assert (answer.status_code, len(answer.history)) == (200, 1), answer.text
    return answer.text


def page(smartdok: SmartDok) -> str:
    return requests.get(smartdok.twin.url, timeout=5).text


def test_page_needs_no_session_and_is_not_logged(smartdok: SmartDok) -> None:
    smartdok.twin.clear_log()
    assert "Fakturaunderlag" in page(smartdok)
    assert smartdok.twin.requests == []


def test_page_shows_the_company_that_is_asked_for(smartdok: SmartDok) -> None:
    other = smartdok.twin.add_company(Company("Annan AB", "t-2", id=2))
    other.add_customer(CustomerName="Bara hos Annan")
    assert "Bara hos Annan" not in page(smartdok)
    assert "Bara hos Annan" in requests.get(f"{smartdok.twin.url}/?company=2", timeout=5).text
    assert requests.get(f"{smartdok.twin.url}/?company=3", timeout=5).status_code == 404


def test_twin_without_companies_says_so() -> None:
    with SmartDokTwin() as twin:
        assert "inga företag" in requests.get(twin.url, timeout=5).text


def test_texts_are_shown_as_they_are(smartdok: SmartDok) -> None:
    smartdok.company.add_customer(CustomerName='<b>Rör & "Kran"</b>')
    assert "&lt;b&gt;Rör &amp; &#34;Kran&#34;&lt;/b&gt;" in page(smartdok)


def test_customer_and_project_are_added(smartdok: SmartDok) -> None:
    assert "Kunden finns nu i SmartDok" in do(smartdok, "customers", CustomerName=" Åkes ", CustomerNumber="7")
    customer = next(iter(smartdok.company.customers.values()))
    assert (customer["CustomerName"], customer["CustomerNumber"]) == ("Åkes", "7")
    do(smartdok, "projects", ProjectName="Skola", ProjectNumber="1", CustomerId=customer["Id"], StartDate="")
    do(smartdok, "projects", ProjectName="Väg", ProjectNumber="2", CustomerId="", StartDate="2026-03-01")
    seen = [(p["CustomerId"], p["StartDate"]) for p in smartdok.company.projects.values()]
    assert seen == [(customer["Id"], None), (None, "2026-03-01T00:00:00")]


def test_number_and_start_date_are_set_later(smartdok: SmartDok) -> None:
    customer, project = smartdok.company.add_customer(), smartdok.company.add_project()
    smartdok.clock.forward(minutes=3)
    do(smartdok, f"customers/{customer['Id']}", CustomerNumber="7")
    do(smartdok, f"projects/{project['Id']}", StartDate="2026-03-01")
    assert (customer["CustomerNumber"], customer["Updated"]) == ("7", "2026-03-10T12:03:00")
    assert (project["StartDate"], project["Updated"]) == ("2026-03-01T00:00:00", "2026-03-10T12:03:00")


def test_invoice_goes_through_its_life(smartdok: SmartDok) -> None:
    project = smartdok.company.add_project()
    do(smartdok, "invoices", CustomerId="", ProjectId=project["Id"], LineText="Gjutning", Quantity="7,5", Price="1 000")
    invoice = next(iter(smartdok.company.invoices.values()))
    assert (invoice["IsDraft"], invoice["TotalPrice"], invoice["ProjectId"]) == (True, 7500.0, project["Id"])
    step = f"invoices/{invoice['Id']}"
    assert "Arkiv" in do(smartdok, f"{step}/finalise")
    do(smartdok, f"{step}/withdraw")
    do(smartdok, f"{step}/change", RowId="1", Quantity="8", Price="1000,50")
    assert "8\N{NO-BREAK SPACE}004,00" in do(smartdok, f"{step}/finalise")
    assert "Krediterad" in do(smartdok, f"{step}/credit")
    assert (invoice["IsDraft"], invoice["Credited"], invoice["UpdatedCounter"]) == (False, True, 5)


def test_only_changed_lines_are_counted_anew(smartdok: SmartDok) -> None:
    lines = [{"Price": 10.0, "Quantity": 1.0, "Sum": 99.0}, {"Price": 10.0, "Quantity": 2.0}]
    invoice = smartdok.company.add_invoice(lines, IsDraft=True)
    do(smartdok, f"invoices/{invoice['Id']}/change", RowId="2", Quantity="3", Price="10")
    assert [line["Sum"] for line in invoice["InvoiceLines"]] == [99.0, 30.0]
    assert invoice["TotalPrice"] == 129.0


def test_long_invoice_is_cut_on_the_page(smartdok: SmartDok) -> None:
    smartdok.company.add_invoice([{"LineText": "Arbete"}] * 501)
    assert "441 rader till" in page(smartdok)


def test_document_can_be_opened_and_invoice_approved(smartdok: SmartDok) -> None:
    body = {
        "ExternalInvoiceNumber": "A/1",
        "BaseCurrency": "SEK",
        "InvoiceCurrency": "SEK",
        "CostCenter": "",
        "SupplierName": "Betong AB",
    }
    assert smartdok.post("/SupplierInvoices", body).ok
    smartdok.company.add_document("A/1", "Faktura.pdf", b"%PDF-1.4", "application/pdf", "https://byggbro.example/f")
    assert "Faktura.pdf" in page(smartdok)
    opened = requests.get(f"{smartdok.twin.url}/page/1/documents/0", timeout=5)
    assert (opened.content, opened.headers["Content-Type"]) == (b"%PDF-1.4", "application/pdf")
    assert requests.get(f"{smartdok.twin.url}/page/1/documents/1", timeout=5).status_code == 404
    assert "Ingen webhook är registrerad" in do(smartdok, "supplier-invoices/A%2F1/approve")
    assert smartdok.company.approved == {"A/1"}


@pytest.mark.parametrize(
    ("action", "form", "status"),
    [
        ("projects", {"ProjectName": "A", "ProjectNumber": "1", "StartDate": "snart"}, 400),
        ("invoices", {"LineText": "A", "Quantity": "många", "Price": "1"}, 400),
        ("invoices/9/finalise", {}, 404),
        ("projects/9", {"StartDate": "2026-01-01"}, 404),
        ("supplier-invoices/9/approve", {}, 404),
    ],
)
def test_what_cannot_be_done_is_refused(smartdok: SmartDok, action: str, form: dict[str, str], status: int) -> None:
    answer = requests.post(f"{smartdok.twin.url}/page/1/{action}", data=form, timeout=5)
    assert answer.status_code == status
