"""From a client's secret to its token, from its token to its principal, and to the token for a service."""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from api_gateway.identity.client_assertion import ClientAssertions
from api_gateway.identity.directory import Device, Directory, Picture
from api_gateway.identity.domain import Client, Role
from api_gateway.identity.errors import ClientUnknownError, DeviceDisabledError, ScopeNotGrantedError
from api_gateway.identity.failed_logins import SharedFailedLogins
from api_gateway.identity.internal_tokens import LIFETIME_SECONDS, REUSED_SECONDS, introduction
from api_gateway.identity.proof import Proof, Proofs, Proved, thumbprint
from api_gateway.identity.schemas import TokenRead
from api_gateway.identity.secret_check import SecretCheck
from api_gateway.identity.token_request import SignedRequest, TokenRequest
from kit.auth.principal import Principal
from kit.auth.tokens import LEEWAY_SECONDS, TokenMinter, TokenVerifier, Verified
from kit.http.errors import TokenExpiredError, TokenInvalidError, TokenMissingError

AUDIENCE = "jiuye"
ACCESS_LIFETIME_SECONDS = 1800
DEVICE, SESSION = "device", "session"
_REMEMBERED = 2_000


class Sessions(Protocol):
    """Of people at kiosks."""

    def touch(self, session: str, issued: int) -> bool:
        """Whether it lives, whose token was issued then; being asked for keeps it alive."""

    async def is_first(self, proof_id: str, kept_seconds: int) -> bool:
        """Whether no other process has been shown this proof."""


class Way(Protocol):
    """Where a request goes."""

    @property
    def prefix(self) -> str:
        """Its name: of one prefix there is one way."""

    @property
    def upstream(self) -> str:
        """The service that answers."""

    @property
    def onward(self) -> Mapping[str, tuple[str, ...]]:
        """Services that the upstream calls for the caller, each with the scopes that it needs there."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What was found out about an Authorization header, as long as the picture is the same.

    Attributes:
        introductions: by prefix of the route what its service is told, and until when (monotonic seconds) it may be.
    """

    picture: Picture
    principal: Principal
    verified: Verified
    token: str
    introductions: dict[str, tuple[float, bytes]] = field(default_factory=dict, repr=False)


