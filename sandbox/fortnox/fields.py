"""The fields of the resources (`fields.txt`), and what a written value must be like."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from sandbox.fortnox import errors
from sandbox.fortnox.errors import FortnoxError

API_BLANK = "API_BLANK"  # note 33: the only way to empty a field
# Note 31, the published list: letters, digits, space, line breaks and these. Everything else is refused with 2000359.
ALLOWED_SIGNS = frozenset(" \r\n`’\\–:.´,;^¤#%§£$€¢¥©™°&/()=+-*_!?²³®½@")

# Beyond these nothing can be added up or dated; the vendor does not publish its own bounds.
LARGEST = Decimal(10) ** 12
YEARS = (1900, 2999)

# What API_BLANK means inside: the field is to be emptied.
BLANK = object()


@dataclass(frozen=True)
class Field:
    """`low` and `high` bound the length of a str or the size of an int; `table` has the fields of an object or list."""

    name: str
    type: str
    low: int | None = None
    high: int | None = None
    allowed: tuple[str, ...] = ()
    table: str = ""
    required: bool = False


def _read() -> dict[str, dict[str, Field]]:
    tables: dict[str, dict[str, Field]] = {}
    current: dict[str, Field] = {}
    for line in Path(__file__).with_name("fields.txt").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            current = tables.setdefault(line.strip("[]"), {})
            continue
        name, kind, *rest = line.split()
        required = "required" in rest
        rest = [part for part in rest if part != "required"]
        low = high = None
        if kind in {"str", "int"} and rest:
            low, high = (int(bound) if bound else None for bound in rest[0].split(".."))
        current[name] = Field(
            name=name,
            type=kind,
            low=low,
            high=high,
            allowed=tuple(rest[0].split("|")) if kind == "enum" else (),
            table=rest[0] if kind in {"object", "list"} else "",
            required=required,
        )
    return tables


TABLES = _read()


def written(table: str, body: Any) -> dict[str, Any]:
    """The changes that a request body asks for, checked: only what is sent, BLANK for what is to be emptied.

    Null and "" mean "leave alone" (note 33) and are not in it.
    """
    if not isinstance(body, dict):
        raise FortnoxError(errors.WRONG_BODY, "Ingen eller felaktig typ av data.")
    fields = TABLES[table]
    changes: dict[str, Any] = {}
    for name, value in body.items():
        if name == "@url":
            continue
        field = fields.get(name)
        if field is None:
            raise FortnoxError(errors.FIELD_NAME, f"Felaktigt fältnamn ({name})")
        if value is None or value == "":
            continue
        if value == API_BLANK:
            if field.required:
                raise FortnoxError(errors.REQUIRED, f"Värdet får inte vara tomt ({name})")
            changes[name] = BLANK
            continue
        changes[name] = _checked(field, value)
    return changes


def require(table: str, stored: dict[str, Any]) -> None:
    """Refuses an object that lacks a required field."""
    for field in TABLES[table].values():
        if field.required and stored.get(field.name) in (None, ""):
            raise FortnoxError(errors.REQUIRED, f"Värdet måste anges ({field.name})")


def applied(stored: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """A copy of what is stored with the changes made: fields not sent stay, BLANK ones vanish."""
    result = dict(stored)
    for name, value in changes.items():
        if value is BLANK:
            result.pop(name, None)
        elif isinstance(value, dict):
            result[name] = applied(result.get(name) or {}, value)
        elif isinstance(value, list):
            result[name] = [applied({}, entry) for entry in value]
        else:
            result[name] = value
    return result


def _checked(field: Field, value: Any) -> Any:
    match field.type:
        case "str":
            return _text(field, value)
        case "enum":
            if value not in field.allowed:
                raise FortnoxError(errors.NOT_ALLOWED_VALUE, f"Värdet är inte tillåtet ({field.name}: {value})")
            return value
        case "date":
            return _date(field, value)
        case "bool":
            if isinstance(value, bool):
                return value
            if value in {"true", "false"}:
                return value == "true"
            raise FortnoxError(errors.NOT_BOOLEAN, f"Värdet måste vara en boolean ({value})")
        case "int" | "num":
            return _number(field, value)
        case "object":
            return written(field.table, value)
        case _:
            if not isinstance(value, list):
                raise FortnoxError(errors.WRONG_BODY, f"Ingen eller felaktig typ av data. ({field.name})")
            return [written(field.table, entry) for entry in value]


def _text(field: Field, value: Any) -> str:
    if isinstance(value, bool | dict | list):
        raise FortnoxError(errors.NOT_ALPHANUMERIC, f"Värdet måste vara alfanumeriskt ({field.name})")
    text = str(value)
    if any(not (sign.isalnum() or sign in ALLOWED_SIGNS) for sign in text):
        raise FortnoxError(errors.CHARACTERS, f"Värdet innehåller ej tillåtna tecken. ({text})")
    if field.high is not None and len(text) > field.high:
        raise FortnoxError(errors.TOO_LONG, f"Värdet får vara högst {field.high} tecken ({field.name})")
    if field.low is not None and len(text) < field.low:
        raise FortnoxError(errors.TOO_LONG, f"Värdet måste vara minst {field.low} tecken ({field.name})")
    return text


def _date(field: Field, value: Any) -> str:
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", str(value)) is None:
            raise ValueError
        day = date.fromisoformat(value)
        if not YEARS[0] <= day.year <= YEARS[1]:
            raise ValueError
        return day.isoformat()
    except ValueError:
        raise FortnoxError(errors.NOT_A_DATE, f"Värdet måste vara ett datum ({field.name}: {value})") from None


def _number(field: Field, value: Any) -> int | float:
    if isinstance(value, bool | dict | list):
        raise FortnoxError(errors.NOT_NUMERIC, f"Värdet måste vara numeriskt ({field.name})")
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise FortnoxError(errors.NOT_NUMERIC, f"Värdet måste vara numeriskt ({value})") from None
    if not number.is_finite() or (field.type == "int" and number != number.to_integral_value()):
        raise FortnoxError(errors.NOT_NUMERIC, f"Värdet måste vara numeriskt ({value})")
    if abs(number) > LARGEST:
        raise FortnoxError(errors.OUT_OF_RANGE, f"Värdet är utanför tillåtet intervall ({field.name}: {value})")
    # Note 33: 0 empties an account or a VAT rate, although 0 is no account.
    outside = (field.low is not None and number < field.low) or (field.high is not None and number > field.high)
    if outside and number != 0:
        raise FortnoxError(errors.OUT_OF_RANGE, f"Värdet är utanför tillåtet intervall ({field.name}: {value})")
    return plain(number)


def plain(number: Decimal) -> int | float:
    """A number as JSON shows it: whole ones without decimals."""
    return int(number) if number == number.to_integral_value() else float(number)


def rendered(table: str, stored: dict[str, Any], empty: str | None) -> dict[str, Any]:
    """All fields of a table as an answer gives them.

    Empty ones are null in the registers and "" in documents, dates and enums among them: the vendor's published
    examples and the public clients know both.
    """
    result: dict[str, Any] = {}
    for name, field in TABLES[table].items():
        value = stored.get(name)
        if field.type == "object":
            result[name] = rendered(field.table, value or {}, empty)
        elif field.type == "list":
            result[name] = [rendered(field.table, entry, empty) for entry in value or []]
        elif value is not None:
            result[name] = value
        elif field.type == "bool":
            result[name] = False
        elif field.type == "num":
            result[name] = 0
        elif field.type == "int":
            result[name] = 0 if field.low == 0 else None
        else:
            result[name] = empty
    return result
