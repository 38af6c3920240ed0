"""What of each payer's part has arrived (loans design §1.6)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

Place = tuple[str, str]  # payer scheme and payer


@dataclass(frozen=True, slots=True)
class Arrival:
    """Money of one payer that reached the bank, and was not taken back; fen."""

    place: Place
    amount_fen: int
    arrived_on: date


@dataclass(frozen=True, slots=True)
class Standing:
    """How far one payer is.

    Attributes:
        last_on: when the last of it came; None before the first.
        days: from the approval to the day on which all had come, or to today.
    """

    place: Place
    due_fen: int
    arrived_fen: int
    last_on: date | None
    days: int

    @property
    def missing_fen(self) -> int:
        return self.due_fen - self.arrived_fen


def standings(due: Mapping[Place, int], arrivals: Sequence[Arrival], approved_on: date, today: date) -> list[Standing]:
    """Of all payers who owe anything, in the order of `due`."""
    sums: defaultdict[Place, int] = defaultdict(int)
    last: dict[Place, date] = {}
    for one in arrivals:
        sums[one.place] += one.amount_fen
        last[one.place] = max(one.arrived_on, last.get(one.place, one.arrived_on))
    found = []
    for place, fen in due.items():
        if fen == 0:
            continue
        ended = last[place] if sums[place] == fen else today
        found.append(Standing(place, fen, sums[place], last.get(place), max(0, (ended - approved_on).days)))
    return found
