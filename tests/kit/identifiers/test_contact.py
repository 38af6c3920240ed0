"""Mobile numbers in E.164; bank cards with their doubtful last digit."""

import pytest

from kit.identifiers.contact import parse_bank_card, parse_mobile
from kit.identifiers.errors import IdentifierError


@pytest.mark.parametrize(
    "text",
    ["13800138000", " 138 0013 8000 ", "138-0013-8000", "+8613800138000", "+86 138 0013 8000", "008613800138000"],
)
def test_every_way_to_write_a_mobile_number_gives_one(text: str) -> None:
    assert parse_mobile(text) == "+8613800138000"


@pytest.mark.parametrize("second", "3456789")
def test_no_carrier_is_preferred(second: str) -> None:
    assert parse_mobile(f"1{second}900000000") == f"+861{second}900000000"


@pytest.mark.parametrize(
    "text",
    [
        "", "1380013800", "138001380000", "12800138000", "23800138000", "8613800138000", "+8713800138000",
        "１3800138000", "1380013800٠", "13800138000\n", "037112345678", "+86+8613800138000", "1380013800O",
    ],
)  # fmt: skip
def test_anything_else_is_not_a_mobile_number(text: str) -> None:
    with pytest.raises(IdentifierError) as caught:
        parse_mobile(text)
    assert caught.value.code == "MOBILE_FORMAT"


@pytest.mark.parametrize("text", ["6212260000000000018", "6212 2600 0000 0000 018", "6212-2600-0000-0000-018"])
def test_a_card_whose_last_digit_fits_has_no_warning(text: str) -> None:
    card = parse_bank_card(text)
    assert (card.number, card.warnings) == ("6212260000000000018", ())


@pytest.mark.parametrize("last", "012345679")
def test_a_card_whose_last_digit_does_not_fit_is_accepted_with_a_warning(last: str) -> None:
    card = parse_bank_card(f"621226000000000001{last}")
    assert [warning.code for warning in card.warnings] == ["BANK_CARD_LUHN"]


@pytest.mark.parametrize(
    "text", ["", "1" * 11, "1" * 20, "621226000000000001X", "６212260000000000018", "6" * 12 + "\n"]
)
def test_anything_else_is_not_a_card(text: str) -> None:
    with pytest.raises(IdentifierError) as caught:
        parse_bank_card(text)
    assert caught.value.code == "BANK_CARD_FORMAT"


def test_cards_of_12_and_19_digits_are_accepted() -> None:
    assert [len(parse_bank_card("6" * n).number) for n in (12, 19)] == [12, 19]


def test_a_cards_repr_hides_its_number() -> None:
    assert "6212" not in repr(parse_bank_card("6212260000000000018"))
