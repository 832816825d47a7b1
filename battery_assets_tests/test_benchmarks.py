"""The figures of `make bench`: they have the names that were promised, and what is timed is computed right."""

import json
import re
from contextlib import nullcontext

import polars as pl
import pytest

from battery_assets.ingest.lab.read import read
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.registry import books as registry
from battery_assets_tests.conftest import PROJECT
from battery_assets_tests.lab.test_lab_month import run as run_lab_month
from benchmarks import race, reading_values, site_month
from benchmarks.figures import GROUPS, NAMES, chosen, figures, line, write

PROMISED = {
    "site_month_5s_seconds",
    "site_month_5s_peak_gb",
    "features_vs_duckdb",
    "dagster_overhead_seconds",
    "pybamm_worst_held_out_mv_per_cell",
    "datasheet_worst_time_error_pct",
    "agm_curve_rmse_mv",
    "tubular_curve_rmse_mv",
    "soc_rmse_points",
    "soh_interval_coverage_pct",
    "twin_jar_steps_per_second",
    "incremental_day_share",
    "lab_vs_pyprobe",
    "lab_vs_cellpy",
    "lab_memory_1000_over_100_files",
    *(f"phase_{phase}_seconds" for phase in range(1, 8)),
}
GROUP = {group.name: group for group in GROUPS}


def test_the_promised_figures_are_measured_and_none_twice():
    assert set(NAMES) >= PROMISED
    assert len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_what_measures_a_group_is_there(group):
    from benchmarks.children import function_of

    assert callable(function_of(group))


def test_every_figure_of_the_docs_is_one_that_is_measured():
    page = (PROJECT / "docs" / "figures.md").read_text(encoding="utf-8")
    shown = re.findall(
        r"^\| `(\w+)` \|", page.split("<!-- figures -->")[1].split("<!-- /figures -->")[0], re.MULTILINE
    )
    assert len(shown) > 10
    assert set(shown) <= set(NAMES)


def test_asking_for_one_figure_runs_its_group_and_what_warms_up():
    assert [group.name for group in chosen(["raw_bytes_per_row"], small=False)] == ["overhead", "telemetry"]
    assert [group.name for group in chosen([], small=False)] == [group.name for group in GROUPS]
    assert not {"queue", "oracles", "lab_peers"} & {group.name for group in chosen([], small=True)}


def test_the_rates_of_a_tiny_site_are_computed_alike_and_written_as_promised(warehouse, tmp_path):
    from benchmarks.telemetry import rates

    measured = figures(GROUP["telemetry"], rates(warehouse, small=True), small=True)
    latest = tmp_path / "latest.json"
    write(measured, latest)
    written = json.loads(latest.read_text())
    assert list(written) == [name for name in NAMES if name in GROUP["telemetry"].units]
    for name, entry in written.items():
        assert set(entry) == {"value", "unit", "command"}
        assert isinstance(entry["value"], float)
        assert entry["value"] > 0
        assert entry["command"] == f"python -m benchmarks --small --only {name}"
        assert line(name, measured[name]).startswith(name)


def test_the_lab_figures_are_of_points_that_were_all_loaded():
    from benchmarks.lab import measure

    measured = figures(GROUP["lab"], measure(small=True), small=True)
    assert all(figure.value > 1_000.0 for figure in measured.values())


def test_the_files_for_the_peers_hold_the_made_test_whichever_cycler_wrote_them(tmp_path):
    from benchmarks.lab import CONTRACT, made_test
    from benchmarks.peer_files import maccor_csv, neware_csv

    points = made_test(20_000)
    for reader, content in (("maccor", maccor_csv(points)), ("neware", neware_csv(points))):
        path = tmp_path / f"{reader}.csv"
        path.write_bytes(content)
        found = read(path, CONTRACT)
        assert (found.source.reader, found.rows_loaded) == (reader, points.height)
        for ours, made in (("test_time_s", "Test Time / s"), ("current_a", "Current / A")):
            assert found.points[ours].to_list() == pytest.approx(points[made].to_list())
        for counted, moved in zip(("charge_ah", "discharge_ah"), found.moved(), strict=True):
            assert found.points[counted][-1] == pytest.approx(moved.ah, rel=1e-3)


