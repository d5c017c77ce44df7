"""Accesses: a key is tried before it is stored, whose it is is shown, and what it does not reach is named."""

from dataclasses import dataclass, field

from django.db import transaction

from integration import registry
from integration.errors import Fault
from integration.models import Connection
from integration.systems.base import Identity, Reach
from sync.engine import access
from sync.engine.companies import claim, has_started
from sync.models import SetupLink

PATIENCE = 8.0  # seconds that a visitor waits for a throttle


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of trying an access. `fault`: why it was not taken."""

    fault: Fault | None = None
    identity: Identity | None = None
    reach: Reach = field(default_factory=Reach)


def try_key(link: SetupLink, connection: Connection, values: dict[str, str]) -> Tried:
    """Try the secrets; store them when they work and are the right company's."""
    system = access.trial(
        connection, dict(connection.options), {**connection.secrets, **values}, patience=PATIENCE
    )  # fmt: skip
    try:
        identity, reach = system.check(), system.reach()
        with transaction.atomic():
            access.take(connection, system, identity)
            connected(link, connection, identity, reach)
    except Fault as fault:
        return Tried(fault)
    return Tried(None, identity, reach)


def check_again(link: SetupLink, connection: Connection) -> Tried:
    """Look anew at an access that is stored."""
    try:
        system = registry.systems[connection.system](connection, patience=PATIENCE)
        identity, reach = system.check(), system.reach()
        claim(connection, identity)
    except Fault as fault:
        connection.enter(access.state_of(fault), fault.cause, fault.params)
        return Tried(fault)
    connected(link, connection, identity, reach)
    return Tried(None, identity, reach)


def exchange(link: SetupLink, connection: Connection, code: str, redirect_uri: str) -> None:
    """Turn a consent's code into access.

    Raises:
        Fault: there is none, or it is another company's; nothing is changed.
    """
    identity = access.consent(connection, code, redirect_uri, patience=PATIENCE)
    try:
        reach = registry.systems[connection.system](connection, patience=PATIENCE).reach()
    except Fault as fault:
        reach = Reach((fault,))
    connected(link, connection, identity, reach)


@transaction.atomic
def connected(link: SetupLink, connection: Connection, identity: Identity, reach: Reach) -> None:
    """Write down who answered; what waited for the connection goes on (`sync.signals`)."""
    identity = access.answered(connection, identity, reach.company)
    shown = {
        "company": identity.company,
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
    if has_started(link.tenant) or connection.system not in link.found:
        return
    key = registry.systems[connection.system].company
    options = {name: value for name, value in connection.options.items() if name not in {key, "grant"}}
    connection.replace(options, connection.secrets)
    connection.company = connection.company_name = ""
    connection.save()
    link.found = {name: value for name, value in link.found.items() if name != connection.system}
    SetupLink.objects.filter(pk=link.pk).update(found=link.found)
    link.tenant.preflights.all().delete()
