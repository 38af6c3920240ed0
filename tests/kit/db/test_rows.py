"""Rows of districts and banks behind the queries: what a narrow role gets, whatever was forgotten."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from subprocess import run
from typing import Annotated, Any

import asyncpg
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

import eligibility_svc.main
import loans_svc.main
import targets_svc.main
from kit.auth.dependencies import requires
from kit.auth.principal import Principal
from kit.db.engine import Database, Tx
from kit.db.rows import Narrowing, all_rows, is_limited, narrowing, sees_all_rows
from kit.http.app import service_app
from kit.http.routing import Router
from kit.testing import Caller, client, serving
from onebox.binaries import postgres_folder
from tests.kit.db.conftest import settings

OWN, FOREIGN = "ZZ06", "ZZ07"
ROLES = {"targets": ("district",), "eligibility": ("district",), "loans": ("district", "bank")}
SETTINGS = {"district": "app.unit", "bank": "app.bank"}
OF = {"unit": "district", "own_unit": "district", "bank": "bank"}
# Tables with a unit or bank that a narrow role sees whole, each with its reason.
SEEN_WHOLE = {
    ("targets", "plan_item"): "the plan is published to all districts",
    **{(schema, "webhook_endpoint"): "who hears of an event belongs to somebody else" for schema in ROLES},
}
# Tables on which a narrow role has no right at all: rows come by COPY, which policies refuse, or are another's affair.
OUT_OF_REACH = {
    ("targets", "district"): {"event", "slot"},
    ("loans", "district"): {"loan_segment", "loan_change"},
    ("loans", "bank"): {"loan_segment", "loan_change", "reward_year"},
}
# Endpoints whose transaction is not limited, each with its reason.
FIGURES = "made of all districts' figures, of which the answer shows what the caller may see"
REGISTER = "a person counts once in the whole city, whichever district registers"
UNLIMITED = {
    **dict.fromkeys(("get_progress", "get_rankings", "get_forecasts", "get_completeness"), FIGURES),
    **dict.fromkeys(("get_assessments", "list_reconciliations", "get_closed_progress"), FIGURES),
    "propose_seasonal_course": "the course of the whole city's past years",
    **dict.fromkeys(("record_event", "retract_event", "verify_event", "list_pending_events", "get_event"), REGISTER),
    **dict.fromkeys(("list_reconciliation_events", "get_street_progress", "find_event", "search_events"), REGISTER),
    "submit_application": "a kiosk in one district takes applications for every other",
    "request_own_application_review": "a kiosk in one district serves the applicants of every other",
    "rate_own_application": "a kiosk in one district serves the applicants of every other",
}
_REPORT = (
    "INSERT INTO targets.report (unit, year, month, revision, row_version, due_at) VALUES ($1, 2017, $2, 1, 1, now())"
)
_STORY = (
    "INSERT INTO loans.loan_story (bank, unit, loan_id, version, loan_version) VALUES ($1, $2, gen_random_uuid(), 1, 1)"
)
_UNITS = "SELECT DISTINCT unit FROM targets.report ORDER BY 1"

forgetful = Router(prefix="/api/v1/rows", tags=["行"])
Reader = Annotated[Principal, requires("rows.row.read")]


@forgetful.get("/limited", operation_id="forget", summary="忘了条件")
async def forget(principal: Reader, tx: Tx) -> list[str]:
    return [unit for (unit,) in await tx.execute(text(_UNITS))]


@forgetful.get("/whole", operation_id="see_whole", summary="全市")
@sees_all_rows
async def see_whole(principal: Reader, tx: Tx) -> list[str]:
    return [unit for (unit,) in await tx.execute(text(_UNITS))]


@forgetful.get("/anonymous", operation_id="ask_nobody", summary="无人")
async def ask_nobody(tx: Tx) -> list[str]:
    return [unit for (unit,) in await tx.execute(text(_UNITS))]


@pytest.fixture(scope="module")
async def database(infrastructure: Any) -> str:
    name: str = infrastructure.new_database()
    connection = await asyncpg.connect(infrastructure.admin_url(name))
    for unit in (OWN, FOREIGN):
        await connection.execute(_REPORT, unit, 1)
        for bank in ("bank-a", "bank-b"):
            await connection.execute(_STORY, bank, unit)
    await connection.close()
    return name


@asynccontextmanager
async def connected(infrastructure: Any, database: str, role: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(infrastructure.plain_url(role, database))
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def narrowed(
    connection: asyncpg.Connection, duty: str, value: str | None, schema: str = "targets"
) -> AsyncIterator[None]:
    """A transaction as a request of that district or bank runs it; None sets the role and forgets the rest."""
    async with connection.transaction():
        if value is not None:
            await connection.execute("SELECT set_config($1, $2, true)", SETTINGS[duty], value)
        await connection.execute(f"SET LOCAL ROLE {schema}_{duty}")
        yield


async def units(connection: asyncpg.Connection, statement: str = _UNITS) -> list[str]:
    return [row[0] for row in await connection.fetch(statement)]


async def test_a_setting_that_was_forgotten_gives_an_error_or_no_rows_never_foreign_ones(
    infrastructure: Any, database: str
) -> None:
    async with connected(infrastructure, database, "targets_app") as connection:
        with pytest.raises(asyncpg.UndefinedObjectError):
            async with narrowed(connection, "district", None):
                await units(connection)
        async with narrowed(connection, "district", OWN):
            assert await units(connection) == [OWN]
        async with narrowed(connection, "district", None):  # what is left of an earlier setting is empty
            assert await units(connection) == []
        assert await units(connection) == [OWN, FOREIGN]


async def test_rows_of_another_district_cannot_be_changed_added_or_given_away(
    infrastructure: Any, database: str
) -> None:
    async with connected(infrastructure, database, "targets_app") as connection:
        async with narrowed(connection, "district", OWN):
            foreign = "WHERE unit = 'ZZ07'"
            assert await connection.execute(f"UPDATE targets.report SET revision = 2 {foreign}") == "UPDATE 0"
            assert await units(connection, f"SELECT unit FROM targets.report {foreign} FOR UPDATE") == []
            assert await connection.execute("UPDATE targets.report SET revision = 2") == "UPDATE 1"
            await connection.execute(_REPORT, OWN, 2)
        for refused in (
            _REPORT.replace("$1", "'ZZ07'").replace("$2", "3"),
            _REPORT.replace("$1", "'ZZ07'").replace("$2", "1") + " ON CONFLICT (unit, year, month) DO NOTHING",
            _REPORT.replace("$1", "'ZZ07'").replace("$2", "1")
            + " ON CONFLICT (unit, year, month) DO UPDATE SET revision = 3 RETURNING unit",
            "UPDATE targets.report SET unit = 'ZZ07' WHERE unit = 'ZZ06' AND month = 2",
            "SELECT unit FROM targets.event",
            "SELECT unit FROM targets.slot",
            "SELECT * FROM targets.person",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with narrowed(connection, "district", OWN):
                    await connection.execute(refused)


async def test_a_prepared_statement_follows_whoever_executes_it(infrastructure: Any, database: str) -> None:
    async with connected(infrastructure, database, "targets_app") as connection:
        prepared = await connection.prepare(_UNITS)

        async def found() -> list[str]:
            return [row[0] for row in await prepared.fetch()]

        for _ in range(6):  # more often than the planner waits for a plan for all
            assert await found() == [OWN, FOREIGN]
            for unit in (OWN, FOREIGN):
                async with narrowed(connection, "district", unit):
                    assert await found() == [unit]


async def test_a_bank_sees_its_own_rows_of_all_districts_and_a_district_its_own_of_all_banks(
    infrastructure: Any, database: str
) -> None:
    rows = "SELECT bank || ' ' || unit FROM loans.loan_story ORDER BY 1"
    async with connected(infrastructure, database, "loans_app") as connection:
        async with narrowed(connection, "bank", "bank-a", "loans"):
            assert await units(connection, rows) == ["bank-a ZZ06", "bank-a ZZ07"]
        async with narrowed(connection, "district", OWN, "loans"):
            assert await units(connection, rows) == ["bank-a ZZ06", "bank-b ZZ06"]


async def test_a_connection_comes_back_whole_after_an_error(infrastructure: Any, database: str) -> None:
    made = Database(infrastructure.url("targets_app", database), schema="targets", pool_size=1)
    to = Narrowing("targets_district", "app.unit", OWN)

    async def seen(session: AsyncSession) -> list[str]:
        return list(await session.scalars(text(_UNITS)))

    try:
        for broken in ("SELECT 1 / 0", "SELECT pg_terminate_backend(pg_backend_pid())"):
            with suppress(DBAPIError):
                async with made.transaction(to) as session:
                    assert await seen(session) == [OWN]
                    await session.execute(text(broken))
            async with made.transaction() as session:
                assert await session.scalar(text("SELECT current_user")) == "targets_app"
                assert await seen(session) == [OWN, FOREIGN]
            async with made.transaction(to) as session:
                assert await seen(session) == [OWN]
    finally:
        await made.close()


async def test_around_one_query_the_whole_city_is_seen_and_afterwards_no_more(
    infrastructure: Any, database: str
) -> None:
    made = Database(infrastructure.url("targets_app", database), schema="targets", pool_size=1)
    try:
        async with made.transaction(Narrowing("targets_district", "app.unit", OWN)) as session:
            with suppress(KeyError):
                async with all_rows(session):
                    assert list(await session.scalars(text(_UNITS))) == [OWN, FOREIGN]
                    raise KeyError
            assert list(await session.scalars(text(_UNITS))) == [OWN]
        async with made.transaction() as session, all_rows(session):
            assert list(await session.scalars(text(_UNITS))) == [OWN, FOREIGN]
    finally:
        await made.close()


@pytest.mark.parametrize(("option", "rows"), [("--enable-row-security", 2), ("--verbose", 0)])
def test_a_dump_by_the_owner_has_all_rows_or_fails(infrastructure: Any, database: str, option: str, rows: int) -> None:
    """As an administrator dumps who is no superuser; what would be left out is never left out silently."""
    url = infrastructure.plain_url("loans_owner", database)
    command = [postgres_folder() / "pg_dump", option, "--data-only", "--inserts", "--table=loans.loan_story"]
    done = run([*command, url], capture_output=True, text=True, check=False)
    assert (done.returncode == 0, done.stdout.count("'bank-b'")) == (rows > 0, rows), done.stderr


async def test_a_query_without_its_filter_still_brings_no_foreign_row(infrastructure: Any, database: str) -> None:
    app = service_app(
        name="targets",
        title="行",
        description="",
        routers=[forgetful],
        settings=settings(infrastructure, "targets", database),
        narrow=narrowing("targets", "ZZ"),
    )
    caller = Caller(infrastructure.keys.internal_signing_key, "targets")

    async def asked(path: str, unit: str | None) -> Any:
        return (await http.get(path, headers=caller.headers("rows.row.read", unit=unit))).json()

    with serving(app) as url:
        async with client(f"{url}/api/v1/rows") as http:
            for _ in range(3):
                assert await asked("/limited", OWN) == [OWN]
                assert await asked("/limited", FOREIGN) == [FOREIGN]
                assert await asked("/limited", "") == []
                assert await asked("/limited", "ZZ") == await asked("/limited", None) == [OWN, FOREIGN]
                assert await asked("/whole", OWN) == [OWN, FOREIGN]
            assert (await http.get("/anonymous")).status_code == 500


def test_every_endpoint_that_sees_all_rows_is_listed_with_its_reason(infrastructure: Any, database: str) -> None:
    apps: list[FastAPI] = [
        service.create_app(settings(infrastructure, name, database))
        for name, service in (
            ("targets", targets_svc.main),
            ("eligibility", eligibility_svc.main),
            ("loans", loans_svc.main),
        )
    ]
    routes = [route.original_route for app in apps for route in iter_route_contexts(app.routes)]
    endpoints = {route.operation_id: route.endpoint for route in routes if isinstance(route, APIRoute)}
    assert {name for name, endpoint in endpoints.items() if not is_limited(endpoint)} == set(UNLIMITED)
    district, bank = Principal("a", "STAFF", frozenset(), OWN), Principal("b", "BANK", frozenset(), None, "bank-a")
    assert [app.state.narrow(district).role for app in apps] == [f"{name}_district" for name in ROLES]
    assert [app.state.narrow(bank) and app.state.narrow(bank).role for app in apps] == [None, None, "loans_bank"]


_COLUMNS = """
    SELECT c.relname, a.attname, y.typname, c.relrowsecurity AND c.relforcerowsecurity AS is_forced
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type y ON y.oid = a.atttypid
    WHERE c.relnamespace = $1::text::regnamespace AND c.relkind IN ('r', 'p') AND NOT a.attisdropped
        AND a.attname = ANY ($2) AND y.typcategory = 'S'
