"""One platform for all contract tests."""

import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from tests.api_gateway.conftest import secret_hash
from tests.contracts.matrix import OBJECTS, Matrix
from tests.contracts.platform import Platform, running

__all__ = ["secret_hash"]


@pytest.fixture(scope="session")
async def platform(infrastructure: Any, secret_hash: str) -> AsyncIterator[Platform]:
    async with running(infrastructure, secret_hash) as made:
        yield made


@pytest.fixture(scope="session")
async def matrix(platform: Platform) -> Matrix:
    made = Matrix(platform, {operation.id: operation for operation in platform.operations})
    for name in OBJECTS:
        await made.make(name)
    return made


@pytest.fixture(scope="module", autouse=True)
def quiet() -> Iterator[None]:
    """No access log of thousands of calls; as it was for the tests of other folders."""
    access = logging.getLogger("access")
    before = access.level
    access.setLevel(logging.ERROR)
    yield
    access.setLevel(before)
