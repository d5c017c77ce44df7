"""Neutral records: what moves, in nobody's dialect. They know no system, no database and no rule.

Money is `Decimal` in kronor, quantities are `Decimal`, moments are aware, days are dates. Numbers (customer, project,
article) arrive trimmed (G2). `source_id` is the key that the giving system uses itself.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, Self, TypeVar

from cattrs.errors import BaseValidationError
from cattrs.preconf.json import make_converter

R = TypeVar("R")

_converter = make_converter()
_converter.register_unstructure_hook(Decimal, lambda value: format(value.normalize() + 0, "f"))
_converter.register_structure_hook(Decimal, lambda value, _: Decimal(value))


def dump(record: Any) -> dict[str, Any]:
    """A record as plain JSON values; equal records give equal JSON (1.50 is 1.5)."""
    plain: dict[str, Any] = _converter.unstructure(record)
    return plain


class OutdatedRecord(Exception):
    """The stored values have the shape of an earlier version's record."""


def load(plain: dict[str, Any], record: type[R]) -> R:
    """The record that `dump` wrote.

    Raises:
        OutdatedRecord: it was written when the record had other fields.
    """
    try:
        return _converter.structure(plain, record)
    except BaseValidationError:
        raise OutdatedRecord(record.__name__) from None


def fingerprint(plain: Any) -> str:
    """SHA-256 (hex) of plain JSON values: decides whether something changed (G7)."""
    text = json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer. `company` and `vat_type` are filled in by the flow (C3)."""

    source_id: str
    number: str
    name: str
    organisation_number: str = ""
    email: str = ""
    address: str = ""
    zip_code: str = ""
    city: str = ""
    delivery_address: str = ""
    delivery_zip_code: str = ""
    delivery_city: str = ""
    phone: str = ""
    mobile: str = ""
    comment: str = ""
    active: bool = True
    company: bool = False
    vat_type: str = ""


@dataclass(frozen=True, slots=True)
class Project:
    """A project. `status` (`not_started`, `ongoing`, `completed`) is filled in by the flow (P4)."""

    source_id: str
    number: str
    name: str
    start: date | None = None
    end: date | None = None
    created: date | None = None
    leader: str = ""
    contact: str = ""
    description: str = ""
    active: bool = True
    finished: bool = False
    absence: bool = False
    order: bool = False
    status: str = ""


@dataclass(frozen=True, slots=True)
class Article:
    """Goods or a machine. `kind` is `consumption`, `production` or `machine`."""

    source_id: str
    number: str
    name: str
    kind: str
    unit: str = ""
    price: Decimal | None = None
    active: bool = True


@dataclass(frozen=True, slots=True)
class InvoiceRow:
    """A row of a billing basis as its system gives it. `sum` is what that system says the row is worth, in kronor."""

    code: str
    text: str
    quantity: Decimal
    price: Decimal
    unit: str
    discount: Decimal
    surcharge: Decimal
    sum: Decimal
    project_id: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Invoice:
    """A billing basis. `finalised_at` stands for the moment of finalising (G9)."""

    source_id: str
    draft: bool
    credited: bool
    customer_id: str
    customer_number: str
    customer_name: str
    project_id: str
    period_from: date
    period_to: date
    finalised_at: datetime
    version: int
    title: str
    comment: str
    reference: str
    invoiced_by: str
    serial_number: str
    discount: Decimal
    surcharge: Decimal
    total: Decimal
    rows: tuple[InvoiceRow, ...] = ()


@dataclass(frozen=True, slots=True)
class OutgoingRow:
    """A row as the accounting system shall get it; quantity and price are None for a text row, which books nothing.

    `discount` is percent or, when `discount_is_amount`, kronor of the whole row.
    """

    description: str
    article_number: str = ""
    quantity: Decimal | None = None
    price: Decimal | None = None
    discount: Decimal = Decimal(0)
    discount_is_amount: bool = False
    unit: str = ""
    project_number: str = ""


@dataclass(frozen=True, slots=True)
class OutgoingInvoice:
    """An invoice as the accounting system shall get it. `reference` is ours and unique (I2)."""

    reference: str
    customer_number: str
    project_number: str
    your_reference: str
    our_reference: str
    remarks: str
    serial_number: str
    invoice_date: date | None
    not_completed: bool
    total: Decimal
    rows: tuple[OutgoingRow, ...]


@dataclass(frozen=True, slots=True)
class SupplierInvoiceRow:
    """A booked row. `code` is the accounting system's row type; debit and credit are kronor."""

    number: str
    code: str
    account: str
    description: str
    project_number: str
    cost_center: str
    debit: Decimal
    credit: Decimal
    quantity: Decimal
    reverse_vat: bool = False


@dataclass(frozen=True, slots=True)
class SupplierInvoice:
    """A supplier invoice as the accounting system holds it; money in kronor, negative on a credit note.

    `balance`: what is left to pay, None where that is not known.
    """

    source_id: str
    invoice_number: str
    supplier_number: str
    supplier_name: str
    invoice_date: date
    due_date: date | None
    paid_date: date | None
    total: Decimal
    vat: Decimal
    balance: Decimal | None
    booked: bool
    cancelled: bool
    credit: bool
    payment_pending: bool
    approval_pending: bool
    project_number: str = ""
    cost_center: str = ""
    our_reference: str = ""
    rows: tuple[SupplierInvoiceRow, ...] = ()


@dataclass(frozen=True, slots=True)
class CostLine:
    """One cost of a supplier invoice on one project; `net` and `vat` in kronor."""

    number: str
    description: str
    project_id: str
    net: Decimal
    vat: Decimal


@dataclass(frozen=True, slots=True)
class SupplierCost:
    """A supplier invoice as the project system shall get it.

    `status`: `unbooked`, `booked`, `payment_pending`, `approval_pending`, `paid` or `cancelled`.
    """

    external_number: str
    invoice_number: str
    supplier_number: str
    supplier_name: str
    issue_date: date
    due_date: date
    paid_date: date | None
    status: str
    booked: bool
    cost_center: str
    contact: str
    total: Decimal
    vat: Decimal
    lines: tuple[CostLine, ...]


@dataclass(frozen=True, slots=True)
class SupplierDocument:
    """A file that hangs on a supplier invoice."""

    source_id: str
    external_number: str
    file_id: str
    name: str


@dataclass(frozen=True, slots=True)
class DocumentLink:
    """A document as the project system shall get it: it fetches the bytes from `url` itself (S6)."""

    external_number: str
    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Note:
    """What was made acceptable or is worth a warning (G5, A3): shown on the item, never silent."""

    rule: str
    field: str
    text: str = ""
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Read(Generic[R]):
    """One record that was read, with what its reader wants to remember of it until next time."""

    record: R
    memo: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record that did not have the shape its vendor promises (G8): kept, explained, and the others go on."""

    source_id: str
    label: str
    problems: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """What one request for records gave. `seen` are keys that are still there, and known to be unchanged."""

    reads: tuple[Read[R], ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    seen: tuple[str, ...] = ()

    @classmethod
    def of(cls, results: Iterable[Read[R] | Unreadable | str | None]) -> Self:
        """What came of each object: a record, why there is none, or the key of one that is known to be unchanged."""
        found = list(results)
        return cls(
            reads=tuple(each for each in found if isinstance(each, Read)),
            unreadable=tuple(each for each in found if isinstance(each, Unreadable)),
            seen=tuple(each for each in found if isinstance(each, str)),
        )
