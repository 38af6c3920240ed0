"""Twenty people change one thing at once, each from the version that they saw: one wins, nobody's change is lost."""

import asyncio
import os
from collections import Counter
from collections.abc import Callable
from typing import Any

from api_gateway.main import create_app
from kit.testing import client, serving
from tests.api_gateway.administration.conftest import kept  # noqa: F401  a fixture
from tests.api_gateway.conftest import secret_hash, token_of  # noqa: F401  a fixture

WRITERS = 20
ROUNDS = int(os.environ.get("JIUYE_TEST_ROUNDS", "4"))
CLIENTS = "/api/v1/admin/clients"


async def test_of_twenty_changes_to_one_version_one_stands(kept: Callable[..., Any]) -> None:  # noqa: F811  a fixture
    """R10; `make test-long` takes 100 rounds (JIUYE_TEST_ROUNDS)."""
    with serving(create_app(kept())) as url:
        token = {"Authorization": f"Bearer {await token_of(url, 'security-admin')}"}
        async with client(url, headers=token) as security:
            made = await security.post(CLIENTS, json={"id": "raced", "name": "0", "kind": "CITY"})
            assert made.status_code == 201, made.text
            version = made.headers["etag"]
            for turn in range(1, ROUNDS + 1):
                names = [f"{turn}-{writer}" for writer in range(WRITERS)]
                answers = await asyncio.gather(
                    *(
                        security.patch(f"{CLIENTS}/raced", json={"name": name}, headers={"If-Match": version})
                        for name in names
                    )
                )
                assert Counter(answer.status_code for answer in answers) == {200: 1, 412: WRITERS - 1}
                [(winner, answer)] = [pair for pair in zip(names, answers, strict=True) if pair[1].is_success]
                version = answer.headers["etag"]
                assert (await security.get(f"{CLIENTS}/raced")).json()["name"] == winner
