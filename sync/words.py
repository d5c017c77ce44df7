"""Words and colours of the screens, in the admin and in the set-up: states, whose turn it is, flows, fields, values."""

import datetime
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import get_language, gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from sync.engine.states import SYSTEM
from sync.flows.base import flows
from sync.models import Attempt, Item

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?[+-]\d\d:\d\d")
OURS = {SYSTEM, "sync"}  # the worker and the command line
_BY_LINK = re.compile(r"setup link (\d+)")
_DECIMAL = re.compile(r"-?\d+\.\d+")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")

STATE_LABELS = {
    Item.State.PENDING: "info",
    Item.State.RUNNING: "info",
    Item.State.DONE: "success",
    Item.State.WAITING: "warning",
    Item.State.STOPPED: "danger",
    Item.State.LEFT_OUT: "default",
}
OUTCOME_LABELS: dict[str, str] = {
    Attempt.Outcome.DONE: "success",
    Attempt.Outcome.FAILED: "danger",
    Attempt.Outcome.UNCONFIRMED: "warning",
}
WHO = {
    "bookkeeper": _("the bookkeeper, in Fortnox"),
    "site": _("whoever works in SmartDok"),
    "operator": _("Byggbro's operator"),
    "": _("nobody, it needs no hand"),
}
KINDS = {
    "unit": _("unit"),
    "vat_type": _("VAT type"),
}
NOTES = {
    "characters": _("Characters that Fortnox does not take were replaced"),
    "length": _("Shortened to the length that Fortnox takes"),
    "refused": _("Left out, since Fortnox does not take it as it is"),
    "unit": _("Too long for a unit's code in Fortnox; a unit that is not there yet is made with a shorter one"),
    "double": _("Several goods or machines share the number; the row went without an article number"),
    "unknown": _("No goods or machine has the number; the row went without an article number"),
    "joined": _("All files of the invoice went as one PDF"),
    "rounding": _("A row of its own holds the fractions of an öre that the rows lost in rounding"),
    "renumbered": _("Got another number: matched anew, the old object stays"),
}
# Why Byggbro itself moved an item, as its history keeps it; `needed by: projekt P7` carries a name after a colon.
MOVES = {
    "a mapped value was saved": _("a mapped value was saved"),
    "back in the source": _("back in the source"),
    "changed in the source": _("changed in the source"),
    "gone from the source": _("gone from the source"),
    "is the cause gone?": _("is the cause gone?"),
    "its address has expired": _("its address has expired"),
    "its worker died": _("its worker died"),
    "needed by": _("needed by"),
    "needed by now": _("needed by now"),
    "same number": _("same number"),
    "the cause is gone, this got through": _("the cause is gone, this got through"),
    "the company's settings were saved": _("the company's settings were saved"),
    "the connection works again": _("the connection works again"),
    "the pipeline's settings were saved": _("the pipeline's settings were saved"),
    "what it waits for has changed": _("what it waits for has changed"),
}
FIELDS = {
    "source_id": _("id in the source"),
    "number": _("number"),
    "name": _("name"),
    "organisation_number": _("organisation number"),
    "email": _("e-mail"),
    "address": _("address"),
    "zip_code": _("postcode"),
    "city": _("town"),
    "delivery_address": _("delivery address"),
    "delivery_zip_code": _("delivery postcode"),
    "delivery_city": _("delivery town"),
    "phone": _("telephone"),
    "mobile": _("mobile"),
    "comment": _("comment"),
    "active": _("active"),
    "company": _("is a company"),
    "vat_type": _("VAT type"),
    "start": _("start date"),
    "end": _("end date"),
    "created": _("created on"),
    "leader": _("project leader"),
    "contact": _("contact"),
    "description": _("text"),
    "finished": _("finished"),
    "absence": _("absence project"),
    "order": pgettext_lazy("kind of project", "order"),
    "status": _("status"),
    "kind": _("kind"),
    "unit": _("unit"),
    "price": _("price"),
    "draft": _("draft"),
    "credited": _("credited"),
    "customer_id": _("customer's id"),
    "customer_number": _("customer number"),
    "customer_name": _("customer"),
    "project_id": _("project's id"),
    "period_from": _("period from"),
    "period_to": _("period to"),
    "finalised_at": _("finalised"),
    "version": _("version"),
    "title": _("title"),
    "reference": _("reference"),
    "invoiced_by": _("invoiced by"),
    "serial_number": _("serial number"),
    "discount": _("discount"),
    "surcharge": _("surcharge"),
    "total": _("total"),
    "rows": _("row"),
    "code": _("code"),
    "text": _("text"),
    "quantity": _("quantity"),
    "sum": _("sum"),
    "invoice_number": _("the supplier's invoice number"),
    "supplier_number": _("supplier number"),
    "supplier_name": _("supplier"),
    "invoice_date": _("invoice date"),
    "due_date": _("due date"),
    "paid_date": _("paid on"),
    "vat": _("VAT"),
    "balance": _("balance"),
    "booked": _("booked"),
    "cancelled": _("cancelled"),
    "credit": _("credit note"),
    "rows.credit": _("credit"),  # the amount, where the invoice's own tells what it is
    "payment_pending": _("payment pending"),
    "approval_pending": _("approval pending"),
    "project_number": _("project number"),
    "cost_center": _("cost centre"),
    "our_reference": _("our reference"),
    "account": _("account"),
    "debit": _("debit"),
    "reverse_vat": _("reverse-charge VAT"),
    "external_number": _("invoice's number"),
    "file_id": _("file id"),
    # Fortnox' names, where a text was made acceptable (G5)
    "Name": _("name"),
    "Description": _("text"),
    "Email": _("e-mail"),
    "Address1": _("address"),
    "ZipCode": _("postcode"),
    "City": _("town"),
    "DeliveryAddress1": _("delivery address"),
    "DeliveryZipCode": _("delivery postcode"),
    "DeliveryCity": _("delivery town"),
    "Phone1": _("telephone"),
    "Phone2": _("mobile"),
    "Comments": _("comment"),
    "Remarks": _("invoice text"),
    "YourReference": _("your reference"),
    "OurReference": _("our reference"),
    "ProjectLeader": _("project leader"),
    "ContactPerson": _("contact"),
    "ArticleNumber": _("article number"),
    "Unit": _("unit"),
    "Active": _("active"),
    "OrganisationNumber": _("organisation number"),
    "document": _("document"),
    # and both vendors' names in what would be sent
    "AccountNumber": _("account"),
    "AmountIncludingVat": _("sum including VAT"),
    "BaseCurrency": _("currency"),
    "BookingStatus": _("booking status"),
    "ContactInReceiverCompany": _("our reference"),
    "ConversionRate": _("exchange rate"),
    "CostCenter": _("cost centre"),
    "Currency": _("currency"),
    "CustomerNumber": _("customer number"),
    "DeliveredQuantity": _("quantity"),
    "Discount": _("discount"),
    "DiscountPercentage": _("discount in percent"),
    "DiscountType": _("kind of discount"),
    "DocumentName": _("document"),
    "DueDate": _("due date"),
    "EndDate": _("end date"),
    "ExternalInvoiceLineNumber": _("row number"),
    "ExternalInvoiceNumber": _("invoice's number"),
    "ExternalInvoiceReference1": _("Byggbro's reference"),
    "ExternalInvoiceReference2": _("serial number"),
    "Freight": _("freight"),
    "FullyPaidDate": _("paid on"),
    "InvoiceCurrency": _("invoice's currency"),
    "InvoiceDate": _("invoice date"),
    "InvoiceNumber": _("the supplier's invoice number"),
    "InvoiceRows": _("row"),
    "InvoiceStatus": _("status"),
    "IssueDate": _("invoice date"),
    "ItemCount": _("quantity"),
    "ItemDescription": _("text"),
    "Lines": _("row"),
    "NotCompleted": _("not completed"),
    "Price": _("price"),
    "PricePerUnit": _("price"),
    "Project": _("project number"),
    "ProjectId": _("project's id"),
    "ProjectNumber": _("project number"),
    "SalesPrice": _("price"),
    "StartDate": _("start date"),
    "Status": _("status"),
    "StockGoods": _("stock item"),
    "SupplierName": _("supplier"),
    "SupplierNumber": _("supplier number"),
    "TotalIncludingVat": _("total including VAT"),
    "Type": _("kind"),
    "VAT": _("VAT"),
    "VATIncluded": _("prices include VAT"),
    "VATType": _("VAT type"),
    "Vat": _("VAT"),
}
# Amounts in kronor, by the last part of their path; quantities and percentages are shown as they were read.
MONEY = {
    "price", "sum", "total", "vat", "balance", "net", "debit", "credit",
    "AmountIncludingVat", "Freight", "Price", "PricePerUnit", "SalesPrice", "TotalIncludingVat", "Vat",
}  # fmt: skip


