"""Keyed hashes find a person again and tell nobody who it is."""

from itertools import product
from uuid import UUID

from cryptography.hazmat.primitives import hashes

from kit.crypto.lookup import Lookup, LookupHash
from tests.kit.crypto.rings import ring

NUMBER = "410199199001010011"
HASH = LookupHash(ring("k1"))


def sm3(data: bytes) -> bytes:
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize()


def hmac_sm3(key: bytes, data: bytes) -> bytes:
    """RFC 2104, written out; SM3's block is 64 bytes."""
    padded = key.ljust(64, b"\0")
    return sm3(bytes(b ^ 0x5C for b in padded) + sm3(bytes(b ^ 0x36 for b in padded) + data))


def test_a_lookup_is_hmac_sm3_of_purpose_type_and_number_with_its_key_id() -> None:
    expected = hmac_sm3(b"1" * 32, f"jiuye.lookup.v1\0RESIDENT_ID\0{NUMBER}".encode())
    assert HASH.lookup("RESIDENT_ID", NUMBER) == Lookup("k1", expected)


def test_a_person_key_is_the_first_half_of_its_own_hmac_sm3() -> None:
    expected = hmac_sm3(b"1" * 32, f"jiuye.person-key.v1\0RESIDENT_ID\0{NUMBER}".encode())[:16]
    assert HASH.person_key("RESIDENT_ID", NUMBER) == UUID(bytes=expected)


def test_stored_hashes_stay_what_they_are() -> None:
    assert (
        HASH.lookup("RESIDENT_ID", NUMBER).digest.hex()
        == "5aaa9e7a3ceda5c62c1d78202da14f5f128fa914b9d45a016b0a54ec4c2e78a4"
    )
    assert str(HASH.person_key("RESIDENT_ID", NUMBER)) == "1590aaea-fe28-bfbc-3b41-e1416e850ce3"


def test_type_number_and_key_each_make_another_hash() -> None:
    cases = product(("k1", "k2"), ("RESIDENT_ID", "PASSPORT"), (NUMBER, "41019919900101002X"))
    hashed = {(LookupHash(ring(key)).lookup(id_type, number).digest, id_type) for key, id_type, number in cases}
    assert len({digest for digest, _ in hashed}) == 8


def test_the_two_purposes_cannot_be_joined() -> None:
    assert HASH.lookup("RESIDENT_ID", NUMBER).digest[:16] != HASH.person_key("RESIDENT_ID", NUMBER).bytes


def test_after_a_rotation_a_row_is_still_found_by_its_old_hash() -> None:
    stored, rotated = HASH.lookup("RESIDENT_ID", NUMBER), LookupHash(ring("k2", "k1"))
    assert rotated.lookup("RESIDENT_ID", NUMBER).key_id == "k2"
    assert [found.key_id for found in rotated.lookups("RESIDENT_ID", NUMBER)] == ["k2", "k1"]
    assert stored in rotated.lookups("RESIDENT_ID", NUMBER)


def test_after_a_rotation_a_person_is_still_recognised() -> None:
    person, rotated = HASH.person_key("RESIDENT_ID", NUMBER), LookupHash(ring("k2", "k1"))
    keys = rotated.person_keys("RESIDENT_ID", NUMBER)
    assert list(keys) == ["k2", "k1"]
    assert keys["k2"] == rotated.person_key("RESIDENT_ID", NUMBER) != person
    assert keys["k1"] == person


def test_many_at_once_give_what_one_by_one_gives() -> None:
    lookup = LookupHash(ring("k2", "k1"))
    numbers = ["410199199001010011", "", "王测试"]

    assert lookup.many_lookups("RESIDENT_ID", numbers) == [lookup.lookup("RESIDENT_ID", n).digest for n in numbers]
    assert lookup.many_person_keys("PASSPORT", numbers) == {
        key_id: [lookup.person_keys("PASSPORT", n)[key_id].bytes for n in numbers] for key_id in ("k2", "k1")
    }
