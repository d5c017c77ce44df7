"""Every act by hand is kept with who did it and when, in words."""

from collections.abc import Callable

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from integration.models import Connection, Tenant
from sync.models import Problem
from tests.admin.conftest import add_item


@pytest.fixture(autouse=True)
def _answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """No vendor is asked."""
    monkeypatch.setattr("sync.admin.connections.access.check", lambda row, patience: None)


def logged() -> list[tuple[str, str]]:
    """Who and what, in order."""
    return list(LogEntry.objects.order_by("pk").values_list("user__username", "change_message"))


def test_checks_readings_and_a_test_mail_are_logged(log_in: Callable[[str], Client], mine: Tenant):
    owner, connection = log_in("owner"), mine.connections.get(system="fortnox")
    pipeline = mine.pipelines.get(flow="customers")
    check = reverse("admin:integration_connection_check", args=[connection.pk])
    owner.post(check)
    connection.enter(Connection.State.PAUSED)
    owner.post(check)
    chosen = {"action": "check_selected", "_selected_action": [connection.pk]}
    owner.post(reverse("admin:integration_connection_changelist"), chosen)
    owner.post(reverse("admin:sync_pipeline_read", args=[pipeline.pk]))
    chosen = {"action": "read_selected", "_selected_action": [pipeline.pk]}
    owner.post(reverse("admin:sync_pipeline_changelist"), chosen)
    owner.post(reverse("admin:integration_tenant_test-mail", args=[mine.pk]))
    what = ["Anslutningen kontrollerad", "Anslutningen kontrollerad; pausen är över", "Anslutningen kontrollerad",
            "Läsning begärd", "Läsning begärd", "Testmejl skickat"]  # fmt: skip
    assert logged() == [("en-owner", each) for each in what]


def test_a_mapped_value_is_logged_with_what_it_was_and_wakes_in_the_persons_name(
    log_in: Callable[[str], Client], mine: Tenant
):
    item = add_item(mine, "7", "Faktura", flow="invoices", state="stopped", reason="config", cause="A4.unit")
    problem = Problem.objects.create(tenant=mine, flow="invoices", cause="A4.unit", reason="config", count=1)
    address, owner = reverse("admin:sync_problem_value", args=[problem.pk]), log_in("owner")
    owner.post(address, {"kind": "unit", "source": "lass", "target": "LS"})
    owner.post(address, {"kind": "unit", "source": "pall", "target": "PLL"})
    assert logged() == [
        ("en-owner", "Mappat värde sparat: enhet lass: LASS-mitt → LS"),
        ("en-owner", "Mappat värde sparat: enhet pall: – → PLL"),
    ]
    assert dict(mine.value_maps.values_list("source", "target")) == {"lass": "LS", "pall": "PLL"}
    told = item.transitions.get()
    assert (told.actor, told.before, told.after) == ("en-owner", "stopped", "pending")


def test_a_mapped_value_is_asked_for_where_it_lacks_and_what_was_typed_stays(
    log_in: Callable[[str], Client], mine: Tenant
):
    problem = Problem.objects.create(
        tenant=mine, flow="invoices", cause="A4", reason="config", count=1, params={"unit": "balja"}
    )
    page, address = (reverse(f"admin:sync_problem_{each}", args=[problem.pk]) for each in ("change", "value"))
    bookkeeper = log_in("bookkeeper")
    assert 'value="balja"' in bookkeeper.get(page).content.decode()
    again = bookkeeper.post(address, {"kind": "unit", "source": "hink", "target": ""}).content.decode()
    assert 'value="hink"' in again
    assert '<p class="bb-error" role="alert">Detta fält måste fyllas i.</p>' in again
    assert 'name="source"' not in log_in("reader").get(page).content.decode()


@pytest.mark.parametrize(("role", "told"), [("bookkeeper", True), ("reader", True), ("owner", False)])
def test_who_may_not_change_settings_and_access_is_told_who_does(
    log_in: Callable[[str], Client], mine: Tenant, connection: Connection, role: str, told: bool
):
    client, owner = log_in(role), "Inställningar och anslutningar ändras av"
    if role != "owner":
        log_in("owner")
    for row, name in ((connection, "integration_connection"), (mine.pipelines.first(), "sync_pipeline")):
        html = client.get(reverse(f"admin:{name}_change", args=[row.pk])).content.decode()
        assert (f"{owner} en-owner" in html) is told
    checked = client.post(reverse("admin:integration_connection_check", args=[connection.pk]))
    assert checked.status_code == (404 if role == "reader" else 302)
