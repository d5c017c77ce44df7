"""The input bodies of SmartDok's API: which fields, which types, which lengths.

The tables are the input schemas of the vendor's OpenAPI document (version "v1"), shortened to one field per line so
that the twin runs where that document is not at hand: `Name! type(max)?` with `!` = must be there, `!!` = must not be
empty either, `?` = may be null. Unknown fields are let through and forgotten: the vendor advises to send them back as
they are.
"""

import datetime as dt
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.smartdok.errors import Malformed, Refused

Body = dict[str, Any]


@dataclass(frozen=True)
class Field:
    """One property of an input body. `kind` is a JSON type, a .NET type (`date`, `datetime`, `uuid`), a list or a
    table."""

    name: str
    kind: str
    required: bool
    filled: bool
    nullable: bool
    longest: int | None


_LINE = re.compile(r"(\w+)(!{0,2}) (\[?\w+\]?)(?:\((\d+)\))?(\?)?")


def _table(text: str) -> tuple[Field, ...]:
    fields = []
    for line in text.strip().splitlines():
        match = _LINE.fullmatch(line.strip())
        assert match, line
        name, marks, kind, longest, nullable = match.groups()
        fields.append(Field(name, kind, bool(marks), marks == "!!", bool(nullable), int(longest) if longest else None))
    return tuple(fields)


TABLES: dict[str, tuple[Field, ...]] = {
    "Authorize": _table("""
        Token string"""),
    "Customer": _table("""
        CustomerName!! string(250)
        CustomerNumber string(50)?
        OrganizationNumber string(50)?
        Email string(50)?
        Address string(100)?
        ZipCode string(50)?
        City string(50)?
        AlternativeAddress string(100)?
        AlternativeZipCode string(50)?
        AlternativeCity string(50)?
        MobileNumber string(50)?
        PhoneNumber string(50)?
        Comment string?
        IsActive! boolean"""),
    "Department": _table("""
        Number!! string(10)
        Name!! string(50)
        IsActive! boolean"""),
    "GeoLocation": _table("""
        Lat number
        Lon number"""),
    "Project": _table("""
        ProjectName!! string(70)
        ProjectNumber!! string(20)
        DescriptionText string(600)?
        Location string(50)?
        CustomerId integer?
        StartDate datetime?
        EndDate datetime?
        Departments [integer]?
        ActivityIds [integer]?
        ProjectOwnerName string(50)?
        ProjectOwnerEmail string(200)?
        ProjectOwnerMobile string(20)?
        ClientCompanyName string(50)?
        ClientCompanyContact string(50)?
        ClientCompanyEmail string(200)?
        ClientCompanyMobile string(20)?
        DocumentUrl string?
        CalculatedTimeConsumption integer?
        HourlyRate number
        InternalCostPerHour number
        UserIds [uuid]?
        IsActive! boolean
        IsAbsenceProject boolean
        Finished boolean
        ToBeInvoiced boolean
        GeoLocation GeoLocation?
        InvoiceCalculationNote string(50)?
        OrderTypeId integer?
        HSEResponsibleId uuid?
        QAResponsibleId uuid?
        ExternalReference string(100)?"""),
    "SubProject": _table("""
        SubProjectName!! string(70)
        SubProjectNumber!! string(50)
        IsActive boolean?
        StartDate datetime?
        EndDate datetime?
        DescriptionText string(300)?
        ClientCompanyName string(50)?
        DocumentUrl string?
        CalculatedHourUse number
        Location string(50)?
        GeoLocation GeoLocation?
        InvoiceCalculationNote string(50)?
        HSEResponsibleId uuid?
        QAResponsibleId uuid?"""),
    "Goods": _table("""
        Name!! string(100)
        Number string(20)?
        Amount number
        Price number
        InternalCost number?
        UnitId integer
        CategoryId integer
        IsProduction! boolean
        IsActive! boolean
        Barcodes [string]?"""),
    "GoodsCategory": _table("""
        Name!! string(50)
        IsProduction! boolean
        IsActive! boolean"""),
    "GoodsConsumption": _table("""
        ProjectId! integer
        GoodsId! integer
        Amount! number
        SubProject integer?
        Comment string(600)?
        Date! datetime
        Expence boolean?
        Deviation boolean?
        Alteration boolean?
        DccNumber string(50)?
        FlowId integer?
        LocationId integer?
        UserId uuid?"""),
    "MachineCategory": _table("""
        Name!! string(100)
        Comment string?
        IsActive! boolean"""),
    "Machine": _table("""
        InternalNumber string(50)?
        Name string(50)?
        RegistrationNumber string(50)?
        Description string(100)?
        HoursUsed integer
        MilageKm integer
        ModelYear integer
        Location string(150)?
        LocationDateTime datetime?
        DateAcquired datetime?
        ResponsibleUser1 uuid?
        ResponsibleUser2 uuid?
        Comment string(250)?
        PricePerHour number?
        SerialNumber string(100)?
        CategoryId integer?
        InternalCost number?
        Code string(50)?
        HideInTransportation boolean
        MaxTons number
        MaxM3 number
        IsActive! boolean
        Trailer boolean
        ShowInRegistrations boolean?
        DepartmentIds [integer]?
        DocumentCenterId uuid?"""),
    "SupplierInvoice": _table("""
        InvoiceNumber string?
        ExternalInvoiceNumber!! string
        InvoiceStatus InvoiceStatus
        BookingStatus BookingStatus
        IssueDate date
        DueDate date
        FullyPaidDate date?
        BaseCurrency!! string
        InvoiceCurrency!! string
        ConversionRate number
        CostCenter! string
        ContactInReceiverCompany string?
        Freight number
        TotalIncludingVat number
        Vat number
        SupplierNumber string?
        SupplierName!! string
        ModifiedByName string?
        ModifiedByEmail string?
        Lines [SupplierInvoiceLine]"""),
    "SupplierInvoiceLine": _table("""
        Id uuid?
        ExternalInvoiceLineNumber!! string
        ProjectId integer?
        SubProjectId integer?
        ItemDescription! string
        ItemCount number
        PricePerUnit number
        DiscountPercentage number?
        Vat number
        AmountIncludingVat number"""),
    "SupplierInvoiceDocument": _table("""
        DocumentName string
        DocumentDownloadUrl string"""),
    "Subscribe": _table("""
        Topic!! Topic
        Callback!! string"""),
}

