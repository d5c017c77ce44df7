"""Both systems against their twins, with every request held against the vendors' OpenAPI documents."""

import datetime
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from integration.models import Connection, Tenant
from integration.systems.base import Window
from integration.systems.fortnox import Fortnox
from integration.systems.smartdok import SmartDok
from sandbox.fortnox import Company as FortnoxCompany
from sandbox.fortnox import FortnoxTwin
from sandbox.server import Exchange, TwinServer
from sandbox.smartdok import Company as SmartDokCompany
from sandbox.smartdok import SmartDokTwin
from tests.sandbox.openapi import OpenApi, Vendor

UTC = datetime.UTC
TENANT_ID = 1234567


@pytest.fixture(autouse=True)
def _own_cache(settings: Any, clean_redis: None) -> None:
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": uuid.uuid4().hex}
    }


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """GETs are repeated at once."""
    monkeypatch.setattr("integration.http.random.uniform", lambda low, high: 0.0)


def _held_to_the_document(vendor: Vendor, twin: TwinServer) -> Iterator[None]:
    exchanges: list[Exchange] = []
    twin.observers.append(exchanges.append)
    yield
    if openapi := OpenApi.load(vendor):
        assert [problem for each in exchanges for problem in openapi.request_problems(each)] == []


@pytest.fixture
def tenant(db: None) -> Tenant:
    return Tenant.objects.create(slug="bygg", name="Bygg & Mark AB", go_live=datetime.date(2026, 1, 1))


# -- SmartDok ----------------------------------------------------------------------------------------------------
@pytest.fixture
def smartdok_company() -> SmartDokCompany:
    return SmartDokCompany("Bygg & Mark AB", token="t-1")


@pytest.fixture
def smartdok_twin(smartdok_company: SmartDokCompany) -> Iterator[SmartDokTwin]:
    with SmartDokTwin([smartdok_company]) as twin:
        yield from (twin for _ in _held_to_the_document("smartdok", twin))


@pytest.fixture
def smartdok_connection(tenant: Tenant, smartdok_twin: SmartDokTwin) -> Connection:
    return Connection.objects.create(
        tenant=tenant, system="smartdok", options={"url": smartdok_twin.url}, secrets={"token": "t-1"}
    )


@pytest.fixture
def smartdok(smartdok_connection: Connection) -> SmartDok:
    return SmartDok(smartdok_connection)


# -- Fortnox -----------------------------------------------------------------------------------------------------
@pytest.fixture
def company() -> FortnoxCompany:
    return FortnoxCompany(TENANT_ID, "Bygg & Mark AB", "556123-4567")


@pytest.fixture
def fortnox_twin(company: FortnoxCompany, settings: Any) -> Iterator[FortnoxTwin]:
    # A client of its own for each test, so that no test counts towards another's throttle.
    with FortnoxTwin([company], client_id=uuid.uuid4().hex) as twin:
        settings.FORTNOX_API_URL = twin.url
        settings.FORTNOX_AUTH_URL = f"{twin.url}/oauth-v1"
        settings.FORTNOX_CLIENT_ID = twin.client_id
        settings.FORTNOX_CLIENT_SECRET = twin.client_secret
        yield from (twin for _ in _held_to_the_document("fortnox", twin))


@pytest.fixture
def fortnox_connection(tenant: Tenant, fortnox_twin: FortnoxTwin) -> Connection:
    return Connection.objects.create(tenant=tenant, system="fortnox", options={"tenant_id": str(TENANT_ID)})


@pytest.fixture
def fortnox(fortnox_connection: Connection) -> Fortnox:
    return Fortnox(fortnox_connection, patience=10)


# -- windows -----------------------------------------------------------------------------------------------------
@pytest.fixture
def window() -> Callable[..., Window]:
    """A window that asks for everything; `memo` is a dict by source id."""

    def make(
        *,
        since: datetime.datetime | None = None,
        now: datetime.datetime | None = None,
        go_live: datetime.date = datetime.date(2026, 1, 1),
        memo: dict[str, dict[str, Any]] | None = None,
    ) -> Window:
        start = datetime.datetime.combine(go_live, datetime.time(), tzinfo=UTC)
        return Window(since, now or datetime.datetime.now(UTC), start, (memo or {}).get, lambda: list(memo or {}))

    return make
