"""Importing a plan over HTTP: dry runs, drafts, the marked workbook, and what is refused with nothing stored."""

from collections.abc import AsyncIterator
from io import BytesIO
from resource import RUSAGE_SELF, getrusage
from typing import Any

import httpx
import pytest
from python_calamine import CalamineWorkbook

from tests.targets_svc.bombs import workbook_of_zeros
from tests.targets_svc.conftest import Client, Targets
from tests.targets_svc.plan_imports.files import PLAN, annex_only, csv_of, rows_of, xlsx

DRAFT = {"doc_no": "郑政办文〔2017〕15号", "issued_on": "2017-03-10", "effective_from": "2017-03-10"}


@pytest.fixture
async def city(targets: Targets) -> AsyncIterator[Client]:
    async with targets.account("city", "CITY", None, "plan.write") as account:
        yield account


async def send(account: Client, content: bytes, name: str = "annex.xlsx", **fields: str) -> httpx.Response:
    return await account.post("/plan-imports", files={"file": (name, content)}, data=fields)


async def stored(targets: Targets) -> list[int]:
    connection = await targets.connect()
    try:
        return [await connection.fetchval(f"SELECT count(*) FROM {table}") for table in ("plan", "plan_item")]
    finally:
        await connection.close()


async def test_the_exported_annex_imported_again_is_the_plan(targets: Targets, city: Client) -> None:
    before = await stored(targets)
    exported = (await city.get("/plans/2017/annex.xlsx")).content
    checked = (await send(city, exported, dry_run="true")).json()
    assert await stored(targets) == before
    drafted = await send(city, exported, **DRAFT)
    plan = (await city.get("/plans/2017", params={"version": drafted.json()["plan"]["version"]})).json()
    served = (await city.get("/plans/2017")).json()

    assert (checked["outcome"], checked["conflicts"], checked["plan"], len(checked["items"])) == (
        "CHECKED",
        [],
        None,
        160,
    )
    assert drafted.status_code == 201
    assert drafted.json()["outcome"] == "DRAFTED"
    assert drafted.json()["items"] == checked["items"]
    assert (plan["items"], plan["totals"], plan["title"]) == (served["items"], served["totals"], served["title"])
    assert served["version"] == 1


@pytest.mark.parametrize("dry_run", ["true", "false"])
async def test_conflicts_come_back_by_cell_and_as_a_marked_workbook(
    targets: Targets, city: Client, dry_run: str
) -> None:
    rows = rows_of()
    rows[5][2] = 7001
    before = await stored(targets)
    answer = await send(city, xlsx(rows), dry_run=dry_run, **DRAFT)
    body = answer.json()
    marked = await city.get(body["marked_workbook"].removeprefix("/api/v1/targets"))
    book = CalamineWorkbook.from_filelike(BytesIO(marked.content))

    assert (answer.status_code, body["outcome"], body["errors"], body["plan"]) == (200, "REJECTED", 2, None)
    assert [(c["cell"], c["rule"], c["unit"], c["indicator"]) for c in body["conflicts"]] == [
        ("C6", "P6", "ZZ01", "I01a"),
        ("C21", "P1", None, "I01a"),
    ]
    assert await stored(targets) == before
    assert book.get_sheet_by_name("核对结果").to_python()[5][2] == 7001
    assert [row[0] for row in book.get_sheet_by_name("问题清单").to_python()] == ["单元格", "C6", "C21"]


async def test_the_marked_workbook_is_its_importers_alone(targets: Targets, city: Client) -> None:
    body = (await send(city, csv_of(rows_of()), "a.csv", dry_run="true")).json()
    path = body["marked_workbook"].removeprefix("/api/v1/targets")
    async with targets.account("another", "CITY", None, "plan.write") as another:
        assert (await another.get(path)).json()["code"] == "PLAN_IMPORT_NOT_FOUND"
    assert (await city.get(path)).status_code == 200


async def test_a_gbk_file_is_read_and_a_foreign_one_named(city: Client) -> None:
    gbk = await send(city, csv_of(rows_of(), "gb18030"), "a.csv", dry_run="true")
    other = await send(city, "姓名,单位\n张三,金水区\n".encode(), "a.csv", dry_run="true")
    junk = await send(city, bytes(100), "a.csv", dry_run="true")

    assert gbk.json()["outcome"] == "CHECKED"
    assert {(i["unit"], i["indicator"], i["value"]) for i in gbk.json()["items"]} == {
        (item.unit, item.indicator, item.value) for item in annex_only(PLAN).items
    }
    assert (other.status_code, other.json()["code"]) == (422, "ANNEX_NOT_FOUND")
    assert (junk.status_code, junk.json()["code"]) == (422, "PLAN_FILE_UNREADABLE")


async def test_two_sheets_that_could_be_meant_are_refused(city: Client) -> None:
    import xlsxwriter  # noqa: PLC0415  only here

    out = BytesIO()
    book = xlsxwriter.Workbook(out)
    for _ in range(2):
        page = book.add_worksheet()
        for number, row in enumerate(rows_of()):
            page.write_row(number, 0, row)
    book.close()

    answer = await send(city, out.getvalue(), dry_run="true")

    assert (answer.status_code, answer.json()["code"]) == (422, "ANNEX_NOT_FOUND")


