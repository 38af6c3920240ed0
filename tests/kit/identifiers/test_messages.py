"""Messages are read by citizens at a kiosk: short, Chinese, polite, and without the number they entered."""

import pickle
import re
from collections.abc import Callable
from datetime import date

import pytest

from kit.identifiers.citizen_id import parse_citizen_id, upgrade_15
from kit.identifiers.contact import parse_bank_card, parse_mobile
from kit.identifiers.documents import IdType, normalise
from kit.identifiers.errors import IdentifierError
from kit.identifiers.names import normalise_name
from kit.identifiers.uscc import check_character, parse_uscc

TODAY = date(2026, 7, 1)


def citizen(text: str) -> object:
    return parse_citizen_id(text, TODAY)


def minor(text: str) -> None:
    parse_citizen_id(text, TODAY).require_age(16, TODAY)


def resident(text: str) -> object:
    return normalise(IdType.RESIDENT_ID, text, TODAY)


def passport(text: str) -> object:
    return normalise(IdType.PASSPORT, text, TODAY)


def hmt_pass(text: str) -> object:
    return normalise(IdType.HMT_PASS, text, TODAY)


FAULTS: list[tuple[str, Callable[[str], object], str]] = [
    ("ID_FIFTEEN_DIGITS", citizen, "410199900101001"),
    ("ID_FIFTEEN_FORMAT", upgrade_15, "4101999001010011"),
    ("ID_LENGTH", citizen, "41019919900101001"),
    ("ID_CHARACTER", citizen, "41019919900101001Y"),
    ("ID_AREA", citizen, "160199199001010011"),
    ("ID_AREA", citizen, "916840190101010011"),
    ("ID_BIRTH_DATE", citizen, "410199199013010019"),
    ("ID_BIRTH_TOO_EARLY", citizen, "410199189912310011"),
    ("ID_BIRTH_IN_FUTURE", citizen, "410199209912310011"),
    ("ID_CHECK_CHARACTER", citizen, "410199199001010012"),
    ("ID_HOLDER_TOO_YOUNG", minor, "410199201106010018"),
    ("ID_TYPE_MISMATCH", resident, "94184019010101001X"),
    ("PASSPORT_FORMAT", passport, "E1234567890123456"),
    ("HMT_PASS_FORMAT", hmt_pass, "K12345678"),
    ("USCC_LENGTH", parse_uscc, "91350100M000100Y433"),
    ("USCC_CHARACTER", parse_uscc, "91350100M000100Y4Z"),
    ("USCC_AREA", parse_uscc, "9135A100M000100Y43"),
    ("USCC_CHECK_CHARACTER", parse_uscc, "91350100M000100Y44"),
    ("MOBILE_FORMAT", parse_mobile, "1280013800"),
    ("BANK_CARD_FORMAT", parse_bank_card, "62122600001"),
    ("NAME_LENGTH", normalise_name, "张" * 51),
    ("NAME_HIDDEN_CHARACTER", normalise_name, "欧阳娜\u202e娜"),
    ("NAME_BROKEN_CHARACTER", normalise_name, "欧阳娜\ud800娜"),
    ("NAME_PRIVATE_CHARACTER", normalise_name, "欧阳娜\ue000娜"),
    ("NAME_SPACE", normalise_name, "欧阳 娜娜"),
    ("NAME_CHARACTER", normalise_name, "欧阳娜8娜"),
]


@pytest.mark.parametrize(("code", "check", "text"), FAULTS)
def test_a_message_is_short_polite_and_does_not_repeat_the_input(
    code: str, check: Callable[[str], object], text: str
) -> None:
    with pytest.raises(IdentifierError) as caught:
        check(text)
    error = caught.value
    assert error.code == code
    assert_readable(error.message)
    assert str(error) == error.message
    assert not any(text[i : i + 4] in f"{error!r}" for i in range(len(text) - 3))
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None


def test_a_warning_reads_like_an_error() -> None:
    body = "91410100MA0000008"
    for warning in parse_uscc(body + check_character(body)).warnings + parse_bank_card("6" * 16).warnings:
        assert_readable(warning.message)


def test_an_error_survives_the_way_to_another_process() -> None:
    error = IdentifierError("ID_LENGTH", "请您核对")
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.code, copy.message) == (error.code, error.message)


def assert_readable(message: str) -> None:
    assert len(message) <= 40
    assert "请您" in message
    assert re.fullmatch(r"[\u4e00-\u9fff0-9A-Z，“”·、（）]+", message)
