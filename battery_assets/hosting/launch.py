"""Command lines and environment of the services, and the folder that Dagster calls home."""

import os
import sys
from pathlib import Path

from battery_assets.errors import UserError
from battery_assets.hosting.database_urls import DatabaseUrls
from battery_assets.settings import PACKAGE, Settings, is_remote

# What phones home, or writes into a command's progress bar, unless told not to.
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "GX_ANALYTICS_ENABLED": "false",
    "DAGSTER_DG_UPDATE_CHECK_ENABLED": "0",
}
# Seven job consumers and three more workers cost 1.5 GB and serve no page that we use.
MLFLOW_WORKERS = "1"
WORKSPACE = "workspace.yaml"
MAIL = "BATTERY_SMTP_URL"
# What dagster.yaml gets where a broker is named: who starts runs, and how long one may wait for a worker.
RUNS_AT_ONCE, START_TIMEOUT = "max_concurrent_runs: 2", "start_timeout_seconds: 120"
WORKERS_START_TIMEOUT_S = 3600
WORKERS = ("launcher", "WorkersRunLauncher")
LAUNCHER = """
run_launcher:
  module: battery_assets.hosting.workers.MODULE
  class: CLASS
  config:
    broker: {env: BATTERY_BROKER_URL}
    backend: {env: DAGSTER_PG_URL}
"""
COMPUTE_LOGS = """
compute_logs:
  module: battery_assets.hosting.workers.compute_logs
  class: LakeComputeLogs
  config:
    lake_url: {env: BATTERY_LAKE_URL}
    base_dir: "FOLDER"
"""


def environment(settings: Settings) -> dict[str, str]:
    """Environment of every service: ours, plus where things are. It holds the database's password."""
    return {
        **{key: value for key, value in os.environ.items() if key != MAIL},
        **QUIET,
        **settings.variables(),
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "PYTHONUNBUFFERED": "1",
    }


def notify_secrets(settings: Settings) -> dict[str, str]:
    """What only the worker gets: the mail server's address may hold a password."""
    return {MAIL: settings.smtp_url} if settings.smtp_url else {}


def mlflow_secrets(urls: DatabaseUrls) -> dict[str, str]:
    """What only MLflow's server gets; in the environment, as everyone can read a command line."""
    return {"MLFLOW_BACKEND_STORE_URI": urls.mlflow}


def mlflow_server(settings: Settings, port: int) -> list[str]:
    """Tracking server and pages on loopback, for their own pages alone; artifacts from one fixed root."""
    server = "-m battery_assets.hosting.pages mlflow server"
    command = f"{server} --host 127.0.0.1 --port {port} --workers {MLFLOW_WORKERS}"
    # Names of a proxy come without a port where it is the usual one.
    names = [f"127.0.0.1:{port}", f"localhost:{port}", *settings.web_hosts]
    names += [f"{name}:*" for name in settings.web_hosts]
    hosts = ["--allowed-hosts", ",".join(names)]
    if settings.web_hosts:
        origins = [f"{scheme}://{name}" for name in settings.web_hosts for scheme in ("https", "http")]
        hosts += ["--cors-allowed-origins", ",".join(origins)]
    artifacts = ["--serve-artifacts", "--artifacts-destination", settings.artifacts_url]
    return [sys.executable, *command.split(), *hosts, *artifacts]


def code_server(definitions: str, port: int) -> list[str]:
    """The one process that imports our code, for the pages and the daemon alike."""
    command = f"-m dagster code-server start --host 127.0.0.1 --port {port} --location-name battery_assets"
    options = ["--inject-env-vars-from-instance", "--use-python-environment-entry-point"]
    return [sys.executable, *command.split(), "--module-name", definitions, *options]


def webserver(settings: Settings, port: int) -> list[str]:
    """The Dagster pages on loopback, for their own pages alone."""
    command = f"-m battery_assets.hosting.pages --host 127.0.0.1 --port {port} -w".split()
    return [sys.executable, *command, str(settings.dagster_home / WORKSPACE)]


def notify() -> list[str]:
    """The worker that sends what the outbox holds."""
    return [sys.executable, "-m", "battery_assets.cli", "notify"]


def notify_works(settings: Settings) -> bool:
    """Whether the worker has said that it is at work: nobody can ask it, as it listens to nothing."""
    return "notify: at work" in (settings.logs / "notify.log").read_text(errors="replace")


def api(port: int) -> list[str]:
    """The API and the console on loopback."""
    return [sys.executable, "-m", "battery_assets.api.serve", str(port)]


def daemon(settings: Settings) -> list[str]:
    """Schedules, sensors, backfills, the run queue and run monitoring."""
    return [sys.executable, "-m", "dagster._daemon", "run", "-w", str(settings.dagster_home / WORKSPACE)]


def celery_worker(name: str) -> list[str]:
    """One process that takes runs from the broker, with a child that carries one out at a time."""
    command = "-m celery -A battery_assets.hosting.workers.application:app worker --loglevel INFO"
    options = ["--without-gossip", "--without-mingle", "-O", "fair", "-n", f"{name}@%h"]
    return [sys.executable, *command.split(), *options]


def dagster_yaml(source: str, settings: Settings) -> str:
    """dagster.yaml for these settings: as it stands, or with workers that a broker hands runs to."""
    text = source
    if settings.runs_at_once != 2:
        text = _with(text, RUNS_AT_ONCE, f"max_concurrent_runs: {settings.runs_at_once}")
    if settings.broker_url is not None:
        # A run at the broker waits for a worker that is busy, which is no fault.
        text = _with(text, START_TIMEOUT, f"start_timeout_seconds: {WORKERS_START_TIMEOUT_S}")
        module, name = ("pods", "PodsOrWorkersLauncher") if settings.pods_file else WORKERS
        text += LAUNCHER.replace("MODULE", module).replace("CLASS", name)
        text += "    pods_file: {env: BATTERY_PODS_FILE}\n" if settings.pods_file else ""
    if is_remote(settings.lake_url):
        text += COMPUTE_LOGS.replace("FOLDER", str(settings.dagster_home / "storage"))
    return text


def _with(text: str, old: str, new: str) -> str:
    if text.count(old) != 1:
        raise UserError(f"dagster.yaml has no single {old!r}", "restore dagster.yaml of the checkout")
    return text.replace(old, new)


def install_dagster_home(settings: Settings, code_port: int | None = None) -> Path:
    """Copy dagster.yaml into DAGSTER_HOME where it differs; with a port, write a workspace that names it."""
    source = PACKAGE.parent / "dagster.yaml"
    if not source.is_file():
        raise UserError(f"{source} is missing", "run from a checkout: make demo, or pip install -e .")
    home = settings.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    _replaced(home / "dagster.yaml", dagster_yaml(source.read_text(), settings))
    if code_port is not None:
        server = f"{{host: 127.0.0.1, port: {code_port}, location_name: battery_assets}}"
        _replaced(home / WORKSPACE, f"load_from:\n  - grpc_server: {server}\n")
    return home


def _replaced(file: Path, text: str) -> None:
    if not file.exists() or file.read_text() != text:
        staged = file.with_name(f"{file.name}.new")
        staged.write_text(text)
        staged.replace(file)