def test_both_peers_read_what_we_read():
    from benchmarks import peers, peers_home

    if not peers_home.installed():
        reason = "PyProBE and cellpy are not installed; `python -m benchmarks --only lab_vs_pyprobe` does it"
        pytest.skip(f"NOT COMPARED: {reason}")
    measured = figures(GROUP["lab_peers"], peers.measure(small=True), small=True)
    assert all(figure.value > 0 for figure in measured.values())


def test_a_peer_that_reads_something_else_is_not_timed(tmp_path, monkeypatch):
    from benchmarks import peers
    from benchmarks.lab import made_test
    from benchmarks.peer_files import maccor_csv

    path = tmp_path / "maccor.csv"
    path.write_bytes(maccor_csv(made_test(20_000)))
    for answer in ({"rows": 19_999, "net_ah": 1.0}, {"rows": 20_000, "net_ah": 0.0}):
        monkeypatch.setattr(peers, "_asked", lambda *_, said=answer: nullcontext(lambda: said))
        with pytest.raises(race.DisagreementError, match="20,000 points"):
            peers.ratio("pyprobe", path, rounds=1)


def test_peers_that_cannot_be_installed_keep_no_other_group(tmp_path, monkeypatch, capsys):
    from benchmarks import __main__, peers_home

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(peers_home, "PINS", (f"{tmp_path}/there-is-no-such.whl",))
    groups = [GROUP["lab_peers"], GROUP["lab"]]
    assert __main__._possible(groups) == [GROUP["lab"]]
    said = capsys.readouterr().out
    assert "# NOT MEASURED: lab_vs_pyprobe, lab_vs_cellpy: " in said
    assert "next step: run it once where pip reaches a package index" in said
    assert not peers_home.home().exists()


def test_a_folder_of_files_is_entered_once_and_goes_through_the_whole_job(warehouse, tmp_path):
    from benchmarks.lab_folder import MONTH, ROWS, entered_twice, made, write_files

    write_files(tmp_path / "landing", 3)
    with warehouse.transaction() as connection:
        registry.put_site(connection, "lab-many", "lab-files", {})
    found = entered_twice(warehouse, "lab-many", tmp_path / "landing")
    assert (found["enter"], found["again"]) == (3, 0)
    result = run_lab_month(warehouse, str(tmp_path), Part("lab-many", MONTH))
    assert result.success
    assert all(evaluation.passed for evaluation in result.get_asset_check_evaluations())
    assert made(warehouse, "lab-many") == {"points": 3 * ROWS, "labels": 3 * ROWS, "cycles": 3 * 6}


def test_ride_through_is_held_against_the_generators_truth():
    from benchmarks.ride_through import measure

    found = figures(GROUP["ride_through"], measure(small=True), small=True)
    measured = {name: figure.value for name, figure in found.items()}
    # 90 % of 30 rides: 27 ± 1.6. All of them would be an interval that is too wide to say anything.
    assert 77.0 <= measured["runtime_interval_coverage_pct"] < 99.0
    # By chance one of 24 jars is named; always the right one would be a twin without errors.
    assert 40.0 <= measured["runtime_weakest_named_pct"] <= 90.0
    # A wrong load, charge or resistance would put the median out by more than the interval's half width.
    assert abs(measured["runtime_site_bias_pct"]) < 8.0
    assert 4.0 < measured["runtime_site_half_width_pct"] < 18.0
    # Twelve rides of one site, most of which an interval of that width has to hold, and most days of loss.
    assert measured["runtime_site_coverage_pct"] > 70.0
    assert measured["runtime_lost_coverage_pct"] > 60.0
    # By chance two of 24 jars are right once in twelve; a recorded test tells far more than that.
    assert measured["runtime_site_named_pct"] >= 40.0
    # A corroded jar loses more of its minutes than of its ampere-hours.
    assert 54.0 < measured["runtime_at_76_pct_soh_pct"] < 67.0


