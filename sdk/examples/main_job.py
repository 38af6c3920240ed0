"""The first four calls: a token, the plan of 2017, a person's entitlements, the subsidy of a loan.

pip install ./sdk/python
JIUYE_BASE=http://127.0.0.1:18000 JIUYE_CLIENT=platform JIUYE_SECRET=… python sdk/examples/main_job.py
"""

import os

from jiuye_client import AuthenticatedClient, Client
from jiuye_client.api.eligibility import check_eligibility
from jiuye_client.api.gateway import issue_token
from jiuye_client.api.loans import quote_subsidy
from jiuye_client.api.targets import get_plan
from jiuye_client.models import CheckCreate, CheckRead, IssueTokenBody, PlanRead, QuoteRead, QuoteRequest, TokenRead

base = os.environ["JIUYE_BASE"]
form = {
    "grant_type": "client_credentials",
    "client_id": os.environ["JIUYE_CLIENT"],
    "client_secret": os.environ["JIUYE_SECRET"],
}
token = issue_token.sync(client=Client(base), body=IssueTokenBody.from_dict(form))
assert isinstance(token, TokenRead), token
client = AuthenticatedClient(base, token=token.access_token)

plan = get_plan.sync(2017, client=client)
assert isinstance(plan, PlanRead), plan
print(plan.doc_no, len(plan.items), "项；城镇新增就业合计", plan.totals["I01"])

asked = {
    "subject": "PERSON",
    "as_of": "2018-09-01",
    "facts": {"is_poor_household": True, "is_in_training": True, "training_days": 12, "training_place": "HENAN_OTHER"},
}
check = check_eligibility.sync(client=client, body=CheckCreate.from_dict(asked))
assert isinstance(check, CheckRead), check
for result in check.results:
    if result.outcome == "ELIGIBLE":
        print(result.name, result.benefit.amount if result.benefit else "")

loan = {
    "principal": "100000.00",
    "disbursed_on": "2017-05-15",
    "matures_on": "2020-05-15",
    "contract_rate": "6.3000",
    "benchmark_rate": "4.3000",
    "rule": "R2016_IND",
}
quote = quote_subsidy.sync(client=client, body=QuoteRequest.from_dict(loan))
assert isinstance(quote, QuoteRead), quote
print("贴息合计", quote.total, "元")
