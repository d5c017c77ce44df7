"""What SmartDok takes: supplier invoices, and the addresses of their documents."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, ClassVar

from integration.errors import InvalidRecord, Rejected
from integration.records import CostLine, DocumentLink, SupplierCost
from integration.registry import writes
from integration.systems.base import Found, Payload, Writer, Written
from integration.systems.smartdok.system import SmartDok

KRONOR = "SEK"
STATUSES = {
    "unbooked": "Unbooked",
    "booked": "NotSet",
    "payment_pending": "PaymentPending",
    "approval_pending": "AuthorizePending",
    "paid": "Paid",
    "cancelled": "Cancelled",
}


@writes("smartdok", SupplierCost)
class SupplierCostWriter(Writer[SmartDok, SupplierCost]):
    """POST once, PUT for later changes; `ExternalInvoiceNumber` is the key (S5). PUT replaces the whole invoice.

    There is no list, no search, and a POST does not tell the id that GET wants. So nothing can be looked up, and
    `find` writes: the PUT of the whole record is idempotent and finds the invoice by its number. The engine calls it
    only where an intent exists, that is, where this record was about to be written anyway.
    """

    keyed: ClassVar[bool] = False
    look_first: ClassVar[bool] = False

    def payload(self, record: SupplierCost) -> Payload:
        """The whole body, required fields included. Money in kronor.

        Raises:
            InvalidRecord: the supplier has neither name nor number.
        """
        supplier = record.supplier_name.strip() or record.supplier_number.strip()
        if not supplier:
            raise InvalidRecord("S1.supplier_missing", field="SupplierName", number=record.external_number)
        return Payload(
            {
                "ExternalInvoiceNumber": record.external_number,
                "InvoiceNumber": record.invoice_number,
                "InvoiceStatus": STATUSES[record.status],
                "BookingStatus": "Booked" if record.booked else "NotBooked",
                "IssueDate": record.issue_date.isoformat(),
                "DueDate": record.due_date.isoformat(),
                "FullyPaidDate": record.paid_date.isoformat() if record.paid_date else None,
                "BaseCurrency": KRONOR,
                "InvoiceCurrency": KRONOR,
                "ConversionRate": 1,
                "CostCenter": record.cost_center,
                "ContactInReceiverCompany": record.contact,
                "Freight": 0,
                "TotalIncludingVat": record.total,
                "Vat": record.vat,
                "SupplierNumber": record.supplier_number,
                "SupplierName": supplier,
                "Lines": [_line(line) for line in record.lines],
            }
        )

    def find(self, record: SupplierCost) -> Found | None:
        """Found and brought up to date by a PUT, or None when SmartDok refuses that: it has no such invoice.

        The vendor publishes no name for that refusal [gap], so any counts; a POST that follows is refused likewise
        when the record itself is at fault.
        """
        try:
            written = self._put(record, lambda: None)
        except Rejected:
            return None
        return Found(written.target_id, self.payload(record).fields, written.label)

    def get(self, target_id: str) -> Found | None:
        """SmartDok cannot be asked for an invoice by its number."""
        return None

    def create(self, record: SupplierCost, fields: dict[str, Any], before_send: Callable[[], None]) -> Written:
        """POST. Required fields go also when they are empty, so the whole record is sent, not only `fields`.

        An invoice that is there already under our key is brought up to date instead.
        """
        try:
            body = self.payload(record).fields
            self.system.http.write("POST", "/SupplierInvoices", json=body, before_send=before_send)
        except Rejected as refusal:
            try:
                return self._put(record, before_send)
            except Rejected:
                raise refusal from None
        return Written(record.external_number, record.external_number)

    def update(
        self, target_id: str, record: SupplierCost, changes: dict[str, Any], before_send: Callable[[], None]
    ) -> Written:
        """PUT of everything: what is left out would be emptied."""
        return self._put(record, before_send)

    def _put(self, record: SupplierCost, before_send: Callable[[], None]) -> Written:
        body = self.payload(record).fields
        self.system.http.write("PUT", "/SupplierInvoices", json=body, before_send=before_send)
        return Written(record.external_number, record.external_number)


def _line(line: CostLine) -> dict[str, Any]:
    """S4: AmountIncludingVat − Vat is the net cost."""
    return {
        "ExternalInvoiceLineNumber": line.number,
        "ProjectId": int(line.project_id) if line.project_id else None,
        "ItemDescription": line.description.strip() or f"Rad {line.number}",
        "ItemCount": 1,
        "PricePerUnit": line.net,
        "DiscountPercentage": Decimal(0),
        "Vat": line.vat,
        "AmountIncludingVat": line.net + line.vat,
    }


@writes("smartdok", DocumentLink)
class DocumentLinkWriter(Writer[SmartDok, DocumentLink]):
    """POST …/document/upload: SmartDok fetches the PDF from our address while we wait (S6)."""

    keyed: ClassVar[bool] = False
    look_first: ClassVar[bool] = False

    def payload(self, record: DocumentLink) -> Payload:
        """Name and address."""
        fields = {"DocumentName": record.name, "DocumentDownloadUrl": record.url}
        return Payload(fields, secret=frozenset({"DocumentDownloadUrl"}))

    def find(self, record: DocumentLink) -> Found | None:
        """SmartDok does not tell which documents it has."""
        return None

    def get(self, target_id: str) -> Found | None:
        """As `find`."""
        return None

    def create(self, record: DocumentLink, fields: dict[str, Any], before_send: Callable[[], None]) -> Written:
        """Tell SmartDok where the document lies."""
        self.system.http.write(
            "POST",
            "/SupplierInvoices/document/upload",
            params={"externalInvoiceNumber": record.external_number},
            json={"DocumentName": record.name, "DocumentDownloadUrl": record.url},
            before_send=before_send,
        )
        return Written(record.external_number, record.name)

    def update(
        self, target_id: str, record: DocumentLink, changes: dict[str, Any], before_send: Callable[[], None]
    ) -> Written:
        """The new address, as when it was first given."""
        return self.create(record, changes, before_send)
