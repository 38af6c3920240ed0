"""The whole platform: as it starts, the figures of the notices, a demonstration that survives kill -9, and its end.

One file, so that one platform serves all of it.
"""

import asyncio
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import yaml

from kit.clock import today as legal_today
from onebox import processes
from onebox.bootstrap import DATABASE
from onebox.credentials import clients
from tests.e2e.running import ROOT, Client, RunningPlatform, until_ready
from tests.loans_svc.cases import worked_quotes

# The annex of 郑政办文〔2017〕15号, typed in once more and independently of the data file.
COLUMNS = ["I01", "I01a", "I01b", "I02", "I03", "I03a", "I04", "I05", "I06", "I07"]
ANNEX = """
ZZ00 —— —— —— —— 18000 —— 2000 —— —— ——
ZZ01 7000 1400 600 13500 1210 300 1600 8600 700 400
ZZ02 5500 1400 500 13500 610 300 1000 8500 700 400
ZZ03 6500 1400 450 13000 970 300 1550 8000 700 400
ZZ04 6000 1400 600 13000 910 300 1000 8500 700 400
ZZ05 2700 700 250 12500 610 300 550 7500 700 400
ZZ06 2700 500 150 100 610 30 450 200 180 50
ZZ07 28000 6400 2350 100 910 30 6000 800 180 50
ZZ08 21800 5400 1750 300 730 30 5000 500 180 50
ZZ09 21800 5500 2050 300 910 30 5500 700 260 50
ZZ10 15000 4000 1150 400 1030 30 3500 800 240 50
ZZ11 3000 500 150 400 610 30 950 1500 260 50
ZZ12 2000 500 50 300 730 30 150 500 260 100
ZZ13 2000 200 50 300 730 30 450 600 260 100
ZZ14 3000 500 50 300 610 30 150 300 280 100
ZZ15 3000 200 50 2000 820 30 150 3000 400 100
"""
TOTALS = [130000, 30000, 10200, 70000, 30000, 1800, 30000, 50000, 6000, 2700]


async def test_every_process_is_ready(platform: RunningPlatform, api: Client) -> None:
    first = httpx.URL(platform.base_url)
    for application in (processes.GATEWAY, *processes.SERVICES):
        address = first.copy_with(port=(first.port or 0) + application.port_offset)
        assert (await api.http.get(address.join("/readyz"))).status_code == 200, application.name
    assert set(platform.pids()) >= {worker.name for worker in processes.WORKERS}


def test_the_calls_that_it_prints_work_when_they_are_pasted(platform: RunningPlatform) -> None:
    printed = platform.output.read_text(encoding="utf-8")
    calls = re.search(r"^# 1 .*?(?=^完整演示)", printed, re.MULTILINE | re.DOTALL)
    assert calls is not None
    environment = os.environ | {"no_proxy": "127.0.0.1"}
    pasted = subprocess.run(["bash", "-e"], input=calls[0], env=environment, capture_output=True, text=True, check=True)
    answers = re.fullmatch(r"(\{.*\})\s*(\{.*\})\s*", pasted.stdout, re.DOTALL)
    assert answers is not None, pasted.stdout
    assert json.loads(answers[1])["year"] == 2017
    assert json.loads(answers[2])["results"]


def test_only_its_owner_can_read_what_it_keeps(platform: RunningPlatform) -> None:
    assert platform.home.stat().st_mode & 0o777 == 0o700
    for name in ("credentials.json", "clients.json", "secrets.json", "valkey/valkey.conf", "logs/gateway.log"):
        assert (platform.home / name).stat().st_mode & 0o777 == 0o600, name


def test_the_credentials_are_those_of_the_contract(platform: RunningPlatform) -> None:
    content = json.loads((platform.home / "credentials.json").read_text())
    units = [f"ZZ{number:02d}" for number in range(1, 16)]
    named = {"platform", "kiosk", "city", "city-reviewer", "admin", "bank-a", "bank-b", "loan-officer", "loan-reviewer"}
    named |= {f"{duty}-{unit}" for duty in ("staff", "reviewer") for unit in units}
    assert content["base_url"] == platform.base_url
    assert named <= set(content["clients"]) == {client.id for client in clients()}
    assert content["clients"]["staff-ZZ07"]["unit"] == "ZZ07"
    assert content["clients"]["bank-a"]["bank"]
    secrets = [entry["client_secret"] for entry in content["clients"].values()]
    assert len(set(secrets)) == len(secrets)
    assert not any(secret in (platform.home / "clients.json").read_text() for secret in secrets)


