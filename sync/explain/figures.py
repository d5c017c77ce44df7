"""Params as people read them: lists joined, bytes as MB, fields and states by their names on the screen."""

import datetime
import re
from collections.abc import Callable, Mapping
from typing import Any

from django.utils.timezone import localtime

from integration.registry import system_title

MISSING = "–"

# What a cause may begin with that is no system, and what the system is called then.
OURS = {"*", "clock", "connection", "data", "document", "dry_run", "http", "internal", "manual", "preflight", "setup"}
SOME_SYSTEM = ("det andra systemet", "the other system")
FIELDS = {
    "CustomerNumber": ("kundnummer", "customer number"),
    "ProjectNumber": ("projektnummer", "project number"),
    "ArticleNumber": ("artikelnummer", "article number"),
    "OrganisationNumber": ("organisationsnummer", "organisation number"),
    "Name": ("namn", "name"),
    "Description": ("benämning", "description"),
    "Project": ("projektnummer", "project number"),
    "Unit": ("enhet", "unit"),
    "Code": ("kod", "code"),
    "ExternalInvoiceReference1": ("Byggbros referens", "Byggbro's reference"),
}
STATES = {
    "pending": ("ska överföras", "to be sent"),
    "running": ("överförs nu", "being sent"),
    "waiting": ("väntar", "waits"),
    "stopped": ("stoppad", "stopped"),
    "left_out": ("utanför", "left out"),
    "done": ("överförd", "transferred"),
    "absent": ("finns inte", "does not exist"),
    "off": ("flödet är avslaget", "the flow is switched off"),
}
PROBLEMS = {
    "saknas": "is missing",
    "ska vara text": "must be text",
    "ska vara ett heltal": "must be a whole number",
    "ska vara ett tal": "must be a number",
    "är ett orimligt tal": "is an unreasonable number",
    "ska vara ja eller nej": "must be yes or no",
    "ska vara ett datum": "must be a date",
    "ska vara en lista": "must be a list",
    "ska vara ett objekt": "must be an object",
}
WORDS = {"kund": "customer", "projekt": "project", "artikel": "article", "artikelregistret": "the article register",
         "faktura": "invoice", "leverantörsfaktura": "supplier invoice", "dokument": "document", "post": "item",
         "med id": "with id", "Rad": "Row", "kod": "code"}  # fmt: skip
_STATE = re.compile(r"\((" + "|".join(STATES) + r")(?:, ([^()]+))?\)$")
_ID = re.compile(r" \(id [^()]+\)$")  # stands among the details
_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_FIGURE = re.compile(r"\{(\w+)\}")
_SIZES = {"size", "largest"}


class Figures(dict[str, str]):
    """A param as people read it, by its name; a dash where there is none."""

    def __init__(self, cause: str, params: Mapping[str, Any], language: str, title_of: Callable[[str], str]) -> None:
        super().__init__()
        self._cause = cause
        self._params = params
        self._swedish = language == "sv"
        self._title_of = title_of

    def fill(self, text: str) -> str:
        """The text with its figures. Of `[a {x}|b {y}|c]` the first is told whose figures are all known, or nothing."""

        def told(choice: re.Match[str]) -> str:
            ways = choice[1].split("|")
            return next((way for way in ways if all(self._known(name) for name in _FIGURE.findall(way))), "")

        filled = _CHOICE.sub(told, text).format_map(self)
        return filled[:1].upper() + filled[1:] if filled.startswith(SOME_SYSTEM) else filled

    def _known(self, name: str) -> bool:
        return self[name] not in {MISSING, *SOME_SYSTEM}

    def __missing__(self, name: str) -> str:
        value = self._params.get(name)
        if name == "system":
            key = str(value or self._cause.partition(".")[0])
            shown = SOME_SYSTEM[0 if self._swedish else 1] if key in OURS else system_title(key)
        elif name == "code" and not value:
            shown = self._cause or MISSING
        elif value in (None, "", [], {}):
            shown = MISSING
        elif name in _SIZES and isinstance(value, int):
            text = f"{value / 1024 / 1024:.1f} MB"
            shown = text.replace(".", ",") if self._swedish else text
        elif name == "since":
            shown = f"{localtime(datetime.datetime.fromisoformat(str(value))):%Y-%m-%d %H:%M}"
        elif name == "why":
            shown = self._title_of(str(value))
        else:
            shown = self._field(str(value)) if name == "field" else self._text(value)
        return shown

    def _text(self, value: Any) -> str:
        if isinstance(value, Mapping):
            return "; ".join(f"{self._words(str(key))}: {self._problem(str(each))}" for key, each in value.items())
        if isinstance(value, list | tuple):
            return ", ".join(self._named(str(each)) for each in value)
        return str(value)

    def _field(self, name: str) -> str:
        """`Rad 2, ArticleNumber` → "Rad 2, artikelnummer"."""
        row, _, field = name.rpartition(", ")
        swedish, english = FIELDS.get(field, (field, field))
        shown = swedish if self._swedish else english
        return f"{self._words(row)}, {shown}" if row else shown

    def _named(self, name: str) -> str:
        """An item that is waited for: `projekt P7 Badhuset (stopped, P2)` with state and cause in words."""

        def shown(match: re.Match[str]) -> str:
            state = STATES[match[1]][0 if self._swedish else 1]
            return f"({state}: {self._title_of(match[2])})" if match[2] else f"({state})"

        return self._words(_STATE.sub(shown, _ID.sub("", name)))

    def _words(self, text: str) -> str:
        if self._swedish:
            return text
        return re.sub(r"^\w+|\bmed id\b|\(kod\b", lambda match: _english(match[0]), text)

    def _problem(self, text: str) -> str:
        if self._swedish:
            return text
        return "; ".join(PROBLEMS.get(each, each) for each in text.split("; "))


def _english(word: str) -> str:
    bare = word.lstrip("(")
    return word.replace(bare, WORDS.get(bare, bare))
