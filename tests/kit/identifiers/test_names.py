"""Names that exist are accepted; characters that hide something are not."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.identifiers.errors import IdentifierError
from kit.identifiers.names import name_key, normalise_name


@pytest.mark.parametrize(
    "name",
    [
        "张三", "欧阳娜娜", "𠮷野", "王𫍽", "李\U000313f0", "王\U0002ebf0", "张〇", "佐々木", "⼭田",
        "买买提·吐尔逊", "阿卜杜拉·本·萨勒曼", "Li", "John Smith", "Jean-Luc Picard", "Conan O'Brien", "Conan O’Brien",
        "Martin L. King Jr.", "J.R.R. Tolkien", "José Núñez", "Nguyễn Văn Ân", "王Wei", "张" * 50,
    ],
)  # fmt: skip
def test_a_name_that_exists_is_kept_as_it_is(name: str) -> None:
    assert normalise_name(name) == name


@pytest.mark.parametrize("dot", "•・‧．·")
def test_every_dot_becomes_the_middle_dot(dot: str) -> None:
    assert normalise_name(f"买买提{dot}吐尔逊") == "买买提·吐尔逊"


def test_spaces_at_the_ends_go_and_accents_are_composed() -> None:
    assert normalise_name("  Jose\u0301 ") == "José"


@pytest.mark.parametrize("name", ["", " ", "张", "é", "e\u0301", "张" * 51])
def test_a_name_has_2_to_50_characters_once_composed(name: str) -> None:
    assert code_of(name) == "NAME_LENGTH"


@pytest.mark.parametrize(
    ("inserted", "code"),
    [
        ("\x00", "NAME_HIDDEN_CHARACTER"),
        ("\n", "NAME_HIDDEN_CHARACTER"),
        ("\t", "NAME_HIDDEN_CHARACTER"),
        ("\x7f", "NAME_HIDDEN_CHARACTER"),
        ("\u200b", "NAME_HIDDEN_CHARACTER"),
        ("\u200d", "NAME_HIDDEN_CHARACTER"),
        ("\u202e", "NAME_HIDDEN_CHARACTER"),
        ("\u2066", "NAME_HIDDEN_CHARACTER"),
        ("\u2028", "NAME_HIDDEN_CHARACTER"),
        ("\ufeff", "NAME_HIDDEN_CHARACTER"),
        ("\u00ad", "NAME_HIDDEN_CHARACTER"),
        ("\ud800", "NAME_BROKEN_CHARACTER"),
        ("\ue000", "NAME_PRIVATE_CHARACTER"),
        ("\U000f0000", "NAME_PRIVATE_CHARACTER"),
        (" ", "NAME_SPACE"),
        ("\u3000", "NAME_CHARACTER"),
        ("\u00a0", "NAME_CHARACTER"),
        ("\u3164", "NAME_CHARACTER"),
        ("\ufe0f", "NAME_CHARACTER"),
        ("\U000e0100", "NAME_CHARACTER"),
        ("\U0002ffff", "NAME_CHARACTER"),
        ("1", "NAME_CHARACTER"),
        ("①", "NAME_CHARACTER"),
        ("Ａ", "NAME_CHARACTER"),
        ("*", "NAME_CHARACTER"),
        ("<", "NAME_CHARACTER"),
        ("'", "NAME_CHARACTER"),
        (".", "NAME_CHARACTER"),
        ("·•", "NAME_CHARACTER"),
        ("，", "NAME_CHARACTER"),
        ("😀", "NAME_CHARACTER"),
        ("д", "NAME_CHARACTER"),
    ],
)
def test_a_character_that_no_name_has_is_refused_and_its_position_told(inserted: str, code: str) -> None:
    with pytest.raises(IdentifierError) as caught:
        normalise_name(f"张{inserted}三")
    assert caught.value.code == code
    assert "第2个字" in caught.value.message


@pytest.mark.parametrize(
    "name", ["·张三", "张三·", "John  Smith", "John -Smith", "'John", "John'", "-John", "张 三", "张 John"]
)
def test_signs_stand_only_between_the_letters_they_join(name: str) -> None:
    assert code_of(name) in {"NAME_CHARACTER", "NAME_SPACE"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("JOHN SMITH", "John Smith"),
        ("买买提•吐尔逊", "买买提·吐尔逊"),
        ("⼭田", "山田"),
        ("Jose\u0301", "josé"),
        ("Strauß", "STRAUSS"),
        (" 张三", "张三"),
    ],
)
def test_two_spellings_of_one_name_share_a_key(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


def test_the_key_is_for_comparison_and_print_keeps_the_original() -> None:
    assert normalise_name("⼭田") == "⼭田"
    assert name_key("⼭田") == "山田"


def test_different_names_have_different_keys() -> None:
    assert len({name_key(name) for name in ("张三", "张珊", "𠮷野", "吉野", "Li Na", "Lina")}) == 6


@given(st.text("张𠮷三aéZ·•．.'- \u200b\ue000①e\u0301", max_size=8) | st.text(max_size=60))
def test_what_is_accepted_is_in_normal_form_and_free_of_hidden_characters(text: str) -> None:
    name = normalise_or_none(text)
    if name is not None:
        assert normalise_or_none(name) == name
        assert not {unicodedata.category(char) for char in name} & {"Cc", "Cf", "Cs", "Co", "Mn", "Nd", "Zl", "Zp"}


@given(st.text())
def test_a_key_is_its_own_key(text: str) -> None:
    assert name_key(name_key(text)) == name_key(text)


def code_of(name: str) -> str:
    with pytest.raises(IdentifierError) as caught:
        normalise_name(name)
    return caught.value.code


def normalise_or_none(text: str) -> str | None:
    try:
        return normalise_name(text)
    except IdentifierError:
        return None
