"""What SmartDok gives, read from its twin."""

import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from integration import registry
from integration.errors import Transient
from integration.mapping import SWEDEN
from integration.records import Article, Customer, Invoice, Project
from integration.systems.base import Window
from integration.systems.smartdok import SmartDok, lists
from sandbox.smartdok import Company, SmartDokTwin

Windows = Callable[..., Window]


def read(system: SmartDok, kind: type, window: Window) -> list[Any]:
    """All records of a kind; none may be unreadable."""
    pages = list(registry.reader("smartdok", kind)(system).pages(window))
    assert [each for page in pages for each in page.unreadable] == []
    return [each.record for page in pages for each in page.reads]


def paths(twin: SmartDokTwin) -> list[str]:
    return [f"{each.method} {each.path}" for each in twin.requests if each.path != "/Authorize/ApiToken"]


def test_customers_with_every_field(smartdok: SmartDok, smartdok_company: Company, window: Windows) -> None:
    record = smartdok_company.add_customer(
        CustomerName="Villa Ek AB", CustomerNumber=" 1001 ", OrganizationNumber="556123-4567", Email="a@ek.se",
        Address="Ekgatan 1", ZipCode="123 45", City="Ekby", AlternativeAddress="Lagret", AlternativeZipCode="543 21",
        AlternativeCity="Alby", PhoneNumber="08-1", MobileNumber="070-1", Comment="Ring först", IsActive=False,
    )  # fmt: skip
    assert read(smartdok, Customer, window()) == [
        Customer(
            source_id=str(record["Id"]), number="1001", name="Villa Ek AB", organisation_number="556123-4567",
            email="a@ek.se", address="Ekgatan 1", zip_code="123 45", city="Ekby", delivery_address="Lagret",
            delivery_zip_code="543 21", delivery_city="Alby", phone="08-1", mobile="070-1", comment="Ring först",
            active=False,
        )
    ]  # fmt: skip


def test_G2_numbers_are_trimmed_and_nothing_else(
    smartdok: SmartDok, smartdok_company: Company, window: Windows
) -> None:
    smartdok_company.add_project(ProjectNumber="2041a  ")
    smartdok_company.add_goods(Number="\t9 1 ")
    assert [each.number for each in read(smartdok, Project, window())] == ["2041a"]
    assert [each.number for each in read(smartdok, Article, window())] == ["9 1"]


def test_projects_of_every_kind_are_read(smartdok: SmartDok, smartdok_company: Company, window: Windows) -> None:
    smartdok_company.add_project(ProjectNumber="1", StartDate="2026-03-01T00:00:00", EndDate="2026-10-31T23:59:59.997")
    smartdok_company.add_project(ProjectNumber="2", IsAbsenceProject=True)
    smartdok_company.add_project(ProjectNumber="3", IsOrder=True, OrderTypeId=1)
    smartdok_company.add_project(ProjectNumber="4", IsActive=False, Finished=True)
    smartdok_company.add_project(ProjectNumber="5", StartDate="0001-01-01T00:00:00")
    first, absence, order, ended, undated = read(smartdok, Project, window())
    assert (first.start, first.end) == (datetime.date(2026, 3, 1), datetime.date(2026, 10, 31))
    assert (absence.absence, order.order, ended.active, ended.finished) == (True, True, False, True)
    assert undated.start is None


def test_articles_are_goods_of_both_kinds_and_machines(
    smartdok: SmartDok, smartdok_company: Company, window: Windows
) -> None:
    nail = smartdok_company.add_goods(Number="10", Name="Spik", unit="kg", Price=12.5)
    gravel = smartdok_company.add_goods(Number="20", Name="Grus", unit="ton", IsProduction=True, Price=99)
    digger = smartdok_company.add_machine(InternalNumber="M1 ", Name="Grävare", PricePerHour=850)
    trailer = smartdok_company.add_machine(InternalNumber="M2", Name="Släp", PricePerHour=None)
    assert read(smartdok, Article, window()) == [
        Article(f"goods:{nail['Id']}", "10", "Spik", "consumption", "kg", Decimal("12.5"), True),
        Article(f"goods:{gravel['Id']}", "20", "Grus", "production", "ton", Decimal(99), True),
        Article(f"machine:{digger['Id']}", "M1", "Grävare", "machine", "tim", Decimal(850), True),
        Article(f"machine:{trailer['Id']}", "M2", "Släp", "machine", "", None, True),
    ]