def test_a_second_start_beside_it_is_refused(platform: RunningPlatform) -> None:
    command = [sys.executable, "-m", "onebox"]
    same = subprocess.run(command, cwd=ROOT, env=platform.environment, capture_output=True, text=True, check=False)
    assert same.returncode == 1
    assert platform.base_url in same.stderr

    elsewhere = platform.environment | {"JIUYE_HOME": str(platform.home.with_name("other"))}
    other = subprocess.run(command, cwd=ROOT, env=elsewhere, capture_output=True, text=True, check=False)
    assert other.returncode == 1
    assert f"端口 {platform.environment['PORT']} 已被" in other.stderr
    assert "gateway" in platform.pids()


async def test_the_plan_of_2017_is_the_annex_cell_by_cell(api: Client) -> None:
    plan = await api.get("platform", "/api/v1/targets/plans/2017")
    assert plan["year"] == 2017
    assert plan["doc_no"] == "郑政办文〔2017〕15号"
    cells = {(i["unit"], i["indicator"]): (i["state"], i["value"]) for i in plan["items"]}
    expected: dict[tuple[str, str], tuple[str, Any]] = {}
    for row in ANNEX.split("\n")[1:-1]:
        unit, *values = row.split()
        for column, value in zip(COLUMNS, values, strict=True):
            expected[unit, column] = ("NOT_ASSIGNED", None) if value == "——" else ("ASSIGNED", int(value))
    assert {key: cell for key, cell in cells.items() if key[0] != "ZZ"} == expected
    states = [state for state, _ in expected.values()]
    assert (states.count("ASSIGNED"), states.count("NOT_ASSIGNED")) == (152, 8)
    assert {key: cell for key, cell in cells.items() if key[0] == "ZZ"} == {
        ("ZZ", "R01"): ("ASSIGNED", "4.00"),
        ("ZZ", "R02"): ("ASSIGNED", 0),
        ("ZZ", "R03"): ("ASSIGNED", "90.00"),
        ("ZZ", "P01"): ("PENDING", None),
    }
    assert [plan["totals"][column] for column in COLUMNS] == TOTALS


async def test_every_worked_quote_comes_out_to_the_fen(api: Client) -> None:
    for case in worked_quotes():
        answer = await api.call("platform", "POST", "/api/v1/loans/subsidy-quotes", json=case.request)
        assert answer.status_code == 200, f"{case.name}: {answer.text}"
        body = answer.json()
        lines = [
            [line["period"], line["days"], line["share"], line["subsidy"], line["tranche"]] for line in body["lines"]
        ]
        assert (lines, body["total"]) == (case.lines, case.total), case.name


def _months(first: str, count: int, amount: str) -> list[dict[str, str]]:
    year, month = map(int, first.split("-"))
    return [
        {"month": f"{year + (month - 1 + i) // 12}-{(month - 1 + i) % 12 + 1:02d}", "amount": amount}
        for i in range(count)
    ]


async def test_every_worked_answer_comes_out(api: Client) -> None:
    cases = yaml.safe_load(Path(__file__).with_name("worked_answers.yaml").read_text(encoding="utf-8"))
    for name, case in cases.items():
        ask, want = case["ask"], case["want"]
        facts = ask["facts"] | ask.get("change", {})
        if costs := ask.get("running_costs"):
            facts["monthly_running_costs"] = _months(costs["from"], costs["months"], costs["amount"])
        body = {"subject": ask["subject"], "as_of": ask["as_of"], "measures": [ask["measure"]], "facts": facts}
        answer = await api.call("platform", "POST", "/api/v1/eligibility/checks", json=body)
        assert answer.status_code == 200, f"{name}: {answer.text}"
        (result,) = answer.json()["results"]
        found = {
            "outcome": result["outcome"],
            "status": result["benefit"]["status"],
            "amount": result["benefit"]["amount"],
            "missing_facts": result["missing_facts"],
            "eligible_on": result.get("eligible_on"),
            "reasons": {reason["criterion"]: reason["outcome"] for reason in result["reasons"]},
            "owed": (result.get("quota") or {}).get("owed"),
        }
        found["reasons"] = {key: found["reasons"].get(key) for key in want.get("reasons", {})}
        assert {key: found[key] for key in want} == want, name


