"""Accesses: a key is tried before it is stored, whose it is is shown, and what it does not reach is named."""

from dataclasses import dataclass, field
from typing import Any

from django.db import connection as database
from django.db import transaction

from integration import registry
from integration.errors import AuthError, Fault
from integration.models import Connection
from integration.systems.base import Identity, Reach, System
from sync.engine.access import state_of
from sync.models import SetupLink
from sync.setup import links

PATIENCE = 8.0  # seconds that a visitor waits for a throttle


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of trying an access. `fault`: why it was not taken."""

    fault: Fault | None = None
    identity: Identity | None = None
    reach: Reach = field(default_factory=Reach)


def try_key(link: SetupLink, connection: Connection, values: dict[str, str]) -> Tried:
    """Try the secrets on a connection that has no row yet; store them when they work and are the right company's."""
    kind: type[System] = registry.systems[connection.system]
    candidate = Connection(tenant=connection.tenant, system=connection.system, options=dict(connection.options))
    candidate.secrets = {**connection.secrets, **values}
    try:
        system = kind(candidate, patience=PATIENCE)
        identity = system.check()
        reach = system.reach()
    except Fault as fault:
        return Tried(fault)
    with transaction.atomic():
        if foreign := _foreign(link, connection, identity):
            return Tried(foreign)
        connection = Connection.objects.select_for_update().get(pk=connection.pk)
        connection.options = {**connection.options, **_key(kind, identity)}
        connection.secrets, connection.token = candidate.secrets, candidate.token
        connection.save(update_fields=["options", "secrets", "token"])
        connected(link, connection, identity, reach)
    return Tried(None, identity, reach)


def check_again(link: SetupLink, connection: Connection) -> Tried:
    """Look anew at an access that is stored."""
    kind: type[System] = registry.systems[connection.system]
    try:
        system = kind(connection, patience=PATIENCE)
        identity, reach = system.check(), system.reach()
    except Fault as fault:
        connection.enter(state_of(fault), fault.cause, fault.params)
        return Tried(fault)
    connected(link, connection, identity, reach)
    return Tried(None, identity, reach)


def exchange(link: SetupLink, connection: Connection, code: str, redirect_uri: str) -> Tried:
    """Turn a consent's code into access. A consent of a wrong company changes nothing."""
    kind: Any = registry.systems[connection.system]
    try:
        with transaction.atomic():
            identity: Identity = kind(connection, patience=PATIENCE).exchange(code, redirect_uri)
            if foreign := _foreign(link, connection, identity):
                raise foreign  # what the exchange has stored is rolled back
    except Fault as fault:
        return Tried(fault)
    try:
        reach = kind(connection, patience=PATIENCE).reach()
    except Fault as fault:
        reach = Reach((fault,))
    connected(link, connection, identity, reach)
    return Tried(None, identity, reach)


@transaction.atomic
def connected(link: SetupLink, connection: Connection, identity: Identity, reach: Reach) -> None:
    """Write down who answered; what waited for the connection goes on (`sync.signals`)."""
    company = reach.company or identity.company
    connection.enter(Connection.State.CONNECTED, params={"company": company, **identity.details})
    shown = {
        "company": company,
        "organisation_number": reach.organisation_number or str(identity.details.get("organisation_number") or ""),
        "user": str(identity.details.get("user") or ""),
        "licences": identity.details.get("licences"),
        "refused": [{"cause": each.cause, "params": each.params} for each in reach.refused],
    }
    # Two browsers may be at it: each writes its own system's part only.
    fresh = SetupLink.objects.select_for_update().get(pk=link.pk)
    link.found = {**fresh.found, connection.system: shown}
    SetupLink.objects.filter(pk=link.pk).update(found=link.found)


def forget_company(link: SetupLink, connection: Connection) -> None:
    """Before the start another company may be chosen: what was consented to by this link is let go."""
    if not link.starts or connection.system not in link.found:
        return
    key = registry.systems[connection.system].company
    options = {name: value for name, value in connection.options.items() if name not in {key, "grant"}}
    connection.replace(options, connection.secrets)
    connection.save()
    link.found = {name: value for name, value in link.found.items() if name != connection.system}
    SetupLink.objects.filter(pk=link.pk).update(found=link.found)
    link.tenant.preflights.all().delete()


def _key(kind: type[System], identity: Identity) -> dict[str, str]:
    value = identity.details.get(kind.company) if kind.company else None
    return {kind.company: str(value)} if value else {}


def _foreign(link: SetupLink, connection: Connection, identity: Identity) -> Fault | None:
    """A company that another tenant uses, or another one than the tenant has moved things for so far."""
    kind: type[System] = registry.systems[connection.system]
    for option, value in _key(kind, identity).items():
        with database.cursor() as cursor:  # two tenants may connect one company in the same moment
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"{connection.system}:{value}"])
        others = Connection.objects.filter(system=connection.system, **{f"options__{option}": value})
        if others.exclude(tenant=connection.tenant).exists():
            return AuthError("setup.company_taken", system=connection.system, company=identity.company)
        known = Connection.objects.get(pk=connection.pk).options.get(option)
        if known and known != value and links.has_started(link.tenant):
            return AuthError("setup.other_company", system=connection.system)
    return None
