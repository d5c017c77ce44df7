"""Customers, SmartDok → Fortnox: rules C1 to C6."""

from typing import Any

import pytest

from integration.models import ValueMap
from tests.sync import remote

WHOLE = {
    "CustomerNumber": "1001",
    "CustomerName": "Brf Eken",
    "OrganizationNumber": "769600-1234",
    "Email": "styrelsen@eken.example",
    "Address": "Storgatan 1",
    "ZipCode": "803 20",
    "City": "Gävle",
    "AlternativeAddress": "Bakgatan 2",
    "AlternativeZipCode": "803 21",
    "AlternativeCity": "Valbo",
    "PhoneNumber": "026-10 20 30",
    "MobileNumber": "070-123 45 67",
    "Comment": "Ring före kl. 9",
}
WHOLE_IN_FORTNOX = {
    "Name": "Brf Eken",
    "OrganisationNumber": "769600-1234",
    "Email": "styrelsen@eken.example",
    "Address1": "Storgatan 1",
    "ZipCode": "803 20",
    "City": "Gävle",
    "DeliveryAddress1": "Bakgatan 2",
    "DeliveryZipCode": "803 21",
    "DeliveryCity": "Valbo",
    "Phone1": "026-10 20 30",
    "Phone2": "070-123 45 67",
    "Comments": "Ring före kl. 9",
    "Active": True,
    "Type": "COMPANY",
    "VATType": "SEVAT",
}


def test_C1_a_new_customer_is_created_with_every_field(smartdok: Any, fortnox: Any, settled: Any) -> None:
    smartdok.add_customer(**WHOLE)
    report = settled()
    assert remote.customers(fortnox) == {"1001": WHOLE_IN_FORTNOX}
    assert report.flows["customers"] == {
        "seen": 1, "created": 1, "updated": 0, "unchanged": 0, "left_out": 0, "waiting": 0, "stopped": 0,
    }  # fmt: skip
    assert report.exit_code == 0


def test_C1_a_change_is_written_and_nothing_else(smartdok: Any, fortnox: Any, settled: Any, twins: Any) -> None:
    customer = smartdok.add_customer(**WHOLE)
    settled()
    smartdok.touch(customer, CustomerName="Brf Eken 2", PhoneNumber="")
    report = settled()
    puts = [each.request_json for each in twins.fortnox.requests if each.method == "PUT"]
    assert puts == [{"Customer": {"Name": "Brf Eken 2", "Phone1": "API_BLANK"}}]
    expected = {**WHOLE_IN_FORTNOX, "Name": "Brf Eken 2"}
    del expected["Phone1"]
    assert remote.customers(fortnox) == {"1001": expected}
    assert (report.flows["customers"]["created"], report.flows["customers"]["updated"]) == (0, 1)


def test_C1_is_matched_on_the_number_never_on_the_name(smartdok: Any, fortnox: Any, settled: Any) -> None:
    fortnox.add_customer("Brf Eken", "77")
    fortnox.add_customer("Gammalt namn", "1001")
    smartdok.add_customer(CustomerNumber="1001", CustomerName="Brf Eken")
    settled()
    assert {number: each["Name"] for number, each in fortnox.customers.items()} == {
        "77": "Brf Eken",
        "1001": "Brf Eken",
    }


def test_C1_a_customer_that_fortnox_has_already_and_that_is_equal_is_not_written(
    smartdok: Any, fortnox: Any, settled: Any, writes: Any, item: Any
) -> None:
    fortnox.add_customer("Brf Eken", "1001")
    smartdok.add_customer(CustomerNumber="1001", CustomerName="Brf Eken")
    writes()
    report = settled()
    assert writes() == []
    assert report.flows["customers"]["unchanged"] == 1
    assert item("customers", 1001).adopted is True


def test_C2_a_customer_without_number_is_left_out_until_it_gets_one(
    smartdok: Any, fortnox: Any, settled: Any, states: Any
) -> None:
    customer = smartdok.add_customer(CustomerNumber="  ", CustomerName="Utan nummer")
    settled()
    assert states("customers") == [("", "left_out", "C2")]
    assert fortnox.customers == {}
    smartdok.touch(customer, CustomerNumber="1001")
    settled()
    assert states("customers") == [("1001", "done", "")]
    assert list(fortnox.customers) == ["1001"]


