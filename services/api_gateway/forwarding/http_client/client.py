"""The `Forwarder` of the gateway: HTTP/1.1 with keep-alive over pooled connections."""

from collections.abc import Mapping, Sequence

from api_gateway.forwarding.breaker import BreakerRules
from api_gateway.forwarding.forwarder import OutboundRequest, Patience, Receiver, UpstreamState
from api_gateway.forwarding.http_client.exchange import Exchange
from api_gateway.forwarding.http_client.upstream import Upstream
from api_gateway.settings import Address


class HttpForwarder:
    """Args:
    upstreams: addresses of the instances by name.
    places: requests to each service at once, over all its instances.
    rules: of every instance's breaker.
    """

    def __init__(self, upstreams: Mapping[str, Sequence[Address]], places: int, rules: BreakerRules) -> None:
        self._upstreams = {name: Upstream(addresses, places, rules) for name, addresses in upstreams.items()}
        self._active: set[Exchange] = set()

    def exchange(self, upstream: str, request: OutboundRequest, patience: Patience, receiver: Receiver) -> Exchange:
        """See `Forwarder.exchange`."""
        return Exchange(self._upstreams[upstream], request, patience, receiver, self._active)

    def sweep(self, now: float) -> None:
        """See `Forwarder.sweep`."""
        for exchange in tuple(self._active):
            exchange.sweep(now)

    def states(self) -> Mapping[str, UpstreamState]:
        """See `Forwarder.states`."""
        return {name: upstream.state for name, upstream in self._upstreams.items()}

    def close(self) -> None:
        """See `Forwarder.close`."""
        for exchange in tuple(self._active):
            exchange.cancel()
        for upstream in self._upstreams.values():
            upstream.close()
