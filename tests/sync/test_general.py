"""The general rules G1 to G9."""

import datetime
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from integration import registry
from integration.mapping import SWEDEN, Charset, cut, from_swedish, wall_clock
from integration.records import dump, fingerprint
from integration.systems.fortnox.text import CHARSET
from sync.flows.base import flows
from sync.models import Item, Pipeline
from tests.sync import remote

DAY = datetime.date(2026, 5, 4)
START = "2026-03-01T00:00:00"


def test_G1_each_flow_has_one_direction(tenant: Any) -> None:
    assert list(Pipeline.objects.filter(tenant=tenant).order_by("pk").values_list("flow", "source", "target")) == [
        ("customers", "smartdok", "fortnox"),
        ("projects", "smartdok", "fortnox"),
        ("articles", "smartdok", "fortnox"),
        ("invoices", "smartdok", "fortnox"),
        ("supplier-invoices", "fortnox", "smartdok"),
        ("supplier-documents", "fortnox", "smartdok"),
    ]
    for flow in flows():
        assert registry.readers_of(flow.reads) != registry.writers_of(flow.writes)


def test_G1_the_source_is_only_read(smartdok: Any, fortnox: Any, run: Any, bill: Any, writes: Any) -> None:
    bill()
    fortnox.add_supplier_invoice(fortnox.add_supplier("B"), "125", project="2041", invoice_date=DAY)
    run()
    assert sorted(writes()) == [
        "POST /3/customers", "POST /3/invoices", "POST /3/projects", "POST /SupplierInvoices",
    ]  # fmt: skip


def test_G2_white_space_at_the_ends_is_no_part_of_a_number_and_case_is(
    smartdok: Any, fortnox: Any, settled: Any
) -> None:
    fortnox.add_project("I Fortnox", "abc", StartDate="2026-03-01")
    for number in ("ABC  ", " 2041 ", "20 41"):
        smartdok.add_project(ProjectNumber=number, ProjectName=f"Från SmartDok {number.strip()}", StartDate=START)
    settled()
    assert {number: each["Description"] for number, each in fortnox.projects.items()} == {
        "abc": "I Fortnox", "ABC": "Från SmartDok ABC", "2041": "Från SmartDok 2041", "20 41": "Från SmartDok 20 41",
    }  # fmt: skip


def test_G2_under_a_new_number_it_is_matched_anew(smartdok: Any, fortnox: Any, settled: Any, item: Any) -> None:
    fortnox.add_customer("Fanns redan", "1002")
    customer = smartdok.add_customer(CustomerNumber="1001", CustomerName="Kund")
    settled()
    smartdok.touch(customer, CustomerNumber="1002")
    settled()
    assert {number: each["Name"] for number, each in fortnox.customers.items()} == {"1002": "Kund", "1001": "Kund"}
    assert item("customers", 1002).target_id == "1002"


def test_G3_doubles_are_never_guessed(smartdok: Any, fortnox: Any, settled: Any, states: Any) -> None:
    for name in ("Ett", "Två"):
        smartdok.add_project(ProjectNumber="2012 ", ProjectName=name, StartDate=START)
    fortnox.add_supplier_invoice(fortnox.add_supplier("B"), "125", project="2012", invoice_date=DAY, number="9")
    settled()
    assert [each[1:] for each in states("projects")] == [("stopped", "P1.double"), ("stopped", "P1.double")]
    assert states("supplier-invoices") == [("9", "stopped", "S3.double_project")]
    assert (fortnox.projects, smartdok.supplier_invoices) == ({}, {})


def test_G3_what_stopped_for_a_double_goes_by_itself_when_there_is_one(
    smartdok: Any, fortnox: Any, settled: Any, states: Any
) -> None:
    _, second = (
        smartdok.add_project(ProjectNumber="2012", ProjectName=name, StartDate=START) for name in ("Ett", "Två")
    )
    fortnox.add_supplier_invoice(fortnox.add_supplier("B"), "125", project="2012", invoice_date=DAY, number="9")
    settled()
    smartdok.touch(second, ProjectNumber="2013")
    settled()
    assert [each[1:] for each in states("projects")] == [("done", ""), ("done", "")]
    assert states("supplier-invoices") == [("9", "done", "")]


