"""A red suite says which column, how many rows, what is allowed, where the first stands, and what to do."""

from datetime import UTC, datetime
from types import SimpleNamespace

import polars as pl
import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.platform.dagster.checks import suite_check
from battery_assets.platform.dagster.defects import defects, sentence
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.dagster.steps import body_of
from battery_assets.platform.registry.tables import ingest_file
from battery_assets_tests.worlds.random_rows import World

PART = Part("north", "2025-03")
UNIT = "00000000-0000-0000-0000-00000000000a"


def samples(**columns) -> pl.DataFrame:
    """Four samples of a jar; columns as given."""
    at = [datetime(2025, 3, 1, 0, n, tzinfo=UTC) for n in range(4)]
    rows = {
        "ts": at,
        "battery_id": [UNIT] * 4,
        "voltage_v": [13.5] * 4,
        "temperature_c": [25.0] * 4,
        **columns,
    }
    return pl.DataFrame({**rows, "resistance_mohm": [3.0] * 4, "conductance_s": [300.0] * 4})


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (samples(), []),
        (samples(voltage_v=[13.5, 120.5, 121.0, 13.5]),
         [f"voltage_v: 2 of 4 rows: outside 0 to 99.999 V, first 120.5 at ts 2025-03-01 00:01:00+00:00, battery_id {UNIT}"]),
        (samples(battery_id=[UNIT, UNIT, None, UNIT]),
         ["battery_id: 1 of 4 rows: null where a value is required, first at ts 2025-03-01 00:02:00+00:00, battery_id None"]),
        (samples(voltage_v=[13.5, float("nan"), 13.5, 13.5]),
         [f"voltage_v: 1 of 4 rows: NaN, first nan at ts 2025-03-01 00:01:00+00:00, battery_id {UNIT}"]),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_rows(rows, words):
    assert defects(t.telemetry_jar_raw, rows.lazy()) == words


def test_order_and_keys_are_told_with_their_rows():
    at = samples()["ts"].to_list()
    back = samples(ts=[at[0], at[2], at[1], at[3]])
    [words] = defects(t.telemetry_jar_raw, back.lazy())
    assert words.startswith(
        "ts: 1 of 4 rows: older than the row before of the same battery_id, first at ts 2025-03-01 00:01"
    )
    twice = samples(ts=[at[0], at[1], at[1], at[3]])
    [words] = defects(t.telemetry_jar_raw, twice.lazy())
    assert words.startswith(
        "ts, battery_id: 2 of 4 rows: the key is another row's too, first 2 rows at ts 2025-03-01 00:01"
    )


def test_a_word_that_is_not_listed_is_told_with_those_that_are():
    rows = World(3).rows(t.alert, 5)
    wrong = rows.with_columns(severity=pl.lit("shouting"))
    [words] = defects(t.alert, wrong.lazy())
    assert words.startswith("severity: 5 of 5 rows: none of ")
    assert "critical" in words and "first 'shouting' at alert_id " in words


def test_the_next_step_stands_last_and_once():
    assert sentence(t.alert, PART, ["a", "b"]).startswith(
        "a; b; next step: materialize alert 2025-03|north again"
    )
    assert sentence(t.alert, PART, ["a; next step: wait"]) == "a; next step: wait"


def test_where_rows_are_missing_the_refused_file_is_named_on_the_page(warehouse):
    with warehouse.transaction() as connection:
        row = {"table_name": "telemetry_jar_raw", "site": "north", "month": "2025-03", "status": "refused"}
        why = "TRUNCATED_ARCHIVE: cut; next step: copy it again"
        connection.execute(
            sa.insert(ingest_file).values(**row, path="/a/telemetry_jar_raw.csv.gz", reason=why, rows_read=7)
        )
    warehouse.replace(t.telemetry_jar_raw, warehouse.claim(t.telemetry_jar_raw, PART), [])
    run = SimpleNamespace(tags={})
    context = SimpleNamespace(run=run, has_partition_key=True, partition_key=PART.key)
    context.op_execution_context = context
    result = body_of(suite_check(t.telemetry_jar_raw))(context, warehouse)
    assert not result.passed
    assert result.description.endswith(
        "telemetry_jar_raw.csv.gz was refused: TRUNCATED_ARCHIVE: cut (7 rows); next step: copy it again"
    )
