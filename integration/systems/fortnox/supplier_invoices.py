"""Supplier invoices from Fortnox. List rows are thin (note 24), so each that may have changed is fetched singly."""

import datetime
import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import partial
from typing import Any, TypeAlias, TypeVar
from urllib.parse import quote

import simplejson
from marshmallow import ValidationError

from integration.errors import Fault
from integration.mapping import SWEDEN, ore, wall_clock
from integration.records import Page, Read, SupplierInvoice, SupplierInvoiceRow, Unreadable
from integration.registry import reads
from integration.systems.base import Reader, Window
from integration.systems.border import plausible, read
from integration.systems.fortnox import lists
from integration.systems.fortnox.errors import PARAMETER
from integration.systems.fortnox.schemas import DetailShape, ThinShape
from integration.systems.fortnox.system import Fortnox

E = TypeVar("E")
Taken: TypeAlias = Read[SupplierInvoice] | Unreadable

PATH = "/3/supplierinvoices"
LIST = "SupplierInvoices"
KEY = ("GivenNumber",)
SLOW = 20.0  # seconds after which a page is given as it is
AT_ONCE = 20  # single invoices per page: what the throttle interrupts is kept, and the next pass goes on from there
# How long an unchanged list row vouches for the whole invoice. A poll asks from 15 minutes before the one ahead of it,
# so the first one after ten minutes still lists a change that the row does not show. The whole list is paged now and
# then, and always where Fortnox takes no `lastmodified`.
FRESH_POLL = datetime.timedelta(minutes=10)
FRESH_WHOLE = datetime.timedelta(hours=24)
LARGEST_FACTOR = Decimal(10) ** 9
VAT_ACCOUNTS = range(2610, 2660)  # BAS: output and input VAT, with the pairs of reverse charge (S4)


@reads("fortnox", SupplierInvoice)
class SupplierInvoiceReader(Reader[Fortnox, SupplierInvoice]):
    """GET /3/supplierinvoices, changed since a minute, and each changed invoice by itself.

    Memo: `thin`, the hash of the list row, `fetched_at`, when the whole invoice was read, and `pending`, whether it
    waited for approval then.
    """

    incremental = True
    thin = ThinShape()
    detail = DetailShape()

    def pages(self, window: Window) -> Iterator[Page[SupplierInvoice]]:
        """Invoices that may have changed. One dated before go-live that was never sent comes as its list row shows it:
        G9 leaves it out. An approval need not count as a change over there, so its list is compared too (S2)."""
        pending = _Pending(self.system)
        listed: set[str] = set()
        for rows, fresh in self._rows(window):
            listed.update(str(row.get("GivenNumber")) for row in rows)
            yield from _pages(rows, partial(self._take, window=window, fresh=fresh, pending=pending))
        rest = [each for each in window.known() if each not in listed and _decided(each, window, pending)]
        yield from _pages(rest, partial(self._again, window=window, pending=pending))

    def one(self, source_id: str) -> Read[SupplierInvoice] | None:
        """The invoice by its GivenNumber, or None when there is none."""
        values = self._fetch(source_id)
        result = self._whole(values, _Pending(self.system)) if values else None
        return result if isinstance(result, Read) else None

    def _rows(self, window: Window) -> Iterator[tuple[list[dict[str, Any]], datetime.timedelta]]:
        """List rows, with how long an unchanged one vouches for its invoice.

        The document does not list `lastmodified` here, though it is in use: tried once per connection (note 23).
        """
        connection = self.system.connection
        options = connection.options
        if window.since is not None and options.get("supplier_lastmodified", True):
            since = wall_clock(window.since, window.now).strftime("%Y-%m-%d %H:%M")
            try:
                for rows in self._list({"lastmodified": since}):
                    yield rows, FRESH_POLL
                return
            except Fault as fault:
                if fault.params.get("code") != PARAMETER:
                    raise
            options["supplier_lastmodified"] = False
            type(connection).objects.filter(pk=connection.pk, access_at=connection.access_at).update(options=options)
        for rows in self._list({}):
            yield rows, FRESH_WHOLE

    def _list(self, params: dict[str, str]) -> Iterator[list[dict[str, Any]]]:
        return lists.pages(self.system.http, PATH, LIST, KEY, params)

    def _take(
        self, row: dict[str, Any], *, window: Window, fresh: datetime.timedelta, pending: "_Pending"
    ) -> Taken | str | None:
        """An invoice, or the key of one that is known to be unchanged, or None for one that is gone."""
        head = read(self.thin, row, _thin, key="GivenNumber", label="SupplierName")
        if isinstance(head, Unreadable):
            return head
        source_id = head.record.source_id
        before = head.record.invoice_date < window.go_live.astimezone(SWEDEN).date()
        if before and not window.sent(source_id):
            return head
        digest = _digest(row)
        memo = window.memo(source_id) or {}
        same = memo.get("thin") == digest and not _decided(source_id, window, pending)
        if same and window.now - datetime.datetime.fromisoformat(memo["fetched_at"]) < fresh:
            return str(source_id)
        return self._read(source_id, digest, window, pending)

    def _again(self, source_id: str, *, window: Window, pending: "_Pending") -> Taken | None:
        """An invoice that no list row calls for."""
        return self._read(source_id, (window.memo(source_id) or {})["thin"], window, pending)

    def _read(self, source_id: str, digest: str, window: Window, pending: "_Pending") -> Taken | None:
        values = self._fetch(source_id)
        if values is None:
            return None
        whole = self._whole(values, pending)
        if isinstance(whole, Unreadable):
            return whole
        memo = {"thin": digest, "fetched_at": window.now.isoformat(), "pending": whole.record.approval_pending}
        return Read(whole.record, memo)

    def _fetch(self, number: str) -> dict[str, Any] | None:
        body = self.system.get(f"{PATH}/{quote(number, safe='')}")
        values = body.get("SupplierInvoice") if body else None
        return values if isinstance(values, dict) else None

    def _whole(self, values: dict[str, Any], pending: "_Pending") -> Taken:
        def build(loaded: dict[str, Any]) -> SupplierInvoice:
            return _invoice(loaded, approval_pending=loaded["source_id"] in pending)

        return read(self.detail, values, build, key="GivenNumber", label="SupplierName")


