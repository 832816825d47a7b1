"""The services together: they answer, they stop, and they say which of them died."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from battery_assets.errors import UserError
from battery_assets.hosting import embedded_postgres, postgres_process
from battery_assets.hosting.abandoned import fail_abandoned_runs
from battery_assets.hosting.postgres_placement import placement
from battery_assets.hosting.presence import Presence, ask_to_stop, only_one, present
from battery_assets.hosting.readiness import http_answers, load_error
from battery_assets.hosting.stack import chosen_port
from battery_assets.settings import PACKAGE
from battery_assets_tests.worlds.homes import fresh_home, processes_of

SERVE = """
from battery_assets.errors import UserError
from battery_assets.hosting.stack import serve
from battery_assets.settings import Settings
say = lambda *words: print(*words, flush=True)
try:
    serve(Settings.from_environment(), lambda s: say("migrated", s.home), say, lambda p: say("READY"),
          "battery_assets_tests.worlds.tiny_definitions")
except UserError as error:
    error.show()
    raise SystemExit(1)
"""
LAUNCH = """mutation {launchRun(executionParams: {runConfigData: {}, selector: {jobName: "slow_job",
  repositoryName: "__repository__", repositoryLocationName: "battery_assets"}}) {__typename}}"""
STATUSES = "{runsOrError {... on Runs {results {status}}}}"


def serving(home: Path) -> subprocess.Popen:
    """A process that serves, once it says that all is ready."""
    environment = {
        **os.environ,
        "BATTERY_HOME": str(home),
        "BATTERY_WEB_PORT": "0",
        "BATTERY_MLFLOW_PORT": "0",
        "BATTERY_API_PORT": "0",
    }
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    server = subprocess.Popen([sys.executable, "-c", SERVE], env=environment, cwd=PACKAGE.parent, **pipes)
    said = []
    for line in server.stdout:
        said.append(line)
        if line == "READY\n":
            return server
    raise AssertionError(f"never ready: {''.join(said)}")


def ask(url: str, query: str) -> dict:
    body = json.dumps({"query": query}).encode()
    request = urllib.request.Request(f"{url}/graphql", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)["data"]


def foreign_pages_get(presence: Presence) -> set[int]:
    """What pages of other sites get from Dagster and MLflow, by their own name and by one turned to us."""
    change = urllib.parse.quote("mutation {wipe}")
    dagster = f"{presence.web_url}/graphql?query={change}"
    mlflow = f"{presence.mlflow_url}/api/2.0/mlflow/experiments/create"
    got = set()
    # A page of another port of this machine is another site's too.
    foreign = (
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost:8888"},
        {"Host": "evil.example"},
    )
    for url, body in ((dagster, None), (dagster, b"{}"), (mlflow, b'{"name": "evil"}')):
        for header in foreign:
            request = urllib.request.Request(url, body, {**header, "Content-Type": "application/json"})
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(request, timeout=30)
            got.add(refused.value.code)
    return got


@pytest.fixture(scope="module")
def home():
    with fresh_home() as settings:
        yield settings


def test_all_services_answer_one_home_has_one_of_them_and_sigint_leaves_nothing(home):
    server = serving(home.home)
    presence = present(home)
    assert presence.pid == server.pid
    assert http_answers(f"{presence.web_url}/server_info")
    assert http_answers(f"{presence.mlflow_url}/health")
    assert load_error(presence.web_url) is None
    assert foreign_pages_get(presence) == {403}
    with pytest.raises(UserError, match=f"as process {server.pid}"), only_one(home):
        pass
    assert ask(presence.web_url, LAUNCH)["launchRun"]["__typename"] == "LaunchRunSuccess"
    deadline = time.monotonic() + 180
    while "STARTED" not in str(ask(presence.web_url, STATUSES)) and time.monotonic() < deadline:
        time.sleep(0.3)
    assert "STARTED" in str(ask(presence.web_url, STATUSES))

    server.send_signal(signal.SIGINT)
    said = server.communicate(timeout=300)[0]
    assert server.returncode == 0, said
    assert processes_of(home.home) == []
    assert not embedded_postgres.answers(home)
    assert present(home) is None


def test_a_service_that_dies_is_named_with_its_last_words_and_the_rest_stops(home):
    server = serving(home.home)
    (daemon,) = [
        pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if runs_daemon(pid, home.home)
    ]
    os.kill(daemon, signal.SIGKILL)
    said = server.communicate(timeout=300)[0]
    assert server.returncode == 1
    assert "error: daemon ended by itself with exit code 137" in said
    assert "Instance is configured with the following daemons" in said
    assert "next step: read" in said
    assert processes_of(home.home) == []
    assert not embedded_postgres.answers(home)


def test_a_database_that_dies_is_started_again_and_the_services_go_on(home):
    server = serving(home.home)
    try:
        cluster = placement(home)
        before = postgres_process.postmaster(cluster)
        os.kill(before, signal.SIGKILL)
        deadline = time.monotonic() + 60
        while not embedded_postgres.answers(home) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert postgres_process.postmaster(cluster) not in (None, before)
        assert server.poll() is None
        assert http_answers(f"{present(home).web_url}/server_info")
    finally:
        server.terminate()
        said = server.communicate(timeout=120)[0]
    assert server.returncode == 0, said
    assert processes_of(home.home) == []


def runs_daemon(pid: int, home: Path) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    except OSError:
        return False
    return words[1:3] == ["-m", "dagster._daemon"] and f"{home}/dagster/workspace.yaml" in words


def test_a_taken_port_names_its_variable():
    with socket.socket() as taker:
        taker.bind(("127.0.0.1", 0))
        taker.listen()
        port = taker.getsockname()[1]
        with pytest.raises(UserError, match=f"BATTERY_WEB_PORT={port}") as refused:
            chosen_port("BATTERY_WEB_PORT", port)
    assert "0 for any free one" in refused.value.next_step


def test_there_is_nothing_to_stop_where_nothing_serves(tmp_path):
    with fresh_home() as settings:
        assert ask_to_stop(settings) is False


def test_a_run_whose_process_is_gone_is_failed_and_a_living_one_is_left():
    import dagster as dg
    from dagster._core.events import EngineEventData
    from dagster._core.test_utils import create_run_for_test

    gone = subprocess.Popen(["true"])
    gone.wait()
    with dg.DagsterInstance.ephemeral() as instance:
        runs = {}
        for name, pid in (("dead", gone.pid), ("living", os.getpid())):
            run = create_run_for_test(instance, job_name=name, status=dg.DagsterRunStatus.STARTED)
            instance.report_engine_event("Started process", run, EngineEventData.in_process(pid))
            runs[name] = run.run_id
        failed = fail_abandoned_runs(instance)
        assert failed == [runs["dead"]]
        assert instance.get_run_by_id(runs["dead"]).status == dg.DagsterRunStatus.FAILURE
        assert instance.get_run_by_id(runs["living"]).status == dg.DagsterRunStatus.STARTED
