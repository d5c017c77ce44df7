"""Supplier invoices and their documents, Fortnox → SmartDok (S1-S8)."""

import re
from decimal import Decimal
from itertools import takewhile
from typing import Any

from integration.errors import InvalidRecord, Skip, Waiting
from integration.mapping import number, ore, spread, swedish_amount
from integration.records import (
    CostLine,
    DocumentLink,
    Note,
    SupplierCost,
    SupplierDocument,
    SupplierInvoice,
    SupplierInvoiceRow,
    dump,
)
from sync.flows.base import Desk, Flow, Label, Setting, flow
from sync.flows.needs import need, need_pull, need_seen, need_settled, need_single

NOT_COST = {"TOT", "VAT", "ROV"}
NOTHING = Decimal(0)
PDF = "application/pdf"
IMAGES = {"image/png", "image/jpeg", "image/tiff"}


@flow
class SupplierInvoices(Flow[SupplierInvoice, SupplierCost]):
    """S1: each supplier invoice that carries a project reaches the project system, tied to supplier and project."""

    key = "supplier-invoices"
    title = "Leverantörsfakturor"
    noun = "leverantörsfaktura"
    reads = SupplierInvoice
    writes = SupplierCost
    cadence = 300
    upstream = ("projects",)
    rank = 60
    settings = (
        Setting(
            "which", "Vilka leverantörsfakturor (S2)", "booked",
            (("booked", "Bokförda"), ("all", "Alla"), ("approved", "Slutattesterade")),
            "En faktura som aldrig lagts in för attest i Fortnox räknas som slutattesterad.",
        ),
        Setting("without_project", "Skicka även fakturor utan projekt (S3)", False),
    )  # fmt: skip

    def label(self, record: SupplierInvoice) -> Label:
        title = " ".join(part for part in (record.supplier_name, record.invoice_number) if part)
        return Label(record.source_id, title)

    def content(self, record: SupplierInvoice) -> Any:
        """All that can show in the project system; the open balance only as paid or not."""
        return {**dump(record), "balance": record.balance == 0}

    def prepare(self, record: SupplierInvoice, desk: Desk) -> SupplierCost:
        """G9 go-live, S2 which ones, S3 project, S4 lines."""
        if not desk.target_id and record.invoice_date < desk.go_live:
            raise Skip("G9", date=record.invoice_date.isoformat())
        self._wanted(record, desk)
        rows = [row for row in record.rows if _is_cost(row)]
        projects = self._projects(record, rows, desk)
        nets = [ore(row.debit - row.credit) for row in rows]
        _check_total(record, nets)
        vats = spread(record.vat, nets)
        lines = tuple(
            CostLine(
                number=row.number,
                description=row.description or record.supplier_name or row.account,
                project_id=projects[_project_of(row, record)],
                net=net,
                vat=vat,
            )
            for row, net, vat in zip(rows, nets, vats, strict=True)
        )
        return SupplierCost(
            external_number=record.source_id,
            invoice_number=record.invoice_number,
            supplier_number=record.supplier_number,
            supplier_name=record.supplier_name,
            issue_date=record.invoice_date,
            due_date=record.due_date or record.invoice_date,
            paid_date=record.paid_date,
            status=_status(record),
            booked=record.booked,
            cost_center=record.cost_center,
            contact=record.our_reference,
            total=record.total,
            vat=record.vat,
            lines=lines,
        )

    def _wanted(self, record: SupplierInvoice, desk: Desk) -> None:
        """S2: booked, all, or finally approved; one that was sent stays in step whatever becomes of it."""
        if desk.target_id:
            return
        if record.cancelled:
            raise Skip("S2.cancelled", number=record.source_id)
        which = desk.setting("which")
        if which == "booked" and not record.booked:
            raise Skip("S2.not_booked", number=record.source_id)
        if which == "approved" and record.approval_pending:
            raise Skip("S2.not_approved", number=record.source_id)

    def _projects(self, record: SupplierInvoice, rows: list[SupplierInvoiceRow], desk: Desk) -> dict[str, str]:
        """S3: the project system's id of every project number on the invoice.

        Raises:
            Skip: no project anywhere.
            InvalidRecord: no cost row at all, so there is nothing to tie to a project.
            Waiting: a number that the project system lacks.
        """
        numbers = {_project_of(row, record) for row in rows}
        anyway = desk.target_id or desk.setting("without_project")  # one that was sent stays in step
        if not numbers - {""} and not record.project_number and not anyway:
            raise Skip("S3.no_project", number=record.source_id)
        if not rows:
            raise InvalidRecord("S4.no_cost", number=record.source_id)
        ids = {"": ""}
        missing = []
        for project in sorted(numbers - {""}):
            bearers = desk.by_key("projects", project)
            if len(bearers) > 1:
                others, until = [peer.title for peer in bearers], [need_single("projects", project)]
                raise InvalidRecord("S3.double_project", until=until, number=project, others=others)
            if bearers:
                ids[project] = bearers[0].source_id
            else:
                missing.append(project)
        if missing and not desk.pulled_since_change("projects"):
            raise Waiting("S3.unknown_project", needs=[need_pull("projects")], projects=missing)
        if missing:
            raise Waiting(
                "S3.unknown_project", needs=[need_seen("projects", each) for each in missing], projects=missing
            )
        return ids


