"""Loans in lists: filters, pages, and whose rows."""

from typing import Any

from tests.loans_svc.lending import CONTRACT, Office


async def listed(office: Office, role: str, query: str = "", **rows: str) -> list[dict[str, Any]]:
    answer = await office.get(role, f"/loans?limit=100{query}", **rows)
    assert answer.status_code == 200, answer.text
    assert all("events" not in item and "eligibility" not in item for item in answer.json()["items"])
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_filters_narrow_and_everybody_sees_their_own(office: Office) -> None:
    paid = await office.disbursed(unit="ZZ12", bank="bank-l", group="VETERAN")
    await office.event(paid, "REPAYMENT", "2024-01-05", amount="300000.00")
    late = await office.disbursed(CONTRACT | {"disbursed_on": "2023-09-20"}, unit="ZZ13", bank="bank-l")
    open_one = await office.applied(unit="ZZ12", bank="bank-l")
    assert [one["id"] for one in await listed(office, "OFFICER", "&bank=bank-l")] == [open_one, late, paid]
    for query, expected in (
        ("&bank=bank-l&unit=ZZ12", [open_one, paid]),
        ("&bank=bank-l&state=APPLIED", [open_one]),
        ("&bank=bank-l&state=CLOSED&group=VETERAN", [paid]),
        ("&bank=bank-l&disbursed_from=2023-08-15&disbursed_to=2023-09-20", [paid]),
        ("&bank=bank-l&fund=NONE", []),
    ):
        assert [one["id"] for one in await listed(office, "OFFICER", query)] == expected, query
    assert [one["id"] for one in await listed(office, "BANK", bank="bank-l")] == [open_one, late, paid]
    assert [one["id"] for one in await listed(office, "STAFF", "&bank=bank-l", unit="ZZ13")] == [late]
    assert await listed(office, "BANK", "&bank=bank-l", bank="bank-b") == []
    assert await listed(office, "STAFF", "&unit=ZZ12&bank=bank-l", unit="ZZ13") == []
    assert len(await listed(office, "STAFF", "&bank=bank-l", unit="ZZ")) == 3


async def test_who_is_to_be_reminded_and_what_falls_due_are_lists(office: Office) -> None:
    late, ended, wrong, fine = [await office.disbursed(unit="ZZ12", bank="bank-m") for _ in range(4)]
    short = await office.disbursed(unit="ZZ12", bank="bank-m", term_months=12)
    await office.applied(unit="ZZ12", bank="bank-m")
    await office.event(late, "OVERDUE", "2024-02-10", amount="1000.00")
    await office.event(ended, "OVERDUE", "2024-02-10", amount="1000.00", until="2024-03-01")
    told = await office.event(wrong, "OVERDUE", "2024-02-10", amount="1000.00")
    await office.event(wrong, "RETRACTION", "2024-02-10", retracts=told.json()["events"][-1]["id"])
    for query, expected in (
        ("&is_overdue=true", [late]),
        ("&is_overdue=false&state=DISBURSED", [short, fine, wrong, ended]),
        ("&matures_from=2024-08-15&matures_to=2024-08-16", [short]),
        ("&matures_to=2024-08-15", []),
        ("&matures_from=2026-08-15&is_overdue=true", [late]),
    ):
        assert [one["id"] for one in await listed(office, "OFFICER", f"&bank=bank-m{query}")] == expected, query


async def test_pages_follow_each_other_and_a_cursor_is_for_one_question(office: Office) -> None:
    made = [await office.applied(unit="ZZ11", bank="bank-p") for _ in range(5)]
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await office.get("OFFICER", f"/loans?bank=bank-p&limit=2{cursor}")).json()
        seen += [one["id"] for one in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == made[::-1]
    other = await office.get("OFFICER", f"/loans?bank=bank-q&limit=2{cursor}")
    assert (other.status_code, other.json()["code"]) == (400, "CURSOR_INVALID")
    own = await office.get("BANK", f"/loans?bank=bank-p&limit=2{cursor}", bank="bank-p")
    assert own.json()["code"] == "CURSOR_INVALID"
