"""Wire types of the administration."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from kit.http.wire import Code, RequestModel, ResponseModel, ShortText, Text

ClientId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=64)]
DeviceId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=64)]
Scope = Annotated[str, StringConstraints(pattern=r"^[a-z-]+(\.[a-z-]+){1,2}$", max_length=64)]
Kind = Annotated[str, StringConstraints(pattern=r"^[A-Z_]+$", max_length=32)]
# A subject is a client id, or `device:…`, or `provider:…` of somebody who signed in elsewhere.
Subject = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]*$", max_length=128)]

_KEY: dict[str, Any] = {
    "slot": 1,
    "fingerprint": None,
    "created_at": "2026-01-05T01:00:00Z",
    "created_by": "security-admin",
}
_CLIENT: dict[str, Any] = {
    "id": "platform-2",
    "name": "互联网+平台二期",
    "kind": "INTEGRATOR",
    "scopes": ["eligibility.check.run", "targets.plan.read"],
    "unit": None,
    "bank": None,
    "is_disabled": False,
    "keys": [_KEY],
    "version": 1,
    "created_at": "2026-01-05T01:00:00Z",
    "created_by": "security-admin",
    "updated_at": "2026-01-05T01:00:00Z",
}
_SECRET = "仅此一次显示，请立即转交"  # noqa: S105  an example that is none
_DEVICE: dict[str, Any] = {
    "id": "hall-01",
    "name": "一楼大厅一号机",
    "place": "市政务服务大厅一楼东侧",
    "unit": None,
    "state": "ACTIVE",
    "fingerprint": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
    "version": 3,
    "created_at": "2026-01-05T01:00:00Z",
    "created_by": "admin",
    "approved_by": "security-admin",
    "updated_at": "2026-01-05T01:20:00Z",
}


def _shown(*examples: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": list(examples)})


class ClientCreate(RequestModel):
    """A new client; without `scopes` it gets all that its kind may hold."""

    model_config = RequestModel.model_config | _shown(
        {"id": "platform-2", "name": "互联网+平台二期", "kind": "INTEGRATOR", "scopes": ["targets.plan.read"]}
    )

    id: ClientId
    name: ShortText
    kind: Kind
    scopes: list[Scope] | None = Field(default=None, min_length=1, max_length=200)
    unit: Code | None = None
    bank: Code | None = None


class ClientChange(RequestModel):
    """What shall be different; its kind and its id stay."""

    model_config = RequestModel.model_config | _shown({"name": "互联网+平台", "scopes": ["targets.plan.read"]})

    name: ShortText | None = None
    scopes: list[Scope] | None = Field(default=None, min_length=1, max_length=200)
    unit: Code | None = None
    bank: Code | None = None


class ReasonGiven(RequestModel):
    """Why; it goes into the audit trail."""

    model_config = RequestModel.model_config | _shown({"reason": "密钥疑似泄露，合作单位来函请求停用"})

    reason: Text


class KeyRead(ResponseModel):
    """A key's place: of a secret, which is kept nowhere, or of a public key with its fingerprint (RFC 7638)."""

    model_config = ResponseModel.model_config | _shown(
        _KEY | {"slot": 2, "fingerprint": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"}
    )

    slot: int
    fingerprint: str | None
    created_at: datetime
    created_by: str


class ClientRead(ResponseModel):
    """A client as it stands."""

    model_config = ResponseModel.model_config | _shown(_CLIENT)

    id: str
    name: str
    kind: str
    scopes: list[str]
    unit: str | None
    bank: str | None
    is_disabled: bool
    keys: list[KeyRead]
    version: int
    created_at: datetime
    created_by: str
    updated_at: datetime


class ClientsRead(ResponseModel):
    """A page of clients by id."""

    model_config = ResponseModel.model_config | _shown({"items": [_CLIENT], "next": None})

    items: list[ClientRead]
    next: str | None


class ClientCreated(ClientRead):
    """With its secret, which is shown this once."""

    model_config = ResponseModel.model_config | _shown(_CLIENT | {"client_secret": _SECRET})

    client_secret: str


class KeyCreated(KeyRead):
    """With the secret, which is shown this once."""

    model_config = ResponseModel.model_config | _shown(_KEY | {"slot": 2, "client_secret": _SECRET})

    client_secret: str


class PublicJwk(RequestModel):
    """The public half of an Ed25519 key (RFC 8037)."""

    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    x: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$", max_length=43)]


class PublicKeyCreate(RequestModel):
    """With it the client signs what it proves itself by; the private half stays with the client."""

    model_config = RequestModel.model_config | _shown(
        {"public_key": {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}}
    )

    public_key: PublicJwk


class RevocationCreate(RequestModel):
    """All tokens of a subject that were issued until now, or one token by its `jti`."""

    model_config = RequestModel.model_config | _shown(
        {"subject": "platform", "reason": "密钥疑似泄露"},
        {"token_id": "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d", "reason": "误发给他人"},
    )

    subject: Subject | None = None
    # Strict pydantic takes no text for a UUID in Python mode; the pattern is the check.
    token_id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")] | None = None
    reason: Text

    @property
    def token_uuid(self) -> UUID | None:
        return UUID(self.token_id) if self.token_id else None


class RevocationRead(ResponseModel):
    """Since when it counts."""

    model_config = ResponseModel.model_config | _shown(
        {"subject": "platform", "token_id": None, "revoked_at": "2026-01-05T01:00:00Z"}
    )

    subject: str | None
    token_id: UUID | None
    revoked_at: datetime


class RoleRead(ResponseModel):
    """What a kind of client may do at most."""

    kind: str
    title: str
    scopes: list[str]
    rows_of: str | None


class RolesRead(ResponseModel):
    """All kinds."""

    model_config = ResponseModel.model_config | _shown(
        {
            "items": [
                {
                    "kind": "KIOSK",
                    "title": "自助服务终端",
                    "scopes": ["eligibility.catalogue.read", "eligibility.check.run"],
                    "rows_of": None,
                }
            ]
        }
    )

    items: list[RoleRead]


class DeviceCreate(RequestModel):
    """A kiosk that will be enrolled."""

    model_config = RequestModel.model_config | _shown(
        {"id": "hall-01", "name": "一楼大厅一号机", "place": "市政务服务大厅一楼东侧"}
    )

    id: DeviceId
    name: ShortText
    place: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    unit: Code | None = None


class DeviceRead(ResponseModel):
    """A kiosk as it stands; `fingerprint` is RFC 7638 of its key, as its own screen shows it."""

    model_config = ResponseModel.model_config | _shown(_DEVICE)

    id: str
    name: str
    place: str
    unit: str | None
    state: str
    fingerprint: str | None
    version: int
    created_at: datetime
    created_by: str
    approved_by: str | None
    updated_at: datetime


class DevicesRead(ResponseModel):
    """A page of kiosks by id."""

    model_config = ResponseModel.model_config | _shown({"items": [_DEVICE], "next": None})

    items: list[DeviceRead]
    next: str | None


class EnrolmentCodeRead(DeviceRead):
    """With the code that is typed in at the kiosk: once, within 15 minutes."""

    model_config = ResponseModel.model_config | _shown(
        _DEVICE
        | {
            "state": "NEW",
            "fingerprint": None,
            "approved_by": None,
            "version": 1,
            "enrolment_code": "7KQ2-M9XD-4HTR",
            "expires_at": "2026-01-05T01:15:00Z",
        }
    )

    enrolment_code: str
    expires_at: datetime


class DeviceApproval(RequestModel):
    """The fingerprint that the kiosk's screen shows."""

    model_config = RequestModel.model_config | _shown({"fingerprint": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"})

    fingerprint: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$", max_length=43)]
