"""Whoever waits is woken, in any interleaving with those who are waited for, crashes and changes (I5, A2, A3).

The flows, the engine and the database are the real ones. A push is cut before its item is judged, before that is
written down, and before others are told; anything may happen at each cut.
"""

import datetime
import os
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from integration.models import Tenant
from integration.records import Article, Customer, Invoice, InvoiceRow, Page, Read
from integration.systems.base import Found, Payload, Writer, Written
from sync.engine import dispatch, states
from sync.engine import push as push_module
from sync.engine.pull import Pulled, _store
from sync.models import Item, Pipeline, Transition
from tests.chaos.script import Killed, Script

EXAMPLES = int(os.environ.get("CHAOS_EXAMPLES", "30"))
START = datetime.datetime(2026, 3, 10, 8, 0, tzinfo=datetime.UTC)
MOMENT = datetime.timedelta(milliseconds=1)
STEP = datetime.timedelta(seconds=40)
NOTHING = Decimal(0)

CUSTOMERS, ARTICLES, INVOICES = ("c1", "c2"), ("a1", "a2"), ("i1", "i2", "i3")
ALL = [("customers", each) for each in CUSTOMERS] + [("articles", each) for each in ARTICLES]
ALL += [("invoices", each) for each in INVOICES]
NUMBERS = ("", "1", "2")
BY_NUMBER = ""  # an invoice that does not say which customer it is, only that he bears number 1 (G3)
POINTS = ("claimed", "judged", "settled")
MEANWHILE = ("change", "sweep", "time")
anything = st.sampled_from(ALL)


class Target(Writer[Any, Any]):
    """Takes everything, and refuses an invoice whose customer or article it does not have, as Fortnox does."""

    look_first = True

    def __init__(self, there: dict[str, dict[str, str]], flow: str) -> None:
        super().__init__(None)
        self.there, self.flow = there, flow
        self.keyed = flow != "invoices"  # type: ignore[misc]

    def _number(self, record: Any) -> str:
        return str(record.number if self.keyed else record.reference)

    def payload(self, record: Any) -> Payload:
        return Payload({"Name": self._number(record)})

    def find(self, record: Any) -> Found | None:
        return self.get(self._number(record))

    def get(self, target_id: str) -> Found | None:
        return Found(target_id, {"Name": target_id}, target_id) if target_id in self.there[self.flow] else None

    def create(self, record: Any, fields: dict[str, Any], before_send: Callable[[], None]) -> Written:
        before_send()
        number = self._number(record)
        assert number not in self.there[self.flow], "never twice"
        if self.flow == "invoices":
            assert record.customer_number in self.there["customers"]
            assert {row.article_number for row in record.rows if row.article_number} <= self.there["articles"].keys()
        self.there[self.flow][number] = fields["Name"]
        return Written(number, number)

    def update(self, target_id: str, record: Any, changes: dict[str, Any], before_send: Callable[[], None]) -> Written:
        before_send()
        return Written(target_id, target_id)


class Systems:
    def __init__(self, there: dict[str, dict[str, str]], flow: str) -> None:
        self._writer = Target(there, flow)

    def writer(self, name: str, record: type) -> Target:
        return self._writer


