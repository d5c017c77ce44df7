"""Invoices to Fortnox: created once, found by our reference, never changed (I2, I3, I8)."""

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import quote

from integration.errors import Unconfirmed
from integration.mapping import number
from integration.records import OutgoingInvoice, OutgoingRow
from integration.registry import writes
from integration.systems.base import Found, Listed, Payload, Writer, Written
from integration.systems.border import amount_of
from integration.systems.fortnox import lists
from integration.systems.fortnox.registers import LONG
from integration.systems.fortnox.system import Fortnox
from integration.systems.fortnox.text import Texts, as_sent, unaltered
from integration.systems.fortnox.units import WithUnits, unit_text

# Fields of the payload that Fortnox gives back as they were sent.
_GIVEN_BACK = (
    *("CustomerNumber", "ExternalInvoiceReference1", "ExternalInvoiceReference2", "Project"),
    *("YourReference", "OurReference", "Remarks", "InvoiceDate"),
)


@writes("fortnox", OutgoingInvoice)
class InvoiceWriter(Writer[Fortnox, OutgoingInvoice]):
    """POST /3/invoices. Fortnox has no idempotency key (note 50): our reference in ExternalInvoiceReference1 is looked
    up before every creation. Nothing is booked or mailed (I8)."""

    keyed: ClassVar[bool] = False

    def payload(self, record: OutgoingInvoice) -> Payload:
        """The whole invoice; the rows hold unit texts until the write. Lengths from notes 45 and 46.

        Raises:
            InvalidRecord: a number or our reference cannot be sent (G5).
        """
        texts = Texts()
        fields: dict[str, Any] = {
            "CustomerNumber": unaltered("CustomerNumber", record.customer_number, LONG),
            "ExternalInvoiceReference1": unaltered("ExternalInvoiceReference1", record.reference, 80),
            "ExternalInvoiceReference2": texts.fit("ExternalInvoiceReference2", record.serial_number, 80),
            "Project": unaltered("Project", record.project_number, 20) if record.project_number else "",
            "YourReference": texts.fit("YourReference", record.your_reference, 50),
            "OurReference": texts.fit("OurReference", record.our_reference, 50),
            "Remarks": texts.fit("Remarks", record.remarks, 1024),
            "InvoiceDate": record.invoice_date.isoformat() if record.invoice_date else "",
            "Currency": "SEK",  # else that of the customer's card, as with VATIncluded (I7)
            "VATIncluded": False,
            "NotCompleted": True if record.not_completed else None,
            "InvoiceRows": [_row(texts, index, row) for index, row in enumerate(record.rows, 1)],
        }
        return Payload(fields, {}, tuple(texts.notes))

    def find(self, record: OutgoingInvoice) -> Found | None:
        """The invoice with exactly our reference; Fortnox searches by substring and ignores case (note 20)."""
        params = {"externalinvoicereference1": record.reference}
        for rows in lists.pages(self.system.http, "/3/invoices", "Invoices", ("DocumentNumber",), params):
            for row in rows:
                if as_sent(row.get("ExternalInvoiceReference1")) == record.reference:
                    return _found(row)
        return None

    def get(self, target_id: str) -> Found | None:
        """GET /3/invoices/{n}."""
        body = self.system.get(f"/3/invoices/{quote(target_id, safe='')}")
        values = body.get("Invoice") if body else None
        return _found(values) if isinstance(values, dict) else None

    def listing(self, since: date) -> Iterator[list[Listed]]:
        """Invoices dated from a day on that were not cancelled."""
        params = {"fromdate": since.isoformat()}
        for rows in lists.pages(self.system.http, "/3/invoices", "Invoices", ("DocumentNumber",), params):
            yield [_listed(row) for row in rows if row.get("Cancelled") is not True]

    def create(self, record: OutgoingInvoice, fields: dict[str, Any], before_send: Callable[[], None]) -> Written:
        """POST; empty fields stay out (note 34)."""
        units = WithUnits(self.system)
        body = {name: value for name, value in fields.items() if value not in ("", None)}
        body["InvoiceRows"] = [units.coded(row) for row in body.get("InvoiceRows", [])]
        return units.run(lambda: self._post({"Invoice": body}, before_send))

    def update(
        self, target_id: str, record: OutgoingInvoice, changes: dict[str, Any], before_send: Callable[[], None]
    ) -> Written:
        """I3: never."""
        raise AssertionError("an invoice is never updated (I3)")

    def _post(self, body: dict[str, Any], before_send: Callable[[], None]) -> Written:
        answer = self.system.write("POST", "/3/invoices", body, before_send).get("Invoice")
        made = as_sent(answer.get("DocumentNumber")) if isinstance(answer, dict) else ""
        if not made:
            raise Unconfirmed("fortnox.no_number", path="/3/invoices")
        return Written(made, made)


def _row(texts: Texts, index: int, row: OutgoingRow) -> dict[str, Any]:
    """A row; one without quantity is text, which must book nothing (notes 33, 35)."""
    description = texts.fit(f"Rad {index}, Description", row.description, 255)
    if row.quantity is None:
        return {"Description": description, "AccountNumber": 0, "VAT": 0}
    fields: dict[str, Any] = {
        "ArticleNumber": unaltered(f"Rad {index}, ArticleNumber", row.article_number, 50) if row.article_number else "",
        "Description": description,
        "DeliveredQuantity": format(row.quantity.normalize() + 0, "f"),
        "Price": row.price if row.price is not None else Decimal(0),
        "Discount": row.discount,  # also 0, else the discount of the customer's card applies (note 36)
        "Unit": unit_text(texts, f"Rad {index}, Unit", row.unit),
        "Project": unaltered(f"Rad {index}, Project", row.project_number, 20) if row.project_number else "",
    }
    if row.discount:
        fields["DiscountType"] = "AMOUNT" if row.discount_is_amount else "PERCENT"
    return {name: value for name, value in fields.items() if value != ""}


def _listed(row: dict[str, Any]) -> Listed:
    """A list row; its total includes VAT."""
    return Listed(
        target_id=as_sent(row.get("DocumentNumber")),
        title=as_sent(row.get("CustomerName")),
        fields={},
        customer_number=number(as_sent(row.get("CustomerNumber"))),
        reference=as_sent(row.get("ExternalInvoiceReference1")),
        total=amount_of(row.get("Total")),
        day=_day(as_sent(row.get("InvoiceDate"))[:10]),
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _found(values: dict[str, Any]) -> Found:
    target_id = as_sent(values.get("DocumentNumber"))
    return Found(target_id, {name: as_sent(values.get(name)) for name in _GIVEN_BACK if name in values}, target_id)
