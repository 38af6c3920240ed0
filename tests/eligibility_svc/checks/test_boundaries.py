"""Every bound of a rule has a row on each side of it in the table: just below, on it, just above, and unknown.

The bounds are found in the rules themselves, so a new figure without its rows fails here.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from eligibility_svc.facts.reading import read_facts
from eligibility_svc.facts.repository import vocabulary
from eligibility_svc.language.closures import compile_rule
from eligibility_svc.language.nodes import AsOf, Call, Compare, Const, FactRef, Kind, Node, ParamRef, walk
from eligibility_svc.measures.domain import Edition, Terms
from eligibility_svc.measures.repository import catalogue
from tests.eligibility_svc.checks.table import Row, rows

ORDERED = {Kind.COUNT, Kind.NUMBER, Kind.MONEY, Kind.DATE}
SIDES = {"below", "on", "above", "unknown"}
# Sides that no row can have, and why.
IMPOSSIBLE = {
    ("internship", "trainees_finished > 0", "below"): "a count is not negative",
}


@dataclass(frozen=True)
class Bound:
    """A comparison of a rule whose sides are numbers or days."""

    measure: str
    subject: str
    text: str
    left: Node
    right: Node


def bounds() -> Iterator[Bound]:
    for code, editions in catalogue().measures.items():
        for edition in editions:
            for subject, terms in edition.terms.items():
                yield from _bounds(code, subject, terms)


def _bounds(code: str, subject: str, terms: Terms) -> Iterator[Bound]:
    rules = [criterion.rule for criterion in terms.criteria] + [tier.criterion.rule for tier in terms.benefit.tiers]
    for rule in rules:
        for node in walk(rule.node):
            if isinstance(node, Compare) and node.left.type.kind in ORDERED:
                yield Bound(code, subject, _text(node), node.left, node.right)


def _text(node: Node) -> str:
    match node:
        case Compare(operator=sign, left=left, right=right):
            return f"{_text(left)} {sign} {_text(right)}"
        case FactRef(name=name):
            return name
        case ParamRef(name=name):
            return f"${name}"
        case Call(function=name, arguments=arguments):
            return f"{name}({', '.join(map(_text, arguments))})"
        case Const(value=value):
            return str(value)
    return "as_of" if isinstance(node, AsOf) else type(node).__name__


def _side(bound: Bound, row: Row, edition: Edition) -> str | None:
    """Where a row stands: a step below the bound, on it, a step above, unknown; None when it is farther away."""
    facts = read_facts(vocabulary(), row.subject, row.facts)
    parameters = edition.values_on(row.as_of)
    left, right = (compile_rule("", node).run(facts, parameters, row.as_of) for node in (bound.left, bound.right))
    if left is None or right is None:
        return "unknown"
    distance = (left - right).days if isinstance(left, date) else Fraction(left) - right
    if distance == 0:
        return "on"
    if abs(distance) > 1:
        return None
    return "above" if distance > 0 else "below"


def sides_seen() -> Mapping[Bound, set[str]]:
    seen: dict[Bound, set[str]] = defaultdict(set)
    mine: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows():
        mine[row.measure, row.subject].append(row)
    for bound in bounds():
        for row in mine[bound.measure, bound.subject]:
            edition = catalogue().in_force(bound.measure, row.as_of)
            assert edition is not None
            side = _side(bound, row, edition)
            if side is not None:
                seen[bound].add(side)
        seen[bound] |= {side for measure, text, side in IMPOSSIBLE if (measure, text) == (bound.measure, bound.text)}
    return seen


SEEN = sides_seen()


@pytest.mark.parametrize("bound", SEEN, ids=lambda bound: f"{bound.measure}-{bound.subject}: {bound.text}")
def test_a_bound_has_a_row_on_each_side(bound: Bound) -> None:
    assert SEEN[bound] == SIDES


def test_the_bounds_of_the_notices_are_among_them() -> None:
    found = {(bound.measure, bound.text) for bound in SEEN}
    assert found >= {
        ("startup-grant", "as_of <= years_after(graduated_on, $graduate_years)"),
        ("startup-grant", "months_after(business_opened_on, $operating_months) <= as_of"),
        ("graduate-insurance", "contract_months >= $least_contract_months"),
        ("poor-labour-hiring", "steady_work_months >= $steady_months"),
        ("poor-placement", "placed_steady_months >= $steady_months"),
        ("skill-upgrade", "unemployment_insurance_months >= $insured_months"),
        ("skill-upgrade", "$certificate_from <= certificate_issued_on"),
        ("job-fair", "fair_employers >= $least_employers"),
        ("grassroots-title", "grassroots_service_months >= $least_months"),
    }


@pytest.mark.parametrize(("measure", "year"), [("job-seeking-grant", 2018), ("job-seeking-left-school", 2018)])
def test_a_graduation_year_has_a_row_on_each_side_of_both_its_ends(measure: str, year: int) -> None:
    days = {row.facts.get("graduated_on") for row in rows() if row.measure == measure}
    assert days >= {f"{year - 1}-12-31", f"{year}-01-01", f"{year}-12-31", f"{year + 1}-01-01", None}


# Figures of amounts and numbers owed: the fact that they meet, with the values that must stand in rows.
FIGURES: dict[tuple[str, str], set[Any]] = {
    ("graduate-insurance", "insurance_months"): {11, 12, 13},
    ("poor-training-living", "training_days"): {0, 1, 12, None},
    ("job-fair", "fair_employers"): {99, 100, 101, 137, None},
    ("poor-labour-hiring", "hired_persons"): {1, 3, None},
    ("veteran-posts", "new_posts"): {0, 1, 130, 140, 141},
    ("internship", "trainees_retained"): {4, 5, 49, 50, 51, None},
}


@pytest.mark.parametrize(("measure", "fact"), FIGURES)
def test_what_an_amount_counts_has_rows_around_its_figures(measure: str, fact: str) -> None:
    assert {row.facts.get(fact) for row in rows() if row.measure == measure} >= FIGURES[measure, fact]


def test_running_costs_have_rows_around_the_ceiling_and_the_last_month() -> None:
    listed = [
        (entry["month"], entry["amount"])
        for row in rows()
        if row.measure == "incubator-running-cost"
        for entry in row.facts["monthly_running_costs"]
    ]
    assert {amount for _, amount in listed} >= {"39999.98", "40000.00", "40000.02"}
    assert {month for month, _ in listed} >= {"2017-12", "2018-01", "2020-12", "2021-01"}


def test_a_row_too_far_away_is_on_no_side() -> None:
    bound = next(bound for bound in SEEN if bound.text == "fair_employers >= $least_employers")
    row = next(row for row in rows() if row.measure == "job-fair")
    (edition,) = catalogue().measures["job-fair"]
    found = [_side(bound, replace(row, facts={"fair_employers": n}), edition) for n in (98, 99, 100, 101, 102)]
    assert found == [None, "below", "on", "above", None]
    assert _side(bound, replace(row, facts={}), edition) == "unknown"
