"""Supplier invoices and their files from the Fortnox twin."""

import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from integration import registry
from integration.errors import InvalidRecord, RateLimited, Transient
from integration.records import Page, SupplierDocument, SupplierInvoice
from integration.systems.base import Window
from integration.systems.fortnox import Fortnox
from sandbox.fortnox import Company, FortnoxTwin

Windows = Callable[..., Window]
UTC = datetime.UTC
NOW = datetime.datetime.now(UTC)
LONG_AGO = datetime.date(2020, 1, 1)


def pages(system: Fortnox, window: Window) -> list[Page]:
    return list(registry.reader("fortnox", SupplierInvoice)(system).pages(window))


def records(system: Fortnox, window: Window) -> list[SupplierInvoice]:
    found = pages(system, window)
    assert [each for page in found for each in page.unreadable] == []
    return [each.record for page in found for each in page.reads]


def requests(twin: FortnoxTwin) -> list[str]:
    api = [each for each in twin.requests if each.path.startswith("/3/")]
    return [each.path.removeprefix("/3/supplierinvoices") + ("?" + each.query if each.query else "") for each in api]


def test_S1_a_whole_invoice(fortnox: Fortnox, company: Company, window: Windows) -> None:
    supplier = company.add_supplier("Betong AB", "77")
    company.add_project("Eken", "2041")
    given = company.add_supplier_invoice(
        supplier, "12500.00", vat="2500.00", project="2041", invoice_number="F-77",
        invoice_date=datetime.date(2026, 3, 1), due_date=datetime.date(2026, 3, 31), OurReference="Lars",
    )  # fmt: skip
    (record,) = records(fortnox, window())
    assert (record.source_id, record.invoice_number, record.supplier_number, record.supplier_name) == (
        given, "F-77", "77", "Betong AB",
    )  # fmt: skip
    assert (record.total, record.vat, record.balance) == (Decimal(12500), Decimal(2500), Decimal(12500))
    assert (record.invoice_date, record.due_date) == (datetime.date(2026, 3, 1), datetime.date(2026, 3, 31))
    assert (record.booked, record.cancelled, record.credit, record.paid_date) == (True, False, False, None)
    assert (record.project_number, record.our_reference) == ("2041", "Lars")
    cost = sum((row.debit - row.credit for row in record.rows if row.code not in {"TOT", "VAT"}), Decimal(0))
    assert cost == Decimal(10000)


def test_S2_approval_is_read_from_its_own_list_and_only_when_needed(
    fortnox: Fortnox, company: Company, fortnox_twin: FortnoxTwin, window: Windows
) -> None:
    supplier = company.add_supplier("Betong AB")
    waiting = company.add_supplier_invoice(supplier, "100", booked=False)
    company.add_supplier_invoice(supplier, "200")
    company.approvals[waiting] = {"authorizer": "Eva", "bookkeep": False, "payment": False}
    assert [each.approval_pending for each in records(fortnox, window())] == [True, False]
    assert [r for r in requests(fortnox_twin) if "authorizepending" in r] == ["?limit=500&filter=authorizepending"]


@pytest.mark.parametrize("listed", [True, False])
def test_S2_one_that_came_to_wait_for_approval_or_ceased_to_is_read_again_though_it_counts_as_unchanged(
    fortnox: Fortnox, company: Company, fortnox_twin: FortnoxTwin, window: Windows, listed: bool
) -> None:
    supplier = company.add_supplier("Betong AB")
    first, second, third = (company.add_supplier_invoice(supplier, "100", booked=False) for _ in range(3))
    company.approvals[first] = {"authorizer": "", "bookkeep": True, "payment": False}
    memo = {each.record.source_id: each.memo for page in pages(fortnox, window(now=NOW)) for each in page.reads}
    company.approvals[first]["payment"] = True
    company.approvals[second] = {"authorizer": "", "bookkeep": False, "payment": False}
    soon = NOW + datetime.timedelta(minutes=5)
    since = None if listed else soon + datetime.timedelta(days=1)
    fortnox_twin.clear_log()
    found = pages(fortnox, window(since=since, now=soon, memo=memo))
    assert {each.record.source_id: each.record.approval_pending for page in found for each in page.reads} == {
        first: False, second: True,
    }  # fmt: skip
    assert len([r for r in requests(fortnox_twin) if "authorizepending" in r]) == 1
    memo |= {each.record.source_id: each.memo for page in found for each in page.reads}
    again = pages(fortnox, window(since=since, now=soon, memo=memo))
    assert [each for page in again for each in page.reads] == []
    assert {each for page in again for each in page.seen} == ({first, second, third} if listed else set())


