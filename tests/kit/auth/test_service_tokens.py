"""A service speaks for itself with its own key, and for nobody else with any."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from kit.auth.principal import Principal
from kit.auth.service_tokens import SERVICE_TOKEN, ServiceAwareVerifier, service_minter, service_token
from kit.auth.tokens import INTERNAL, TokenMinter, TokenVerifier
from kit.http.errors import TokenExpiredError, TokenInvalidError
from onebox.keys import Keys

KEYS = Keys.generate()
ALLOWED = {"loans": frozenset({"targets.service_event.write"})}


def verifier(audience: str = "targets") -> ServiceAwareVerifier:
    gateway = TokenVerifier(KEYS.internal_keys, token_type=INTERNAL, audience=audience)
    return ServiceAwareVerifier(gateway, json.dumps(KEYS.service_keys), ALLOWED, audience)


def minter(service: str, **changes: Any) -> TokenMinter:
    return service_minter(json.dumps(KEYS.service_signing_keys[service] | changes))


def test_a_service_has_the_scopes_that_the_called_one_gives_it() -> None:
    said = verifier().verify(service_token(minter("loans"), "loans", "targets"))
    assert said == Principal("loans", "SERVICE", frozenset({"targets.service_event.write"}))


def test_the_gateways_tokens_are_verified_as_before() -> None:
    gateway = TokenMinter(KEYS.internal_signing_key, token_type=INTERNAL, lifetime_seconds=60)
    somebody = Principal("staff", "STAFF", frozenset({"targets.plan.read"}), unit="ZZ07")
    assert verifier().verify(gateway.mint(somebody, "targets")) == somebody
    with pytest.raises(TokenInvalidError):
        verifier().verify("no token")


@pytest.mark.parametrize(
    "made",  # when it is tried: a token lasts a minute
    [
        lambda: service_token(minter("eligibility"), "eligibility", "targets"),  # may not call
        lambda: service_token(minter("eligibility", kid="loans"), "loans", "targets"),  # another's name, its own key
        lambda: service_token(minter("loans"), "city", "targets"),  # its own key, another's name
        lambda: service_token(minter("loans"), "loans", "eligibility"),  # for another service
        lambda: TokenMinter(KEYS.internal_signing_key, token_type=SERVICE_TOKEN, lifetime_seconds=60).mint(
            Principal("loans", "SERVICE", frozenset()), "targets"
        ),  # the gateway is no service
        lambda: TokenMinter(KEYS.service_signing_keys["loans"], token_type=INTERNAL, lifetime_seconds=60).mint(
            Principal("city", "CITY", frozenset({"targets.plan.issue"})), "targets"
        ),  # a service is not the gateway
    ],
)
def test_no_key_speaks_for_anybody_else(made: Callable[[], str]) -> None:
    with pytest.raises(TokenInvalidError):
        verifier().verify(made())


def test_a_service_token_ends_after_a_minute() -> None:
    token = minter("loans").mint(Principal("loans", "SERVICE", frozenset()), "targets", now=time.time() - 70)
    with pytest.raises(TokenExpiredError):
        verifier().verify(token)
