"""A register from upload to work list."""

import io
from typing import Any

import asyncpg
import httpx
import polars as pl
import pytest
from python_calamine import CalamineWorkbook

from eligibility_svc.screenings import service as screenings
from kit.testing import Caller, client
from tests.eligibility_svc.screenings.conftest import SCOPES, Screen, finished, submit

HEADINGS = "档案号,所属区县,建档立卡,参加培训,培训天数,培训地点"
REQUEST = {
    "subject": "PERSON",
    "as_of": "2018-09-01",
    "columns": {
        "建档立卡": "is_poor_household",
        "参加培训": "is_in_training",
        "培训天数": "training_days",
        "培训地点": "training_place",
    },
    "reference": "档案号",
    "district": "所属区县",
    "measures": ["poor-training-living", "poor-training-travel", "startup-grant"],
}
ROWS = """
A-1,ZZ01,是,是,12,ZHENGZHOU
A-2,登封市,是,是,,ZHENGZHOU
A-3,ZZ02,是,,5,HENAN_OTHER
A-4,ZZ02,否,是,5,HENAN_OTHER
A-5,,,,5,
A-6,ZZ02,是,是,五天,HENAN_OTHER
""".strip()
REGISTER = f"{HEADINGS}\n{ROWS}\n".encode()


def workbook(rows: list[list[Any]]) -> bytes:
    content = io.BytesIO()
    pl.DataFrame(rows[1:], schema=rows[0], orient="row").write_excel(content)
    return content.getvalue()


