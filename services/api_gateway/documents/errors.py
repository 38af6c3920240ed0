"""Why there is no document."""

from kit.errors import DomainError


class DocumentConflictError(DomainError):
    """Two services use one name for two things; a fault of theirs that must be seen, not papered over."""

    code = "DOCUMENT_CONFLICT"
    title = "接口文档有冲突"
    default_detail = "两个服务使用了同一个名称，无法合并，请联系开发单位。"