def flow_title(key: str) -> str:
    """A flow as people call it; flows name themselves in Swedish, the English catalogue knows them."""
    found = {each.key: each.title for each in flows()}.get(key)
    return gettext(found) if found else key


def whose(turns: Iterable[str]) -> str:
    """Whose turn it is, in words; nobody's where there are none."""
    return ", ".join(str(WHO[each]) for each in turns) or str(WHO[""])


def field_title(path: str) -> str:
    """`rows.2.text` → "rad 3, text", `Rad 3, Description` → "Rad 3, text"; what nobody has a word for stays."""
    before, _sep, path = path.rpartition(", ")
    parts = path.split(".")
    shown: list[str] = [before] if before else []
    for part in parts:
        if part.isdigit() and shown:
            shown[-1] = f"{shown[-1]} {int(part) + 1}"
        else:
            within = f"{parts[0]}.{part}" if len(parts) > 1 else part
            shown.append(str(FIELDS.get(within) or FIELDS.get(part) or part))
    return ", ".join(shown)


def moment(at: datetime.datetime | None, *, seconds: bool = False) -> str:
    """A moment in Swedish local time, in the short form of the language."""
    if at is None:
        return "–"
    local = timezone.localtime(at)
    return date_format(local, "SHORT_DATETIME_FORMAT") + (f":{local:%S}" if seconds else "")


