"""Registers of random subjects with random unknowns, values crowded around the bounds of the notices."""

import random
from datetime import date, timedelta
from typing import Any

import polars as pl

from eligibility_svc.facts.domain import Fact, FactType
from eligibility_svc.facts.repository import vocabulary
from eligibility_svc.language.nodes import Value
from eligibility_svc.screenings.frames import columns_from_facts, frame_schema
from kit.dates import Month

AS_OF = date(2018, 9, 1)
COUNTS = (0, 1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 13, 18, 35, 36, 37, 99, 100, 101, 137, 1_000_000_000)
MONEY = (0, 1, 100, 1_440_000, 1_440_001, 10**16 - 1)
_FIRST, _LAST = date(2011, 1, 1), date(2019, 12, 31)
_EDGES = tuple(
    map(date.fromisoformat, ("1900-01-01", "2013-08-31", "2013-09-01", "2016-02-29", "2016-12-31", "2017-01-01",
                             "2018-05-31", "2018-06-01", "2018-06-02", "2018-08-31", "2018-09-01", "2018-09-02",
                             "2018-12-31", "2199-12-31"))
)  # fmt: skip


def rows(subject: str, count: int, seed: int) -> list[dict[str, Value]]:
    """Facts of `count` subjects; each row knows a share of them of its own."""
    chance = random.Random(seed)
    columns = {fact.name: chance.choices(_values(fact, chance), k=count) for fact in vocabulary().of(subject).values()}
    shares = chance.choices((0.3, 0.8, 0.95, 1.0), k=count)
    draw = chance.random
    return [{name: values[row] for name, values in columns.items() if draw() < shares[row]} for row in range(count)]


def frame(subject: str, facts: list[dict[str, Value]]) -> pl.DataFrame:
    """The rows as columns, with their number."""
    columns: dict[str, Any] = columns_from_facts(facts, vocabulary(), subject)
    made = pl.DataFrame(columns, schema=frame_schema(vocabulary(), subject))
    return made.with_row_index("row")


def _values(fact: Fact, chance: random.Random) -> list[Value]:
    match fact.type:
        case FactType.BOOL:
            return [True, True, False]
        case FactType.COUNT:
            return list(COUNTS)
        case FactType.MONEY:
            return list(MONEY)
        case FactType.DATE:
            span = (_LAST - _FIRST).days
            return [*_EDGES, *(_FIRST + timedelta(days=chance.randrange(span)) for _ in range(60))]
        case FactType.MONTH_AMOUNTS:
            return [_costs(chance) for _ in range(50)]
        case _:
            return list(fact.choices)


def _costs(chance: random.Random) -> Value:
    months = chance.sample([Month(2014 + index // 12, index % 12 + 1) for index in range(60)], chance.randrange(40))
    return tuple(sorted((month, chance.choice((1, 333, 500_000, 333_333))) for month in months))
