"""What lies in the twins: the fields that we own, of every object, in the vendors' names."""

from typing import Any

from sandbox.fortnox import Company as Fortnox
from sandbox.smartdok import Company as SmartDok

CUSTOMER = (
    *("Name", "OrganisationNumber", "Email", "Address1", "ZipCode", "City", "DeliveryAddress1", "DeliveryZipCode"),
    *("DeliveryCity", "Phone1", "Phone2", "Comments", "Active", "Type", "VATType"),
)
PROJECT = ("Description", "StartDate", "EndDate", "ProjectLeader", "ContactPerson", "Comments", "Status")
ARTICLE = ("Description", "Unit", "SalesPrice", "Active", "Type", "StockGoods")
INVOICE = (
    *("CustomerNumber", "ExternalInvoiceReference1", "ExternalInvoiceReference2", "Project", "YourReference"),
    *("OurReference", "Remarks", "InvoiceDate", "NotCompleted", "Booked", "Sent", "Net"),
)
ROW = (
    "ArticleNumber",
    "Description",
    "DeliveredQuantity",
    "Price",
    "Discount",
    "DiscountType",
    "Unit",
    "Project",
    "Total",
)

Objects = dict[str, dict[str, Any]]


def _owned(objects: Objects, fields: tuple[str, ...]) -> Objects:
    return {number: _part(each, fields) for number, each in objects.items()}


def _part(values: dict[str, Any], fields: tuple[str, ...]) -> dict[str, Any]:
    return {name: values[name] for name in fields if values.get(name) not in (None, "")}


def customers(company: Fortnox) -> Objects:
    """By customer number."""
    return _owned(company.customers, CUSTOMER)


def projects(company: Fortnox) -> Objects:
    """By project number."""
    return _owned(company.projects, PROJECT)


def articles(company: Fortnox) -> Objects:
    """By article number."""
    return _owned(company.articles, ARTICLE)


def invoices(company: Fortnox) -> list[dict[str, Any]]:
    """In the order in which they were made, each with its rows."""
    return [
        {**_part(each, INVOICE), "Rows": [_row(row) for row in each["InvoiceRows"]]}
        for each in company.invoices.values()
    ]


def _row(row: dict[str, Any]) -> dict[str, Any]:
    """A row without what is usual: no discount."""
    part = _part(row, ROW)
    return part if part.get("Discount") else {k: v for k, v in part.items() if k not in {"Discount", "DiscountType"}}


def references(company: Fortnox) -> list[str]:
    """Our reference of every invoice."""
    return [each["ExternalInvoiceReference1"] for each in company.invoices.values()]


def supplier_invoices(company: SmartDok) -> Objects:
    """By ExternalInvoiceNumber, whole: SmartDok's PUT replaces all of it."""
    return dict(company.supplier_invoices)


def lines(company: SmartDok, number: str) -> list[tuple[Any, ...]]:
    """(project, net, VAT) in kronor of each line of a supplier invoice."""
    return [
        (each["ProjectId"], round(each["AmountIncludingVat"] - each["Vat"], 2), each["Vat"])
        for each in company.supplier_invoices[number]["Lines"]
    ]


def documents(company: SmartDok) -> list[tuple[str, str, bytes]]:
    """(invoice, name, bytes) in the order in which they were fetched."""
    return [(each["ExternalInvoiceNumber"], each["name"], each["bytes"]) for each in company.documents]
