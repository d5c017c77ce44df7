"""The border: vendor JSON becomes Python values, or a list of problems that a user understands (G8).

Fields are strict about what a vendor's document promises and lenient where vendors are known to be: a null where text
is promised is empty text, an unknown field is ignored. A record that cannot be read never stops the others of its page.
"""

import datetime
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, TypeVar

import simplejson
from marshmallow import EXCLUDE, Schema, ValidationError, fields, missing

from integration.mapping import from_swedish, number
from integration.records import Read, Unreadable, fingerprint

T = TypeVar("T")

LARGEST_AMOUNT = Decimal(10) ** 15
SMALLEST_EXPONENT = -100  # what doubles leave where a difference should be nothing is far larger
MOST_DIGITS = 28  # with which Python's decimals reckon
YEARS = range(1900, 2200)  # of dates that mean something; beyond them a time zone may lead out of the calendar
LONGEST_NUMBER = 120  # what an item keeps of one
LONGEST_KEY = 50  # of a vendor's keys; both give numbers or UUIDs
_MISSING: dict[str, Any] = {"required": "saknas", "null": "saknas"}


class Shape(Schema):
    """Base of every schema: unknown fields are left out, known ones are held to their type."""

    class Meta:
        unknown = EXCLUDE


class _Labelled(fields.Field[T]):
    """A field with the name it has on the vendor's screen, for messages."""

    default_error_messages = _MISSING

    def __init__(self, key: str, label: str = "", **kwargs: Any) -> None:
        super().__init__(data_key=key, metadata={"label": label or key}, **kwargs)