@pytest.mark.parametrize(
    ("fields", "pointers"),
    [
        ({}, {"/doc_no", "/effective_from"}),
        ({"doc_no": "x", "effective_from": "2018-01-01"}, {"/effective_from"}),
        ({"dry_run": "maybe"}, {"/dry_run"}),
        ({"dry_run": "true", "year": "17"}, {"/year"}),
        ({"dry_run": "true", "effective_from": "2017-3-1"}, {"/effective_from"}),
        ({"dry_run": "true", "colour": "red"}, {"/"}),
    ],
)
async def test_a_wrong_form_is_answered_by_its_fields(city: Client, fields: dict[str, str], pointers: set[str]) -> None:
    answer = await send(city, xlsx(rows_of()), **fields)

    assert (answer.status_code, answer.json()["code"]) == (422, "FORM_INVALID")
    assert {error["pointer"] for error in answer.json()["errors"]} == pointers


async def test_no_file_too_large_a_file_and_no_form(city: Client) -> None:
    missing = await city.post("/plan-imports", files={"dry_run": (None, "true")})
    large = await send(city, bytes(2 * 1024 * 1024 + 70_000), dry_run="true")
    plain = await city.post("/plan-imports", json={})

    assert (missing.status_code, missing.json()["errors"][0]["pointer"]) == (422, "/file")
    assert (large.status_code, large.json()["code"]) == (413, "PLAN_FILE_TOO_LARGE")
    assert plain.status_code == 415


async def test_five_gigabytes_of_zeros_cost_no_memory(targets: Targets, city: Client) -> None:
    bomb, lying = workbook_of_zeros(5, 4), workbook_of_zeros(5, 4, declared=1000)
    before = getrusage(RUSAGE_SELF).ru_maxrss, await stored(targets)
    refused = await send(city, bomb, dry_run="true")
    found_out = await send(city, lying, dry_run="true")
    large = await send(city, workbook_of_zeros(5, 2), dry_run="true")
    grown = getrusage(RUSAGE_SELF).ru_maxrss - before[0]

    assert (refused.status_code, refused.json()["code"]) == (422, "PLAN_FILE_SUSPECT")
    assert (found_out.status_code, found_out.json()["code"]) == (422, "PLAN_FILE_UNREADABLE")
    assert (large.status_code, large.json()["code"]) == (413, "PLAN_FILE_TOO_LARGE")
    assert await stored(targets) == before[1]
    assert grown < 50_000, "KiB more than before in the process that reads plans, with the client's three files"


async def test_who_may_not_draw_up_plans_may_not_import_them(targets: Targets) -> None:
    async with targets.city() as reader:
        answer: Any = await send(reader, xlsx(rows_of()), dry_run="true")

    assert (answer.status_code, answer.json()["code"]) == (403, "SCOPE_MISSING")


@pytest.mark.parametrize(("drops_totals", "cell"), [(False, "B21"), (True, "B4")])
async def test_the_totals_of_the_text_are_compared(city: Client, drops_totals: bool, cell: str) -> None:
    """P10: the notice says 13万; where the table prints no 合计 the column's heading is marked."""
    rows = rows_of()[: -1 if drops_totals else None]
    right = await send(city, csv_of(rows), "a.csv", dry_run="true", body_totals='{"I01": 130000}')
    wrong = await send(city, csv_of(rows), "a.csv", dry_run="true", body_totals='{"I01": 130001, "I03": 30000}')
    malformed = [
        await send(city, csv_of(rows), "a.csv", dry_run="true", body_totals=text)
        for text in ('{"I01": "130000"}', "[1]", "{", '{"I99": 1}')
    ]

    assert "P10" not in {conflict["rule"] for conflict in right.json()["conflicts"]}
    errors = [(c["cell"], c["rule"], c["indicator"]) for c in wrong.json()["conflicts"] if c["severity"] == "ERROR"]
    assert (wrong.json()["outcome"], errors) == ("REJECTED", [(cell, "P10", "I01")])
    assert {(a.status_code, a.json()["errors"][0]["pointer"]) for a in malformed} == {(422, "/body_totals")}


async def test_an_import_is_found_again_by_who_made_it(targets: Targets, city: Client) -> None:
    rows = rows_of()
    rows[5][2] = 7001
    made = [(await send(city, csv_of(rows), "a.csv", dry_run="true")).json() for _ in range(2)]
    first = (await city.get("/plan-imports", params={"limit": 1})).json()
    second = (await city.get("/plan-imports", params={"limit": 1, "cursor": first["next"]})).json()
    detail = (await city.get(f"/plan-imports/{made[0]['id']}")).json()
    async with targets.account("another", "CITY", None, "plan.write") as another:
        theirs = (await another.get("/plan-imports")).json()["items"]
        hidden = await another.get(f"/plan-imports/{made[0]['id']}")

    assert [page["items"][0]["id"] for page in (first, second)] == [made[1]["id"], made[0]["id"]]
    assert (first["items"][0]["errors"], first["items"][0]["plan_id"]) == (2, None)
    assert (detail["conflicts"], detail["marked_workbook"]) == (made[0]["conflicts"], made[0]["marked_workbook"])
    assert (hidden.status_code, hidden.json()["code"]) == (404, "PLAN_IMPORT_NOT_FOUND")
    assert made[0]["id"] not in {item["id"] for item in theirs}
