"""A company in Fortnox: what lies there, its switches, and the helpers that demo data and tests fill it with."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

STOCKHOLM = ZoneInfo("Europe/Stockholm")

SCOPES = (
    *("companyinformation", "customer", "project", "article", "invoice", "supplier", "supplierinvoice"),
    *("connectfile", "archive", "inbox", "settings", "costcenter", "bookkeeping"),
)

# The accounts of the BAS chart that construction companies meet first; `Company.accounts` may be given more.
CHART = (
    *(1510, 1930, 2440, 2611, 2614, 2617, 2640, 2641, 2645, 2647, 2648),
    *(3001, 3002, 3003, 3004, 3041, 3051, 3231, 3540, 3590, 3740),
    *(4000, 4010, 4400, 4415, 4425, 4500, 4600, 4650, 5010, 5060, 5210, 5410, 5420, 5460, 5480, 5611, 5612, 5615, 5800),
    *(6071, 6110, 6212, 6230, 6540, 6970, 6991, 7690),
)

Where = Literal["archive", "inbox", "attachment"]


def system_clock() -> datetime:
    return datetime.now(UTC)


@dataclass
class Consent:
    """What a system administrator has allowed. Client credentials need account_type "service" (note 4)."""

    account_type: str = "service"
    scopes: set[str] = field(default_factory=lambda: set(SCOPES))


@dataclass
class Company:
    """One company, keyed by its database number, which is the TenantId.

    The registers are plain dicts by number, in the vendor's field names, holding only fields that have a value:
    `customers["1001"] == {"CustomerNumber": "1001", "Name": "Bygg AB", "Active": True, ...}`. Whoever changes one
    directly calls `touch("customers", "1001")` for it to count as modified. `files` are {"Id", "Name", "ContentType",
    "Bytes", "Where"} by id; `file_connections` are by FileId.
    """

    tenant_id: int
    name: str
    organisation_number: str = "556000-0001"
    clock: Callable[[], datetime] = system_clock

    customers: dict[str, dict[str, Any]] = field(default_factory=dict)
    projects: dict[str, dict[str, Any]] = field(default_factory=dict)
    articles: dict[str, dict[str, Any]] = field(default_factory=dict)
    units: dict[str, dict[str, Any]] = field(default_factory=dict)
    invoices: dict[str, dict[str, Any]] = field(default_factory=dict)
    suppliers: dict[str, dict[str, Any]] = field(default_factory=dict)
    supplier_invoices: dict[str, dict[str, Any]] = field(default_factory=dict)
    file_connections: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)

    # Chart, cost centres ({"Code", "Description", "Active"}), terms of payment, financial years.
    accounts: dict[int, bool] = field(default_factory=lambda: dict.fromkeys(CHART, True))  # number -> active
    cost_centers: dict[str, dict[str, Any]] = field(default_factory=dict)
    terms_of_payment: set[str] = field(default_factory=lambda: {"0", "10", "15", "20", "30", "45", "60", "90"})
    financial_years: list[tuple[date, date]] = field(default_factory=list)  # none given: every date has a year
    locked_until: date | None = None
    project_accounting: bool = True
    supplier_lastmodified: bool = True  # whether supplierinvoices takes lastmodified ("Seen in practice" 2)
    round_off: bool = True  # invoices are rounded to whole kronor
    burnt_customer_numbers: set[str] = field(default_factory=set)
    # Supplier invoices that go through approval: GivenNumber -> {"authorizer", "bookkeep", "payment"}.
    approvals: dict[str, dict[str, Any]] = field(default_factory=dict)

    consent: Consent | None = field(default_factory=Consent)
    api_licence: bool = True  # False: 2001103
    unlicensed_scopes: set[str] = field(default_factory=set)  # 2001101

    modified: dict[tuple[str, str], datetime] = field(default_factory=dict)  # (register, number) -> local time
    counters: dict[str, int] = field(default_factory=dict)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "clock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """What a later version of this class has gained is filled with its default."""
        fresh = Company(state["tenant_id"], state["name"])
        self.__dict__.update(fresh.__dict__ | state)

    # Time

    def now(self) -> datetime:
        """Swedish wall clock time without a zone, as the vendor keeps it (note 22)."""
        return self.clock().astimezone(STOCKHOLM).replace(tzinfo=None)

    def today(self) -> date:
        return self.now().date()

    def touch(self, register: str, number: str) -> None:
        self.modified[register, number] = self.now()

    def has_year(self, day: date) -> bool:
        return not self.financial_years or any(first <= day <= last for first, last in self.financial_years)

    # Access

    def withdraw_consent(self) -> None:
        """Kills all tokens of the company; new ones are refused until consent is given again."""
        self.consent = None

    def give_consent(self, account_type: str = "service", scopes: set[str] | None = None) -> None:
        self.consent = Consent(account_type, set(SCOPES) if scopes is None else set(scopes))

    # Helpers: all return the number. They check nothing, so that data can also be filled that the API would refuse.

    def next_number(self, register: str, taken: dict[str, Any] | set[str]) -> str:
        number = self.counters.get(register, 0) + 1
        while str(number) in taken:
            number += 1
        self.counters[register] = number
        return str(number)

    def put(self, register: str, number: str, values: dict[str, Any]) -> str:
        """Stores an object and notes the time."""
        kept = {name: value for name, value in values.items() if value is not None}
        getattr(self, register)[number] = copy.deepcopy(kept)
        self.touch(register, number)
        return number

    def add_customer(self, name: str, number: str | None = None, **fields: Any) -> str:
        number = number or self.next_number("customers", set(self.customers) | self.burnt_customer_numbers)
        return self.put("customers", number, CUSTOMER_DEFAULTS | {"CustomerNumber": number, "Name": name} | fields)

    def add_project(self, description: str, number: str | None = None, **fields: Any) -> str:
        number = number or self.next_number("projects", self.projects)
        defaults = {"Status": "ONGOING", "ProjectNumber": number, "Description": description}
        return self.put("projects", number, defaults | fields)

    def add_article(self, description: str, number: str | None = None, **fields: Any) -> str:
        number = number or self.next_number("articles", self.articles)
        return self.put(
            "articles", number, ARTICLE_DEFAULTS | {"ArticleNumber": number, "Description": description} | fields
        )

    def add_unit(self, code: str, description: str) -> str:
        return self.put("units", code, {"Code": code, "Description": description})

    def add_supplier(self, name: str, number: str | None = None, **fields: Any) -> str:
        number = number or self.next_number("suppliers", self.suppliers)
        defaults = {
            "Active": True,
            "Currency": "SEK",
            "CountryCode": "SE",
            "Country": "Sverige",
            "TermsOfPayment": "30",
        }
        return self.put("suppliers", number, defaults | {"SupplierNumber": number, "Name": name} | fields)

    def add_supplier_invoice(
        self,
        supplier: str,
        total: Decimal | int | str,
        *,
        vat: Decimal | int | str | None = None,
        project: str = "",
        rows: list[dict[str, Any]] | None = None,
        account: int = 4000,
        invoice_number: str = "",
        invoice_date: date | None = None,
        due_date: date | None = None,
        booked: bool = True,
        number: str | None = None,
        **fields: Any,
    ) -> str:
        """Adds a supplier invoice and returns its GivenNumber.

        `total` includes VAT and is negative for a credit note; `vat` is a fifth of it when not given. Without `rows`
        (SupplierInvoiceRows in the vendor's names, to be given whole) one cost row on `account` is made beside TOT and
        VAT; `project` goes on header and cost row. `fields` are further header fields.
        """
        number = number or self.next_number("supplier_invoices", self.supplier_invoices)
        whole = money(total)
        tax = money(whole / 5 if vat is None else vat)
        day = invoice_date or self.today()
        values: dict[str, Any] = {
            "GivenNumber": number,
            "SupplierNumber": supplier,
            "SupplierName": self.suppliers.get(supplier, {}).get("Name", ""),
            "InvoiceNumber": invoice_number or f"F{number}",
            "InvoiceDate": day.isoformat(),
            "DueDate": (due_date or day + timedelta(days=30)).isoformat(),
            "Total": str(whole),
            "VAT": str(tax),
            "Balance": str(whole),
            "Project": project,
            "Credit": whole < 0,
            "Booked": False,
            "Cancelled": False,
            "SupplierInvoiceRows": rows if rows is not None else _rows(whole, tax, account, project),
        }
        self.put("supplier_invoices", number, SUPPLIER_INVOICE_DEFAULTS | values | fields)
        if booked:
            self.book_supplier_invoice(number)
        return number

    def book_supplier_invoice(self, number: str) -> None:
        invoice = self.supplier_invoices[number]
        self.counters["vouchers"] = self.counters.get("vouchers", 0) + 1
        voucher = {
            "Series": "D",
            "Number": self.counters["vouchers"],
            "Year": 1,
            "ReferenceType": "SUPPLIERINVOICE",
        }
        invoice |= {
            "Booked": True,
            "VoucherSeries": "D",
            "VoucherNumber": voucher["Number"],
            "VoucherYear": 1,
            "Vouchers": [voucher],
        }
        self.touch("supplier_invoices", number)

    def cancel_supplier_invoice(self, number: str) -> None:
        self.supplier_invoices[number] |= {"Cancelled": True, "Balance": "0.00"}
        self.touch("supplier_invoices", number)

    def recode_supplier_invoice(self, number: str, project: str) -> None:
        """Moves the header and every cost row to another project, "" for none."""
        invoice = self.supplier_invoices[number]
        invoice["Project"] = project
        for row in invoice["SupplierInvoiceRows"]:
            if row.get("Code") not in {"TOT", "VAT", "ROV"}:
                row["Project"] = project
        self.touch("supplier_invoices", number)

    def attach_file(
        self, given_number: str, name: str, content: bytes, where: Where = "archive", content_type: str | None = None
    ) -> str:
        """Connects a file to a supplier invoice and returns its FileId.

        `where`: read at /3/archive/{id}, at /3/inbox/{id}, or (newer attachments) at /3/archive/{id}?fileid={id}.
        """
        file_id = self.add_file(name, content, where, content_type)
        invoice = self.supplier_invoices[given_number]
        self.file_connections[file_id] = {
            "FileId": file_id,
            "Name": name,
            "SupplierInvoiceNumber": given_number,
            "SupplierName": invoice.get("SupplierName", ""),
        }
        return file_id

    def add_file(self, name: str, content: bytes, where: Where = "archive", content_type: str | None = None) -> str:
        file_id = str(uuid.uuid4())
        self.files[file_id] = {
            "Id": file_id,
            "Name": name,
            "ContentType": content_type or _content_type(name),
            "Bytes": content,
            "Where": where,
        }
        return file_id

    def delete_customer(self, number: str) -> None:
        """Note 37: the number stays reserved for ever."""
        del self.customers[number]
        self.burnt_customer_numbers.add(number)


CUSTOMER_DEFAULTS = {
    "Active": True,
    "Type": "COMPANY",
    "VATType": "SEVAT",
    "Currency": "SEK",
    "Country": "Sverige",
    "CountryCode": "SE",
    "PriceList": "A",
    "TermsOfPayment": "30",
    "ShowPriceVATIncluded": False,
    "DefaultDeliveryTypes": {"Invoice": "PRINT", "Offer": "PRINT", "Order": "PRINT"},
    "DefaultTemplates": {
        "CashInvoice": "DEFAULTCASHINVOICE",
        "Invoice": "DEFAULTINVOICE",
        "Offer": "DEFAULTOFFER",
        "Order": "DEFAULTORDER",
    },
}
ARTICLE_DEFAULTS = {"Active": True, "Type": "STOCK", "StockGoods": False, "VAT": 25, "SalesPrice": 0}
SUPPLIER_INVOICE_DEFAULTS = {
    "AccountingMethod": "ACCRUAL",
    "Currency": "SEK",
    "CurrencyRate": "1",
    "CurrencyUnit": 1,
    "SalesType": "STOCK",
    "VATType": "NORMAL",
    "AdministrationFee": "0.00",
    "Freight": "0.00",
    "RoundOffValue": "0.00",
}


def money(amount: Decimal | int | float | str) -> Decimal:
    """To the öre."""
    return Decimal(str(amount)).quantize(Decimal("0.01"), ROUND_HALF_UP)


def _rows(total: Decimal, vat: Decimal, account: int, project: str) -> list[dict[str, Any]]:
    rows = [
        _row("TOT", 2440, -total, ""),
        _row("VAT", 2640, vat, ""),
        _row("ACC", account, total - vat, project),
    ]
    return [row for row in rows if row["Code"] != "VAT" or vat]


def _row(code: str, account: int, debit: Decimal, project: str) -> dict[str, Any]:
    """A row of a supplier invoice; a negative amount is a credit."""
    sides = {"Debit": float(max(debit, Decimal(0))), "Credit": float(max(-debit, Decimal(0)))}
    return {"Code": code, "Account": account, "Project": project, "Total": float(debit), **sides}


def _content_type(name: str) -> str:
    kinds = {".pdf": "application/pdf", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".tif": "image/tiff"}
    kinds |= {".tiff": "image/tiff", ".png": "image/png"}
    return next((kind for end, kind in kinds.items() if name.lower().endswith(end)), "application/octet-stream")
