"""Proofs that the bearer of a token holds a key: RFC 9449 (DPoP), with Ed25519 alone.

A proof is good for one request, one address and thirty seconds. What was used is remembered for as long as it could be
used again, in each gateway process; calls that begin something (a token, a session) ask all processes, see
`api_gateway.kiosks.sessions`.
"""

import base64
import hashlib
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from api_gateway.identity.jws import ALGORITHMS, Statement, Used
from kit.http.errors import TokenInvalidError

WINDOW_SECONDS = 30
_LARGEST = 2048
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
        self._used = Used(2 * WINDOW_SECONDS)

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
        try:
            said = Statement.read(proof.jwt)
        except ValueError:
            raise ProofInvalidError from None
        claims, public_key = said.claims, _key_of(said.header)
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
        if not said.is_signed_by(public_key):
            raise ProofInvalidError
        if is_known is not None and not self._used.is_first(f"{public_key}.{proof_id}", now):
            raise ProofInvalidError
        return Proved(public_key, proof_id)


def thumbprint(public_key: str) -> str:
    """RFC 7638 of an Ed25519 key.

    Args:
        public_key: `x` of its JWK.
    """
    members = json.dumps({"crv": "Ed25519", "kty": "OKP", "x": public_key}, separators=(",", ":"))
    return base64.urlsafe_b64encode(hashlib.sha256(members.encode()).digest()).decode().rstrip("=")


def _key_of(header: dict[str, Any]) -> str:
    """The key of the header: it is trusted for nothing but this one comparison and signature."""
    key = header.get("jwk")
    if (
        set(header) != {"typ", "alg", "jwk"}
        or header["typ"] != "dpop+jwt"
        or header["alg"] not in ALGORITHMS
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
