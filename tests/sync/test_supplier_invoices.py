"""Supplier invoices, Fortnox → SmartDok: rules S1 to S5 and S8."""

import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.mapping import spread
from tests.sync import remote

DAY = datetime.date(2026, 5, 4)


@pytest.fixture
def supplier(fortnox: Any) -> str:
    number: str = fortnox.add_supplier("Betong AB", "500")
    return number


@pytest.fixture
def project(smartdok: Any) -> int:
    return int(smartdok.add_project(ProjectNumber="2041 ", ProjectName="Skolan", StartDate="2026-03-01T00:00:00")["Id"])


def cost(account: int, debit: str, project: str = "", **fields: Any) -> dict[str, Any]:
    """A row in the vendor's names; a negative amount is a credit."""
    amount = float(debit)
    return {
        "Account": account, "Code": "ACC", "Project": project, "Total": amount,
        "Debit": max(amount, 0.0), "Credit": max(-amount, 0.0), **fields,
    }  # fmt: skip


def gross(smartdok: Any, number: str) -> Decimal:
    """What the lines come to with VAT: the invoice's total less its rounding (S4)."""
    lines = smartdok.supplier_invoices[number]["Lines"]
    return sum((Decimal(str(line["AmountIncludingVat"])) for line in lines), Decimal(0))


def test_S1_a_supplier_invoice_reaches_smartdok_tied_to_supplier_and_project(
    smartdok: Any, fortnox: Any, settled: Any, supplier: str, project: int
) -> None:
    given = fortnox.add_supplier_invoice(
        supplier, "12500.00", project="2041", invoice_number="F-77", invoice_date=DAY, OurReference="Lars",
        due_date=datetime.date(2026, 6, 3),
    )  # fmt: skip
    report = settled()
    assert report.flows["supplier-invoices"]["created"] == 1
    assert remote.supplier_invoices(smartdok) == {
        given: {
            "InvoiceNumber": "F-77",
            "ExternalInvoiceNumber": given,
            "InvoiceStatus": "NotSet",
            "BookingStatus": "Booked",
            "IssueDate": "2026-05-04",
            "DueDate": "2026-06-03",
            "FullyPaidDate": None,
            "BaseCurrency": "SEK",
            "InvoiceCurrency": "SEK",
            "ConversionRate": 1,
            "CostCenter": "",
            "ContactInReceiverCompany": "Lars",
            "Freight": 0,
            "TotalIncludingVat": 12500,
            "Vat": 2500,
            "SupplierNumber": "500",
            "SupplierName": "Betong AB",
            "ModifiedByName": None,
            "ModifiedByEmail": None,
            "Lines": [
                {
                    "ExternalInvoiceLineNumber": "3", "ProjectId": project, "SubProjectId": None,
                    "ItemDescription": "Betong AB", "ItemCount": 1, "PricePerUnit": 10000, "DiscountPercentage": 0,
                    "Vat": 2500, "AmountIncludingVat": 12500,
                }
            ],
        }
    }  # fmt: skip


@pytest.mark.parametrize(
    ("which", "expected"),
    [("booked", ["1", "3"]), ("all", ["1", "2", "3"]), ("approved", ["1", "2"])],
)
def test_S2_which_ones_is_the_tenants_choice(
    smartdok: Any, fortnox: Any, settled: Any, choose: Any, supplier: str, project: int, which: str, expected: list[str]
) -> None:
    choose("supplier-invoices", which=which)
    fortnox.add_supplier_invoice(supplier, "100", project="2041", invoice_date=DAY, number="1")
    fortnox.add_supplier_invoice(supplier, "100", project="2041", invoice_date=DAY, number="2", booked=False)
    fortnox.add_supplier_invoice(supplier, "100", project="2041", invoice_date=DAY, number="3")
    fortnox.approvals["3"] = {"authorizer": "Chefen", "bookkeep": True, "payment": False}
    settled()
    assert sorted(smartdok.supplier_invoices) == expected


