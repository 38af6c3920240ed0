"""Published benchmark rates as reference data: what an officer may take over, and nothing that counts by itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import yaml

from kit.dates import parse_date
from loans_svc.rules.domain import Mark

_FILE = Path(__file__).with_name("published.yaml")


@dataclass(frozen=True, slots=True)
class PublishedRate:
    """A publication at which the rate changed; ppm per year."""

    published_on: date
    rate_ppm: int
    mark: Mark
    source: str


@cache
def published_rates() -> Mapping[date, PublishedRate]:
    """By day of publication, in their order.

    Raises:
        ValueError, KeyError, TypeError: the file is wrong; the service does not start.
    """
    content = yaml.load(_FILE.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506  makes text only
    found = [
        PublishedRate(parse_date(day), int(row["rate"].replace(".", "")), Mark(row["mark"]), content["source"])
        for day, row in content["rates"].items()
    ]
    return {one.published_on: one for one in sorted(found, key=lambda one: one.published_on)}
