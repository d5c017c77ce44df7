"""The page of the SmartDok twin for people: what lies there, and forms to act with. In Swedish, as SmartDok is.

Everything that changes something is a POST under `/page/<company>/` that answers with a redirect to where it was done.
"""

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from flask import Blueprint, Response, abort, current_app, redirect, render_template, request
from flask.typing import ResponseReturnValue

from sandbox.smartdok.company import Company
from sandbox.smartdok.shapes import Record

if TYPE_CHECKING:
    from sandbox.smartdok.twin import SmartDokTwin

page = Blueprint("page", __name__, template_folder="templates")

SHOWN_LINES = 60
STATUSES = {
    "Unbooked": "Obetald",
    "PaymentPending": "Väntar på betalning",
    "AuthorizePending": "Väntar på attest",
    "Paid": "Betald",
    "Cancelled": "Makulerad",
    "NotSet": "Okänt läge",
}


def _twin() -> "SmartDokTwin":
    return cast("SmartDokTwin", current_app.extensions["twin"])


def _company(id: int) -> Company:
    companies = {company.id: company for company in _twin().companies}
    return companies[id] if id in companies else abort(404)


@page.get("/")
def index() -> ResponseReturnValue:
    twin = _twin()
    with twin.lock:
        if not twin.companies:
            return Response("Tvillingen har inga företag.", content_type="text/plain; charset=utf-8")
        shown = _company(request.args.get("company", twin.companies[0].id, type=int))
        return render_template(
            "index.html",
            companies=twin.companies,
            company=shown,
            documents=_documents_by_invoice(shown),
            message=request.args.get("message"),
            shown_lines=SHOWN_LINES,
            statuses=STATUSES,
        )


def _documents_by_invoice(company: Company) -> dict[str, list[tuple[int, Record]]]:
    found: dict[str, list[tuple[int, Record]]] = {}
    for position, document in enumerate(company.documents):
        found.setdefault(document["ExternalInvoiceNumber"], []).append((position, document))
    return found


@page.get("/page/<int:id>/documents/<int:position>")
def document(id: int, position: int) -> ResponseReturnValue:
    with _twin().lock:
        documents = _company(id).documents
        if position >= len(documents):
            abort(404)
        return Response(documents[position]["bytes"], content_type="application/pdf")


def _done(company: Company, anchor: str, message: str) -> ResponseReturnValue:
    return redirect(f"/?company={company.id}&message={message}#{anchor}", 303)


def _text(name: str) -> str:
    return request.form.get(name, "").strip()


def _amount(name: str) -> float:
    """A number as Swedes write it: comma, spaces between thousands. Empty counts as 0."""
    text = _text(name).replace(" ", "").replace("\N{NO-BREAK SPACE}", "").replace(",", ".")
    try:
        return float(Decimal(text or "0"))
    except ArithmeticError:
        abort(400, f"{name} är inget tal: {text}")


def _date(name: str) -> str | None:
    text = _text(name)
    try:
        return f"{dt.date.fromisoformat(text)}T00:00:00" if text else None
    except ValueError:
        abort(400, f"{name} är inget datum: {text}")


# Register


@page.post("/page/<int:id>/customers")
def add_customer(id: int) -> ResponseReturnValue:
    with _twin().lock:
        company = _company(id)
        names = ("CustomerName", "CustomerNumber", "OrganizationNumber", "Email", "Address", "ZipCode", "City")
        company.add_customer(**{name: _text(name) for name in names})
        return _done(company, "kunder", "Kunden finns nu i SmartDok")


@page.post("/page/<int:id>/customers/<int:customer_id>")
def change_customer(id: int, customer_id: int) -> ResponseReturnValue:
    with _twin().lock:
        company = _company(id)
        company.touch(_in(company.customers, customer_id), CustomerNumber=_text("CustomerNumber"))
        return _done(company, "kunder", "Kundnumret är ändrat")