async def test_every_upstream_is_ready_and_the_merged_document_has_them_all(api: Client) -> None:
    ready = (await api.http.get("/readyz")).json()
    assert ready["status"] == "ok"
    document = (await api.http.get("/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    for path in (
        "/oauth/token",
        "/api/v1/targets/plans/{year}",
        "/api/v1/targets/progress",
        "/api/v1/targets/reports/{unit}/{month}/approval",
        "/api/v1/targets/events",
        "/api/v1/eligibility/checks",
        "/api/v1/eligibility/facts",
        "/api/v1/loans/subsidy-quotes",
        "/api/v1/loans/rules",
    ):
        assert path in document["paths"]
    operations = [o for path in document["paths"].values() for m, o in path.items() if m != "parameters"]
    ids = [operation["operationId"] for operation in operations]
    assert len(ids) == len(set(ids))
    for operation in operations:
        assert any("\u4e00" <= c <= "\u9fff" for c in operation["summary"]), operation["operationId"]
        assert operation["responses"]


async def test_a_stranger_gets_nothing_but_a_problem(api: Client) -> None:
    for path in ("/api/v1/targets/plans/2017", "/api/v1/eligibility/measures", "/api/v1/loans/rules"):
        answer = await api.http.get(path)
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("name", ["kiosk", "bank-a", "staff-ZZ01"])
async def test_who_may_not_approve_is_refused(api: Client, name: str) -> None:
    answer = await api.call(name, "POST", "/api/v1/targets/reports/ZZ01/2017-01/approval")
    assert answer.status_code == 403
    assert answer.json()["code"] == "SCOPE_MISSING"


async def test_identity_headers_of_a_client_are_worth_nothing(api: Client) -> None:
    spoofed = {"X-User": "city", "X-Scopes": "targets.report.approve", "X-Forwarded-User": "city", "X-Jiuye-Unit": "ZZ"}
    answer = await api.call("staff-ZZ01", "POST", "/api/v1/targets/reports/ZZ01/2017-01/approval", headers=spoofed)
    assert answer.status_code == 403


async def test_a_register_is_screened_through_the_gateway(api: Client) -> None:
    columns = {"建档立卡": "is_poor_household", "参加培训": "is_in_training", "培训天数": "training_days"}
    asked = {"subject": "PERSON", "as_of": "2018-09-01", "columns": columns, "reference": "档案号"}
    register = "档案号,建档立卡,参加培训,培训天数\nA-1,是,是,12\nA-2,是,,12\nA-3,否,是,12\n".encode()
    form: dict[str, Any] = {"data": {"request": json.dumps(asked)}, "files": {"file": ("register.csv", register)}}
    begun = await api.call("city", "POST", "/api/v1/eligibility/screenings", **form)
    assert begun.status_code == 202, begun.text
    path = begun.headers["location"]
    async with asyncio.timeout(120):
        while (await api.get("city", path))["job"]["state"] in ("PENDING", "RUNNING"):
            await asyncio.sleep(0.1)
    page = await api.get("city", f"{path}/results?measure=poor-training-living")
    assert [(row["reference"], row["outcome"], row["amount"]) for row in page["items"]] == [
        ("A-1", "ELIGIBLE", "360.00"),
        ("A-2", "UNDETERMINED", "360.00"),
        ("A-3", "NOT_ELIGIBLE", None),
    ]
    explained = await api.get("city", f"{path}/rows/2")
    living = next(each for each in explained["results"] if each["measure"] == "poor-training-living")
    assert living["missing_facts"] == ["is_in_training"]
    assert (await api.call("city", "GET", f"{path}/results.parquet")).content[:4] == b"PAR1"
    assert (await api.call("staff-ZZ01", "GET", path)).status_code == 404
    assert (await api.call("kiosk", "GET", path)).status_code == 403


async def test_whoever_need_not_apply_is_on_the_list_of_those(api: Client) -> None:
    header = "档案号,学校,在校,毕业日期,首次创业,开业日期,营业,区县,困难,贫困,返乡"
    rows = [
        "A-1,UNIVERSITY,否,2015-07-01,是,2018-05-01,是,ZZ07,否,否,否",
        "A-2,UNIVERSITY,否,2015-07-01,是,2018-05-01,是,ZZ07,,否,否",
        "A-3,UNIVERSITY,否,2015-07-01,是,2018-05-01,,ZZ08,否,否,否",
        "A-4,UNIVERSITY,否,2013-09-10,是,2018-05-01,是,ZZ08,否,否,否",
        "A-5,UNIVERSITY,否,2013-08-31,是,2018-05-01,是,ZZ08,否,否,否",
    ]
    facts = [
        *("school_kind", "is_enrolled", "graduated_on", "is_first_business", "business_opened_on"),
        *("is_business_operating", "", "is_hardship_person", "is_poor_household", "is_returning_migrant"),
    ]
    columns = {name: fact for name, fact in zip(header.split(",")[1:], facts, strict=True) if fact}
    asked = {"subject": "PERSON", "as_of": "2018-09-01", "columns": columns, "reference": "档案号", "district": "区县",
             "measures": ["startup-grant"]}  # fmt: skip
    form: dict[str, Any] = {
        "data": {"request": json.dumps(asked)},
        "files": {"file": ("register.csv", "\n".join([header, *rows]).encode())},
    }
    begun = await api.call("city", "POST", "/api/v1/eligibility/screenings", **form)
    assert begun.status_code == 202, begun.text
    path = begun.headers["location"]
    async with asyncio.timeout(120):
        while (await api.get("city", path))["job"]["state"] in ("PENDING", "RUNNING"):
            await asyncio.sleep(0.1)
    lists = {}
    for name in ("NO_APPLICATION", "CONFIRM", "ONE_FACT", "ENDING"):
        page = await api.get("city", f"{path}/results?measure=startup-grant&list={name}")
        lists[name] = [row["reference"] for row in page["items"]]
    assert lists == {
        "NO_APPLICATION": ["A-1", "A-4"], "CONFIRM": ["A-2"], "ONE_FACT": ["A-3"], "ENDING": ["A-4"],
    }  # fmt: skip


GRADUATE = {
    "school_kind": "UNIVERSITY", "is_enrolled": False, "graduated_on": "2015-07-01", "is_first_business": True,
    "business_opened_on": "2018-05-01", "is_business_operating": True, "hukou_region": "ZHENGZHOU",
    "hukou_unit": "ZZ07",
}  # fmt: skip


async def test_a_kiosk_asks_until_every_grant_is_decided(api: Client) -> None:
    person = GRADUATE | {"employment_status": "SELF_EMPLOYED"}
    facts: dict[str, Any] = {}
    asked: list[str] = []
    while True:
        body = {"subject": "PERSON", "as_of": "2018-09-01", "facts": facts, "family": "GRANT"}
        answer = (await api.call("kiosk", "POST", "/api/v1/eligibility/interviews", json=body)).json()
        if answer["question"] is None:
            break
        fact = answer["question"]["fact"]
        assert fact not in facts
        asked.append(fact)
        # Whatever else is asked for, this person does not have; a list or a number is not known.
        kind = answer["question"]["type"]
        facts[fact] = person.get(fact, False if kind == "BOOL" else None)
    assert len(asked) <= 40
    due = {each["measure"] for each in answer["results"] if each["outcome"] == "ELIGIBLE"}
    assert "startup-grant" in due
    again = {"subject": "PERSON", "as_of": "2018-09-01", "facts": facts, "measures": ["startup-grant"]}
    checked = (await api.call("platform", "POST", "/api/v1/eligibility/checks", json=again)).json()["results"]
    assert [(each["outcome"], each["benefit"]["amount"]) for each in checked] == [("ELIGIBLE", "10000.00")]


async def test_an_application_from_the_counter_to_the_payment_and_one_refused(api: Client) -> None:
    async def step(who: str, application: str, name: str, status: int = 200, **body: Any) -> Any:
        path = f"/api/v1/eligibility/applications/{application}/{name}"
        answer = await api.call(who, "POST", path, **({"json": body} if body else {}))
        assert answer.status_code == status, answer.text
        return answer.json()

    async def accepted(number: str) -> str:
        body = {"measure": "startup-grant", "facts": GRADUATE, "as_of": "2018-09-01",
                "applicant": {"id_type": "RESIDENT_ID", "id_number": number, "name": "王测试"}}  # fmt: skip
        made = await api.call("platform", "POST", "/api/v1/eligibility/applications", json=body)
        assert made.status_code == 201, made.text
        assert number not in made.text
        await step("staff-ZZ07", made.json()["id"], "acceptance")
        return str(made.json()["id"])

    first = await accepted("410199199001010011")
    await step("staff-ZZ07", first, "decision", 403, decision="GRANT")
    assert (await step("reviewer-ZZ07", first, "decision", decision="GRANT"))["decision"]["amount"] == "10000.00"
    paid = await step("staff-ZZ07", first, "payment", paid_on=str(legal_today()), reference="ZF-1")
    assert paid["state"] == "PAID"
    await step("platform", first, "rating", 201, score=5)
    grants = (await api.get("city", f"/api/v1/eligibility/grants?applicant_ref={paid['applicant']['ref']}"))["items"]
    assert [(each["measure"], each["amount"]) for each in grants] == [("startup-grant", "10000.00")]
    again = await accepted("410199199001010011")
    assert (await step("reviewer-ZZ07", again, "decision", 409, decision="GRANT"))["code"] == "ALREADY_GRANTED"

    other = await accepted("410199199512310024")
    refused = await step("reviewer-ZZ07", other, "decision", decision="REFUSE", reason="经核实并非首次创办企业")
    assert (refused["state"], refused["review"]["href"].rpartition("/")[2]) == ("REFUSED", "review-request")
    await step("platform", other, "review-request", reason="确为首次创办，附证明")
    await step("reviewer-ZZ07", other, "decision", 409, decision="GRANT")
    assert (await step("city-reviewer", other, "decision", decision="GRANT"))["decision"]["is_review"] is True
    hidden = await api.call("staff-ZZ08", "GET", f"/api/v1/eligibility/applications/{other}")
    assert hidden.status_code == 404
    assert (await api.call("staff-ZZ07", "GET", "/api/v1/eligibility/ratings")).status_code == 403


# `make demo` writes a year of reports while every process is killed once: nothing lost, nothing doubled.
VICTIMS = [
    "targets",
    "postgres",
    "gateway",
    "valkey",
    "targets-worker",
    "eligibility",
    "loans",
    "eligibility-worker",
    "loans-worker",
]
# targets design §7.1, I01 at the end of June 2017: actual, completion, gap, level, rank, then gap and level by the
# seasonal curve, needed per month.
JUNE = """
ZZ01 3710 53.00 3.00 GREEN 8 -1.00 BLUE 548.3
ZZ02 2750 50.00 0.00 GREEN 9 -4.00 BLUE 458.3
ZZ03 3900 60.00 10.00 GREEN 4 6.00 GREEN 433.3
ZZ04 2580 43.00 -7.00 YELLOW 13 -11.00 ORANGE 570.0
ZZ05 1350 50.00 0.00 GREEN 9 -4.00 BLUE 225.0
ZZ06 1485 55.00 5.00 GREEN 6 1.00 GREEN 202.5
ZZ07 15120 54.00 4.00 GREEN 7 0.00 GREEN 2146.7
ZZ08 10682 49.00 -1.00 BLUE 11 -5.00 BLUE 1853.0
ZZ09 12208 56.00 6.00 GREEN 5 2.00 GREEN 1598.7
ZZ10 6300 42.00 -8.00 YELLOW 14 -12.00 ORANGE 1450.0
ZZ11 1350 45.00 -5.00 BLUE 12 -9.00 YELLOW 275.0
ZZ12 1300 65.00 15.00 GREEN 2 11.00 GREEN 116.7
ZZ13 1300 65.00 15.00 GREEN 2 11.00 GREEN 116.7
ZZ14 2040 68.00 18.00 GREEN 1 14.00 GREEN 160.0
ZZ15 1020 34.00 -16.00 ORANGE 15 -20.00 ORANGE 330.0
ZZ 67095 51.61 1.61 GREEN None -2.39 BLUE None
"""


async def _demonstrate(platform: RunningPlatform) -> "asyncio.subprocess.Process":
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "onebox.demo",
        cwd=ROOT,
        env=platform.environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


async def _approved(platform: RunningPlatform) -> int:
    """How many approvals were answered: from the log, because the service may be dead while we ask."""
    logs = (platform.home / "logs" / "targets.log").read_text(errors="replace")
    return logs.count('"route": "/api/v1/targets/reports/{unit}/{month}/approval", "status": 200')


async def test_killing_each_process_loses_and_doubles_nothing(platform: RunningPlatform, api: Client) -> None:
    rng = random.Random(15)
    demo = await _demonstrate(platform)
    output = asyncio.create_task(demo.communicate())
    before = 0
    killed = []
    for victim in VICTIMS:
        wanted = before + rng.randrange(1, 6)
        async with asyncio.timeout(180):
            while (done := await _approved(platform)) < wanted and demo.returncode is None:
                await asyncio.sleep(0.02)
        before = done
        if demo.returncode is not None:
            break
        os.kill(platform.pids()[victim], signal.SIGKILL)
        killed.append(victim)
        async with asyncio.timeout(60):
            while victim not in platform.pids():
                await asyncio.sleep(0.05)
    text = (await asyncio.wait_for(output, 240))[0].decode()
    assert demo.returncode == 0, text
    assert killed == VICTIMS
    await until_ready(platform)
    platform.until(lambda: all(platform.said(f"{victim} 已恢复") for victim in VICTIMS))
    await _assert_whole(api)
    shown = ("130000", "67095", "51.61", "完成曲线", "4月升橙", "10月解除", "优秀", "360.00", "12780.83", "1000000.01")
    for words in shown:
        assert words in text
    await _assert_progress(api)
    # A second demonstration finds everything done and changes nothing.
    again = await _demonstrate(platform)
    second = (await asyncio.wait_for(again.communicate(), 240))[0].decode()
    assert again.returncode == 0, second
    assert "本次办理 0 份月报，结账 0 个月，反馈 0 项" in second
    assert second.split("══ 三")[1] == text.split("══ 三")[1]
    await _assert_whole(api)


async def _assert_whole(api: Client) -> None:
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = await api.get(
            "city",
            f"/api/v1/targets/reports?limit=100&cursor={cursor}" if cursor else "/api/v1/targets/reports?limit=100",
        )
        found += page["items"]
        cursor = page.get("next") or ""
        if not cursor:
            break
    keys = [(report["unit"], report["month"]) for report in found]
    assert len(keys) == len(set(keys)) == 192
    assert {report["state"] for report in found} == {"APPROVED"}
    assert {report["revision"] for report in found} == {1}


async def _assert_progress(api: Client) -> None:
    query = "/api/v1/targets/progress?year=2017&month=2017-06&source=REPORT&curve="
    linear, seasonal = [
        {item["unit"]: item for item in (await api.get("city", query + curve))["items"] if item["indicator"] == "I01"}
        for curve in ("LINEAR", "SEASONAL")
    ]
    for row in JUNE.split("\n")[1:-1]:
        unit, *expected = row.split()
        item, other = linear[unit], seasonal[unit]
        shown = [item["actual"], item["completion"], item["gap"], item["level"], item["rank"]]
        assert [*map(str, [*shown, other["gap"], other["level"], item["needed_per_month"]])] == expected, unit


async def test_a_file_of_events_is_counted_through_the_gateway(api: Client) -> None:
    """From the multipart body to the job, the result row by row, the counts and the progress table.

    It comes after the year's months were closed, so the rows say that they are late additions.
    """
    query = "/api/v1/targets/progress?year=2017&month=2017-06&source=REGISTER"
    before = await _registered(api, query)
    header = "年度,指标,证件类型,证件号码,姓名,发生日期,单位,来源系统,来源编号,是否补登\n"
    rows = [
        f"2017,I06,RESIDENT_ID,{number},王测试,2017-0{month}-10,ZZ07,e2e,FILE-{n},是"
        for n, (number, month) in enumerate(
            [("410199199001010011", 5), ("410199199001010038", 6), ("410199199001010011", 6), ("410199199001010012", 6)]
        )
    ]
    files: dict[str, Any] = {"files": {"file": ("登记.csv", (header + "\n".join(rows)).encode("gb18030"))}}
    begun = await api.call("staff-ZZ07", "POST", "/api/v1/targets/event-uploads", data={"mode": "VALID_ROWS"}, **files)
    assert begun.status_code == 202, begun.text
    async with asyncio.timeout(120):
        while (job := await api.get("staff-ZZ07", begun.headers["location"]))["state"] in ("PENDING", "RUNNING"):
            await asyncio.sleep(0.1)
    assert (job["state"], job["result"]["counted"], job["result"]["duplicate"], job["result"]["faulty"]) == (
        *("PARTIAL", 2, 1, 1),
    )
    path = f"/api/v1/targets/event-uploads/{begun.json()['id']}"
    result = (await api.call("staff-ZZ07", "GET", f"{path}/result.csv")).text.split("\r\n")
    assert [line.split(",")[1:3] for line in result[1:5]] == [
        ["COUNTED", ""], ["COUNTED", ""], ["DUPLICATE", ""], ["ERROR", "ID_CHECK_CHARACTER"],
    ]  # fmt: skip
    assert (await api.call("staff-ZZ01", "GET", path)).status_code == 404
    again = await api.call("staff-ZZ07", "POST", "/api/v1/targets/event-uploads", **files)
    assert (again.status_code, again.json()["code"]) == (409, "UPLOAD_REPEATED")
    assert await _registered(api, query) == before + 2


async def _registered(api: Client, query: str) -> int:
    table = await api.get("city", query)
    (cell,) = [row for row in table["items"] if (row["unit"], row["indicator"]) == ("ZZ07", "I06")]
    return int(cell["actual"] or 0)


async def test_what_counts_and_who_is_assessed_how_is_decided_by_two_people(api: Client) -> None:
    """With the accounts that the first start makes: a row of the mapping table, and the year's assessment for good."""
    targets = "/api/v1/targets"
    row = {"code": "E2E_COURSE", "sources": ["training"], "kind": "course.finished", "where": {"course": "E2E"},
           "indicator": "I05", "valid_from": "2017-07-01", "reference": "测试"}  # fmt: skip
    refused = await api.call("staff-ZZ07", "POST", f"{targets}/event-mappings", json=row)
    proposed = await api.call("city", "POST", f"{targets}/event-mappings", json=row)
    change = f"{targets}/event-mapping-changes/{proposed.json()['id']}/confirmation"
    own = await api.call("city", "POST", change)
    confirmed = await api.call("city-reviewer", "POST", change)
    table = await api.get("staff-ZZ07", f"{targets}/event-mappings")
    assert [answer.status_code for answer in (refused, proposed, own, confirmed)] == [403, 201, 403, 200]
    assert row["code"] in {item["code"] for item in table["items"]}

    drawn = await api.call("city", "POST", f"{targets}/assessment-publications", json={"month": "2017-12"})
    path = f"{targets}/assessment-publications/{drawn.json()['id']}"
    early = await api.call("staff-ZZ07", "GET", path)
    published = await api.call("city-reviewer", "POST", f"{path}/publication")
    seen = await api.get("staff-ZZ07", path)
    assert [answer.status_code for answer in (drawn, early, published)] == [201, 404, 200]
    assert seen["assessment"]["items"] == [i for i in drawn.json()["assessment"]["items"] if i["unit"] == "ZZ07"]


async def _sql(platform: RunningPlatform, question: str) -> Any:
    keys = json.loads((platform.home / "secrets.json").read_text())
    port = int(platform.environment["PORT"]) + processes.POSTGRES_OFFSET
    url = f"postgresql://postgres:{keys['postgres_password']}@127.0.0.1:{port}/{DATABASE}"
    connection = await asyncpg.connect(url, timeout=60)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def test_nothing_survives_a_killed_supervisor_and_the_next_start_finds_everything(
    platform: RunningPlatform, api: Client
) -> None:
    before = (platform.home / "credentials.json").read_text()
    await _sql(platform, "CREATE TABLE targets.kept AS SELECT 42 AS answer")
    platform.process.kill()
    platform.process.wait(60)
    end = time.monotonic() + 60
    while platform.alive():
        assert time.monotonic() < end, platform.alive()
        await asyncio.sleep(0.05)

    platform.start_again()

    assert await _sql(platform, "SELECT answer FROM targets.kept") == 42
    assert (platform.home / "credentials.json").read_text() == before
    await _assert_whole(api)


def test_it_stops_in_good_order_and_leaves_nothing(platform: RunningPlatform) -> None:
    began = time.monotonic()
    assert platform.stop() == 0
    assert time.monotonic() - began < 15
    assert platform.alive() == []
    assert "强制结束" not in platform.output.read_text(encoding="utf-8")
    assert "database system is shut down" in (platform.home / "logs" / "postgres.log").read_text()[-200:]
    assert not (platform.home / "postgres" / "postmaster.pid").exists()
