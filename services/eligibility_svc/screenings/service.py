"""Use cases: take a register in, look at what came out, explain a row."""

import asyncio
import hashlib
import io
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import polars as pl
from sqlalchemy.ext.asyncio import AsyncSession

from eligibility_svc.checks.domain import Answer
from eligibility_svc.checks.service import decider_of
from eligibility_svc.measures.domain import Catalogue
from eligibility_svc.measures.repository import catalogue
from eligibility_svc.parameters.repository import find_catalogue
from eligibility_svc.screenings import repository, results
from eligibility_svc.screenings.domain import MAX_LISTED, PART_ROWS, Format, Question, WorkList, sniff
from eligibility_svc.screenings.errors import (
    CatalogueChangedError,
    ListTooLongError,
    RowNotFoundError,
    ScreeningNotFoundError,
    ScreeningUnfinishedError,
)
from eligibility_svc.screenings.frames import OUTCOMES, facts_of_row
from eligibility_svc.screenings.models import ScreeningRow
from eligibility_svc.screenings.parts import DISTRICT, REFERENCE, ROW
from eligibility_svc.screenings.programs import AMOUNT, ENDING, MISSING, OUTCOME, UNKNOWN, UNMET, column
from eligibility_svc.screenings.workbook import list_workbook
from kit.db.engine import Database
from kit.ids import new_id
from kit.jobs.queue import cancel_job, enqueue

SCREEN = "eligibility.screen"


