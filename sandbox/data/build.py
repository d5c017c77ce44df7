"""What the parts of the generator share: the two companies being filled, the dice, the day, and the troubles
planted."""

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any, Literal

from sandbox import fortnox, smartdok
from sandbox.data.tenants import Tenant

Record = dict[str, Any]
Flow = Literal["customers", "projects", "articles", "invoices", "supplier-invoices", "supplier-documents"]
Outcome = Literal["created", "updated", "waiting", "stopped", "left_out"]

GO_LIVE_DAYS = 30


@dataclass(frozen=True)
class Trouble:
    """One planted trouble and what must become of it in a first pass with go-live at `go_live(today)`.

    `id` is the record's id at its source: SmartDok's Id, Fortnox's GivenNumber, or an article number. `arrives` says
    whether the record is on the other side afterwards; None where the rules leave it open. `left_out` also covers what
    is never listed, hence never an item.
    """

    rule: str
    kind: str
    flow: Flow
    id: str
    number: str
    outcome: Outcome
    arrives: bool | None
    expect: str


@dataclass
class Build:
    """One tenant while it is filled. `named` finds records again by the role that they play."""

    tenant: Tenant
    smartdok: smartdok.Company
    fortnox: fortnox.Company
    random: Random
    today: dt.date
    troubles: list[Trouble] = field(default_factory=list)
    named: dict[str, Record] = field(default_factory=dict)

    def plant(
        self,
        rule: str,
        kind: str,
        flow: Flow,
        id: object,
        number: str,
        outcome: Outcome,
        expect: str,
        arrives: bool | None = None,
    ) -> None:
        if outcome in {"created", "updated"}:
            arrives = True
        self.troubles.append(Trouble(rule, kind, flow, str(id), number, outcome, arrives, expect))

    def moment(self, days_ago: int, hour: int = 10) -> str:
        """A time of day that many days before the demo's day, as SmartDok writes it."""
        minute = self.random.randint(0, 59)
        return f"{self.today - dt.timedelta(days=days_ago)}T{hour:02}:{minute:02}:{self.random.randint(0, 59):02}.137"

    def day(self, days_ago: int) -> str:
        """Midnight, as SmartDok writes a date."""
        return f"{self.today - dt.timedelta(days=days_ago)}T00:00:00"

    def date(self, days_ago: int) -> dt.date:
        return self.today - dt.timedelta(days=days_ago)

    def kronor(self, low: int, high: int) -> Decimal:
        """An amount in kronor with a whole number of ten-öre."""
        return Decimal(self.random.randint(low * 10, high * 10)) / 10


def go_live(today: dt.date) -> dt.date:
    """The go-live date that the demo data is made for: a few invoices lie before it, almost all after."""
    return today - dt.timedelta(days=GO_LIVE_DAYS)
