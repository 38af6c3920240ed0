"""The use case: what a check comes to once the register is counted."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from eligibility_svc.checks.domain import Answer
from eligibility_svc.grants.domain import count_grants
from eligibility_svc.grants.repository import grants_of
from eligibility_svc.measures.domain import Catalogue


async def count_register(
    tx: AsyncSession, applicant_ref: UUID, answers: Sequence[Answer], known: Catalogue, as_of: date
) -> tuple[Answer, ...]:
    """The answers, with everything granted to the applicant in the whole city counted; a stranger has no grants."""
    return count_grants(answers, known, await grants_of(tx, applicant_ref), as_of)
