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

    `id` is the record's id at its source: SmartDok's Id or Fortnox's GivenNumber. Articles have their number there, for
    goods and machines have ids of their own, and documents the GivenNumber of their invoice. `left_out` also covers
    what is never listed, hence never an item.
    """

    rule: str
    kind: str
    flow: Flow
    id: str
    number: str
    outcome: Outcome
    expect: str

    @property
    def arrives(self) -> bool:
        """Whether the record is on the other side afterwards."""
        return self.outcome in {"created", "updated"}


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
    ) -> None:
        self.troubles.append(Trouble(rule, kind, flow, str(id), number, outcome, expect))

    def moment(self, days_ago: int) -> str:
        """A time of day that many days before the demo's day, as SmartDok writes it."""
        minute, second = self.random.randint(0, 59), self.random.randint(0, 59)
        return f"{self.date(days_ago)}T10:{minute:02}:{second:02}.137"

    def day(self, days_ago: int) -> str:
        """Midnight, as SmartDok writes a date."""
        return f"{self.date(days_ago)}T00:00:00"

    def date(self, days_ago: int) -> dt.date:
        return self.today - dt.timedelta(days=days_ago)

    def kronor(self, low: int, high: int) -> Decimal:
        """An amount in kronor with a whole number of ten-öre."""
        return Decimal(self.random.randint(low * 10, high * 10)) / 10


def go_live(today: dt.date) -> dt.date:
    """The go-live date that the demo data is made for: a few invoices lie before it, almost all after."""
    return today - dt.timedelta(days=GO_LIVE_DAYS)
