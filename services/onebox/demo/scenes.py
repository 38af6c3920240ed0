"""The scenes: each asks the platform and prints what it answered. Reports are made up; the plan is the notice's."""

from typing import Any

from onebox.console import line
from onebox.demo.figures import COLUMNS, JUNE, UNITS, YEAR
from onebox.demo.platform import Platform
from onebox.demo.tables import table, title
from onebox.demo.year import names_of, read_plan

JUNE_MONTH = f"{YEAR}-06"
LEVELS = {"GREEN": "绿", "BLUE": "蓝", "YELLOW": "黄", "ORANGE": "橙", "RED": "红", "GREY": "—"}
OUTCOMES = {"ELIGIBLE": "可以享受", "NOT_ELIGIBLE": "不符合", "UNDETERMINED": "还不能确定"}
ROLES = {"BANK": "经办银行", "FUND_OPERATOR": "担保基金运营机构", "HR_OFFICE": "人社部门经办机构"}
MARKS = {"MET": "✓", "UNMET": "✗", "UNKNOWN": "？"}


async def plan(platform: Platform) -> None:
    """The annex of the notice with its sums."""
    issued, cells = await read_plan(platform)
    names = await names_of(platform)
    indicators = await platform.get("platform", "/api/v1/targets/indicators")
    title(f"一、{YEAR}年城乡就业工作目标任务分解表（{issued['doc_no']}，单位：人）")
    rows = [["合计", *(str(issued["totals"][column]) for column in COLUMNS)]]
    for unit in UNITS:
        values = [cells[unit, column] for column in COLUMNS]
        rows.append([names[unit], *("——" if value is None else str(value) for value in values)])
    line(table(["", *COLUMNS], rows))
    known = {indicator["code"]: indicator["name"] for indicator in indicators["items"]}
    line("\n" + "；".join(f"{column} {known[column]}" for column in COLUMNS))


async def progress(platform: Platform) -> None:
    """How far each district is at the end of June, by both curves."""
    title("三、半年：截至6月底完成进度（新增城镇就业）")
    names = await names_of(platform)
    items: dict[str, dict[tuple[str, str], dict[str, Any]]] = {}
    for curve in ("LINEAR", "SEASONAL"):
        found = await platform.get(
            "city", f"/api/v1/targets/progress?year={YEAR}&month={JUNE_MONTH}&source=REPORT&curve={curve}"
        )
        items[curve] = {(item["unit"], item["indicator"]): item for item in found["items"]}
    linear, seasonal = items["LINEAR"], items["SEASONAL"]
    rows, levels = [], []
    for unit in [*JUNE, "ZZ"]:
        item, other = linear[unit, "I01"], seasonal[unit, "I01"]
        rank = "–" if item["rank"] is None else str(item["rank"])
        numbers = [str(item["target"]), str(item["actual"]), item["completion"], item["gap"], LEVELS[item["level"]]]
        rows.append(
            [names[unit], *numbers, other["gap"], LEVELS[other["level"]], rank, item["needed_per_month"] or "–"]
        )
        levels.append(item["level"])
    line(table(["", "目标", "完成", "完成率%", "差距", "预警", "差距(季节)", "预警", "名次", "每月还需"], rows, levels))


async def people(platform: Platform) -> None:
    """One person against all measures, with the reasons."""
    title("五、一位2017年毕业的大学生问：我能享受哪些政策？（2018-09-01）")
    facts = {
        "school_kind": "UNIVERSITY",
        "graduated_on": "2017-07-01",
        "is_first_business": True,
        "business_opened_on": "2018-06-02",
        "is_business_operating": True,
        "is_poor_household": True,
        "is_in_training": True,
        "training_days": 12,
        "training_place": "HENAN_OTHER",
    }
    body = {"subject": "PERSON", "as_of": "2018-09-01", "facts": facts}
    answer = await platform.post("platform", "/api/v1/eligibility/checks", body)
    vocabulary = await platform.get("platform", "/api/v1/eligibility/facts")
    labels = {fact["name"]: fact["label"] for fact in vocabulary["items"]}
    for outcome, words in OUTCOMES.items():
        found = [result for result in answer["results"] if result["outcome"] == outcome]
        line(f"{words}（{len(found)}项）")
        for result in found:
            line(f"  {result['name']}{_benefit(result)}{_missing(result, labels)}")
            if outcome == "ELIGIBLE" or result["measure"] == "startup-grant":
                for reason in result["reasons"]:
                    _print_reason(reason)
        line()


