"""Principle 13, found by itself: every address of the admin that names a row, as every role, by GET and by POST."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from integration.models import Connection, Tenant
from sync.engine import acts
from sync.engine.problems import held_by
from sync.models import Act, Item, Problem, Transition
from tests.admin.conftest import add_item

ROLES = ["owner", "bookkeeper", "reader", "stranger"]
NOBODYS = {"view_on_site"}
SAID = {"note": "x", "number": "1", "apply": "1", "since": "2026-01-01", "kind": "unit", "target": "st", "post": "yes"}


def patterns(resolver: URLResolver) -> Iterator[URLPattern]:
    for each in resolver.url_patterns:
        if isinstance(each, URLResolver):
            yield from patterns(each)
        else:
            yield each


def addresses(tenant: Tenant) -> list[str]:
    """Every named address below /admin/ with one argument, for every row of the tenant of the model that it names."""
    own = next(each for each in get_resolver().url_patterns if getattr(each, "namespace", "") == "admin")
    found = []
    for pattern in patterns(own):
        arguments = pattern.pattern.converters or dict(pattern.pattern.regex.groupindex)
        if not pattern.name or len(arguments) != 1 or pattern.name in NOBODYS:
            continue
        for model in admin.site._registry:
            meta = model._meta
            if pattern.name.startswith(f"{meta.app_label}_{meta.model_name}_"):
                found += [reverse(f"admin:{pattern.name}", args=[pk]) for pk in keys(model, tenant)]
    return found


def keys(model: Any, tenant: Tenant) -> list[int]:
    if model is Tenant:
        return [tenant.pk]
    if "tenant" not in {field.name for field in model._meta.get_fields()}:
        return []
    return list(model._default_manager.filter(tenant=tenant).values_list("pk", flat=True))


def everything(tenant: Tenant) -> dict[str, list[Any]]:
    """Every field of every row of the tenant, in whatever table it lies: what an act could have changed."""
    found = {"tenant": list(Tenant.objects.filter(pk=tenant.pk).values())}
    for model in apps.get_models():
        if "tenant" in {field.name for field in model._meta.get_fields()}:
            rows = model._default_manager.filter(tenant=tenant)
            found[model._meta.model_name] = list(rows.order_by("pk").values())
    return found


def test_isolation_is_looked_for_in_every_table_that_belongs_to_a_company(other: Tenant):
    User.objects.create_user("nagon").memberships.create(tenant=other, role="owner")
    found = everything(other)
    assert {"pipeline", "problem", "preflight", "setuplink", "connection", "document", "attempt"} <= set(found)
    assert [name for name, rows in found.items() if not rows] == []


@pytest.mark.parametrize("role", ROLES)
def test_no_address_leads_to_another_company(log_in: Callable[[str], Client], other: Tenant, role: str):
    client, before, found = log_in(role), everything(other), addresses(other)
    names = " ".join(found)
    for act in ("problem", "act", "dryrun", "dry-run", "handled", "keep", "resend", "pause", "resume", "test-mail",
                "progress", "leave-out", "already-there", "read", "check", "value"):  # fmt: skip
        assert f"/{act}/" in names
    for address in found:
        for answer in (client.get(address), client.post(address, SAID)):
            assert answer.status_code in {403, 404, 405}, address
            assert b"hos annat" not in answer.content
            assert b"Annat Bygg" not in answer.content
    assert everything(other) == before
    assert mail.outbox == []


@pytest.mark.parametrize("role", ROLES)
def test_search_and_overview_know_only_the_own_company(
    log_in: Callable[[str], Client], mine: Tenant, other: Tenant, role: str
):
    client = log_in(role)
    for query in ("Kund hos annat", "annat", "1001", str(other.items.get().pk), "s1001", "A" * 300, "%", "'", "\x00"):
        answer = client.get(reverse("admin:sync_find"), {"q": query, "stay": "1"})
        assert answer.status_code == (404 if role == "stranger" else 200), query
        assert b"<td>Annat Bygg" not in answer.content
        assert reverse("admin:sync_item_change", args=[other.items.get().pk]).encode() not in answer.content
    page = client.get(reverse("admin:index"), {"tenant": "annat"})
    assert b"Annat Bygg" not in page.content
    assert b"hos annat" not in page.content


@pytest.mark.parametrize(
    ("role", "acts", "owns"), [("owner", True, True), ("bookkeeper", True, False), ("reader", False, False)]
)
def test_what_each_role_may_do_at_the_desk(
    log_in: Callable[[str], Client], mine: Tenant, role: str, acts: bool, owns: bool
):
    client, problem = log_in(role), Problem.objects.get(tenant=mine)
    page = client.get(reverse("admin:sync_problem_change", args=[problem.pk]))
    assert page.status_code == 200
    assert ("Försök igen med alla" in page.content.decode()) is acts
    for name in ("problem_retry", "problem_handled", "problem_leave-out"):
        given = {"note": "x", "apply": "1", "count": held_by(problem).count()}
        answer = client.post(reverse(f"admin:sync_{name}", args=[problem.pk]), given)
        assert answer.status_code == (302 if acts else 404), name
    dry_run = reverse("admin:sync_pipeline_dry-run", args=[mine.pipelines.get(flow="customers").pk])
    assert client.post(dry_run).status_code == (302 if acts else 404)
    assert client.get(reverse("admin:sync_item_dry-run", args=[mine.items.get().pk])).status_code == (
        200 if acts else 404
    )
    assert client.post(reverse("admin:integration_tenant_pause", args=[mine.pk])).status_code == (302 if acts else 404)
    assert set(mine.connections.values_list("state", flat=True)) == {"paused" if acts else "unchecked"}
    assert client.post(reverse("admin:integration_tenant_test-mail", args=[mine.pk])).status_code == (
        302 if owns else 404
    )
    assert [each.to for each in mail.outbox] == ([["ekonomi@mitt.se"]] if owns else [])


def test_acting_on_a_problem_acts_on_all_and_is_recorded(log_in: Callable[[str], Client], mine: Tenant):
    more = add_item(mine, "1002", "En till", state="stopped", reason="conflict", cause="C4")
    elsewhere = add_item(mine, "1003", "Annan orsak", state="stopped", reason="data", cause="P2")
    problem = Problem.objects.get(tenant=mine, cause="C4")
    given = {"note": "Dubbletter", "apply": "1", "count": "2"}
    log_in("bookkeeper").post(reverse("admin:sync_problem_leave-out", args=[problem.pk]), given)
    states = dict(Item.objects.filter(tenant=mine).values_list("key", "state"))
    assert states == {"1001": "left_out", "1002": "left_out", "1003": "stopped"}
    act = Act.objects.get(tenant=mine, kind="leave_out")
    assert (act.actor, act.note, act.done, act.moved) == ("en-bookkeeper", "Dubbletter", 2, 2)
    told = Transition.objects.filter(item=more).latest("pk")
    assert (told.actor, told.note, told.after) == ("en-bookkeeper", "Dubbletter", "left_out")
    assert not elsewhere.transitions.exists()


@pytest.mark.parametrize("act", ["retry", "leave-out", "handled"])
def test_acting_on_a_problem_that_has_grown_does_nothing_and_says_so(
    log_in: Callable[[str], Client], mine: Tenant, act: str
):
    problem, client = Problem.objects.get(tenant=mine), log_in("bookkeeper")
    Problem.objects.filter(pk=problem.pk).update(reason="changed")
    Item.objects.filter(tenant=mine).update(reason="changed")
    shown = reverse("admin:sync_problem_change", args=[problem.pk])
    address = reverse(f"admin:sync_problem_{act}", args=[problem.pk])
    page = client.get(shown if act == "retry" else address).content.decode()
    assert '<input type="hidden" name="count" value="1">' in page
    add_item(mine, "1002", "Kom sedan", state="stopped", reason="changed", cause="C4")
    given = {"note": "Dubbletter", "apply": "1"}
    for seen in ({"count": "1"}, {}):
        page = client.post(address, {**given, **seen}, follow=True).content.decode()
        assert "Det är inte längre lika många poster som du såg. Inget har gjorts." in page
        assert '<input type="hidden" name="count" value="2">' in page
    assert set(Item.objects.filter(tenant=mine).values_list("state", flat=True)) == {"stopped"}
    assert not Act.objects.filter(actor="en-bookkeeper").exists()
    client.post(address, {**given, "count": "2"})
    assert Act.objects.get(actor="en-bookkeeper").moved == 2


def test_acting_on_ten_thousand_answers_at_once_and_goes_on_in_the_background(
    log_in: Callable[[str], Client], mine: Tenant, django_assert_max_num_queries: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("sync.admin.background.carry_out.delay", lambda pk: None)
    pipeline, now = mine.pipelines.get(flow="projects"), timezone.now()
    stopped = {"tenant": mine, "pipeline": pipeline, "state": "stopped", "reason": "data", "cause": "P2"}
    Item.objects.bulk_create(
        Item(**stopped, source_id=f"m{each}", key=f"P{each}", moved_at=now) for each in range(10_000)
    )
    problem = Problem.objects.create(tenant=mine, flow="projects", cause="P2", reason="data", count=10_000)
    client = log_in("bookkeeper")
    page = client.get(reverse("admin:sync_problem_change", args=[problem.pk])).content.decode()
    assert '<input type="hidden" name="count" value="10000">' in page
    with django_assert_max_num_queries(12):
        answer = client.post(reverse("admin:sync_problem_retry", args=[problem.pk]), {"count": "10000"})
    act = Act.objects.get(actor="en-bookkeeper")
    assert answer["Location"] == reverse("admin:sync_act_change", args=[act.pk])
    assert (len(act.ids), act.done, act.finished_at) == (10_000, 0, None)
    assert Item.objects.filter(cause="P2", state="stopped").count() == 10_000
    told = client.get(reverse("admin:sync_act_progress", args=[act.pk])).json()
    assert told == {"done": 0, "total": 10_000, "finished": False}
    assert acts.carry_out(act.pk).moved == 10_000
    assert Item.objects.filter(pipeline=pipeline, state="pending").count() == 10_000


def test_things_are_sent_again_from_a_date(log_in: Callable[[str], Client], mine: Tenant):
    now = timezone.now()
    sent = add_item(mine, "1", "Skickad", state="done", target_id="1", sent_at=now)
    old = add_item(mine, "2", "Gammal", state="done", target_id="2", sent_at=now - timezone.timedelta(days=40))
    never = add_item(mine, "3", "Aldrig", state="stopped", cause="C4", reason="conflict")
    out = add_item(mine, "4", "Utanför", state="left_out", reason="left_out", target_id="4", sent_at=now)
    address = reverse("admin:sync_pipeline_resend", args=[sent.pipeline_id])
    client, yesterday = log_in("bookkeeper"), (now - timezone.timedelta(days=1)).date().isoformat()
    assert client.get(address).status_code == 200
    assert client.post(address, {"since": "i går"}).status_code == 200
    asked = client.post(address, {"since": yesterday}).content.decode()
    assert '<input type="hidden" name="count" value="1">' in asked
    assert client.post(address, {"since": yesterday, "count": "7"}).status_code == 200
    assert not Item.objects.filter(doubted=True).exists()
    assert client.post(address, {"since": yesterday, "count": "1"}).status_code == 302
    rows = [Item.objects.get(pk=each.pk) for each in (sent, old, never, out)]
    assert [(each.state, each.target_id, each.doubted) for each in rows] == [
        ("pending", "1", True), ("done", "2", False), ("stopped", "", False), ("left_out", "4", False),
    ]  # fmt: skip


def test_a_change_that_is_no_longer_what_was_seen_is_not_marked(log_in: Callable[[str], Client], mine: Tenant):
    item = add_item(mine, "9", "Ändrad", flow="invoices", state="stopped", reason="changed", cause="I3", target_id="4")
    client, address = log_in("bookkeeper"), reverse("admin:sync_item_keep", args=[item.pk])
    client.post(address, {"fingerprint": "något annat"})
    item.refresh_from_db()
    assert item.state == "stopped"
    client.post(address, {"fingerprint": item.fingerprint})
    item.refresh_from_db()
    assert (item.state, item.sent_record, item.sent_fingerprint) == ("done", item.record, item.fingerprint)


def test_a_pause_is_ended_by_asking_both_systems(
    log_in: Callable[[str], Client], mine: Tenant, monkeypatch: pytest.MonkeyPatch
):
    asked: list[str] = []
    monkeypatch.setattr("sync.admin.pausing.access.check", lambda row, patience: asked.append(row.system))
    client = log_in("bookkeeper")
    client.post(reverse("admin:integration_tenant_pause", args=[mine.pk]))
    page = client.get(reverse("admin:index")).content.decode()
    assert "Alla överföringar är pausade" in page
    client.post(reverse("admin:integration_tenant_resume", args=[mine.pk]))
    assert sorted(asked) == ["fortnox", "smartdok"]
    assert not mine.connections.filter(state=Connection.State.PAUSED).exists()