ENUMS: dict[str, tuple[str, ...]] = {
    "InvoiceStatus": ("Unbooked", "PaymentPending", "AuthorizePending", "Paid", "Cancelled", "NotSet"),
    "BookingStatus": ("Booked", "NotBooked", "NotSet"),
    "Topic": ("SupplierInvoiceUpdated",),
}

# What .NET puts in place of a value that the body leaves out. A missing status reads as "NotSet".
_ZERO: dict[str, Any] = {
    "string": "",
    "integer": 0,
    "number": 0.0,
    "boolean": False,
    "date": "0001-01-01",
    "datetime": "0001-01-01T00:00:00",
    "uuid": "00000000-0000-0000-0000-000000000000",
    "InvoiceStatus": "NotSet",
    "BookingStatus": "NotSet",
}
_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "date": str,
    "datetime": str,
    "uuid": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
}


def _plain_date(text: str) -> dt.date:
    """Only `YYYY-MM-DD`; Python would take week dates and dates without hyphens too."""
    day = dt.date.fromisoformat(text)
    if day.isoformat() != text:
        raise ValueError(text)
    return day


_PARSERS: dict[str, Callable[[str], object]] = {
    "date": _plain_date,
    "datetime": dt.datetime.fromisoformat,
    "uuid": uuid.UUID,
}


def check(table: str, body: Any) -> Body:
    """The body with every field of the table, absent ones at their zero value.

    Raises `Malformed` for what does not fit the types (the deserializer answers) and `Refused` for what fits but is not
    allowed: missing, empty, too long, not in the enumeration (the vendor's SaveError).
    """
    if not isinstance(body, dict):
        raise Malformed({"$": ["A JSON object is expected."]})
    return {field.name: _value(field, field.name, body.get(field.name)) for field in TABLES[table]}


def _value(field: Field, path: str, value: Any) -> Any:
    if value is None:
        if field.required:
            raise Refused.missing(field.name)
        return None if field.nullable else _zero(field.kind)
    if field.kind.startswith("["):
        if not isinstance(value, list):
            raise Malformed({path: ["The JSON value could not be converted to a list."]})
        inner = Field(field.name, field.kind[1:-1], True, False, False, None)
        return [_value(inner, f"{path}[{index}]", item) for index, item in enumerate(value)]
    if field.kind in TABLES:
        if not isinstance(value, dict):
            raise Malformed({path: ["The JSON value could not be converted to an object."]})
        return {
            inner.name: _value(inner, f"{path}.{inner.name}", value.get(inner.name)) for inner in TABLES[field.kind]
        }
    if field.kind in ENUMS:
        if value not in ENUMS[field.kind]:
            raise Refused.not_allowed(field.name, value)
        return value
    _require_type(field.kind, path, value)
    if isinstance(value, str):
        if field.filled and not value.strip():
            raise Refused.missing(field.name)
        if field.longest is not None and len(value) > field.longest:
            raise Refused.too_long(field.name, field.longest)
    return value


def _require_type(kind: str, path: str, value: Any) -> None:
    fits = isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))
    if fits and kind in _PARSERS:
        try:
            _PARSERS[kind](value)
        except ValueError:
            fits = False
    if not fits:
        raise Malformed({path: [f"The JSON value could not be converted to {kind}."]})


def _zero(kind: str) -> Any:
    return [] if kind.startswith("[") else _ZERO.get(kind)