def amount(kronor: Decimal) -> str:
    """`47416.5` → "47 416,50": to the öre, or as exact as it is."""
    places = max(2, -int(kronor.as_tuple().exponent))
    return number_format(kronor, decimal_pos=places, use_l10n=True, force_grouping=True)


def value(raw: Any, path: str = "") -> str:
    """A plain value as people read it; `path` of its field tells whether it is an amount."""
    if raw is None or raw == "":
        return "–"
    if isinstance(raw, bool):
        return gettext("yes") if raw else gettext("no")
    if path.rpartition(".")[2] in MONEY and _NUMBER.fullmatch(str(raw)):
        return amount(Decimal(str(raw)))
    if isinstance(raw, str) and _DECIMAL.fullmatch(raw) and get_language() == "sv":
        return raw.replace(".", ",")
    if isinstance(raw, str) and _MOMENT.fullmatch(raw):
        return moment(datetime.datetime.fromisoformat(raw))
    return str(raw)


def note_shown(note: dict[str, Any]) -> dict[str, Any]:
    """A remark in words, with what it was before and after (G5, A3)."""
    text = str(note.get("text", ""))
    return {
        "rule": note.get("rule", ""),
        "field": field_title(str(note.get("field", ""))),
        "text": NOTES.get(text, text),
        "before": note.get("before", ""),
        "after": note.get("after", ""),
    }


def move_shown(note: str, actor: str) -> str:
    """Why an item was moved, in words; what a person wrote stays as it is."""
    why, colon, name = note.partition(": ")
    return f"{MOVES[why]}{colon}{name}" if actor in OURS and why in MOVES else note


def actor_shown(actor: str) -> str:
    """Who did it: whatever ran by itself is Byggbro, whoever came by a set-up link has no name."""
    if link := _BY_LINK.fullmatch(actor):
        return gettext("set-up link %(number)s") % {"number": link[1]}
    return "Byggbro" if actor in OURS else actor


def in_table(item: Item) -> dict[str, Any]:
    """An item as a row of a table."""
    label = STATE_LABELS.get(Item.State(item.state), "default")
    return {"row": item, "flow": flow_title(item.pipeline.flow), "label": label}
