"""What each operation of the loan service must have, a scope and a true document; its worker starts and stops."""

import asyncio
import json
import os
import re
import signal
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from openapi_spec_validator import validate

from kit.testing import Caller, client
from loans_svc.main import create_app
from tests.loans_svc.conftest import SCOPES

OPERATIONS = [
    ("get", "/rules", "list_subsidy_rules", "loans.rule.read"),
    ("post", "/subsidy-quotes", "quote_subsidy", "loans.quote.run"),
    ("post", "/reward-pool-quotes", "quote_reward_pool", "loans.pool.run"),
]
# Of stored things: (method, path, operation id, scope, status of success, status of an empty or strange request).
STORED = [
    ("get", "/rules/{rule_id}", "get_subsidy_rule", "loans.rule.read", 200, 404),
    ("post", "/loans", "apply_for_loan", "loans.loan.apply", 201, 422),
    ("get", "/loans", "list_loans", "loans.loan.read", 200, 200),
    ("get", "/loans/{loan_id}", "get_loan", "loans.loan.read", 200, 404),
    ("get", "/loans/{loan_id}/borrower-history", "get_borrower_history", "loans.loan.read", 200, 404),
    ("get", "/loans/{loan_id}/subsidy-lines", "list_loan_subsidy_lines", "loans.loan.read", 200, 404),
    ("get", "/loans/{loan_id}/explanation", "explain_loan", "loans.loan.read", 200, 404),
    ("post", "/loans/{loan_id}/approval", "approve_loan", "loans.loan.decide", 200, 422),
    ("post", "/loans/{loan_id}/rejection", "reject_loan", "loans.loan.decide", 200, 422),
    ("post", "/loans/{loan_id}/cancellation", "cancel_loan", "loans.loan.decide", 200, 422),
    ("post", "/loans/{loan_id}/disbursement", "disburse_loan", "loans.loan.disburse", 200, 422),
    ("post", "/loans/{loan_id}/re-ruling", "re_rule_loan", "loans.loan.decide", 200, 422),
    ("post", "/loans/{loan_id}/events", "record_loan_event", "loans.event.write", 201, 422),
    ("post", "/loan-searches", "search_loans", "loans.progress.read", 200, 422),
    ("get", "/due-steps", "list_due_steps", "loans.loan.read loans.batch.read", 200, 200),
    ("post", "/bank-agreements", "enter_bank_agreement", "loans.agreement.write", 201, 422),
    ("get", "/bank-agreements", "list_bank_agreements", "loans.agreement.read", 200, 200),
    (
        "post",
        "/bank-agreements/{agreement_id}/confirmation",
        "confirm_bank_agreement",
        "loans.agreement.confirm",
        200,
        404,
    ),
    ("get", "/voucher-books", "list_voucher_books", "loans.voucher.read", 200, 200),
    ("post", "/voucher-months", "close_voucher_month", "loans.voucher.close", 200, 422),
    ("get", "/voucher-months", "list_voucher_months", "loans.voucher.read", 200, 200),
    ("get", "/voucher-months/{month_id}", "get_voucher_month", "loans.voucher.read", 200, 404),
    ("get", "/voucher-months/{month_id}/vouchers.csv", "download_vouchers_csv", "loans.voucher.read", 200, 404),
    ("get", "/voucher-months/{month_id}/vouchers.xlsx", "download_vouchers_workbook", "loans.voucher.read", 200, 404),
    ("get", "/funds", "list_funds", "loans.fund.read", 200, 200),
    ("get", "/funds/{fund_id}", "get_fund", "loans.fund.read", 200, 404),
    ("get", "/funds/{fund_id}/deposits", "list_fund_deposits", "loans.fund.read", 200, 404),
    ("get", "/funds/{fund_id}/journal", "list_fund_transfers", "loans.fund.read", 200, 404),
    ("post", "/funds/{fund_id}/deposits", "record_fund_deposit", "loans.fund.write", 201, 422),
    (
        "post",
        "/funds/{fund_id}/deposits/{deposit_id}/confirmation",
        "confirm_fund_deposit",
        "loans.fund.confirm",
        200,
        404,
    ),
    (
        "post",
        "/funds/{fund_id}/deposits/{deposit_id}/withdrawal",
        "withdraw_fund_deposit",
        "loans.fund.write | loans.fund.confirm",
        200,
        422,
    ),
    ("post", "/subsidy-batches", "open_subsidy_batch", "loans.batch.write", 202, 422),
    ("get", "/subsidy-batches", "list_subsidy_batches", "loans.batch.read", 200, 200),
    ("get", "/subsidy-batches/{batch_id}", "get_subsidy_batch", "loans.batch.read", 200, 404),
    ("get", "/subsidy-batches/{batch_id}/lines", "list_subsidy_batch_lines", "loans.batch.read", 200, 404),
    ("post", "/subsidy-batches/{batch_id}/submission", "submit_subsidy_batch", "loans.batch.write", 200, 404),
    ("post", "/subsidy-batches/{batch_id}/review", "review_subsidy_batch", "loans.batch.review", 200, 404),
    ("post", "/subsidy-batches/{batch_id}/approval", "approve_subsidy_batch", "loans.batch.approve", 200, 404),
    ("post", "/subsidy-batches/{batch_id}/payment", "pay_subsidy_batch", "loans.batch.pay", 200, 422),
    ("post", "/subsidy-batches/{batch_id}/closing", "close_subsidy_batch", "loans.batch.review", 200, 404),
    ("post", "/subsidy-batches/{batch_id}/rejection", "reject_subsidy_batch", "loans.batch.review", 200, 422),
    (
        "get",
        "/subsidy-batches/{batch_id}/lines/{number}/explanation",
        "explain_subsidy_line",
        "loans.batch.read",
        200,
        404,
    ),
    (
        "get",
        "/subsidy-batches/{batch_id}/lines/{number}/explanation.html",
        "print_subsidy_line",
        "loans.batch.read",
        200,
        404,
    ),
    ("get", "/subsidy-batches/{batch_id}/claim.xlsx", "get_subsidy_claim_workbook", "loans.batch.read", 200, 404),
    ("get", "/subsidy-batches/{batch_id}/verification", "verify_subsidy_batch", "loans.batch.read", 200, 404),
    ("get", "/subsidy-batches/{batch_id}/journal", "list_subsidy_batch_transfers", "loans.batch.read", 200, 404),
    ("get", "/subsidy-batches/{batch_id}/arrivals", "list_payer_arrivals", "loans.batch.read", 200, 404),
    ("post", "/subsidy-batches/{batch_id}/arrivals", "record_payer_arrival", "loans.batch.write", 201, 422),
    (
        "post",
        "/subsidy-batches/{batch_id}/arrivals/{arrival_id}/retraction",
        "retract_payer_arrival",
        "loans.batch.write",
        200,
        422,
    ),
    ("post", "/subsidy-batches/{batch_id}/bank-lines", "upload_bank_lines", "loans.batch.write", 202, 415),
    ("get", "/subsidy-batches/{batch_id}/bank-lines", "get_bank_lines", "loans.batch.read", 200, 404),
    (
        "get",
        "/subsidy-batches/{batch_id}/bank-lines/differences",
        "list_bank_line_differences",
        "loans.batch.read",
        200,
        404,
    ),
    ("get", "/subsidy-batches/{batch_id}/bank-lines/result.csv", "get_bank_lines_result", "loans.batch.read", 200, 404),
    (
        "post",
        "/subsidy-batches/{batch_id}/bank-lines/resolution",
        "resolve_bank_lines",
        "loans.batch.review",
        202,
        422,
    ),
    ("get", "/settlements", "get_subsidy_settlement", "loans.batch.read", 200, 422),
    ("get", "/statistics", "get_loan_statistics", "loans.statistics.read", 200, 422),
    ("get", "/jobs/{job_id}", "get_loans_job", "loans.job.read", 200, 404),
    ("get", "/benchmark-rates", "list_benchmark_rates", "loans.rule.read", 200, 200),
    ("post", "/benchmark-rates", "enter_benchmark_rate", "loans.benchmark.write", 201, 422),
    ("post", "/benchmark-rates/{rate_id}/confirmation", "confirm_benchmark_rate", "loans.benchmark.confirm", 200, 404),
    ("post", "/reward-weights", "propose_reward_weights", "loans.pool.write", 201, 422),
    ("get", "/reward-weights", "list_reward_weights", "loans.pool.read", 200, 200),
    ("get", "/reward-pools", "list_reward_pools", "loans.pool.read", 200, 200),
    ("post", "/reward-weights/{weights_id}/confirmation", "confirm_reward_weights", "loans.pool.close", 200, 404),
    ("post", "/reward-pools", "compute_reward_pool", "loans.pool.write", 200, 422),
    ("get", "/reward-pools/{pool_id}", "get_reward_pool", "loans.pool.read", 200, 404),
    ("post", "/reward-pools/{pool_id}/closure", "close_reward_pool", "loans.pool.close", 200, 404),
]
BOTH = pytest.mark.parametrize(("method", "path", "operation", "scope"), OPERATIONS, ids=str)


