"""What happened to requests on their way to each service."""

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from api_gateway.forwarding.forwarder import Forwarder


class UpstreamMetrics:
    """Counts by service and outcome: the status class (`2xx`), or the code of what went wrong."""

    def __init__(self, registry: CollectorRegistry, forwarder: Forwarder, upstreams: list[str]) -> None:
        self._outcomes = Counter(
            "gateway_upstream_requests", "Requests forwarded", ["upstream", "outcome"], registry=registry
        )
        self._seconds = Histogram(
            "gateway_upstream_head_seconds",
            "Time to the head of the service's answer",
            ["upstream"],
            buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
            registry=registry,
        )
        registry.register(_Connections(forwarder, upstreams))

    def answered(self, upstream: str, status: int, seconds: float) -> None:
        """The head of an answer has come after so many seconds."""
        self._outcomes.labels(upstream, f"{status // 100}xx").inc()
        self._seconds.labels(upstream).observe(seconds)

    def failed(self, upstream: str, code: str) -> None:
        """There was no answer, or it broke off."""
        self._outcomes.labels(upstream, code).inc()


class _Connections(Collector):
    """Read from the pools when somebody asks."""

    def __init__(self, forwarder: Forwarder, upstreams: list[str]) -> None:
        self._forwarder = forwarder
        self._upstreams = upstreams

    def collect(self) -> list[GaugeMetricFamily]:
        family = GaugeMetricFamily(
            "gateway_upstream_connections", "Connections to a service", labels=["upstream", "state"]
        )
        for upstream in self._upstreams:
            in_use, idle = self._forwarder.connections(upstream)
            family.add_metric([upstream, "in_use"], in_use)
            family.add_metric([upstream, "idle"], idle)
        return [family]
