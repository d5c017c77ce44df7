"""Rows and sums of an invoice, as the vendor fills and adds them up (notes 33-36, 46)."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from sandbox.fortnox import errors
from sandbox.fortnox.company import Company, money
from sandbox.fortnox.errors import FortnoxError
from sandbox.fortnox.fields import LARGEST, plain
from sandbox.fortnox.registers import check_account, check_cost_centre, check_project, check_unit

Stored = dict[str, Any]

DEFAULT_ACCOUNT = 3001
REVERSE_CHARGE_ACCOUNT = 3231
REVERSE_CHARGE = "SEREVERSEDVAT"
FREE_OF_VAT = {REVERSE_CHARGE, "EUREVERSEDVAT", "EXPORT"}


def filled_row(company: Company, customer: Stored, row: Stored) -> Stored:
    """A row as stored: what was sent wins, the article, then the customer card, then the company fill the rest."""
    article = _article(company, row)
    check_unit(company, row.get("Unit"))
    check_project(company, row.get("Project"))
    check_cost_centre(company, row.get("CostCenter"))
    check_account(company, row.get("AccountNumber"), errors.ACCOUNT_OF_ROW)
    if len(row.get("Description", "")) > 255:
        raise FortnoxError(errors.TOO_LONG, "Värdet får vara högst 255 tecken (Description)")
    vat_free = customer.get("VATType") in FREE_OF_VAT
    account_name = "ConstructionAccount" if customer.get("VATType") == REVERSE_CHARGE else "SalesAccount"
    account = article.get(account_name) or customer.get("SalesAccount")
    account = account or (REVERSE_CHARGE_ACCOUNT if customer.get("VATType") == REVERSE_CHARGE else DEFAULT_ACCOUNT)
    defaults: Stored = {
        "Description": article.get("Description", ""),
        "DeliveredQuantity": "0",
        "Price": article.get("SalesPrice", 0),
        "Unit": article.get("Unit", ""),
        "VAT": 0 if vat_free else article.get("VAT", 25),
        "AccountNumber": int(account),
        "Discount": customer.get("InvoiceDiscount", 0),  # note 36
        "DiscountType": "PERCENT",
        "HouseWork": article.get("Housework", False),
    }
    filled = defaults | row
    filled["DeliveredQuantity"] = _quantity(filled["DeliveredQuantity"])
    if filled["AccountNumber"] == 0:  # note 33: emptied
        del filled["AccountNumber"]
    filled["PriceExcludingVAT"] = filled["Price"]
    total = _row_total(filled)
    filled["Total"] = filled["TotalExcludingVAT"] = plain(total)
    return filled


def with_sums(company: Company, invoice: Stored) -> Stored:
    """The invoice with its sums: VAT per rate, the total rounded to whole kronor where the company does so."""
    net = money(0)
    by_rate: dict[int, Decimal] = {}
    included = invoice.get("VATIncluded", False)
    for row in invoice["InvoiceRows"]:
        total, rate = money(row["Total"]), int(row["VAT"])
        if included:
            total = money(total * 100 / (100 + rate))
            row["TotalExcludingVAT"] = plain(total)
        net += total
        by_rate[rate] = by_rate.get(rate, money(0)) + total
    fees = money(invoice.get("Freight", 0)) + money(invoice.get("AdministrationFee", 0))
    net += fees
    by_rate[25] = by_rate.get(25, money(0)) + fees
    vat = sum((money(base * rate / 100) for rate, base in by_rate.items()), money(0))
    exact = net + vat
    total = exact.quantize(Decimal(1), ROUND_HALF_UP) if company.round_off else exact
    sums = {"Net": net, "Gross": net, "TotalVAT": vat, "RoundOff": total - exact, "Total": total, "TotalToPay": total}
    return invoice | {name: plain(amount) for name, amount in sums.items()} | {"Balance": plain(total)}


def _article(company: Company, row: Stored) -> Stored:
    number = row.get("ArticleNumber")
    if not number:
        return {}
    if number not in company.articles:
        raise FortnoxError(errors.ARTICLE_MISSING, f"Kunde inte hitta artikel ({number}).")
    return company.articles[number]


def _quantity(text: str) -> str:
    try:
        quantity = Decimal(str(text).replace(",", "."))
    except InvalidOperation:
        raise FortnoxError(errors.NOT_NUMERIC, f"Värdet måste vara numeriskt ({text})") from None
    if not quantity.is_finite() or abs(quantity) > LARGEST:
        raise FortnoxError(errors.NOT_NUMERIC, f"Värdet måste vara numeriskt ({text})")
    return f"{quantity.normalize():f}"


def _row_total(row: Stored) -> Decimal:
    whole = Decimal(row["DeliveredQuantity"]) * Decimal(str(row["Price"]))
    discount = Decimal(str(row["Discount"]))
    return money(whole - discount if row["DiscountType"] == "AMOUNT" else whole * (100 - discount) / 100)
