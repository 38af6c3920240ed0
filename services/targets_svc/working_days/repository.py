"""The known calendar, read once from its data file."""

from datetime import timedelta
from functools import cache
from importlib.resources import files

import yaml

from targets_svc.working_days.domain import WorkingCalendar


@cache
def load_calendar() -> WorkingCalendar:
    """Holidays and moved working days of the years that the file knows."""
    data = yaml.safe_load(files(__package__).joinpath("calendar.yaml").read_text(encoding="utf-8"))
    return WorkingCalendar(
        holidays=frozenset(
            span["from"] + timedelta(days=n)
            for span in data["holidays"]
            for n in range((span["to"] - span["from"]).days + 1)
        ),
        moved_working_days=frozenset(data["moved_working_days"]),
    )
