"""What Prometheus is told: where the items stand, how the connections are, how many requests went out."""

from collections.abc import Iterable

from django.db.models import Count, Min
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from integration import metrics
from integration.models import Connection
from sync.models import Item, Pipeline


class _Byggbro(Collector):
    """Read afresh at every scrape: the rows are the truth."""

    def collect(self) -> Iterable[GaugeMetricFamily | CounterMetricFamily]:
        items = GaugeMetricFamily("byggbro_items", "Items by flow and state", labels=["flow", "state"])
        for flow, state, number in (
            Item.objects.order_by().values_list("pipeline__flow", "state").annotate(n=Count("pk"))
        ):
            items.add_metric([flow, state], number)
        yield items
        due = Item.objects.filter(state__in=[Item.State.PENDING, Item.State.RUNNING])
        oldest = due.aggregate(at=Min("moved_at"))["at"]
        age = (timezone.now() - oldest).total_seconds() if oldest else 0
        yield GaugeMetricFamily("byggbro_oldest_due_seconds", "Age of the oldest item that is due", value=age)
        backlog = Item.objects.filter(state__in=[Item.State.PENDING, Item.State.RUNNING, Item.State.WAITING])
        since = backlog.aggregate(at=Min("waiting_since"))["at"]
        yield GaugeMetricFamily(
            "byggbro_oldest_waiting_seconds", "Age of the oldest item that has no end yet, whatever it waits for",
            value=(timezone.now() - since).total_seconds() if since else 0,
        )  # fmt: skip
        connections = GaugeMetricFamily("byggbro_connections", "Connections by state", labels=["system", "state"])
        for system, state, number in (
            Connection.objects.order_by().values_list("system", "state").annotate(n=Count("pk"))
        ):
            connections.add_metric([system, state], number)
        yield connections
        held = Pipeline.objects.exclude(paused_cause="").count()
        yield GaugeMetricFamily("byggbro_pipelines_held_up", "Pipelines held up as a whole", value=held)
        calls = CounterMetricFamily(
            "byggbro_api_requests", "Requests to vendors; a 429 is a defect", labels=["system", "method", "status"]
        )
        for labels, number in metrics.requests().items():
            calls.add_metric(list(labels), number)
        yield calls


def exposition() -> bytes:
    """All metrics in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(_Byggbro())
    return generate_latest(registry)