async def items(office: httpx.AsyncClient, screening: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
    answer = await office.get(f"/screenings/{screening['id']}/results", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def test_a_register_becomes_counts_pages_and_work_lists(screen: Screen, office: httpx.AsyncClient) -> None:
    screening = await screen(REGISTER, REQUEST)
    assert (screening["job"]["state"], screening["screened"], screening["rejected"]) == ("SUCCEEDED", 5, 1)
    assert [(each["row_no"], each["column"], each["code"]) for each in screening["rejections"]] == [
        (6, "培训天数", "COUNT")
    ]
    numbers = {(each["measure"], each["district"]): each for each in screening["counts"]}
    living = numbers["poor-training-living", "ZZ02"]
    assert (living["eligible"], living["not_eligible"], living["undetermined"]) == (1, 1, 1)
    found = await items(office, screening, measure="poor-training-living")
    assert [(row["reference"], row["outcome"], row["amount"]) for row in found] == [
        ("A-1", "ELIGIBLE", "360.00"),
        ("A-2", "ELIGIBLE", None),
        ("A-3", "UNDETERMINED", "150.00"),
        ("A-4", "NOT_ELIGIBLE", None),
        ("A-5", "UNDETERMINED", "150.00"),
    ]
    assert found[3]["unmet"] == ["poor-household"]
    assert found[2]["unknown"] == ["in-training"]
    for name, expected in (("NO_APPLICATION", ["A-1"]), ("CONFIRM", ["A-2"]), ("ONE_FACT", ["A-3"]), ("ENDING", [])):
        listed = await items(office, screening, measure="poor-training-living", list=name)
        assert [row["reference"] for row in listed] == expected, name
    assert [row["reference"] for row in await items(office, screening, measure="poor-training-living",
                                                     outcome="ELIGIBLE", district="ZZ02")] == ["A-2"]  # fmt: skip


async def test_pages_follow_each_other_without_gap(screen: Screen, office: httpx.AsyncClient) -> None:
    screening = await screen(REGISTER, REQUEST)
    seen, query = [], {"measure": "startup-grant", "limit": 2}
    while True:
        page = (await office.get(f"/screenings/{screening['id']}/results", params=query)).json()
        seen += [row["row_no"] for row in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert seen == [1, 2, 3, 4, 5]


async def test_every_row_is_explained_by_the_single_check(screen: Screen, office: httpx.AsyncClient) -> None:
    screening = await screen(REGISTER, REQUEST)
    row = (await office.get(f"/screenings/{screening['id']}/rows/3")).json()
    facts = {"is_poor_household": True, "training_days": 5, "training_place": "HENAN_OTHER"}
    asked = {"subject": "PERSON", "as_of": "2018-09-01", "facts": facts, "measures": REQUEST["measures"]}
    checked = (await office.post("/checks", json=asked)).json()
    assert (row.pop("row_no"), row.pop("reference")) == (3, "A-3")
    assert row == checked
    for absent in (6, 7):
        answer = await office.get(f"/screenings/{screening['id']}/rows/{absent}")
        assert (answer.status_code, answer.json()["code"]) == (404, "SCREENING_ROW_NOT_FOUND")


async def test_the_whole_result_is_a_parquet_file(screen: Screen, office: httpx.AsyncClient) -> None:
    screening = await screen(REGISTER, REQUEST)
    answer = await office.get(f"/screenings/{screening['id']}/results.parquet")
    frame = pl.read_parquet(io.BytesIO(answer.content))
    assert frame.get_column("poor-training-living.outcome").to_list() == [
        "ELIGIBLE", "ELIGIBLE", "UNDETERMINED", "NOT_ELIGIBLE", "UNDETERMINED"
    ]  # fmt: skip
    assert frame.get_column("poor-training-living.amount").to_list() == [36000, None, 15000, None, 15000]


async def test_a_work_list_is_a_workbook_in_words(screen: Screen, office: httpx.AsyncClient) -> None:
    register = REGISTER.replace(b"A-4", b"=1+1")
    screening = await screen(register, REQUEST)
    path = f"/screenings/{screening['id']}/results.xlsx"
    answer = await office.get(path, params={"measure": "poor-training-living"})
    assert answer.headers["content-disposition"] == 'attachment; filename="poor-training-living.xlsx"'
    rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()
    assert rows[1:] == [
        [1, "A-1", "新密市", "符合", 360, "", "", 0, ""],
        [2, "A-2", "登封市", "符合", "", "", "", 0, ""],
        [3, "A-3", "登封市", "暂不能判断", 150, "", "有培训意愿并参加培训", 1, ""],
        [4, "=1+1", "登封市", "不符合", "", "建档立卡贫困家庭劳动力", "", 0, ""],
        [5, "A-5", "", "暂不能判断", 150, "", "建档立卡贫困家庭劳动力；有培训意愿并参加培训", 2, ""],
    ]
    listed = await office.get(path, params={"measure": "poor-training-living", "list": "ONE_FACT", "district": "ZZ02"})
    rows = CalamineWorkbook.from_filelike(io.BytesIO(listed.content)).get_sheet_by_index(0).to_python()
    assert [row[1] for row in rows[1:]] == ["A-3"]
    answer = await office.get(path, params={"measure": "startup-star"})
    assert (answer.status_code, answer.json()["code"]) == (404, "SCREENING_ROW_NOT_FOUND")


async def test_a_list_that_is_too_long_is_downloaded_in_parts(
    screen: Screen, office: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screenings, "MAX_LISTED", 3)
    screening = await screen(REGISTER, REQUEST)
    path = f"/screenings/{screening['id']}/results.xlsx"
    answer = await office.get(path, params={"measure": "startup-grant"})
    assert (answer.status_code, answer.json()["code"]) == (409, "SCREENING_LIST_TOO_LONG")
    assert (await office.get(path, params={"measure": "startup-grant", "district": "ZZ01"})).status_code == 200


@pytest.mark.parametrize("form", ["gb18030", "xlsx", "parquet"])
async def test_other_forms_of_a_register_give_the_same(form: str, screen: Screen, office: httpx.AsyncClient) -> None:
    lines = [line.split(",") for line in REGISTER.decode().split()]
    content = {
        "gb18030": lambda: REGISTER.decode().encode("gb18030"),
        "xlsx": lambda: workbook(lines),
        "parquet": lambda: parquet(lines),
    }[form]()
    screening = await screen(content, REQUEST)
    found = await items(office, screening, measure="poor-training-living")
    assert [row["amount"] for row in found] == ["360.00", None, "150.00", None, "150.00"], screening


def parquet(lines: list[list[str]]) -> bytes:
    content = io.BytesIO()
    pl.DataFrame(lines[1:], schema=lines[0], orient="row").write_parquet(content)
    return content.getvalue()


async def test_the_same_register_and_request_are_one_screening(screen: Screen, office: httpx.AsyncClient) -> None:
    first = await screen(REGISTER, REQUEST)
    again = (await submit(office, REGISTER, REQUEST)).json()
    assert again == {"id": first["id"], "job_id": first["job"]["id"]}
    other = (await submit(office, REGISTER, REQUEST | {"as_of": "2018-09-02"})).json()
    assert other["id"] != first["id"]
    await finished(office, other["id"])


async def test_another_office_sees_nothing_of_it(screen: Screen, eligibility_url: str, caller: Caller) -> None:
    screening = await screen(REGISTER, REQUEST)
    headers = caller.headers(*SCOPES, kind="STAFF", subject="staff-ZZ02", unit="ZZ02")
    async with client(f"{eligibility_url}/api/v1/eligibility", headers=headers) as other:
        for path in ("", "/results?measure=startup-grant", "/results.parquet", "/rows/1"):
            answer = await other.get(f"/screenings/{screening['id']}{path}")
            assert (answer.status_code, answer.json()["code"]) == (404, "SCREENING_NOT_FOUND")


async def test_screenings_are_listed_and_deleted_by_who_made_them(
    screen: Screen, office: httpx.AsyncClient, eligibility_url: str, caller: Caller
) -> None:
    first = await screen(REGISTER, REQUEST | {"as_of": "2018-09-03"})
    last = await screen(REGISTER, REQUEST | {"as_of": "2018-09-04"})
    page = (await office.get("/screenings", params={"limit": 1})).json()
    assert [(each["id"], each["as_of"], each["screened"]) for each in page["items"]] == [(last["id"], "2018-09-04", 5)]
    following = (await office.get("/screenings", params={"limit": 1, "cursor": page["next"]})).json()
    assert following["items"][0]["id"] == first["id"]
    headers = caller.headers(*SCOPES, kind="STAFF", subject="staff-ZZ02", unit="ZZ02")
    async with client(f"{eligibility_url}/api/v1/eligibility", headers=headers) as other:
        assert (await other.get("/screenings")).json() == {"items": [], "next": None}
        assert (await other.delete(f"/screenings/{first['id']}")).status_code == 404
    assert (await office.delete(f"/screenings/{first['id']}")).status_code == 204
    for path in ("", "/results?measure=startup-grant", "/results.parquet", "/rows/1"):
        assert (await office.get(f"/screenings/{first['id']}{path}")).status_code == 404
    assert (await office.delete(f"/screenings/{first['id']}")).status_code == 404
    again = await screen(REGISTER, REQUEST | {"as_of": "2018-09-03"})
    assert (again["id"] != first["id"], again["screened"]) == (True, 5)


async def test_a_screening_that_is_deleted_while_it_waits_is_never_made(
    office: httpx.AsyncClient, eligibility_database: str, infrastructure: Any
) -> None:
    accepted = (await submit(office, REGISTER, REQUEST | {"as_of": "2018-09-05"})).json()
    assert (await office.delete(f"/screenings/{accepted['id']}")).status_code == 204
    connection = await asyncpg.connect(
        infrastructure.plain_url("eligibility_app", eligibility_database),
        server_settings={"search_path": "eligibility"},
    )
    try:
        state = await connection.fetchval("SELECT state FROM job WHERE id = $1", accepted["job_id"])
        pieces = await connection.fetchval(
            "SELECT count(*) FROM screening_file_piece WHERE screening_id = $1", accepted["id"]
        )
    finally:
        await connection.close()
    assert (state in ("CANCELLED", "SUCCEEDED"), pieces) == (True, 0)


async def test_a_register_that_cannot_be_read_says_why(screen: Screen) -> None:
    screening = await screen(b"PK\x03\x04 not a workbook", REQUEST)
    assert screening["job"]["problem"] == {"code": "REGISTER_UNREADABLE"}
    assert "另存为" in screening["problem"]
    assert (screening["counts"], screening["screened"]) == ([], None)


async def test_a_small_file_of_much_text_ends_its_reader_and_not_the_worker(screen: Screen) -> None:
    content = io.BytesIO()
    pl.select(pl.repeat("x" * 1_000_000, 2500).alias("退役")).write_parquet(content, row_group_size=500)
    assert len(content.getvalue()) < 100_000
    screening = await screen(content.getvalue(), {"subject": "PERSON", "columns": {"退役": "is_veteran"}})
    assert screening["job"]["problem"] == {"code": "REGISTER_UNREADABLE"}
    assert "展开后过大" in screening["problem"]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"columns": {"a": "no_such_fact"}}, "/columns"),
        ({"columns": {"a": "fair_employers"}}, "/columns"),
        ({"columns": {"a": "training_days", "b": "training_days"}}, "/columns"),
        ({"measures": ["job-fair"]}, "/measures"),
        ({"as_of": "2018-9-1"}, "/as_of"),
        ({"surprise": 1}, "/surprise"),
    ],
)
async def test_a_wrong_request_is_refused_at_once(
    change: dict[str, Any], pointer: str, office: httpx.AsyncClient
) -> None:
    answer = await submit(office, REGISTER, REQUEST | change)
    assert answer.status_code == 422, answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_a_misspelt_fact_is_told_with_its_place_and_the_nearest(office: httpx.AsyncClient) -> None:
    columns = {"退役": "is_veteran", "贫困": "is_poor_houshold", "天数": "fair_employers"}
    answer = await submit(office, REGISTER, REQUEST | {"columns": columns})
    assert [error["message"] for error in answer.json()["errors"]] == [
        "第2列对应的事实不属于该对象（您是否要填 is_poor_household，建档立卡贫困家庭劳动力？）",
        "第3列对应的事实不属于该对象，请查阅事实词表后修改",
    ]


async def test_what_is_no_upload_is_refused(office: httpx.AsyncClient) -> None:
    assert (await office.post("/screenings", json=REQUEST)).status_code == 415
    answer = await office.post("/screenings", files={"file": b"x"})
    assert (answer.status_code, answer.json()["code"]) == (422, "FORM_INVALID")
    answer = await submit(office, b"x" * (33 * 1024 * 1024), REQUEST)
    assert (answer.status_code, answer.json()["code"]) == (413, "REGISTER_TOO_LARGE")


async def test_without_the_scope_nothing_is_read(eligibility_url: str, caller: Caller) -> None:
    headers = caller.headers("eligibility.check.run", kind="KIOSK")
    async with client(f"{eligibility_url}/api/v1/eligibility", headers=headers) as other:
        assert (await submit(other, REGISTER, REQUEST)).status_code == 403
