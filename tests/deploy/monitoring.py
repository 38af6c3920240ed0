"""What alerts and dashboard ask Prometheus for."""

import json
import re
from collections.abc import Iterable, Iterator

import yaml

from tests.deploy.deployed import REPOSITORY

MONITORING = REPOSITORY / "deploy" / "monitoring"
ALERTS = yaml.safe_load((MONITORING / "alerts.yaml").read_text(encoding="utf-8"))
DASHBOARD = json.loads((MONITORING / "grafana-dashboard.json").read_text(encoding="utf-8"))
# Given by Prometheus itself, and by the client library on Linux.
FOREIGN = {"up": {"job", "instance"}, "process_resident_memory_bytes": {"job", "instance"}}
_METRIC = re.compile(r"\b([a-z][a-z_]*_[a-z_]+|up|jobs)(?:\{([^}]*)\})?(?=[\s)\[]|$)")


def expressions() -> Iterator[str]:
    for group in ALERTS["groups"]:
        yield from (rule["expr"] for rule in group["rules"])
    for panel in DASHBOARD["panels"]:
        yield from (target["expr"] for target in panel["targets"])


def asked() -> dict[str, set[str]]:
    """Metric → labels by which it is selected."""
    found: dict[str, set[str]] = {}
    for expression in expressions():
        bare = re.sub(r"\b(by|without) \([^)]*\)", " ", expression)
        for name, selectors in _METRIC.findall(bare):
            if name != "histogram_quantile":
                found.setdefault(name, set()).update(re.findall(r"(\w+)[=!]~?\"", selectors))
    return found


def assert_given(texts: Iterable[str]) -> None:
    """Every metric that is asked for is one that some process gives, with the labels it is selected by.

    Args:
        texts: the /metrics of each process after some traffic.
    """
    whole = "\n".join(texts)
    for name, labels in asked().items():
        if name in FOREIGN:
            assert labels <= FOREIGN[name]
            continue
        assert f"# TYPE {name.removesuffix('_bucket')} " in whole, f"no process gives {name}"
        for sample in re.findall(rf"^{name}\{{(.*)\}} ", whole, re.MULTILINE):  # a route template holds braces, too
            assert labels <= set(re.findall(r'(\w+)="', sample)), name
