"""The form of an upload, read before any transaction is open and never longer than a register may be."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, NamedTuple

from fastapi import Depends, Request
from pydantic import ValidationError

from eligibility_svc.screenings.domain import MAX_FILE
from eligibility_svc.screenings.errors import RegisterTooLargeError
from eligibility_svc.screenings.schemas import ScreeningCreate
from kit.errors import FieldError, ValidationFailedError
from kit.http.forms import FormInvalidError, kept_form
from kit.http.problems import validation_failed
from kit.http.strict_json import parse_json
from kit.http.validation import body_errors


class Upload(NamedTuple):
    """A file on disk for as long as the request lasts, and what is asked of it."""

    path: Path
    asked: ScreeningCreate


async def _upload(request: Request) -> AsyncIterator[Upload]:
    form = kept_form(request, texts=("request",), max_bytes=MAX_FILE, too_large=RegisterTooLargeError)
    async with form as (path, texts):
        if "request" not in texts:
            raise FormInvalidError(errors=[FieldError("/request", "REQUIRED", "请填写筛查要求（JSON）")])
        yield Upload(path, _asked(texts["request"]))


def _asked(text: str) -> ScreeningCreate:
    try:
        asked = ScreeningCreate.model_validate(parse_json(text.encode()))
    except ValidationError as error:
        raise ValidationFailedError(errors=body_errors(error)) from None
    validation_failed(asked.faults())
    return asked


RegisterUpload = Annotated[Upload, Depends(_upload)]
