"""What an earlier version stored is read anew, never a traceback."""

from collections.abc import Callable
from typing import Any

from integration.models import Tenant
from sandbox.fortnox import Company as FortnoxCompany
from sandbox.smartdok import Company as SmartDokCompany
from sync.engine.push import push
from sync.models import Item, Pipeline


def test_a_record_of_an_earlier_version_is_read_anew(
    tenant: Tenant, run: Callable[..., Any], smartdok: SmartDokCompany, fortnox: FortnoxCompany
) -> None:
    smartdok.add_customer(CustomerNumber="1001", CustomerName="Bygg AB")
    run()
    Item.objects.update(record={"source_id": "1"}, state="pending")
    item = Item.objects.get(tenant=tenant)
    assert push(item.pk).state == "waiting"
    item.refresh_from_db()
    assert (item.cause, item.needs) == ("data.outdated", ["customers:pull"])
    assert Pipeline.objects.get(tenant=tenant, flow="customers").cursor == {}
    run()
    item.refresh_from_db()
    assert (item.state, item.record["name"]) == ("done", "Bygg AB")


def test_an_item_left_out_by_hand_stays_left_out_when_it_vanishes_and_returns(
    tenant: Tenant, run: Callable[..., Any], smartdok: SmartDokCompany, fortnox: FortnoxCompany
) -> None:
    customer = smartdok.add_customer(CustomerNumber="1001", CustomerName="")
    run()
    Item.objects.update(state="left_out", reason="left_out", cause="manual.left_out")
    gone = smartdok.customers.pop(customer["Id"])
    for _ in range(2):
        Pipeline.objects.filter(flow="customers").update(cursor={})
        run()
    smartdok.customers[customer["Id"]] = gone
    Pipeline.objects.filter(flow="customers").update(cursor={})
    run()
    item = Item.objects.get(tenant=tenant)
    assert (item.state, item.cause, item.gone_at) == ("left_out", "manual.left_out", None)
    assert fortnox.customers == {}