@dataclass(frozen=True, slots=True)
class Register:
    """An uploaded file, and what is asked of it as stored: subject, columns, reference, district."""

    path: Path
    request: Mapping[str, Any]
    question: Question


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rows of a measure are wanted."""

    measure: str
    outcome: str | None
    work_list: WorkList | None
    district: str | None


async def begin_screening(tx: AsyncSession, owner: str, register: Register) -> ScreeningRow:
    """Stores the register and the job that screens it; the same file with the same request is the first screening."""
    question, size = register.question, register.path.stat().st_size
    file_format = _format(register.path) if size else Format.CSV
    request = {**register.request, "measures": list(question.measures), "format": file_format.value}
    dated = {**request, "as_of": str(question.as_of), "horizon": str(question.horizon), "law": catalogue().version}
    digest = _digest(register.path, dated)
    await repository.lock_digest(tx, owner, digest)
    existing = await repository.find_by_digest(tx, owner, digest)
    if existing is not None:
        return existing
    screening_id = new_id()
    row = ScreeningRow(
        id=screening_id,
        owner=owner,
        digest=digest,
        job_id=await enqueue(tx, SCREEN, {"screening_id": str(screening_id)}, owner=owner),
        as_of=question.as_of,
        horizon=question.horizon,
        catalogue_version=catalogue().version,
        request=request,
    )
    tx.add(row)
    await tx.flush()
    await repository.add_file(tx, screening_id, repository.REGISTER, register.path)
    return row


def _format(path: Path) -> Format:
    with path.open("rb") as file:
        return sniff(file.read(4))


def _digest(path: Path, request: Mapping[str, Any]) -> bytes:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    digest.update(json.dumps(request, sort_keys=True).encode())
    return digest.digest()


async def get_screening(tx: AsyncSession, owner: str, screening_id: UUID) -> ScreeningRow:
    """A screening of one's own.

    Raises:
        ScreeningNotFoundError.
    """
    found = await repository.find_screening(tx, screening_id, owner)
    if found is None:
        raise ScreeningNotFoundError
    return found


async def delete_screening(tx: AsyncSession, owner: str, screening_id: UUID) -> None:
    """Ends a screening that still runs and deletes what there is of it: a register is not kept longer than needed.

    Raises:
        ScreeningNotFoundError.
    """
    found = await get_screening(tx, owner, screening_id)
    await cancel_job(tx, found.job_id)
    await repository.delete_screening(tx, screening_id)


async def get_finished(tx: AsyncSession, owner: str, screening_id: UUID) -> ScreeningRow:
    """A screening whose results are there.

    Raises:
        ScreeningNotFoundError, ScreeningUnfinishedError.
    """
    found = await get_screening(tx, owner, screening_id)
    if found.criteria is None:
        raise ScreeningUnfinishedError
    return found


async def list_results(
    tx: AsyncSession, screening: ScreeningRow, wanted: Filter, after: int, limit: int
) -> list[dict[str, Any]]:
    """Rows behind a row number for one measure, in order of the register, one more than `limit` if there are more.

    Raises:
        RowNotFoundError: the measure was not screened.
    """
    about = (screening.criteria or {}).get(wanted.measure)
    if about is None:
        raise RowNotFoundError("这次筛查不含这项措施，请核对措施代码。")
    conditions = _conditions(wanted, has_amount=about["has_amount"])
    found: list[dict[str, Any]] = []
    position = max(after, 0) // PART_ROWS
    while len(found) <= limit:
        content = await repository.part_results(tx, screening.id, position)
        if content is None:
            break
        found += results.page(content, wanted.measure, after, limit + 1 - len(found), conditions)
        position += 1
    return [_shown(row, about) for row in found]


async def list_as_workbook(tx: AsyncSession, screening: ScreeningRow, wanted: Filter) -> bytes:
    """All rows of `list_results` as a workbook, conditions in the words of the law that screened them.

    Raises:
        RowNotFoundError: the measure was not screened.
        ListTooLongError.
    """
    rows = await list_results(tx, screening, wanted, 0, MAX_LISTED)
    if len(rows) > MAX_LISTED:
        raise ListTooLongError
    law = await find_catalogue(tx, screening.catalogue_version) or catalogue()
    edition = law.in_force(wanted.measure, screening.as_of) or law.measures[wanted.measure][-1]
    terms = edition.terms[screening.request["subject"]]
    criteria = [*terms.criteria, *(tier.criterion for tier in terms.benefit.tiers)]
    conditions = {criterion.id: criterion.text for criterion in criteria}
    districts = law.words.of("PERSON")["hukou_unit"].choices
    return await asyncio.to_thread(list_workbook, edition.name, rows, conditions, districts)


def _conditions(wanted: Filter, *, has_amount: bool) -> list[pl.Expr]:
    conditions = []
    if wanted.outcome is not None:
        conditions.append(pl.col(column(wanted.measure, OUTCOME)) == OUTCOMES.index(wanted.outcome))
    if wanted.work_list is not None:
        conditions.append(results.listed(wanted.measure, wanted.work_list, has_amount=has_amount))
    if wanted.district is not None:
        conditions.append(pl.col(DISTRICT) == wanted.district)
    return conditions


def _shown(row: Mapping[str, Any], about: Mapping[str, Any]) -> dict[str, Any]:
    truths = results.reasons(row, about["criteria"])
    return {
        "row_no": row[ROW],
        "reference": row[REFERENCE],
        "district": row[DISTRICT],
        "outcome": OUTCOMES[row[OUTCOME]],
        "amount": row[AMOUNT],
        "unmet": [name for name, truth in truths.items() if truth.value == UNMET.upper()],
        "unknown": [name for name, truth in truths.items() if truth.value == UNKNOWN.upper()],
        "missing_facts": row[MISSING],
        "is_ending": row[ENDING],
    }


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the single check says of a row, by the law that screened it."""

    reference: str | None
    answers: tuple[Answer, ...]
    law: Catalogue


async def explain_row(tx: AsyncSession, screening: ScreeningRow, row_no: int) -> Explanation:
    """What the single check says of the facts in a row.

    Raises:
        RowNotFoundError: no such row, or it was left out.
        CatalogueChangedError: the law that screened cannot be read by this release of the service any more.
    """
    law = await find_catalogue(tx, screening.catalogue_version)
    if law is None:
        raise CatalogueChangedError
    content = await repository.part_facts(tx, screening.id, (row_no - 1) // PART_ROWS)
    found = [] if content is None else pl.read_parquet(io.BytesIO(content)).filter(pl.col(ROW) == row_no).to_dicts()
    if not found:
        raise RowNotFoundError
    subject = screening.request["subject"]
    facts = facts_of_row(found[0], law.words, subject)
    answers = decider_of(law).check(subject, facts, screening.as_of, screening.request["measures"])
    return Explanation(found[0][REFERENCE], answers, law)


async def stream_results(database: Database, screening_id: UUID) -> AsyncIterator[bytes]:
    """The Parquet file of all results, a piece and a short transaction at a time."""
    position = 0
    while True:
        async with database.transaction() as tx:
            piece = await repository.read_piece(tx, screening_id, repository.RESULTS, position)
        if piece is None:
            return
        yield piece
        position += 1
