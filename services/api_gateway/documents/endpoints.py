"""The documents, and the page on which to read them and try the calls."""

from pathlib import Path
from typing import Annotated, Any

import fastapi_offline
from fastapi import Path as PathParameter
from fastapi import Request
from starlette.responses import FileResponse, JSONResponse, Response

from api_gateway.documents.errors import DocumentConflictError
from api_gateway.documents.service import Documents
from api_gateway.forwarding.errors import UpstreamUnavailableError
from kit.http.errors import RouteNotFoundError
from kit.http.problems import problems
from kit.http.routing import Router

_HERE = Path(__file__).parent
_SWAGGER_UI = Path(fastapi_offline.__file__).parent / "static"
_ASSETS = {
    "docs.css": _HERE / "docs.css",
    "docs.js": _HERE / "docs.js",
    "favicon.png": _SWAGGER_UI / "favicon.png",
    "swagger-ui-bundle.js": _SWAGGER_UI / "swagger-ui-bundle.js",
    "swagger-ui.css": _SWAGGER_UI / "swagger-ui.css",
}
# Swagger UI sets styles from its script; nothing else may come from anywhere but here.
_PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
_DOCUMENT: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "OpenAPI 3.1文档",
        "content": {"application/json": {"schema": {"type": "object"}, "example": {"openapi": "3.1.0"}}},
    }
}

router = Router(tags=["接口文档"])


@router.get(
    "/openapi.json",
    operation_id="get_openapi",
    summary="全部接口的文档",
    description="网关与三个服务合并后的OpenAPI 3.1文档。有服务取不到文档时返回503，不会缺少一部分。",
    response_class=JSONResponse,
    responses=_DOCUMENT | problems(UpstreamUnavailableError, DocumentConflictError),
)
async def get_openapi(request: Request) -> Response:
    text = await _documents(request).merged(request.app.state.own_document)
    return Response(text, media_type="application/json")


@router.get(
    "/openapi/{service}.json",
    operation_id="get_service_openapi",
    summary="一个服务的接口文档",
    description="服务名：targets、eligibility、loans。",
    response_class=JSONResponse,
    responses=_DOCUMENT | problems(RouteNotFoundError, UpstreamUnavailableError),
)
async def get_service_openapi(
    request: Request, service: Annotated[str, PathParameter(description="服务名", examples=["targets"], max_length=32)]
) -> Response:
    documents = _documents(request)
    if service not in documents.services:
        raise RouteNotFoundError
    return JSONResponse(await documents.of_service(service))


@router.get("/docs", include_in_schema=False)
async def get_docs() -> Response:
    return FileResponse(_HERE / "docs.html", headers=_PAGE_HEADERS, media_type="text/html")


@router.get("/docs/assets/{name}", include_in_schema=False)
async def get_docs_asset(name: str) -> Response:
    if name not in _ASSETS:
        raise RouteNotFoundError
    headers = {"Cache-Control": "public, max-age=86400", "X-Content-Type-Options": "nosniff"}
    return FileResponse(_ASSETS[name], headers=headers)


def _documents(request: Request) -> Documents:
    documents: Documents = request.app.state.documents
    return documents
