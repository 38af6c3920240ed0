"""A year of reports, closes and warnings, brought to its end from wherever it stands, and shown in a screenful."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from onebox.console import line
from onebox.demo.figures import JUNE, UNITS, YEAR, Cells, reported
from onebox.demo.platform import Platform, PlatformError
from onebox.demo.tables import sparkline, table, title
from onebox.errors import OneboxError

MONTHS = [f"{YEAR}-{number:02d}" for number in range(1, 13)]
_BEIJING = ZoneInfo("Asia/Shanghai")
_TARGETS = "/api/v1/targets"
_STEPS = {"DRAFT": ("staff-{}", "submission"), "SUBMITTED": ("reviewer-{}", "review"), "REVIEWED": ("city", "approval")}
_ANSWERED = {"ZZ04": "七月起组织专场招聘和送岗下乡", "ZZ15": "与园区企业对接用工，逐月调度"}
_LEVELS = {"GREEN": "绿", "BLUE": "蓝", "YELLOW": "黄", "ORANGE": "橙", "RED": "红"}
_EVENTS = {"OPENED": "开", "RAISED": "升", "UNANSWERED": "逾期未反馈升", "FALLEN": "降", "ENDED": "解除"}
_GRADES = {"EXCELLENT": "优秀", "PASS": "达标", "FAIL": "不达标"}


async def names_of(platform: Platform) -> dict[str, str]:
    """Short names of the units."""
    units = await platform.get("platform", f"{_TARGETS}/units")
    return {unit["code"]: unit["short_name"] for unit in units["items"]}


async def read_plan(platform: Platform) -> tuple[dict[str, Any], Cells]:
    """The year's plan, and its cells."""
    issued = await platform.get("platform", f"{_TARGETS}/plans/{YEAR}")
    return issued, {(item["unit"], item["indicator"]): item["value"] for item in issued["items"]}


async def reports(platform: Platform) -> None:
    """Twelve months: each unit's report by three people, then the month's close by two, and the units' answers."""
    title("二、各单位全年上报（数据为虚构），逐级审核、批准，逐月结账")
    _, cells = await read_plan(platform)
    states = await _states(platform)
    lane = asyncio.Semaphore(8)

    async def of_unit(unit: str, number: int) -> int:
        async with lane:
            return await _approve(platform, cells, unit, number, states.get((unit, MONTHS[number - 1])))

    written = closed = answered = 0
    for number, month in enumerate(MONTHS, start=1):
        written += sum(await asyncio.gather(*(of_unit(unit, number) for unit in UNITS)))
        closed += await _close(platform, month)
        if number == 6:
            answered = await _answer(platform, month)
    await _until_judged(platform, MONTHS[-1])
    done = f"本次办理 {written} 份月报，结账 {closed} 个月，反馈 {answered} 项预警"
    line(f"{len(UNITS)} 个单位 × {len(MONTHS)} 个月：{done}。")


async def _states(platform: Platform) -> dict[tuple[str, str], str]:
    found = await _all(platform, f"{_TARGETS}/reports?limit=100")
    return {(report["unit"], report["month"]): report["state"] for report in found}


async def _all(platform: Platform, path: str) -> list[dict[str, Any]]:
    """Every page of a list, as the city sees it."""
    found: list[dict[str, Any]] = []
    page = await platform.get("city", path)
    while True:
        found += page["items"]
        if page["next"] is None:
            return found
        page = await platform.get("city", f"{path}&cursor={page['next']}")


async def _approve(platform: Platform, cells: Cells, unit: str, number: int, state: str | None) -> int:
    """Brings one report to APPROVED from whatever state it is in; whether anything had to be done."""
    path, done = f"{_TARGETS}/reports/{unit}/{MONTHS[number - 1]}", 0
    while state != "APPROVED":
        done = 1
        try:
            if state is None:
                body = {"cells": reported(cells, unit, number)}
                answer = await platform.call(f"staff-{unit}", "PUT", path, json=body)
            else:
                client, step = _STEPS[state]
                key = f"demo-{unit}-{number}-{step}"
                answer = await platform.call(client.format(unit), "POST", f"{path}/{step}", key=key)
            state = answer.json()["state"]
        except PlatformError as error:
            # A step whose first answer was lost has happened: its repeat meets a newer state.
            if error.status not in (409, 412, 428):
                raise
            state = (await platform.get("city", path))["state"]
    return done


async def _close(platform: Platform, month: str) -> int:
    """Closes a month as two people; whether it was still open."""
    while True:
        found = (await platform.get("city", f"{_TARGETS}/month-closes?month={month}"))["items"]
        if found and found[-1]["state"] == "APPROVED":
            return 0
        try:
            if not found:
                body = {"month": month}
                proposed = await platform.call(
                    "city", "POST", f"{_TARGETS}/month-closes", json=body, key=f"demo-close-{month}"
                )
                found = [proposed.json()]
            path = f"{_TARGETS}/month-closes/{found[-1]['id']}/approval"
            await platform.call("city-reviewer", "POST", path, key=f"demo-approve-{month}")
        except PlatformError as error:
            if error.status != 409:
                raise
            continue
        return 1


