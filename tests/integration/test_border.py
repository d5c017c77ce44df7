"""The border: what is let in, and how what is not is explained (G8)."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from marshmallow import fields

from integration.records import Read, Unreadable
from integration.systems.border import Amount, Count, Day, Flag, Key, Moment, Number, Rows, Shape, Text, load, read


class Inner(Shape):
    price = Amount("Price", "Pris", required=True)


class Sample(Shape):
    id = Key("Id")
    owner = Key("Owner", "Ägare", optional=True)
    name = Text("Name", "Namn")
    number = Number("Number", "Nummer")
    amount = Amount("Amount", "Belopp", load_default=Decimal(0))
    exact = Amount("Exact", "Exakt", required=True)
    count = Count("Count", "Antal", load_default=0)
    flag = Flag("Flag", "Flagga", load_default=False)
    day = Day("Day", "Dag", optional=True)
    moment = Moment("Moment", "Tid", optional=True)
    rows = Rows("Rows", Inner)
    one = fields.Nested(Inner, data_key="One", load_default=None, metadata={"label": "En"})


@dataclass
class Made:
    values: dict[str, Any]


GOOD = {"Id": 7, "Exact": Decimal("1.10")}


def values(**given: Any) -> dict[str, Any]:
    result = load(Sample(), {**GOOD, **given}, Made, key="Id", label="Name")
    assert isinstance(result, Made), result
    return result.values


def problems(raw: Any) -> dict[str, Any]:
    result = load(Sample(), raw, Made, key="Id", label="Name")
    assert isinstance(result, Unreadable)
    return result.problems


def test_what_is_absent_or_null_or_empty_is_nothing() -> None:
    nothing = values()
    assert nothing == {
        "id": "7", "owner": "", "name": "", "number": "", "amount": 0, "exact": Decimal("1.10"), "count": 0,
        "flag": False, "day": None, "moment": None, "rows": [], "one": None,
    }  # fmt: skip
    nulls = dict.fromkeys(["Owner", "Name", "Number", "Amount", "Count", "Flag", "Day", "Moment", "Rows"])
    assert values(**nulls) == nothing
    assert values(Amount="", Day="", Moment="0001-01-01T00:00:00", Unknown={"x": 1}) == nothing


def test_what_is_let_in() -> None:
    found = values(Owner="a-b", Amount="1 ".strip(), Count=Decimal("3"), Exact=2, Flag=True, Number=" 7 ", Name=" x ")
    assert (found["owner"], found["amount"], found["count"], found["exact"]) == ("a-b", Decimal(1), 3, Decimal(2))
    assert (found["flag"], found["number"], found["name"]) == (True, "7", " x ")


def test_text_that_no_database_takes_is_made_storable() -> None:
    assert values(Name="a\x00b\ud800c", Number="1\x00 ") | {"name": "ab?c", "number": "1"} == values(
        Name="a\x00b\ud800c", Number="1\x00 "
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"Id": None}, {"Id": "saknas"}),
        ({"Id": " "}, {"Id": "saknas"}),
        ({"Id": True}, {"Id": "ska vara ett heltal"}),
        ({"Exact": None}, {"Exakt": "saknas"}),
        ({"Exact": "tio"}, {"Exakt": "ska vara ett tal"}),
        ({"Exact": True}, {"Exakt": "ska vara ett tal"}),
        ({"Exact": []}, {"Exakt": "ska vara ett tal"}),
        ({"Exact": Decimal("NaN")}, {"Exakt": "är ett orimligt tal"}),
        ({"Exact": Decimal("1e999999")}, {"Exakt": "är ett orimligt tal"}),
        ({"Count": Decimal("1.5")}, {"Antal": "ska vara ett heltal"}),
        ({"Count": Decimal("NaN")}, {"Antal": "ska vara ett heltal"}),
        ({"Flag": "ja"}, {"Flagga": "ska vara ja eller nej"}),
        ({"Name": 7}, {"Namn": "ska vara text"}),
        ({"Day": "igår"}, {"Dag": "ska vara ett datum"}),
        ({"Day": 7}, {"Dag": "ska vara ett datum"}),
        ({"Moment": "2026-02-30T00:00:00"}, {"Tid": "ska vara ett datum"}),
        ({"Rows": {}}, {"Rad": "ska vara en lista"}),
        ({"Rows": [{"Price": 1}, {}, 7]}, {"Rad 2, Pris": "saknas", "Rad 3": "ska vara ett objekt"}),
        ({"One": {}}, {"En, Pris": "saknas"}),
        ({"Name": 7, "Flag": 7}, {"Namn": "ska vara text", "Flagga": "ska vara ja eller nej"}),
    ],
)
def test_G8_each_problem_names_its_field_in_words(given: dict[str, Any], expected: dict[str, str]) -> None:
    assert problems({**GOOD, **given}) == expected


@pytest.mark.parametrize("raw", [None, 7, "x", []])
def test_G8_what_is_no_object_at_all(raw: Any) -> None:
    assert problems(raw) == {"Posten": "ska vara ett objekt"}


def test_G8_the_unreadable_keeps_what_identifies_it() -> None:
    def unreadable(raw: Any) -> Unreadable:
        result = read(Sample(), raw, Made, key="Id", label="Name")
        assert isinstance(result, Unreadable)
        return result

    assert unreadable({"Id": 7, "Name": " Ek "}).source_id == "7"
    assert unreadable({"Id": 7, "Name": " Ek "}).label == "Ek"
    nameless = unreadable({"Name": 7, "Exact": Decimal("1.1")})
    assert nameless.source_id.startswith("?")
    assert nameless.label == ""
    assert nameless == unreadable({"Exact": Decimal("1.1"), "Name": 7})


def test_read_wraps_the_record() -> None:
    result = read(Sample(), GOOD, lambda found: found["id"], key="Id", label="Name")
    assert result == Read("7")
