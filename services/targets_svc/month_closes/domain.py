"""When a month may be closed or opened again, and by whom."""

from collections.abc import Collection
from datetime import date
from enum import StrEnum

from kit.dates import Month
from kit.errors import FieldError
from targets_svc.month_closes.errors import (
    CloseFourEyesError,
    MonthClosedError,
    MonthCloseInvalidError,
    MonthNotClosedError,
)


class Kind(StrEnum):
    """What is applied for."""

    CLOSE = "CLOSE"
    REOPEN = "REOPEN"


class State(StrEnum):
    """Of an application."""

    PROPOSED = "PROPOSED"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"


def check_close(month: Month, today: date, missing: Collection[str], reason: str | None, *, is_closed: bool) -> None:
    """A month is closed once, after its end, with every report approved or a reason why one is not.

    Args:
        missing: names of the units that owe a report and have none approved.

    Raises:
        MonthClosedError, MonthCloseInvalidError.
    """
    if is_closed:
        raise MonthClosedError("该月已经结账，无需重复办理；如需更改请先申请重开。")
    if month.last >= today:
        raise MonthCloseInvalidError(errors=[FieldError("/month", "MONTH_NOT_ENDED", "该月尚未结束，月末之后才能结账")])
    if missing and not reason:
        units = "、".join(missing)
        message = f"以下单位的月报尚未批准：{units}；请先办理，确需结账的请写明原因"
        raise MonthCloseInvalidError(errors=[FieldError("/reason", "REPORTS_MISSING", message)])


def check_reopening(reason: str | None, *, is_closed: bool) -> None:
    """A closed month is opened again for a reason.

    Raises:
        MonthNotClosedError, MonthCloseInvalidError.
    """
    if not is_closed:
        raise MonthNotClosedError
    if not reason:
        raise MonthCloseInvalidError(errors=[FieldError("/reason", "REASON_MISSING", "重开须写明原因，至少5个字")])


def check_decider(proposed_by: str, decider: str) -> None:
    """Four eyes; the table has the same rule as a CHECK.

    Raises:
        CloseFourEyesError.
    """
    if proposed_by == decider:
        raise CloseFourEyesError
