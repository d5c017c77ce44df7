"""What a person does to thousands of items: one row now, the work in the background, in steps that survive a crash.

A step and its count are one transaction, so an act that is taken up again goes on where it stopped.
"""

from collections.abc import Callable, Iterable

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from sync.engine import manual
from sync.models import Act, Item

STEP = 500  # items per transaction
AT_ONCE = 50  # up to so many nobody has to wait for

_ACTS: dict[str, Callable[[QuerySet[Item], str, str], int]] = {
    Act.Kind.RETRY: manual.retry,
    Act.Kind.LEAVE_OUT: manual.leave_out,
    Act.Kind.RESEND: manual.resend,
    Act.Kind.HANDLED: manual.handled,
}


def begin(items: QuerySet[Item], kind: str, actor: str, note: str = "") -> list[Act]:
    """Write down what is to be done, one act per tenant; `carry_out` does it."""
    by_tenant: dict[int, list[int]] = {}
    for tenant_id, pk in items.order_by("pk").values_list("tenant_id", "pk"):
        by_tenant.setdefault(tenant_id, []).append(pk)
    return [
        Act.objects.create(tenant_id=tenant_id, kind=kind, actor=actor, note=note, ids=ids)
        for tenant_id, ids in by_tenant.items()
    ]


def carry_out(act_id: int) -> Act:
    """Do it, or do the rest of it."""
    while _step(act_id):
        pass
    act: Act = Act.objects.get(pk=act_id)
    return act


def _step(act_id: int) -> bool:
    """The next few; False when all is done."""
    with transaction.atomic():
        act = Act.objects.select_for_update().get(pk=act_id)
        if act.finished_at:
            return False
        chosen = act.ids[act.done : act.done + STEP]
        act.moved += _ACTS[act.kind](Item.objects.filter(pk__in=chosen, tenant_id=act.tenant_id), act.actor, act.note)
        act.done += len(chosen)
        if act.done >= len(act.ids):
            act.finished_at = timezone.now()
        act.save(update_fields=["done", "moved", "finished_at"])
        return act.finished_at is None


def unfinished() -> Iterable[int]:
    """Acts that somebody began and nobody ended: the sweep takes them up again."""
    return Act.objects.filter(finished_at=None).values_list("pk", flat=True)
