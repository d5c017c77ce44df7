"""The shape of an explanation's data."""

from dataclasses import dataclass
from typing import Literal

Who = Literal["bookkeeper", "site", "operator", ""]


@dataclass(frozen=True, slots=True)
class Text:
    """One language. `{name}` stands for the param of that name; `to_do` holds one step per line.

    `[a {x}|b]`: what is told with a param and without; `[ {x}]`: what is told with it only (`Figures.fill`).
    """

    title: str
    what: str
    to_do: str


@dataclass(frozen=True, slots=True)
class Cause:
    """A cause in both languages.

    `rule`: the rule behind a vendor's code; a rule's own causes carry it in their key. `awaited`: whose turn it is once
    something else waits for what needed no hand for its own sake.
    """

    who: Who
    sv: Text
    en: Text
    rule: str = ""
    awaited: Who = ""


def cause(who: Who, sv: tuple[str, str, str], en: tuple[str, str, str], rule: str = "", *, awaited: Who = "") -> Cause:
    """A row of the tables: title, what happened, what to do, in Swedish and in English."""
    return Cause(who, Text(*sv), Text(*en), rule, awaited)
