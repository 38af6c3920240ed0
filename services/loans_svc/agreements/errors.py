"""What can go wrong with an agreement."""

from kit.errors import DomainError, Kind, NotFoundError, StateConflictError


class AgreementNotFoundError(NotFoundError):
    code = "AGREEMENT_NOT_FOUND"
    title = "没有这份银行协议"
    default_detail = "没有这份银行协议，或您无权查看；请核对编号。"


class AgreementConfirmedError(StateConflictError):
    code = "AGREEMENT_CONFIRMED"
    title = "这份协议已经确认"
    default_detail = "无需重复确认；内容有误的，请登记同一起始日的新协议并确认，以后确认的为准。"


class AgreementFourEyesError(DomainError):
    """Who enters an agreement does not confirm it."""

    kind = Kind.CONFLICT
    code = "FOUR_EYES"
    title = "同一人不能办理两个环节"
    default_detail = "登记与确认应由两人分别办理；请换由另一位同事确认。"
