"""What wakes what. Receivers only make rows due and enqueue a look at them; they never decide.

An item that settles wakes what needed it inside the engine (`states.fulfil`), in the same step; here are the causes
that people remove: a mapped value, a connection, a tenant's or a pipeline's settings.
"""

from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.utils import timezone

from integration.models import Connection, Tenant, ValueMap
from sync.engine.states import SYSTEM, State, fulfil, wake
from sync.flows.needs import need_connection
from sync.models import Item, Pipeline

# What an item waits for by the clock while a system is out of reach.
OUT_OF_REACH = Q(cause__startswith="http.") | Q(cause__endswith=".token_unavailable") | Q(cause="connection.renewing")
BEING_JUDGED = Q(state=State.RUNNING)  # perhaps by what was before


def _look(tenant_id: int) -> None:
    from sync.tasks import dispatch_tenant  # noqa: PLC0415 - tasks and signals are of one layer

    # Robust: without a broker the tick finds the rows a little later; saving must not fail for it.
    transaction.on_commit(lambda: dispatch_tenant.delay(tenant_id), robust=True)


def _wake(items: QuerySet[Item], tenant_id: int, note: str, actor: str = SYSTEM) -> None:
    """With the change, so that they go though we die; and once it is seen, for those judged by the old until then."""

    def now() -> None:
        if wake(items.all(), actor=actor, note=note):
            _look(tenant_id)

    now()
    transaction.on_commit(now, robust=True)


@receiver([post_save, post_delete], sender=ValueMap)
def value_changed(instance: ValueMap, **_: Any) -> None:
    """A mapped value: what a set-up or the data stopped is judged again."""
    reasons = [Item.Reason.CONFIG, Item.Reason.DATA, Item.Reason.REJECTED]
    judged = Item.objects.filter(
        BEING_JUDGED | Q(state=State.STOPPED, reason__in=reasons), tenant_id=instance.tenant_id
    )
    _wake(judged, instance.tenant_id, "a mapped value was saved", instance.saved_by or SYSTEM)


@receiver(post_save, sender=Connection)
def connection_saved(instance: Connection, update_fields: Any = None, **_: Any) -> None:
    """A connection that works again: what waited for it or was stopped for want of access goes on."""
    if update_fields and "state" not in update_fields:
        return  # a renewed token is no news
    if not instance.usable:
        return
    fulfil(instance.tenant_id, [need_connection(instance.system)])
    now = timezone.now()
    late = Pipeline.objects.filter(tenant_id=instance.tenant_id, source=instance.system, next_pull_at__gt=now)
    late.filter(failures__gt=0).update(next_pull_at=now)
    if instance.state == Connection.State.CONNECTED:
        backing_off = Item.objects.filter(tenant_id=instance.tenant_id, state=State.WAITING, reason=Item.Reason.CLOCK)
        backing_off.filter(OUT_OF_REACH, not_before__gt=now).update(not_before=now, tries=0)
    stopped = Item.objects.filter(tenant_id=instance.tenant_id, state=State.STOPPED, reason=Item.Reason.AUTH)
    _wake(stopped, instance.tenant_id, "the connection works again")


@receiver(post_save, sender=Tenant)
def tenant_saved(instance: Tenant, created: bool, **_: Any) -> None:
    """A tenant's settings (go-live): what a rule left out or stopped is judged again.

    Readers do not ask for the details of what lies before go-live (G9), so that is read again from the start.
    """
    if created:
        return
    anew = {"cursor": {}, "next_pull_at": timezone.now()}
    # Whoever reads by the old ones loses the lease, and cannot write down how far it came.
    Pipeline.objects.filter(tenant=instance).update(**anew, lease_token=None, lease_until=None)
    Item.objects.filter(tenant=instance, state=State.LEFT_OUT, cause="G9").update(memo={}, fingerprint="")
    judged = Item.objects.filter(BEING_JUDGED | Q(state__in=[State.LEFT_OUT, State.STOPPED]), tenant=instance)
    _wake(
        judged.exclude(reason=Item.Reason.CHANGED).exclude(cause="G9"), instance.pk, "the company's settings were saved"
    )


@receiver(post_save, sender=Pipeline)
def pipeline_saved(instance: Pipeline, created: bool, update_fields: Any = None, **_: Any) -> None:
    """A pipeline's settings or cadence: what its rules left out or stopped is judged again, and it is read soon."""
    if created or update_fields:
        return
    Pipeline.objects.filter(pk=instance.pk).update(next_pull_at=timezone.now())
    judged = instance.items.filter(BEING_JUDGED | Q(state__in=[State.LEFT_OUT, State.STOPPED]))
    _wake(judged.exclude(reason=Item.Reason.CHANGED), instance.tenant_id, "the pipeline's settings were saved")
