"""Prometheus metrics: requests, commands, what is admitted, the store's queue, the lag of projections and processes.

Workers of one server share files of their values (prometheus_client's multiprocess mode, switched on by the variable
:data:`SHARED` in their environment): any worker answers for all of them, and the counts of one that ended are kept.
"""

import os
from collections.abc import Iterable, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from adapters.composition import Gongdan
from adapters.processing.processes import ProcessStatus
from adapters.projecting.projections import ProjectionStatus
from adapters.web.admission.lanes import Admission

BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""Environment variable that names the folder in which workers share the values of their metrics."""


class Metrics(Collector):
    """Metrics registry of one server process. No label holds personal data."""

    def __init__(self, gongdan: Gongdan, admission: Admission) -> None:
        self._gongdan = gongdan
        self._admission = admission
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "gongdan_requests", "HTTP requests by route and status", ("method", "route", "status"), registry=self._registry
        )
        self.commands = Histogram(
            "gongdan_command_seconds", "time to answer a writing request", ("route",), buckets=BUCKETS, registry=self._registry
        )
        self.refused = Counter(
            "gongdan_refused", "requests refused because too many were there, by kind of work", ("kind",), registry=self._registry
        )
        self._running = self._gauge("gongdan_running", "requests being answered, by kind of work; live streams that are open")
        self._waiting = self._gauge("gongdan_waiting", "requests waiting for their turn, by kind of work")
        self._queue = Gauge(
            "gongdan_store_queue", "appends waiting for the store", registry=self._registry, multiprocess_mode="livesum"
        )
        self._head = 0
        self._projections: Sequence[ProjectionStatus] = ()
        self._processes: Sequence[ProcessStatus] = ()
        self._registry.register(self)
        self.look()

    def collect(self) -> Iterable[Metric]:
        """Make the gauges from the values that :meth:`text` read.

        Prometheus calls this synchronously, so the asynchronous reads happen before.
        """
        head = GaugeMetricFamily("gongdan_log_position", "last position of the log")
        head.add_metric([], self._head)
        lag = GaugeMetricFamily("gongdan_projection_lag", "events a projection is behind", labels=["projection"])
        seconds = GaugeMetricFamily("gongdan_projection_lag_seconds", "how long its next event has waited", labels=["projection"])
        parked = GaugeMetricFamily("gongdan_parked_tickets", "tickets held back in a projection", labels=["projection"])
        seen = GaugeMetricFamily("gongdan_projection_seen_seconds", "since its runner's last sign of life", labels=["projection"])
        for one in self._projections:
            lag.add_metric([one.name], one.head - one.position)
            seconds.add_metric([one.name], one.lag_seconds)
            parked.add_metric([one.name], len(one.parked))
            if one.seen_seconds is not None:
                seen.add_metric([one.name], one.seen_seconds)
        behind = GaugeMetricFamily("gongdan_process_lag", "events a process is behind", labels=["process"])
        overdue = GaugeMetricFamily("gongdan_process_overdue_seconds", "how long its next moment has passed", labels=["process"])
        held = GaugeMetricFamily("gongdan_process_parked", "what is held back in a process", labels=["process"])
        for process in self._processes:
            behind.add_metric([process.name], process.head - process.position)
            overdue.add_metric([process.name], process.overdue_seconds)
            held.add_metric([process.name], len(process.parked))
        return [head, lag, seconds, parked, seen, behind, overdue, held]

    async def text(self) -> bytes:
        """Read the gauges and write all metrics in Prometheus' text format."""
        self._head = (await self._gongdan.store.head()).position
        self._projections = await self._gongdan.projections.status()
        self._processes = await self._gongdan.processes.status()
        self.look()
        if SHARED not in os.environ:
            return generate_latest(self._registry)
        merged = CollectorRegistry()
        MultiProcessCollector(merged)  # type: ignore[no-untyped-call]
        merged.register(self)
        return generate_latest(merged)

    def look(self) -> None:
        """Set the gauges of admission and of the store's queue to what they are now."""
        for lane in self._admission.lanes:
            self._running.labels(lane.kind).set(lane.running)
            self._waiting.labels(lane.kind).set(lane.waiting)
        self._running.labels("streams").set(self._admission.streams.open)
        self._queue.set(self._gongdan.store.waiting)

    def _gauge(self, name: str, meaning: str) -> Gauge:
        return Gauge(name, meaning, ("kind",), registry=self._registry, multiprocess_mode="livesum")
