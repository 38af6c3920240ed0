"""The form of an upload, read before any transaction is open and never longer than a register may be."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated

from fastapi import Depends, Request
from pydantic import ValidationError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

from eligibility_svc.screenings.domain import MAX_FILE
from eligibility_svc.screenings.errors import FormInvalidError, RegisterTooLargeError
from eligibility_svc.screenings.schemas import ScreeningCreate
from kit.errors import FieldError
from kit.http.errors import MediaTypeError
from kit.http.problems import validation_failed
from kit.http.strict_json import parse_json
from kit.http.validation import field_errors

_MAX_REQUEST = 64 * 1024
_PIECE = 1024 * 1024


class Upload:
    """A file on disk for as long as the request lasts, and what is asked of it."""

    def __init__(self, path: Path, asked: ScreeningCreate) -> None:
        self.path = path
        self.asked = asked


async def _upload(request: Request) -> AsyncIterator[Upload]:
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise MediaTypeError("请以multipart/form-data提交名册文件。")
    bounded = Request(request.scope, _bounded(request.receive, MAX_FILE + 2 * _MAX_REQUEST))
    async with _form(bounded) as (file, text):
        asked = _asked(text)
        with NamedTemporaryFile(prefix="register-") as kept:
            while piece := await file.read(_PIECE):
                kept.write(piece)
            kept.flush()
            yield Upload(Path(kept.name), asked)


def _bounded(receive: Receive, limit: int) -> Receive:
    read = 0

    async def bounded() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > limit:
            raise RegisterTooLargeError
        return message

    return bounded


@asynccontextmanager
async def _form(request: Request) -> AsyncIterator[tuple[UploadFile, str]]:
    try:
        form = await request.form(max_files=1, max_fields=1, max_part_size=_MAX_REQUEST)
    except HTTPException:
        raise FormInvalidError from None
    try:
        file, text = form.get("file"), form.get("request")
        if not isinstance(file, UploadFile) or not isinstance(text, str):
            raise FormInvalidError
        yield file, text
    finally:
        await form.close()


def _asked(text: str) -> ScreeningCreate:
    try:
        asked = ScreeningCreate.model_validate(parse_json(text.encode()))
    except ValidationError as error:
        found = field_errors({**each, "loc": ("body", *each["loc"])} for each in error.errors())
        faults: list[FieldError] = list(found)
        validation_failed(faults)
        raise
    validation_failed(asked.faults())
    return asked


RegisterUpload = Annotated[Upload, Depends(_upload)]
