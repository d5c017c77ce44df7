"""I7: what Discount and Surcharge of a SmartDok row mean is read off its `Sum`, since the vendor does not say.

The reading that reproduces the sum is used; if none does, a person gets both figures. How it is then said to Fortnox
is a second question: Fortnox computes quantity × price − discount itself, and must come to the same öre.
"""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from integration.errors import InvalidRecord
from integration.mapping import ore, swedish_amount
from integration.records import Invoice, InvoiceRow, OutgoingRow

HUNDRED = Decimal(100)
ONE = Decimal(1)
NOTHING = Decimal(0)


def readings(gross: Decimal, discount: Decimal, surcharge: Decimal) -> Iterator[tuple[str, Decimal]]:
    """Every meaning that discount and surcharge may have for an amount in kronor, with what it comes to."""
    yield "percent", gross * (ONE - discount / HUNDRED) * (ONE + surcharge / HUNDRED)
    yield "percent", gross * (ONE + (surcharge - discount) / HUNDRED)
    yield "amount", gross - discount + surcharge
    yield "percent, amount", gross * (ONE - discount / HUNDRED) + surcharge
    yield "amount, percent", (gross - discount) * (ONE + surcharge / HUNDRED)


def reading_of(gross: Decimal, discount: Decimal, surcharge: Decimal, result: Decimal) -> tuple[str, Decimal] | None:
    """Which meaning gives the result to the öre, and what it comes to exactly; None when none does."""
    for name, value in readings(gross, discount, surcharge):
        if ore(value) == ore(result):
            return name, value
    return None


def row_as_sent(row: InvoiceRow, plain: OutgoingRow, position: int) -> list[OutgoingRow]:
    """The row, so that Fortnox comes to `row.sum` (kronor); a surcharge that no price can say gets a row of its own.

    Raises:
        InvalidRecord: no reading gives the sum; both figures are named.
    """
    gross = row.quantity * row.price
    found = reading_of(gross, row.discount, row.surcharge, row.sum)
    if found is None:
        raise InvalidRecord(
            "I7.row", row=position, text=plain.description[:60], computed=swedish_amount(gross),
            discount=f"{row.discount:f}", surcharge=f"{row.surcharge:f}", sum=swedish_amount(row.sum),
        )  # fmt: skip
    if not row.surcharge and found[0].startswith("percent"):
        said = replace(plain, discount=row.discount)
    elif not row.surcharge:
        said = replace(plain, discount=row.discount, discount_is_amount=True)
    else:
        price = row.sum / row.quantity if row.quantity else row.price
        said = replace(plain, price=price if price == round(price, 4) else ore(price))
    return exactly(said, ore(row.sum))


def exactly(row: OutgoingRow, wanted: Decimal) -> list[OutgoingRow]:
    """The row with, where rounding or a surcharge leaves a difference, a second one that makes up for it."""
    if worth(row) == wanted:
        return [row]
    difference = wanted - worth(replace(row, discount=NOTHING))
    if difference < 0 < worth(replace(row, discount=NOTHING)):
        return [replace(row, discount=-difference, discount_is_amount=True)]
    extra = OutgoingRow(
        description=f"Påslag: {row.description}", article_number=row.article_number, quantity=ONE, price=difference,
        project_number=row.project_number,
    )  # fmt: skip
    return [replace(row, discount=NOTHING, discount_is_amount=False), extra]


def worth(row: OutgoingRow) -> Decimal:
    """What Fortnox makes of a row, in kronor: quantity × price less the discount, rounded to the öre."""
    if row.quantity is None or row.price is None:
        return NOTHING
    gross = row.quantity * row.price
    off = row.discount if row.discount_is_amount else gross * row.discount / HUNDRED
    return ore(gross - off)


def sum_behind(record: Invoice) -> Decimal:
    """The rows' sum in kronor with its fractions of an öre, of which the total was made: the sums that the rows bear,
    or what they were rounded from.

    Raises:
        InvalidRecord: neither gives the invoice's total; both figures are named.
    """
    given = sum((row.sum for row in record.rows), NOTHING)
    for exact in (given, sum(map(_unrounded, record.rows), NOTHING)):
        if reading_of(exact, record.discount, record.surcharge, record.total):
            return exact
    rows, total = swedish_amount(sum((ore(row.sum) for row in record.rows), NOTHING)), swedish_amount(record.total)
    if not record.discount and not record.surcharge:
        raise InvalidRecord("I7.total", rows=rows, total=total)
    raise InvalidRecord(
        "I7.invoice", rows=rows, discount=f"{record.discount:f}", surcharge=f"{record.surcharge:f}", total=total
    )


def _unrounded(row: InvoiceRow) -> Decimal:
    found = reading_of(row.quantity * row.price, row.discount, row.surcharge, row.sum)
    return found[1] if found else row.sum


def whole_invoice_row(record: Invoice, rows: Decimal) -> OutgoingRow | None:
    """I7: discount and surcharge on the whole invoice, as a row of its own.

    Args:
        rows: sum of the rows, kronor, as `sum_behind` gives it.
    """
    difference = ore(record.total) - ore(rows)
    found = reading_of(rows, record.discount, record.surcharge, record.total)
    if not difference or not found:
        return None
    unit = " %" if found[0] == "percent" else " kr"
    parts = [("Rabatt", record.discount), ("Påslag", record.surcharge)]
    text = ", ".join(f"{name} {amount.normalize():f}{unit}".replace(".", ",") for name, amount in parts if amount)
    return OutgoingRow(description=text, quantity=ONE, price=difference)
