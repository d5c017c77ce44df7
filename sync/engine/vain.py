"""What the clock was to heal and has not: tried again and again in vain, while the target answers others.

Waiting for one's turn is no try. Such a problem is open until its items find an end, whatever they wait for meanwhile.
"""

from typing import Any

from django.db.models import Count, Max, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from integration.models import Connection, Tenant
from sync.engine.states import State
from sync.models import Item, Problem, Transition

CAUSE = "clock.in_vain"
MANY_TRIES = 8  # some ten minutes
TURNS = ("http.429", "throttle", "I2.on_its_way")


def tried(tenant_id: int) -> QuerySet[Item]:
    """Items that were tried too often to be nobody's."""
    waiting = Item.objects.filter(tenant_id=tenant_id, state=State.WAITING, reason=Item.Reason.CLOCK)
    return waiting.filter(tries__gte=MANY_TRIES)


def by_flow(tenant: Tenant) -> list[dict[str, Any]]:
    """Those whose target has been well since before the last try: one in trouble is a problem of its own.

    Returns:
        By flow: `pipeline__flow`, `count`, `first` (id), `times` (tries, at most), `since`.
    """
    well = tenant.connections.filter(system=OuterRef("pipeline__target"), state=Connection.State.CONNECTED)
    items = tried(tenant.pk).exclude(cause__in=TURNS).filter(moved_at__gte=Subquery(well.values("since")[:1]))
    rows: Any = items.order_by().values("pipeline__flow").annotate(
        count=Count("pk"), first=Min("pk"), times=Max("tries"), since=Min(Coalesce("waiting_since", "moved_at"))
    )  # fmt: skip
    return list(rows)


def go_on(problem: Problem) -> bool:
    """Whether something that it is about has found no end yet, tried again by a person or waiting for its turn now."""
    unended = Q(state__in=[State.PENDING, State.RUNNING]) | Q(state=State.WAITING, reason=Item.Reason.CLOCK)
    items = Item.objects.filter(unended, tenant_id=problem.tenant_id, pipeline__flow=problem.flow)
    failed = Transition.objects.filter(item=OuterRef("pk"), after=State.WAITING, at__gte=OuterRef("waiting_since"))
    times = failed.exclude(cause__in=TURNS).order_by().values("item").annotate(times=Count("pk")).values("times")
    return bool(items.annotate(failed=Subquery(times)).filter(failed__gte=MANY_TRIES).exists())
