"""First data: the plans that come with the service. Safe to run at every start.

`python -m targets_svc.seed`, with JIUYE_DATABASE_URL of the app role.
"""

import asyncio
import sys

import structlog
from pydantic import SecretStr

from kit.db.engine import Database
from kit.errors import DomainError
from kit.settings import ProcessSettings
from kit.telemetry.logging import configure_logging
from targets_svc.plans.errors import BrokenPlanError
from targets_svc.plans.repository import plan_files
from targets_svc.plans.service import issue_plan, read_plan

_log = structlog.get_logger("targets.seed")


class SeedSettings(ProcessSettings):
    """What the seed needs of the environment."""

    database_url: SecretStr


async def seed(database: Database) -> list[str]:
    """Issues every plan file that is not issued yet, all in one transaction; returns what was new.

    Raises:
        BrokenPlanError, IssuedPlanDiffersError: nothing is stored.
    """
    plans = [read_plan(text) for text in plan_files()]
    async with database.transaction() as tx:
        return [f"{plan.year}-v{plan.version}" for plan in plans if await issue_plan(tx, plan)]


async def _run(settings: SeedSettings) -> None:
    database = Database(settings.database_url.get_secret_value(), schema="targets", pool_size=1, name="targets-seed")
    try:
        _log.info("seed.done", issued=await seed(database))
    finally:
        await database.close()


def main() -> None:
    """Exit code 1 with the reasons on standard error when a file is refused."""
    settings = SeedSettings()
    configure_logging("targets-seed", settings.log_level)
    try:
        asyncio.run(_run(settings))
    except BrokenPlanError as error:
        sys.exit(str(error))
    except DomainError as error:
        sys.exit(f"{error.title}：{error.detail}")


if __name__ == "__main__":
    main()
