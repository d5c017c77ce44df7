"""Customers, projects, articles, units and suppliers: keyed objects that are listed, read, written and deleted."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.fortnox import errors
from sandbox.fortnox.company import ARTICLE_DEFAULTS, CUSTOMER_DEFAULTS, Company
from sandbox.fortnox.errors import FortnoxError
from sandbox.fortnox.fields import applied, rendered, require, written
from sandbox.fortnox.lists import Listing

Stored = dict[str, Any]

# J2: letters, digits and _ - / \ + $, no space.
ARTICLE_NUMBER = re.compile(r"[\w\-/\\+$]+")


@dataclass(frozen=True)
class Register:
    """One register. `key` is the number's field, `table` its fields, `row_table` those of a list row."""

    path: str
    register: str
    wrapper: str
    collection: str
    key: str
    table: str
    row_table: str
    scope: str
    listing: Listing
    defaults: dict[str, Any]
    check: Callable[[Company, Stored, Stored], None]  # company, changes, result: refuses what may not be referred to
    missing: tuple[int, str]
    row: Callable[[Stored], Stored] = lambda stored: stored
    deletable: bool = True


def show(register: Register, stored: Stored) -> Stored:
    return rendered(register.table, stored, None)


def show_row(register: Register, stored: Stored) -> Stored:
    return rendered(register.row_table, register.row(stored), None)


def get(register: Register, company: Company, number: str) -> Stored:
    stored: Stored | None = getattr(company, register.register).get(number)
    if stored is None:
        code, what = register.missing
        raise FortnoxError(code, f"Kunde inte hitta {what} ({number}).", status=404)
    return stored


def create(register: Register, company: Company, body: Any) -> Stored:
    changes = written(register.table, body)
    stored = applied(register.defaults, changes)
    require(register.table, stored)
    _check_number(register, company, stored)
    register.check(company, changes, stored)
    objects = getattr(company, register.register)
    number = stored.get(register.key) or company.next_number(
        register.register, set(objects) | (company.burnt_customer_numbers if register.path == "customers" else set())
    )
    company.put(register.register, number, stored | {register.key: number})
    return objects[number]  # type: ignore[no-any-return]


def update(register: Register, company: Company, number: str, body: Any) -> Stored:
    stored = get(register, company, number)
    changes = written(register.table, body)
    if changes.get(register.key, number) != number:  # note 42, for all registers
        raise FortnoxError(errors.NUMBER_FIXED, f"Numret kan inte ändras ({number}).")
    result = applied(stored, changes)
    register.check(company, changes, result)
    company.put(register.register, number, result)
    return result


def delete(register: Register, company: Company, number: str) -> None:
    get(register, company, number)
    documents = [*company.invoices.values(), *company.supplier_invoices.values()]
    rows = [row for d in documents for row in d.get("InvoiceRows", []) + d.get("SupplierInvoiceRows", [])]
    used_as = {"units": "Unit", "articles": "ArticleNumber", "projects": "Project", "customers": "CustomerNumber"}
    if any(used.get(used_as[register.path]) == number for used in documents + rows):
        raise FortnoxError(errors.IN_USE, f"{number} används och kan inte tas bort.")
    if register.path == "customers":
        company.delete_customer(number)
    else:
        del getattr(company, register.register)[number]
    company.modified.pop((register.register, number), None)


def _check_number(register: Register, company: Company, stored: Stored) -> None:
    number = stored.get(register.key)
    if number is None:
        return
    if register.path == "articles" and not ARTICLE_NUMBER.fullmatch(number):
        raise FortnoxError(errors.NOT_ALPHANUMERIC, f"Värdet måste vara alfanumeriskt ({number})")
    if register.path == "customers" and (number in company.customers or number in company.burnt_customer_numbers):
        burnt = "" if number in company.customers else " Kundnumret har redan använts men blivit raderat."
        raise FortnoxError(errors.NUMBER_BURNT, f"Kundnummer {number} används redan.{burnt}")
    if number in getattr(company, register.register):
        raise FortnoxError(errors.NUMBER_TAKEN, f"Numret {number} används redan.")


# References that a write may contain


def check_account(company: Company, number: Any, code: int = errors.ACCOUNT) -> None:
    """Note 56: an account that is missing or inactive stops the document. 0 means none."""
    if number and not company.accounts.get(int(number), False):
        raise FortnoxError(code, f"Kunde inte hitta konto ({number}).")


def check_cost_centre(company: Company, code: Any) -> None:
    if isinstance(code, str) and not company.cost_centers.get(code, {}).get("Active", False):
        raise FortnoxError(errors.COST_CENTRE, f"Kostnadsstället är inte aktivt ({code}).")


def check_project(company: Company, number: Any) -> None:
    if not isinstance(number, str) or not number:
        return
    check_project_accounting(company)
    if number not in company.projects:
        raise FortnoxError(errors.PROJECT_MISSING, f"Kunde inte hitta projekt ({number}).")


def check_project_accounting(company: Company) -> None:
    """Note 41: the module must be switched on first. The code of the refusal is not published."""
    if not company.project_accounting:
        raise FortnoxError(errors.PROJECTS_OFF, "Projektredovisning är inte aktiverad.")


def check_unit(company: Company, code: Any) -> None:
    if isinstance(code, str) and code and code not in company.units:
        raise FortnoxError(errors.UNIT_MISSING, f"Kunde inte hitta enhet ({code}).")


