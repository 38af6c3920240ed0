"""How to reach and pay a person: mobile number, bank card."""

import re
from dataclasses import dataclass, field

from kit.identifiers.errors import IdentifierError, IdentifierWarning

# Carriers and number portability change; only the national form is stable.
_MOBILE = re.compile(r"(?:\+86|0086)?(1[3-9][0-9]{9})")
_CARD = re.compile(r"[0-9]{12,19}")
_GROUPING = str.maketrans("", "", " -")


@dataclass(frozen=True, slots=True)
class BankCard:
    """A card number of 12 to 19 digits; its repr hides it.

    Attributes:
        warnings: BANK_CARD_LUHN when the last digit does not fit; some old debit cards are so.
    """

    number: str = field(repr=False)
    warnings: tuple[IdentifierWarning, ...] = ()


def parse_mobile(text: str) -> str:
    """The E.164 form `+8613…` of a mainland mobile number; spaces, hyphens and a leading +86 or 0086 are accepted.

    Raises:
        IdentifierError: MOBILE_FORMAT.
    """
    match = _MOBILE.fullmatch(text.translate(_GROUPING))
    if not match:
        raise IdentifierError("MOBILE_FORMAT", "手机号码应为1开头的11位数字，请您核对后重新输入")
    return f"+86{match[1]}"


def parse_bank_card(text: str) -> BankCard:
    """Checks that it is 12 to 19 digits; spaces and hyphens between groups are dropped.

    Raises:
        IdentifierError: BANK_CARD_FORMAT.
    """
    number = text.translate(_GROUPING)
    if not _CARD.fullmatch(number):
        raise IdentifierError("BANK_CARD_FORMAT", "银行卡号应为12至19位数字，请您核对后重新输入")
    if _luhn_holds(number):
        return BankCard(number)
    return BankCard(number, (IdentifierWarning("BANK_CARD_LUHN", "银行卡号最后一位可能有误，请您再核对一次"),))


def _luhn_holds(number: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    total = sum(map(int, number[-1::-2])) + sum(sum(divmod(2 * int(digit), 10)) for digit in number[-2::-2])
    return total % 10 == 0