"""
_POLICIES = """
    SELECT tablename, qual FROM pg_policies
    WHERE schemaname = $1 AND permissive = 'RESTRICTIVE' AND cmd = 'ALL' AND roles = ARRAY[$2]::name[]
        AND with_check IS NULL
"""
_RIGHTS = """
    SELECT c.relname, p AS right, has_table_privilege($2, c.oid, p) AS narrow, has_table_privilege($3, c.oid, p) AS wide
    FROM pg_class c, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) p
    WHERE c.relnamespace = $1::text::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
"""


@pytest.mark.parametrize(("schema", "duty"), [(schema, duty) for schema in ROLES for duty in ROLES[schema]])
async def test_a_table_with_a_unit_or_bank_has_its_policy(infrastructure: Any, schema: str, duty: str) -> None:
    """Whoever adds one calls `protect` of migrations/row_policies.py in its revision, or lists it above."""
    role = f"{schema}_{duty}"
    async with connected(infrastructure, "jiuye_template", f"{schema}_app") as connection:
        columns = await connection.fetch(_COLUMNS, schema, list(OF))
        policies = {row["tablename"]: row["qual"] for row in await connection.fetch(_POLICIES, schema, role)}
        rights = await connection.fetch(_RIGHTS, schema, role, f"{schema}_app")
        is_member = await connection.fetchval("SELECT pg_has_role(current_user, $1, 'USAGE')", role)
        (attributes,) = await connection.fetch(
            "SELECT rolcanlogin, rolsuper, rolbypassrls, rolinherit FROM pg_roles WHERE rolname = $1", role
        )
    assert is_member is False, "its policies would bind who serves everybody"
    assert not any(attributes)
    unreached = OUT_OF_REACH.get((schema, duty), set())
    for column in columns:
        table = column["relname"]
        if (schema, table) in SEEN_WHOLE or table in unreached or OF[column["attname"]] != duty:
            continue
        assert column["typname"] in {"varchar", "text"}, f"{table}: an index is of no use to a policy with a cast"
        assert column["is_forced"], f"{schema}.{table} carries {column['attname']} and has no row security"
        cast = "({})::text" if column["typname"] == "varchar" else "{}"
        policy = f"({cast.format(column['attname'])} = current_setting('{SETTINGS[duty]}'::text))"
        assert policies.get(table) == policy, f"{schema}.{table} has no policy for {role}"
    for right in rights:
        assert right["narrow"] <= right["wide"], f"{role} may {right['right']} {right['relname']}: REVOKE names it, too"
        assert not (right["narrow"] and right["relname"] in unreached), f"{role} reaches {right['relname']}"