def test_S2_is_sent_when_it_is_booked_or_approved_later(
    smartdok: Any, fortnox: Any, settled: Any, supplier: str, project: int, states: Any
) -> None:
    given = fortnox.add_supplier_invoice(supplier, "100", project="2041", invoice_date=DAY, booked=False)
    settled()
    assert states("supplier-invoices") == [(given, "left_out", "S2.not_booked")]
    fortnox.book_supplier_invoice(given)
    settled()
    assert smartdok.supplier_invoices[given]["BookingStatus"] == "Booked"


def test_S2_cancelled_before_is_left_out_and_cancelled_later_is_cancelled_in_smartdok(
    smartdok: Any, fortnox: Any, settled: Any, supplier: str, project: int, states: Any
) -> None:
    never = fortnox.add_supplier_invoice(supplier, "100", project="2041", invoice_date=DAY)
    fortnox.cancel_supplier_invoice(never)
    later = fortnox.add_supplier_invoice(supplier, "100", project="2041", invoice_date=DAY)
    settled()
    fortnox.cancel_supplier_invoice(later)
    settled()
    assert {n: each["InvoiceStatus"] for n, each in smartdok.supplier_invoices.items()} == {later: "Cancelled"}
    assert states("supplier-invoices") == [(never, "left_out", "S2.cancelled"), (later, "done", "")]


def test_S2_a_final_approval_is_seen_though_fortnox_counts_it_as_no_change(
    smartdok: Any, fortnox: Any, settled: Any, choose: Any, supplier: str, project: int, states: Any
) -> None:
    choose("supplier-invoices", which="approved")
    given = fortnox.add_supplier_invoice(supplier, "125", project="2041", invoice_date=DAY)
    fortnox.approvals[given] = {"authorizer": "Chefen", "bookkeep": True, "payment": False}
    settled()
    assert states("supplier-invoices") == [(given, "left_out", "S2.not_approved")]
    fortnox.approvals[given]["payment"] = True
    settled()
    assert smartdok.supplier_invoices[given]["InvoiceStatus"] == "NotSet"


def test_S2_cancelled_later_reaches_smartdok_also_when_go_live_moved_past_it(
    smartdok: Any, fortnox: Any, settled: Any, supplier: str, project: int, states: Any, tenant: Any, writes: Any
) -> None:
    given = fortnox.add_supplier_invoice(supplier, "125", project="2041", invoice_date=DAY)
    settled()
    tenant.go_live = DAY + datetime.timedelta(days=1)
    tenant.save()
    writes()
    settled()
    assert (states("supplier-invoices"), writes()) == ([(given, "done", "")], [])
    fortnox.cancel_supplier_invoice(given)
    settled()
    assert smartdok.supplier_invoices[given]["InvoiceStatus"] == "Cancelled"
    assert remote.lines(smartdok, given) == [(project, 100, 25)]


def test_S3_without_a_project_it_is_left_out_or_sent_by_setting(
    smartdok: Any, fortnox: Any, settled: Any, supplier: str, states: Any, choose: Any
) -> None:
    given = fortnox.add_supplier_invoice(supplier, "125", invoice_date=DAY)
    assert settled().exit_code == 0
    assert states("supplier-invoices") == [(given, "left_out", "S3.no_project")]
    choose("supplier-invoices", without_project=True)
    settled()
    assert remote.lines(smartdok, given) == [(None, 100, 25)]


def test_S3_a_project_that_smartdok_lacks_is_named_and_goes_by_itself(
    smartdok: Any, fortnox: Any, settled: Any, supplier: str, item: Any
) -> None:
    given = fortnox.add_supplier_invoice(supplier, "125", project="9901", invoice_date=DAY)
    assert settled().exit_code == 2
    waiting = item("supplier-invoices", given)
    assert (waiting.state, waiting.cause, waiting.params, waiting.needs) == (
        "waiting", "S3.unknown_project", {"projects": ["9901"]}, ["projects:seen=9901"],
    )  # fmt: skip
    assert smartdok.supplier_invoices == {}
    project = smartdok.add_project(ProjectNumber="9901")  # no start date: not sent to Fortnox, but known in SmartDok
    settled()
    assert remote.lines(smartdok, given) == [(project["Id"], 100, 25)]


