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
    default_detail = "同一参数自同一天起只能公布一个值；如需调整，请提出自其他日期起施行的新值。"


class SamePersonError(DomainError):
    kind = Kind.CONFLICT
    code = "FOUR_EYES"
    title = "提出人不能自己公布"
    default_detail = "参数值应由另一人核对后公布；请换由另一位同事办理。"


class VersionUnknownError(ValidationFailedError):
    code = "CATALOGUE_VERSION_UNKNOWN"
    title = "没有这个版本的目录"
    default_detail = "请核对目录版本，或不填以按现行版本查询。"
