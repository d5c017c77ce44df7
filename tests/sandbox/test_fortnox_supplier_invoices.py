"""The Fortnox twin: suppliers' invoices and their files (notes 47, 57, 58; Seen in practice 1-3)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from tests.sandbox.fortnox import Fortnox, code, running

PDF = b"%PDF-1.7\n\x00\xff binary"


@pytest.fixture
def fortnox() -> Iterator[Fortnox]:
    with running() as fortnox:
        fortnox.company.add_project("Kajen", "2041")
        fortnox.company.add_supplier("Betong & Grus AB", "7")
        yield fortnox


def test_a_supplier_invoice_has_money_as_texts_and_rows_by_code(fortnox: Fortnox) -> None:
    given = fortnox.company.add_supplier_invoice("7", "12500.00", project="2041", invoice_number="F-77")
    invoice = fortnox.get(f"supplierinvoices/{given}").json()["SupplierInvoice"]
    shown = {
        "GivenNumber": "1",
        "InvoiceNumber": "F-77",
        "SupplierName": "Betong & Grus AB",
        "Total": "12500.00",
        "VAT": "2500.00",
        "Booked": True,
        "Project": "2041",
        "VoucherSeries": "D",
        "Credit": False,
        "InvoiceDate": "2026-03-10",
    }
    assert {name: invoice[name] for name in shown} == shown
    rows = [(r["Code"], r["Account"], r["Debit"], r["Credit"], r["Project"]) for r in invoice["SupplierInvoiceRows"]]
    assert rows == [("TOT", 2440, 0, 12500, ""), ("VAT", 2640, 2500, 0, ""), ("ACC", 4000, 10000, 0, "2041")]


def test_a_credit_note_turns_the_sides(fortnox: Fortnox) -> None:
    given = fortnox.company.add_supplier_invoice("7", "-125", booked=False)
    invoice = fortnox.get(f"supplierinvoices/{given}").json()["SupplierInvoice"]
    assert (invoice["Credit"], invoice["Total"], invoice["Booked"]) == (True, "-125.00", False)
    assert [(r["Code"], r["Debit"], r["Credit"]) for r in invoice["SupplierInvoiceRows"]] == [
        ("TOT", 125, 0),
        ("VAT", 0, 25),
        ("ACC", 0, 100),
    ]


def test_list_rows_and_filters(fortnox: Fortnox) -> None:
    company = fortnox.company
    company.add_supplier_invoice("7", 100)
    company.add_supplier_invoice("7", 100, booked=False)
    company.add_supplier_invoice("7", 100, invoice_date=date(2026, 1, 1))
    company.cancel_supplier_invoice(company.add_supplier_invoice("7", 100))
    company.add_supplier_invoice("7", 100, Balance="0.00", FinalPayDate="2026-03-09")
    company.approvals["2"] = {"authorizer": "Eva Ek", "bookkeep": False, "payment": False}

    def found(**query: object) -> list[str]:
        return [row["GivenNumber"] for row in fortnox.rows("supplierinvoices", **query)]

    assert found() == ["1", "2", "3", "4", "5"]
    assert (found(filter="cancelled"), found(filter="fullypaid")) == (["4"], ["5"])
    assert (found(filter="unbooked"), found(filter="authorizepending")) == (["2"], ["2"])
    assert (found(filter="unpaid"), found(filter="unpaidoverdue")) == (["1", "2", "3"], ["3"])
    row = fortnox.rows("supplierinvoices")[1]
    assert (row["AuthorizerName"], row["Cancel"], "SupplierInvoiceRows" in row) == ("Eva Ek", False, False)

    fortnox.put("supplierinvoices/2/approvalbookkeep")
    assert found(filter="authorizepending") == ["2"]
    fortnox.put("supplierinvoices/2/approvalpayment")
    assert found(filter="authorizepending") == []


def test_changes_show_in_lastmodified(fortnox: Fortnox) -> None:
    fortnox.company.add_supplier_invoice("7", 100, project="2041")
    fortnox.clock.forward(hours=1)
    fortnox.log_in()

    def changed() -> list[str]:
        return [row["GivenNumber"] for row in fortnox.rows("supplierinvoices", lastmodified="2026-03-10 13:00")]

    assert changed() == []
    fortnox.company.recode_supplier_invoice("1", "2042")
    assert changed() == ["1"]
    invoice = fortnox.company.supplier_invoices["1"]
    assert (invoice["Project"], [r["Project"] for r in invoice["SupplierInvoiceRows"]]) == ("2042", ["", "", "2042"])


def test_creating_changing_booking_and_cancelling_through_the_api(fortnox: Fortnox) -> None:
    body = {"SupplierNumber": "7", "Total": "125", "VAT": "25", "InvoiceNumber": "F-1", "Project": "2041"}
    rows = [{"Code": "ACC", "Account": 4000, "Debit": 100, "Project": "2041"}]
    created = fortnox.post("supplierinvoices", {"SupplierInvoice": body | {"SupplierInvoiceRows": rows}})
    assert (created.status_code, created.json()["SupplierInvoice"]["Total"]) == (201, "125.00")
    assert fortnox.put("supplierinvoices/1", {"SupplierInvoice": {"Comments": "Hej"}}).status_code == 200
    assert fortnox.put("supplierinvoices/1/bookkeep").json()["SupplierInvoice"]["Booked"] is True
    assert code(fortnox.put("supplierinvoices/1/bookkeep")) == 2001652
    assert fortnox.put("supplierinvoices/1/cancel").json()["SupplierInvoice"]["Cancelled"] is True
    assert code(fortnox.put("supplierinvoices/1", {"SupplierInvoice": {"Comments": "x"}})) == 2001652
    for wrong, expected in [
        ({}, 2000204),
        ({"SupplierNumber": "9"}, 2000435),
        ({"SupplierNumber": "7", "Project": "9"}, 2000429),
        ({"SupplierNumber": "7", "Total": "tio"}, 2000108),
        ({"SupplierNumber": "7", "SupplierInvoiceRows": [{"Account": 9999}]}, 2000423),
    ]:
        assert code(fortnox.post("supplierinvoices", {"SupplierInvoice": wrong})) == expected


def test_files_are_found_by_the_invoices_given_number_and_read_byte_for_byte(fortnox: Fortnox) -> None:
    company = fortnox.company
    for _ in range(12):
        company.add_supplier_invoice("7", 100)
    archived = company.attach_file("1", "Faktura åäö.pdf", PDF)
    mailed = company.attach_file("1", "foto.jpg", b"\xff\xd8", where="inbox")
    attached = company.attach_file("2", "ny.pdf", PDF + b"2", where="attachment")

    twelfth = company.attach_file("12", "tolv.pdf", PDF)

    rows = fortnox.rows("supplierinvoicefileconnections", supplierinvoicenumber="2")
    found = {row["FileId"]: row["SupplierInvoiceNumber"] for row in rows}
    assert found == {attached: "2", twelfth: "12"}  # a search by substring: whoever asks compares
    every = {row["FileId"] for row in fortnox.rows("supplierinvoicefileconnections")}
    assert every == {archived, mailed, attached, twelfth}
    single = fortnox.get(f"supplierinvoicefileconnections/{archived}").json()["SupplierInvoiceFileConnection"]
    assert (single["Name"], single["SupplierName"]) == ("Faktura åäö.pdf", "Betong & Grus AB")

    document = fortnox.get(f"archive/{archived}")
    assert (document.content, document.headers["Content-Type"]) == (PDF, "application/pdf")
    assert fortnox.get(f"inbox/{mailed}").content == b"\xff\xd8"
    assert fortnox.get(f"archive/{attached}", fileid=attached).content == PDF + b"2"
    assert fortnox.get("archive", fileid=attached).content == PDF + b"2"
    for wrong in (f"archive/{mailed}", f"inbox/{archived}", f"archive/{attached}", "archive/none"):
        assert fortnox.get(wrong).status_code == 404


def test_files_are_uploaded_connected_listed_and_removed(fortnox: Fortnox) -> None:
    fortnox.company.add_supplier_invoice("7", 100)
    upload = fortnox.session.post(f"{fortnox.twin.url}/3/inbox", files={"file": ("a.pdf", PDF, "application/pdf")})
    file_id = upload.json()["File"]["Id"]
    assert [f["Name"] for f in fortnox.get("inbox").json()["Folder"]["Files"]] == ["a.pdf"]
    assert fortnox.get("archive").json()["Folder"]["Files"] == []

    body = {"SupplierInvoiceFileConnection": {"FileId": file_id, "SupplierInvoiceNumber": "1"}}
    assert fortnox.post("supplierinvoicefileconnections", body).status_code == 201
    body["SupplierInvoiceFileConnection"]["SupplierInvoiceNumber"] = "9"
    assert code(fortnox.post("supplierinvoicefileconnections", body)) == 2000434
    assert fortnox.delete(f"supplierinvoicefileconnections/{file_id}").status_code == 204
    assert fortnox.delete(f"inbox/{file_id}").status_code == 204
    assert (fortnox.company.files, fortnox.company.file_connections) == ({}, {})
    assert code(fortnox.session.post(f"{fortnox.twin.url}/3/inbox")) == 2001392
