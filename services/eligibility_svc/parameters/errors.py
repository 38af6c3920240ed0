"""What can go wrong with a parameter of the bureau."""

from kit.errors import DomainError, Kind, NotFoundError, StateConflictError, ValidationFailedError


class ParameterNotFoundError(NotFoundError):
    code = "PARAMETER_NOT_FOUND"
    title = "没有这项参数值"
    default_detail = "没有这个编号的参数值；请查询该措施的参数后再办理。"


class ParameterInvalidError(ValidationFailedError):
    code = "PARAMETER_INVALID"
    title = "参数值有误"
    default_detail = "请按 errors 中的提示修改后重新提交。"


class AlreadyPublishedError(StateConflictError):
    code = "PARAMETER_PUBLISHED"
    title = "该日起的标准已经公布"
    default_detail = "同一参数自同一天起只有一个现行值；更正须写明被更正的值，调整请另定施行日期。"


class ProposalRejectedError(StateConflictError):
    code = "PARAMETER_REJECTED"
    title = "这项提议已经退回"
    default_detail = "已退回的提议不能再公布或退回；请按退回原因重新提出。"


class SamePersonError(DomainError):
    kind = Kind.CONFLICT
    code = "FOUR_EYES"
    title = "提出人不能自己公布"
    default_detail = "参数值应由另一人核对后公布；请换由另一位同事办理。"


class VersionUnknownError(ValidationFailedError):
    code = "CATALOGUE_VERSION_UNKNOWN"
    title = "没有这个版本的目录"
    default_detail = "请核对目录版本，或不填以按现行版本查询。"
