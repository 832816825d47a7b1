"""A made-up lab through the whole job: points to training table, partitioned, checked, reproducible."""

import json
from datetime import UTC, datetime

import dagster as dg
import polars as pl
import pytest

from battery_assets import tables as t
from battery_assets.actions.import_lab import land
from battery_assets.lab import sessions as lab_source
from battery_assets.lab.intake import enter_new_tests
from battery_assets.platform import clock
from battery_assets.platform.dagster.partitions import Part, know_months
from battery_assets.platform.lake import reads as lake_reads
from battery_assets.platform.lake.store import Lake
from battery_assets.platform.landing import Landing
from battery_assets.platform.registry import books as registry
from battery_assets.platform.tracking import Tracking
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.projections import key_columns
from battery_assets_tests.conftest import copied_database
from battery_assets_tests.worlds.lab_files.cells import life_points
from battery_assets_tests.worlds.lab_files.taken_in import TERMS, refuse, write_bdf
from battery_assets_tests.worlds.watched import Watched, assert_declared, reads_of

LAB = Part("lab-t", "2025-01")
CONFIG = {"seed": 5, "cells": 8, "sample_s": 150}


@pytest.fixture(scope="module")
def ran(migrated_url, tmp_path_factory):
    """A warehouse in which the lab's month has run, and the run."""
    with copied_database(migrated_url) as url:
        warehouse = Watched(database_url=url, lake_url=str(tmp_path_factory.mktemp("lab") / "lake"))
        with warehouse.transaction() as connection:
            registry.put_site(connection, str(LAB.site), "lab-synthetic", CONFIG)
        yield warehouse, run(warehouse, str(tmp_path_factory.mktemp("mlflow")))


@pytest.fixture
def lab(ran):
    return ran[0]


def run(warehouse, folder, part=LAB):
    from battery_assets.definitions import defs

    job, landing = defs.resolve_job_def("lab_month"), Landing(folder=str(folder))
    tracking = Tracking(tracking_uri=f"sqlite:///{folder}/mlflow.db", artifact_root=folder)
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("lab", [str(part.site)])
        know_months(instance, [str(part.month)], lab=True)
        return job.execute_in_process(
            instance=instance,
            resources={"warehouse": warehouse, "tracking": tracking, "landing": landing},
            partition_key=dg.MultiPartitionKey({"month": str(part.month), "site": str(part.site)}),
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )


def test_a_lab_month_runs_from_points_to_the_training_table(ran):
    lab, result = ran
    assert result.success
    checked = {e.asset_key.path[-1]: e for e in result.get_asset_check_evaluations()}
    assert set(checked) == {table.name for table in t.LAB_TABLES}
    assert all(evaluation.passed for evaluation in checked.values())
    sessions = lab.read(t.test_session, LAB).collect()
    assert sorted(sessions["protocol"].unique()) == ["characterisation", "cycle_life"]
    assert sessions.height == 2 * CONFIG["cells"]
    cycles = lab.read(t.cycle, LAB).collect()
    features = lab.read(t.cycle_feature, LAB).collect()
    assert cycles.height == features.height
    points = lab.read(t.timeseries_point, LAB).select(pl.len()).collect().item()
    assert cycles["points_count"].sum() == points == sessions["points_count"].sum()
    assert lab.read(t.label_soc, LAB).select(pl.len()).collect().item() == points


def test_every_asset_of_the_lab_reads_what_it_declares(lab):
    from battery_assets.definitions import assets

    names = {table.name for table in t.LAB_TABLES}
    assert_declared([asset for asset in assets if asset.key.path[-1] in names], reads_of(lab))


def test_a_prediction_row_leads_back_to_session_and_cell(lab):
    row = lab.read(t.cycle_data, LAB).collect().row(50, named=True)
    cycle = lab.read(t.cycle, LAB).collect().filter(pl.col("cycle_id") == row["cycle_id"]).row(0, named=True)
    session = (
        lab.read(t.test_session, LAB)
        .collect()
        .filter(pl.col("session_id") == cycle["session_id"])
        .row(0, named=True)
    )
    cells = lab.read(t.battery_cell, LAB).collect()
    assert session["cell_id"] in set(cells["cell_id"])
    unit = lab.read(t.battery_unit, LAB).collect().filter(pl.col("cell_id") == session["cell_id"])
    assert unit["id"].to_list() == [row["battery_id"]]
    points = lab.read(t.timeseries_point, LAB).filter(pl.col("session_id") == session["session_id"])
    assert points.select(pl.len()).collect().item() == session["points_count"]