def test_S4_rows_on_vat_accounts_are_marked_whatever_their_code(
    fortnox: Fortnox, company: Company, window: Windows
) -> None:
    rows = [
        {"Code": "TOT", "Account": 2440, "Credit": 1000},
        {"Code": "", "Account": 4425, "Debit": 1000, "Project": "2041 "},
        {"Code": "", "Account": 2614, "Credit": 250},
        {"Code": "", "Account": 2647, "Debit": 250},
        {"Code": "VAT", "Account": 2641, "Debit": 0},
    ]
    company.add_supplier_invoice(company.add_supplier("Mark AB"), "1000", vat="0", rows=rows, VATType="REVERSE")
    (record,) = records(fortnox, window())
    assert [(row.account, row.reverse_vat) for row in record.rows] == [
        ("2440", False), ("4425", False), ("2614", True), ("2647", True), ("2641", False),
    ]  # fmt: skip
    assert [row.number for row in record.rows] == ["1", "2", "3", "4", "5"]
    assert record.rows[1].project_number == "2041"


def test_S4_a_credit_note_keeps_the_vendors_signs(fortnox: Fortnox, company: Company, window: Windows) -> None:
    company.add_supplier_invoice(company.add_supplier("Betong AB"), "-1250", vat="-250", Credit=True)
    (record,) = records(fortnox, window())
    assert (record.total, record.vat, record.credit) == (Decimal(-1250), Decimal(-250), True)


def test_a_foreign_invoice_comes_in_kronor(fortnox: Fortnox, company: Company, window: Windows) -> None:
    supplier = company.add_supplier("Beton GmbH")
    foreign = {"Currency": "EUR", "CurrencyRate": "11.25"}
    booked = [{"Code": "TOT", "Account": 2440, "Credit": 1125.05}, {"Account": 4000, "Debit": 1125.05}]
    company.add_supplier_invoice(supplier, "100.00", vat="0", rows=booked, **foreign)
    company.add_supplier_invoice(supplier, "100.00", vat="0", rows=[{"Account": 4000, "Debit": 1125}], **foreign)
    assert [each.total for each in records(fortnox, window())] == [Decimal("1125.05"), Decimal("1125.00")]


def test_G9_an_invoice_before_go_live_is_not_fetched(
    fortnox: Fortnox, company: Company, fortnox_twin: FortnoxTwin, window: Windows
) -> None:
    company.add_supplier_invoice(company.add_supplier("Betong AB"), "100", invoice_date=datetime.date(2025, 12, 31))
    (record,) = records(fortnox, window(go_live=datetime.date(2026, 1, 1)))
    assert (record.invoice_date, record.total, record.rows) == (datetime.date(2025, 12, 31), Decimal(100), ())
    assert requests(fortnox_twin) == ["?limit=500"]


def test_a_second_pass_within_ten_minutes_fetches_nothing_again(
    fortnox: Fortnox, company: Company, fortnox_twin: FortnoxTwin, window: Windows
) -> None:
    given = company.add_supplier_invoice(company.add_supplier("Betong AB"), "100")
    (page,) = pages(fortnox, window(now=NOW))
    memo = {given: page.reads[0].memo}
    fortnox_twin.clear_log()
    since = NOW - datetime.timedelta(minutes=15)
    again = window(since=since, now=NOW + datetime.timedelta(minutes=9), memo=memo)
    assert [(page.reads, page.seen) for page in pages(fortnox, again)] == [((), (given,))]
    assert [each.partition("&")[2].partition("=")[0] for each in requests(fortnox_twin)] == ["lastmodified", "filter"]
    later = window(since=since, now=NOW + datetime.timedelta(minutes=11), memo=memo)
    assert [each.source_id for each in records(fortnox, later)] == [given]
    company.supplier_invoices[given]["Booked"] = False
    assert [each.booked for each in records(fortnox, again)] == [False]


