"""What can go wrong with standards."""

from kit.errors import DomainError, Kind, NotFoundError, StateConflictError, ValidationFailedError


class StandardNotFoundError(NotFoundError):
    code = "STANDARD_NOT_FOUND"
    title = "没有这一版评价标准"
    default_detail = "编号不存在；请在评价标准列表中核对。"


class StandardInvalidError(ValidationFailedError):
    code = "STANDARD_INVALID"
    title = "评价标准未通过校验"
    default_detail = "请按 errors 中的提示修改后重新提交；没有保存任何内容。"


class CourseInvalidError(ValidationFailedError):
    code = "COURSE_INVALID"
    title = "无法按这些条件推算时序曲线"


class CourseUnknownError(NotFoundError):
    code = "COURSE_UNKNOWN"
    title = "往年数据不完整，无法推算时序曲线"
    default_detail = "所查年度没有全市完整的已批准数据；请改查其他年度。"


class StandardPublishedError(StateConflictError):
    code = "STANDARD_PUBLISHED"
    title = "这一版评价标准已经公布"
    default_detail = "公布后不再修改；如需调整，请起草新的一版。"


class StandardFourEyesError(DomainError):
    kind = Kind.CONFLICT
    code = "FOUR_EYES"
    title = "同一人不能办理两个环节"
    default_detail = "评价标准的起草和公布应由两人分别办理；请换由另一位同事公布。"
