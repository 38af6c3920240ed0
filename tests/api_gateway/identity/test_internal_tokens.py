"""What a service is told about who asks: for one principal and one service, minted once for many requests."""

from collections.abc import Callable

import pytest

from api_gateway.forwarding.route_table import Route, load_route_table
from api_gateway.identity.directory import Directory, Picture
from api_gateway.identity.domain import Client
from api_gateway.identity.internal_tokens import introduction
from api_gateway.identity.repository import load_roles
from api_gateway.identity.service import Identity, Standing
from kit.auth.principal import Principal
from kit.auth.tokens import TokenMinter, TokenVerifier
from kit.http.errors import TokenInvalidError
from onebox.keys import Keys
from tests.api_gateway.conftest import UPSTREAMS

STAFF = Principal("staff-ZZ01", "STAFF", frozenset({"targets.report.read", "eligibility.check.run"}), unit="ZZ01")
KEYS = Keys.generate()
TABLE = load_route_table(UPSTREAMS)


@pytest.fixture(scope="module")
def minter() -> TokenMinter:
    return TokenMinter(KEYS.internal_signing_key, token_type="int+jwt", lifetime_seconds=60)


@pytest.fixture
def standing(secret_hash: str) -> tuple[Identity, Callable[[Principal], Standing]]:
    """An identity, and how somebody comes to stand before it."""
    client = Client("staff-ZZ01", "", "STAFF", STAFF.scopes, {1: secret_hash}, unit="ZZ01")
    identity = Identity(
        Directory(Picture(0, {client.id: client})),
        load_roles(),
        access_jwk=KEYS.access_signing_key,
        internal_jwk=KEYS.internal_signing_key,
        sample_hash=secret_hash,
        base_url="http://127.0.0.1",
    )
    return identity, lambda who: identity.standing(f"Bearer {identity.token_for(who).access_token}")


def route(path: bytes) -> Route:
    found = TABLE.route_of(path)
    assert found is not None
    return found


def test_a_token_is_reused_for_30_seconds_of_its_60(standing: tuple[Identity, Callable[[Principal], Standing]]) -> None:
    identity, of = standing
    staff, plans = of(STAFF), route(b"/api/v1/targets/plans")
    first = identity.introduction(staff, plans, 0.0)
    assert identity.introduction(staff, plans, 29.9) == first
    assert identity.introduction(staff, plans, 30.1) != first


def test_each_principal_and_each_service_has_its_own(
    standing: tuple[Identity, Callable[[Principal], Standing]],
) -> None:
    identity, of = standing
    everybody = [of(STAFF), of(Principal("staff-ZZ01", "STAFF", frozenset(), unit="ZZ01"))]
    ways = [route(path) for path in (b"/api/v1/targets", b"/api/v1/loans")]
    said = {identity.introduction(who, way, 0.0) for who in everybody for way in ways}
    assert len(said) == 4


def test_a_service_takes_its_own_audience_only(minter: TokenMinter) -> None:
    token = introduction(minter, STAFF, "targets", {}).decode().removeprefix("authorization: Bearer ").strip()
    verifier = TokenVerifier(minter.jwks(), token_type="int+jwt", audience="targets")
    assert verifier.verify(token) == STAFF
    with pytest.raises(TokenInvalidError):
        TokenVerifier(minter.jwks(), token_type="int+jwt", audience="loans").verify(token)


def test_what_a_service_calls_onward_is_narrowed_to_what_the_route_says(minter: TokenMinter) -> None:
    said = introduction(minter, STAFF, "loans", {"eligibility": ("eligibility.check.run",)}).decode()
    lines = dict(line.split(": ", 1) for line in said.strip().split("\r\n"))
    onward = TokenVerifier(minter.jwks(), token_type="int+jwt", audience="eligibility").verify(
        lines["x-onward-eligibility"]
    )
    assert onward.subject == STAFF.subject
    assert onward.scopes == {"eligibility.check.run"}
    assert lines.keys() == {"authorization", "x-onward-eligibility"}
