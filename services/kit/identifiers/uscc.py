"""The unified social credit code of organisations, GB 32100-2015. It is public and never masked."""

import re
from dataclasses import dataclass

from kit.identifiers.errors import IdentifierError, IdentifierWarning

# No I O S V Z. A letter's value is its index here, not its distance from A in ASCII.
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_VALUES = {char: value for value, char in enumerate(_ALPHABET)}
_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


@dataclass(frozen=True, slots=True)
class Uscc:
    """A checked code.

    Attributes:
        number: 18 characters, upper case.
        warnings: USCC_ORGANISATION_CODE when characters 9 to 17 break GB 11714; real codes exist that do.
    """

    number: str
    warnings: tuple[IdentifierWarning, ...] = ()

    @property
    def organisation_code(self) -> str:
        """Nine characters, GB 11714, the last one its own check character."""
        return self.number[8:17]


def check_character(body: str) -> str:
    """The 18th character for the first 17 (GB 32100-2015)."""
    total = sum(_VALUES[char] * weight for char, weight in zip(body, _WEIGHTS, strict=True))
    return _ALPHABET[-total % 31]


def organisation_check_character(body: str) -> str:
    """The ninth character of an organisation code for the first eight (GB 11714); here every letter counts, A is 10."""
    total = sum(int(char, 36) * weight for char, weight in zip(body, _ORGANISATION_WEIGHTS, strict=True))
    return "0X987654321"[total % 11]


def parse_uscc(text: str) -> Uscc:
    """Checks length, alphabet, the six area digits and the check character.

    ASCII spaces at the ends and lower-case letters are accepted.

    Raises:
        IdentifierError: USCC_LENGTH, USCC_CHARACTER, USCC_AREA or USCC_CHECK_CHARACTER.
    """
    number = re.sub("[a-z]", lambda match: match[0].upper(), text.strip(" "))
    if len(number) != 18:
        raise IdentifierError("USCC_LENGTH", f"统一社会信用代码应为18位，现在是{len(number)}位，请您核对后重新输入")
    for position, char in enumerate(number, 1):
        if char not in _VALUES:
            raise IdentifierError(
                "USCC_CHARACTER", f"统一社会信用代码第{position}位有误，请您用半角数字或字母（不含I、O、S、V、Z）"
            )
        if 3 <= position <= 8 and char not in "0123456789":
            raise IdentifierError("USCC_AREA", f"统一社会信用代码第{position}位应为数字，请您核对后重新输入")
    if check_character(number[:17]) != number[17]:
        raise IdentifierError("USCC_CHECK_CHARACTER", "统一社会信用代码第18位不正确，请您逐位核对后重新输入")
    return Uscc(number, _organisation_warnings(number[8:17]))


def _organisation_warnings(code: str) -> tuple[IdentifierWarning, ...]:
    if organisation_check_character(code[:8]) == code[8]:
        return ()
    return (
        IdentifierWarning("USCC_ORGANISATION_CODE", "统一社会信用代码第9至17位与组织机构代码规则不符，请您再核对一次"),
    )
