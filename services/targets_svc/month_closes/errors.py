"""What can go wrong when a month is closed or opened again."""

from kit.errors import DomainError, Kind, NotFoundError, StateConflictError, ValidationFailedError


class MonthCloseNotFoundError(NotFoundError):
    code = "MONTH_CLOSE_NOT_FOUND"
    title = "没有这一结账记录"
    default_detail = "编号不存在；请在结账列表中核对编号。"


class MonthCloseInvalidError(ValidationFailedError):
    code = "MONTH_CLOSE_INVALID"
    title = "不能结账"


class MonthClosedError(StateConflictError):
    """A closed month takes corrections of approved figures, and nothing that was not there when it was closed."""

    code = "MONTH_CLOSED"
    title = "该月已经结账"
    default_detail = "已批准的月报可以走更正流程；结账时未报的，请提请市级重开该月后再报。"


class MonthNotClosedError(StateConflictError):
    code = "MONTH_NOT_CLOSED"
    title = "该月还没有结账"
    default_detail = "只有已结账的月份才能重开；请核对月份。"


class ProposalOpenError(StateConflictError):
    code = "PROPOSAL_OPEN"
    title = "该月已有待批准的申请"
    default_detail = "请先由另一人批准或驳回已有的申请，或由申请人撤回后重新申请。"


class ProposalDecidedError(StateConflictError):
    code = "PROPOSAL_DECIDED"
    title = "该申请已经办结"
    default_detail = "已批准、已驳回或已撤回的申请不能再次办理；请查询最新状态。"


class CloseFourEyesError(DomainError):
    kind = Kind.CONFLICT
    code = "FOUR_EYES"
    title = "同一人不能办理两个环节"
    default_detail = "结账和重开的申请、批准应由两人分别办理；请换由另一位同事批准。"


class NotCityAccountError(DomainError):
    kind = Kind.FORBIDDEN
    code = "NOT_CITY_LEVEL"
    title = "结账由市级办理"
    default_detail = "县（市、区）账号不能结账或重开；请提请市级办理。"
