"""Signed statements (RFC 7515, compact): what one says, whether an Ed25519 key signed it, and that it is used once."""

import base64
import binascii
import json
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ALGORITHMS = ("Ed25519", "EdDSA")  # RFC 9864 and before
_REMEMBERED = 100_000


@dataclass(frozen=True, slots=True)
class Statement:
    """What it says; that it is true is another question."""

    header: dict[str, Any]
    claims: dict[str, Any]
    _signed: bytes = field(repr=False)
    _signature: bytes = field(repr=False)

    @classmethod
    def read(cls, jwt: str) -> "Statement":
        """Raises:
        ValueError: it is none.
        """
        head, _, rest = jwt.partition(".")
        body, _, signature = rest.partition(".")
        try:
            header, claims = _object(head), _object(body)
            return cls(header, claims, f"{head}.{body}".encode("ascii"), decoded(signature))
        except RecursionError:
            raise ValueError("it is too deep") from None

    def is_signed_by(self, public_key: str) -> bool:
        """Args:
        public_key: `x` of an Ed25519 JWK.
        """
        try:
            Ed25519PublicKey.from_public_bytes(decoded(public_key)).verify(self._signature, self._signed)
        except (InvalidSignature, ValueError):
            return False
        return True


class Used:
    """What was used, for as long as it could be used again.

    Args:
        seconds: how long that is.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._names: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._names)

    def is_first(self, name: str, now: float) -> bool:
        """Whether it was not used before; now it is. Full, it refuses: to forget one would let it be used again."""
        while self._names and next(iter(self._names.values())) < now - self._seconds:
            self._names.popitem(last=False)
        if name in self._names or len(self._names) >= _REMEMBERED:
            return False
        self._names[name] = now
        return True


def decoded(text: str) -> bytes:
    """Base64url without padding.

    Raises:
        ValueError: it is none.
    """
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None


def _object(part: str) -> dict[str, Any]:
    found = json.loads(decoded(part), object_pairs_hook=_once)
    if not isinstance(found, dict):
        raise ValueError("it is no object")  # noqa: TRY004  one kind of error for what is no statement
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A name that stands twice has two readings."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found