class _Pending:
    """Numbers of the invoices that wait for somebody's approval (S2, note 57): one list, fetched when first needed."""

    def __init__(self, system: Fortnox) -> None:
        self._system = system
        self._numbers: set[str] | None = None

    def __contains__(self, number: str) -> bool:
        if self._numbers is None:
            rows = lists.pages(self._system.http, PATH, LIST, KEY, {"filter": "authorizepending"})
            self._numbers = {str(row.get("GivenNumber")) for each in rows for row in each}
        return number in self._numbers


def _decided(source_id: str, window: Window, pending: _Pending) -> bool:
    """S2: whether a whole invoice came to wait for approval, or ceased to, since it was read."""
    memo = window.memo(source_id) or {}
    return "thin" in memo and memo.get("pending", False) != (source_id in pending)


def _pages(entries: Sequence[E], take: Callable[[E], Taken | str | None]) -> Iterator[Page[SupplierInvoice]]:
    """What each entry gives, `AT_ONCE` at a time; what was read before a fault is given before it.

    A slow vendor makes pages small: a page must be through before the lease of whoever reads has run out.
    """
    results: list[Taken | str | None] = []
    began = time.monotonic()
    try:
        for each in entries:
            results.append(take(each))
            if len(results) >= AT_ONCE or time.monotonic() - began > SLOW:
                yield Page.of(results)
                results, began = [], time.monotonic()
    except Fault:
        yield Page.of(results)
        raise
    if results:
        yield Page.of(results)


def _digest(row: dict[str, Any]) -> str:
    text = simplejson.dumps(row, sort_keys=True, use_decimal=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _thin(values: dict[str, Any]) -> SupplierInvoice:
    """The invoice as far as its list row shows it."""
    return _invoice(
        {**values, "vat": Decimal(0), "payment_pending": False, "our_reference": "", "rows": []}, approval_pending=False
    )


def _invoice(values: dict[str, Any], *, approval_pending: bool) -> SupplierInvoice:
    """Money in kronor. Head amounts are in the invoice's currency, rows in kronor: a foreign total is taken from the
    rows TOT and VAT where they are, else converted at the invoice's rate."""
    values = dict(values)
    rows = values.pop("rows")
    rate, rate_unit, currency = values.pop("rate"), values.pop("rate_unit"), values.pop("currency")
    if currency not in {"", "SEK"}:
        factor = _factor(rate, rate_unit)
        if values["balance"] is not None:
            values["balance"] = _kronor(values["balance"], factor)
        values["total"] = _booked(rows, "TOT", -1, _kronor(values["total"], factor))
        values["vat"] = _booked(rows, "VAT", 1, _kronor(values["vat"], factor))
    numbered = tuple(_row(str(index), row) for index, row in enumerate(rows, 1))
    return SupplierInvoice(**values, approval_pending=approval_pending, rows=numbered)


def _factor(rate: Decimal, rate_unit: Decimal) -> Decimal:
    """Kronor per unit of the currency.

    Raises:
        ValidationError: no currency is worth so much.
    """
    try:
        factor = rate / (rate_unit or Decimal(1))
    except ArithmeticError:
        factor = LARGEST_FACTOR
    if abs(factor) >= LARGEST_FACTOR:
        raise ValidationError({"CurrencyRate": ["är ett orimligt tal"]})
    return factor


def _kronor(amount: Decimal, factor: Decimal) -> Decimal:
    kronor = amount * factor
    if not plausible(kronor):
        raise ValidationError({"Total": ["är ett orimligt tal"]})
    return ore(kronor)


def _booked(rows: list[dict[str, Any]], code: str, sign: int, otherwise: Decimal) -> Decimal:
    """What the rows with this code add up to, debit being positive; `otherwise` where there is none."""
    found = [row["debit"] - row["credit"] for row in rows if row["code"] == code]
    return sum(found, Decimal(0)) * sign if any(found) else otherwise


def _row(index: str, row: dict[str, Any]) -> SupplierInvoiceRow:
    """S4: a row on a VAT account is VAT and no cost, whatever its code: so the pairs of reverse charge are."""
    account = row["account"] if row["account"] != "0" else ""
    texts = (row["item_description"], row["information"], row["account_description"])
    return SupplierInvoiceRow(
        number=index,
        code=row["code"],
        account=account,
        description=next((text for text in texts if text.strip()), ""),
        project_number=row["project_number"],
        cost_center=row["cost_center"],
        debit=row["debit"],
        credit=row["credit"],
        quantity=row["quantity"],
        reverse_vat=account.isdigit() and int(account) in VAT_ACCOUNTS and row["code"] != "VAT",
    )
