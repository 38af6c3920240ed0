"""Optimistic locking on single resources, and tables that are not sent twice (RFC 9110 §13, RFC 6585)."""

import hashlib
from typing import Annotated, Any

from fastapi import Header
from starlette.responses import Response

from kit.http.errors import IfMatchRequiredError, VersionStaleError

IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", description="上次查询得到的ETag；内容已被他人更新时返回412。", max_length=200),
]

IfNoneMatch = Annotated[
    str | None,
    Header(alias="If-None-Match", description="上次得到的ETag；数据未变时返回304", max_length=1000),
]
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "与If-None-Match的版本相同"}}


def set_etag(response: Response, version: int | str) -> None:
    """Puts a row's version into the answer."""
    response.headers["ETag"] = f'"{version}"'


def check_if_match(header: str | None, version: int | str, *, required: bool) -> None:
    """Compares the caller's version with the row's.

    Raises:
        IfMatchRequiredError: required and absent (428).
        VersionStaleError: another version (412).
    """
    if header is None:
        if required:
            raise IfMatchRequiredError
        return
    if header.strip() == "*":
        return
    if f'"{version}"' not in [part.strip() for part in header.split(",")]:
        raise VersionStaleError


def answer_table(body: bytes, if_none_match: str | None, *, cells: bytes | None = None) -> Response:
    """A table as JSON, or 304 when the caller has exactly this one; its ETag is the hash of its cells.

    Args:
        cells: what is hashed, when the body says more than the table: the instant of asking.
    """
    etag = f'"{hashlib.sha256(body if cells is None else cells).hexdigest()[:32]}"'
    # May be kept by the caller alone, and asked for again each time.
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    known = [part.strip().removeprefix("W/") for part in (if_none_match or "").split(",")]
    if etag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")