def test_G4_what_a_bookkeeper_set_by_hand_is_not_overwritten(
    smartdok: Any, fortnox: Any, settled: Any, twins: Any
) -> None:
    customer = smartdok.add_customer(CustomerNumber="1", CustomerName="Kund", City="Gävle")
    settled()
    by_hand = {
        "VATType": "SEREVERSEDVAT", "TermsOfPayment": "10", "PriceList": "B", "SalesAccount": "3231",
        "City": "Valbo", "Phone1": "026-1",
    }  # fmt: skip
    fortnox.customers["1"] |= by_hand
    smartdok.touch(customer, CustomerName="Kund AB")
    settled()
    assert {name: fortnox.customers["1"][name] for name in (*by_hand, "Name")} == {**by_hand, "Name": "Kund AB"}
    assert [each.request_json for each in twins.fortnox.requests if each.method == "PUT"] == [
        {"Customer": {"Name": "Kund AB"}}
    ]


def test_G4_a_stamp_that_moves_without_a_change_writes_nothing(
    smartdok: Any, fortnox: Any, settled: Any, writes: Any
) -> None:
    customer = smartdok.add_customer(CustomerNumber="1", CustomerName="Kund")
    settled()
    smartdok.touch(customer)
    writes()
    settled()
    assert writes() == []


def test_G5_text_is_made_acceptable_and_the_item_says_so(smartdok: Any, fortnox: Any, settled: Any, item: Any) -> None:
    smartdok.add_customer(CustomerNumber="1", CustomerName='Rör 2" <svart>\t🙂', ZipCode="123 45 Storstaden")
    settled()
    assert remote.customers(fortnox)["1"]["Name"] in {"Rör 2” (svart)", "Rör 2’’ (svart)"}
    assert remote.customers(fortnox)["1"]["ZipCode"] == "123 45"
    assert [(each["rule"], each["field"], each["text"]) for each in item("customers", 1).notes] == [
        ("G5", "Name", "characters"), ("G5", "ZipCode", "length"),
    ]  # fmt: skip


def test_G5_a_number_is_refused_not_altered(smartdok: Any, fortnox: Any, settled: Any, item: Any) -> None:
    smartdok.add_customer(CustomerNumber="10[A]", CustomerName="Kund")
    settled()
    stopped = item("customers", "10[A]")
    assert (stopped.state, stopped.reason, stopped.cause) == ("stopped", "data", "G5")
    assert (stopped.params["field"], stopped.params["problem"]) == ("CustomerNumber", "characters")
    assert fortnox.customers == {}


@given(st.text(max_size=80))
def test_G5_what_is_made_acceptable_is_acceptable(text: str) -> None:
    clean = CHARSET.made_acceptable(text)
    assert all(CHARSET.accepts(char) for char in clean)
    assert CHARSET.made_acceptable(clean) == clean


@given(st.text(alphabet="abc åäö", max_size=120), st.integers(1, 60))
def test_G5_cut_by_characters_at_a_word_where_possible(text: str, limit: int) -> None:
    short = cut(text, limit)
    assert len(short) <= limit
    assert text.startswith(short)


def test_G5_replaces_and_drops() -> None:
    charset = Charset("”()", {'"': "”", "<": "(", ">": ")", "\t": " "})
    assert charset.made_acceptable('2"\t<å>🙂~') == "2” (å)"


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9))
def test_G6_the_same_amount_is_the_same_content_however_it_is_written(amount: Decimal) -> None:
    assert fingerprint(dump({"a": amount})) == fingerprint(dump({"a": amount * Decimal("1.000")}))


def test_G6_amounts_are_exact_from_wire_to_wire(fortnox: Any, settled: Any, bill: Any, twins: Any) -> None:
    bill({"LineText": "Rad", "Price": 0.1, "Quantity": 3.0}, {"LineText": "Rad", "Price": 1234567.89, "Quantity": 1.0})
    settled()
    (post,) = [each for each in twins.fortnox.requests if (each.method, each.path) == ("POST", "/3/invoices")]
    assert b'"Price": 0.1,' in post.request_body
    assert b'"Price": 1234567.89' in post.request_body
    assert fortnox.invoices["1"]["Net"] == 1234568.19