class WaitingMachine(RuleBasedStateMachine):
    """Two customers and two articles that come, go, change and share numbers, and three invoices that need them."""

    script = Script()
    clock: Any

    def __init__(self) -> None:
        super().__init__()
        self.traveller = time_machine.travel(START, tick=False)
        WaitingMachine.clock = self.traveller.start()
        self.there: dict[str, dict[str, str]] = defaultdict(dict)
        self.numbers = {"c1": "1", "c2": "", "a1": "1", "a2": ""}
        self.invoices = {"i1": ("c1", "1"), "i2": ("c2", "2"), "i3": (BY_NUMBER, "")}
        slug = f"t-{uuid.uuid4().hex[:8]}"
        self.tenant = Tenant.objects.create(slug=slug, name="T", go_live=datetime.date(2026, 1, 1))
        self.pipelines = {
            flow: Pipeline.objects.create(tenant=self.tenant, flow=flow, source="smartdok", target="fortnox")
            for flow in ("customers", "projects", "articles", "invoices")
        }
        self.read()

    def teardown(self) -> None:
        try:
            self.finish_everything()
        finally:
            self.traveller.stop()

    def item(self, flow: str, source_id: str) -> Item:
        item: Item = self.pipelines[flow].items.get(source_id=source_id)
        return item

    # -- what happens ----------------------------------------------------------------------------------------------
    @rule()
    def read(self) -> None:
        """Every source is read whole, as it is now."""
        records: dict[str, list[Any]] = {
            "customers": [Customer(each, self.numbers[each], "Kund") for each in CUSTOMERS],
            "articles": [Article(each, self.numbers[each], "Vara", "consumption") for each in ARTICLES],
            "invoices": [_invoice(each, *self.invoices[each]) for each in INVOICES],
        }
        for flow, read in records.items():
            with transaction.atomic():
                _store(self.pipelines[flow], Page(tuple(map(Read, read))), Pulled())
            now = timezone.now()
            cursor = {"since": now.isoformat(), "full_at": now.isoformat()}
            Pipeline.objects.filter(pk=self.pipelines[flow].pk).update(cursor=cursor, pulled_at=now)
            states.fulfil(self.tenant.pk, [f"{flow}:pull"])

    @rule(which=st.sampled_from((*CUSTOMERS, *ARTICLES)), number=st.sampled_from(NUMBERS))
    def numbered(self, which: str, number: str) -> None:
        self.numbers[which] = number
        self.read()

    @rule(
        which=st.sampled_from(INVOICES),
        customer=st.sampled_from((*CUSTOMERS, BY_NUMBER)),
        code=st.sampled_from(NUMBERS),
    )
    def rewritten(self, which: str, customer: str, code: str) -> None:
        self.invoices[which] = (customer, code)
        self.read()

    @rule(seconds=st.sampled_from((1, 40, 61)))
    def time_passes(self, seconds: int) -> None:
        self.clock.shift(datetime.timedelta(seconds=seconds))

    @rule()
    def swept(self) -> None:
        dispatch.sweep()

    @rule(which=anything, die_at=st.sampled_from(("", "", *POINTS)))
    def push(self, which: tuple[str, str], die_at: str) -> None:
        self._push(which, Script(die_at))

    @rule(
        which=anything, point=st.sampled_from(POINTS), die_at=st.sampled_from(("", "", *POINTS)),
        meanwhile=st.sampled_from(MEANWHILE), other=anything, number=st.sampled_from(NUMBERS),
    )  # fmt: skip
    def push_and_meanwhile(
        self, which: tuple[str, str], point: str, die_at: str, meanwhile: str, other: tuple[str, str], number: str
    ) -> None:
        """Something happens in the middle of a push."""
        acts: dict[str, Callable[[], None]] = {
            "change": lambda: self._change(other, number),
            "sweep": self.swept,
            "time": lambda: self.time_passes(seconds=61),
        }
        self._push(which, Script(die_at, (point, acts[meanwhile])))

    @rule(
        which=anything, point=st.sampled_from(("claimed", "judged", "judged", "settled")), other=anything,
        die_at=st.sampled_from(("", "", *POINTS)), dies_at=st.sampled_from(("", "", "settled", "settled")),
    )  # fmt: skip
    def push_in_the_middle_of_a_push(
        self, which: tuple[str, str], point: str, other: tuple[str, str], die_at: str, dies_at: str
    ) -> None:
        """Two workers, each with an item that may need the other's."""
        self._push(which, Script(die_at, (point, lambda: self._push(other, Script(dies_at)))))

    def _change(self, which: tuple[str, str], number: str) -> None:
        flow, source_id = which
        if flow == "invoices":
            self.rewritten(which=source_id, customer=self.invoices[source_id][0], code=number)
        else:
            self.numbered(which=source_id, number=number)

    def _push(self, which: tuple[str, str], script: Script) -> None:
        outer, WaitingMachine.script = WaitingMachine.script, script
        try:
            with suppress(Killed):
                push_module.push(self.item(*which).pk, systems=Systems(self.there, which[0]))  # type: ignore[arg-type]
        finally:
            WaitingMachine.script = outer

    # -- what holds ------------------------------------------------------------------------------------------------
    @invariant()
    def nothing_fails_of_ours(self) -> None:
        assert not self.tenant.items.filter(cause="internal").exists()

    def finish_everything(self) -> None:
        """When nothing changes any more everybody finds an end within a few sweeps, or waits for what is not there."""
        moves = -1
        for _ in range(8):
            busy = self.tenant.items.filter(state__in=[states.State.PENDING, states.State.RUNNING])
            if moves == (moves := Transition.objects.filter(tenant=self.tenant).count()) and not busy.exists():
                break
            for which in ALL:
                self._push(which, Script())
            self.clock.shift(states.LEASE + STEP)
            dispatch.sweep()
        for customer in CUSTOMERS:
            item = self.item("customers", customer)
            if self._alone(customer, CUSTOMERS):
                assert (item.state, item.target_key) == ("done", self.numbers[customer])
        wanted = set()
        for source_id, (customer, code) in self.invoices.items():
            item = self.item("invoices", source_id)
            bearers = [customer] if customer else [each for each in CUSTOMERS if self.numbers[each] == "1"]
            if item.target_id:
                assert item.state == "done" or item.reason == "changed"
                continue
            if len(bearers) > 1:
                stopped = ("stopped", "G3.customer", ["customers:single=1"])
                assert (item.state, item.cause, item.needs) == stopped
                continue
            its = [self.item("customers", each) for each in bearers]
            assert not any(each.target_id and each.target_key == each.key for each in its), f"waits for {item.needs}"
            needs = [f"customers:id={bearers[0]}" if bearers else "customers:no=1"]
            assert (item.state, item.cause, item.needs) == ("waiting", "I5", needs)
            wanted.add(code)
        for article in ARTICLES:
            item = self.item("articles", article)
            if self._alone(article, ARTICLES) and self.numbers[article] in wanted:
                assert (item.state, item.target_key) == ("done", self.numbers[article])

    def _alone(self, which: str, among: tuple[str, ...]) -> bool:
        number = self.numbers[which]
        return bool(number) and [self.numbers[each] for each in among].count(number) == 1


