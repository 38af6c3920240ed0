"""What can go wrong in the life of a loan."""

from kit.errors import DomainError, Kind, NotFoundError, StateConflictError, ValidationFailedError


class LoanNotFoundError(NotFoundError):
    code = "LOAN_NOT_FOUND"
    title = "没有这笔贷款"
    default_detail = "没有这笔贷款，或您无权查看；请核对编号。"


class LoanInvalidError(ValidationFailedError):
    """What can't be true of a loan; pointers of the wire."""

    code = "LOAN_INVALID"
    title = "贷款信息未通过校验"


class TransitionRefusedError(StateConflictError):
    code = "LOAN_STATE_CONFLICT"
    title = "贷款当前状态不能办理此项业务"
    default_detail = "请查询贷款的最新状态，再决定下一步。"


class LoanFourEyesError(DomainError):
    """The checks of the table: who applied does not decide, who decided does not disburse."""

    kind = Kind.CONFLICT
    code = "FOUR_EYES"
    title = "同一人不能办理两个环节"
    default_detail = "申请、审批、发放、撤销应由不同的人办理；请换由另一位同事办理本环节。"


class ReferenceUsedError(StateConflictError):
    code = "BANK_REF_USED"
    title = "银行流水号已经用过"
    default_detail = "同一银行的流水号只能登记一次；请核对是否已经登记过，更正请先撤销原事项。"


class NotDisbursedError(StateConflictError):
    code = "LOAN_NOT_DISBURSED"
    title = "贷款尚未发放"
    default_detail = "贷款发放后才有贴息明细，请在发放后再查询。"


class UnitNotYoursError(NotFoundError):
    code = "UNIT_NOT_FOUND"
    title = "没有这个单位"
    default_detail = "单位代码不存在，或您无权为该单位登记；请核对单位代码。"
