"""Alerts and dashboard: what they say, and that they read processes that there are."""

import re

import yaml

from api_gateway.forwarding.breaker import BreakerState
from tests.deploy.deployed import compose_processes
from tests.deploy.monitoring import ALERTS, DASHBOARD, MONITORING, asked, expressions


def test_each_alert_says_how_bad_it_is_and_what_it_is() -> None:
    for group in ALERTS["groups"]:
        for rule in group["rules"]:
            assert rule["labels"]["severity"] in {"page", "ticket"}
            assert re.search(r"[\u4e00-\u9fff]", rule["annotations"]["summary"])


def test_panels_have_places_of_their_own() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken
        assert max(x for x, _ in cells) < 24
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_prometheus_reads_the_processes_that_have_a_port() -> None:
    scraped = yaml.safe_load((MONITORING / "prometheus.yaml").read_text(encoding="utf-8"))["scrape_configs"][0]
    addresses = {target for config in scraped["static_configs"] for target in config["targets"]}
    served = {
        f"{name}:{process.command[process.command.index('--port') + 1]}"
        for name, process in compose_processes().items()
        if "--port" in process.command
    }
    assert addresses == served


def test_the_state_that_alerts_is_one_that_there_is() -> None:
    states = set(re.findall(r'gateway_breaker_state\{state="(\w+)"\}', "\n".join(expressions())))
    assert states == {BreakerState.OPEN.value}
    assert {"jobs", "http_requests_total"} <= asked().keys()
