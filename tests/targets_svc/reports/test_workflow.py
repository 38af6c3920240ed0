"""The life of a revision: which steps follow which, and that approval takes three people."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.errors import DomainError
from targets_svc.reports.domain import Actor, Signatures, State, Step, authorise, next_state
from targets_svc.reports.errors import FourEyesError, NotCityLevelError, NotSubmitterError, TransitionRefusedError

ALLOWED = {
    (State.DRAFT, Step.EDIT): State.DRAFT,
    (State.DRAFT, Step.SUBMIT): State.SUBMITTED,
    (State.SUBMITTED, Step.WITHDRAW): State.DRAFT,
    (State.SUBMITTED, Step.REVIEW): State.REVIEWED,
    (State.SUBMITTED, Step.RETURN): State.RETURNED,
    (State.REVIEWED, Step.RETURN): State.RETURNED,
    (State.REVIEWED, Step.APPROVE): State.APPROVED,
    (State.RETURNED, Step.EDIT): State.DRAFT,
    (State.APPROVED, Step.CORRECT): State.DRAFT,
    (State.DRAFT, Step.DROP): State.WITHDRAWN,
    (State.RETURNED, Step.DROP): State.WITHDRAWN,
}
CITY = Actor("city", "CITY", None)


@pytest.mark.parametrize(("state", "step"), list(product(State, Step)))
def test_only_the_known_steps_are_taken(state: State, step: Step) -> None:
    if (state, step) in ALLOWED:
        assert next_state(state, step) is ALLOWED[state, step]
    else:
        with pytest.raises(TransitionRefusedError):
            next_state(state, step)


def test_no_account_signs_twice() -> None:
    with pytest.raises(FourEyesError):
        authorise(Step.REVIEW, Actor("a", "REVIEWER", "ZZ07"), Signatures("a"))
    for signed in (Signatures("city", "b"), Signatures("a", "city")):
        with pytest.raises(FourEyesError):
            authorise(Step.APPROVE, CITY, signed)
    authorise(Step.APPROVE, CITY, Signatures("a", "b"))


@pytest.mark.parametrize(
    "actor",
    [
        Actor("c", "STAFF", "ZZ07"),
        Actor("c", "REVIEWER", "ZZ08"),
        Actor("c", "INTEGRATOR", None),
        Actor("c", "CITY", "ZZ07"),
    ],
)
def test_only_the_city_approves(actor: Actor) -> None:
    with pytest.raises(NotCityLevelError):
        authorise(Step.APPROVE, actor, Signatures("a", "b"))


def test_only_the_submitter_withdraws() -> None:
    with pytest.raises(NotSubmitterError):
        authorise(Step.WITHDRAW, Actor("b", "STAFF", "ZZ07"), Signatures("a"))
    authorise(Step.WITHDRAW, Actor("a", "STAFF", "ZZ07"), Signatures("a"))


ACTORS = [
    Actor("staff", "STAFF", "ZZ07"),
    Actor("reviewer", "REVIEWER", "ZZ07"),
    CITY,
    Actor("city-reviewer", "CITY_REVIEWER", None),
]


@given(st.lists(st.tuples(st.sampled_from(Step), st.sampled_from(ACTORS)), max_size=40))
def test_no_path_leads_to_approval_with_fewer_than_three_people(path: list[tuple[Step, Actor]]) -> None:
    """Any steps by any people, refused ones included; who signed is kept as the table keeps it."""
    state, signed, approved_by = State.DRAFT, Signatures(), None
    for step, actor in path:
        try:
            after = next_state(state, step)
            authorise(step, actor, signed)
        except DomainError:
            continue
        state = after
        if step is Step.SUBMIT:
            signed = Signatures(actor.subject)
        elif step is Step.REVIEW:
            signed = Signatures(signed.submitted_by, actor.subject)
        elif step in {Step.RETURN, Step.WITHDRAW, Step.CORRECT}:
            signed = Signatures()
        elif step is Step.APPROVE:
            approved_by = actor
        if state is State.APPROVED:
            assert approved_by is not None
            assert approved_by.unit is None
            assert len({signed.submitted_by, signed.reviewed_by, approved_by.subject} - {None}) == 3
