"""The 18-digit citizen number, GB 11643-1999.

Residence permits of Hong Kong, Macau and Taiwan residents (81, 82, 83) and the permanent-resident card of
foreigners (leading 9) have the same length, birth date and check character.
"""

import re
from dataclasses import dataclass, field
from datetime import date
from operator import mul

from kit.dates import complete_months
from kit.identifiers.errors import IdentifierError

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
_NUMBER = re.compile(r"[0-9]{17}[0-9X]")
# Provinces only: an abolished county code stays valid for life, so the rest of the area is not looked up.
_PROVINCES = frozenset(
    str(code)
    for first, last in ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71), (81, 83))
    for code in range(first, last + 1)
)
_EARLIEST = date(1900, 1, 1)


@dataclass(frozen=True, slots=True)
class CitizenId:
    """A checked number. Its repr shows neither the number nor the birth date.

    Attributes:
        number: 18 characters, the check character X in upper case. Its area is where the number was first
            registered, not where the holder lives.
    """

    number: str = field(repr=False)
    birth_date: date = field(repr=False)
    is_male: bool

    def require_age(self, years: int, on: date) -> None:
        """Refuses a holder who has not completed `years` on the legal day `on`.

        Raises:
            IdentifierError: ID_HOLDER_TOO_YOUNG.
        """
        if age_on(self.birth_date, on) < years:
            raise IdentifierError("ID_HOLDER_TOO_YOUNG", f"身份证号码的出生日期显示未满{years}周岁，请您核对")


def age_on(birth_date: date, on: date) -> int:
    """Completed years on the legal day `on`; who was born on 29 February does so on 28 February in other years."""
    return complete_months(birth_date, on) // 12


def check_character(body: str) -> str:
    """The 18th character for 17 digits (GB 11643-1999, MOD 11-2 of ISO 7064)."""
    return _CHECK[sum(map(mul, map(int, body), _WEIGHTS)) % 11]


def parse_citizen_id(text: str, today: date) -> CitizenId:
    """Checks form, province, birth date and check character.

    ASCII spaces at the ends and a lower-case x are accepted; full-width digits and 15-digit numbers are not, see
    `fold_full_width` and `upgrade_15`.

    Args:
        text: as entered.
        today: the legal day; nobody is born after it.

    Raises:
        IdentifierError: ID_FIFTEEN_DIGITS, ID_LENGTH, ID_CHARACTER, ID_AREA, ID_BIRTH_DATE, ID_BIRTH_TOO_EARLY,
            ID_BIRTH_IN_FUTURE or ID_CHECK_CHARACTER.
    """
    number = text.strip(" ").replace("x", "X")
    if not _NUMBER.fullmatch(number):
        raise _malformed(number)
    _check_area(number)
    birth_date = _birth_date(number, today)
    if check_character(number[:17]) != number[17]:
        raise IdentifierError("ID_CHECK_CHARACTER", "身份证号码第18位不正确，请您逐位核对后重新输入")
    return CitizenId(number, birth_date, is_male=number[16] in "13579")


def upgrade_15(text: str) -> str:
    """The 18-digit form of an old 15-digit number: 19 before the birth year, check character at the end.

    The result still has to be parsed: it may name a day that does not exist.

    Raises:
        IdentifierError: ID_FIFTEEN_FORMAT, not 15 ASCII digits.
    """
    old = text.strip(" ")
    if not re.fullmatch(r"[0-9]{15}", old):
        raise IdentifierError("ID_FIFTEEN_FORMAT", "旧身份证号码应为15位数字，请您核对后重新输入")
    body = f"{old[:6]}19{old[6:]}"
    return body + check_character(body)


def _malformed(number: str) -> IdentifierError:
    if re.fullmatch(r"[0-9]{15}", number):
        return IdentifierError("ID_FIFTEEN_DIGITS", "15位的旧身份证号码已停用，请您输入18位的新号码")
    if len(number) != 18:
        return IdentifierError("ID_LENGTH", f"身份证号码应为18位，现在是{len(number)}位，请您核对后重新输入")
    position = next(i for i, c in enumerate(number, 1) if c not in "0123456789" and not (c == "X" and i == 18))
    allowed = "半角数字或字母X" if position == 18 else "半角数字"
    return IdentifierError("ID_CHARACTER", f"身份证号码第{position}位应为{allowed}，请您核对后重新输入")


def _check_area(number: str) -> None:
    """Foreign cards carry the province of issue after their leading 9."""
    is_foreign = number[0] == "9"
    if (number[1:3] if is_foreign else number[:2]) not in _PROVINCES:
        place = "第2至3位" if is_foreign else "第1至2位"
        raise IdentifierError("ID_AREA", f"身份证号码{place}不是省级地区代码，请您核对后重新输入")


def _birth_date(number: str, today: date) -> date:
    try:
        birth_date = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        # The cause would put parts of the number into a traceback.
        raise IdentifierError("ID_BIRTH_DATE", "身份证号码第7至14位不是真实的日期，请您核对后重新输入") from None
    if birth_date < _EARLIEST:
        raise IdentifierError("ID_BIRTH_TOO_EARLY", "身份证号码第7至14位早于1900年，请您核对后重新输入")
    if birth_date > today:
        raise IdentifierError("ID_BIRTH_IN_FUTURE", "身份证号码第7至14位晚于今天，请您核对后重新输入")
    return birth_date
