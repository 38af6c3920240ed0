"""One normal form for each kind of document; type and number must fit."""

from datetime import date

import pytest

from kit.identifiers.documents import IdType, normalise
from kit.identifiers.errors import IdentifierError

TODAY = date(2026, 7, 1)


@pytest.mark.parametrize(
    ("id_type", "number", "normal"),
    [
        (IdType.RESIDENT_ID, " 41019919900101002x ", "41019919900101002X"),
        (IdType.HMT_RESIDENCE, "810000190101010015", "810000190101010015"),
        (IdType.HMT_RESIDENCE, "820000190106150027", "820000190106150027"),
        (IdType.HMT_RESIDENCE, "830000190102280037", "830000190102280037"),
        (IdType.FOREIGN_PR, "94184019010101001x", "94184019010101001X"),
        (IdType.PASSPORT, " e12345678 ", "E12345678"),
        (IdType.PASSPORT, "12345", "12345"),
        (IdType.HMT_PASS, "h12345678", "H12345678"),
        (IdType.HMT_PASS, "M12345678", "M12345678"),
        (IdType.HMT_PASS, "12345678", "12345678"),
    ],
)
def test_a_number_takes_its_normal_form_once(id_type: IdType, number: str, normal: str) -> None:
    assert normalise(id_type, number, TODAY) == normal
    assert normalise(id_type, normal, TODAY) == normal


@pytest.mark.parametrize(
    ("id_type", "number", "right"),
    [
        (IdType.RESIDENT_ID, "810000190101010015", "港澳台居民居住证"),
        (IdType.RESIDENT_ID, "94184019010101001X", "外国人永久居留身份证"),
        (IdType.HMT_RESIDENCE, "410199199001010011", "居民身份证"),
        (IdType.FOREIGN_PR, "410199199001010011", "居民身份证"),
    ],
)
def test_one_person_cannot_appear_under_two_types(id_type: IdType, number: str, right: str) -> None:
    with pytest.raises(IdentifierError) as caught:
        normalise(id_type, number, TODAY)
    assert caught.value.code == "ID_TYPE_MISMATCH"
    assert f"“{right}”" in caught.value.message


@pytest.mark.parametrize(
    ("id_type", "number", "code"),
    [
        (IdType.RESIDENT_ID, "410199199001010012", "ID_CHECK_CHARACTER"),
        (IdType.RESIDENT_ID, "410199900101001", "ID_FIFTEEN_DIGITS"),
        (IdType.HMT_RESIDENCE, "810000190101010016", "ID_CHECK_CHARACTER"),
        (IdType.PASSPORT, "", "PASSPORT_FORMAT"),
        (IdType.PASSPORT, "E123", "PASSPORT_FORMAT"),
        (IdType.PASSPORT, "ABCDEF", "PASSPORT_FORMAT"),
        (IdType.PASSPORT, "E1234567890123456", "PASSPORT_FORMAT"),
        (IdType.PASSPORT, "E1234 5678", "PASSPORT_FORMAT"),
        (IdType.PASSPORT, "Ｅ12345678", "PASSPORT_FORMAT"),
        (IdType.PASSPORT, "E12345678\n", "PASSPORT_FORMAT"),
        (IdType.HMT_PASS, "K12345678", "HMT_PASS_FORMAT"),
        (IdType.HMT_PASS, "H1234567", "HMT_PASS_FORMAT"),
        (IdType.HMT_PASS, "H1234567801", "HMT_PASS_FORMAT"),
        (IdType.HMT_PASS, "1234567８", "HMT_PASS_FORMAT"),
    ],
)
def test_a_number_of_the_wrong_form_is_refused_with_its_reason(id_type: IdType, number: str, code: str) -> None:
    with pytest.raises(IdentifierError) as caught:
        normalise(id_type, number, TODAY)
    assert caught.value.code == code


def test_every_type_has_a_chinese_name() -> None:
    assert len({id_type.label for id_type in IdType}) == len(IdType)
