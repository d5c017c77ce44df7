"""The SmartDok twin: customers, projects, goods, machines; filters, pages, refusals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.sandbox.smartdok import SmartDok, running


@pytest.fixture
def smartdok() -> Iterator[SmartDok]:
    with running() as started:
        yield started


def add(smartdok: SmartDok, path: str) -> tuple[int, int]:
    """An active and an inactive record of a list."""
    company = smartdok.company
    makers: dict[str, Any] = {
        "/Customers": company.add_customer,
        "/Departments": company.add_department,
        "/Machines": company.add_machine,
        "/MachineCategories": lambda **fields: company.add_machine_category("M", **fields),
        "/Goods": company.add_goods,
        "/Projects": company.add_project,
        "/GoodsCategories": lambda **fields: company.add_goods_category("V", **fields),
        "/SubProjects": lambda **fields: company.add_sub_project(company.add_project()["Id"], **fields),
    }
    return makers[path](IsActive=True)["Id"], makers[path](IsActive=False)["Id"]


BOTH, ACTIVE, INACTIVE = (True, True), (True, False), (False, True)


@pytest.mark.parametrize(
    ("path", "by_default", "when_not_all"),
    [
        ("/Customers", BOTH, ACTIVE),
        ("/Departments", BOTH, INACTIVE),
        ("/Machines", BOTH, INACTIVE),
        ("/MachineCategories", BOTH, INACTIVE),
        ("/GoodsCategories", BOTH, ACTIVE),
        ("/Goods", ACTIVE, ACTIVE),
        ("/Projects", ACTIVE, ACTIVE),
        ("/SubProjects", ACTIVE, ACTIVE),
    ],
)
def test_defaults_of_all_and_active_differ(
    smartdok: SmartDok, path: str, by_default: tuple[bool, bool], when_not_all: tuple[bool, bool]
) -> None:
    records = add(smartdok, path)

    def listed(**query: bool) -> tuple[bool, bool]:
        ids = smartdok.ids(path, **query)
        return records[0] in ids, records[1] in ids

    assert listed() == by_default
    assert listed(all=False) == when_not_all
    assert listed(all=True, active=False) == BOTH
    assert listed(all=False, active=True) == ACTIVE
    assert listed(all=False, active=False) == INACTIVE


def test_orders_are_listed_on_demand(smartdok: SmartDok) -> None:
    order = smartdok.company.add_project(IsOrder=True, OrderTypeId=1)
    assert smartdok.ids("/Projects") == []
    assert smartdok.ids("/Projects", includeOrders=True) == [order["Id"]]


def test_number_filter_is_exact_but_for_case_and_spaces_at_the_end(smartdok: SmartDok) -> None:
    spaced = smartdok.company.add_project(ProjectNumber="P-10   ")
    smartdok.company.add_project(ProjectNumber="P-100")
    assert smartdok.ids("/Projects", projectNumber="p-10") == [spaced["Id"]]
    assert smartdok.get(f"/Projects/{spaced['Id']}").json()["ProjectNumber"] == "P-10   "


def test_updated_since_counts_in_swedish_time(smartdok: SmartDok) -> None:
    old = smartdok.company.add_customer()
    smartdok.clock.now = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
    smartdok.log_in()
    new = smartdok.company.add_customer()
    assert new["Updated"] == "2026-07-01T14:00:00"
    assert smartdok.ids("/Customers", updatedSince="2026-07-01T14:00:00") == [new["Id"]]
    assert smartdok.ids("/Customers", updatedSince="2026-07-01T12:00:00Z") == [new["Id"]]
    assert smartdok.ids("/Customers", updatedSince="2026-07-01T14:00:00.001") == []
    smartdok.company.touch(old)
    assert smartdok.ids("/Customers", updatedSince="2026-07-01T14:00:00") == [old["Id"], new["Id"]]


def test_created_since_knows_only_projects(smartdok: SmartDok) -> None:
    smartdok.company.add_project(Created="2025-01-01T00:00:00")
    new = smartdok.company.add_project(Created="2026-03-01T00:00:00")
    assert smartdok.ids("/Projects", createdSince="2026-01-01T00:00:00") == [new["Id"]]


def test_times_repeat_in_the_night_when_summer_time_ends(smartdok: SmartDok) -> None:
    first = smartdok.company.add_customer
    smartdok.clock.now = datetime(2026, 10, 25, 0, 30, 0, 250_000, tzinfo=UTC)
    early = first()
    smartdok.clock.forward(hours=1)
    assert early["Updated"] == first()["Updated"] == "2026-10-25T02:30:00.25"


def test_lists_come_in_pages_of_a_hundred(smartdok: SmartDok) -> None:
    ids = [smartdok.company.add_customer()["Id"] for _ in range(130)]
    first = smartdok.get("/Customers").json()
    assert (first["Count"], first["Offset"], first["TotalCount"]) == (100, 0, 130)
    second = smartdok.get("/Customers", offset=100, count=100).json()
    assert (second["Count"], second["Offset"], second["TotalCount"]) == (30, 100, 130)
    assert [c["Id"] for c in first["Items"] + second["Items"]] == ids
    assert smartdok.get("/Customers", offset=130).json()["Items"] == []
    assert smartdok.get("/Customers", count=500).json()["Count"] == 100


def test_a_twin_can_ignore_paging(smartdok: SmartDok) -> None:
    for _ in range(130):
        smartdok.company.add_goods()
    smartdok.twin.switches.ignore_paging = True
    answer = smartdok.get("/Goods", offset=100, count=10).json()
    assert (answer["Count"], answer["Offset"], answer["TotalCount"], len(answer["Items"])) == (130, 0, 130, 130)


def test_size_of_a_page_is_a_switch(smartdok: SmartDok) -> None:
    for _ in range(5):
        smartdok.company.add_machine()
    smartdok.twin.switches.page_size = 2
    assert smartdok.get("/Machines", offset=4).json()["Count"] == 1


@pytest.mark.parametrize("query", [{"all": "2"}, {"updatedSince": "yesterday"}, {"offset": "x"}])
def test_faulty_parameter_is_400_with_its_name(smartdok: SmartDok, query: dict[str, str]) -> None:
    answer = smartdok.get("/Customers", **query)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, list(query))


def test_customer_is_created_read_and_replaced_whole(smartdok: SmartDok) -> None:
    created = smartdok.post("/Customers", {"CustomerName": "Åkes Åkeri", "CustomerNumber": "1", "IsActive": True})
    assert created.status_code == 200
    id = created.json()["Id"]
    assert smartdok.get(f"/Customers/{id}").json() == created.json()
    assert created.json()["Email"] == ""
    smartdok.clock.forward(minutes=5)
    smartdok.put(f"/v2/Customers/{id}", {"CustomerName": "Åkes", "IsActive": False})
    stored = smartdok.company.customers[id]
    assert (stored["CustomerName"], stored["CustomerNumber"], stored["IsActive"]) == ("Åkes", "", False)
    assert stored["Updated"] == "2026-03-10T12:05:00"


def test_two_customers_may_have_one_number(smartdok: SmartDok) -> None:
    for _ in range(2):
        assert smartdok.post("/Customers", {"CustomerName": "A", "CustomerNumber": "1", "IsActive": True}).ok


def test_put_to_nothing_is_404_without_details(smartdok: SmartDok) -> None:
    answer = smartdok.put("/v2/Customers/9", {"CustomerName": "A", "IsActive": True})
    assert (answer.status_code, answer.content) == (404, b"")
    assert smartdok.get("/Nothing").content == b""


def test_post_answers_201_when_the_twin_is_told_so(smartdok: SmartDok) -> None:
    smartdok.twin.switches.created_status = 201
    answer = smartdok.post("/Customers", {"CustomerName": "A", "IsActive": True})
    assert (answer.status_code, answer.headers["Location"]) == (201, f"/Customers/{answer.json()['Id']}")


@pytest.mark.parametrize(
    ("path", "body", "error"),
    [
        ("/Customers", {"IsActive": True}, "NameIsRequired"),
        ("/Customers", {"CustomerName": " ", "IsActive": True}, "NameIsRequired"),
        ("/Customers", {"CustomerName": "A"}, "IsActiveIsRequired"),
        ("/Customers", {"CustomerName": "A" * 251, "IsActive": True}, "NameIsTooLong"),
        ("/Customers", {"CustomerName": "A", "CustomerNumber": "1" * 51, "IsActive": True}, "CustomerNumberIsTooLong"),
        ("/Projects", {"ProjectName": "A", "IsActive": True}, "NumberIsRequired"),
        ("/Projects", {"ProjectName": "A", "ProjectNumber": "1" * 21, "IsActive": True}, "NumberIsTooLong"),
        (
            "/Projects",
            {"ProjectName": "A", "ProjectNumber": "1", "IsActive": True, "CustomerId": 5},
            "CustomerIdNotFound",
        ),
        ("/Goods", {"Name": "A", "IsActive": True, "IsProduction": False, "UnitId": 9}, "UnitIdNotFound"),
        ("/Machines", {"Name": "A"}, "IsActiveIsRequired"),
    ],
)
def test_refusals_are_save_errors(smartdok: SmartDok, path: str, body: Any, error: str) -> None:
    answer = smartdok.post(path, body)
    assert (answer.status_code, answer.json()["Error"]) == (400, error)
    assert set(answer.json()) == {"Code", "Error", "Message"}


@pytest.mark.parametrize("body", [{"CustomerName": 5, "IsActive": True}, {"CustomerName": "A", "IsActive": "yes"}, []])
def test_wrong_types_are_refused_by_the_deserializer(smartdok: SmartDok, body: Any) -> None:
    answer = smartdok.post("/Customers", body)
    assert (answer.status_code, list(answer.json())) == (400, ["errors"])


def test_project_keeps_what_put_sends_and_loses_activities(smartdok: SmartDok) -> None:
    body = {"ProjectName": "A", "ProjectNumber": "1 ", "IsActive": True, "ActivityIds": [4]}
    created = smartdok.post("/Projects", body).json()
    assert (created["ProjectNumber"], created["StartDate"]) == ("1 ", None)
    assert "ActivityIds" not in created
    smartdok.put(f"/v3/Projects/{created['Id']}", body | {"StartDate": "2026-03-01T00:00:00"})
    assert smartdok.company.projects[created["Id"]]["StartDate"] == "2026-03-01T00:00:00"


def test_project_number_is_taken_once(smartdok: SmartDok) -> None:
    smartdok.company.add_project(ProjectNumber="1  ")
    answer = smartdok.post("/Projects", {"ProjectName": "A", "ProjectNumber": "1", "IsActive": True})
    assert answer.json()["Error"] == "NumberAlreadyExists"


def test_orders_need_their_type_on_put(smartdok: SmartDok) -> None:
    order = smartdok.company.add_project(ProjectNumber="1", IsOrder=True, OrderTypeId=1)
    body = {"ProjectName": "A", "ProjectNumber": "1", "IsActive": True}
    assert smartdok.put(f"/v3/Projects/{order['Id']}", body).json()["Error"] == "OrderTypeIdIsRequired"
    assert smartdok.put(f"/v3/Projects/{order['Id']}", body | {"OrderTypeId": 1}).ok


def test_next_project_number(smartdok: SmartDok) -> None:
    smartdok.company.add_project(ProjectNumber="2041 ")
    assert smartdok.get("/Projects/NextProjectNumber").json() == "2042"
    assert smartdok.get("/Projects/NextNumber").json() == 2042


def test_sub_projects(smartdok: SmartDok) -> None:
    project = smartdok.company.add_project(ProjectNumber="1")["Id"]
    created = smartdok.post(f"/Projects/{project}/SubProjects", {"SubProjectName": "A", "SubProjectNumber": "7"}).json()
    assert created["Project"]["ProjectNumber"] == "1"
    assert smartdok.ids(f"/Projects/{project}/SubProjects") == smartdok.ids("/SubProjects") == [created["Id"]]
    assert smartdok.get(f"/Projects/{project}/SubProjects/NextNumber").json() == 8


def test_goods_with_unit_and_category(smartdok: SmartDok) -> None:
    units = {unit["Name"]: unit["UnitId"] for unit in smartdok.get("/Goods/Units").json()}
    category = smartdok.ids("/GoodsCategories")[0]
    body = {"Name": "Betong", "Number": "1", "UnitId": units["m3"], "CategoryId": category, "Price": 1650.5}
    created = smartdok.post("/Goods", body | {"IsProduction": False, "IsActive": True}).json()
    assert created["Unit"] == {"Id": units["m3"], "Name": "m3"}
    assert smartdok.ids(f"/GoodsCategories/{category}/Goods") == [created["Id"]]


def test_goods_categories_of_production_are_listed_on_demand(smartdok: SmartDok) -> None:
    names = [category["Name"] for category in smartdok.get("/GoodsCategories", production=True).json()]
    assert names == ["Produktion"]


def test_machine_departments_stay_when_put_sends_null(smartdok: SmartDok) -> None:
    department = smartdok.ids("/Departments")[0]
    machine = smartdok.company.add_machine(InternalNumber="M1", DepartmentIds=[department])
    answer = smartdok.put(f"/Machines/{machine['Id']}", {"InternalNumber": "M1", "Name": "Padda", "IsActive": True})
    assert answer.json()["DepartmentIds"] == [department]


def test_consumption_is_empty_without_dates(smartdok: SmartDok) -> None:
    assert smartdok.get("/GoodsConsumption").json()["Items"] == []
    assert smartdok.get("/GoodsProduction").json() == []