@pytest.fixture(scope="module")
def document(loans_settings: Any) -> dict[str, Any]:
    return create_app(loans_settings).openapi()


def test_the_document_is_valid_and_lists_these_operations(document: dict[str, Any]) -> None:
    validate(document)
    found = [
        (method, path, operation["operationId"])
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if not re.search("/webhook-endpoints|/audit-", path)  # the kit's
    ]
    expected = [(method, f"/api/v1/loans{path}", name) for method, path, name, *_ in (*OPERATIONS, *STORED)]
    assert sorted(found) == sorted(expected)


@pytest.mark.parametrize(("method", "path", "operation", "scope", "success", "strange"), STORED, ids=str)
async def test_an_operation_on_what_is_stored_has_its_scope_and_refuses_strangers(
    document: dict[str, Any], loans_url: str, loans_caller: Caller, method: str, path: str, operation: str, scope: str,
    success: int, strange: int,
) -> None:  # fmt: skip
    described = document["paths"][f"/api/v1/loans{path}"][method]
    alternatives = [needed.split() for needed in scope.split(" | ")]
    assert [need[name] for need in described["security"] for name in need] == alternatives
    assert any("\u4e00" <= letter <= "\u9fff" for letter in described["summary"])
    has_input = "parameters" in described or "requestBody" in described
    assert {str(success), "401", "403", "429", "500"} <= set(described["responses"])
    assert ("422" in described["responses"]) >= has_input
    nobody = "019330f0-7a1c-7c8e-9a3e-0d5f6b7a8c9d"
    where = path.format(
        loan_id=nobody,
        rate_id=nobody,
        deposit_id=nobody,
        batch_id=nobody,
        arrival_id=nobody,
        job_id=nobody,
        pool_id=nobody,
        weights_id=nobody,
        month_id=nobody,
        agreement_id=nobody,
        fund_id="NONE",
        rule_id="R1999",
        number=1,
    )
    options: dict[str, Any] = {"headers": {"Idempotency-Key": operation}} if method == "post" else {}
    if method == "post" and "requestBody" in described:
        options["json"] = {}
    async with client(f"{loans_url}/api/v1/loans") as stranger:
        assert (await stranger.request(method, where, **options)).status_code == 401
        everything = {name for one in STORED for name in one[3].split()} - {needed[0] for needed in alternatives}
        headers = options.pop("headers", {})
        others = headers | loans_caller.headers(*everything)
        assert (await stranger.request(method, where, headers=others, **options)).status_code == 403
        own = headers | loans_caller.headers(*alternatives[0])
        assert (await stranger.request(method, where, headers=own, **options)).status_code == strange


