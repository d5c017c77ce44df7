"""Once a day: what no row can tell. References of ours over there without an item here, or twice; documents that have
lost their file. Files are fetched anew; the rest is reported, never mended by itself.
"""

import datetime
from collections import defaultdict
from typing import Any

import structlog
from django.core.files.storage import default_storage
from django.utils import timezone

from integration.errors import Fault
from integration.models import Tenant
from integration.records import OutdatedRecord, load
from sync.engine.access import Systems
from sync.engine.states import State
from sync.models import Document, Pipeline

log = structlog.get_logger(__name__)

BEFORE_GO_LIVE = datetime.timedelta(days=31)  # an invoice may be dated at the end of the period before (I9)
RECENT = datetime.timedelta(days=2)
LOOKED_AT = 1000  # older documents, at random: every one comes round


def audit(tenant: Tenant, systems: Systems | None = None) -> dict[str, dict[str, Any]]:
    """Look at every pipeline of the tenant and keep the findings on it.

    Returns:
        By flow: `unknown` (reference, target_id, title), `doubles` (reference, target_ids), `fetched_anew` and `lost`
        (documents), and `failed`, the cause why a side could not be looked at.
    """
    systems = systems or Systems(tenant, patience=30.0)
    found: dict[str, dict[str, Any]] = {}
    for pipeline in tenant.pipelines.filter(enabled=True):
        result: dict[str, Any] = {}
        try:
            if pipeline.rules.marks:
                result |= _references(pipeline, systems)
            if pipeline.rules.fetches:
                result |= _files(pipeline, systems)
        except Fault as fault:
            result["failed"] = fault.cause
        if result:
            found[pipeline.flow] = result
            if any(result.values()):
                told = {name: each if isinstance(each, str) else len(each) for name, each in result.items()}
                log.error("audit", tenant=tenant.slug, flow=pipeline.flow, **told)
            Pipeline.objects.filter(pk=pipeline.pk).update(audit={"at": timezone.now().isoformat(), **result})
    return found


def _references(pipeline: Pipeline, systems: Systems) -> dict[str, Any]:
    """Our references over there: each belongs to one item, and lies there once (I2)."""
    pages = systems.writer(pipeline.target, pipeline.rules.writes).listing(pipeline.tenant.go_live - BEFORE_GO_LIVE)
    bearers: dict[str, list[str]] = defaultdict(list)
    titles: dict[str, str] = {}
    for page in pages or ():
        for row in page:
            if row.reference.startswith(pipeline.rules.marks):
                bearers[row.reference].append(row.target_id)
                titles[row.target_id] = row.title
    ours = set(pipeline.items.exclude(target_id="").values_list("target_id", flat=True))
    moving = pipeline.items.filter(state__in=[State.PENDING, State.RUNNING, State.WAITING])
    unanswered = moving.filter(target_id="", intent_at__isnull=False).values_list("source_id", flat=True)
    sending = {each.lstrip("0") for each in unanswered}  # their item looks for them itself
    return {
        "unknown": [
            {"reference": reference, "target_id": each, "title": titles[each]}
            for reference, ids in bearers.items()
            for each in ids
            if each not in ours and reference.removeprefix(pipeline.rules.marks).lstrip("0") not in sending
        ],
        "doubles": [{"reference": ref, "target_ids": ids} for ref, ids in bearers.items() if len(ids) > 1],
    }


def _files(pipeline: Pipeline, systems: Systems) -> dict[str, Any]:
    """Documents whose file is gone from the storage are fetched from the source once more."""
    kept = Document.objects.filter(item__pipeline=pipeline, kind=Document.Kind.ORIGINAL).select_related("item")
    since = timezone.now() - RECENT
    looked_at = [*kept.filter(created_at__gte=since), *kept.filter(created_at__lt=since).order_by("?")[:LOOKED_AT]]
    fetched, lost = [], []
    for document in looked_at:
        if default_storage.exists(document.path):
            continue
        item = document.item
        try:
            systems.keep_file(item, load(item.record or {}, pipeline.rules.reads))
            fetched.append(document.name)
        except Fault as fault:
            lost.append({"name": document.name, "number": item.key, "cause": fault.cause})
        except OutdatedRecord:  # stored by an earlier version; one of them ends nobody's audit (G8)
            lost.append({"name": document.name, "number": item.key, "cause": "data.outdated"})
    return {"fetched_anew": fetched, "lost": lost}