@page.post("/page/<int:id>/projects")
def add_project(id: int) -> ResponseReturnValue:
    with _twin().lock:
        company = _company(id)
        customer = request.form.get("CustomerId", type=int)
        company.add_project(
            ProjectName=_text("ProjectName"),
            ProjectNumber=_text("ProjectNumber"),
            CustomerId=customer if customer in company.customers else None,
            StartDate=_date("StartDate"),
        )
        return _done(company, "projekt", "Projektet finns nu i SmartDok")


@page.post("/page/<int:id>/projects/<int:project_id>")
def set_start_date(id: int, project_id: int) -> ResponseReturnValue:
    with _twin().lock:
        company = _company(id)
        company.touch(_in(company.projects, project_id), StartDate=_date("StartDate"))
        return _done(company, "projekt", "Startdatum är sparat")


def _in(records: dict[int, Record], id: int) -> Record:
    if id not in records:
        abort(404)
    return records[id]


# Invoices


@page.post("/page/<int:id>/invoices")
def add_draft(id: int) -> ResponseReturnValue:
    with _twin().lock:
        company = _company(id)
        customer, project = request.form.get("CustomerId", type=int), request.form.get("ProjectId", type=int)
        line = {
            "InvoiceLineTypeId": 1,
            "LineText": _text("LineText"),
            "Quantity": _amount("Quantity"),
            "Price": _amount("Price"),
            "UnitType": "tim",
        }
        company.add_invoice(
            [line],
            IsDraft=True,
            Title=_text("LineText"),
            CustomerId=customer if customer in company.customers else None,
            ProjectId=project if project in company.projects else None,
        )
        return _done(company, "underlag", "Utkastet ligger i SmartDok")


@page.post("/page/<int:id>/invoices/<int:invoice_id>/<step>")
def invoice_step(id: int, invoice_id: int, step: str) -> ResponseReturnValue:
    with _twin().lock:
        company = _company(id)
        invoice = _in(company.invoices, invoice_id)
        match step:
            case "finalise":
                company.finalise(invoice_id)
                message = "Underlaget är slutfört"
            case "withdraw":
                company.withdraw(invoice_id)
                message = "Underlaget är draget tillbaka"
            case "credit":
                company.credit(invoice_id)
                message = "Underlaget är krediterat"
            case "change":
                company.change_invoice(invoice_id, _changed_lines(invoice))
                message = "Raden är ändrad"
            case _:
                abort(404)
        return _done(company, f"underlag-{invoice_id}", message)


def _changed_lines(invoice: Record) -> list[Record]:
    """The invoice's lines, with quantity and price of one of them as the form says."""
    lines: list[dict[str, Any]] = [dict(line) for line in invoice["InvoiceLines"]]
    row = request.form.get("RowId", type=int)
    for line in lines:
        if line["RowId"] == row:
            line |= {"Quantity": _amount("Quantity"), "Price": _amount("Price"), "Sum": None}
    return lines


# Supplier invoices


@page.post("/page/<int:id>/supplier-invoices/<path:number>/approve")
def approve(id: int, number: str) -> ResponseReturnValue:
    """Outside the lock: the webhook's receiver may ask back."""
    company = _company(id)
    if number not in company.supplier_invoices:
        abort(404)
    made = _twin().approve_supplier_invoice(company, number)
    if not made:
        message = "Godkänd. Ingen webhook är registrerad"
    elif all(delivery.status is not None and delivery.status < 300 for delivery in made):
        message = "Godkänd, webhook levererad"
    else:
        message = "Godkänd, men webhooken togs inte emot"
    return _done(company, "leverantorsfakturor", message)


@page.app_template_filter("kronor")
def kronor(amount: float | None) -> str:
    """`12 345,60`, with no-break spaces."""
    return f"{amount or 0:,.2f}".replace(",", "\N{NO-BREAK SPACE}").replace(".", ",")


@page.app_template_filter("plain")
def plain(number: float | None) -> str:
    """`7,5`, without zeros at the end."""
    return f"{number or 0:g}".replace(".", ",")


@page.app_template_filter("day")
def day(moment: str | None) -> str:
    return moment[:10] if moment else ""


@page.app_template_filter("minute")
def minute(moment: str | None) -> str:
    return moment[:16].replace("T", " ") if moment else ""
