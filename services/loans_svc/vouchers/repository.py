"""Vouchers in the database. Numbers are given by one statement, under the lock of the book."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import UUID

import yaml
from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from kit.dates import Month
from loans_svc.rules.domain import Mark
from loans_svc.vouchers.domain import PROMISES, SUBSIDY_BOOK, ChartAccount, Posting, Word
from loans_svc.vouchers.models import VoucherMonthRow

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:lock, 0))")
_PROMISES = ", ".join(f"'{account}'" for account in sorted(PROMISES))
# What is booked before the month's end and stands in no voucher. What is told later of a month that has its numbers
# is dated on the first day of the next. All transfers of one cause were recorded in one transaction, at one instant.
_OF_FUND = f"""
    SELECT t.id, t.cause, t.recorded_at, t.booked_on, t.amount_fen,
           CASE WHEN t.debit IN ({_PROMISES}) THEN 'OFF_BALANCE' ELSE 'GENERAL' END AS word
    FROM fund_transfer t WHERE t.fund = :book
"""  # noqa: S608  names of this product
_OF_SUBSIDY = """
    SELECT t.id, t.batch_id AS cause, t.recorded_at, t.booked_on, t.amount_fen, 'GENERAL' AS word
    FROM subsidy_transfer t WHERE :book = 'SUBSIDY'