SPRING = datetime.datetime(2026, 3, 29, 1, 0, tzinfo=datetime.UTC)  # 02:00 becomes 03:00 in Sweden
AUTUMN = datetime.datetime(2026, 10, 25, 1, 0, tzinfo=datetime.UTC)  # 03:00 becomes 02:00


@pytest.mark.parametrize("night", [SPRING, AUTUMN], ids=["spring", "autumn"])
def test_G7_no_change_is_missed_in_a_dst_night(
    smartdok: Any, fortnox: Any, run: Any, settled: Any, night: datetime.datetime
) -> None:
    smartdok.add_project(ProjectNumber="2041", StartDate=START)
    supplier = fortnox.add_supplier("Betong AB")
    names, numbers = {}, []
    with time_machine.travel(night - datetime.timedelta(minutes=100), tick=True) as clock:
        settled()
        for step in range(10):
            clock.shift(datetime.timedelta(minutes=20))
            number = str(100 + step)
            smartdok.add_customer(CustomerNumber=number, CustomerName=f"Kund {number}")
            numbers.append(fortnox.add_supplier_invoice(supplier, "125", project="2041", invoice_date=DAY))
            names[number] = f"Kund {number}"
            clock.shift(datetime.timedelta(minutes=2))
            run()
            assert {n: each["Name"] for n, each in fortnox.customers.items()} == names
            assert sorted(smartdok.supplier_invoices, key=int) == numbers
        settled()


def test_G7_a_change_in_the_minute_of_the_poll_is_not_missed(
    smartdok: Any, fortnox: Any, run: Any, settled: Any
) -> None:
    smartdok.add_project(ProjectNumber="2041", StartDate=START)
    supplier = fortnox.add_supplier("Betong AB")
    with time_machine.travel(datetime.datetime(2026, 5, 5, 8, 0, 10, tzinfo=datetime.UTC), tick=True):
        first = fortnox.add_supplier_invoice(supplier, "125", project="2041", invoice_date=DAY)
        run()
        second = fortnox.add_supplier_invoice(supplier, "125", project="2041", invoice_date=DAY)
        customer = smartdok.add_customer(CustomerNumber="1", CustomerName="Kund")
        run()
        smartdok.touch(customer, CustomerName="Kund AB")
        settled()
    assert sorted(smartdok.supplier_invoices) == [first, second]
    assert fortnox.customers["1"]["Name"] == "Kund AB"


def test_G7_a_later_poll_asks_only_for_what_changed_with_an_overlap(smartdok: Any, run: Any, twins: Any) -> None:
    with time_machine.travel(datetime.datetime(2026, 5, 5, 8, 0, tzinfo=datetime.UTC), tick=True) as clock:
        run()
        clock.shift(datetime.timedelta(minutes=5))
        twins.smartdok.clear_log()
        run()
    asked = {each.path: each.query for each in twins.smartdok.requests}
    assert "updatedSince=2026-05-05T09%3A45%3A0" in asked["/Customers"], "Swedish wall clock, 15 minutes before"


@given(st.datetimes(datetime.datetime(2025, 1, 1), datetime.datetime(2027, 12, 31)), st.integers(0, 86_400))
def test_G7_what_is_stamped_between_two_moments_is_never_before_the_wall_clock_asked_for(
    start: datetime.datetime, seconds: int
) -> None:
    since = start.replace(tzinfo=datetime.UTC)
    stamped = since + datetime.timedelta(seconds=seconds)
    asked = wall_clock(since, stamped)
    assert stamped.astimezone(SWEDEN).replace(tzinfo=None) >= asked


def test_G7_a_local_time_without_zone_is_swedish() -> None:
    assert from_swedish("2026-07-01T12:00:00").astimezone(datetime.UTC).hour == 10
    assert from_swedish("2026-10-25T02:30:00").astimezone(datetime.UTC).hour == 0, "the first of the two"


