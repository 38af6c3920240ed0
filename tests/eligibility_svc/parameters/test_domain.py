"""What the catalogue is once values are published, and which versions can be made again."""

from dataclasses import replace
from datetime import date

import pytest

from eligibility_svc.measures.domain import Citation
from eligibility_svc.measures.repository import base_catalogue
from eligibility_svc.parameters.domain import Published, is_open, published_count, with_published

FIRST = Published("startup-star", "amount", date(2018, 10, 1), 500000, "郑人社〔2018〕99号", "三")
LATER = replace(FIRST, from_on=date(2019, 1, 1), value=600000)


def values_on(*published: Published) -> dict[str, int | None]:
    edition = with_published(base_catalogue(), published).in_force("startup-star", date(2019, 1, 1))
    assert edition is not None
    days = ("2018-05-27", "2018-09-30", "2018-10-01", "2018-12-31", "2019-01-01")
    found = {day: edition.values_on(date.fromisoformat(day)).get("amount") for day in days}
    return {day: value if isinstance(value, int) else None for day, value in found.items()}


def test_a_value_holds_from_its_day_until_the_next() -> None:
    assert values_on(FIRST, LATER) == {
        "2018-05-27": None, "2018-09-30": None, "2018-10-01": 500000, "2018-12-31": 500000, "2019-01-01": 600000,
    }  # fmt: skip


def test_the_order_of_publication_does_not_matter_to_the_values() -> None:
    assert values_on(LATER, FIRST) == values_on(FIRST, LATER)


def test_a_value_from_the_first_day_takes_the_place_of_the_open_one() -> None:
    assert values_on(replace(FIRST, from_on=date(2018, 5, 27)))["2018-05-27"] == 500000


def test_a_value_carries_its_reference() -> None:
    edition = with_published(base_catalogue(), [FIRST]).in_force("startup-star", date(2018, 10, 1))
    assert edition is not None
    dated = edition.parameters["amount"].on(date(2018, 10, 1))
    assert dated is not None
    assert dated.citation == Citation("郑人社〔2018〕99号", "三")


def test_what_the_notice_fixes_is_never_overwritten() -> None:
    edition = base_catalogue().in_force("startup-grant", date(2018, 9, 1))
    assert edition is not None
    assert not is_open(edition, "amount", date(2018, 9, 1))
    wrong = replace(FIRST, measure="startup-grant", value=1)
    after = with_published(base_catalogue(), [wrong]).in_force("startup-grant", date(2018, 10, 1))
    assert after is not None
    assert after.values_on(date(2018, 10, 1))["amount"] == 1000000


def test_before_the_notice_nothing_is_open() -> None:
    edition = base_catalogue().measures["startup-star"][0]
    assert not is_open(edition, "amount", date(2018, 5, 26))
    assert is_open(edition, "amount", date(2018, 5, 27))


@pytest.mark.parametrize(
    ("suffix", "count"), [("", 0), (".1", 1), (".12", 12), (".0", None), (".x", None), (".-1", None), (".1.1", None)]
)
def test_a_version_tells_how_many_values_it_holds(suffix: str, count: int | None) -> None:
    assert published_count(base_catalogue().version + suffix, base_catalogue()) == count


def test_a_version_of_other_files_is_unknown() -> None:
    assert published_count("0" * 16, base_catalogue()) is None


def test_versions_are_told_apart() -> None:
    files = base_catalogue()
    versions = [with_published(files, published).version for published in ([], [FIRST], [FIRST, LATER])]
    assert versions == [files.version, f"{files.version}.1", f"{files.version}.2"]
