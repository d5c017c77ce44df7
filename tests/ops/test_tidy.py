"""What is kept only for a while goes, and nothing else."""

import datetime
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django_celery_beat.models import PeriodicTask

from integration.models import Tenant
from sync.engine import tidy
from sync.engine.tidy import tidy as tidied
from sync.models import Act, Attempt, DryRun, Item, Pipeline, Preflight, Problem, SetupLink, Transition
from sync.tasks import tidy_up

NOW = datetime.datetime(2026, 5, 4, 2, 10, tzinfo=datetime.UTC)


def ago(days: int) -> datetime.datetime:
    """A time so many days before now."""
    return NOW - datetime.timedelta(days=days)


@pytest.fixture
def item(db: None, time_machine: Any) -> Item:
    """An item of a tenant, on 4 May 2026."""
    time_machine.move_to(NOW, tick=False)
    tenant = Tenant.objects.create(slug="ostanbygg", name="Östanbygg AB")
    pipeline = Pipeline.objects.create(tenant=tenant, flow="invoices", source="smartdok", target="fortnox")
    return Item.objects.create(tenant=tenant, pipeline=pipeline, source_id="1", key="F1")


def attempt(item: Item, started_at: datetime.datetime, operation: str = "create") -> int:
    """An attempt that was made then."""
    row = Attempt.objects.create(
        item=item, tenant=item.tenant, actor="byggbro", started_at=started_at, operation=operation, payload={"a": 1}
    )
    return int(row.pk)


def test_helps_to_decide_go_after_three_months(item: Item) -> None:
    tenant = item.tenant
    for days in (91, 89):
        DryRun.objects.create(tenant=tenant, flow="invoices", actor="anna", started_at=ago(days))
        Preflight.objects.create(tenant=tenant, actor="anna", created_at=ago(days))
        Act.objects.create(tenant=tenant, kind="retry", actor="anna", ids=[item.pk], finished_at=ago(days))
        SetupLink.objects.create(tenant=tenant, token_hash=str(days), created_by="anna", expires_at=ago(days))
        attempt(item, ago(days), "look up")
    unfinished = Act.objects.create(tenant=tenant, kind="retry", actor="anna", ids=[item.pk], started_at=ago(91))
    expected = {"dry_runs": 1, "preflights": 1, "acts": 1, "setup_links": 1, "look_ups": 1}
    assert (tidied(), tidied()) == (expected, {})
    assert DryRun.objects.get().started_at == ago(89)
    assert Preflight.objects.get().created_at == ago(89)
    assert SetupLink.objects.get().token_hash == "89"
    assert list(Act.objects.order_by("pk").values_list("finished_at", flat=True)) == [ago(89), None]
    assert Act.objects.filter(pk=unfinished.pk).exists()


def test_a_solved_problem_goes_after_a_year_and_an_open_one_stays(item: Item) -> None:
    for closed_at in (ago(366), ago(364), None):
        Problem.objects.create(tenant=item.tenant, flow="invoices", cause="I4", opened_at=ago(400), closed_at=closed_at)
    assert tidied() == {"problems": 1}
    assert set(Problem.objects.values_list("closed_at", flat=True)) == {ago(364), None}


def test_history_is_kept_seven_years_after_its_financial_year_and_its_payloads_two(item: Item) -> None:
    too_old = datetime.datetime(2017, 12, 31, 22, 59, tzinfo=datetime.UTC)
    kept = datetime.datetime(2017, 12, 31, 23, 0, tzinfo=datetime.UTC)  # 2018 in Sweden
    for at in (too_old, kept):
        attempt(item, at)
        Transition.objects.create(item=item, tenant=item.tenant, at=at, actor="anna", after="done", note="why")
    recent = attempt(item, ago(729))
    assert (tidied(), tidied()) == ({"attempts": 1, "transitions": 1, "payloads": 1}, {})
    assert Transition.objects.get().at == kept
    assert list(Attempt.objects.order_by("pk").values_list("started_at", "payload")) == [
        (kept, None),
        (Attempt.objects.get(pk=recent).started_at, {"a": 1}),
    ]
    assert Item.objects.filter(pk=item.pk).exists()


def test_many_go_in_batches(item: Item, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tidy, "BATCH", 2)
    for _ in range(5):
        attempt(item, ago(100), "look up")
    assert tidied() == {"look_ups": 5}


def test_sessions_that_ran_out_go(item: Item) -> None:
    for key, days in (("old", 1), ("new", -1)):
        Session.objects.create(session_key=key, session_data="", expire_date=ago(days))
    tidy_up()
    assert list(Session.objects.values_list("session_key", flat=True)) == ["new"]


@pytest.mark.django_db
def test_it_is_on_the_schedule() -> None:
    task = PeriodicTask.objects.get(task=tidy_up.name)
    assert (task.enabled, task.crontab.hour, task.crontab.minute) == (True, "2", "10")