def test_G8_one_bad_record_does_not_stop_its_page(
    smartdok: Any, fortnox: Any, settled: Any, states: Any, item: Any
) -> None:
    smartdok.add_customer(CustomerNumber="1", CustomerName="Före")
    bad = smartdok.add_customer(CustomerNumber="2", CustomerName="Trasig")
    smartdok.add_customer(CustomerNumber="3", CustomerName="Efter")
    bad |= {"CustomerName": 17, "IsActive": "ja"}
    assert settled().exit_code == 2
    assert list(fortnox.customers) == ["1", "3"]
    broken = item("customers", "")
    assert (broken.state, broken.reason, broken.cause) == ("stopped", "data", "data.unreadable")
    assert broken.params == {"problems": {"Kundnamn": "ska vara text", "Aktiv": "ska vara ja eller nej"}}
    smartdok.touch(bad, CustomerName="Lagad", IsActive=True)
    assert settled().exit_code == 0
    assert sorted(fortnox.customers) == ["1", "2", "3"]


def test_G8_a_flow_that_cannot_be_read_does_not_stop_the_others(
    smartdok: Any, fortnox: Any, run: Any, settled: Any, bill: Any, twins: Any
) -> None:
    smartdok.add_customer(CustomerNumber="1", CustomerName="Kund")
    twins.smartdok.faults.add("status", "GET", "^/Projects", times=None, status=500)
    report = run()
    assert (report.exit_code, report.failed["projects"].cause) == (1, "http.5xx")
    assert sorted(fortnox.customers) == ["1", "1001"]
    twins.smartdok.faults.clear()
    assert settled().exit_code == 0


def test_G8_one_tenant_does_not_stop_another(new_tenant: Any, twins: Any, run: Any, tenant: Any) -> None:
    from sync.engine.run import run_pass  # noqa: PLC0415

    other = new_tenant("maltes-mark")
    theirs = twins.tenant("maltes-mark")
    theirs.smartdok.add_customer(CustomerNumber="1", CustomerName="Deras kund")
    twins.tenant("ostanbygg").smartdok.revoke_token()
    assert run().exit_code == 2
    assert run_pass(other).exit_code == 0
    assert list(theirs.fortnox.customers) == ["1"]
    assert twins.tenant("ostanbygg").fortnox.customers == {}
    assert set(Item.objects.values_list("tenant__slug", flat=True)) == {"maltes-mark"}


def test_G9_an_invoice_finalised_before_go_live_is_left_out(
    smartdok: Any, fortnox: Any, settled: Any, bill: Any, item: Any, tenant: Any
) -> None:
    # SmartDok gives no moment of finalising: Updated, else Created, stands for it, in Swedish time.
    before = bill(Created="2025-11-01T08:00:00", Updated="2025-12-31T23:59:00", Title="före")
    first = bill(Created="2025-11-01T08:00:00", Updated="2026-01-01T00:00:00", Title="efter")
    never = bill(Created="2025-12-31T12:00:00", Updated=None, Title="aldrig ändrad")
    settled()
    ends = [item("invoices", each["Id"]) for each in (before, first, never)]
    assert [(each.state, each.cause) for each in ends] == [("left_out", "G9"), ("done", ""), ("left_out", "G9")]
    tenant.go_live = datetime.date(2025, 12, 31)
    tenant.save()
    settled()
    assert len(fortnox.invoices) == 3


def test_G9_registers_have_no_such_limit(smartdok: Any, fortnox: Any, settled: Any) -> None:
    smartdok.add_customer(CustomerNumber="1", CustomerName="Gammal", Updated="2019-01-01T00:00:00")
    smartdok.add_project(ProjectNumber="1", StartDate="2019-01-01T00:00:00", Updated="2019-01-01T00:00:00")
    settled()
    assert (list(fortnox.customers), list(fortnox.projects)) == (["1"], ["1"])


def test_G9_the_default_is_today(db: None) -> None:
    from integration.models import Tenant  # noqa: PLC0415

    with time_machine.travel(datetime.datetime(2026, 6, 9, 22, 30, tzinfo=datetime.UTC)):
        assert Tenant.objects.create(slug="ny", name="Ny").go_live == datetime.date(2026, 6, 10)
