"""What is done with a fund: promise, guarantee, pay, get back, and see how far it is pledged."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from kit.clock import legal_day
from kit.dates import add_months
from kit.db.rows import all_rows
from kit.errors import FieldError, ScopeMissingError, ValidationFailedError
from kit.ids import new_id
from loans_svc.funds import domain, repository
from loans_svc.funds.domain import Account, FundAssessment, FundPosition, Transfer, assess_application
from loans_svc.funds.errors import (
    DepositConfirmedError,
    DepositNotFoundError,
    DepositWithdrawnError,
    FundFourEyesError,
    FundNotFoundError,
    FundShortError,
    ReferenceUsedError,
)
from loans_svc.funds.models import DepositRow, FundRow, TransferRow
from loans_svc.rules.repository import catalogue


@dataclass(frozen=True, slots=True)
class FundView:
    """A fund as it stands; all money in fen."""

    fund: FundRow
    position: FundPosition
    assessment: FundAssessment
    receivable_fen: int
    written_off_fen: int


@dataclass(frozen=True, slots=True)
class Booking:
    """Why and by whom something is posted."""

    cause: UUID
    booked_on: date
    by: str
    at: datetime


async def read_fund(tx: AsyncSession, fund_id: str, today: date) -> FundView:
    """How far a fund is pledged.

    Raises:
        FundNotFoundError.
    """
    fund = await repository.find_fund(tx, fund_id)
    if fund is None:
        raise FundNotFoundError
    return await _view(tx, fund, 0, today)


async def list_funds(tx: AsyncSession, today: date) -> list[FundView]:
    """All funds as they stand."""
    return [await _view(tx, fund, 0, today) for fund in await repository.list_funds(tx)]


async def list_deposits(
    tx: AsyncSession, fund_id: str, is_confirmed: bool | None, before: UUID | None, limit: int
) -> Sequence[DepositRow]:
    """Money that came in, the newest entry first.

    Raises:
        FundNotFoundError.
    """
    if await repository.find_fund(tx, fund_id) is None:
        raise FundNotFoundError
    return await repository.list_deposits(tx, fund_id, is_confirmed, before, limit)


async def list_transfers(
    tx: AsyncSession, fund_id: str, booked: tuple[date | None, date | None], after: UUID | None, limit: int
) -> Sequence[tuple[TransferRow, UUID | None]]:
    """The journal of a fund, each entry with the loan that it is about.

    Raises:
        FundNotFoundError.
    """
    if await repository.find_fund(tx, fund_id) is None:
        raise FundNotFoundError
    return await repository.list_transfers(tx, fund_id, booked, after, limit)


async def _view(tx: AsyncSession, fund: FundRow, asked_fen: int, today: date) -> FundView:
    balances = await repository.read_balances(tx, fund.id)
    async with all_rows(tx):  # a fund stands for the loans of every bank and district
        due, repaid = await repository.read_due(tx, fund.id, today.year - 1)
        compensated = await repository.read_compensated(tx, fund.id, add_months(today, -12))
    position = FundPosition(
        balance_fen=balances[Account.CASH],
        outstanding_fen=balances[Account.GUARANTEED],
        reserved_fen=balances[Account.RESERVED],
        due_fen=due,
        repaid_due_fen=repaid,
        compensated_fen=compensated,
    )
    assessment = assess_application(position, asked_fen, catalogue().fund_limits[fund.limits_id])
    return FundView(fund, position, assessment, balances[Account.RECEIVABLE], balances[Account.LOSS])


async def reserve(tx: AsyncSession, fund_id: str, amount_fen: int, booking: Booking) -> FundView:
    """Promises a guarantee if the fund may still give it; otherwise nothing is posted and the answer says why.

    The fund's row stays locked until the transaction ends, so that of two approvals the second sees the first (S27).

    Raises:
        FundNotFoundError.
    """
    fund = await repository.find_fund(tx, fund_id, lock=True)
    if fund is None:
        raise FundNotFoundError
    view = await _view(tx, fund, amount_fen, booking.booked_on)
    if view.assessment.may_approve:
        await _post(tx, fund, domain.reserve(amount_fen), booking)
    return view


async def post(tx: AsyncSession, fund_id: str, transfers: Iterable[Transfer], booking: Booking) -> None:
    """Posts what an event of a loan means for its fund.

    Raises:
        FundNotFoundError.
        FundShortError: more is to be paid than the fund has.
    """
    moves = list(transfers)
    fund = await repository.find_fund(tx, fund_id, lock=True)
    if fund is None:
        raise FundNotFoundError
    paid = sum(move.amount_fen for move in moves if move.credit is Account.CASH)
    if paid and paid > (await repository.read_balances(tx, fund_id))[Account.CASH]:
        raise FundShortError
    await _post(tx, fund, moves, booking)


async def _post(tx: AsyncSession, fund: FundRow, transfers: Iterable[Transfer], booking: Booking) -> None:
    fund.row_version += 1
    await repository.add_transfers(
        tx,
        fund.id,
        transfers,
        cause=booking.cause,
        booked_on=booking.booked_on,
        recorded_by=booking.by,
        recorded_at=booking.at,
    )


async def record_deposit(
    tx: AsyncSession, fund_id: str, *, amount_fen: int, received_on: date, bank_ref: str, evidence: str, by: str,
    now: datetime,
) -> DepositRow:  # fmt: skip
    """Money that came in; it counts when a second person has confirmed it.

    Raises:
        FundNotFoundError, ReferenceUsedError.
        ValidationFailedError: received in the future.
    """
    if await repository.find_fund(tx, fund_id) is None:
        raise FundNotFoundError
    if received_on > legal_day(now):
        raise ValidationFailedError(
            errors=[FieldError("/received_on", "IN_FUTURE", "到账日不能晚于今天，请在到账后登记。")]
        )
    values: dict[str, Any] = {
        "id": new_id(),
        "fund": fund_id,
        "amount_fen": amount_fen,
        "received_on": received_on,
        "bank_ref": bank_ref,
        "evidence": evidence,
        "recorded_by": by,
        "recorded_at": now,
    }
    if not await repository.add_deposit(tx, values):
        raise ReferenceUsedError
    return DepositRow(**values)


async def confirm_deposit(tx: AsyncSession, fund_id: str, deposit_id: UUID, by: str, now: datetime) -> DepositRow:
    """Posts a deposit.

    Raises:
        DepositNotFoundError, DepositConfirmedError, FundFourEyesError.
    """
    found = await repository.lock_deposit(tx, fund_id, deposit_id)
    if found is None:
        raise DepositNotFoundError
    if found.withdrawn_by is not None:
        raise DepositWithdrawnError
    if found.confirmed_by is not None:
        raise DepositConfirmedError
    if found.recorded_by == by:
        raise FundFourEyesError
    found.confirmed_by, found.confirmed_at = by, now
    await post(tx, fund_id, domain.deposit(found.amount_fen), Booking(found.id, legal_day(now), by, now))
    return found


async def withdraw_deposit(
    tx: AsyncSession, fund_id: str, deposit_id: UUID, reason: str, may_confirm: bool, by: str, now: datetime
) -> DepositRow:
    """A deposit that was recorded in error counts no more, and its reference is free again.

    Args:
        may_confirm: whether it is somebody who confirms deposits; once confirmed, nobody else takes one back.

    Raises:
        DepositNotFoundError, DepositWithdrawnError, FundFourEyesError, ScopeMissingError.
        FundShortError: the fund has pledged or paid the money meanwhile.
    """
    found = await repository.lock_deposit(tx, fund_id, deposit_id)
    if found is None:
        raise DepositNotFoundError
    if found.withdrawn_by is not None:
        raise DepositWithdrawnError
    if found.confirmed_by is not None and not may_confirm:
        raise ScopeMissingError("这笔注资已经确认，须由有确认权限的另一人撤销。")
    if found.confirmed_by == by:
        raise FundFourEyesError("确认与撤销应由两人分别办理；请换由另一位同事撤销。")
    found.withdrawn_by, found.withdrawn_at, found.withdrawal_reason = by, now, reason
    if found.confirmed_by is not None:
        await post(tx, fund_id, domain.undeposit(found.amount_fen), Booking(found.id, legal_day(now), by, now))
    await tx.flush()
    return found


async def prove_journal(tx: AsyncSession) -> dict[str, Any]:
    """Balances equal the journal's sums. Repairs nothing."""
    wrong = await repository.find_wrong_accounts(tx)
    return {"is_sound": not wrong, "wrong_accounts": [f"{fund}/{account}" for fund, account in wrong[:100]]}
