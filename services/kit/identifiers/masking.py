"""What of an identifier may be shown. A mask never fails and keeps the length, whatever it is given."""

# Two characters of the surname stay; anything not listed here shows one.
_COMPOUND = (
    "欧阳太史端木上官司马东方独孤南宫万俟闻人夏侯诸葛尉迟公羊赫连澹台皇甫宗政濮阳公冶太叔申屠"
    "公孙慕容仲孙钟离长孙宇文司徒鲜于司空闾丘亓官司寇巫马公西颛孙壤驷公良漆雕乐正宰父谷梁拓跋"
    "轩辕令狐段干百里呼延东郭南门羊舌梁丘左丘西门第五南荣东里即墨达奚褚师纳兰完颜耶律贺兰淳于"
    "单于歐陽司馬東方獨孤南宮聞人諸葛尉遲赫連澹臺濮陽公孫仲孫鍾離長孫鮮于東郭西門軒轅"
)
COMPOUND_SURNAMES = tuple(_COMPOUND[at : at + 2] for at in range(0, len(_COMPOUND), 2))
"""Of two characters."""


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
    head = 2 if len(name) > 2 and name[:2] in COMPOUND_SURNAMES else 1
    return "*" * len(name) if len(name) == 1 else name[:head] + "*" * (len(name) - head)


def _mask(text: str, head: int, tail: int) -> str:
    """Stars for all but `head` and `tail` characters; for all when fewer would be hidden than either end shows."""
    hidden = len(text) - head - tail
    if hidden < max(head, tail):
        return "*" * len(text)
    return text[:head] + "*" * hidden + text[len(text) - tail :]
