"""The demo's data goes through the adapters: everything can be read, and what cannot be sent is refused by a rule."""

import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from integration import registry
from integration.errors import InvalidRecord
from integration.http import counted
from integration.models import Connection, Tenant
from integration.records import (
    Article,
    Customer,
    Invoice,
    Project,
    SupplierDocument,
    SupplierInvoice,
)
from integration.systems.base import System, Window
from sandbox import Twins
from tests.sandbox.openapi import OpenApi

GIVEN: tuple[tuple[str, type], ...] = (
    ("smartdok", Customer), ("smartdok", Project), ("smartdok", Article), ("smartdok", Invoice),
    ("fortnox", SupplierInvoice), ("fortnox", SupplierDocument),
)  # fmt: skip


@pytest.fixture(scope="module")
def twins() -> Iterator[Twins]:
    exchanges: list[Any] = []
    with Twins(empty=False, limit=False) as twins:
        twins.fortnox.observers.append(lambda each: exchanges.append(("fortnox", each)))
        twins.smartdok.observers.append(lambda each: exchanges.append(("smartdok", each)))
        yield twins
    for vendor in ("fortnox", "smartdok"):
        if openapi := OpenApi.load(vendor):  # type: ignore[arg-type]
            sent = [each for name, each in exchanges if name == vendor]
            assert [problem for each in sent for problem in openapi.request_problems(each)] == []


@pytest.fixture(params=[0, 1])
def systems(request: pytest.FixtureRequest, db: None, twins: Twins, settings: Any) -> dict[str, System]:
    """Both systems of one of the demo's tenants."""
    settings.FORTNOX_API_URL = twins.fortnox.url
    settings.FORTNOX_AUTH_URL = f"{twins.fortnox.url}/oauth-v1"
    settings.FORTNOX_CLIENT_ID = twins.credentials["client_id"]
    settings.FORTNOX_CLIENT_SECRET = twins.credentials["client_secret"]
    given = twins.credentials["tenants"][request.param]
    tenant = Tenant.objects.create(slug=uuid.uuid4().hex, name=given["name"])
    smartdok = Connection.objects.create(
        tenant=tenant, system="smartdok", options={"url": twins.smartdok.url},
        secrets={"token": given["smartdok_token"]},
    )  # fmt: skip
    fortnox = Connection.objects.create(
        tenant=tenant, system="fortnox", options={"tenant_id": str(given["fortnox_tenant_id"])}
    )
    opened = {row.system: registry.systems[row.system](row) for row in (smartdok, fortnox)}
    opened["fortnox"].http.throttle = None
    return opened


def test_all_of_it_can_be_read_and_a_second_pass_takes_few_requests(
    systems: dict[str, System], window: Callable[..., Window]
) -> None:
    memos: dict[str, Any] = {}
    found: Counter[type] = Counter()
    for system, kind in GIVEN:
        for page in registry.reader(system, kind)(systems[system]).pages(window()):
            assert page.unreadable == ()
            found[kind] += len(page.reads)
            memos.update({each.record.source_id: each.memo for each in page.reads})
    assert min(found.values()) >= 10
    with counted() as calls:
        for system, kind in GIVEN:
            pages = registry.reader(system, kind)(systems[system]).pages(window(memo=memos))
            assert sum(len(page.reads) + len(page.seen) for page in pages) == found[kind]
    # Whole readings: billing bases around today and all of them.
    assert calls == {"smartdok": 7, "fortnox": 3}


def test_what_cannot_be_sent_is_refused_by_its_number_or_name(
    systems: dict[str, System], window: Callable[..., Window]
) -> None:
    refused = []
    for kind in (Customer, Article):
        writer = registry.writer("fortnox", kind)(systems["fortnox"])
        for page in registry.reader("smartdok", kind)(systems["smartdok"]).pages(window()):
            for each in page.reads:
                try:
                    writer.payload(each.record)
                except InvalidRecord as fault:
                    refused.append((fault.cause, fault.params["field"]))
    assert set(refused) <= {("G5", "CustomerNumber"), ("G5", "ArticleNumber"), ("G5", "Name"), ("G5", "Description")}
