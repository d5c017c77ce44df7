"""Articles, SmartDok → Fortnox: rules A1 to A4."""

import datetime
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from integration.models import Tenant, ValueMap
from sync.engine import dispatch
from sync.engine.desk import ItemDesk
from sync.engine.pull import pull
from sync.engine.push import push
from sync.models import Item
from tests.sync import remote


def row(code: str | None, **fields: Any) -> dict[str, Any]:
    return {"Code": code, "LineText": "Rad", "Price": 10.0, "Quantity": 2.0, "UnitType": "st", **fields}


def _numbers(fortnox: Any) -> list[str | None]:
    return [each.get("ArticleNumber") for each in remote.invoices(fortnox)[0]["Rows"]]


def _notes(item: Any, basis: Any) -> list[tuple[str, str, str, str]]:
    notes = item("invoices", basis["Id"]).notes
    return [(each["rule"], each["text"], each["before"], each["after"]) for each in notes]


def test_A1_goods_by_number_and_machines_by_internal_number(
    smartdok: Any, fortnox: Any, settled: Any, bill: Any
) -> None:
    smartdok.add_goods(Number="10 ", Name="Grus", unit="ton", Price=180.0)
    smartdok.add_goods(Number="20", Name="Element", IsProduction=True, Price=900.0)
    smartdok.add_machine(InternalNumber="M7", Name="Grävare", PricePerHour=950.0)
    bill(row("10"), row(" 20 "), row("M7"), row(None))
    assert settled().exit_code == 0
    assert _numbers(fortnox) == ["10", "20", "M7", None]
    assert remote.articles(fortnox) == {
        "10": {"Description": "Grus", "Unit": "ton", "SalesPrice": 180, "Active": True, "Type": "STOCK",
               "StockGoods": False},
        "20": {"Description": "Element", "Unit": "st", "SalesPrice": 900, "Active": True, "Type": "STOCK",
               "StockGoods": False},
        "M7": {"Description": "Grävare", "Unit": "tim", "SalesPrice": 950, "Active": True, "Type": "SERVICE",
               "StockGoods": False},
    }  # fmt: skip


def test_A1_a_code_that_is_no_article_goes_without_number_and_with_a_warning(
    fortnox: Any, settled: Any, bill: Any, item: Any
) -> None:
    basis = bill(row("Lön 12"))
    assert settled().exit_code == 0
    assert _numbers(fortnox) == [None]
    assert _notes(item, basis) == [("A1", "unknown", "Lön 12", "")]


def test_A2_only_what_an_invoice_needs_is_created(
    smartdok: Any, fortnox: Any, settled: Any, bill: Any, states: Any
) -> None:
    smartdok.add_goods(Number="10", Name="Grus")
    smartdok.add_goods(Number="11", Name="Sand")
    smartdok.add_goods(Number="12", Name="Utgången", IsActive=False)
    smartdok.add_goods(Number=None, Name="Utan nummer")
    bill(row("10"), row("12"))
    settled()
    assert list(fortnox.articles) == ["10", "12"]
    assert [each["Active"] for each in fortnox.articles.values()] == [True, True], "an invoice can bear it"
    assert states("articles") == [
        ("10", "done", ""), ("11", "left_out", "A2.not_needed"), ("12", "done", ""), ("", "left_out", "A1.no_number"),
    ]  # fmt: skip


def _read(tenant: Tenant, run: Any) -> None:
    """What the invoice needs besides its article is there; both are read, and nobody has sent them yet."""
    run(only=["customers", "projects"])
    for flow in ("articles", "invoices"):
        pull(tenant.pipelines.get(flow=flow))


def _waiting(tenant: Tenant, run: Any, item: Any, basis: Any) -> None:
    """The invoice waits for its article, which nobody has sent yet."""
    _read(tenant, run)
    push(item("invoices", basis["Id"]).pk)
    assert [each.partition("=")[0] for each in item("invoices", basis["Id"]).needs] == ["articles:id"]


