"""I5: an invoice waits for exactly its customer, project and articles, names them, and goes by itself."""

from typing import Any

import pytest

from integration.models import ValueMap
from sync.engine import manual
from sync.engine.problems import refresh
from sync.explain import explain
from sync.models import Problem
from tests.sync import remote


def _waits_for(item: Any, basis: Any) -> tuple[str, list[str]]:
    found = item("invoices", basis["Id"])
    assert (found.state, found.reason, found.cause) == ("waiting", "need", "I5")
    return " ".join(found.params["names"]), found.needs


def test_I5_waits_for_a_project_without_start_date_and_goes_when_it_is_set(
    smartdok: Any, fortnox: Any, settled: Any, bill: Any, item: Any
) -> None:
    project = smartdok.add_project(ProjectNumber="2001", ProjectName="Utan start")
    basis = bill(ProjectId=project["Id"])
    other = bill()
    assert settled().exit_code == 2
    names, needs = _waits_for(item, basis)
    assert names == "projekt 2001 Utan start (stopped, P2)"
    assert needs == [f"projects:id={project['Id']}"]
    assert len(fortnox.invoices) == 1, "the other one goes on"
    assert item("invoices", other["Id"]).state == "done"
    smartdok.touch(project, StartDate="2026-03-01T00:00:00")
    assert settled().exit_code == 0
    assert [each["Project"] for each in fortnox.invoices.values()] == ["2041", "2001"]


def test_I5_waits_for_a_customer_without_number_and_goes_when_it_gets_one(
    smartdok: Any, fortnox: Any, settled: Any, bill: Any, item: Any
) -> None:
    customer = smartdok.add_customer(CustomerNumber="", CustomerName="Utan nummer")
    basis = bill(CustomerId=customer["Id"])
    settled()
    names, needs = _waits_for(item, basis)
    assert "Utan nummer" in names
    assert "C2" in names
    assert needs == [f"customers:id={customer['Id']}"]
    smartdok.touch(customer, CustomerNumber="1002")
    assert settled().exit_code == 0
    assert [each["CustomerNumber"] for each in fortnox.invoices.values()] == ["1002"]


def test_I5_names_everything_it_waits_for_at_once(
    smartdok: Any, fortnox: Any, settled: Any, bill: Any, item: Any
) -> None:
    customer = smartdok.add_customer(CustomerNumber="1002", CustomerName="Dubbel")
    smartdok.add_customer(CustomerNumber="1002", CustomerName="Dubbel igen")
    header = smartdok.add_project(ProjectNumber="2001", ProjectName="Huvudet")
    row = smartdok.add_project(ProjectNumber="2002", ProjectName="Raden")
    line = {"LineText": "Arbete", "Price": 100.0, "Quantity": 1.0, "ProjectId": row["Id"]}
    basis = bill(line, CustomerId=customer["Id"], ProjectId=header["Id"])
    settled()
    names, needs = _waits_for(item, basis)
    assert needs == [
        f"customers:id={customer['Id']}", f"projects:id={header['Id']}", f"projects:id={row['Id']}",
    ]  # fmt: skip
    for word in ("1002", "C4", "2001", "Huvudet", "2002", "Raden", "P2"):
        assert word in names
    told = explain("I5", item("invoices", basis["Id"]).params, "sv")
    assert "2001" in told.what
    smartdok.touch(header, StartDate="2026-03-01T00:00:00")
    settled()
    assert _waits_for(item, basis)[1] == [f"customers:id={customer['Id']}", f"projects:id={row['Id']}"]
    assert fortnox.invoices == {}


def test_I5_a_project_that_smartdok_does_not_list_is_named_by_its_id(
    smartdok: Any, fortnox: Any, settled: Any, bill: Any, item: Any
) -> None:
    basis = bill(ProjectId=987654)
    settled()
    names, needs = _waits_for(item, basis)
    assert (names, needs) == ("projekt med id 987654", ["projects:id=987654"])


def test_I5_a_new_customer_without_a_time_of_change_is_read_when_an_invoice_needs_it(
    smartdok: Any, fortnox: Any, settled: Any, run: Any, bill: Any, twins: Any
) -> None:
    bill()
    settled()
    customer = smartdok.add_customer(CustomerNumber="1002", CustomerName="Ny kund", Updated=None)
    run()
    assert list(fortnox.customers) == ["1001"]
    bill(CustomerId=customer["Id"])
    bill(CustomerId=987654, CustomerNumber="9876")
    twins.smartdok.clear_log()
    settled()
    assert [each["CustomerNumber"] for each in fortnox.invoices.values()] == ["1001", "1002"]
    read = [each.query for each in twins.smartdok.requests if each.path == "/Customers"]
    assert [each for each in read if "updatedSince" not in each] == ["all=true"], "once, however many invoices ask"


