"""What of an identifier may be shown. A mask never fails and keeps the length, whatever it is given."""

import re

# Two characters of the surname stay; anything not listed here shows one.
_COMPOUND_SURNAME = re.compile(
    "欧阳|太史|端木|上官|司马|东方|独孤|南宫|万俟|闻人|夏侯|诸葛|尉迟|公羊|赫连|澹台|皇甫|宗政|濮阳|公冶|太叔|申屠"
    "|公孙|慕容|仲孙|钟离|长孙|宇文|司徒|鲜于|司空|闾丘|亓官|司寇|巫马|公西|颛孙|壤驷|公良|漆雕|乐正|宰父|谷梁|拓跋"
    "|轩辕|令狐|段干|百里|呼延|东郭|南门|羊舌|梁丘|左丘|西门|第五|南荣|东里|即墨|达奚|褚师|纳兰|完颜|耶律|贺兰|淳于"
    "|单于|歐陽|司馬|東方|獨孤|南宮|聞人|諸葛|尉遲|赫連|澹臺|濮陽|公孫|仲孫|鍾離|長孫|鮮于|東郭|西門|軒轅"
)


def mask_id_own(number: str) -> str:
    """For the holder's own view: `410***********0011`; numbers shorter than 15 as everybody else sees them."""
    return _mask(number, head=3 if len(number) >= 15 else 0, tail=4)


def mask_id(number: str) -> str:
    """For everybody else, lists and exports: `**************0011`."""
    return _mask(number, head=0, tail=4)


def mask_mobile(number: str) -> str:
    """`138****8000`, from the stored form `+86138…` or from 11 digits."""
    return _mask(number.removeprefix("+86"), head=3, tail=4)


def mask_bank_card(number: str) -> str:
    """The last four digits."""
    return _mask(number, head=0, tail=4)


def mask_name(name: str) -> str:
    """The surname: 张*, 欧阳**; of a Latin name the first letter; of a single character nothing."""
    head = 2 if len(name) > 2 and _COMPOUND_SURNAME.match(name) else 1
    return "*" * len(name) if len(name) == 1 else name[:head] + "*" * (len(name) - head)


def _mask(text: str, head: int, tail: int) -> str:
    """Stars for all but `head` and `tail` characters; for all when fewer would be hidden than either end shows."""
    hidden = len(text) - head - tail
    if hidden < max(head, tail):
        return "*" * len(text)
    return text[:head] + "*" * hidden + text[len(text) - tail :]
