"""`python -m migrations upgrade|downgrade|current|check|revision [schema …]`.

Connects as each schema's owner: JIUYE_TARGETS_OWNER_URL, JIUYE_ELIGIBILITY_OWNER_URL, JIUYE_LOANS_OWNER_URL,
JIUYE_GATEWAY_OWNER_URL.
"""

import argparse
import os
import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy.exc import DBAPIError

HERE = Path(__file__).parent
_LOCK_NOT_AVAILABLE = "55P03"
SCHEMAS = ("targets", "eligibility", "loans", "gateway")


def config(schema: str, url: str) -> Config:
    """Alembic's configuration for one schema."""
    made = Config()
    made.set_main_option("script_location", str(HERE))
    made.set_main_option("version_locations", str(HERE / "versions" / schema))
    made.set_main_option("path_separator", "os")
    made.attributes["schema"] = schema
    made.attributes["url"] = url
    return made


def owner_url(schema: str) -> str:
    """The owner's URL from the environment.

    Raises:
        SystemExit: with the variable's name.
    """
    variable = f"JIUYE_{schema.upper()}_OWNER_URL"
    url = os.environ.get(variable)
    if not url:
        sys.exit(f"{variable} is not set: the URL of role {schema}_owner is needed to migrate schema {schema}.")
    return url


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m migrations", description=__doc__)
    parser.add_argument("action", choices=["upgrade", "downgrade", "current", "check", "revision"])
    parser.add_argument("schemas", nargs="*", metavar="schema", help=f"of {', '.join(SCHEMAS)}; default: all")
    parser.add_argument("-m", "--message", default="", help="of a new revision")
    given = parser.parse_args(arguments)
    for schema in given.schemas or SCHEMAS:
        if schema not in SCHEMAS:
            parser.error(f"unknown schema {schema}; known: {', '.join(SCHEMAS)}")
        try:
            _act(given.action, config(schema, owner_url(schema)), given.message)
        except CommandError as refusal:
            newer = "Can't locate revision" in str(refusal)
            told = "数据库的结构比本程序新：请换用不低于它的版本，或恢复升级前的备份。 " if newer else ""
            sys.exit(f"{schema}: {told}{refusal}")
        except DBAPIError as failure:
            if getattr(failure.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
                raise
            sys.exit(f"{schema}: 有表正被占用，两秒内没有等到锁，这一步没有改动任何内容。请再运行一次。")


def _act(action: str, made: Config, message: str) -> None:
    match action:
        case "upgrade":
            command.upgrade(made, "head")
        case "downgrade":
            command.downgrade(made, "base")
        case "current":
            command.current(made, verbose=True)
        case "check":
            command.check(made)
        case "revision":
            command.revision(made, message=message, autogenerate=True)


if __name__ == "__main__":
    main()
