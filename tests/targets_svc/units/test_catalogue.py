"""The catalogue of units, against the codes of the design and of GB/T 2260."""

import pytest

from targets_svc.units.domain import UnitKind, may_report, may_see
from targets_svc.units.repository import load_units

GB_CODES = {
    "ZZ": "410100", "ZZ01": "410183", "ZZ02": "410185", "ZZ03": "410184", "ZZ04": "410182", "ZZ05": "410122",
    "ZZ06": "410106", "ZZ07": "410105", "ZZ08": "410103", "ZZ09": "410102", "ZZ10": "410104", "ZZ11": "410108",
}  # fmt: skip
STAT_CODES = {"ZZ12": "410172", "ZZ13": "410171", "ZZ15": "410173"}


def test_the_city_its_own_offices_and_fifteen_districts_stand_in_the_order_of_the_annex() -> None:
    units = load_units()

    assert list(units) == ["ZZ", *(f"ZZ{n:02d}" for n in range(16))]
    assert [unit.sort_no for unit in units.values()] == list(range(17))
    assert "".join(unit.short_name for unit in units.values()) == (
        "全市市本级新密登封新郑荥阳中牟上街金水二七中原管城惠济高新经开郑东航空港"
    )


def test_official_codes_are_those_of_the_standard_and_zhengdong_has_none() -> None:
    units = load_units()

    assert {c: u.gb_code for c, u in units.items() if u.gb_code} == GB_CODES
    assert {c: u.stat_code for c, u in units.items() if u.stat_code} == STAT_CODES
    assert (units["ZZ14"].gb_code, units["ZZ14"].stat_code) == (None, None)


def test_only_districts_are_ranked() -> None:
    units = load_units()

    assert {code for code, unit in units.items() if not unit.is_ranked} == {"ZZ", "ZZ00"}
    assert {u.kind for u in units.values()} == set(UnitKind)
    assert units["ZZ"].parent is None
    assert units["ZZ07"].parent == "ZZ"


@pytest.mark.parametrize(
    ("own", "sees", "reports"),
    [
        ("ZZ07", {"ZZ07"}, {"ZZ07"}),
        (None, {"ZZ", "ZZ00", "ZZ07", "ZZ08"}, {"ZZ", "ZZ00"}),
        ("ZZ", {"ZZ", "ZZ00", "ZZ07", "ZZ08"}, {"ZZ", "ZZ00"}),
        ("ZZ00", {"ZZ00"}, {"ZZ00"}),
    ],
)
def test_a_district_has_its_own_rows_and_the_city_sees_all(own: str | None, sees: set[str], reports: set[str]) -> None:
    units = ("ZZ", "ZZ00", "ZZ07", "ZZ08")

    assert {unit for unit in units if may_see(own, unit)} == sees
    assert {unit for unit in units if may_report(own, unit)} == reports
