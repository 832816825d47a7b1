"""The figures of `make bench`: they have the names that were promised, and what is timed is computed right."""

import json

import polars as pl
import pytest

from benchmarks import race, site_month
from benchmarks.figures import GROUPS, NAMES, chosen, figures, line, write

PROMISED = {
    "site_month_5s_seconds",
    "site_month_5s_peak_gb",
    "features_vs_duckdb",
    "dagster_overhead_seconds",
    "incremental_day_share",
    *(f"phase_{phase}_seconds" for phase in range(1, 8)),
}
GROUP = {group.name: group for group in GROUPS}


def test_the_promised_figures_are_measured_and_none_twice():
    assert set(NAMES) >= PROMISED
    assert len(set(NAMES)) == len(NAMES)


def test_asking_for_one_figure_runs_its_group_and_what_warms_up():
    assert [group.name for group in chosen(["raw_bytes_per_row"], small=False)] == ["overhead", "telemetry"]
    assert [group.name for group in chosen([], small=False)] == [group.name for group in GROUPS]
    assert "queue" not in [group.name for group in chosen([], small=True)]


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
