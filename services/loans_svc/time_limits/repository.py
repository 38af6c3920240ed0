"""What waits for somebody, straight from loans and batches: nothing is kept twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kit.dates import Quarter
from loans_svc.time_limits.domain import LateBefore

# A quarter's claim is due from the quarter's last day on, whether anybody has begun it or not.
_WAITING = text(
    """
    WITH waiting AS (
        SELECT 'DECISION' AS step, l.id AS loan, CAST(NULL AS uuid) AS batch, l.bank, l.unit,
               CAST(NULL AS text) AS period, l.applied_at AS since
        FROM loan l WHERE l.state = 'APPLIED'
        UNION ALL
        SELECT 'DISBURSEMENT', l.id, NULL, l.bank, l.unit, NULL, l.decided_at
        FROM loan l WHERE l.state = 'APPROVED'
        UNION ALL
        SELECT s.step, NULL, b.id, b.bank, b.unit, b.period,
               CASE s.since WHEN 'submitted' THEN b.submitted_at WHEN 'reviewed' THEN b.reviewed_at
                   ELSE (make_date(CAST(left(b.period, 4) AS int), 3 * CAST(right(b.period, 1) AS int), 1)
                       + interval '1 month - 1 day') AT TIME ZONE 'Asia/Shanghai' END
        FROM subsidy_batch b
        JOIN (VALUES ('PENDING', 'SUBMISSION', ''), ('COMPUTED', 'SUBMISSION', ''), ('MATCHED', 'SUBMISSION', ''),
                     ('SUBMITTED', 'REVIEW', 'submitted'), ('REVIEWED', 'APPROVAL', 'reviewed'),
                     ('APPROVED', 'PAYMENT', 'reviewed')) AS s (state, step, since) ON s.state = b.state
        UNION ALL
        SELECT 'SUBMISSION', NULL, NULL, p.bank, p.unit, :period, :last AT TIME ZONE 'Asia/Shanghai'
        FROM (SELECT DISTINCT l.bank, l.unit FROM loan l
              WHERE l.disbursed_on <= :last AND l.window_end > :first AND l.state <> 'CANCELLED') p
        WHERE NOT EXISTS (SELECT FROM subsidy_batch b WHERE b.bank = p.bank AND b.unit = p.unit
                          AND b.period = :period AND b.state <> 'REJECTED')
    ), keyed AS (
        SELECT step, loan, batch, bank, unit, period, CAST(since AT TIME ZONE 'Asia/Shanghai' AS date) AS since,
               coalesce(CAST(loan AS text), CAST(batch AS text), bank || ' ' || unit) AS key
        FROM waiting
    )
    SELECT step, loan, batch, bank, unit, period, since, key FROM keyed
    WHERE (CAST(:step AS text) IS NULL OR step = :step) AND (CAST(:unit AS text) IS NULL OR unit = :unit)
      AND (CAST(:bank AS text) IS NULL OR bank = :bank)
      AND (CAST(:is_late AS boolean) IS NULL OR :is_late = EXISTS (
          SELECT FROM unnest(CAST(:late_steps AS text[]), CAST(:late_since AS date[]), CAST(:late_until AS date[]))
              AS late (step, since, until)
          WHERE late.step = keyed.step AND keyed.since BETWEEN late.since AND late.until))
      AND (CAST(:after_since AS date) IS NULL OR (since, key) > (:after_since, :after_key))
    ORDER BY since, key LIMIT :limit
    """
)


@dataclass(frozen=True, slots=True)
class WaitingFilter:
    """Which steps are asked for; None does not narrow."""

    step: str | None = None
    unit: str | None = None
    bank: str | None = None
    is_late: bool | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A step that somebody is to do; of a claim that nobody has begun there is no batch.

    Attributes:
        since: the day on which the step before was done.
        key: tells apart what waits since the same day.
    """

    step: str
    loan: UUID | None
    batch: UUID | None
    bank: str
    unit: str
    period: str | None
    since: date
    key: str


async def list_waiting(
    tx: AsyncSession,
    asked: WaitingFilter,
    late: Sequence[LateBefore],
    ended: Quarter,
    after: tuple[date, str] | None,
    limit: int,
) -> list[Waiting]:
    """What waits longest first.

    Args:
        ended: the last quarter that is over.
        after: day and key of the last one of the page before.
    """
    given: dict[str, Any] = {
        "step": asked.step,
        "unit": asked.unit,
        "bank": asked.bank,
        "is_late": asked.is_late,
        "late_steps": [one.step.value for one in late],
        "late_since": [one.since for one in late],
        "late_until": [one.until for one in late],
        "period": str(ended),
        "first": ended.first,
        "last": ended.after - date.resolution,
        "after_since": after[0] if after else None,
        "after_key": after[1] if after else "",
        "limit": limit,
    }
    return [Waiting(*row) for row in await tx.execute(_WAITING, given)]