def test_S3_a_project_that_was_created_after_the_last_reading_is_read_before_anybody_waits(
    smartdok: Any, fortnox: Any, run: Any, settled: Any, supplier: str
) -> None:
    run(only=["projects"])
    smartdok.add_project(ProjectNumber="9901")
    given = fortnox.add_supplier_invoice(supplier, "125", project="9901", invoice_date=DAY)
    run(only=["supplier-invoices"])
    assert list(smartdok.supplier_invoices) == [given]


def test_S4_lines_are_split_by_project_net_of_vat(
    smartdok: Any, fortnox: Any, settled: Any, supplier: str, project: int
) -> None:
    other = smartdok.add_project(ProjectNumber="2042")["Id"]
    rows = [
        cost(2440, "-1250.02", Code="TOT"),
        cost(2640, "250.00", Code="VAT"),
        cost(3740, "0.02", Code="ROV"),
        cost(4000, "300.00", "2041"),
        cost(4010, "600.00", "2042"),
        cost(5010, "99.99"),
        cost(5010, "0.01", Code="FRT"),
    ]
    given = fortnox.add_supplier_invoice(
        supplier, "1250.02", vat="250", project="2041", rows=rows, invoice_date=DAY
    )  # fmt: skip
    settled()
    assert remote.lines(smartdok, given) == [
        (project, 300, 75), (other, 600, 150), (project, 99.99, 25), (project, 0.01, 0),
    ]  # fmt: skip
    assert gross(smartdok, given) == Decimal("1250.02") - Decimal("0.02")
    numbers = [each["ExternalInvoiceLineNumber"] for each in smartdok.supplier_invoices[given]["Lines"]]
    assert numbers == ["4", "5", "6", "7"]


@pytest.mark.parametrize("account", [(2614, 2647), (2617, 2648)])
def test_S4_the_pair_of_reverse_charge_vat_is_no_cost(
    smartdok: Any, fortnox: Any, settled: Any, supplier: str, project: int, account: tuple[int, int]
) -> None:
    rows = [
        cost(2440, "-1000", Code="TOT"),
        cost(4425, "1000", "2041", Code="PRD"),
        cost(account[0], "-250", "2041", Code="CNC"),
        cost(account[1], "250", "2041", Code="CND"),
    ]
    given = fortnox.add_supplier_invoice(supplier, "1000", vat="0", project="2041", rows=rows, invoice_date=DAY)
    settled()
    assert remote.lines(smartdok, given) == [(project, 1000, 0)]
    assert gross(smartdok, given) == 1000


def test_S4_a_credit_note_is_negative(smartdok: Any, fortnox: Any, settled: Any, supplier: str, project: int) -> None:
    given = fortnox.add_supplier_invoice(supplier, "-125.00", project="2041", invoice_date=DAY)
    settled()
    credit = smartdok.supplier_invoices[given]
    assert (credit["TotalIncludingVat"], credit["Vat"]) == (-125, -25)
    assert remote.lines(smartdok, given) == [(project, -100, -25)]
    assert gross(smartdok, given) == -125


def test_S4_the_lines_add_up_to_the_invoice_to_the_ore(
    smartdok: Any, fortnox: Any, settled: Any, supplier: str, project: int
) -> None:
    nets = ["33.33", "33.33", "33.34", "0.01", "19.98"]
    rows = [cost(2440, "-150.00", Code="TOT"), cost(2640, "30.01", Code="VAT")]
    rows += [cost(4000, net, "2041") for net in nets]
    given = fortnox.add_supplier_invoice(supplier, "150.00", vat="30.01", project="2041", rows=rows, invoice_date=DAY)
    settled()
    lines = remote.lines(smartdok, given)
    assert [net for _, net, _ in lines] == [float(net) for net in nets]
    assert sum(Decimal(str(vat)) for _, _, vat in lines) == Decimal("30.01")
    assert gross(smartdok, given) == Decimal("150.00")


