"""Stock loans under a new rule: from a day on, by a person's decision, and the days before stay as they were."""

from typing import Any

from tests.loans_svc.lending import CONTRACT, Office

# R2022_HENAN_IND pays all of 3.85 %; R2023 half of min(3.85, 3.55 + 0.50) = half of 3.85 %.
RERULE = {"rule": "R2023", "effective_on": "2024-11-20", "evidence": "存量贷款适用新政策的通知"}


async def lines(office: Office, loan: str) -> dict[str, Any]:
    answer = await office.get("OFFICER", f"/loans/{loan}/subsidy-lines")
    assert answer.status_code == 200, answer.text
    return {line["period"]: line for line in answer.json()["lines"]}


async def test_the_days_before_keep_their_rule_and_a_shared_quarter_is_one_line_rounded_once(office: Office) -> None:
    loan = await office.disbursed()
    before = await lines(office, loan)
    done = await office.post("REVIEWER", f"/loans/{loan}/re-ruling", RERULE)
    assert done.status_code == 200, done.text
    event = done.json()["events"][-1]
    assert (event["kind"], event["rule"], event["effective_on"], event["recorded_by"]) == (
        "RE_RULE",
        "R2023",
        "2024-11-20",
        "reviewer",
    )
    assert done.json()["terms"]["rule"] == "R2022_HENAN_IND"  # what was frozen stays
    after = await lines(office, loan)
    assert after.keys() == before.keys()
    for period, line in before.items():
        if period < "2024Q4":
            assert after[period] == line
    # 2024Q4: 50 days of 300 000 at 3.85 % in full, 42 days by half: 1 604.166… + 673.75 = 2 277.916…
    assert (before["2024Q4"]["subsidy"], after["2024Q4"]["subsidy"]) == ("2951.67", "2277.92")
    assert [one["share"] for one in after["2024Q4"]["segments"]] == ["1", "1/2"]
    assert (before["2025Q1"]["subsidy"], after["2025Q1"]["subsidy"]) == ("2887.50", "1443.75")
    explained = (await office.get("OFFICER", f"/loans/{loan}/explanation")).json()
    assert "自2024-11-20起改按规则R2023" in explained["rate"]
    by_period = dict(zip(after, explained["lines"], strict=True))
    assert "R2023" not in by_period["2024Q3"]
    assert all(rule in by_period["2024Q4"] for rule in ("R2022_HENAN_IND", "R2023"))
    assert "R2022_HENAN_IND" not in by_period["2025Q1"]

    back = await office.event(loan, "RETRACTION", "2024-11-20", retracts=event["id"])
    assert back.status_code == 201, back.text
    assert await lines(office, loan) == before


async def test_a_rule_that_does_not_fit_and_a_person_who_disbursed_are_refused(office: Office) -> None:
    loan = await office.disbursed()
    path = f"/loans/{loan}/re-ruling"
    assert (await office.post("REVIEWER", path, RERULE, "officer")).json()["code"] == "FOUR_EYES"
    for change, pointer, code in (
        ({"rule": "R1999"}, "/rule", "UNKNOWN_CODE"),
        ({"rule": "R2016_SE", "effective_on": "2024-11-20"}, "/rule", "NOT_COVERED"),
        ({"effective_on": "2023-09-30"}, "/rule", "NOT_IN_FORCE"),
        ({"rule": "R2022_HENAN_IND", "effective_on": CONTRACT["disbursed_on"]}, "/effective_on", "BEFORE_DISBURSEMENT"),
        ({"effective_on": "2199-01-01"}, "/effective_on", "IN_FUTURE"),
    ):
        refused = await office.post("REVIEWER", path, RERULE | change)
        first = refused.json()["errors"][0]
        assert (refused.status_code, first["pointer"], first["code"]) == (422, pointer, code)
    assert (await office.post("REVIEWER", path, RERULE)).status_code == 200
    twice = await office.post("REVIEWER", path, RERULE)
    assert twice.json()["errors"][0]["code"] == "DUPLICATE_RE_RULE"
    not_yet = await office.applied()
    assert (await office.post("REVIEWER", f"/loans/{not_yet}/re-ruling", RERULE)).json()[
        "code"
    ] == "LOAN_STATE_CONFLICT"
