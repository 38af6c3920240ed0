"""`/api/v1/kiosk`: enrolment, tokens, sessions, and what the screens show."""

from typing import Annotated

from fastapi import Depends, Header, Request, Response

from api_gateway.identity.errors import DeviceDisabledError
from api_gateway.identity.proof import Proof, ProofInvalidError
from api_gateway.identity.schemas import TokenRead
from api_gateway.kiosks import service
from api_gateway.kiosks.configuration import kiosk_configuration
from api_gateway.kiosks.errors import DeviceRequiredError, EnrolmentCodeError, NoSessionError
from api_gateway.kiosks.schemas import EnrolmentCreate, EnrolmentRead, KioskConfigRead, SessionCreate, SessionRead
from api_gateway.limits.own_calls import open_to_strangers
from api_gateway.store.dependencies import Changing
from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.http.etags import set_etag
from kit.http.problems import problems
from kit.http.routing import Router

router = Router(prefix="/api/v1/kiosk", tags=["自助终端"])

ConfigReader = Annotated[Principal, requires("kiosk.config.read")]
SessionOpener = Annotated[Principal, requires("kiosk.session.open")]
SessionCloser = Annotated[Principal, requires("kiosk.session.close")]
ProofHeader = Annotated[
    str | None,
    Header(
        alias="DPoP",
        max_length=2048,
        description="终端密钥（Ed25519）对本次请求的证明，RFC 9449；30秒内有效，只能使用一次。",
    ),
]

_CACHED = "private, max-age=3600"


def _kiosks(request: Request) -> service.Kiosks:
    kiosks: service.Kiosks = request.app.state.kiosks
    return kiosks


def _proof(request: Request, jwt: str | None) -> Proof | None:
    return None if jwt is None else Proof(jwt, request.method, request.url.path)


@router.post(
    "/enrolments",
    dependencies=[Depends(open_to_strangers)],
    operation_id="enrol_device",
    summary="终端用登记码报上自己的公钥",
    description="请求须带DPoP证明，证明所用的密钥即为终端的密钥。终端随后显示指纹，等待管理员核对批准。",
    responses=problems(EnrolmentCodeError, ProofInvalidError),
)
async def enrol_device(
    request: Request, body: EnrolmentCreate, tx: Changing, dpop: ProofHeader = None
) -> EnrolmentRead:
    public_key = _kiosks(request).key_of(_proof(request, dpop))
    return EnrolmentRead.model_validate(await service.enrol(tx, body.code, public_key))


@router.post(
    "/tokens",
    operation_id="issue_device_token",
    summary="终端凭密钥换取令牌",
    description="令牌5分钟有效，与终端密钥绑定：以后每个请求用Authorization: DPoP令牌，并带新的DPoP证明（含ath）。",
    responses=problems(ProofInvalidError, DeviceDisabledError),
)
async def issue_device_token(request: Request, dpop: ProofHeader = None) -> TokenRead:
    principal, key = await _kiosks(request).device(_proof(request, dpop))
    request.app.state.own_limits.take(principal)
    return _kiosks(request).token_for(principal, key)


@router.get(
    "/config",
    operation_id="get_kiosk_config",
    summary="终端的显示内容和时限",
    description="带上次的ETag（If-None-Match）查询，未变化时返回304。",
    response_model=KioskConfigRead,
    responses=problems(DeviceDisabledError) | {304: {"description": "内容没有变化"}},
)
async def get_kiosk_config(
    _: ConfigReader,
    response: Response,
    if_none_match: Annotated[str | None, Header(max_length=200, description="上次的ETag")] = None,
) -> KioskConfigRead | Response:
    found = kiosk_configuration()
    if if_none_match is not None and f'"{found.version}"' in [part.strip() for part in if_none_match.split(",")]:
        return Response(status_code=304, headers={"ETag": f'"{found.version}"', "Cache-Control": _CACHED})
    set_etag(response, found.version)
    response.headers["Cache-Control"] = _CACHED
    return KioskConfigRead.model_validate(found.content | {"version": found.version})


@router.post(
    "/sessions",
    status_code=201,
    operation_id="open_kiosk_session",
    summary="为办事人开始一次会话",
    description="会话最长5分钟，60秒无操作即结束；令牌与终端密钥绑定。证件和人脸数据不上传。",
    responses=problems(DeviceDisabledError, DeviceRequiredError),
)
async def open_kiosk_session(request: Request, body: SessionCreate, principal: SessionOpener) -> SessionRead:
    session, token = _kiosks(request).begin_session(principal)
    seconds = kiosk_configuration().content["seconds"]
    return SessionRead(
        session_id=session,
        access_token=token.access_token,
        token_type=token.token_type,
        expires_in=token.expires_in,
        idle_seconds=seconds["idle"],
        warning_seconds=seconds["warning"],
        scope=token.scope,
    )


@router.delete(
    "/sessions/current",
    status_code=204,
    operation_id="close_kiosk_session",
    summary="办事人退出",
    description="令牌立即失效；60秒无操作也会自动结束。",
    responses=problems(NoSessionError),
)
async def close_kiosk_session(request: Request, principal: SessionCloser) -> None:
    await _kiosks(request).end_session(principal)
