"""The page of the Fortnox twin for people: what lies there, and forms to act with. In Swedish, as Fortnox is.

Everything that changes something is a POST under /page/<tenant id>/ that answers with a redirect to where it was done.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, redirect, render_template, request
from markupsafe import Markup

from sandbox.faults import KINDS
from sandbox.fortnox import invoices, registers, supplier_invoices
from sandbox.fortnox.company import CHART, SCOPES, Company, Where
from sandbox.fortnox.errors import FortnoxError
from sandbox.fortnox.page.paper import supplier_invoice_pdf

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as WerkzeugResponse

    from sandbox.fortnox.twin import FortnoxTwin

SHOWN = 200  # rows of a table; benches leave tens of thousands

SCOPE_NAMES = dict(
    zip(
        SCOPES,
        (
            *("Företagsinformation", "Kund", "Projekt", "Artikel", "Faktura", "Leverantör", "Leverantörsfaktura"),
            *("Filkopplingar", "Arkivplats", "Inkorg", "Inställningar", "Kostnadsställe", "Bokföring"),
        ),
        strict=True,
    )
)
FAULT_NAMES = dict(
    zip(
        KINDS,
        (
            *("Svara med status", "Utför, svara sedan med status", "Vänta först", "Utför, vänta sedan"),
            *("Bryt före", "Utför, bryt sedan", "Klipp svaret", "Utför, svara med HTML"),
            *("Nyckeln har gått ut", "För många anrop (429)", "Vägra allt"),
        ),
        strict=True,
    )
)


def page_routes(twin: FortnoxTwin) -> Blueprint:
    page = Blueprint("page", __name__, template_folder="templates")
    page.add_app_template_filter(kronor)

    @page.errorhandler(FortnoxError)
    def refused(error: FortnoxError) -> WerkzeugResponse:
        """What the API would refuse the page refuses too, in the same words."""
        tenant_id = (request.view_args or {})["tenant_id"]
        return _back(twin.company(tenant_id), "", f"{error.message} ({error.code})", fault=True)

    @page.get("/")
    def index() -> Response | str:
        with twin.lock:
            if not twin.companies:
                return Response("Tvillingen har inga företag.", content_type="text/plain; charset=utf-8")
            company = _company(twin, request.args.get("company", next(iter(twin.companies)), type=int))
            return _index(twin, company)

    @page.get("/page/<int:tenant_id>/files/<file_id>")
    def file(tenant_id: int, file_id: str) -> Response:
        held = _company(twin, tenant_id).files.get(file_id) or abort(404)
        return Response(held["Bytes"], content_type=held["ContentType"])

    @page.post("/page/<int:tenant_id>/supplier-invoices")
    def add_supplier_invoice(tenant_id: int) -> WerkzeugResponse:
        with twin.lock:
            company = _company(twin, tenant_id)
            number = _add_supplier_invoice(company)
            return _back(company, f"lf-{number}", f"Leverantörsfaktura {number} ligger i Fortnox")

    @page.post("/page/<int:tenant_id>/supplier-invoices/<number>/<step>")
    def supplier_invoice_step(tenant_id: int, number: str, step: str) -> WerkzeugResponse:
        with twin.lock:
            company = _company(twin, tenant_id)
            supplier_invoices.get(company, number)
            match step:
                case "book":
                    supplier_invoices.bookkeep(company, number)
                    message = "är bokförd"
                case "cancel":
                    supplier_invoices.cancel(company, number)
                    message = "är makulerad"
                case "approve":
                    supplier_invoices.approve(company, number, "bookkeep")
                    supplier_invoices.approve(company, number, "payment")
                    message = "är attesterad"
                case "recode":
                    company.recode_supplier_invoice(number, request.form.get("project", ""))
                    message = "är omkonterad"
                case _:
                    abort(404)
            return _back(company, f"lf-{number}", f"Leverantörsfaktura {number} {message}")

    @page.post("/page/<int:tenant_id>/invoices/<number>/<step>")
    def invoice_step(tenant_id: int, number: str, step: str) -> WerkzeugResponse:
        steps = {
            "bookkeep": (invoices.bookkeep, "är bokförd"),
            "cancel": (invoices.cancel, "är makulerad"),
            "credit": (invoices.credit, "är krediterad"),
        }
        act, message = steps.get(step) or abort(404)
        with twin.lock:
            company = _company(twin, tenant_id)
            act(company, number)
            return _back(company, f"kf-{number}", f"Kundfaktura {number} {message}")

    @page.post("/page/<int:tenant_id>/customers/delete")
    def delete_customer(tenant_id: int) -> WerkzeugResponse:
        number = request.form.get("number", "")
        with twin.lock:
            company = _company(twin, tenant_id)
            registers.delete(registers.REGISTERS[0], company, number)
            return _back(company, "kunder", f"Kund {number} är borttagen. Numret är förbrukat")

    @page.post("/page/<int:tenant_id>/<switch>")
    @page.post("/page/<int:tenant_id>/<switch>/<value>")
    def turn(tenant_id: int, switch: str, value: str = "") -> WerkzeugResponse:
        with twin.lock:
            company = _company(twin, tenant_id)
            return _back(company, "installningar", _turned(twin, company, switch, value))

    @page.post("/page/<int:tenant_id>/faults")
    def add_fault(tenant_id: int) -> WerkzeugResponse:
        company, form = _company(twin, tenant_id), request.form
        kind = form.get("kind", "")
        options: dict[str, Any] = {"tenant": str(tenant_id)} if "mine" in form else {}
        try:
            if kind.startswith("status"):
                options["status"] = int(form.get("status", ""))
            if kind.startswith("delay"):
                options["seconds"] = float(_amount("seconds"))
            times = int(form.get("times", "1"))
            twin.faults.add(kind, form.get("method", "*"), form.get("path", ""), times, **options)
        except ValueError as error:
            return _back(company, "felvaxel", f"Inget fel lades till: {error}", fault=True)
        return _back(company, "felvaxel", "Felet väntar på sitt anrop")

    @page.post("/page/<int:tenant_id>/faults/<int:fault_id>/remove")
    def remove_fault(tenant_id: int, fault_id: int) -> WerkzeugResponse:
        twin.faults.clear(fault_id)
        return _back(_company(twin, tenant_id), "felvaxel", "Felet är borttaget")

    return page


def _index(twin: FortnoxTwin, company: Company) -> str:
    files: dict[str, list[dict[str, Any]]] = {}
    for connection in company.file_connections.values():
        files.setdefault(connection["SupplierInvoiceNumber"], []).append(connection)

    def modified(register: str, number: str) -> str:
        when = company.modified.get((register, number))
        return f"{when:%Y-%m-%d %H:%M}" if when else ""

    return render_template(
        "index.html",
        twin=twin,
        companies=list(twin.companies.values()),
        company=company,
        files=files,
        faults=twin.faults.all,
        fault_kinds=FAULT_NAMES,
        names=SCOPE_NAMES,
        cost_accounts=[account for account in CHART if account >= 4000],
        newest=lambda objects: list(objects.values())[: -SHOWN - 1 : -1],
        by_number=_by_number,
        further=_further,
        modified=modified,
        shown=SHOWN,
        message=request.args.get("message"),
        fault="fault" in request.args,
    )


def _by_number(objects: dict[str, Any]) -> list[Any]:
    """The first ones, numbers before texts."""
    numbers = sorted(
        objects, key=lambda number: (not number.isdecimal(), int(number) if number.isdecimal() else 0, number)
    )
    return [objects[number] for number in numbers[:SHOWN]]


def _further(objects: dict[str, Any]) -> Markup:
    hidden = len(objects) - SHOWN
    return Markup('<p class="dim">… och {} till.</p>').format(hidden) if hidden > 0 else Markup("")


def _add_supplier_invoice(company: Company) -> str:
    form = request.form
    supplier = form.get("supplier", "")
    if supplier not in company.suppliers:
        abort(400, "Leverantören finns inte.")
    number = company.add_supplier_invoice(
        supplier,
        _amount("total"),
        project=form.get("project", ""),
        account=int(form.get("account", "4000")),
        invoice_number=form.get("invoice_number", "").strip(),
        booked="booked" in form,
    )
    where, upload = form.get("where", ""), request.files.get("file")
    if where not in {"archive", "inbox", "attachment"}:
        return number
    if upload is not None and upload.filename:
        company.attach_file(number, upload.filename, upload.read(), cast(Where, where))
    else:
        invoice = company.supplier_invoices[number]
        content = supplier_invoice_pdf(invoice, company.name)
        company.attach_file(number, f"Faktura {invoice['InvoiceNumber']}.pdf", content, cast(Where, where))
    return number


def _turned(twin: FortnoxTwin, company: Company, switch: str, value: str) -> str:
    """Turns a switch and says what it is now."""
    match switch, value:
        case "consent", "withdraw":
            twin.withdraw_consent(company.tenant_id)
            return "Samtycket är återkallat"
        case "consent", "give":
            company.give_consent()
            return "Samtycket är givet igen"
        case "tokens", "expire":
            twin.tokens.expire(company.tenant_id)
            return "Nycklarna har gått ut"
        case "lock", "":
            try:
                company.locked_until = date.fromisoformat(request.form["until"]) if request.form.get("until") else None
            except ValueError:
                abort(400, "Datumet är inget datum.")
            return f"Perioden är låst t.o.m. {company.locked_until}" if company.locked_until else "Ingen period är låst"
        case "project-accounting", "":
            company.project_accounting = not company.project_accounting
            return f"Projektredovisning är {'på' if company.project_accounting else 'av'}"
        case "licence", "":
            company.api_licence = not company.api_licence
            return f"API-licensen är {'köpt' if company.api_licence else 'uppsagd'}"
        case "scope", "":
            scope = request.form.get("scope", "")
            company.unlicensed_scopes ^= {scope} & set(SCOPES)
            return (
                f"{SCOPE_NAMES.get(scope, scope)} är {'utan' if scope in company.unlicensed_scopes else 'med'} licens"
            )
        case "limit", "":
            twin.limit = not twin.limit
            return f"Anropsgränsen är {'på' if twin.limit else 'av'}"
    return abort(404)


def _company(twin: FortnoxTwin, tenant_id: int | None) -> Company:
    return twin.companies.get(tenant_id or 0) or abort(404)


def _amount(name: str) -> Decimal:
    """A number as Swedes write it: comma, spaces between thousands."""
    text = request.form.get(name, "").replace(" ", "").replace("\N{NO-BREAK SPACE}", "").replace(",", ".")
    try:
        amount = Decimal(text)
    except InvalidOperation:
        abort(400, f"{name} är inget tal.")
    return amount if amount.is_finite() else abort(400, f"{name} är inget tal.")


def _back(company: Company, anchor: str, message: str, *, fault: bool = False) -> WerkzeugResponse:
    query: dict[str, Any] = {"company": company.tenant_id, "message": message} | ({"fault": 1} if fault else {})
    return redirect(f"/?{urlencode(query)}#{anchor}", 303)


def kronor(amount: Any) -> str:
    """`12 345,60`, with no-break spaces."""
    return f"{Decimal(str(amount or 0)):,.2f}".replace(",", "\N{NO-BREAK SPACE}").replace(".", ",")
