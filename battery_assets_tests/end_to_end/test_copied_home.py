"""A home that was copied goes on where it lies now, with the original gone: nothing in it names a folder."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from battery_assets.hosting import embedded_postgres
from battery_assets.settings import Settings
from battery_assets_tests.worlds.homes import fresh_home
from battery_assets_tests.worlds.lab_files.taken_in import TERMS, write_bdf
from battery_assets_tests.worlds.served import environment_of

PROJECT = Path(__file__).resolve().parents[2]
SITE, LAB, MONTH, LAB_MONTH = "old", "bench", "2025-01", "2024-03"
MAKE = f"""
from pathlib import Path
from battery_assets.actions.import_lab import enter_tests
from battery_assets.actions.session import put_site, quiet_logs, run_here, session
from battery_assets.fleet.p6_ml_digital_twin.rul_model import EXPERIMENT
from battery_assets.platform.tracking import Tracking
quiet_logs()
with session() as at:
    put_site(at, {SITE!r}, "synthetic", {{"place": "bangrak", "seed": 7, "interval_s": 3600, "strings": 1,
             "jars_per_string": 2, "start": {MONTH!r}}})
    put_site(at, {LAB!r}, "lab-files", {{}})
    folder = Path(at.settings.landing) / {LAB!r}
    [one], _ = enter_tests(at, {LAB!r}, folder, {{}}, lambda *_: None)
    assert one.status == "accepted", one
    run_here("catalogue")
    run_here("site_month", {MONTH!r}, {SITE!r})
    run_here("lab_month", {LAB_MONTH!r}, {LAB!r})
    tracking = Tracking(tracking_uri=at.settings.mlflow_tracking_uri, artifact_root=at.settings.artifacts_url)
    (at.settings.home / "model.cbm").write_bytes(b"a model")
    with tracking.run(EXPERIMENT, "a run") as run:
        run.log_artifact_file(at.settings.home / "model.cbm", "model")
    tracking.register("rul", run.run_id, "model/model.cbm", "Lives.")
"""
GO_ON = f"""
import json, sys
from pathlib import Path
import dagster as dg
import psycopg
from battery_assets import tables as t
from battery_assets.actions.session import quiet_logs, run_here, session
from battery_assets.hosting.database_urls import libpq_url
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.tracking import Tracking
quiet_logs()
COLUMNS = "SELECT table_schema, table_name, column_name FROM information_schema.columns WHERE table_schema " \\
          "NOT IN ('pg_catalog', 'information_schema')"
def named(url, word):
    with psycopg.connect(libpq_url(url), autocommit=True) as connection:
        for schema, table, column in connection.execute(COLUMNS).fetchall():
            query = f'SELECT count(*) FROM "{{schema}}"."{{table}}" WHERE "{{column}}"::text LIKE %s'
            try:
                if connection.execute(query, (f"%{{word}}%",)).fetchone()[0]:
                    yield f"{{schema}}.{{table}}.{{column}}"
            except psycopg.Error:
                continue
with session() as at:
    urls = at.settings.database_urls()
    found = [*named(urls.warehouse, sys.argv[1]), *named(urls.dagster, sys.argv[1]), *named(urls.mlflow, sys.argv[1])]
    part = Part({SITE!r}, {MONTH!r})
    before = at.warehouse.profile(t.telemetry_jar_raw, part)["sha256"]
    run_here("site_month", {MONTH!r}, {SITE!r})
    run_here("lab_month", {LAB_MONTH!r}, {LAB!r})
    record, *_ = at.instance.fetch_materializations(dg.AssetKey("telemetry_jar_raw"), limit=1).records
    windows = at.warehouse.read(t.telemetry_event_window, part).collect()["data_blob_url"].drop_nulls()
    tracking = Tracking(tracking_uri=at.settings.mlflow_tracking_uri, artifact_root=at.settings.artifacts_url)
    shown = dg.RunsFilter(job_name="site_month", tags={{".dagster/repository": "__repository__@battery_assets"}})
    print("FOUND" + json.dumps({{
        "named": found,
        "days made": record.asset_materialization.metadata["days made"].value,
        "same": at.warehouse.profile(t.telemetry_jar_raw, part)["sha256"] == before,
        "captures": [at.warehouse.capture(url).height for url in windows],
        "model": tracking.fetch("rul", "1", Path("fetched")).read_bytes().decode(),
        "points": at.warehouse.profile(t.timeseries_point, Part({LAB!r}, {LAB_MONTH!r}))["rows"],
        "months": at.instance.get_dynamic_partitions("month"),
        "on the timeline": at.instance.get_runs_count(shown),
    }}))
"""


def python(settings: Settings, script: str, *arguments: str) -> str:
    """What a script prints that runs on the home, in a folder of its own."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script, *arguments],
        env={**environment_of(settings), "PYTHONPATH": os.fspath(PROJECT)},
        cwd=settings.home.parent,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture
def original() -> Iterator[Settings]:
    with fresh_home() as settings:
        folder = Path(settings.landing) / LAB
        write_bdf(folder / "C1" / "cycle_life" / "a.csv")
        (folder / "C1" / "cell.json").write_text(json.dumps(TERMS))
        yield settings


def test_a_copy_goes_on_with_the_original_gone(original):
    python(original, MAKE)
    assert not list(original.home.parent.glob("mlruns")), "MLflow leaves nothing where a command runs"
    home = original.home.with_name(f"{original.home.name}_copy")
    subprocess.run(["cp", "-a", original.home, home], check=True)
    away = original.home.rename(original.home.with_name(f"{original.home.name}_away"))
    copy = replace(
        original,
        home=home,
        lake_url=f"{home}/lake",
        landing=f"{home}/landing",
        artifacts_url=f"{home}/mlflow",
    )
    try:
        told = json.loads(python(copy, GO_ON, f"{original.home}/").partition("FOUND")[2])
        assert told["named"] == []
        assert (told["days made"], told["same"]) == (0, True)
        assert told["captures"]
        assert min(told["captures"]) > 0
        assert told["model"] == "a model"
        assert told["points"] > 100
        assert told["months"] == [MONTH]
        assert told["on the timeline"] == 2
    finally:
        embedded_postgres.discard(copy)
        shutil.rmtree(home)
        away.rename(original.home)
