"""Several checks in one call, each as `POST /checks` would answer it."""

from collections.abc import Sequence
from datetime import date

from pydantic_core import to_json

from eligibility_svc.checks.rendering import renderer_of
from eligibility_svc.checks.schemas import OneCheckCreate
from eligibility_svc.checks.service import read_check
from eligibility_svc.language.nodes import Value
from eligibility_svc.measures.domain import Catalogue
from kit.errors import FieldError, ValidationFailedError
from kit.http.problems import validation_failed


def check_list(known: Catalogue, as_of: date, asked: Sequence[OneCheckCreate]) -> bytes:
    """`CheckListRead` as JSON.

    Raises:
        ValidationFailedError: what is wrong with any of the checks, all at once.
    """
    items = [
        to_json({"reference": each.reference, "subject": each.subject})[:-1]
        + b',"results":['
        + b",".join(renderer_of(known).results(each.subject, facts, as_of, each.measures))
        + b"]}"
        for each, facts in zip(asked, _read(known, asked), strict=True)
    ]
    head = to_json({"as_of": as_of, "catalogue_version": known.version})[:-1]
    return head + b',"items":[' + b",".join(items) + b"]}"


def _read(known: Catalogue, asked: Sequence[OneCheckCreate]) -> list[dict[str, Value]]:
    found: list[dict[str, Value]] = []
    errors: list[FieldError] = []
    for position, each in enumerate(asked):
        try:
            found.append(read_check(known, each.subject, each.facts, each.measures))
        except ValidationFailedError as error:
            errors += [
                FieldError(f"/checks/{position}{wrong.pointer}", wrong.code, wrong.message) for wrong in error.errors
            ]
    validation_failed(errors)
    return found
