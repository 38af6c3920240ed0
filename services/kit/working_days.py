"""Working days of the civil service: weekends, public holidays and the days moved for them."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from importlib.resources import files

import yaml


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """Weekends, less the days moved onto them, plus the holidays; both only for the years that are known."""

    holidays: frozenset[date] = field(default_factory=frozenset)
    moved_working_days: frozenset[date] = field(default_factory=frozenset)

    def is_working_day(self, day: date) -> bool:
        """Whether offices work on that day."""
        if day in self.moved_working_days:
            return True
        return day.weekday() < 5 and day not in self.holidays

    def add(self, day: date, count: int) -> date:
        """The `count`-th working day after `day`; `day` itself never counts."""
        while count:
            day += timedelta(days=1)
            count -= self.is_working_day(day)
        return day

    def between(self, day: date, later: date) -> int:
        """How many working days lie in (day, later]: the inverse of `add`; negative when `later` is earlier."""
        if later < day:
            return -self.between(later, day)
        return sum(self.is_working_day(day + timedelta(days=n)) for n in range(1, (later - day).days + 1))

    def last_before(self, day: date, count: int) -> date:
        """The last day whose `count`-th working day after it is earlier than `day`."""
        last = day
        while self.add(last, count) >= day:
            last -= timedelta(days=1)
        return last


@cache
def load_calendar() -> WorkingCalendar:
    """Holidays and moved working days of the years that the file knows."""
    data = yaml.safe_load(files(__package__).joinpath("working_days.yaml").read_text(encoding="utf-8"))
    return WorkingCalendar(
        holidays=frozenset(
            span["from"] + timedelta(days=n)
            for span in data["holidays"]
            for n in range((span["to"] - span["from"]).days + 1)
        ),
        moved_working_days=frozenset(data["moved_working_days"]),
    )
