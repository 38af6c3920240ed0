"""Funds in the database. A transfer and the two balances that it moves are written together, under the fund's lock."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from kit.ids import new_id
from loans_svc.funds.domain import Account, Transfer
from loans_svc.funds.models import DepositRow, FundAccountRow, FundRow, TransferRow


async def find_fund(tx: AsyncSession, fund: str, *, lock: bool = False) -> FundRow | None:
    """A fund; locked, nobody else promises or pays from it until the transaction ends."""
    query = select(FundRow).where(FundRow.id == fund)
    return await tx.scalar(query.with_for_update() if lock else query)


async def read_balances(tx: AsyncSession, fund: str) -> dict[Account, int]:
    """Fen of each account, zero where nothing was posted yet."""
    rows = await tx.execute(
        select(FundAccountRow.account, FundAccountRow.balance_fen).where(FundAccountRow.fund == fund)
    )
    return dict.fromkeys(Account, 0) | {Account(account): balance for account, balance in rows}


async def read_compensated(tx: AsyncSession, fund: str, since: date) -> int:
    """Fen paid to banks after a day."""
    paid = await tx.scalar(
        select(func.sum(TransferRow.amount_fen)).where(
            TransferRow.fund == fund,
            TransferRow.debit == Account.RECEIVABLE.value,
            TransferRow.credit == Account.CASH.value,
            TransferRow.booked_on > since,
        )
    )
    return int(paid or 0)


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
