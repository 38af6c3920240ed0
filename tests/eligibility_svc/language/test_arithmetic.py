"""The arithmetic is shown as one would check it by hand."""

from datetime import date
from fractions import Fraction

from eligibility_svc.language.arithmetic import Words, write_out
from eligibility_svc.language.nodes import BOOL, COUNT, DATE, MONEY, MONTHS, NUMBER
from eligibility_svc.language.parsing import Scope, parse
from kit.dates import Month

SCOPE = Scope(
    {
        "days": COUNT,
        "paid": MONEY,
        "months": COUNT,
        "posts": COUNT,
        "costs": MONTHS,
        "entered_on": DATE,
        "is_kept": BOOL,
    },
    {},
    {"daily": MONEY, "most": COUNT, "span": COUNT, "share": NUMBER, "ceiling": MONEY, "low": MONEY, "high": MONEY},
)
WORDS = Words(
    {"days": "天", "paid": "元", "months": "个月", "posts": "个岗位"},
    {
        "daily": ("每天标准", "元/天"),
        "most": ("最长月数", "个月"),
        "span": ("补贴月数", "个月"),
        "share": ("比例", "%"),
        "ceiling": ("最高额", "元"),
        "low": ("标准", "元"),
        "high": ("提高后的标准", "元"),
    },
)
PARAMETERS = {
    "daily": 3000,
    "most": 12,
    "span": 36,
    "share": Fraction(1, 2),
    "ceiling": 2000000,
    "low": 10000,
    "high": 15000,
}


def lines(source: str, **facts: object) -> tuple[str, ...]:
    return write_out(parse(source, SCOPE), facts, PARAMETERS, date(2018, 9, 1), WORDS)  # type: ignore[arg-type]


def test_a_product_names_its_factors() -> None:
    assert lines("$daily * days", days=12) == ("30.00元/天 × 12天 = 360.00元",)


def test_a_plain_figure_is_named() -> None:
    assert lines("$ceiling") == ("最高额：20000.00元",)


def test_the_branch_that_counts_is_shown() -> None:
    assert lines("$high if is_kept else $low", is_kept=True) == ("提高后的标准：150.00元",)
    assert lines("$high if is_kept else $low", is_kept=False) == ("标准：100.00元",)


def test_a_share_of_what_was_paid_shows_the_limit_first() -> None:
    shown = lines("pro_rata(paid, min(months, $most), months)", paid=1440000, months=18)
    assert shown == ("18个月与12个月取小：12个月", "14400.00元 × 12个月 ÷ 18个月 = 9600.00元")


def test_a_fraction_of_a_fen_is_dropped_and_said() -> None:
    assert lines("pro_rata(paid, 1, months)", paid=100, months=3)[-1] == "不足1分的部分舍去：0.33元"


def test_a_quota_says_that_it_is_rounded_up() -> None:
    assert lines("round_up($share * posts)", posts=13) == (
        "50% × 13个岗位 = 6.5",
        "6.5，不足1个的进位为1个：7",
    )


def test_each_year_shows_its_cut_and_what_falls_outside() -> None:
    costs = tuple((Month(2018 + i // 12, i % 12 + 1), 500000) for i in range(40))
    source = "share_of_months(costs, entered_on, $span, $share, $ceiling)"
    shown = lines(source, costs=costs, entered_on=date(2018, 1, 1))
    assert shown[0] == (
        "第1年：每月费用的50%为2500.00元，12个月 × 2500.00元 = 30000.00元，超过年度限额20000.00元，按20000.00元计"
    )
    assert shown[3:] == ("另有4个月不在入驻起36个月内，不予补贴", "各年合计：60000.00元")


def test_unequal_months_are_summed() -> None:
    costs = ((Month(2018, 1), 100000), (Month(2018, 2), 200000))
    source = "share_of_months(costs, entered_on, $span, $share, $ceiling)"
    assert lines(source, costs=costs, entered_on=date(2018, 1, 1)) == ("第1年：2个月费用的50%合计 = 1500.00元",)
