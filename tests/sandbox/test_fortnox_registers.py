"""The Fortnox twin: customers, projects, articles, units, suppliers; what a write may hold (notes 28-44)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.fortnox.fields import TABLES
from tests.sandbox.fortnox import TENANT, Fortnox, code, running
from tests.sandbox.openapi import OpenApi


@pytest.fixture
def fortnox() -> Iterator[Fortnox]:
    with running() as fortnox:
        yield fortnox


def test_a_customer_is_created_with_defaults_and_read_whole(fortnox: Fortnox) -> None:
    created = fortnox.post("customers", {"Customer": {"Name": "Åkes Åkeri & Söner", "CustomerNumber": "1001"}})
    assert created.status_code == 201
    customer = created.json()["Customer"]
    assert customer == fortnox.get("customers/1001").json()["Customer"]
    assert customer["@url"] == f"{fortnox.twin.url}/3/customers/1001"
    assert (customer["Type"], customer["VATType"], customer["Active"]) == ("COMPANY", "SEVAT", True)
    assert (customer["ZipCode"], customer["CountryCode"]) == (None, "SE")
    assert fortnox.company.customers["1001"] == {
        "CustomerNumber": "1001",
        "Name": "Åkes Åkeri & Söner",
        "Active": True,
        "Type": "COMPANY",
        "VATType": "SEVAT",
        "Currency": "SEK",
        "Country": "Sverige",
        "CountryCode": "SE",
        "PriceList": "A",
        "TermsOfPayment": "30",
        "ShowPriceVATIncluded": False,
        "DefaultDeliveryTypes": {"Invoice": "PRINT", "Offer": "PRINT", "Order": "PRINT"},
        "DefaultTemplates": {
            "CashInvoice": "DEFAULTCASHINVOICE",
            "Invoice": "DEFAULTINVOICE",
            "Offer": "DEFAULTOFFER",
            "Order": "DEFAULTORDER",
        },
    }


def test_a_number_is_given_when_none_is_sent(fortnox: Fortnox) -> None:
    fortnox.company.add_customer("Ett", "1")
    fortnox.company.burnt_customer_numbers.add("2")
    assert fortnox.post("customers", {"Customer": {"Name": "Tre"}}).json()["Customer"]["CustomerNumber"] == "3"
    assert fortnox.post("projects", {"Project": {"Description": "Ett"}}).json()["Project"]["ProjectNumber"] == "1"


def test_put_changes_what_is_sent_leaves_empty_values_alone_and_clears_api_blank(fortnox: Fortnox) -> None:
    fortnox.company.add_customer("Åke", "1", Email="a@b.se", City="Sala", Phone1="021-1", Comments="Hej", GLN="1" * 13)
    before = dict(fortnox.company.customers["1"])
    changes = {"City": "Köping", "Email": "", "Phone1": None, "Comments": "API_BLANK", "GLN": "API_BLANK"}
    # null is no string for the document, but the vendor takes it (note 33): this request is kept out of the comparison.
    fortnox.exchanges.clear()
    changed = fortnox.put("customers/1", {"Customer": changes})
    fortnox.exchanges.clear()
    assert changed.status_code == 200
    assert fortnox.company.customers["1"] == {
        name: value for name, value in before.items() if name not in {"Comments", "GLN"}
    } | {"City": "Köping"}
    assert changed.json()["Customer"]["Comments"] is None


def test_a_nested_object_is_changed_in_part(fortnox: Fortnox) -> None:
    fortnox.company.add_customer("Åke", "1")
    fortnox.put("customers/1", {"Customer": {"DefaultDeliveryTypes": {"Invoice": "EMAIL"}}})
    assert fortnox.company.customers["1"]["DefaultDeliveryTypes"] == {
        "Invoice": "EMAIL",
        "Offer": "PRINT",
        "Order": "PRINT",
    }


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("customers", {"Customer": {}}, 2000204),
        ("customers", {"Customer": {"Name": ""}}, 2000204),
        ("customers", {"Customer": {"Name": "API_BLANK"}}, 2000204),
        ("customers", {"Customer": {"Name": "A", "Nmae": "B"}}, 2001399),
        ("customers", {"Customer": {"Name": "A", "DefaultDeliveryTypes": {"Fax": "PRINT"}}}, 2001399),
        ("customers", {"Name": "A"}, 2001392),
        ("customers", {"Customer": []}, 2001392),
        ("customers", [], 2001392),
        ("customers", {"Customer": {"Name": "A", "ZipCode": "1" * 11}}, 2000107),
        ("customers", {"Customer": {"Name": "A" * 1025}}, 2000107),
        ("customers", {"Customer": {"Name": "A", "CountryCode": "SWE"}}, 2000107),
        ("customers", {"Customer": {"Name": "A", "GLN": "123"}}, 2000107),
        ("customers", {"Customer": {"Name": "A", "Type": "FIRMA"}}, 2000110),
        ("customers", {"Customer": {"Name": "A", "VATType": "sevat"}}, 2000110),
        ("customers", {"Customer": {"Name": "A", "Active": "ja"}}, 2000134),
        ("customers", {"Customer": {"Name": "A", "InvoiceDiscount": "tio"}}, 2000108),
        ("customers", {"Customer": {"Name": {"a": 1}}}, 2000106),
        ("customers", {"Customer": {"Name": "A", "SalesAccount": "9999"}}, 2001304),
        ("customers", {"Customer": {"Name": "A", "CostCenter": "K1"}}, 2000947),
        ("customers", {"Customer": {"Name": "A", "TermsOfPayment": "33"}}, 2000431),
        ("projects", {"Project": {"ProjectNumber": "1"}}, 2000204),
        ("projects", {"Project": {"Description": "P" * 51}}, 2000107),
        ("projects", {"Project": {"Description": "P", "ProjectNumber": "1" * 21}}, 2000107),
        ("projects", {"Project": {"Description": "P", "Status": "DONE"}}, 2000110),
        ("projects", {"Project": {"Description": "P", "StartDate": "2026-02-30"}}, 2000109),
        ("projects", {"Project": {"Description": "P", "StartDate": "2026-01-01T00:00:00"}}, 2000109),
        ("projects", {"Project": {"Description": "P", "StartDate": "2026-03-01", "EndDate": "2026-02-01"}}, 2000109),
        ("articles", {"Article": {"Description": "A", "ArticleNumber": "två ord"}}, 2000106),
        ("articles", {"Article": {"Description": "A", "Unit": "tim"}}, 2000430),
        ("articles", {"Article": {"Description": "A", "SalesAccount": 3999}}, 2001304),
        ("articles", {"Article": {"Description": "A", "SalesAccount": 1}}, 2000111),
        ("articles", {"Article": {"Description": "A", "Depth": 1.5}}, 2000108),
        ("units", {"Unit": {"Code": "tim"}}, 2000204),
        ("units", {"Unit": {"Code": "t" * 21, "Description": "Timmar"}}, 2000107),
        ("suppliers", {"Supplier": {}}, 2000204),
    ],
)
def test_a_write_is_refused_with_the_code(fortnox: Fortnox, path: str, body: Any, expected: int) -> None:
    refused = fortnox.post(path, body)
    assert (refused.status_code, code(refused)) == (400, expected)
    assert getattr(fortnox.company, path) == {}


def test_bodies_that_are_no_json(fortnox: Fortnox) -> None:
    url = f"{fortnox.twin.url}/3/customers"
    assert code(fortnox.session.post(url, data="{")) == 2002115
    assert code(fortnox.session.post(url)) == 2001392


def test_characters_beyond_the_published_list_are_refused(fortnox: Fortnox) -> None:
    allowed = "Åäö é 1\n`’\\–:.´,;^¤#%§£$€¢¥©™°&/()=+-*_!?²³®½@"
    assert fortnox.post("customers", {"Customer": {"Name": allowed, "CustomerNumber": "1"}}).status_code == 201
    assert fortnox.company.customers["1"]["Name"] == allowed
    for sign in "\"'<>|[]{}~\t”😀":
        refused = fortnox.post("projects", {"Project": {"Description": f"Rör 4{sign}"}})
        assert (refused.status_code, code(refused)) == (400, 2000359), sign
    assert fortnox.company.projects == {}


def test_a_used_or_deleted_customer_number_is_burnt(fortnox: Fortnox) -> None:
    def create() -> int:
        return code(fortnox.post("customers", {"Customer": {"Name": "B", "CustomerNumber": "1"}}))

    fortnox.company.add_customer("A", "1")
    assert create() == 2000637
    assert fortnox.delete("customers/1").status_code == 204
    assert (fortnox.company.customers, fortnox.company.burnt_customer_numbers) == ({}, {"1"})
    assert create() == 2000637
    assert fortnox.get("customers/1").status_code == 404


def test_numbers_are_fixed_and_unique(fortnox: Fortnox) -> None:
    fortnox.company.add_project("A", "1")
    assert code(fortnox.post("projects", {"Project": {"Description": "B", "ProjectNumber": "1"}})) == 2000013
    assert code(fortnox.put("projects/1", {"Project": {"ProjectNumber": "2"}})) == 2000014
    assert fortnox.put("projects/1", {"Project": {"ProjectNumber": "1", "Description": "C"}}).status_code == 200


def test_what_is_used_cannot_be_deleted(fortnox: Fortnox) -> None:
    fortnox.company.add_customer("A", "1")
    fortnox.company.add_project("P", "1")
    assert fortnox.post("invoices", {"Invoice": {"CustomerNumber": "1", "Project": "1"}}).status_code == 201
    assert code(fortnox.delete("customers/1")) == code(fortnox.delete("projects/1")) == 2000015
    fortnox.company.add_project("Q", "2")
    assert fortnox.delete("projects/2").status_code == 204


def test_projects_need_project_accounting(fortnox: Fortnox) -> None:
    fortnox.company.add_customer("A", "1")
    fortnox.company.add_project("P", "1")
    fortnox.company.project_accounting = False
    assert code(fortnox.post("projects", {"Project": {"Description": "B"}})) == 2001650
    assert code(fortnox.put("projects/1", {"Project": {"Description": "B"}})) == 2001650
    assert code(fortnox.post("invoices", {"Invoice": {"CustomerNumber": "1", "Project": "1"}})) == 2001650
    assert fortnox.get("projects").status_code == 200


def test_an_article_number_with_a_slash_goes_through_the_url(fortnox: Fortnox) -> None:
    fortnox.company.add_unit("st", "Styck")
    article = {
        "ArticleNumber": "A/1+2$",
        "Description": "Kran",
        "Unit": "st",
        "SalesPrice": 1250.5,
        "SalesAccount": 3041,
    }
    url = fortnox.post("articles", {"Article": article}).json()["Article"]["@url"]
    assert url.endswith("/3/articles/A%2F1%2B2%24")
    assert fortnox.session.get(url).json()["Article"]["SalesPrice"] == 1250.5
    assert fortnox.put("articles/A%2F1%2B2%24", {"Article": {"Active": False}}).status_code == 200
    assert fortnox.company.articles["A/1+2$"]["Active"] is False


def test_what_is_missing_answers_404_in_the_documents_spelling(fortnox: Fortnox) -> None:
    for path in (
        "customers/9",
        "projects/9",
        "articles/9",
        "units/9",
        "suppliers/9",
        "invoices/9",
        "supplierinvoices/9",
    ):
        missing = fortnox.get(path)
        assert (missing.status_code, set(missing.json()["ErrorInformation"])) == (404, {"Error", "Message", "Code"})
    assert fortnox.put("customers/9", {"Customer": {"Name": "A"}}).status_code == 404
    for path in ("nothing", "customers/1/2", "settings/other"):
        assert fortnox.get(path).status_code == 404
    assert fortnox.delete("suppliers/1").status_code == 404


def test_company_information_settings_and_locked_period(fortnox: Fortnox) -> None:
    assert fortnox.get("companyinformation").json()["CompanyInformation"]["OrganizationNumber"] == "556123-4567"
    assert fortnox.get("settings/company").json()["CompanySettings"]["DatabaseNumber"] == str(TENANT)
    assert fortnox.get("settings/lockedperiod").json() == {"LockedPeriod": {"EndDate": ""}}
    fortnox.company.locked_until = fortnox.company.today()
    assert fortnox.get("settings/lockedperiod").json() == {"LockedPeriod": {"EndDate": "2026-03-10"}}


def test_the_embedded_limits_are_those_of_the_vendors_document() -> None:
    openapi = OpenApi.load("fortnox")
    if openapi is None:
        pytest.skip("the vendor's OpenAPI document (../shared/specs) is not on this machine")
    for table, fields in TABLES.items():
        schema = openapi.document["components"]["schemas"][f"fortnox_{table}"]
        assert list(fields) == list(schema["properties"]), table
        assert {f.name for f in fields.values() if f.required} == set(schema.get("required", ())), table
        for name, spec in schema["properties"].items():
            field = fields[name]
            assert list(field.allowed) == spec.get("enum", []), f"{table}.{name}"
            low, high = ("minLength", "maxLength") if field.type == "str" else ("minimum", "maximum")
            assert (field.low, field.high) == (spec.get(low), spec.get(high)), f"{table}.{name} {json.dumps(spec)}"
