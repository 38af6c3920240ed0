"""The keys of protected fields: one current, older ones kept so that what they sealed can be read."""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from kit.crypto.errors import KeyRingError, UnknownKeyError

CIPHER_KEY_BYTES, LOOKUP_KEY_BYTES = 16, 32
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")


@dataclass(frozen=True, slots=True)
class FieldKey:
    """A pair of keys under one id; the repr shows the id alone.

    Attributes:
        cipher: 16 bytes, SM4.
        lookup: 32 bytes, HMAC-SM3; separate, so that who may search cannot decrypt.
    """

    key_id: str
    cipher: bytes = field(repr=False)
    lookup: bytes = field(repr=False)


class KeyRing:
    """Keys by id; writing uses the current one, reading the one that a value names."""

    def __init__(self, current: str, keys: Mapping[str, FieldKey]) -> None:
        """Raises KeyRingError when `current` is not among the keys."""
        if current not in keys:
            raise KeyRingError("the current key id is not among the keys")
        self._keys = MappingProxyType(dict(keys))
        self.current = self._keys[current]

    @classmethod
    def parse(cls, text: str) -> "KeyRing":
        """Reads `{"current": "k1", "keys": {"k1": {"cipher": base64 of 16 bytes, "lookup": base64 of 32}}}`.

        Raises:
            KeyRingError: anything else, said without repeating it.
        """
        try:
            document = json.loads(text, object_pairs_hook=_unique)
        except KeyRingError:
            raise
        except (ValueError, RecursionError):
            raise KeyRingError("the key ring is not JSON") from None
        members = _members(document, {"current", "keys"}, "the key ring")
        current, entries = members["current"], members["keys"]
        if not isinstance(current, str) or not isinstance(entries, dict):
            raise KeyRingError('"current" must be a key id and "keys" an object')
        return cls(current, {key_id: _field_key(key_id, entry) for key_id, entry in entries.items()})

    def get(self, key_id: str) -> FieldKey:
        """Raises UnknownKeyError for an id that is not held."""
        try:
            return self._keys[key_id]
        except KeyError:
            raise UnknownKeyError("no key with this id is held") from None

    def all(self) -> list[FieldKey]:
        """Every key, the current one first."""
        return [self.current, *(key for key in self._keys.values() if key is not self.current)]

    def __repr__(self) -> str:
        return f"KeyRing(current={self.current.key_id!r}, held={len(self._keys)})"


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise KeyRingError("the key ring repeats a name")
    return members


def _members(value: object, names: set[str], where: str) -> dict[str, object]:
    if not isinstance(value, dict) or set(value) != names:
        raise KeyRingError(f"{where} must be an object with exactly {' and '.join(sorted(names))}")
    return value


def _field_key(key_id: str, entry: object) -> FieldKey:
    if not _KEY_ID.fullmatch(key_id):
        raise KeyRingError("a key id must be 1 to 32 letters, digits, hyphens or underscores")
    where = f"key {key_id}"
    members = _members(entry, {"cipher", "lookup"}, where)
    return FieldKey(
        key_id,
        cipher=_key_bytes(members["cipher"], CIPHER_KEY_BYTES, f"{where}: cipher"),
        lookup=_key_bytes(members["lookup"], LOOKUP_KEY_BYTES, f"{where}: lookup"),
    )


def _key_bytes(value: object, size: int, where: str) -> bytes:
    try:
        key = base64.b64decode(value, validate=True) if isinstance(value, str) else b""
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != size:
        raise KeyRingError(f"{where} must be the base64 of {size} bytes")
    return key
