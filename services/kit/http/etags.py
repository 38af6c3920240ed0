"""Optimistic locking on single resources: `ETag` out, `If-Match` in (RFC 9110 §13, RFC 6585)."""

from typing import Annotated

from fastapi import Header
from starlette.responses import Response

from kit.http.errors import IfMatchRequiredError, VersionStaleError

IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", description="上次查询得到的ETag；内容已被他人更新时返回412。", max_length=200),
]


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
