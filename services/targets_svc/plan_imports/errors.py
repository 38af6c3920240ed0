"""What can go wrong with a file; conflicts inside the table are a result, not an error."""

from kit.errors import DomainError, Kind, NotFoundError, ValidationFailedError


class FileTooLargeError(DomainError):
    kind = Kind.TOO_LARGE
    code = "PLAN_FILE_TOO_LARGE"
    title = "文件过大"
    default_detail = "分解表文件不应超过2 MB；请只保留分解表所在的工作表后重新导入。"


class FileUnreadableError(ValidationFailedError):
    code = "PLAN_FILE_UNREADABLE"
    title = "文件无法读取"
    default_detail = "请用Excel或WPS打开后另存为xlsx，或另存为csv，再重新导入。"
    next_step = "请用表格软件打开，另存为新的工作簿后重新导入。"


class FileSuspectError(ValidationFailedError):
    """A file built to exhaust its reader; nothing of it was unpacked beyond the limits."""

    code = "PLAN_FILE_SUSPECT"
    title = "文件结构异常，未予读取"
    default_detail = "文件解压后的大小、单元格数量或内部结构超出分解表应有的范围；请新建工作簿，只复制分解表后再导入。"


class AnnexNotFoundError(ValidationFailedError):
    code = "ANNEX_NOT_FOUND"
    title = "没有找到分解表"
    default_detail = "前30行内没有“单位”和各项指标名称组成的表头；请核对工作表和表头后再导入。"


class PlanImportNotFoundError(NotFoundError):
    code = "PLAN_IMPORT_NOT_FOUND"
    title = "没有这次导入"
    default_detail = "请核对导入编号；只有经办人本人能查看自己的导入。"
