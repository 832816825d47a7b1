"""docker-compose.yml and its neighbours, held as far as they can be without an engine."""

import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from battery_assets.settings import DERIVED, VARIABLES, Settings
from battery_assets_tests.conftest import PROJECT

BIN = Path(sys.executable).parent
COMPOSE = PROJECT / "docker-compose.yml"
TOP = {"name", "services", "volumes", "networks"}
SERVICE = {
    "image", "build", "init", "restart", "networks", "environment", "command", "volumes", "ports",
    "healthcheck", "depends_on", "shm_size", "profiles", "stop_grace_period",
}  # fmt: skip
OURS = ("battery-assets", "dagster", "dagster-daemon", "dagster-webserver", "mlflow")


@pytest.fixture(scope="module")
def compose() -> dict:
    return yaml.safe_load(COMPOSE.read_text())


def filled(text: str) -> str:
    """A value as compose fills it in where only the required variables are set."""
    text = re.sub(r"\$\{(\w+):\?[^}]*\}", "s3cret", text)
    return re.sub(r"\$\{(\w+):-([^}]*)\}", r"\2", text)


def test_it_has_its_services_and_known_keys_alone(compose):
    assert set(compose) - {key for key in compose if key.startswith("x-")} == TOP
    assert set(compose["services"]) == {
        "postgres",
        "migrate",
        "mlflow",
        "code",
        "webserver",
        "daemon",
        "api",
        "notify",
        "broker",
        "worker",
    }
    assert {name for name, one in compose["services"].items() if "profiles" in one} == {"broker", "worker"}
    for name, service in compose["services"].items():
        assert set(service) <= SERVICE, name
        assert set(service.get("healthcheck", {})) <= {"test", "interval", "timeout", "retries"}
        assert all(volume.split(":")[0] in compose["volumes"] for volume in service.get("volumes", []))
        assert set(service["networks"]) <= set(compose["networks"])


def test_each_service_waits_for_a_healthy_or_finished_one_that_exists(compose):
    for service in compose["services"].values():
        for needed, how in service.get("depends_on", {}).items():
            other = compose["services"][needed]
            assert how["condition"] in {"service_healthy", "service_completed_successfully"}
            assert (how["condition"] == "service_healthy") == ("healthcheck" in other)


def test_ports_are_published_on_loopback_alone(compose):
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert len(ports) == 4
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_no_secret_stands_in_the_file_and_a_missing_one_stops_the_start(compose):
    text = COMPOSE.read_text()
    assert len(re.findall(r"\$\{POSTGRES_PASSWORD:\?[^}]+\}", text)) == text.count("${POSTGRES_PASSWORD")
    for name, service in compose["services"].items():
        for key, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|TOKEN", key):
                assert value is None or value.startswith("${"), (name, key)
            assert not re.search(r"://\w+:[^$@/]+@", str(value)), (name, key)


def test_the_services_settings_are_ours_and_valid(compose, tmp_path):
    said = compose["services"]["code"]["environment"]
    given = {key: filled(value) for key, value in said.items() if value is not None}
    assert {key for key in given if key.startswith("BATTERY_")} <= {*VARIABLES, *DERIVED}
    moved = {key: value.replace("/srv/battery", str(tmp_path)) for key, value in given.items()}
    settings = Settings.from_environment(moved)
    assert settings.storage_options == {}
    for key, value in settings.variables().items():
        assert key == "DAGSTER_HOME" or moved.get(key, "") == value, key
    mlflow = filled(compose["services"]["mlflow"]["environment"]["MLFLOW_BACKEND_STORE_URI"])
    assert settings.mlflow_url == mlflow


WITHIN = ["python", "-m", "battery_assets.hosting.workers.within"]


def plain(command: list[str]) -> list[str]:
    """A command without what writes dagster.yaml before it."""
    return command[3:] if command[:3] == WITHIN else command


def test_the_daemon_and_the_pages_write_dagster_yaml_for_their_settings(compose):
    for name in ("daemon", "webserver"):
        assert compose["services"][name]["command"][:3] == WITHIN


def commands(compose: dict) -> list[list[str]]:
    services = compose["services"].values()
    found = [plain(service["command"]) for service in services if "command" in service]
    found += [service["healthcheck"]["test"][1:] for service in services if "healthcheck" in service]
    return [command for command in found if command[0] in OURS]


def unknown_to_its_help(command: list[str]) -> list[str]:
    """Flags of a command that its own --help does not name; all of it where it has no help."""
    words = []
    for word in command[1:]:
        if word.startswith("-"):
            break
        words.append(word)
    shown = subprocess.run([BIN / command[0], *words, "--help"], capture_output=True, text=True, check=False)
    if shown.returncode != 0:
        return command
    flags = [word.partition("=")[0] for word in command if word.startswith("-")]
    return [flag for flag in flags if not re.search(rf"(^|[\s,/]){re.escape(flag)}\b", shown.stdout)]


