"""Rule sets, read once from their data file."""

from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from targets_svc.assessments.domain import RuleSet, RuleType


@cache
def load_rule_sets() -> tuple[RuleSet, ...]:
    """Every version of every rule set, in the order of the file."""
    text = files(__package__).joinpath("data", "rule_sets.yaml").read_text(encoding="utf-8")
    return tuple(_rule_set(row) for row in yaml.safe_load(text)["rule_sets"])


def _rule_set(row: Mapping[str, Any]) -> RuleSet:
    bonus, deductions, grades = row["bonus"], row["deductions"], row["grades"]
    return RuleSet(
        code=row["code"],
        version=row["version"],
        name=row["name"],
        reference=row["reference"],
        effective_from=row["effective_from"],
        rule=RuleType(row["rule"]),
        rules={code: RuleType(kind) for code, kind in row["rules"].items()},
        steps=tuple((Fraction(least), Fraction(share)) for least, share in row.get("steps", ())),
        weights={code: Fraction(weight) for code, weight in row["weights"].items()},
        bonus_each=Fraction(bonus["per_ten_points"]),
        bonus_cap=Fraction(bonus["at_most"]),
        late_each=Fraction(deductions["late_report"]),
        late_cap=Fraction(deductions["late_reports_at_most"]),
        flag_each=Fraction(deductions["reconciliation_flag"]),
        excellent=Fraction(grades["excellent"]),
        passed=Fraction(grades["pass"]),
        excellent_share=Fraction(grades["excellent_share"]),
        veto_cap=Fraction(grades["veto_cap"]),
    )
