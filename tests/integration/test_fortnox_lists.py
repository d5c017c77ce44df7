"""Fortnox' pages, read from a list that answers what it is told."""

from typing import Any

import pytest
import simplejson

from integration.errors import Rejected, Transient, Unconfirmed
from integration.http import Answer
from integration.systems.fortnox import lists
from integration.systems.fortnox.units import Units


def answer(path: str, body: Any) -> Answer:
    return Answer("GET", path, 200, {}, simplejson.dumps(body).encode())


class FakeDoor:
    """A list under a number of pages; each request takes the next answer, the last one stays."""

    def __init__(self, *answers: dict[str, Any] | list[Any]) -> None:
        self.answers = list(answers)
        self.asked: list[int] = []

    def get(self, path: str, params: dict[str, Any]) -> Answer:
        self.asked.append(params.get("page", 1))
        body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer(path, body)


def page(numbers: str, *, total: int | None = None, pages: int | None = None) -> dict[str, Any]:
    meta = {"@TotalResources": total, "@TotalPages": pages} if pages is not None else {}
    return {"Units": [{"Code": each} for each in numbers], "MetaInformation": meta}


def read(door: FakeDoor) -> str:
    found = lists.pages(door, "/3/units", "Units", ("Code",), {})  # type: ignore[arg-type]
    return "".join(row["Code"] for rows in found for row in rows)


def test_pages_are_read_to_the_last_one() -> None:
    door = FakeDoor(page("abc", total=7, pages=3), page("def", total=7, pages=3), page("g", total=7, pages=3))
    assert (read(door), door.asked) == ("abcdefg", [1, 2, 3])


def test_a_list_that_shrinks_while_it_is_read_loses_nobody() -> None:
    door = FakeDoor(
        page("abc", total=7, pages=3),
        page("efg", total=6, pages=2),  # "a" vanished, so "d" has moved to page 1
        page("bcd", total=6, pages=2),
        page("efg", total=6, pages=2),
    )
    assert (read(door), door.asked) == ("abcefgd", [1, 2, 1, 2])


def test_a_list_that_grows_gives_nobody_twice() -> None:
    door = FakeDoor(page("abc", total=4, pages=2), page("cde", total=5, pages=2))
    assert read(door) == "abcde"


def test_a_list_without_meta_information_ends_with_a_short_page() -> None:
    assert read(FakeDoor(page("abc"))) == "abc"


def test_an_empty_list() -> None:
    door = FakeDoor(page("", total=0, pages=0))
    assert (read(door), door.asked) == ("", [1])


def test_a_list_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "MOST_PAGES", 3)
    with pytest.raises(Transient, match=r"fortnox\.list_endless"):
        read(FakeDoor(page("abc", total=9999, pages=9999)))


def test_an_answer_that_is_no_list() -> None:
    with pytest.raises(Transient, match=r"fortnox\.no_list"):
        read(FakeDoor({"Folder": {}}))
    with pytest.raises(Transient, match=r"http\.not_json"):
        read(FakeDoor([]))


class FakeFortnox:
    """A company's units, as `Units` meets them; `fault` is raised by the next write, after `added` was stored."""

    def __init__(self, *units: str) -> None:
        self.units = dict.fromkeys(units, "")
        self.added = ""
        self.fault: Exception | None = None
        self.connection = type("Connection", (), {"pk": 1})()
        self.http = self
        self.lists = 0

    def get(self, path: str, params: dict[str, Any]) -> Answer:
        self.lists += 1
        rows = [{"Code": code, "Description": text} for code, text in self.units.items()]
        return answer(path, {"Units": rows, "MetaInformation": {"@TotalPages": 1}})

    def write(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        if self.added:
            self.units[self.added] = ""
        if self.fault:
            raise self.fault
        self.units[body["Unit"]["Code"]] = body["Unit"]["Description"]
        return body


def test_A4_a_unit_that_another_worker_made_meanwhile_is_taken() -> None:
    fortnox = FakeFortnox("st")
    units = Units(fortnox)
    assert units.code("st") == "st"
    fortnox.units["tim"] = ""
    assert units.code("tim") == "tim"
    fortnox.added, fortnox.fault = "kg", Rejected("fortnox.2000013")
    assert units.code("kg") == "kg"
    fortnox.added = ""
    with pytest.raises(Rejected):
        units.code("ton")


def test_A4_a_unit_whose_fate_is_unknown_is_looked_for_next_time() -> None:
    fortnox = FakeFortnox()
    fortnox.added, fortnox.fault = "tim", Unconfirmed("http.reset", path="/3/units")
    with pytest.raises(Transient) as fault:
        Units(fortnox).code("tim")
    assert type(fault.value) is Transient
    assert Units(fortnox).code("tim") == "tim"


def test_A4_units_that_only_differ_in_case_are_not_guessed() -> None:
    fortnox = FakeFortnox("ST", "St")
    assert Units(fortnox).code("ST") == "ST"
    assert Units(fortnox).code("st") == "st"
    assert list(fortnox.units) == ["ST", "St", "st"]


def test_A4_ten_minutes_of_memory_make_one_list() -> None:
    fortnox = FakeFortnox("st", "tim")
    for _ in range(5):
        assert Units(fortnox).code(" st ") == "st"
    assert fortnox.lists == 1
    assert Units(fortnox).code("😀") == ""
