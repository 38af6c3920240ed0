"""The statement that makes a quarter's lines against the pure engine, on random loans of every kind of rule."""

import os
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from kit.dates import Quarter
from kit.db.engine import Database
from kit.ids import new_id
from loans_svc.batches import repository
from loans_svc.batches.domain import quarters_between
from loans_svc.batches.models import BatchRow
from loans_svc.rules.domain import CapScope, DayCount, OverdueMode, Parameters, PeriodScheme, RateBasis, Tranche
from loans_svc.stories.domain import stretches_of
from loans_svc.stories.models import SegmentRow
from loans_svc.stories.repository import copy_rows
from loans_svc.subsidies.domain.calendar import day_number, year_basis
from loans_svc.subsidies.domain.loan import (
    Compensation,
    Event,
    Loan,
    Overdue,
    RateReset,
    Repayment,
    RepaymentOrder,
    Stop,
    TranchePart,
)
from loans_svc.subsidies.domain.schedule import Line, compute
from tests.loans_svc.lending import Office

LOANS = int(os.environ.get("JIUYE_TEST_LOANS", "1000"))
PLACE = ("bank-statement", "ZZ15")
COLUMNS = [column.name for column in SegmentRow.__table__.columns]


@pytest.fixture(scope="module")
async def books(office: Office) -> AsyncIterator[Database]:
    database = Database(office.infrastructure.url("loans_worker", office.database), schema="loans")
    yield database
    await database.close()


def random_parameters(dice: random.Random) -> Parameters:
    return Parameters(
        rate_basis=dice.choice(list(RateBasis)),
        cap_over_ppm=dice.choice([None, 5_000, 20_000, 30_000]),
        floor_over_ppm=dice.choice([None, None, -15_000]),
        shares6=dice.choice([(6, 6, 6), (6, 4, 2), (3, 3, 3), (5, 1, 0), (0, 6, 3)]),
        window_months=dice.choice([1, 13, 24, 36, 36]),
        max_loans=3,
        cap_scope=dice.choice(list(CapScope)),
        overdue_mode=dice.choice(list(OverdueMode)),
        grace_days=dice.choice([0, 0, 3, 10]),
        day_count=dice.choice(list(DayCount)),
        period_scheme=dice.choice(list(PeriodScheme)),
    )


