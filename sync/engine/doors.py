"""Which pipelines may read and which may send now: switched on, of an active tenant, with no door shut on their way."""

from django.db.models import Exists, OuterRef, QuerySet

from integration.models import Connection
from sync.flows.base import flows
from sync.models import Pipeline


def reading() -> QuerySet[Pipeline]:
    """Pipelines whose source may be asked."""
    return _on().exclude(_shut("source"))


def sending() -> QuerySet[Pipeline]:
    """Pipelines whose target may be written to; those that hand files over need their source as well."""
    fetching = [each.key for each in flows() if each.fetches]
    return _on().exclude(_shut("target")).exclude(_shut("source"), flow__in=fetching)


def _on() -> QuerySet[Pipeline]:
    return Pipeline.objects.filter(enabled=True, tenant__active=True)


def _shut(side: str) -> Exists:
    ours = Connection.objects.filter(tenant_id=OuterRef("tenant_id"), system=OuterRef(side))
    return Exists(ours.filter(state__in=Connection.SHUT))