def test_every_command_exists_and_knows_its_flags(compose):
    ours = commands(compose)
    if not (BIN / "battery-assets").exists():
        ours = [command for command in ours if command[0] != "battery-assets"]
    with ThreadPoolExecutor(2) as pool:
        unknown = list(pool.map(unknown_to_its_help, ours))
    assert dict(zip(map(" ".join, ours), unknown, strict=True)) == {" ".join(command): [] for command in ours}


def test_the_pages_stand_behind_our_guard_with_flags_that_they_know(compose):
    from dagster_webserver.cli import cli

    *command, host, port, workspace = plain(compose["services"]["webserver"]["command"])
    assert command == ["python", "-m", "battery_assets.hosting.pages"]
    known = {flag for option in cli.params for flag in option.opts}
    assert {flag.partition("=")[0] for flag in (host, port, workspace)} <= known


def test_mlflow_stands_behind_our_guard_with_flags_that_it_knows(compose):
    service = compose["services"]["mlflow"]
    assert service["command"][:5] == ["python", "-m", "battery_assets.hosting.pages", "mlflow", "server"]
    assert unknown_to_its_help(["mlflow", "server", *service["command"][5:]]) == []
    assert service["environment"]["BATTERY_WEB_HOSTS"] == "mlflow", (
        "the other services ask for it by this name"
    )


def test_the_api_is_served_inside_by_its_own_module(compose, monkeypatch):
    import uvicorn

    from battery_assets.api import serve

    *command, port, host = compose["services"]["api"]["command"]
    assert command == ["python", "-m", serve.__name__]
    asked = {}
    monkeypatch.setattr(serve, "served", lambda settings: "the application")
    monkeypatch.setattr(uvicorn, "run", lambda app, **how: asked.update(how))
    for words, expected in (([port, host], ("0.0.0.0", 8000)), (["8123"], ("127.0.0.1", 8123))):
        monkeypatch.setattr("sys.argv", ["serve", *words])
        serve.main()
        assert (asked["host"], asked["port"]) == expected


def test_our_own_command_of_it_exists(compose):
    from battery_assets.cli import main

    ours = [command[1] for command in commands(compose) if command[0] == "battery-assets"]
    assert ours == ["migrate", "notify", "worker"]
    assert set(ours) <= set(main.commands)


def test_the_file_passes_the_schema_of_compose_itself():
    client = shutil.which("docker")
    if (
        client is None
        or subprocess.run([client, "compose", "version"], capture_output=True, check=False).returncode
    ):
        pytest.skip("no docker compose here; the keys are checked above")
    environment = {"POSTGRES_PASSWORD": "s3cret", "PATH": "/usr/bin:/bin"}
    command = [client, "compose", "-f", str(COMPOSE), "config", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr


def test_the_image_holds_every_file_that_it_copies():
    for line in (PROJECT / "Dockerfile").read_text().splitlines():
        if line.startswith("COPY "):
            for source in line.split()[1:-1]:
                assert (PROJECT / source).exists(), source


def test_the_workspaces_name_one_location():
    inside = yaml.safe_load((PROJECT / "docker" / "workspace.yaml").read_text())["load_from"]
    beside = yaml.safe_load((PROJECT / "workspace.yaml").read_text())["load_from"]
    assert inside == [{"grpc_server": {"host": "code", "port": 4000, "location_name": "battery_assets"}}]
    assert beside[0]["python_module"]["location_name"] == "battery_assets"


def test_dagster_takes_its_yaml_with_what_was_promised():
    from dagster._core.instance.config import dagster_instance_config

    config, _ = dagster_instance_config(str(PROJECT))
    storage = config["storage"]["custom"]
    assert storage["class"] == "PooledPostgresStorage"
    assert storage["config"]["postgres_url"] == {"env": "DAGSTER_PG_URL"}
    assert config["telemetry"] == config["nux"] == {"enabled": False}
    assert config["run_monitoring"]["max_runtime_seconds"] == 14400
    assert config["run_monitoring"]["free_slots_after_run_end_seconds"] > 0
    assert config["run_retries"] == {"enabled": True, "max_retries": 2, "retry_on_asset_or_op_failure": False}
    assert "default_limit" not in config["concurrency"]["pools"]


def test_no_file_names_a_package_index():
    for name in ("Makefile", "constraints.txt", "Dockerfile", ".ci/run", "pyproject.toml"):
        assert not re.search(
            r"--(extra-)?index-url|--find-links|pypi\.org|://", (PROJECT / name).read_text()
        ), name


def test_every_dependency_is_pinned_exactly():
    lines = (PROJECT / "constraints.txt").read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][\w.]*", pin) for pin in pins)
    assert "torch==2.13.0" in pins
