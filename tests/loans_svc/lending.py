"""A loan office over HTTP: clients of its people, and the steps of a loan's life."""

import itertools
import secrets
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import asyncpg
import httpx

from kit.identifiers.citizen_id import check_character
from kit.testing import Caller

SCOPES = {
    "OFFICER": ("agreement.read", "agreement.write", "rule.read", "quote.run", "benchmark.write",
                "loan.apply", "loan.read", "progress.read", "loan.disburse", "event.write", "fund.read", "fund.write",
                "pool.read", "pool.write", "batch.read", "batch.write", "job.read",
                "statistics.read"),
    "REVIEWER": ("agreement.confirm", "benchmark.confirm",
                 "loan.read", "loan.decide", "fund.read", "fund.confirm", "pool.read", "pool.close",
                 "batch.read", "batch.review"),
    "BANK": ("agreement.read", "progress.read", "loan.read", "loan.disburse", "event.write", "batch.read",
             "batch.write", "job.read", "statistics.read"),
    "STAFF": ("progress.read", "loan.apply", "loan.read", "pool.read", "batch.read", "statistics.read"),
    "KIOSK": ("progress.read",),
    "CITY": ("batch.read", "batch.approve", "voucher.read", "voucher.close"),
    "FINANCE": ("batch.read", "batch.pay"),
}  # fmt: skip
APPLICATION: dict[str, Any] = {
    "borrower": {"id_type": "RESIDENT_ID", "id_number": "410199199001010011", "name": "王测试"},
    "borrower_kind": "PARTNERSHIP",
    "group": "RETURNING_MIGRANT",
    "unit": "ZZ07",
    "bank": "bank-a",
    "amount": "300000.00",
    "term_months": 36,
    "eligibility": {
        "measure": "rural-returnee-loan",
        "as_of": "2023-08-01",
        "facts": {"is_returning_migrant": True, "is_business_operating": True},
    },
    "evidence": "申请表第1号",
}
CONTRACT: dict[str, Any] = {
    "disbursed_on": "2023-08-15",
    "contract_rate": "3.8500",
    "benchmark_rate": "3.5500",
    "rule": "R2022_HENAN_IND",
    "evidence": "借款合同第1号",
}


_PEOPLE = itertools.count()


def new_person() -> dict[str, Any]:
    """Somebody who has had no loan yet: a valid number of the fictitious area 410199."""
    number = next(_PEOPLE)
    birth_date = date(1980, 1, 1) + timedelta(days=number // 1000)
    body = f"410199{birth_date:%Y%m%d}{number % 1000:03d}"
    return {"id_type": "RESIDENT_ID", "id_number": body + check_character(body), "name": "王测试"}


def key() -> dict[str, str]:
    """An Idempotency-Key of its own."""
    return {"Idempotency-Key": secrets.token_hex(8)}


@dataclass(frozen=True)
class Office:
    """A running service with a database of its own, and a fund in it."""

    url: str
    database: str
    infrastructure: Any
    caller: Caller
    fund: str = "CITY"

    def account(self, role: str, subject: str | None = None, **rows: str) -> httpx.AsyncClient:
        """A client of a person with the scopes of a role, and `unit` or `bank`."""
        scopes = [f"loans.{scope}" for scope in SCOPES[role]]
        return httpx.AsyncClient(
            base_url=f"{self.url}/api/v1/loans",
            headers=self.caller.headers(*scopes, subject=subject or role.lower(), kind=role, **rows) | self.onward(),
            trust_env=False,
            timeout=30,
            verify=False,
        )

    def onward(self, *scopes: str) -> dict[str, str]:
        """The token that the gateway sends along for the eligibility service."""
        caller = Caller(self.infrastructure.keys.internal_signing_key, "eligibility")
        said = caller.headers(*(scopes or ("eligibility.check.run",)))["Authorization"]
        return {"X-Onward-Eligibility": said.removeprefix("Bearer ")}

    async def post(self, role: str, path: str, body: Any, subject: str | None = None, **rows: str) -> httpx.Response:
        """One call with a key of its own."""
        async with self.account(role, subject, **rows) as client:
            return await client.post(path, json=body, headers=key())

    async def get(self, role: str, path: str, subject: str | None = None, **rows: str) -> httpx.Response:
        async with self.account(role, subject, **rows) as client:
            return await client.get(path)

    async def new_fund(self, name: str, amount: str) -> None:
        """A fund with money: the row by the schema's owner, the money by two people."""
        owner = await asyncpg.connect(self.infrastructure.plain_url("loans_owner", self.database))
        try:
            await owner.execute("INSERT INTO loans.fund VALUES ($1, '试验基金', 'FUND_2020', 1)", name)
            await owner.execute(
                "INSERT INTO loans.fund_account SELECT $1, account, 0 FROM loans.fund_account WHERE fund = 'CITY'", name
            )
        finally:
            await owner.close()
        await self.deposit(name, amount)

    async def deposit(self, fund: str, amount: str) -> None:
        body = {"amount": amount, "received_on": "2023-01-03", "bank_ref": secrets.token_hex(6), "evidence": "拨款凭证"}
        recorded = await self.post("OFFICER", f"/funds/{fund}/deposits", body)
        assert recorded.status_code == 201, recorded.text
        done = await self.post("REVIEWER", f"/funds/{fund}/deposits/{recorded.json()['id']}/confirmation", None)
        assert done.status_code == 200, done.text

    async def applied(self, **changes: Any) -> str:
        """An application's id."""
        answer = await self.post(
            "OFFICER", "/loans", APPLICATION | {"fund": self.fund, "borrower": new_person()} | changes
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def approve(self, loan: str, subject: str | None = None) -> httpx.Response:
        return await self.post("REVIEWER", f"/loans/{loan}/approval", {"evidence": "评审会纪要"}, subject)

    async def disbursed(self, contract: dict[str, Any] | None = None, **application: Any) -> str:
        """A disbursed loan's id."""
        loan = await self.applied(**application)
        approved = await self.approve(loan)
        assert approved.json()["outcome"] == "APPROVED", approved.text
        body = CONTRACT | {"bank_ref": secrets.token_hex(6)} | (contract or {})
        done = await self.post("OFFICER", f"/loans/{loan}/disbursement", body)
        assert done.status_code == 200, done.text
        return loan

    async def cancelled(self, loan: str, booked_on: str) -> None:
        body = {"reason": "借款人退回全部款项", "booked_on": booked_on}
        done = await self.post("REVIEWER", f"/loans/{loan}/cancellation", body)
        assert done.status_code == 200, done.text

    async def event(self, loan: str, kind: str, effective_on: str, **fields: Any) -> httpx.Response:
        """Something that happened; a bank reference of its own where the kind has one."""
        given = {} if kind == "RETRACTION" else {"bank_ref": secrets.token_hex(6)}
        body = {"kind": kind, "effective_on": effective_on, "evidence": "回单"} | given | fields
        return await self.post("OFFICER", f"/loans/{loan}/events", body)

    async def figures(self, fund: str) -> dict[str, Any]:
        answer = await self.get("OFFICER", f"/funds/{fund}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found