def test_A2_an_invoice_that_begins_to_wait_while_its_article_is_judged_gets_it(
    tenant: Tenant, smartdok: Any, run: Any, bill: Any, item: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    smartdok.add_goods(Number="10", Name="Grus")
    basis = bill(row("10"))
    _read(tenant, run)
    needed = ItemDesk.needed

    def a_moment_before(desk: ItemDesk) -> bool:
        answer = needed(desk)
        monkeypatch.setattr(ItemDesk, "needed", needed)
        push(item("invoices", basis["Id"]).pk)  # waits, and does not see the article left out
        return answer

    monkeypatch.setattr(ItemDesk, "needed", a_moment_before)
    push(item("articles", "10").pk)
    assert item("invoices", basis["Id"]).state == "waiting"
    assert item("articles", "10").state == "pending"


def test_A2_an_article_that_nobody_told_of_its_invoice_is_found_by_the_sweep(
    tenant: Tenant, smartdok: Any, run: Any, bill: Any, item: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    smartdok.add_goods(Number="10", Name="Grus")
    basis = bill(row("10"))
    _read(tenant, run)
    with monkeypatch.context() as dies:
        dies.setattr("sync.engine.push.after", lambda _item: None)
        push(item("invoices", basis["Id"]).pk)
        dies.setattr(ItemDesk, "needed", lambda _desk: False)
        push(item("articles", "10").pk)
    article = item("articles", "10")
    assert (article.state, article.cause) == ("left_out", "A2.not_needed")
    assert article.moved_at > item("invoices", basis["Id"]).moved_at
    Item.objects.filter(pk=item("invoices", basis["Id"]).pk).update(moved_at=timezone.now() - dispatch.UNHEARD * 2)
    Item.objects.filter(pk=article.pk).update(moved_at=timezone.now() - dispatch.UNHEARD)
    dispatch.sweep()
    assert item("articles", "10").state == "pending"


def test_A3_an_invoice_does_not_wait_for_an_article_that_is_ignored_by_now(
    tenant: Tenant, smartdok: Any, fortnox: Any, run: Any, settled: Any, bill: Any, item: Any
) -> None:
    smartdok.add_goods(Number="10", Name="Grus")
    basis = bill(row("10"))
    _waiting(tenant, run, item, basis)
    smartdok.add_goods(Number="10", Name="Andra gruset")
    assert settled().exit_code == 0
    assert _numbers(fortnox) == [None]
    assert _notes(item, basis) == [("A3", "double", "10", "Grus, Andra gruset")]


@pytest.mark.parametrize("number", ["", None], ids=["its number is taken away", "it is deleted"])
def test_A1_an_invoice_does_not_wait_for_an_article_that_is_none_by_now(
    tenant: Tenant, smartdok: Any, fortnox: Any, run: Any, settled: Any, bill: Any, item: Any, number: str | None
) -> None:
    goods = smartdok.add_goods(Number="10", Name="Grus")
    basis = bill(row("10"))
    _waiting(tenant, run, item, basis)
    if number is None:
        del smartdok.goods[goods["Id"]]
    else:
        goods["Number"] = number
    with time_machine.travel(timezone.now() + datetime.timedelta(hours=1)):
        for _ in range(2):
            pull(tenant.pipelines.get(flow="articles"))
            run(only=["articles"])
        Item.objects.filter(state="waiting").update(moved_at=timezone.now() - dispatch.UNHEARD * 2)
        dispatch.sweep()
        run()
    assert _numbers(fortnox) == [None]
    assert _notes(item, basis) == [("A1", "unknown", "10", "")]


def test_A2_an_existing_article_is_not_overwritten(
    smartdok: Any, fortnox: Any, settled: Any, bill: Any, writes: Any
) -> None:
    fortnox.add_article("Bokhållarens namn", "10", SalesPrice=99, Unit="kg")
    goods = smartdok.add_goods(Number="10", Name="Grus", Price=180.0)
    bill(row("10"))
    before = remote.articles(fortnox)
    settled()
    goods["Price"] = 200.0
    settled()
    assert remote.articles(fortnox) == before
    assert _numbers(fortnox) == ["10"]


def test_A2_one_that_we_made_is_not_overwritten_either(smartdok: Any, fortnox: Any, settled: Any, bill: Any) -> None:
    goods = smartdok.add_goods(Number="10", Name="Grus", Price=180.0)
    bill(row("10"))
    settled()
    goods |= {"Name": "Nytt namn", "Price": 200.0}
    settled()
    assert (fortnox.articles["10"]["Description"], fortnox.articles["10"]["SalesPrice"]) == ("Grus", 180)


def test_A2_by_setting_the_whole_register_is_kept_in_step(
    smartdok: Any, fortnox: Any, settled: Any, choose: Any, states: Any
) -> None:
    choose("articles", whole_register=True)
    goods = smartdok.add_goods(Number="10", Name="Grus", Price=180.0)
    smartdok.add_goods(Number="12", Name="Utgången", IsActive=False)
    settled()
    assert list(fortnox.articles) == ["10"]
    assert states("articles") == [("10", "done", ""), ("12", "left_out", "A2.inactive")]
    goods |= {"Name": "Grus 0-16", "Price": 190.0, "IsActive": False}
    settled()
    assert remote.articles(fortnox) == {
        "10": {"Description": "Grus 0-16", "Unit": "st", "SalesPrice": 190, "Active": False, "Type": "STOCK",
               "StockGoods": False},
    }  # fmt: skip


def test_A2_the_whole_register_costs_one_list_not_one_look_up_each(
    smartdok: Any, fortnox: Any, settled: Any, choose: Any, twins: Any
) -> None:
    choose("articles", whole_register=True)
    for number in range(12):
        smartdok.add_goods(Number=f"V{number}", Name=f"Vara {number}")
    settled()
    assert len(fortnox.articles) == 12
    asked = [each.path for each in twins.fortnox.requests if each.method == "GET" and "articles" in each.path]
    assert asked == ["/3/articles"]


@pytest.mark.parametrize(
    "double",
    [
        lambda smartdok: smartdok.add_goods(Number="10 ", Name="Andra gruset"),
        lambda smartdok: smartdok.add_goods(Number="10", Name="Andra gruset", IsProduction=True),
        lambda smartdok: smartdok.add_machine(InternalNumber="10", Name="Andra gruset"),
    ],
    ids=["within consumption", "consumption and production", "goods and machine"],
)
def test_A3_a_shared_number_is_ignored_and_the_doubles_are_named(
    smartdok: Any, fortnox: Any, settled: Any, bill: Any, item: Any, states: Any, double: Any
) -> None:
    smartdok.add_goods(Number="10", Name="Grus")
    double(smartdok)
    smartdok.add_goods(Number="11", Name="Sand")
    basis = bill(row("10"), row("11"))
    assert settled().exit_code == 0
    assert _numbers(fortnox) == [None, "11"]
    assert list(fortnox.articles) == ["11"]
    assert _notes(item, basis) == [("A3", "double", "10", "Grus, Andra gruset")]
    assert [each[1:] for each in states("articles") if each[0] == "10"] == [("left_out", "A3"), ("left_out", "A3")]


def _unit(fortnox: Any) -> tuple[str, str]:
    return fortnox.articles["10"]["Unit"], remote.invoices(fortnox)[0]["Rows"][0]["Unit"]


def test_A4_a_unit_by_the_value_map(smartdok: Any, fortnox: Any, settled: Any, bill: Any, tenant: Any) -> None:
    ValueMap.objects.create(tenant=tenant, kind="unit", source="lass", target="ton")
    smartdok.add_goods(Number="10", Name="Grus", unit="lass")
    before = dict(fortnox.units)
    bill(row("10", UnitType="lass"))
    settled()
    assert _unit(fortnox) == ("ton", "ton")
    assert fortnox.units == before


@pytest.mark.parametrize(("unit", "code"), [("m2", "m2"), ("Kvadratmeter", "m2"), ("ST", "st")])
def test_A4_a_unit_by_equal_code_or_description(
    smartdok: Any, fortnox: Any, settled: Any, bill: Any, unit: str, code: str
) -> None:
    smartdok.add_goods(Number="10", Name="Grus", unit=unit)
    before = dict(fortnox.units)
    bill(row("10", UnitType=unit))
    settled()
    assert _unit(fortnox) == (code, code)
    assert fortnox.units == before


def test_A4_a_missing_unit_is_created_once(smartdok: Any, fortnox: Any, settled: Any, bill: Any, twins: Any) -> None:
    smartdok.add_goods(Number="10", Name="Grus", unit="lass")
    bill(row("10", UnitType="lass"))
    bill(row("10", UnitType="lass"))
    settled()
    assert _unit(fortnox) == ("lass", "lass")
    assert fortnox.units["lass"] == {"Code": "lass", "Description": "lass"}
    assert [(each.method, each.path) for each in twins.fortnox.requests].count(("POST", "/3/units")) == 1
