"""What can go wrong with a register and with reading its results."""

from kit.errors import DomainError, Kind, NotFoundError, StateConflictError, ValidationFailedError


class RegisterTooLargeError(DomainError):
    kind = Kind.TOO_LARGE
    code = "REGISTER_TOO_LARGE"
    title = "名册文件过大"
    default_detail = "名册文件不能超过32 MiB；请拆分后分别提交，或改用parquet格式。"
    next_step = "请把名册拆成几份，分别提交。"


class RegisterUnreadableError(ValidationFailedError):
    code = "REGISTER_UNREADABLE"
    title = "名册无法读取"
    default_detail = "请另存为csv（UTF-8）、xlsx或parquet后重新提交。"


class ScreeningNotFoundError(NotFoundError):
    code = "SCREENING_NOT_FOUND"
    title = "没有这次筛查"
    default_detail = "请核对筛查编号；只有提交人本人能查看，结果保存30天。"


class ScreeningUnfinishedError(StateConflictError):
    code = "SCREENING_UNFINISHED"
    title = "筛查尚未完成"
    default_detail = "请先查询筛查进度，完成后再查看结果。"


class RowNotFoundError(NotFoundError):
    code = "SCREENING_ROW_NOT_FOUND"
    title = "没有这一行"
    default_detail = "名册中没有这一行，或这一行因内容有误未参加筛查；请核对行号。"


class ListTooLongError(StateConflictError):
    code = "SCREENING_LIST_TOO_LONG"
    title = "名单过长"
    default_detail = "名单超过5万行；请按县（市、区）、结果或工作清单分别下载，或下载全部结果（parquet）。"
    next_step = "请分县（市、区）下载名单。"


class CatalogueChangedError(StateConflictError):
    code = "CATALOGUE_CHANGED"
    title = "政策目录已更新"
    default_detail = "这次筛查以后政策目录有更新，逐行说明可能与筛查结果不同；请重新筛查。"