class Identity:
    """All that the gateway knows about who asks.

    Args:
        directory: who may ask.
        roles: by kind.
        access_jwk: private key of the tokens that clients get.
        internal_jwk: private key of the tokens that services get.
        sample_hash: any hash of the cost that clients' secrets have.
        base_url: the public address.
        failed: counts wrong secrets.
        sessions: of people at kiosks, and what the processes know of each other's proofs; None where there are none.
        providers: names of the outside issuers whose people may come.
    """

    def __init__(
        self,
        directory: Directory,
        roles: Mapping[str, Role],
        *,
        access_jwk: dict[str, Any],
        internal_jwk: dict[str, Any],
        sample_hash: str,
        base_url: str,
        failed: SharedFailedLogins | None = None,
        sessions: Sessions | None = None,
        providers: frozenset[str] = frozenset(),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._directory = directory
        self._roles = roles
        self._secrets = SecretCheck(sample_hash, failed)
        self._access = TokenMinter(access_jwk, token_type="at+jwt", lifetime_seconds=ACCESS_LIFETIME_SECONDS)  # noqa: S106  the type's name
        self._verifier = TokenVerifier(self._access.jwks(), token_type="at+jwt", audience=AUDIENCE)  # noqa: S106  the type's name
        self._internal = TokenMinter(internal_jwk, token_type="int+jwt", lifetime_seconds=LIFETIME_SECONDS)  # noqa: S106  the type's name
        self._proofs = Proofs(base_url, clock)
        self._assertions = ClientAssertions(base_url, None if sessions is None else sessions.is_first, clock)
        self._sessions = sessions
        self._providers = providers
        self._clock = clock
        self._standings: OrderedDict[str, Standing] = OrderedDict()

    def jwks(self) -> dict[str, Any]:
        """The public keys of access tokens."""
        return self._access.jwks()

    async def client(self, request: TokenRequest | SignedRequest) -> Principal:
        """The client that proves itself, with all its scopes.

        Raises:
            ClientUnknownError: no such client, or not its secret or key; which of them is not told.
            TooManyFailuresError: too many wrong secrets for this id.
        """
        if isinstance(request, SignedRequest):
            signer = await self._assertions.client(request.client_assertion, self._directory.now.clients)
            if request.client_id not in (None, signer.id):
                raise ClientUnknownError
            return _principal_of(signer)
        client = self._directory.now.clients.get(request.client_id)
        if client is not None and client.is_disabled:
            client = None
        if not await self._secrets.is_right(request.client_id, client, request.client_secret) or client is None:
            raise ClientUnknownError
        return _principal_of(client)

    def admit(self, principal: Principal, scopes: frozenset[str] | None, seconds: int) -> TokenRead:
        """A token for somebody who has proved who he is.

        Args:
            scopes: those asked for; None: all of the principal.
            seconds: how long it may last at most; an outside issuer's word counts no longer than its token.

        Raises:
            ScopeNotGrantedError: a scope that the principal does not have.
        """
        if scopes is not None and not scopes <= principal.scopes:
            raise ScopeNotGrantedError
        granted = principal if scopes is None else replace(principal, scopes=scopes)
        return self.token_for(granted, lifetime_seconds=min(seconds, ACCESS_LIFETIME_SECONDS))

    def token_for(
        self, principal: Principal, *, lifetime_seconds: int = ACCESS_LIFETIME_SECONDS, public_key: str | None = None
    ) -> TokenRead:
        """A token for somebody whose identity is proved.

        Args:
            public_key: `x` of the key that the bearer must prove with each request; None for a bearer token.
        """
        # Tokens of the second in which the subject's tokens were revoked do not count: the new one is of the next.
        revoked = self._directory.now.revoked_until.get(principal.subject, 0)
        token = self._access.mint(
            principal,
            AUDIENCE,
            now=max(int(self._clock()), revoked + 1),
            lifetime_seconds=lifetime_seconds,
            key_thumbprint=thumbprint(public_key) if public_key else None,
        )
        return TokenRead(
            access_token=token,
            token_type="DPoP" if public_key else "Bearer",
            expires_in=lifetime_seconds,
            scope=" ".join(sorted(principal.scopes)),
        )

    def principal(self, authorization: str | None, proof: Proof | None = None) -> Principal:
        """See `standing`."""
        return self.standing(authorization, proof).principal

    def standing(self, authorization: str | None, proof: Proof | None = None) -> Standing:
        """Who sends this Authorization header. Decided in memory, without waiting.

        Args:
            proof: the DPoP header with method and path; needed for tokens that are bound to a key.

        Raises:
            TokenMissingError, TokenInvalidError, TokenExpiredError: also when it was revoked or its client is gone.
            ProofInvalidError: the bearer does not prove the key, or did so with this proof before.
            DeviceDisabledError: the token is a kiosk's that was switched off.
            DatabaseUnavailableError: nobody is known yet.
        """
        if not authorization:
            raise TokenMissingError
        picture = self._directory.now
        standing = self._standings.get(authorization)
        if standing is None or standing.picture is not picture or standing.verified.expires <= self._clock():
            standing = self._examine(authorization, picture)
            self._standings[authorization] = standing
            if len(self._standings) > _REMEMBERED:
                self._standings.popitem(last=False)
        if standing.verified.key_thumbprint is not None:
            self._require_proof(standing, proof)
        return standing

    def proved(self, proof: Proof | None, *, is_known: Callable[[str], bool] | None = None) -> Proved:
        """The key that a proof without a token proves.

        Args:
            is_known: see `Proofs.check`.

        Raises:
            ProofInvalidError: it does not hold, or was used before.
        """
        return self._proofs.check(proof, is_known=is_known)

    def introduction(self, standing: Standing, way: Way, now: float) -> bytes:
        """The headers by which the services on the way learn who asks; their tokens have half of their life left.

        Args:
            now: monotonic seconds.
        """
        known = standing.introductions.get(way.prefix)
        if known is None or known[0] <= now:
            said = introduction(self._internal, standing.principal, way.upstream, way.onward)
            standing.introductions[way.prefix] = known = (now + REUSED_SECONDS, said)
        return known[1]

    def close(self) -> None:
        self._secrets.close()

    def _examine(self, authorization: str, picture: Picture) -> Standing:
        scheme, _, token = authorization.partition(" ")
        token = token.strip()
        wanted = {"bearer": False, "dpop": True}.get(scheme.lower())
        if wanted is None or not token:
            raise TokenInvalidError
        verified = self._verifier.open(token)
        if (verified.key_thumbprint is not None) != wanted:
            raise TokenInvalidError  # a bound token is worth nothing to a mere bearer
        subject = verified.principal.subject
        if verified.issued <= picture.revoked_until.get(subject, 0) or verified.token_id in picture.revoked_tokens:
            raise TokenInvalidError
        self._require_known(verified, picture)
        return Standing(picture, verified.principal, verified, token)

    def _require_known(self, verified: Verified, picture: Picture) -> None:
        principal = verified.principal
        space, colon, name = principal.subject.partition(":")
        if not colon:
            client: Client | None = picture.clients.get(principal.subject)
            if client is None or client.is_disabled or not principal.scopes <= client.scopes:
                raise TokenInvalidError
        elif space == DEVICE:
            _require_active(picture.devices.get(name), verified)
        elif space == SESSION:
            _require_active(picture.devices.get((principal.act or "").removeprefix(f"{DEVICE}:")), verified)
        else:
            role = self._roles.get(principal.kind)
            if space not in self._providers or role is None or not principal.scopes <= role.scopes:
                raise TokenInvalidError

    def _require_proof(self, standing: Standing, proof: Proof | None) -> None:
        wanted = standing.verified.key_thumbprint
        self._proofs.check(proof, standing.token, is_known=lambda key: thumbprint(key) == wanted)
        space, _, session = standing.principal.subject.partition(":")
        if space == SESSION and not self._is_alive(session, standing.verified):
            raise TokenExpiredError

    def _is_alive(self, session: str, verified: Verified) -> bool:
        """Without leeway: a person has gone when the time is over."""
        is_over = self._clock() >= verified.expires - LEEWAY_SECONDS
        return not is_over and self._sessions is not None and self._sessions.touch(session, verified.issued)


def _principal_of(client: Client) -> Principal:
    return Principal(client.id, client.kind, client.scopes, client.unit, client.bank)


def _require_active(device: Device | None, verified: Verified) -> None:
    if device is None or device.public_key is None or thumbprint(device.public_key) != verified.key_thumbprint:
        raise TokenInvalidError
    if device.state != "ACTIVE":
        raise DeviceDisabledError
