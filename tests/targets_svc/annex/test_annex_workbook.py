"""The annex as the notice prints it, read back from the workbook's own parts."""

import zipfile
from io import BytesIO
from xml.etree import ElementTree as ET

import pytest
from python_calamine import CalamineWorkbook

from targets_svc.annex.domain.layout import lay_out
from targets_svc.annex.schemas import annex_workbook
from targets_svc.indicators.repository import load_indicators
from targets_svc.plans.repository import plan_files
from targets_svc.plans.service import read_plan
from targets_svc.units.repository import load_units
from tests.targets_svc.conftest import Targets
from tests.targets_svc.plans.test_annex import ANNEX, TOTALS

HEADER = [
    ["单位", "新增城镇就业", "其中", "", "新增农村劳动力转移就业", "创业培训", "其中", "失业人员技能培训",
     "农村劳动力技能培训", "农民工返乡创业", "返乡农民工创业辅导"],
    ["", "", "失业人员再就业", "帮助就业困难人员实现就业", "", "", "返乡农民工创业培训", "", "", "", ""],
]  # fmt: skip
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@pytest.fixture(scope="module")
def workbook() -> bytes:
    plan = read_plan(plan_files()[0])
    return annex_workbook(lay_out(plan, load_indicators(), load_units()), plan)


def test_the_sheet_is_the_printed_table_cell_by_cell(workbook: bytes) -> None:
    rows = CalamineWorkbook.from_filelike(BytesIO(workbook)).get_sheet_by_index(0).to_python(skip_empty_area=False)

    assert (rows[0][0], rows[1][0], rows[2:4]) == ("2017年城乡就业工作目标任务分解表", "单位：人", HEADER)
    printed = [line.split() for line in ANNEX.strip().split("\n")]
    assert [[str(v) if isinstance(v, str) else str(int(v)) for v in row] for row in rows[4:20]] == printed
    assert rows[20] == ["合计", *TOTALS]
    assert len(rows) == 21


def test_headings_are_merged_as_printed(workbook: bytes) -> None:
    merged = CalamineWorkbook.from_filelike(BytesIO(workbook)).get_sheet_by_index(0).merged_cell_ranges or []

    assert {((0, 0), (0, 10)), ((2, 0), (3, 0)), ((2, 1), (3, 1)), ((2, 2), (2, 3)), ((2, 10), (3, 10))} <= set(merged)
    assert len(merged) == 11


def test_totals_are_formulas_that_already_have_their_results(workbook: bytes) -> None:
    with zipfile.ZipFile(BytesIO(workbook)) as parts:
        sheet = ET.fromstring(parts.read("xl/worksheets/sheet1.xml"))
    totals = {c.get("r"): c for c in sheet.iter(f"{MAIN}c") if c.find(f"{MAIN}f") is not None}

    assert {name: cell.findtext(f"{MAIN}f") for name, cell in totals.items()} == {
        f"{column}21": f"SUM({column}5:{column}20)" for column in "BCDEFGHIJK"
    }
    assert [int(cell.findtext(f"{MAIN}v") or -1) for cell in totals.values()] == list(TOTALS)


async def test_the_annex_comes_over_http_for_the_version_in_force(targets: Targets) -> None:
    async with targets.city() as city:
        answer = await city.get("/plans/2017/annex.xlsx")
        early = await city.get("/plans/2017/annex.xlsx", params={"as_of": "2017-03-09"})

    assert (answer.status_code, answer.headers["etag"]) == (200, '"2017-1"')
    assert answer.headers["content-type"] == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert CalamineWorkbook.from_filelike(BytesIO(answer.content)).sheet_names == ["2017年分解表"]
    assert early.json()["code"] == "PLAN_NOT_FOUND"
