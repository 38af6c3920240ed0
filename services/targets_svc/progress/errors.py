"""What can go wrong with a question about progress."""

from kit.errors import ValidationFailedError


class PeriodInvalidError(ValidationFailedError):
    code = "PERIOD_INVALID"
    title = "查询的月份有误"
