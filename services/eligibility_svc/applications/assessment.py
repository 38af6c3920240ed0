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
from eligibility_svc.checks.domain import ALREADY_GRANTED, Answer, Outcome
from eligibility_svc.checks.schemas import wire
from eligibility_svc.checks.service import decider
from eligibility_svc.facts.reading import read_facts
from eligibility_svc.grants.domain import Grant, with_grants
from eligibility_svc.measures.domain import BenefitStatus
from kit.errors import FieldError
from kit.money import yuan


@dataclass(frozen=True, slots=True)
class Assessment:
    """A check as an application keeps it.

    Attributes:
        catalogue_version: of the catalogue that answered.
        result: the answer as `POST /checks` writes it, earlier grants counted.
    """

    catalogue_version: str
    answer: Answer
    result: dict[str, Any]


def assess(
    measure: str, subject: str, submitted: Mapping[str, Any], as_of: date, grants: Sequence[Grant]
) -> Assessment:
    """Checks one measure with the catalogue in force now.

    Args:
        submitted: facts as parsed JSON.
        grants: of the applicant, from the whole city.

    Raises:
        ValidationFailedError: unknown facts or wrong values, all at once.
    """
    judge = decider()
    facts = read_facts(judge.vocabulary, subject, submitted)
    (answer,) = judge.check(subject, facts, as_of, [measure])
    edition = judge.catalogue.in_force(measure, as_of)
    if edition is not None:
        answer = with_grants(answer, edition, grants, as_of)
    (result,) = from_json(to_json(wire(as_of, (answer,), judge.catalogue, judge.vocabulary)))["results"]
    return Assessment(judge.catalogue.version, answer, result)


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
    if benefit.status is BenefitStatus.FIXED:
        return _same(asked, benefit.amount, f"金额由规定确定，应为{yuan(benefit.amount)}元，可以不填")
    if asked is None and benefit.is_ceiling:
        raise _wrong("REQUIRED", f"信息不足以算出金额，请填写核定的金额，不超过{yuan(benefit.amount)}元")
    if asked is not None and not 0 < asked <= benefit.amount:
        raise _wrong("OUT_OF_RANGE", f"核定的金额应大于0且不超过{yuan(benefit.amount)}元")
    return benefit.amount if asked is None else asked


def _same(asked: int | None, amount: int | None, message: str) -> int | None:
    if asked is not None and asked != amount:
        raise _wrong("AMOUNT_FIXED", message)
    return amount


def _wrong(code: str, message: str) -> ApplicationInvalidError:
    return ApplicationInvalidError(errors=[FieldError("/amount", code, message)])
