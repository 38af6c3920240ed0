"""GB 32100-2015: the vectors of the identifiers page and what a typing error can do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc as oracle

from kit.identifiers.errors import IdentifierError
from kit.identifiers.uscc import check_character, organisation_check_character, parse_uscc

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
VALID = [
    "91350100M000100Y43",
    "91110000600037341L",
    "91410100MA0000007G",
    "92410105MA0000015G",
    "93410122MA00000A9N",
    "12410100000000019R",
    "52410100MJ00000186",
    "91410171MA00000K09",
]
REFUSED = {
    "91350100M000100Y4Z": "USCC_CHARACTER",
    "91350100M000100Y44": "USCC_CHECK_CHARACTER",
    "91350100M000100Y4": "USCC_LENGTH",
    "91350100M000100Y433": "USCC_LENGTH",
    "91350100M000100Y4３": "USCC_CHARACTER",
    "9135O100M000100Y43": "USCC_CHARACTER",
    "9135A100M000100Y43": "USCC_AREA",
    "91350100M0001-0Y43": "USCC_CHARACTER",
    "91350100M0001ſ0Y43": "USCC_CHARACTER",
    "": "USCC_LENGTH",
}

characters = st.sampled_from(ALPHABET)
bodies = st.builds(
    lambda head, area, tail: head + area + tail,
    st.text(characters, min_size=2, max_size=2),
    st.text("0123456789", min_size=6, max_size=6),
    st.text(characters, min_size=9, max_size=9),
)


def is_accepted(text: str) -> bool:
    try:
        parse_uscc(text)
    except IdentifierError:
        return False
    return True


@pytest.mark.parametrize("number", VALID)
def test_a_valid_code_is_accepted_without_warning(number: str) -> None:
    code = parse_uscc(number)
    assert (code.number, code.warnings, code.organisation_code) == (number, (), number[8:17])
    assert oracle.is_valid(number)


@pytest.mark.parametrize(("number", "code"), REFUSED.items())
def test_a_wrong_code_is_refused_with_its_reason(number: str, code: str) -> None:
    with pytest.raises(IdentifierError) as caught:
        parse_uscc(number)
    assert caught.value.code == code


@pytest.mark.parametrize("position", range(3, 9))
def test_every_character_of_the_area_must_be_a_digit(position: int) -> None:
    with pytest.raises(IdentifierError) as caught:
        parse_uscc(f"{'91350100M000100Y43'[: position - 1]}A{'91350100M000100Y43'[position:]}")
    assert (caught.value.code, f"第{position}位" in caught.value.message) == ("USCC_AREA", True)


@pytest.mark.parametrize("letter", "IOSVZ")
def test_the_five_letters_outside_the_alphabet_are_refused(letter: str) -> None:
    with pytest.raises(IdentifierError) as caught:
        parse_uscc(f"91350100M00010{letter}Y43")
    assert (caught.value.code, "第15位" in caught.value.message) == ("USCC_CHARACTER", True)


def test_lower_case_and_spaces_at_the_ends_are_accepted() -> None:
    assert parse_uscc(" 91350100m000100y43 ").number == "91350100M000100Y43"


def test_a_failing_organisation_code_is_a_warning() -> None:
    body = "91410100MA0000008"
    code = parse_uscc(body + check_character(body))
    assert [warning.code for warning in code.warnings] == ["USCC_ORGANISATION_CODE"]


@pytest.mark.parametrize(
    ("body", "check"), [("60003734", "1"), ("M000100Y", "4"), ("MA000001", "5"), ("00000001", "9")]
)
def test_the_check_character_of_an_organisation_code(body: str, check: str) -> None:
    assert organisation_check_character(body) == check


@pytest.mark.parametrize(("body", "check"), [("00000000", "0"), ("00000006", "X")])
def test_an_organisation_code_may_end_in_0_or_x(body: str, check: str) -> None:
    assert organisation_check_character(body) == check


@given(bodies)
def test_the_check_character_is_that_of_an_independent_implementation(body: str) -> None:
    assert check_character(body) == oracle.calc_check_digit(body)


@given(bodies)
def test_every_single_error_and_adjacent_swap_is_detected(body: str) -> None:
    number = body + check_character(body)
    assert parse_uscc(number).number == number
    wrong = {number[:i] + c + number[i + 1 :] for i in range(18) for c in ALPHABET}
    wrong |= {number[:i] + number[i + 1] + number[i] + number[i + 2 :] for i in range(17)}
    for typed in wrong - {number}:
        assert check_character(typed[:17]) != typed[17]


@given(st.builds("{:02d}{}{}".format, st.integers(0, 99), bodies.map(lambda body: body[2:]), characters))
def test_what_is_accepted_is_what_an_independent_implementation_accepts(text: str) -> None:
    assert is_accepted(text) == oracle.is_valid(text)


def test_the_authority_may_be_a_letter() -> None:
    body = "N1410100MF0000000"
    assert parse_uscc(body + check_character(body)).number.startswith("N1")
