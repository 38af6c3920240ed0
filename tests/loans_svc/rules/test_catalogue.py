"""The dated rows: what the design fixes, that each value is cited, and that a broken file is refused by name."""

from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from loans_svc.rules.domain import BorrowerKind, Mark, RateBasis
from loans_svc.rules.repository import CATALOGUE_FILE, CatalogueInvalidError, catalogue, read_catalogue

TEXT = CATALOGUE_FILE.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("code", "shares6", "cap", "floor"),
    [
        ("R2016_IND", (6, 4, 2), 20_000, None),
        ("R2016_POOR", (6, 6, 6), 30_000, None),
        ("R2016_SE", (3, 3), None, None),
        ("R2021", (6, 6, 6), 15_000, -15_000),
        ("R2022_HENAN_IND", (6, 6, 6), 15_000, None),
        ("R2023", (3, 3, 3), 5_000, None),
    ],
)
def test_presets(code: str, shares6: tuple[int, ...], cap: int | None, floor: int | None) -> None:
    parameters = catalogue().rules[code].parameters
    assert (parameters.shares6, parameters.cap_over_ppm, parameters.floor_over_ppm) == (shares6, cap, floor)
    assert (parameters.rate_basis is RateBasis.BENCHMARK_AT_SIGNING) is (code == "R2016_SE")


def test_every_value_of_every_row_is_cited() -> None:
    fields = {
        "valid_from", "valid_to", "keyed_by", "region_class", "tranche", "rate_basis", "cap_over", "floor_over",
        "shares", "window_months", "max_loans", "cap_scope", "overdue_mode", "grace_days", "day_count", "period_scheme",
        "payer_scheme", "allows_local_tranche",
    }  # fmt: skip
    for rule in catalogue().rules.values():
        assert set(rule.evidence) == fields | {f"amount_caps.{kind}" for kind in rule.amount_caps} | {
            f"local_amount_caps.{kind}" for kind in rule.local_amount_caps
        }
        assert all(evidence.source for evidence in rule.evidence.values())


def test_the_notice_itself_is_the_source_of_the_three_years_and_of_the_one_percent() -> None:
    assert catalogue().rules["R2023"].evidence["window_months"].mark is Mark.SEED
    assert catalogue().rules["R2023"].parameters.window_months == 36
    reward = catalogue().reward_schemes["REWARD_1PCT"]
    assert (reward.rate_ppm, reward.evidence["rate"].mark) == (10_000, Mark.SEED)


def test_ceilings_from_memory_say_so() -> None:
    assert catalogue().rules["R2023"].evidence["cap_over"].mark is Mark.MEM
    assert catalogue().rules["R2022_HENAN_IND"].evidence["cap_over"].mark is Mark.MEM


@pytest.mark.parametrize(
    ("day", "in_force"),
    [
        (date(2022, 5, 17), {"R2021", "R2021_POOR"}),
        (date(2022, 5, 18), {"R2021", "R2021_POOR", "R2022_HENAN_IND"}),
        (date(2023, 9, 30), {"R2021", "R2021_POOR", "R2022_HENAN_IND"}),
        (date(2023, 10, 1), {"R2023"}),
        (date(2016, 10, 10), set()),
    ],
)
def test_rules_are_in_force_from_their_first_day_until_before_their_last(day: date, in_force: set[str]) -> None:
    assert {rule.rule_id for rule in catalogue().select(as_of=day)} == in_force


def test_rules_without_a_gap_follow_each_other() -> None:
    for lineage in (
        ["R2016_IND", "R2018_IND", "R2020_IND", "R2021", "R2023"],
        ["R2016_SE", "R2018_SE", "R2020_SE", "R2021"],
    ):
        rows = [catalogue().rules[code].validity for code in lineage]
        assert all(before.until == after.since for before, after in pairwise(rows))


def test_a_kind_of_borrower_selects_its_rules() -> None:
    codes = {rule.rule_id for rule in catalogue().select(borrower=BorrowerKind.SMALL_ENTERPRISE)}
    assert codes == {"R2016_SE", "R2018_SE", "R2020_SE", "R2021", "R2021_POOR", "R2023"}