def _benefit(result: dict[str, Any]) -> str:
    benefit = result["benefit"]
    if result["outcome"] != "ELIGIBLE":
        return ""
    if benefit["amount"] is not None:
        return f"：{benefit['amount']} 元"
    return "：金额按实施细则确定" if benefit["status"] == "SET_BY_RULES" else ""


def _missing(result: dict[str, Any], labels: dict[str, str]) -> str:
    missing = [labels[name] for name in result["missing_facts"]]
    return f"（还需要：{'、'.join(missing[:4])}{'等' if len(missing) > 4 else ''}）" if missing else ""


def _print_reason(reason: dict[str, Any]) -> None:
    cited = reason["citation"]
    met_on = f"，{reason['met_on']} 起符合" if reason.get("met_on") else ""
    line(
        f"      {MARKS[reason['outcome']]} {reason.get('text', reason['criterion'])}{met_on}"
        f"〔{cited['document']} {cited['clause']}〕"
    )


async def loan(platform: Platform) -> None:
    """A guarantee loan, quarter by quarter, with the arithmetic of a line."""
    title("六、创业担保贷款贴息试算：100 000元，2017-05-15发放，年利率6.30%，三年递减")
    body = {
        "principal": "100000.00",
        "disbursed_on": "2017-05-15",
        "matures_on": "2020-05-15",
        "contract_rate": "6.3000",
        "benchmark_rate": "4.3000",
        "rule": "R2016_IND",
    }
    quote = await platform.post("platform", "/api/v1/loans/subsidy-quotes", body)
    line(quote["rate_explanation_zh"] + "\n")
    rows = []
    for row in quote["lines"]:
        shares = dict.fromkeys(segment["share"] for segment in row["segments"])
        rows.append([row["period"], str(row["days"]), "、".join(shares), row["subsidy"]])
    line(table(["季度", "天数", "贴息比例", "贴息（元）"], [*rows, ["合计", "", "", quote["total"]]]))
    longest = max(quote["lines"], key=lambda row: len(row["segments"]))
    line(f"\n{longest['explanation_zh']}")


async def pool(platform: Platform) -> None:
    """The reward pool of a year, split exactly."""
    title("七、创业担保贷款奖励性补助：当年新发放额的1%，分到分")
    answer = await platform.post("loan-officer", "/api/v1/loans/reward-pool-quotes", POOL)
    line(f"基数 {answer['base']} 元，奖补资金 {answer['pool']} 元")
    rows = []
    for role in answer["roles"]:
        rows.append([ROLES[role["role"]], role["weight"], role["amount"]])
        mine = [one for one in answer["recipients"] if one["role"] == role["role"]]
        rows += [[f"  {one['recipient']}", one["weight"], one["amount"]] for one in mine]
    line("\n" + table(["", "权重", "金额（元）"], [*rows, ["合计", "", answer["pool"]]]))
    line("\n类别之间的权重为虚构：通知没有规定，由主管部门确定。")


# Made up, as is the division between roles: the notice leaves it to the bureau.
POOL: dict[str, Any] = {
    "year": 2018,
    "unit": "ZZ",
    "lending": [
        {"recipient": "甲银行", "disbursed": "52300000.00", "cancelled": "300000.00"},
        {"recipient": "乙银行", "disbursed": "31000001.00"},
        {"recipient": "丙银行", "disbursed": "17000000.00"},
    ],
    "roles": [
        {"role": "BANK", "weight": 60},
        {"role": "FUND_OPERATOR", "weight": 25},
        {"role": "HR_OFFICE", "weight": 15},
    ],
    "recipients": [
        {"recipient": "甲银行", "role": "BANK"},
        {"recipient": "乙银行", "role": "BANK"},
        {"recipient": "丙银行", "role": "BANK"},
        {"recipient": "担保基金管理中心", "role": "FUND_OPERATOR", "weight": 1},
        {"recipient": "金水区创业贷款服务中心", "role": "HR_OFFICE", "weight": 2},
        {"recipient": "新密市创业贷款服务中心", "role": "HR_OFFICE", "weight": 1},
    ],
}
