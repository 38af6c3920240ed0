"""Rule sets: those that are shipped, and those that two people have published."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import UUID

import yaml
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from targets_svc.assessment_rules.models import RuleSetRow
from targets_svc.assessments.domain import RuleSet, RuleType

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('targets.assessment_rule_set:' || :code, 0))")
_HEAD = ("code", "version", "name", "effective_from", "reference")


@cache
def shipped() -> tuple[Mapping[str, Any], ...]:
    """The rows of the data file, in its order."""
    data = files(__package__).joinpath("data", "rule_sets.yaml").read_text(encoding="utf-8")
    return tuple(yaml.safe_load(data)["rule_sets"])


@cache
def load_rule_sets() -> tuple[RuleSet, ...]:
    """Every version of every rule set that is shipped."""
    return tuple(read_rule_set(row, row["content"]) for row in shipped())


async def find_rule_sets(tx: AsyncSession) -> tuple[RuleSet, ...]:
    """Every version that was ever published, the shipped ones first."""
    rows = await tx.scalars(select(RuleSetRow).where(RuleSetRow.published_by.is_not(None)))
    made = (read_rule_set({name: getattr(row, name) for name in (*_HEAD, "published_at")}, row.content) for row in rows)
    return (*load_rule_sets(), *made)


async def list_rows(tx: AsyncSession, *, with_drafts: bool) -> Sequence[RuleSetRow]:
    """Versions by code and number."""
    query = select(RuleSetRow).order_by(RuleSetRow.code, RuleSetRow.version)
    if not with_drafts:
        query = query.where(RuleSetRow.published_by.is_not(None))
    return (await tx.scalars(query)).all()


async def lock_next_version(tx: AsyncSession, code: str) -> int:
    """The number of the code's next version; who asks at the same time waits."""
    await tx.execute(_LOCK, {"code": code})
    last = await tx.scalar(select(func.max(RuleSetRow.version)).where(RuleSetRow.code == code))
    return 1 + max([last or 0, *(rules.version for rules in load_rule_sets() if rules.code == code)])


async def find_row(tx: AsyncSession, rule_set_id: UUID) -> RuleSetRow | None:
    """One version."""
    return await tx.get(RuleSetRow, rule_set_id)


async def lock_draft(tx: AsyncSession, rule_set_id: UUID) -> RuleSetRow | None:
    """A version that is neither published nor withdrawn; another one cannot be locked, only read."""
    query = select(RuleSetRow).where(
        RuleSetRow.id == rule_set_id, RuleSetRow.published_by.is_(None), RuleSetRow.withdrawn_by.is_(None)
    )
    return (await tx.scalars(query.with_for_update())).one_or_none()


def read_rule_set(head: Mapping[str, Any], content: Mapping[str, Any]) -> RuleSet:
    """From the form of the wire."""
    bonus, deductions, grades = content["bonus"], content["deductions"], content["grades"]
    return RuleSet(
        **{name: head[name] for name in _HEAD},
        rule=RuleType(content["rule"]),
        rules={code: RuleType(kind) for code, kind in content["rules"].items()},
        steps=tuple((Fraction(least), Fraction(share)) for least, share in content["steps"]),
        weights={code: Fraction(weight) for code, weight in content["weights"].items()},
        bonus_each=Fraction(bonus["per_ten_points"]),
        bonus_cap=Fraction(bonus["at_most"]),
        late_each=Fraction(deductions["late_report"]),
        late_cap=Fraction(deductions["late_reports_at_most"]),
        flag_each=Fraction(deductions["reconciliation_flag"]),
        excellent=Fraction(grades["excellent"]),
        passed=Fraction(grades["pass"]),
        excellent_share=Fraction(grades["excellent_share"]),
        veto_cap=Fraction(grades["veto_cap"]),
        published_at=head.get("published_at"),
    )
