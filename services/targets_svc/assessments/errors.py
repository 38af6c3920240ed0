"""What can go wrong with an assessment."""

from kit.errors import DomainError, Kind, NotFoundError, StateConflictError


class RuleSetNotFoundError(NotFoundError):
    code = "RULE_SET_NOT_FOUND"
    title = "没有这套考核规则"
    default_detail = "该年度没有这套规则；请查询可用的规则后重试。"


class FindingNotFoundError(NotFoundError):
    code = "FINDING_NOT_FOUND"
    title = "没有这一查实记录"
    default_detail = "编号或单位不存在，或您无权查看；请在查实记录列表中核对。"


class FindingConfirmedError(StateConflictError):
    code = "FINDING_CONFIRMED"
    title = "这一查实记录已经确认"
    default_detail = "确认后不再修改；有误的请提出撤销，由另一人确认。"


class FindingNotConfirmedError(StateConflictError):
    code = "FINDING_NOT_CONFIRMED"
    title = "这一查实记录尚未确认"
    default_detail = "尚未确认的可以直接撤回，不需要撤销。"


class RevocationOpenError(StateConflictError):
    code = "REVOCATION_OPEN"
    title = "这一查实记录已有撤销"
    default_detail = "已经撤销，或已提出撤销、等待另一人确认；请查看该记录。"


class RevocationNotFoundError(NotFoundError):
    code = "REVOCATION_NOT_FOUND"
    title = "没有待确认的撤销"
    default_detail = "这一查实记录没有待确认的撤销；请在查实记录列表中查看最新情况。"


class PublicationNotFoundError(NotFoundError):
    code = "PUBLICATION_NOT_FOUND"
    title = "没有这一考核结果"
    default_detail = "编号不存在，或尚未发布；请在考核结果列表中核对。"


class PublicationPublishedError(StateConflictError):
    code = "PUBLICATION_PUBLISHED"
    title = "这一考核结果已经发布"
    default_detail = "发布后不再修改；如需更正，请重新拟定后另行发布。"


class AssessmentFourEyesError(DomainError):
    """Drawing up and publishing, entering and confirming are two people's work."""

    kind = Kind.CONFLICT
    code = "FOUR_EYES"
    title = "同一人不能办理两个环节"
    default_detail = "拟定与发布、登记与确认、提出撤销与确认撤销应由两人分别办理；请换由另一位同事办理。"
