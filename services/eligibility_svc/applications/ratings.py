"""好差评: given once by who submitted the application, read by who supervises the offices."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from eligibility_svc.applications import repository
from eligibility_svc.applications.course import Actor, found, found_of_applicant
from eligibility_svc.applications.domain import CLOSED, Applicant, State
from eligibility_svc.applications.errors import AlreadyRatedError, StepRefusedError
from eligibility_svc.applications.models import ApplicationRow, RatingRow
from eligibility_svc.applications.vault import REASON, Vault


async def rate_application(
    tx: AsyncSession, vault: Vault, actor: Actor, application_id: UUID, score: int, reason: str | None, now: datetime
) -> None:
    """好差评, once, by who submitted it, after the office has done its part; the application shows nothing of it.

    Raises:
        ApplicationNotFoundError, StepRefusedError, AlreadyRatedError.
    """
    await _enter(tx, vault, await found(tx, actor, application_id), score, reason, now)


async def rate_own_application(
    tx: AsyncSession, vault: Vault, application_id: UUID, who: Applicant, score: int, reason: str | None, now: datetime
) -> None:
    """好差评 by the applicant, wherever the application was submitted.

    Raises:
        ApplicationInvalidError, ApplicationNotFoundError, StepRefusedError, AlreadyRatedError.
    """
    await _enter(tx, vault, await found_of_applicant(tx, vault, application_id, who), score, reason, now)


async def _enter(
    tx: AsyncSession, vault: Vault, row: ApplicationRow, score: int, reason: str | None, now: datetime
) -> None:
    if State(row.state) not in CLOSED:
        raise StepRefusedError("申请尚未办结，请在收到办理结果后评价。")
    sealed = vault.seal(reason or "", REASON, row.application_id)
    is_new = await repository.add_rating(
        tx,
        application_id=row.application_id,
        unit=row.unit,
        measure=row.measure,
        score=score,
        has_reason=reason is not None,
        reason_sealed=sealed,
        rated_at=now,
    )
    if not is_new:
        raise AlreadyRatedError


async def list_ratings(
    tx: AsyncSession, vault: Vault, *, unit: str | None, after: Sequence[Any] | None, limit: int
) -> list[tuple[RatingRow, str]]:
    """Ratings with their reasons, for who supervises the offices."""
    rows = await repository.list_ratings(tx, unit=unit, after=after, limit=limit)
    return [(row, vault.open(row.reason_sealed, REASON, row.application_id)) for row in rows]
