"""The Fortnox twin: pages, searches, thin rows, lastmodified (notes 19-24)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.sandbox.fortnox import Fortnox, code, running


@pytest.fixture
def fortnox() -> Iterator[Fortnox]:
    with running() as fortnox:
        yield fortnox


def numbers(fortnox: Fortnox, **query: object) -> list[str]:
    return [row["CustomerNumber"] for row in fortnox.rows("customers", **query)]


def test_pages_default_to_100_and_go_up_to_500(fortnox: Fortnox) -> None:
    for number in range(1, 251):
        fortnox.company.add_customer(f"Kund {number}", str(number))

    first = fortnox.get("customers").json()
    assert first["MetaInformation"] == {"@TotalResources": 250, "@TotalPages": 3, "@CurrentPage": 1}
    assert numbers(fortnox) == [str(n) for n in range(1, 101)]  # sorted as numbers
    assert numbers(fortnox, page=3) == [str(n) for n in range(201, 251)]
    assert numbers(fortnox, page=4) == []
    assert len(numbers(fortnox, limit=500)) == 250
    assert numbers(fortnox, limit=2, page=2) == ["3", "4"]
    assert numbers(fortnox, limit=1, sortby="name", sortorder="descending") == ["99"]
    for query in ({"limit": 501}, {"limit": 0}, {"page": 0}, {"page": "x"}, {"sortby": "city"}, {"sortorder": "up"}):
        refused = fortnox.get("customers", **query)
        assert (refused.status_code, code(refused)) == (400, 2000588), query


def test_an_empty_list_has_no_pages(fortnox: Fortnox) -> None:
    body = fortnox.get("units").json()
    assert body == {"MetaInformation": {"@TotalResources": 0, "@TotalPages": 0, "@CurrentPage": 1}, "Units": []}


def test_search_is_substring_and_case_insensitive(fortnox: Fortnox) -> None:
    for number, name in [("1", "Åkes Bygg"), ("10", "Bygg-Åke"), ("2", "Sten")]:
        fortnox.company.add_customer(name, number, OrganisationNumber=f"556{number}")
    assert numbers(fortnox, name="åke") == ["1", "10"]
    assert numbers(fortnox, customernumber="1") == ["1", "10"]
    assert numbers(fortnox, organisationnumber="5562") == ["2"]


def test_one_resource_filter_at_a_time_beside_global_ones(fortnox: Fortnox) -> None:
    fortnox.company.add_customer("A", "1")
    assert numbers(fortnox, name="a", lastmodified="2026-01-01 00:00", limit=1) == ["1"]
    assert code(fortnox.get("customers", name="a", city="b")) == 2000588
    assert code(fortnox.get("customers", colour="red")) == 2000588


def test_filter_active_and_inactive(fortnox: Fortnox) -> None:
    fortnox.company.add_customer("A", "1")
    fortnox.company.add_customer("B", "2", Active=False)
    assert (numbers(fortnox, filter="active"), numbers(fortnox, filter="inactive")) == (["1"], ["2"])
    assert code(fortnox.get("customers", filter="alla")) == 2000588


def test_rows_are_thin(fortnox: Fortnox) -> None:
    fortnox.company.add_customer("A", "1", Phone1="021-1", Comments="Hemligt", VATNumber="SE1")
    assert fortnox.rows("customers") == [
        {
            "@url": f"{fortnox.twin.url}/3/customers/1",
            "Address1": None,
            "Address2": None,
            "City": None,
            "CustomerNumber": "1",
            "Email": None,
            "Name": "A",
            "OrganisationNumber": None,
            "Phone": "021-1",
            "ZipCode": None,
        }
    ]
    fortnox.company.add_project("P", "1", Comments="Hemligt")
    assert "Comments" not in fortnox.rows("projects")[0]
    fortnox.company.add_article("A", "1", SalesPrice=12.5)
    assert (fortnox.rows("articles")[0]["SalesPrice"], "Type" in fortnox.rows("articles")[0]) == ("12.5", False)
    fortnox.post("invoices", {"Invoice": {"CustomerNumber": "1"}})
    assert "InvoiceRows" not in fortnox.rows("invoices")[0]


def test_lastmodified_is_swedish_time_to_the_minute(fortnox: Fortnox) -> None:
    fortnox.clock.forward(seconds=30)  # 12:00:30 in Sweden, 11:00:30 UTC
    fortnox.company.add_customer("A", "1")
    assert numbers(fortnox, lastmodified="2026-03-10 12:00") == ["1"]
    assert numbers(fortnox, lastmodified="2026-03-10 12:01") == []
    fortnox.clock.forward(minutes=5)
    fortnox.put("customers/1", {"Customer": {"City": "Sala"}})
    assert numbers(fortnox, lastmodified="2026-03-10 12:05") == ["1"]
    for text in ("2026-03-10T12:05", "igår"):
        assert code(fortnox.get("customers", lastmodified=text)) == 2000588


def test_lastmodified_in_the_hour_that_comes_twice(fortnox: Fortnox) -> None:
    fortnox.clock.now = datetime(2026, 10, 25, 0, 50, tzinfo=UTC)  # 02:50 summer time
    fortnox.company.add_customer("A", "1")
    fortnox.clock.forward(minutes=20)  # 02:10 winter time
    fortnox.company.add_customer("B", "2")
    fortnox.log_in()
    assert numbers(fortnox, lastmodified="2026-10-25 02:40") == ["1"]
    assert numbers(fortnox, lastmodified="2026-10-25 02:00") == ["1", "2"]


def test_lastmodified_is_not_taken_everywhere(fortnox: Fortnox) -> None:
    for path in ("projects", "units", "suppliers"):
        assert code(fortnox.get(path, lastmodified="2026-01-01 00:00")) == 2000588
    assert fortnox.get("supplierinvoices", lastmodified="2026-01-01 00:00").status_code == 200
    fortnox.company.supplier_lastmodified = False
    assert code(fortnox.get("supplierinvoices", lastmodified="2026-01-01 00:00")) == 2000588
