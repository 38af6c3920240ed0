"""The compose file: nothing is more open than it has to be, and everything starts after what it needs."""

from typing import Any

import pytest

from onebox.bootstrap import ROLES
from onebox.postgres import RUN
from onebox.processes import GATEWAY, SERVICES, WORKERS
from tests.deploy.deployed import COMPOSE_FILE, ENVIRONMENT_TEMPLATE, SERVERS, compose_file

DOCUMENT = compose_file()
CONTAINERS: dict[str, dict[str, Any]] = DOCUMENT["services"]
STEPS = ("bootstrap", "migrate", "seed")
LASTING = sorted(set(CONTAINERS) - set(STEPS))


@pytest.mark.parametrize("name", sorted(CONTAINERS))
def test_a_container_can_change_nothing_but_its_data(name: str) -> None:
    container = CONTAINERS[name]
    assert container["read_only"] is True
    assert container["cap_drop"] == ["ALL"]
    assert "cap_add" not in container
    assert "privileged" not in container
    assert container["security_opt"] == ["no-new-privileges:true"]
    assert int(container["user"].partition(":")[0]) > 0
    assert container["logging"]["options"]["max-size"]


@pytest.mark.parametrize("name", LASTING)
def test_what_lasts_comes_back_and_may_finish_its_work(name: str) -> None:
    container = CONTAINERS[name]
    assert container["restart"] == "unless-stopped"
    # A worker drains for 10 s, a server writes everything down.
    assert int(container["stop_grace_period"].removesuffix("s")) >= 15
    assert container["healthcheck"]["test"]


def test_the_gateway_alone_is_reached_from_outside_and_workers_alone_send_webhooks() -> None:
    assert [name for name, container in CONTAINERS.items() if "ports" in container] == ["gateway"]
    assert [name for name, container in CONTAINERS.items() if "public" in container["networks"]] == ["gateway"]
    assert {name for name, container in CONTAINERS.items() if "outgoing" in container["networks"]} == {
        worker.name for worker in WORKERS
    }
    assert set(CONTAINERS["gateway"]["networks"]) == {"public", "services", "data"}
    assert all(CONTAINERS[name]["networks"] == ["data"] for name in SERVERS)
    assert {name for name, network in DOCUMENT["networks"].items() if network and network["internal"]} == {
        "services",
        "data",
    }


def test_everybody_stands_in_a_network_with_those_it_calls() -> None:
    for name, container in CONTAINERS.items():
        called = {other for other in CONTAINERS for value in container["environment"].values() if _calls(value, other)}
        for other in called:
            assert set(container["networks"]) & set(CONTAINERS[other]["networks"]), f"{name} cannot reach {other}"
    assert _calls(CONTAINERS["gateway"]["environment"]["JIUYE_TARGETS_URL"], "targets")


def test_a_process_starts_after_what_it_cannot_do_without() -> None:
    assert _after("bootstrap") == {"postgres": "service_healthy"}
    assert _after("migrate") == {"bootstrap": "service_completed_successfully"}
    assert _after("seed") == {"migrate": "service_completed_successfully"}
    ready = {
        "migrate": "service_completed_successfully",
        "postgres": "service_healthy",
        "valkey": "service_healthy",
    }
    for process in (*SERVICES, *WORKERS, GATEWAY):
        assert ready.items() <= _after(process.name).items()
    assert _after("targets")["seed"] == "service_completed_successfully"
    assert {service.name: "service_healthy" for service in SERVICES}.items() <= _after("gateway").items()


def test_what_is_waited_for_has_a_healthcheck_or_ends() -> None:
    for container in CONTAINERS.values():
        for other, condition in container.get("depends_on", {}).items():
            if condition["condition"] == "service_healthy":
                assert "healthcheck" in CONTAINERS[other]
            else:
                assert CONTAINERS[other]["restart"] == "no"


def test_the_image_is_built_once() -> None:
    assert [name for name, container in CONTAINERS.items() if "build" in container] == ["bootstrap"]
    assert {CONTAINERS[name]["image"] for name in set(CONTAINERS) - SERVERS} == {CONTAINERS["bootstrap"]["image"]}


def test_the_servers_are_set_as_the_embedded_ones_are() -> None:
    options = dict(option.removeprefix("-c").split("=") for option in CONTAINERS["postgres"]["command"][1:])
    assert options.items() <= dict(RUN).items()
    assert {"log_error_verbosity", "log_min_error_statement"} <= set(options)
    assert CONTAINERS["postgres"]["image"] == "postgres:18"
    assert CONTAINERS["postgres"]["volumes"] == ["postgres:/var/lib/postgresql"]  # since 18; before it was …/data
    configuration = CONTAINERS["valkey"]["command"][-1]
    for line in (
        "requirepass $VALKEYCLI_AUTH",
        "appendonly yes",
        "appendfsync everysec",
        "maxmemory-policy noeviction",
    ):
        assert f"\n{line}\n" in configuration


def test_the_example_names_every_variable_of_the_file_and_no_secret_value() -> None:
    text = COMPOSE_FILE.read_text(encoding="utf-8")
    lines = ENVIRONMENT_TEMPLATE.read_text(encoding="utf-8").splitlines()
    example = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    used = {part.split(":")[0].split("}")[0] for part in text.replace("$$", "").split("${")[1:]}
    assert used == set(example)
    secret = {name for name in example if name.endswith(("_PASSWORD", "_KEY", "_KEYS"))}
    assert len(secret) == len(ROLES) + 2 + 5 + len(SERVICES) + 1
    assert {name for name, value in example.items() if not value} == secret
    for name in secret:
        assert f"${{{name}:?}}" in text, f"{name} may not be empty"


def _calls(value: str, other: str) -> bool:
    return f"://{other}:" in value or f"@{other}:" in value


def _after(name: str) -> dict[str, str]:
    return {other: condition["condition"] for other, condition in CONTAINERS[name]["depends_on"].items()}
