"""`battery-assets up` as a person uses it: runs from the page, a backfill, a killed worker, new files, Ctrl-C."""

import json
import os
import re
import signal
import time
import urllib.request
from itertools import pairwise

import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.hosting import embedded_postgres
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.experiments import Experiment
from battery_assets.platform.tracking import Tracking
from battery_assets.platform.warehouse.resource import FROM_SCRATCH, Warehouse
from battery_assets_tests.worlds import exports
from battery_assets_tests.worlds.homes import fresh_home, processes_of
from battery_assets_tests.worlds.served import Served, asked, command, partition, serving, until

SITE_TABLES = [table.name for table in t.FLEET_TABLES if table.info["cut"] == "site_month"]
FIRST = "2024-01|a"
SCOPES = ("--scope", "jobs:write", "--scope", "platform:read", "--scope", "experiments:read")


@pytest.fixture(scope="module")
def up():
    """Two tiny sites and one whose exports arrive as files, served."""
    with fresh_home() as settings:
        for arguments in (
            ("a", "--place", "phuket", "--strings", "1", "--interval", "900", "--seed", "1"),
            ("b", "--place", "bangrak", "--strings", "1", "--interval", "900", "--seed", "2"),
            ("c", "--source", "files", "--timezone", "UTC"),
        ):
            done = command(settings, "site", "add", *arguments)
            assert done.returncode == 0, done.stderr
        made = ("--cells", "8", "--sample", "150", "--start", "2024-01")
        done = command(settings, "lab", "add", "bench", *made)
        assert done.returncode == 0, done.stderr
        with serving(settings) as served:
            yield served


@pytest.fixture(scope="module")
def warehouse(up):
    return Warehouse(database_url=up.settings.warehouse_url, lake_url=up.settings.lake_url)


@pytest.fixture(scope="module")
def first_month(up):
    """A month of a site that was just added, run from the page. Returns the run."""
    return up.succeeded(up.launch("site_month", partition("2024-01", "a")))


@pytest.fixture(scope="module")
def dropped(up):
    """An export put into the landing folder, for the sensor to see. Returns when."""
    exports.write_export(up.settings.home / "landing" / "c", "c")
    return time.time()


def latest(up: Served, key: str, names: list[str]) -> dict[str, tuple[str | None, dict | None]]:
    """Of each asset: the run that materialized the partition last, and the last execution of its check."""
    parts = " ".join(
        f"""{name}: assetNodeOrError(assetKey: {{path: ["{name}"]}}) {{... on AssetNode {{
              assetMaterializations(partitions: ["{key}"], limit: 1) {{runId partition}}}}}}
            {name}_check: assetCheckExecutions(assetKey: {{path: ["{name}"]}}, checkName: "suite",
              partition: "{key}", limit: 1) {{runId status partition evaluation {{success partition}}}}"""
        for name in names
    )
    found = up.ask(f"{{{parts}}}")
    first = {name: next(iter(found[name]["assetMaterializations"]), None) for name in names}
    return {
        name: (first[name] and first[name]["runId"], next(iter(found[f"{name}_check"]), None))
        for name in names
    }


def assert_checked(up: Served, key: str, names: list[str], run_id: str | None = None) -> None:
    """Every asset has the partition, and a check that passed for that very partition."""
    for name, (run, check) in latest(up, key, names).items():
        assert run is not None and run_id in (None, run), f"{name} {key} was not materialized"
        assert check is not None, f"{name} {key} has no check"
        assert check["status"] == "SUCCEEDED", f"{name} {key}: {check}"
        assert check["partition"] == check["evaluation"]["partition"] == key
        assert check["evaluation"]["success"]
        assert run_id in (None, check["runId"])


def sha256(warehouse: Warehouse, table: sa.Table, key: str) -> str:
    month, site = key.split("|")
    profile = warehouse.profile(table, Part(site, month))
    assert profile is not None
    return profile["sha256"]


def test_everything_answers_and_status_tells_of_it(up):
    print(f"up after {up.seconds:.1f} s")
    said = up.output.read_text()
    assert up.presence.web_url in said
    assert up.presence.mlflow_url in said
    status = command(up.settings, "status").stdout
    for line in (
        f"Dagster   {up.presence.web_url} answers",
        f"MLflow    {up.presence.mlflow_url} answers",
        f"up        process {up.process.pid}",
        "site      a: synthetic, nothing computed yet",
        "site      c: files, nothing computed yet",
    ):
        assert line in status, status


