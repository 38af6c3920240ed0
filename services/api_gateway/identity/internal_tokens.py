"""The tokens that tell a service who asks: short-lived, for one service each, minted once for many requests."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from kit.auth.principal import Principal
from kit.auth.tokens import TokenMinter
from kit.http.onward import header_of

LIFETIME_SECONDS = 60
REUSED_SECONDS = 30  # a signature costs 0.14 ms


def introduction(minter: TokenMinter, principal: Principal, service: str, onward: Mapping[str, Iterable[str]]) -> bytes:
    """The headers by which a service learns who asks, as they go over the wire.

    Args:
        minter: of `int+jwt` tokens.
        service: that gets the request.
        onward: services that it calls for the principal, each with the scopes that it needs there.
    """
    lines = [f"authorization: Bearer {minter.mint(principal, service)}\r\n"]
    for other, scopes in onward.items():
        narrowed = replace(principal, scopes=principal.scopes.intersection(scopes))
        lines.append(f"{header_of(other)}: {minter.mint(narrowed, other)}\r\n")
    return "".join(lines).encode("ascii")
