"""Encryption of single fields: SM4-GCM, bound to the column and row where the value stands.

A sealed value is `len(key id) ‖ key id ‖ suite ‖ iv (12) ‖ ciphertext ‖ tag (16)`, lengths in bytes.
"""

import os
from typing import NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from kit.crypto.errors import SealedValueError
from kit.crypto.keys import KeyRing

# The byte leaves room for other suites, AES-256-GCM say, beside values already stored.
_SM4_GCM = 1
_IV_BYTES, _TAG_BYTES = 12, 16


class FieldCipher:
    """Seals and opens text. Random IVs: change the key long before 2^32 values (NIST SP 800-38D, 8.3)."""

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys

    def encrypt(self, value: str, *, column: str, row_id: UUID) -> bytes:
        """Seals `value` with the current key for one place.

        Args:
            value: any text.
            column: `table.column`.
            row_id: the row's own key, which never changes.
        """
        key, iv = self._keys.current, os.urandom(_IV_BYTES)
        encryptor = Cipher(algorithms.SM4(key.cipher), modes.GCM(iv)).encryptor()
        encryptor.authenticate_additional_data(_place(column, row_id))
        ciphertext = encryptor.update(value.encode()) + encryptor.finalize()
        key_id = key.key_id.encode()
        return bytes([len(key_id)]) + key_id + bytes([_SM4_GCM]) + iv + ciphertext + encryptor.tag

    def decrypt(self, sealed: bytes, *, column: str, row_id: UUID) -> str:
        """Opens a value with the key that it names.

        Raises:
            UnknownKeyError: that key is not held.
            SealedValueError: cut short, altered, of an unknown suite, or sealed for another place.
        """
        parts = _split(sealed)
        key = self._keys.get(parts.key_id)
        decryptor = Cipher(algorithms.SM4(key.cipher), modes.GCM(parts.iv, parts.tag)).decryptor()
        decryptor.authenticate_additional_data(_place(column, row_id))
        try:
            return (decryptor.update(parts.ciphertext) + decryptor.finalize()).decode()
        except InvalidTag:
            raise SealedValueError("the value was altered or belongs to another place") from None


def key_id_of(sealed: bytes) -> str:
    """Which key sealed the value: what a re-keying job selects by.

    Raises:
        SealedValueError: not a sealed value.
    """
    return _split(sealed).key_id


class _Parts(NamedTuple):
    key_id: str
    iv: bytes
    ciphertext: bytes
    tag: bytes


def _split(sealed: bytes) -> _Parts:
    start = 1 + sealed[0] if sealed else 0
    body = sealed[start + 1 :]
    if len(body) < _IV_BYTES + _TAG_BYTES:
        raise SealedValueError("the value is cut short")
    if sealed[start] != _SM4_GCM:
        raise SealedValueError("the value's suite is unknown")
    try:
        key_id = sealed[1:start].decode("ascii")
    except UnicodeDecodeError:
        raise SealedValueError("the value names no key") from None
    return _Parts(key_id, body[:_IV_BYTES], body[_IV_BYTES:-_TAG_BYTES], body[-_TAG_BYTES:])


def _place(column: str, row_id: UUID) -> bytes:
    """The row id is of fixed length, so that no two places share these bytes."""
    return column.encode() + row_id.bytes
