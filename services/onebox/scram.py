"""The form in which PostgreSQL stores a password (RFC 5802, RFC 7677), computed here so that only it travels.

A server that logs every statement then logs nothing with which one could sign in.
"""

import base64
import hashlib
import hmac
import secrets

_ITERATIONS = 4096


def verifier(password: str, salt: bytes | None = None) -> str:
    """`SCRAM-SHA-256$<iterations>:<salt>$<stored key>:<server key>`.

    Args:
        password: ASCII; other characters would have to be prepared (RFC 4013).
        salt: 16 random bytes when none is given.

    Raises:
        ValueError: the password is empty or not ASCII.
    """
    if not password or not password.isascii():
        raise ValueError("a database password must be ASCII and not empty")
    salt = salt or secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ITERATIONS)
    stored = hashlib.sha256(_mac(salted, b"Client Key")).digest()
    server = _mac(salted, b"Server Key")
    return f"SCRAM-SHA-256${_ITERATIONS}:{_text(salt)}${_text(stored)}:{_text(server)}"


def _mac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
