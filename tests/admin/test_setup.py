"""Companies, connections and pipelines as an owner and an operator set them up."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from integration.errors import AuthError
from integration.models import Connection, Tenant
from integration.systems.base import Identity
from integration.systems.smartdok import SmartDok
from sync.models import Pipeline
from tests.admin.conftest import SECRET

NO_MEMBERS = {f"{name}-{count}_FORMS": "0" for name in ("memberships", "recipients") for count in ("TOTAL", "INITIAL")}


def test_a_new_company_gets_its_connections_and_pipelines(log_in: Callable[[str], Client]):
    client = log_in("operator")
    data = {"name": "Nybygg AB", "slug": "nybygg", "go_live": "2026-05-01", "active": "on", **NO_MEMBERS}
    answer = client.post(reverse("admin:integration_tenant_add"), {**data, "_continue": "1"})
    tenant = Tenant.objects.get(slug="nybygg")
    assert answer["Location"] == reverse("admin:integration_tenant_change", args=[tenant.pk])
    assert sorted(tenant.connections.values_list("system", flat=True)) == ["fortnox", "smartdok"]
    assert tenant.pipelines.count() == 6
    assert tenant.go_live.isoformat() == "2026-05-01"
    page = client.get(answer["Location"]).content.decode()
    assert "Leverantörsfakturornas dokument" in page
    assert "Inte kontrollerad än" in page
    again = client.post(reverse("admin:integration_tenant_add"), data)
    assert again.status_code == 200
    assert Tenant.objects.filter(slug="nybygg").count() == 1


def test_only_an_operator_makes_companies_or_switches_them_off(log_in: Callable[[str], Client], mine: Tenant):
    owner = log_in("owner")
    assert owner.get(reverse("admin:integration_tenant_add")).status_code == 403
    page = reverse("admin:integration_tenant_change", args=[mine.pk])
    data = {"name": "Nytt namn AB", "go_live": "2026-02-01", "slug": "kapad", **NO_MEMBERS}
    assert owner.post(page, data).status_code == 302
    mine.refresh_from_db()
    assert (mine.name, mine.slug, mine.active) == ("Nytt namn AB", "mitt", True)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """SmartDok answers to the right token; gives the tokens that it was asked with."""
    given: list[str] = []

    def check(self: SmartDok) -> Identity:
        given.append(self.connection.secrets["token"])
        if given[-1] != "rätt":
            raise AuthError("smartdok.token_refused", status=401)
        return Identity("Mitt Bygg AB")

    monkeypatch.setattr(SmartDok, "check", check)
    return given


def test_a_secret_is_replaced_only_by_what_is_filled_in(
    log_in: Callable[[str], Client], connection: Connection, answers: list[str]
):
    client = log_in("owner")
    page = reverse("admin:integration_connection_change", args=[connection.pk])
    assert 'type="password"' in client.get(page).content.decode()
    client.post(page, {"field_token": "", "field_url": "https://api.smartdok.no"})
    connection.refresh_from_db()
    assert connection.secrets == {"token": SECRET}
    assert connection.options == {"url": "https://api.smartdok.no"}
    wrong = client.post(page, {"field_token": "fel", "field_url": "https://api.smartdok.no"}, follow=True)
    assert "SmartDok godtar inte API-nyckeln" in wrong.content.decode()
    connection.refresh_from_db()
    assert (connection.secrets, connection.state) == ({"token": "fel"}, "needs_consent")
    right = client.post(page, {"field_token": "rätt", "field_url": "https://api.smartdok.no"}, follow=True)
    assert "ansluten till Mitt Bygg AB" in right.content.decode()
    connection.refresh_from_db()
    assert (connection.state, connection.cause) == ("connected", "")
    assert answers == [SECRET, "fel", "rätt"]


def test_saving_without_a_change_forgets_no_token(log_in: Callable[[str], Client], connection: Connection):
    Connection.objects.filter(pk=connection.pk).update(
        token={"access": "t", "expires_at": 1.0}, state="connected", options={"url": "https://api.smartdok.se"}
    )
    page = reverse("admin:integration_connection_change", args=[connection.pk])
    log_in("owner").post(page, {"field_token": "", "field_url": "https://api.smartdok.se"})
    connection.refresh_from_db()
    assert (connection.state, connection.token["access"]) == ("connected", "t")


def test_check_now_tells_what_is_wrong_and_starts_a_paused_one(
    log_in: Callable[[str], Client], connection: Connection, answers: list[str]
):
    client = log_in("owner")
    connection.enter("paused", "connection.paused", {"system": "smartdok"})
    check = reverse("admin:integration_connection_check", args=[connection.pk])
    page = client.post(check, follow=True).content.decode()
    assert "skapa en ny nyckel" in page
    connection.secrets = {"token": "rätt"}
    connection.save()
    assert "ansluten till" in client.post(check, follow=True).content.decode()
    rows = {"action": "check_selected", "_selected_action": [connection.pk]}
    listed = client.post(reverse("admin:integration_connection_changelist"), rows, follow=True)
    assert "ansluten till" in listed.content.decode()


def test_a_pipeline_form_is_what_its_flow_declares(log_in: Callable[[str], Client], mine: Tenant):
    client = log_in("owner")
    pipeline = mine.pipelines.get(flow="invoices")
    page = reverse("admin:sync_pipeline_change", args=[pipeline.pk])
    html = client.get(page).content.decode()
    assert "Skapa fakturor som ej klara (I8)" in html
    assert "Sista dagen i faktureringsperioden" in html
    data = {"enabled": "on", "cadence": "60", "setting_not_completed": "on", "setting_invoice_date": "period_end"}
    assert client.post(page, data).status_code == 302
    pipeline.refresh_from_db()
    assert pipeline.settings == {"not_completed": True, "invoice_date": "period_end"}
    assert client.post(page, {**data, "setting_invoice_date": "igår"}).status_code == 200
    assert client.post(page, {**data, "cadence": "1"}).status_code == 200
    pipeline.refresh_from_db()
    assert (pipeline.setting("invoice_date"), pipeline.cadence) == ("period_end", 60)


def test_read_now_makes_pipelines_due(log_in: Callable[[str], Client], mine: Tenant):
    client = log_in("bookkeeper")
    Pipeline.objects.update(next_pull_at="2031-01-01T00:00:00Z")
    first, second = mine.pipelines.order_by("pk")[:2]
    client.post(reverse("admin:sync_pipeline_read", args=[first.pk]))
    assert Pipeline.objects.filter(next_pull_at__year=2031).count() == 5
    rows = {"action": "read_selected", "_selected_action": [first.pk, second.pk]}
    client.post(reverse("admin:sync_pipeline_changelist"), rows)
    assert Pipeline.objects.filter(next_pull_at__year=2031).count() == 4


def test_P5_what_holds_a_pipeline_up_is_explained(log_in: Callable[[str], Client], mine: Tenant):
    mine.pipelines.filter(flow="projects").update(paused_cause="P5", paused_params={"system": "fortnox"})
    client = log_in("reader")
    pipeline = mine.pipelines.get(flow="projects")
    page = client.get(reverse("admin:sync_pipeline_change", args=[pipeline.pk])).content.decode()
    assert "Inställningar → Bokföring → Kostnadsställe/projekt" in page
    for address in (reverse("admin:sync_pipeline_changelist"), reverse("admin:index")):
        assert "Projektredovisning är avstängd i Fortnox" in client.get(address).content.decode()


def test_a_mapped_value_sets_going_what_lacked_it(log_in: Callable[[str], Client], mine: Tenant, settings: Any):
    mine.items.update(state="stopped", reason="data")
    data = {"tenant": mine.pk, "kind": "unit", "source": "kubik", "target": "m3"}
    log_in("owner").post(reverse("admin:integration_valuemap_add"), data)
    assert mine.items.get().state == "pending"
