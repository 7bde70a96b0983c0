"""Measures for Prometheus, of this process: requests, commands, the store's queue, the projections' lag."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from adapters.composition import Gongdan

BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics(Collector):
    """The registry of one server process; no label holds personal data."""

    def __init__(self, gongdan: Gongdan) -> None:
        self._gongdan = gongdan
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "gongdan_requests", "HTTP requests by route and status", ("method", "route", "status"), registry=self._registry
        )
        self.commands = Histogram(
            "gongdan_command_seconds", "time to answer a writing request", ("route",), buckets=BUCKETS, registry=self._registry
        )
        self.head = 0
        self._registry.register(self)

    def collect(self) -> Iterable[Metric]:
        """Gauges that are read when they are asked for."""
        queue = GaugeMetricFamily("gongdan_store_queue", "appends waiting for the store")
        queue.add_metric([], self._gongdan.store.waiting)
        yield queue
        head = GaugeMetricFamily("gongdan_log_position", "last position of the log")
        head.add_metric([], self.head)
        yield head

    async def text(self) -> bytes:
        """Everything in Prometheus' text format."""
        self.head = (await self._gongdan.store.head()).position
        return generate_latest(self._registry)
