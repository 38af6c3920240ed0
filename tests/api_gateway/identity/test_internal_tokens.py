"""Internal tokens: for one principal and one service, minted once for many requests."""

import pytest

from api_gateway.identity.internal_tokens import InternalTokens
from kit.auth.principal import Principal
from kit.auth.tokens import TokenMinter, TokenVerifier
from kit.http.errors import TokenInvalidError
from onebox.keys import Keys

STAFF = Principal("staff-ZZ01", "STAFF", frozenset({"targets.report.write"}), unit="ZZ01")


@pytest.fixture(scope="module")
def minter() -> TokenMinter:
    return TokenMinter(Keys.generate().internal_signing_key, token_type="int+jwt", lifetime_seconds=60)


def test_a_token_is_reused_for_30_seconds_of_its_60(minter: TokenMinter) -> None:
    now = 0.0
    tokens = InternalTokens(minter, clock=lambda: now)
    first = tokens.token(STAFF, "targets")
    now = 29.9
    assert tokens.token(STAFF, "targets") == first
    now = 30.1
    assert tokens.token(STAFF, "targets") != first


def test_each_principal_and_each_service_has_its_own(minter: TokenMinter) -> None:
    tokens = InternalTokens(minter)
    narrower = Principal("staff-ZZ01", "STAFF", frozenset(), unit="ZZ01")
    elsewhere = Principal("staff-ZZ01", "STAFF", STAFF.scopes, unit="ZZ02")
    minted = {tokens.token(p, a) for p in (STAFF, narrower, elsewhere) for a in ("targets", "loans")}
    assert len(minted) == 6


def test_a_service_takes_its_own_audience_only(minter: TokenMinter) -> None:
    token = InternalTokens(minter).token(STAFF, "targets")
    verifier = TokenVerifier(minter.jwks(), token_type="int+jwt", audience="targets")
    assert verifier.verify(token) == STAFF
    with pytest.raises(TokenInvalidError):
        TokenVerifier(minter.jwks(), token_type="int+jwt", audience="loans").verify(token)
