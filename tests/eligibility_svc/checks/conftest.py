"""A check in one line."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from eligibility_svc.checks.domain import Answer
from eligibility_svc.checks.service import check_measures

Check = Callable[..., Answer]


@pytest.fixture(scope="session")
def check() -> Check:
    """`check("startup-grant", "PERSON", {...}, "2018-09-01")` answers for one measure."""

    def run(measure: str, subject: str, facts: dict[str, Any], as_of: str = "2018-09-01") -> Answer:
        (answer,) = check_measures(subject, facts, date.fromisoformat(as_of), [measure])
        return answer

    return run
