"""The public keys of an outside issuer: from a file, or from its address, asked again when an unknown key turns up.

The address is the one of the settings; nothing in a token can name another.
"""

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from api_gateway.outside.domain import Provider

REFETCH_SECONDS = 60.0
_PATIENCE_SECONDS = 5.0
_LARGEST = 256 * 1024
_log = structlog.get_logger("gateway")


class ProviderKeys:
    """Args:
    client: for the provider's address.
    clock: monotonic seconds.
    """

    def __init__(
        self, provider: Provider, client: httpx.AsyncClient, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._provider = provider
        self._client = client
        self._clock = clock
        self._keys: KeySet | None = None
        self._asked_at = -REFETCH_SECONDS
        self._asking = asyncio.Lock()

    async def holding(self, kid: str) -> KeySet | None:
        """The key set in which this key is; None when there is no such key, even after asking again."""
        if not self._has(kid):
            async with self._asking:
                if not self._has(kid) and self._clock() - self._asked_at >= REFETCH_SECONDS:
                    self._asked_at = self._clock()
                    await self._read()
        return self._keys if self._has(kid) else None

    def _has(self, kid: str) -> bool:
        return self._keys is not None and any(key.kid == kid for key in self._keys.keys)

    async def _read(self) -> None:
        """What cannot be read leaves the keys as they were."""
        try:
            content = await self._content()
            self._keys = KeySet.import_key_set(json.loads(content))
        except (OSError, ValueError, KeyError, TypeError, httpx.HTTPError, JoseError) as exc:
            _log.warning("providers.keys_unreadable", provider=self._provider.name, exc_info=exc)

    async def _content(self) -> bytes:
        if self._provider.jwks_file is not None:
            return await asyncio.to_thread(Path(self._provider.jwks_file).read_bytes)
        content = bytearray()
        async with self._client.stream(
            "GET", self._provider.jwks_url or "", timeout=_PATIENCE_SECONDS, follow_redirects=False
        ) as answer:
            answer.raise_for_status()
            async for part in answer.aiter_bytes():
                content += part
                if len(content) > _LARGEST:
                    raise ValueError("the key set is too large")
        return bytes(content)
