"""Which of the services are ready."""

import asyncio
from collections.abc import Mapping, Sequence

import httpx

from api_gateway.settings import Address

_PATIENCE_SECONDS = 3.0


class Readiness:
    """Asks the services; callers that come meanwhile share one answer, so that asking cannot flood them.

    Args:
        client: for calls to the services.
        upstreams: addresses of the instances by name.
    """

    def __init__(self, client: httpx.AsyncClient, upstreams: Mapping[str, Sequence[Address]]) -> None:
        self._client = client
        self._upstreams = upstreams
        self._asking: asyncio.Task[dict[str, bool]] | None = None

    async def states(self) -> dict[str, bool]:
        """Service name → whether an instance of it answers that it is ready."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        return await asyncio.shield(self._asking)

    async def _ask(self) -> dict[str, bool]:
        found = await asyncio.gather(*(self._is_any_ready(addresses) for addresses in self._upstreams.values()))
        return dict(zip(self._upstreams, found, strict=True))

    async def _is_any_ready(self, addresses: Sequence[Address]) -> bool:
        return any(await asyncio.gather(*(self._is_ready(address) for address in addresses)))

    async def _is_ready(self, address: Address) -> bool:
        try:
            answer = await self._client.get(f"{address.url}/readyz", timeout=_PATIENCE_SECONDS)
        except httpx.HTTPError:
            return False
        return answer.status_code == 200
