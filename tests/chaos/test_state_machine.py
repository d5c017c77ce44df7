"""Any interleaving of workers, crashes, expired leases, source changes and people keeps the engine's invariants.

The engine is the real one on a real database; the two systems are a few lines of Python that remember everything. Steps
that in life overlap (a push is cut into claim, look-up, intent, arrival, answer and outcome) are cut where a push asks
its systems or its lease, and anything may happen at each cut. The invariants are numbered as in docs/reliability.md.
"""

import datetime
import os
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from integration.errors import Fault, Rejected, Transient, Unconfirmed
from integration.models import Tenant
from integration.records import Invoice, Page, Read
from integration.systems.base import Found, Payload, Writer, Written
from sync.engine import manual, states
from sync.engine import push as push_module
from sync.engine.pull import Pulled, _store
from sync.flows.invoices import reference
from sync.models import Attempt, Item, Pipeline, Transition
from tests.chaos.script import Killed, Script

EXAMPLES = int(os.environ.get("CHAOS_EXAMPLES", "30"))
STEP = datetime.timedelta(seconds=20)
LATE = datetime.timedelta(seconds=40)
START = datetime.datetime(2026, 3, 10, 8, 0, tzinfo=datetime.UTC)


@dataclass
class Remote:
    """The target: refuses nothing, remembers every creation by reference; some arrive long after we gave them up."""

    arrived: list[str] = field(default_factory=list)
    on_the_way: list[tuple[datetime.datetime, str]] = field(default_factory=list)

    @property
    def stored(self) -> list[str]:
        now = timezone.now()
        self.arrived += [reference for due, reference in self.on_the_way if due <= now]
        self.on_the_way = [(due, reference) for due, reference in self.on_the_way if due > now]
        return self.arrived


class Target(Writer[Any, Any]):
    """A writer without number of its own, as invoices have it: whoever writes twice has two."""

    keyed = False

    def __init__(self, remote: Remote, script: Script) -> None:
        super().__init__(None)
        self.remote, self.script = remote, script

    def payload(self, record: Any) -> Payload:
        return Payload({"reference": record.reference, "total": record.total})

    def find(self, record: Any) -> Found | None:
        self.script.at("find")
        return self.get(record.reference)

    def create(self, record: Any, fields: dict[str, Any], before_send: Callable[[], None]) -> Written:
        self.script.at("before intent")
        before_send()
        self.script.at("after intent")
        if self.script.vendor == "unreachable":
            raise Transient("http.unreachable", host="x")
        if self.script.vendor == "refused":
            raise Rejected("fortnox.2000401", code=2000401)
        if self.script.vendor == "slow":
            self.remote.on_the_way.append((timezone.now() + LATE, record.reference))
            raise Unconfirmed("http.timeout", method="POST", path="/3/invoices")
        if self.script.vendor != "lost before":
            self.remote.arrived.append(record.reference)
        self.script.at("stored")
        if self.script.vendor in {"lost before", "lost after"}:
            raise Unconfirmed("http.reset", method="POST", path="/3/invoices")
        self.script.at("answered")
        return Written(record.reference, record.reference)

    def get(self, target_id: str) -> Found | None:
        return Found(target_id, {}, target_id) if target_id in self.remote.stored else None

    def update(self, target_id: str, record: Any, changes: dict[str, Any], before_send: Callable[[], None]) -> Written:
        raise AssertionError("an invoice is never updated (I3)")


class Systems:
    def __init__(self, writer: Target) -> None:
        self._writer = writer

    def writer(self, name: str, record: type) -> Target:
        return self._writer


def invoice(source_id: str, total: int, draft: bool) -> Invoice:
    from decimal import Decimal  # noqa: PLC0415

    from integration.records import InvoiceRow  # noqa: PLC0415

    nothing = Decimal(0)
    row = InvoiceRow("", "Arbete", Decimal(1), Decimal(total), "", nothing, nothing, Decimal(total))
    return Invoice(
        source_id, draft, False, "9", "1001", "Kund", "", START.date(), START.date(), START, 1, "", "", "", "", "7",
        nothing, nothing, Decimal(total), (row,),
    )  # fmt: skip


POINTS = ("claimed", "find", "before intent", "after intent", "stored", "answered")
VENDOR = ("fine", "fine", "lost before", "lost after", "slow", "slow", "unreachable", "refused")
MEANWHILE = (
    "read",
    "changed and read",
    "turned and read",
    "turned and read",
    "by hand",
    "by hand",
    "push",
    "lease expires",
    "lease expires",
)
ACTS = ("retry", "leave out", "rule out and leave out", "send again", "handled", "already there")
NUMBERS = ("7", "8", "9", "10")
one = st.sampled_from(NUMBERS)


