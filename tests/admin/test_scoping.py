"""Principle 13: a user of one company finds nothing of another, on any page, in any list, by any act."""

from collections.abc import Callable, Iterator

import pytest
from django.contrib import admin
from django.http import HttpResponse
from django.test import Client
from django.urls import NoReverseMatch, reverse

from integration.models import Tenant
from sync.models import Act, Document, Item
from tests.admin.test_every_address import everything

ROLES = ["owner", "bookkeeper", "reader", "stranger"]
OPERATORS_ONLY = {"user", "membership", "periodictask", "intervalschedule", "crontabschedule", "clockedschedule"}
PAGES = ["change", "delete", "history"]


def rows_of(tenant: Tenant) -> list[tuple[str, int]]:
    """Address prefix and key of every row of a company that the admin can show."""
    found = []
    for model in admin.site._registry:
        fields = {field.name for field in model._meta.get_fields()}
        if model is Tenant:
            keys = [tenant.pk]
        elif "tenant" in fields:
            keys = list(model._default_manager.filter(tenant=tenant).values_list("pk", flat=True))
        else:
            continue
        found += [(f"admin:{model._meta.app_label}_{model._meta.model_name}", key) for key in keys]
    return found


def every_list() -> list[str]:
    return [f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist" for model in admin.site._registry]


@pytest.mark.parametrize("role", ROLES)
def test_pages_of_another_company_do_not_exist(log_in: Callable[[str], Client], other: Tenant, role: str):
    client, seen = log_in(role), 0
    for prefix, key in rows_of(other):
        for page in PAGES:
            try:
                address = reverse(f"{prefix}_{page}", args=[key])
            except NoReverseMatch:
                continue
            for answer in (client.get(address), client.post(address, {"post": "yes", "name": "stulen"})):
                assert answer.status_code in {403, 404}, address
                assert b"Annat" not in answer.content
            seen += 1
    assert seen >= 30
    other.refresh_from_db()
    assert other.name == "Annat Bygg AB"


@pytest.mark.parametrize("role", ROLES)
def test_acts_on_another_company_do_not_exist(log_in: Callable[[str], Client], other: Tenant, role: str):
    client, item = log_in(role), other.items.get()
    acts = [reverse(f"admin:sync_item_{name}", args=[item.pk]) for name in ("retry", "leave-out", "already-there")]
    acts.append(reverse("admin:integration_connection_check", args=[other.connections.first().pk]))
    acts.append(reverse("admin:sync_pipeline_read", args=[other.pipelines.first().pk]))
    acts.append(reverse("admin:sync_document_file", args=[Document.objects.get(tenant=other).pk]))
    for connection in other.connections.all():
        acts.append(reverse("consent:begin", args=[connection.pk]))
    for address in acts:
        assert client.post(address, {"note": "x", "number": "1", "apply": "1"}).status_code in {404, 405}, address
        assert client.get(address).status_code in {404, 405}, address
    item.refresh_from_db()
    assert (item.state, item.cause, item.target_id) == ("stopped", "C4", "")


@pytest.mark.parametrize("role", ["owner", "bookkeeper", "reader"])
def test_lists_hold_only_the_own_company(log_in: Callable[[str], Client], mine: Tenant, other: Tenant, role: str):
    client = log_in(role)
    for name in every_list():
        for query in ("", "?q=annat", "?tenant=annat", "?tenant__slug=annat", "?all="):
            answer = client.get(reverse(name) + query)
            if any(each in name for each in OPERATORS_ONLY - {"membership"}):
                assert answer.status_code == 403
            else:
                assert answer.status_code in {200, 302, 400, 403}, name
            assert b"Annat Bygg" not in answer.content
            assert b"hos annat" not in answer.content
    assert b"Mitt Bygg" in client.get(reverse("admin:index")).content
    assert b"Annat Bygg" not in client.get(reverse("admin:index")).content


@pytest.mark.parametrize("role", ["owner", "bookkeeper", "reader"])
def test_choices_offer_only_the_own_company(log_in: Callable[[str], Client], mine: Tenant, other: Tenant, role: str):
    client = log_in(role)
    add = client.get(reverse("admin:integration_valuemap_add"))
    assert add.status_code == (403 if role == "reader" else 200)
    assert b"Annat Bygg" not in add.content
    for model, field in (("membership", "user"), ("membership", "tenant"), ("valuemap", "tenant")):
        query = {"app_label": "integration", "model_name": model, "field_name": field, "term": "a"}
        answer = client.get(reverse("admin:autocomplete"), query)
        assert answer.status_code in {403, 404} or "annat" not in answer.content.decode().lower()


def test_a_list_action_leaves_rows_of_another_company_alone(
    log_in: Callable[[str], Client], mine: Tenant, other: Tenant
):
    client, theirs, ours = log_in("bookkeeper"), other.items.get(), mine.items.get()
    data = {"action": "retry", "_selected_action": [str(theirs.pk), str(ours.pk)]}
    client.post(reverse("admin:sync_item_changelist"), data)
    states = dict(Item.objects.values_list("pk", "state"))
    assert states == {theirs.pk: "stopped", ours.pk: "pending"}


@pytest.fixture(autouse=True)
def _answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """No vendor is asked."""
    monkeypatch.setattr("sync.admin.connections.access.check", lambda row, patience: None)


AGREED = {"apply": "1", "note": "x", "index": "0", "post": "yes"}


def every_name() -> list[str]:
    """The name of every action of any list, Django's own included."""
    return sorted({name for each in admin.site._registry.values() for name in each.actions or ()} | {"delete_selected"})


def every_action(client: Client, chosen: Tenant, across: str, count: int) -> Iterator[HttpResponse]:
    """Every action of every list, for the rows of a company; `count` items are agreed to."""
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
        keys = [key for prefix, key in rows_of(chosen) if f"{prefix}_changelist" == name]
        for action in every_name():
            given = {"action": action, "_selected_action": keys, "select_across": across, "count": count}
            answer = client.post(reverse(name), {**AGREED, **given})
            assert answer.status_code < 500, (name, action)
            yield answer


@pytest.mark.parametrize("across", ["0", "1"])
@pytest.mark.parametrize("role", ROLES)
def test_no_action_of_any_list_reaches_another_company(
    log_in: Callable[[str], Client], other: Tenant, role: str, across: str
):
    before = everything(other)
    for answer in every_action(log_in(role), other, across, int(across)):
        assert b"hos annat" not in answer.content
        assert b"Annat Bygg" not in answer.content
    assert everything(other) == before


@pytest.mark.parametrize("across", ["0", "1"])
def test_an_operators_actions_reach_what_was_chosen(
    log_in: Callable[[str], Client], mine: Tenant, other: Tenant, across: str
):
    before, client = everything(mine), log_in("operator")
    assert list(every_action(client, other, across, 1 + int(across)))
    done = set(Act.objects.filter(tenant=other, actor="en-operator").values_list("kind", flat=True))
    assert done == {"retry", "leave_out", "handled", "resend"}
    assert (everything(mine) == before) is (across == "0")


def test_a_value_cannot_be_put_into_another_company(log_in: Callable[[str], Client], mine: Tenant, other: Tenant):
    client = log_in("owner")
    data = {"tenant": other.pk, "kind": "unit", "source": "kubik", "target": "m3"}
    assert client.post(reverse("admin:integration_valuemap_add"), data).status_code == 200
    assert other.value_maps.count() == 1
    assert client.post(reverse("admin:integration_valuemap_add"), {**data, "tenant": mine.pk}).status_code == 302
    assert mine.value_maps.count() == 2


@pytest.mark.parametrize(
    ("role", "acts", "owns"), [("owner", True, True), ("bookkeeper", True, False), ("reader", False, False)]
)
def test_what_each_role_may(log_in: Callable[[str], Client], mine: Tenant, role: str, acts: bool, owns: bool):
    client, item = log_in(role), mine.items.get()
    page = client.get(reverse("admin:sync_item_change", args=[item.pk]))
    assert page.status_code == 200
    assert ("Försök igen" in page.content.decode()) is acts
    assert client.post(reverse("admin:sync_item_retry", args=[item.pk])).status_code == (302 if acts else 404)
    item.refresh_from_db()
    assert item.state == ("pending" if acts else "stopped")

    pipeline = mine.pipelines.get(flow="projects")
    address = reverse("admin:sync_pipeline_change", args=[pipeline.pk])
    answer = client.post(address, {"enabled": "on", "cadence": "600", "setting_orders": "on"})
    assert answer.status_code == (302 if owns else 403)
    pipeline.refresh_from_db()
    assert pipeline.cadence == (600 if owns else 120)
    assert client.post(reverse("admin:sync_pipeline_read", args=[pipeline.pk])).status_code == (302 if acts else 404)

    connection = mine.connections.get(system="smartdok")
    connect = reverse("admin:integration_connection_change", args=[connection.pk])
    assert ("field_token" in client.get(connect).content.decode()) is owns
    check = reverse("admin:integration_connection_check", args=[connection.pk])
    if not acts:
        assert client.post(check).status_code == 404
    if not owns:
        assert client.post(connect, {"field_token": "ny"}).status_code == 403


def test_nobody_gets_in_without_logging_in(mine: Tenant):
    client = Client()
    for prefix, key in rows_of(mine):
        try:
            answer = client.get(reverse(f"{prefix}_change", args=[key]))
        except NoReverseMatch:
            continue
        assert answer.status_code == 302
        assert "/admin/login/" in answer["Location"]
