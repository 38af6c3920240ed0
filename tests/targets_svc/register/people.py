"""Made-up people, and events of theirs. Area 410199 is unassigned, so the numbers are nobody's."""

import itertools
from typing import Any

import httpx

from kit.identifiers.citizen_id import check_character
from tests.targets_svc.conftest import Client

PROOF = {"I01a": {"unemployed_on": "2015-01-05"}, "I01b": {"certified_on": "2015-01-05"}}
"""What the indicators ask for that need a proof (N8, N9)."""
_references = itertools.count(1)


def number(n: int) -> str:
    """A valid number of a person born in 1990."""
    body = f"41019919900101{n:03d}" if n < 1000 else f"4101991990{1 + n // 1000 % 9:02d}01{n % 1000:03d}"
    return body + check_character(body)


def event(n: int, unit: str, on: str, **changes: Any) -> dict[str, Any]:
    """An event of person `n`; a fresh source reference unless one is given."""
    return {
        "year": int(on[:4]),
        "indicator": "I01",
        "id_type": "RESIDENT_ID",
        "id_number": number(n),
        "name": "王测试",
        "event_date": on,
        "unit": unit,
        "source_system": "hr",
        "source_ref": f"R{next(_references):06d}",
    } | changes | {name: value for name, value in PROOF.get(changes.get("indicator", ""), {}).items()
                   if name not in changes}  # fmt: skip


async def counts(account: Client, year: int = 2017) -> dict[tuple[str, str, str], int]:
    """All pages of the year's counts."""
    found: dict[tuple[str, str, str], int] = {}
    cursor = None
    while True:
        query = {"year": year, "limit": 100} | ({"cursor": cursor} if cursor else {})
        page = (await account.get("/events/counts", params=query)).json()
        found |= {(i["unit"], i["indicator"], i["month"]): i["count"] for i in page["items"]}
        if (cursor := page["next"]) is None:
            return found


def faults(answer: httpx.Response) -> set[tuple[str, str]]:
    """Pointers and codes of a refusal."""
    assert answer.status_code == 422, answer.text
    return {(error["pointer"], error["code"]) for error in answer.json()["errors"]}
