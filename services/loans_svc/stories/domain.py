"""From the engine's lines to stretches of days that no period cuts, and from which day on two tellings differ."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from loans_svc.rules.domain import DayCount, Tranche
from loans_svc.subsidies.domain.calendar import day_number
from loans_svc.subsidies.domain.loan import Event, Overdue
from loans_svc.subsidies.domain.schedule import Line, Segment


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days [from_on, to_on) of one tranche on which nothing changes; fen, ppm and sixths as in `Segment`."""

    tranche: Tranche
    from_on: date
    to_on: date
    principal_fen: int
    balance_fen: int
    overdue_fen: int
    rate_ppm: int
    share6: int

    @classmethod
    def of(cls, tranche: Tranche, segment: Segment) -> "Stretch":
        return cls(
            tranche,
            segment.start,
            segment.end,
            segment.principal_fen,
            segment.balance_fen,
            segment.overdue_fen,
            segment.rate_ppm,
            segment.share6,
        )

    @property
    def worth(self) -> tuple[Tranche, int, int, int, int, int]:
        """What is the same on all its days."""
        return (self.tranche, self.principal_fen, self.balance_fen, self.overdue_fen, self.rate_ppm, self.share6)

    def continues(self, before: "Stretch") -> bool:
        """True where only the end of a period lies between the two."""
        return before.to_on == self.from_on and before.worth == self.worth

    def clipped(self, first: date, after: date, day_count: DayCount) -> Segment | None:
        """Its part within [first, after); None when there is none."""
        start, end = max(self.from_on, first), min(self.to_on, after)
        if start >= end:
            return None
        days = day_number(end, day_count) - day_number(start, day_count)
        return Segment(
            start, end, days, self.principal_fen, self.balance_fen, self.overdue_fen, self.share6, self.rate_ppm
        )


def stretches_of(lines: Iterable[Line]) -> list[Stretch]:
    """All days of a schedule, by tranche and day; what a period's end cut is joined again."""
    joined: list[Stretch] = []
    for tranche, segment in sorted(
        ((line.tranche, segment) for line in lines for segment in line.segments),
        key=lambda one: (one[0], one[1].start),
    ):
        stretch = Stretch.of(tranche, segment)
        if joined and stretch.continues(joined[-1]):
            stretch = replace(stretch, from_on=joined.pop().from_on)
        joined.append(stretch)
    return joined


def first_difference(before: Sequence[Stretch], after: Sequence[Stretch]) -> date | None:
    """The first day that two tellings value differently; None when all days are alike."""
    days = [day for one, other in ((before, after), (after, before)) for day in _unlike(one, other)]
    return min(days, default=None)


def _unlike(these: Sequence[Stretch], those: Sequence[Stretch]) -> Iterable[date]:
    """For each stretch that the others lack as it is: its first day that they tell otherwise."""
    for stretch in set(these).difference(those):
        day = stretch.from_on
        alike = {other.from_on: other.to_on for other in those if other.worth == stretch.worth}
        for start, end in sorted(alike.items()):
            if start <= day < end:
                day = end
        if day < stretch.to_on:
            yield day


def renewal_day(events: Iterable[Event], grace_days: int, known_on: date) -> date | None:
    """The day on which time alone changes the story: an unpaid instalment's days of grace are over (S8)."""
    ends = (
        event.effective_on + timedelta(days=grace_days + 1)
        for event in events
        if isinstance(event, Overdue) and event.until is None
    )
    return min((day for day in ends if day > known_on), default=None)