def test_labels_say_when_a_life_ended_or_that_it_was_not_seen(lab):
    labels = lab.read(t.label_soh, LAB).collect().filter(pl.col("definition") == "capacity")
    ended = labels.filter(pl.col("censoring") == "observed")
    assert ended.height > 0
    assert (ended["rul_cycles"] == (ended["life_cycles"] - ended["cycle_index"]).clip(lower_bound=0)).all()
    at_end = ended.filter(pl.col("cycle_index") == pl.col("life_cycles"))
    assert (at_end["soh_pct"] <= 80.0).all()
    data = lab.read(t.cycle_data, LAB).collect()
    assert data.filter(pl.col("rul").is_not_null())["rul"].min() == 0
    units = lab.read(t.battery_unit, LAB).collect()
    assert data["battery_id"].n_unique() == units.height == CONFIG["cells"]


def test_the_line_is_scored_on_cells_it_never_saw(lab):
    runs = lab.read(t.model_run, LAB).collect()
    assert sorted(runs["task"]) == ["rul", "soh"]
    units = dict(lab.read(t.battery_unit, LAB).collect().select("cell_id", "group_tag").iter_rows())
    predicted = lab.read(t.prediction, LAB).collect()
    assert {units[cell] for cell in predicted["cell_id"]} <= {"val", "test"}
    for run_row in runs.to_dicts():
        scores = json.loads(run_row["metrics_json"])
        own = predicted.filter(pl.col("run_id") == run_row["run_id"]).drop_nulls("true_value")
        for side in ("val", "test"):
            cells = [cell for cell, group in units.items() if group == side]
            rows = own.filter(pl.col("cell_id").is_in(cells))
            if f"rmse_{side}" in scores:
                error = ((rows["predicted"] - rows["true_value"]) ** 2).mean() ** 0.5
                assert error == pytest.approx(scores[f"rmse_{side}"], rel=1e-3)


def test_running_a_lab_month_again_gives_the_same_checksums(lab, tmp_path):
    def checksums():
        with lab.transaction() as connection:
            return {table.name: registry.committed(connection, table, LAB).sha256 for table in t.LAB_TABLES}

    first = checksums()
    assert run(lab, str(tmp_path)).success
    assert checksums() == first
    assert not (tmp_path / "mlflow.db").exists(), "MLflow was not asked: nothing has changed"


def test_a_month_in_which_no_test_began_is_green(ran, tmp_path):
    lab, _ = ran
    quiet = Part(str(LAB.site), "2025-02")
    result = run(lab, str(tmp_path), quiet)
    assert result.success
    assert all(evaluation.passed for evaluation in result.get_asset_check_evaluations())
    assert lab.read(t.cycle, quiet).collect().is_empty()
    assert lab.read(t.model_run, quiet).collect().is_empty()
    assert not (tmp_path / "mlflow.db").exists(), "a month without a cycle is no run of MLflow"
    assert lab.read(t.cycle, LAB).collect().height


def test_a_file_corrected_after_its_month_ran_takes_all_rows_of_the_first_with_it(warehouse, tmp_path):
    part = Part("lab-c", "2024-03")
    with warehouse.transaction() as connection:
        registry.put_site(connection, str(part.site), "lab-files", {})
    folder = tmp_path / "landing" / str(part.site)
    seen = []
    for cycles in (4, 3):
        path = write_bdf(tmp_path / "C1.csv", life_points(cycles=cycles))
        land(Landing(folder=str(folder.parent)), str(part.site), [(path, "C1/cycle_life/C1.csv")], TERMS)
        assert [one.status for one in enter_new_tests(warehouse, str(part.site), folder, {}, refuse)] == [
            "accepted"
        ]
        result = run(warehouse, str(tmp_path), part)
        assert result.success
        assert all(evaluation.passed for evaluation in result.get_asset_check_evaluations())
        [session] = warehouse.read(t.test_session, part).collect().to_dicts()
        for table in (t.timeseries_point, t.label_soc, t.cycle, t.cycle_feature):
            rows = warehouse.read(table, part).collect()
            assert rows["session_id"].unique().to_list() == [session["session_id"]], table.name
        seen.append((session["session_id"], session["points_count"]))
    assert len(set(seen)) == 2, "the correction was not taken in"
    assert seen[0][1] > seen[1][1]


