"""The limit of ten times is earned by what borrowers repaid of last year's due loans, from the stored events."""

from datetime import date, timedelta

from kit.clock import today
from tests.loans_svc.lending import CONTRACT, Office

LAST = today().year - 1


def due(day: date) -> dict[str, str]:
    """A contract of a year that ends on a day."""
    return CONTRACT | {
        "disbursed_on": (day - timedelta(days=300)).isoformat(),
        "matures_on": day.isoformat(),
        "rule": "R2023",
    }


async def test_ninety_percent_repaid_by_the_years_end_gives_ten_times(office: Office) -> None:
    await office.new_fund("EARNED", "1000000.00")
    first = await office.disbursed(due(date(LAST, 6, 30)), fund="EARNED", amount="100000.00")
    second = await office.disbursed(due(date(LAST, 12, 31)), fund="EARNED", amount="100000.00")
    await office.disbursed(due(date(LAST + 1, 1, 1)), fund="EARNED", amount="70000.00")
    extended = await office.disbursed(due(date(LAST, 3, 31)), fund="EARNED", amount="60000.00")
    await office.event(extended, "EXTENSION", f"{LAST}-03-31", until=f"{LAST + 1}-03-31")

    await office.event(first, "REPAYMENT", f"{LAST}-06-30", amount="100000.00")
    await office.event(second, "REPAYMENT", f"{LAST}-12-31", amount="79999.99")
    short = await office.figures("EARNED")
    assert (short["due_last_year"], short["repaid_last_year"], short["leverage_limit"], short["room"]) == (
        "200000.00",
        "179999.99",
        5,
        "4849999.99",
    )
    last = await office.event(second, "REPAYMENT", f"{LAST}-12-31", amount="0.01")
    earned = await office.figures("EARNED")
    assert (earned["repayment_rate"], earned["leverage_limit"], earned["room"]) == ("90.0000", 10, "9850000.00")
    # The fund stands for the loans of all districts, wherever its reviewer works.
    assert (await office.get("REVIEWER", "/funds/EARNED", unit="ZZ03")).json() == earned

    wrong = next(one["id"] for one in last.json()["events"][::-1] if one["kind"] == "REPAYMENT")
    await office.event(second, "RETRACTION", f"{LAST}-12-31", retracts=wrong)
    assert (await office.figures("EARNED"))["leverage_limit"] == 5
    await office.event(second, "REPAYMENT", f"{LAST + 1}-01-02", amount="20000.01")  # too late for last year
    assert (await office.figures("EARNED"))["leverage_limit"] == 5


async def test_what_the_fund_paid_is_not_repaid(office: Office) -> None:
    await office.new_fund("PAIDFOR", "1000000.00")
    loan = await office.disbursed(due(date(LAST, 6, 30)), fund="PAIDFOR", amount="100000.00")
    await office.event(loan, "COMPENSATION", f"{LAST}-09-30", amount="100000.00")
    figures = await office.figures("PAIDFOR")
    assert (figures["repaid_last_year"], figures["repayment_rate"], figures["leverage_limit"]) == ("0.00", "0.0000", 5)
