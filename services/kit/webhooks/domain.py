"""What is sent, how it is signed and when it is tried again (pure; Standard Webhooks 1.0, reliability design §1.4)."""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

# Seconds after one attempt at which the next follows: ten attempts in 75 h 35 min 5 s.
DELAYS = (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
PING = "webhook.ping"
ROTATION_HOURS = 24
_PREFIX = "whsec_"


@dataclass(frozen=True, slots=True)
class EventType:
    """What a service tells.

    Attributes:
        name: `loan.disbursed` and the like.
        summary: Chinese.
        data: member → (description, example); ids only, so that reading what happened stays an authorised call.
    """

    name: str
    summary: str
    data: Mapping[str, tuple[str, str]]


def new_secret() -> str:
    """32 random bytes in the form that receivers' libraries take."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def sign(signing_secrets: Sequence[str], message_id: str, timestamp: int, body: str) -> str:
    """The header `webhook-signature`: one `v1` signature for each secret in force."""
    signed = f"{message_id}.{timestamp}.{body}".encode()
    return " ".join(
        "v1," + base64.b64encode(hmac.digest(_key(secret), signed, hashlib.sha256)).decode()
        for secret in signing_secrets
    )


def _key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(_PREFIX))


def body_of(event: str, at: datetime, data: Mapping[str, str]) -> str:
    """The JSON text that every attempt sends, byte for byte."""
    stamp = at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return json.dumps({"type": event, "timestamp": stamp, "data": dict(data)}, ensure_ascii=False)


def delay_after(attempts: int) -> int | None:
    """Seconds until the next attempt, or None when there is none left.

    Args:
        attempts: how many were made.
    """
    return DELAYS[attempts - 1] if attempts <= len(DELAYS) else None
