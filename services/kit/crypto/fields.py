"""Encryption of fields, bound to the column and row where the value stands: SM4-GCM, and AES-128-GCM in bulk.

A sealed value is `len(key id) ‖ key id ‖ suite ‖ iv (12) ‖ ciphertext ‖ tag (16)`, lengths in bytes.
"""

import os
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kit.crypto.errors import SealedValueError
from kit.crypto.keys import FieldKey, KeyRing

# The byte leaves room for other suites beside values already stored.
_SM4_GCM, _AES_GCM = 1, 2
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

    def seal_many(self, values: Sequence[bytes], *, column: str, row_ids: Sequence[bytes]) -> list[bytes]:
        """Seals many values of one column: AES-128-GCM under a key of its own, derived from the current one.

        Setting SM4 up takes 25 µs for each value, twenty times as long as AES with the processor's help: a million
        values would take half a minute.

        Args:
            values: what is sealed, text as UTF-8.
            column: `table.column`.
            row_ids: the 16 bytes of each row's own key.
        """
        key, place = self._keys.current, column.encode()
        head = bytes([len(key.key_id)]) + key.key_id.encode() + bytes([_AES_GCM])
        seal, random = AESGCM(_aes_key(key)).encrypt, os.urandom(_IV_BYTES * len(values))
        ivs = [random[at : at + _IV_BYTES] for at in range(0, len(random), _IV_BYTES)]
        return [
            head + iv + seal(iv, value, place + row_id) for iv, value, row_id in zip(ivs, values, row_ids, strict=True)
        ]

    def decrypt(self, sealed: bytes, *, column: str, row_id: UUID) -> str:
        """Opens a value with the key and suite that it names.

        Raises:
            UnknownKeyError: that key is not held.
            SealedValueError: cut short, altered, of an unknown suite, or sealed for another place.
        """
        return self.decrypt_bytes(sealed, column=column, row_id=row_id).decode()

    def decrypt_bytes(self, sealed: bytes, *, column: str, row_id: UUID) -> bytes:
        """As `decrypt`, for what is not text."""
        parts = _split(sealed)
        key = self._keys.get(parts.key_id)
        try:
            if parts.suite == _AES_GCM:
                return AESGCM(_aes_key(key)).decrypt(parts.iv, parts.ciphertext + parts.tag, _place(column, row_id))
            decryptor = Cipher(algorithms.SM4(key.cipher), modes.GCM(parts.iv, parts.tag)).decryptor()
            decryptor.authenticate_additional_data(_place(column, row_id))
            return decryptor.update(parts.ciphertext) + decryptor.finalize()
        except InvalidTag:
            raise SealedValueError("the value was altered or belongs to another place") from None


def _aes_key(key: FieldKey) -> bytes:
    """Another key for another cipher: the first 16 bytes of an HMAC-SM3 under the key itself."""
    mac = hmac.HMAC(key.cipher, hashes.SM3())
    mac.update(b"jiuye.field.aes-gcm.v1")
    return mac.finalize()[:16]


class _Parts(NamedTuple):
    key_id: str
    suite: int
    iv: bytes
    ciphertext: bytes
    tag: bytes


def _split(sealed: bytes) -> _Parts:
    start = 1 + sealed[0] if sealed else 0
    body = sealed[start + 1 :]
    if len(body) < _IV_BYTES + _TAG_BYTES:
        raise SealedValueError("the value is cut short")
    if sealed[start] not in (_SM4_GCM, _AES_GCM):
        raise SealedValueError("the value's suite is unknown")
    try:
        key_id = sealed[1:start].decode("ascii")
    except UnicodeDecodeError:
        raise SealedValueError("the value names no key") from None
    return _Parts(key_id, sealed[start], body[:_IV_BYTES], body[_IV_BYTES:-_TAG_BYTES], body[-_TAG_BYTES:])


def _place(column: str, row_id: UUID) -> bytes:
    """The row id is of fixed length, so that no two places share these bytes."""
    return column.encode() + row_id.bytes