@dataclass
class Source:
    """One billing basis as SmartDok has it now, and the sums under which it was ever finalised."""

    total: int = 100
    draft: bool = False
    finalised: set[int] = field(default_factory=lambda: {100})


class EngineMachine(RuleBasedStateMachine):
    """Four invoices, their customer there already, and everybody who touches them."""

    script = Script()

    def __init__(self) -> None:
        super().__init__()
        self.traveller = time_machine.travel(START, tick=False)
        self.clock = self.traveller.start()
        self.remote = Remote()
        self.sources = {number: Source() for number in NUMBERS}
        slug = f"t-{uuid.uuid4().hex[:8]}"
        self.tenant = Tenant.objects.create(slug=slug, name="T", go_live=datetime.date(2026, 1, 1))
        customers = self._pipeline("customers")
        Item.objects.create(
            tenant=self.tenant,
            pipeline=customers,
            source_id="9",
            key="1001",
            state="done",
            target_id="1001",
            target_key="1001",
        )
        self._pipeline("projects")
        self._pipeline("articles")
        self.pipeline = self._pipeline("invoices")
        self.read()

    def _pipeline(self, flow: str) -> Pipeline:
        return Pipeline.objects.create(
            tenant=self.tenant, flow=flow, source="smartdok", target="fortnox", pulled_at=START
        )

    def teardown(self) -> None:
        try:
            self.finish_everything()
        finally:
            self.traveller.stop()

    def item(self, number: str) -> Item:
        item: Item = Item.objects.get(pipeline=self.pipeline, source_id=number)
        return item

    def items(self) -> list[tuple[Item, bool]]:
        """Every item, and whether its reference lies in the target."""
        stored = self.remote.stored
        return [(item, reference(item.source_id) in stored) for item in Item.objects.filter(pipeline=self.pipeline)]

    # -- what happens ----------------------------------------------------------------------------------------------
    @rule()
    def read(self) -> None:
        """A pull of the source as it is now."""
        reads = tuple(Read(invoice(number, each.total, each.draft)) for number, each in self.sources.items())
        with transaction.atomic():
            _store(self.pipeline, Page(reads), Pulled())

    @rule(number=one, total=st.integers(1, 5))
    def changed(self, number: str, total: int) -> None:
        source = self.sources[number]
        source.total = total
        if not source.draft:
            source.finalised.add(total)

    @rule(number=one)
    def withdrawn_or_finalised(self, number: str) -> None:
        source = self.sources[number]
        source.draft = not source.draft
        if not source.draft:
            source.finalised.add(source.total)

    @rule(seconds=st.sampled_from((1, 20, 20, 50, 61, 3600)))
    def time_passes(self, seconds: int) -> None:
        self.clock.shift(datetime.timedelta(seconds=seconds))

    @rule(number=one, act=st.sampled_from(ACTS))
    def by_hand(self, number: str, act: str) -> None:
        """Somebody presses a button; what is refused is told to him and changes nothing."""
        item, systems = self.item(number), Systems(Target(self.remote, Script()))
        mine: Any = Item.objects.filter(pk=item.pk)
        with suppress(Fault):
            if act == "retry":
                manual.retry(mine, "anna")
            elif act == "send again":
                manual.resend(mine, "anna")
            elif act == "handled":
                manual.handled(mine, "anna", "klart")
            elif act == "already there":
                manual.already_there(item, reference(number), "anna", systems)  # type: ignore[arg-type]
            else:
                if act.startswith("rule out"):
                    manual.rule_out(item, systems)  # type: ignore[arg-type]
                manual.leave_out(mine, "anna", "nej")

    @rule(number=one, vendor=st.sampled_from(VENDOR), die_at=st.sampled_from(("", "", *POINTS)))
    def push(self, number: str, vendor: str, die_at: str) -> None:
        self._push(number, Script(die_at, None, vendor))

    @rule(
        number=one, point=st.sampled_from(POINTS), vendor=st.sampled_from(VENDOR),
        die_at=st.sampled_from(("", "", "", *POINTS)), meanwhile=st.sampled_from(MEANWHILE), act=st.sampled_from(ACTS),
    )  # fmt: skip
    def push_and_meanwhile(self, number: str, point: str, vendor: str, die_at: str, meanwhile: str, act: str) -> None:
        """Something happens in the middle of a push; whoever lost the lease must not send any more."""
        self._push(number, Script(die_at, (point, lambda: self._meanwhile(number, meanwhile, point, act)), vendor))

    def _meanwhile(self, number: str, what: str, point: str, act: str) -> None:
        if what == "changed and read":
            self.changed(number=number, total=7)
        if what == "turned and read":
            self.withdrawn_or_finalised(number=number)
        if what.endswith("read"):
            self.read()
        elif what == "by hand":
            self.by_hand(number=number, act=act)
        elif what == "push":
            self._push(number, Script())
        elif point not in {"after intent", "stored", "answered"}:
            # A request takes less than a lease: nobody takes over in its middle.
            self.clock.shift(states.LEASE + STEP)
            self._push(number, Script())

    def _push(self, number: str, script: Script) -> None:
        outer, EngineMachine.script = EngineMachine.script, script
        try:
            with suppress(Killed):
                push_module.push(self.item(number).pk, systems=Systems(Target(self.remote, script)))  # type: ignore[arg-type]
        finally:
            EngineMachine.script = outer

    # -- invariants --------------------------------------------------------------------------------------------------
    @invariant()
    def never_twice(self) -> None:
        """1: a reference lies there once."""
        assert max(Counter(self.remote.stored).values(), default=0) <= 1

    @invariant()
    def items_are_sound(self) -> None:
        """2 to 5."""
        for item, stored in self.items():
            if item.state == "done":  # 2: it lies there, and what lies there is kept
                assert stored and item.target_id and item.sent_record and item.intent_at is None
            if stored:  # 3: what may lie there has an intent or a target
                assert item.target_id or item.intent_at
            # 4: exactly what is being sent has a lease, and each lease ends
            assert (item.state == "running") == (item.lease_token is not None) == (item.lease_until is not None)
            if item.lease_until:
                assert item.lease_until <= timezone.now() + states.LEASE
            if item.state in {"stopped", "left_out", "waiting"}:  # 5: it says why, and for what it waits
                assert item.reason and item.cause
            if item.state == "waiting":
                assert item.needs or item.not_before

    @invariant()
    def transitions_join(self) -> None:
        """6: the history has no gap: each transition begins where the one before ended, or in running."""
        rows = Transition.objects.filter(item__pipeline=self.pipeline).order_by("item_id", "pk")
        for before, after in pairwise(rows.values_list("item_id", "before", "after")):
            if before[0] == after[0]:
                assert after[1] in {before[2], "running"}

    def finish_everything(self) -> None:
        """7: when nothing goes wrong any more it ends within a few minutes, at the truth."""
        for _ in range(5):
            self.read()
            for number in NUMBERS:
                self._push(number, Script())
            self.clock.shift(states.LEASE + STEP)
        self.never_twice()
        for item, stored in self.items():
            source = self.sources[item.source_id]
            attempts = list(Attempt.objects.filter(item=item, operation="create"))
            assert {int(each.payload["total"]) for each in attempts} <= source.finalised
            if stored:
                same = not source.draft and item.sent_record["total"] == str(source.total)
                seen = item.sent_fingerprint == item.fingerprint  # by somebody who marked the change as handled
                assert (item.state, item.reason) == (("done", "") if same or seen else ("stopped", "changed"))
            elif item.cause == states.BY_HAND:
                assert (item.state, item.intent_at) == ("left_out", None)
            elif source.draft:
                assert (item.state, item.cause) == ("left_out", "I1")
            else:  # refused, and not since it was changed
                assert (item.state, item.reason) == ("stopped", "rejected")
                assert attempts[0].payload["total"] == str(source.total)


@pytest.fixture
def _still(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("sync.engine.states.random.uniform", lambda low, high: low)
    claim = states.claim

    def claimed(item_id: int) -> Item | None:
        item = claim(item_id)
        if item:
            EngineMachine.script.at("claimed")
        return item

    monkeypatch.setattr("sync.engine.states.claim", claimed)
    yield


@pytest.mark.timeout(240 + 20 * EXAMPLES)
def test_I2_any_interleaving_keeps_the_invariants(db: None, _still: None) -> None:
    """Each example has a tenant of its own; all of them lie in the test's one transaction."""
    run_state_machine_as_test(
        EngineMachine,
        settings=settings(max_examples=EXAMPLES, stateful_step_count=15, suppress_health_check=list(HealthCheck)),
    )
