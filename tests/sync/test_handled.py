"""I3, I10: what changed after the transfer and was seen to: gone from the list, and back for a later change."""

from collections.abc import Callable
from typing import Any

import pytest

from sync.engine import manual
from sync.models import Item, Transition
from tests.sync import remote
from tests.sync.conftest import LINE

State = Callable[[], tuple[str, str]]


@pytest.fixture
def change(smartdok: Any, bill: Any, settled: Any) -> Callable[[float], int]:
    """The invoice's price in SmartDok, changed and finalised again; gives the id."""
    basis = bill()
    settled()

    def to(price: float) -> int:
        smartdok.withdraw(basis["Id"])
        smartdok.change_invoice(basis["Id"], [{**LINE, "Price": price}])
        smartdok.finalise(basis["Id"])
        return int(basis["Id"])

    return to


def test_I3_a_change_marked_as_handled_does_not_come_back_and_a_later_one_does(
    change: Callable[[float], int], settled: Any, fortnox: Any, item: Any
) -> None:
    before = remote.invoices(fortnox)
    number = change(500.0)
    settled()
    assert (item("invoices", number).state, item("invoices", number).cause) == ("stopped", "I3")
    assert manual.handled(Item.objects.all(), "anna", "rättad i Fortnox") == 1
    told = Transition.objects.filter(item=item("invoices", number)).order_by("-pk")[0]
    assert (told.actor, told.before, told.after, told.note) == ("anna", "stopped", "done", "rättad i Fortnox")
    assert settled().exit_code == 0
    manual.retry(Item.objects.all(), "anna")
    assert settled().exit_code == 0
    assert (item("invoices", number).state, item("invoices", number).cause) == ("done", "")
    change(700.0)
    settled()
    shown = item("invoices", number)
    assert (shown.state, shown.cause) == ("stopped", "I3")
    assert shown.params == {"sum_before": "4 000,00 kr", "sum_now": "5 600,00 kr"}
    assert remote.invoices(fortnox) == before


def test_I10_a_credit_marked_as_handled_does_not_come_back(smartdok: Any, bill: Any, settled: Any, item: Any) -> None:
    basis = bill()
    settled()
    basis["Credited"] = True
    smartdok.touch(basis)
    settled()
    assert item("invoices", basis["Id"]).cause == "I10"
    assert manual.handled(Item.objects.all(), "anna", "krediterad för hand") == 1
    assert settled().exit_code == 0
    assert item("invoices", basis["Id"]).state == "done"


def test_what_has_not_changed_cannot_be_marked_as_handled(smartdok: Any, settled: Any, item: Any) -> None:
    smartdok.add_project(ProjectNumber="2001", ProjectName="Utan start", StartDate=None)
    settled()
    assert manual.handled(Item.objects.all(), "anna", "bara så") == 0
    assert item("projects", "2001").state == "stopped"