def test_invoice_with_rows_in_order(smartdok: SmartDok, smartdok_company: Company, window: Windows) -> None:
    customer = smartdok_company.add_customer(CustomerNumber="1001 ", CustomerName="Ek")
    project = smartdok_company.add_project(ProjectNumber="2041")
    invoice = smartdok_company.add_invoice(
        [
            {"Code": "10 ", "LineText": "", "Detail": "Timmar", "Quantity": 8.5, "Price": 450.1, "UnitType": "tim",
             "Order": 2},
            {"LineText": "Enligt offert", "Order": 1},
        ],
        CustomerId=customer["Id"], ProjectId=project["Id"], Title="Etapp 1", InvoiceRef="Kalle", SerialNumber="77",
        Updated="2026-03-01T10:00:00", Created="2026-02-01T10:00:00", DateFrom="2026-02-01T00:00:00",
        DateTo="2026-02-28T00:00:00",
    )  # fmt: skip
    (record,) = read(smartdok, Invoice, window())
    assert (record.source_id, record.draft, record.customer_number) == (str(invoice["Id"]), False, "1001")
    assert (record.customer_id, record.project_id) == (str(customer["Id"]), str(project["Id"]))
    assert record.finalised_at == datetime.datetime(2026, 3, 1, 10, tzinfo=SWEDEN)
    assert (record.reference, record.serial_number, record.title) == ("Kalle", "77", "Etapp 1")
    assert (record.period_from, record.period_to) == (datetime.date(2026, 2, 1), datetime.date(2026, 2, 28))
    assert [row.text for row in record.rows] == ["Enligt offert", "Timmar"]
    hours = record.rows[1]
    assert (hours.code, hours.unit, hours.project_id) == ("10", "tim", str(project["Id"]))
    assert (hours.quantity, hours.price, hours.sum) == (Decimal("8.5"), Decimal("450.1"), Decimal("3825.85"))
    assert record.total == Decimal("3825.85")


def test_G9_created_stands_for_a_finalised_invoice_never_updated(
    smartdok: SmartDok, smartdok_company: Company, window: Windows
) -> None:
    smartdok_company.add_invoice(Updated=None, Created="2026-02-01T10:00:00")
    (record,) = read(smartdok, Invoice, window())
    assert record.finalised_at == datetime.datetime(2026, 2, 1, 10, tzinfo=SWEDEN)


def test_one_invoice_by_its_id(smartdok: SmartDok, smartdok_company: Company) -> None:
    invoice = smartdok_company.add_invoice(Title="Etapp 1")
    reader = registry.reader("smartdok", Invoice)(smartdok)
    assert reader.one(str(invoice["Id"])).record.title == "Etapp 1"
    assert reader.one("999999") is None


def test_a_poll_takes_one_request_per_list_and_one_more_for_new_projects(
    smartdok: SmartDok, smartdok_twin: SmartDokTwin, window: Windows
) -> None:
    for kind in (Customer, Project, Article, Invoice):
        assert read(smartdok, kind, window(since=datetime.datetime.now(datetime.UTC))) == []
    lists = ["Customers", "Projects", "Projects", "Goods", "Machines", "Invoices"]
    assert paths(smartdok_twin) == [f"GET /{each}" for each in lists]


def test_G7_only_changes_are_asked_for_in_swedish_wall_clock(
    smartdok: SmartDok, smartdok_company: Company, smartdok_twin: SmartDokTwin, window: Windows
) -> None:
    smartdok_company.add_customer(CustomerNumber="1", Updated="2026-06-01T11:59:59")
    smartdok_company.add_customer(CustomerNumber="2", Updated="2026-06-01T12:00:00")
    since = datetime.datetime(2026, 6, 1, 10, tzinfo=datetime.UTC)
    found = read(smartdok, Customer, window(since=since, now=since + datetime.timedelta(minutes=5)))
    assert [each.number for each in found] == ["2"]
    assert "updatedSince=2026-06-01T12%3A00%3A00" in smartdok_twin.requests[-1].query


