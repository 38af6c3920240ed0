"""A service and its instances: which of them gets a request, and how many requests there may be at once."""

import asyncio
import math
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from api_gateway.forwarding.breaker import Breaker, BreakerRules
from api_gateway.forwarding.forwarder import InstanceState, UpstreamState
from api_gateway.forwarding.http_client.connection import Connection
from api_gateway.forwarding.retry_budget import RetryBudget
from api_gateway.settings import Address

# uvicorn closes idle connections after 5 s: one that is younger than this is hardly ever closed under us.
_IDLE_SECONDS = 3.0


class Instance:
    """One address: its breaker, and its connections that are open and not in use, the one used last at the end."""

    __slots__ = ("_idle", "address", "authority", "breaker", "in_use", "turn")

    def __init__(self, address: Address, rules: BreakerRules) -> None:
        self.address = address
        self.authority = address.authority.encode("ascii")
        self.breaker = Breaker(rules)
        self.in_use = 0
        self.turn = 0
        self._idle: list[Connection] = []

    def take_idle(self, now: float) -> Connection | None:
        """The connection that was used last, if one is open and young enough."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open and now - connection.idle_since < _IDLE_SECONDS:
                return connection
            connection.close()
        return None

    async def connect(self) -> Connection:
        """A new connection.

        Raises:
            OSError: refused, unreachable, or an unknown name.
        """
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(lambda: Connection(self), self.address.host, self.address.port)
        return connection

    def keep(self, connection: Connection, now: float) -> None:
        """For the next request."""
        connection.user = None
        connection.idle_since = now
        self._idle.append(connection)

    def forget(self, connection: Connection) -> None:
        """See `Owner.forget`."""
        if connection in self._idle:
            self._idle.remove(connection)

    def close(self) -> None:
        """Closes the idle ones; those in use belong to their exchanges."""
        while self._idle:
            self._idle.pop().close()

    @property
    def state(self) -> InstanceState:
        return InstanceState(self.address.authority, self.breaker.state, self.in_use, len(self._idle))


def _load(instance: Instance) -> tuple[int, int]:
    return instance.in_use, instance.turn


class Waiter(Protocol):
    """An exchange that waits for a place."""

    def placed(self) -> None:
        """It has one."""


class Upstream:
    """A bulkhead: as many requests as there are places, whatever the other services do; the next ones wait in turn.

    Args:
        places: over all instances.
    """

    __slots__ = ("_free", "_is_handing", "_turn", "_waiting", "budget", "instances", "repeated")

    def __init__(self, addresses: Sequence[Address], places: int, rules: BreakerRules) -> None:
        self.instances = tuple(Instance(address, rules) for address in addresses)
        self.budget = RetryBudget()
        self.repeated = 0
        self._free = places
        self._waiting: deque[Waiter] = deque()
        self._turn = 0
        self._is_handing = False

    def enter(self, waiter: Waiter) -> bool:
        """Whether there is a place at once; otherwise `placed` tells when."""
        if self._free:
            self._free -= 1
            return True
        self._waiting.append(waiter)
        return False

    def leave(self) -> None:
        """A place is free; who waits longest gets it."""
        self._free += 1
        if self._is_handing:  # it fails at once and leaves from within `placed`
            return
        self._is_handing = True
        while self._free and self._waiting:
            self._free -= 1
            self._waiting.popleft().placed()
        self._is_handing = False

    def give_up(self, waiter: Waiter) -> None:
        """It waits no more."""
        if waiter in self._waiting:
            self._waiting.remove(waiter)

    def choose(self, avoided: Instance | None = None) -> tuple[Instance, int] | None:
        """The instance whose breaker lets a request through and that has the fewest, and the breaker's permit.

        Of those that have equally few, the one that was chosen longest ago.

        Args:
            avoided: the one that has just failed.
        """
        order: Sequence[Instance] = self.instances
        if len(order) > 1:
            order = sorted(order, key=_load)
        for instance in order:
            if instance is not avoided:
                permit = instance.breaker.enter()
                if permit:
                    self._turn += 1
                    instance.turn = self._turn
                    return instance, permit
        return None

    @property
    def opens_in(self) -> int:
        """Whole seconds until some breaker lets a request through, at least 1."""
        return max(1, math.ceil(min(instance.breaker.opens_in for instance in self.instances)))

    def close(self) -> None:
        for instance in self.instances:
            instance.close()

    @property
    def state(self) -> UpstreamState:
        return UpstreamState(tuple(instance.state for instance in self.instances), len(self._waiting), self.repeated)
