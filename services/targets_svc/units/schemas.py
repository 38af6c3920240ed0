"""Units on the wire."""

from collections.abc import Iterable

from kit.http.wire import ResponseModel
from targets_svc.units.domain import Unit, UnitKind


class UnitRead(ResponseModel):
    """One responsible unit."""

    code: str
    name: str
    short_name: str
    aliases: list[str]
    kind: UnitKind
    gb_code: str | None
    stat_code: str | None
    parent: str | None
    sort_no: int
    is_ranked: bool


class UnitList(ResponseModel):
    """All units, in the order of the annex."""

    items: list[UnitRead]

    model_config = ResponseModel.model_config | {
        "json_schema_extra": {
            "examples": [
                {
                    "items": [
                        {
                            "code": "ZZ07",
                            "name": "金水区",
                            "short_name": "金水",
                            "aliases": [],
                            "kind": "DISTRICT",
                            "gb_code": "410105",
                            "stat_code": None,
                            "parent": "ZZ",
                            "sort_no": 8,
                            "is_ranked": True,
                        }
                    ]
                }
            ]
        }
    }

    @classmethod
    def of(cls, units: Iterable[Unit]) -> "UnitList":
        """From the catalogue."""
        return cls(items=[UnitRead.model_validate(unit) for unit in units])
