"""The files of deploy/ fit together, what voicebot reads of them it understands, and they hold no secret."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from voicebot.config.loading import load_config
from voicebot.config.models import Config, ServerConfig, WorkerConfig
from voicebot.distributed.topology import job_queue

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNIT = DEPLOY / "voicebot-worker@.service"
SERVER_UNIT = DEPLOY / "voicebot-server.service"
FILES = sorted(path.relative_to(DEPLOY) for path in DEPLOY.rglob("*") if path.is_file() and "secrets" not in path.parts)
Yaml = dict[str, Any]  # Any: YAML


def documents(name: str) -> list[Yaml]:
    return list(yaml.safe_load_all((DEPLOY / name).read_text(encoding="utf-8")))


def config_of(environment: dict[str, str]) -> Config:
    """What voicebot reads of these variables; an unknown key is an error."""
    return load_config(Path(os.devnull), environment=environment).config


@pytest.fixture(scope="module")
def services() -> dict[str, Yaml]:
    return dict(documents("compose.yaml")[0]["services"])


@pytest.fixture(scope="module")
def deployment() -> Yaml:
    return documents("kubernetes/worker.yaml")[0]


@pytest.fixture(scope="module")
def container(deployment: Yaml) -> Yaml:
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return dict(container)


def unit_of(text: str) -> dict[str, list[str]]:
    """Each setting of a unit file, and what it is set to, line by line."""
    settings: dict[str, list[str]] = {}
    for line in text.splitlines():
        if match := re.match(r"(\w+)=(.*)", line):
            settings.setdefault(match[1], []).append(match[2])
    return settings


# ---------------------------------------------------------------- secrets


@pytest.mark.parametrize("name", FILES, ids=str)
def test_no_file_holds_a_secret(name: Path) -> None:
    text = (DEPLOY / name).read_text(encoding="utf-8")
    assert {password for _, password in re.findall(r"\w+://([\w-]+):([^@\s]+)@", text)} <= {"PASSWORD"}
    assert not re.search(r"(?i)(token|password|secret|api_key)\s*[:=]\s*[\"']?\w{8,}", text)


def test_secrets_of_compose_are_files_that_git_and_docker_leave_out(services: dict[str, Yaml]) -> None:
    for secret in documents("compose.yaml")[0]["secrets"].values():
        assert secret["file"].startswith("secrets/")
    assert "deploy/secrets/" in (ROOT / ".gitignore").read_text().splitlines()
    assert "*" in (ROOT / ".dockerignore").read_text().splitlines()  # and deploy is not among what is let in
    for service in services.values():
        assert not any(re.search("TOKEN|PASSWORD|AMQP_URL$", name) for name in service.get("environment", {}))


# ---------------------------------------------------------------- containers


def test_containers_of_compose_may_do_little(services: dict[str, Yaml]) -> None:
    assert set(services) == {"broker", "server", "worker"}
    for service in services.values():
        assert service["read_only"] is True
        assert service["user"] not in ("", "root", "0", "0:0")
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["healthcheck"]["test"]
        assert all(str(port).startswith("127.0.0.1:") for port in service.get("ports", []))


def test_what_compose_mounts_is_there(services: dict[str, Yaml]) -> None:
    for service in services.values():
        for source, *_ in (volume.split(":") for volume in service.get("volumes", [])):
            assert (
                (DEPLOY / source).is_file()
                if source.startswith(".")
                else source in documents("compose.yaml")[0]["volumes"]
            )
    path = re.search(r"definitions.local.path = (\S+)", (DEPLOY / "rabbitmq" / "rabbitmq.conf").read_text())
    assert path
    assert any(path[1] in volume for volume in services["broker"]["volumes"])


def test_voicebot_understands_what_compose_sets(services: dict[str, Yaml]) -> None:
    worker = config_of(services["worker"]["environment"]).worker
    assert worker.amqp_url_file == "/run/secrets/amqp_url"
    assert f":{worker.metrics_port}/metrics" in services["worker"]["healthcheck"]["test"][-1]
    server = config_of(services["server"]["environment"])
    assert server.tts.kind == "rabbitmq"
    assert f":{server.server.port}/health" in services["server"]["healthcheck"]["test"][-1]
    assert seconds(services["server"]["stop_grace_period"]) > server.server.drain_seconds
    assert seconds(services["worker"]["stop_grace_period"]) > worker.drain_seconds


def test_the_image_is_built_of_what_is_there_and_runs_as_nobody_special() -> None:
    lines = (DEPLOY / "Dockerfile").read_text().splitlines()
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {
        name for line in lines if line.startswith("COPY ") and "--from" not in line for name in line.split()[1:-1]
    }
    assert copied == let_in
    assert all((ROOT / name).exists() for name in copied)
    extras = re.search(r"\.\[(.*?)\]", "\n".join(lines))
    assert extras
    assert set(extras[1].split(",")) <= set(
        tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    )
    assert [line for line in lines if line.startswith("USER ")] == ["USER 1000:1000"]
    assert lines.index("USER 1000:1000") > max(number for number, line in enumerate(lines) if line.startswith("RUN "))


# ---------------------------------------------------------------- Kubernetes


def test_pods_may_do_little(deployment: Yaml, container: Yaml) -> None:
    pod = deployment["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}


def test_voicebot_understands_what_kubernetes_sets(deployment: Yaml, container: Yaml) -> None:
    from_secret = "amqps://voicebot:PASSWORD@broker/voicebot"
    worker = config_of({entry["name"]: entry.get("value", from_secret) for entry in container["env"]}).worker
    assert worker.amqp_url.get_secret_value() == from_secret
    assert f":{worker.metrics_port}/metrics" in container["livenessProbe"]["exec"]["command"][-1]
    assert deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] > worker.drain_seconds
    assert "lifecycle" not in container  # a preStop would be waited for before SIGTERM


def test_only_prometheus_reads_the_figures_of_a_pod(deployment: Yaml, container: Yaml) -> None:
    """They were to be had in the pod alone, so that nobody watched it."""
    worker = config_of({entry["name"]: entry["value"] for entry in container["env"] if "value" in entry}).worker
    assert worker.metrics_host == "0.0.0.0"
    assert container["ports"] == [{"name": "metrics", "containerPort": worker.metrics_port}]
    template = deployment["spec"]["template"]["metadata"]
    assert template["annotations"]["prometheus.io/port"] == str(worker.metrics_port)
    _, policy = documents("kubernetes/worker.yaml")
    assert policy["spec"]["podSelector"]["matchLabels"] == template["labels"]
    assert policy["spec"]["policyTypes"] == ["Ingress"]
    (way_in,) = policy["spec"]["ingress"]
    assert way_in["ports"] == [{"protocol": "TCP", "port": "metrics"}]
    assert way_in["from"]


def test_the_autoscaler_looks_at_the_queue_of_these_workers(deployment: Yaml, container: Yaml) -> None:
    authentication, scaled = documents("kubernetes/scaledobject.yaml")
    assert scaled["spec"]["scaleTargetRef"]["name"] == deployment["metadata"]["name"]
    assert "replicas" not in deployment["spec"]  # each apply would undo what the autoscaler did
    queue = job_queue(
        config_of({entry["name"]: entry["value"] for entry in container["env"] if "value" in entry}).worker.voice_class
    )
    for trigger in scaled["spec"]["triggers"]:
        assert trigger["metadata"]["queueName"] == queue
        assert trigger["metadata"]["protocol"] == "http"  # AMQP tells no rates, and KEDA refuses this mode with it
        assert trigger["authenticationRef"]["name"] == authentication["metadata"]["name"]
        assert all(isinstance(value, str) for value in trigger["metadata"].values())  # KEDA takes no other
    modes = [(trigger["metadata"]["mode"], trigger.get("metricType")) for trigger in scaled["spec"]["triggers"]]
    assert modes == [("ExpectedQueueConsumptionTime", "Value"), ("QueueLength", None)]


# ---------------------------------------------------------------- systemd


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd: apt install systemd")
@pytest.mark.parametrize("unit", [UNIT, SERVER_UNIT], ids=["worker", "server"])
def test_systemd_finds_nothing_wrong_with_the_unit(unit: Path, tmp_path: Path) -> None:
    text = unit.read_text().replace("/opt/voicebot/bin/voicebot", "/bin/true")
    (tmp_path / unit.name).write_text(text)
    instance = str(tmp_path / unit.name.replace("@", "@1"))
    done = subprocess.run(["systemd-analyze", "verify", instance], capture_output=True, text=True, timeout=60)
    assert done.stdout + done.stderr == ""


def test_systemd_waits_for_a_job_and_voicebot_understands_what_it_sets() -> None:
    unit = unit_of(UNIT.read_text())
    assert int(unit["TimeoutStopSec"][0]) > WorkerConfig().drain_seconds
    assert unit["KillSignal"] == ["SIGTERM"]
    assert unit["ExecStart"] == ["/opt/voicebot/bin/voicebot worker"]
    (example,) = re.findall(r"^#\s+(VOICEBOT_\w+)=(\S+)$", UNIT.read_text(), re.MULTILINE)
    assert config_of(dict([example])).worker.amqp_url.get_secret_value() == example[1]


def test_systemd_waits_for_replies_and_the_server_has_what_it_needs() -> None:
    unit = unit_of(SERVER_UNIT.read_text())
    assert int(unit["TimeoutStopSec"][0]) > ServerConfig().drain_seconds
    assert (unit["ExecStart"], unit["KillSignal"]) == (["/opt/voicebot/bin/voicebot serve"], ["SIGTERM"])
    [state] = unit["StateDirectory"]
    assert f"XDG_DATA_HOME=%S/{state} " in " ".join(unit["Environment"])  # for the conversations
    assert unit_of(UNIT.read_text())["StateDirectory"] != [state]
    (example,) = re.findall(r"^#\s+(VOICEBOT_\w+)=(\S+)$", SERVER_UNIT.read_text(), re.MULTILINE)
    assert config_of(dict([example])).server.token.get_secret_value() == example[1]


def test_the_user_of_the_autoscaler_may_read_figures_and_nothing_else() -> None:
    definitions = json.loads((DEPLOY / "rabbitmq" / "definitions.json").read_text())
    (scaler,) = (user for user in definitions["users"] if user["name"] == "voicebot-scaler")
    assert scaler["tags"] == ["management"]
    (rights,) = (rights for rights in definitions["permissions"] if rights["user"] == "voicebot-scaler")
    assert {rights[right] for right in ("configure", "write", "read")} == {"^$"}


def seconds(text: str) -> float:
    assert text.endswith("s")
    return float(text[:-1])
