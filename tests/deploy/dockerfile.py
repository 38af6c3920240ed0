"""The Dockerfile, taken apart, and the tree of files that the image would hold."""

import compileall
import py_compile
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
DOCKERFILE = REPOSITORY / "deploy" / "Dockerfile"
IGNORE_FILE = REPOSITORY / ".dockerignore"


@dataclass(frozen=True)
class Instruction:
    """`COPY a b` of stage 0 is (0, "COPY", "a b")."""

    stage: int
    word: str
    rest: str


def instructions() -> list[Instruction]:
    """In their order; continued lines are joined, comments left out. Stages count from 0."""
    lines = [line for line in DOCKERFILE.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("#")]
    found: list[Instruction] = []
    stage = -1
    for line in re.sub(r"\\\n\s*", " ", "\n".join(lines)).splitlines():
        word, _, rest = line.strip().partition(" ")
        stage += word == "FROM"
        if word:
            found.append(Instruction(stage, word, rest.strip()))
    return found


def sources() -> list[tuple[str, str]]:
    """What the builder copies out of the repository: (path in the repository, path below /app)."""
    pairs = [item.rest.split() for item in instructions() if item.word == "COPY" and "--from" not in item.rest]
    return [(source, target) for source, target in pairs]


def final_environment() -> dict[str, str]:
    """ENV of the last stage."""
    last = max(item.stage for item in instructions())
    text = " ".join(item.rest for item in instructions() if item.word == "ENV" and item.stage == last)
    return dict(pair.split("=", 1) for pair in text.split())


def write_tree(folder: Path) -> None:
    """/app of the image, compiled as there."""
    for source, target in sources():
        if (REPOSITORY / source).is_dir():
            shutil.copytree(
                REPOSITORY / source, folder / target, ignore=shutil.ignore_patterns("__pycache__", "*.py[cod]")
            )
        else:
            (folder / target).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / source, folder / target)
    compileall.compile_dir(folder, quiet=1, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
