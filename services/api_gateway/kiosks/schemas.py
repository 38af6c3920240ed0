"""Wire types of the kiosk calls."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, StringConstraints

from kit.http.wire import RequestModel, ResponseModel

_X = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
_FINGERPRINT = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def _shown(example: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [example]})


class EnrolmentCreate(RequestModel):
    """The code that an admin was given; the key is the one that the DPoP proof proves."""

    model_config = RequestModel.model_config | _shown({"code": "7KQ2-M9XD-4HTR"})

    code: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9 -]{12,20}$", max_length=20)]


class EnrolmentRead(ResponseModel):
    """The kiosk shows the fingerprint until an admin has compared and approved it."""

    model_config = ResponseModel.model_config | _shown(
        {"device_id": "hall-01", "state": "ENROLLED", "fingerprint": _FINGERPRINT}
    )

    device_id: str
    state: str
    fingerprint: str


class SessionCreate(RequestModel):
    """How the person was recognised. Card data and pictures stay in the device."""

    model_config = RequestModel.model_config | _shown({"method": "ID_CARD"})

    method: Literal["ID_CARD", "FACE", "NATIONAL_ID", "ELECTRONIC_SOCIAL_CARD"]


class SessionRead(ResponseModel):
    """A token of a person's session, bound to the device's key."""

    model_config = ResponseModel.model_config | _shown(
        {
            "session_id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d",
            "access_token": "eyJhbGciOiJFZDI1NTE5IiwidHlwIjoiYXQrand0In0.eyJzdWIiOiJzZXNzaW9uIn0.c2ln",
            "token_type": "DPoP",
            "expires_in": 300,
            "idle_seconds": 60,
            "warning_seconds": 45,
            "scope": "eligibility.check.run",
        }
    )

    session_id: str
    access_token: str
    token_type: str
    expires_in: int
    idle_seconds: int
    warning_seconds: int
    scope: str


class SecondsRead(ResponseModel):
    """How long a session lasts, in seconds."""

    session: int
    idle: int
    warning: int


class TextsRead(ResponseModel):
    """What stands on the screens."""

    welcome: str
    privacy: str
    idle_warning: str
    ended: str
    help: str


class ElderModeRead(ResponseModel):
    """Sizes of the mode for older people."""

    text_pt: int
    largest_text_pt: int
    touch_target_dp: int


class KioskConfigRead(ResponseModel):
    """Everything that a kiosk needs before its first screen."""

    model_config = ResponseModel.model_config | _shown(
        {
            "version": "9f86d081884c7d65",
            "minimum_client_version": "1.0.0",
            "seconds": {"session": 300, "idle": 60, "warning": 45},
            "texts": {
                "welcome": "欢迎使用就业服务自助终端",
                "privacy": "您的信息仅用于办理本次业务，离开后屏幕自动清空。",
                "idle_warning": "长时间没有操作，即将为您退出。",
                "ended": "您已安全退出，请取走证件。",
                "help": "需要帮助请拨打12333。",
            },
            "elder_mode": {"text_pt": 18, "largest_text_pt": 30, "touch_target_dp": 60},
            "measures": ["startup-grant"],
        }
    )

    version: str
    minimum_client_version: str
    seconds: SecondsRead
    texts: TextsRead
    elder_mode: ElderModeRead
    measures: list[str]
