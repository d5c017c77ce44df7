"""Customers, projects, articles and units to the Fortnox twin: the whole remote state is asserted."""

import dataclasses
import datetime
from decimal import Decimal
from typing import Any

import pytest

from integration import registry
from integration.errors import ConfigError, InvalidRecord, Rejected, Transient
from integration.records import Article, Customer, Note, Project
from integration.systems.base import Payload, Writer
from integration.systems.fortnox import Fortnox
from sandbox.fortnox import Company, FortnoxTwin

CUSTOMER = Customer(
    source_id="7", number="1001", name="Villa Ek AB", organisation_number="556123-4567", email="a@ek.se",
    address="Ekgatan 1", zip_code="123 45", city="Ekby", delivery_address="Lagret", delivery_zip_code="543 21",
    delivery_city="Alby", phone="08-1", mobile="070-1", comment="Ring först", company=True, vat_type="SEVAT",
)  # fmt: skip
PROJECT = Project(
    "8", "2041", "Kvarteret Eken", datetime.date(2026, 3, 1), datetime.date(2026, 10, 31), leader="Lars",
    contact="Kalle", description="Stomme", status="ongoing",
)  # fmt: skip
ARTICLE = Article("goods:9", "10/A", "Spik 3,4x95", "consumption", "kg", Decimal("12.50"))


def sent() -> None:
    """A write leaves."""


def writer(system: Any, record: Any) -> Writer[Any, Any]:
    made: Writer[Any, Any] = registry.writer("fortnox", type(record))(system)
    return made


def whole(payload: Payload) -> dict[str, Any]:
    """What the engine gives to `create`."""
    return {k: v for k, v in {**payload.fields, **payload.on_create}.items() if v not in ("", None)}


def create(system: Any, record: Any) -> Any:
    to = writer(system, record)
    return to.create(record, whole(to.payload(record)), sent)


def named(company: Company, register: str, number: str, *names: str) -> dict[str, Any]:
    stored = getattr(company, register)[number]
    return {name: stored.get(name) for name in names}


# -- customers ---------------------------------------------------------------------------------------------------
def test_C1_a_customer_is_created_with_the_fields_of_the_rule_and_no_others(
    fortnox: Fortnox, fortnox_twin: FortnoxTwin
) -> None:
    assert create(fortnox, CUSTOMER).target_id == "1001"
    assert fortnox_twin.requests[-1].request_json == {
        "Customer": {
            "CustomerNumber": "1001", "Type": "COMPANY", "VATType": "SEVAT", "Name": "Villa Ek AB",
            "OrganisationNumber": "556123-4567", "Email": "a@ek.se", "Address1": "Ekgatan 1", "ZipCode": "123 45",
            "City": "Ekby", "DeliveryAddress1": "Lagret", "DeliveryZipCode": "543 21", "DeliveryCity": "Alby",
            "Phone1": "08-1", "Phone2": "070-1", "Comments": "Ring först", "Active": True,
        }
    }  # fmt: skip


def test_C1_what_was_created_is_found_as_it_was_sent(fortnox: Fortnox) -> None:
    for record in (CUSTOMER, PROJECT, ARTICLE):
        to = writer(fortnox, record)
        assert to.find(record) is None
        create(fortnox, record)
        found = to.find(record)
        assert found is not None
        assert (found.target_id, found.fields) == (record.number, to.payload(record).fields)
        assert to.existing() == {record.number}


def test_C3_a_person_is_private_and_gets_the_default_vat_type(fortnox: Fortnox, company: Company) -> None:
    create(fortnox, Customer("1", "7", "Eva Ek"))
    assert named(company, "customers", "7", "Type", "VATType", "Email") == {
        "Type": "PRIVATE", "VATType": "SEVAT", "Email": None,
    }  # fmt: skip


