"""Funds in the database. A transfer and the two balances that it moves are written together, under the fund's lock."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, func, insert, literal_column, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from kit.ids import new_id
from loans_svc.funds.domain import Account, Transfer
from loans_svc.funds.models import DepositRow, FundAccountRow, FundRow, TransferRow

_STANDS = "NOT EXISTS (SELECT FROM loan_event r WHERE r.retracts = e.id)"
# Both are asked under the fund's lock, so they begin with the few events or maturities that count, by index.
_COMPENSATED = text(
    f"""
    SELECT sum(e.amount_fen) FROM loan_event e JOIN loan l ON l.id = e.loan_id
    WHERE l.fund = :fund AND e.kind = 'COMPENSATION' AND e.booked_on > :since AND {_STANDS}
    """  # noqa: S608  a constant of this module
)
# A loan falls due on its maturity, or the later one of its extension. What the fund paid for a borrower is not repaid.
_DUE = text(
    f"""
    WITH extended AS (
        SELECT e.loan_id, max(e.until) AS until FROM loan_event e
        WHERE e.kind = 'EXTENSION' AND e.until >= :first AND {_STANDS} GROUP BY e.loan_id),
    due AS (
        SELECT l.id, l.principal_fen FROM loan l
        WHERE l.fund = :fund AND l.matures_on >= :first AND l.matures_on < :after AND l.state <> 'CANCELLED'
          AND NOT EXISTS (SELECT FROM extended x WHERE x.loan_id = l.id AND x.until >= :after)
        UNION ALL
        SELECT l.id, l.principal_fen FROM extended x JOIN loan l ON l.id = x.loan_id
        WHERE l.fund = :fund AND l.matures_on < :first AND x.until < :after AND l.state <> 'CANCELLED')
    SELECT coalesce(sum(d.principal_fen), 0) AS due, coalesce(sum(
        (SELECT sum(e.amount_fen) FROM loan_event e
         WHERE e.loan_id = d.id AND e.kind = 'REPAYMENT' AND e.effective_on < :after AND {_STANDS})), 0) AS repaid
    FROM due d
    """  # noqa: S608  constants of this module
)
# Funds know loans by their events alone: loans import this feature and not the other way round.
_LOAN_OF: ColumnElement[UUID | None] = literal_column(
    "(SELECT e.loan_id FROM loan_event e WHERE e.id = fund_transfer.cause)", Uuid()
)


async def find_fund(tx: AsyncSession, fund: str, *, lock: bool = False) -> FundRow | None:
    """A fund; locked, nobody else promises or pays from it until the transaction ends.

    The lock lets foreign keys look: a loan that is changed twice in a transaction holds its fund's row already, and
    two of them that then wanted it whole would wait for each other.
    """
    query = select(FundRow).where(FundRow.id == fund)
    return await tx.scalar(query.with_for_update(key_share=True) if lock else query)


async def list_funds(tx: AsyncSession) -> Sequence[FundRow]:
    """All, by code."""
    return (await tx.scalars(select(FundRow).order_by(FundRow.id))).all()


async def read_balances(tx: AsyncSession, fund: str) -> dict[Account, int]:
    """Fen of each account, zero where nothing was posted yet."""
    rows = await tx.execute(
        select(FundAccountRow.account, FundAccountRow.balance_fen).where(FundAccountRow.fund == fund)
    )
    return dict.fromkeys(Account, 0) | {Account(account): balance for account, balance in rows}


async def read_compensated(tx: AsyncSession, fund: str, since: date) -> int:
    """Fen paid to banks after a day, by compensations that stand."""
    return int(await tx.scalar(_COMPENSATED, {"fund": fund, "since": since}) or 0)


async def read_due(tx: AsyncSession, fund: str, year: int) -> tuple[int, int]:
    """Principal of the loans that fell due in a year, and what of it was repaid by the year's end."""
    row = (await tx.execute(_DUE, {"fund": fund, "first": date(year, 1, 1), "after": date(year + 1, 1, 1)})).one()
    return int(row.due), int(row.repaid)


