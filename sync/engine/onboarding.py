"""Creating a tenant with its connections and pipelines; the same code for the command line, the demo and the admin."""

import datetime
from collections.abc import Callable
from typing import Any

from django.db import transaction

from integration import registry
from integration.models import Connection, Tenant
from sync.engine import access
from sync.engine.companies import has_started
from sync.flows.base import flows
from sync.models import Pipeline


def stored(connection: Connection, options: dict[str, Any], secrets: dict[str, Any]) -> None:
    """Access as it is given, to be asked later. What runs gets other access only once that works.

    Raises:
        Fault: other access for one that runs does not work, or is another company's; nothing is changed.
    """
    if connection.company and has_started(connection.tenant):
        access.replace(connection, options, secrets)  # nothing may move through it before we know whose it is
    else:
        connection.replace(options, secrets)
        connection.save()


@transaction.atomic
def add_tenant(
    slug: str,
    name: str,
    connections: dict[str, dict[str, str]],
    go_live: datetime.date | None = None,
    connect: Callable[[Connection, dict[str, Any], dict[str, Any]], object] = stored,
) -> tuple[Tenant, bool]:
    """Create the tenant, or bring the one with this slug up to date. Nothing that is there is lost.

    Args:
        connections: per system, the values of the fields that it declares; an empty value leaves what is stored.
        connect: what becomes of access that is not stored yet: `stored`, or tried by `access.replace_or_foresee`.

    Returns:
        The tenant and whether it is new.

    Raises:
        Fault: from `connect`; nothing is changed.
    """
    tenant, created = Tenant.objects.get_or_create(slug=slug, defaults={"name": name})
    changed = {"name": name, **({"go_live": go_live} if go_live else {})}
    if any(getattr(tenant, field) != value for field, value in changed.items()):
        for field, value in changed.items():
            setattr(tenant, field, value)
        tenant.save()
    for system, values in connections.items():
        connection, _ = Connection.objects.get_or_create(tenant=tenant, system=system)
        options, secrets = _access(connection, values)
        if (options, secrets) != (connection.options, connection.secrets):
            connect(connection, options, secrets)
    add_pipelines(tenant)
    return tenant, created


def _access(connection: Connection, values: dict[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Options and secrets with the values in them."""
    options, secrets = dict(connection.options), dict(connection.secrets)
    for field in registry.systems[connection.system].fields:
        if value := values.get(field.name):
            (secrets if field.secret else options)[field.name] = value
    return options, secrets


def add_pipelines(tenant: Tenant) -> None:
    """One pipeline per flow that two of the tenant's systems can serve; those that exist stay as they are."""
    systems = set(tenant.connections.values_list("system", flat=True))
    for flow in flows():
        sources = [name for name in registry.readers_of(flow.reads) if name in systems]
        targets = [name for name in registry.writers_of(flow.writes) if name in systems]
        pairs = [(source, target) for source in sources for target in targets if source != target]
        if pairs:
            source, target = pairs[0]
            defaults: dict[str, Any] = {"source": source, "target": target, "cadence": flow.cadence}
            Pipeline.objects.get_or_create(tenant=tenant, flow=flow.key, defaults=defaults)
