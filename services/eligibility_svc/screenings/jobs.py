"""The job: a register made into parts in a bounded process, each part screened and stored by itself.

A run that is killed leaves its finished parts behind; the next run makes the rest.
"""

import asyncio
import io
import json
import os
import sys
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import polars as pl

from eligibility_svc.facts.repository import vocabulary
from eligibility_svc.measures.domain import Catalogue
from eligibility_svc.parameters.repository import catch_up, find_catalogue
from eligibility_svc.screenings import repository
from eligibility_svc.screenings.domain import KEPT_DAYS, MAX_REJECTIONS
from eligibility_svc.screenings.errors import RegisterUnreadableError, ScreeningNotFoundError
from eligibility_svc.screenings.folders import clear_abandoned, working_folder
from eligibility_svc.screenings.frames import completed, frame_schema, polars_program, screened
from eligibility_svc.screenings.models import ScreeningRow
from eligibility_svc.screenings.parts import DISTRICT, REFERENCE, ROW
from eligibility_svc.screenings.programs import Program
from eligibility_svc.screenings.results import Counts, added, count, published
from kit.jobs.worker import Job

PURGE = "eligibility.purge_screenings"
_TOO_LARGE = "名册展开后过大，无法读取；请拆分，或另存为csv后重新提交。"


# Two jobs at once would take the same publications in twice.
_CATCHING_UP = asyncio.Lock()


class LawUnknownError(Exception):
    """The rules of another release that this worker cannot read: a worker that has them tries again."""


async def screen_register(job: Job) -> dict[str, Any]:
    """Screens a register; the result names the screening and how many rows were screened and left out.

    Raises:
        RegisterUnreadableError: nothing of it can be read; the screening says why.
    """
    screening_id = UUID(job.payload["screening_id"])
    # The job's own transaction begins with its first statement: only at the end, since reading takes its time.
    async with job.database.transaction() as tx:
        screening = await repository.find_screening(tx, screening_id)
    if screening is None:
        raise ScreeningNotFoundError
    with working_folder() as folder:
        try:
            rejections = await _take_in(job, screening, folder)
        except RegisterUnreadableError as error:
            async with job.database.transaction() as tx:
                await repository.finish(tx, screening_id, {"problem": error.detail})
                await repository.remove_file(tx, screening_id, repository.REGISTER)
            raise
        law = await _law(job, screening.catalogue_version)
        made = _program(law, screening)
        gives = {code: gives_money(law, code, screening) for code in made.criteria}
        await _screen_parts(job, screening, made, gives, folder)
        await _finish(job, screening, made, gives, rejections, folder)
    return {"screening_id": str(screening_id)}


async def purge_screenings(job: Job) -> dict[str, Any]:
    """Deletes what is older than 30 days, and what killed workers left in the temporary folder."""
    clear_abandoned()
    return {"deleted": await repository.purge(job.session, KEPT_DAYS)}


async def _take_in(job: Job, screening: ScreeningRow, folder: Path) -> list[list[dict[str, Any]]]:
    """Parts of typed facts as files, and the cells that could not be read."""
    with (folder / "register").open("wb") as file:
        async with job.database.transaction() as tx:
            async for piece in repository.pieces(tx, screening.id, repository.REGISTER):
                file.write(piece)
    (folder / "request.json").write_text(json.dumps(screening.request), encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "eligibility_svc.screenings.intake",
        str(folder),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env={"PYTHONPATH": os.pathsep.join(sys.path), "PATH": os.environ.get("PATH", ""), "POLARS_MAX_THREADS": "2"},
    )
    try:
        await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
    problem = folder / "problem.json"
    if problem.exists():
        raise RegisterUnreadableError(json.loads(problem.read_text(encoding="utf-8"))["detail"])
    if process.returncode != 0:
        raise RegisterUnreadableError(_TOO_LARGE)
    rejections: list[list[dict[str, Any]]] = json.loads((folder / "rejections.json").read_text(encoding="utf-8"))
    return rejections


