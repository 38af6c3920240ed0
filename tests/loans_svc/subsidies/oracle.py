"""The subsidy once more, day by day with fractions, from the specification; it shares no code with the engine."""

from calendar import monthrange
from collections import defaultdict
from datetime import date, timedelta
from fractions import Fraction
from math import floor

from loans_svc.rules.domain import Parameters
from loans_svc.subsidies.domain.loan import (
    Compensation,
    Loan,
    Overdue,
    PriorUse,
    RateReset,
    Repayment,
    Stop,
)

DAY = timedelta(days=1)


def months_later(day: date, months: int) -> date:
    year, month = day.year, day.month
    for _ in range(months):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def half_up(value: Fraction) -> int:
    return floor(value + Fraction(1, 2))


def shared_out(total: int, weights: list[int]) -> list[int]:
    whole = sum(weights)
    quotas = [Fraction(total * weight, whole) for weight in weights]
    parts = [floor(quota) for quota in quotas]
    ranking = sorted(range(len(weights)), key=lambda i: (parts[i] - quotas[i], -weights[i], i))
    for i in ranking[: total - sum(parts)]:
        parts[i] += 1
    return parts


def period_name(day: date, scheme: str) -> str:
    if scheme == "BANK20" and day.day > 20 and day.month in (3, 6, 9, 12):
        day = day.replace(day=1) + 31 * DAY
    return f"{day.year}Q{(day.month - 1) // 3 + 1}"


def day_weight(day: date, day_count: str) -> Fraction:
    if day_count == "ACT_360":
        return Fraction(1, 360)
    if day_count == "ACT_365F":
        return Fraction(1, 365)
    thirty = {30: 0 if monthrange(day.year, day.month)[1] == 31 else 1, 31: 1}
    if day.month == 2 and day.day == monthrange(day.year, 2)[1]:
        return Fraction(31 - day.day, 360)
    return Fraction(thirty.get(day.day, 1), 360)


def rate_on(day: date, loan: Loan, parameters: Parameters) -> Fraction:
    contract, benchmark = loan.contract_ppm, loan.benchmark_ppm
    resets = sorted(
        (e for e in loan.events if isinstance(e, RateReset) and e.effective_on <= day), key=lambda e: e.effective_on
    )
    for reset in resets:
        contract = reset.contract_ppm
        benchmark = benchmark if reset.benchmark_ppm is None else reset.benchmark_ppm
    rate = benchmark if parameters.rate_basis.value == "BENCHMARK_AT_SIGNING" else contract
    if parameters.cap_over_ppm is not None and rate > benchmark + parameters.cap_over_ppm:
        rate = benchmark + parameters.cap_over_ppm
    if parameters.floor_over_ppm is not None and benchmark + parameters.floor_over_ppm > 0:
        rate -= benchmark + parameters.floor_over_ppm
    return Fraction(max(0, rate), 1_000_000)


def share_on(day: date, loan: Loan, parameters: Parameters) -> Fraction:
    year = 1
    while day >= months_later(loan.disbursed_on, 12 * year):
        year += 1
    return Fraction(parameters.shares6[year - 1], 6)


def last_day(loan: Loan, parameters: Parameters, prior: PriorUse) -> date:
    """The first day that is no longer subsidised, full repayment apart."""
    if prior.loans >= parameters.max_loans:
        return loan.disbursed_on
    ends = [loan.matures_on, months_later(loan.disbursed_on, parameters.window_months)]
    ends += [e.effective_on for e in loan.events if isinstance(e, Stop | Compensation)]
    if parameters.cap_scope.value == "PER_BORROWER":
        first = prior.first_disbursed_on or loan.disbursed_on - prior.days * DAY
        allowance = (months_later(first, parameters.window_months) - first).days
        ends.append(loan.disbursed_on + max(allowance - prior.days, 0) * DAY)
    return min(ends)


def overdue_on(day: date, loan: Loan, parameters: Parameters) -> int:
    total = 0
    for event in loan.events:
        if isinstance(event, Overdue) and event.effective_on <= day and (event.until is None or day < event.until):
            in_grace = event.until is not None and (event.until - event.effective_on).days <= parameters.grace_days
            total += 0 if in_grace else event.amount_fen
    return total


def exact_lines(
    loan: Loan, parameters: Parameters, prior: PriorUse, span: tuple[date | None, date | None] = (None, None)
) -> dict[tuple[str, str], Fraction]:
    """Exact fen for each (period, tranche) that is worth something."""
    values: defaultdict[tuple[str, str], Fraction] = defaultdict(Fraction)
    parts = [part.amount_fen for part in loan.tranches]
    rest = loan.principal_fen - sum(parts)
    ever_overdue = False
    day, end = loan.disbursed_on, last_day(loan, parameters, prior)
    while day < end:
        repaid = sum(e.amount_fen for e in loan.events if isinstance(e, Repayment) and e.effective_on == day)
        from_rest = min(rest, repaid)
        rest, repaid = rest - from_rest, repaid - from_rest
        if loan.repayment_order.value == "LOCAL_FIRST":
            for i, part in enumerate(loan.tranches):
                if part.tranche.value == "LOCAL":
                    take = min(parts[i], repaid)
                    parts[i], repaid = parts[i] - take, repaid - take
        if repaid:
            parts = [have - take for have, take in zip(parts, shared_out(repaid, parts), strict=True)]
        if rest + sum(parts) == 0:
            break
        overdue = overdue_on(day, loan, parameters)
        ever_overdue = ever_overdue or overdue > 0
        earning = _earning(parts, overdue, ever_overdue, parameters)
        if (span[0] is None or day >= span[0]) and (span[1] is None or day < span[1]):
            factor = (
                rate_on(day, loan, parameters)
                * share_on(day, loan, parameters)
                * day_weight(day, parameters.day_count.value)
            )
            for part, balance in zip(loan.tranches, earning, strict=True):
                values[period_name(day, parameters.period_scheme.value), part.tranche.value] += balance * factor
        day += DAY
    return {key: value for key, value in values.items() if value}


def _earning(parts: list[int], overdue: int, ever_overdue: bool, parameters: Parameters) -> list[int]:
    mode = parameters.overdue_mode.value
    if (mode == "WHOLE" and overdue) or (mode == "FOREVER" and ever_overdue):
        return [0] * len(parts)
    if mode == "PART" and overdue and sum(parts):
        taken = shared_out(min(overdue, sum(parts)), parts)
        return [have - take for have, take in zip(parts, taken, strict=True)]
    return parts