async def add_transfers(
    tx: AsyncSession,
    fund: str,
    transfers: Iterable[Transfer],
    *,
    cause: UUID,
    booked_on: date,
    recorded_by: str,
    recorded_at: datetime,
) -> None:
    """Writes transfers and moves the balances; the caller holds the fund's lock."""
    moves: defaultdict[Account, int] = defaultdict(int)
    rows = []
    for transfer in transfers:
        moves[transfer.debit] += transfer.amount_fen
        moves[transfer.credit] -= transfer.amount_fen
        rows.append(
            {
                "id": new_id(),
                "fund": fund,
                "debit": transfer.debit.value,
                "credit": transfer.credit.value,
                "amount_fen": transfer.amount_fen,
                "cause": cause,
                "booked_on": booked_on,
                "recorded_at": recorded_at,
                "recorded_by": recorded_by,
            }
        )
    if not rows:
        return
    await tx.execute(insert(TransferRow), rows)
    for account, move in sorted(moves.items()):
        await tx.execute(
            update(FundAccountRow)
            .where(FundAccountRow.fund == fund, FundAccountRow.account == account.value)
            .values(balance_fen=FundAccountRow.balance_fen + move)
        )


async def add_deposit(tx: AsyncSession, values: Mapping[str, Any]) -> bool:
    """False when the bank's reference is there already."""
    added = await tx.scalar(upsert(DepositRow).values(**values).on_conflict_do_nothing().returning(DepositRow.id))
    return added is not None


async def list_deposits(
    tx: AsyncSession, fund: str, is_confirmed: bool | None, before: UUID | None, limit: int
) -> Sequence[DepositRow]:
    """The newest entry first; None does not narrow.

    Args:
        before: the last one of the page before.
    """
    query = select(DepositRow).where(DepositRow.fund == fund)
    if is_confirmed is not None:
        query = query.where(
            DepositRow.confirmed_by.is_not(None) if is_confirmed else DepositRow.confirmed_by.is_(None),
            DepositRow.withdrawn_by.is_(None),
        )
    if before is not None:
        query = query.where(DepositRow.id < before)
    return (await tx.scalars(query.order_by(DepositRow.id.desc()).limit(limit))).all()


async def list_transfers(
    tx: AsyncSession, fund: str, booked: tuple[date | None, date | None], after: UUID | None, limit: int
) -> Sequence[tuple[TransferRow, UUID | None]]:
    """The journal as it was written, each entry with the loan that it is about, None for a deposit.

    Args:
        booked: first day, and the day after the last; None = no bound.
    """
    query = select(TransferRow, _LOAN_OF).where(TransferRow.fund == fund)
    if booked[0] is not None:
        query = query.where(TransferRow.booked_on >= booked[0])
    if booked[1] is not None:
        query = query.where(TransferRow.booked_on < booked[1])
    if after is not None:
        query = query.where(TransferRow.id > after)
    return [(row, loan) for row, loan in await tx.execute(query.order_by(TransferRow.id).limit(limit))]


async def lock_deposit(tx: AsyncSession, fund: str, deposit_id: UUID) -> DepositRow | None:
    """A deposit of a fund."""
    return await tx.scalar(
        select(DepositRow).where(DepositRow.fund == fund, DepositRow.id == deposit_id).with_for_update()
    )


async def find_wrong_accounts(tx: AsyncSession) -> list[tuple[str, str]]:
    """Fund and account whose balance is not what the journal says."""
    debits = select(TransferRow.fund, TransferRow.debit.label("account"), TransferRow.amount_fen.label("fen"))
    credits_ = select(TransferRow.fund, TransferRow.credit.label("account"), (-TransferRow.amount_fen).label("fen"))
    legs = debits.union_all(credits_).subquery()
    sums = (
        select(legs.c.fund, legs.c.account, func.sum(legs.c.fen).label("fen"))
        .group_by(legs.c.fund, legs.c.account)
        .subquery()
    )
    rows = await tx.execute(
        select(FundAccountRow.fund, FundAccountRow.account)
        .outerjoin(sums, (sums.c.fund == FundAccountRow.fund) & (sums.c.account == FundAccountRow.account))
        .where(FundAccountRow.balance_fen != func.coalesce(sums.c.fen, 0))
        .order_by(FundAccountRow.fund, FundAccountRow.account)
    )
    return [(fund, account) for fund, account in rows]
