"""Three-valued truth, settled unknowns, gates, exact amounts, and the days on which a rule turns."""

import itertools
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eligibility_svc.language.closures import Rule, compile_rule, conjunction, disjunction, threshold
from eligibility_svc.language.functions import pro_rata, share_of_months, years_of_share
from eligibility_svc.language.nodes import BOOL, COUNT, DATE, MONEY, NUMBER, Kind, Type
from eligibility_svc.language.parsing import Scope, parse
from kit.dates import Month

COLOUR = Type(Kind.CHOICE, ("RED", "GREEN", "NONE"))
FACTS = {"p": BOOL, "q": BOOL, "r": BOOL, "n": COUNT, "m": COUNT, "on": DATE, "colour": COLOUR, "paid": MONEY}
PARAMETERS = {"least": COUNT, "share": NUMBER, "amount": MONEY, "open": MONEY}
DAY = date(2018, 9, 1)
TRUTHS: list[bool | None] = [True, False, None]


def rule(source: str, gates: dict[str, str] | None = None) -> Rule:
    known = {name: parse(text, Scope(FACTS, {}, PARAMETERS)) for name, text in (gates or {}).items()}
    return compile_rule(source, parse(source, Scope(FACTS, known, PARAMETERS)))


def value(source: str, facts: dict[str, Any], gates: dict[str, str] | None = None, day: date = DAY) -> Any:
    parameters = {"least": 3, "share": Fraction(1, 20), "amount": 1000000}
    return rule(source, gates).run({k: v for k, v in facts.items() if v is not None}, parameters, day)


def missing(source: str, facts: dict[str, Any], gates: dict[str, str] | None = None) -> set[str]:
    found: set[str] = set()
    rule(source, gates).collect(facts, {"least": 3, "share": Fraction(1, 20), "amount": 1000000}, DAY, found)
    return found


AND = {(True, True): True, (True, None): None, (None, True): None, (None, None): None}
OR = {(False, False): False, (False, None): None, (None, False): None, (None, None): None}


@pytest.mark.parametrize(("p", "q"), list(itertools.product(TRUTHS, TRUTHS)))
def test_and_or_not_follow_kleenes_tables(p: bool | None, q: bool | None) -> None:
    assert value("p and q", {"p": p, "q": q}) is AND.get((p, q), False)
    assert value("p or q", {"p": p, "q": q}) is OR.get((p, q), True)
    assert value("not p", {"p": p}) is (None if p is None else not p)


@pytest.mark.parametrize("truths", list(itertools.product(TRUTHS, repeat=3)))
def test_trees_combine_as_the_language_does(truths: tuple[bool | None, ...]) -> None:
    facts = dict(zip("pqr", truths, strict=True))
    assert conjunction(truths) is value("p and q and r", facts)
    assert disjunction(truths) is value("p or q or r", facts)
    assert threshold(truths, 1) is disjunction(truths)
    assert threshold(truths, 3) is conjunction(truths)
    completions = itertools.product(*([truth] if truth is not None else [True, False] for truth in truths))
    outcomes = {t.count(True) >= 2 for t in completions}
    assert threshold(truths, 2) is (outcomes.pop() if len(outcomes) == 1 else None)


def test_an_unknown_beside_its_own_opposite_stays_unknown() -> None:
    assert value("p or not p", {}) is None
    assert missing("p or not p", {}) == {"p"}


@pytest.mark.parametrize(
    "source",
    ["n > 3", "3 <= n", "n == 0", "n != 0", "colour == RED", "colour != RED", "colour in (RED, GREEN)",
     "colour not in (RED,)", "min(n, 3)", "max(n, 3)", "n + 1", "n - n", "on <= as_of", "complete_months(on, as_of)"],
)  # fmt: skip
def test_whatever_reads_an_unknown_is_unknown(source: str) -> None:
    assert value(source, {}) is None


def test_what_is_settled_anyway_is_not_unknown() -> None:
    assert value("n * 0", {}) == 0
    assert value("n * m", {"m": 0}) == 0
    assert value("3 if p else 3", {}) == 3
    assert value("3 if p else 4", {}) is None
    assert value("n if p else m", {"p": True, "n": 5}) == 5


def test_false_and_zero_are_answers() -> None:
    assert value("p", {"p": False}) is False
    assert value("n > 0", {"n": 0}) is False
    assert missing("p and n > 0", {"p": False}) == set()


def test_only_what_can_still_matter_is_missing() -> None:
    assert missing("p and (q or n > 3)", {}) == {"p", "q", "n"}
    assert missing("p and (q or n > 3)", {"q": True}) == {"p"}
    assert missing("p and (q or n > 3)", {"n": 1}) == {"p", "q"}
    assert missing("p and q", {"p": False}) == set()
    assert missing("n if p else m", {"p": True}) == {"n"}
    assert missing("n if p else m", {}) == {"p", "n", "m"}
    assert missing("n > m", {"n": 2}) == {"m"}


def test_an_open_parameter_is_unknown_and_nothing_is_asked_for_it() -> None:
    assert value("$open", {}) is None
    assert missing("paid > $open", {"paid": 1}) == set()


GATES = {"on": "colour != NONE", "q": "p"}