@BOTH
def test_an_operation_names_its_scope_its_summary_and_its_problems(
    document: dict[str, Any], method: str, path: str, operation: str, scope: str
) -> None:
    described = document["paths"][f"/api/v1/loans{path}"][method]
    assert [need[name] for need in described["security"] for name in need] == [[scope]]
    assert any("\u4e00" <= letter <= "\u9fff" for letter in described["summary"])
    assert {"200", "401", "403", "422", "429", "500"} <= set(described["responses"])
    assert described["operationId"] == operation


@BOTH
async def test_no_token_is_401_and_no_scope_is_403(
    infrastructure: Any, loans_url: str, loans_caller: Caller, method: str, path: str, operation: str, scope: str
) -> None:
    """A token for another service is no token."""
    async with client(f"{loans_url}/api/v1/loans") as stranger:
        options: dict[str, Any] = {"json": {}} if method == "post" else {}
        assert (await stranger.request(method, path, **options)).status_code == 401
        others = loans_caller.headers(*(name for name in SCOPES if name != scope))
        assert (await stranger.request(method, path, headers=others, **options)).status_code == 403
        own = loans_caller.headers(scope)
        assert (await stranger.request(method, path, headers=own, **options)).status_code == (
            422 if options else 200
        ), operation
        foreign = Caller(infrastructure.keys.internal_signing_key, "targets").headers(scope)
        assert (await stranger.request(method, path, headers=foreign, **options)).status_code == 401


def without_nulls(value: Any) -> Any:
    """FastAPI leaves members that are null out of every document."""
    if isinstance(value, dict):
        return {name: without_nulls(member) for name, member in value.items() if member is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(("method", "path"), [("post", "/subsidy-quotes"), ("post", "/reward-pool-quotes")])
async def test_the_documented_example_gets_the_documented_answer(
    loans: httpx.AsyncClient, document: dict[str, Any], method: str, path: str
) -> None:
    described = document["paths"][f"/api/v1/loans{path}"][method]
    reference = described["requestBody"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
    request = document["components"]["schemas"][reference]["examples"][0]
    answer = await loans.post(path, json=request)
    shown = described["responses"]["200"]["content"]["application/json"]["example"]
    assert without_nulls(answer.json()) == without_nulls(shown)


async def test_the_documented_rules_are_those_that_are_served(
    loans: httpx.AsyncClient, document: dict[str, Any]
) -> None:
    shown = document["paths"]["/api/v1/loans/rules"]["get"]["responses"]["200"]["content"]["application/json"][
        "example"
    ]
    answer = await loans.get("/rules", params={"as_of": "2024-01-01", "borrower_kind": "INDIVIDUAL"})
    assert without_nulls(answer.json()) == without_nulls(shown)


async def test_the_worker_gets_ready_and_stops_on_sigterm(infrastructure: Any) -> None:
    environment = infrastructure.service_environment("loans", infrastructure.new_database(), duty="worker")
    worker = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "loans_svc.worker",
        env=os.environ | environment | {"PYTHONPATH": str(Path(__file__).parents[2] / "services")},
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert worker.stdout is not None
        async with asyncio.timeout(20):
            while json.loads(await worker.stdout.readline()).get("event") != "worker.ready":
                pass
            worker.send_signal(signal.SIGTERM)
            await worker.stdout.read()
            assert await worker.wait() == 0
    finally:
        if worker.returncode is None:
            worker.kill()
            await worker.wait()
