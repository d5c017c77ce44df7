"""What the tests of the rules share."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from integration.models import Tenant
from sync.models import Item, Pipeline


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the clock brings back comes at once: GETs that are repeated, items whose answer was lost, the next place
    below the limit (which has its own tests)."""
    monkeypatch.setattr("integration.systems.fortnox.system.LIMIT", 100_000)
    monkeypatch.setattr("integration.http.random.uniform", lambda low, high: 0.0)
    monkeypatch.setattr("sync.engine.states.random.uniform", lambda low, high: 0.01)
    monkeypatch.setattr("sync.engine.states.ON_ITS_WAY", timedelta(0))


@pytest.fixture
def item(tenant: Tenant) -> Callable[..., Item]:
    """An item by flow and number, fresh from the database."""

    def find(flow: str, key: Any, **by: Any) -> Item:
        found: Item = Item.objects.get(tenant=tenant, pipeline__flow=flow, key=str(key), **by)
        return found

    return find


@pytest.fixture
def states(tenant: Tenant) -> Callable[[str], list[tuple[str, str, str]]]:
    """(number, state, cause) of every item of a flow, in the order in which they were first read."""

    def all_of(flow: str) -> list[tuple[str, str, str]]:
        items = Item.objects.filter(tenant=tenant, pipeline__flow=flow).order_by("pk")
        return [(each.key, each.state, each.cause) for each in items]

    return all_of


@pytest.fixture
def choose(tenant: Tenant) -> Callable[..., None]:
    """Settings of one of the tenant's pipelines, saved as in the admin."""

    def save(flow: str, **settings: Any) -> None:
        pipeline = Pipeline.objects.get(tenant=tenant, flow=flow)
        pipeline.settings = {**pipeline.settings, **settings}
        pipeline.save()

    return save


@pytest.fixture
def read_whole(tenant: Tenant) -> Callable[[str], int]:
    """The next reading of a flow is a whole one, as it is every six hours."""
    return lambda flow: Pipeline.objects.filter(tenant=tenant, flow=flow).update(cursor={})


LINE = {"LineText": "Gjutning", "Price": 450.0, "Quantity": 8.0, "UnitType": "tim"}


@pytest.fixture
def bill(smartdok: Any) -> Callable[..., dict[str, Any]]:
    """Adds a finalised billing basis to customer 1001 on project 2041, by default with one row of 3 600 kr."""
    customer = smartdok.add_customer(CustomerNumber="1001", CustomerName="Kund AB")
    project = smartdok.add_project(ProjectNumber="2041", ProjectName="Skolan", StartDate="2026-03-01T00:00:00")

    def add(*lines: dict[str, Any], **fields: Any) -> dict[str, Any]:
        of = {"CustomerId": customer["Id"], "ProjectId": project["Id"]}
        basis: dict[str, Any] = smartdok.add_invoice(lines or (LINE,), **{**of, **fields})
        return basis

    return add