def test_the_estimates_of_a_few_jars_are_measured_as_promised():
    from battery_assets_tests.worlds.estimation import scores as estimation

    measured = figures(GROUP["estimation"], estimation.measure(small=True), small=True)
    # Sensors' gains and offsets alone leave some tenths of a point: less would be the truth itself.
    assert 0.2 < measured["soc_rmse_points"].value < 1.6
    assert 0.8 < measured["soh_rmse_points"].value < 4.0
    # 90 % of 40 jars: 36 ± 1.9.
    assert 75.0 <= measured["soh_interval_coverage_pct"].value < 100.0
    assert measured["twin_jar_steps_per_second"].value > 100_000.0


def test_a_figure_measured_alone_leaves_the_others_as_they_were(tmp_path):
    latest = tmp_path / "latest.json"
    values = dict.fromkeys(GROUP["telemetry"].units, 1.0)
    write(figures(GROUP["telemetry"], values, small=False), latest)
    write(figures(GROUP["overhead"], {"dagster_overhead_seconds": 2.0}, small=False), latest, keep=True)
    written = json.loads(latest.read_text())
    assert written["raw_bytes_per_row"]["value"] == 1.0
    assert written["dagster_overhead_seconds"]["value"] == 2.0


def test_a_group_that_measures_something_else_is_an_error():
    with pytest.raises(ValueError, match="overhead measured"):
        figures(GROUP["overhead"], {"another_figure": 1.0}, small=False)


def test_the_site_month_is_the_whole_job():
    from battery_assets.definitions import defs

    job = defs.resolve_job_def("site_month")
    assert set(site_month.assets(1, 7)) == {key.path[-1] for key in job.asset_layer.executable_asset_keys}
    assert {f"site_month_5s_{step}_seconds" for step in site_month.STEPS} <= set(GROUP["site_month"].units)


def test_a_feature_that_differs_is_named_before_anything_is_timed():
    keys = {"feature_ts": [0], "battery_id": ["a"]}
    ours = pl.DataFrame({**keys, "feature_window_hours": [1], "v_mean": [13.5], "v_std": [0.1]})
    ours = ours.with_columns(pl.col("feature_ts").cast(pl.Datetime("us", "UTC")))
    theirs = pl.DataFrame({**keys, "v_mean": [13.5], "v_std": [0.1]})
    theirs = theirs.with_columns(pl.col("feature_ts").cast(pl.Datetime("us")))
    assert race.disagreements(ours, theirs) == []
    apart = race.disagreements(ours, theirs.with_columns(v_mean=pl.lit(13.6)))
    assert [words.split(":")[0] for words in apart] == ["v_mean"]
    one_sided = race.disagreements(ours, theirs.with_columns(v_std=pl.lit(None, pl.Float64)))
    assert [words.split(":")[0] for words in one_sided] == ["v_std"]
    assert race.disagreements(ours, theirs.clear())[0].startswith("rows:")


def test_what_loads_otherwise_is_named_with_its_row_and_what_is_within_a_floats_digits_is_not():
    old = pl.DataFrame({"current_a": [1.0, None, 3.0], "step": ["CC", "CV", None], "line": [1, 2, 3]})
    alike = old.with_columns(pl.col("current_a") * (1 + 1e-12), new=pl.lit(1))
    assert list(reading_values.differences(old, alike)) == []
    [current, step] = reading_values.differences(
        old,
        old.with_columns(pl.Series("current_a", [1.0, 2.0, 3.1]), pl.Series("step", ["CC", "CV", "Rest"])),
    )
    assert current.startswith(
        "current_a: 2 of 3 values differ, in row 1 None -> 2.0; (1 null, 1 to 3, sum 4) -> "
    )
    assert step.startswith("step: 1 of 3 values differ, in row 2 None -> Rest; ")
    assert list(reading_values.differences(old, old.drop("line"))) == ["line is gone"]
    fewer = list(reading_values.differences(old, old.head(2)))
    assert fewer[0] == "3 -> 2 rows"
    assert "line: (0 null, 1 to 3, sum 6) -> (0 null, 1 to 2, sum 3)" in fewer
