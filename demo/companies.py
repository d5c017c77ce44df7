"""The two demo companies and the demo log-in, made as an operator would make them."""

import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model

from demo.processes import Failed
from integration.models import Tenant
from sandbox.data import credentials, first_start, go_live, this_day
from sync.engine import access
from sync.engine.onboarding import add_tenant
from sync.explain import explain

USER = "demo"
PASSWORD = "byggbro"  # noqa: S105 - the demo listens on this machine only, and says it on the screen


def add_companies(twins_data: Path) -> list[Tenant]:
    """Both companies with their connections checked; those that are there already keep their settings.

    Raises:
        Failed: a connection does not work although its twin runs.
    """
    given: dict[str, Any] = credentials()
    begin = go_live(first_start(twins_data, this_day(), empty=False).today)
    return [_add(each, begin) for each in given["tenants"]]


def _add(given: dict[str, Any], begin: datetime.date) -> Tenant:
    known = Tenant.objects.filter(slug=given["slug"]).exists()
    connections = {
        "smartdok": {"token": given["smartdok_token"], "url": settings.SMARTDOK_API_URL},
        "fortnox": {"tenant_id": str(given["fortnox_tenant_id"])},
    }
    tenant, _ = add_tenant(given["slug"], given["name"], connections, None if known else begin)
    for connection in tenant.connections.order_by("system"):
        if access.check(connection) is None and not known:
            told = explain(connection.cause, connection.params)
            raise Failed(f"{tenant.name} cannot reach {connection.system}: {told.what} {told.to_do}")
    return tenant


def add_operator() -> None:
    """The demo's log-in to the admin, with every right."""
    users = get_user_model().objects
    if not users.filter(username=USER).exists():
        users.create_superuser(USER, "demo@example.com", PASSWORD)
