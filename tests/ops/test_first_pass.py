"""When the demo's first pass counts as settled: everything read, nothing due, nothing that comes back soon."""

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from demo import first_pass
from demo.first_pass import Progress
from integration.models import Connection, Tenant
from sync.engine import states
from sync.models import Item, Pipeline

pytestmark = pytest.mark.django_db

State = Item.State
BEFORE = datetime.timedelta(minutes=1)


@pytest.fixture
def pipeline() -> Pipeline:
    tenant = Tenant.objects.create(slug="bygg", name="Bygg AB")
    return Pipeline.objects.create(
        tenant=tenant, flow="customers", source="smartdok", target="fortnox", pulled_at=timezone.now()
    )


@pytest.fixture
def item(pipeline: Pipeline) -> Callable[..., Item]:
    def make(**fields: Any) -> Item:
        number = str(Item.objects.count())
        made: Item = Item.objects.create(tenant=pipeline.tenant, pipeline=pipeline, source_id=number, **fields)
        return made

    return make


def unsettled() -> bool:
    return bool(first_pass.unsettled(timezone.now() - BEFORE))


@pytest.mark.usefixtures("pipeline")
def test_read_and_nothing_there_is_settled() -> None:
    assert not unsettled()


@pytest.mark.parametrize("state", [State.DONE, State.LEFT_OUT, State.STOPPED])
def test_what_found_its_end_is_settled(state: str, item: Callable[..., Item]) -> None:
    item(state=state)
    assert not unsettled()


@pytest.mark.parametrize("state", [State.PENDING, State.RUNNING])
def test_what_is_under_way_is_not_settled(state: str, item: Callable[..., Item]) -> None:
    item(state=state)
    assert unsettled()


@pytest.mark.parametrize(("minutes", "waited_for"), [(1, True), (30, False)])
def test_what_the_clock_brings_back_soon_is_waited_for(
    minutes: int, waited_for: bool, item: Callable[..., Item]
) -> None:
    item(state=State.WAITING, not_before=timezone.now() + datetime.timedelta(minutes=minutes))
    assert unsettled() is waited_for


@pytest.mark.parametrize(("need", "waited_for"), [("customers:pull", True), ("projects:no=9901", False)])
def test_a_reading_that_is_asked_for_is_waited_for_and_a_missing_record_is_not(
    need: str, waited_for: bool, item: Callable[..., Item]
) -> None:
    item(state=State.WAITING, needs=[need])
    assert unsettled() is waited_for


def test_what_was_not_read_since_the_start_is_not_settled(pipeline: Pipeline) -> None:
    Pipeline.objects.filter(pk=pipeline.pk).update(pulled_at=timezone.now() - 2 * BEFORE)
    assert unsettled()


def test_a_source_that_lets_nobody_in_is_not_waited_for(pipeline: Pipeline) -> None:
    Pipeline.objects.filter(pk=pipeline.pk).update(pulled_at=None)
    assert unsettled()
    Connection.objects.create(tenant=pipeline.tenant, system="smartdok", state=Connection.State.NEEDS_CONSENT)
    assert not unsettled()


def test_a_flow_that_is_held_up_or_switched_off_is_not_waited_for(pipeline: Pipeline) -> None:
    Pipeline.objects.filter(pk=pipeline.pk).update(pulled_at=None, paused_cause="P5")
    assert not unsettled()
    Pipeline.objects.filter(pk=pipeline.pk).update(paused_cause="", enabled=False)
    assert not unsettled()


def test_progress_counts_what_has_settled(item: Callable[..., Item]) -> None:
    item(state=State.DONE)
    item(state=State.PENDING)
    item(state=State.WAITING, needs=["projects:no=9901"])
    assert first_pass.progress() == [Progress("bygg", "customers", 2, 3)]


def test_a_pass_in_which_nothing_moves_any_more_is_given_up(
    item: Callable[..., Item], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first_pass, "STUCK", 0.0)
    monkeypatch.setattr(first_pass, "LOOK_EVERY", 0.0)
    item(state=State.RUNNING)
    shown: list[list[Progress]] = []
    assert first_pass.watch(timezone.now() - BEFORE, shown.append, lambda: None) is False
    assert shown[0] == [Progress("bygg", "customers", 0, 1)]


@pytest.mark.parametrize("is_over", [True, False])
def test_what_the_sweep_sets_going_while_it_is_compared_is_compared_again(
    is_over: bool, item: Callable[..., Item], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first_pass, "LOOK_EVERY", 0.0)
    one = item(state=State.LEFT_OUT)
    seen: list[str] = []

    def look() -> int:
        stirs = len(seen) < 2
        if stirs:
            states.wake(Item.objects.filter(pk=one.pk))
        seen.append(Item.objects.get(pk=one.pk).state)
        if stirs and is_over:
            states.move(Item.objects.filter(pk=one.pk), State.LEFT_OUT, actor="byggbro")
        return len(seen)

    def goes_on(_: list[Progress]) -> None:
        Item.objects.update(state=State.LEFT_OUT)

    assert first_pass.at_rest(timezone.now() - BEFORE, goes_on, lambda: None, look) == (True, 3)
    assert seen == ["pending", "pending", "left_out"]
