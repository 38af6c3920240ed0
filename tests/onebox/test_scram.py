"""The stored form of a password, against the example of RFC 7677 §3."""

import base64
import hmac

import pytest

from onebox.scram import verifier

AUTH_MESSAGE = (
    b"n=user,r=rOprNGfwEbeRWgbNEkqO,"
    b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
    b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
)


def test_the_keys_are_those_of_the_standard():
    stored = verifier("pencil", base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="))
    assert stored.startswith("SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$")
    server_key = base64.b64decode(stored.rpartition(":")[2])
    signature = hmac.digest(server_key, AUTH_MESSAGE, "sha256")
    assert base64.b64encode(signature) == b"6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


def test_each_use_has_its_own_salt():
    assert verifier("pencil") != verifier("pencil")


@pytest.mark.parametrize("password", ["", "密码"])
def test_what_would_be_stored_differently_elsewhere_is_refused(password):
    with pytest.raises(ValueError, match="ASCII"):
        verifier(password)
