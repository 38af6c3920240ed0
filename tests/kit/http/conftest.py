"""A small service of its own: every mechanism of the kit over real HTTP and a real database."""

from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any
from uuid import UUID

import httpx
import pytest
from fastapi import Response
from pydantic import Field
from sqlalchemy import text

from kit.auth.dependencies import requires, requires_any
from kit.auth.principal import Principal
from kit.db.engine import Tx
from kit.errors import NotFoundError, StateConflictError
from kit.http.app import service_app
from kit.http.etags import IfMatch, check_if_match, set_etag
from kit.http.idempotency import IdempotencyRequired
from kit.http.paging import PageQuery
from kit.http.problems import problems
from kit.http.routing import Router
from kit.http.wire import LegalDate, MonthText, RequestModel, ResponseModel, YuanIn, YuanOut
from kit.ids import new_id
from kit.jobs.queue import JobRead, enqueue, read_job
from kit.settings import ServiceSettings
from kit.testing import Caller, client, serving, settings_of

router = Router(prefix="/api/v1/notes", tags=["便笺"])
Writer = Annotated[Principal, requires("notes.note.write")]
Reader = Annotated[Principal, requires("notes.note.read")]
Remover = Annotated[Principal, requires_any("notes.note.remove", "notes.note.write")]


class NoteCreate(RequestModel):
    amount: YuanIn
    on: LegalDate
    month: MonthText | None = None
    count: Annotated[int, Field(ge=0, le=10)] = 0
    tags: list[str] = Field(default_factory=list)
    anything: Any = None


class NoteRead(ResponseModel):
    id: UUID
    amount: YuanOut


@router.post("", operation_id="create_note", summary="新建便笺", status_code=201)
async def create_note(body: NoteCreate, principal: Writer, tx: Tx, _: IdempotencyRequired) -> NoteRead:
    note = NoteRead(id=await enqueue(tx, "note", {"amount": body.amount}, owner=principal.subject), amount=body.amount)
    if body.count == 9:
        # Deferred until commit in spirit: a statement that fails after the effect.
        await tx.execute(
            text("INSERT INTO job (id, kind, owner, payload, state) VALUES (:i, 'x', 'x', '{}', 'NONSENSE')"),
            {"i": new_id()},
        )
    if body.count == 8:
        raise StateConflictError
    return note


@router.get("/{note_id}", operation_id="get_note", summary="查看便笺", responses=problems(NotFoundError))
async def get_note(note_id: UUID, principal: Reader, tx: Tx, response: Response) -> JobRead:
    job = await read_job(tx, note_id, owner=principal.subject)
    set_etag(response, 1)
    return job


@router.put("/{note_id}", operation_id="replace_note", summary="修改便笺", status_code=204)
async def replace_note(note_id: UUID, principal: Writer, if_match: IfMatch = None) -> None:
    check_if_match(if_match, 7, required=True)


@router.delete("/{note_id}", operation_id="remove_note", summary="删除便笺", status_code=204)
async def remove_note(note_id: UUID, principal: Remover) -> None:
    pass


@router.get("", operation_id="list_notes", summary="便笺列表")
async def list_notes(principal: Reader, page: PageQuery, colour: str = "red") -> dict[str, Any]:
    start = (page.after({"colour": colour}) or [0])[0]
    items = list(range(start, min(start + page.limit, 250)))
    more = start + page.limit < 250
    return {"items": items, "next": page.next([start + page.limit], {"colour": colour}) if more else None}


@router.post("/explosion", operation_id="explode", summary="内部错误")
async def explode(principal: Writer) -> None:
    raise RuntimeError("410199199001010011 must not be seen")


@pytest.fixture(scope="session")
def notes_settings(infrastructure: Any) -> ServiceSettings:
    environment = infrastructure.service_environment("targets", infrastructure.new_database())
    return settings_of(environment)


@pytest.fixture(scope="session")
def notes_url(notes_settings: ServiceSettings) -> Iterator[str]:
    app = service_app(name="targets", title="便笺", description="", routers=[router], settings=notes_settings)
    with serving(app) as url:
        yield url


@pytest.fixture
def caller(infrastructure: Any) -> Caller:
    return Caller(infrastructure.keys.internal_signing_key, "targets")


@pytest.fixture
async def notes(notes_url: str, caller: Caller) -> AsyncIterator[httpx.AsyncClient]:
    async with client(notes_url, headers=caller.headers("notes.note.read", "notes.note.write")) as made:
        yield made
