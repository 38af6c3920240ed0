"""The use case: check facts against the catalogue as it stands on a date."""

from collections.abc import Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from eligibility_svc.checks.decision import Decider
from eligibility_svc.checks.domain import Answer
from eligibility_svc.facts.reading import read_facts
from eligibility_svc.language.nodes import Value
from eligibility_svc.measures.domain import Catalogue
from eligibility_svc.measures.repository import catalogue
from kit.errors import FieldError, ValidationFailedError


def decider() -> Decider:
    """The decider of the catalogue in use; a fault in the data files stops the start."""
    return decider_of(catalogue())


@lru_cache(maxsize=8)
def decider_of(known: Catalogue) -> Decider:
    """The decider of one version of the catalogue, made once."""
    return Decider(known, known.words)


def check_measures(
    subject: str,
    submitted: Mapping[str, Any],
    as_of: date,
    measures: Sequence[str] | None,
    known: Catalogue | None = None,
) -> tuple[Answer, ...]:
    """Answers for the measures asked for, or for all of the subject. Nothing is stored.

    Args:
        submitted: facts as parsed JSON.
        measures: codes; None for all.
        known: an older version of the catalogue; None for the one in use.

    Raises:
        ValidationFailedError: as `read_check`.
    """
    law = known or catalogue()
    facts = read_check(law, subject, submitted, measures)
    return decider_of(law).check(subject, facts, as_of, measures)


def read_check(
    known: Catalogue, subject: str, submitted: Mapping[str, Any], measures: Sequence[str] | None
) -> dict[str, Value]:
    """The known facts of a check that makes sense.

    Raises:
        ValidationFailedError: unknown facts, wrong values, unknown measures or measures of another subject,
            all of them at once.
    """
    errors = _measure_errors(known, known.words.subjects, subject, measures or ())
    try:
        facts = read_facts(known.words, subject, submitted)
    except ValidationFailedError as error:
        raise ValidationFailedError(errors=[*error.errors, *errors]) from None
    if errors:
        raise ValidationFailedError(errors=errors)
    return facts


def _measure_errors(
    known: Catalogue, subjects: Mapping[str, str], subject: str, measures: Sequence[str]
) -> list[FieldError]:
    errors: list[FieldError] = []
    for position, code in enumerate(measures):
        pointer = f"/measures/{position}"
        if code not in known.measures:
            errors.append(FieldError(pointer, "UNKNOWN_MEASURE", _advice(known, code)))
        elif code not in known.of_subject(subject):
            owners = dict.fromkeys(of for edition in known.measures[code] for of in edition.subjects)
            labels = "、".join(subjects[of] for of in owners)
            message = f"这项措施的申请对象是{labels}，请修改申请对象或措施代码"
            errors.append(FieldError(pointer, "MEASURE_OF_ANOTHER_SUBJECT", message))
    return errors


def _advice(known: Catalogue, code: str) -> str:
    near = get_close_matches(code, known.measures, n=1, cutoff=0.5)
    if not near:
        return "没有这个代码的措施，请查阅措施目录后修改"
    return f"没有这个代码的措施。您是否要查 {near[0]}（{known.measures[near[0]][-1].name}）？"
