"""Set-up links: what is kept of them, whom they let in, what they switch on."""

import datetime
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from integration.models import Connection, Membership, Tenant
from sandbox.smartdok import Company as SmartDokCompany
from sync.models import Pipeline, SetupLink
from sync.setup import links

PAGES = ("", "connect/smartdok/", "connect/fortnox/", "settings/", "preflight/", "preflight/progress/",
         "preflight/download.xlsx", "preflight/download.csv", "go/", "done/")  # fmt: skip


def test_of_the_token_only_the_hash_is_kept(bare: Tenant) -> None:
    url = links.make(bare, "anna")
    token = urlsplit(url).path.split("/")[2]
    link = SetupLink.objects.get()
    assert url == f"http://testserver/start/{token}/"
    assert len(token) == 43
    assert token not in str(SetupLink.objects.values().get())
    assert (link.created_by, link.starts) == ("anna", True)
    assert link.expires_at - timezone.now() > datetime.timedelta(days=6, hours=23)


def test_a_first_link_makes_what_is_missing_and_keeps_the_pipelines_off(bare: Tenant) -> None:
    links.make(bare, "anna")
    assert set(bare.connections.values_list("system", flat=True)) == {"smartdok", "fortnox"}
    assert Pipeline.objects.filter(tenant=bare).count() == 6
    assert not Pipeline.objects.filter(tenant=bare, enabled=True).exists()


def test_a_link_for_one_that_runs_switches_nothing_off(tenant: Tenant) -> None:
    Pipeline.objects.filter(tenant=tenant, flow="customers").update(pulled_at=timezone.now())
    secrets = {each.system: each.secrets for each in tenant.connections.all()}
    links.make(tenant, "anna")
    assert SetupLink.objects.get().starts is False
    assert not Pipeline.objects.filter(tenant=tenant, enabled=False).exists()
    assert {each.system: each.secrets for each in tenant.connections.all()} == secrets


@pytest.mark.parametrize("page", PAGES)
def test_unknown_expired_revoked_and_closed_look_the_same(page: str, url: str, bare: Tenant, client: Client) -> None:
    unknown = client.get(f"/start/{'x' * 43}/{page}")
    assert unknown.status_code == 404
    with time_machine.travel(timezone.now() + datetime.timedelta(days=8), tick=True):
        expired = client.get(f"{url}{page}")
    bare.active = False
    bare.save()
    closed = client.get(f"{url}{page}")
    bare.active = True
    bare.save()
    links.revoke(bare)
    revoked = client.get(f"{url}{page}")
    for answer in (expired, closed, revoked):
        assert answer.status_code == 404
        assert bare.name not in answer.content.decode()
        assert len(answer.content) - len(url) <= len(unknown.content) + 400


def test_a_new_link_ends_the_old_one(url: str, bare: Tenant, client: Client) -> None:
    newer = urlsplit(links.make(bare, "anna")).path
    assert client.get(url).status_code == 404
    assert client.get(newer).status_code == 200


def test_guesses_are_slowed_down_and_a_good_link_of_another_address_still_works(url: str, client: Client) -> None:
    for guess in range(31):
        client.get(f"/start/{guess:043}/")
    assert client.get(url).status_code == 404
    assert client.get(url, headers={"x-forwarded-for": "1.1.1.1, 2.2.2.2"}).status_code == 200
    assert client.get(url, headers={"x-forwarded-for": "2.2.2.2, 127.0.0.1"}).status_code == 404


def test_pages_are_kept_by_nobody_and_load_nothing_foreign(url: str, client: Client) -> None:
    answer = client.get(url)
    assert "no-store" in answer["Cache-Control"]
    assert answer["X-Robots-Tag"] == "noindex, nofollow"
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert answer["Referrer-Policy"] == "same-origin"
    assert "http://" not in answer.content.decode()


def test_swedish_unless_the_visitor_chooses(url: str, client: Client) -> None:
    assert "Välkommen, Östanbygg AB" in client.get(url, headers={"accept-language": "en"}).content.decode()
    client.post("/i18n/setlang/", {"language": "en", "next": url})
    assert "Welcome, Östanbygg AB" in client.get(url).content.decode()


def test_a_step_opens_when_those_before_it_are_done(url: str, client: Client) -> None:
    for page in ("settings/", "preflight/", "go/", "done/"):
        answer = client.get(f"{url}{page}")
        assert (answer.status_code, answer["Location"]) == (302, f"{url}connect/smartdok/")
    assert client.post(f"{url}go/").status_code == 302
    assert SetupLink.objects.get().finished_at is None


