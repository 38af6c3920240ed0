"""What the eligibility service says about a borrower, as it is kept with the loan: the reasons, without the facts."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from kit.errors import FieldError
from kit.http.onward import Answer, OnwardUnavailableError
from loans_svc.loans.errors import LoanInvalidError
from loans_svc.rules.domain import BorrowerKind

CHECKS = "/api/v1/eligibility/checks"
NOT_ELIGIBLE = "NOT_ELIGIBLE"
Ask = Callable[[str, Mapping[str, Any]], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Question:
    """Which measure is asked about, and what is known of the borrower; None = today."""

    measure: str
    facts: Mapping[str, Any]
    as_of: date | None


async def ask_eligibility(ask: Ask, question: Question, kind: BorrowerKind) -> dict[str, Any]:
    """The answer with the version of the catalogue that gave it.

    Raises:
        LoanInvalidError: the other service does not know the measure or takes a fact for wrong; pointers of ours.
        OnwardUnavailableError, ScopeMissingError.
    """
    body: dict[str, Any] = {
        "subject": "EMPLOYER" if kind is BorrowerKind.SMALL_ENTERPRISE else "PERSON",
        "facts": dict(question.facts),
        "measures": [question.measure],
    }
    if question.as_of is not None:
        body["as_of"] = question.as_of.isoformat()
    answer = await ask(CHECKS, body)
    if answer.status == 422:
        raise LoanInvalidError(errors=[_ours(fault) for fault in answer.faults("/eligibility")])
    if answer.status != 200:
        raise OnwardUnavailableError
    try:
        return _kept(answer.body)
    except (KeyError, TypeError, ValueError):
        raise OnwardUnavailableError from None


def _ours(fault: FieldError) -> FieldError:
    pointer = fault.pointer
    if pointer.startswith("/eligibility/measures"):
        pointer = "/eligibility/measure"
    elif pointer == "/eligibility/subject":
        pointer = "/borrower_kind"
    return FieldError(pointer, fault.code, fault.message)


def _kept(body: Mapping[str, Any]) -> dict[str, Any]:
    (result,) = body["results"]
    return {
        "measure": result["measure"],
        "name": result["name"],
        "as_of": body["as_of"],
        "catalogue_version": body["catalogue_version"],
        "outcome": result["outcome"],
        "message_zh": result["message_zh"],
        "reasons": [
            {name: reason[name] for name in ("criterion", "text", "outcome", "citation")}
            for reason in result["reasons"]
        ],
        "missing_facts": list(result["missing_facts"]),
    }