async def _law(job: Job, version: str) -> Catalogue:
    """The catalogue that the screening was asked under, publications of that time included."""
    async with _CATCHING_UP, job.database.transaction() as tx:
        await catch_up(tx)
        known = await find_catalogue(tx, version)
    if known is None:
        raise LawUnknownError(version)
    return known


def _program(law: Catalogue, screening: ScreeningRow) -> Program[pl.Expr]:
    request = screening.request
    return polars_program(law, request["subject"], screening.as_of, request["measures"], screening.horizon)


def gives_money(law: Catalogue, code: str, screening: ScreeningRow) -> bool:
    """Whether the edition in force on the day has a formula or a ceiling for the subject."""
    edition = law.in_force(code, screening.as_of)
    terms = edition.terms.get(screening.request["subject"]) if edition else None
    return terms is not None and not (terms.benefit.formula is None and terms.benefit.ceiling is None)


async def _screen_parts(
    job: Job, screening: ScreeningRow, made: Program[pl.Expr], gives: dict[str, bool], folder: Path
) -> None:
    files = _in_order(folder)
    async with job.database.transaction() as tx:
        done = await repository.parts_done(tx, screening.id)
    for position, file in enumerate(files):
        if position not in done:
            part = await asyncio.to_thread(_screened_part, file, screening.request["subject"], made, gives)
            async with job.database.transaction() as tx:
                await repository.add_part(tx, {"screening_id": screening.id, "position": position, **part})
        await job.progress(position + 1, len(files))


def _in_order(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.parquet"), key=lambda file: int(file.stem))


def _screened_part(file: Path, subject: str, made: Program[pl.Expr], gives: dict[str, bool]) -> dict[str, Any]:
    facts = completed(pl.scan_parquet(file), frame_schema(vocabulary(), subject), made)
    results = screened(facts, made, [ROW, REFERENCE, DISTRICT]).collect()
    content = io.BytesIO()
    results.write_parquet(content)
    return {
        "screened": results.height,
        "facts": file.read_bytes(),
        "results": content.getvalue(),
        "counts": count(results, gives),
    }


async def _finish(
    job: Job,
    screening: ScreeningRow,
    made: Program[pl.Expr],
    gives: dict[str, bool],
    rejections: list[list[dict[str, Any]]],
    folder: Path,
) -> None:
    """In the transaction that ends the job: all of it, or nothing."""
    whole = await _whole_result(job, screening, list(made.criteria), folder)
    parts = await repository.part_counts(job.session, screening.id)
    await repository.remove_file(job.session, screening.id, repository.RESULTS)
    await repository.add_file(job.session, screening.id, repository.RESULTS, whole)
    await repository.remove_file(job.session, screening.id, repository.REGISTER)
    listed = [rejection for part in rejections for rejection in part]
    counts: Counts = added([counts for _, counts in parts])
    values = {
        "screened": sum(height for height, _ in parts),
        "rejected": sum(json.loads((folder / "left_out.json").read_text(encoding="utf-8"))),
        "criteria": {
            code: {"criteria": ids or (), "has_amount": gives[code], "is_in_force": ids is not None}
            for code, ids in made.criteria.items()
        },
        "counts": counts,
        "rejections": listed[:MAX_REJECTIONS],
        "problem": None,
    }
    await repository.finish(job.session, screening.id, values)


async def _whole_result(job: Job, screening: ScreeningRow, measures: list[str], folder: Path) -> Path:
    (folder / "results").mkdir()
    position = 0
    async with job.database.transaction() as tx:
        while (content := await repository.part_results(tx, screening.id, position)) is not None:
            (folder / "results" / f"{position:05}.parquet").write_bytes(content)
            position += 1
    whole = folder / "results.parquet"
    results = published(pl.scan_parquet(folder / "results"), measures)
    await asyncio.to_thread(partial(results.sink_parquet, whole))
    return whole
