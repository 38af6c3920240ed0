"""Key rings for tests, made of visible patterns."""

import base64
import json

from kit.crypto.keys import KeyRing


def ring(current: str, *others: str) -> KeyRing:
    """Keys derived from their ids: `k1` is the byte "1" repeated."""
    keys = {
        key_id: {"cipher": _base64(key_id[-1:] * 16), "lookup": _base64(key_id[-1:] * 32)}
        for key_id in (current, *others)
    }
    return KeyRing.parse(json.dumps({"current": current, "keys": keys}))


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
