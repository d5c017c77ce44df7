"""The API under /3: who may, how often, and which function answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from flask import Blueprint, Response, request
from werkzeug.exceptions import BadRequest

from sandbox.faults import Answer
from sandbox.fortnox import errors, files, invoices, registers, supplier_invoices
from sandbox.fortnox.company import Company
from sandbox.fortnox.errors import FortnoxError, bad_login, no_token, too_many_requests
from sandbox.fortnox.lists import Listing, selected

if TYPE_CHECKING:
    from sandbox.fortnox.twin import FortnoxTwin

Stored = dict[str, Any]

SCOPE_OF = {register.path: register.scope for register in registers.REGISTERS} | {
    "companyinformation": "companyinformation",
    "settings": "settings",
    "invoices": "invoice",
    "supplierinvoices": "supplierinvoice",
    "supplierinvoicefileconnections": "connectfile",
    "archive": "archive",
    "inbox": "inbox",
}
REGISTER_AT = {register.path: register for register in registers.REGISTERS}
INVOICE_ACTIONS: dict[str, Callable[[Company, str], Stored]] = {
    "bookkeep": invoices.bookkeep,
    "cancel": invoices.cancel,
    "credit": invoices.credit,
}
SUPPLIER_INVOICE_ACTIONS: dict[str, Callable[[Company, str], Stored]] = {
    "bookkeep": supplier_invoices.bookkeep,
    "cancel": supplier_invoices.cancel,
    "approvalbookkeep": lambda company, number: supplier_invoices.approve(company, number, "bookkeep"),
    "approvalpayment": lambda company, number: supplier_invoices.approve(company, number, "payment"),
}
METHODS = ["GET", "POST", "PUT", "DELETE"]


def api_routes(twin: FortnoxTwin) -> Blueprint:
    routes = Blueprint("api", __name__)

    @routes.route("/3/<path:path>", methods=METHODS)
    def answer(path: str) -> Response:
        # The raw path keeps a "/" inside a number apart from those between segments (note 32).
        raw = request.environ.get("RAW_URI", f"/3/{quote(path)}").split("?")[0]
        segments = [unquote(segment) for segment in raw.strip("/").split("/")[1:]]
        try:
            with twin.lock:
                company = admitted(twin, segments[0])
                if twin.limit and not twin.throttle.admits(company.tenant_id):
                    twin.rate_limited += 1
                    given = too_many_requests()
                else:
                    _check_licence(company, segments[0])
                    given = Call(company).answer(segments)
        except FortnoxError as error:
            given = error.answer()
        return Response(given.body, given.status, given.headers)

    return routes


def admitted(twin: FortnoxTwin, resource: str) -> Company:
    """The company whose token came with the request."""
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not text:
        raise no_token(twin.login_fault_status)
    token = twin.tokens.read(text.strip())
    company = twin.companies.get(token.tenant_id) if token else None
    if token is None or company is None or company.consent is None:
        raise bad_login(twin.login_fault_status)
    scope = SCOPE_OF.get(resource)
    if scope is not None and scope not in token.scopes:
        raise FortnoxError(errors.SCOPE_NOT_LICENSED, "Har inte behörighet för scope.", status=403)
    return company


def _check_licence(company: Company, resource: str) -> None:
    """Note 12: a licence is a separate matter from a scope."""
    if not company.api_licence:
        raise FortnoxError(errors.NO_API_LICENCE, "Api-licens saknas.", status=403)
    if SCOPE_OF.get(resource) in company.unlicensed_scopes:
        message = "Det finns ingen aktiv licens för önskat scope."
        raise FortnoxError(errors.SCOPE_NOT_LICENSED, message, status=403)


class Call:
    """One admitted request of a company."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.base = request.host_url.rstrip("/")

    def answer(self, segments: list[str]) -> Answer:
        resource, *rest = segments
        if resource in REGISTER_AT:
            return self._register(REGISTER_AT[resource], rest)
        match resource:
            case "invoices":
                return self._invoices(rest)
            case "supplierinvoices":
                return self._supplier_invoices(rest)
            case "supplierinvoicefileconnections":
                return self._connections(rest)
            case "archive" | "inbox":
                return self._files(resource, rest)
            case "companyinformation" | "settings":
                return self._company([resource, *rest])
        raise _no_path()

    def _register(self, register: registers.Register, rest: list[str]) -> Answer:
        company = self.company

        def one(stored: Stored) -> Stored:
            return self._wrapped(
                register.wrapper, register.path, stored[register.key], registers.show(register, stored)
            )

        match request.method, rest:
            case "GET", []:
                return self._list(
                    register.collection,
                    register.listing,
                    register.path,
                    register.key,
                    lambda stored: registers.show_row(register, stored),
                )
            case "POST", []:
                return Answer.json(201, one(registers.create(register, company, self._body(register.wrapper))))
            case "GET", [number]:
                return Answer.json(200, one(registers.get(register, company, number)))
            case "PUT", [number]:
                return Answer.json(200, one(registers.update(register, company, number, self._body(register.wrapper))))
            case "DELETE", [number] if register.deletable:
                registers.delete(register, company, number)
                return Answer(204, [], b"")
        raise _no_path()

    def _invoices(self, rest: list[str]) -> Answer:
        company = self.company

        def one(stored: Stored) -> Stored:
            shown = invoices.show(stored)
            shown["@urlTaxReductionList"] = f"{self.base}/3/taxreductions?filter=invoices&referencenumber="
            shown["@urlTaxReductionList"] += stored["DocumentNumber"]
            return self._wrapped("Invoice", "invoices", stored["DocumentNumber"], shown)

        match request.method, rest:
            case "GET", []:
                return self._list("Invoices", invoices.LISTING, "invoices", "DocumentNumber", invoices.show_row)
            case "POST", []:
                return Answer.json(201, one(invoices.create(company, self._body("Invoice"))))
            case "GET", [number]:
                return Answer.json(200, one(invoices.get(company, number)))
            case "PUT", [number]:
                return Answer.json(200, one(invoices.update(company, number, self._body("Invoice"))))
            case "PUT", [number, action] if action in INVOICE_ACTIONS:
                return Answer.json(200, one(INVOICE_ACTIONS[action](company, number)))
        raise _no_path()

    def _supplier_invoices(self, rest: list[str]) -> Answer:
        company = self.company

        def one(stored: Stored) -> Stored:
            shown = supplier_invoices.show(stored)
            return self._wrapped("SupplierInvoice", "supplierinvoices", stored["GivenNumber"], shown)

        match request.method, rest:
            case "GET", []:
                listing = supplier_invoices.LISTING
                return self._list(
                    "SupplierInvoices",
                    listing,
                    "supplierinvoices",
                    "GivenNumber",
                    lambda stored: supplier_invoices.show_row(company, stored),
                )
            case "POST", []:
                return Answer.json(201, one(supplier_invoices.create(company, self._body("SupplierInvoice"))))
            case "GET", [number]:
                return Answer.json(200, one(supplier_invoices.get(company, number)))
            case "PUT", [number]:
                return Answer.json(200, one(supplier_invoices.update(company, number, self._body("SupplierInvoice"))))
            case "PUT", [number, action] if action in SUPPLIER_INVOICE_ACTIONS:
                return Answer.json(200, one(SUPPLIER_INVOICE_ACTIONS[action](company, number)))
        raise _no_path()

    def _connections(self, rest: list[str]) -> Answer:
        path, wrapper = "supplierinvoicefileconnections", "SupplierInvoiceFileConnection"

        def one(stored: Stored) -> Stored:
            return self._wrapped(wrapper, path, stored["FileId"], supplier_invoices.show_connection(stored))

        match request.method, rest:
            case "GET", []:
                shown, listing = supplier_invoices.show_connection, supplier_invoices.CONNECTIONS
                return self._list(f"{wrapper}s", listing, path, "FileId", shown)
            case "POST", []:
                return Answer.json(201, one(supplier_invoices.connect(self.company, self._body(wrapper))))
            case "GET", [file_id]:
                return Answer.json(200, one(supplier_invoices.connection(self.company, file_id)))
            case "DELETE", [file_id]:
                supplier_invoices.connection(self.company, file_id)
                del self.company.file_connections[file_id]
                return Answer(204, [], b"")
        raise _no_path()

    def _files(self, where: str, rest: list[str]) -> Answer:
        attachment = request.args.get("fileid", "") if where == "archive" else ""
        match request.method, rest:
            case "GET", [] if attachment:
                return files.content(self.company, where, "", attachment)
            case "GET", []:
                return Answer.json(200, {"Folder": files.folder(self.company, where, self.base)})
            case "POST", []:
                upload = request.files.get("file")
                if upload is None:
                    raise FortnoxError(errors.WRONG_BODY, "Ingen eller felaktig typ av data.")
                where_to = "archive" if where == "archive" else "inbox"
                file_id = self.company.add_file(upload.filename or "fil", upload.read(), where_to, upload.content_type)  # type: ignore[arg-type]
                return Answer.json(201, {"File": files.show_file(self.company.files[file_id], self.base)})
            case "GET", [file_id]:
                return files.content(self.company, where, file_id, attachment)
            case "DELETE", [file_id]:
                files.remove(self.company, where, file_id)
                return Answer(204, [], b"")
        raise _no_path()

    def _company(self, segments: list[str]) -> Answer:
        company = self.company
        if request.method != "GET":
            raise _no_path()
        match segments:
            case ["companyinformation"]:
                return Answer.json(200, {"CompanyInformation": _information(company)})
            case ["settings", "company"]:
                return Answer.json(200, {"CompanySettings": _settings(company)})
            case ["settings", "lockedperiod"]:
                end = company.locked_until
                return Answer.json(200, {"LockedPeriod": {"EndDate": end.isoformat() if end else ""}})
        raise _no_path()

    def _list(
        self, collection: str, listing: Listing, path: str, key: str, shown: Callable[[Stored], Stored]
    ) -> Answer:
        stored, meta = selected(listing, self.company, request.args)
        rows = [shown(values) | {"@url": self._url(path, values[key])} for values in stored]
        return Answer.json(200, {"MetaInformation": meta, collection: rows})

    def _wrapped(self, wrapper: str, path: str, number: str, shown: Stored) -> Stored:
        return {wrapper: shown | {"@url": self._url(path, number)}}

    def _url(self, path: str, number: str) -> str:
        return f"{self.base}/3/{path}/{quote(number, safe='')}"

    def _body(self, wrapper: str) -> Any:
        try:
            body = json.loads(request.get_data())
        except ValueError:
            if not request.get_data():
                raise FortnoxError(errors.WRONG_BODY, "Ingen eller felaktig typ av data.") from None
            message = "Error deserializing JSON: JSON_ERROR_SYNTAX"
            raise FortnoxError(errors.JSON_SYNTAX, message) from None
        except BadRequest:
            raise FortnoxError(errors.WRONG_BODY, "Ingen eller felaktig typ av data.") from None
        if not isinstance(body, dict) or set(body) != {wrapper}:
            raise FortnoxError(errors.WRONG_BODY, "Ingen eller felaktig typ av data.")
        return body[wrapper]


def _no_path() -> FortnoxError:
    return FortnoxError(errors.PATH_MISSING, "Sökvägen finns inte.", status=404)


def _information(company: Company) -> Stored:
    return {
        "Address": "Verkstadsgatan 4",
        "City": "Västerås",
        "CompanyName": company.name,
        "CountryCode": "SE",
        "DatabaseNumber": company.tenant_id,
        "OrganizationNumber": company.organisation_number,
        "VisitAddress": "",
        "VisitCity": "",
        "VisitCountryCode": "",
        "VisitZipCode": "",
        "ZipCode": "721 30",
    }


def _settings(company: Company) -> Stored:
    return {
        "Address": "Verkstadsgatan 4",
        "City": "Västerås",
        "Country": "Sverige",
        "CountryCode": "SE",
        "DatabaseNumber": str(company.tenant_id),
        "Domicile": "Västerås",
        "Name": company.name,
        "OrganizationNumber": company.organisation_number,
        "TaxEnabled": True,
        "ZipCode": "721 30",
    }
