"""Prometheus metrics of one process, by route template (a path could hold an identifier)."""

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest


class HttpMetrics:
    """Requests and their durations; each app has a registry of its own, so that two apps may share a process."""

    def __init__(self, service: str) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._service = service
        self._requests = Counter(
            "http_requests", "Requests answered", ["service", "method", "route", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "http_request_duration_seconds",
            "Time to the end of the answer",
            ["service", "method", "route"],
            buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
            registry=self.registry,
        )

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(self._service, method, route, str(status)).inc()
        self._seconds.labels(self._service, method, route).observe(seconds)

    def render(self) -> bytes:
        """The text exposition format."""
        return generate_latest(self.registry)