"""
_WAITING = "NOT EXISTS (SELECT FROM voucher_entry v WHERE v.transfer_id = t.id)"


def _source(book: str) -> str:
    return _OF_SUBSIDY if book == SUBSIDY_BOOK else _OF_FUND


def _number(book: str) -> str:
    return f"""
    INSERT INTO voucher_entry (transfer_id, month_id, word, number, dated_on)
    SELECT t.id, :month_id, t.word,
           dense_rank() OVER (PARTITION BY t.word ORDER BY greatest(t.booked_on, :first), t.recorded_at, t.cause),
           greatest(t.booked_on, :first)
    FROM ({_source(book)}) t WHERE t.booked_on < :after AND {_WAITING}
    """  # noqa: S608  names of this product


def _totals(book: str) -> str:
    return f"""
    WITH t AS (SELECT t.*, dense_rank() OVER (PARTITION BY word ORDER BY recorded_at, cause) AS rank
        FROM ({_source(book)}) t WHERE t.booked_on < :after AND {_WAITING})
    SELECT coalesce(max(rank) FILTER (WHERE word = 'GENERAL'), 0) AS vouchers,
           coalesce(max(rank) FILTER (WHERE word = 'OFF_BALANCE'), 0) AS promises,
           CAST(coalesce(sum(amount_fen) FILTER (WHERE word = 'GENERAL'), 0) AS bigint) AS debit_fen
    FROM t
    """  # noqa: S608  names of this product


def _standing(book: str) -> str:
    return f"""
    SELECT (SELECT min(t.booked_on) FROM ({_source(book)}) t) AS first_on,
           (SELECT count(*) FROM ({_source(book)}) t WHERE {_WAITING}) AS waiting
    """  # noqa: S608  names of this product


_POSTINGS_OF_FUND = text(
    """
    SELECT v.word, v.number, v.dated_on, t.debit, t.credit, t.amount_fen, e.kind AS cause, e.loan_id AS loan,
           CAST(NULL AS uuid) AS batch, CAST(NULL AS text) AS period, '' AS payer, coalesce(l.bank, '') AS bank,
           coalesce(l.unit, '') AS unit, coalesce(e.bank_ref, d.bank_ref, '') AS reference
    FROM voucher_entry v JOIN fund_transfer t ON t.id = v.transfer_id
    LEFT JOIN loan_event e ON e.id = t.cause LEFT JOIN loan l ON l.id = e.loan_id
    LEFT JOIN fund_deposit d ON d.id = t.cause
    WHERE v.month_id = :month_id ORDER BY v.word, v.number, t.id
    """
)
_POSTINGS_OF_SUBSIDY = text(
    """
    SELECT v.word, v.number, v.dated_on, t.debit, t.credit, t.amount_fen, CAST(NULL AS text) AS cause,
           CAST(NULL AS uuid) AS loan, b.id AS batch, b.period, t.payer, b.bank, b.unit,
           CASE WHEN t.credit = 'TREASURY' THEN coalesce(b.payment_ref, '') ELSE '' END AS reference
    FROM voucher_entry v JOIN subsidy_transfer t ON t.id = v.transfer_id JOIN subsidy_batch b ON b.id = t.batch_id
    WHERE v.month_id = :month_id ORDER BY v.word, v.number, t.id
    """
)


@cache
def read_chart() -> Mapping[str, Mapping[str, ChartAccount]]:
    """By sort of book (FUND, SUBSIDY) and account of ours, the account of the chart."""
    data = yaml.safe_load(files(__package__).joinpath("accounts.yaml").read_text(encoding="utf-8"))
    return {
        sort: {ours: ChartAccount(row["code"], row["name"], Mark(row["mark"])) for ours, row in rows.items()}
        for sort, rows in data.items()
    }


async def lock_book(tx: AsyncSession, book: str) -> None:
    """One at a time, until the transaction ends."""
    await tx.execute(_LOCK, {"lock": f"vouchers\x1f{book}"})


async def find_month(tx: AsyncSession, book: str, month: Month) -> VoucherMonthRow | None:
    return await tx.scalar(
        select(VoucherMonthRow).where(VoucherMonthRow.book == book, VoucherMonthRow.month == str(month))
    )


async def find_month_by_id(tx: AsyncSession, month_id: UUID) -> VoucherMonthRow | None:
    return await tx.get(VoucherMonthRow, month_id)


async def find_last(tx: AsyncSession, book: str) -> Month | None:
    """The last month that has its numbers."""
    found = await tx.scalar(
        select(VoucherMonthRow.month)
        .where(VoucherMonthRow.book == book)
        .order_by(VoucherMonthRow.month.desc())
        .limit(1)
    )
    return Month.parse(found) if found else None


async def read_standing(tx: AsyncSession, book: str) -> tuple[date | None, int]:
    """The first day on which anything was booked, and how many transfers stand in no voucher."""
    row = (await tx.execute(text(_standing(book)), {"book": book})).one()
    return row.first_on, int(row.waiting)


async def add_month(tx: AsyncSession, values: Mapping[str, Any], month: Month) -> None:
    """The month with its figures, and the number of each transfer."""
    given = {"book": values["book"], "after": month.after}
    totals = (await tx.execute(text(_totals(values["book"])), given)).one()
    figures = {"vouchers": totals.vouchers, "promises": totals.promises, "debit_fen": totals.debit_fen}
    await tx.execute(insert(VoucherMonthRow).values(**values, **figures))
    numbered = given | {"month_id": values["id"], "first": month.first}
    await tx.execute(text(_number(values["book"])), numbered)


async def list_months(tx: AsyncSession, book: str | None, before: UUID | None, limit: int) -> Sequence[VoucherMonthRow]:
    """The newest first; None does not narrow."""
    query = select(VoucherMonthRow)
    if book is not None:
        query = query.where(VoucherMonthRow.book == book)
    if before is not None:
        query = query.where(VoucherMonthRow.id < before)
    return (await tx.scalars(query.order_by(VoucherMonthRow.id.desc()).limit(limit))).all()


async def list_postings(tx: AsyncSession, row: VoucherMonthRow) -> list[Posting]:
    """All of a month, voucher by voucher."""
    statement = _POSTINGS_OF_SUBSIDY if row.book == SUBSIDY_BOOK else _POSTINGS_OF_FUND
    return [Posting(Word(one.word), *one[1:]) for one in await tx.execute(statement, {"month_id": row.id})]
