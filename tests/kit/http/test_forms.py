"""Forms with a file over real HTTP: what is taken, what is refused, and that a refusal reaches who still sends."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import nullcontext
from typing import Annotated, Any

import httpx
import pytest
from fastapi import Depends, Request
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.errors import DomainError, Kind
from kit.http.bare import bare_app
from kit.http.forms import FormInvalidError, form_body, kept_form, read_form
from kit.http.routing import Router
from kit.testing import client, serving

MOST = 100_000
NAMES = ("mode", "note")
BOUNDARY = "x" * 20


class TooMuchError(DomainError):
    kind = Kind.TOO_LARGE
    code = "TOO_MUCH"
    title = "太大"
    default_detail = "请拆分。"


class UnlikedError(DomainError):
    kind = Kind.INVALID
    code = "UNLIKED"
    title = "不收"
    default_detail = "请更换。"


router = Router()


async def _read(request: Request) -> dict[str, Any]:
    pieces: list[bytes] = []

    async def take(piece: bytes) -> None:
        if piece.startswith(b"unliked"):
            raise UnlikedError
        if piece.startswith(b"broken"):
            raise OSError(errno.ENOSPC, "no room")
        pieces.append(piece)

    texts = await read_form(request, take, texts=NAMES, max_bytes=MOST, too_large=TooMuchError)
    return {"file": b"".join(pieces).hex(), "texts": texts}


@router.post("/read", openapi_extra=form_body("文件", {"file": "x"}))
async def read(found: Annotated[dict[str, Any], Depends(_read)]) -> dict[str, Any]:
    return found


async def _keep(request: Request) -> AsyncIterator[str]:
    async with kept_form(request, texts=(), max_bytes=MOST, too_large=TooMuchError) as (path, _):
        if request.headers.get("full"):
            raise OSError(errno.ENOSPC, "no room")
        yield f"{path.stat().st_size} {path}"


@router.post("/keep")
async def keep(kept: Annotated[str, Depends(_keep, scope="function")]) -> dict[str, str]:
    return {"kept": kept}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    app = bare_app(name="forms", title="t", description="d", log_level="INFO", lifespan=lambda _: nullcontext())
    app.include_router(router)
    with serving(app) as base:
        yield base


@pytest.fixture
async def http(url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with client(url) as opened:
        yield opened


def part(name: str, value: bytes, filename: str | None = None) -> bytes:
    file = f'; filename="{filename}"' if filename is not None else ""
    return f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + value + b"\r\n"


async def send(http: httpx.AsyncClient, body: bytes, size: int = 1 << 16, path: str = "/read") -> httpx.Response:
    """`body` in pieces of `size`."""

    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(body), size):
            yield body[at : at + size]

    return await http.post(
        path, content=pieces(), headers={"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    )


END = f"--{BOUNDARY}--\r\n".encode()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary(max_size=300) | st.sampled_from([b"\r\n--" + BOUNDARY.encode()[:-1], b"\r\n" * 40, b"--", b""]),
    note=st.text(max_size=20),
    size=st.integers(1, 90),
    is_last=st.booleans(),
)
async def test_what_was_sent_arrives_however_it_is_cut(
    http: httpx.AsyncClient, content: bytes, note: str, size: int, is_last: bool
) -> None:
    parts = [part("note", note.encode()), part("file", content, "f.csv")]
    answer = await send(http, b"".join(parts if is_last else reversed(parts)) + END, size)
    assert answer.status_code == 200, answer.text
    assert bytes.fromhex(answer.json()["file"]) == content
    assert answer.json()["texts"] == ({"note": note} if note else {})


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        (part("mode", b"x") + END, ["/file"]),
        (part("file", b"as a text") + END, ["/file"]),
        (part("file", b"1", "a") + part("file", b"2", "b") + END, ["/file"]),
        (part("file", b"1", "a") + part("mode", b"1") + part("mode", b"2") + END, ["/mode"]),
        (part("file", b"1", "a") + part("colour", b"red") + part("shape", b"round") + END, ["/"]),
        (part("file", b"1", "a") + part("mode", b"as a file", "b") + END, ["/"]),
        (part("file", b"1", "a") + part("note", b"\xff") + END, ["/note"]),
        (part("colour", b"red") + END, ["/", "/file"]),
        (part("file", b"1", "a"), []),
        (part("file", b"1", "a") + part("note", b"n" * 70_000) + END, []),
        (b"no form at all", []),
        (b"", []),
    ],
    ids=["no file", "file as text", "two files", "field twice", "unknown", "text as file", "not UTF-8", "two faults",
         "half", "long text", "no form", "nothing"],
)  # fmt: skip
async def test_a_wrong_form_is_told_by_its_fields(http: httpx.AsyncClient, body: bytes, pointers: list[str]) -> None:
    answer = await send(http, body)
    assert (answer.status_code, answer.json()["code"]) == (422, "FORM_INVALID"), answer.text
    assert [error["pointer"] for error in answer.json().get("errors", [])] == pointers


async def test_what_is_no_form_and_one_without_a_boundary(http: httpx.AsyncClient) -> None:
    json = await http.post("/read", json={})
    without = await http.post("/read", content=b"a", headers={"Content-Type": "multipart/form-data"})
    long = await http.post(
        "/read", content=b"a", headers={"Content-Type": "multipart/form-data; boundary=" + "b" * 999}
    )
    assert json.status_code == 415
    assert [answer.json()["code"] for answer in (without, long)] == ["FORM_INVALID"] * 2


async def test_a_refusal_reaches_who_still_sends(http: httpx.AsyncClient) -> None:
    """The file's taker refuses its first bytes, and three megabytes follow; or it is too long by one byte."""
    unliked = await send(http, part("file", b"unliked" + bytes(3 << 20), "f") + END)
    exact = await send(http, part("file", bytes(MOST), "f") + END)
    long = await send(http, part("file", bytes(MOST + 1), "f") + END)
    broken = await send(http, part("file", b"broken" + bytes(3 << 20), "f") + END)
    assert (unliked.status_code, unliked.json()["code"]) == (422, "UNLIKED")
    assert broken.status_code == 500
    assert (exact.status_code, len(exact.json()["file"])) == (200, 2 * MOST)
    assert (long.status_code, long.json()["code"]) == (413, "TOO_MUCH")


async def test_who_never_ends_is_cut_off(url: str) -> None:
    """By a plain connection. It is reset while it writes, so that the answer may not be seen."""
    host, port = url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    head = f"POST /read HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
    writer.write(f"{head}Content-Length: {1 << 40}\r\n\r\n".encode() + part("file", b"", "f")[:-2])
    sent = [len(head)]

    async def send_on() -> None:
        while sum(sent) < 64 << 20:
            writer.write(bytes(1 << 16))
            await writer.drain()
            sent.append(1 << 16)

    with pytest.raises(ConnectionError):
        await asyncio.wait_for(send_on(), 20)
    writer.close()
    assert sum(sent) < 32 << 20


async def test_a_kept_file_lies_on_the_disk_as_long_as_it_is_needed(http: httpx.AsyncClient) -> None:
    kept = await send(http, part("file", b"12345", "f") + END, path="/keep")
    size, path = kept.json()["kept"].split(" ", 1)
    assert size == "5"
    assert not await asyncio.to_thread(os.path.lexists, path)
    full = await http.post("/keep", files={"file": b"1"}, headers={"full": "1"})
    assert full.status_code == 503
    assert FormInvalidError.code == (await send(http, b"", path="/keep")).json()["code"]