def test_S4_rows_that_do_not_add_up_to_the_invoice_are_for_a_person(
    smartdok: Any, fortnox: Any, settled: Any, supplier: str, project: int, item: Any
) -> None:
    rows = [cost(2440, "-1250", Code="TOT"), cost(2640, "250", Code="VAT"), cost(4000, "900", "2041")]
    given = fortnox.add_supplier_invoice(supplier, "1250", vat="250", project="2041", rows=rows, invoice_date=DAY)
    assert settled().exit_code == 2
    stopped = item("supplier-invoices", given)
    assert (stopped.state, stopped.reason, stopped.cause) == ("stopped", "data", "S4.total")
    assert stopped.params == {"number": given, "rows": "1 150,00 kr", "total": "1 250,00 kr"}
    assert smartdok.supplier_invoices == {}
    fortnox.supplier_invoices[given]["SupplierInvoiceRows"].append(cost(4010, "100", "2041"))
    fortnox.supplier_invoices[given]["DueDate"] = "2026-06-30"
    fortnox.touch("supplier_invoices", given)
    assert settled().exit_code == 0
    assert remote.lines(smartdok, given) == [(project, 900, 225), (project, 100, 25)]


@given(
    st.decimals(-100_000, 100_000, places=2),
    st.lists(st.decimals(-100_000, 100_000, places=2), min_size=1, max_size=12),
)
def test_S4_vat_is_spread_to_the_ore(total: Decimal, nets: list[Decimal]) -> None:
    parts = spread(total, nets)
    assert len(parts) == len(nets)
    assert sum(parts) == total
    assert all(part == part.quantize(Decimal("0.01")) for part in parts)


@given(st.decimals(0, 100_000, places=2), st.lists(st.decimals(0, 100_000, places=2), min_size=1, max_size=12))
def test_S4_no_part_is_more_than_an_ore_off_and_nothing_gets_nothing(total: Decimal, nets: list[Decimal]) -> None:
    whole = sum(nets)
    for net, part in zip(nets, spread(total, nets), strict=True):
        share = total * net / whole if whole else total / len(nets)
        assert abs(part - share) <= Decimal("0.01")
        assert part == 0 or net or not whole


def test_S5_the_key_is_fortnox_number_not_the_suppliers(
    smartdok: Any, fortnox: Any, settled: Any, supplier: str, project: int
) -> None:
    other = fortnox.add_supplier("Grus AB", "501")
    for number, who in (("21", supplier), ("22", other)):
        fortnox.add_supplier_invoice(
            who, "125", project="2041", invoice_number="1001", invoice_date=DAY, number=number
        )  # fmt: skip
    settled()
    assert {n: (i["SupplierName"], i["InvoiceNumber"]) for n, i in smartdok.supplier_invoices.items()} == {
        "21": ("Betong AB", "1001"), "22": ("Grus AB", "1001"),
    }  # fmt: skip


def test_S5_posted_once_and_put_for_later_changes(
    smartdok: Any, fortnox: Any, settled: Any, supplier: str, project: int, choose: Any, writes: Any
) -> None:
    choose("supplier-invoices", which="all")
    other = smartdok.add_project(ProjectNumber="2042")["Id"]
    given = fortnox.add_supplier_invoice(supplier, "125", project="2041", invoice_date=DAY, booked=False)
    writes()
    settled()
    assert smartdok.supplier_invoices[given]["InvoiceStatus"] == "Unbooked"
    fortnox.book_supplier_invoice(given)
    settled()
    assert smartdok.supplier_invoices[given]["BookingStatus"] == "Booked"
    fortnox.recode_supplier_invoice(given, "2042")
    settled()
    assert remote.lines(smartdok, given) == [(other, 100, 25)]
    fortnox.supplier_invoices[given] |= {"Balance": "0.00", "FinalPayDate": "2026-06-02"}
    fortnox.touch("supplier_invoices", given)
    settled()
    paid = smartdok.supplier_invoices[given]
    assert (paid["InvoiceStatus"], paid["FullyPaidDate"]) == ("Paid", "2026-06-02")


