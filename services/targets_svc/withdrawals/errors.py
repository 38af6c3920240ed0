"""What can go wrong with what was taken back."""

from kit.errors import StateConflictError


class WithdrawnError(StateConflictError):
    code = "WITHDRAWN"
    title = "已经撤回"
    default_detail = "已撤回的不能再办理，原因见撤回记录；如仍需办理，请重新提交。"
