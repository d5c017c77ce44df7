"""What the pass came to: the table of counts, and the comparison of both twins with what the product says."""

import datetime
from typing import Any

import requests

from demo.comparison import Compared, Comparison, Told
from demo.processes import Failed
from integration.models import Tenant
from sandbox.data import credentials
from sync.engine import report
from sync.models import Item

Counts = dict[str, dict[str, dict[str, int]]]


def counts(tenants: list[Tenant], started: datetime.datetime) -> Counts:
    """Per tenant's name and flow: how many records stand where."""
    return {tenant.name: report.counts(tenant, started) for tenant in tenants}


def compare(tenants: list[Tenant], smartdok_url: str, fortnox_url: str) -> dict[str, Compared]:
    """Both sides of every tenant, by its name.

    Raises:
        Failed: a twin does not say what lies in it.
    """
    given = {each["slug"]: each for each in credentials()["tenants"]}
    smartdok = {each["token"]: each for each in _state(smartdok_url)}
    fortnox = _state(fortnox_url)["companies"]
    found = {}
    for tenant in tenants:
        keys = given[tenant.slug]
        there, here = smartdok[keys["smartdok_token"]], fortnox[str(keys["fortnox_tenant_id"])]
        found[tenant.name] = Comparison(there, here, _told(tenant), tenant.go_live).run()
    return found


def _state(url: str) -> Any:
    try:
        answer = requests.get(f"{url}/_state", timeout=30)
        answer.raise_for_status()
        return answer.json()
    except (requests.RequestException, ValueError) as error:
        raise Failed(f"The twin at {url} does not say what lies in it: {error}") from None


def _told(tenant: Tenant) -> dict[tuple[str, str], Told]:
    return {
        (item.pipeline.flow, item.source_id): Told(
            item.state, item.cause, item.params, adopted=item.adopted, noted=bool(item.notes)
        )
        for item in Item.objects.filter(tenant=tenant).select_related("pipeline")
    }
