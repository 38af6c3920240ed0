"""`/api/v1/admin`: clients, keys, revocations, roles, kiosks, and the audit trail."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Path, Request, Response

from api_gateway.administration import errors, service
from api_gateway.administration.schemas import (
    ClientChange,
    ClientCreate,
    ClientCreated,
    ClientId,
    ClientRead,
    ClientsRead,
    DeviceApproval,
    DeviceCreate,
    DeviceId,
    DeviceRead,
    DevicesRead,
    EnrolmentCodeRead,
    KeyCreated,
    KeyRead,
    PublicKeyCreate,
    ReasonGiven,
    RevocationCreate,
    RevocationRead,
    RoleRead,
    RolesRead,
)
from api_gateway.identity.domain import Role
from api_gateway.store import repository
from api_gateway.store.dependencies import Changing, Reading
from kit.audit.reading import Action, Actor, Object, read_entries, read_verification
from kit.audit.schemas import AuditEntriesRead, AuditVerificationRead
from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.http.errors import IfMatchRequiredError, VersionStaleError
from kit.http.etags import IfMatch, set_etag
from kit.http.paging import PageQuery
from kit.http.problems import problems
from kit.http.routing import Router

router = Router(prefix="/api/v1/admin", tags=["管理"])

ClientReader = Annotated[Principal, requires("admin.client.read")]
ClientWriter = Annotated[Principal, requires("admin.client.write")]
RoleReader = Annotated[Principal, requires("admin.role.read")]
Revoker = Annotated[Principal, requires("admin.token.revoke")]
DeviceReader = Annotated[Principal, requires("admin.device.read")]
DeviceWriter = Annotated[Principal, requires("admin.device.write")]
DeviceApprover = Annotated[Principal, requires("admin.device.approve")]
DeviceStopper = Annotated[Principal, requires("admin.device.disable")]
Auditor = Annotated[Principal, requires("audit.read")]
ClientPath = Annotated[ClientId, Path(description="客户端编号")]
DevicePath = Annotated[DeviceId, Path(description="终端编号")]
_STALE = (IfMatchRequiredError, VersionStaleError)


def _roles(request: Request) -> Mapping[str, Role]:
    roles: Mapping[str, Role] = request.app.state.roles
    return roles


@router.get(
    "/clients",
    operation_id="list_clients",
    summary="客户端列表",
    description="按编号排列，含已停用的；密钥本身不保存，也不显示。",
)
async def list_clients(_: ClientReader, tx: Reading, page: PageQuery) -> ClientsRead:
    position = page.after({}) or [""]
    rows = await repository.list_clients(tx, position[0], page.limit + 1)
    shown = rows[: page.limit]
    keys = await repository.keys_of(tx, [row["id"] for row in shown])
    items = [
        ClientRead.model_validate(dict(row) | {"keys": [service.with_fingerprint(key) for key in keys[row["id"]]]})
        for row in shown
    ]
    return ClientsRead(items=items, next=page.next([shown[-1]["id"]], {}) if len(rows) > page.limit else None)


@router.post(
    "/clients",
    status_code=201,
    operation_id="create_client",
    summary="新建客户端",
    description="密钥只在本次应答中显示一次，系统不保存明文。",
    responses=problems(errors.ClientInvalidError, errors.ClientExistsError),
)
async def create_client(
    request: Request, response: Response, body: ClientCreate, principal: ClientWriter, tx: Changing
) -> ClientCreated:
    secret = service.new_secret(1)
    secret_hash = await asyncio.to_thread(service.HASHER.hash, secret)
    made = await service.create_client(tx, principal, body, secret_hash, _roles(request))
    set_etag(response, made["version"])
    return ClientCreated.model_validate(made | {"client_secret": secret})


@router.get(
    "/clients/{client_id}",
    operation_id="get_client",
    summary="查询一个客户端",
    description="应答头ETag是它的版本，修改时作为If-Match带上。",
    responses=problems(errors.ClientNotFoundError),
)
async def get_client(client_id: ClientPath, _: ClientReader, tx: Reading, response: Response) -> ClientRead:
    found = await service.client_with_keys(tx, client_id)
    set_etag(response, found["version"])
    return ClientRead.model_validate(found)


@router.patch(
    "/clients/{client_id}",
    operation_id="change_client",
    summary="修改客户端的名称、权限或数据范围",
    description="只改请求中给出的成员，编号和种类不变；权限不能超出它的种类。自己的账号由别的管理员修改。",
    responses=problems(errors.ClientNotFoundError, errors.OwnAccountError, errors.ClientInvalidError, *_STALE),
)
async def change_client(
    client_id: ClientPath,
    request: Request,
    response: Response,
    body: ClientChange,
    principal: ClientWriter,
    tx: Changing,
    if_match: IfMatch = None,
) -> ClientRead:
    made = await service.change_client(tx, principal, client_id, body, if_match, _roles(request))
    set_etag(response, made["version"])
    return ClientRead.model_validate(made)


@router.post(
    "/clients/{client_id}/keys",
    status_code=201,
    operation_id="create_client_key",
    summary="生成第二个密钥",
    description="新旧密钥同时有效；客户端换用新密钥后，请停用旧密钥。密钥只显示一次。",
    responses=problems(errors.ClientNotFoundError, errors.KeyLimitError, *_STALE),
)
async def create_client_key(
    client_id: ClientPath, response: Response, principal: ClientWriter, tx: Changing, if_match: IfMatch = None
) -> KeyCreated:
    secret, slot, made = await service.add_key(tx, principal, client_id, if_match)
    set_etag(response, made["version"])
    (key,) = [key for key in made["keys"] if key["slot"] == slot]
    return KeyCreated.model_validate(dict(key) | {"client_secret": secret})


@router.post(
    "/clients/{client_id}/public-keys",
    status_code=201,
    operation_id="create_client_public_key",
    summary="登记客户端自己的公钥",
    description="客户端以后可用私钥签名换取令牌（private_key_jwt），私钥不出对方系统；可随后停用原有密钥。",
    responses=problems(errors.ClientNotFoundError, errors.KeyLimitError, *_STALE),
)
async def create_client_public_key(
    client_id: ClientPath,
    response: Response,
    body: PublicKeyCreate,
    principal: ClientWriter,
    tx: Changing,
    if_match: IfMatch = None,
) -> KeyRead:
    slot, made = await service.add_public_key(tx, principal, client_id, body.public_key.x, if_match)
    set_etag(response, made["version"])
    (key,) = [key for key in made["keys"] if key["slot"] == slot]
    return KeyRead.model_validate(key)


@router.delete(
    "/clients/{client_id}/keys/{slot}",
    status_code=204,
    operation_id="remove_client_key",
    summary="停用一个密钥",
    description="停用后不能再用它换取令牌；最后一个密钥不能停用，可停用客户端。",
    responses=problems(errors.ClientNotFoundError, errors.KeyNotFoundError, errors.LastKeyError, *_STALE),
)
async def remove_client_key(
    client_id: ClientPath,
    slot: Annotated[int, Path(ge=1, le=2, description="密钥序号")],
    principal: ClientWriter,
    tx: Changing,
    if_match: IfMatch = None,
) -> None:
    await service.remove_key(tx, principal, client_id, slot, if_match)


@router.post(
    "/clients/{client_id}/disabling",
    operation_id="disable_client",
    summary="停用客户端，已发令牌立即失效",
    description="不再签发令牌；可恢复。理由记入审计记录。",
    responses=problems(errors.ClientNotFoundError, errors.OwnAccountError),
)
async def disable_client(
    client_id: ClientPath, response: Response, body: ReasonGiven, principal: ClientWriter, tx: Changing
) -> ClientRead:
    made = await service.switch_client(tx, principal, client_id, is_disabled=True, reason=body.reason)
    set_etag(response, made["version"])
    return ClientRead.model_validate(made)


@router.post(
    "/clients/{client_id}/enabling",
    operation_id="enable_client",
    summary="恢复客户端",
    description="停用前签发的令牌不恢复，须重新换取。",
    responses=problems(errors.ClientNotFoundError, errors.OwnAccountError),
)
async def enable_client(
    client_id: ClientPath, response: Response, body: ReasonGiven, principal: ClientWriter, tx: Changing
) -> ClientRead:
    made = await service.switch_client(tx, principal, client_id, is_disabled=False, reason=body.reason)
    set_etag(response, made["version"])
    return ClientRead.model_validate(made)


@router.post(
    "/token-revocations",
    status_code=201,
    operation_id="revoke_tokens",
    summary="作废令牌",
    description="按主体作废此前签发的全部令牌，或按jti作废一个令牌；各网关进程约一秒内生效。",
)
async def revoke_tokens(body: RevocationCreate, principal: Revoker, tx: Changing) -> RevocationRead:
    return RevocationRead.model_validate(await service.revoke(tx, principal, body))


@router.get(
    "/roles",
    operation_id="list_roles",
    summary="角色及其权限",
    description="每种客户端最多可有的权限；rows_of说明它只能看到一个单位（unit）或一家银行（bank）的内容。",
)
async def list_roles(request: Request, _: RoleReader) -> RolesRead:
    items = [
        RoleRead(kind=kind, title=role.title, scopes=sorted(role.scopes), rows_of=role.rows_of)
        for kind, role in _roles(request).items()
    ]
    return RolesRead(items=items)


@router.get(
    "/devices", operation_id="list_devices", summary="自助终端列表", description="按编号排列，含未批准和已停用的。"
)
async def list_devices(_: DeviceReader, tx: Reading, page: PageQuery) -> DevicesRead:
    position = page.after({}) or [""]
    rows = await repository.list_devices(tx, position[0], page.limit + 1)
    shown = rows[: page.limit]
    items = [DeviceRead.model_validate(service.with_fingerprint(row)) for row in shown]
    return DevicesRead(items=items, next=page.next([shown[-1]["id"]], {}) if len(rows) > page.limit else None)


@router.post(
    "/devices",
    status_code=201,
    operation_id="create_device",
    summary="登记自助终端，取得登记码",
    description="登记码15分钟内在终端上输入一次；终端报上公钥后，由另一位管理员核对指纹并批准。",
    responses=problems(errors.DeviceExistsError),
)
async def create_device(body: DeviceCreate, principal: DeviceWriter, tx: Changing) -> EnrolmentCodeRead:
    return _with_code(*await service.create_device(tx, principal, body))


@router.get(
    "/devices/{device_id}",
    operation_id="get_device",
    summary="查询一台自助终端",
    description="fingerprint是终端公钥的指纹，与终端屏幕上显示的一致才可批准。",
    responses=problems(errors.DeviceNotFoundError),
)
async def get_device(device_id: DevicePath, _: DeviceReader, tx: Reading) -> DeviceRead:
    return DeviceRead.model_validate(await service.find_device(tx, device_id))


@router.post(
    "/devices/{device_id}/enrolment-codes",
    status_code=201,
    operation_id="renew_enrolment_code",
    summary="重新生成登记码",
    description="终端原有的密钥随即失效，须重新登记并批准。",
    responses=problems(errors.DeviceNotFoundError),
)
async def renew_enrolment_code(device_id: DevicePath, principal: DeviceWriter, tx: Changing) -> EnrolmentCodeRead:
    return _with_code(*await service.renew_code(tx, principal, device_id))


@router.post(
    "/devices/{device_id}/approval",
    operation_id="approve_device",
    summary="核对指纹后批准自助终端",
    description="填写终端屏幕上显示的指纹；登记终端的人不能批准。",
    responses=problems(
        errors.DeviceNotFoundError,
        errors.DeviceStateError,
        errors.DeviceFourEyesError,
        errors.FingerprintDiffersError,
    ),
)
async def approve_device(
    device_id: DevicePath, body: DeviceApproval, principal: DeviceApprover, tx: Changing
) -> DeviceRead:
    return DeviceRead.model_validate(await service.approve_device(tx, principal, device_id, body.fingerprint))


@router.post(
    "/devices/{device_id}/disabling",
    operation_id="disable_device",
    summary="停用自助终端，立即生效",
    description="其令牌和会话一秒内失效；重新生成登记码后可再登记。",
    responses=problems(errors.DeviceNotFoundError),
)
async def disable_device(
    device_id: DevicePath, body: ReasonGiven, principal: DeviceStopper, tx: Changing
) -> DeviceRead:
    return DeviceRead.model_validate(await service.disable_device(tx, principal, device_id, body.reason))


@router.get(
    "/audit-entries",
    operation_id="list_audit_entries",
    summary="审计记录，新的在前",
    description="客户端、密钥、令牌和终端的每次变动一条：谁、何时、做了什么、对谁，以及前后的内容。",
)
async def list_audit_entries(
    _: Auditor, tx: Reading, page: PageQuery, actor: Actor = None, object: Object = None, action: Action = None
) -> AuditEntriesRead:
    return await read_entries(tx, page, actor=actor, what=object, action=action)


@router.get(
    "/audit-verification",
    operation_id="verify_audit_trail",
    summary="核验审计记录是否完整、未被改动",
    description="逐条验算哈希链，指出第一处不符；请将head与日志中的audit.head核对。",
)
async def verify_audit_trail(_: Auditor, tx: Reading) -> AuditVerificationRead:
    return await read_verification(tx)


def _with_code(code: str, device: dict[str, Any]) -> EnrolmentCodeRead:
    return EnrolmentCodeRead.model_validate(device | {"enrolment_code": code, "expires_at": device["code_expires_at"]})
