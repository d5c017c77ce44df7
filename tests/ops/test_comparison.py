"""The demo's comparison notices every difference, and calls meant only what the product explains."""

import copy
import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from demo.comparison import Comparison, Difference, Told, skeleton

GO_LIVE = dt.date(2026, 1, 1)
PDF, OTHER = "a" * 64, "b" * 64

SMARTDOK: dict[str, Any] = {
    "customers": {
        "11": {
            "Id": 11, "CustomerNumber": "1001 ", "CustomerName": "Bygg AB", "OrganizationNumber": "556812-4475",
            "Email": "a@bygg.example", "Address": "Storgatan 1", "ZipCode": "803 20", "City": "Gävle",
            "AlternativeAddress": "", "AlternativeZipCode": "", "AlternativeCity": "", "PhoneNumber": "026-1",
            "MobileNumber": "", "Comment": "", "IsActive": True,
        },
    },
    "projects": {
        "21": {
            "Id": 21, "ProjectNumber": "2001", "ProjectName": "Garage", "StartDate": "2026-01-02T00:00:00",
            "EndDate": None, "ProjectOwnerName": "Eva", "ClientCompanyContact": "Bo", "DescriptionText": "",
            "IsOrder": False, "IsAbsenceProject": False, "Finished": False, "IsActive": True,
        },
    },
    "goods": {"31": {"Id": 31, "Number": "V1", "Name": "Cement"}},
    "machines": {},
    "invoices": {
        "41": {
            "Id": 41, "IsDraft": False, "Created": "2026-02-01T10:00:00.000", "Updated": None, "CustomerNumber": "1001",
            "CustomerName": "Bygg AB", "ProjectId": 21, "InvoiceRef": "Bo", "InvoicedBy": "Eva", "SerialNumber": "7",
            "Title": "Garage", "Comment": None, "TotalPrice": 250.0,
            "InvoiceLines": [
                {
                    "Order": 0, "LineText": "Cement", "Detail": None, "Comment": None, "Code": "V1", "Price": 100.0,
                    "Quantity": 2.5, "Sum": 250.0, "ProjectId": 21,
                },
            ],
        },
    },
    "supplier_invoices": {
        "5": {
            "ExternalInvoiceNumber": "5", "InvoiceNumber": "900", "SupplierNumber": "3", "SupplierName": "Grus AB",
            "IssueDate": "2026-02-01", "DueDate": "2026-03-01", "BookingStatus": "Booked", "InvoiceStatus": "NotSet",
            "TotalIncludingVat": 125.0, "Vat": 25.0,
            "Lines": [{"ProjectId": 21, "Vat": 25.0, "AmountIncludingVat": 125.0}],
        },
    },
    "documents": [{"ExternalInvoiceNumber": "5", "sha256": PDF}],
}  # fmt: skip

FORTNOX: dict[str, Any] = {
    "customers": {
        "1001": {
            "CustomerNumber": "1001", "Name": "Bygg AB", "OrganisationNumber": "556812-4475",
            "Email": "a@bygg.example", "Address1": "Storgatan 1", "ZipCode": "803 20", "City": "Gävle",
            "Phone1": "026-1", "Active": True,
        },
    },
    "projects": {
        "2001": {
            "ProjectNumber": "2001", "Description": "Garage", "StartDate": "2026-01-02", "ProjectLeader": "Eva",
            "ContactPerson": "Bo", "Status": "ONGOING",
        },
    },
    "articles": {"V1": {"ArticleNumber": "V1", "Description": "Cement"}},
    "invoices": {
        "1": {
            "DocumentNumber": "1", "ExternalInvoiceReference1": "BYGGBRO-000000000041", "CustomerNumber": "1001",
            "Project": "2001", "YourReference": "Bo", "OurReference": "Eva", "ExternalInvoiceReference2": "7",
            "Remarks": "Garage", "Booked": False, "Sent": False,
            "InvoiceRows": [
                {
                    "Description": "Cement", "DeliveredQuantity": "2.5", "ArticleNumber": "V1", "Project": "2001",
                    "TotalExcludingVAT": 250,
                },
            ],
        },
    },
    "supplier_invoices": {
        "5": {
            "GivenNumber": "5", "InvoiceNumber": "900", "SupplierNumber": "3", "SupplierName": "Grus AB",
            "InvoiceDate": "2026-02-01", "DueDate": "2026-03-01", "Booked": True, "Cancelled": False, "Project": "2001",
            "SupplierInvoiceRows": [
                {"Code": "TOT", "Account": 2440, "Debit": 0.0, "Credit": 125.0},
                {"Code": "VAT", "Account": 2641, "Debit": 25.0, "Credit": 0.0},
                {"Code": "ACC", "Account": 4010, "Project": "2001", "Debit": 100.0, "Credit": 0.0},
            ],
        },
    },
    "file_connections": {"f-1": {"FileId": "f-1", "SupplierInvoiceNumber": "5", "Name": "Faktura.pdf"}},
    "files": {"f-1": {"Id": "f-1", "Bytes": PDF}},
}  # fmt: skip

