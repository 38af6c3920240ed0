"""Screening as one SQL statement, where the data may not leave the database or has outgrown a machine."""

import re
from collections.abc import Sequence
from datetime import date

from eligibility_svc.language.sql_columns import SqlTarget
from eligibility_svc.measures.domain import Catalogue
from eligibility_svc.screenings.programs import program

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}(\.[a-z_][a-z0-9_]{0,62})?")


def screening_sql(
    catalogue: Catalogue,
    subject: str,
    as_of: date,
    measures: Sequence[str],
    *,
    table: str,
    reference: str,
    horizon: date | None = None,
) -> str:
    """A SELECT of the results of each row of a table of facts (columns as in `language.sql_columns`).

    Args:
        table: its name, with or without schema.
        reference: the column that names a row; it comes first in the answer.

    Raises:
        ValueError: a name that is not a plain lower-case SQL name.
    """
    if not (_NAME.fullmatch(table) and _NAME.fullmatch(reference)):
        raise ValueError("table and reference are plain lower-case SQL names")
    made = program(catalogue, SqlTarget(), subject, as_of, measures, horizon=horizon)
    conditions = ",\n    ".join([reference, *(f"{text} AS {name}" for name, text in made.conditions.items())])
    results = ",\n  ".join([reference, *(f'{text} AS "{name}"' for name, text in made.results.items())])
    return f"SELECT\n  {results}\nFROM (\n  SELECT\n    {conditions}\n  FROM {table}\n) AS condition"
