"""Why a file of events is not taken."""

from kit.errors import DomainError, Kind, NotFoundError, StateConflictError, ValidationFailedError


class UploadNotFoundError(NotFoundError):
    code = "UPLOAD_NOT_FOUND"
    title = "没有这次上传"
    default_detail = "编号不存在，或您无权查看；请核对编号。"


class UploadRepeatedError(StateConflictError):
    """Rule N14: the same bytes, taken before."""

    code = "UPLOAD_REPEATED"
    title = "这个文件已经上传过"
    default_detail = "文件内容与以前的一次上传完全相同，没有重复处理；请到Location响应头的地址查看那一次的结果。"
    next_step = "没有重复处理；请查看前一次上传的结果。"


class ResultNotReadyError(StateConflictError):
    code = "RESULT_NOT_READY"
    title = "结果文件还没有生成"
    default_detail = "任务尚未结束，请等任务结束后再下载。"


class FileTooLargeError(DomainError):
    kind = Kind.TOO_LARGE
    code = "FILE_TOO_LARGE"
    title = "文件太大"
    default_detail = "csv和ndjson不超过512 MB，xlsx不超过20 MB（解压后100 MB）；请拆分，或改用csv。"
    next_step = "请拆成几个文件，分别上传。"


class FileUnreadableError(ValidationFailedError):
    """The file as a whole; nothing of it is stored."""

    code = "FILE_UNREADABLE"
    title = "文件无法读取"
    default_detail = "请检查文件格式和表头后重新上传。"


class UploadHasErrorsError(ValidationFailedError):
    """One wrong row stops the whole file (mode ALL_OR_NOTHING)."""

    code = "UPLOAD_HAS_ERRORS"
    title = "文件中有错误，没有登记任何一行"
    default_detail = "请按结果文件中的提示修改后重新上传；如只想登记正确的行，请选择mode=VALID_ROWS。"
