"""Companies, connections and pipelines as an owner and an operator set them up."""

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integration.errors import AuthError
from integration.models import Connection, Tenant
from integration.systems.base import Identity
from integration.systems.smartdok import SmartDok
from sandbox import Twins
from sync.engine import access
from sync.engine.onboarding import add_tenant
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
    assert "Ingenting har sparats" in wrong.content.decode()
    assert connection.secrets == {"token": SECRET}
    right = client.post(page, {"field_token": "rätt", "field_url": "https://api.smartdok.no"}, follow=True)
    assert "ansluten till Mitt Bygg AB" in right.content.decode()
    connection.refresh_from_db()
    assert (connection.state, connection.cause) == ("connected", "")
    assert answers == [SECRET, "fel", "rätt"]


@pytest.mark.django_db(transaction=True)
def test_a_new_key_is_tried_before_it_replaces_one_that_works(
    log_in: Callable[[str], Client], tenant: Tenant, twins: Twins
):
    connection = tenant.connections.get(system="smartdok")
    assert access.check(connection)
    tenant.pipelines.update(pulled_at=timezone.now())
    before = Connection.objects.values().get(pk=connection.pk)
    page = reverse("admin:integration_connection_change", args=[connection.pk])
    client, url = log_in("operator"), twins.smartdok.url
    for key, told in (
        ("fel", "SmartDok godtar inte API-nyckeln"),
        (twins.tenant("maltes-mark").tenant.smartdok_token, "Nyckeln hör till ett annat företag"),
    ):
        answer = client.post(page, {"field_token": key, "field_url": url}, follow=True).content.decode()
        assert told in answer
        assert "Ingenting har sparats" in answer
        assert "har ändrats" not in answer.replace("Ingenting har ändrats", "")
        assert Connection.objects.values().get(pk=connection.pk) == before
    newer = twins.tenant("ostanbygg").smartdok
    newer.token = "a-newer-key"
    answer = client.post(page, {"field_token": "a-newer-key", "field_url": url}, follow=True)
    assert "ansluten till" in answer.content.decode()
    connection.refresh_from_db()
    assert (connection.state, connection.secrets) == ("connected", {"token": "a-newer-key"})


@pytest.mark.django_db(transaction=True)
def test_a_company_that_another_tenant_has_is_refused_at_every_door(
    log_in: Callable[[str], Client], tenant: Tenant, twins: Twins
):
    for each in tenant.connections.all():
        assert access.check(each)
    given = {each.system: {**each.options, **each.secrets} for each in tenant.connections.all()}
    second, _ = add_tenant("second", "Andra AB", given)
    for each in second.connections.all():
        assert access.check(each) is None
        assert (each.state, each.cause) == ("needs_consent", "setup.company_taken")
    for each in tenant.connections.all():
        assert access.check(each), "whoever has it keeps it"
    third, _ = add_tenant("third", "Tredje AB", {"fortnox": {}, "smartdok": {}})
    row = third.connections.get(system="fortnox")
    page = reverse("admin:integration_connection_change", args=[row.pk])
    answer = log_in("operator").post(page, {"field_tenant_id": given["fortnox"]["tenant_id"]}, follow=True)
    assert "Företaget används redan" in answer.content.decode()
    row.refresh_from_db()
    assert (row.state, row.options) == ("unchecked", {})


def test_which_fortnox_company_it_is_only_operators_say(log_in: Callable[[str], Client], mine: Tenant):
    row = mine.connections.get(system="fortnox")
    page = reverse("admin:integration_connection_change", args=[row.pk])
    owner = log_in("owner")
    assert "field_tenant_id" not in owner.get(page).content.decode()
    owner.post(page, {"field_tenant_id": "1"})
    row.refresh_from_db()
    assert row.options == {"tenant_id": "4711"}
    assert "field_tenant_id" in log_in("operator").get(page).content.decode()


def test_G9_go_live_in_the_future_is_refused(log_in: Callable[[str], Client], mine: Tenant):
    tomorrow = (timezone.localdate() + datetime.timedelta(days=1)).isoformat()
    page = reverse("admin:integration_tenant_change", args=[mine.pk])
    data = {"name": mine.name, "slug": mine.slug, "go_live": tomorrow, "active": "on", **NO_MEMBERS}
    for client in (log_in("owner"), log_in("operator")):
        answer = client.post(page, data)
        assert answer.status_code == 200
        assert "kan inte ligga i framtiden" in answer.content.decode()
    mine.refresh_from_db()
    assert mine.go_live == datetime.date(2026, 1, 1)


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
