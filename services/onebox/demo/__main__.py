"""`python -m onebox.demo`: seven scenes on the running platform. Safe to run again, and while processes die."""

import asyncio
import os
import sys

from onebox.console import complain
from onebox.demo.platform import Platform, PlatformError
from onebox.demo.scenes import loan, people, plan, pool, progress
from onebox.demo.year import reports, year
from onebox.errors import OneboxError
from onebox.settings import Settings


async def main() -> None:
    settings = Settings.from_environment(os.environ)
    async with Platform.of(settings.home) as platform:
        for scene in (plan, reports, progress, year, people, loan, pool):
            await scene(platform)


def run() -> int:
    try:
        asyncio.run(main())
    except OneboxError as error:
        complain(error)
        return 1
    except PlatformError as error:
        complain(OneboxError(str(error), "The platform answered with an error."))
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(run())
