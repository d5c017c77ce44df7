"""A company that sets itself up by link, and a browser without JavaScript."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from django.test import Client

from integration.models import Connection, Tenant
from sandbox import Twins
from sync.models import SetupLink
from sync.setup import links


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """GETs are repeated at once, and what a page hands to the workers is done on the spot."""
    monkeypatch.setattr("integration.http.random.uniform", lambda low, high: 0.0)
    monkeypatch.setattr("sync.engine.states.random.uniform", lambda low, high: 0.01)


@pytest.fixture(autouse=True)
def _plain_static(settings: Any) -> None:
    settings.PUBLIC_URL = "http://testserver"
    settings.ALLOWED_HOSTS = ["testserver"]


@pytest.fixture
def bare(twins: Twins, db: None) -> Tenant:
    """A company as the operator makes it: a name, and nothing connected."""
    return Tenant.objects.create(slug="ostanbygg", name="Östanbygg AB")


@pytest.fixture
def url(bare: Tenant) -> str:
    """The path of its set-up link."""
    return urlsplit(links.make(bare, "anna")).path


@pytest.fixture
def link(url: str) -> SetupLink:
    """The row of the link."""
    return SetupLink.objects.get()


@pytest.fixture
def consent(client: Client) -> Callable[..., Any]:
    """Goes to Fortnox and back, as a browser would."""

    def go(url: str, company: Any, *, decision: str = "approve", drop: tuple[str, ...] = ()) -> Any:
        away = client.post(f"{url}connect/fortnox/", {"act": "connect"})
        assert away.status_code == 302
        page = urlsplit(away["Location"])
        form = {**dict(parse_qsl(page.query)), "company": str(company), "decision": decision}
        answer = requests.post(f"{page.scheme}://{page.netloc}{page.path}", data=form, allow_redirects=False, timeout=5)
        back = urlsplit(answer.headers["Location"])
        query = {name: value for name, value in parse_qsl(back.query) if name not in drop}
        return client.get(back.path, query)

    return go


@pytest.fixture
def connected(url: str, bare: Tenant, client: Client, consent: Callable[..., Any], twins: Twins) -> str:
    """Both systems are connected."""
    company = twins.tenant("ostanbygg").tenant
    client.post(f"{url}connect/smartdok/", {"act": "key", "token": company.smartdok_token})
    consent(url, company.fortnox_tenant_id)
    assert set(bare.connections.values_list("state", flat=True)) == {Connection.State.CONNECTED}
    return url
