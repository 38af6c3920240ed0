"""One check, the columns of Polars and the SQL text give the same answer for every row; no difference at all.

`make test` compares a sample with the single check, `make test-long` a hundred thousand rows (JIUYE_TEST_ROWS).
"""

import os
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import duckdb
import polars as pl
import pytest

from eligibility_svc.checks.decision import Decider
from eligibility_svc.checks.domain import NOT_IN_FORCE, Answer, Outcome
from eligibility_svc.facts.repository import vocabulary
from eligibility_svc.measures.repository import base_catalogue
from eligibility_svc.screenings.frames import OUTCOMES, facts_of_row, polars_program, screened
from eligibility_svc.screenings.programs import decode
from eligibility_svc.screenings.sql import screening_sql
from tests.eligibility_svc.screenings.registers import AS_OF, frame, rows

ROWS = int(os.environ.get("JIUYE_TEST_ROWS", "3000"))
HORIZON = date(2019, 1, 15)
LAW = base_catalogue()
SUBJECTS = list(vocabulary().subjects)
DECIDER = Decider(LAW, vocabulary())


def size(subject: str) -> int:
    return ROWS if subject == "PERSON" else max(ROWS // 15, 200)


def columnar(subject: str, register: pl.DataFrame, as_of: date = AS_OF) -> tuple[pl.DataFrame, Any]:
    made = polars_program(LAW, subject, as_of, LAW.of_subject(subject), HORIZON)
    return screened(register.lazy(), made, ["row"]).collect(), made


def differences(found: dict[str, Any], criteria: tuple[str, ...] | None, answer: Answer) -> list[str]:
    """What a row of columns says otherwise than the single check."""
    code = answer.measure
    wrong = []
    if OUTCOMES[found[f"{code}.outcome"]] != answer.outcome.value:
        wrong.append("outcome")
    if found[f"{code}.amount"] != answer.benefit.amount:
        wrong.append("amount")
    if criteria is None:
        return wrong if answer.rule == NOT_IN_FORCE else [*wrong, "in force"]
    truths = decode(found[f"{code}.unmet"], found[f"{code}.unknown"], criteria)
    if truths != {reason.criterion: reason.outcome for reason in answer.reasons}:
        wrong.append("reasons")
    if found[f"{code}.missing"] != len(answer.missing_facts):
        wrong.append("missing")
    return wrong


@pytest.mark.parametrize("subject", SUBJECTS)
def test_columns_say_what_the_single_check_says(subject: str) -> None:
    facts = rows(subject, size(subject), 1)
    results, made = columnar(subject, frame(subject, facts))
    for found, known in zip(results.iter_rows(named=True), facts, strict=True):
        for answer in DECIDER.check(subject, known, AS_OF):
            wrong = differences(found, made.criteria[answer.measure], answer)
            assert not wrong, (answer.measure, wrong, known)


@pytest.mark.parametrize("as_of", [date(2017, 3, 9), date(2017, 12, 1), date(2019, 2, 28)])
def test_columns_follow_the_editions_of_the_day(as_of: date) -> None:
    facts = rows("PERSON", 200, 2)
    results, made = columnar("PERSON", frame("PERSON", facts), as_of)
    for found, known in zip(results.iter_rows(named=True), facts, strict=True):
        for answer in DECIDER.check("PERSON", known, as_of):
            assert not differences(found, made.criteria[answer.measure], answer), (answer.measure, known)


def test_an_entitlement_that_the_calendar_ends_is_seen_before() -> None:
    facts = rows("PERSON", 500, 3)
    results, _ = columnar("PERSON", frame("PERSON", facts))
    seen = 0
    for found, known in zip(results.iter_rows(named=True), facts, strict=True):
        later = {answer.measure: answer.outcome for answer in DECIDER.check("PERSON", known, HORIZON)}
        for answer in DECIDER.check("PERSON", known, AS_OF):
            ends = answer.outcome is Outcome.ELIGIBLE and later[answer.measure] is Outcome.NOT_ELIGIBLE
            assert found[f"{answer.measure}.ending"] == ends, (answer.measure, known)
            seen += ends
    assert seen


def test_a_row_of_columns_is_the_facts_again() -> None:
    for subject in SUBJECTS:
        facts = rows(subject, 50, 4)
        register = frame(subject, facts)
        assert [facts_of_row(row, vocabulary(), subject) for row in register.iter_rows(named=True)] == facts


def sql_register(register: pl.DataFrame) -> pl.DataFrame:
    enums = [name for name, kind in register.schema.items() if isinstance(kind, pl.Enum)]
    return register.with_columns(pl.col(enums).cast(pl.String)).rename(lambda name: name.replace(".", "_"))


def statement(subject: str) -> str:
    measures = LAW.of_subject(subject)
    return screening_sql(LAW, subject, AS_OF, measures, table="register", reference="row_no", horizon=HORIZON)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_duckdb_runs_the_same_text_to_the_same_result(subject: str, tmp_path: Path) -> None:
    facts = rows(subject, size(subject), 5)
    register = frame(subject, facts)
    expected, _ = columnar(subject, register)
    file = tmp_path / "register.parquet"
    sql_register(register).rename({"row": "row_no"}).write_parquet(file)
    with duckdb.connect() as connection:
        connection.execute("SET integer_division = true")
        connection.execute(f"CREATE VIEW register AS SELECT * FROM read_parquet('{file}')")
        found = connection.execute(f"{statement(subject)} ORDER BY row_no").fetchall()
    assert found == expected.rows()


_SQL_TYPES = {pl.Boolean: "boolean", pl.Int64: "bigint", pl.Date: "date", pl.String: "text", pl.UInt32: "bigint"}


@pytest.mark.parametrize("subject", SUBJECTS)
async def test_postgres_runs_the_same_text_to_the_same_result(subject: str, infrastructure: Any) -> None:
    register = sql_register(frame(subject, rows(subject, size(subject), 6))).rename({"row": "row_no"})
    expected, _ = columnar(subject, frame(subject, rows(subject, size(subject), 6)))
    connection = await asyncpg.connect(infrastructure.admin_url())
    try:
        types = ", ".join(
            f"{name} {_SQL_TYPES.get(kind.base_type(), 'bigint[]')}" for name, kind in register.schema.items()
        )
        await connection.execute(f"CREATE TEMP TABLE register ({types})")
        await connection.copy_records_to_table("register", records=register.rows())
        found = await connection.fetch(f"{statement(subject)} ORDER BY row_no")
    finally:
        await connection.close()
    assert [tuple(row) for row in found] == expected.rows()
