"""A partition's profile, counted by hand."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from battery_assets import tables as t
from battery_assets.platform.warehouse.profile import _median, merged, profile_of
from battery_assets.tables.projections import polars_schema
from battery_assets_tests.worlds.random_rows import World

START = datetime(2025, 3, 1, tzinfo=UTC)
UNITS = [f"00000000-0000-0000-0000-00000000000{n}" for n in range(4)]


def samples(*given: tuple[int, float, float | None], mode: str | None = "float") -> pl.DataFrame:
    """Rows of telemetry_string_raw: (unit, minute, voltage)."""
    rows = [
        {
            "string_id": UNITS[unit],
            "ts": START + timedelta(minutes=minute),
            "voltage_v": voltage,
            "mode": mode,
        }
        for unit, minute, voltage in given
    ]
    schema = polars_schema(t.telemetry_string_raw)
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema)


def profile(*given, **more) -> dict:
    return profile_of(samples(*given, **more), t.telemetry_string_raw)


def test_nulls_limits_and_words_are_counted():
    found = profile((0, 0, 320.5), (0, 1, None), (0, 2, 318.25), (1, 0, 321.0))
    assert found["rows"] == 4
    assert found["columns"]["voltage_v"] == {"nulls": 1, "min": 318.25, "max": 321.0}
    assert found["columns"]["current_a"] == {"nulls": 4, "min": None, "max": None}
    assert found["columns"]["mode"] == {"nulls": 0, "values": ["float"]}
    assert found["columns"]["ts"]["max"] == "2025-03-01T00:02:00+00:00"
    assert found["columns"]["equalize_flag"] == {"nulls": 4}


@pytest.mark.parametrize(
    ("given", "counted"),
    [
        ([(0, 0, 1), (0, 1, 1), (1, 0, 1), (1, 1, 1)], {"units": 2, "usual_step_s": 60.0}),
        ([(0, 0, 1), (0, 1, 1), (0, 1, 2), (0, 2, 1)], {"duplicate_keys": 1}),
        ([(0, minute, 1) for minute in (0, 1, 3, 2, 4, 5)], {"backward_steps": 1}),
        ([(0, 0, 1), (1, 0, 1), (0, 1, 1), (1, 1, 1)], {"unit_breaks": 2, "units": 2, "usual_step_s": 0.0}),
        ([(0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1)], {"unit_breaks": 1, "units": 2}),
        ([(0, 0, 1), (0, 1, 1), (0, 2, 1), (0, 5, 1)], {}),
        ([(0, 0, 1), (0, 1, 1), (0, 2, 1), (0, 5.1, 1)], {"gaps": 1}),
        ([(0, 0, 1), (0, 1, 1), (0, 2, 1), (1, 50, 1), (1, 51, 1)], {"units": 2}),
        ([(0, 0, 1)], {"usual_step_s": 0.0}),
        ([], {"units": 0, "usual_step_s": 0.0}),
    ],
)
@pytest.mark.parametrize(
    "kind", [pl.String, pl.Categorical, pl.Enum(UNITS)], ids=["text", "categorical", "enum"]
)
def test_steps_within_a_unit_are_counted(given, counted, kind):
    rows = samples(*given).with_columns(pl.col("string_id").cast(kind))
    found = profile_of(rows, t.telemetry_string_raw)
    clean = {
        "duplicate_keys": 0,
        "backward_steps": 0,
        "unit_breaks": 0,
        "gaps": 0,
        "units": 1,
        "usual_step_s": 60.0,
    }
    assert {word: found[word] for word in clean} == clean | counted


def test_keys_of_a_table_of_rows_are_counted_over_all_key_columns():
    rows = World(1).rows(t.feature_store, 50)
    assert profile_of(rows, t.feature_store)["duplicate_keys"] == 0
    assert profile_of(pl.concat([rows, rows.head(3)]), t.feature_store)["duplicate_keys"] == 3


def test_days_add_up_to_the_month():
    """One unit with a gap and a repeated sample, one that is whole; a silent night and a silent day are gaps."""
    rows = []
    for day in (0, 1, 3):
        for unit in (0, 1):
            minutes = [
                m for m in range(0, 1200 if day == 1 else 1440, 10) if not (unit == 0 and 300 < m < 400)
            ]
            rows += [(unit, day * 1440 + m, 13.0 + day + unit / 10 if m % 50 else None) for m in minutes]
    frame = samples(*rows).with_columns(
        mode=pl.when(pl.col("ts").dt.day() == 2).then(pl.lit("boost")).otherwise("mode")
    )
    frame = pl.concat([frame, frame.head(1)]).sort("string_id", "ts")
    whole = profile_of(frame, t.telemetry_string_raw)
    days = [day for _, day in sorted(frame.group_by(pl.col("ts").dt.date()), key=lambda pair: pair[0])]
    assert merged([profile_of(day, t.telemetry_string_raw) for day in days]) == whole
    assert whole["gaps"] == 3 + 2
    assert whole["duplicate_keys"] == 1
    assert merged([whole]) == whole
    assert merged([]) == {"rows": 0, "columns": {}}


def test_a_silence_over_midnight_that_one_unit_breaks_is_not_counted():
    first = profile(*((unit, m, 1.0) for unit in (0, 1) for m in range(0, 600, 10)))
    second = profile(*((unit, 1440 + m, 1.0) for unit in (0, 1) for m in range(0, 600, 10)))
    last = profile((0, 0, 1.0), (0, 10, 1.0), *((1, m, 1.0) for m in range(0, 1440, 10)))
    assert merged([first, second])["gaps"] == 2
    assert merged([last, second])["gaps"] == 0


@pytest.mark.parametrize(
    "steps", [[5] * 6 + [6] * 5, [5] * 5 + [6] * 5, [5] * 5 + [6] * 6, [1, 9, 4, 7], [3], [2, 2, 2, 900], []]
)
def test_the_usual_step_is_the_median_whether_most_are_equal_or_not(steps):
    for turn in range(3):
        given = np.array(steps[turn:] + steps[:turn], np.int64)
        assert _median(given) == (np.median(given) if steps else 0.0)
