"""The life of an application: which step may follow which, and by whom.

Whoever accepts does not decide, a review is decided by a third person, and whoever decided does not pay. The table
has the same rules as CHECK constraints; this module says them in words first.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from eligibility_svc.applications.errors import FourEyesError, StepRefusedError
from kit.errors import FieldError
from kit.identifiers.citizen_id import parse_citizen_id
from kit.identifiers.documents import IdType, normalise
from kit.identifiers.errors import IdentifierError
from kit.identifiers.names import normalise_name
from kit.identifiers.uscc import parse_uscc

CITY = "ZZ"
CITY_DIRECT = "ZZ00"
USCC = "USCC"
PERSON = "PERSON"
WORKING_AGE = 16
"""From which age one may work (劳动法 第十五条); no measure is for anybody younger."""


class State(StrEnum):
    SUBMITTED = "SUBMITTED"
    RETURNED = "RETURNED"
    ACCEPTED = "ACCEPTED"
    GRANTED = "GRANTED"
    REFUSED = "REFUSED"
    REVIEW_REQUESTED = "REVIEW_REQUESTED"
    PAID = "PAID"
    PAYMENT_FAILED = "PAYMENT_FAILED"
    REVOKED = "REVOKED"
    WITHDRAWN = "WITHDRAWN"

    @property
    def label(self) -> str:
        """Its Chinese name."""
        return _LABELS[self]


class Step(StrEnum):
    """What a person does to an application."""

    SUBMIT = "SUBMIT"
    RESUBMIT = "RESUBMIT"
    WITHDRAW = "WITHDRAW"
    ACCEPT = "ACCEPT"
    RETURN = "RETURN"
    GRANT = "GRANT"
    REFUSE = "REFUSE"
    REQUEST_REVIEW = "REQUEST_REVIEW"
    PAY = "PAY"
    FAIL_PAYMENT = "FAIL_PAYMENT"
    REVOKE = "REVOKE"


class Decision(StrEnum):
    GRANT = "GRANT"
    REFUSE = "REFUSE"


_WITH_BIRTH_DATE = frozenset({IdType.RESIDENT_ID, IdType.HMT_RESIDENCE, IdType.FOREIGN_PR})
_LABELS = {
    State.SUBMITTED: "待受理",
    State.RETURNED: "已退回补正",
    State.ACCEPTED: "已受理",
    State.GRANTED: "准予",
    State.REFUSED: "不予批准",
    State.REVIEW_REQUESTED: "复核中",
    State.PAID: "已发放",
    State.PAYMENT_FAILED: "发放未成功",
    State.REVOKED: "已撤销",
    State.WITHDRAWN: "已撤回",
}
_NEXT: dict[tuple[State, Step], State] = {
    (State.SUBMITTED, Step.ACCEPT): State.ACCEPTED,
    (State.SUBMITTED, Step.RETURN): State.RETURNED,
    (State.ACCEPTED, Step.RETURN): State.RETURNED,
    (State.RETURNED, Step.RESUBMIT): State.SUBMITTED,
    (State.SUBMITTED, Step.WITHDRAW): State.WITHDRAWN,
    (State.RETURNED, Step.WITHDRAW): State.WITHDRAWN,
    (State.ACCEPTED, Step.WITHDRAW): State.WITHDRAWN,
    (State.ACCEPTED, Step.GRANT): State.GRANTED,
    (State.ACCEPTED, Step.REFUSE): State.REFUSED,
    (State.REFUSED, Step.REQUEST_REVIEW): State.REVIEW_REQUESTED,
    (State.REVIEW_REQUESTED, Step.GRANT): State.GRANTED,
    (State.REVIEW_REQUESTED, Step.REFUSE): State.REFUSED,
    (State.GRANTED, Step.PAY): State.PAID,
    (State.PAID, Step.FAIL_PAYMENT): State.PAYMENT_FAILED,
    (State.PAYMENT_FAILED, Step.PAY): State.PAID,
    (State.PAYMENT_FAILED, Step.REVOKE): State.REVOKED,
    (State.GRANTED, Step.REVOKE): State.REVOKED,
    (State.PAID, Step.REVOKE): State.REVOKED,
}
CLOSED = frozenset({State.GRANTED, State.REFUSED, State.PAID, State.PAYMENT_FAILED})
"""What may be rated: the office has done its part."""


@dataclass(frozen=True, slots=True)
class Hands:
    """Who has carried the application so far; `reviewed_by` is who decided after a review was asked for."""

    accepted_by: str | None = None
    decided_by: str | None = None
    reviewed_by: str | None = None


def next_state(state: State, step: Step) -> State:
    """The state after a step.

    Raises:
        StepRefusedError: this step does not follow that state.
    """
    if (state, step) not in _NEXT:
        raise StepRefusedError(f"申请现为“{state.label}”，不能办理此项操作；请查询最新状态后再决定下一步。")
    return _NEXT[state, step]


def authorise(step: Step, actor: str, hands: Hands) -> None:
    """No account carries an application in two capacities.

    Raises:
        FourEyesError, StepRefusedError: a second review.
    """
    if step in {Step.GRANT, Step.REFUSE} and actor in {hands.accepted_by, hands.decided_by}:
        raise FourEyesError
    if step is Step.PAY and actor in {hands.decided_by, hands.reviewed_by}:
        raise FourEyesError
    if step is Step.REQUEST_REVIEW and hands.reviewed_by is not None:
        raise StepRefusedError("申请已经复核过；您仍可依法申请行政复议或提起行政诉讼。")


@dataclass(frozen=True, slots=True)
class Applicant:
    """Who applies: a person by a document, anybody else by the unified social credit code."""

    id_type: str
    id_number: str
    name: str


def identify(
    submitted: Applicant, subject: str, today: date, pointer: str = "/applicant"
) -> tuple[Applicant, list[FieldError]]:
    """The applicant in normal form, and everything that is wrong with it; the input is never repeated."""
    name = submitted.name
    number, errors = identify_document(submitted.id_type, submitted.id_number, subject, today, pointer)
    if number is None and errors[0].pointer.endswith("/id_type"):
        return submitted, errors
    if number is not None and submitted.id_type in _WITH_BIRTH_DATE:
        try:
            parse_citizen_id(number, today).require_age(WORKING_AGE, today)
        except IdentifierError as error:
            errors.append(FieldError(f"{pointer}/id_number", error.code, error.message))
    try:
        name = normalise_name(name) if subject == PERSON else _organisation_name(name)
    except IdentifierError as error:
        errors.append(FieldError(f"{pointer}/name", error.code, error.message))
    return Applicant(submitted.id_type, number or submitted.id_number, name), errors


def identify_document(
    id_type: str, id_number: str, subject: str, today: date, pointer: str
) -> tuple[str | None, list[FieldError]]:
    """The number in normal form, or what is wrong with it."""
    if (id_type == USCC) == (subject == PERSON):
        text = "个人申请请填个人证件" if subject == PERSON else "单位申请请填统一社会信用代码（USCC）"
        return None, [FieldError(f"{pointer}/id_type", "ID_TYPE_OF_ANOTHER_SUBJECT", f"{text}，请核对证件类型")]
    try:
        if subject == PERSON:
            return normalise(IdType(id_type), id_number, today), []
        return parse_uscc(id_number).number, []
    except IdentifierError as error:
        return None, [FieldError(f"{pointer}/id_number", error.code, error.message)]


def _organisation_name(text: str) -> str:
    name = text.strip(" ")
    if not 2 <= len(name) <= 100 or not name.isprintable():
        raise IdentifierError("NAME_FORMAT", "单位名称应为2至100个字，不含看不见的字符，请您核对后重新输入")
    return name


def subject_of(subjects: Iterable[str], asked: str | None, id_type: str) -> str | None:
    """As whom one applies: as asked, or the only subject of the measure that the document fits."""
    fitting = [each for each in subjects if (each == PERSON) == (id_type != USCC)]
    if asked is not None:
        return asked if asked in subjects else None
    return fitting[0] if len(fitting) == 1 else None


def limited_to(own: str | None) -> str | None:
    """The one unit whose rows an account sees; None for the city's accounts and those bound to no unit."""
    return None if own == CITY else own
