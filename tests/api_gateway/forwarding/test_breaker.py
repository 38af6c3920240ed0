"""The breaker as a pure state machine, on a clock of the test (R15), and the budget of repetitions (R16)."""

from collections import deque
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_gateway.forwarding.breaker import Breaker, BreakerRules, BreakerState
from api_gateway.forwarding.retry_budget import RetryBudget
from api_gateway.forwarding.route_table import load_route_table
from tests.api_gateway.conftest import UPSTREAMS

RULES = load_route_table(UPSTREAMS).breaker


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def test_the_rules_are_those_of_the_table() -> None:
    assert BreakerRules(consecutive=5, share=0.5, minimum=20, window_seconds=10, open_seconds=10) == RULES


def opened(clock: Clock) -> Breaker:
    breaker = Breaker(RULES, clock)
    for _ in range(5):
        breaker.leave(breaker.enter(), succeeded=False)
    assert breaker.state is BreakerState.OPEN
    return breaker


def test_it_opens_after_five_failures_in_a_row_and_not_after_four() -> None:
    breaker = Breaker(RULES, Clock())
    for succeeded in (False, False, False, False, True, False, False, False, False):
        breaker.leave(breaker.enter(), succeeded=succeeded)
        assert breaker.state is BreakerState.CLOSED
    breaker.leave(breaker.enter(), succeeded=False)
    assert breaker.state is BreakerState.OPEN
    assert breaker.enter() == 0


@pytest.mark.parametrize(("rounds", "state"), [(9, BreakerState.CLOSED), (10, BreakerState.OPEN)])
def test_it_opens_when_half_of_twenty_failed(rounds: int, state: BreakerState) -> None:
    breaker = Breaker(RULES, Clock())
    for _ in range(rounds):
        for succeeded in (True, False):
            breaker.leave(breaker.enter(), succeeded=succeeded)
    assert breaker.state is state


def test_what_is_ten_seconds_old_is_forgotten() -> None:
    clock = Clock()
    breaker = Breaker(RULES, clock)
    for _ in range(9):
        for succeeded in (True, False):
            breaker.leave(breaker.enter(), succeeded=succeeded)
    clock.now += 10
    for succeeded in (True, False) * 9:
        breaker.leave(breaker.enter(), succeeded=succeeded)
    assert breaker.state is BreakerState.CLOSED


def test_it_stays_open_for_ten_seconds_then_lets_one_of_two_hundred_through() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 9.99
    assert breaker.enter() == 0
    assert breaker.opens_in == pytest.approx(0.01)
    clock.now += 0.01
    permits = [breaker.enter() for _ in range(200)]
    assert [bool(permit) for permit in permits] == [True] + [False] * 199
    assert breaker.state is BreakerState.HALF_OPEN
    breaker.leave(permits[0], succeeded=True)
    assert breaker.state is BreakerState.CLOSED
    assert all(breaker.enter() for _ in range(200))


def test_a_failed_probe_opens_it_again_and_one_without_an_end_lets_the_next_probe() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 10
    breaker.leave(breaker.enter(), succeeded=None)
    assert breaker.state is BreakerState.HALF_OPEN
    breaker.leave(breaker.enter(), succeeded=False)
    assert breaker.state is BreakerState.OPEN
    assert breaker.opens_in == 10


def test_what_began_before_it_opened_decides_nothing_afterwards() -> None:
    clock = Clock()
    breaker = Breaker(RULES, clock)
    early = [breaker.enter() for _ in range(10)]
    for permit in early[:5]:
        breaker.leave(permit, succeeded=False)
    clock.now += 10
    probe = breaker.enter()
    for permit in early[5:]:
        breaker.leave(permit, succeeded=True)
    assert breaker.enter() == 0, "the probe is still out"
    breaker.leave(probe, succeeded=True)
    for permit in early[5:]:
        breaker.leave(permit, succeeded=False)
    assert breaker.state is BreakerState.CLOSED


@dataclass
class Model:
    """The same rules written for reading: whole histories, no counters."""

    outcomes: list[tuple[int, bool]] = field(default_factory=list)  # second, succeeded; since it closed
    open_until: float | None = None
    probe_is_out: bool = False

    def lets_in(self, now: float) -> bool:
        if self.open_until is None:
            return True
        if self.probe_is_out or now < self.open_until:
            return False
        self.probe_is_out = True
        return True

    def told(self, now: float, succeeded: bool | None) -> None:
        if self.open_until is not None:
            self.probe_is_out = False
            if succeeded is True:
                self.open_until = None
            elif succeeded is False:
                self.open_until = now + RULES.open_seconds
            return
        if succeeded is None:
            return
        self.outcomes.append((int(now), succeeded))
        recent = [ok for second, ok in self.outcomes if second > int(now) - RULES.window_seconds]
        last = [ok for _, ok in self.outcomes[-RULES.consecutive :]]
        in_a_row = len(last) == RULES.consecutive and not any(last)
        share = not succeeded and len(recent) >= RULES.minimum and recent.count(False) >= RULES.share * len(recent)
        if in_a_row or share:
            self.open_until = now + RULES.open_seconds
            self.outcomes.clear()


steps = st.lists(
    st.tuples(
        st.sampled_from([0.0, 0.0, 0.0, 0.3, 1.0, 4.0, 9.5, 10.0]),
        st.sampled_from(["enter", "ok", "bad", "bad", "none"]),
    ),
    max_size=120,
)


@given(steps)
def test_it_does_what_the_rules_say(history: list[tuple[float, str]]) -> None:
    clock = Clock()
    breaker = Breaker(RULES, clock)
    model = Model()
    out: deque[tuple[int, int]] = deque()  # permit, the era of the model in which it was given
    era = 0
    for wait, what in history:
        clock.now += wait
        if what == "enter":
            permit = breaker.enter()
            assert bool(permit) == model.lets_in(clock.now)
            if permit:
                out.append((permit, era))
        elif out:
            succeeded = {"ok": True, "bad": False, "none": None}[what]
            permit, given_in = out.popleft()
            breaker.leave(permit, succeeded)
            if given_in == era:
                before = model.open_until
                model.told(clock.now, succeeded)
                era += model.open_until != before
        assert (breaker.state is BreakerState.CLOSED) == (model.open_until is None)


def test_a_budget_allows_a_tenth_and_a_small_reserve() -> None:
    budget = RetryBudget()
    repeated = 0
    for _ in range(1000):
        budget.earn()
        repeated += budget.spend()
    assert repeated == 110


@given(st.lists(st.booleans(), max_size=2000))
def test_repetitions_are_never_more_than_a_tenth_and_the_reserve(history: list[bool]) -> None:
    budget = RetryBudget()
    requests = repeated = 0
    for is_request in history:
        if is_request:
            budget.earn()
            requests += 1
        else:
            repeated += budget.spend()
        assert repeated <= requests / 10 + 10


def test_quiet_times_save_up_a_hundred_repetitions_and_no_more() -> None:
    budget = RetryBudget()
    for _ in range(1_000_000):
        budget.earn()
    assert sum(budget.spend() for _ in range(1000)) == 100
