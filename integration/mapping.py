"""Pure helpers of every mapping: numbers (G2), text (G5), money (G6), clocks (G7), organisation numbers (C3)."""

import datetime
import re
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from integration.records import Note

SWEDEN = ZoneInfo("Europe/Stockholm")
ORE = Decimal("0.01")


def number(text: str | None) -> str:
    """G2: a number as it is compared: white space at both ends is not part of it; nothing else is touched."""
    return (text or "").strip()


def ore(amount: Decimal) -> Decimal:
    """G6: kronor rounded to the öre, halves away from zero as in Swedish bookkeeping."""
    return amount.quantize(ORE, ROUND_HALF_UP)


def spread(total: Decimal, weights: list[Decimal]) -> list[Decimal]:
    """Split `total` (kronor) by `weights` to the öre so that the parts add up to it exactly (S4).

    Each part is the rounded growth of the running share, so no part is more than an öre off.
    Weights that add up to nothing share by count.
    """
    if not weights:
        return []
    whole = sum(weights)
    if not whole:
        weights, whole = [Decimal(1)] * len(weights), Decimal(len(weights))
    parts, before, running = [], Decimal(0), Decimal(0)
    for weight in weights:
        running += weight
        now = ore(total * running / whole)
        parts.append(now - before)
        before = now
    return parts


def cut(text: str, limit: int) -> str:
    """G5: at most `limit` characters, cut at a word where that keeps at least half."""
    if len(text) <= limit:
        return text
    head = text[: limit + 1]
    at_word = head.rsplit(" ", 1)[0] if " " in head else ""
    return (at_word if len(at_word) * 2 >= limit else text[:limit]).rstrip()


class Charset:
    """The characters a system accepts, and what stands in for others (G5).

    Args:
        extra: accepted besides letters, digits, space and line breaks.
        replacements: what is written in place of a character outside the set; anything else outside it is dropped.
    """

    def __init__(self, extra: str, replacements: dict[str, str]) -> None:
        self._extra = set(extra)
        self._replacements = replacements

    def accepts(self, char: str) -> bool:
        """Letters of any alphabet, the ten digits, space, line break and the published extras."""
        return char.isalpha() or char in "0123456789 \n\r" or char in self._extra

    def made_acceptable(self, text: str) -> str:
        """The text with every character replaced or dropped that is not accepted."""
        return "".join(char if self.accepts(char) else self._replacements.get(char, "") for char in text)


def fit(text: str, *, limit: int, charset: Charset, field: str) -> tuple[str, list[Note]]:
    """G5: the text made acceptable and short enough, with a note for everything that was changed."""
    notes = []
    clean = charset.made_acceptable(text).strip()
    if clean != text.strip():
        notes.append(Note("G5", field, "characters", text.strip(), clean))
    short = cut(clean, limit)
    if short != clean:
        notes.append(Note("G5", field, "length", clean, short))
    return short, notes


def from_swedish(text: str) -> datetime.datetime:
    """G7: a date-time without a zone is Swedish local time; one with a zone is believed.

    The hour that occurs twice in autumn is read as its first occurrence: earlier is the safe side of an overlap.
    """
    moment = datetime.datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=SWEDEN)


def wall_clock(moment: datetime.datetime, now: datetime.datetime) -> datetime.datetime:
    """G7: the earliest reading that a Swedish wall clock shows between `moment` and `now`, without a zone.

    In autumn the clock goes back at 03:00 to 02:00: whoever asks for changes "since 02:40" would miss those stamped
    02:10 half an hour later. On all other days this is simply the local time of `moment`.
    """
    local = moment.astimezone(SWEDEN)
    reading = local.replace(tzinfo=None)
    # Only who asks within the hour before the clock goes back can have a later reading than those who follow.
    later = min(now, moment + datetime.timedelta(hours=1)).astimezone(SWEDEN)
    if later.utcoffset() < local.utcoffset():  # type: ignore[operator]
        return min(reading, later.replace(minute=0, second=0, microsecond=0, tzinfo=None, fold=0))
    return reading


_ORGANISATION_NUMBER = re.compile(r"^(?:16)?(\d{6})-?(\d{4})$")


def organisation_number(text: str) -> str:
    """Ten digits of a Swedish organisation or personal number, or the text itself where it is none."""
    bare = text.strip().replace(" ", "")
    match = _ORGANISATION_NUMBER.match(bare) or re.match(r"^(?:19|20)(\d{6})-?(\d{4})$", bare)
    return match[1] + match[2] if match else bare


def is_legal_person(text: str) -> bool:
    """C3: whether it is the organisation number of a legal person: ten digits whose third is at least 2.

    Source: Skatteverket, organisationsnummer: the middle pair ("month") is never below 20 for a legal person.
    """
    match = _ORGANISATION_NUMBER.match(text.strip().replace(" ", ""))
    return match is not None and int(match[1][2]) >= 2


def swedish_amount(amount: Decimal) -> str:
    """1234.5 → "1 234,50 kr"."""
    return f"{ore(amount):,.2f} kr".replace(",", " ").replace(".", ",")