def test_G7_lastmodified_is_swedish_wall_clock(
    fortnox: Fortnox, company: Company, fortnox_twin: FortnoxTwin, window: Windows
) -> None:
    since = datetime.datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    assert records(fortnox, window(since=since, now=since + datetime.timedelta(minutes=5))) == []
    assert requests(fortnox_twin) == ["?limit=500&lastmodified=2026-07-02+00%3A30"]


def test_lastmodified_is_tried_once_and_then_the_whole_list_is_compared(
    fortnox: Fortnox, company: Company, fortnox_twin: FortnoxTwin, window: Windows
) -> None:
    company.supplier_lastmodified = False
    given = company.add_supplier_invoice(company.add_supplier("Betong AB"), "100")
    since = NOW - datetime.timedelta(minutes=15)
    (page,) = pages(fortnox, window(since=since, now=NOW))
    assert [each.record.source_id for each in page.reads] == [given]
    fortnox.connection.refresh_from_db()
    assert fortnox.connection.options == {"tenant_id": "1234567", "supplier_lastmodified": False}
    fortnox_twin.clear_log()
    memo = {given: page.reads[0].memo}
    later = window(since=since, now=NOW + datetime.timedelta(hours=23), memo=memo)
    assert [page.seen for page in pages(fortnox, later)] == [(given,)]
    assert requests(fortnox_twin) == ["?limit=500", "?limit=500&filter=authorizepending"]
    day_after = window(since=since, now=NOW + datetime.timedelta(hours=25), memo=memo)
    assert [each.source_id for each in records(fortnox, day_after)] == [given]


def test_an_invoice_that_vanishes_between_list_and_fetch_is_passed_over(
    fortnox: Fortnox, company: Company, fortnox_twin: FortnoxTwin, window: Windows
) -> None:
    supplier = company.add_supplier("Betong AB")
    gone, there = company.add_supplier_invoice(supplier, "1"), company.add_supplier_invoice(supplier, "2")
    body = '{"ErrorInformation": {"error": 1, "message": "Kan inte hitta dokumentet", "code": 2000434}}'
    fortnox_twin.faults.add(kind="status", method="GET", path=f"/3/supplierinvoices/{gone}$", status=404, body=body)
    assert [each.source_id for each in records(fortnox, window())] == [there]


def test_a_slow_vendor_makes_pages_small(
    fortnox: Fortnox, company: Company, window: Windows, monkeypatch: pytest.MonkeyPatch
) -> None:
    supplier = company.add_supplier("Betong AB")
    for _ in range(3):
        company.add_supplier_invoice(supplier, "10")
    assert [len(page.reads) for page in pages(fortnox, window())][:1] == [3]
    monkeypatch.setattr("integration.systems.fortnox.supplier_invoices.SLOW", -1.0)
    assert [len(page.reads) for page in pages(fortnox, window())][:3] == [1, 1, 1]


def test_what_the_throttle_interrupts_is_kept(
    fortnox: Fortnox, company: Company, fortnox_twin: FortnoxTwin, window: Windows
) -> None:
    supplier = company.add_supplier("Betong AB")
    numbers = [company.add_supplier_invoice(supplier, str(n)) for n in range(1, 31)]
    fortnox.http.throttle, fortnox_twin.limit = None, False
    fortnox_twin.faults.add(kind="storm", path=f"/3/supplierinvoices/{numbers[24]}$")
    found: list[Any] = []
    with pytest.raises(RateLimited):
        for page in registry.reader("fortnox", SupplierInvoice)(fortnox).pages(window(now=NOW)):
            found += page.reads
    assert [each.record.source_id for each in found] == numbers[:24]
    memo = {each.record.source_id: each.memo for each in found}
    rest = pages(fortnox, window(now=NOW, memo=memo))
    assert [each.record.source_id for page in rest for each in page.reads] == numbers[24:]
    assert [each for page in rest for each in page.seen] == numbers[:24]