def _check_customer(company: Company, changes: Stored, _: Stored) -> None:
    account = changes.get("SalesAccount")
    if isinstance(account, str):
        if not account.isdecimal():
            raise FortnoxError(errors.NOT_NUMERIC, f"Värdet måste vara numeriskt ({account})")
        check_account(company, account)
    check_cost_centre(company, changes.get("CostCenter"))
    check_project(company, changes.get("Project"))
    terms = changes.get("TermsOfPayment")
    if isinstance(terms, str) and terms not in company.terms_of_payment:
        raise FortnoxError(errors.TERMS_MISSING, f"Kunde inte hitta betalningsvillkor ({terms}).")


def _check_supplier(company: Company, changes: Stored, _: Stored) -> None:
    check_cost_centre(company, changes.get("CostCenter"))
    check_project(company, changes.get("Project"))


def _check_project(company: Company, _: Stored, result: Stored) -> None:
    check_project_accounting(company)
    start, end = result.get("StartDate"), result.get("EndDate")
    if start and end and end < start:
        raise FortnoxError(errors.NOT_A_DATE, "Slutdatum får inte vara före startdatum.")


def _check_article(company: Company, changes: Stored, _: Stored) -> None:
    check_unit(company, changes.get("Unit"))
    for name, value in changes.items():
        if name.endswith("Account") and isinstance(value, int):
            check_account(company, value)
    supplier = changes.get("SupplierNumber")
    if isinstance(supplier, str) and supplier not in company.suppliers:
        raise FortnoxError(errors.SUPPLIER_MISSING, f"Kunde inte hitta leverantör ({supplier}).")


def _check_unit(_: Company, __: Stored, ___: Stored) -> None:
    """A unit refers to nothing."""


def _article_row(stored: Stored) -> Stored:
    texts = ("DisposableQuantity", "PurchasePrice", "ReservedQuantity", "SalesPrice", "StockValue", "VAT")
    return stored | {name: str(stored.get(name, 0)) for name in texts}


_ACTIVE = {
    "active": lambda company, stored: stored.get("Active", True),
    "inactive": lambda company, stored: not stored.get("Active", True),
}

REGISTERS = (
    Register(
        path="customers",
        register="customers",
        wrapper="Customer",
        collection="Customers",
        key="CustomerNumber",
        table="Customer",
        row_table="CustomerListItem",
        scope="customer",
        listing=Listing(
            "customers",
            search={
                "customernumber": "CustomerNumber",
                "name": "Name",
                "zipcode": "ZipCode",
                "city": "City",
                "email": "Email",
                "phone": "Phone1",
                "organisationnumber": "OrganisationNumber",
                "gln": "GLN",
                "glndelivery": "GLNDelivery",
            },
            filters=_ACTIVE,
            sorts={"customernumber": "CustomerNumber", "name": "Name"},
            lastmodified=True,
        ),
        defaults=CUSTOMER_DEFAULTS,
        check=_check_customer,
        missing=(errors.CUSTOMER_MISSING, "kund"),
        row=lambda stored: stored | {"Phone": stored.get("Phone1")},
    ),
    Register(
        path="projects",
        register="projects",
        wrapper="Project",
        collection="Projects",
        key="ProjectNumber",
        table="Project",
        row_table="ProjectListItem",
        scope="project",
        listing=Listing("projects", sorts={"projectnumber": "ProjectNumber"}),  # note 23: no lastmodified
        defaults={"Status": "ONGOING"},
        check=_check_project,
        missing=(errors.PROJECT_MISSING, "projekt"),
    ),
    Register(
        path="articles",
        register="articles",
        wrapper="Article",
        collection="Articles",
        key="ArticleNumber",
        table="Article",
        row_table="ArticleListItem",
        scope="article",
        listing=Listing(
            "articles",
            search={
                "articlenumber": "ArticleNumber",
                "description": "Description",
                "ean": "EAN",
                "suppliernumber": "SupplierNumber",
                "manufacturer": "Manufacturer",
                "manufacturerarticlenumber": "ManufacturerArticleNumber",
                "webshop": "WebshopArticle",
            },
            filters=_ACTIVE,
            sorts={
                "articlenumber": "ArticleNumber",
                "quantityinstock": "QuantityInStock",
                "reservedquantity": "ReservedQuantity",
                "stockvalue": "StockValue",
            },
            lastmodified=True,
        ),
        defaults=ARTICLE_DEFAULTS,
        check=_check_article,
        missing=(errors.ARTICLE_MISSING, "artikel"),
        row=_article_row,
    ),
    Register(
        path="units",
        register="units",
        wrapper="Unit",
        collection="Units",
        key="Code",
        table="Unit",
        row_table="Unit",
        scope="settings",
        listing=Listing("units", sorts={"code": "Code"}),
        defaults={},
        check=_check_unit,
        missing=(errors.UNIT_MISSING, "enhet"),
    ),
    Register(
        path="suppliers",
        register="suppliers",
        wrapper="Supplier",
        collection="Suppliers",
        key="SupplierNumber",
        table="Supplier",
        row_table="SupplierListItem",
        scope="supplier",
        listing=Listing("suppliers", sorts={"suppliernumber": "SupplierNumber"}),
        defaults={"Active": True, "Currency": "SEK", "CountryCode": "SE", "Country": "Sverige", "TermsOfPayment": "30"},
        check=_check_supplier,
        missing=(errors.SUPPLIER_MISSING, "leverantör"),
        row=lambda stored: stored | {"Phone": stored.get("Phone1")},
        deletable=False,
    ),
)
