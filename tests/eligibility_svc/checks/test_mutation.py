"""The table of cases notices a wrong rule: whatever is changed, a row fails or the file is refused."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from eligibility_svc.checks.decision import Decider
from eligibility_svc.datafiles import DataFileError
from eligibility_svc.facts.repository import vocabulary
from eligibility_svc.measures.repository import CODES_FILE, EDITIONS_FOLDER, load_catalogue
from tests.eligibility_svc.checks.mutation import mutants
from tests.eligibility_svc.checks.table import Row, answer, has_its_figures, is_as_expected, rows

ROWS = list(rows())

# Changes that no row could notice, and why.
UNNOTICEABLE = {
    ("internship", "benefit/formula"): "both rates are open; test_open_amounts fills them in",
    ("skill-upgrade", "benefit/formula"): "all levels are open; test_open_amounts fills them in",
    ("training-fee", "benefit/formula"): "all levels are open; test_open_amounts fills them in",
    ("poor-training-travel", "requires/all/1"): "the gate of training_place says the same",
    ("incubator-build", "benefit/payer"): "test_worked_answers shows who pays",
}


@pytest.mark.parametrize("path", sorted(EDITIONS_FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_changed_edition_fails_a_case(path: Path, tmp_path: Path) -> None:
    edition = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    _on_one_line(edition)
    code = edition["code"]
    mine = [row for row in ROWS if row.measure == code and _is_of(edition, row)]
    mine += [_first_day(edition, mine[0])]
    assert _passes(edition, mine, tmp_path), "unchanged, it must pass"
    unnoticed = [
        what
        for what, changed in mutants(edition)
        if not any(code == known and what.startswith(place) for known, place in UNNOTICEABLE)
        and _passes(changed, mine, tmp_path)
    ]
    assert unnoticed == []


def _on_one_line(edition: Any) -> None:
    """A formula of several lines, which YAML would write in quotes."""
    if "formula" in edition.get("benefit", {}):
        edition["benefit"]["formula"] = " ".join(edition["benefit"]["formula"].split())


def _is_of(edition: Any, row: Row) -> bool:
    until = edition["in_force"].get("until")
    return bool(edition["in_force"]["from"] <= row.as_of and (until is None or row.as_of < until))


def _first_day(edition: Any, row: Row) -> Row:
    """On its first day an edition already answers, whatever it answers."""
    begins = edition["in_force"]["from"]
    return Row(row.measure, row.subject, begins, "IN_FORCE", row.facts)


def _passes(changed: Any, mine: list[Row], folder: Path) -> bool:
    file = folder / f"{changed['code']}.yaml"
    file.write_text(yaml.safe_dump(changed, allow_unicode=True, width=10_000, sort_keys=False), encoding="utf-8")
    try:
        decider = Decider(load_catalogue(vocabulary(), CODES_FILE, folder), vocabulary())
    except DataFileError:
        return False
    return all(_holds(row, decider) for row in mine)


def _holds(row: Row, decider: Decider) -> bool:
    found = answer(row, decider)
    if row.outcome == "IN_FORCE":
        return found.reasons[0].criterion != "NOT_IN_FORCE"
    return is_as_expected(row, found) and has_its_figures(row, decider)


def test_every_exception_is_still_one() -> None:
    known = {path.stem.partition("@")[0] for path in EDITIONS_FOLDER.glob("*.yaml")}
    assert {code for code, _ in UNNOTICEABLE} <= known
