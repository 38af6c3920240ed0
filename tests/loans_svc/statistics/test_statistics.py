"""A year's lending by district, bank and group, as far as the caller sees it."""

from typing import Any

from tests.loans_svc.lending import CONTRACT, Office, new_person

CONTRACT_2025 = CONTRACT | {"disbursed_on": "2025-06-02", "rule": "R2023"}


async def read(office: Office, role: str, query: str = "", **rows: str) -> dict[str, Any]:
    answer = await office.get(role, f"/statistics?year=2025{query}", **rows)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_lending_is_counted_where_it_belongs_and_cancelled_loans_are_not(office: Office) -> None:
    woman = new_person() | {"is_woman": True}
    first = await office.disbursed(CONTRACT_2025, unit="ZZ14", bank="bank-s", amount="200000.00", borrower=woman)
    await office.disbursed(CONTRACT_2025, unit="ZZ14", bank="bank-s", amount="100000.00", group="VETERAN")
    await office.disbursed(CONTRACT_2025, unit="ZZ15", bank="bank-s", amount="50000.00")
    gone = await office.disbursed(CONTRACT_2025, unit="ZZ14", bank="bank-s", amount="70000.00")
    await office.cancelled(gone, "2025-07-01")
    await office.disbursed(CONTRACT | {"rule": "R2022_HENAN_IND"}, unit="ZZ14", bank="bank-s")
    await office.event(first, "REPAYMENT", "2025-09-01", amount="20000.00")
    paid = await office.event(first, "COMPENSATION", "2025-10-01", amount="50000.00")
    wrong = await office.event(first, "COMPENSATION", "2025-10-02", amount="10000.00")
    last = next(one["id"] for one in wrong.json()["events"][::-1] if one["kind"] == "COMPENSATION")
    await office.event(first, "RETRACTION", "2025-10-02", retracts=last)
    assert paid.status_code == 201
    found = await read(office, "OFFICER", "&bank=bank-s")
    assert [(one["unit"], one["group"], one["loans"], one["women"], one["amount"]) for one in found["items"]] == [
        ("ZZ14", "RETURNING_MIGRANT", 1, 1, "200000.00"),
        ("ZZ14", "VETERAN", 1, 0, "100000.00"),
        ("ZZ15", "RETURNING_MIGRANT", 1, 0, "50000.00"),
    ]
    assert (found["totals"]["amount"], found["totals"]["outstanding"], found["totals"]["loans"]) == (
        "350000.00",
        "280000.00",
        3,
    )
    assert [(one["compensated"], one["compensation_rate"]) for one in found["items"]][:2] == [
        ("50000.00", "25.0000"),
        ("0.00", "0.0000"),
    ]
    assert (found["totals"]["compensated"], found["totals"]["compensation_rate"]) == ("50000.00", "14.2857")
    assert (await read(office, "OFFICER", "&bank=bank-s&group=VETERAN"))["totals"]["amount"] == "100000.00"
    assert (await read(office, "STAFF", unit="ZZ15"))["totals"]["amount"] == "50000.00"
    assert (await read(office, "STAFF", "&unit=ZZ14", unit="ZZ15"))["items"] == []
    assert (await read(office, "BANK", bank="bank-s"))["totals"]["loans"] == 3
    assert (await read(office, "BANK", "&bank=bank-s", bank="bank-b"))["items"] == []
    assert (await read(office, "STAFF", "&bank=bank-s", unit="ZZ"))["totals"]["loans"] == 3
