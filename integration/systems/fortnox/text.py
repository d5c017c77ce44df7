"""Text as Fortnox takes it (G5): published characters, published lengths, what stands in for the rest."""

import html
import unicodedata
from dataclasses import dataclass, field
from typing import Any

from integration.errors import InvalidRecord
from integration.mapping import Charset, fit
from integration.records import Note

# Vendor's page "Formats and encoding" (note 31), besides letters, digits, space and line breaks. U+0308 and U+030A are
# in it, as are no-break spaces, which we do not send: they look like spaces and compare like something else.
SIGNS = "`’\\–:.´,;^¤#%§£$€¢¥©™°&/()=+-*_!?²³®½@\u0308\u030a"
INCH = "”"  # G5 asks for it, the published set lacks it: see `without_inch`

_SAME_LOOK = {
    INCH: '"“„‟«»″‶〃＂',
    "’": "'‘‚‛′‵ʼ＇",
    "–": "—―‒−→⟶",
    "-": "‐‑~∼≈",
    "(": "<[{‹≤",
    ")": ">]}›≥",
    "/": "|¦÷⁄∕",
    " ": "\t\v\f\u00a0\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000",
    "*": "•·●▪‣∙",
    "x": "×",
    "Ø": "⌀∅",
    "...": "…",
    "+-": "±",
    "1/4": "¼",
    "3/4": "¾",
    "1/3": "⅓",
    "2/3": "⅔",
    "1/8": "⅛",
    "3/8": "⅜",
    "5/8": "⅝",
    "7/8": "⅞",
    " promille": "‰",
    "\n": "\u2028\u2029\x85",
}
CHARSET = Charset(SIGNS + INCH, {char: to for to, chars in _SAME_LOOK.items() for char in chars})


@dataclass
class Texts:
    """Fits the texts of one record and keeps the notes of what was changed."""

    notes: list[Note] = field(default_factory=list)

    def fit(self, name: str, text: str, limit: int) -> str:
        """The text made acceptable and short enough."""
        short, notes = fit(unicodedata.normalize("NFC", text), limit=limit, charset=CHARSET, field=name)
        self.notes += notes
        return short

    def whole(self, name: str, text: str, limit: int) -> str:
        """For a text that means something else once it is altered, such as an address: as it is, or left out."""
        wanted = unicodedata.normalize("NFC", text).strip()
        if len(wanted) <= limit and all(CHARSET.accepts(char) for char in wanted):
            return wanted
        self.notes.append(Note("G5", name, "refused", wanted))
        return ""

    def required(self, name: str, text: str, limit: int) -> str:
        """As `fit`, for a field that may not be empty.

        Raises:
            InvalidRecord: nothing is left to send.
        """
        short = self.fit(name, text, limit)
        if not short:
            raise InvalidRecord("G5", field=name, problem="empty", value=text[:200])
        return short


def unaltered(name: str, number: str, limit: int) -> str:
    """G5: a number is sent as it is or not at all.

    Raises:
        InvalidRecord: Fortnox does not take it; the params name field, value and problem.
    """
    if not number:
        raise InvalidRecord("G5", field=name, problem="empty", value="")
    refused = sorted({char for char in number if not CHARSET.accepts(char) or char in INCH + "\r\n"})
    if refused:
        raise InvalidRecord("G5", field=name, problem="characters", value=number, characters=" ".join(refused))
    if number in {".", ".."}:
        raise InvalidRecord("G5", field=name, problem="characters", value=number, characters=number)  # no URL holds it
    if len(number) > limit:
        raise InvalidRecord("G5", field=name, problem="length", value=number, limit=limit)
    return number


def without_inch(value: Any) -> Any:
    """A body with `”` as two `’`, which the published set has: for a Fortnox that refuses the first."""
    if isinstance(value, str):
        return value.replace(INCH, "’’")
    if isinstance(value, dict):
        return {key: without_inch(each) for key, each in value.items()}
    return [without_inch(each) for each in value] if isinstance(value, list) else value


def as_sent(value: Any) -> str:
    """Text of an answer as we would have sent it: entities may come back (note 32), null is empty."""
    return "" if value is None else html.unescape(str(value))
