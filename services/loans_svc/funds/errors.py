"""What can go wrong with a fund."""

from kit.errors import DomainError, Kind, NotFoundError, StateConflictError


class FundNotFoundError(NotFoundError):
    code = "FUND_NOT_FOUND"
    title = "没有这个担保基金"
    default_detail = "没有这个担保基金，或您无权查看；请核对基金代码。"


class DepositNotFoundError(NotFoundError):
    code = "DEPOSIT_NOT_FOUND"
    title = "没有这笔注资"
    default_detail = "没有这笔注资记录，请核对编号。"


class DepositConfirmedError(StateConflictError):
    code = "DEPOSIT_CONFIRMED"
    title = "这笔注资已经确认"
    default_detail = "无需重复确认；请查看基金余额。登记有误的，由另一位有确认权限的同事撤销。"


class DepositWithdrawnError(StateConflictError):
    code = "DEPOSIT_WITHDRAWN"
    title = "这笔注资已经撤销"
    default_detail = "已撤销的注资不再确认或撤销；款项确已到账的，请重新登记。"


class ReferenceUsedError(StateConflictError):
    code = "BANK_REF_USED"
    title = "银行流水号已经用过"
    default_detail = "同一流水号只能登记一次；请核对是否已经登记过。"


class FundFourEyesError(DomainError):
    """Who records money coming in does not confirm it."""

    kind = Kind.CONFLICT
    code = "FOUR_EYES"
    title = "同一人不能办理两个环节"
    default_detail = "登记与确认应由两人分别办理；请换由另一位同事确认。"


class FundShortError(StateConflictError):
    code = "FUND_SHORT"
    title = "基金余额不足"
    default_detail = "担保基金的银行余额不足以支付这笔代偿，请先补充基金。"