def test_no_phase_takes_a_day_of_many_tests_at_once_and_the_rows_are_the_same(
    warehouse, tmp_path, monkeypatch
):
    part = Part("lab-m", "2024-03")
    with warehouse.transaction() as connection:
        registry.put_site(connection, str(part.site), "lab-files", {})
    folder = tmp_path / "landing" / str(part.site)
    for cell in range(3):
        path = write_bdf(tmp_path / f"C{cell}.csv", life_points(cell, cycles=2 + cell))
        named = [(path, f"C{cell}/cycle_life/C{cell}.csv")]
        land(Landing(folder=str(folder.parent)), str(part.site), named, TERMS)
    assert len(list(enter_new_tests(warehouse, str(part.site), folder, {}, refuse))) == 3
    heights = frames_taken(monkeypatch)
    taken, rows = [], []
    for most_points in (lab_source.MOST_POINTS, 1):
        monkeypatch.setattr(lab_source, "MOST_POINTS", most_points)
        heights.clear()
        assert run(warehouse, str(tmp_path), part).success
        taken.append(sorted(heights))
        rows.append([sorted_rows(warehouse, table, part) for table in t.LAB_TABLES if table != t.model_run])
    counts = warehouse.read(t.test_session, part).collect()["points_count"].sort().to_list()
    # Points and labels are written, points are read by test_session, cycle, label_soc and cycle_feature.
    assert taken == [[sum(counts)] * 6, sorted(counts * 6)]
    for whole, apart in zip(*rows, strict=True):
        assert whole.equals(apart)


def frames_taken(monkeypatch):
    """How many rows each frame has that is read from the lake, or written to it, from now on."""
    heights, read_day, write = [], lake_reads.read_day, Lake.write

    def counted(frame):
        heights.append(frame.height)
        return frame

    monkeypatch.setattr(lake_reads, "read_day", lambda *given: counted(read_day(*given)))
    monkeypatch.setattr(Lake, "write", lambda *given: write(*given[:-1], counted(given[-1])))
    # Whatever is read in another way than day by day is not counted, and must not be.
    monkeypatch.setattr(Warehouse, "scan_in", lambda *given: pytest.fail(f"{given[1].name} is read at once"))
    return heights


def sorted_rows(warehouse, table, part):
    if table.info["store"] == "lake":
        frames = [frame for _, frame in warehouse.pieces(table, part)]
        rows = pl.concat(frame.with_columns(pl.col("session_id").cast(pl.String)) for frame in frames)
    else:
        rows = warehouse.read(table, part).collect()
    return rows.sort(key_columns(table))


def test_a_site_that_is_no_lab_says_what_to_do(warehouse):
    from battery_assets.lab.sessions import sessions_of

    with pytest.raises(ValueError, match="battery-assets lab add nowhere"):
        sessions_of(warehouse, Part("nowhere", "2025-01"))


def test_a_test_that_has_not_begun_is_not_there_yet(lab):
    from battery_assets.lab.sessions import sessions_of

    with clock.stop_at(datetime(2025, 1, 5, tzinfo=UTC)):
        begun = sessions_of(lab, LAB)
    assert 0 < len(begun) < 2 * CONFIG["cells"]
    assert max(test.record.started_at for test in begun) <= datetime(2025, 1, 5, tzinfo=UTC)


def test_a_name_is_of_one_source_whose_settings_may_change(warehouse):
    from types import SimpleNamespace

    from battery_assets.actions.session import put_site
    from battery_assets.errors import UserError

    with dg.DagsterInstance.ephemeral() as instance:
        at = SimpleNamespace(warehouse=warehouse, instance=instance)
        put_site(at, "oslo", "lab-files", {})
        put_site(at, "oslo", "lab-files", {"timezone": "Europe/Oslo"})
        put_site(at, "bench", "lab-synthetic", CONFIG)
        put_site(at, "bench", "lab-synthetic", {**CONFIG, "seed": 6})
        for site, source in (("bench", "lab-files"), ("oslo", "files"), ("oslo", "lab-synthetic")):
            with pytest.raises(UserError, match=f"{site} is there already, as lab-") as told:
                put_site(at, site, source, {})
            assert told.value.next_step == "give another name"
        with pytest.raises(UserError, match="'Mars/Olympus' is no IANA time zone"):
            put_site(at, "mars", "lab-files", {"timezone": "Mars/Olympus"})
    with warehouse.transaction() as connection:
        known = {row.site: (row.source, row.config) for row in registry.sites(connection)}
    assert known == {
        "oslo": ("lab-files", {"timezone": "Europe/Oslo"}),
        "bench": ("lab-synthetic", {**CONFIG, "seed": 6}),
    }
