"""The command line explains itself, and its errors say what to do next."""

import os
import shlex
import subprocess

import pytest
from click.testing import CliRunner

from battery_assets.cli import main
from battery_assets.commands.environment import exported
from battery_assets.hosting.databases import running_database
from battery_assets_tests.worlds.homes import fresh_home


@pytest.fixture(scope="module")
def home():
    # A command tells the process where its home is: what was told before comes back.
    before = dict(os.environ)
    with fresh_home() as settings:
        yield settings
    os.environ.clear()
    os.environ.update(before)


def run(settings, *arguments: str, **environment: str):
    given = {"BATTERY_HOME": str(settings.home), **environment}
    return CliRunner().invoke(main, arguments, env=given)


def test_each_command_says_what_it_does_with_an_example():
    for name, command in main.commands.items():
        shown = CliRunner().invoke(main, [name, "--help"]).output
        assert "Example" in shown, name
        assert f"battery-assets {name}" in shown, name
        assert command.get_short_help_str(), name


def test_an_error_is_two_lines_the_fault_and_the_next_step(home):
    done = run(home, "status", BATTERY_WEB_PORT="many")
    allowed = "a port number from 1 to 65535, or 0 for any free port"
    assert done.exit_code == 1
    assert done.output.splitlines() == [
        f"error: BATTERY_WEB_PORT='many' is not allowed: {allowed}",
        "next step: change or unset BATTERY_WEB_PORT",
    ]


def test_before_anything_was_made_status_says_so_and_env_says_how_to_begin(home):
    shown = run(home, "status")
    assert shown.exit_code == 0
    assert "embedded, not running" in shown.output
    assert "`battery-assets up` starts them" in shown.output
    refused = run(home, "env")
    assert refused.exit_code == 1
    assert "battery-assets migrate" in refused.output
    assert run(home, "down").output.splitlines() == ["up: was not running", "database: was never made"]


def test_env_is_what_a_shell_takes_and_dagster_finds_its_yaml_there(home):
    with running_database(home):
        lines = run(home, "env").output
        status = run(home, "status").output
        down = run(home, "down").output
    words = ["DAGSTER_PG_URL", "MLFLOW_TRACKING_URI", "MLFLOW_DISABLE_TELEMETRY"]
    reading = f'for word in {chr(32).join(words)}; do eval "echo \\$$word"; done'
    script = f"eval {shlex.quote(lines)}; {reading}; cat $DAGSTER_HOME/dagster.yaml"
    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True)
    said = done.stdout.splitlines()
    assert said[:3] == [exported(home)[word] for word in words]
    assert said[0].startswith("postgresql+psycopg2://")
    assert "env: DAGSTER_PG_URL" in done.stdout
    assert "embedded, answers at postgresql+psycopg://postgres:***@127.0.0.1" in status
    assert "left running, another command uses it" in down


def wrong(settings, *arguments: str) -> tuple[str, str]:
    """Fault and next step of a command that is refused."""
    done = run(settings, *arguments)
    assert done.exit_code == 1, done.output
    told, _, step = done.output.rstrip().rpartition("\n")
    fault = told[told.index("error: ") :]
    assert step.startswith("next step: ")
    return fault.removeprefix("error: "), step.removeprefix("next step: ")


def test_what_cannot_be_meant_is_refused_with_what_to_do(home, tmp_path):
    with running_database(home):
        fault, _ = wrong(home, "backfill", "--from", "25-1", "--to", "2025-02")
        assert "25-1" in fault
        fault, step = wrong(home, "backfill", "--lab", "b", "--from", "2025-03", "--to", "2025-02")
        assert fault.startswith("months 2025-03 to 2025-02: allowed are")
        assert step == "correct --from and --to"
        fault, _ = wrong(home, "backfill", "--from", "2025-01", "--to", "2025-02")
        assert fault == "no site was added yet"
        fault, _ = wrong(home, "backfill", "--site", "x", "--from", "2025-01", "--to", "2025-02")
        assert fault == "site x is not known; known: none"
        fault, _ = wrong(home, "report", "--site", "nowhere")
        assert fault == "neither site nor lab is named 'nowhere'; known: none"
        for kind, more in (("site", ("--place", "phuket")), ("lab", ())):
            fault, _ = wrong(home, kind, "add", "x", *more, "--start", "2199-01")
            assert fault == "start = '2199-01' lies ahead: nothing has happened since then"
            fault, _ = wrong(home, kind, "add", "No!", *more)
            assert "give lower-case letters, digits" in fault
        assert wrong(home, "site", "add", "x")[1].startswith("add --place")
        (tmp_path / "readings.csv").write_text("a,b\n1,2\n")
        fault, step = wrong(home, "import", "fleet", str(tmp_path), "--site", "cnx")
        assert "'readings.csv' is not named as a table" in fault
        assert step.startswith("name its files as the tables are")
    assert run(home, "report", "--most", "0").exit_code == 2


def test_the_fleet_is_one_command(home):
    refused = run(home, "site", "add", "x", "--fleet")
    assert refused.exit_code == 1
    assert "--fleet names and places its sites itself" in refused.output
    added = run(home, "site", "add", "--fleet", "--interval", "900", "--start", "2025-01")
    assert added.exit_code == 0, added.output
    assert "battery-assets backfill --from 2025-01 --to 2025-01" in added.output
    listed = run(home, "site", "list").output
    assert listed.count("synthetic") == 9
    assert {"bangrak", "chiangmai", "phuket"} <= {line.split()[0] for line in listed.splitlines()}
