"""Put before a process as its `sitecustomize`: hides every installed package that the image would not have.

The image has no test or one-machine packages: who needs one of them must fail here, and not in production.
"""

import importlib.metadata
import re
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

_LIST = "hidden.txt"


def hide_in(folder: Path, lock: Path) -> None:
    """Makes a folder that hides, once it stands in PYTHONPATH, what the lock file does not name."""
    locked = {_canonical(name) for name in re.findall(r"(?m)^([A-Za-z0-9_.-]+)==", lock.read_text(encoding="utf-8"))}
    hidden = [
        module
        for module, owners in importlib.metadata.packages_distributions().items()
        if not locked & {_canonical(owner) for owner in owners}
    ]
    (folder / _LIST).write_text("\n".join(hidden), encoding="utf-8")
    (folder / "sitecustomize.py").write_bytes(Path(__file__).read_bytes())


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


class _Hidden(MetaPathFinder):
    def __init__(self, names: Sequence[str]) -> None:
        self._names = frozenset(names)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] in self._names:
            raise ModuleNotFoundError(f"{fullname} is not in the image's lock file", name=fullname)
        return None


if __name__ == "sitecustomize":
    sys.meta_path.insert(0, _Hidden(Path(__file__).with_name(_LIST).read_text(encoding="utf-8").splitlines()))
