"""Who sees how much of an identifier."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.identifiers.masking import mask_bank_card, mask_id, mask_id_own, mask_mobile, mask_name


def test_the_holder_sees_the_first_three_and_last_four_of_the_number() -> None:
    assert mask_id_own("410199199001010011") == "410***********0011"


def test_everybody_else_sees_the_last_four() -> None:
    assert mask_id("410199199001010011") == "**************0011"
    assert mask_id("41019919900101002X") == "**************002X"


@pytest.mark.parametrize(
    ("number", "shown"),
    [("E12345678", "*****5678"), ("H12345678", "*****5678"), ("12345678", "****5678"), ("E1234", "*****")],
)
def test_short_numbers_show_no_more_than_they_hide(number: str, shown: str) -> None:
    assert mask_id(number) == mask_id_own(number) == shown


@pytest.mark.parametrize("stored", ["+8613800138000", "13800138000"])
def test_a_mobile_number_hides_its_middle(stored: str) -> None:
    assert mask_mobile(stored) == "138****8000"


def test_a_bank_card_shows_its_last_four() -> None:
    assert mask_bank_card("6212260000000000018") == "***************0018"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("张三", "张*"),
        ("张三丰", "张**"),
        ("欧阳娜娜", "欧阳**"),
        ("欧阳修", "欧阳*"),
        ("歐陽修", "歐陽*"),
        ("诸葛亮", "诸葛*"),
        ("欧阳", "欧*"),
        ("𠮷野", "𠮷*"),
        ("买买提·吐尔逊", "买******"),
        ("John Smith", "J*********"),
        ("张", "*"),
        ("", ""),
    ],
)
def test_a_name_shows_its_surname(name: str, shown: str) -> None:
    assert mask_name(name) == shown


@given(st.text())
def test_a_mask_never_fails_and_shows_at_most_seven_characters(text: str) -> None:
    for mask in (mask_id_own, mask_id, mask_mobile, mask_bank_card):
        masked = mask(text)
        body = text.removeprefix("+86") if mask is mask_mobile else text
        assert len(masked) == len(body)
        kept = [i for i, char in enumerate(body) if masked[i] == char != "*"]
        assert len(kept) <= 7
        assert not body or set(masked) >= {"*"}
    assert len(mask_name(text)) == len(text)
