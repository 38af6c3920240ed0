"""The Kubernetes base: nothing is more open than it has to be, and every name that is used exists."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from onebox.processes import GATEWAY, SERVICES, WORKERS
from onebox.settings import DEFAULT_PORT
from tests.deploy.deployed import KUBERNETES, SECRET_TEMPLATE, manifests, secrets

OBJECTS = manifests()
NAME = "app.kubernetes.io/name"
COMPONENT = "app.kubernetes.io/component"
PORTS = {process.name: DEFAULT_PORT + process.port_offset for process in (GATEWAY, *SERVICES)}


def of_kind(*kinds: str) -> dict[str, dict[str, Any]]:
    return {item["metadata"]["name"]: item for item in OBJECTS if item["kind"] in kinds}


DEPLOYMENTS = of_kind("Deployment")
WORKLOADS = of_kind("Deployment", "Job")


@pytest.mark.parametrize("name", sorted(WORKLOADS))
def test_a_pod_meets_the_restricted_standard_and_can_write_only_to_scratch(name: str) -> None:
    pod = WORKLOADS[name]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    writable = {mount["name"] for mount in container["volumeMounts"] if not mount.get("readOnly")}
    assert writable == {"scratch"}
    assert container["resources"]["requests"].keys() == {"cpu", "memory"}
    assert "memory" in container["resources"]["limits"]


@pytest.mark.parametrize("name", sorted(DEPLOYMENTS))
def test_a_copy_may_be_lost_or_replaced_without_a_gap(name: str) -> None:
    spec = DEPLOYMENTS[name]["spec"]
    scaled = of_kind("HorizontalPodAutoscaler").get(name)
    assert (scaled["spec"]["minReplicas"] if scaled else spec["replicas"]) >= 2
    assert not (scaled and "replicas" in spec), "applying again would undo the autoscaler"
    assert spec["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    labels = spec["template"]["metadata"]["labels"]
    assert spec["selector"]["matchLabels"].items() <= labels.items()
    assert of_kind("PodDisruptionBudget")[name]["spec"]["selector"]["matchLabels"] == spec["selector"]["matchLabels"]
    (spread,) = spec["template"]["spec"]["topologySpreadConstraints"]
    assert spread["labelSelector"]["matchLabels"] == spec["selector"]["matchLabels"]
    # Drain of 10 s (workers) or preStop of 5 s and the requests under way.
    assert spec["template"]["spec"]["terminationGracePeriodSeconds"] >= 20


def test_no_selector_catches_the_pods_of_two() -> None:
    selectors = [tuple(item["spec"]["selector"]["matchLabels"].items()) for item in DEPLOYMENTS.values()]
    assert len(set(selectors)) == len(DEPLOYMENTS) == len(PORTS) + len(WORKERS)


def test_the_three_services_differ_in_name_and_port_alone() -> None:
    texts = set()
    for service in SERVICES:
        text = (KUBERNETES / f"{service.name}.yaml").read_text(encoding="utf-8")
        texts.add(text.replace(service.name, "NAME").replace(str(PORTS[service.name]), "PORT"))
    assert len(texts) == 1


def test_the_autoscaler_scales_the_gateway() -> None:
    (scaler,) = of_kind("HorizontalPodAutoscaler").values()
    assert scaler["spec"]["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "gateway"}


def test_a_service_leads_to_the_pods_of_its_name_at_the_port_of_the_code() -> None:
    services = of_kind("Service")
    assert services.keys() == PORTS.keys()
    for name, service in services.items():
        assert service["spec"]["selector"] == {NAME: name}
        assert service["spec"].get("type", "ClusterIP") == "ClusterIP"
        (port,) = service["spec"]["ports"]
        assert port["port"] == PORTS[name]
        (container,) = DEPLOYMENTS[name]["spec"]["template"]["spec"]["containers"]
        assert container["ports"] == [{"name": port["targetPort"], "containerPort": PORTS[name]}]


def test_every_name_that_a_pod_uses_exists() -> None:
    known = {("configMapRef", name) for name in of_kind("ConfigMap")} | {("secretRef", name) for name in secrets()}
    used = set()
    for item in WORKLOADS.values():
        pod = item["spec"]["template"]["spec"]
        assert pod["serviceAccountName"] in of_kind("ServiceAccount")
        used |= {("secretRef", volume["secret"]["secretName"]) for volume in pod["volumes"] if "secret" in volume}
        (container,) = pod["containers"]
        used |= {(kind, ref["name"]) for source in container["envFrom"] for kind, ref in source.items()}
        assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
    assert used == known


def test_the_clients_file_is_mounted_where_the_gateway_looks_for_it() -> None:
    (container,) = DEPLOYMENTS["gateway"]["spec"]["template"]["spec"]["containers"]
    (folder,) = [mount["mountPath"] for mount in container["volumeMounts"] if mount["name"] == "clients"]
    (file,) = secrets()["gateway-clients"]
    assert of_kind("ConfigMap")["gateway"]["data"]["JIUYE_CLIENTS_FILE"] == f"{folder}/{file}"


def test_no_secret_is_committed_and_the_template_holds_no_value() -> None:
    assert of_kind("Secret") == {}
    for item in yaml.safe_load_all(SECRET_TEMPLATE.read_text(encoding="utf-8")):
        assert all(value.startswith("${") and value.endswith("}") for value in item["stringData"].values())


def test_traffic_is_allowed_from_the_gateway_to_the_services_from_all_to_the_data_and_nowhere_else() -> None:
    components = {name: labels(item)[COMPONENT] for name, item in WORKLOADS.items()}
    reached = set()
    for source, item in WORKLOADS.items():
        for target, port in PORTS.items():
            if allows("egress", item, WORKLOADS[target], port) and allows("ingress", WORKLOADS[target], item, port):
                reached.add((source, target))
    onward = {(one.name, target) for one in (*SERVICES, *WORKERS) for target in ("targets", "eligibility")}
    assert reached == {("gateway", service.name) for service in SERVICES} | onward
    outside = {name for name, item in WORKLOADS.items() if any(not rule.get("to") for rule in rules("egress", item))}
    assert outside == set(components)


def test_everything_is_forbidden_first() -> None:
    spec = of_kind("NetworkPolicy")["nothing"]["spec"]
    assert spec == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


@pytest.mark.parametrize("folder", [KUBERNETES, KUBERNETES / "jobs"], ids=["base", "jobs"])
def test_the_kustomization_lists_every_file_and_nothing_that_is_not_there(folder: Any) -> None:
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))
    assert set(kustomization) == {"apiVersion", "kind", "namespace", "resources", "images"}
    present = {path.name for path in folder.glob("*.yaml")} - {"kustomization.yaml", SECRET_TEMPLATE.name}
    assert sorted(kustomization["resources"]) == sorted(present)
    assert kustomization["namespace"] in of_kind("Namespace")


def test_every_container_runs_the_image_that_the_kustomizations_name() -> None:
    for item in WORKLOADS.values():
        (container,) = item["spec"]["template"]["spec"]["containers"]
        assert container["image"] == "jiuye"


def labels(item: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = item["spec"]["template"]["metadata"]["labels"]
    return found


def rules(direction: str, item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for policy in of_kind("NetworkPolicy").values():
        if selects(policy["spec"]["podSelector"], labels(item)):
            yield from policy["spec"].get(direction, ())


def allows(direction: str, item: dict[str, Any], peer: dict[str, Any], port: int) -> bool:
    """Whether a policy of the item's namespace lets it talk with the peer, a pod of the same namespace."""
    side = {"egress": "to", "ingress": "from"}[direction]
    for rule in rules(direction, item):
        pods = [entry["podSelector"] for entry in rule.get(side, ()) if "podSelector" in entry]
        ports = [entry["port"] for entry in rule["ports"]]
        if port in ports and (side not in rule or any(selects(pod, labels(peer)) for pod in pods)):
            return True
    return False


def selects(selector: dict[str, Any], given: dict[str, str]) -> bool:
    for expression in selector.get("matchExpressions", ()):
        assert expression["operator"] == "In"
        if given.get(expression["key"]) not in expression["values"]:
            return False
    return bool(selector.get("matchLabels", {}).items() <= given.items())
