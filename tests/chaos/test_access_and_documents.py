"""Faults 7 and 11, in one process: a one-time refresh token that is lost, documents fetched late or by strangers."""

import datetime
from collections.abc import Callable
from typing import Any

import pytest
import requests
import time_machine
from django.core.files.storage import default_storage

from integration.models import Connection, Tenant
from integration.oauth import OAuthClient
from sandbox import Twins
from sync.engine import access, dispatch
from sync.models import Document, Item

pytestmark = pytest.mark.django_db(transaction=True)
PDF = b"%PDF-1.4\n% en faktura\n%%EOF\n"


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the clock brings back comes at once."""
    monkeypatch.setattr("integration.http.random.uniform", lambda low, high: 0.0)
    monkeypatch.setattr("sync.engine.states.random.uniform", lambda low, high: 0.01)


@pytest.fixture
def item(tenant: Tenant) -> Callable[[str, str], Item]:
    """An item by flow and number, fresh from the database."""
    return lambda flow, key: Item.objects.get(tenant=tenant, pipeline__flow=flow, key=key)


def tokens_asked_for(twins: Twins) -> int:
    return sum(each.path == "/oauth-v1/token" for each in twins.fortnox.requests)


@pytest.mark.parametrize("lost", ["on its way", "by a crash before it was stored"])
def test_a_refresh_token_that_is_lost_is_one_clear_connect_again_and_no_loop(
    tenant: Tenant, twins: Twins, smartdok: Any, fortnox: Any, run: Any, lost: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant = twins.fortnox.tokens.issue_refresh(fortnox.tenant_id, set(fortnox.consent.scopes))
    connection = Connection.objects.get(tenant=tenant, system="fortnox")
    connection.options["grant"] = "code"
    connection.token = {"access": "", "expires_at": 0, "refresh": grant}
    connection.save()
    smartdok.add_customer(CustomerNumber="1001", CustomerName="Brf Eken")
    # The old one is dead, the new one is gone.
    if lost == "on its way":
        twins.fortnox.faults.add("reset-after", "POST", "/oauth-v1/token")
        access.check(connection)  # does not know yet that it is lost
    else:
        refresh = OAuthClient.refresh

        def killed(client: OAuthClient, token: str) -> None:
            refresh(client, token)
            raise KeyboardInterrupt  # nothing of ours runs any more, and the transaction is rolled back

        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(OAuthClient, "refresh", killed)
            access.check(connection)
    access.check(connection)
    connection.refresh_from_db()
    assert (connection.state, connection.cause) == ("needs_consent", "fortnox.consent_gone")
    asked = tokens_asked_for(twins)
    since = connection.since
    for _ in range(3):
        run()
    assert tokens_asked_for(twins) - asked == 3  # each pass: one check, and nothing is read
    connection.refresh_from_db()
    assert (connection.state, connection.since) == ("needs_consent", since)
    item = Item.objects.get(tenant=tenant, pipeline__flow="customers")
    assert (item.tries, item.intent_at, fortnox.customers) == (0, None, {})

    connection.token = {**connection.token, "refresh": twins.fortnox.tokens.issue_refresh(fortnox.tenant_id, set())}
    twins.fortnox.tokens.refresh[connection.token["refresh"]].scopes = set(fortnox.consent.scopes)
    connection.save(update_fields=["token"])  # a person has connected again
    run()
    assert set(fortnox.customers) == {"1001"}


@pytest.fixture
def document(live_server: Any, settings: Any, tmp_path: Any, smartdok: Any, fortnox: Any) -> str:
    """A supplier invoice with a document; SmartDok reaches us. Gives the invoice's number."""
    settings.PUBLIC_URL = live_server.url
    storages = {**settings.STORAGES}
    storages["default"] = {**storages["default"], "OPTIONS": {"location": tmp_path, "base_url": None}}
    settings.STORAGES = storages
    smartdok.add_project(ProjectNumber="2041", StartDate="2026-03-01T00:00:00")
    supplier = fortnox.add_supplier("Betong AB")
    given: str = fortnox.add_supplier_invoice(supplier, "125", project="2041", invoice_date=datetime.date(2026, 5, 4))
    fortnox.attach_file(given, "faktura.pdf", PDF)
    return given


def addresses(twins: Twins) -> list[str]:
    asked = [each for each in twins.smartdok.requests if each.path.endswith("document/upload")]
    return [each.request_json["DocumentDownloadUrl"] for each in asked]


def not_fetching(twins: Twins, times: int) -> None:
    """SmartDok says yes and does not fetch."""
    twins.smartdok.faults.add("status", "POST", "document/upload", times=times, status=200, body="{}")


def test_S6_an_address_that_expired_unfetched_is_replaced_and_opens_to_nobody(
    twins: Twins, smartdok: Any, document: str, run: Any, item: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.engine.push.NOTED_SECONDS", 0)
    not_fetching(twins, 1)
    with time_machine.travel(datetime.datetime.now(datetime.UTC)) as clock:
        run()
        assert item("supplier-documents", document).cause == "S6.not_fetched"
        dispatch.sweep()
        run()
        assert len(addresses(twins)) == 1  # it may still come
        clock.shift(datetime.timedelta(hours=2, minutes=2))
        assert requests.get(addresses(twins)[0], timeout=10).status_code == 404
        dispatch.sweep()
        run()
        first, second = addresses(twins)
        assert first != second
        assert [each["bytes"] for each in smartdok.documents] == [PDF]
        # Fetched once more, by whoever has the address: the same bytes, and nothing moves.
        assert requests.get(second, timeout=10).content == PDF
        assert requests.get(second.replace("/documents/", "/documents/x"), timeout=10).status_code == 404
        run()
        assert len(addresses(twins)) == 2
    assert item("supplier-documents", document).state == "done"


def test_S6_three_addresses_in_vain_are_for_a_person(
    twins: Twins, smartdok: Any, document: str, run: Any, item: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.engine.push.NOTED_SECONDS", 0)
    not_fetching(twins, 3)
    with time_machine.travel(datetime.datetime.now(datetime.UTC)) as clock:
        for _ in range(3):
            run()
            clock.shift(datetime.timedelta(hours=2, minutes=2))
            dispatch.sweep()
        stopped = item("supplier-documents", document)
        assert (stopped.state, stopped.reason, stopped.cause) == ("stopped", "config", "S6.never_fetched")
        assert len(addresses(twins)) == 3


def test_S6_a_restored_database_does_not_send_what_was_fetched(
    twins: Twins, smartdok: Any, document: str, run: Any, item: Any
) -> None:
    run()
    sent = item("supplier-documents", document)
    Document.objects.all().delete()  # yesterday nobody knew of it
    fields = {"state": "pending", "target_id": "", "sent_at": None, "sent": None, "intent_at": None}
    Item.objects.filter(pk=sent.pk).update(**fields)
    run()
    adopted = item("supplier-documents", document)
    assert (adopted.state, adopted.adopted, len(smartdok.documents)) == ("done", True, 1)
    assert default_storage.exists(Document.objects.get().path)
