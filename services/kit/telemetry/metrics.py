"""Prometheus metrics of one process, by route template (a path could hold an identifier).

Counted in plain numbers and put into Prometheus' words when somebody asks: a request costs a microsecond.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Durations:
    """A histogram of seconds for each combination of labels."""

    def __init__(self) -> None:
        self._cells: defaultdict[tuple[str, ...], list[float]] = defaultdict(lambda: [0.0] * (len(SECONDS) + 2))

    def observe(self, labels: tuple[str, ...], seconds: float) -> None:
        cell = self._cells[labels]
        cell[bisect_left(SECONDS, seconds)] += 1
        cell[-1] += seconds

    def family(self, name: str, documentation: str, labels: Sequence[str]) -> HistogramMetricFamily:
        """In Prometheus' words."""
        family = HistogramMetricFamily(name, documentation, labels=labels)
        for values, (*counts, total) in self._cells.items():
            below = 0.0
            buckets = []
            for bound, count in zip((*SECONDS, float("inf")), counts, strict=True):
                below += count
                buckets.append(("+Inf" if bound == float("inf") else str(bound), below))
            family.add_metric(values, buckets, total)
        return family


class HttpMetrics(Collector):
    """Requests and their durations; each app has a registry of its own, so that two apps may share a process."""

    def __init__(self, service: str) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._service = service
        self._requests: defaultdict[tuple[str, str, int], int] = defaultdict(int)
        self._seconds = Durations()
        self.registry.register(self)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests[method, route, status] += 1
        self._seconds.observe((self._service, method, route), seconds)

    def collect(self) -> Iterator[Metric]:
        """See `Collector`."""
        requests = CounterMetricFamily(
            "http_requests", "Requests answered", labels=["service", "method", "route", "status"]
        )
        for (method, route, status), count in self._requests.items():
            requests.add_metric([self._service, method, route, str(status)], count)
        yield requests
        yield self._seconds.family(
            "http_request_duration_seconds", "Time to the end of the answer", ["service", "method", "route"]
        )

    def render(self) -> bytes:
        """The text exposition format."""
        return generate_latest(self.registry)