def _project_of(row: SupplierInvoiceRow, record: SupplierInvoice) -> str:
    """S4: the row's project, the header's where the row has none."""
    return number(row.project_number) or number(record.project_number)


def _is_cost(row: SupplierInvoiceRow) -> bool:
    """S4: rows coded TOT, VAT, ROV and the pairs of reverse-charge VAT are no cost."""
    return row.code not in NOT_COST and not row.reverse_vat


def _check_total(record: SupplierInvoice, nets: list[Decimal]) -> None:
    """S4: costs, VAT and rounding are the invoice's total to the öre; of one that was cancelled they no longer matter.

    Raises:
        InvalidRecord: they are not, with both figures.
    """
    rounding = sum((row.debit - row.credit for row in record.rows if row.code == "ROV"), NOTHING)
    rows = sum(nets, ore(record.vat) + ore(rounding))
    if rows != ore(record.total) and not record.cancelled:
        raise InvalidRecord(
            "S4.total", number=record.source_id, rows=swedish_amount(rows), total=swedish_amount(record.total)
        )


def _status(record: SupplierInvoice) -> str:
    """Where the invoice stands, by what weighs most (see `SupplierCost`)."""
    if record.cancelled:
        return "cancelled"
    if record.paid_date or (record.booked and record.balance == 0 and record.total):
        return "paid"
    if record.payment_pending:
        return "payment_pending"
    if record.approval_pending:
        return "approval_pending"
    return "booked" if record.booked else "unbooked"


@flow
class SupplierDocuments(Flow[SupplierDocument, DocumentLink]):
    """S6, S7: every file is kept; the project system gets the invoice's first PDF, or all files joined into one."""

    key = "supplier-documents"
    title = "Leverantörsfakturornas dokument"
    noun = "dokument"
    reads = SupplierDocument
    writes = DocumentLink
    cadence = 300
    upstream = ("projects", "supplier-invoices")
    fetches = True
    rank = 70
    settings = (Setting("join", "Slå ihop alla filer till en PDF (S7)", False),)

    def label(self, record: SupplierDocument) -> Label:
        return Label(record.external_number, record.name)

    def before_fetch(self, record: SupplierDocument, desk: Desk) -> None:
        """A file follows its invoice: left out with it, waiting for it."""
        invoice = desk.by_id("supplier-invoices", record.external_number)
        if invoice and invoice.target_id:
            return
        wait = need("supplier-invoices", source_id=record.external_number)
        if invoice and invoice.state == "left_out":
            raise Skip("S6.invoice_left_out", until=[wait], number=record.external_number, why=invoice.cause)
        raise Waiting("S6.invoice_first", needs=[wait], number=record.external_number)

    def prepare(self, record: SupplierDocument, desk: Desk) -> DocumentLink:
        """S6 the type is what the bytes say; S7 the first PDF goes."""
        self.before_fetch(record, desk)
        kind = desk.document_type(record.source_id)
        if kind != PDF and kind not in IMAGES:
            raise InvalidRecord("S6.not_pdf", name=record.name)
        if desk.setting("join"):
            return self._joined(record, kind, desk)
        return DocumentLink(record.external_number, record.name, self._first_pdf(record, kind, desk))

    def allowed(self, changes: dict[str, Any], desk: Desk) -> dict[str, Any]:
        """A document that was fetched is not sent again by itself; a person can."""
        return {}

    def _first_pdf(self, record: SupplierDocument, kind: str, desk: Desk) -> str:
        """The address, if this is the invoice's first PDF in the order in which the files are connected."""
        if kind != PDF:
            raise Skip("S7.image", name=record.name)
        for peer in desk.by_key(self.key, record.external_number):
            if peer.source_id == record.source_id:
                break
            type_before = desk.document_type(peer.source_id)
            if type_before == PDF:
                raise Skip("S7.further", name=record.name)
            if not type_before and peer.state not in {"left_out", "stopped"}:
                raise Waiting("S7.order", needs=[need_settled(self.key, peer.source_id)], name=peer.title)
        return desk.document_url()

    def _joined(self, record: SupplierDocument, kind: str, desk: Desk) -> DocumentLink:
        """All files in one PDF, sent by the first that can be in it once all are kept."""
        files = desk.by_key(self.key, record.external_number)
        types = {peer.source_id: desk.document_type(peer.source_id) for peer in files}
        before = takewhile(lambda source_id: source_id != record.source_id, types)
        if any(types[source_id] in {PDF, *IMAGES} for source_id in before):
            raise Skip("S7.joined", name=record.name)
        missing = [
            peer for peer in files if not types[peer.source_id] and peer.state not in {"left_out", "stopped"}
        ]  # fmt: skip
        if missing:
            needs = [need_settled(self.key, peer.source_id) for peer in missing]
            raise Waiting("S7.order", needs=needs, name=missing[0].title)
        kept = [source_id for source_id, its in types.items() if its in {PDF, *IMAGES}]
        name = record.name
        if len(kept) > 1 or kind != PDF:
            desk.note(Note("S7", "document", "joined", str(len(kept))))
            name = re.sub(r"(?i)(\.(png|jpe?g|tiff?|pdf))?$", ".pdf", name, count=1)
        return DocumentLink(record.external_number, name, desk.document_url(kept))
