"""What is submitted, checked as a whole before anything is stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from eligibility_svc.applications.assessment import assess
from eligibility_svc.applications.domain import CITY_DIRECT, PERSON, Applicant, identify, subject_of
from eligibility_svc.applications.errors import ApplicationInvalidError
from eligibility_svc.facts.repository import vocabulary
from eligibility_svc.measures.domain import Family
from eligibility_svc.measures.repository import catalogue
from kit.errors import FieldError, ValidationFailedError


@dataclass(frozen=True, slots=True)
class Submission:
    """What is applied for, by whom, with which facts; `subject` and `unit` where the rest does not say."""

    measure: str
    applicant: Applicant
    facts: Mapping[str, Any]
    as_of: date | None = None
    subject: str | None = None
    unit: str | None = None
    persons: Sequence[Applicant] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """A submission in normal form."""

    subject: str
    unit: str
    as_of: date
    applicant: Applicant
    persons: tuple[Applicant, ...] = ()


def check_submission(submission: Submission, own_unit: str | None, today: date) -> Checked:
    """Subject, unit, date and applicant as they are stored.

    Args:
        own_unit: of the window that submits; None for anybody else.

    Raises:
        ApplicationInvalidError: everything that is wrong, at once.
    """
    subject = _subject(submission)
    applicant, errors = identify(submission.applicant, subject, today)
    as_of = submission.as_of or today
    if as_of > today:
        errors.append(FieldError("/as_of", "FUTURE", "申请日期不能晚于今天"))
    if submission.unit is not None and submission.unit not in units():
        errors.append(FieldError("/unit", "UNKNOWN_UNIT", "没有这个受理单位，请填ZZ00至ZZ15之一"))
    errors += _fact_errors(submission, subject, as_of)
    persons, wrong = check_persons(submission.measure, submission.persons, submission.facts, as_of, today)
    errors += wrong
    if errors:
        raise ApplicationInvalidError(errors=errors)
    return Checked(subject, _unit(submission, own_unit), as_of, applicant, persons)


def check_persons(
    measure: str, submitted: Sequence[Applicant], facts: Mapping[str, Any], as_of: date, today: date
) -> tuple[tuple[Applicant, ...], list[FieldError]]:
    """Whom the claim is about in normal form, and everything that is wrong with them."""
    edition = catalogue().in_force(measure, as_of)
    rule = edition.relations.per_person if edition else None
    if rule is None:
        wrong = [FieldError("/persons", "NOT_EXPECTED", "这项待遇不涉及其他人员，请不要填写")] if submitted else []
        return (), wrong
    found = [identify(each, PERSON, today, f"/persons/{index}") for index, each in enumerate(submitted)]
    errors = [error for _, wrong in found for error in wrong]
    persons = tuple(person for person, _ in found)
    if len({(each.id_type, each.id_number) for each in persons}) < len(persons):
        errors.append(FieldError("/persons", "DUPLICATE", "同一人员只能填写一次，请核对"))
    wanted = 1 if rule.count is None else facts.get(rule.count)
    if not persons or (isinstance(wanted, int) and wanted != len(persons)):
        text = "请填写这次申请所涉及的一名人员" if rule.count is None else "请逐一填写所涉及的人员，与所报人数一致"
        errors.append(FieldError("/persons", "PERSONS", text))
    return persons, errors


def _subject(submission: Submission) -> str:
    """As whom one applies; without it nothing else can be checked."""
    editions = catalogue().measures.get(submission.measure)
    if editions is None or editions[-1].family is not Family.GRANT:
        error = FieldError("/measure", "NOT_A_GRANT", "没有可申请的这项待遇，请从措施目录中的待遇（GRANT）选择")
        raise ApplicationInvalidError(errors=[error])
    subjects = tuple(dict.fromkeys(of for edition in editions for of in edition.subjects))
    subject = subject_of(subjects, submission.subject, submission.applicant.id_type)
    if subject is None:
        shown = "、".join(f"{code}（{vocabulary().subjects[code]}）" for code in subjects)
        error = FieldError("/subject", "SUBJECT", f"这项待遇的申请对象是{shown}，请填写其一，并核对证件类型")
        raise ApplicationInvalidError(errors=[error])
    return subject


def units() -> frozenset[str]:
    """The offices that take applications in: the city's own and those of the districts."""
    return frozenset({CITY_DIRECT, *vocabulary().of("PERSON")["hukou_unit"].choices})


def _unit(submission: Submission, own_unit: str | None) -> str:
    """The one named, the window's own, the place of household registration, of residence, else the city's office."""
    facts = submission.facts
    told = (submission.unit, own_unit, facts.get("hukou_unit"), facts.get("residence_unit"))
    known = units()
    return next((each for each in told if each in known), CITY_DIRECT)


def _fact_errors(submission: Submission, subject: str, as_of: date) -> list[FieldError]:
    try:
        assess(submission.measure, subject, submission.facts, as_of, ())
    except ValidationFailedError as error:
        return list(error.errors)
    return []
