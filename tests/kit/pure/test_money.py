"""Amounts are read exactly or refused; rounding is half-up, away from zero."""

from decimal import ROUND_HALF_UP, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.money import div_half_up, fen_from_yuan, fixed, yuan

LARGEST = 99_999_999_999_999_99


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("0", 0),
        ("0.01", 1),
        ("10000.00", 1_000_000),
        ("10000", 1_000_000),
        ("1.5", 150),
        ("-0.05", -5),
        ("-33333.33", -3_333_333),
        ("99999999999999.99", LARGEST),
        ("-0", 0),
    ],
)
def test_a_plain_decimal_is_read_to_the_fen(text: str, fen: int) -> None:
    assert fen_from_yuan(text) == fen


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "1e3", "1E3", "1,000", "１", "١", "NaN", "Infinity", "-Infinity", " 1", "1 ", "1\n", "1.234", "+1",
        "--1", "-", ".5", "5.", "01", "00", "1_000", "0x10", "1.0.0", "¥1", "100000000000000", "壹", "1\x00", "−1",
    ],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        fen_from_yuan(text)


def test_reading_does_not_depend_on_the_ambient_decimal_precision() -> None:
    with localcontext(prec=4):
        assert fen_from_yuan("99999999999999.99") == LARGEST


@pytest.mark.parametrize(
    ("fen", "text"),
    [(0, "0.00"), (5, "0.05"), (-5, "-0.05"), (100, "1.00"), (-12_345, "-123.45"), (10**17, f"{10**15}.00")],
)
def test_an_amount_is_written_with_two_places(fen: int, text: str) -> None:
    assert yuan(fen) == text


@given(st.integers(-LARGEST, LARGEST))
def test_what_is_written_is_read_back(fen: int) -> None:
    assert fen_from_yuan(yuan(fen)) == fen


@pytest.mark.parametrize(
    ("numerator", "denominator", "result"),
    [
        (1, 2, 1), (-1, 2, -1), (3, 2, 2), (-3, 2, -2), (1, 3, 0), (2, 3, 1), (-2, 3, -1), (5, 10, 1), (4, 10, 0),
        (0, 7, 0), (7, 7, 1), (10_033, 2, 5_017),
    ],
)  # fmt: skip
def test_halves_go_away_from_zero(numerator: int, denominator: int, result: int) -> None:
    assert div_half_up(numerator, denominator) == result


@pytest.mark.parametrize("denominator", [0, -1])
def test_a_denominator_must_be_positive(denominator: int) -> None:
    with pytest.raises(ValueError, match="denominator"):
        div_half_up(1, denominator)


@given(st.integers(-(10**18), 10**18), st.integers(1, 10**10))
def test_rounding_is_the_decimal_modules_half_up(numerator: int, denominator: int) -> None:
    with localcontext(prec=80):
        quotient = Decimal(numerator) / Decimal(denominator)
        assert div_half_up(numerator, denominator) == int(quotient.quantize(Decimal(1), ROUND_HALF_UP))


@given(st.integers(-(10**18), 10**18), st.integers(1, 10**10))
def test_rounding_is_symmetric_and_at_most_half_off(numerator: int, denominator: int) -> None:
    result = div_half_up(numerator, denominator)
    assert div_half_up(-numerator, denominator) == -result
    assert 2 * abs(result * denominator - numerator) <= denominator


@pytest.mark.parametrize(
    ("numerator", "denominator", "places", "text"),
    [
        (6_709_500, 130_000, 2, "51.61"),
        (2_580 * 100, 6_000, 2, "43.00"),
        (1, 8, 2, "0.13"),
        (-1, 8, 2, "-0.13"),
        (1, -8, 2, "-0.13"),
        (-1, -8, 2, "0.13"),
        (-1, 1000, 2, "0.00"),
        (199, 200, 2, "1.00"),
        (28_500, 6, 1, "4750.0"),
        (5_920, 12, 1, "493.3"),
        (435, 100, 4, "4.3500"),
        (5, 2, 0, "3"),
        (-5, 2, 0, "-3"),
    ],
)
def test_a_quotient_is_written_with_its_places(numerator: int, denominator: int, places: int, text: str) -> None:
    assert fixed(numerator, denominator, places) == text


def test_a_quotient_by_zero_is_an_error() -> None:
    with pytest.raises(ValueError, match="denominator"):
        fixed(1, 0)


@given(st.integers(-(10**15), 10**15), st.integers(1, 10**6), st.integers(0, 6))
def test_a_written_quotient_is_within_half_a_unit_of_the_last_place(
    numerator: int, denominator: int, places: int
) -> None:
    written = Decimal(fixed(numerator, denominator, places))
    assert written.as_tuple().exponent == -places
    assert 2 * abs(int(written.scaleb(places)) * denominator - numerator * 10**places) <= denominator
