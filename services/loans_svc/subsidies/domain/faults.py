"""What can't be true of a loan: each fault with the place in the input, in Chinese, never repeating the input."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date

from kit.dates import add_years
from kit.errors import FieldError
from loans_svc.subsidies.domain.loan import NO_PRIOR_USE, Extension, Loan, Overdue, PriorUse, RateReset, Repayment

LONGEST_TERM_YEARS = 30  # with the bounds of amount and rate it keeps every numerator within a bigint (E23)


def find_faults(loan: Loan, prior: PriorUse = NO_PRIOR_USE) -> list[FieldError]:
    """All faults of terms and events; an empty list means that `compute` can't fail.

    Pointers are those of the wire: `/matures_on`, `/events/3/amount`.
    """
    faults = [*_term_faults(loan), *_tranche_faults(loan), *_prior_faults(loan, prior), *_event_faults(loan)]
    if not faults:
        faults = [*_repayment_faults(loan)] or [*_overdue_faults(loan)]
    return faults


def _term_faults(loan: Loan) -> Iterator[FieldError]:
    if loan.matures_on < loan.disbursed_on:
        yield FieldError("/matures_on", "BEFORE_DISBURSEMENT", "到期日不能早于发放日，请核对两个日期。")
    elif loan.matures_on > add_years(loan.disbursed_on, LONGEST_TERM_YEARS):
        yield FieldError("/matures_on", "TERM_TOO_LONG", f"贷款期限不能超过{LONGEST_TERM_YEARS}年，请核对到期日。")


def _tranche_faults(loan: Loan) -> Iterator[FieldError]:
    names = [part.tranche for part in loan.tranches]
    if len(set(names)) < len(names):
        yield FieldError("/tranches", "DUPLICATE_TRANCHE", "同一资金档只能填写一次，请合并后再试。")


def _prior_faults(loan: Loan, prior: PriorUse) -> Iterator[FieldError]:
    first = prior.first_disbursed_on
    if first is None:
        return
    if first > loan.disbursed_on:
        yield FieldError("/first_disbursed_on", "AFTER_DISBURSEMENT", "首笔贷款发放日不能晚于本笔发放日，请核对。")
    elif prior.days > (loan.disbursed_on - first).days:
        yield FieldError(
            "/prior_subsidised_days", "TOO_MANY_DAYS", "已贴息天数不能多于首笔发放日至本笔发放日之间的天数，请核对。"
        )


def _event_faults(loan: Loan) -> Iterator[FieldError]:
    resets: set[date] = set()
    for i, event in enumerate(loan.events):
        if event.effective_on < loan.disbursed_on:
            yield FieldError(f"/events/{i}/effective_on", "BEFORE_DISBURSEMENT", "事项日期不能早于发放日，请核对。")
        if isinstance(event, Overdue) and event.until is not None and event.until <= event.effective_on:
            yield FieldError(f"/events/{i}/until", "NOT_AFTER_START", "逾期结束日应晚于逾期开始日；尚未归还的不填。")
        if isinstance(event, Extension) and event.until is not None and event.until <= loan.matures_on:
            yield FieldError(f"/events/{i}/until", "NOT_AFTER_MATURITY", "展期后的到期日应晚于原到期日，请核对。")
        if isinstance(event, RateReset):
            if event.effective_on in resets:
                yield FieldError(f"/events/{i}/effective_on", "DUPLICATE_RESET", "同一天只能有一次利率调整，请合并。")
            resets.add(event.effective_on)


def _repayment_faults(loan: Loan) -> Iterator[FieldError]:
    repayments = [(event.effective_on, i) for i, event in enumerate(loan.events) if isinstance(event, Repayment)]
    left = loan.principal_fen
    for _, i in sorted(repayments):
        event = loan.events[i]
        left -= event.amount_fen if isinstance(event, Repayment) else 0
        if left < 0:
            yield FieldError(
                f"/events/{i}/amount", "EXCEEDS_BALANCE", "还款金额超过当日剩余本金，请核对金额、日期或是否重复填写。"
            )
            return


def _overdue_faults(loan: Loan) -> Iterator[FieldError]:
    """The first day on which more is overdue than owed; the overdue entry that began last is pointed at."""
    owed_change: defaultdict[date, int] = defaultdict(int, {loan.disbursed_on: loan.principal_fen})
    overdue_change: defaultdict[date, int] = defaultdict(int)
    for event in loan.events:
        if isinstance(event, Repayment):
            owed_change[event.effective_on] -= event.amount_fen
        elif isinstance(event, Overdue):
            overdue_change[event.effective_on] += event.amount_fen
            if event.until is not None:
                overdue_change[event.until] -= event.amount_fen
    owed = overdue = 0
    for day in sorted({*owed_change, *overdue_change}):
        owed += owed_change[day]
        overdue += overdue_change[day]
        if overdue > owed:
            begun = [
                (event.effective_on, i)
                for i, event in enumerate(loan.events)
                if isinstance(event, Overdue)
                and event.effective_on <= day
                and (event.until is None or day < event.until)
            ]
            yield FieldError(
                f"/events/{max(begun)[1]}/amount",
                "OVERDUE_EXCEEDS_BALANCE",
                "逾期本金超过当日剩余本金；如已归还，请填写逾期结束日（until），或核对金额。",
            )
            return