def random_loan(dice: random.Random) -> Loan:
    edges = [date(2024, 2, 29), date(2023, 12, 31), date(2024, 8, 31), date(2022, 5, 31), date(2023, 1, 30)]
    start = dice.choice([*edges, *(date(2022, 4, 1) + timedelta(days=dice.randrange(900)) for _ in range(10))])

    def day() -> date:
        return start + timedelta(days=dice.randrange(1_100))

    principal = left = dice.choice([1, 100, dice.randrange(1, 10**9), 5 * 10**8])
    events: list[Event] = []
    for _ in range(dice.randrange(4)):
        amount = dice.randrange(left + 1)
        left -= amount
        events += [Repayment(day(), amount)] if amount else []
    for _ in range(dice.randrange(3)):
        amount, due = dice.randrange(left // 2 + 1), day()
        left -= amount
        until = dice.choice([None, due + timedelta(days=dice.randrange(1, 90))])
        events += [Overdue(due, amount, until)] if amount else []
    rarer: list[Event] = [Stop(day()), Compensation(day()), RateReset(day(), dice.randrange(90_000), 40_000)]
    events += dice.sample(rarer, dice.choice([0, 0, 0, 1]))
    state = dice.choice([principal, dice.randrange(principal + 1)])
    parts = (TranchePart(Tranche.STATE, state), TranchePart(Tranche.LOCAL, (principal - state) // 2))
    return Loan(
        principal, start, start + timedelta(days=dice.randrange(1_100)), dice.choice([0, dice.randrange(90_000)]),
        dice.randrange(20_000, 60_000), parts, tuple(events), dice.choice(list(RepaymentOrder)),
    )  # fmt: skip


def rows_of(loan_id: UUID, lines: list[Line], parameters: Parameters) -> list[tuple[Any, ...]]:
    count = parameters.day_count
    return [
        (*PLACE, loan_id, one.tranche.value, one.from_on, one.to_on, day_number(one.from_on, count),
         day_number(one.to_on, count), count is DayCount.THIRTY_E_360, year_basis(count),
         parameters.period_scheme.value, None, 1, one.principal_fen, one.balance_fen, one.overdue_fen, one.rate_ppm,
         one.share6)
        for one in stretches_of(lines)
    ]  # fmt: skip


async def test_the_statement_gives_each_line_that_the_engine_gives(office: Office, books: Database) -> None:
    """Amount, exact value, days, rate and share of every line of every quarter; loans worth nothing by reason."""
    dice = random.Random(4)
    told = {new_id(): (random_loan(dice), random_parameters(dice)) for _ in range(LOANS)}
    lines = {loan_id: list(compute(loan, rule).lines) for loan_id, (loan, rule) in told.items()}
    period = Quarter(2024, 3)
    batch = BatchRow(
        id=new_id(), bank=PLACE[0], unit=PLACE[1], period=str(period), state_scheme="ZZ2022_CITY_STATE",
        local_scheme=None,
    )  # fmt: skip
    async with books.transaction() as tx:
        await repository.find_first_day(tx, *PLACE)  # the transaction begins with a statement
        await copy_rows(
            tx, "loan_segment", COLUMNS, [row for one in told for row in rows_of(one, lines[one], told[one][1])]
        )
    async with books.transaction() as reader, books.transaction() as tx:
        written = await repository.add_claims(reader, tx, batch, quarters_between(Quarter(2022, 1), period))
        zeros = await repository.count_zeros(reader, batch)
        totals = await repository.read_totals(tx, batch.id)
    owner = await asyncpg.connect(office.infrastructure.admin_url(office.database))
    rows = await owner.fetch("SELECT * FROM loans.subsidy_line WHERE batch_id = $1 ORDER BY number", batch.id)
    await owner.close()
    assert [row["number"] for row in rows] == list(range(1, len(rows) + 1))
    stored: dict[str | None, tuple[int, int]] = {}
    for row in rows:
        lines_before, fen = stored.get(row["payer_scheme"], (0, 0))
        stored[row["payer_scheme"]] = (lines_before + 1, fen + row["amount_fen"])
    assert (totals, written) == (stored, len(rows))
    found = {
        (row["loan_id"], row["tranche"], row["relates_to"]): (
            row["amount_fen"], row["numerator"], row["denominator"], row["days"], row["rate_ppm"], row["share6"],
            row["kind"], row["payer_scheme"],
        )
        for row in rows
    }  # fmt: skip
    expected, nothing = {}, 0
    for loan_id, own in lines.items():
        for line in own:
            if line.period > period:
                continue
            if line.amount_fen == 0:
                nothing += line.period == period
                continue
            rates, shares = ({getattr(s, name) for s in line.segments} for name in ("rate_ppm", "share6"))
            expected[loan_id, line.tranche.value, str(line.period)] = (
                line.amount_fen, line.numerator, line.denominator, line.days,
                min(rates) if len(rates) == 1 else None, min(shares) if len(shares) == 1 else None,
                "CLAIM" if line.period == period else "REPOST",
                "ZZ2022_CITY_STATE" if line.tranche is Tranche.STATE else None,
            )  # fmt: skip
    assert found == expected
    assert sum(zeros.values()) == nothing > 0
    assert {"NO_BALANCE", "NO_RATE", "NO_SHARE", "ROUNDED_TO_ZERO"} <= zeros.keys()


def test_what_a_period_cuts_is_joined_again() -> None:
    dice = random.Random(5)
    for _ in range(200):
        loan, rule = random_loan(dice), random_parameters(dice)
        whole = stretches_of(compute(loan, rule).lines)
        other = PeriodScheme.CAL if rule.period_scheme is PeriodScheme.BANK20 else PeriodScheme.BANK20
        assert whole == stretches_of(compute(loan, replace(rule, period_scheme=other)).lines)
