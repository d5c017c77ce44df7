"""The Fortnox twin's page: what lies there is shown, and each form does what its button says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import requests

from tests.sandbox.fortnox import TENANT, Fortnox, code, running


@pytest.fixture
def fortnox() -> Iterator[Fortnox]:
    with running() as fortnox:
        company = fortnox.company
        company.add_supplier("Betong & Grus AB", "7")
        company.add_project("Kajen", "2041")
        company.add_customer("Åke <Bygg>", "1001")
        yield fortnox


def act(fortnox: Fortnox, to: str, **form: Any) -> str:
    """Sends a form and gives the page that it leads to."""
    files = {"file": form.pop("file")} if "file" in form else None
    answer = requests.post(f"{fortnox.twin.url}/page/{TENANT}/{to}", data=form, files=files)
    assert answer.status_code == 200, answer.text
    assert answer.url.startswith(f"{fortnox.twin.url}/?company={TENANT}")
    return answer.text


def test_the_page_shows_the_company_and_escapes_what_lies_there(fortnox: Fortnox) -> None:
    fortnox.post("invoices", {"Invoice": {"CustomerNumber": "1001", "ExternalInvoiceReference1": "BB-0001"}})
    page = requests.get(fortnox.twin.url).text
    for text in ("Bygg &amp; Mark i Västerås AB", "Åke &lt;Bygg&gt;", "BB-0001", "Kajen", "Betong &amp; Grus AB"):
        assert text in page
    assert requests.get(f"{fortnox.twin.url}/?company=9").status_code == 404


def test_a_supplier_invoice_is_added_with_a_generated_pdf(fortnox: Fortnox) -> None:
    form = {
        "supplier": "7",
        "project": "2041",
        "total": "12 500,50",
        "account": "4010",
        "where": "inbox",
        "booked": "on",
    }
    assert "Leverantörsfaktura 1 ligger i Fortnox" in act(fortnox, "supplier-invoices", **form)
    invoice = fortnox.company.supplier_invoices["1"]
    assert (invoice["Total"], invoice["Project"], invoice["Booked"]) == ("12500.50", "2041", True)
    (connection,) = fortnox.rows("supplierinvoicefileconnections", supplierinvoicenumber="1")
    content = fortnox.get(f"inbox/{connection['FileId']}").content
    assert content.startswith(b"%PDF-")
    shown = requests.get(f"{fortnox.twin.url}/page/{TENANT}/files/{connection['FileId']}")
    assert (shown.content, shown.headers["Content-Type"]) == (content, "application/pdf")


def test_a_supplier_invoice_is_added_with_an_uploaded_file_or_none(fortnox: Fortnox) -> None:
    form = {"supplier": "7", "total": "-125", "account": "4000"}
    act(fortnox, "supplier-invoices", **form, where="archive", file=("foto.jpg", b"\xff\xd8", "image/jpeg"))
    act(fortnox, "supplier-invoices", **form, where="")
    (file,) = fortnox.company.files.values()
    assert (file["Name"], file["Bytes"], file["Where"], file["ContentType"]) == (
        "foto.jpg",
        b"\xff\xd8",
        "archive",
        "image/jpeg",
    )
    assert [invoice["Booked"] for invoice in fortnox.company.supplier_invoices.values()] == [False, False]


def test_a_supplier_invoice_is_booked_approved_recoded_and_cancelled(fortnox: Fortnox) -> None:
    company = fortnox.company
    number = company.add_supplier_invoice("7", 125, project="2041", booked=False)
    company.approvals[number] = {"authorizer": "Eva", "bookkeep": False, "payment": False}
    assert "är attesterad" in act(fortnox, f"supplier-invoices/{number}/approve")
    assert "är bokförd" in act(fortnox, f"supplier-invoices/{number}/book")
    assert "är omkonterad" in act(fortnox, f"supplier-invoices/{number}/recode", project="")
    assert "är makulerad" in act(fortnox, f"supplier-invoices/{number}/cancel")
    invoice = company.supplier_invoices[number]
    assert (invoice["Booked"], invoice["Cancelled"], invoice["Project"]) == (True, True, "")
    assert company.approvals[number] == {"authorizer": "Eva", "bookkeep": True, "payment": True}
    assert "(2001652)" in act(fortnox, f"supplier-invoices/{number}/book")  # the same refusal as through the API


def test_a_customer_invoice_is_booked_credited_and_cancelled(fortnox: Fortnox) -> None:
    for _ in range(2):
        fortnox.post("invoices", {"Invoice": {"CustomerNumber": "1001"}})
    assert "är bokförd" in act(fortnox, "invoices/1/bookkeep")
    assert "är krediterad" in act(fortnox, "invoices/1/credit")
    assert "är makulerad" in act(fortnox, "invoices/2/cancel")
    assert [i["Booked"] for i in fortnox.company.invoices.values()] == [True, False, False]
    assert "(2000015)" in act(fortnox, "customers/delete", number="1001")


def test_the_switches(fortnox: Fortnox) -> None:
    company = fortnox.company
    act(fortnox, "lock", until="2026-02-28")
    assert company.locked_until == date(2026, 2, 28)
    act(fortnox, "lock")
    assert company.locked_until is None
    act(fortnox, "project-accounting")
    assert company.project_accounting is False
    act(fortnox, "scope", scope="invoice")
    assert code(fortnox.get("invoices")) == 2001101
    act(fortnox, "scope", scope="invoice")
    act(fortnox, "licence")
    assert code(fortnox.get("invoices")) == 2001103
    act(fortnox, "licence")
    act(fortnox, "tokens/expire")
    assert code(fortnox.get("invoices")) == 2000310
    act(fortnox, "consent/withdraw")
    assert fortnox.token().status_code == 400
    act(fortnox, "consent/give")
    fortnox.log_in()
    act(fortnox, "limit")
    assert fortnox.twin.limit is True
    assert "är borttagen" in act(fortnox, "customers/delete", number="1001")
    assert company.burnt_customer_numbers == {"1001"}


def test_the_fault_switchboard(fortnox: Fortnox) -> None:
    form = {"kind": "status", "method": "GET", "path": "^/3/units", "times": "1", "status": "502", "seconds": "5"}
    assert "Felet väntar" in act(fortnox, "faults", **form, mine="on")
    assert [fortnox.get("units").status_code for _ in range(2)] == [502, 200]
    (fault,) = fortnox.twin.faults.all
    assert (fault.tenant, fault.fired) == (str(TENANT), 1)
    act(fortnox, f"faults/{fault.id}/remove")
    assert "Inget fel lades till" in act(fortnox, "faults", **form | {"path": "("})
    assert fortnox.twin.faults.all == []


@pytest.mark.parametrize(
    ("path", "form", "status"),
    [
        ("supplier-invoices", {"supplier": "99", "total": "1"}, 400),
        ("supplier-invoices", {"supplier": "7", "total": "mycket"}, 400),
        ("lock", {"until": "igår"}, 400),
        ("nothing", {}, 404),
        ("invoices/1/eat", {}, 404),
    ],
)
def test_a_form_that_makes_no_sense(fortnox: Fortnox, path: str, form: dict[str, str], status: int) -> None:
    answer = requests.post(f"{fortnox.twin.url}/page/{TENANT}/{path}", data=form)
    assert answer.status_code == status
    assert fortnox.company.supplier_invoices == {}


def test_the_page_is_neither_logged_nor_faulted(fortnox: Fortnox) -> None:
    fortnox.twin.clear_log()
    fortnox.twin.faults.add("status", status=500)
    assert requests.get(fortnox.twin.url).status_code == 200
    assert fortnox.twin.requests == []


def test_a_twin_goes_on_with_its_data_when_it_is_started_again(tmp_path: Any) -> None:
    file = tmp_path / "fortnox.pickle"
    with running(data_file=file) as fortnox:
        fortnox.company.add_customer("Åke", "1")
        fortnox.company.burnt_customer_numbers.add("2")
        token = fortnox.session.headers["Authorization"]
    with running(data_file=file) as again:
        assert again.twin.loaded is True
        again.session.headers["Authorization"] = token
        assert [row["Name"] for row in again.rows("customers")] == ["Åke"]
        assert again.company.burnt_customer_numbers == {"2"}
        assert again.company.clock is again.clock
