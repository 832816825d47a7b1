"""Hours of jar samples are what polars makes of the same rows, each jar with its own usual step."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from battery_assets.features.samples.jar_hours import HELD, jar_hours

BEGIN = datetime(2025, 3, 1, tzinfo=UTC)
STEPS_S = {"a": 30, "b": 60, "c": 300}


@pytest.fixture
def day() -> pl.DataFrame:
    """Three jars that are read at different steps, with holes, NaN, impossible values and a few readings."""
    draw, frames = np.random.default_rng(3), []
    for jar, step in STEPS_S.items():
        at = np.arange(0, 86_400, step)
        at = at[draw.random(at.size) > 0.1]
        at = at[(at < 4 * 3600) | (at > 6.5 * 3600)]
        frames.append(
            pl.DataFrame(
                {
                    "battery_id": jar,
                    "ts": [BEGIN + timedelta(seconds=int(s)) for s in at],
                    "voltage_v": draw.choice([13.5, 13.4, np.nan, 17.0, -1.0], at.size, p=[0.6, 0.3, 0.06, 0.02, 0.02]),
                    "temperature_c": draw.choice([25.0, 26.0, 90.0], at.size, p=[0.5, 0.48, 0.02]),
                    "resistance_mohm": draw.choice([np.nan, 4.0, 4.5, 900.0], at.size, p=[0.4, 0.3, 0.28, 0.02]),
                    "conductance_s": draw.choice([np.nan, 250.0, 222.2, 100.0], at.size),
                }
            )
        )  # fmt: skip
    numbers = pl.col("voltage_v", "temperature_c", "resistance_mohm", "conductance_s")
    return pl.concat(frames).with_columns(
        numbers.cast(pl.Float32).fill_nan(None), ts=pl.col("ts").cast(pl.Datetime("us", "UTC"))
    )


def expected(day: pl.DataFrame) -> pl.DataFrame:
    v, t, r, g = (pl.col(name).cast(pl.Float64) for name in day.columns[2:])
    outside = ~v.is_between(0, 16) | ~t.is_between(-20, 80) | ~r.is_between(0, 200)
    marked = day.with_columns(
        changed=(r != r.shift(1)).over("battery_id"), off=(g * r - 1000.0).abs() > 10.0, outside=outside
    )
    return (
        marked.group_by("battery_id", hour=pl.col("ts").dt.truncate("1h"))
        .agg(
            rows=pl.len().cast(pl.Int64),
            first_ts=pl.col("ts").min(),
            last_ts=pl.col("ts").max(),
            gap_s=pl.col("ts").diff().max().dt.total_seconds().cast(pl.Float64),
            v_mean=v.mean(), v_min=v.min(), v_max=v.max(),
            t_mean=t.mean(), t_min=t.min(), t_max=t.max(),
            v_rows=v.count().cast(pl.Int64),
            r_changes=pl.col("changed").sum().cast(pl.Int64),
            g_rows=pl.col("off").count().cast(pl.Int64),
            g_off=pl.col("off").sum().cast(pl.Int64),
            outside_rows=pl.col("outside").sum().cast(pl.Int64),
        )
        .with_columns(period_s=pl.col("battery_id").replace_strict(STEPS_S, return_dtype=pl.Float64))
        .sort("battery_id", "hour")
    )  # fmt: skip


@pytest.mark.parametrize("kind", [pl.String, pl.Categorical, pl.Enum([*STEPS_S])])
def test_hours_of_jars_are_those_that_polars_makes(day, kind):
    rows, said = jar_hours(day.with_columns(pl.col("battery_id").cast(kind))), expected(day)
    assert rows.select(each.name for each in HELD).null_count().sum_horizontal()[0] < rows.height
    rows = rows.drop(each.name for each in HELD)
    assert min(said["r_changes"].sum(), said["g_off"].sum(), said["outside_rows"].sum()) > 20
    assert rows.schema == said.schema
    exact = [name for name in rows.columns if not name.endswith("_mean")]
    assert rows.select(exact).equals(said.select(exact))
    for name in ("v_mean", "t_mean"):
        assert np.allclose(rows[name], said[name], rtol=1e-12, equal_nan=True)


@pytest.mark.parametrize("absent", ["resistance_mohm", "conductance_s", "temperature_c", "voltage_v"])
def test_a_column_that_says_nothing_is_as_good_as_absent(day, absent):
    without = jar_hours(day.drop(absent))
    assert without.equals(jar_hours(day.with_columns(pl.lit(None, pl.Float32).alias(absent))))
    without = without.drop(each.name for each in HELD)
    assert without.equals(expected(day.with_columns(pl.lit(None, pl.Float32).alias(absent))), null_equal=True)


def test_a_jar_with_one_sample_has_the_usual_step_of_the_others(day):
    alone = day.filter(battery_id="c").head(1).with_columns(battery_id=pl.lit("d"))
    rows = jar_hours(pl.concat([day, alone])).filter(battery_id="d")
    assert rows.select("rows", "gap_s", "period_s").rows() == [(1, None, 60.0)]
    assert jar_hours(alone)["period_s"].to_list() == [None]