def test_G8_a_bad_invoice_is_explained_and_the_others_are_read(
    fortnox: Fortnox, company: Company, window: Windows
) -> None:
    supplier = company.add_supplier("Betong AB")
    bad, good = company.add_supplier_invoice(supplier, "1"), company.add_supplier_invoice(supplier, "2")
    company.supplier_invoices[bad]["VAT"] = "tjugo"
    company.supplier_invoices[bad]["InvoiceDate"] = "igår"
    (page,) = pages(fortnox, window())
    assert [each.record.source_id for each in page.reads] == [good]
    assert [(u.source_id, u.label, u.problems) for u in page.unreadable] == [
        (bad, "Betong AB", {"Fakturadatum": "ska vara ett datum"})
    ]
    company.supplier_invoices[bad]["InvoiceDate"] = "2026-05-01"
    (page,) = pages(fortnox, window())
    assert [u.problems for u in page.unreadable] == [{"Moms": "ska vara ett tal"}]


def test_one_invoice_by_its_number(fortnox: Fortnox, company: Company) -> None:
    given = company.add_supplier_invoice(company.add_supplier("Betong AB"), "100")
    reader = registry.reader("fortnox", SupplierInvoice)(fortnox)
    assert reader.one(given).record.total == Decimal(100)
    assert reader.one("999") is None


# -- files -------------------------------------------------------------------------------------------------------
def documents(system: Fortnox, window: Window) -> list[SupplierDocument]:
    found = registry.reader("fortnox", SupplierDocument)(system).pages(window)
    return [each.record for page in found for each in page.reads]


def test_S6_every_file_byte_for_byte_wherever_it_lies(
    fortnox: Fortnox, company: Company, fortnox_twin: FortnoxTwin, window: Windows
) -> None:
    given = company.add_supplier_invoice(company.add_supplier("Betong AB"), "100")
    contents = {
        where: b"%PDF-1.7\r\n" + bytes(range(256)) + where.encode() for where in ("archive", "inbox", "attachment")
    }
    for where, content in contents.items():
        company.attach_file(given, f"{where}.pdf", content, where=where)  # type: ignore[arg-type]
    found = documents(fortnox, window())
    assert [each.name for each in found] == ["archive.pdf", "inbox.pdf", "attachment.pdf"]
    assert [each.source_id for each in found] == [f"{given}:{each.file_id}" for each in found]
    assert [each.external_number for each in found] == [given] * 3
    reader = registry.reader("fortnox", SupplierDocument)(fortnox)
    assert [reader.content(each, 10_000) for each in found] == list(contents.values())


def test_S6_a_file_that_is_too_large_or_gone_is_said_so(fortnox: Fortnox, company: Company, window: Windows) -> None:
    given = company.add_supplier_invoice(company.add_supplier("Betong AB"), "100")
    file_id = company.attach_file(given, "stor.pdf", bytes(50 * 1024 * 1024))
    (record,) = documents(fortnox, window())
    reader = registry.reader("fortnox", SupplierDocument)(fortnox)
    with pytest.raises(InvalidRecord) as fault:
        reader.content(record, 20 * 1024 * 1024)
    assert (fault.value.cause, fault.value.params) == (
        "document.too_large", {"size": 50 * 1024 * 1024, "largest": 20 * 1024 * 1024},
    )  # fmt: skip
    del company.files[file_id]
    with pytest.raises(InvalidRecord, match=r"document\.gone"):
        reader.content(record, 20 * 1024 * 1024)


def test_S6_a_web_page_in_place_of_a_file_is_not_kept_for_it(
    fortnox: Fortnox, company: Company, fortnox_twin: FortnoxTwin, window: Windows
) -> None:
    given = company.add_supplier_invoice(company.add_supplier("Betong AB"), "100")
    company.attach_file(given, "faktura.pdf", b"%PDF-1.7 faktura")
    (record,) = documents(fortnox, window())
    reader = registry.reader("fortnox", SupplierDocument)(fortnox)
    fortnox_twin.faults.add(kind="not-json", path="/3/archive/")
    with pytest.raises(Transient, match=r"http\.not_json"):
        reader.content(record, 10_000)
    assert reader.content(record, 10_000) == b"%PDF-1.7 faktura"
