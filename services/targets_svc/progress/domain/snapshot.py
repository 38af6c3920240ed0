"""All that a month's tables are computed from, whatever source and curve are asked for."""

from collections.abc import Mapping
from dataclasses import dataclass

from targets_svc.indicators.domain import Source
from targets_svc.plans.domain import Plan
from targets_svc.progress.domain.observation import Cell, Observation
from targets_svc.standards.domain import Standard


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """What was known of a month.

    Attributes:
        plan: the version by which the month is measured.
        standard: by what it is judged.
        kept_before: by indicator, whether the city's limit was kept a month earlier; absent when unknown.
    """

    plan: Plan
    standard: Standard
    by_source: Mapping[Source, Mapping[Cell, Observation]]
    kept_before: Mapping[str, bool]