@pytest.mark.parametrize(
    ("organisation_number", "kind"),
    [
        ("556677-8899", "COMPANY"),
        ("5566778899", "COMPANY"),
        ("16556677-8899", "COMPANY"),
        ("850101-1234", "PRIVATE"),
        ("19850101-1234", "PRIVATE"),
        ("", "PRIVATE"),
        ("okänt", "PRIVATE"),
    ],
)
def test_C3_a_legal_person_is_a_company(
    smartdok: Any, fortnox: Any, settled: Any, organisation_number: str, kind: str
) -> None:
    smartdok.add_customer(CustomerNumber="1", CustomerName="K", OrganizationNumber=organisation_number)
    settled()
    assert {k: fortnox.customers["1"][k] for k in ("Type", "VATType")} == {"Type": kind, "VATType": "SEVAT"}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ({"": "SEREVERSEDVAT"}, {"1": "SEREVERSEDVAT", "2": "SEREVERSEDVAT"}),
        ({"COMPANY": "SEREVERSEDVAT"}, {"1": "SEREVERSEDVAT", "2": "SEVAT"}),
        ({"PRIVATE": "EUVAT", "": "SEREVERSEDVAT"}, {"1": "SEREVERSEDVAT", "2": "EUVAT"}),
    ],
)
def test_C3_the_vat_type_comes_from_the_value_map(
    smartdok: Any, fortnox: Any, settled: Any, tenant: Any, rows: dict[str, str], expected: dict[str, str]
) -> None:
    for source, target in rows.items():
        ValueMap.objects.create(tenant=tenant, kind="vat_type", source=source, target=target)
    smartdok.add_customer(CustomerNumber="1", CustomerName="Bolag", OrganizationNumber="556677-8899")
    smartdok.add_customer(CustomerNumber="2", CustomerName="Person")
    settled()
    assert {number: each["VATType"] for number, each in fortnox.customers.items()} == expected


def test_C3_neither_type_nor_vat_type_is_sent_on_update(smartdok: Any, fortnox: Any, settled: Any) -> None:
    customer = smartdok.add_customer(CustomerNumber="1", CustomerName="Person")
    settled()
    fortnox.customers["1"] |= {"Type": "COMPANY", "VATType": "SEREVERSEDVAT"}
    smartdok.touch(customer, CustomerName="Person AB", OrganizationNumber="556677-8899")
    settled()
    assert remote.customers(fortnox)["1"] == {
        "Name": "Person AB", "OrganisationNumber": "556677-8899", "Active": True,
        "Type": "COMPANY", "VATType": "SEREVERSEDVAT",
    }  # fmt: skip


def test_C4_two_with_one_number_are_both_stopped_and_name_each_other(
    smartdok: Any, fortnox: Any, settled: Any, item: Any
) -> None:
    one = smartdok.add_customer(CustomerNumber="1001", CustomerName="Ett AB")
    two = smartdok.add_customer(CustomerNumber="1001 ", CustomerName="Två AB")
    smartdok.add_customer(CustomerNumber="1002", CustomerName="Tre AB")
    report = settled()
    assert list(fortnox.customers) == ["1002"]
    told = {
        each["Id"]: item("customers", 1001, source_id=str(each["Id"])) for each in (one, two)
    }  # fmt: skip
    assert {id: (each.state, each.reason, each.cause) for id, each in told.items()} == {
        one["Id"]: ("stopped", "conflict", "C4"), two["Id"]: ("stopped", "conflict", "C4"),
    }  # fmt: skip
    assert told[one["Id"]].params == {"number": "1001", "others": [f"Två AB (id {two['Id']})"]}
    assert told[two["Id"]].params == {"number": "1001", "others": [f"Ett AB (id {one['Id']})"]}
    assert report.exit_code == 2


def test_C4_is_over_when_one_of_them_gets_another_number(smartdok: Any, fortnox: Any, settled: Any) -> None:
    smartdok.add_customer(CustomerNumber="1001", CustomerName="Ett AB")
    two = smartdok.add_customer(CustomerNumber="1001", CustomerName="Två AB")
    settled()
    smartdok.touch(two, CustomerNumber="1002")
    assert settled().exit_code == 0
    assert {n: c["Name"] for n, c in fortnox.customers.items()} == {"1001": "Ett AB", "1002": "Två AB"}


