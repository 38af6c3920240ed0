"""The lock files: hashes for everything, no host, one version of a package wherever it is installed."""

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
DEPLOYED = REPOSITORY / "deploy" / "requirements.lock"
LOCKS = (DEPLOYED, REPOSITORY / "requirements.lock", REPOSITORY / "requirements-dev.lock")
REQUIREMENT = re.compile(r"(?P<name>[a-z0-9-]+)(?:\[[a-z0-9,-]+\])?==(?P<version>[A-Za-z0-9.!+]+)(?: ; [^;]+)?")
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def requirements(lock: Path) -> dict[str, list[str]]:
    """`name==version` with its hashes. Anything that is neither a requirement nor a hash is refused."""
    found: dict[str, list[str]] = {}
    for line in lock.read_text(encoding="utf-8").replace("\\\n", "\0").splitlines():
        requirement, *hashes = (part.strip() for part in line.split("\0"))
        match = REQUIREMENT.fullmatch(requirement)
        assert match, f"{lock.name}: {requirement}"
        assert all(HASH.fullmatch(text) for text in hashes), requirement
        found[f"{match['name']}=={match['version']}"] = hashes
    return found


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: str(lock.relative_to(REPOSITORY)))
def test_every_requirement_is_pinned_by_hash_and_no_line_names_a_place(lock: Path) -> None:
    assert all(requirements(lock).values())
    assert not re.search(r"://|--(extra-)?index-url|--find-links| @ ", lock.read_text(encoding="utf-8"))


def test_the_image_has_the_versions_that_were_tested() -> None:
    deployed, one_machine, tested = (requirements(lock) for lock in LOCKS)
    assert deployed.items() <= one_machine.items()
    assert one_machine.items() <= tested.items()


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://packages.example/simple",
        "alembic",
        "alembic==1.20.1 --hash=md5:0",
        "alembic @ https://packages.example/alembic.whl",
    ],
)
def test_a_line_that_is_no_pinned_requirement_is_refused(line: str, tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text(f"{line}\n", encoding="utf-8")
    with pytest.raises(AssertionError):
        requirements(lock)
