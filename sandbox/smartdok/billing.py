"""What an invoice of SmartDok adds up to.

The vendor does not say whether Discount and Surcharge are percent or kronor, so a company of the twin reads them either
way, and the sums follow. Everything is computed in `Decimal` and rounded to öre, half away from zero.
"""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

DiscountReading = Literal["percent", "amount"]

# The vendor publishes no list of line types; the names are those of its invoice page.
LINE_TYPES: dict[int, str] = {
    1: "Timmar",
    2: "Maskintimmar",
    3: "Varuförbrukning",
    4: "Varuproduktion",
    5: "Transport",
    6: "Tillägg",
    7: "Fritext",
    8: "Leverantörsfaktura",
}

_ORE = Decimal("0.01")


def to_decimal(number: float | int | None) -> Decimal:
    """The number as it is written in JSON; null counts as 0."""
    return Decimal(str(number)) if number is not None else Decimal(0)


def to_ore(amount: Decimal) -> Decimal:
    return amount.quantize(_ORE, rounding=ROUND_HALF_UP)


def adjust(amount: Decimal, discount: Decimal, surcharge: Decimal, reading: DiscountReading) -> Decimal:
    """`amount` less the discount, then with the surcharge."""
    if reading == "percent":
        return amount * (1 - discount / 100) * (1 + surcharge / 100)
    return amount - discount + surcharge


def line_sum(line: dict[str, Any], reading: DiscountReading) -> float:
    """`Sum` of one line in kronor."""
    amount = to_decimal(line["Price"]) * to_decimal(line["Quantity"])
    return float(to_ore(adjust(amount, to_decimal(line["Discount"]), to_decimal(line["Surcharge"]), reading)))


def total_price(invoice: dict[str, Any], reading: DiscountReading) -> float:
    """`TotalPrice` in kronor: the lines' sums after the discount and surcharge of the whole invoice."""
    lines = sum((to_decimal(line["Sum"]) for line in invoice["InvoiceLines"]), Decimal(0))
    discount, surcharge = to_decimal(invoice["Discount"]), to_decimal(invoice["Surcharge"])
    return float(to_ore(adjust(lines, discount, surcharge, reading)))


def summarise(lines: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """`InvoiceSummary`: one entry per line type and unit."""
    totals: dict[tuple[int, str | None], tuple[Decimal, Decimal]] = {}
    for line in lines:
        key = (line["InvoiceLineTypeId"], line["UnitType"])
        quantity, price = totals.get(key, (Decimal(0), Decimal(0)))
        totals[key] = (quantity + to_decimal(line["Quantity"]), price + to_decimal(line["Sum"]))
    return [
        {
            "Name": LINE_TYPES.get(type_id),
            "UnitType": unit,
            "InvoiceLineTypeId": type_id,
            "InvoiceLineType": LINE_TYPES.get(type_id),
            "Quantity": float(quantity),
            "Price": float(price),
            "Code": None,
        }
        for (type_id, unit), (quantity, price) in totals.items()
    ]
