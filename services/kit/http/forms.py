"""Multipart forms with one file (RFC 7578), read as they arrive: its bytes go to whoever takes them."""

import errno
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from types import MappingProxyType
from typing import Any, TypeVar

import structlog
from fastapi import Request
from pydantic import BaseModel, ValidationError
from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.requests import ClientDisconnect

from kit.errors import DomainError, FieldError, ValidationFailedError
from kit.http.errors import BusyError, MediaTypeError
from kit.http.validation import body_errors

FILE = "file"
_MOST_TEXT = 64 * 1024
# A refusal sent while the client is still writing is lost in a connection reset: so much is read and thrown away.
_DRAINED = 8 * 1024 * 1024
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
Take = Callable[[bytes], Awaitable[None]]
Model = TypeVar("Model", bound=BaseModel)


class FormInvalidError(ValidationFailedError):
    code = "FORM_INVALID"
    title = "表单有误"
    default_detail = "请以multipart/form-data提交file（文件），并按提示填写其他字段。"


async def read_form(
    request: Request, take: Take, *, texts: Collection[str], max_bytes: int, too_large: type[DomainError]
) -> dict[str, str]:
    """Reads a form to its end and gives the texts that are not empty, by name; each is UTF-8.

    Args:
        take: gets the file's bytes, some at a time; once it has raised, what follows is thrown away, and the client is
            told when it has sent everything.
        texts: the names of the fields besides the file, 64 KiB in all.
        max_bytes: of the file.
        too_large: raised beyond that.

    Raises:
        MediaTypeError, FormInvalidError; `too_large`; what `take` raises.
    """
    reader, length = _reader(request, texts), 0
    refused: Exception | None = None
    try:
        async for chunk in request.stream():
            length += len(chunk)
            if length > max_bytes + _MOST_TEXT + _DRAINED:
                raise too_large(headers={"Connection": "close"})
            if refused is None:
                refused = await _taken(reader, chunk, take)
            if refused is None and reader.file_bytes > max_bytes:
                refused = too_large()
    except ClientDisconnect:
        raise FormInvalidError from None
    if refused is not None:
        raise refused
    return reader.texts()


async def _taken(reader: "_Reader", chunk: bytes, take: Take) -> Exception | None:
    try:
        for piece in reader.read(chunk):
            await take(piece)
    except Exception as error:  # noqa: BLE001  raised again when the client has sent everything
        return error
    return None


@asynccontextmanager
async def kept_form(
    request: Request, *, texts: Collection[str], max_bytes: int, too_large: type[DomainError]
) -> AsyncIterator[tuple[Path, dict[str, str]]]:
    """`read_form` with the file on the disk, as long as the block lasts."""
    try:
        with NamedTemporaryFile(prefix="form-") as kept:

            async def take(piece: bytes) -> None:
                kept.write(piece)

            read = await read_form(request, take, texts=texts, max_bytes=max_bytes, too_large=too_large)
            kept.flush()
            yield Path(kept.name), read
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        structlog.get_logger("kit.http").warning("body.not_kept", exc_info=error)
        raise BusyError from None


def parse_texts(model: type[Model], texts: Mapping[str, str]) -> Model:
    """Raises FormInvalidError with all that is wrong with them."""
    try:
        return model.model_validate(texts)
    except ValidationError as error:
        raise FormInvalidError(errors=body_errors(error)) from None


def form_body(file: str, example: Mapping[str, Any], texts: Mapping[str, Any] = MappingProxyType({})) -> dict[str, Any]:
    """`openapi_extra` of a call that takes a form.

    Args:
        file: what it may be.
        example: by field.
        texts: schemas of the other fields.
    """
    properties = {FILE: {"type": "string", "format": "binary", "description": file}, **texts}
    schema = {"type": "object", "required": [FILE], "properties": properties, "additionalProperties": False}
    content = {"multipart/form-data": {"schema": schema, "example": dict(example)}}
    return {"requestBody": {"required": True, "content": content}}


def _reader(request: Request, texts: Collection[str]) -> "_Reader":
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind != b"multipart/form-data":
        raise MediaTypeError("请以multipart/form-data提交文件。")
    return _Reader(options.get(b"boundary", b""), texts)


