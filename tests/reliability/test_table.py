"""docs/reliability.md names tests that are there, and leaves no promise without one."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
TABLE = TESTS.parent / "docs" / "reliability.md"


def test_every_promise_has_a_test_and_every_test_that_is_named_exists() -> None:
    rows = [line.split("|")[1:-1] for line in TABLE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    promised = {name for number, *_ in rows for name in re.findall(r"[RS]\d+", number)}
    assert promised == {*(f"R{n}" for n in range(1, 27)), *(f"S{n}" for n in range(1, 13))}
    for number, _, where in rows[1:]:
        named = re.findall(r"([\w/]+\.py)(?:::(\w+))?", where)
        assert named or "`make " in where, number
        for path, test in named:
            assert f"def {test}(" in (TESTS / path).read_text(encoding="utf-8") if test else (TESTS / path).exists()
