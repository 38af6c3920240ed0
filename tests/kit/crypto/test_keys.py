"""A key ring is read whole or not at all, and never shown."""

import base64
import json

import pytest

from kit.crypto.errors import KeyRingError, UnknownKeyError
from kit.crypto.keys import KeyRing

CIPHER = base64.b64encode(b"0123456789abcdef").decode()
LOOKUP = base64.b64encode(b"fedcba9876543210" * 2).decode()
PAIR = {"cipher": CIPHER, "lookup": LOOKUP}


def test_it_reads_several_keys_and_knows_the_current_one() -> None:
    ring = KeyRing.parse(json.dumps({"current": "k2", "keys": {"k1": PAIR, "k2": PAIR}}))
    assert ring.current.key_id == "k2"
    assert [key.key_id for key in ring.all()] == ["k2", "k1"]
    assert ring.get("k1").cipher == b"0123456789abcdef"
    assert ring.get("k1").lookup == b"fedcba9876543210" * 2


def test_an_id_that_is_not_held_is_said_to_be_unknown() -> None:
    with pytest.raises(UnknownKeyError):
        KeyRing.parse(json.dumps({"current": "k1", "keys": {"k1": PAIR}})).get("k2")


def test_neither_the_ring_nor_a_key_shows_its_bytes() -> None:
    ring = KeyRing.parse(json.dumps({"current": "k1", "keys": {"k1": PAIR}}))
    for shown in (repr(ring), str(ring), repr(ring.current), f"{ring.all()}"):
        assert "k1" in shown
        assert "0123456789" not in shown
        assert "fedcba" not in shown


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("1" * 5000, "not JSON"),
        ("null", "exactly current and keys"),
        ("[]", "exactly current and keys"),
        (json.dumps({"keys": {"k1": PAIR}}), "exactly current and keys"),
        (json.dumps({"current": "k1", "keys": {"k1": PAIR}, "old": 1}), "exactly current and keys"),
        (json.dumps({"current": 1, "keys": {"k1": PAIR}}), '"current" must be a key id'),
        (json.dumps({"current": "k1", "keys": [PAIR]}), '"keys" an object'),
        (json.dumps({"current": "k2", "keys": {"k1": PAIR}}), "current key id is not among the keys"),
        (json.dumps({"current": "k1", "keys": {}}), "current key id is not among the keys"),
        (json.dumps({"current": "k1", "keys": {"": PAIR}}), "a key id must be"),
        (json.dumps({"current": "k1", "keys": {"键": PAIR}}), "a key id must be"),
        (json.dumps({"current": "k1", "keys": {"k" * 33: PAIR}}), "a key id must be"),
        (json.dumps({"current": "k1", "keys": {"k1": CIPHER}}), "key k1 must be an object with exactly cipher"),
        (json.dumps({"current": "k1", "keys": {"k1": {"cipher": CIPHER}}}), "exactly cipher and lookup"),
        (json.dumps({"current": "k1", "keys": {"k1": PAIR | {"cipher": LOOKUP}}}), "cipher must be the base64 of 16"),
        (json.dumps({"current": "k1", "keys": {"k1": PAIR | {"lookup": CIPHER}}}), "lookup must be the base64 of 32"),
        (json.dumps({"current": "k1", "keys": {"k1": PAIR | {"cipher": f" {CIPHER}"}}}), "cipher must be the base64"),
        (json.dumps({"current": "k1", "keys": {"k1": PAIR | {"cipher": "密" * 24}}}), "cipher must be the base64"),
        (json.dumps({"current": "k1", "keys": {"k1": PAIR | {"cipher": 16}}}), "cipher must be the base64"),
        ('{"current": "k1", "keys": {"k1": 1, "k1": 2}}', "repeats a name"),
    ],
)
def test_a_malformed_ring_is_refused_with_its_reason_and_without_its_content(text: str, says: str) -> None:
    with pytest.raises(KeyRingError, match=says) as caught:
        KeyRing.parse(text)
    assert CIPHER not in str(caught.value)
    assert LOOKUP not in str(caught.value)
    assert caught.value.__cause__ is None
