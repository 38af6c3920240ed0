"""Examples of the contract: what the catalogue really answers."""

from datetime import date
from typing import Any

from pydantic_core import from_json, to_json

from eligibility_svc.measures.repository import base_catalogue
from eligibility_svc.measures.schemas import MeasureRead, MeasuresRead
from eligibility_svc.measures.service import find_edition

_DAY = date(2018, 9, 1)


def measure() -> dict[int | str, dict[str, Any]]:
    """The `responses` of one measure, as `GET /measures/startup-grant?as_of=2018-09-01` answers."""
    known = base_catalogue()
    return _wire(MeasureRead.of(find_edition(known, "startup-grant", _DAY), known, _DAY))


def measures() -> dict[int | str, dict[str, Any]]:
    """The `responses` of the list, cut to one measure."""
    known = base_catalogue()
    item = MeasureRead.of(find_edition(known, "poor-training-living", _DAY), known, _DAY)
    return _wire(MeasuresRead(as_of=_DAY, catalogue_version=known.version, items=[item]))


def _wire(read: MeasureRead | MeasuresRead) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {"application/json": {"example": from_json(to_json(read))}}}}
