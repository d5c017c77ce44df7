"""/SupplierInvoices: POST, PUT, GET by uuid and the document upload.

ExternalInvoiceNumber is the key. The output holds no id: the uuid that GET wants comes with the webhook only.
"""

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from sandbox.smartdok import schema
from sandbox.smartdok.api.base import body, created, found, needs, session_company, twin
from sandbox.smartdok.company import Company
from sandbox.smartdok.errors import Refused
from sandbox.smartdok.fetch import fetch_pdf
from sandbox.smartdok.shapes import Record

blueprint = Blueprint("supplier_invoices", __name__)


@blueprint.get("/SupplierInvoices/<uuid:id>")
@needs("SupplierInvoicesRead")
def supplier_invoice(company: Company, id: object) -> ResponseReturnValue:
    by_id = {company.supplier_invoice_ids[number]: record for number, record in company.supplier_invoices.items()}
    return found(by_id, str(id))


@blueprint.post("/SupplierInvoices")
@needs("SupplierInvoicesWrite")
def add_supplier_invoice(company: Company) -> ResponseReturnValue:
    record = _given(company)
    number = record["ExternalInvoiceNumber"]
    if number in company.supplier_invoices:
        raise Refused.taken("ExternalInvoiceNumber", number)
    company.supplier_invoices[number] = record
    company.supplier_invoice_ids[number] = company.uuid("supplier-invoice", number)
    return created(record, f"/SupplierInvoices/{company.supplier_invoice_ids[number]}")


@blueprint.put("/SupplierInvoices")
@needs("SupplierInvoicesWrite")
def put_supplier_invoice(company: Company) -> ResponseReturnValue:
    """Replaces the whole invoice, its lines included."""
    record = _given(company)
    number = record["ExternalInvoiceNumber"]
    if number not in company.supplier_invoices:
        raise Refused.unknown("ExternalInvoiceNumber", number)
    company.supplier_invoices[number] = record
    return record


def _given(company: Company) -> Record:
    record = body("SupplierInvoice")
    line_numbers: set[str] = set()
    for line in record["Lines"]:
        if line["ExternalInvoiceLineNumber"] in line_numbers:
            raise Refused.taken("ExternalInvoiceLineNumber", line["ExternalInvoiceLineNumber"])
        line_numbers.add(line["ExternalInvoiceLineNumber"])
        _check_project(company, line)
        line.pop("Id")
        line["DiscountPercentage"] = line["DiscountPercentage"] or 0.0
    return record


def _check_project(company: Company, line: schema.Body) -> None:
    """A line may carry no project, but not one that does not exist."""
    if line["ProjectId"] is not None and line["ProjectId"] not in company.projects:
        raise Refused.unknown("ProjectId", line["ProjectId"])
    if line["SubProjectId"] is not None and line["SubProjectId"] not in company.sub_projects:
        raise Refused.unknown("SubProjectId", line["SubProjectId"])


@blueprint.post("/SupplierInvoices/document/upload")
def upload_document() -> ResponseReturnValue:
    return _upload(request.args.get("externalInvoiceNumber", ""))


@blueprint.post("/SupplierInvoices/<external_number>/document/upload")
def upload_document_of(external_number: str) -> ResponseReturnValue:
    """Deprecated by the vendor; the number in the path."""
    return _upload(external_number)


def _upload(external_number: str) -> ResponseReturnValue:
    """No file comes with the request: it is fetched from the URL, without the lock, so that others can go on."""
    with twin().lock:
        company = session_company("SupplierInvoicesWrite")
        given = body("SupplierInvoiceDocument")
        if not external_number:
            raise Refused.missing("ExternalInvoiceNumber")
        if external_number not in company.supplier_invoices:
            raise Refused.unknown("ExternalInvoiceNumber", external_number)
        if not given["DocumentName"]:
            raise Refused.missing("DocumentName")
        if not given["DocumentDownloadUrl"]:
            raise Refused.missing("DocumentDownloadUrl")
    url = given["DocumentDownloadUrl"]
    fetched = fetch_pdf(url, twin().document_timeout)
    with twin().lock:
        company.add_document(external_number, given["DocumentName"], fetched.content, fetched.content_type, url)
    return Response(b"", 200)
