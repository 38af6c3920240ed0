"""Signatures, delays and addresses, without a network."""

from datetime import UTC, datetime

import pytest

from kit.webhooks.addresses import AddressRefusedError, parse_networks, resolve
from kit.webhooks.domain import DELAYS, body_of, delay_after, new_secret, sign

VECTOR_SECRET = "whsec_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB"
VECTOR_BODY = '{"type":"application.approved","data":{"id":"app_1"}}'


def test_the_signature_is_that_of_the_standard() -> None:
    signature = sign([VECTOR_SECRET], "msg_1", 1_700_000_000, VECTOR_BODY)
    assert signature == "v1,ersfsSOtrC/JT88t989itZcm6rMGunwJs6N1wzEodUs="


def test_a_rotated_secret_signs_beside_the_old_one() -> None:
    other = new_secret()
    both = sign([other, VECTOR_SECRET], "msg_1", 1_700_000_000, VECTOR_BODY).split(" ")
    assert len(both) == 2
    assert both[1] == sign([VECTOR_SECRET], "msg_1", 1_700_000_000, VECTOR_BODY)
    assert both[0] == sign([other], "msg_1", 1_700_000_000, VECTOR_BODY) != both[1]


def test_ten_attempts_in_three_days() -> None:
    assert [delay_after(made) for made in range(1, 11)] == [*DELAYS, None]
    assert sum(DELAYS) == 75 * 3600 + 35 * 60 + 5


def test_the_body_holds_type_time_and_ids() -> None:
    body = body_of("loan.disbursed", datetime(2025, 6, 1, 2, tzinfo=UTC), {"loan_id": "x"})
    assert body == '{"type": "loan.disbursed", "timestamp": "2025-06-01T02:00:00Z", "data": {"loan_id": "x"}}'


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://127.0.0.1/x", "ADDRESS_NOT_PUBLIC"),
        ("https://2130706433/x", "ADDRESS_NOT_PUBLIC"),
        ("https://0x7f.1/x", "ADDRESS_NOT_PUBLIC"),
        ("https://[::ffff:127.0.0.1]/x", "ADDRESS_NOT_PUBLIC"),
        ("https://[::1]/x", "ADDRESS_NOT_PUBLIC"),
        ("https://[fd00::1]/x", "ADDRESS_NOT_PUBLIC"),
        ("https://10.0.0.1/x", "ADDRESS_NOT_PUBLIC"),
        ("https://192.168.1.1/x", "ADDRESS_NOT_PUBLIC"),
        ("https://100.64.0.1/x", "ADDRESS_NOT_PUBLIC"),
        ("https://169.254.169.254/latest/meta-data", "ADDRESS_NOT_PUBLIC"),
        ("https://0.0.0.0/x", "ADDRESS_NOT_PUBLIC"),
        ("https://224.0.0.1/x", "ADDRESS_NOT_PUBLIC"),
        ("https://localhost/x", "ADDRESS_NOT_PUBLIC"),
        ("http://8.8.8.8/x", "NOT_HTTPS"),
        ("https://8.8.8.8:8443/x", "NOT_HTTPS"),
        ("https://user:secret@8.8.8.8/x", "URL_INVALID"),
        ("https://8.8.8.8:99999/x", "URL_INVALID"),
        ("ftp://8.8.8.8/x", "URL_INVALID"),
        ("https:///x", "URL_INVALID"),
        ("https://8.8.8.8/x#y", "URL_INVALID"),
        ("https://no-such-name.invalid/x", "NAME_UNKNOWN"),
    ],
)
async def test_addresses_that_are_not_called(url: str, code: str) -> None:
    with pytest.raises(AddressRefusedError) as refused:
        await resolve(url, [])
    assert refused.value.code == code


async def test_a_public_address_is_called_at_the_ip_that_was_checked() -> None:
    target = await resolve("https://8.8.8.8/hooks?a=1", [])
    assert (target.url, target.host, target.name) == ("https://8.8.8.8:443/hooks?a=1", "8.8.8.8", "8.8.8.8")


async def test_networks_that_an_operator_allows_may_be_called_in_their_own_way() -> None:
    inside = parse_networks("127.0.0.0/8, ::1/128")
    target = await resolve("http://localhost:8080/x", inside)
    assert target.url.startswith(("http://127.0.0.1:8080/", "http://[::1]:8080/"))
    assert (target.host, target.name) == ("localhost:8080", "localhost")
    with pytest.raises(AddressRefusedError):
        await resolve("http://10.0.0.1/x", inside)