def test_what_is_said_of_a_fact_whose_gate_is_false_is_false() -> None:
    assert value("on <= as_of", {"colour": "NONE", "on": DAY}, GATES) is False
    assert value("on > as_of", {"colour": "NONE", "on": DAY}, GATES) is False
    assert value("not on <= as_of", {"colour": "NONE"}, GATES) is True
    assert value("q", {"p": False, "q": True}, GATES) is False
    assert value("in_year_of(on, as_of)", {"colour": "NONE", "on": DAY}, GATES) is False
    assert missing("on <= as_of", {"colour": "NONE"}, GATES) == set()


def test_an_open_gate_asks_for_gate_and_fact() -> None:
    assert missing("on <= as_of", {}, GATES) == {"colour", "on"}
    assert value("on <= as_of", {"on": DAY}, GATES) is None
    assert value("on > as_of", {"on": DAY}, GATES) is False
    assert missing("on > as_of", {"on": DAY}, GATES) == set()


@pytest.mark.parametrize(
    ("on", "day", "expected"),
    [
        (date(2018, 6, 1), date(2018, 9, 1), True),
        (date(2018, 6, 2), date(2018, 9, 1), False),
        (date(2018, 11, 30), date(2019, 2, 27), False),
        (date(2018, 11, 30), date(2019, 2, 28), True),
        (date(2019, 11, 30), date(2020, 2, 28), False),
        (date(2019, 11, 30), date(2020, 2, 29), True),
    ],
)
def test_a_period_is_complete_on_its_last_day_clamped_to_the_months_end(on: date, day: date, expected: bool) -> None:
    assert value("months_after(on, $least) <= as_of", {"on": on}, day=day) is expected
    assert value("complete_months(on, as_of) >= $least", {"on": on}, day=day) is expected


def test_a_graduate_of_the_29th_of_february_has_until_the_28th() -> None:
    source = "as_of <= years_after(on, 5)"
    assert value(source, {"on": date(2016, 2, 29)}, day=date(2021, 2, 28)) is True
    assert value(source, {"on": date(2016, 2, 29)}, day=date(2021, 3, 1)) is False


def test_ratios_are_exact_and_round_up_once() -> None:
    assert value("$share * n", {"n": 130}) == Fraction(13, 2)
    assert value("round_up($share * n)", {"n": 130}) == 7
    assert value("round_up($share * n)", {"n": 120}) == 6
    assert value("round_up($share * n)", {"n": 0}) == 0


def test_large_counts_do_not_overflow() -> None:
    assert value("n * $amount", {"n": 1_000_000_000}) == 10**15


def test_pro_rata_is_exact_and_total() -> None:
    assert pro_rata(1440000, 12, 18) == 960000
    assert pro_rata(100, 1, 3) == Fraction(100, 3)
    assert pro_rata(100, 0, 0) == 0


def months(first: int, count: int, fen: int) -> tuple[tuple[Month, int], ...]:
    return tuple((Month(2018 + (first - 1 + i) // 12, (first - 1 + i) % 12 + 1), fen) for i in range(count))


HALF = Fraction(1, 2)


def test_a_years_share_is_cut_to_its_ceiling() -> None:
    costs = months(1, 12, 500000)
    (year,) = years_of_share(costs, date(2018, 1, 1), 36, HALF, 2000000)
    assert (sum(year.parts), year.paid) == (3000000, 2000000)


def test_months_beyond_the_thirty_sixth_and_before_the_entry_give_nothing() -> None:
    costs = months(1, 40, 100)
    assert share_of_months(costs, date(2018, 1, 1), 36, HALF, 2000000) == 36 * 50
    assert share_of_months(costs, date(2018, 2, 1), 36, HALF, 2000000) == 36 * 50
    assert share_of_months(costs, date(2018, 3, 31), 36, HALF, 2000000) == 36 * 50
    assert share_of_months(months(1, 2, 100), date(2018, 2, 28), 36, HALF, 2000000) == 50
    assert share_of_months(months(1, 2, 100), date(2018, 3, 1), 36, HALF, 2000000) == 0


def test_years_are_counted_from_the_day_of_entry() -> None:
    years = years_of_share(months(1, 24, 500000), date(2018, 7, 15), 36, HALF, 2000000)
    assert [(year.number, len(year.parts), year.paid) for year in years] == [(1, 12, 2000000), (2, 6, 1500000)]


def test_the_share_of_each_month_is_rounded_down_to_the_fen() -> None:
    assert share_of_months(months(1, 3, 101), date(2018, 1, 1), 36, HALF, 2000000) == 150


dated_rules = st.sampled_from(
    ["on <= as_of", "on < as_of", "as_of <= on", "as_of != on", "as_of == on", "months_after(on, $least) <= as_of",
     "complete_months(on, as_of) == 2", "complete_months(on, as_of) < n", "complete_months(on, as_of) >= 1",
     "in_year_of(as_of, on)", "in_year_of(on, as_of)", "not in_year_of(as_of, on) and on < as_of",
     "on <= as_of <= years_after(on, 1)"]
)  # fmt: skip


@settings(deadline=None)  # a loaded machine is not a fault
@given(dated_rules, st.dates(date(2016, 1, 1), date(2018, 12, 31)), st.integers(0, 15))
def test_a_rule_turns_only_on_its_turning_days(source: str, on: date, n: int) -> None:
    compiled = rule(source)
    assert compiled.turns is not None
    facts, parameters = {"on": on, "n": n}, {"least": 3}
    start = date(2016, 1, 1)
    turning = compiled.turns(facts, parameters, start)
    before = compiled.run(facts, parameters, start)
    for offset in range(1, 1500):
        day = start + timedelta(days=offset)
        now = compiled.run(facts, parameters, day)
        assert now == before or day in turning
        before = now
