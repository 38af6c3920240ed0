"""A bank hears of its own loans, each time that one comes into another state."""

from typing import Any

from tests.loans_svc.lending import SCOPES, Office, key

STATES = ["loan.approved", "loan.disbursed", "loan.closed", "loan.compensated"]


async def test_a_bank_hears_of_its_own_loans_state_by_state(office: Office) -> None:
    scopes = [f"loans.{scope}" for scope in (*SCOPES["BANK"], "webhook.manage")]

    async def call(bank: str, method: str, path: str, body: Any = None) -> Any:
        async with office.account("BANK", f"bank-{bank}", bank=f"bank-{bank}") as client:
            client.headers.update(
                office.caller.headers(*scopes, subject=f"bank-{bank}", kind="BANK", bank=f"bank-{bank}")
            )
            return (await client.request(method, f"/webhook-endpoints{path}", json=body, headers=key())).json()

    # No worker runs here, so nothing is sent.
    wish = {"url": "https://198.41.0.4/hooks", "events": STATES}
    ours, theirs = [(await call(bank, "POST", "", wish))["id"] for bank in "ab"]
    loan = await office.disbursed()
    assert (await office.event(loan, "REPAYMENT", "2023-10-15", amount="1000.00")).status_code == 201
    assert (await office.event(loan, "REPAYMENT", "2023-11-15", amount="299000.00")).status_code == 201
    told = (await call("a", "GET", f"/{ours}/deliveries"))["items"]
    assert [delivery["event"] for delivery in reversed(told)] == ["loan.approved", "loan.disbursed", "loan.closed"]
    assert (await call("b", "GET", f"/{theirs}/deliveries"))["items"] == []
