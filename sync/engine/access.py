"""Opening a tenant's systems, and what becomes of a connection or a pipeline when it is at fault."""

import datetime
from typing import Any

import structlog
from django.utils import timezone

from integration import registry
from integration.errors import AuthError, ConfigError, Fault
from integration.models import Connection, Tenant
from integration.systems.base import FileReader, Identity, Reader, System, Writer
from sync import documents
from sync.engine.states import fulfil
from sync.models import Item, Pipeline

log = structlog.get_logger(__name__)

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

    def get(self, name: str) -> System:
        """The system, ready to be asked.

        Raises:
            AuthError: the tenant has no connection to it.
        """
        if name not in self._open:
            kind: type[System] = registry.systems[name]
            self._open[name] = kind(self.connection(name), patience=self.patience)
        return self._open[name]

    def reader(self, name: str, record: type) -> Reader[Any]:
        """The system's way to give such records."""
        reader: Reader[Any] = registry.reader(name, record)(self.get(name))
        return reader

    def writer(self, name: str, record: type) -> Writer[Any]:
        """The system's way to take such records."""
        writer: Writer[Any] = registry.writer(name, record)(self.get(name))
        return writer

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


def at_fault(pipeline: Pipeline, fault: Fault, side: str) -> None:
    """A fault beyond one item: hold up the connection or the pipeline, once, with one explanation.

    Args:
        side: name of the system that was being asked.
    """
    fault.params.setdefault("system", side)
    if fault.scope == "connection":
        connection = Connection.objects.filter(tenant_id=pipeline.tenant_id, system=side).first()
        if connection:
            connection.enter(state_of(fault), fault.cause, fault.params)
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
        fulfil(pipeline.tenant_id, [f"pipeline:{pipeline.flow}"])


def check(connection: Connection, *, patience: float = 5.0) -> Identity | None:
    """Ask the system who it is, and let the connection's state follow; what waited for it goes on when it is back.

    Returns:
        Who answered, or None when it did not work: the connection's state, cause and params say why.
    """
    if connection.state == Connection.State.PAUSED:
        return None
    kind: type[System] = registry.systems[connection.system]
    try:
        identity = kind(connection, patience=patience).check()
    except Fault as fault:
        log.warning("connection check failed", tenant=connection.tenant.slug, cause=fault.cause)
        if connection.usable or state_of(fault) in Connection.SHUT:  # a hiccup does not open what is shut
            connection.enter(state_of(fault), fault.cause, fault.params)
        return None
    connection.enter(Connection.State.CONNECTED, params={"company": identity.company, **identity.details})
    return identity
