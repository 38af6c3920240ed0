"""Random loans and their histories, stored as the service stores them, and what the pure engine makes of them."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from kit.dates import Quarter, add_months
from kit.ids import new_id
from loans_svc.loans.domain import Happening, Kind, subsidy_events
from loans_svc.rules.domain import BorrowerKind, DayCount, PeriodScheme, SubsidyRule, Tranche
from loans_svc.rules.repository import catalogue
from loans_svc.subsidies.domain.faults import find_faults
from loans_svc.subsidies.domain.loan import Loan, PriorUse, RepaymentOrder, tranche_parts
from loans_svc.subsidies.domain.schedule import Line
from loans_svc.subsidies.service import QuoteOrder, TrancheOrder, compute_schedule

NOW = datetime(2026, 1, 5, tzinfo=UTC)
Worth = dict[tuple[str, str], int]


@dataclass
class Stored:
    """A disbursed loan and all that ever happens to it; `told` of its happenings are in the database."""

    id: UUID
    order: QuoteOrder
    happenings: list[Happening]
    cancelled: bool = False
    told: int = 0
    version: int = 3
    refs: list[str] = field(default_factory=list)

    def worth(self, until: Quarter, known: Sequence[Happening] | None = None) -> Worth:
        """By quarter and tranche, as the engine computes it from scratch."""
        if self.cancelled:
            return {}
        return {
            (str(line.period), line.tranche.value): line.amount_fen
            for line in self.lines(known)
            if line.period <= until and line.amount_fen
        }

    def lines(self, known: Sequence[Happening] | None = None) -> Sequence[Line]:
        given = self.happenings if known is None else known
        return compute_schedule(replace(self.order, events=subsidy_events(given)), catalogue()).lines


def random_loan(dice: random.Random, first: date, last: date, until: date) -> Stored:
    """A loan of any rule that fits its day, with prepayments, overdue spans and rarer events up to a day."""
    disbursed_on = first + timedelta(days=dice.randrange((last - first).days))
    fitting = [rule for rule in catalogue().rules.values() if rule.validity.covers(disbursed_on)]
    rule = dice.choice(fitting)
    kind = dice.choice(list(rule.amount_caps))
    principal = dice.randrange(1_000_000, 60_000_000)
    parts = tranche_parts(principal, rule.amount_cap(kind), rule.local_amount_cap(kind) or 0)
    order = QuoteOrder(
        rule=rule.rule_id,
        principal_fen=principal,
        disbursed_on=disbursed_on,
        matures_on=add_months(disbursed_on, dice.choice([6, 12, 24, 36])),
        contract_ppm=dice.randrange(20_000, 70_000),
        benchmark_ppm=dice.randrange(30_000, 43_000),
        events=(),
        span=(None, None),
        prior=PriorUse(),
        borrower_kind=kind,
        day_count=dice.choice(list(DayCount)),
        period_scheme=dice.choice(list(PeriodScheme)),
        overdue_mode=None,
        cap_scope=None,
        grace_days=None,
        known_on=NOW.date(),
        tranches=tuple(TrancheOrder(part.tranche, part.amount_fen, None) for part in parts),
        repayment_order=RepaymentOrder.PRO_RATA,
        payer_scheme=None,
    )
    happenings = _happenings(dice, order, rule, kind, until)
    return Stored(new_id(), order, happenings, cancelled=False)


def _happenings(
    dice: random.Random, order: QuoteOrder, rule: SubsidyRule, kind: BorrowerKind, until: date
) -> list[Happening]:
    def day(after: date = order.disbursed_on) -> date:
        return after + timedelta(days=dice.randrange(1, max(2, (until - after).days)))

    left, made = order.principal_fen, []
    for _ in range(dice.choice([0, 0, 1, 2, 3])):
        amount = dice.randrange(1, max(2, left // 2))
        left -= amount
        made.append(Happening(new_id(), Kind.REPAYMENT, day(), amount))
    for _ in range(dice.choice([0, 0, 0, 1, 2])):
        amount, due = dice.randrange(1, max(2, left // 3)), day()
        left -= amount
        end = due + timedelta(days=dice.randrange(1, 60))
        if dice.random() < 0.5:
            made.append(Happening(new_id(), Kind.OVERDUE, due, amount))
        else:
            made.append(Happening(new_id(), Kind.OVERDUE, due, amount, end))
            made.append(Happening(new_id(), Kind.REPAYMENT, end, amount))
    rarer = dice.random()
    if rarer < 0.05:
        made.append(Happening(new_id(), Kind.STOP, day()))
    elif rarer < 0.08:
        made.append(Happening(new_id(), Kind.COMPENSATION, day(), max(1, left)))
    elif rarer < 0.14:
        made.append(Happening(new_id(), Kind.RATE_RESET, day(), None, None, dice.randrange(20_000, 60_000), 35_000))
    loan = Loan(
        order.principal_fen, order.disbursed_on, order.matures_on, order.contract_ppm, order.benchmark_ppm,
        tranche_parts(order.principal_fen, rule.amount_cap(kind), rule.local_amount_cap(kind) or 0),
        subsidy_events(made),
    )  # fmt: skip
    dice.shuffle(made)
    return [] if find_faults(loan) else made


async def store(owner: asyncpg.Connection, loans: Iterable[Stored], bank: str, unit: str) -> None:
    """The disbursed loans, without what happened to them."""
    loans = list(loans)
    await owner.executemany(
        "INSERT INTO loans.loan (id, unit, bank, fund, supported_group, borrower_kind, borrower_key, is_woman,"
        " is_disabled, amount_fen, term_months, eligibility, state, row_version, applied_by, applied_at, decided_by,"
        " decided_at, disbursed_by, disbursed_at, outstanding_fen, disbursed_on, matures_on, principal_fen,"
        " contract_ppm, benchmark_ppm, eff_ppm, rule_id, day_count, period_scheme, window_end)"
        " VALUES ($1, $2, $3, 'CITY', 'GRADUATE', $4, $5, false, false, $6, 36, '{}', 'DISBURSED', 3, 'a', $7, 'b', $7,"
        " 'c', $7, $6, $8, $9, $6, $10, $11, 0, $12, $13, $14, $9)",
        [
            (
                loan.id, unit, bank, loan.order.borrower_kind, new_id(), loan.order.principal_fen, NOW,
                loan.order.disbursed_on, loan.order.matures_on, loan.order.contract_ppm, loan.order.benchmark_ppm,
                loan.order.rule, loan.order.day_count, loan.order.period_scheme,
            )
            for loan in loans
        ],
    )  # fmt: skip
    await owner.executemany(
        "INSERT INTO loans.loan_tranche VALUES ($1, $2, $3, $4)",
        [
            (loan.id, part.tranche.value, part.amount_fen, _payers(part.tranche))
            for loan in loans
            for part in loan.order.tranches
        ],
    )


def _payers(tranche: Tranche) -> str:
    return "ZZ2022_CITY_STATE" if tranche is Tranche.STATE else "ZZ2022_CITY_LOCAL"


async def tell(owner: asyncpg.Connection, news: Mapping[UUID, Sequence[Happening]], bank: str) -> None:
    """Appends what has become known of loans, each time as a new version of the loan."""
    rows: list[tuple[Any, ...]] = [
        (new_id(), loan, bank, one.kind.value, one.effective_on, NOW, one.amount_fen, one.until, one.contract_ppm,
         one.benchmark_ppm)
        for loan, happenings in news.items()
        for one in happenings
    ]  # fmt: skip
    await owner.executemany(
        "INSERT INTO loans.loan_event (id, loan_id, bank, kind, to_state, effective_on, booked_on, recorded_at,"
        " recorded_by, amount_fen, until, contract_ppm, benchmark_ppm, evidence)"
        " VALUES ($1, $2, $3, $4, 'DISBURSED', $5, $5, $6, 'c', $7, $8, $9, $10, '回单')",
        rows,
    )
    await owner.execute("UPDATE loans.loan SET row_version = row_version + 1 WHERE id = ANY($1)", list(news))


async def cancel(owner: asyncpg.Connection, loans: Sequence[UUID]) -> None:
    """Takes disbursements back."""
    await owner.execute(
        "UPDATE loans.loan SET state = 'CANCELLED', row_version = row_version + 1, cancelled_by = 'd',"
        " cancelled_at = $2 WHERE id = ANY($1)",
        list(loans),
        NOW,
    )


async def posted(owner: asyncpg.Connection, bank: str, unit: str) -> dict[UUID, Worth]:
    """By loan the signed sums of all lines of standing batches, zero sums left out."""
    rows = await owner.fetch(
        "SELECT loan_id, relates_to, tranche, sum(amount_fen)::bigint AS fen FROM loans.subsidy_line l"
        " JOIN loans.subsidy_batch b ON b.id = l.batch_id AND b.state <> 'REJECTED'"
        " WHERE b.bank = $1 AND b.unit = $2 GROUP BY 1, 2, 3",
        bank,
        unit,
    )
    found: dict[UUID, Worth] = {}
    for row in rows:
        if row["fen"]:
            found.setdefault(row["loan_id"], {})[row["relates_to"], row["tranche"]] = row["fen"]
    return found