def test_the_amount_of_a_row_is_that_of_the_borrower_or_the_widest() -> None:
    henan = catalogue().rules["R2022_HENAN_IND"]
    assert henan.amount_cap(BorrowerKind.INDIVIDUAL) == 200_000_00
    assert henan.amount_cap(BorrowerKind.PARTNERSHIP) is None
    assert henan.amount_cap(None) == 1_500_000_00


def test_payer_weights_are_those_of_zhengzhou_2022() -> None:
    weights = {code: list(scheme.weights.values()) for code, scheme in catalogue().payer_schemes.items()}
    assert weights == {
        "ZZ2022_CITY_STATE": [50, 25, 25],
        "ZZ2022_SHANGJIE_STATE": [50, 25, 15, 10],
        "ZZ2022_CITY_LOCAL": [100],
        "ZZ2022_SHANGJIE_LOCAL": [100],
        "ZZ2022_SHANGJIE_LOCAL_WITH_STATE": [50, 50],
    }


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('cap_over: {value: "0.5000", mark: MEM', "cap_over: {value: 0.5, mark: MEM", "$.rules.R2023.cap_over.value"),
        ('"0.5000", mark: MEM', '"0.5000", mark: SURE', "$.rules.R2023.cap_over.mark"),
        ("valid_from: {value: 2023-10-01,", "valid_from: {value: soon,", "$.rules.R2023.valid_from.value"),
        ('shares: {value: ["1/2", "1/2", "1/2"]', 'shares: {value: ["1/2", "1/2"]', "$.rules.R2023.shares"),
        ('shares: {value: ["1/2", "1/2", "1/2"]', 'shares: {value: ["0.5"]', "$.rules.R2023.shares.value"),
        ("window_months: {value: 36,", "window_months: {value: 37,", "window_months"),
        ("{CENTRE: 50, PROVINCE: 25, CITY: 25}", "{CENTRE: 50, PROVINCE: 25, CITY: 24}", "ZZ2022_CITY_STATE.weights"),
        ("{CENTRE: 50, PROVINCE: 25, CITY: 25}", "{CENTRE: 50, PROVINCE: 25, TOWN: 25}", "ZZ2022_CITY_STATE.weights"),
        ("payer_scheme: {value: ZZ2022_CITY_STATE", "payer_scheme: {value: NOBODY", "R2022_HENAN_IND.payer_scheme"),
        ("  R2023:\n", "  R2021:\n", "R2021 stands twice"),
        ("  R2023:\n", "  r2023:\n", "$.rules.r2023"),
        ("    note: 河南2024年", "    remark: 河南2024年", "$.rules.R2023: unknown key remark"),
        ("valid_to: {value: 2020-04-15,", "valid_to: {value: 2010-04-15,", "valid_to"),
        ("leverage: {value: 5,", "leverage: {value: five,", "$.fund_limits.FUND_2020.leverage.value"),
        ('{value: "1.0000", mark: SEED', '{mark: SEED', "$.reward_schemes.REWARD_1PCT.rate.value: is missing"),
        ("      INDIVIDUAL: {value: \"300000.00\"", "      MAYOR: {value: \"300000.00\"", "$.rules.R2023.amount_caps"),
        ("defaults:", "defaults: [", "catalogue.yaml"),
        ("2022-05-18", "2022-05-32", "$.rules.R2022_HENAN_IND.valid_from.value"),
        ("2022-05-18", "2022-02-31", "$.rules.R2022_HENAN_IND.valid_from.value"),
    ],
)  # fmt: skip
def test_a_broken_file_is_refused_with_the_place(tmp_path: Path, old: str, new: str, place: str) -> None:
    assert old in TEXT
    broken = tmp_path / "catalogue.yaml"
    broken.write_text(TEXT.replace(old, new), encoding="utf-8")
    with pytest.raises(CatalogueInvalidError) as refused:
        read_catalogue(broken)
    assert str(refused.value).startswith("catalogue.yaml: ")
    assert place in str(refused.value)
