"""Whether a secret is a client's: argon2id, two at a time, in threads."""

import asyncio
import hashlib
import hmac
import secrets
from concurrent.futures import ThreadPoolExecutor
from weakref import WeakValueDictionary

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError

from api_gateway.identity.domain import Client, secret_slot
from api_gateway.identity.failed_logins import SharedFailedLogins
from kit.http.errors import BusyError

_AT_ONCE = 2  # 19 MiB each, and a core each
_MOST_WAITING = 100


class SecretCheck:
    """Verifies secrets at the same cost whether the client exists or not.

    A verified secret is remembered as a keyed digest, so that the next login of the same client is cheap and goes
    through even while guesses at its id have to wait.

    Args:
        sample_hash: any hash of the cost that clients' secrets have; unknown ids are verified against one like it.
        failed: counts the wrong ones.
    """

    def __init__(self, sample_hash: str, failed: SharedFailedLogins | None = None) -> None:
        self._hasher = PasswordHasher.from_parameters(extract_parameters(sample_hash))
        self._nobodys_hash = self._hasher.hash(secrets.token_urlsafe(24))
        self._failed = failed or SharedFailedLogins()
        self._digest_key = secrets.token_bytes(32)
        self._verified: dict[str, bytes] = {}
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="argon2")
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._waiting = 0

    async def is_right(self, client_id: str, client: Client | None, secret: str) -> bool:
        """Whether the secret is that of the client; a wrong one is counted.

        Args:
            client_id: as claimed.
            client: the one of that id, if there is one.

        Raises:
            TooManyFailuresError: too many wrong ones before this.
            BusyError: too many are waiting to be verified.
        """
        # With the stored hash in it: a secret that was replaced is remembered no more.
        secret_hash = self._nobodys_hash if client is None else self._hash_of(client, secret)
        digest = hashlib.blake2b(f"{client_id}\0{secret_hash}\0{secret}".encode(), key=self._digest_key).digest()
        if self._is_remembered(client_id, digest):
            return True
        if self._waiting >= _MOST_WAITING:
            raise BusyError
        # One after the other for each id: parallel guesses are counted, parallel logins cost one verification.
        turn = self._turns.setdefault(client_id, asyncio.Lock())
        self._waiting += 1
        try:
            async with turn:
                return await self._verify(client_id, secret_hash, secret, digest)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _is_remembered(self, client_id: str, digest: bytes) -> bool:
        return hmac.compare_digest(self._verified.get(client_id, b""), digest)

    def _hash_of(self, client: Client, secret: str) -> str:
        return client.secret_hashes.get(secret_slot(secret), self._nobodys_hash)

    async def _verify(self, client_id: str, secret_hash: str, secret: str, digest: bytes) -> bool:
        if self._is_remembered(client_id, digest):
            return True
        await self._failed.check(client_id)
        matches = await asyncio.get_running_loop().run_in_executor(self._threads, self._matches, secret_hash, secret)
        if secret_hash == self._nobodys_hash or not matches:
            await self._failed.record(client_id)
            return False
        await self._failed.forget(client_id)
        self._verified[client_id] = digest
        return True

    def _matches(self, secret_hash: str, secret: str) -> bool:
        try:
            return self._hasher.verify(secret_hash, secret)
        except (VerificationError, InvalidHashError):
            return False
