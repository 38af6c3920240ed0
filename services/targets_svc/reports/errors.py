"""What can go wrong in the life of a report."""

from kit.errors import DomainError, Kind, NotFoundError, StateConflictError, ValidationFailedError


class ReportNotFoundError(NotFoundError):
    code = "REPORT_NOT_FOUND"
    title = "没有这份报表"
    default_detail = "该单位该月还没有报表，或您无权查看；请核对单位和月份。"


class NothingOfficialError(NotFoundError):
    code = "NOTHING_OFFICIAL"
    title = "当时还没有批准的数据"
    default_detail = "在所查的时间点，这份报表尚未批准；不带known_at可查看当前情况。"
    next_step = "请改查较晚的时间，或查看当前情况。"


class ReportInvalidError(ValidationFailedError):
    """Errors of rules R1–R12 and R18; the pointers of a workflow call point into the stored draft."""

    code = "REPORT_INVALID"
    title = "报表未通过校验"
    default_detail = "请按 errors 中的提示修改草稿后再办理。"


class TransitionRefusedError(StateConflictError):
    code = "REPORT_STATE_CONFLICT"
    title = "报表当前状态不能办理此项操作"
    default_detail = "请查询报表的最新状态，再决定下一步。"


class FourEyesError(DomainError):
    """Submission, review and approval are three people's work (targets design §5.4, R13)."""

    kind = Kind.CONFLICT
    code = "FOUR_EYES"
    title = "同一人不能办理两个环节"
    default_detail = "报送、审核、批准应由三人分别办理；请换由另一位同事办理本环节。"


class NotSubmitterError(DomainError):
    kind = Kind.FORBIDDEN
    code = "NOT_SUBMITTER"
    title = "只有报送人可以撤回"
    default_detail = "请由报送人撤回，或由审核人退回。"


class NotCityLevelError(DomainError):
    kind = Kind.FORBIDDEN
    code = "NOT_CITY_LEVEL"
    title = "报表由市级批准"
    default_detail = "本单位的报表不能由本单位批准，请提请市级批准。"
