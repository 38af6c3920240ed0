"""Indicators, and the one way in which their values are held and shown.

A value is an integer in the indicator's smallest unit: persons and households as they are, rates in hundredths of a
percent (4.00 % is 400). So no figure of the plan ever passes through a float.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from kit.money import fixed

_RATE = re.compile(r"(0|[1-9][0-9]{0,3})(\.[0-9]{1,2})?")
GREATEST_COUNT = 100_000_000
"""Ten times the city's population; a larger count is a typing error."""


class Direction(StrEnum):
    """When the target is met: at least, at most, exactly."""

    GE = "GE"
    LE = "LE"
    EQ = "EQ"


class IndicatorKind(StrEnum):
    """FLOW adds up over the year; STOCK and RATE are the state at the end of the period."""

    FLOW = "FLOW"
    STOCK = "STOCK"
    RATE = "RATE"


class Source(StrEnum):
    """Where an actual comes from: what the units reported, or what the real-name register proves."""

    REPORT = "REPORT"
    REGISTER = "REGISTER"


@dataclass(frozen=True, slots=True)
class Indicator:
    """One indicator (targets design §5.2).

    Attributes:
        decomposed: whether the annex splits it over the units; otherwise it is the city's alone.
        parent: the indicator of which it is a part (其中), compared before attrition.
        attrition: the register code subtracted from its count, if it is a net figure.
        actual_source: the official source of its actual.
        evidence: what proves one counted case.
        quantum: the step in which plans assign it, where there is one (rule P12).
    """

    code: str
    name: str
    unit: str
    kind: IndicatorKind
    direction: Direction
    decomposed: bool
    sort_no: int
    parent: str | None = None
    attrition: str | None = None
    actual_source: Source = Source.REPORT
    evidence: tuple[str, ...] = ()
    quantum: int | None = None

    @property
    def decimals(self) -> int:
        """Places of its values on the wire."""
        return 2 if self.kind is IndicatorKind.RATE else 0

    @property
    def accumulate(self) -> str:
        """How months become a year: SUM for flows, LAST for what stands at the end."""
        return "SUM" if self.kind is IndicatorKind.FLOW else "LAST"

    def shown(self, value: int | None) -> int | str | None:
        """The wire form: an integer for counts, a decimal string in percent for rates."""
        if value is None or not self.decimals:
            return value
        return fixed(value, 100)

    def read(self, raw: object) -> int:
        """Reads a wire value: `7000` for counts, `"4.00"` for rates.

        Raises:
            ValueError: another type, more than two places, negative beyond a count, or out of all bounds.
        """
        if not self.decimals:
            if isinstance(raw, bool) or not isinstance(raw, int) or abs(raw) > GREATEST_COUNT:
                raise ValueError("not a whole number in range")
            return raw
        if not isinstance(raw, str) or not _RATE.fullmatch(raw):
            raise ValueError("not a decimal string in percent with at most two places")
        whole, _, places = raw.partition(".")
        return int(whole) * 100 + int(places.ljust(2, "0"))


def register_codes(indicators: Mapping[str, Indicator], planned: frozenset[str]) -> frozenset[str]:
    """Codes under which the register takes events: the planned flows and the attrition of net ones."""
    counted = [indicators[code] for code in planned if indicators[code].kind is IndicatorKind.FLOW]
    return frozenset({i.code for i in counted} | {i.attrition for i in counted if i.attrition})


def attrition_codes(indicators: Mapping[str, Indicator]) -> dict[str, str]:
    """For net indicators and their parts the code under which what ends a case is registered."""
    parents = {code: indicator.parent or code for code, indicator in indicators.items()}
    return {
        code: attrition for code, parent in parents.items() if (attrition := indicators[parent].attrition) is not None
    }