DONE = {
    ("customers", "11"): Told("done"),
    ("projects", "21"): Told("done"),
    ("articles", "goods:31"): Told("done"),
    ("invoices", "41"): Told("done"),
    ("supplier-invoices", "5"): Told("done"),
    ("supplier-documents", "f-1"): Told("done"),
}
Tamper = Callable[[dict[str, Any], dict[str, Any]], object]


def compared(tamper: Tamper, told: dict[tuple[str, str], Told] = DONE) -> list[Difference]:
    smartdok, fortnox = copy.deepcopy(SMARTDOK), copy.deepcopy(FORTNOX)
    tamper(smartdok, fortnox)
    found = Comparison(smartdok, fortnox, told, GO_LIVE).run()
    assert len(found.meant) + len(found.unexpected) == len(found.differences)
    return found.differences


def test_two_sides_that_agree_have_no_differences() -> None:
    assert compared(lambda smartdok, fortnox: None) == []


def invoice_row(fortnox: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = fortnox["invoices"]["1"]["InvoiceRows"][0]
    return row


@pytest.mark.parametrize(
    ("flow", "what", "tamper"),
    [
        ("customers", "is not in Fortnox", lambda s, f: f["customers"].clear()),
        ("customers", "City is 'Umeå', not 'Gävle'", lambda s, f: f["customers"]["1001"].update(City="Umeå")),
        ("customers", "Active is False, not True", lambda s, f: f["customers"]["1001"].update(Active=False)),
        ("projects", "is not in Fortnox", lambda s, f: f["projects"].clear()),
        (
            "projects", "Status is ONGOING, not COMPLETED",
            lambda s, f: s["projects"]["21"].update(Finished=True),
        ),
        ("articles", "is not in Fortnox", lambda s, f: f["articles"].clear()),
        ("invoices", "is not in Fortnox", lambda s, f: f["invoices"].clear()),
        ("invoices", "has 0 rows, not 1; the rows come to 0, not 250.00",
         lambda s, f: f["invoices"]["1"].update(InvoiceRows=[])),
        ("invoices", "row 1: DeliveredQuantity is 2, not 2.5",
         lambda s, f: invoice_row(f).update(DeliveredQuantity="2")),
        ("invoices", "the rows come to 250.01, not 250.00",
         lambda s, f: invoice_row(f).update(TotalExcludingVAT=250.01)),
        ("invoices", "row 1: ArticleNumber is '', not 'V1'", lambda s, f: invoice_row(f).pop("ArticleNumber")),
        ("invoices", "is booked or sent, which we never do", lambda s, f: f["invoices"]["1"].update(Booked=True)),
        ("invoices", "is not in SmartDok", lambda s, f: s["invoices"].clear()),
        ("supplier-invoices", "is not in SmartDok", lambda s, f: s["supplier_invoices"].clear()),
        ("supplier-invoices", "is not in Fortnox", lambda s, f: f["supplier_invoices"].clear()),
        (
            "supplier-invoices", "the cost per project is none: 100.00, not 2001: 100.00",
            lambda s, f: s["supplier_invoices"]["5"]["Lines"][0].update(ProjectId=None),
        ),
        (
            "supplier-invoices",
            "TotalIncludingVat is 12.50, not 125.00",
            lambda s, f: s["supplier_invoices"]["5"].update(TotalIncludingVat=12.5),
        ),
        (
            "supplier-documents", "is not in SmartDok, byte for byte",
            lambda s, f: s["documents"][0].update(sha256=OTHER),
        ),
    ],
)  # fmt: skip
def test_a_difference_that_nothing_explains_is_unexpected(flow: str, what: str, tamper: Tamper) -> None:
    assert [(each.flow, each.what, each.cause) for each in compared(tamper)] == [(flow, what, "")]


def test_a_difference_is_meant_when_its_item_says_why() -> None:
    told = {**DONE, ("customers", "11"): Told("stopped", "C5", {"number": "1001"})}
    found = compared(lambda s, f: f["customers"]["1001"].update(Name="Annan AB"), told)
    assert [(each.state, each.cause, each.params) for each in found] == [("stopped", "C5", {"number": "1001"})]


def test_a_cause_of_an_item_that_is_done_explains_nothing() -> None:
    told = {**DONE, ("customers", "11"): Told("done", "C5")}
    assert [each.cause for each in compared(lambda s, f: f["customers"].clear(), told)] == [""]


def test_I2_an_invoice_sent_twice_is_unexpected_whatever_its_item_says() -> None:
    def twice(smartdok: dict[str, Any], fortnox: dict[str, Any]) -> None:
        fortnox["invoices"]["2"] = {**fortnox["invoices"]["1"], "DocumentNumber": "2"}

    told = {**DONE, ("invoices", "41"): Told("stopped", "I3")}
    assert [(each.what, each.cause) for each in compared(twice, told)] == [("was sent twice: 1, 2", "")]


def test_I1_a_draft_is_not_missed() -> None:
    def draft(smartdok: dict[str, Any], fortnox: dict[str, Any]) -> None:
        smartdok["invoices"]["41"]["IsDraft"] = True
        fortnox["invoices"].clear()

    assert compared(draft) == []


def test_G9_what_happened_before_go_live_need_not_even_be_an_item() -> None:
    def old(smartdok: dict[str, Any], fortnox: dict[str, Any]) -> None:
        smartdok["invoices"]["41"]["Created"] = "2025-12-31T23:59:00.000"
        fortnox["invoices"].clear()

    told = {key: value for key, value in DONE.items() if key[0] != "invoices"}
    assert [(each.flow, each.cause) for each in compared(old, told)] == [("invoices", "G9")]


def test_G4_what_the_source_leaves_empty_may_stay_in_an_object_that_was_there() -> None:
    def filled(smartdok: dict[str, Any], fortnox: dict[str, Any]) -> None:
        fortnox["customers"]["1001"]["Comments"] = "Ring först"

    assert [each.what for each in compared(filled)] == ["Comments is 'Ring först', not ''"]
    assert compared(filled, {**DONE, ("customers", "11"): Told("done", adopted=True)}) == []


def test_G5_a_text_made_acceptable_must_be_noted() -> None:
    def inch(smartdok: dict[str, Any], fortnox: dict[str, Any]) -> None:
        smartdok["projects"]["21"]["ProjectName"] = 'Garage 3/4"'
        fortnox["projects"]["2001"]["Description"] = "Garage 3/4’’"

    assert len(compared(inch)) == 1
    assert compared(inch, {**DONE, ("projects", "21"): Told("done", noted=True)}) == []


def test_G5_a_note_does_not_excuse_another_text() -> None:
    told = {**DONE, ("projects", "21"): Told("done", noted=True)}
    assert len(compared(lambda s, f: f["projects"]["2001"].update(Description="Carport"), told)) == 1


def test_G5_an_address_that_was_left_out_must_be_noted() -> None:
    def refused(smartdok: dict[str, Any], fortnox: dict[str, Any]) -> None:
        smartdok["customers"]["11"]["Email"] = "o'brien@ek.se"
        fortnox["customers"]["1001"]["Email"] = ""

    assert len(compared(refused)) == 1
    assert compared(refused, {**DONE, ("customers", "11"): Told("done", noted=True)}) == []


def test_A3_a_number_that_two_goods_share_is_no_article_number() -> None:
    def doubled(smartdok: dict[str, Any], fortnox: dict[str, Any]) -> None:
        smartdok["goods"]["32"] = {"Id": 32, "Number": "V1", "Name": "Kalk"}
        invoice_row(fortnox).pop("ArticleNumber")

    told = {**DONE, ("articles", "goods:31"): Told("left_out", "A3"), ("articles", "goods:32"): Told("left_out", "A3")}
    assert [each for each in compared(doubled, told) if each.flow == "invoices"] == []


@pytest.mark.parametrize(
    ("text", "left"),
    [('Rör 3/4"', "rör34"), ("Skruv 4,2×55", "skruv4255"), ("Skruv 4,2x55", "skruv4255"), ("«Åsa»\t& Co", "åsaco")],
)
def test_skeleton_is_what_making_acceptable_leaves(text: str, left: str) -> None:
    assert skeleton(text) == left
