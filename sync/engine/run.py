"""One full pass of a tenant in the foreground, no worker needed: pull, then push until nothing is due now."""

import datetime
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q
from django.utils import timezone

from integration import registry
from integration.errors import Fault
from integration.http import counted
from integration.models import Tenant
from sync.engine import access, dispatch, report
from sync.engine.access import Systems
from sync.engine.doors import reading
from sync.engine.pull import pull
from sync.engine.push import push
from sync.engine.states import ON_ITS_WAY, State
from sync.flows.base import Flow, flows, get_flow
from sync.flows.needs import Reference
from sync.models import Item, Pipeline

PATIENCE = 30.0  # seconds the foreground waits for a throttle
SHORT = 8.0  # seconds it waits for any other item
CLOCK_TRIES = 3  # times the foreground waits for the same item
ROUNDS = 4  # pulls that pushes may ask for
BUSY_SECONDS = 60.0
Progress = Callable[[str, int, int], None]


def silent(flow: str, done: int, total: int) -> None:
    """No progress shown."""


@dataclass
class Report:
    """What a pass did. `failed`: causes that kept a reading from coming through, by flow."""

    tenant: str
    flows: dict[str, dict[str, int]] = field(default_factory=dict)
    api_calls: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    failed: dict[str, Fault] = field(default_factory=dict)
    exit_code: int = 0


def run_pass(
    tenant: Tenant,
    *,
    only: Sequence[str] = (),
    since: datetime.date | None = None,
    actor: str = "sync",
    progress: Progress = silent,
    systems: Systems | None = None,
) -> Report:
    """Bring a tenant up to date, as far as that is possible now.

    Args:
        only: flow keys; empty for all. What they look up is read too, but not sent.
        since: read changes from this day on.
        progress: told the flow, how many of its items are through, and how many there are.
    """
    started, clock = timezone.now(), time.monotonic()
    result = Report(tenant.slug)
    with counted() as calls:
        if systems is None:
            systems = Systems(tenant, patience=PATIENCE)
            for connection in tenant.connections.exclude(state="connected"):
                access.check(connection, patience=PATIENCE)
        wanted = [get_flow(key) for key in only] or flows()
        for flow in with_upstream(wanted):
            _pull(tenant, flow, since, systems, result, progress)
        for pk, _, _ in dispatch.probes(tenant_id=tenant.pk, flow__in=[each.key for each in wanted]):
            push(pk, actor=actor, systems=systems)
        for _ in range(ROUNDS):
            _push_all(tenant, [each.key for each in wanted], actor, systems, progress)
            asked = _asked_for(tenant)
            if not asked:
                break
            for pipeline in asked:
                _pull(tenant, pipeline.rules, None, systems, result, progress)
    keys = {each.key for each in wanted}
    result.flows = {key: row for key, row in report.counts(tenant, started).items() if key in keys}
    result.api_calls = {name: calls.get(name, 0) for name in sorted({*registry.systems, *calls})}
    result.seconds = round(time.monotonic() - clock, 2)
    result.exit_code = _exit_code(tenant, result)
    return result


def _exit_code(tenant: Tenant, result: Report) -> int:
    """0 all settled, 2 a person must act, 1 something failed that the clock will try again."""
    if any(fault.reason in {"clock", "internal"} for fault in result.failed.values()):
        return 1
    if report.needs_person(tenant):
        return 2
    return 1 if report.still_trying(tenant) else 0


def with_upstream(wanted: list[Flow[Any, Any]]) -> list[Flow[Any, Any]]:
    keys = {each.key for each in wanted} | {key for each in wanted for key in each.upstream}
    return [each for each in flows() if each.key in keys]


def _pull(
    tenant: Tenant,
    flow: Flow[Any, Any],
    since: datetime.date | None,
    systems: Systems,
    result: Report,
    progress: Progress,
) -> None:
    """Read one flow; when somebody else is reading it right now, wait for them and read again."""
    pipeline = Pipeline.objects.select_related("tenant").filter(tenant=tenant, flow=flow.key).first()
    if pipeline is None or not reading().filter(pk=pipeline.pk).exists():
        return
    progress(flow.key, 0, 0)
    deadline = time.monotonic() + BUSY_SECONDS
    pulled = pull(pipeline, since=since, systems=systems)
    while pulled.busy and time.monotonic() < deadline:
        time.sleep(0.2)
        pulled = pull(pipeline, since=since, systems=systems)
    if pulled.fault:
        result.failed[flow.key] = pulled.fault
    else:
        result.failed.pop(flow.key, None)


def _push_all(tenant: Tenant, keys: list[str], actor: str, systems: Systems, progress: Progress) -> None:
    """Push until nothing is due now, waiting a little for what the clock brings back."""
    waits: dict[int, int] = {}
    through: dict[str, int] = dict.fromkeys(keys, 0)
    while True:
        asked = timezone.now()  # before the question: what comes due while it is answered is not overlooked
        tired = [pk for pk, times in waits.items() if times >= CLOCK_TRIES]
        due = dispatch.due_items(tenant.pk).filter(pipeline__flow__in=keys).order_by(*dispatch.order())
        due = due.exclude(pk__in=tired, state=State.WAITING)
        chosen = list(due.values_list("pk", "pipeline__flow")[: dispatch.WINDOW])
        if not chosen:
            nap = _soonest(tenant, keys, tired, asked)
            if nap is None:
                return
            time.sleep(nap)
            continue
        left = Counter(due.values_list("pipeline__flow", flat=True))
        for pk, flow in chosen:
            if not due.filter(pk=pk).exists():
                continue  # an item before it has shown that its flow or its connection is at fault
            pushed = push(pk, actor=actor, systems=systems)
            if pushed.state == State.WAITING and pushed.wait is not None:
                waits[pk] = waits.get(pk, 0) + 1
            through[flow] += pushed.state != State.WAITING
            left[flow] -= 1
            progress(flow, through[flow], through[flow] + left[flow])


def _soonest(tenant: Tenant, keys: list[str], tired: list[int], now: datetime.datetime) -> float | None:
    """Seconds from `now` until the next item comes back by the clock, if that is soon and was not in vain too often."""
    soon = Q(not_before__lte=now + datetime.timedelta(seconds=SHORT)) | Q(
        cause="throttle", not_before__lte=now + datetime.timedelta(seconds=PATIENCE)
    )
    soon |= Q(cause="I2.on_its_way", not_before__lte=now + ON_ITS_WAY)
    back = (
        Item.objects.filter(soon, tenant=tenant, pipeline__flow__in=keys, state=State.WAITING, not_before__gt=now)
        .exclude(pk__in=tired)
        .order_by("not_before")
        .values_list("not_before", flat=True)
        .first()
    )
    return max((back - now).total_seconds(), 0.01) if back else None


def _asked_for(tenant: Tenant) -> list[Pipeline]:
    """Pipelines that an item waits to be read anew."""
    waiting = Item.objects.filter(tenant=tenant, state=State.WAITING).exclude(needs=[])
    needs = {Reference.parse(each) for needs in waiting.values_list("needs", flat=True) for each in needs}
    keys = [each.flow for each in needs if each.kind == "pull"]
    return list(Pipeline.objects.select_related("tenant").filter(tenant=tenant, flow__in=keys, enabled=True))
