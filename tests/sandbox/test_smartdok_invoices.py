"""The SmartDok twin: invoices, their sums and their life."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.smartdok import Company
from tests.sandbox.smartdok import SmartDok, running

ALWAYS = {"fromDate": "2000-01-01T00:00:00", "toDate": "2100-01-01T00:00:00"}


@pytest.fixture
def smartdok() -> Iterator[SmartDok]:
    with running() as started:
        yield started


def test_list_is_a_bare_array_and_empty_without_both_dates(smartdok: SmartDok) -> None:
    invoice = smartdok.company.add_invoice([{"Price": 100.0, "Quantity": 2.0}])
    assert smartdok.get("/Invoices").json() == []
    assert smartdok.get("/Invoices", fromDate="2000-01-01T00:00:00").json() == []
    assert smartdok.get("/Invoices", **ALWAYS).json() == [invoice]
    assert smartdok.get(f"/Invoices/{invoice['Id']}").json() == invoice


def test_array_is_always_whole(smartdok: SmartDok) -> None:
    ids = [smartdok.company.add_invoice()["Id"] for _ in range(130)]
    assert smartdok.ids("/Invoices", **ALWAYS, offset=100, count=10) == ids


@pytest.mark.parametrize(
    ("tested", "found"),
    [
        ("period", ["within", "begins before", "ends after"]),
        ("DateFrom", ["within", "ends after"]),
        ("DateTo", ["within", "begins before"]),
        ("Created", []),
    ],
)
def test_what_the_dates_are_held_against_is_a_switch(smartdok: SmartDok, tested: str, found: list[str]) -> None:
    periods = {
        "within": ("2026-02-05", "2026-02-20"),
        "begins before": ("2026-01-20", "2026-02-05"),
        "ends after": ("2026-02-20", "2026-03-05"),
        "outside": ("2026-03-01", "2026-03-05"),
    }
    for title, (first, last) in periods.items():
        smartdok.company.add_invoice(Title=title, DateFrom=f"{first}T00:00:00", DateTo=f"{last}T00:00:00")
    smartdok.twin.switches.invoice_dates = tested  # type: ignore[assignment]
    answer = smartdok.get("/Invoices", fromDate="2026-02-01T00:00:00", toDate="2026-02-28T00:00:00").json()
    assert [invoice["Title"] for invoice in answer] == found


@pytest.mark.parametrize(
    ("reading", "line", "total"),
    [
        ("percent", {"Price": 99.95, "Quantity": 3.5, "Discount": 12.5}, 306.1),  # 349.825 * 0.875 = 306.0969
        ("percent", {"Price": 500.0, "Quantity": 4.0, "Surcharge": 10.0}, 2200.0),
        ("percent", {"Price": 100.0, "Quantity": -3.0, "Discount": 10.0}, -270.0),
        ("amount", {"Price": 99.95, "Quantity": 3.5, "Discount": 12.5}, 337.33),  # 349.825 - 12.5 = 337.325
        ("amount", {"Price": 500.0, "Quantity": 4.0, "Surcharge": 250.0}, 2250.0),
        ("amount", {"LineText": "Text"}, 0.0),
    ],
)
def test_I7_sum_of_a_line_in_either_reading(
    smartdok: SmartDok, reading: str, line: dict[str, float], total: float
) -> None:
    smartdok.company.discount_reading = reading  # type: ignore[assignment]
    invoice = smartdok.company.add_invoice([line])
    assert invoice["InvoiceLines"][0]["Sum"] == invoice["TotalPrice"] == total


@pytest.mark.parametrize(("reading", "total"), [("percent", 1425.0), ("amount", 1495.0)])
def test_I7_discount_on_the_whole_invoice(smartdok: SmartDok, reading: str, total: float) -> None:
    smartdok.company.discount_reading = reading  # type: ignore[assignment]
    lines = [{"Price": 500.0, "Quantity": 2.0}, {"Price": 50.0, "Quantity": 10.0}]
    assert smartdok.company.add_invoice(lines, Discount=5.0)["TotalPrice"] == total


def test_I7_a_sum_that_is_given_stands(smartdok: SmartDok) -> None:
    invoice = smartdok.company.add_invoice([{"Price": 100.0, "Quantity": 1.0, "Sum": 90.01}])
    assert invoice["TotalPrice"] == 90.01


def test_customer_is_copied_when_the_invoice_is_made(smartdok: SmartDok) -> None:
    customer = smartdok.company.add_customer(CustomerNumber="7", CustomerName="Åkes", City="Umeå")
    invoice = smartdok.company.add_invoice(CustomerId=customer["Id"])
    smartdok.company.touch(customer, CustomerName="Åkes Åkeri")
    fields = ("CustomerNumber", "CustomerName", "CustomerCity")
    assert [invoice[field] for field in fields] == ["7", "Åkes", "Umeå"]


def test_every_step_moves_updated_and_its_counter(smartdok: SmartDok) -> None:
    company = smartdok.company
    invoice = company.add_invoice([{"Price": 100.0, "Quantity": 1.0}], IsDraft=True)
    assert (invoice["Updated"], invoice["UpdatedCounter"]) == (None, 0)
    seen = []
    for step in (
        lambda: company.finalise(invoice["Id"]),
        lambda: company.withdraw(invoice["Id"]),
        lambda: company.change_invoice(invoice["Id"], [{"Price": 100.0, "Quantity": 3.0}], Title="Ny"),
        lambda: company.finalise(invoice["Id"]),
        lambda: company.credit(invoice["Id"]),
        lambda: company.touch(invoice),
    ):
        smartdok.clock.forward(minutes=1)
        step()
        fields = ("IsDraft", "Credited", "TotalPrice", "UpdatedCounter", "Updated")
        seen.append([smartdok.get(f"/Invoices/{invoice['Id']}").json()[field] for field in fields])
    assert seen == [
        [False, False, 100.0, 1, "2026-03-10T12:01:00"],
        [True, False, 100.0, 2, "2026-03-10T12:02:00"],
        [True, False, 300.0, 3, "2026-03-10T12:03:00"],
        [False, False, 300.0, 4, "2026-03-10T12:04:00"],
        [False, True, 300.0, 5, "2026-03-10T12:05:00"],
        [False, True, 300.0, 6, "2026-03-10T12:06:00"],
    ]


def test_lines_name_their_project_and_its_own_wins(smartdok: SmartDok) -> None:
    company = smartdok.company
    main = company.add_project(ProjectNumber="1 ", ProjectName="Skola")
    side = company.add_project(ProjectNumber="2", ProjectName="Väg")
    invoice = company.add_invoice([{}, {"ProjectId": side["Id"]}], ProjectId=main["Id"])
    assert [line["Project"] for line in invoice["InvoiceLines"]] == ["1 Skola", "2 Väg"]


def test_unknown_fields_are_refused_by_the_helpers() -> None:
    company = Company("Bygg AB", "t")
    with pytest.raises(KeyError, match="Namn"):
        company.add_customer(Namn="A")
    with pytest.raises(KeyError, match="Antal"):
        company.add_invoice([{"Antal": 3}])
    with pytest.raises(KeyError, match="Datum"):
        company.touch(company.add_project(), Datum="x")
