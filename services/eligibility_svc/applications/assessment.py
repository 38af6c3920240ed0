"""What the check says to an application once earlier grants are counted, and what a decision may give by it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic_core import from_json, to_json

from eligibility_svc.applications.errors import (
    AlreadyGrantedError,
    AmountOpenError,
    ApplicationInvalidError,
    NotEntitledError,
)
from eligibility_svc.checks.domain import ALREADY_GRANTED, Answer, BenefitAnswer, Outcome
from eligibility_svc.checks.schemas import wire
from eligibility_svc.checks.service import decider
from eligibility_svc.facts.reading import read_facts
from eligibility_svc.grants.domain import Before, Grant, months_left, with_grants, with_persons
from eligibility_svc.language.nodes import Value
from eligibility_svc.measures.domain import BenefitStatus, Edition
from kit.errors import FieldError
from kit.money import yuan

FEE = "FEE"


@dataclass(frozen=True, slots=True)
class Assessment:
    """A check as an application keeps it.

    Attributes:
        catalogue_version: of the catalogue that answered.
        result: the answer as `POST /checks` writes it, earlier grants counted.
        person_months: for how many months the one person is granted whom the claim is about, where months are limited.
    """

    catalogue_version: str
    answer: Answer
    result: dict[str, Any]
    person_months: int | None = None


def assess(
    measure: str,
    subject: str,
    submitted: Mapping[str, Any],
    as_of: date,
    grants: Sequence[Grant],
    before: Sequence[Before] = (),
) -> Assessment:
    """Checks one measure with the catalogue in force now.

    Args:
        submitted: facts as parsed JSON.
        grants: of the applicant, from the whole city.
        before: what the applicant was granted for each person whom the claim is about.

    Raises:
        ValidationFailedError: unknown facts or wrong values, all at once.
    """
    judge = decider()
    facts = read_facts(judge.vocabulary, subject, submitted)
    (answer,) = judge.check(subject, facts, as_of, [measure])
    edition = judge.catalogue.in_force(measure, as_of)
    if edition is not None:
        answer = with_persons(with_grants(answer, edition, grants, as_of), edition, facts, before, as_of)
    (result,) = from_json(to_json(wire(as_of, (answer,), judge.catalogue, judge.vocabulary)))["results"]
    months = _person_months(edition, facts, before, as_of) if edition is not None else None
    return Assessment(judge.catalogue.version, answer, result, months)


def _person_months(edition: Edition, facts: Mapping[str, Value], before: Sequence[Before], as_of: date) -> int | None:
    rule = edition.relations.per_person
    claimed = facts.get(rule.months) if rule and rule.months else None
    if not isinstance(claimed, int) or not before:
        return None
    return min(claimed, months_left(edition, before[0], as_of)[1])


def amount_to_grant(assessment: Assessment, asked: int | None) -> int | None:
    """What a grant gives in fen: what the check says, or less where the notice only sets a ceiling.

    Args:
        asked: an amount that the decider names; None to give what the check says.

    Raises:
        AlreadyGrantedError, NotEntitledError: the check does not say ELIGIBLE.
        AmountOpenError: rules still have to set the amount.
        ApplicationInvalidError: an amount is missing, or another one than may be given.
    """
    answer, benefit = assessment.answer, assessment.answer.benefit
    if answer.reasons[-1].criterion == ALREADY_GRANTED:
        raise AlreadyGrantedError
    if answer.outcome is not Outcome.ELIGIBLE:
        raise NotEntitledError
    if benefit.status is BenefitStatus.NONE:
        return _same(asked, None, "这项待遇没有金额，请不要填写")
    if benefit.status is BenefitStatus.SET_BY_RULES:
        raise AmountOpenError
    if benefit.amount is None:
        raise NotEntitledError("还缺计算金额所需的信息；请退回申请人补正。")
    if benefit.amount == 0:
        _nothing(benefit, asked)
        return None
    if benefit.status is BenefitStatus.FIXED:
        return _same(asked, benefit.amount, f"金额由规定确定，应为{yuan(benefit.amount)}元，可以不填")
    if asked is None and benefit.is_ceiling:
        raise _wrong("REQUIRED", f"信息不足以算出金额，请填写核定的金额，不超过{yuan(benefit.amount)}元")
    if asked is not None and not 0 < asked <= benefit.amount:
        raise _wrong("OUT_OF_RANGE", f"核定的金额应大于0且不超过{yuan(benefit.amount)}元")
    return benefit.amount if asked is None else asked


def _nothing(benefit: BenefitAnswer, asked: int | None) -> None:
    """A fee that is waived is granted, and nothing is paid; any other amount of nought is none."""
    if benefit.per != FEE:
        raise NotEntitledError("按所填信息算得的金额为0元，没有可以给予的金额；请退回申请人补正。")
    _same(asked, None, "免收费用的待遇没有应发放的金额，请不要填写")


def _same(asked: int | None, amount: int | None, message: str) -> int | None:
    if asked is not None and asked != amount:
        raise _wrong("AMOUNT_FIXED", message)
    return amount


def _wrong(code: str, message: str) -> ApplicationInvalidError:
    return ApplicationInvalidError(errors=[FieldError("/amount", code, message)])
