"""From text cells to typed facts, whole columns at once. A cell that cannot be read condemns its row."""

import polars as pl

from eligibility_svc.facts.domain import Fact, FactType
from eligibility_svc.facts.reading import FIRST_YEAR, LAST_YEAR, MAX_COUNT
from eligibility_svc.language.polars_columns import AMOUNTS_SUFFIX, MONTHS_SUFFIX, column_type
from eligibility_svc.screenings.domain import MAX_CELL

_TRUE = ("true", "是", "1", "y", "yes")
_FALSE = ("false", "否", "0", "n", "no")
_MESSAGES = {
    FactType.BOOL: "应填是或否（true/false、1/0亦可）",
    FactType.COUNT: "应填不小于0且不超过十亿的整数",
    FactType.MONEY: "金额应为单位元的小数，最多两位，不为负",
    FactType.DATE: f"日期应为YYYY-MM-DD，在{FIRST_YEAR}年至{LAST_YEAR - 1}年之间",
    FactType.MONTH_AMOUNTS: "应为“2018-06:5000.00;2018-07:4800.00”这样的每月金额",
}


def message(fact: Fact) -> str:
    """What to write into a cell of this fact."""
    if fact.choices:
        shown = "、".join(f"{code}（{label}）" for code, label in fact.choices.items())
        return f"请从以下选项中填一个：{shown}"
    return _MESSAGES[fact.type]


def typed(fact: Fact, heading: str) -> list[pl.Expr]:
    """The columns of a fact from a column of text; null where the cell is empty or cannot be read."""
    cell = text(heading)
    if fact.type is FactType.MONTH_AMOUNTS:
        return _month_amounts(fact, cell)
    return [_value(fact, cell).alias(fact.name)]


def text(heading: str) -> pl.Expr:
    """A cell without the spaces around it; empty is null."""
    cell = pl.col(heading).str.strip_chars()
    return pl.when(cell != "").then(cell)


def is_wrong(fact: Fact, heading: str) -> pl.Expr:
    """Whether a cell has something in it that could not be read."""
    name = fact.name + MONTHS_SUFFIX if fact.type is FactType.MONTH_AMOUNTS else fact.name
    return text(heading).is_not_null() & pl.col(name).is_null()


def _value(fact: Fact, cell: pl.Expr) -> pl.Expr:
    short = pl.when(cell.str.len_chars() <= MAX_CELL).then(cell)
    match fact.type:
        case FactType.BOOL:
            lower = short.str.to_lowercase()
            return pl.when(lower.is_in(_TRUE)).then(True).when(lower.is_in(_FALSE)).then(False)
        case FactType.COUNT:
            number = pl.when(short.str.contains(r"^[0-9]{1,10}$")).then(short).cast(pl.Int64, strict=False)
            return pl.when(number <= MAX_COUNT).then(number)
        case FactType.MONEY:
            return _fen(short)
        case FactType.DATE:
            plain = pl.when(short.str.contains(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")).then(short)
            day = plain.str.to_date("%Y-%m-%d", strict=False)
            return pl.when(day.dt.year().is_between(FIRST_YEAR, LAST_YEAR - 1)).then(day)
        case _:
            codes = {label: code for code, label in fact.choices.items()} | {code: code for code in fact.choices}
            return short.replace_strict(codes, default=None, return_dtype=column_type(fact.value_type))


def _fen(cell: pl.Expr) -> pl.Expr:
    parts = cell.str.extract_groups(r"^(?P<yuan>0|[1-9][0-9]{0,13})(?:\.(?P<cents>[0-9]{1,2}))?$")
    yuan = parts.struct.field("yuan").cast(pl.Int64, strict=False)
    cents = parts.struct.field("cents").fill_null("").str.pad_end(2, "0").cast(pl.Int64, strict=False)
    return yuan * 100 + cents


def _month_amounts(fact: Fact, cell: pl.Expr) -> list[pl.Expr]:
    entry = r"(19|20|21)[0-9]{2}-(0[1-9]|1[0-2]):(0|[1-9][0-9]{0,13})(\.[0-9]{1,2})?"
    short = pl.when(cell.str.len_chars() <= MAX_CELL * 4).then(cell)
    entries = pl.when(short.str.contains(rf"^{entry}(;{entry})*$")).then(short).str.split(";")
    names = entries.list.eval(pl.element().str.head(7))
    once = pl.when(names.list.n_unique() == names.list.len())
    month = pl.element().str.head(4).cast(pl.Int64) * 12 + pl.element().str.slice(5, 2).cast(pl.Int64)
    return [
        once.then(names.list.eval(month)).alias(fact.name + MONTHS_SUFFIX),
        once.then(entries.list.eval(_fen(pl.element().str.slice(8)))).alias(fact.name + AMOUNTS_SUFFIX),
    ]
