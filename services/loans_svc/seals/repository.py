"""Seals in the database: digests are made where the lines are."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from loans_svc.seals.domain import BLOCK_LINES, MARK_BYTES, NO_LINK
from loans_svc.seals.models import SealBlockRow, SealRow

# All of a line: a column that is not named here could be changed unseen.
_DIGEST = """sha256(convert_to(concat_ws('|', batch_id, number, loan_id, story, kind, tranche, relates_to, amount_fen,
    coalesce(days, -1), coalesce(rate_ppm, -1), coalesce(share6, -1), coalesce(numerator, -1),
    coalesce(denominator, -1), coalesce(reverses_batch::text, '-'), coalesce(reverses_number, -1),
    coalesce(payer_scheme, '-')), 'UTF8'))"""
# Block by block in the order of the key: no line is sorted or kept, however many there are. What the payers' schemes
# have had before a block counts the lines that the batch had before these, too.
_SEAL_BLOCKS = text(
    f"""
    WITH blocks AS (
        SELECT first, least(first + {BLOCK_LINES - 1}, :last) AS last
        FROM generate_series(CAST(:first AS int), CAST(:last AS int), {BLOCK_LINES}) AS first
    ),
    sums AS MATERIALIZED (
        SELECT greatest(-1, (number - :first + {BLOCK_LINES}) / {BLOCK_LINES} - 1) AS block,
            coalesce(payer_scheme, '') AS scheme, sum_bigint(amount_fen) AS fen
        FROM subsidy_line WHERE batch_id = :batch AND number <= :last GROUP BY 1, 2
    ),
    earlier AS (
        SELECT block, jsonb_object_agg(scheme, before) FILTER (WHERE before IS NOT NULL) AS before
        FROM (
            SELECT block, scheme, sum_bigint(fen) OVER (
                PARTITION BY scheme ORDER BY block ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
            FROM (SELECT DISTINCT block FROM sums) AS every
            CROSS JOIN (SELECT DISTINCT scheme FROM sums) AS one
            LEFT JOIN sums USING (block, scheme)
        ) AS running
        GROUP BY block
    )
    INSERT INTO subsidy_seal_block (batch_id, first_number, last_number, digest, marks, before)
    SELECT :batch, b.first, b.last, d.digest, d.marks, coalesce(e.before, '{{}}'::jsonb)
    FROM blocks b
    CROSS JOIN LATERAL (
        SELECT sha256(string_agg(digest, ''::bytea ORDER BY number)) AS digest,
            string_agg(substr(digest, 1, {MARK_BYTES}), ''::bytea ORDER BY number) AS marks
        FROM (
            SELECT number, {_DIGEST} AS digest FROM subsidy_line
            WHERE batch_id = :batch AND number BETWEEN b.first AND b.last
            OFFSET 0  -- else each digest is made twice
        ) AS lines
    ) AS d
    LEFT JOIN earlier e ON e.block = (b.first - :first) / {BLOCK_LINES}
    ORDER BY b.first
    """  # noqa: S608  fragments of this file
)
_LINK = """sha256(:previous || convert_to(concat_ws('|', CAST(:batch AS uuid), :first, :last), 'UTF8')
    || coalesce((SELECT string_agg(digest, ''::bytea ORDER BY first_number) FROM subsidy_seal_block
                 WHERE batch_id = :batch AND first_number BETWEEN :first AND :last), ''::bytea))"""
_LINK_OF = text(f"SELECT {_LINK.replace(':first, :last', 'CAST(:first AS int), CAST(:last AS int)')}")
_LAST = text("SELECT serial, digest FROM subsidy_seal WHERE bank = :bank AND unit = :unit ORDER BY serial DESC LIMIT 1")
_ADD = text(
    "INSERT INTO subsidy_seal (bank, unit, serial, batch_id, first_number, last_number, previous, digest)"
    " VALUES (:bank, :unit, :serial, :batch, :first, :last, :previous, :digest)"
)
_WRONG_BLOCKS = text(
    f"""
    SELECT b.first_number FROM subsidy_seal_block b LEFT JOIN (
        SELECT s.first_number, sha256(string_agg({_DIGEST}, ''::bytea ORDER BY l.number)) AS digest, count(*) AS lines
        FROM subsidy_seal_block s JOIN subsidy_line l USING (batch_id)
        WHERE batch_id = :batch AND l.number BETWEEN s.first_number AND s.last_number GROUP BY 1
    ) AS now USING (first_number)
    WHERE b.batch_id = :batch AND (now.digest IS DISTINCT FROM b.digest
        OR now.lines IS DISTINCT FROM b.last_number - b.first_number + 1)
    ORDER BY 1 LIMIT 1
    """  # noqa: S608  fragments of this file
)
_FOUND = text(
    f"SELECT number, {_DIGEST} FROM subsidy_line"  # noqa: S608
    " WHERE batch_id = :batch AND number BETWEEN :first AND :last ORDER BY number"
)
_ADDED = text(
    """
    SELECT l.number FROM subsidy_line l WHERE l.batch_id = :batch AND NOT EXISTS (
        SELECT FROM subsidy_seal_block b
        WHERE b.batch_id = l.batch_id AND l.number BETWEEN b.first_number AND b.last_number)
    ORDER BY 1 LIMIT 1
    """
)
_SUM_BEFORE = text(
    """
    SELECT coalesce((b.before ->> CAST(:scheme AS text))::bigint, 0) + coalesce((
        SELECT sum(l.amount_fen)::bigint FROM subsidy_line l
        WHERE l.batch_id = :batch AND l.number BETWEEN b.first_number AND :number - 1
          AND l.payer_scheme = CAST(:scheme AS text)), 0)
    FROM subsidy_seal_block b WHERE b.batch_id = :batch AND b.first_number <= :number
    ORDER BY b.first_number DESC LIMIT 1
    """
)


async def add_seal(tx: AsyncSession, bank: str, unit: str, batch_id: UUID, first: int, last: int) -> bytes:
    """Seals lines [first, last] of a batch and links them to the seal before; the digest.

    The caller holds the lock of the bank and district's stories, so that the chain does not fork.
    """
    lines: dict[str, Any] = {"batch": batch_id, "first": first, "last": last}
    await tx.execute(_SEAL_BLOCKS, lines)
    found = (await tx.execute(_LAST, {"bank": bank, "unit": unit})).one_or_none()
    serial, previous = (found.serial, found.digest) if found else (0, NO_LINK)
    digest = await link_of(tx, batch_id, first, last, previous)
    place = {"bank": bank, "unit": unit, "serial": serial + 1, "previous": previous, "digest": digest}
    await tx.execute(_ADD, lines | place)
    return digest


async def link_of(tx: AsyncSession, batch_id: UUID, first: int, last: int, previous: bytes) -> bytes:
    """The digest of a link as its blocks stand now."""
    given = {"batch": batch_id, "first": first, "last": last, "previous": previous}
    return bytes(await tx.scalar(_LINK_OF, given) or b"")


async def list_seals(tx: AsyncSession, bank: str, unit: str) -> Sequence[SealRow]:
    """The chain of a bank and district."""
    found = await tx.scalars(select(SealRow).where(SealRow.bank == bank, SealRow.unit == unit).order_by(SealRow.serial))
    return found.all()


async def list_batch_seals(tx: AsyncSession, batch_id: UUID) -> Sequence[SealRow]:
    """Of one batch, in the order of its lines."""
    found = await tx.scalars(select(SealRow).where(SealRow.batch_id == batch_id).order_by(SealRow.serial))
    return found.all()


async def find_wrong_block(tx: AsyncSession, batch_id: UUID) -> SealBlockRow | None:
    """The first block whose lines are not as they were sealed."""
    first = await tx.scalar(_WRONG_BLOCKS, {"batch": batch_id})
    return await tx.get(SealBlockRow, (batch_id, first)) if first is not None else None


async def list_digests(tx: AsyncSession, batch_id: UUID, first: int, last: int) -> list[tuple[int, bytes]]:
    """Number and digest of lines as they are now."""
    rows = await tx.execute(_FOUND, {"batch": batch_id, "first": first, "last": last})
    return [(number, bytes(digest)) for number, digest in rows]


async def find_added(tx: AsyncSession, batch_id: UUID) -> int | None:
    """The first line that no block holds."""
    found = await tx.scalar(_ADDED, {"batch": batch_id})
    return None if found is None else int(found)


async def read_sum_before(tx: AsyncSession, batch_id: UUID, number: int, payer_scheme: str) -> int:
    """The fen of a payers' scheme in all lines of a batch before one: of the blocks before its own, and within it."""
    given = {"batch": batch_id, "number": number, "scheme": payer_scheme}
    return int(await tx.scalar(_SUM_BEFORE, given) or 0)