def test_start_switches_on_once_and_the_link_shows_only_that(
    connected: str, bare: Tenant, client: Client, django_capture_on_commit_callbacks: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    ticks: list[int] = []
    monkeypatch.setattr("sync.setup.links.tick.delay", lambda: ticks.append(1))
    client.post(f"{connected}settings/", choices(client, connected))
    bare.preflights.create(actor="x", finished_at=timezone.now(), result=EMPTY)
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(f"{connected}go/")["Location"] == f"{connected}done/"
    assert not Pipeline.objects.filter(tenant=bare, enabled=False).exists()
    assert ticks == [1]
    Pipeline.objects.filter(tenant=bare, flow="articles").update(enabled=False)  # as an operator may later
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(f"{connected}go/")["Location"] == f"{connected}done/"
    assert ticks == [1]
    assert Pipeline.objects.filter(tenant=bare, enabled=False).count() == 1
    for page in PAGES[:-1]:
        assert client.get(f"{connected}{page}")["Location"] == f"{connected}done/"
    assert client.post(f"{connected}connect/smartdok/", {"act": "key", "token": "other"}).status_code == 302
    assert Connection.objects.get(tenant=bare, system="smartdok").state == Connection.State.CONNECTED
    assert "Byggbro är igång" in client.get(f"{connected}done/").content.decode()


EMPTY: dict[str, Any] = {
    "fault": None, "companies": {}, "conditions": [], "locked_until": None, "new_units": [], "flows": [], "rows": [],
    "transferred": [],
}  # fmt: skip


def choices(client: Client, url: str, **changed: str) -> dict[str, str]:
    """What a browser would send when nothing but this is changed."""
    form = client.get(f"{url}settings/").context["form"]
    values = {name: form[name].value() for name in form.fields}
    sent = {name: str(value) for name, value in values.items() if not isinstance(value, bool)}
    return {**sent, **{name: "on" for name, value in values.items() if value is True}, **changed}


def test_choices_are_stored_and_a_go_live_in_the_future_changes_nothing(
    connected: str, bare: Tenant, client: Client
) -> None:
    tomorrow = (timezone.localdate() + datetime.timedelta(days=1)).isoformat()
    sent = choices(client, connected, **{"supplier-invoices.which": "all", "projects.orders": "on"})
    answer = client.post(f"{connected}settings/", {**sent, "go_live": tomorrow})
    assert answer.status_code == 400
    assert "kan inte ligga i framtiden" in answer.content.decode()
    answer = client.post(f"{connected}settings/", {**sent, "supplier-invoices.which": "everything"})
    assert answer.status_code == 400
    assert [each.settings for each in Pipeline.objects.filter(tenant=bare)] == [{}] * 6
    assert SetupLink.objects.get().settings_at is None

    start = (timezone.localdate() - datetime.timedelta(days=30)).isoformat()
    assert client.post(f"{connected}settings/", {**sent, "go_live": start})["Location"] == f"{connected}preflight/"
    bare.refresh_from_db()
    assert bare.go_live.isoformat() == start
    chosen = {each.flow: each.settings for each in Pipeline.objects.filter(tenant=bare) if each.settings}
    assert chosen == {
        "projects": {"created_as_start": False, "orders": True},
        "supplier-invoices": {"which": "all", "without_project": False},
    }


# -- made by an operator -----------------------------------------------------------------------------------------
def test_an_operator_makes_a_link_sees_it_once_and_revokes_it(
    bare: Tenant, admin_client: Client, client: Client, clean_redis: None
) -> None:
    page = admin_client.post(f"/admin/integration/tenant/{bare.pk}/setup-link/", follow=True)
    url = page.context["url"]
    where = page.redirect_chain[-1][0]
    assert admin_client.get(where).context["url"] == url  # loaded again, no second link
    assert url in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert client.get(urlsplit(url).path).status_code == 200
    assert SetupLink.objects.get().created_by == "admin"
    company = admin_client.get(f"/admin/integration/tenant/{bare.pk}/change/").content.decode()
    assert "setup-link-revoke" in company
    assert url not in company
    kept = str(Session.objects.get(session_key=admin_client.session.session_key).get_decoded())
    assert urlsplit(url).path not in kept
    admin_client.post(f"/admin/integration/tenant/{bare.pk}/setup-link-revoke/")
    assert client.get(urlsplit(url).path).status_code == 404
    gone = admin_client.get(where, follow=True)
    assert url not in gone.content.decode()
    assert "Det finns ingen öppen startlänk att visa" in gone.content.decode()


def test_nobody_else_makes_links(bare: Tenant, client: Client, django_user_model: Any, clean_redis: None) -> None:
    user = django_user_model.objects.create_user("berit", password="x", is_staff=True)
    Membership.objects.create(user=user, tenant=bare, role=Membership.Role.OWNER)
    client.force_login(user)
    assert client.post(f"/admin/integration/tenant/{bare.pk}/setup-link/").status_code == 404
    assert client.get(f"/admin/integration/tenant/{bare.pk}/setup-link-made/").status_code == 404
    assert not SetupLink.objects.exists()


def test_what_is_paused_stays_paused(connected: str, bare: Tenant, client: Client, smartdok: SmartDokCompany) -> None:
    row = Connection.objects.get(tenant=bare, system="smartdok")
    row.enter(Connection.State.PAUSED, "connection.paused")
    client.post(f"{connected}connect/smartdok/", {"act": "key", "token": smartdok.token})
    row.refresh_from_db()
    assert row.state == Connection.State.PAUSED
    assert client.get(f"{connected}settings/").status_code == 200
