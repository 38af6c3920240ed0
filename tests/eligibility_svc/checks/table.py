"""The rows of `cases.yaml`, each a check with what it must answer."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from eligibility_svc.checks.decision import Decider
from eligibility_svc.checks.domain import Answer, Outcome, Truth
from eligibility_svc.facts.reading import read_facts
from eligibility_svc.facts.repository import vocabulary
from eligibility_svc.measures.domain import BenefitStatus
from eligibility_svc.measures.repository import catalogue
from kit.money import yuan

DECIDER = Decider(catalogue(), vocabulary())
_EXPECTATIONS = {"gives", "tiers", "lacking", "first_day"}
_DUTY = ("at_most", "due")


@dataclass(frozen=True)
class Row:
    """One check.

    Attributes:
        gives: an amount in yuan, `open`, `none`, or a number owed; None where nothing is given.
        asks: the fact that must be asked for.
        first_day: the day from which it will be granted.
        at_most, due: of a duty, the upper end of its range and its last day.
        figures: what the law says beside the amount, by the name of the parameter.
    """

    measure: str
    subject: str
    as_of: date
    outcome: str
    facts: dict[str, Any]
    gives: str | int | None = None
    tiers: list[str] | None = None
    lacking: int | None = None
    asks: str | None = None
    first_day: date | None = None
    at_most: int | None = None
    due: str | None = None
    figures: dict[str, Any] = field(default_factory=dict)
    change: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        change = ",".join(f"{name}={value}" for name, value in self.change.items() if not isinstance(value, list))
        return f"{self.measure}-{self.subject}-{self.as_of}-{self.outcome}-{change or 'base'}"


def rows() -> Iterator[Row]:
    """Every row of the table, spelled out."""
    text = (Path(__file__).parent / "cases.yaml").read_text(encoding="utf-8")
    for case in yaml.load(text, Loader=yaml.CSafeLoader):
        yield from _rows(case)


def _rows(case: dict[str, Any]) -> Iterator[Row]:
    base: dict[str, Any] = case["base"]
    given = {key: case[key] for key in ("gives", "tiers", "lacking", *_DUTY) if key in case}

    def row(outcome: str, change: dict[str, Any], **expected: Any) -> Row:
        facts = base | {name: value for name, value in change.items() if name not in _EXPECTATIONS}
        return Row(
            measure=case["measure"],
            subject=case.get("subject", "PERSON"),
            as_of=date.fromisoformat(case.get("as_of", "2018-09-01")),
            outcome=outcome,
            facts=facts,
            change=change,
            **expected,
        )

    yield row("ELIGIBLE", {}, figures=case.get("figures", {}), **given)
    for name in case.get("needs", []):
        yield row("UNDETERMINED", {name: None}, asks=name)
    for change in case.get("unsure", []):
        yield row("UNDETERMINED", change)
    for change in case.get("refuse", []):
        yield row("NOT_ELIGIBLE", change)
    for change in case.get("allow", []):
        changed = {key: change[key] for key in ("gives", "tiers", "lacking") if key in change}
        yield row("ELIGIBLE", change, **(given | changed))
    for change in case.get("turns", []):
        yield row("NOT_ELIGIBLE", change, first_day=date.fromisoformat(change["first_day"]))


def answer(row: Row, decider: Decider = DECIDER) -> Answer:
    facts = read_facts(vocabulary(), row.subject, row.facts)
    (found,) = decider.check(row.subject, facts, row.as_of, [row.measure])
    return found


def given(found: Answer) -> str | int | None:
    """What a row calls it: the amount, `open`, `none`, or the number owed."""
    if found.quota is not None:
        return found.quota.owed
    if found.benefit.status is BenefitStatus.NONE:
        return "none"
    return "open" if found.benefit.amount is None else yuan(found.benefit.amount)


def is_as_expected(row: Row, found: Answer) -> bool:
    """Whether an answer is the one that the row expects."""
    met = [tier.code for tier in found.benefit.tiers if tier.outcome is Truth.MET]
    return (
        found.outcome is Outcome(row.outcome)
        and (row.gives is None or given(found) == row.gives)
        and (row.tiers is None or met == row.tiers)
        and (row.lacking is None or (found.quota is not None and found.quota.lacking == row.lacking))
        and (row.at_most is None or (found.quota is not None and found.quota.owed_at_most == row.at_most))
        and (row.due is None or (found.quota is not None and str(found.quota.due_on) == row.due))
        and (row.asks is None or row.asks in found.missing_facts)
        and (row.first_day is None or found.eligible_on == row.first_day)
    )


def has_its_figures(row: Row, decider: Decider = DECIDER) -> bool:
    """Whether the law says what the row says of it, beside the amount."""
    edition = decider.catalogue.in_force(row.measure, row.as_of)
    values = edition.values_on(row.as_of) if edition else {}
    parameters = edition.parameters if edition else {}
    return all(name in values and parameters[name].wire(values[name]) == figure for name, figure in row.figures.items())