def _invoice(source_id: str, customer: str, code: str) -> Invoice:
    row = InvoiceRow(code, "Arbete", Decimal(1), Decimal(100), "", NOTHING, NOTHING, Decimal(100))
    return Invoice(
        source_id, False, False, customer, "" if customer else "1", "Kund", "", START.date(), START.date(), START, 1,
        "", "", "", "", "7", NOTHING, NOTHING, Decimal(100), (row,),
    )  # fmt: skip


@pytest.fixture
def _cut(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Cuts a push, and lets time pass at each cut."""

    def cut(module: Any, name: str, point: str, *, before: bool) -> None:
        real = getattr(module, name)

        def stand_in(*arguments: Any, **named: Any) -> Any:
            if before:
                WaitingMachine.clock.shift(MOMENT)
                WaitingMachine.script.at(point)
                return real(*arguments, **named)
            answer = real(*arguments, **named)
            if answer is not None:
                WaitingMachine.script.at(point)
            return answer

        monkeypatch.setattr(module, name, stand_in)

    cut(states, "claim", "claimed", before=False)
    cut(states, "settle", "judged", before=True)
    cut(push_module, "after", "settled", before=True)
    yield


@pytest.mark.timeout(240 + 20 * EXAMPLES)
def test_I5_whoever_waits_is_woken_in_any_interleaving(db: None, clean_redis: None, _cut: None) -> None:
    """Each example has a tenant of its own; all of them lie in the test's one transaction."""
    run_state_machine_as_test(
        WaitingMachine,
        settings=settings(max_examples=EXAMPLES // 2, stateful_step_count=15, suppress_health_check=list(HealthCheck)),
    )