def test_S5_one_post_then_puts_also_when_its_project_is_taken_away(
    smartdok: Any, fortnox: Any, run: Any, supplier: str, project: int, writes: Any
) -> None:
    given = fortnox.add_supplier_invoice(supplier, "125", project="2041", invoice_date=DAY)
    run(only=["supplier-invoices"])
    assert writes() == ["POST /SupplierInvoices"]
    fortnox.recode_supplier_invoice(given, "")
    run(only=["supplier-invoices"])
    assert (writes(), remote.lines(smartdok, given)) == (["PUT /SupplierInvoices"], [(None, 100, 25)])
    fortnox.cancel_supplier_invoice(given)
    run(only=["supplier-invoices"])
    assert writes() == ["PUT /SupplierInvoices"]
    assert smartdok.supplier_invoices[given]["InvoiceStatus"] == "Cancelled"


def test_S5_one_whose_balance_fortnox_does_not_tell_is_not_called_paid(
    smartdok: Any, fortnox: Any, settled: Any, supplier: str, project: int
) -> None:
    given = fortnox.add_supplier_invoice(supplier, "125", project="2041", invoice_date=DAY, Balance="")
    settled()
    assert smartdok.supplier_invoices[given]["InvoiceStatus"] == "NotSet"
    fortnox.supplier_invoices[given]["Balance"] = "0"
    fortnox.touch("supplier_invoices", given)
    settled()
    assert smartdok.supplier_invoices[given]["InvoiceStatus"] == "Paid"


@pytest.mark.parametrize("kind", ["reset-after", "truncate", "not-json", "reset-before"])
def test_S5_a_lost_answer_makes_no_second_invoice(
    smartdok: Any, fortnox: Any, settled: Any, supplier: str, project: int, twins: Any, kind: str, item: Any
) -> None:
    twins.smartdok.faults.add(kind, "POST", "/SupplierInvoices$")
    given = fortnox.add_supplier_invoice(supplier, "125", project="2041", invoice_date=DAY)
    assert settled().exit_code == 0
    assert remote.lines(smartdok, given) == [(project, 100, 25)]
    assert item("supplier-invoices", given).state == "done"


def test_S8_deleted_or_changed_in_smartdok_it_is_not_sent_again(
    smartdok: Any, fortnox: Any, settled: Any, supplier: str, project: int, writes: Any
) -> None:
    gone = fortnox.add_supplier_invoice(supplier, "125", project="2041", invoice_date=DAY)
    edited = fortnox.add_supplier_invoice(supplier, "250", project="2041", invoice_date=DAY)
    settled()
    del smartdok.supplier_invoices[gone]
    smartdok.supplier_invoices[edited]["SupplierName"] = "Rättat av någon"
    writes()
    settled()
    assert writes() == []
    assert {n: each["SupplierName"] for n, each in smartdok.supplier_invoices.items()} == {edited: "Rättat av någon"}


def test_G9_a_supplier_invoice_dated_before_go_live_is_left_out(
    smartdok: Any, fortnox: Any, settled: Any, supplier: str, project: int, states: Any, tenant: Any
) -> None:
    early = fortnox.add_supplier_invoice(supplier, "125", project="2041", invoice_date=datetime.date(2025, 12, 31))
    first = fortnox.add_supplier_invoice(supplier, "125", project="2041", invoice_date=datetime.date(2026, 1, 1))
    settled()
    assert states("supplier-invoices") == [(early, "left_out", "G9"), (first, "done", "")]
    tenant.go_live = datetime.date(2025, 12, 1)
    tenant.save()
    settled()
    assert sorted(smartdok.supplier_invoices) == sorted([early, first])
    assert remote.lines(smartdok, early) == [(project, 100, 25)]
