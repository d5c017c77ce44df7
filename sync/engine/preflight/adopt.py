"""Taking over documents that another integration transferred: each is kept as an item that is already there (I11)."""

from collections.abc import Sequence

from django.utils import timezone

from integration.errors import Conflict, Fault, Rejected
from sync.engine.access import Systems
from sync.engine.manual import already_there
from sync.engine.preflight import SILENT
from sync.engine.pull import keep
from sync.flows.base import flows
from sync.models import Item, Pipeline, Preflight

PATIENCE = 10.0


def ask_for(preflight: Preflight, chosen: Sequence[tuple[str, str]], actor: str) -> None:
    """Write down what shall be adopted: pairs of source id and number over there."""
    asked = {"running": True, "chosen": chosen, "actor": actor, "of": len(chosen), "through": 0}
    preflight.adoption = {**preflight.adoption, **asked}
    Preflight.objects.filter(pk=preflight.pk).update(adoption=preflight.adoption, touched_at=timezone.now())


def lost() -> list[int]:
    """Pre-flights whose adoption was asked for and gives no sign of life; those that are through already stay so."""
    silent = Preflight.objects.filter(adoption__running=True, touched_at__lt=timezone.now() - SILENT)
    return list(silent.values_list("pk", flat=True))


def adopt(preflight: Preflight) -> None:
    """Adopt what was asked for, one by one; only pairs that the pre-flight found.

    `preflight.adoption`: {"of": n, "done": {source id: number}, "failed": {source id: {"cause", "params"}}}, and while
    it runs `running`, `chosen` and `actor`.
    """
    state = {"done": {}, "failed": {}, "chosen": (), "actor": "", **preflight.adoption}
    offered = {(each["source_id"], each["target_id"]) for each in (preflight.result or {}).get("transferred", [])}
    chosen = [each for each in dict.fromkeys((ours, theirs) for ours, theirs in state["chosen"]) if each in offered]
    taken_over = [each.key for each in flows() if each.taken_over]
    pipeline = Pipeline.objects.select_related("tenant").get(tenant_id=preflight.tenant_id, flow__in=taken_over)
    systems = Systems(pipeline.tenant, patience=PATIENCE)
    state["of"] = len(chosen)
    for through, (source_id, number) in enumerate(chosen, 1):
        _one(pipeline, systems, source_id, number, state["actor"], state["done"], state["failed"])
        state["through"] = through
        Preflight.objects.filter(pk=preflight.pk).update(adoption=state, touched_at=timezone.now())
    del state["chosen"], state["actor"]
    preflight.adoption = {**state, "running": False}
    Preflight.objects.filter(pk=preflight.pk).update(adoption=preflight.adoption, touched_at=timezone.now())


def _one(
    pipeline: Pipeline,
    systems: Systems,
    source_id: str,
    number: str,
    actor: str,
    done: dict[str, str],
    failed: dict[str, dict[str, object]],
) -> None:
    try:
        item = _item(pipeline, systems, source_id)
        if item.target_id == number:
            done[source_id] = number
            return
        if item.target_id:
            raise Conflict("manual.taken", number=number, others=[str(item)])
        already_there(item, number, actor, systems)
    except Fault as fault:
        failed[source_id] = {"cause": fault.cause, "params": fault.params}
    else:
        done[source_id] = number
        failed.pop(source_id, None)


def _item(pipeline: Pipeline, systems: Systems, source_id: str) -> Item:
    """The record as an item, read anew where there is none yet: the pipeline may not have read anything so far."""
    known: Item | None = pipeline.items.select_related("tenant", "pipeline").filter(source_id=source_id).first()
    if known is not None:
        return known
    read = systems.reader(pipeline.source, pipeline.rules.reads).one(source_id)
    if read is None:
        raise Rejected("manual.not_found", number=source_id, system=pipeline.source)
    keep(pipeline, [read])
    item: Item = pipeline.items.select_related("tenant", "pipeline").get(source_id=source_id)
    return item
