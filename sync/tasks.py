"""Celery tasks: an id in, one engine call, its answer becomes a retry or nothing. All logic is in `sync.engine`.

Every flow has its own named tasks, so that Flower shows what is going on: `sync.invoices.push`.
"""

from typing import Any

import structlog
from celery import Task, shared_task
from django.db import InterfaceError, OperationalError
from django.db.models import Q

from integration import registry
from integration.models import Connection, Tenant
from integration.systems.base import Notice
from sync import alerts, documents
from sync.engine import access, acts, dispatch, preflight, problems, rehearsal, states
from sync.engine.audit import audit
from sync.engine.preflight import adopt as adoption
from sync.engine.pull import pull
from sync.engine.push import push
from sync.engine.tidy import tidy
from sync.flows.base import flows
from sync.flows.needs import need_document
from sync.models import Document, DryRun, Pipeline, Preflight

log = structlog.get_logger(__name__)

SHORT = 30.0  # seconds that a message waits in the queue; a longer wait is the row's, so that it holds no place

ROBUST: dict[str, Any] = {
    "acks_late": True,
    "reject_on_worker_lost": True,
    "ignore_result": True,
    "autoretry_for": (OperationalError, InterfaceError),
    "retry_backoff": 2,
    "retry_backoff_max": 60,
    "retry_jitter": True,
    "max_retries": 8,
}


def task_name(flow: str, step: str) -> str:
    """The name of a flow's task: `sync.supplier_invoices.push`."""
    return f"sync.{flow.replace('-', '_')}.{step}"


def _register(flow: str) -> dict[str, Task]:
    @shared_task(name=task_name(flow, "pull"), bind=True, **ROBUST)
    def pull_step(self: Task, pipeline_id: int) -> None:
        pipeline = Pipeline.objects.select_related("tenant").get(pk=pipeline_id)
        pull(pipeline)
        send_due(pipeline.tenant_id)

    @shared_task(name=task_name(flow, "push"), bind=True, **ROBUST)
    def push_step(self: Task, item_id: int, tenant_id: int) -> None:
        wait = push(item_id).wait
        send_due(tenant_id)
        if wait is not None and wait <= SHORT:
            dispatch.hold(item_id, wait)
            raise self.retry(countdown=max(wait, 0.05), max_retries=None)

    return {"pull": pull_step, "push": push_step}


registry.discover("sync.flows")  # whoever imports the tasks first: without a task of its own a flow stands still
steps = {flow.key: _register(flow.key) for flow in flows()}


def send_due(tenant_id: int) -> int:
    """Top up the tenant's window of queued items."""
    taken = dispatch.take(tenant_id)
    for item_id, flow in taken:
        steps[flow]["push"].delay(item_id, tenant_id)
    return len(taken)


@shared_task(name="sync.tick", **ROBUST)
def tick() -> None:
    """Every few seconds: enqueue the pulls that are due and what lies in the rows and was not enqueued."""
    for pipeline in dispatch.due_pulls():
        steps[pipeline.flow]["pull"].delay(pipeline.pk)
    for tenant_id in dispatch.tenants_with_work():
        send_due(tenant_id)


@shared_task(name="sync.dispatch", **ROBUST)
def dispatch_tenant(tenant_id: int) -> None:
    """Something of a tenant's woke up: enqueue what is due now instead of at the next tick."""
    send_due(tenant_id)


@shared_task(name="sync.sweep", **ROBUST)
def sweep() -> None:
    """Find expired leases, needs that came true, causes that may be gone."""
    swept = dispatch.sweep()
    for act_id in acts.unfinished():
        carry_out.delay(act_id)
    for dry_run_id in rehearsal.lost():
        dry_run.delay(dry_run_id)
    for preflight_id in adoption.lost():
        adopt_transferred.delay(preflight_id)
    problems.refresh_all()
    for item_id, flow, tenant_id in [*swept.probes, *problems.due_probes()]:
        steps[flow]["push"].delay(item_id, tenant_id)
    if any(swept.counts.values()):
        log.info("sweep", **{name.replace(" ", "_"): count for name, count in swept.counts.items()})


