"""The catalogue of indicators, read once from its data file."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

import yaml

from targets_svc.indicators.domain import Direction, Indicator, IndicatorKind, Source


@cache
def load_indicators() -> Mapping[str, Indicator]:
    """Indicators by code, in the order of the annex, then the city-level ones."""
    rows = yaml.safe_load(files(__package__).joinpath("indicators.yaml").read_text(encoding="utf-8"))["indicators"]
    indicators = [
        Indicator(
            code=row["code"],
            name=row["name"],
            unit=row["unit"],
            kind=IndicatorKind(row["kind"]),
            direction=Direction(row["direction"]),
            decomposed=row["decomposed"],
            sort_no=sort_no,
            parent=row.get("parent"),
            attrition=row.get("attrition"),
            actual_source=Source(row.get("actual_source", Source.REPORT)),
            evidence=tuple(row["evidence"]),
            quantum=row.get("quantum"),
        )
        for sort_no, row in enumerate(rows, start=1)
    ]
    return MappingProxyType({indicator.code: indicator for indicator in indicators})
