"""One person, one slot: the worked case of the targets design §7.4, and invariants I-1 to I-6 without a database."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from targets_svc.register.domain import Claim, RollupKey, SlotKey, rollup, shift, slots, winner

PERSON = UUID(int=1)


def claim(number: int, unit: str, on: date, received: datetime, *, year: int = 2017, indicator: str = "I01") -> Claim:
    return Claim(UUID(int=number), SlotKey(year, indicator, PERSON), unit, on, received, "hr", f"r{number}")


E1 = claim(1, "ZZ07", date(2017, 5, 10), datetime(2017, 6, 1, tzinfo=UTC))
E2 = claim(2, "ZZ08", date(2017, 3, 20), datetime(2017, 6, 15, tzinfo=UTC))
E3 = claim(3, "ZZ07", date(2018, 2, 1), datetime(2018, 2, 3, tzinfo=UTC), year=2018)
JINSHUI_MAY, ERQI_MARCH = RollupKey("ZZ07", "I01", 2017, 5), RollupKey("ZZ08", "I01", 2017, 3)


def test_an_earlier_job_that_arrives_later_displaces_and_its_retraction_gives_the_slot_back() -> None:
    assert rollup(slots([E1]).values()) == {JINSHUI_MAY: 1}
    assert shift(E1, E2) == [(JINSHUI_MAY, -1), (ERQI_MARCH, 1)]
    assert rollup(slots([E1, E2, E3]).values()) == {ERQI_MARCH: 1, RollupKey("ZZ07", "I01", 2018, 2): 1}
    assert shift(E2, E1) == [(JINSHUI_MAY, 1), (ERQI_MARCH, -1)]


def test_what_was_known_on_a_day_can_be_said_again() -> None:
    ledger = [E1, replace(E2, retracted_at=datetime(2017, 7, 2, tzinfo=UTC))]

    def holder(month: int, day: int) -> str:
        return slots(ledger, datetime(2017, month, day, tzinfo=UTC))[E1.key].unit

    assert (holder(6, 10), holder(6, 20), holder(7, 3)) == ("ZZ07", "ZZ08", "ZZ07")
    assert slots(ledger, datetime(2017, 5, 1, tzinfo=UTC)) == {}


def test_the_same_person_counts_once_in_each_indicator() -> None:
    ledger = [E1, replace(E1, key=SlotKey(2017, "I01a", PERSON)), replace(E1, key=SlotKey(2017, "I01b", PERSON))]

    assert sum(rollup(slots(ledger).values()).values()) == 3


def test_a_change_within_one_cell_moves_nothing() -> None:
    assert shift(E1, replace(E1, event_id=UUID(int=9), source_ref="r9")) == []


def test_on_the_same_day_the_first_received_wins_then_the_source_decides() -> None:
    later = replace(E1, event_id=UUID(int=4), unit="ZZ08", received_at=E1.received_at + timedelta(seconds=1))
    twin = replace(E1, event_id=UUID(int=5), source_ref="r0")

    assert winner([later, E1]) == E1
    assert winner([later, E1, twin]) == twin
    assert winner([]) is None


_CLAIMS = st.lists(
    st.builds(
        Claim,
        event_id=st.uuids(),
        key=st.builds(
            SlotKey,
            year=st.just(2017),
            indicator=st.sampled_from(["I01", "I01a", "I03"]),
            person=st.integers(0, 4).map(lambda n: UUID(int=n)),
        ),
        unit=st.sampled_from(["ZZ07", "ZZ08", "ZZ11"]),
        event_date=st.dates(date(2017, 1, 1), date(2017, 3, 31)),
        received_at=st.integers(0, 3).map(lambda n: datetime(2017, 6, 1 + n, tzinfo=UTC)),
        source_system=st.sampled_from(["hr", "si"]),
        source_ref=st.text("abc", min_size=1, max_size=3),
    ),
    unique_by=lambda c: (c.source_system, c.source_ref),
    max_size=25,
)


@given(_CLAIMS, st.randoms(use_true_random=False))
def test_order_and_batching_do_not_matter(ledger: list[Claim], random) -> None:
    shuffled = list(ledger)
    random.shuffle(shuffled)

    assert slots(shuffled) == slots(ledger)


@given(_CLAIMS)
def test_there_is_a_slot_exactly_for_each_key_with_a_live_event(ledger: list[Claim]) -> None:
    held = slots(ledger)

    assert held.keys() == {c.key for c in ledger}
    assert sum(rollup(held.values()).values()) == len(held)
    gone = [replace(c, retracted_at=datetime(2017, 9, 1, tzinfo=UTC)) for c in ledger]
    assert slots(gone) == {}


@given(_CLAIMS)
def test_indicators_do_not_touch_each_other(ledger: list[Claim]) -> None:
    held = slots(ledger)

    for indicator in ("I01", "I01a", "I03"):
        alone = slots([c for c in ledger if c.key.indicator == indicator])
        assert alone == {k: c for k, c in held.items() if k.indicator == indicator}


@given(_CLAIMS)
def test_moving_the_rollup_step_by_step_equals_counting_the_ledger(ledger: list[Claim]) -> None:
    """Everything arrives, then every holder is retracted until nothing is left."""
    counted: Counter[RollupKey] = Counter()
    live: list[Claim] = []
    for arriving in ledger:
        before = slots(live).get(arriving.key)
        live.append(arriving)
        counted.update(dict(shift(before, slots(live)[arriving.key])))
        assert +counted == rollup(slots(live).values())
    while live:
        holder = next(iter(slots(live).values()))
        live.remove(holder)
        counted.update(dict(shift(holder, slots(live).get(holder.key))))
        assert +counted == rollup(slots(live).values())
        assert all(n >= 0 for n in counted.values())
    assert not +counted
