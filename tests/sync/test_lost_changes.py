"""G4 where answers were lost: the target ends as the source is, and hand-made changes stay, whatever was in between."""

import datetime
from typing import Any

import pytest
import time_machine

from sync.engine.pull import pull
from sync.engine.push import push
from sync.models import Item, Pipeline
from tests.sync import remote


@pytest.fixture
def once(tenant: Any) -> Any:
    """Reads a flow and tries each of its due items once."""

    def step(flow: str) -> None:
        pull(Pipeline.objects.get(tenant=tenant, flow=flow))
        for pk in Item.objects.filter(pipeline__flow=flow).exclude(state="done").values_list("pk", flat=True):
            push(pk)

    return step


@pytest.mark.parametrize("kind", ["reset-after", "reset-before"])
def test_G4_a_change_whose_answer_was_lost_is_taken_back_with_its_source(
    smartdok: Any, fortnox: Any, settled: Any, once: Any, twins: Any, kind: str
) -> None:
    customer = smartdok.add_customer(CustomerNumber="1001", CustomerName="Brf Eken", Email="eken@eken.example")
    settled()
    fortnox.customers["1001"]["Email"] = "by.hand@eken.example"
    smartdok.touch(customer, CustomerName="Brf Linden", PhoneNumber="026-10 20 30")
    twins.fortnox.faults.add(kind, "PUT", "/3/customers")
    once("customers")
    smartdok.touch(customer, CustomerName="Brf Eken", PhoneNumber="")
    settled()
    there = fortnox.customers["1001"]
    assert (there["Name"], there.get("Phone1") or "", there["Email"]) == ("Brf Eken", "", "by.hand@eken.example")


def test_G4_a_change_that_was_lost_is_remembered_through_one_that_was_refused(
    smartdok: Any, fortnox: Any, settled: Any, once: Any, twins: Any
) -> None:
    customer = smartdok.add_customer(CustomerNumber="1001", CustomerName="Brf Eken")
    settled()
    smartdok.touch(customer, CustomerName="Brf Linden")
    twins.fortnox.faults.add("reset-after", "PUT", "/3/customers")
    once("customers")
    smartdok.touch(customer, City="Valbo")
    refusal = '{"ErrorInformation": {"error": 1, "message": "Nej", "code": 2000106}}'
    twins.fortnox.faults.add("status", "PUT", "/3/customers", status=400, body=refusal)
    once("customers")
    assert Item.objects.get().cause == "fortnox.2000106"
    smartdok.touch(customer, CustomerName="Brf Eken", City="")
    settled()
    assert remote.customers(fortnox)["1001"]["Name"] == "Brf Eken"
    assert Item.objects.get().intent_at is None


def test_G4_what_a_lost_creation_filled_in_is_emptied_with_its_source(
    smartdok: Any, fortnox: Any, settled: Any, once: Any, twins: Any
) -> None:
    customer = smartdok.add_customer(CustomerNumber="1001", CustomerName="Brf Eken", PhoneNumber="070-1")
    twins.fortnox.faults.add("reset-after", "POST", "/3/customers")
    once("customers")
    fortnox.customers["1001"]["Email"] = "by.hand@eken.example"
    smartdok.touch(customer, PhoneNumber="")
    settled()
    there = fortnox.customers["1001"]
    assert (there["Name"], there.get("Phone1") or "", there["Email"]) == ("Brf Eken", "", "by.hand@eken.example")


def test_G4_an_object_under_a_new_number_keeps_what_the_old_ones_lost_change_wrote(
    smartdok: Any, fortnox: Any, settled: Any, once: Any, twins: Any
) -> None:
    customer = smartdok.add_customer(CustomerNumber="1001", CustomerName="Brf Eken")
    settled()
    fortnox.add_customer("Brf Eken", "1002", Phone1="by hand")
    smartdok.touch(customer, PhoneNumber="026-10 20 30")
    twins.fortnox.faults.add("reset-after", "PUT", "/3/customers")
    once("customers")
    smartdok.touch(customer, CustomerNumber="1002", PhoneNumber="")
    settled()
    assert fortnox.customers["1002"]["Phone1"] == "by hand"


def test_S5_a_change_whose_answer_was_lost_is_taken_back_with_its_source(
    smartdok: Any, fortnox: Any, settled: Any, once: Any, twins: Any
) -> None:
    before, after = (smartdok.add_project(ProjectNumber=number)["Id"] for number in ("2041", "2042"))
    given = fortnox.add_supplier_invoice(
        fortnox.add_supplier("Betong AB"), "125", project="2041", invoice_date=datetime.date(2026, 5, 4)
    )
    with time_machine.travel(datetime.datetime.now(datetime.UTC), tick=True) as clock:
        settled()
        fortnox.recode_supplier_invoice(given, "2042")
        twins.smartdok.faults.add("reset-after", "PUT", "/SupplierInvoices$")
        once("supplier-invoices")
        assert remote.lines(smartdok, given) == [(after, 100, 25)]
        clock.shift(datetime.timedelta(minutes=20))
        fortnox.recode_supplier_invoice(given, "2041")
        settled()
    assert remote.lines(smartdok, given) == [(before, 100, 25)]