def test_a_month_of_a_site_has_every_asset_and_a_passed_check_for_it(up, first_month):
    assert len(SITE_TABLES) == 26
    assert_checked(up, FIRST, SITE_TABLES, first_month["runId"])
    print(f"site_month took {first_month['endTime'] - first_month['startTime']:.1f} s")


def test_every_asset_of_a_lab_is_on_the_page_with_its_partition_and_a_passed_check(up):
    names = [table.name for table in t.LAB_TABLES]
    run = up.succeeded(up.launch("lab_month", partition("2024-01", "bench")))
    assert_checked(up, "2024-01|bench", names, run["runId"])
    shown = up.ask(
        """{assetNodes {assetKey {path} groupName hasAssetChecks
            partitionKeysByDimension {name partitionKeys}}}"""
    )["assetNodes"]
    nodes = {node["assetKey"]["path"][-1]: node for node in shown}
    for name in names:
        keys = {one["name"]: one["partitionKeys"] for one in nodes[name]["partitionKeysByDimension"]}
        assert keys["site"] == ["bench"], name
        assert "2024-01" in keys["month"], name
        assert nodes[name]["hasAssetChecks"], name


def test_one_asset_can_be_materialized_alone(up, first_month):
    run = up.succeeded(up.launch("__ASSET_JOB", partition("2024-01", "a"), assets=("telemetry_string_calc",)))
    told = latest(up, FIRST, SITE_TABLES)
    assert [name for name, (run_id, _) in told.items() if run_id == run["runId"]] == ["telemetry_string_calc"]


def test_a_worker_killed_amid_a_replace_leaves_the_old_month_and_is_run_again(up, first_month, warehouse):
    table, part = t.telemetry_jar_raw, Part("a", "2024-01")
    before, rows = sha256(warehouse, table, FIRST), warehouse.read(table, part).collect()
    with warehouse.transaction() as books:
        # The worker has written its files and waits to enter them: the midst of the replace, for certain.
        books.execute(sa.text("LOCK TABLE platform.lake_file IN SHARE MODE"))
        # Nothing it is made from has changed: without being told so it would write nothing.
        tags = {**partition("2024-01", "a"), FROM_SCRATCH: "true"}
        run_id = up.launch("__ASSET_JOB", tags, assets=(table.name,))
        until(lambda: waits_for_books(warehouse), 300.0, "the worker never came to enter its files")
        os.kill(up.worker(run_id), signal.SIGKILL)
        killed = time.monotonic()
        assert up.ended(run_id)["status"] == "FAILURE"
        print(f"FAILURE {time.monotonic() - killed:.1f} s after the kill")
        assert warehouse.read(table, part).collect().equals(rows)
        assert sha256(warehouse, table, FIRST) == before
    [again] = until(
        lambda: [run for run in up.runs() if run["tags"].get("dagster/parent_run_id") == run_id],
        300.0,
        "the killed run was not run again",
    )
    up.succeeded(again["runId"])
    assert sha256(warehouse, table, FIRST) == before
    warehouse.verify(table, part)
    assert_checked(up, FIRST, [table.name], again["runId"])


def waits_for_books(warehouse: Warehouse) -> bool:
    query = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'platform.lake_file'::regclass"
    with warehouse.transaction() as connection:
        return connection.execute(sa.text(query)).scalar_one() > 0


# Before the backfill, so that the sensor's half minute passes while that one works.
@pytest.mark.usefixtures("dropped")
def test_a_backfill_runs_each_month_once_in_order_and_checks_it(up, first_month):
    months, sites = ["2024-01", "2024-02"], ["a", "b"]
    began = time.monotonic()
    done = command(
        up.settings, "backfill", "--site", "a", "--site", "b", "--from", months[0], "--to", months[-1]
    )
    print(f"backfill took {time.monotonic() - began:.0f} s\n{done.stdout}")
    assert done.returncode == 0, done.stdout + done.stderr
    first, *_, last = done.stdout.splitlines()
    backfill = first.split()[1].rstrip(":")
    assert first == f"backfill {backfill}: 4 runs, {up.presence.web_url}/runs/b/{backfill}"
    assert "4/4" in last
    assert "4 success" in last

    runs = up.runs(tags=[{"key": "dagster/backfill", "value": backfill}])
    assert sorted(run["tags"]["dagster/partition"] for run in runs) == sorted(
        f"{month}|{site}" for month in months for site in sites
    )
    assert {run["status"] for run in runs} == {"SUCCESS"}
    for site in sites:
        own = sorted(
            (run for run in runs if run["tags"]["dagster/partition/site"] == site),
            key=lambda run: run["startTime"],
        )
        assert [run["tags"]["dagster/partition/month"] for run in own] == months
        assert all(one["endTime"] <= after["startTime"] for one, after in pairwise(own))
    for run in runs:
        assert_checked(up, run["tags"]["dagster/partition"], SITE_TABLES, run["runId"])


