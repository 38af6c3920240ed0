"""A gateway does not start with settings that cannot work."""

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from api_gateway.settings import Address
from tests.api_gateway.conftest import Gateways


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("http://targets:8000", "targets:8000"),
        ("http://127.0.0.1:18001/", "127.0.0.1:18001"),
        ("http://targets", "targets:80"),
        ("http://[::1]:8000", "[::1]:8000"),
    ],
)
def test_an_address_is_a_host_and_a_port(url: str, authority: str) -> None:
    assert Address.parse(url).authority == authority


@pytest.mark.parametrize(
    "url", ["", "targets:8000", "https://targets", "http://t/path", "http://u:p@t", "http://t?x=1", "http://t:x"]
)
def test_anything_else_is_no_address(url: str) -> None:
    with pytest.raises(ValueError, match=r"http://|[Pp]ort"):
        Address.parse(url)


@pytest.mark.parametrize(
    "change",
    [
        {"targets_url": "https://targets"},
        {"base_url": "somewhere"},
        {"access_signing_key": SecretStr("not json")},
        {"access_signing_key": SecretStr('{"kty": "OKP", "crv": "Ed25519", "x": "AA"}')},
        {"internal_signing_key": SecretStr('{"kty": "oct", "k": "AA"}')},
    ],
)
def test_a_wrong_setting_is_refused_without_being_shown(gateways: Gateways, change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        gateways.settings("http://a", "http://b", "http://c", **change)
    assert "input_value" not in str(refused.value)


def test_one_key_for_both_kinds_of_token_is_refused(gateways: Gateways) -> None:
    key = gateways.settings("http://a", "http://b", "http://c").access_signing_key
    with pytest.raises(ValidationError, match="two keys"):
        gateways.settings("http://a", "http://b", "http://c", internal_signing_key=key)