def test_C4_one_that_was_sent_before_its_double_came_is_not_updated_any_more(
    smartdok: Any, fortnox: Any, settled: Any, states: Any
) -> None:
    one = smartdok.add_customer(CustomerNumber="1001", CustomerName="Ett AB")
    settled()
    smartdok.add_customer(CustomerNumber="1001", CustomerName="Två AB")
    smartdok.touch(one, CustomerName="Ett nytt AB")
    settled()
    assert states("customers") == [("1001", "stopped", "C4"), ("1001", "stopped", "C4")]
    assert fortnox.customers["1001"]["Name"] == "Ett AB"


def test_C5_another_organisation_number_in_fortnox_is_not_overwritten(
    smartdok: Any, fortnox: Any, settled: Any, item: Any
) -> None:
    fortnox.add_customer("Någon annan AB", "1002", OrganisationNumber="556000-1111")
    smartdok.add_customer(CustomerNumber="1002", CustomerName="Vår kund AB", OrganizationNumber="556677-8899")
    assert settled().exit_code == 2
    stopped = item("customers", 1002)
    assert (stopped.state, stopped.reason, stopped.cause) == ("stopped", "conflict", "C5")
    assert stopped.params == {
        "number": "1002", "ours": "556677-8899", "theirs": "5560001111",
        "our_name": "Vår kund AB", "their_name": "Någon annan AB",
    }  # fmt: skip
    assert fortnox.customers["1002"]["Name"] == "Någon annan AB"


def test_C5_holds_also_when_the_list_of_numbers_was_older_than_the_other_customer(
    smartdok: Any, fortnox: Any, settled: Any, item: Any
) -> None:
    for number in ("1", "2", "3"):
        smartdok.add_customer(CustomerNumber=number, CustomerName=f"Kund {number}")
    settled()
    fortnox.add_customer("Någon annan AB", "1002", OrganisationNumber="556000-1111")
    smartdok.add_customer(CustomerNumber="1002", CustomerName="Vår kund AB", OrganizationNumber="556677-8899")
    settled()
    assert item("customers", 1002).cause == "C5"
    assert fortnox.customers["1002"]["Name"] == "Någon annan AB"


def test_C5_holds_also_when_the_first_attempt_was_lost_before_it_arrived(
    smartdok: Any, fortnox: Any, settled: Any, twins: Any, item: Any
) -> None:
    for number in ("1", "2", "3"):
        smartdok.add_customer(CustomerNumber=number, CustomerName=f"Kund {number}")
    settled()
    fortnox.add_customer("Någon annan AB", "1002", OrganisationNumber="556000-1111")
    smartdok.add_customer(CustomerNumber="1002", CustomerName="Vår kund AB", OrganizationNumber="556677-8899")
    twins.fortnox.faults.add("reset-before", "POST", "/3/customers$")
    settled()
    assert item("customers", 1002).cause == "C5"
    assert fortnox.customers["1002"]["Name"] == "Någon annan AB"


