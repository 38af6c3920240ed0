"""The catalogue of indicators, and how their values are read and shown."""

import pytest

from targets_svc.indicators.domain import Direction, IndicatorKind, register_codes
from targets_svc.indicators.repository import load_indicators

INDICATORS = load_indicators()


def test_the_ten_columns_of_the_annex_come_first_then_the_city_rates_and_the_loan_target() -> None:
    assert list(INDICATORS) == [
        *("I01", "I01a", "I01b", "I02", "I03", "I03a", "I04", "I05", "I06", "I07"),
        *("R01", "R02", "R03", "P01"),
    ]
    assert [c for c, i in INDICATORS.items() if not i.decomposed] == ["R01", "R02", "R03", "P01"]


def test_limits_and_subsets_are_those_of_the_notice() -> None:
    assert {c: i.parent for c, i in INDICATORS.items() if i.parent} == {"I01a": "I01", "I01b": "I01", "I03a": "I03"}
    assert [(INDICATORS[c].direction, INDICATORS[c].kind) for c in ("R01", "R02", "R03")] == [
        (Direction.LE, IndicatorKind.RATE),
        (Direction.EQ, IndicatorKind.STOCK),
        (Direction.GE, IndicatorKind.RATE),
    ]


def test_the_register_counts_planned_flows_and_natural_attrition() -> None:
    """A flow of the city that is not split counts, too, once it is settled; rates and stocks do not."""
    assert register_codes(INDICATORS, frozenset({"I01", "I03", "R01", "R02"})) == {"I01", "I01N", "I03"}
    assert register_codes(INDICATORS, frozenset({"P01"})) == {"P01"}


@pytest.mark.parametrize(("raw", "value"), [(0, 0), (130000, 130000), (-15, -15)])
def test_a_count_is_a_whole_number(raw: int, value: int) -> None:
    assert INDICATORS["I01"].read(raw) == value
    assert INDICATORS["I01"].shown(value) == raw


@pytest.mark.parametrize(("raw", "value", "shown"), [("4", 400, "4.00"), ("3.9", 390, "3.90"), ("0.05", 5, "0.05")])
def test_a_rate_is_a_decimal_string_in_percent(raw: str, value: int, shown: str) -> None:
    assert INDICATORS["R01"].read(raw) == value
    assert INDICATORS["R01"].shown(value) == shown


@pytest.mark.parametrize("raw", ["7000", 7000.0, True, 100_000_001, None])
def test_a_count_of_another_type_or_size_is_refused(raw: object) -> None:
    with pytest.raises(ValueError, match="not a whole number"):
        INDICATORS["I01"].read(raw)


@pytest.mark.parametrize("raw", [4, "4.005", "-1.00", "4,00", "１.00", "1e2", "04.00", "NaN", "", "4.00\n"])
def test_a_rate_in_another_form_is_refused(raw: object) -> None:
    with pytest.raises(ValueError, match="not a decimal string"):
        INDICATORS["R01"].read(raw)
