"""Screening Parquet to Parquet on one machine, for registers beyond an upload; nothing of them is stored.

`python -m eligibility_svc.screenings.batch IN OUT --as-of DAY [--subject PERSON] [--measures a b] [--keep COLUMN]
[--no-reasons]`; without the reasons the result has outcomes and amounts alone. An amount that the law leaves open for
everybody has no column. The columns of IN are facts by name (`language.polars_columns` says of what type; text is taken
for a choice); a fact without a column is unknown. The law is that of the data files.
"""

import argparse
from datetime import date
from pathlib import Path

import polars as pl

from eligibility_svc.facts.repository import vocabulary
from eligibility_svc.measures.repository import catalogue
from eligibility_svc.screenings.frames import completed, frame_schema, polars_program, screened
from eligibility_svc.screenings.programs import AMOUNT, UNKNOWN, UNMET, column


def screen_file(
    source: Path,
    result: Path,
    subject: str,
    as_of: date,
    measures: list[str] | None,
    kept: list[str],
    *,
    has_reasons: bool = True,
) -> None:
    """Screens a file of facts in batches that fit into memory.

    Raises:
        polars.exceptions.PolarsError: a column is not of its fact's type, or text is not one of its choices.
    """
    known, schema = catalogue(), frame_schema(vocabulary(), subject)
    wanted = measures or list(known.of_subject(subject))
    made = polars_program(known, subject, as_of, wanted, is_named=True)
    register = pl.scan_parquet(source)
    present = register.collect_schema()
    casts = [pl.col(name).cast(kind) for name, kind in schema.items() if present.get(name, kind) != kind]
    facts = completed(register.with_columns(casts), schema, made)
    found = screened(facts, made, kept)
    left_out = [column(code, AMOUNT) for code in made.open_amounts]
    if not has_reasons:
        left_out += [column(code, mask) for code in wanted for mask in (UNMET, UNKNOWN)]
    found = found.drop(left_out)
    # The outcomes of neighbours are alike only by chance: least and greatest of a group would let no reader skip it.
    found.sink_parquet(result, compression="lz4", statistics=False)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m eligibility_svc.screenings.batch", description="名册筛查（parquet）"
    )
    parser.add_argument("source", type=Path)
    parser.add_argument("result", type=Path)
    parser.add_argument("--as-of", type=date.fromisoformat, required=True)
    parser.add_argument("--subject", default="PERSON", choices=list(vocabulary().subjects))
    parser.add_argument("--measures", nargs="*")
    parser.add_argument("--keep", nargs="*", default=[])
    parser.add_argument("--no-reasons", action="store_true")
    asked = parser.parse_args()
    screen_file(
        asked.source,
        asked.result,
        asked.subject,
        asked.as_of,
        asked.measures,
        asked.keep,
        has_reasons=not asked.no_reasons,
    )


if __name__ == "__main__":
    main()
