"""The route table is data, checked when the gateway starts."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from api_gateway.forwarding.domain import check_path
from api_gateway.forwarding.errors import TargetInvalidError
from api_gateway.forwarding.route_table import ROUTES_FILE, RouteTable, RouteTableError, load_route_table
from tests.api_gateway.conftest import UPSTREAMS


def content() -> Any:
    return yaml.safe_load(ROUTES_FILE.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("path", "upstream"),
    [
        (b"/api/v1/targets", "targets"),
        (b"/api/v1/targets/plans/2017", "targets"),
        (b"/api/v1/eligibility/checks", "eligibility"),
        (b"/api/v1/loans/rules", "loans"),
        (b"/api/v1/targetsx", None),
        (b"/api/v1/target", None),
        (b"/api/v1/Targets/plans", None),
        (b"/api/v1/%74argets/plans", None),
        (b"/api/v2/targets", None),
        (b"//api/v1/targets", None),
        (b"/internal/v1/events", None),
        (b"/", None),
    ],
)
def test_a_path_goes_where_its_prefix_says_and_nowhere_else(path: bytes, upstream: str | None) -> None:
    route = load_route_table(UPSTREAMS).route_of(path)
    assert (route.upstream if route else None) == upstream


def test_the_longest_prefix_decides() -> None:
    table = content()
    table["routes"].append(table["routes"][0] | {"prefix": "/api/v1/targets/special", "upstream": "loans"})
    read = RouteTable.read(table, UPSTREAMS)
    for path, upstream in ((b"/api/v1/targets/special/x", "loans"), (b"/api/v1/targets/specials", "targets")):
        route = read.route_of(path)
        assert route is not None
        assert route.upstream == upstream


SEGMENTS = [
    "api",
    "v1",
    "targets",
    "event-uploads",
    "loans",
    "loansx",
    "a.b",
    "..",
    "",
    "%2f",
    "%20",
    "x;y",
    "\n",
    "中",
]
TABLE = load_route_table(UPSTREAMS)


@given(st.lists(st.sampled_from(SEGMENTS), max_size=6), st.booleans())
def test_a_plain_path_has_nothing_to_check_and_its_own_route(segments: list[str], is_ours: bool) -> None:
    path = ("/api/v1" * is_ours + "".join(f"/{segment}" for segment in segments)).encode()
    route = TABLE.plain_route_of(path)
    if route is not None:
        check_path(path)
        assert route is TABLE.route_of(path)
    elif TABLE.route_of(path) is not None and all(s.replace("-", "").isalnum() and s.isascii() for s in segments):
        pytest.fail("nothing is wrong with it")
    elif any(segment in ("..", "%2f", "\n") for segment in segments):
        with pytest.raises(TargetInvalidError):
            check_path(path)


@pytest.mark.parametrize(
    "change",
    [
        {"prefix": "/internal"},
        {"prefix": "/api"},
        {"prefix": "/api/v1/targets/"},
        {"prefix": "/api/v1/eligibility"},
        {"upstream": "elsewhere"},
        {"read_seconds": 0},
        {"body_limit_bytes": -1},
        {"surprise": 1},
        {"onward": {"elsewhere": ["elsewhere.thing.read"]}},
        {"onward": {"targets": ["targets.plan.read"]}},
        {"onward": {"loans": ["targets.plan.issue"]}},
    ],
)
def test_a_faulty_route_stops_the_start(change: dict[str, Any]) -> None:
    table = content()
    table["routes"][0] |= change
    with pytest.raises(RouteTableError):
        RouteTable.read(table, UPSTREAMS)


@pytest.mark.parametrize("name", ["authorization", "x-request-id", "forwarded", "cookie", "Accept", "x_y"])
def test_a_header_that_speaks_for_the_gateway_cannot_be_let_through(name: str) -> None:
    table = content()
    table["request_headers"].append(name)
    with pytest.raises(RouteTableError):
        RouteTable.read(table, UPSTREAMS)


def test_an_incomplete_table_is_refused() -> None:
    table = content()
    del table["routes"][0]["total_seconds"]
    with pytest.raises(RouteTableError, match="total_seconds"):
        RouteTable.read(table, UPSTREAMS)
