"""Opening a tenant's systems, and what becomes of a connection or a pipeline when it is at fault."""

import dataclasses
import datetime
from typing import Any, TypeVar

import structlog
from django.db import transaction
from django.utils import timezone

from integration import registry
from integration.errors import AuthError, ConfigError, Fault
from integration.models import Connection, Tenant
from integration.systems.base import ByConsent, FileReader, Identity, Reader, System, Writer
from sync import documents
from sync.engine.companies import claim
from sync.engine.states import fulfil
from sync.flows.needs import need_pipeline
from sync.models import Item, Pipeline

log = structlog.get_logger(__name__)

R = TypeVar("R")
W = TypeVar("W")

PATIENCE = 6.0  # seconds that a person waits for a throttle: more than a whole window
PROBE_EVERY = datetime.timedelta(minutes=10)


class Systems:
    """A tenant's systems, opened when first asked for.

    Args:
        patience: the longest sleep for a throttle, in seconds: short in a worker, long in the foreground.
    """

    def __init__(self, tenant: Tenant, *, patience: float = 1.0) -> None:
        self.tenant = tenant
        self.patience = patience
        self._open: dict[str, System] = {}

    def connection(self, name: str) -> Connection:
        """The tenant's connection to a system.

        Raises:
            AuthError: there is none.
        """
        connection = Connection.objects.filter(tenant=self.tenant, system=name).first()
        if connection is None:
            raise AuthError("connection.missing", system=name)
        return connection

    def asked(self, name: str) -> Connection | None:
        """The connection as it was when its system was asked, or as it is now; None where there is none."""
        if name in self._open:
            return self._open[name].connection
        return Connection.objects.filter(tenant=self.tenant, system=name).first()

    def forget(self, name: str) -> None:
        """Its access is no longer the one that is stored: it is opened anew when it is next asked for."""
        self._open.pop(name, None)

    def get(self, name: str) -> System:
        """The system, ready to be asked.

        Raises:
            AuthError: the tenant has no connection to it.
        """
        if name not in self._open:
            self._open[name] = registry.systems[name](self.connection(name), patience=self.patience)
        return self._open[name]

    def reader(self, name: str, record: type[R]) -> Reader[Any, R]:
        """The system's way to give such records."""
        return registry.reader(name, record)(self.get(name))

    def writer(self, name: str, record: type[W]) -> Writer[Any, W]:
        """The system's way to take such records."""
        return registry.writer(name, record)(self.get(name))

    def keep_file(self, item: Item, record: Any) -> None:
        """Fetch the file that a record stands for and keep it.

        Raises:
            Transient: the storage does not take it now.
            InvalidRecord: it is empty or too large.
        """
        reader = self.reader(item.pipeline.source, item.pipeline.rules.reads)
        if not isinstance(reader, FileReader):
            raise TypeError(f"{item.pipeline.flow} reads no files")
        documents.store(item, record.name, reader.content(record, documents.LARGEST))

    def was_fetched(self, item: Item) -> bool:
        """Whether the target has fetched the item's file since it was told where it lies."""
        return documents.was_fetched(item)


def at_fault(pipeline: Pipeline, fault: Fault, side: str, systems: Systems) -> None:
    """A fault beyond one item: hold up the connection or the pipeline, once, with one explanation.

    Args:
        side: name of the system that was being asked, of those in `systems`.
    """
    fault.params.setdefault("system", side)
    if fault.scope == "connection":
        connection = systems.asked(side)
        if connection and not connection.enter(state_of(fault), fault.cause, fault.params):
            systems.forget(side)
    elif fault.scope == "flow":
        now = timezone.now()
        Pipeline.objects.filter(pk=pipeline.pk).update(
            paused_cause=fault.cause,
            paused_params=fault.params,
            paused_since=pipeline.paused_since or now,
            probe_at=now + PROBE_EVERY,
        )


def state_of(fault: Fault) -> str:
    """What a connection becomes by a fault of its own: shut while only a person can mend it, degraded else."""
    if isinstance(fault, AuthError):
        return fault.state
    return Connection.State.NEEDS_CONSENT if isinstance(fault, ConfigError) else Connection.State.DEGRADED


def resume(pipeline: Pipeline) -> None:
    """What held the pipeline up is gone: everything that waited for it goes on."""
    held = Pipeline.objects.filter(pk=pipeline.pk).exclude(paused_cause="")
    if held.update(paused_cause="", paused_params={}, paused_since=None, probe_at=None):
        fulfil(pipeline.tenant_id, [need_pipeline(pipeline.flow)])


