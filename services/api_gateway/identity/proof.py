"""Proofs that the bearer of a token holds a key: RFC 9449 (DPoP), with Ed25519 alone.

A proof is good for one request, one address and thirty seconds. What was used is remembered for as long as it could be
used again, in each gateway process; calls that begin something (a token, a session) ask all processes, see
`api_gateway.kiosks.sessions`.
"""

import base64
import binascii
import hashlib
import json
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kit.http.errors import TokenInvalidError

WINDOW_SECONDS = 30
_LARGEST = 2048
_REMEMBERED = 100_000
_ID = re.compile(r"[A-Za-z0-9_-]{16,64}")
_KEY = re.compile(r"[A-Za-z0-9_-]{43}")


class ProofInvalidError(TokenInvalidError):
    code = "PROOF_INVALID"
    title = "设备证明无效"
    default_detail = "请核对终端的时钟和密钥，并为每个请求生成新的DPoP证明。"
    next_step = "请重新操作；仍不成功请联系工作人员检查本终端。"


@dataclass(frozen=True, slots=True)
class Proof:
    """What came with a request.

    Attributes:
        jwt: the DPoP header.
        method, path: of the request, the path as it came over the wire, without its query.
    """

    jwt: str
    method: str
    path: str


@dataclass(frozen=True, slots=True)
class Proved:
    """A proof that holds.

    Attributes:
        public_key: `x` of the Ed25519 JWK.
        proof_id: its `jti`.
    """

    public_key: str
    proof_id: str


class Proofs:
    """Args:
    base_url: the public address, under which clients name their calls.
    clock: seconds since 1970.
    """

    def __init__(self, base_url: str, clock: Callable[[], float] = time.time) -> None:
        self._base_url = base_url
        self._clock = clock
        self._used: OrderedDict[str, float] = OrderedDict()

    def check(
        self, proof: Proof | None, token: str | None = None, *, is_known: Callable[[str], bool] | None = None
    ) -> Proved:
        """Uses a proof up.

        Args:
            token: the access token that goes with it, if there is one.
            is_known: whether a key may be used here. Strangers' proofs are not remembered: they could fill the memory.
                None: any key, for what a code lets in once anyway.

        Raises:
            ProofInvalidError: there is none, or anything about it is wrong; nothing more is told.
        """
        if proof is None or len(proof.jwt) > _LARGEST:
            raise ProofInvalidError
        header, claims, signed, signature = _parts(proof.jwt)
        public_key = _key_of(header)
        issued, proof_id = claims.get("iat"), claims.get("jti")
        now = self._clock()
        bound = token is None or claims.get("ath") == _digest(token)
        if (
            not isinstance(issued, int)
            or isinstance(issued, bool)
            or abs(now - issued) > WINDOW_SECONDS
            or not isinstance(proof_id, str)
            or not _ID.fullmatch(proof_id)
            or claims.get("htm") != proof.method
            or claims.get("htu") != self._base_url + proof.path
            or not bound
            or not (is_known is None or is_known(public_key))
        ):
            raise ProofInvalidError
        try:
            Ed25519PublicKey.from_public_bytes(_bytes(public_key)).verify(signature, signed)
        except (InvalidSignature, ValueError):
            raise ProofInvalidError from None
        if is_known is not None:
            self._use(f"{public_key}.{proof_id}", now)
        return Proved(public_key, proof_id)

    def _use(self, name: str, now: float) -> None:
        while self._used and next(iter(self._used.values())) < now - 2 * WINDOW_SECONDS:
            self._used.popitem(last=False)
        # Full, it refuses: forgetting one would open the door to its replay.
        if name in self._used or len(self._used) >= _REMEMBERED:
            raise ProofInvalidError
        self._used[name] = now


def thumbprint(public_key: str) -> str:
    """RFC 7638 of an Ed25519 key.

    Args:
        public_key: `x` of its JWK.
    """
    members = json.dumps({"crv": "Ed25519", "kty": "OKP", "x": public_key}, separators=(",", ":"))
    return base64.urlsafe_b64encode(hashlib.sha256(members.encode()).digest()).decode().rstrip("=")


def _parts(jwt: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    head, _, rest = jwt.partition(".")
    body, _, signature = rest.partition(".")
    try:
        header, claims = json.loads(_bytes(head)), json.loads(_bytes(body))
        raw = _bytes(signature)
    except (ValueError, RecursionError):
        raise ProofInvalidError from None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise ProofInvalidError
    return header, claims, f"{head}.{body}".encode(), raw


def _key_of(header: dict[str, Any]) -> str:
    """The key of the header: it is trusted for nothing but this one comparison and signature."""
    key = header.get("jwk")
    if (
        set(header) != {"typ", "alg", "jwk"}
        or header["typ"] != "dpop+jwt"
        or header["alg"] not in ("Ed25519", "EdDSA")
        or not isinstance(key, dict)
        or set(key) != {"kty", "crv", "x"}
        or (key["kty"], key["crv"]) != ("OKP", "Ed25519")
        or not isinstance(key["x"], str)
        or not _KEY.fullmatch(key["x"])
    ):
        raise ProofInvalidError
    return str(key["x"])


def _digest(token: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None
