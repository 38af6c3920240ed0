"""Each rule of the targets design (§6) has a test that would fail without it; here is which."""

import ast
from pathlib import Path

import pytest

HERE = Path(__file__).parent
RULES = {
    "P1": "plan_imports/test_reading.py::test_every_fault_is_found_in_its_cell",
    "P2": "plans/test_annex.py::test_a_broken_plan_file_is_refused_with_the_rule_and_the_place",
    "P3": "plans/test_annex.py::test_a_broken_plan_file_is_refused_with_the_rule_and_the_place",
    "P4": "plan_imports/test_reading.py::test_every_fault_is_found_in_its_cell",
    "P5": "plan_imports/test_reading.py::test_odd_figures_are_refused",
    "P6": "plan_imports/test_reading.py::test_every_fault_is_found_in_its_cell",
    "P7": "child_plans/test_splitting.py::test_the_parts_sum_to_the_target_p7",
    "P8": "plans/test_doubts.py::test_a_change_of_more_than_thirty_percent_is_shown_p8",
    "P9": "plans/test_doubts.py::test_a_part_without_its_whole_is_shown_p9",
    "P10": "plans/test_versions.py::test_every_fault_of_a_version_is_named_and_nothing_stored",
    "P11": "plans/test_annex.py::test_the_service_cannot_change_an_issued_plan_even_by_sql",
    "P12": "plans/test_doubts.py::test_a_figure_off_its_quantum_is_shown_p12",
    "R1": "report_rules/test_rules.py::test_a_month_is_reported_once_it_has_begun_and_only_in_a_year_with_a_plan",
    "R2": "reports/test_reports.py::test_another_units_report_does_not_exist",
    "R3": "report_rules/test_rules.py::test_figures_that_cannot_be_are_named_one_by_one",
    "R4": "report_rules/test_rules.py::test_figures_that_cannot_be_are_named_one_by_one",
    "R5": "report_rules/test_rules.py::test_a_cumulative_figure_falls_by_correction_or_by_shown_attrition_only",
    "R6": "report_rules/test_rules.py::test_a_subset_is_compared_with_the_gross_figure_and_a_net_fall_is_only_unusual",
    "R7": "report_rules/test_rules.py::test_a_sudden_jump_is_shown",
    "R8": "report_rules/test_rules.py::test_standing_still_for_two_months_and_copying_a_month_are_shown",
    "R9": "report_rules/test_rules.py::test_a_rate_agrees_with_its_parts",
    "R10": "report_rules/test_rules.py::test_a_rate_agrees_with_its_parts",
    "R11": "report_rules/test_rules.py::test_a_submission_has_every_assigned_figure_or_the_reason_why_not",
    "R12": "reports/test_reports.py::test_a_returned_report_is_mended_as_the_same_revision",
    "R13": "reports/test_reports.py::test_four_eyes_hold_over_http",
    "R14": "report_rules/test_rules.py::test_late_reports_and_unassigned_figures_are_shown",
    "R15": "report_rules/test_rules.py::test_standing_still_for_two_months_and_copying_a_month_are_shown",
    "R16": "report_rules/test_rules.py::test_a_figure_far_from_the_register_is_shown",
    "R17": "reports/test_reports.py::test_a_draft_is_changed_on_its_latest_version_only",
    "R18": "reports/test_reports.py::test_an_approval_is_refused_while_a_rule_is_broken_again",
    "N1": "register/test_events.py::test_an_event_that_cannot_count_is_refused_with_every_fault",
    "N2": "register/test_events.py::test_an_event_that_cannot_count_is_refused_with_every_fault",
    "N3": "event_uploads/test_both_ways.py::test_a_row_means_the_same_alone_and_in_a_file",
    "N4": "register/test_events.py::test_only_the_units_of_the_plan_are_counted_and_only_ones_own",
    "N5": "register/test_events.py::test_a_source_reference_stands_for_one_content",
    "N6": "register/test_events.py::test_a_person_counts_once_for_the_earliest_job_of_the_year",
    "N7": "event_uploads/test_both_ways.py::test_a_row_means_the_same_alone_and_in_a_file",
    "N8": "event_uploads/test_both_ways.py::test_a_row_means_the_same_alone_and_in_a_file",
    "N9": "event_uploads/test_both_ways.py::test_a_row_means_the_same_alone_and_in_a_file",
    "N10": "event_uploads/test_both_ways.py::test_a_row_means_the_same_alone_and_in_a_file",
    "N11": "event_uploads/test_both_ways.py::test_a_row_means_the_same_alone_and_in_a_file",
    "N12": "register/test_events.py::test_another_name_for_the_same_number_is_noticed",
    "N13": "event_uploads/test_both_ways.py::test_a_row_means_the_same_alone_and_in_a_file",
    "N14": "event_uploads/test_uploads.py::test_a_file_is_counted_row_by_row_and_once",
    "S1": "register/test_exactness.py::test_the_recount_finds_a_wrong_count_and_repairs_nothing",
    "S2": "register/test_slot_rule.py::test_there_is_a_slot_exactly_for_each_key_with_a_live_event",
    "S3": "reports/test_tables.py::test_no_revision_is_approved_with_fewer_than_three_signatures",
    "S4": "reconciliations/test_bridge.py::test_the_bridge_sums",
    "S5": "progress/test_arithmetic.py::test_ranks_depend_on_nothing_but_the_exact_completion",
}

# Mistakes that others have made (§9), each with the test that fails when it is made here; tried by hand.
MISTAKES = {
    "max for min at a cap": "assessments/test_scores.py::test_the_worked_scores_of_huiji_come_out",
    "divided before subtracted": "progress/test_arithmetic.py::test_limits_and_zero_targets_are_native",
    "target of the months so far": "progress/test_progress.py::test_the_june_table_comes_out_to_the_last_digit",
    "epsilon for a target of zero": "progress/test_arithmetic.py::test_limits_and_zero_targets_are_native",
    "first of a month lost": "register/test_events.py::test_a_person_counts_once_for_the_earliest_job_of_the_year",
    "a mean of rates": "progress/test_table.py::test_a_city_rate_comes_from_sums_and_not_from_a_mean",
    "—— read as zero": "plans/test_annex.py::test_the_plan_equals_the_annex_cell_by_cell",
}

NAMED = [*RULES.values(), *MISTAKES.values()]


def test_no_rule_is_left_out() -> None:
    series = {"P": 12, "R": 18, "N": 14, "S": 5}
    assert list(RULES) == [f"{letter}{n}" for letter, last in series.items() for n in range(1, last + 1)]


@pytest.mark.parametrize("file", sorted({where.partition("::")[0] for where in NAMED}))
def test_the_tests_are_where_the_table_says(file: str) -> None:
    tree = ast.parse((HERE / file).read_text(encoding="utf-8"))
    there = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    named = {test for where in NAMED for path, _, test in [where.partition("::")] if path == file}

    assert named <= there
