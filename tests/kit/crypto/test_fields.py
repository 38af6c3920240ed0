"""A sealed field opens with its key, in its place, unaltered; in no other way."""

from uuid import UUID

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from kit.crypto.errors import SealedValueError, UnknownKeyError
from kit.crypto.fields import FieldCipher
from tests.kit.crypto.rings import ring

COLUMN, ROW = "person.number", UUID("019a0000-0000-7000-8000-000000000001")
NUMBER = "410199199001010011"
CIPHER = FieldCipher(ring("k1"))
# What is stored must stay readable whatever changes in the code.
STORED = bytes.fromhex(
    "026b3101000102030405060708090a0b1ce28b4937497eee9af998b5b6433365072ac362a9117286929e0451c5455f4b3783"
)


def seal(text: str = NUMBER, cipher: FieldCipher = CIPHER) -> bytes:
    return cipher.encrypt(text, column=COLUMN, row_id=ROW)


def unseal(sealed: bytes, cipher: FieldCipher = CIPHER) -> str:
    return cipher.decrypt(sealed, column=COLUMN, row_id=ROW)


@given(st.text())
def test_any_text_comes_back(text: str) -> None:
    assert unseal(seal(text)) == text


def test_a_value_stored_long_ago_is_still_read() -> None:
    assert unseal(STORED) == NUMBER


def test_the_layout_is_key_id_suite_iv_ciphertext_tag() -> None:
    sealed = seal()
    head, iv, ciphertext, tag = sealed[:4], sealed[4:16], sealed[16:-16], sealed[-16:]
    assert head == b"\x02k1\x01"
    encryptor = Cipher(algorithms.SM4(b"1" * 16), modes.GCM(iv)).encryptor()
    encryptor.authenticate_additional_data(b"person.number" + ROW.bytes)
    assert encryptor.update(NUMBER.encode()) + encryptor.finalize() == ciphertext
    assert encryptor.tag == tag


def test_the_same_text_is_never_sealed_the_same_way() -> None:
    assert len({seal() for _ in range(100)}) == 100


def test_every_single_altered_byte_is_noticed() -> None:
    sealed = seal()
    for i in range(len(sealed)):
        altered = sealed[:i] + bytes([sealed[i] ^ 1]) + sealed[i + 1 :]
        with pytest.raises((SealedValueError, UnknownKeyError)):
            unseal(altered)


def test_every_cut_is_noticed() -> None:
    sealed = seal()
    for length in range(len(sealed)):
        with pytest.raises(SealedValueError):
            unseal(sealed[:length])


@given(st.binary(max_size=64))
def test_bytes_that_nobody_sealed_are_refused(noise: bytes) -> None:
    with pytest.raises((SealedValueError, UnknownKeyError)):
        unseal(noise)


@pytest.mark.parametrize(
    ("column", "row_id"),
    [
        ("person.phone", ROW),
        ("person.numbe", ROW),
        (COLUMN, UUID("019a0000-0000-7000-8000-000000000002")),
        ("grant.number", ROW),
    ],
)
def test_a_value_moved_to_another_column_or_row_is_refused(column: str, row_id: UUID) -> None:
    with pytest.raises(SealedValueError, match="another place"):
        CIPHER.decrypt(seal(), column=column, row_id=row_id)


def test_a_value_of_a_key_that_is_not_held_is_refused() -> None:
    with pytest.raises(UnknownKeyError):
        unseal(seal(), FieldCipher(ring("k2")))


def test_a_value_of_the_same_key_id_but_another_key_is_refused() -> None:
    with pytest.raises(SealedValueError):
        unseal(b"\x02k2" + seal()[3:], FieldCipher(ring("k2", "k1")))


def test_an_unknown_suite_is_refused() -> None:
    with pytest.raises(SealedValueError, match="suite"):
        unseal(b"\x02k1\x03" + seal()[4:])


def test_after_a_rotation_old_values_are_read_and_new_ones_use_the_new_key() -> None:
    before, rotated = seal(), FieldCipher(ring("k2", "k1"))
    after = seal(cipher=rotated)
    assert (before[1:3], after[1:3]) == (b"k1", b"k2")
    assert unseal(before, rotated) == unseal(after, rotated) == NUMBER


def test_errors_show_neither_text_nor_key() -> None:
    with pytest.raises(SealedValueError) as caught:
        unseal(seal()[:-1] + b"?")
    assert caught.value.__suppress_context__
    assert NUMBER not in str(caught.value)


def test_many_values_are_sealed_with_the_other_suite_and_read_by_the_same_door() -> None:
    held = ring("k2", "k1")
    (sealed,) = FieldCipher(held).seal_many([NUMBER.encode()], column="person.phone", row_ids=[ROW.bytes])

    assert FieldCipher(ring("k1", "k2")).decrypt(sealed, column="person.phone", row_id=ROW) == NUMBER
    for changed in (sealed[:-1] + bytes([sealed[-1] ^ 1]), sealed[:3] + b"\x01" + sealed[4:]):
        with pytest.raises(SealedValueError):
            FieldCipher(held).decrypt(changed, column="person.phone", row_id=ROW)
    with pytest.raises(SealedValueError):
        FieldCipher(held).decrypt(sealed, column="person.name", row_id=ROW)
