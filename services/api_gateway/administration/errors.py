"""Refusals of the administration."""

from kit.errors import Kind, NotFoundError, StateConflictError, ValidationFailedError


class ClientInvalidError(ValidationFailedError):
    code = "CLIENT_ENTRY_INVALID"
    title = "客户端信息有误"


class ClientNotFoundError(NotFoundError):
    code = "CLIENT_NOT_FOUND"
    title = "没有这个客户端"
    default_detail = "没有这个编号的客户端，请核对编号。"


class ClientExistsError(StateConflictError):
    code = "CLIENT_EXISTS"
    title = "客户端编号已被使用"
    default_detail = "请换一个编号，或修改已有的客户端。"


class KeyLimitError(StateConflictError):
    code = "CLIENT_KEYS_FULL"
    title = "已有两个密钥"
    default_detail = "同一客户端最多同时有两个密钥；请先停用旧密钥，再生成新的。"


class KeyNotFoundError(NotFoundError):
    code = "CLIENT_KEY_NOT_FOUND"
    title = "没有这个密钥"
    default_detail = "该客户端没有这个密钥，请核对密钥序号。"


class LastKeyError(StateConflictError):
    code = "CLIENT_LAST_KEY"
    title = "不能停用唯一的密钥"
    default_detail = "停用后该客户端将无法登录；请先生成新密钥，或停用整个客户端。"


class OwnAccountError(StateConflictError):
    kind = Kind.CONFLICT
    code = "OWN_ACCOUNT"
    title = "不能停用或修改自己"
    default_detail = "为避免误操作后无人能够恢复，请由另一位管理员办理。"


class DeviceNotFoundError(NotFoundError):
    code = "DEVICE_NOT_FOUND"
    title = "没有这台终端"
    default_detail = "没有这个编号的终端，请核对编号。"


class DeviceExistsError(StateConflictError):
    code = "DEVICE_EXISTS"
    title = "终端编号已被使用"
    default_detail = "请换一个编号，或为已有的终端重新生成登记码。"


class DeviceStateError(StateConflictError):
    code = "DEVICE_STATE_CONFLICT"
    title = "终端当前状态不能办理此项操作"
    default_detail = "请查询终端的最新状态，再决定下一步。"


class DeviceFourEyesError(StateConflictError):
    code = "FOUR_EYES"
    title = "同一人不能办理两个环节"
    default_detail = "终端的登记与批准应由两人分别办理；请换由另一位管理员批准。"


class FingerprintDiffersError(StateConflictError):
    code = "FINGERPRINT_DIFFERS"
    title = "终端密钥指纹不一致"
    default_detail = "请与终端屏幕上显示的指纹逐位核对；不一致时不要批准，请重新生成登记码。"
