"""The life of a report's revision: which step may follow which, and by whom.

Three people carry a figure to approval: who submits, who reviews, who approves (targets design §5.4). The table has
the same rule as a CHECK constraint; this module says it in words first.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from targets_svc.reports.errors import FourEyesError, NotCityLevelError, NotSubmitterError, TransitionRefusedError
from targets_svc.units.domain import CITY

APPROVER_KINDS = frozenset({"CITY", "CITY_REVIEWER"})


class State(StrEnum):
    """States of a revision. An approved one is final; it is superseded by being followed by another approved one.

    A correction that was begun by mistake is withdrawn, which is final, too; a first draft is not.
    """

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    REVIEWED = "REVIEWED"
    RETURNED = "RETURNED"
    APPROVED = "APPROVED"
    WITHDRAWN = "WITHDRAWN"


class Step(StrEnum):
    """What a person does to a report."""

    EDIT = "EDIT"
    SUBMIT = "SUBMIT"
    REVIEW = "REVIEW"
    APPROVE = "APPROVE"
    RETURN = "RETURN"
    WITHDRAW = "WITHDRAW"
    CORRECT = "CORRECT"
    DROP = "DROP"


_NEXT: dict[tuple[State, Step], State] = {
    (State.DRAFT, Step.EDIT): State.DRAFT,
    (State.RETURNED, Step.EDIT): State.DRAFT,
    (State.DRAFT, Step.SUBMIT): State.SUBMITTED,
    (State.SUBMITTED, Step.WITHDRAW): State.DRAFT,
    (State.SUBMITTED, Step.REVIEW): State.REVIEWED,
    (State.SUBMITTED, Step.RETURN): State.RETURNED,
    (State.REVIEWED, Step.RETURN): State.RETURNED,
    (State.REVIEWED, Step.APPROVE): State.APPROVED,
    (State.APPROVED, Step.CORRECT): State.DRAFT,
    (State.DRAFT, Step.DROP): State.WITHDRAWN,
    (State.RETURNED, Step.DROP): State.WITHDRAWN,
}

_LABELS = {
    State.DRAFT: "草稿",
    State.SUBMITTED: "已报送",
    State.REVIEWED: "已审核",
    State.RETURNED: "已退回",
    State.APPROVED: "已批准",
    State.WITHDRAWN: "已撤回",
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: the account, its kind, and its unit (None for the city)."""

    subject: str
    kind: str
    unit: str | None

    @property
    def may_approve(self) -> bool:
        """An account of the city's own supervisors; no unit approves its own figures."""
        return self.kind in APPROVER_KINDS and self.unit in {None, CITY}


@dataclass(frozen=True, slots=True)
class Signatures:
    """Who has carried the revision so far."""

    submitted_by: str | None = None
    reviewed_by: str | None = None


def next_state(state: State, step: Step) -> State:
    """The state after a step.

    Raises:
        TransitionRefusedError: this step does not follow that state.
    """
    if (state, step) not in _NEXT:
        raise TransitionRefusedError(f"报表现为“{_LABELS[state]}”，不能办理此项操作；请查询最新状态后再决定下一步。")
    return _NEXT[state, step]


def authorise(step: Step, actor: Actor, signed: Signatures) -> None:
    """Four eyes: no account signs twice, only the submitter withdraws, only the city approves.

    Raises:
        FourEyesError, NotSubmitterError, NotCityLevelError.
    """
    if step is Step.REVIEW and actor.subject == signed.submitted_by:
        raise FourEyesError
    if step is Step.APPROVE:
        if not actor.may_approve:
            raise NotCityLevelError
        if actor.subject in {signed.submitted_by, signed.reviewed_by}:
            raise FourEyesError
    if step is Step.WITHDRAW and actor.subject != signed.submitted_by:
        raise NotSubmitterError


def is_late(first_submitted_at: datetime | None, due_at: datetime, now: datetime) -> bool:
    """Late is decided by the first submission and never reset by a return; before it, by the clock."""
    return (first_submitted_at or now) > due_at


def is_late_again(first_submitted_at: datetime | None, submitted_at: datetime | None, due_at: datetime) -> bool:
    """Handed in in time, sent back, and handed in again after the deadline: shown, and never counted as late."""
    if first_submitted_at is None or submitted_at is None:
        return False
    return first_submitted_at <= due_at < submitted_at
