"""The pure helpers of every mapping."""

import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.mapping import (
    Charset,
    cut,
    fit,
    from_swedish,
    is_legal_person,
    number,
    ore,
    organisation_number,
    spread,
    swedish_amount,
    wall_clock,
)
from integration.records import Note
from integration.systems.fortnox.text import CHARSET

UTC = datetime.UTC
SWEDEN = ZoneInfo("Europe/Stockholm")
MONEY = st.decimals(-10_000_000, 10_000_000, places=2)


@pytest.mark.parametrize(("text", "trimmed"), [(" 12 3\t\n", "12 3"), ("Ab", "Ab"), (None, ""), ("\u00a01", "1")])
def test_G2_only_white_space_at_the_ends_goes(text: str | None, trimmed: str) -> None:
    assert number(text) == trimmed


@pytest.mark.parametrize(
    ("amount", "rounded"), [("0.005", "0.01"), ("-0.005", "-0.01"), ("2.675", "2.68"), ("1", "1.00")]
)
def test_G6_halves_round_away_from_zero(amount: str, rounded: str) -> None:
    assert str(ore(Decimal(amount))) == rounded


@given(MONEY, st.lists(MONEY, min_size=1, max_size=30))
def test_G6_a_spread_sum_is_never_an_ore_off(total: Decimal, weights: list[Decimal]) -> None:
    parts = spread(total, weights)
    assert len(parts) == len(weights)
    assert sum(parts) == total


def test_G6_a_spread_follows_the_weights() -> None:
    assert spread(Decimal("25.05"), [Decimal(90), Decimal(10)]) == [Decimal("22.55"), Decimal("2.50")]
    assert spread(Decimal("0.01"), [Decimal(0), Decimal(0)]) == [Decimal("0.01"), Decimal("0.00")]
    assert spread(Decimal(1), []) == []


@pytest.mark.parametrize(
    ("text", "limit", "short"),
    [("Kvarteret Eken", 14, "Kvarteret Eken"), ("Kvarteret Eken", 12, "Kvarteret"), ("Kvarteret Eken", 9, "Kvarteret"),
     ("A " + "b" * 20, 10, "A bbbbbbbb"), ("b" * 20, 5, "bbbbb")],
)  # fmt: skip
def test_G5_text_is_cut_at_a_word_where_that_keeps_half(text: str, limit: int, short: str) -> None:
    assert cut(text, limit) == short


@given(st.text(), st.integers(1, 60))
def test_G5_what_comes_out_is_short_and_acceptable_and_every_change_is_noted(text: str, limit: int) -> None:
    short, notes = fit(text, limit=limit, charset=CHARSET, field="Name")
    assert len(short) <= limit
    assert all(CHARSET.accepts(char) for char in short)
    assert short == text.strip() or notes


def test_G5_each_change_has_its_note() -> None:
    charset = Charset("”", {'"': "”", "\t": " "})
    assert fit('  2"\trör 😀 lång', limit=9, charset=charset, field="Name") == (
        "2” rör",
        [
            Note("G5", "Name", "characters", '2"\trör 😀 lång', "2” rör  lång"),
            Note("G5", "Name", "length", "2” rör  lång", "2” rör"),
        ],
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [('½"', "½”"), ("<a> [b] {c}", "(a) (b) (c)"), ("a|b~c", "a/b-c"), ("'x'", "’x’"), ("a—b…", "a–b..."),
     ("a\u00a0b\u2009c", "a b c"), ("45×95", "45x95"), ("⌀16", "Ø16"), ("“q”", "”q”"),
     ("😀ok", "ok"), ("Łódź ÅÄÖ é", "Łódź ÅÄÖ é"),
     ("`’\\–:.´,;^¤#%§£$€¢¥©™°&/()=+-*_!?²³®½@", "`’\\–:.´,;^¤#%§£$€¢¥©™°&/()=+-*_!?²³®½@"), ("a\r\nb", "a\r\nb"),
     ("٣¼", "1/4")],
)  # fmt: skip
def test_G5_characters_outside_the_published_set(before: str, after: str) -> None:
    assert CHARSET.made_acceptable(before) == after


# -- clocks ------------------------------------------------------------------------------------------------------
def test_G7_a_time_without_zone_is_swedish_and_one_with_zone_is_believed() -> None:
    assert from_swedish("2026-07-01T12:00:00.2931234").astimezone(UTC).hour == 10
    assert from_swedish("2026-01-01T12:00:00").astimezone(UTC).hour == 11
    assert from_swedish("2026-01-01T12:00:00Z").astimezone(UTC).hour == 12


def at(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "now", "reading"),
    [
        # an ordinary day, summer and winter
        ("2026-07-01T10:00", "2026-07-01T10:20", "2026-07-01T12:00"),
        ("2026-01-01T10:00", "2026-01-01T10:20", "2026-01-01T11:00"),
        # spring: 02:00 becomes 03:00 at 01:00 UTC, no reading comes twice
        ("2026-03-29T00:50", "2026-03-29T01:10", "2026-03-29T01:50"),
        ("2026-03-29T01:00", "2026-03-29T01:10", "2026-03-29T03:00"),
        # autumn: 03:00 becomes 02:00 at 01:00 UTC; what was stamped 02:10 after that lies "before" 02:50
        ("2026-10-25T00:50", "2026-10-25T01:10", "2026-10-25T02:00"),
        ("2026-10-24T23:50", "2026-10-25T01:10", "2026-10-25T01:50"),
        ("2026-10-25T01:10", "2026-10-25T01:30", "2026-10-25T02:10"),
        # before the clock goes back nothing is odd yet
        ("2026-10-25T00:40", "2026-10-25T00:55", "2026-10-25T02:40"),
    ],
)
def test_G7_the_earliest_reading_of_the_clock_in_both_dst_nights(moment: str, now: str, reading: str) -> None:
    assert wall_clock(at(moment), at(now)) == datetime.datetime.fromisoformat(reading)


@pytest.mark.parametrize("night", ["2026-03-28T20:00", "2026-10-24T20:00"])
def test_G7_no_change_slips_through_in_the_nights_when_the_clock_is_changed(night: str) -> None:
    """Polls every 5 minutes that overlap by 15 find every stamp, whichever minute it was made in."""
    start = at(night)
    for minute in range(0, 600):
        made = start + datetime.timedelta(minutes=minute)
        stamp = made.astimezone(SWEDEN).replace(tzinfo=None)
        poll = made + datetime.timedelta(minutes=5 - minute % 5)
        assert wall_clock(poll - datetime.timedelta(minutes=20), poll) <= stamp


# -- numbers of persons and companies ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "bare", "legal"),
    [("556123-4567", "5561234567", True), ("16556123-4567", "5561234567", True), ("5561234567", "5561234567", True),
     ("19800101-1234", "8001011234", False), ("800101-1234", "8001011234", False), ("55 6123 4567", "5561234567", True),
     ("DE123", "DE123", False), ("", "", False)],
)  # fmt: skip
def test_C3_who_is_a_legal_person(text: str, bare: str, legal: bool) -> None:
    assert (organisation_number(text), is_legal_person(text)) == (bare, legal)


def test_amounts_as_swedes_write_them() -> None:
    assert swedish_amount(Decimal("1234.5")) in {"1 234,50 kr", "1\u00a0234,50 kr"}
