"""Supplier invoices and the files connected to them (notes 47, 57, 58; "Seen in practice" 1-3)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sandbox.fortnox import errors
from sandbox.fortnox.company import SUPPLIER_INVOICE_DEFAULTS, Company, money
from sandbox.fortnox.errors import FortnoxError
from sandbox.fortnox.fields import BLANK, applied, rendered, require, written
from sandbox.fortnox.invoices import check_period
from sandbox.fortnox.lists import Listing, cancelled, fully_paid, overdue, unbooked, unpaid
from sandbox.fortnox.registers import check_account, check_cost_centre, check_project

Stored = dict[str, Any]

MONEY = ("AdministrationFee", "Balance", "Freight", "RoundOffValue", "Total", "VAT")
READ_ONLY = {
    "Balance",
    "Booked",
    "Cancelled",
    "Credit",
    "CreditReference",
    "FinalPayDate",
    "GivenNumber",
    "SupplierName",
}
READ_ONLY |= {"PaymentPending", "VoucherNumber", "VoucherSeries", "VoucherYear", "Vouchers"}


def _pending(company: Company, stored: Stored) -> bool:
    approval = company.approvals.get(stored["GivenNumber"])
    return approval is not None and not (approval["bookkeep"] and approval["payment"])


LISTING = Listing(
    "supplier_invoices",
    filters={
        "cancelled": cancelled,
        "fullypaid": fully_paid,
        "unpaid": unpaid,
        "unpaidoverdue": overdue,
        "unbooked": unbooked,
        "pendingpayment": lambda company, stored: bool(stored.get("PaymentPending")),
        "authorizepending": _pending,
    },
    sorts={"givennumber": "GivenNumber"},
    lastmodified=True,
)
# A search like any other (note 20): 1 finds 12 too.
CONNECTIONS = Listing("file_connections", search={"supplierinvoicenumber": "SupplierInvoiceNumber"})


def show(stored: Stored) -> Stored:
    return rendered("SupplierInvoice", stored, "")


def show_row(company: Company, stored: Stored) -> Stored:
    approval = company.approvals.get(stored["GivenNumber"], {})
    values = stored | {"Cancel": stored.get("Cancelled", False), "AuthorizerName": approval.get("authorizer", "")}
    return rendered("SupplierInvoiceListItem", values, "")


def show_connection(stored: Stored) -> Stored:
    return rendered("SupplierInvoiceFileConnection", stored, "")


def get(company: Company, number: str) -> Stored:
    if number not in company.supplier_invoices:
        raise FortnoxError(errors.INVOICE_MISSING, f"Kan inte hitta dokumentet ({number}).", status=404)
    return company.supplier_invoices[number]


def create(company: Company, body: Any) -> Stored:
    changes = _writable(written("SupplierInvoice", body))
    require("SupplierInvoice", changes)
    number = company.next_number("supplier_invoices", company.supplier_invoices)
    supplier = company.suppliers.get(changes["SupplierNumber"])
    if supplier is None:
        raise FortnoxError(errors.SUPPLIER_MISSING, f"Kunde inte hitta leverantör ({changes['SupplierNumber']}).")
    today = company.today()
    defaults: Stored = SUPPLIER_INVOICE_DEFAULTS | {
        "InvoiceDate": today.isoformat(),
        "DueDate": (today + timedelta(days=30)).isoformat(),
        "Total": "0.00",
        "VAT": "0.00",
        "Booked": False,
        "Cancelled": False,
        "SupplierInvoiceRows": [],
        "GivenNumber": number,
        "SupplierName": supplier["Name"],
    }
    invoice = defaults | applied({}, changes)
    _check(company, changes, invoice)
    total = money(invoice["Total"])
    company.put("supplier_invoices", number, invoice | {"Balance": str(total), "Credit": total < 0})
    return company.supplier_invoices[number]


def update(company: Company, number: str, body: Any) -> Stored:
    stored = get(company, number)
    changes = _writable(written("SupplierInvoice", body))
    if stored["Cancelled"]:
        raise FortnoxError(errors.DOCUMENT_FIXED, "Fakturan är makulerad och kan inte ändras.")
    invoice = applied(stored, changes)
    _check(company, changes, invoice)
    company.put("supplier_invoices", number, invoice)
    return company.supplier_invoices[number]


def bookkeep(company: Company, number: str) -> Stored:
    stored = get(company, number)
    if stored["Booked"] or stored["Cancelled"]:
        raise FortnoxError(errors.DOCUMENT_FIXED, "Fakturan kan inte bokföras.")
    check_period(company, stored["InvoiceDate"])
    company.book_supplier_invoice(number)
    return company.supplier_invoices[number]


def cancel(company: Company, number: str) -> Stored:
    get(company, number)
    company.cancel_supplier_invoice(number)
    return company.supplier_invoices[number]


def approve(company: Company, number: str, what: str) -> Stored:
    """`what` is "bookkeep" or "payment". When both are given the invoice is no longer authorizepending."""
    get(company, number)
    approval = company.approvals.setdefault(number, {"authorizer": "", "bookkeep": False, "payment": False})
    approval[what] = True
    company.touch("supplier_invoices", number)
    return company.supplier_invoices[number]


def connection(company: Company, file_id: str) -> Stored:
    if file_id not in company.file_connections:
        raise FortnoxError(errors.FILE_MISSING, f"Kan inte hitta filkopplingen ({file_id}).", status=404)
    return company.file_connections[file_id]


def connect(company: Company, body: Any) -> Stored:
    changes = applied({}, written("SupplierInvoiceFileConnection", body))
    number, file_id = changes.get("SupplierInvoiceNumber", ""), changes.get("FileId", "")
    if file_id not in company.files:
        raise FortnoxError(errors.FILE_MISSING, f"Kan inte hitta filen ({file_id}).")
    if number not in company.supplier_invoices:
        raise FortnoxError(errors.INVOICE_MISSING, f"Kan inte hitta dokumentet ({number}).")
    company.file_connections[file_id] = {
        "FileId": file_id,
        "Name": company.files[file_id]["Name"],
        "SupplierInvoiceNumber": number,
        "SupplierName": company.supplier_invoices[number].get("SupplierName", ""),
    }
    return company.file_connections[file_id]


def _writable(changes: Stored) -> Stored:
    """What a client may set: read-only fields that come back with an object are passed over, not refused."""
    return {name: value for name, value in changes.items() if name not in READ_ONLY and value is not BLANK} | {
        name: BLANK for name, value in changes.items() if name not in READ_ONLY and value is BLANK
    }


def _check(company: Company, changes: Stored, invoice: Stored) -> None:
    check_project(company, changes.get("Project"))
    check_cost_centre(company, changes.get("CostCenter"))
    check_period(company, invoice["InvoiceDate"])
    date.fromisoformat(invoice["DueDate"])
    for row in changes.get("SupplierInvoiceRows") or []:
        check_project(company, row.get("Project"))
        check_cost_centre(company, row.get("CostCenter"))
        check_account(company, row.get("Account"), errors.ACCOUNT_OF_ROW)
    for name in MONEY:
        if name in changes and changes[name] is not BLANK:
            try:
                invoice[name] = str(money(changes[name]))
            except ArithmeticError:
                raise FortnoxError(errors.NOT_NUMERIC, f"Värdet måste vara numeriskt ({changes[name]})") from None
