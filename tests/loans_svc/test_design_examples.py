"""Each worked example and each further test of the loans design, and which tests hold it, in the engine and over HTTP.

Found from the example's number: a test that is named here must be there.
"""

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.loans_svc.cases import worked_quotes

HERE = Path(__file__).parent
QUOTES = ("subsidies/test_worked_examples.py::test_a_worked_quote_comes_out_to_the_fen",
          "subsidies/test_quotes_over_http.py::test_a_worked_quote_comes_out_to_the_fen")  # fmt: skip
# E1, E2 … of §3.8 that are quotes: `worked_quotes.yaml` has them, engine and HTTP read the same file.
QUOTED = {"E1", "E2", "E2b", "E3", "E4", "E4b", "E5", "E5b", "E6", "E7", "E8", "E9", "E10", "E11", "E12", "E13", "E14",
          "E15", "E16", "E18", "E21", "E23"}  # fmt: skip
# number: (in the engine, over HTTP)
EXAMPLES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "E4": (
        ("subsidies/test_worked_examples.py::test_anniversaries",),
        ("test_design_over_http.py::test_E4_a_term_ends_on_the_same_day_of_the_month_or_its_last",),
    ),
    "E8": (
        (),
        ("agreements/test_agreements.py::test_E8_an_instalment_repaid_within_the_days_of_grace_was_never_overdue",),
    ),
    "E14": (
        ("subsidies/test_worked_examples.py::test_E14_731_of_1096_days_leave_365",),
        ("loans/test_life_of_a_loan.py::test_the_fourth_loan_has_no_subsidy_and_days_are_counted_by_the_rule",),
    ),
    "E16": (
        ("subsidies/test_worked_examples.py::test_E16_a_prepayment_splits_20000_00_to_13333_33",),
        ("loans/test_life_of_a_loan.py::test_E16_a_prepayment_reduces_two_tranches_pro_rata",
         "batches/test_batches.py::test_E16_E17_each_tranche_has_its_payers_and_they_sum_to_the_batch"),
    ),
    "E17": (
        ("subsidies/test_worked_examples.py::test_payers",),
        ("subsidies/test_metamorphic_over_http.py::test_E17_payers_of_1000_03",),
    ),
    "E17b": (
        ("subsidies/test_worked_examples.py::test_E17b_splitting_each_line_drifts_where_splitting_the_batch_does_not",),
        ("batches/test_design_over_http.py::test_E17b_the_batch_is_split_once_and_does_not_drift",),
    ),
    "E17c": (
        ("subsidies/test_worked_examples.py::test_E17c_the_drill_down_is_exact_in_every_line_and_column",),
        ("batches/test_design_over_http.py::test_E17c_every_line_and_every_column_is_exact",),
    ),
    "E17d": (
        ("subsidies/test_worked_examples.py::test_payers",),
        ("subsidies/test_quotes_over_http.py::test_payers_of_each_tranche_sum_to_it",),
    ),
    "E18": (
        ("subsidies/test_worked_examples.py::test_E18_a_late_prepayment_reverses_and_posts_anew",),
        ("batches/test_batches.py::test_E18_a_late_prepayment_is_reversed_and_posted_again_in_the_open_period",),
    ),
    "E19": (
        ("reward_pools/test_pool.py::test_year_boundaries",),
        ("reward_pools/test_pool_quotes_over_http.py::test_the_year_of_the_booking_decides",
         "reward_years/test_reward_years.py::test_E19_the_year_bears_what_is_booked_in_it_and_a_close_is_final"),
    ),
    "E20": (
        ("reward_pools/test_pool.py::test_E20_60_25_15_of_100_000_01",),
        ("reward_pools/test_pool_quotes_over_http.py::test_E20_parts_of_100_000_01",),
    ),
    "E21": ((), ("loans/test_life_of_a_loan.py::test_E21_same_day_and_one_day_loans_are_closed",)),
    "E22": (
        ("funds/test_leverage.py::test_E22_50_million_248_outstanding_3_applied_is_5_020_times",),
        ("loans/test_life_of_a_loan.py::test_E22_the_fund_refuses_5_020_times_and_gives_what_is_left",),
    ),
    "E23": (
        ("subsidies/test_worked_examples.py::test_E23_the_largest_line_fits_a_bigint",),
        (),
    ),
}  # fmt: skip
# §3.9: (in the engine, over HTTP)
FURTHER: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "splitting a period in two leaves the exact sum": (
        ("subsidies/test_properties.py::test_splitting_the_time_in_two_leaves_the_exact_sum",),
        ("subsidies/test_metamorphic_over_http.py::test_splitting_the_time_in_two_leaves_the_exact_sum",),
    ),
    "400 years later it is the same": (
        ("subsidies/test_properties.py::test_400_years_later_it_is_the_same",),
        ("subsidies/test_metamorphic_over_http.py::test_the_same_loan_in_years_of_the_same_calendar_is_worth_the_same",),
    ),
    "twice the principal is worth exactly twice": (
        ("subsidies/test_properties.py::test_twice_the_money_is_worth_exactly_twice",),
        ("subsidies/test_metamorphic_over_http.py::test_twice_the_money_is_worth_exactly_twice",),
    ),
    "an earlier prepayment never raises a claim": (
        ("subsidies/test_properties.py::test_an_earlier_prepayment_never_raises_a_claim",),
        ("subsidies/test_metamorphic_over_http.py::test_an_earlier_prepayment_never_raises_a_claim",),
    ),
    "the order of arrival does not matter": (
        ("subsidies/test_properties.py::test_the_order_in_which_events_arrive_does_not_matter",
         "subsidies/test_properties.py::test_learning_late_plus_its_correction_is_learning_early"),
        ("loans/test_life_of_a_loan.py::test_events_in_any_order_of_arrival_give_the_same_lines_and_books",
         "test_a_year_over_http.py::test_a_year_told_late_ends_as_if_all_had_been_known_and_its_pool_is_whole"),
    ),
    "replay of the same import changes nothing": (
        ("batches/test_batches.py::test_computing_twice_changes_nothing_and_a_crash_leaves_nothing",),
        ("test_design_over_http.py::test_the_same_file_again_changes_nothing",),
    ),
    "a reversal is never reversed": (
        ("subsidies/test_boundaries.py::test_a_reversal_is_not_reversed",),
        ("batches/test_design_over_http.py::test_a_reversal_is_never_reversed",
         "batches/test_design_over_http.py::test_no_call_can_ask_for_a_line_to_be_written_or_reversed"),
    ),
    "two approvals at once do not both pass": (
        ("funds/test_writers.py::test_32_writers_never_pass_the_limit_and_the_books_are_whole_at_every_snapshot",),
        ("loans/test_life_of_a_loan.py::test_of_concurrent_approvals_only_those_pass_that_the_fund_can_carry",),
    ),
    "a crash leaves a batch computed or not begun": (
        ("batches/test_batches.py::test_computing_twice_changes_nothing_and_a_crash_leaves_nothing",),
        ("batches/test_evidence.py::test_a_worker_killed_in_the_middle_leaves_a_batch_computed_or_not_begun",),
    ),
}  # fmt: skip


@cache
def functions_of(path: str) -> frozenset[str]:
    tree = ast.parse((HERE / path).read_text(encoding="utf-8"))
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(function.name for function in functions)


@pytest.mark.parametrize("name", [*EXAMPLES, *FURTHER])
def test_what_the_design_asks_for_is_held_by_these_tests(name: str) -> None:
    engine, http = (EXAMPLES | FURTHER)[name]
    assert engine or name in QUOTED
    assert http or name in QUOTED
    for test in (*engine, *http):
        path, _, function = test.partition("::")
        assert function in functions_of(path), test


def test_every_number_from_1_to_23_is_there() -> None:
    quoted = {case.name.split("-")[0] for case in worked_quotes()}
    assert quoted == QUOTED
    for test in QUOTES:
        path, _, function = test.partition("::")
        assert function in functions_of(path)
    numbers = {name.rstrip("abcd") for name in QUOTED | set(EXAMPLES)}
    assert numbers == {f"E{number}" for number in range(1, 24)}
