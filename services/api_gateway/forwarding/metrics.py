"""What happened to requests on their way to each service."""

from collections import defaultdict
from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from api_gateway.forwarding.breaker import BreakerState
from api_gateway.forwarding.forwarder import Forwarder
from kit.telemetry.metrics import Durations


class UpstreamMetrics(Collector):
    """Counts by service and outcome: the status class (`2xx`), or the code of what went wrong."""

    def __init__(self, registry: CollectorRegistry, forwarder: Forwarder) -> None:
        self._forwarder = forwarder
        self._outcomes: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._seconds = Durations()
        registry.register(self)

    def answered(self, upstream: str, status: int, seconds: float) -> None:
        """The head of an answer has come after so many seconds."""
        self._outcomes[upstream, _CLASSES[status // 100]] += 1
        self._seconds.observe((upstream,), seconds)

    def failed(self, upstream: str, code: str) -> None:
        """There was no answer, or it broke off."""
        self._outcomes[upstream, code] += 1

    def collect(self) -> Iterator[Metric]:
        """See `Collector`; the states are read from the forwarder when somebody asks."""
        outcomes = CounterMetricFamily(
            "gateway_upstream_requests", "Requests forwarded", labels=["upstream", "outcome"]
        )
        for labels, count in self._outcomes.items():
            outcomes.add_metric(labels, count)
        yield outcomes
        yield self._seconds.family(
            "gateway_upstream_head_seconds", "Time to the head of the service's answer", ["upstream"]
        )
        connections = GaugeMetricFamily(
            "gateway_upstream_connections", "Connections to an instance", labels=["upstream", "instance", "state"]
        )
        breakers = GaugeMetricFamily(
            "gateway_breaker_state",
            "1 for the state of an instance's breaker",
            labels=["upstream", "instance", "state"],
        )
        waiting = GaugeMetricFamily("gateway_upstream_waiting", "Requests that wait for a place", labels=["upstream"])
        repeated = CounterMetricFamily("gateway_upstream_repeats", "Requests sent once more", labels=["upstream"])
        for upstream, state in self._forwarder.states().items():
            waiting.add_metric([upstream], state.waiting)
            repeated.add_metric([upstream], state.repeated)
            for instance in state.instances:
                connections.add_metric([upstream, instance.address, "in_use"], instance.in_use)
                connections.add_metric([upstream, instance.address, "idle"], instance.idle)
                for known in BreakerState:
                    breakers.add_metric([upstream, instance.address, known], float(known == instance.breaker))
        yield from (connections, breakers, waiting, repeated)


_CLASSES = tuple(f"{digit}xx" for digit in range(10))
