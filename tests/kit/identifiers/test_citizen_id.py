"""GB 11643-1999: the vectors of the identifiers page, its refusals, and what a typing error can do."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric

from kit.identifiers.citizen_id import age_on, check_character, parse_citizen_id, upgrade_15
from kit.identifiers.errors import IdentifierError
from kit.identifiers.full_width import fold_full_width

TODAY = date(2026, 7, 1)
PROVINCES = "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83"

VALID = {
    "410199199001010011": (date(1990, 1, 1), True),
    "410199199512310024": (date(1995, 12, 31), False),
    "41019919900101002X": (date(1990, 1, 1), False),
    "410199200002290014": (date(2000, 2, 29), True),
    "410199192601010013": (date(1926, 1, 1), True),
    "810000190101010015": (date(1901, 1, 1), True),
    "820000190106150027": (date(1901, 6, 15), False),
    "830000190102280037": (date(1901, 2, 28), True),
    "94184019010101001X": (date(1901, 1, 1), True),
    "11010519491231002X": (date(1949, 12, 31), False),
}
ONE_PER_CHECK_CHARACTER = [
    f"41019919900307{tail}"
    for tail in ("0050", "0181", "0042", "0093", "0034", "0085", "0026", "0077", "0018", "0069", "019X")
]
REFUSED = {
    "410199190002290018": "ID_BIRTH_DATE",
    "410199199013010019": "ID_BIRTH_DATE",
    "410199209912310011": "ID_BIRTH_IN_FUTURE",
    "410199199001010012": "ID_CHECK_CHARACTER",
    "41019919900101001": "ID_LENGTH",
    "4101991990010100111": "ID_LENGTH",
    "": "ID_LENGTH",
    "41019919900101001１": "ID_CHARACTER",
    "４10199199001010011": "ID_CHARACTER",
    "41019919900101٠011": "ID_CHARACTER",
    "4101X9199001010011": "ID_CHARACTER",
    "41019919900101001Y": "ID_CHARACTER",
    "410199199001010011\n": "ID_LENGTH",
    "\u3000410199199001010011": "ID_LENGTH",
    "410199 199001010011": "ID_LENGTH",
    "410199900101001": "ID_FIFTEEN_DIGITS",
    "160199199001010011": "ID_AREA",
    "916840190101010011": "ID_AREA",
}


def code_of(text: str, today: date = TODAY) -> str:
    with pytest.raises(IdentifierError) as caught:
        parse_citizen_id(text, today)
    return caught.value.code


def parse_or_refuse(text: str) -> str:
    try:
        return parse_citizen_id(text, TODAY).number
    except IdentifierError as error:
        return error.code


def with_check(body: str) -> str:
    return body + check_character(body)


@st.composite
def numbers(draw: st.DrawFn) -> str:
    province = draw(st.sampled_from(PROVINCES.split()))
    birth = draw(st.dates(date(1900, 1, 1), TODAY))
    rest, sequence = draw(st.integers(0, 9999)), draw(st.integers(0, 999))
    return with_check(f"{province}{rest:04d}{birth:%Y%m%d}{sequence:03d}")


@pytest.mark.parametrize("number", VALID)
def test_a_valid_number_gives_birth_date_and_sex(number: str) -> None:
    citizen = parse_citizen_id(number, TODAY)
    assert (citizen.number, (citizen.birth_date, citizen.is_male)) == (number, VALID[number])


@pytest.mark.parametrize("last_of_sequence", range(10))
def test_an_odd_sequence_is_male_and_an_even_one_female(last_of_sequence: int) -> None:
    citizen = parse_citizen_id(with_check(f"410199199001012{last_of_sequence:02d}"), TODAY)
    assert citizen.is_male == (last_of_sequence % 2 == 1)


@pytest.mark.parametrize("number", ONE_PER_CHECK_CHARACTER)
def test_every_check_character_is_accepted_where_it_belongs(number: str) -> None:
    assert parse_citizen_id(number, TODAY).number == number


def test_the_vectors_cover_every_check_character() -> None:
    assert sorted(number[17] for number in ONE_PER_CHECK_CHARACTER) == sorted("0123456789X")


@pytest.mark.parametrize(("number", "code"), REFUSED.items())
def test_a_number_that_nobody_can_have_is_refused_with_its_reason(number: str, code: str) -> None:
    assert code_of(number) == code


def test_a_birth_before_1900_is_refused() -> None:
    assert code_of(with_check("41019918991231001")) == "ID_BIRTH_TOO_EARLY"
    assert parse_citizen_id(with_check("41019919000101001"), TODAY).birth_date == date(1900, 1, 1)


def test_nobody_is_born_after_today() -> None:
    newborn = with_check("41019920260701001")
    assert parse_citizen_id(newborn, date(2026, 7, 1)).birth_date == date(2026, 7, 1)
    assert code_of(newborn, date(2026, 6, 30)) == "ID_BIRTH_IN_FUTURE"


@pytest.mark.parametrize("province", PROVINCES.split())
def test_every_province_is_known_and_abolished_counties_stay_valid(province: str) -> None:
    assert parse_citizen_id(with_check(f"{province}999919900101001"), TODAY).is_male


def test_exactly_the_listed_provinces_are_accepted() -> None:
    others = {f"{n:02d}" for n in range(90)} - set(PROVINCES.split())
    assert {code_of(with_check(f"{province}019919900101001")) for province in others} == {"ID_AREA"}


def test_ascii_spaces_at_the_ends_and_a_lower_case_x_are_accepted() -> None:
    assert parse_citizen_id("  41019919900101002x ", TODAY).number == "41019919900101002X"


def test_full_width_input_is_read_only_after_folding_it_on_purpose() -> None:
    scanned = "４１０１９９１９９００１０１００２Ｘ\u3000"
    assert code_of(scanned) == "ID_LENGTH"
    assert parse_citizen_id(fold_full_width(scanned), TODAY).number == "41019919900101002X"


def test_folding_leaves_other_compatibility_characters_alone() -> None:
    assert fold_full_width("①¹⼭张·ｘ") == "①¹⼭张·x"


def test_a_15_digit_number_is_upgraded_only_on_purpose() -> None:
    assert upgrade_15(" 410199900101001 ") == "410199199001010011"
    for text in ("41019990010100", "410199900101001X", "41019990010100１"):
        with pytest.raises(IdentifierError) as caught:
            upgrade_15(text)
        assert caught.value.code == "ID_FIFTEEN_FORMAT"


@pytest.mark.parametrize(
    ("birth", "on", "age"),
    [
        (date(2011, 6, 1), date(2026, 7, 1), 15),
        (date(1926, 1, 1), date(2026, 1, 1), 100),
        (date(1990, 1, 1), date(2025, 12, 31), 35),
        (date(2000, 2, 29), date(2016, 2, 28), 15),
        (date(2000, 2, 29), date(2016, 2, 29), 16),
        (date(2000, 2, 29), date(2017, 2, 28), 17),
        (date(2026, 7, 1), date(2026, 7, 1), 0),
    ],
)
def test_age_counts_completed_years(birth: date, on: date, age: int) -> None:
    assert age_on(birth, on) == age


def test_a_minimum_age_is_completed_on_the_birthday() -> None:
    minor = parse_citizen_id("410199201106010018", TODAY)
    with pytest.raises(IdentifierError) as caught:
        minor.require_age(16, date(2027, 5, 31))
    assert caught.value.code == "ID_HOLDER_TOO_YOUNG"
    minor.require_age(16, date(2027, 6, 1))


def test_its_repr_shows_no_number_and_no_birth_date() -> None:
    assert repr(parse_citizen_id("410199199001010011", TODAY)) == "CitizenId(is_male=True)"


@given(st.text("0123456789", min_size=17, max_size=17))
def test_the_check_character_is_that_of_an_independent_implementation_and_of_the_recurrence(body: str) -> None:
    remainder = 0
    for digit in body:
        remainder = (remainder + int(digit)) * 2 % 11
    assert check_character(body) == ric.calc_check_digit(f"{body}?") == "0123456789X"[(12 - remainder) % 11]


@given(numbers())
def test_every_valid_number_is_accepted_and_every_single_error_and_adjacent_swap_detected(number: str) -> None:
    assert parse_citizen_id(number, TODAY).number == number
    wrong = {number[:i] + c + number[i + 1 :] for i in range(17) for c in "0123456789"}
    wrong |= {number[:17] + c for c in "0123456789X"}
    wrong |= {number[:i] + number[i + 1] + number[i] + number[i + 2 :] for i in range(17)}
    for typed in wrong - {number}:
        assert not typed[:17].isdecimal() or check_character(typed[:17]) != typed[17]
        with pytest.raises(IdentifierError):
            parse_citizen_id(typed, TODAY)


@given(st.text() | st.text("0123456789Xx \u3000１", min_size=14, max_size=20))
def test_any_text_gives_a_number_in_normal_form_or_a_stated_reason(text: str) -> None:
    answer = parse_or_refuse(text)
    assert answer.startswith("ID_") or parse_or_refuse(answer) == answer


@given(numbers())
def test_the_normal_form_is_its_own_normal_form(number: str) -> None:
    assert parse_or_refuse(f" {number.lower()} ") == number
