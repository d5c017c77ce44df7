"""Invoices, SmartDok → Fortnox (I1-I11): finalised billing bases, each sent exactly once, never updated."""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from integration.errors import Changed, Conflict, Fault, InvalidRecord, Skip, Waiting
from integration.mapping import SWEDEN, ore, swedish_amount
from integration.records import Invoice, InvoiceRow, Note, OutgoingInvoice, OutgoingRow, dump
from sync.flows.base import Desk, Flow, Label, Likeness, Peer, Setting, flow
from sync.flows.invoice_sums import row_as_sent, sum_behind, whole_invoice_row
from sync.flows.needs import need, need_pull, need_settled, need_single

MOST_ROWS = 500
NOTHING = Decimal(0)
MARK = "BYGGBRO-"
ENDED = {"done", "left_out", "stopped"}
KEPT_OUT = {"P3.absence": "I5.absence", "P3.order": "I5.order"}


def reference(source_id: str) -> str:
    """I2: our reference, of fixed width, so that no reference contains another (Fortnox searches by substring)."""
    return f"{MARK}{source_id:0>12}"


@flow
class Invoices(Flow[Invoice, OutgoingInvoice]):
    """Only finalised invoices (I1), once (I2), when customer, project and articles are there (I5)."""

    key = "invoices"
    title = "Fakturor"
    noun = "faktura"
    reads = Invoice
    writes = OutgoingInvoice
    cadence = 60
    upstream = ("customers", "projects", "articles")
    later_changes = "show"
    marks = MARK
    taken_over = True
    maps = ("unit",)
    rank = 40
    settings = (
        Setting("not_completed", "Skapa fakturor som ej klara (I8)", False),
        Setting(
            "invoice_date", "Fakturadatum (I9)", "fortnox",
            (("fortnox", "Fortnox väljer (dagens datum)"), ("period_end", "Sista dagen i faktureringsperioden")),
        ),
    )  # fmt: skip

    def label(self, record: Invoice) -> Label:
        title = " – ".join(part for part in (record.customer_name, record.title) if part)
        return Label(record.serial_number or record.source_id, title)

    def content(self, record: Invoice) -> Any:
        """What a bookkeeper would call a change: neither the counter nor the moment of the last save."""
        plain = dump(record)
        return {name: value for name, value in plain.items() if name not in {"version", "finalised_at"}}

    def changed(self, sent: Invoice, now: Invoice) -> Fault | None:
        """I3, I10: what to show when the source changed after the transfer."""
        sums: dict[str, Any] = {"sum_before": swedish_amount(sent.total), "sum_now": swedish_amount(now.total)}
        if now.credited and not sent.credited:
            return Changed("I10", **sums)
        if now.draft and not sent.draft:
            return Changed("I3.withdrawn", **sums)
        same = self.content(replace(sent, draft=now.draft)) == self.content(now)
        return None if same else Changed("I3", **sums)

    def units(self, record: Invoice) -> Iterable[str]:
        """Those of its rows."""
        return {row.unit for row in record.rows}

    def likeness(self, record: Invoice, desk: Desk) -> Likeness | None:
        """Same customer and sum, dated when the basis was finalised or at the end of its period."""
        if record.draft:
            return None
        customer = desk.by_id("customers", record.customer_id)
        number = (customer.key if customer else "") or record.customer_number
        return Likeness(number, record.total, record.finalised_at.astimezone(SWEDEN).date(), record.period_to)

    def prepare(self, record: Invoice, desk: Desk) -> OutgoingInvoice:
        """The rules in the order in which a person would meet them."""
        if record.draft:
            raise Skip("I1")
        if not desk.target_id and record.finalised_at.astimezone(SWEDEN).date() < desk.go_live:
            raise Skip("G9", date=record.finalised_at.astimezone(SWEDEN).date().isoformat())
        if record.credited:
            raise Skip("I10.before", number=record.serial_number or record.source_id)
        if not record.customer_id and not record.customer_number:
            raise InvalidRecord("I4")
        if len(record.rows) > MOST_ROWS:
            raise InvalidRecord("I6.too_many_rows", rows=len(record.rows), most=MOST_ROWS)
        if not record.rows:
            raise InvalidRecord("I6.no_rows")
        needs = _Needs(desk)
        customer = needs.customer(record)
        header = needs.project(record.project_id)
        projects = {row.project_id: needs.project(row.project_id) for row in record.rows}
        articles = {row.code: needs.article(row.code) for row in record.rows if row.code}
        rows = _rows(record, projects, articles, desk)  # a fault in the sums is told before anything is waited for
        needs.raise_if_any()
        remarks = "\n".join(part for part in (record.title, record.comment) if part)
        return OutgoingInvoice(
            reference=reference(record.source_id),
            customer_number=customer,
            project_number=header,
            your_reference=record.reference,
            our_reference=record.invoiced_by,
            remarks=remarks,
            serial_number=record.serial_number,
            invoice_date=record.period_to if desk.setting("invoice_date") == "period_end" else None,
            not_completed=bool(desk.setting("not_completed")),
            total=record.total,
            rows=rows,
        )


