"""Makes the database, its roles and schemas from an administrator's URL: one machine, compose and Kubernetes alike.

`python -m onebox.bootstrap` reads JIUYE_POSTGRES_URL, JIUYE_FIELD_KEYS and one JIUYE_<ROLE>_PASSWORD for each role of
ROLES.
"""

import asyncio
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]  # it ships no types

from kit.crypto.errors import KeyRingError
from kit.crypto.keys import KeyRing
from onebox import note
from onebox.errors import OneboxError
from onebox.scram import verifier

DATABASE = "jiuye"
SERVICES = ("targets", "eligibility", "loans")
SCHEMAS = (*SERVICES, "gateway")
DUTIES = ("owner", "app", "worker")
ROLES = tuple(f"{schema}_{duty}" for schema in SCHEMAS for duty in DUTIES)
OLDEST_MAJOR = 18  # migrations use what came with it, uuidv7() for one

_SQL = Path(__file__).parents[2] / "deploy" / "postgres" / "bootstrap.sql"


async def bootstrap(
    admin_url: str, passwords: Mapping[str, str], database: str = DATABASE, *, keys: KeyRing | None = None
) -> None:
    """Idempotent: roles get the passwords given, what exists stays.

    Args:
        admin_url: `postgresql://…` of a superuser, or of a role with CREATEROLE that owns the database or has CREATEDB.
        passwords: by role name, all of ROLES.
        database: made when it is not there.
        keys: the field keys of this installation. Nothing is changed in a database that needs one it does not have.

    Raises:
        OneboxError: no connection, a version too old, a right that is missing, or somebody else's database.
        ValueError: a password is not ASCII.
    """
    stored = {role: verifier(passwords[role]) for role in ROLES}
    with refusals_told(database):
        await _create_database(admin_url, database)
        await _create_roles_and_schemas(admin_url, database, stored, keys)


@contextmanager
def refusals_told(database: str) -> Iterator[None]:
    """What the administrator's server says, turned into what a person can do about it.

    Raises:
        OneboxError.
    """
    try:
        yield
    except asyncpg.InsufficientPrivilegeError as refusal:
        raise OneboxError(
            f"数据库管理账号权限不足：{str(refusal).splitlines()[0]}。它需要 CREATEROLE 权限，"
            f"并且是数据库 {database} 的所有者（或有 CREATEDB 权限）；请由数据库管理员授权，"
            "或换用超级用户的 JIUYE_POSTGRES_URL。",
            f"The administrator of JIUYE_POSTGRES_URL needs CREATEROLE, and must own the database {database} "
            "(or have CREATEDB).",
        ) from None
    except (asyncpg.InvalidPasswordError, asyncpg.InvalidAuthorizationSpecificationError):
        raise OneboxError(
            "数据库拒绝了管理账号的用户名或密码。请检查 JIUYE_POSTGRES_URL；"
            "若用内置数据库，说明 secrets.json 与数据目录不是同一套。",
            "The database refused the administrator's name or password. Check JIUYE_POSTGRES_URL; with the embedded "
            "database, secrets.json does not belong to this data folder.",
        ) from None
    except (OSError, ValueError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError) as failure:
        raise OneboxError(
            f"连不上数据库（{type(failure).__name__}）。请检查 JIUYE_POSTGRES_URL"
            "（形如 postgresql://USER:PASSWORD@HOST:5432/postgres）以及服务器是否已启动。",
            f"No connection to the database ({type(failure).__name__}). Check JIUYE_POSTGRES_URL "
            "(like postgresql://user:password@host:5432/postgres) and that the server is up.",
        ) from None
    except asyncpg.PostgresError as refusal:
        raise OneboxError(
            f"数据库拒绝了请求：{str(refusal).splitlines()[0]}。请检查 JIUYE_POSTGRES_URL 中的数据库名和服务器状态。",
            "The database refused; check the database name in JIUYE_POSTGRES_URL and the state of the server.",
        ) from None


async def _create_roles_and_schemas(
    admin_url: str, database: str, stored: Mapping[str, str], keys: KeyRing | None
) -> None:
    connection = await asyncpg.connect(admin_url, database=database, timeout=10)
    try:
        if keys is not None:
            await _tie(connection, database, note.marks_of(keys))
        for role, password in stored.items():
            await connection.execute("SELECT set_config($1, $2, false)", f"jiuye.{role}_password", password)
        await connection.execute(_SQL.read_text(encoding="utf-8"))
    finally:
        await connection.close()


async def _tie(connection: asyncpg.Connection, database: str, marks: dict[str, str]) -> None:
    kept = await note.read(connection)
    if not kept.get("field_keys", {}).items() <= marks.items():
        raise OneboxError(
            f"数据库 {database} 属于另一套安装：其中的身份信息是用别的密钥加密的。请使用它原来的密钥"
            "（JIUYE_HOME 中的 secrets.json，或 JIUYE_FIELD_KEYS），或换一台数据库服务器。",
            f"The database {database} belongs to another installation: its identity numbers were encrypted with other "
            "keys. Use its own keys (secrets.json in JIUYE_HOME, or JIUYE_FIELD_KEYS), or another server.",
        )
    await note.write(connection, kept | {"field_keys": marks})


async def _create_database(admin_url: str, database: str) -> None:
    connection = await asyncpg.connect(admin_url, timeout=10)
    try:
        version = connection.get_server_version().major
        if version < OLDEST_MAJOR:
            raise OneboxError(
                f"数据库服务器是 PostgreSQL {version}，至少需要 {OLDEST_MAJOR}。"
                "请升级服务器，或不设 JIUYE_POSTGRES_URL 而使用内置的。",
                f"The server is PostgreSQL {version}; {OLDEST_MAJOR} or later is needed. "
                "Upgrade it, or leave JIUYE_POSTGRES_URL unset and use the embedded one.",
            )
        if await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", database):
            return
        # An own template, so that the server's habits (locale, objects in template1) do not come along.
        collation = "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'"
        await connection.execute(f"CREATE DATABASE \"{database}\" TEMPLATE template0 ENCODING 'UTF8' {collation}")
    finally:
        await connection.close()


def main() -> int:
    wanted = {role: f"JIUYE_{role.upper()}_PASSWORD" for role in ROLES}
    missing = [
        name for name in ("JIUYE_POSTGRES_URL", "JIUYE_FIELD_KEYS", *wanted.values()) if not os.environ.get(name)
    ]
    if missing:
        print(f"缺少环境变量 / missing environment variables: {', '.join(missing)}", file=sys.stderr)
        return 2
    passwords = {role: os.environ[name] for role, name in wanted.items()}
    try:
        keys = KeyRing.parse(os.environ["JIUYE_FIELD_KEYS"])
    except KeyRingError as fault:
        print(f"JIUYE_FIELD_KEYS: {fault}", file=sys.stderr)
        return 2
    try:
        asyncio.run(bootstrap(os.environ["JIUYE_POSTGRES_URL"], passwords, keys=keys))
    except OneboxError as refusal:
        print(refusal, file=sys.stderr)
        return 1
    print(f"数据库 {DATABASE} 的角色和模式已就绪 / roles and schemas of {DATABASE} are ready")
    return 0


if __name__ == "__main__":
    sys.exit(main())