def test_G4_only_changes_are_sent_and_an_emptied_field_is_blanked(
    fortnox: Fortnox, company: Company, fortnox_twin: FortnoxTwin
) -> None:
    create(fortnox, CUSTOMER)
    company.customers["1001"] |= {"VATType": "SEREVERSEDVAT", "TermsOfPayment": "10"}
    writer(fortnox, CUSTOMER).update("1001", CUSTOMER, {"Name": "Ek AB", "Phone1": "", "Email": None}, sent)
    assert fortnox_twin.requests[-1].request_json == {
        "Customer": {"Name": "Ek AB", "Phone1": "API_BLANK", "Email": "API_BLANK"}
    }
    assert named(company, "customers", "1001", "Name", "Phone1", "Email", "VATType", "TermsOfPayment") == {
        "Name": "Ek AB", "Phone1": None, "Email": None, "VATType": "SEREVERSEDVAT", "TermsOfPayment": "10",
    }  # fmt: skip


def test_C6_deactivated_is_active_false_and_a_burnt_number_is_for_a_person(fortnox: Fortnox, company: Company) -> None:
    create(fortnox, CUSTOMER)
    payload = writer(fortnox, CUSTOMER).payload(dataclasses.replace(CUSTOMER, active=False))
    writer(fortnox, CUSTOMER).update("1001", CUSTOMER, {"Active": payload.fields["Active"]}, sent)
    assert company.customers["1001"]["Active"] is False
    company.delete_customer("1001")
    with pytest.raises(Rejected) as fault:
        create(fortnox, CUSTOMER)
    assert (fault.value.cause, fault.value.params["code"]) == ("fortnox.2000637", 2000637)


def test_G2_another_case_is_another_customer(fortnox: Fortnox, company: Company) -> None:
    company.add_customer("Ek", "ab1")
    record = dataclasses.replace(CUSTOMER, number="AB1")
    assert writer(fortnox, record).find(record) is None


@pytest.mark.parametrize("number", ["A/B 1", "å&b", "1+1=2", "#7?x=%20"])
def test_a_number_with_signs_survives_the_address(fortnox: Fortnox, number: str) -> None:
    record = dataclasses.replace(CUSTOMER, number=number)
    create(fortnox, record)
    assert writer(fortnox, record).find(record).target_id == number  # type: ignore[union-attr]
    writer(fortnox, record).update(number, record, {"City": "Alby"}, sent)
    assert writer(fortnox, record).get(number).fields["City"] == "Alby"  # type: ignore[union-attr]


# -- text --------------------------------------------------------------------------------------------------------
def test_G5_text_is_made_acceptable_and_every_change_is_noted() -> None:
    record = dataclasses.replace(CUSTOMER, name='Rör 2" <tum>\t[A] 😀', comment="ord " * 300)
    payload = writer(None, record).payload(record)
    assert payload.fields["Name"] == "Rör 2” (tum) (A)"
    assert len(payload.fields["Comments"]) == 1023
    assert payload.notes[0] == Note("G5", "Name", "characters", 'Rör 2" <tum>\t[A] 😀', "Rör 2” (tum) (A)")
    assert [(note.field, note.text) for note in payload.notes[1:]] == [("Comments", "length")]


def test_G5_a_fortnox_that_refuses_the_inch_mark_gets_two_of_the_published_sign(
    fortnox: Fortnox, company: Company
) -> None:
    create(fortnox, dataclasses.replace(CUSTOMER, name='Rör 2"'))
    assert company.customers["1001"]["Name"] in {"Rör 2”", "Rör 2’’"}


@pytest.mark.parametrize("email", ["o'brien~x@ek.se", "<eva@ek.se>", "a@" + "k" * 1024])
def test_G5_an_e_mail_address_is_never_altered_but_left_out(email: str) -> None:
    record = dataclasses.replace(CUSTOMER, email=email)
    payload = writer(None, record).payload(record)
    assert payload.fields["Email"] == ""
    assert payload.notes == (Note("G5", "Email", "refused", email),)