def test_I5_a_new_project_without_a_time_of_change_is_read_by_the_time_it_was_made_or_when_it_is_needed(
    smartdok: Any, fortnox: Any, settled: Any, run: Any, bill: Any
) -> None:
    settled()
    started = {"StartDate": "2026-03-01T00:00:00", "Updated": None}
    smartdok.add_project(ProjectNumber="2042", **started)
    run()
    assert sorted(fortnox.projects) == ["2041", "2042"]
    project = smartdok.add_project(ProjectNumber="2043", Created=None, **started)
    run()
    assert sorted(fortnox.projects) == ["2041", "2042"]
    bill(ProjectId=project["Id"])
    assert settled().exit_code == 0
    assert [each["Project"] for each in fortnox.invoices.values()] == ["2043"]


def test_I5_a_customer_that_fortnox_refuses_holds_only_its_own_invoices(
    smartdok: Any, fortnox: Any, settled: Any, bill: Any, item: Any
) -> None:
    fortnox.burnt_customer_numbers.add("1002")
    customer = smartdok.add_customer(CustomerNumber="1002", CustomerName="Bränd")
    basis = bill(CustomerId=customer["Id"])
    bill()
    settled()
    assert "fortnox.2000637" in _waits_for(item, basis)[0]
    assert [each["CustomerNumber"] for each in fortnox.invoices.values()] == ["1001"]


def test_I5_in_the_same_pass_customer_project_article_and_invoice(
    smartdok: Any, fortnox: Any, settled: Any, bill: Any
) -> None:
    smartdok.add_goods(Number="55", Name="Rör", Price=12.5, unit="m")
    bill({"Code": "55", "LineText": "Rör", "Price": 12.5, "Quantity": 4.0, "UnitType": "m"})
    assert settled().exit_code == 0
    assert (list(fortnox.customers), list(fortnox.projects), list(fortnox.articles)) == (["1001"], ["2041"], ["55"])
    assert remote.invoices(fortnox)[0]["Rows"] == [
        {"ArticleNumber": "55", "Description": "Rör", "DeliveredQuantity": "4", "Price": 12.5, "Unit": "m",
         "Project": "2041", "Total": 50},
    ]  # fmt: skip


def test_I5_burns_no_tries_while_it_waits(smartdok: Any, settled: Any, bill: Any, item: Any, run: Any) -> None:
    project = smartdok.add_project(ProjectNumber="2001")
    basis = bill(ProjectId=project["Id"])
    for _ in range(4):
        run()
    waiting = item("invoices", basis["Id"])
    assert (waiting.tries, waiting.attempts.count(), waiting.transitions.count()) == (0, 0, 2)


@pytest.mark.parametrize("order", ["customers first", "invoices first"])
def test_I5_whichever_flow_runs_first_the_invoice_goes(
    fortnox: Any, run: Any, settled: Any, bill: Any, item: Any, order: str
) -> None:
    basis = bill()
    if order == "invoices first":
        run(only=["invoices"])
        assert _waits_for(item, basis)[1]
        assert fortnox.invoices == {}
        run(only=["customers"])
        assert len(_waits_for(item, basis)[1]) == 1
        run(only=["projects"])
    else:
        run(only=["customers", "projects"])
    assert settled().exit_code == 0
    assert len(fortnox.invoices) == 1


def test_I5_a_unit_by_the_value_map_lets_a_refused_invoice_go(
    fortnox: Any, settled: Any, bill: Any, tenant: Any
) -> None:
    ValueMap.objects.create(tenant=tenant, kind="unit", source="tim", target="h")
    fortnox.add_unit("h", "Timme")
    bill()
    settled()
    assert remote.invoices(fortnox)[0]["Rows"][0]["Unit"] == "h"


@pytest.mark.parametrize("kind", ["customers", "projects", "articles"])
def test_I5_renumbered_and_not_sent_yet_the_invoice_waits_and_nobody_elses_number_is_used(
    smartdok: Any, fortnox: Any, settled: Any, run: Any, bill: Any, item: Any, kind: str
) -> None:
    smartdok.add_goods(Number="55", Name="Rör", Price=12.5, unit="m")
    line = {"Code": "55", "LineText": "Rör", "Price": 12.5, "Quantity": 4.0, "UnitType": "m"}
    bill(line)
    settled()
    fortnox.add_customer("Någon annan AB", "777")
    fortnox.add_project("777", "Ett annat projekt")
    fortnox.add_article("777", "En annan vara")
    renumbered = next(iter({"customers": smartdok.customers, "projects": smartdok.projects,
                            "articles": smartdok.goods}[kind].values()))  # fmt: skip
    number = {"customers": "CustomerNumber", "projects": "ProjectNumber", "articles": "Number"}[kind]
    smartdok.touch(renumbered, **{number: "777"})
    basis = bill({**line, "Code": "777"} if kind == "articles" else line)
    run(only=["invoices"])  # what it looks up is read, and not sent
    assert _waits_for(item, basis)[1] == [f"{kind}:id={item(kind, '777').source_id}"]
    assert len(fortnox.invoices) == 1
    settled()
    assert len(fortnox.invoices) == 2


