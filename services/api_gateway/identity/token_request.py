"""Reads a token request: RFC 6749 §4.4.2; a client proves itself in the form, by HTTP Basic (§2.3.1) or a signature."""

import base64
import binascii
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote_plus

from api_gateway.identity.client_assertion import ASSERTION_TYPE
from api_gateway.identity.errors import (
    ClientUnknownError,
    GrantTypeError,
    ScopeNotGrantedError,
    SecretInAddressError,
    TokenRequestError,
)

_MOST_FIELDS = 20
_SCOPE = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+")  # RFC 6749 §3.3
_CREDENTIALS = {"client_id", "client_secret", "client_assertion", "client_assertion_type"}
ASSERTION_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """Attributes:
    scopes: those asked for; None asks for all that the client has.
    """

    client_id: str
    client_secret: str = field(repr=False)
    scopes: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """RFC 7523 §2.2.

    Attributes:
        client_assertion: by which the client proves itself.
        client_id: as the form says it, if it does.
        scopes: those asked for; None asks for all that the client has.
    """

    client_assertion: str = field(repr=False)
    client_id: str | None
    scopes: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class AssertionRequest:
    """RFC 7523 §2.1.

    Attributes:
        assertion: a token of an outside issuer.
        scopes: those asked for; None asks for all of the role.
    """

    assertion: str = field(repr=False)
    scopes: frozenset[str] | None


def read_token_request(
    form: bytes, authorization: str | None, query: str
) -> TokenRequest | SignedRequest | AssertionRequest:
    """Checks a request as far as that is possible without knowing the client.

    Args:
        form: the body, `application/x-www-form-urlencoded`.
        authorization: the header, when there is one.
        query: of the address; credentials do not belong there.

    Raises:
        TokenRequestError, GrantTypeError, ScopeNotGrantedError, ClientUnknownError: as RFC 6749 §5.2 has them.
    """
    if _CREDENTIALS & {name for name, _ in parse_qsl(query, keep_blank_values=True, errors="replace")}:
        raise SecretInAddressError
    fields = _fields(form)
    if fields.get("grant_type") == ASSERTION_GRANT:
        if "assertion" not in fields or authorization is not None or _CREDENTIALS & set(fields):
            raise TokenRequestError
        return AssertionRequest(fields["assertion"], _scopes(fields.get("scope")))
    is_signed = bool({"client_assertion", "client_assertion_type"} & set(fields))
    client_id, client_secret = ("", "") if is_signed else _credentials(fields, authorization)
    if "grant_type" not in fields:
        raise TokenRequestError
    if fields["grant_type"] != "client_credentials":
        raise GrantTypeError
    if is_signed:
        return _signed(fields, authorization)
    return TokenRequest(client_id, client_secret, _scopes(fields.get("scope")))


def _fields(form: bytes) -> dict[str, str]:
    """Once each; a field without a value counts as absent (RFC 6749 §3.2)."""
    try:
        pairs = parse_qsl(
            form.decode("utf-8"),
            keep_blank_values=True,
            strict_parsing=bool(form),
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError:  # also what is not UTF-8
        raise TokenRequestError from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise TokenRequestError
    return {name: value for name, value in fields.items() if value}


def _signed(fields: dict[str, str], authorization: str | None) -> SignedRequest:
    is_alone = authorization is None and "client_secret" not in fields
    if not is_alone or "client_assertion" not in fields or fields.get("client_assertion_type") != ASSERTION_TYPE:
        raise TokenRequestError
    return SignedRequest(fields["client_assertion"], fields.get("client_id"), _scopes(fields.get("scope")))


def _credentials(fields: dict[str, str], authorization: str | None) -> tuple[str, str]:
    if authorization is None:
        if "client_id" not in fields or "client_secret" not in fields:
            raise ClientUnknownError
        return fields["client_id"], fields["client_secret"]
    client_id, client_secret = _basic(authorization)
    if "client_secret" in fields or fields.get("client_id", client_id) != client_id:
        raise TokenRequestError
    return client_id, client_secret


def _basic(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        raise ClientUnknownError from None
    client_id, colon, client_secret = text.partition(":")
    if scheme.lower() != "basic" or not colon or not client_id or not client_secret:
        raise ClientUnknownError
    try:
        return unquote_plus(client_id, errors="strict"), unquote_plus(client_secret, errors="strict")
    except UnicodeDecodeError:
        raise ClientUnknownError from None


def _scopes(scope: str | None) -> frozenset[str] | None:
    if scope is None:
        return None
    asked = scope.split(" ")
    if not all(_SCOPE.fullmatch(one) for one in asked):
        raise ScopeNotGrantedError
    return frozenset(asked)
