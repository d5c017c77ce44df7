"""Whose turn it is where an item waits: whoever holds up what it waits for (I5)."""

import datetime
from collections.abc import Callable
from typing import Any

from django.utils import timezone

from sync.engine import problems, states, turns
from sync.explain import explain
from sync.models import Item, Problem
from tests.sync.test_problems import later


def waits(tenant: Any) -> list[tuple[str, list[str], int]]:
    """(what the first held need is called, whose turn it is, how many) of the tenant's waits."""
    found = turns.waits(tenant.pk, Item.objects.filter(tenant=tenant))
    return sorted((each.need.name if each.need else "", each.turns, each.count) for each in found)


def test_I5_waits_are_told_by_what_holds_them_up(
    tenant: Any, smartdok: Any, settled: Callable[..., Any], bill: Callable[..., Any]
) -> None:
    numberless = smartdok.add_customer(CustomerNumber="", CustomerName="Lövåsen")
    double = smartdok.add_customer(CustomerNumber="1002", CustomerName="Dubbel")
    smartdok.add_customer(CustomerNumber="1002", CustomerName="Dubbel igen")
    project = smartdok.add_project(ProjectNumber="2001", ProjectName="Utan start")
    absence = smartdok.add_project(ProjectNumber="2002", ProjectName="Semester", IsAbsenceProject=True)
    for fields in (
        {"CustomerId": numberless["Id"]}, {"CustomerId": numberless["Id"]}, {"CustomerId": double["Id"]},
        {"ProjectId": project["Id"]}, {"ProjectId": absence["Id"]}, {"ProjectId": 987654},
    ):  # fmt: skip
        bill(**fields)
    settled()
    assert waits(tenant) == [
        ("kund 1002 Dubbel (stopped, C4)", ["site"], 1),
        ("kund Lövåsen (left_out, C2)", ["site"], 2),
        ("projekt 2001 Utan start (stopped, P2)", ["site"], 1),
        ("projekt 2002 Semester (left_out, P3.absence)", ["site"], 1),
        ("projekt med id 987654 (absent)", ["site"], 1),
    ]


def test_I5_a_customer_that_a_person_left_out_is_that_persons_turn(
    tenant: Any, smartdok: Any, run: Callable[..., Any], bill: Callable[..., Any], item: Callable[..., Item]
) -> None:
    customer = smartdok.add_customer(CustomerNumber="1002", CustomerName="Utanför")
    bill(CustomerId=customer["Id"])
    run(only=["customers", "projects"])
    Item.objects.filter(pk=item("customers", "1002").pk).update(
        state="left_out", reason="left_out", cause="manual.left_out", target_id=""
    )
    run()
    assert waits(tenant) == [("kund 1002 Utanför (left_out, manual.left_out)", ["bookkeeper"], 1)]


def test_I5_what_is_only_under_way_is_nobodys_turn_and_no_problem(
    tenant: Any, run: Callable[..., Any], bill: Callable[..., Any]
) -> None:
    bill()
    run(only=["invoices"])  # reads the customers without sending them
    assert waits(tenant) == [("", [], 1)]
    with later(hours=1):
        problems.refresh(tenant)
    assert not Problem.objects.filter(tenant=tenant).exists()


def test_I5_a_flow_that_is_switched_off_is_the_operators_turn(
    tenant: Any, run: Callable[..., Any], bill: Callable[..., Any]
) -> None:
    tenant.pipelines.filter(flow="customers").update(enabled=False)
    bill()
    run()
    assert waits(tenant) == [("kund (off)", ["operator"], 1)]


def test_A2_what_is_not_needed_yet_holds_nothing_up(
    tenant: Any, smartdok: Any, run: Callable[..., Any], bill: Callable[..., Any], item: Callable[..., Item]
) -> None:
    smartdok.add_goods(Number="55", Name="Rör", Price=12.5, unit="m")
    run(only=["articles"])
    project = smartdok.add_project(ProjectNumber="2001", ProjectName="Utan start")
    basis = bill({"Code": "55", "LineText": "Rör", "Price": 12.5, "Quantity": 4.0, "UnitType": "m"},
                 ProjectId=project["Id"])  # fmt: skip
    run(only=["customers", "projects"])
    run(only=["invoices"])
    waiting = item("invoices", basis["Id"])
    needs = turns.needs_of(waiting)
    told = explain("I5", turns.params_of(waiting, needs), "sv").what
    assert "Behövs inte än" not in told
    assert "projekt 2001 Utan start (stoppad: Projektet saknar startdatum), artikel 55 Rör" in told


def test_I5_waiting_for_a_person_is_one_problem_that_names_them(
    tenant: Any, smartdok: Any, settled: Callable[..., Any], bill: Callable[..., Any], item: Callable[..., Item]
) -> None:
    customer = smartdok.add_customer(CustomerNumber="", CustomerName="Lövåsen")
    held = bill(CustomerId=customer["Id"])
    bill()
    settled()
    problems.refresh(tenant)
    assert not Problem.objects.filter(tenant=tenant).exists()
    with later(minutes=16):
        problems.refresh(tenant)
    problem = Problem.objects.get(tenant=tenant)
    assert (problem.flow, problem.cause, problem.turns, problem.count) == ("invoices", "I5", ["site"], 1)
    assert problem.params["names"] == ["kund Lövåsen (left_out, C2)"]
    assert list(problems.held_by(problem)) == [item("invoices", held["Id"])]


def test_an_item_waits_since_it_first_did(
    tenant: Any, smartdok: Any, settled: Callable[..., Any], bill: Callable[..., Any], item: Callable[..., Item],
    run: Callable[..., Any],
) -> None:  # fmt: skip
    customer = smartdok.add_customer(CustomerNumber="", CustomerName="Lövåsen")
    basis = bill(CustomerId=customer["Id"])
    settled()
    began = item("invoices", basis["Id"]).waiting_since
    assert timezone.now() - began < datetime.timedelta(minutes=1)
    with later(minutes=10):
        states.wake(Item.objects.filter(pk=item("invoices", basis["Id"]).pk))
        run()
        again = item("invoices", basis["Id"])
        assert (again.state, again.waiting_since) == ("waiting", began)
    smartdok.touch(customer, CustomerNumber="1002")
    settled()
    assert item("invoices", basis["Id"]).waiting_since is None
