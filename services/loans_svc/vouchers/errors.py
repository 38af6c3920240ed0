"""What can go wrong with vouchers."""

from kit.errors import NotFoundError, StateConflictError


class BookNotFoundError(NotFoundError):
    code = "BOOK_NOT_FOUND"
    title = "没有这个账套"
    default_detail = "没有这个账套，请查看账套列表：贴息资金账套，或担保基金的代码。"


class VoucherMonthNotFoundError(NotFoundError):
    code = "VOUCHER_MONTH_NOT_FOUND"
    title = "没有这个月的凭证"
    default_detail = "没有这个编号的凭证月份，请先结出该月凭证，或核对编号。"


class VoucherMonthNotOverError(StateConflictError):
    code = "MONTH_NOT_OVER"
    title = "该月尚未结束"
    default_detail = "月末之后才能结出该月的凭证，请在下月办理。"


class VoucherMonthOutOfOrderError(StateConflictError):
    """Months are numbered one after another, so that none is left out."""

    code = "MONTH_OUT_OF_ORDER"
    title = "应按月份先后结出凭证"
    default_detail = "请先结出前面月份的凭证；下一个应结的月份见账套列表。"
