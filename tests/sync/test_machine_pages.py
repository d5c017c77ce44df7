"""Pages for machines: consent webhooks and metrics."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from integration.models import Connection, Tenant
from sandbox.smartdok import Company as SmartDokCompany
from sync.tasks import check_connection

SECRET = "gemensam-hemlighet"


@pytest.fixture
def call(settings: Any, client: Client, twins: Any) -> Callable[..., int]:
    """A webhook call as Fortnox makes it; gives the status."""
    settings.FORTNOX_WEBHOOK_SECRET = SECRET

    def post(body: Any, secret: str = SECRET) -> int:
        return client.post(f"/webhooks/fortnox/{secret}", body, content_type="application/json").status_code

    return post


def test_a_revoked_consent_closes_the_connection_at_once(tenant: Tenant, call: Callable[..., int]) -> None:
    connection = tenant.connections.get(system="fortnox")
    body = {"event": "consent-revoked", "tenantId": int(connection.options["tenant_id"])}
    assert call(body) == 204
    connection.refresh_from_db()
    assert (connection.state, connection.cause) == (Connection.State.NEEDS_CONSENT, "fortnox.consent_gone")


def test_a_consent_that_was_made_is_looked_at_and_opens_the_connection(
    tenant: Tenant, call: Callable[..., int], django_capture_on_commit_callbacks: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("sync.tasks.check_connection.delay_on_commit", check_connection)
    monkeypatch.setattr("sync.tasks.dispatch_tenant.delay", lambda tenant_id: None)
    monkeypatch.setattr("sync.tasks.send_due", lambda tenant_id: 0)
    connection = tenant.connections.get(system="fortnox")
    connection.enter(Connection.State.NEEDS_CONSENT, "fortnox.consent_gone")
    body = {"event": "consent-created", "tenantId": int(connection.options["tenant_id"])}
    with django_capture_on_commit_callbacks(execute=True):
        assert call(body) == 204
    connection.refresh_from_db()
    assert (connection.state, connection.cause) == (Connection.State.CONNECTED, "")
    assert tenant.connections.get(system="smartdok").state == Connection.State.UNCHECKED


def test_a_webhook_of_a_stranger_does_nothing(tenant: Tenant, call: Callable[..., int]) -> None:
    connection = tenant.connections.get(system="fortnox")
    body = {"event": "consent-revoked", "tenantId": connection.options["tenant_id"]}
    assert call(body, secret="gissning") == 404
    connection.refresh_from_db()
    assert connection.state == Connection.State.UNCHECKED


def test_a_webhook_of_another_company_or_without_sense_changes_nothing(
    tenant: Tenant, call: Callable[..., int]
) -> None:
    assert call({"event": "consent-revoked", "tenantId": 1}) == 204
    assert call("[1, 2") == 204
    assert call("[[]]") == 204
    assert {each.state for each in tenant.connections.all()} == {Connection.State.UNCHECKED}


def test_without_a_secret_there_is_no_webhook(tenant: Tenant, client: Client, settings: Any) -> None:
    settings.FORTNOX_WEBHOOK_SECRET = ""
    assert client.post("/webhooks/fortnox/x", {}, content_type="application/json").status_code == 404
    assert client.post("/webhooks/nosuch/x", {}, content_type="application/json").status_code == 404


@pytest.mark.usefixtures("tenant")
def test_metrics_tell_items_connections_and_requests(
    client: Client, settings: Any, run: Callable[..., Any], smartdok: SmartDokCompany
) -> None:
    smartdok.add_customer(CustomerNumber="1001", CustomerName="Bygg AB")
    run()
    settings.METRICS_TOKEN = "mätning"
    assert client.get("/metrics").status_code == 404
    text = client.get("/metrics", headers={"Authorization": "Bearer mätning"}).content.decode()
    assert 'byggbro_items{flow="customers",state="done"} 1.0' in text
    assert 'byggbro_connections{state="connected",system="fortnox"} 1.0' in text
    assert 'byggbro_api_requests_total{method="POST",status="201",system="fortnox"} 1.0' in text
