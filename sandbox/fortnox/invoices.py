"""Customer invoices: creation, change, booking, cancelling, crediting (notes 45-51, 55).

Nothing here looks for doubles: whoever posts twice has two invoices, as at the vendor (note 50).
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sandbox.fortnox import errors
from sandbox.fortnox.amounts import filled_row, with_sums
from sandbox.fortnox.company import Company, money
from sandbox.fortnox.errors import FortnoxError
from sandbox.fortnox.fields import BLANK, applied, plain, rendered, require, written
from sandbox.fortnox.lists import Listing, cancelled, fully_paid, overdue, unbooked, unpaid
from sandbox.fortnox.registers import check_cost_centre, check_project

Stored = dict[str, Any]

MAX_ROWS = 500  # note 46

LISTING = Listing(
    "invoices",
    search={
        "costcenter": "CostCenter",
        "customername": "CustomerName",
        "customernumber": "CustomerNumber",
        "documentnumber": "DocumentNumber",
        "notcompleted": "NotCompleted",
        "ocr": "OCR",
        "ourreference": "OurReference",
        "project": "Project",
        "sent": "Sent",
        "externalinvoicereference1": "ExternalInvoiceReference1",
        "externalinvoicereference2": "ExternalInvoiceReference2",
        "yourreference": "YourReference",
        "invoicetype": "InvoiceType",
        "currency": "Currency",
        "yourordernumber": "YourOrderNumber",
        "credit": "Credit",
    },
    row_search={"articlenumber": "ArticleNumber", "articledescription": "Description"},
    ranges={
        "fromdate": ("InvoiceDate", "from"),
        "todate": ("InvoiceDate", "to"),
        "fromfinalpaydate": ("FinalPayDate", "from"),
        "tofinalpaydate": ("FinalPayDate", "to"),
        "accountnumberfrom": ("AccountNumber", "from"),
        "accountnumberto": ("AccountNumber", "to"),
    },
    filters={
        "cancelled": cancelled,
        "fullypaid": fully_paid,
        "unpaid": unpaid,
        "unpaidoverdue": overdue,
        "unbooked": unbooked,
    },
    sorts={
        "documentnumber": "DocumentNumber",
        "customername": "CustomerName",
        "customernumber": "CustomerNumber",
        "invoicedate": "InvoiceDate",
        "ocr": "OCR",
        "total": "Total",
    },
    lastmodified=True,
)

# Copied from the customer card unless the request says otherwise: field of the invoice -> field of the customer.
FROM_CUSTOMER = {
    "CustomerName": "Name",
    "OrganisationNumber": "OrganisationNumber",
    "Address1": "Address1",
    "Address2": "Address2",
    "ZipCode": "ZipCode",
    "City": "City",
    "Country": "Country",
    "Phone1": "Phone1",
    "Phone2": "Phone2",
    "Currency": "Currency",
    "VATIncluded": "ShowPriceVATIncluded",
    "PriceList": "PriceList",
    "TermsOfPayment": "TermsOfPayment",
    "TermsOfDelivery": "TermsOfDelivery",
    "WayOfDelivery": "WayOfDelivery",
    "OurReference": "OurReference",
    "YourReference": "YourReference",
    "Project": "Project",
    "CostCenter": "CostCenter",
    "DeliveryName": "DeliveryName",
    "DeliveryAddress1": "DeliveryAddress1",
    "DeliveryAddress2": "DeliveryAddress2",
    "DeliveryZipCode": "DeliveryZipCode",
    "DeliveryCity": "DeliveryCity",
    "DeliveryCountry": "DeliveryCountry",
}

# Fees of the customer card, which apply unless the invoice says 0 (note 36).
FEES = {"Freight": "InvoiceFreight", "AdministrationFee": "InvoiceAdministrationFee"}


def show(stored: Stored) -> Stored:
    return rendered("Invoice", stored, "")


def show_row(stored: Stored) -> Stored:
    return rendered("InvoiceListItem", stored, "")


def get(company: Company, number: str) -> Stored:
    if number not in company.invoices:
        raise FortnoxError(errors.INVOICE_MISSING, f"Kan inte hitta dokumentet ({number}).", status=404)
    return company.invoices[number]


def create(company: Company, body: Any) -> Stored:
    changes = {name: value for name, value in written("InvoicePayload", body).items() if value is not BLANK}
    require("InvoicePayload", changes)
    number = changes.get("DocumentNumber") or company.next_number("invoices", company.invoices)
    if number in company.invoices:
        raise FortnoxError(errors.NUMBER_TAKEN, f"Numret {number} används redan.")
    defaults: Stored = {
        "AccountingMethod": "ACCRUAL",
        "Booked": False,
        "Cancelled": False,
        "Credit": "false",
        "CurrencyRate": 1,
        "CurrencyUnit": 1,
        "InvoiceDate": company.today().isoformat(),
        "InvoiceType": "INVOICE",
        "Language": "SV",
        "NotCompleted": False,
        "OCR": f"{number}{_check_digit(number)}",
        "Sent": False,
        "TaxReductionType": "none",
        "VATIncluded": False,
        "InvoiceRows": [],
    }
    customer = _customer(company, changes["CustomerNumber"])
    copied = {ours: customer[theirs] for ours, theirs in FROM_CUSTOMER.items() if customer.get(theirs)}
    copied |= {ours: _fee(customer[theirs]) for ours, theirs in FEES.items() if customer.get(theirs)}
    invoice = _completed(company, defaults | copied | applied({}, changes) | {"DocumentNumber": number}, changes)
    company.put("invoices", number, invoice)
    return invoice


def update(company: Company, number: str, body: Any) -> Stored:
    stored = get(company, number)
    changes = written("InvoicePayload", body)
    if stored["Booked"] or stored["Cancelled"]:  # note 49
        raise FortnoxError(errors.DOCUMENT_FIXED, "Fakturan är bokförd eller makulerad och kan inte ändras.")
    if changes.get("DocumentNumber", number) != number:
        raise FortnoxError(errors.NUMBER_FIXED, f"Numret kan inte ändras ({number}).")
    if isinstance(changes.get("InvoiceRows"), list):
        changes["InvoiceRows"] = _merged_rows(stored["InvoiceRows"], changes["InvoiceRows"])
    invoice = _completed(company, applied(stored, changes), changes)
    company.put("invoices", number, invoice)
    return invoice


def bookkeep(company: Company, number: str) -> Stored:
    stored = get(company, number)
    if stored["Booked"] or stored["Cancelled"] or stored["NotCompleted"]:
        raise FortnoxError(errors.DOCUMENT_FIXED, "Fakturan kan inte bokföras.")
    check_period(company, stored["InvoiceDate"])
    company.counters["vouchers"] = company.counters.get("vouchers", 0) + 1
    voucher = {"VoucherSeries": "B", "VoucherNumber": company.counters["vouchers"], "VoucherYear": 1}
    company.put("invoices", number, stored | voucher | {"Booked": True})
    return company.invoices[number]


def cancel(company: Company, number: str) -> Stored:
    stored = get(company, number)
    if stored["Booked"]:
        raise FortnoxError(errors.DOCUMENT_FIXED, "En bokförd faktura kan inte makuleras.")
    company.put("invoices", number, stored | {"Cancelled": True, "Balance": 0})
    return company.invoices[number]


def credit(company: Company, number: str) -> Stored:
    """Makes a credit invoice with the rows turned round and gives it; each of the two names the other."""
    stored = get(company, number)
    if not stored["Booked"] or stored.get("CreditInvoiceReference"):
        raise FortnoxError(errors.DOCUMENT_FIXED, "Fakturan är inte bokförd eller redan krediterad.")
    kept = {
        name: value for name, value in stored.items() if name not in {"VoucherNumber", "VoucherSeries", "VoucherYear"}
    }
    rows = [row | {"DeliveredQuantity": _negated(row["DeliveredQuantity"])} for row in stored["InvoiceRows"]]
    new = company.next_number("invoices", company.invoices)
    dates = {"InvoiceDate": company.today().isoformat(), "DueDate": company.today().isoformat()}
    values = {"DocumentNumber": new, "Credit": "true", "CreditInvoiceReference": number, "Booked": False}
    invoice = _completed(company, kept | dates | values | {"InvoiceRows": rows}, {"InvoiceRows": rows})
    company.put("invoices", new, invoice)
    company.put("invoices", number, stored | {"CreditInvoiceReference": new})
    return company.invoices[number]


def check_period(company: Company, day: str) -> None:
    """Note 55."""
    on = date.fromisoformat(day)
    if company.locked_until is not None and on <= company.locked_until:
        raise FortnoxError(errors.PERIOD_LOCKED, f"Perioden är låst till och med {company.locked_until}.")
    if not company.has_year(on):
        raise FortnoxError(errors.NO_YEAR, f"Det finns inget räkenskapsår för datumet ({day}).")


def _completed(company: Company, invoice: Stored, changes: Stored) -> Stored:
    """Checks what the invoice refers to, fills its rows and adds it up."""
    customer = _customer(company, invoice["CustomerNumber"])
    check_project(company, changes.get("Project"))
    check_cost_centre(company, changes.get("CostCenter"))
    terms = changes.get("TermsOfPayment")
    if isinstance(terms, str) and terms not in company.terms_of_payment:
        raise FortnoxError(errors.TERMS_MISSING, "Kunde inte hitta betalningsvillkor.")
    check_period(company, invoice["InvoiceDate"])
    if "DueDate" not in invoice:
        days = int(invoice.get("TermsOfPayment") or 30)
        invoice["DueDate"] = (date.fromisoformat(invoice["InvoiceDate"]) + timedelta(days=days)).isoformat()
    rows = invoice["InvoiceRows"]
    if len(rows) > MAX_ROWS:
        raise FortnoxError(errors.TOO_MANY_ROWS, f"En faktura får ha högst {MAX_ROWS} rader.")
    if "InvoiceRows" in changes or "CustomerNumber" in changes:
        first = company.counters.get("rows", 0) + 1
        company.counters["rows"] = first + len(rows)
        filled = [filled_row(company, customer, row) for row in rows]
        rows = [row | {"RowId": first + index} for index, row in enumerate(filled)]  # note 48: new ids at each update
    return with_sums(company, invoice | {"InvoiceRows": rows})


def _merged_rows(stored: list[Stored], sent: list[Stored]) -> list[Stored]:
    """Note 48: by RowId when a row names one, else by position; rows that are not sent vanish."""
    computed = {"PriceExcludingVAT", "Total", "TotalExcludingVAT", "RowId"}
    kept = [{name: value for name, value in row.items() if name not in computed} for row in stored]
    by_id = {row["RowId"]: old for row, old in zip(stored, kept, strict=True)}
    if any("RowId" in row for row in sent):
        return [
            applied(by_id.get(row.get("RowId", 0), {}), {k: v for k, v in row.items() if k != "RowId"}) for row in sent
        ]
    return [applied(kept[index] if index < len(kept) else {}, row) for index, row in enumerate(sent)]


def _customer(company: Company, number: str) -> Stored:
    if number not in company.customers:
        raise FortnoxError(errors.CUSTOMER_MISSING, f"Kunde inte hitta kund ({number}).")
    return company.customers[number]


def _fee(text: str) -> int | float:
    try:
        return plain(money(text.replace(",", ".")))
    except ArithmeticError:
        raise FortnoxError(errors.NOT_NUMERIC, f"Värdet måste vara numeriskt ({text})") from None


def _negated(quantity: str) -> str:
    return quantity.removeprefix("-") if quantity.startswith("-") or quantity == "0" else f"-{quantity}"


def _check_digit(number: str) -> int:
    """The Luhn digit that ends an OCR number."""
    digits = [int(sign) for sign in reversed(number) if sign.isdecimal()]
    doubled = [d * 2 if index % 2 == 0 else d for index, d in enumerate(digits)]
    return -sum(d - 9 if d > 9 else d for d in doubled) % 10
