"""Names of people: what may be stored, and when two names are the same."""

import re
import unicodedata

from kit.identifiers.errors import IdentifierError

MIN_LENGTH, MAX_LENGTH = 2, 50

_DOTS = str.maketrans(dict.fromkeys("•・‧．", "·"))
# Ranges, not the interpreter's character table, which lags behind the newest Han extensions: 々 and 〇, radicals,
# extension A, the main block, compatibility forms, planes 2 and 3.
_HAN = "\u3005\u3007\u2e80-\u2fd5\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002fffd\U00030000-\U0003fffd"
_LATIN = "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff"
# Every alternative takes one character, so that the match ends right before the first one that is out of place.
_NAME = re.compile(
    rf"""(?: [{_HAN}{_LATIN}]
      | (?<=[{_HAN}{_LATIN}]) · (?=[{_HAN}{_LATIN}])
      | (?<=[{_LATIN}]) ['’-] (?=[{_LATIN}])
      | (?<=[{_LATIN}]) \.
      | (?<=[{_LATIN}.]) [ ] (?=[{_LATIN}])
    )*""",
    re.VERBOSE,
)


def normalise_name(text: str) -> str:
    """The name as it is stored and printed: NFC, the dots • ・ ‧ ． written ·, ASCII spaces at the ends dropped.

    Han characters of all planes, Latin letters and · between letters; in Latin names also . ' - and single spaces.
    NFKC is not applied here, because it replaces characters (⼭ by 山); it serves `name_key` alone.

    Raises:
        IdentifierError: NAME_LENGTH, NAME_HIDDEN_CHARACTER (control, bidirectional, zero-width),
            NAME_BROKEN_CHARACTER (surrogate), NAME_PRIVATE_CHARACTER, NAME_SPACE or NAME_CHARACTER.
    """
    name = unicodedata.normalize("NFC", text.strip(" ").translate(_DOTS))
    if not MIN_LENGTH <= len(name) <= MAX_LENGTH:
        raise IdentifierError("NAME_LENGTH", f"姓名应为{MIN_LENGTH}至{MAX_LENGTH}个字，请您核对后重新输入")
    match = _NAME.match(name)
    end = match.end() if match else 0
    if end < len(name):
        raise _misplaced(name[end], end + 1)
    return name


def name_key(name: str) -> str:
    """What two spellings of one name have in common (NFKC, case folded); for comparison only, never printed."""
    folded = unicodedata.normalize("NFKC", name.translate(_DOTS)).casefold()
    return unicodedata.normalize("NFKC", folded).translate(_DOTS).strip(" ")


def _misplaced(char: str, position: int) -> IdentifierError:
    category = unicodedata.category(char)
    if category == "Cs":
        return IdentifierError("NAME_BROKEN_CHARACTER", f"姓名第{position}个字不完整，请您重新输入这个字")
    if category == "Co":
        return IdentifierError("NAME_PRIVATE_CHARACTER", f"姓名第{position}个字是自造字，请您改用标准字或到窗口办理")
    if category in {"Cc", "Cf", "Zl", "Zp"}:
        return IdentifierError("NAME_HIDDEN_CHARACTER", f"姓名第{position}个字是看不见的字符，请您删除后重新输入")
    if char == " ":
        return IdentifierError("NAME_SPACE", f"姓名第{position}个字是多余的空格，请您删除后重新输入")
    return IdentifierError("NAME_CHARACTER", f"姓名第{position}个字有误，请您使用汉字、字母或间隔号“·”")