@pytest.mark.parametrize(
    ("record", "params"),
    [
        (dataclasses.replace(CUSTOMER, number='1"'),
         {"field": "CustomerNumber", "problem": "characters", "value": '1"', "characters": '"'}),
        (dataclasses.replace(PROJECT, number="1" * 21),
         {"field": "ProjectNumber", "problem": "length", "value": "1" * 21, "limit": 20}),
        (dataclasses.replace(ARTICLE, number="1" * 51),
         {"field": "ArticleNumber", "problem": "length", "value": "1" * 51, "limit": 50}),
        (dataclasses.replace(CUSTOMER, number=".."),
         {"field": "CustomerNumber", "problem": "characters", "value": "..", "characters": ".."}),
        (dataclasses.replace(CUSTOMER, number=""), {"field": "CustomerNumber", "problem": "empty", "value": ""}),
        (dataclasses.replace(CUSTOMER, name="😀"), {"field": "Name", "problem": "empty", "value": "😀"}),
    ],
)  # fmt: skip
def test_G5_a_number_is_refused_and_never_altered(record: Any, params: dict[str, Any]) -> None:
    with pytest.raises(InvalidRecord) as fault:
        writer(None, record).payload(record)
    assert (fault.value.cause, fault.value.params) == ("G5", params)


def test_G5_a_name_of_400_characters_goes_whole_to_a_customer_and_cut_to_a_project() -> None:
    long = "Bostadsrättsföreningen " * 17
    customer = dataclasses.replace(CUSTOMER, name=long)
    project = dataclasses.replace(PROJECT, name=long)
    assert writer(None, customer).payload(customer).fields["Name"] == long.strip()
    payload = writer(None, project).payload(project)
    assert payload.fields["Description"] == "Bostadsrättsföreningen Bostadsrättsföreningen"
    assert [note.text for note in payload.notes] == ["length"]


# -- projects ----------------------------------------------------------------------------------------------------
def test_P1_a_project_is_created_and_changed(fortnox: Fortnox, company: Company) -> None:
    create(fortnox, PROJECT)
    assert company.projects["2041"] == {
        "ProjectNumber": "2041", "Description": "Kvarteret Eken", "StartDate": "2026-03-01", "EndDate": "2026-10-31",
        "ProjectLeader": "Lars", "ContactPerson": "Kalle", "Comments": "Stomme", "Status": "ONGOING",
    }  # fmt: skip
    writer(fortnox, PROJECT).update("2041", PROJECT, {"Status": "COMPLETED", "EndDate": ""}, sent)
    assert named(company, "projects", "2041", "Status", "EndDate") == {"Status": "COMPLETED", "EndDate": None}


def test_P5_project_accounting_switched_off_is_one_fault_of_the_flow(fortnox: Fortnox, company: Company) -> None:
    company.project_accounting = False
    with pytest.raises(ConfigError) as fault:
        create(fortnox, PROJECT)
    assert (fault.value.cause, fault.value.scope, company.projects) == ("P5", "flow", {})


# -- articles and units ------------------------------------------------------------------------------------------
def test_A4_goods_are_stock_without_stock_keeping_and_machines_service(fortnox: Fortnox, company: Company) -> None:
    create(fortnox, ARTICLE)
    create(fortnox, Article("machine:1", "M1", "Grävare", "machine", "tim", Decimal(850)))
    names = ("Description", "Type", "StockGoods", "Unit", "SalesPrice", "Active")
    assert named(company, "articles", "10/A", *names) == {
        "Description": "Spik 3,4x95", "Type": "STOCK", "StockGoods": False, "Unit": "kg", "SalesPrice": 12.5,
        "Active": True,
    }  # fmt: skip
    assert named(company, "articles", "M1", "Type", "Unit") == {"Type": "SERVICE", "Unit": "tim"}


