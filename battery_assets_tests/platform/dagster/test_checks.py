"""Every kind of defect turns the suite red, in words that name the column; a clean partition is green."""

import re
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from battery_assets import tables as t
from battery_assets.platform.dagster.checks import profile_failures, row_failures
from battery_assets.platform.warehouse.profile import profile_of
from battery_assets.tables.projections import empty, polars_schema, sort_columns
from battery_assets_tests.worlds.random_rows import World

UNIT = "00000000-0000-0000-0000-00000000000a"
OTHER = "00000000-0000-0000-0000-00000000000b"


@pytest.fixture(scope="module")
def world() -> dict[str, pl.DataFrame]:
    made = World(7)
    return {table.name: made.rows(table, 30) for table in t.TABLES}


@pytest.mark.parametrize("table", t.TABLES, ids=lambda table: table.name)
def test_any_rows_that_the_definition_allows_are_green(world, table):
    rows = world[table.name]
    if table.info["store"] == "lake":
        assert profile_failures(table, profile_of(rows.sort(sort_columns(table)), table)) == []
    else:
        assert row_failures(table, rows) == []


@pytest.mark.parametrize("table", t.TABLES, ids=lambda table: table.name)
def test_an_empty_partition_is_red_unless_the_table_may_be_empty(table):
    nothing = empty(table)
    failures = (
        profile_failures(table, profile_of(nothing, table))
        if table.info["store"] == "lake"
        else row_failures(table, nothing)
    )
    assert bool(failures) != table.info["may_be_empty"]
    assert all("rows" in words for words in failures)


def test_a_lake_partition_without_any_file_is_red():
    """Nothing was written, so there is no profile of columns either."""
    assert profile_failures(t.telemetry_jar_raw, {"rows": 0, "columns": {}})
    assert profile_failures(t.telemetry_env, {"rows": 0, "columns": {}}) == []


def changed(world, table, column: str, value: object) -> pl.DataFrame:
    """The rows, one of them changed."""
    rows = world[table.name].with_row_index()
    return rows.with_columns(
        pl.when(pl.col("index") == 3)
        .then(pl.lit(value, polars_schema(table)[column]))
        .otherwise(column)
        .alias(column)
    ).drop("index")


@pytest.mark.parametrize(
    ("table", "column", "value", "found"),
    [
        (t.battery, "battery_id", None, "null"),
        (t.battery, "status", "broken", "broken"),
        (t.battery, "position_in_string", 501, "501"),
        (t.battery, "position_in_string", 0, "0"),
        (t.battery, "initial_capacity_ah", -0.01, "-0.01"),
        (t.battery, "initial_capacity_ah", float("nan"), "initial_capacity_ah"),
        (t.battery, "battery_code", None, "null"),
        (t.feature_store, "v_mean", 100.001, "100.001"),
        (t.feature_store, "feature_ts", None, "null"),
        (t.alert, "alert_type", "gremlins", "gremlins"),
        (t.rul_prediction, "failure_probability_30d", 1.0001, "1.0001"),
    ],
)  # fmt: skip
def test_a_bad_value_is_told_with_its_column(world, table, column, value, found):
    [words] = row_failures(table, changed(world, table, column, value))
    assert words.startswith(f"{column}: ")
    assert found in words


@pytest.mark.parametrize(
    ("table", "column", "value", "found"),
    [
        (t.feature_store, "v_mean", 100.001, "v_mean maximum: .*100.001"),
        (t.feature_store, "v_mean", -0.001, "v_mean minimum: .*-0.001"),
        (t.feature_store, "feature_ts", None, "feature_ts nulls: 1, where 0 is allowed"),
        (t.alert, "alert_type", "gremlins", "alert_type unknown values: 1, where 0 is allowed"),
        (t.rul_prediction, "failure_probability_30d", 1.0001, "failure_probability_30d maximum: "),
    ],
)  # fmt: skip
def test_the_profile_of_a_partition_tells_what_its_rows_tell(world, table, column, value, found):
    assert profile_failures(table, profile_of(world[table.name], table)) == []
    [words] = profile_failures(table, profile_of(changed(world, table, column, value), table))
    assert re.match(found, words), words
    twice = pl.concat([world[table.name], world[table.name].head(1)])
    [words] = profile_failures(table, profile_of(twice, table))
    assert words.startswith("duplicate_keys: ")


def test_a_duplicate_key_is_told_with_its_columns(world):
    twice = pl.concat([world["battery"], world["battery"].head(1)])
    [words] = row_failures(t.battery, twice)
    assert words.startswith(
        f"battery_id: 2 of {twice.height} rows: the key is another row's too, first 2 rows at battery_id "
    )
    twice = pl.concat([world["feature_store"], world["feature_store"].head(1)])
    [words] = row_failures(t.feature_store, twice)
    keys = "feature_ts, battery_id, feature_window_hours"
    assert words.startswith(
        f"{keys}: 2 of {twice.height} rows: the key is another row's too, first 2 rows at feature_ts 2"
    )


def env(**wrong) -> pl.DataFrame:
    """Ten samples of two sensors; columns are changed as told, in row 3."""
    count = 10
    start = datetime(2025, 3, 1, tzinfo=UTC)
    rows = pl.DataFrame(
        {
            "ts": [start + timedelta(minutes=n % 5) for n in range(count)],
            "sensor_id": [UNIT] * 5 + [OTHER] * 5,
            "temperature_c": [25.0] * count,
            "humidity_pct": [60.0] * count,
            "hvac_status": ["running"] * count,
        }
    ).with_row_index()
    for column, value in wrong.items():
        rows = rows.with_columns(
            pl.when(pl.col("index") == 3).then(pl.lit(value)).otherwise(column).alias(column)
        )
    return rows.drop("index")


@pytest.mark.parametrize(
    ("rows", "column"),
    [
        (env(ts=None), "ts nulls"),
        (env(sensor_id=None), "sensor_id nulls"),
        (env(temperature_c=100.1), "temperature_c maximum"),
        (env(temperature_c=-40.1), "temperature_c minimum"),
        (env(humidity_pct=101.0), "humidity_pct maximum"),
        (env(hvac_status="melting"), "hvac_status unknown values"),
        (env(ts=datetime(2025, 3, 1, 0, 2, tzinfo=UTC)), "duplicate_keys"),
        (env(ts=datetime(2025, 2, 1, tzinfo=UTC)), "backward_steps"),
        (env(sensor_id=OTHER), "unit_breaks"),
    ],
)  # fmt: skip
def test_a_bad_sample_is_told_with_its_column(rows, column):
    assert profile_failures(t.telemetry_env, profile_of(env(), t.telemetry_env)) == []
    failures = profile_failures(t.telemetry_env, profile_of(rows, t.telemetry_env))
    assert any(words.startswith(f"{column}: ") for words in failures), failures