@dataclass(slots=True)
class _Part:
    """What stands at its head, and where its bytes go: to a text, to the file's taker, or nowhere."""

    name: bytes = b""
    value: bytes = b""
    disposition: bytes = b""
    text: bytearray | None = None
    is_file: bool = False


@dataclass(slots=True)
class _Reader:
    """Callbacks of the parser.

    Attributes:
        pieces: of the file, since they were given out; `file_bytes` in all.
        given: the bytes of each text.
    """

    boundary: bytes
    known: Collection[str]
    parser: MultipartParser = field(init=False)
    part: _Part = field(default_factory=_Part)
    pieces: list[bytes] = field(default_factory=list)
    given: dict[str, bytearray] = field(default_factory=dict)
    faults: list[FieldError] = field(default_factory=list)
    has_file: bool = False
    file_bytes: int = 0
    is_whole: bool = False

    def __post_init__(self) -> None:
        if not self.boundary:
            raise FormInvalidError
        callbacks: Any = {
            "on_part_begin": self._begin_part,
            "on_header_field": self._add_to_name,
            "on_header_value": self._add_to_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._end_headers,
            "on_part_data": self._add_data,
            "on_end": self._end,
        }
        try:
            self.parser = MultipartParser(self.boundary, callbacks)
        except FormParserError:
            raise FormInvalidError from None

    def read(self, chunk: bytes) -> list[bytes]:
        """What it holds of the file."""
        try:
            self.parser.write(chunk)
        except FormParserError:
            raise FormInvalidError from None
        pieces, self.pieces = self.pieces, []
        return pieces

    def texts(self) -> dict[str, str]:
        """Raises FormInvalidError with all that is wrong with the form."""
        if not self.is_whole:
            raise FormInvalidError
        if not self.has_file:
            self.faults.append(FieldError(f"/{FILE}", "REQUIRED", "请选择要提交的文件"))
        found = {}
        for name, data in self.given.items():
            try:
                found[name] = data.decode()
            except UnicodeDecodeError:
                self.faults.append(FieldError(f"/{name}", "ENCODING", "应为UTF-8编码的文字"))
        if self.faults:
            raise FormInvalidError(errors=self.faults)
        return {name: text for name, text in found.items() if text}

    def _begin_part(self) -> None:
        self.part = _Part()

    def _add_to_name(self, data: bytes, start: int, end: int) -> None:
        self.part.name += data[start:end]

    def _add_to_value(self, data: bytes, start: int, end: int) -> None:
        self.part.value += data[start:end]

    def _end_header(self) -> None:
        if self.part.name.lower() == b"content-disposition":
            self.part.disposition = self.part.value
        self.part.name = self.part.value = b""

    def _end_headers(self) -> None:
        _, options = parse_options_header(self.part.disposition)
        name, is_file = options.get(b"name", b"").decode(errors="replace"), b"filename" in options
        if name == FILE and is_file:
            self._require_first(is_repeated=self.has_file, name=FILE)
            self.part.is_file, self.has_file = not self.has_file, True
        elif name in self.known and not is_file:
            self._require_first(is_repeated=name in self.given, name=name)
            self.part.text = self.given.setdefault(name, bytearray())
        elif name != FILE:  # the file's name as a text: it is missed in the end
            self._note(FieldError("/", "UNKNOWN_FIELD", "有不认识的字段，请核对接口文档"))

    def _require_first(self, *, is_repeated: bool, name: str) -> None:
        if is_repeated:
            self._note(FieldError(f"/{name}", "REPEATED_FIELD", "同一字段只能填写一次"))

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        if self.part.is_file:
            self.pieces.append(data[start:end])
            self.file_bytes += end - start
        elif self.part.text is not None:
            if sum(map(len, self.given.values())) + end - start > _MOST_TEXT:
                raise FormInvalidError
            self.part.text += data[start:end]

    def _end(self) -> None:
        self.is_whole = True

    def _note(self, fault: FieldError) -> None:
        if fault not in self.faults:
            self.faults.append(fault)