def test_A4_a_unit_is_found_by_code_then_description_then_case_and_else_created(
    fortnox: Fortnox, company: Company, fortnox_twin: FortnoxTwin
) -> None:
    company.units.clear()
    company.add_unit("h", "Timmar")
    company.add_unit("ST", "Styck")
    for number, unit in enumerate(["h", "Timmar", "st", "styck", "löpmeter per vecka och arbetslag", ""]):
        create(fortnox, dataclasses.replace(ARTICLE, number=str(number), unit=unit))
    assert [company.articles[str(n)].get("Unit") for n in range(6)] == [
        "h", "h", "ST", "ST", "löpmeter per vecka", None,
    ]  # fmt: skip
    assert {code: unit["Description"] for code, unit in company.units.items()} == {
        "h": "Timmar", "ST": "Styck", "löpmeter per vecka": "löpmeter per vecka och arbetslag",
    }  # fmt: skip
    assert [r.method for r in fortnox_twin.requests if r.path == "/3/units"] == ["GET", "GET", "POST"]


def test_A4_two_units_are_never_merged_into_one_code(fortnox: Fortnox, company: Company) -> None:
    first, second = "löpmeter per vecka och arbetslag", "löpmeter per vecka och plats"
    create(fortnox, dataclasses.replace(ARTICLE, number="1", unit=first))
    create(fortnox, dataclasses.replace(ARTICLE, number="2", unit=first))
    with pytest.raises(ConfigError) as fault:
        create(fortnox, dataclasses.replace(ARTICLE, number="3", unit=second))
    assert (fault.value.cause, fault.value.params) == (
        "A4", {"unit": second, "code": "löpmeter per vecka", "taken": first},
    )  # fmt: skip
    assert set(company.articles) == {"1", "2"}


@pytest.mark.parametrize("made", ["löpmeter per vecka och arbetslag", "löpmeter per vecka och plats"])
def test_A4_a_code_that_was_made_meanwhile_is_taken_only_if_it_stands_for_the_same(
    fortnox: Fortnox, company: Company, monkeypatch: pytest.MonkeyPatch, made: str
) -> None:
    write = fortnox.write

    def late(method: str, path: str, *args: Any) -> Any:
        if path == "/3/units":
            company.add_unit("löpmeter per vecka", made)
        return write(method, path, *args)

    monkeypatch.setattr(fortnox, "write", late)
    record = dataclasses.replace(ARTICLE, unit="löpmeter per vecka och arbetslag")
    if made == record.unit:
        create(fortnox, record)
        assert company.articles["10/A"]["Unit"] == "löpmeter per vecka"
    else:
        with pytest.raises(ConfigError, match="A4"):
            create(fortnox, record)
        assert company.articles == {}


def test_G5_a_unit_longer_than_a_code_is_noted() -> None:
    record = dataclasses.replace(ARTICLE, unit="löpmeter per vecka och arbetslag")
    note = Note("G5", "Unit", "unit", record.unit, "löpmeter per vecka")
    assert writer(None, record).payload(record).notes == (note,)


def test_A4_a_unit_that_vanished_is_made_again_next_time(fortnox: Fortnox, company: Company) -> None:
    create(fortnox, ARTICLE)
    company.units.clear()
    record = dataclasses.replace(ARTICLE, number="11")
    with pytest.raises(Transient):
        create(fortnox, record)
    create(fortnox, record)
    assert (company.articles["11"]["Unit"], set(company.units)) == ("kg", {"kg"})


def test_a_changed_unit_is_resolved_too(fortnox: Fortnox, company: Company) -> None:
    create(fortnox, ARTICLE)
    writer(fortnox, ARTICLE).update("10/A", ARTICLE, {"Unit": "ton"}, sent)
    assert company.articles["10/A"]["Unit"] == "ton"


def test_an_article_number_that_fortnox_refuses_is_the_sources_data(fortnox: Fortnox) -> None:
    with pytest.raises(InvalidRecord, match=r"fortnox\.2000106"):
        create(fortnox, dataclasses.replace(ARTICLE, number="10 A"))


def test_before_send_runs_when_the_request_leaves_and_not_for_units(fortnox: Fortnox, company: Company) -> None:
    seen: list[set[str]] = []
    to = writer(fortnox, ARTICLE)
    to.create(ARTICLE, whole(to.payload(ARTICLE)), lambda: seen.append(set(company.articles)))
    assert seen == [set()]
