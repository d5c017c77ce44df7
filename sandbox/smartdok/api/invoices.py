"""/Invoices: drafts and finalised ones, read only. Nothing marks an invoice as fetched."""

import datetime as dt

from flask import Blueprint
from flask.typing import ResponseReturnValue

from sandbox.smartdok import lists
from sandbox.smartdok.api.base import found, needs, twin
from sandbox.smartdok.company import Company
from sandbox.smartdok.shapes import Record

blueprint = Blueprint("invoices", __name__)


@blueprint.get("/Invoices")
@needs("InvoicesRead")
def invoices(company: Company) -> ResponseReturnValue:
    """A bare array, always whole. Seen in the field: empty unless both dates are given."""
    first, last = lists.moment("fromDate"), lists.moment("toDate")
    if first is None or last is None:
        return []
    return [i for i in company.invoices.values() if _lies_within(i, first.date(), last.date())]


def _lies_within(invoice: Record, first: dt.date, last: dt.date) -> bool:
    tested = twin().switches.invoice_dates
    start, end = ("DateFrom", "DateTo") if tested == "period" else (tested, tested)
    return _day(invoice[start]) <= last and _day(invoice[end]) >= first


def _day(text: str) -> dt.date:
    return dt.datetime.fromisoformat(text).date()


@blueprint.get("/Invoices/<int:id>")
@needs("InvoicesRead")
def invoice(company: Company, id: int) -> ResponseReturnValue:
    return found(company.invoices, id)