@shared_task(name="sync.alerts", **ROBUST)
def send_alerts() -> None:
    """Mail what opened and what closed, once each."""
    alerts.send_due()


@shared_task(name="sync.digest", **ROBUST)
def send_digests() -> None:
    """The daily summary, while anything is open."""
    alerts.digests()


@shared_task(name="sync.carry_out", **ROBUST)
def carry_out(act_id: int) -> None:
    """Do what a person asked for with many items."""
    send_due(acts.carry_out(act_id).tenant_id)


@shared_task(name="sync.preflight", **ROBUST)
def run_preflight(preflight_id: int) -> None:
    """Read and compare both sides; one that was delivered twice is made once."""
    row = Preflight.objects.select_related("tenant").get(pk=preflight_id)
    if row.finished_at is None:
        preflight.run(row)


@shared_task(name="sync.adopt", **ROBUST)
def adopt_transferred(preflight_id: int) -> None:
    """Take over what another integration has transferred (I11); one that was delivered twice is made once."""
    row = Preflight.objects.select_related("tenant").get(pk=preflight_id)
    if row.adoption.get("running"):
        adoption.adopt(row)


@shared_task(name="sync.dry_run", **ROBUST)
def dry_run(dry_run_id: int) -> None:
    """Rehearse a pipeline; one that was delivered twice is made once."""
    row = DryRun.objects.select_related("tenant").get(pk=dry_run_id)
    if row.finished_at is None:
        rehearsal.run(row)


@shared_task(name="sync.audit", **ROBUST)
def audit_all() -> None:
    """Once a day: references and files that no row tells of, each tenant in a task of its own."""
    for tenant_id in Tenant.objects.filter(active=True).values_list("pk", flat=True):
        audit_tenant.delay(tenant_id)


@shared_task(name="sync.audit_tenant", **ROBUST)
def audit_tenant(tenant_id: int) -> None:
    """Look at one tenant; the findings lie on its pipelines and in `status`."""
    audit(Tenant.objects.get(pk=tenant_id))


@shared_task(name="sync.tidy", **ROBUST)
def tidy_up() -> None:
    """Once a day: what is kept only for a while goes."""
    log.info("tidy", **tidy())


@shared_task(name="sync.health", **ROBUST)
def health() -> None:
    """Check every connection in a task of its own, so that a slow vendor delays nobody else's check."""
    for connection_id in Connection.objects.filter(tenant__active=True).values_list("pk", flat=True):
        check_connection.delay(connection_id)


@shared_task(name="sync.check_connection", **ROBUST)
def check_connection(connection_id: int) -> None:
    """Check one connection; what waited for it goes on when it is back."""
    connection = Connection.objects.select_related("tenant").get(pk=connection_id)
    access.check(connection)
    send_due(connection.tenant_id)


def document_fetched(document: Document, address: str) -> None:
    """Somebody has the whole file; where it is the target, by the address it was told, the item that waits goes on."""
    if documents.mark_fetched(document, address) and states.fulfil(
        document.tenant_id, [need_document(document.item_id)]
    ):
        dispatch_tenant.delay_on_commit(document.tenant_id)


def heed(system: str, notice: Notice) -> None:
    """A webhook spoke of a company: a consent that is gone closes its connections at once, anything else is checked."""
    kind = registry.systems[system]
    meant = Q(company=notice.company) | Q(**{f"options__{kind.company}": notice.company})
    for connection in Connection.objects.filter(meant, system=system, tenant__active=True):
        if notice.gone:
            connection.token = {}
            connection.save(update_fields=["token"])
            connection.enter(Connection.State.NEEDS_CONSENT, f"{system}.consent_gone", {"error": "revoked"})
        else:
            check_connection.delay_on_commit(connection.pk)