class Text(_Labelled[str]):
    """Text; null and absent are empty. Characters that no database takes (NUL, half surrogates) are dropped."""

    def __init__(self, key: str, label: str = "", **kwargs: Any) -> None:
        super().__init__(key, label, **{"load_default": "", **kwargs})

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        return super().deserialize("" if value is None else value, attr, data, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError("ska vara text")
        return storable(value)


class Number(Text):
    """G2: a number that people use as a key: text without white space at its ends."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        loaded = number(super()._deserialize(value, attr, data, **kwargs))
        if len(loaded) > LONGEST_NUMBER:
            raise ValidationError("är för lång")
        return loaded


class Key(_Labelled[str]):
    """A key of the vendor's own, whole number or text, as text. Null is empty where `optional`."""

    def __init__(self, key: str, label: str = "", *, optional: bool = False) -> None:
        extra: dict[str, Any] = {"load_default": "", "allow_none": True} if optional else {"required": True}
        super().__init__(key, label, **extra)

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        loaded = super().deserialize(value, attr, data, **kwargs)
        return "" if loaded is None else loaded

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise ValidationError("ska vara ett heltal")
        text = number(str(value))
        text = storable(text)
        if not text and self.required:
            raise ValidationError("saknas")
        if len(text) > LONGEST_KEY:
            raise ValidationError("är för lång")
        return text


class Amount(_Labelled[Decimal]):
    """Kronor or a quantity, from a JSON number or from text; exact (G6). Null is `load_default` where that is given."""

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        if value in (None, "") and self.load_default is not missing:
            return self.load_default
        return super().deserialize(value, attr, data, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
            raise ValidationError("ska vara ett tal")
        try:
            amount = Decimal(value.strip() if isinstance(value, str) else value)
        except ArithmeticError:
            raise ValidationError("ska vara ett tal") from None
        if not plausible(amount):
            raise ValidationError("är ett orimligt tal")
        return amount


class Count(_Labelled[int]):
    """A whole number; null is `load_default` where that is given."""

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        if value is None and self.load_default is not missing:
            return self.load_default
        return super().deserialize(value, attr, data, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        whole = isinstance(value, int) or (isinstance(value, Decimal) and plausible(value) and value == int(value))
        if isinstance(value, bool) or not whole:
            raise ValidationError("ska vara ett heltal")
        return int(value)


class Flag(_Labelled[bool]):
    """True or false; null is `load_default` where that is given."""

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        if value is None and self.load_default is not missing:
            return self.load_default
        return super().deserialize(value, attr, data, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("ska vara ja eller nej")
        return value


class Moment(_Labelled[datetime.datetime]):
    """A date-time; without a zone it is Swedish local time (G7). Null, "" and .NET's year 1 are None."""

    def __init__(self, key: str, label: str = "", *, optional: bool = False) -> None:
        extra: dict[str, Any] = {"load_default": None, "allow_none": True} if optional else {"required": True}
        super().__init__(key, label, **extra)

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        # An empty date is no date; the year 1 is how .NET writes one that was never set.
        empty = value == "" or (isinstance(value, str) and value.startswith("0001-"))
        return super().deserialize(None if empty else value, attr, data, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime.datetime:
        try:
            moment = from_swedish(value)
        except (TypeError, ValueError):
            raise ValidationError("ska vara ett datum") from None
        if moment.year not in YEARS:
            raise ValidationError("är ett orimligt datum")
        return moment


class Day(Moment):
    """A date, or the Swedish date of a date-time."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return super()._deserialize(value, attr, data, **kwargs).date()


class Rows(fields.List):  # type: ignore[type-arg]
    """A list of nested shapes; null is an empty list."""

    default_error_messages = {**_MISSING, "invalid": "ska vara en lista"}

    def __init__(self, key: str, shape: type[Shape], label: str = "Rad") -> None:
        nested = fields.Nested(shape, error_messages={**_MISSING, "type": "ska vara ett objekt"})
        super().__init__(nested, data_key=key, metadata={"label": label}, load_default=list)

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        return super().deserialize([] if value is None else value, attr, data, **kwargs)


def plausible(amount: Decimal) -> bool:
    """Whether an amount can be one, and be kept to its last digit; compared exactly, whatever its exponent."""
    if not amount.is_finite() or not -LARGEST_AMOUNT < amount < LARGEST_AMOUNT:
        return False
    return not amount or (amount.adjusted() > SMALLEST_EXPONENT and len(amount.as_tuple().digits) <= MOST_DIGITS)


def amount_of(value: Any) -> Decimal | None:
    """A number of an answer that is no record; None for what is none."""
    try:
        amount = Decimal(value) if isinstance(value, int | str | Decimal) and not isinstance(value, bool) else None
    except ArithmeticError:
        return None
    return amount if amount is not None and plausible(amount) else None


def storable(text: str) -> str:
    """Text that a database and UTF-8 can hold."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def load(schema: Shape, raw: Any, build: Callable[[dict[str, Any]], T], *, key: str, label: str) -> T | Unreadable:
    """A record from the vendor's JSON, or what is wrong with it.

    Args:
        schema: the shape to hold it to.
        raw: one element of the vendor's list.
        build: makes the record of the loaded values; a `ValidationError` of its own names fields as `schema` does.
        key, label: vendor fields that identify the object and that name it for a person, for `Unreadable`.
    """
    try:
        return build(schema.load(raw))
    except ValidationError as error:
        found = raw if isinstance(raw, Mapping) else {}
        source_id = _as_key(found.get(key))
        if not source_id:
            source_id = "?" + fingerprint(simplejson.dumps(raw, use_decimal=True, sort_keys=True))[:16]
        title = found.get(label)
        return Unreadable(
            source_id,
            storable(title.strip()) if isinstance(title, str) else "",
            dict(_problems(schema, error.messages)),
        )


def _as_key(value: Any) -> str:
    """A vendor's key as text; empty where it can be none."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return ""
    text = storable(str(value)).strip()
    return text if len(text) <= LONGEST_KEY else ""


def read(
    schema: Shape, raw: Any, build: Callable[[dict[str, Any]], T], *, key: str, label: str
) -> Read[T] | Unreadable:
    """As `load`, wrapped as what a page holds."""
    loaded = load(schema, raw, build, key=key, label=label)
    return loaded if isinstance(loaded, Unreadable) else Read(loaded)


def _problems(schema: Schema, messages: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Field → message in words: {"Rad 3, Pris": "ska vara ett tal"}."""
    labels = {each.data_key: each for each in schema.fields.values()}
    for key, found in messages.items():
        field = labels.get(key)
        label = prefix + field.metadata["label"] if field else prefix.rstrip(", ") or "Posten"
        if isinstance(field, Rows) and isinstance(found, dict):
            shape = field.inner.schema  # type: ignore[attr-defined]
            for index, each in found.items():
                row = f"{label} {index + 1}"
                if isinstance(each, dict):
                    yield from _problems(shape, each, row + ", ")
                else:
                    yield row, "; ".join(each)
        elif isinstance(field, fields.Nested) and isinstance(found, dict):
            yield from _problems(field.schema, found, label + ", ")
        else:
            yield label, "; ".join(found) if field else "ska vara ett objekt"
