"""A home that the code before the house was rearranged has made is taken over, and goes on.

That code is taken from the project's own history, and runs in processes of its own on the home.
"""

import io
import json
import os
import subprocess
import sys
import tarfile
import warnings
from pathlib import Path

import pytest

from battery_assets_tests.worlds.homes import fresh_home
from battery_assets_tests.worlds.served import environment_of

PROJECT = Path(__file__).resolve().parents[2]
COMMIT = "1c6c9c5"
SITE, LAB, MONTH, NEXT = "old", "old-bench", "2025-01", "2025-02"
MAKE = f"""
from battery_assets.session import put_site, quiet_logs, run_here, session
with session() as at:
    quiet_logs()
    put_site(at, {SITE!r}, "synthetic", {{"place": "bangrak", "seed": 7, "interval_s": 3600, "strings": 1,
             "jars_per_string": 2, "start": {MONTH!r}}})
    put_site(at, {LAB!r}, "lab-synthetic", {{"seed": 3, "cells": 2, "start": {MONTH!r}, "sample_s": 300}})
    run_here("catalogue")
    run_here("site_month", {MONTH!r}, {SITE!r})
    run_here("lab_month", {MONTH!r}, {LAB!r})
"""
GO_ON = f"""
from battery_assets.actions.session import quiet_logs, run_here, session
with session() as at:
    quiet_logs()
    run_here("site_month", {MONTH!r}, {SITE!r})
    run_here("site_month", {NEXT!r}, {SITE!r})
    run_here("lab_month", {MONTH!r}, {LAB!r})
"""
# What both codes can say of a home and of themselves; the names of modules differ.
LOOK = """
import json, sys, dagster as dg, sqlalchemy as sa
try:
    from battery_assets.session import session
    from battery_assets.platform.partitions import Part
except ModuleNotFoundError:
    from battery_assets.actions.session import session
    from battery_assets.platform.dagster.partitions import Part
from battery_assets import tables as t
from battery_assets.definitions import defs
site, lab, month = sys.argv[1:]
with session() as at:
    profiles = {}
    for table in t.TABLES:
        if table.info["cut"] == "site_month":
            found = at.warehouse.profile(table, Part(lab if table.info["lab"] else site, month))
            profiles[table.name] = found and [found["rows"], found["sha256"]]
    repository = defs.get_repository_def()
    print("FOUND" + json.dumps({
        "profiles": profiles,
        "runs": [run.run_id for run in at.instance.get_runs() if run.is_success],
        "assets": sorted(key.to_user_string() for key in repository.asset_graph.get_all_asset_keys()),
        "checks": sorted(str(key.to_user_string()) for key in repository.asset_graph.asset_check_keys),
        "jobs": sorted(job.name for job in repository.get_all_jobs()),
        "schedules": sorted(one.name for one in repository.schedule_defs),
        "sensors": sorted(one.name for one in repository.sensor_defs),
    }))
"""


@pytest.fixture(scope="module")
def old_code(tmp_path_factory) -> Path:
    """The product as that commit had it; skips loudly where the history does not reach so far."""
    folder = tmp_path_factory.mktemp("old")
    found = subprocess.run(["git", "archive", COMMIT], cwd=PROJECT, capture_output=True)
    if found.returncode:
        warnings.warn(f"NO HISTORY: {COMMIT} is not in this clone; fetch it whole", UserWarning, stacklevel=2)
        pytest.skip(f"{COMMIT} is not in this clone")
    with tarfile.open(fileobj=io.BytesIO(found.stdout)) as archive:
        # Python 3.11.2 of Debian has no filters; the archive is our own history.
        archive.extractall(folder, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    return folder


@pytest.fixture(scope="module")
def settings():
    with fresh_home() as found:
        yield found


def python(code: Path, settings, script: str, *arguments: str) -> str:
    """What a script prints that runs on the home with that code."""
    environment = {**environment_of(settings), "PYTHONPATH": os.fspath(code)}
    environment.pop("BATTERY_API_PORT")  # the old code refuses settings that it does not know
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script, *arguments],
        env=environment,
        cwd=code,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def look(code: Path, settings) -> dict:
    return json.loads(python(code, settings, LOOK, SITE, LAB, MONTH).partition("FOUND")[2])


@pytest.fixture(scope="module")
def before(old_code, settings) -> dict:
    """What that code says of a home that it has made, and of itself."""
    python(old_code, settings, MAKE)
    return look(old_code, settings)


def test_a_home_of_the_code_before_goes_on(before, settings):
    assert before["profiles"]["telemetry_jar_raw"][0] > 1000
    after = look(PROJECT, settings)
    assert after["profiles"].keys() >= before["profiles"].keys()
    kept = {name: after["profiles"][name] for name in before["profiles"]}
    assert kept == before["profiles"], "what the old code has stored is read as it was"
    assert set(after["runs"]) >= set(before["runs"]), "Dagster's history stays"
    python(PROJECT, settings, GO_ON)
    again = look(PROJECT, settings)
    assert set(again["runs"]) > set(before["runs"])
    for name in ("telemetry_jar_raw", "telemetry_string_raw", "timeseries_point"):
        assert again["profiles"][name][0] == before["profiles"][name][0], (
            "the month is replaced, not added to"
        )


def test_what_users_have_in_their_instance_keeps_its_name(before, settings):
    after = look(PROJECT, settings)
    for kind in ("assets", "checks", "jobs", "schedules", "sensors"):
        missing = set(before[kind]) - set(after[kind])
        assert not missing, f"{kind} gone: {missing}; CHANGELOG has to say what to do"
