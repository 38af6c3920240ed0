"""The catalogue of units, read once from its data file."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

import yaml

from targets_svc.units.domain import Unit, UnitKind


@cache
def load_units() -> Mapping[str, Unit]:
    """Units by code, in the order of the annex; the city first."""
    rows = yaml.safe_load(files(__package__).joinpath("units.yaml").read_text(encoding="utf-8"))["units"]
    units = [
        Unit(
            code=row["code"],
            name=row["name"],
            short_name=row["short_name"],
            kind=UnitKind(row["kind"]),
            sort_no=sort_no,
            aliases=tuple(row.get("aliases", ())),
            gb_code=row.get("gb_code"),
            stat_code=row.get("stat_code"),
        )
        for sort_no, row in enumerate(rows)
    ]
    return MappingProxyType({unit.code: unit for unit in units})