def test_C5_our_own_is_recognised_after_a_lost_answer_though_its_organisation_number_changed_meanwhile(
    smartdok: Any, fortnox: Any, run: Any, settled: Any, twins: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.engine.states.random.uniform", lambda low, high: 3600.0)
    customer = smartdok.add_customer(CustomerNumber="1", CustomerName="Kund", OrganizationNumber="556000-1111")
    twins.fortnox.faults.add("reset-after", "POST", "/3/customers$")
    run()
    assert fortnox.customers["1"]["OrganisationNumber"] == "556000-1111"
    smartdok.touch(customer, CustomerName="Rätt kund", OrganizationNumber="556677-8899")
    assert settled().exit_code == 0
    assert remote.customers(fortnox)["1"]["OrganisationNumber"] == "556677-8899"
    assert fortnox.customers["1"]["Name"] == "Rätt kund"


@pytest.mark.parametrize(("ours", "theirs"), [("5566778899", "556677-8899"), ("", "")])
def test_C5_the_same_number_written_otherwise_or_none_at_all_is_no_conflict(
    smartdok: Any, fortnox: Any, settled: Any, ours: str, theirs: str
) -> None:
    fortnox.add_customer("Gammalt namn", "1", OrganisationNumber=theirs)
    smartdok.add_customer(CustomerNumber="1", CustomerName="Nytt namn", OrganizationNumber=ours)
    assert settled().exit_code == 0
    assert fortnox.customers["1"]["Name"] == "Nytt namn"


@pytest.mark.parametrize(("ours", "theirs"), [("", "556677-8899"), ("556677-8899", "")])
def test_C5_where_one_side_has_no_organisation_number_the_names_must_agree(
    smartdok: Any, fortnox: Any, settled: Any, item: Any, ours: str, theirs: str
) -> None:
    fortnox.add_customer("Gävle  bygg AB ", "1", OrganisationNumber=theirs)
    fortnox.add_customer("Någon annan AB", "2", OrganisationNumber=theirs)
    smartdok.add_customer(CustomerNumber="1", CustomerName="Gävle Bygg AB", OrganizationNumber=ours)
    smartdok.add_customer(CustomerNumber="2", CustomerName="Gävle Bygg AB", OrganizationNumber=ours)
    assert settled().exit_code == 2
    assert {number: each["Name"] for number, each in fortnox.customers.items()} == {
        "1": "Gävle Bygg AB", "2": "Någon annan AB",
    }  # fmt: skip
    stopped = item("customers", 2)
    assert (stopped.state, stopped.cause) == ("stopped", "C5")
    assert stopped.params == {
        "number": "2", "ours": ours, "theirs": theirs.replace("-", ""),
        "our_name": "Gävle Bygg AB", "their_name": "Någon annan AB",
    }  # fmt: skip


def test_C5_the_same_number_in_another_spelling_is_not_written(
    smartdok: Any, fortnox: Any, settled: Any, twins: Any
) -> None:
    fortnox.add_customer("Gammalt namn", "1", OrganisationNumber="5566778899")
    customer = smartdok.add_customer(CustomerNumber="1", CustomerName="Namn", OrganizationNumber="556677-8899")
    settled()
    smartdok.touch(customer, OrganizationNumber="16556677-8899", City="Gävle")
    settled()
    puts = [each.request_json for each in twins.fortnox.requests if each.method == "PUT"]
    assert puts == [{"Customer": {"Name": "Namn"}}, {"Customer": {"City": "Gävle"}}]


def test_C6_a_burnt_number_is_for_a_person_and_not_tried_again(
    smartdok: Any, fortnox: Any, settled: Any, item: Any, twins: Any
) -> None:
    fortnox.burnt_customer_numbers.add("1004")
    smartdok.add_customer(CustomerNumber="1004", CustomerName="Ny kund")
    assert settled().exit_code == 2
    stopped = item("customers", 1004)
    assert (stopped.state, stopped.reason, stopped.cause) == ("stopped", "rejected", "fortnox.2000637")
    assert len([each for each in twins.fortnox.requests if each.method == "POST" and each.path == "/3/customers"]) == 1
    assert [(each.operation, each.outcome) for each in stopped.attempts.all()] == [("create", "failed")]
    assert fortnox.customers == {}


def test_C6_deactivated_in_smartdok_is_inactive_in_fortnox_and_never_deleted(
    smartdok: Any, fortnox: Any, settled: Any
) -> None:
    customer = smartdok.add_customer(CustomerNumber="1", CustomerName="Kund")
    settled()
    smartdok.touch(customer, IsActive=False)
    settled()
    assert remote.customers(fortnox) == {
        "1": {"Name": "Kund", "Active": False, "Type": "PRIVATE", "VATType": "SEVAT"}
    }  # fmt: skip


def test_C6_deleted_in_smartdok_stays_in_fortnox(smartdok: Any, fortnox: Any, settled: Any, tenant: Any) -> None:
    customer = smartdok.add_customer(CustomerNumber="1", CustomerName="Kund")
    settled()
    del smartdok.customers[customer["Id"]]
    for _ in range(3):
        tenant.pipelines.update(cursor={})  # the list is read whole
        settled()
    assert remote.customers(fortnox) == {"1": {"Name": "Kund", "Active": True, "Type": "PRIVATE", "VATType": "SEVAT"}}
