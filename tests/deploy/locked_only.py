"""Put before a process as its `sitecustomize`: hides every installed package that the image would not have.

JIUYE_TEST_LOCK is the lock file of the image. The image has no test or one-machine packages; something that needs one
of them must fail here, and not in production.
"""

import importlib.metadata
import os
import re
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


class _Hidden(MetaPathFinder):
    def __init__(self, lock: Path) -> None:
        locked = {
            _canonical(name) for name in re.findall(r"(?m)^([A-Za-z0-9_.-]+)==", lock.read_text(encoding="utf-8"))
        }
        self._names = {
            module
            for module, owners in importlib.metadata.packages_distributions().items()
            if not locked & {_canonical(owner) for owner in owners}
        }

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] in self._names:
            raise ModuleNotFoundError(f"{fullname} is not in the image's lock file", name=fullname)
        return None


sys.meta_path.insert(0, _Hidden(Path(os.environ["JIUYE_TEST_LOCK"])))
