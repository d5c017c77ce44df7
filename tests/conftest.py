"""Both twins, a tenant that lives in them, and the pass that is run twice."""

import datetime
import os
from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
import pytest
import redis

from integration.models import Tenant
from integration.throttle import REMEMBERS_SINCE
from sandbox import Twins
from sandbox.fortnox import Company as FortnoxCompany
from sandbox.log import Exchange, Request
from sandbox.smartdok import Company as SmartDokCompany
from sync.engine.onboarding import add_tenant
from sync.engine.run import run_pass
from sync.models import Attempt, Transition
from tests.sandbox.openapi import OpenApi

# The same examples in every run, however slow the machine; others with HYPOTHESIS_RANDOM=1.
hypothesis.settings.register_profile(
    "byggbro", deadline=None, derandomize=not os.environ.get("HYPOTHESIS_RANDOM"),
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)  # fmt: skip
hypothesis.settings.load_profile("byggbro")

GO_LIVE = datetime.date(2026, 1, 1)
MOST_CALLS_OF_A_QUIET_PASS = 12
WRITES = {"POST", "PUT", "PATCH", "DELETE"}
LOGIN = ("/oauth-v1/", "/Authorize/")


@pytest.fixture
def clean_redis(settings: Any) -> None:
    """No throttle, cache or queue of an earlier test, in a Redis that has lost nothing."""
    client = redis.from_url(settings.REDIS_URL)
    client.flushdb()
    client.set(REMEMBERS_SINCE, 0)


@pytest.fixture
def twins(clean_redis: None, settings: Any) -> Iterator[Twins]:
    """Both vendors, empty; whatever we ask of them is held against the vendors' own documents."""
    with Twins(empty=True, limit=False) as running:
        settings.FORTNOX_API_URL = running.fortnox.url
        settings.FORTNOX_AUTH_URL = f"{running.fortnox.url}/oauth-v1"
        settings.SMARTDOK_API_URL = running.smartdok.url
        settings.FORTNOX_CLIENT_ID = running.credentials["client_id"]
        settings.FORTNOX_CLIENT_SECRET = running.credentials["client_secret"]
        asked: dict[str, list[Exchange]] = {"fortnox": [], "smartdok": []}
        running.fortnox.observers.append(asked["fortnox"].append)
        running.smartdok.observers.append(asked["smartdok"].append)
        yield running
    for vendor, exchanges in asked.items():
        if openapi := OpenApi.load(vendor):  # type: ignore[arg-type]
            assert [problem for each in exchanges for problem in openapi.request_problems(each)] == []


@pytest.fixture
def new_tenant(twins: Twins, db: None) -> Callable[[str], Tenant]:
    """Makes a tenant of one of the twins' companies, by the code of `tenant_add`."""

    def make(slug: str) -> Tenant:
        company = twins.tenant(slug).tenant
        connections = {
            "smartdok": {"token": company.smartdok_token, "url": twins.smartdok.url},
            "fortnox": {"tenant_id": str(company.fortnox_tenant_id)},
        }
        return add_tenant(slug, company.name, connections, GO_LIVE)[0]

    return make


@pytest.fixture
def tenant(new_tenant: Callable[[str], Tenant]) -> Tenant:
    """A tenant with both connections and all pipelines."""
    return new_tenant("ostanbygg")


@pytest.fixture
def smartdok(twins: Twins) -> SmartDokCompany:
    """The tenant's company in SmartDok."""
    return twins.tenant("ostanbygg").smartdok


@pytest.fixture
def fortnox(twins: Twins) -> FortnoxCompany:
    """The tenant's company in Fortnox."""
    return twins.tenant("ostanbygg").fortnox


@pytest.fixture
def writes(twins: Twins) -> Callable[[], list[str]]:
    """What either vendor was asked to change since the last call, as "POST /3/invoices"."""
    since = {"fortnox": -1, "smartdok": -1}

    def new() -> list[str]:
        found: list[Request] = []
        for name, server in (("fortnox", twins.fortnox), ("smartdok", twins.smartdok)):
            fresh = [each for each in server.requests if each.index > since[name]]
            since[name] = max([since[name], *(each.index for each in fresh)])
            found += fresh
        return [f"{each.method} {each.path}" for each in found
                if each.method in WRITES and not each.path.startswith(LOGIN)]  # fmt: skip

    return new


@pytest.fixture
def run(tenant: Tenant) -> Callable[..., Any]:
    """One full pass of the tenant, as `manage.py sync` makes it."""

    def once(**options: Any) -> Any:
        return run_pass(tenant, **options)

    return once


@pytest.fixture
def settled(run: Callable[..., Any], writes: Callable[[], list[str]]) -> Callable[[], Any]:
    """A pass, and a second one that writes nothing anywhere. Gives the report of the first."""

    def twice() -> Any:
        first = run()
        told = (Attempt.objects.count(), Transition.objects.count())
        writes()
        second = run()
        assert writes() == []
        assert (Attempt.objects.count(), Transition.objects.count()) == told
        assert {(row["created"], row["updated"]) for row in second.flows.values()} == {(0, 0)}
        assert sum(second.api_calls.values()) <= MOST_CALLS_OF_A_QUIET_PASS
        assert [row["stopped"] for row in second.flows.values()] == [row["stopped"] for row in first.flows.values()]
        return first

    return twice
