"""The documents by which a person is known, and one normal form for the number of each."""

import re
from datetime import date
from enum import StrEnum

from kit.identifiers.citizen_id import parse_citizen_id
from kit.identifiers.errors import IdentifierError


class IdType(StrEnum):
    """What kind of document the number stands on."""

    RESIDENT_ID = "RESIDENT_ID"
    HMT_RESIDENCE = "HMT_RESIDENCE"
    FOREIGN_PR = "FOREIGN_PR"
    PASSPORT = "PASSPORT"
    HMT_PASS = "HMT_PASS"  # noqa: S105 a travel document

    @property
    def label(self) -> str:
        """Its Chinese name."""
        return _LABELS[self]


_LABELS = {
    IdType.RESIDENT_ID: "居民身份证",
    IdType.HMT_RESIDENCE: "港澳台居民居住证",
    IdType.FOREIGN_PR: "外国人永久居留身份证",
    IdType.PASSPORT: "护照",
    IdType.HMT_PASS: "港澳台居民来往大陆（内地）通行证",
}
# Letters and digits of any issuing state, at least one digit.
_PASSPORT = re.compile(r"(?=[A-Z]*[0-9])[A-Z0-9]{5,15}")
# Hong Kong and Macau: H or M and 8 digits, kept for life; Taiwan: 8 digits.
_HMT_PASS = re.compile(r"[HM]?[0-9]{8}")


def normalise(id_type: IdType, number: str, today: date) -> str:
    """The one form in which a number of this type is stored, compared and hashed.

    Type and number must fit each other: one person under two types would count as two.

    Args:
        id_type: what the person says the document is.
        number: as entered; ASCII spaces at the ends and lower case are accepted.
        today: the legal day.

    Raises:
        IdentifierError: those of `parse_citizen_id`, ID_TYPE_MISMATCH, PASSPORT_FORMAT or HMT_PASS_FORMAT.
    """
    if id_type is IdType.PASSPORT:
        return _fitting(_PASSPORT, number, "PASSPORT_FORMAT", "护照号码应为5至15位半角字母和数字，请您核对后重新输入")
    if id_type is IdType.HMT_PASS:
        return _fitting(
            _HMT_PASS, number, "HMT_PASS_FORMAT", "通行证号码应为8位数字，港澳的前面加H或M，请您核对后重新输入"
        )
    normal = parse_citizen_id(number, today).number
    actual = _type_of(normal)
    if actual is not id_type:
        raise IdentifierError("ID_TYPE_MISMATCH", f"证件类型与号码不符，请您选择“{actual.label}”或核对号码")
    return normal


def _type_of(number: str) -> IdType:
    if number[0] == "9":
        return IdType.FOREIGN_PR
    return IdType.HMT_RESIDENCE if number[:2] in {"81", "82", "83"} else IdType.RESIDENT_ID


def _fitting(pattern: re.Pattern[str], number: str, code: str, message: str) -> str:
    normal = re.sub("[a-z]", lambda match: match[0].upper(), number.strip(" "))
    if not pattern.fullmatch(normal):
        raise IdentifierError(code, message)
    return normal