def trial(connection: Connection, options: dict[str, Any], secrets: dict[str, Any], *, patience: float) -> System:
    """The system with other access than the one that is stored, to be asked before that is replaced."""
    candidate = Connection(tenant=connection.tenant, system=connection.system, options=options)
    candidate.secrets = secrets
    return registry.systems[connection.system](candidate, patience=patience)


@transaction.atomic
def take(connection: Connection, system: System, identity: Identity) -> None:
    """Store access that was tried.

    Raises:
        AuthError: it is another company's; nothing is changed.
    """
    claim(connection, identity)
    tried = system.connection
    connection.options, connection.secrets, connection.token = tried.options, tried.secrets, tried.token
    connection.access_at = timezone.now()
    connection.save(update_fields=["options", "secrets", "token", "access_at"])


def replace(
    connection: Connection, options: dict[str, Any], secrets: dict[str, Any], *, patience: float = PATIENCE
) -> Identity:
    """Other access for a connection, stored once it works.

    Raises:
        Fault: it does not work, or is another company's; nothing is changed.
    """
    system = trial(connection, options, secrets, patience=patience)
    identity = system.check()
    with transaction.atomic():
        take(connection, system, identity)
        return answered(connection, identity)


def may_be_foreseen(connection: Connection, secrets: dict[str, Any], fault: Fault) -> bool:
    """Whether access that failed may be stored all the same, such as a company's number before its consent: it brings
    no key, which is right or wrong, nothing that works is lost by it, nothing moves through it, and it is not known to
    be another company's."""
    open_now = connection.state in {Connection.State.CONNECTED, Connection.State.DEGRADED}
    awaited = secrets == connection.secrets and state_of(fault) in Connection.SHUT
    return awaited and not open_now and not fault.cause.startswith("setup.")


def replace_or_foresee(
    connection: Connection, options: dict[str, Any], secrets: dict[str, Any], *, patience: float = PATIENCE
) -> Identity | Fault:
    """Other access for a connection, stored once it works, or with what it still waits for.

    Returns:
        Who answered, or what it waits for.

    Raises:
        Fault: it does not work, or is another company's; nothing is changed.
    """
    try:
        return replace(connection, options, secrets, patience=patience)
    except Fault as fault:
        fault.params.setdefault("system", connection.system)
        if not may_be_foreseen(connection, secrets, fault):
            raise
        connection.replace(options, secrets)
        connection.save()
        connection.enter(state_of(fault), fault.cause, fault.params)
        return fault


def is_consent(system: str) -> bool:
    """Whether a system is connected by a consent over there instead of by a key."""
    return system in registry.systems and issubclass(registry.systems[system], ByConsent)


def by_consent(connection: Connection, *, patience: float = PATIENCE) -> ByConsent:
    """The system of a connection that is made by consent.

    Raises:
        TypeError: it is connected by a key.
    """
    system = registry.systems[connection.system](connection, patience=patience)
    if not isinstance(system, ByConsent):
        raise TypeError(f"{connection.system} knows no consent")
    return system


def consent(connection: Connection, code: str, redirect_uri: str, *, patience: float = PATIENCE) -> Identity:
    """Turn the code of a consent into access.

    Raises:
        Fault: there is none, or it is another company's; nothing is changed.
    """
    try:
        with transaction.atomic():
            identity = by_consent(connection, patience=patience).exchange(code, redirect_uri)
            claim(connection, identity)
    except Fault:
        connection.refresh_from_db()  # what the exchange had stored was rolled back
        raise
    return identity


def answered(connection: Connection, identity: Identity, name: str = "") -> Identity:
    """The connection works. `name`: the company's, found out elsewhere than in the answer; it is remembered.

    Returns:
        Who answered, by the best name that is known: the company's, else the user's.
    """
    found = name or identity.company
    if found and (found := found[:200]) != connection.company_name:
        connection.company_name = found
        connection.save(update_fields=["company_name"])
    shown = connection.company_name or str(identity.details.get("user") or "")
    connection.enter(Connection.State.CONNECTED, params={"company": shown, **identity.details})
    return dataclasses.replace(identity, company=shown)


def check(connection: Connection, *, patience: float = PATIENCE) -> Identity | None:
    """Ask the system who it is, and let the connection's state follow; what waited for it goes on when it is back.

    Returns:
        Who answered, or None when it did not work: the connection's state, cause and params say why.
    """
    if connection.state == Connection.State.PAUSED:
        return None
    try:
        identity = registry.systems[connection.system](connection, patience=patience).check()
        claim(connection, identity)
    except Fault as fault:
        log.warning("connection check failed", tenant=connection.tenant.slug, cause=fault.cause)
        if connection.usable or state_of(fault) in Connection.SHUT:  # a hiccup does not open what is shut
            connection.enter(state_of(fault), fault.cause, fault.params)
        return None
    return answered(connection, identity)
