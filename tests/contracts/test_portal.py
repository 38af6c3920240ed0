"""An integrator who has only the page: a token, the plan of 2017, a person, a loan, by clicking.

Slow, so `make test-api` runs it, where Chromium is installed.
"""

import asyncio
import os
from pathlib import Path

import pytest

from tests.api_gateway.conftest import SECRET
from tests.contracts.browser import CHROMIUM, chromium
from tests.contracts.platform import GATEWAY, Platform

pytestmark = [
    pytest.mark.skipif(os.environ.get("JIUYE_TEST_API") != "whole", reason="make test-api"),
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: nobody clicks through the page here"),
]
PATIENCE_SECONDS = 180
HANDS = """
const see = async (selector, within = document) => {
  for (;;) {
    const found = within.querySelector(selector);
    if (found) return found;
    await new Promise((go) => setTimeout(go, 50));
  }
};
const fill = (input, text) => {
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(input, text);
  input.dispatchEvent(new Event("input", { bubbles: true }));
};
"""
AUTHORISE = """
(await see(".auth-wrapper .authorize")).click();
fill(await see('.modal-ux input[data-name="clientId"]'), "integrator-own");
fill(await see('.modal-ux input[data-name="clientSecret"]'), "%s");
(await see(".modal-ux .auth-btn-wrapper .authorize")).click();
(await see(".modal-ux .auth-btn-wrapper .btn-done")).click();
"""
# A call that the page's head links to, as it stands there: what the answer says.
TRY = """
[...document.querySelectorAll("header a")].find((link) => link.hash.includes("%s")).click();
const call = await see('.opblock[id$="-%s"]');
(await see(".try-out__btn", call)).click();
(await see(".execute", call)).click();
return (await see(".live-responses-table .response", call)).innerText;
"""


async def test_an_integrator_with_the_page_alone_does_the_main_job(platform: Platform, tmp_path: Path) -> None:
    base = str(platform.http[GATEWAY].base_url)
    async with asyncio.timeout(PATIENCE_SECONDS), chromium(tmp_path) as page:
        await page.open(f"{base}/docs")
        await page.run(HANDS + AUTHORISE % SECRET)
        for call, wanted in {
            "get_plan": "郑政办文〔2017〕15号",
            "check_eligibility": '"outcome": "ELIGIBLE"',
            "quote_subsidy": '"total": "1721.81"',
        }.items():
            said = await page.run(HANDS + TRY % (call, call))
            assert said.startswith("200"), said
            assert wanted in said
        outside = [url for url in page.requested if not url.startswith((base, "data:", "about:"))]
    assert page.requested
    assert not outside
    assert not page.complaints