def test_G8_a_bad_record_is_explained_and_the_others_are_read(
    smartdok: SmartDok, smartdok_company: Company, window: Windows
) -> None:
    good = smartdok_company.add_invoice([{"Price": 1, "Quantity": 1}])
    bad = smartdok_company.add_invoice([{"Price": 1, "Quantity": 1}, {"Price": 1, "Quantity": 1}], Title="Etapp 2")
    bad["InvoiceLines"][1]["Price"] = "gratis"
    bad["TotalPrice"] = None
    page, rest = registry.reader("smartdok", Invoice)(smartdok).pages(window())
    assert (rest.reads, rest.unreadable) == ((), ()), "told once"
    assert [each.record.source_id for each in page.reads] == [str(good["Id"])]
    (unreadable,) = page.unreadable
    assert (unreadable.source_id, unreadable.label) == (str(bad["Id"]), "Etapp 2")
    assert unreadable.problems == {"Rad 2, Pris": "ska vara ett tal", "Totalpris": "saknas"}


def test_null_where_text_is_promised_is_empty(smartdok: SmartDok, smartdok_company: Company, window: Windows) -> None:
    smartdok_company.add_customer(CustomerName=None, CustomerNumber=None, Comment=None)
    (customer,) = read(smartdok, Customer, window())
    assert (customer.name, customer.number, customer.comment) == ("", "", "")


# -- lists -------------------------------------------------------------------------------------------------------
def test_a_long_list_is_read_to_its_end(
    smartdok: SmartDok, smartdok_company: Company, smartdok_twin: SmartDokTwin, window: Windows
) -> None:
    for number in range(250):
        smartdok_company.add_customer(CustomerNumber=str(number))
    assert [each.number for each in read(smartdok, Customer, window())] == [str(n) for n in range(250)]
    assert paths(smartdok_twin) == ["GET /Customers"] * 3


def test_a_list_that_ignores_paging_is_read_once(
    smartdok: SmartDok, smartdok_company: Company, smartdok_twin: SmartDokTwin, window: Windows
) -> None:
    smartdok_twin.switches.ignore_paging = True
    for number in range(250):
        smartdok_company.add_customer(CustomerNumber=str(number))
    assert len(read(smartdok, Customer, window())) == 250
    assert paths(smartdok_twin) == ["GET /Customers"]


def test_a_list_that_shrinks_while_it_is_read_loses_nobody(
    smartdok: SmartDok, smartdok_company: Company, window: Windows
) -> None:
    for number in range(205):
        smartdok_company.add_customer(CustomerNumber=str(number))
    pages = registry.reader("smartdok", Customer)(smartdok).pages(window())
    numbers = [each.record.number for each in next(pages).reads]
    for id in sorted(smartdok_company.customers)[:3]:
        del smartdok_company.customers[id]
    numbers += [each.record.number for page in pages for each in page.reads]
    assert len(numbers) == 205
    assert set(numbers) == {str(n) for n in range(205)}


class FakeDoor:
    """A list endpoint that answers what it is told."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.params: list[dict[str, Any]] = []

    def get(self, path: str, params: dict[str, Any]) -> Any:
        self.params.append(params)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return type("Answer", (), {"json": lambda _: answer})()


def test_a_list_that_gives_less_than_it_has_ends_the_pass_aloud() -> None:
    door = FakeDoor({"Count": 2, "Offset": 0, "TotalCount": 5, "Items": [{"Id": 1}, {"Id": 2}]})
    with pytest.raises(Transient) as fault:
        list(lists.pages(door, "/Goods", {}))  # type: ignore[arg-type]
    assert (fault.value.cause, fault.value.params) == ("smartdok.list_stuck", {"path": "/Goods", "got": 2, "total": 5})
    assert door.params == [{}, {"offset": 2, "count": 100}]


def test_a_list_stops_on_an_empty_page() -> None:
    door = FakeDoor({"Offset": 0, "TotalCount": 5, "Items": [{"Id": 1}]}, {"Offset": 1, "TotalCount": 5, "Items": []})
    assert list(lists.pages(door, "/Goods", {})) == [[{"Id": 1}], []]  # type: ignore[arg-type]


def test_an_object_that_is_no_list_ends_the_pass() -> None:
    with pytest.raises(Transient, match=r"smartdok\.no_list"):
        list(lists.pages(FakeDoor({"Message": "hej"}), "/Goods", {}))  # type: ignore[arg-type]