class _Needs:
    """I5: collects exactly the items that must be in the target first, with names for people."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.references: list[str] = []
        self.names: list[str] = []
        self._numbers: dict[str, str] = {}
        self._kept_out: dict[str, list[Peer]] = {}

    def raise_if_any(self) -> None:
        """Wait for what is missing; first for projects that a rule keeps out until a person acts (P3).

        Raises:
            Waiting: with the needs, and names for people.
        """
        for cause in KEPT_OUT.values():
            if peers := self._kept_out.get(cause):
                needs = [need("projects", source_id=peer.source_id) for peer in peers]
                raise Waiting(cause, needs=needs, projects=[f"{peer.key} {peer.title}".strip() for peer in peers])
        if self.references:
            raise Waiting("I5", needs=self.references, names=self.names)

    def _wait(self, reference: str, name: str) -> None:
        if reference not in self.references:
            self.references.append(reference)
            self.names.append(name)

    def _first(self, flow: str, peer: Peer | None, **by: str) -> str:
        """What to wait for: the item, or a whole reading of its flow where none is known and one may still show it."""
        return need(flow, **by) if peer or self.desk.pulled_since_change(flow) else need_pull(flow)

    def customer(self, record: Invoice) -> str:
        """The customer's number; noted as a need where it is not in the target yet."""
        peer = self.desk.by_id("customers", record.customer_id) if record.customer_id else None
        if peer is None and record.customer_number:
            peer = self._only_bearer(record.customer_number)
        if peer and peer.there:
            return peer.target_id
        shown = record.customer_number or record.customer_name or record.customer_id
        by = {"source_id": peer.source_id} if peer else _by(record.customer_number, record.customer_id)
        self._wait(self._first("customers", peer, **by), _named("kund", shown, peer))
        return record.customer_number

    def _only_bearer(self, number: str) -> Peer | None:
        """G3: the customer with this number, where the record does not say which one it is.

        Raises:
            Conflict: several bear it.
        """
        bearers = self.desk.by_key("customers", number)
        if len(bearers) > 1:
            named = [f"{peer.title} (id {peer.source_id})" for peer in bearers]
            raise Conflict("G3.customer", until=[need_single("customers", number)], number=number, bearers=named)
        return bearers[0] if bearers else None

    def project(self, source_id: str) -> str:
        """The project's number, empty where the record names none."""
        if not source_id:
            return ""
        if source_id not in self._numbers:
            peer = self.desk.by_id("projects", source_id)
            self._numbers[source_id] = peer.target_id if peer else ""
            if peer is None or not peer.there:
                self._wait_for_project(source_id, peer)
        return self._numbers[source_id]

    def _wait_for_project(self, source_id: str, peer: Peer | None) -> None:
        """P3: what may be kept out is waited for only until it is judged, and then looked at again."""
        shown = peer.key if peer and peer.key else f"med id {source_id}"
        reference = self._first("projects", peer, source_id=source_id)
        if peer and peer.state == "left_out" and peer.cause in KEPT_OUT:
            self._kept_out.setdefault(KEPT_OUT[peer.cause], []).append(peer)
        elif peer and peer.state not in ENDED and (peer.record.get("order") or peer.record.get("absence")):
            reference = need_settled("projects", source_id)
        self._wait(reference, _named("projekt", shown, peer))

    def article(self, code: str) -> str:
        """A1-A3: the article number of a row's code; empty, with a warning, where it stands for none or for several."""
        bearers = self.desk.by_key("articles", code)
        if len(bearers) > 1:
            names = ", ".join(peer.title for peer in bearers)
            self.desk.note(Note("A3", "ArticleNumber", "double", code, names))
            return ""
        if not bearers:
            if not self.desk.pulled_since_change("articles"):
                self._wait(need_pull("articles"), f"artikelregistret (kod {code})")
            else:
                self.desk.note(Note("A1", "ArticleNumber", "unknown", code))
            return ""
        if not bearers[0].there:
            self._wait(need("articles", source_id=bearers[0].source_id), _named("artikel", code, bearers[0]))
        return bearers[0].target_id


def _by(number: str, source_id: str) -> dict[str, str]:
    return {"key": number} if number else {"source_id": source_id}


def _named(kind: str, shown: str, peer: Peer | None) -> str:
    """How a person recognises what is waited for, with the cause that holds it up (I5)."""
    if peer is None:
        return f"{kind} {shown}"
    why = f", {peer.cause}" if peer.cause else ""
    title = "" if peer.title == shown else f" {peer.title}"
    return f"{kind} {shown}{title} ({peer.state}{why})"


def _rows(record: Invoice, projects: dict[str, str], articles: dict[str, str], desk: Desk) -> tuple[OutgoingRow, ...]:
    """I6, I7: the rows as they are sent; their sum is the total to the öre."""
    rows: list[OutgoingRow] = []
    for position, row in enumerate(record.rows, 1):
        project = projects.get(row.project_id, "")
        text = row.text or row.code
        if _is_text(row):
            rows.append(OutgoingRow(description=text))
            continue
        rows += row_as_sent(
            row,
            OutgoingRow(
                description=text,
                article_number=articles.get(row.code, ""),
                quantity=row.quantity,
                price=row.price,
                unit=desk.value("unit", row.unit, row.unit),
                project_number=project,
            ),
            position,
        )
    sums = sum((ore(row.sum) for row in record.rows), NOTHING)
    if extra := whole_invoice_row(record, sum_behind(record)):
        rows.append(extra)
        sums += extra.price or NOTHING
    if missing := ore(record.total) - sums:  # fractions of an öre, which the rows lost one by one
        desk.note(Note("I7", "total", "rounding", swedish_amount(sums), swedish_amount(record.total)))
        rows.append(OutgoingRow(description="Öresutjämning", quantity=Decimal(1), price=missing))
    if len(rows) > MOST_ROWS:
        raise InvalidRecord("I6.too_many_rows", rows=len(rows), most=MOST_ROWS)
    return tuple(rows)


def _is_text(row: InvoiceRow) -> bool:
    """A text row books nothing: it has neither sum nor price, and is no article given for nothing."""
    return not row.sum and not row.price and not (row.code and row.quantity)
