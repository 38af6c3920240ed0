"""What columns get wrong by themselves: overflow, nulls in least and in CASE, `in` and `!=` on nulls, cut fractions."""

from datetime import date
from fractions import Fraction
from itertools import product
from typing import Any

import duckdb
import polars as pl
import pytest

from eligibility_svc.language.binding import bind
from eligibility_svc.language.closures import compile_rule
from eligibility_svc.language.columns import ColumnError, Columns
from eligibility_svc.language.nodes import BOOL, COUNT, DATE, MONEY, NUMBER, Kind, Type
from eligibility_svc.language.parsing import Scope, parse
from eligibility_svc.language.polars_columns import PolarsTarget, column_type, mask_type
from eligibility_svc.language.sql_columns import SqlTarget

AS_OF = date(2018, 9, 1)
COLOUR = Type(Kind.CHOICE, ("RED", "GREEN", "BLUE"))
FACTS = {"p": BOOL, "q": BOOL, "n": COUNT, "k": COUNT, "paid": MONEY, "day": DATE, "until": DATE, "colour": COLOUR}
PARAMETERS = {"amount": MONEY, "share": NUMBER, "months": COUNT, "open": MONEY}
VALUES: dict[str, Any] = {"amount": 3000, "share": Fraction(1, 3), "months": 3}
BILLION, MOST = 1_000_000_000, 10**16 - 1
KNOWN: dict[str, tuple[Any, ...]] = {
    "p": (True, False),
    "q": (True, False),
    "n": (0, 1, 7, 200, BILLION),
    "k": (0, 3, 187, BILLION),
    "paid": (0, 1, 100, MOST),
    "day": (date(2016, 2, 29), date(2018, 5, 31), date(2018, 6, 1), date(2018, 6, 2)),
    "until": (date(2018, 2, 28), date(2018, 8, 30), date(2018, 8, 31), date(2018, 9, 30)),
    "colour": COLOUR.choices,
}
TRUTHS = [
    "p or not p",
    "p and q",
    "p or q",
    "not (p and q)",
    "colour != RED",
    "colour in (RED, GREEN)",
    "colour not in (RED, GREEN)",
    "n >= 5",
    "n >= $share * k",
    "$share * n * k == $share * k * n",
    "n * k > 5",
    "187 * 200 * n > 28136",
    "min(n, k) > 2",
    "max(n, k) < 200",
    "(n if p else k) == 1",
    "p if q else p",
    "months_after(day, $months) <= as_of",
    "as_of <= years_after(day, 2)",
    "in_year_of(as_of, day)",
    "complete_months(day, as_of) >= 3",
    "complete_months(day, until) >= 3",
    "day <= until",
    "n - k >= 0",
    "round_up($share * n) >= 67",
    "pro_rata(paid, n, k) > $amount",
    "$open > paid",
    "day == max(day, until)",
]
AMOUNTS = [
    "$amount * n",
    "$amount * n * 0",
    "$open * n",
    "paid * $share",
    "pro_rata(paid, min(n, 12), k)",
    "$amount if p else $open",
    "paid if n > 5 else $amount",
    "min($amount, paid)",
    "max($amount * n, paid)",
    "min(pro_rata($amount, n, k), paid * $share)",
    "$amount + n * $amount",
]


def rows_of(names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Every combination of the values of the facts, unknown among them."""
    choices = [(None, *KNOWN[name]) for name in names]
    return [dict(zip(names, values, strict=True)) for values in product(*choices)]


def by_polars(expression: pl.Expr, rows: list[dict[str, Any]]) -> list[Any]:
    schema = {name: column_type(FACTS[name]) for name in rows[0]} | {"row": pl.Int64()}
    frame = pl.DataFrame([row | {"row": index} for index, row in enumerate(rows)], schema=schema)
    return frame.select(pl.col("row"), value=expression).get_column("value").to_list()


def by_sql(expression: str, rows: list[dict[str, Any]]) -> list[Any]:
    kinds = {Kind.BOOL: "boolean", Kind.DATE: "date", Kind.CHOICE: "text"}
    names = list(rows[0]) or ["nothing"]
    with duckdb.connect() as connection:
        connection.execute("SET integer_division = true")
        columns = ", ".join(f"{name} {kinds.get(FACTS[name].kind, 'bigint')}" for name in names)
        connection.execute(f"CREATE TABLE register (row_no bigint, {columns})")
        marks = ", ".join("?" for _ in range(len(names) + 1))
        connection.executemany(
            f"INSERT INTO register VALUES ({marks})", [(index, *row.values()) for index, row in enumerate(rows)]
        )
        found = connection.execute(f"SELECT {expression} FROM register ORDER BY row_no").fetchall()
    return [value for (value,) in found]


def expected(source: str, rows: list[dict[str, Any]]) -> list[Any]:
    rule = compile_rule(source, parse(source, Scope(FACTS, {}, PARAMETERS)))
    values = [rule.run(row, VALUES, AS_OF) for row in rows]
    return [value if value is None or value is True or value is False else int(value) for value in values]


@pytest.mark.parametrize("source", [*TRUTHS, *AMOUNTS])
def test_columns_agree_with_the_single_check_on_every_combination(source: str) -> None:
    node = parse(source, Scope(FACTS, {}, PARAMETERS))
    rows = rows_of(compile_rule(source, node).facts)
    bound = bind(node, VALUES, AS_OF)
    polars, sql = Columns(PolarsTarget()), Columns(SqlTarget())
    is_truth = source in TRUTHS
    assert by_polars(polars.truth(bound) if is_truth else polars.amount(bound), rows) == expected(source, rows)
    if "numeric" not in (text := sql.truth(bound) if is_truth else sql.amount(bound)):  # PostgreSQL's own widening
        assert by_sql(text, rows) == expected(source, rows)


def test_p_or_not_p_stays_unknown() -> None:
    assert expected("p or not p", [{"p": None}]) == [None]


def test_a_product_beyond_63_bits_is_widened_not_wrapped() -> None:
    node = bind(parse("n * k * paid > paid", Scope(FACTS, {}, PARAMETERS)), VALUES, AS_OF)
    row = {"n": BILLION, "k": BILLION, "paid": MOST}
    assert by_polars(Columns(PolarsTarget()).truth(node), [row]) == [True]
    assert "numeric" in Columns(SqlTarget()).truth(node)


def test_what_may_not_fit_is_refused_before_it_runs() -> None:
    scope = Scope(FACTS, {}, PARAMETERS)
    with pytest.raises(ColumnError, match="64 bits"):
        Columns(PolarsTarget()).amount(parse("paid * n", scope))
    with pytest.raises(ColumnError, match="127 bits"):
        Columns(PolarsTarget()).truth(parse("paid * n * k * n > paid", scope))


def test_a_mask_holds_64_criteria() -> None:
    frame = pl.DataFrame({"yes": [True], "no": [False]})
    flags = [pl.col("no")] * 63 + [pl.col("yes")]
    assert frame.select(PolarsTarget().mask(flags)).item() == 1 << 63
    assert mask_type(64) is pl.UInt64
    text = SqlTarget().mask(["false"] * 63 + ["true"])
    assert duckdb.sql(f"SELECT {text}").fetchall() == [(-(1 << 63),)]
