"""The check against the vendor's document is itself checked: it finds what is wrong and lets known deviations be."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.server import Exchange
from tests.sandbox.openapi import OpenApi

JSON = {"content-type": "application/json"}


@pytest.fixture
def openapi() -> OpenApi:
    found = OpenApi.load("fortnox")
    if found is None:
        pytest.skip("the vendor's OpenAPI document (../shared/specs) is not on this machine")
    return found


def exchange(
    method: str,
    path: str,
    sent: Any = None,
    answered: Any = None,
    *,
    query: str = "",
    status: int = 200,
    fault: str | None = None,
) -> Exchange:
    return Exchange(
        method=method,
        path=path,
        query=query,
        request_headers=JSON,
        request_body=b"" if sent is None else json.dumps(sent).encode(),
        status=status,
        response_headers=JSON,
        response_body=json.dumps(answered).encode(),
        fault=fault,
    )


@pytest.mark.parametrize(
    ("method", "path", "sent", "query", "problem"),
    [
        ("POST", "/3/customers", {"Customer": {"Name": "A", "Nmae": "B"}}, "", "('Nmae' was unexpected)"),
        ("POST", "/3/customers", {"Customer": {"City": "Sala"}}, "", "'Name' is a required property"),
        ("POST", "/3/customers", {"Customer": {"Name": "A", "City": None}}, "", "request.Customer.City: None is not"),
        ("POST", "/3/customers", {"Customer": {"Name": "A" * 1025}}, "", "request.Customer.Name: "),
        ("POST", "/3/customers", {"Customer": {"Name": 7}}, "", "7 is not of type 'string'"),
        ("POST", "/3/customers", {"Customer": {"Name": "A", "Type": "FIRMA"}}, "", "'FIRMA' is not one of"),
        ("POST", "/3/customers", {"Custmer": {"Name": "A"}}, "", "('Custmer' was unexpected)"),
        ("POST", "/3/customers", None, "", "sends something that is not JSON"),
        ("POST", "/3/projects", {"Project": {"Description": "P", "StartDate": "2026-13-01"}}, "", "is not a 'date'"),
        ("POST", "/3/invoices", {"Invoice": {"CustomerNumber": "1", "Booked": True}}, "", "('Booked' was unexpected)"),
        (
            *("POST", "/3/invoices"),
            *({"Invoice": {"CustomerNumber": "1", "InvoiceRows": [{"DeliveredQuantity": 1}]}}, ""),
            "request.Invoice.InvoiceRows[0].DeliveredQuantity: 1 is not of type 'string'",
        ),
        ("GET", "/3/customers", None, "colour=red", "parameter colour is not declared"),
        ("GET", "/3/customers", None, "filter=some", "parameter filter: 'some' is not one of"),
        ("GET", "/3/projects", None, "lastmodified=2026-01-01", "parameter lastmodified is not declared"),
        ("GET", "/3/custmers", None, "", "is not in the document"),
        ("PUT", "/3/invoices/1/bookkeep", {"Invoice": {}}, "", "sends a body where none is declared"),
    ],
)
def test_a_wrong_request_is_found(
    openapi: OpenApi, method: str, path: str, sent: Any, query: str, problem: str
) -> None:
    found = openapi.request_problems(exchange(method, path, sent, query=query))
    assert len(found) == 1
    assert problem in found[0]


@pytest.mark.parametrize(
    ("method", "path", "sent", "query"),
    [
        ("PUT", "/3/customers/1", {"Customer": {"City": "Sala", "GLN": "API_BLANK"}}, ""),
        (
            "POST",
            "/3/invoices",
            {"Invoice": {"CustomerNumber": "1", "InvoiceRows": [{"AccountNumber": 0, "VAT": 0}]}},
            "",
        ),
        ("GET", "/3/customers", None, "page=2&limit=500&lastmodified=2026-01-01%2010:00"),
        ("GET", "/3/supplierinvoices", None, "lastmodified=2026-01-01%2010:00"),
        ("GET", "/3/supplierinvoicefileconnections", None, "supplierinvoicenumber=1"),
        ("GET", "/3/articles/A/1", None, ""),
        ("POST", "/oauth-v1/token", None, ""),
    ],
)
def test_a_known_deviation_is_let_be(openapi: OpenApi, method: str, path: str, sent: Any, query: str) -> None:
    assert openapi.request_problems(exchange(method, path, sent, query=query)) == []


@pytest.mark.parametrize(
    ("path", "status", "answered", "problem"),
    [
        (
            "/3/customers/1",
            200,
            {"Customer": {"Name": "A", "City": 7}},
            "answer.Customer.City: 7 is not of type 'string'",
        ),
        ("/3/customers/1", 200, {"Customer": {"Name": None}}, "None is not of type 'string'"),
        ("/3/customers/1", 200, {"Customer": {"Name": "A", "Colour": "red"}}, "('Colour' was unexpected)"),
        ("/3/customers", 200, {"Customers": [], "MetaInformation": {}}, "'@TotalResources' is a required property"),
        ("/3/customers/1", 404, {"Fel": 1}, "('Fel' was unexpected)"),
        ("/3/customers/1", 202, {}, "status 202 is not declared"),
    ],
)
def test_a_wrong_answer_is_found(openapi: OpenApi, path: str, status: int, answered: Any, problem: str) -> None:
    found = openapi.response_problems(exchange("GET", path, answered=answered, status=status))
    assert problem in found[0]


def test_empty_values_both_spellings_and_faults_are_let_be(openapi: OpenApi) -> None:
    error = {"ErrorInformation": {"error": 1, "message": "Fel", "code": 2000310}}
    for good in (
        exchange("GET", "/3/projects/1", answered={"Project": {"Description": "P", "EndDate": "", "Status": None}}),
        exchange("GET", "/3/customers/1", answered=error, status=403),
        exchange("GET", "/3/customers/1", answered="anything", fault="not-json"),
    ):
        assert openapi.response_problems(good) == []