def test_I5_a_customer_that_lies_in_fortnox_under_another_number_gets_its_invoices_there(
    fortnox: Any, settled: Any, run: Any, bill: Any, item: Any
) -> None:
    run(only=["projects"])
    fortnox.add_customer("Kund AB", "K55")
    bill()
    run(only=["invoices"])
    manual.already_there(item("customers", "1001"), "K55", "anna")
    settled()
    assert [each["CustomerNumber"] for each in fortnox.invoices.values()] == ["K55"]


def test_G3_a_number_that_two_customers_share_is_not_guessed_and_goes_when_one_is_chosen(
    smartdok: Any, fortnox: Any, settled: Any, bill: Any, item: Any
) -> None:
    bill()
    settled()
    other = smartdok.add_customer(CustomerNumber="1001", CustomerName="Kund igen AB")
    basis = bill(CustomerId=None, CustomerNumber="1001")
    assert settled().exit_code == 2
    stopped = item("invoices", basis["Id"])
    assert (stopped.state, stopped.reason, stopped.cause) == ("stopped", "conflict", "G3.customer")
    first = item("customers", "1001", title="Kund AB").source_id
    bearers = [f"Kund AB (id {first})", f"Kund igen AB (id {other['Id']})"]
    assert stopped.params == {"number": "1001", "bearers": bearers}
    assert all(name in explain("G3.customer", stopped.params, "sv").what for name in ("Kund AB", "Kund igen AB"))
    assert len(fortnox.invoices) == 1
    smartdok.touch(other, CustomerNumber="1002")
    smartdok.touch(basis, CustomerId=other["Id"])
    settled()
    assert [each["CustomerNumber"] for each in fortnox.invoices.values()] == ["1001", "1002"]


def test_G3_an_invoice_stopped_for_a_shared_number_goes_by_itself_when_one_customer_bears_it(
    smartdok: Any, fortnox: Any, settled: Any, bill: Any, item: Any
) -> None:
    bill()
    other = smartdok.add_customer(CustomerNumber="1001", CustomerName="Kund igen AB")
    basis = bill(CustomerId=None, CustomerNumber="1001")
    settled()
    assert item("invoices", basis["Id"]).cause == "G3.customer"
    smartdok.touch(other, CustomerNumber="1002")
    settled()
    assert item("invoices", basis["Id"]).state == "done"
    assert [each["CustomerNumber"] for each in fortnox.invoices.values()] == ["1001", "1001"]


def test_I5_an_invoice_on_an_order_says_which_setting_it_needs_and_goes_when_it_is_switched_on(
    smartdok: Any, fortnox: Any, settled: Any, bill: Any, item: Any, choose: Any, tenant: Any
) -> None:
    order = smartdok.add_project(
        ProjectNumber="2001", ProjectName="Service", IsOrder=True, OrderTypeId=1, StartDate="2026-03-01T00:00:00"
    )
    basis = bill(ProjectId=order["Id"])
    assert settled().exit_code == 2
    held = item("invoices", basis["Id"])
    assert (held.state, held.cause, held.params) == ("waiting", "I5.order", {"projects": ["2001 Service"]})
    told = explain("I5.order", held.params, "sv")
    assert "2001 Service" in told.what
    assert "Överför även ordrar" in told.to_do
    refresh(tenant)
    assert [each.cause for each in Problem.objects.filter(flow="invoices", closed_at=None)] == ["I5.order"]
    choose("projects", orders=True)
    assert settled().exit_code == 0
    assert [each["Project"] for each in fortnox.invoices.values()] == ["2001"]


def test_I5_an_invoice_on_an_absence_project_goes_when_the_project_is_another(
    smartdok: Any, fortnox: Any, settled: Any, bill: Any, item: Any
) -> None:
    absence = smartdok.add_project(ProjectNumber="2001", ProjectName="Semester", IsAbsenceProject=True)
    order = smartdok.add_project(ProjectNumber="2002", IsOrder=True, OrderTypeId=1)
    line = {"LineText": "Arbete", "Price": 100.0, "Quantity": 1.0}
    basis = bill({**line, "ProjectId": absence["Id"]}, {**line, "ProjectId": order["Id"]})
    assert settled().exit_code == 2
    held = item("invoices", basis["Id"])
    assert (held.state, held.cause, held.params) == ("waiting", "I5.absence", {"projects": ["2001 Semester"]})
    smartdok.change_invoice(basis["Id"], [line])
    assert settled().exit_code == 0
    assert [each["Project"] for each in fortnox.invoices.values()] == ["2041"]


def test_I5_an_order_that_is_not_judged_yet_is_waited_for_until_it_is(
    smartdok: Any, settled: Any, run: Any, bill: Any, item: Any
) -> None:
    order = smartdok.add_project(ProjectNumber="2001", ProjectName="Service", IsOrder=True, OrderTypeId=1)
    basis = bill(ProjectId=order["Id"])
    run(only=["customers", "invoices"])
    assert _waits_for(item, basis)[1] == [f"projects:settled={order['Id']}"]
    settled()
    assert item("invoices", basis["Id"]).cause == "I5.order"
