// The first four calls with the types of sdk/typescript: a token, the plan of 2017, a person's entitlements, a loan's subsidy.
import type { components, paths } from "./jiuye";

type Answer<P extends keyof paths, M extends keyof paths[P]> = paths[P][M] extends {
  responses: { 200: { content: { "application/json": infer T } } };
}
  ? T
  : never;

type Token = Answer<"/oauth/token", "post">;
type Plan = Answer<"/api/v1/targets/plans/{year}", "get">;
type Check = Answer<"/api/v1/eligibility/checks", "post">;
type Quote = Answer<"/api/v1/loans/subsidy-quotes", "post">;

async function call<T>(url: string, init?: RequestInit): Promise<T> {
  const answer = await fetch(url, init);
  if (!answer.ok) throw (await answer.json()) as components["schemas"]["Problem"];
  return (await answer.json()) as T;
}

export async function mainJob(base: string, client: string, secret: string): Promise<string> {
  const form = new URLSearchParams({ grant_type: "client_credentials", client_id: client, client_secret: secret });
  const token = await call<Token>(`${base}/oauth/token`, { method: "POST", body: form });
  const headers = { Authorization: `Bearer ${token.access_token}`, "Content-Type": "application/json" };
  const plan = await call<Plan>(`${base}/api/v1/targets/plans/2017`, { headers });
  const asked: components["schemas"]["CheckCreate"] = {
    subject: "PERSON",
    as_of: "2018-09-01",
    facts: { is_poor_household: true, is_in_training: true, training_days: 12, training_place: "HENAN_OTHER" },
  };
  const check = await call<Check>(`${base}/api/v1/eligibility/checks`, {
    method: "POST",
    headers,
    body: JSON.stringify(asked),
  });
  const loan: components["schemas"]["QuoteRequest"] = {
    principal: "100000.00",
    disbursed_on: "2017-05-15",
    matures_on: "2020-05-15",
    contract_rate: "6.3000",
    benchmark_rate: "4.3000",
    rule: "R2016_IND",
  };
  const quote = await call<Quote>(`${base}/api/v1/loans/subsidy-quotes`, {
    method: "POST",
    headers,
    body: JSON.stringify(loan),
  });
  return `${plan.doc_no} ${check.results.length} ${quote.total}`;
}