async def _answer(platform: Platform, month: str) -> int:
    """Two districts answer their warnings of June; how many had to."""
    warnings = await _until_judged(platform, month)
    answered = 0
    for unit, plan in _ANSWERED.items():
        warning = warnings.get((unit, "I01"))
        if warning is not None and warning["acknowledged_by"] is None and warning["month"] == month:
            body = {"action_plan": plan, "due_on": str(datetime.now(_BEIJING).date() + timedelta(days=60))}
            path = f"{_TARGETS}/warnings/{warning['id']}/acknowledgement"
            await platform.call(f"staff-{unit}", "POST", path, json=body, key=f"demo-answer-{warning['id']}")
            answered += 1
    return answered


async def _until_judged(platform: Platform, month: str) -> dict[tuple[str, str], dict[str, Any]]:
    """The open warnings, once a worker has judged a closed month.

    Raises:
        OneboxError: no worker has done it for a minute.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + 60
    while loop.time() < until:
        found = await _all(platform, f"{_TARGETS}/warnings?state=OPEN&year={YEAR}&limit=100")
        if found and all(row["month"] >= month for row in found):
            return {(row["unit"], row["indicator"]): row for row in found}
        await asyncio.sleep(0.2)
    raise OneboxError("预警一分钟没有更新。", "The warnings were not judged within a minute.")


async def year(platform: Platform) -> None:
    """The city's course, the warnings on the way, and where everybody stands at the end."""
    title(f"四、一年一屏：{YEAR}年新增城镇就业")
    names = await names_of(platform)
    months = await asyncio.gather(*(_closed(platform, month) for month in MONTHS))
    line(_course(months))
    line(f"\n预警经过（月份为依据的结账月份）：{await _stories(platform, names)}")
    line("\n" + await _final(platform, names, months[-1]))


async def _closed(platform: Platform, month: str) -> list[dict[str, Any]]:
    closes = (await platform.get("city", f"{_TARGETS}/month-closes?month={month}"))["items"]
    path = f"{_TARGETS}/month-closes/{closes[-1]['id']}/progress?source=REPORT"
    rows: list[dict[str, Any]] = (await platform.get("city", path))["items"]
    return rows


def _course(months: list[list[dict[str, Any]]]) -> str:
    city = [next(row for row in rows if (row["unit"], row["indicator"]) == ("ZZ", "I01")) for rows in months]
    units = [[row for row in rows if row["unit"] != "ZZ"] for rows in months]
    lamps = [
        [str(sum(row["level"] == level for row in rows)) for rows in units]
        for level in ("BLUE", "YELLOW", "ORANGE", "RED")
    ]
    rows = [
        ["全市完成率%", *(row["completion"].split(".")[0] for row in city)],
        ["时序进度%", *(row["pace"].split(".")[0] for row in city)],
        ["差距", *(f"{row['gap'][:-1]}" for row in city)],
        *([f"{name}灯（全部指标）", *counts] for name, counts in zip("蓝黄橙红", lamps, strict=True)),
    ]
    drawn = sparkline([float(row["completion"]) for row in city])
    return f"完成曲线 {drawn}  {city[-1]['actual']} / {city[-1]['target']} 人\n\n" + table(
        ["", *(f"{n}月" for n in range(1, 13))], rows
    )


async def _stories(platform: Platform, names: dict[str, str]) -> str:
    """What happened to each district's warning of the first indicator, in a line."""
    warnings = await _all(platform, f"{_TARGETS}/warnings?indicator=I01&year={YEAR}&limit=100")
    found = sorted(warnings, key=lambda row: (row["unit"], row["id"]))
    histories = await asyncio.gather(*(platform.get("city", f"{_TARGETS}/warnings/{row['id']}") for row in found))
    by_unit: dict[str, list[str]] = {}
    for warning in histories:
        by_unit.setdefault(warning["unit"], []).extend(_said(event) for event in warning["history"])
    return "".join(f"\n  {names[unit]}  {' → '.join(said)}" for unit, said in by_unit.items())


def _said(event: dict[str, Any]) -> str:
    month = f"{int(event['month'][5:])}月"
    if event["step"] == "ACKNOWLEDGED":
        return f"{month}反馈“{event['action_plan']}”"
    colour = "" if event["step"] == "ENDED" else _LEVELS[event["level"]]
    return f"{month}{_EVENTS[event['step']]}{colour}"


async def _final(platform: Platform, names: dict[str, str], december: list[dict[str, Any]]) -> str:
    """Ranking and assessment of the districts, the first first."""
    assessed = await platform.get("city", f"{_TARGETS}/assessments?year={YEAR}&month={MONTHS[-1]}")
    scores = {unit["unit"]: unit for unit in assessed["items"]}
    rows = sorted((row for row in december if row["indicator"] == "I01" and row["unit"] in JUNE), key=_place)
    shown = [
        [
            names[row["unit"]],
            str(row["rank"]),
            str(row["target"]),
            str(row["actual"]),
            row["completion"],
            _LEVELS[row["level"]],
            scores[row["unit"]]["score"],
            "同分待定" if scores[row["unit"]]["is_referred"] else _GRADES[scores[row["unit"]]["grade"]],
        ]
        for row in rows
    ]
    header = ["年终", "名次", "目标", "完成", "完成率%", "预警", "考核得分", "等次"]
    return table(header, shown, [row["level"] for row in rows]) + "\n考核得分含全部指标；补录的月报逾期，按规则扣分。"


def _place(row: dict[str, Any]) -> tuple[int, str]:
    return (row["rank"] or 99, row["unit"])