def test_files_that_arrive_become_partitions_by_themselves(up, dropped, warehouse):
    def finished() -> dict | None:
        runs = [run for run in up.runs() if run["tags"].get("dagster/sensor_name") == "landing"]
        months = [run for run in runs if run["jobName"] == "site_month"]
        return months[-1] if months and months[-1]["status"] in ("SUCCESS", "FAILURE") else None

    run = until(finished, 600.0, "the sensor launched nothing")
    print(f"files were in {run['endTime'] - dropped:.0f} s after they arrived")
    assert run["status"] == "SUCCESS", up.failures(run["runId"])
    key = f"{exports.MONTH}|c"
    assert run["tags"]["dagster/partition"] == key
    assert_checked(up, key, SITE_TABLES, run["runId"])
    part = Part("c", exports.MONTH)
    assert warehouse.read(t.telemetry_jar_raw, part).collect().height == 2 * exports.SAMPLES
    assert f"c: files, {exports.MONTH} to {exports.MONTH}, 1 month, " in command(up.settings, "status").stdout


def test_what_a_program_asks_for_is_launched_by_the_daemon(up):
    assert command(up.settings, "user", "admin", "ada", "--email", "ada@example.org").returncode == 0
    made = command(up.settings, "key", "create", "a program", "--owner", "ada", *SCOPES)
    [key] = re.findall(r"^ba_[0-9A-Za-z]{57}$", made.stdout, re.M)

    def api(path: str, body: dict | None = None) -> dict:
        content = json.dumps(body).encode() if body else None
        headers = {"X-API-Key": key, "Content-Type": "application/json", "X-Request-Id": "ticket-0815"}
        asking = urllib.request.Request(f"{up.presence.api_url}/api/v1{path}", content, headers)
        return json.loads(urllib.request.urlopen(asking, timeout=60).read())

    job = api("/datasets", {"name": "asked", "kind": "generation", "terms": {"systems": 5}})
    assert (job["state"], job["run_id"]) == ("queued", None)

    def ended() -> dict | None:
        seen = api(f"/jobs/{job['id']}/state")
        return seen if seen["state"] not in ("queued", "running") else None

    seen = until(ended, 600.0, "the daemon launched nothing")
    assert (seen["state"], seen["progress"], seen["reason"]) == ("succeeded", 1.0, None)
    # Our books are ahead of the run that writes them.
    up.ended(seen["run_id"])
    [run] = up.runs(runIds=[seen["run_id"]])
    assert (run["status"], run["tags"]["dagster/sensor_name"]) == ("SUCCESS", "asked_jobs")
    assert "ticket-0815" in run["tags"].values()


def test_a_training_without_failures_says_so_where_the_run_failed(up, first_month):
    run_id = up.launch("training", {"dagster/partition": "2024-04"})
    assert up.ended(run_id)["status"] == "FAILURE"
    [failure] = [event for event in up.events(run_id) if event["__typename"] == "ExecutionStepFailureEvent"]
    assert failure["stepKey"] == "rul_model"
    assert "observed ends of life before the cut-off" in failure["failureMetadata"]["description"]


def test_two_mlflow_runs_can_be_compared(up):
    tracking = Tracking(tracking_uri=up.presence.mlflow_url)
    compared = Experiment("compared", "Two depths.", ("loss",), ("depth",))
    for depth, loss in ((4, 0.31), (6, 0.27)):
        with tracking.run(compared, f"depth {depth}") as run:
            run.log_params({"depth": depth})
            run.log_metrics({"loss": loss}, step=1)
    api = f"{up.presence.mlflow_url}/api/2.0/mlflow/runs/search"
    found = asked(api, {"experiment_ids": [run.experiment_id], "order_by": ["metrics.loss"]})["runs"]
    told = [
        (entry["data"]["params"][0]["value"], entry["data"]["metrics"][0]["value"], entry["info"]["status"])
        for entry in found
    ]
    assert told == [("6", 0.27, "FINISHED"), ("4", 0.31, "FINISHED")]


def test_ctrl_c_stops_all_of_it(up):
    began = time.monotonic()
    os.killpg(up.process.pid, signal.SIGINT)
    assert up.process.wait(300) == 0
    print(f"stopped after {time.monotonic() - began:.1f} s")
    assert up.output.read_text().endswith("stopped\n")
    assert processes_of(up.settings.home) == []
    assert not embedded_postgres.answers(up.settings)
