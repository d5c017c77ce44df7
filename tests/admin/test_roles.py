"""Who may do what with the rows of their own company: every address of the admin and every action of its lists.

The addresses come from the URL resolver. One that is new is in none of the tables below and fails the first test until
somebody says whose it is.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.core import mail
from django.db import connection as database
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import get_resolver, reverse
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask

from integration.errors import Transient
from integration.models import Tenant
from integration.systems.base import Found
from sync.engine import problems
from sync.models import Item, Problem
from tests.admin.conftest import add_item
from tests.admin.test_every_address import patterns

READER, BOOKKEEPER, OWNER, OPERATOR, NOBODY = range(5)
ROLES = {"reader": READER, "bookkeeper": BOOKKEEPER, "owner": OWNER, "operator": OPERATOR}

ROWS = {  # the least role that sees, changes, adds, deletes
    "auth_user": (OPERATOR, OPERATOR, OPERATOR, OPERATOR),
    "integration_connection": (READER, OWNER, NOBODY, NOBODY),
    "integration_membership": (READER, OPERATOR, OPERATOR, OPERATOR),
    "integration_tenant": (READER, OWNER, OPERATOR, NOBODY),
    "integration_valuemap": (READER, BOOKKEEPER, BOOKKEEPER, BOOKKEEPER),
    "sync_act": (READER, NOBODY, NOBODY, NOBODY),
    "sync_attempt": (READER, NOBODY, NOBODY, NOBODY),
    "sync_document": (READER, NOBODY, NOBODY, NOBODY),
    "sync_dryrun": (READER, NOBODY, NOBODY, NOBODY),
    "sync_item": (READER, NOBODY, NOBODY, NOBODY),
    "sync_pipeline": (READER, OWNER, NOBODY, NOBODY),
    "sync_problem": (READER, NOBODY, NOBODY, NOBODY),
    "django_celery_beat_clockedschedule": (OPERATOR, OPERATOR, OPERATOR, OPERATOR),
    "django_celery_beat_crontabschedule": (OPERATOR, OPERATOR, OPERATOR, OPERATOR),
    "django_celery_beat_intervalschedule": (OPERATOR, OPERATOR, OPERATOR, OPERATOR),
    "django_celery_beat_periodictask": (OPERATOR, OPERATOR, OPERATOR, OPERATOR),
}
BUTTONS = {  # the least role that may press it, or look at its page
    "auth_user_password_change": OPERATOR,
    "integration_connection_check": BOOKKEEPER,
    "integration_tenant_pause": BOOKKEEPER,
    "integration_tenant_resume": BOOKKEEPER,
    "integration_tenant_test-mail": OWNER,
    "integration_tenant_setup-link": OPERATOR,
    "integration_tenant_setup-link-made": OPERATOR,
    "integration_tenant_setup-link-revoke": OPERATOR,
    "sync_act_progress": READER,
    "sync_document_file": READER,
    "sync_dryrun_progress": READER,
    "sync_item_retry": BOOKKEEPER,
    "sync_item_leave-out": BOOKKEEPER,
    "sync_item_already-there": BOOKKEEPER,
    "sync_item_keep": BOOKKEEPER,
    "sync_item_handled": BOOKKEEPER,
    "sync_item_resend": BOOKKEEPER,
    "sync_item_dry-run": BOOKKEEPER,
    "sync_pipeline_read": BOOKKEEPER,
    "sync_pipeline_dry-run": BOOKKEEPER,
    "sync_pipeline_resend": BOOKKEEPER,
    "sync_problem_retry": BOOKKEEPER,
    "sync_problem_leave-out": BOOKKEEPER,
    "sync_problem_handled": BOOKKEEPER,
    "sync_problem_value": BOOKKEEPER,
}
ACTIONS = {  # of lists
    "integration_connection": {"check_selected": BOOKKEEPER},
    "sync_item": dict.fromkeys(("retry", "leave_out", "handled", "resend", "already_there"), BOOKKEEPER),
    "sync_pipeline": {"read_selected": BOOKKEEPER},
    "django_celery_beat_periodictask": dict.fromkeys(
        ("enable_tasks", "disable_tasks", "toggle_tasks", "run_tasks"), OPERATOR
    ),
}
PLAIN = {  # name → arguments; these change nothing, whoever asks
    "search": [], "index": [], "autocomplete": [], "jsi18n": [], "password_change": [], "password_change_done": [],
    "login": [], "sync_causes": [], "sync_find": [], "app_list": ["sync"],
    "view_on_site": ["content type", "id"],
}  # fmt: skip
LEAVES = {"logout"}  # its POST ends the walk
NAMELESS = {"<path:object_id>/", "(?P<url>.*)$"}  # lead to the page of the row, or to none

SAID = {
    "apply": "1", "note": "x", "number": "1", "since": "2026-01-01", "kind": "unit", "source": "m", "target": "st",
    "post": "yes", "name": "Nytt namn", "slug": "nytt", "enabled": "on", "cadence": "600", "field_token": "ny",
    "username": "ny", "role": "owner", "index": "0", "select_across": "0", "q": "1001", "state": "left_out",
    "count": "1", "password1": "En-lang-mening-1", "password2": "En-lang-mening-1",
}  # fmt: skip
WITHOUT_A_COMPANY = {("django_admin_log", None)}  # all that a member changes of it: who did what
MANY = {"item": 4, "problem": 3}  # rows of which each is in another state; of the rest one
REFUSED = {403, 404, 405}
ANSWERED = {200, 302, 405}
NOTHING_TO_SEE = {("sync_item", "already_there"), ("django_celery_beat_periodictask", "run_tasks")}  # leads on; runs
SHOWS = {"sync_act_progress", "sync_document_file", "sync_dryrun_progress", "sync_item_dry-run",
         "integration_tenant_setup-link-made"}  # fmt: skip


def table_name(model: Any) -> str:
    return f"{model._meta.app_label}_{model._meta.model_name}"


def test_every_address_and_every_action_is_somebodys():
    own = next(each for each in get_resolver().url_patterns if getattr(each, "namespace", "") == "admin")
    found = list(patterns(own))
    standard = {f"{row}_{page}" for row in ROWS for page in ("changelist", "change", "history", "add", "delete")}
    assert {each.name for each in found if each.name} == standard | set(BUTTONS) | set(PLAIN) | LEAVES
    assert {str(each.pattern) for each in found if not each.name} == NAMELESS
    registry = {table_name(model): each for model, each in admin.site._registry.items()}
    assert set(registry) == set(ROWS)
    actions = {name: set(each.actions or ()) for name, each in registry.items()}
    assert {name: each for name, each in actions.items() if each} == {name: set(each) for name, each in ACTIONS.items()}


def nobody_answers(*_: Any, **__: Any) -> None:
    raise Transient("fortnox.unreachable")


@pytest.fixture
def busy(mine: Tenant, other: Tenant, monkeypatch: pytest.MonkeyPatch) -> Tenant:
    """The own company with an item in every state that a button asks for; schedules; and no vendor is asked."""
    changed = {"flow": "invoices", "state": "stopped", "reason": "changed", "cause": "I3", "target_id": "4"}
    add_item(mine, "2", "Ändrad", params={"sum_before": "1", "sum_now": "2"}, **changed)
    flow = mine.pipelines.latest("pk").flow  # the one that is walked
    add_item(mine, "3", "Skickad", flow, state="done", target_id="3", target_label="3", sent_at=mine.created_at)
    add_item(mine, "4", "Utan värde", flow="invoices", state="stopped", reason="data", cause="P2")
    problems.refresh(mine)
    every, _ = IntervalSchedule.objects.get_or_create(every=977, period="seconds")
    PeriodicTask.objects.create(name="prov", task="sync.tick", interval=every, enabled=False)
    CrontabSchedule.objects.create(hour="4")
    ClockedSchedule.objects.create(clocked_time=mine.created_at)
    monkeypatch.setattr("sync.engine.access.check", lambda row, patience: None)
    monkeypatch.setattr("sync.admin.dry_runs.dry_run", nobody_answers)
    monkeypatch.setattr("sync.engine.manual._found", lambda item, number, systems: Found(number, {}))
    monkeypatch.setattr("celery.app.task.Task.apply_async", lambda *_, **__: None)
    return mine


def kept() -> dict[tuple[str, int | None], str]:
    """A digest of every table, by company where its rows have one."""
    asked = []
    for model in apps.get_models():
        table, fields = model._meta.db_table, {field.name for field in model._meta.get_fields()}
        if table in {"django_session", "django_content_type", "auth_permission"}:
            continue
        whose = "id" if model is Tenant else "tenant_id" if "tenant" in fields else "NULL::bigint"
        asked.append(
            f"SELECT '{table}', {whose}, md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t GROUP BY 2"
        )
    with database.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(asked))
        return {(table, tenant): digest for table, tenant, digest in cursor.fetchall()}


def changes(before: dict[Any, str]) -> set[tuple[str, int | None]]:
    """Which tables of which company differ from then."""
    return {key for key, _ in set(before.items()) ^ set(kept().items())}


@contextmanager
def undone(client: Client) -> Iterator[None]:
    """Whatever it did, the next one finds things as they were, and the session that it may have renewed."""
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    with transaction.atomic():
        point = transaction.savepoint()
        yield
        transaction.savepoint_rollback(point)
    client.cookies[settings.SESSION_COOKIE_NAME] = session
    mail.outbox.clear()


def keys(model: Any, tenant: Tenant) -> list[Any]:
    rows = model._default_manager.all()
    if model is Tenant:
        rows = rows.filter(pk=tenant.pk)
    elif "tenant" in {field.name for field in model._meta.get_fields()}:
        rows = rows.filter(tenant=tenant)
    elif model._meta.model_name == "user":
        rows = rows.filter(username="en-annan")
    found = list(rows.order_by("-pk").values_list("pk", flat=True))[: MANY.get(model._meta.model_name, 1)]
    assert found, f"no {model._meta.model_name} to walk"
    return found


def as_shown(answer: HttpResponse) -> dict[str, Any]:
    """What the form of a page would send as it stands there."""
    context = answer.context or {}
    if "adminform" not in context:
        return {}
    sets = [each.formset for each in context["inline_admin_formsets"]]
    rows = [part for each in sets for part in (each.management_form, *each.initial_forms)]
    bound = {field.html_name: field.value() for form in (context["adminform"].form, *rows) for field in form}
    return {name: value for name, value in bound.items() if value not in (None, False)}


def walk(tenant: Tenant) -> Iterator[tuple[str, str, int, int]]:
    """Name and address of every page with a row of the company, or with none; who sees it, and who may send it."""
    for model in admin.site._registry:
        name = table_name(model)
        sees, alters, adds, deletes = ROWS[name]
        yield f"{name}_changelist", reverse(f"admin:{name}_changelist"), sees, NOBODY
        yield f"{name}_add", reverse(f"admin:{name}_add"), adds, adds
        mine = [each for each in BUTTONS if each.startswith(f"{name}_")]
        for key in keys(model, tenant):
            yield f"{name}_change", reverse(f"admin:{name}_change", args=[key]), sees, alters
            yield f"{name}_history", reverse(f"admin:{name}_history", args=[key]), sees, NOBODY
            yield f"{name}_delete", reverse(f"admin:{name}_delete", args=[key]), deletes, deletes
            for button in mine:
                yield button, reverse(f"admin:{button}", args=[key]), BUTTONS[button], BUTTONS[button]
    company = ContentType.objects.get_for_model(Tenant).pk
    for name, arguments in PLAIN.items():
        given = [company, tenant.pk] if name == "view_on_site" else arguments
        yield name, reverse(f"admin:{name}", args=given), NOBODY, NOBODY


def sent(client: Client, name: str, address: str, shown: dict[str, Any]) -> HttpResponse:
    """The POST that a person would make: a button that asks what was seen is told the truth."""
    given = {**SAID, **shown}
    if name in BUTTONS and name.startswith("sync_problem"):
        given["count"] = str(Problem.objects.get(pk=address.split("/")[-3]).count)
    if name in BUTTONS and name.startswith("sync_item"):
        given["fingerprint"] = Item.objects.get(pk=address.split("/")[-3]).fingerprint
    return client.post(address, given)


def strays(changed: set[tuple[str, int | None]], role: str, mine: Tenant, other: Tenant) -> set[Any]:
    """What the role changed beyond the company; an operator's accounts and schedules belong to none."""
    if role == "operator":
        return {each for each in changed if each[1] == other.pk}
    return {each for each in changed if each[1] != mine.pk} - WITHOUT_A_COMPANY


