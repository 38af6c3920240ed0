"""Responsible units and the order in which the annex names them."""

from dataclasses import dataclass
from enum import StrEnum

CITY = "ZZ"
"""The city as a whole: the sum of its units, and the holder of the city-level rates."""
CITY_DIRECT = "ZZ00"
"""市本级: what the city's own offices deliver; a row of the annex, but no district (targets design §5.9)."""


class UnitKind(StrEnum):
    """What sort of unit it is."""

    CITY = "CITY"
    CITY_DIRECT = "CITY_DIRECT"
    COUNTY_CITY = "COUNTY_CITY"
    COUNTY = "COUNTY"
    DISTRICT = "DISTRICT"
    FUNC_ZONE = "FUNC_ZONE"


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit (targets design §5.1).

    Attributes:
        code: ours, immutable, never reused: ZZ, ZZ00 … ZZ15.
        gb_code: GB/T 2260, none for functional zones.
        stat_code: the statistics bureau's extension for functional zones.
        sort_no: position in the annex, 0 for the city.
    """

    code: str
    name: str
    short_name: str
    kind: UnitKind
    sort_no: int
    aliases: tuple[str, ...] = ()
    gb_code: str | None = None
    stat_code: str | None = None

    @property
    def parent(self) -> str | None:
        """The unit above: the city for all others."""
        return None if self.kind is UnitKind.CITY else CITY

    @property
    def is_ranked(self) -> bool:
        """Whether it takes part in the ranking of districts; 市本级 and the city do not."""
        return self.kind not in {UnitKind.CITY, UnitKind.CITY_DIRECT}


def limited_to(own: str | None) -> str | None:
    """The one unit whose rows an account sees; None for the city's accounts and those bound to no unit: all."""
    return None if own == CITY else own


def may_see(own: str | None, unit: str) -> bool:
    """Whether an account sees the rows of a unit."""
    return limited_to(own) in {None, unit}


def may_report(own: str | None, unit: str) -> bool:
    """For whom an account reports: its own unit; the city's accounts for the city and for 市本级."""
    return unit == own or (own in {None, CITY} and unit in {CITY, CITY_DIRECT})
