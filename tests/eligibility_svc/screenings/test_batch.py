"""Screening Parquet to Parquet: what the result holds."""

from datetime import date
from pathlib import Path

import polars as pl

from eligibility_svc.measures.repository import catalogue
from eligibility_svc.screenings.batch import screen_file
from eligibility_svc.screenings.frames import polars_program

MEASURES = ["poor-training-living", "hardship-insurance"]


def screened(folder: Path, *, has_reasons: bool) -> pl.DataFrame:
    register = pl.DataFrame({"row_no": [1, 2], "is_poor_household": [True, None], "is_in_training": [True, False],
                             "training_days": [12, 12]})  # fmt: skip
    register.write_parquet(folder / "register.parquet")
    day = date(2018, 9, 1)
    screen_file(folder / "register.parquet", folder / "result.parquet", "PERSON", day, MEASURES, ["row_no"],
                has_reasons=has_reasons)  # fmt: skip
    return pl.read_parquet(folder / "result.parquet")


def test_an_amount_has_a_column_where_the_law_names_one(tmp_path: Path) -> None:
    """That of hardship-insurance is left to rules that have not come: it would be empty for everybody."""
    found = screened(tmp_path, has_reasons=False)
    assert found.columns == ["row_no", "poor-training-living.outcome", "poor-training-living.amount",
                             "hardship-insurance.outcome"]  # fmt: skip
    assert found.rows() == [(1, "ELIGIBLE", 36000, "UNDETERMINED"), (2, "NOT_ELIGIBLE", None, "UNDETERMINED")]


def test_the_reasons_come_as_two_masks(tmp_path: Path) -> None:
    found = screened(tmp_path, has_reasons=True)
    assert found["poor-training-living.unmet"].to_list() == [0, 0b10]
    assert found["poor-training-living.unknown"].to_list() == [0, 0b01]


def test_an_amount_by_level_has_no_column_while_every_level_is_open() -> None:
    made = polars_program(catalogue(), "PERSON", date(2018, 9, 1), ["skill-upgrade", "training-fee", "startup-grant"])
    assert made.open_amounts == ("skill-upgrade", "training-fee")