@pytest.mark.parametrize("role", ROLES)
def test_every_address_of_the_own_company_gives_each_role_what_is_its_own(
    log_in: Callable[[str], Client], busy: Tenant, other: Tenant, role: str
):
    log_in("annan")
    client, rank, moved = log_in(role), ROLES[role], set()
    before = kept()
    for name, address, sees, sends in walk(busy):
        got = client.get(address)
        assert got.status_code < 500, address
        if name not in PLAIN:
            assert got.status_code in (REFUSED if rank < sees else ANSWERED), address
        with undone(client):
            answer, changed = sent(client, name, address, as_shown(got)), changes(before)
            assert answer.status_code < 500, address
            assert changed == set() or rank >= sends, (address, changed)
            assert strays(changed, role, busy, other) == set(), address
            if name not in PLAIN and not name.endswith(("_changelist", "_history")):
                assert answer.status_code in (REFUSED if rank < sends else ANSWERED), address
            assert mail.outbox == [] or rank >= sends, address
            moved |= {name} if changed else set()
    assert changes(before) == set()  # by any GET: the rest was undone
    assert {each for each, least in BUTTONS.items() if rank >= least} - moved <= SHOWS


@pytest.mark.parametrize("role", ROLES)
def test_every_action_of_every_list_gives_each_role_what_is_its_own(
    log_in: Callable[[str], Client], busy: Tenant, other: Tenant, role: str
):
    log_in("annan")
    client, rank, moved = log_in(role), ROLES[role], set()
    before = kept()
    for model in admin.site._registry:
        name, chosen = table_name(model), keys(model, busy)
        offered = {**ACTIONS.get(name, {}), "delete_selected": ROWS[name][3]}
        for action, least in offered.items():
            for across in ("0", "1") if action in ACTIONS.get(name, {}) and role != "operator" else ("0",):
                given = {**SAID, "action": action, "_selected_action": chosen, "select_across": across}
                with undone(client):
                    answer = client.post(reverse(f"admin:{name}_changelist"), {**given, "count": len(chosen)})
                    changed = changes(before)
                assert answer.status_code < 500, (name, action)
                assert changed == set() or rank >= least, (name, action, changed)
                assert strays(changed, role, busy, other) == set(), (name, action)
                moved |= {(name, action)} if changed else set()
    mine = {(name, action) for name, each in ACTIONS.items() for action, least in each.items() if rank >= least}
    assert mine - moved <= NOTHING_TO_SEE
