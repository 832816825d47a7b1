"""The jars of a string sum to its voltage."""

from datetime import timedelta

import polars as pl
import pytest

from battery_assets.features.laws.jar_sum import in_window, jar_sum, jar_sums, window_us
from battery_assets.features.laws.verdict import Verdict
from battery_assets_tests.worlds.months import laws as months

MONTH = "2025-03"


def read(
    interval_s: int, count: int, place="hat-yai", seed=3
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Jar rows, string rows and jars of some days of a site, cut as the check reads them."""
    made = months.site(place, seed=seed, interval_s=interval_s)
    wanted = [months.test_day(made, MONTH), *months.days(made, MONTH)[:count]]
    width, before = window_us(interval_s), interval_s * 1_000_000
    jar_rows = pl.concat(rows.filter(in_window(width)) for rows in months.jar_days(made, sorted(set(wanted))))
    string_rows = pl.concat(
        rows.filter(in_window(width, before)) for _, rows in months.string_days(made, sorted(set(wanted)))
    )
    return jar_rows, string_rows, months.jars(made, MONTH)


@pytest.fixture(scope="module", params=[(5, 1), (60, 8), (900, 30)], ids=lambda param: f"{param[0]}s")
def hours(request):
    return read(*request.param)


def judged(jar_rows, string_rows, jars) -> tuple[pl.DataFrame, Verdict]:
    sums = jar_sums(jar_rows, string_rows, jars)
    return sums, jar_sum(sums, {})


def one_jar(rows: pl.DataFrame, value: pl.Expr) -> pl.DataFrame:
    jar = pl.col("battery_id") == rows["battery_id"].min()
    return rows.with_columns(pl.when(jar).then(value).otherwise("voltage_v").alias("voltage_v"))


def test_honest_sensors_stay_far_within_the_limit(hours):
    sums, verdict = judged(*hours)
    assert verdict.holds
    assert (sums["off_v"].abs() / sums["limit_v"]).max() < 0.2
    assert (sums["current_a"] < -5).any(), "a discharge is among the hours"


@pytest.mark.parametrize("skew_s", [-2, 2])
def test_clocks_of_two_gateways_may_differ(hours, skew_s):
    jar_rows, string_rows, jars = hours
    moved = string_rows.with_columns(pl.col("ts") + timedelta(seconds=skew_s))
    sums, verdict = judged(jar_rows, moved, jars)
    assert verdict.holds
    assert (sums["off_v"].abs() / sums["limit_v"]).max() < 0.2


@pytest.mark.parametrize(
    "value",
    [pl.col("voltage_v") * 1.3, pl.col("voltage_v") / 6.0, pl.col("voltage_v") - 4.5, pl.lit(2.27)],
    ids=["x1.3", "per cell", "-4.5 V", "stuck"],
)
def test_a_jar_on_a_wrong_scale_is_named(hours, value):
    jar_rows, string_rows, jars = hours
    _, verdict = judged(one_jar(jar_rows, value), string_rows, jars)
    [finding] = verdict.findings
    assert f"farthest is jar {jar_rows['battery_id'].min()}" in finding.found
    assert finding.measured > finding.limit


@pytest.mark.parametrize("factor", [0.98, 1.02, 0.1, 24.0])
def test_a_string_on_a_wrong_scale_is_found(hours, factor):
    jar_rows, string_rows, jars = hours
    _, verdict = judged(jar_rows, string_rows.with_columns(pl.col("voltage_v") * factor), jars)
    assert len(verdict.findings) == 3


def test_two_strings_that_are_exchanged_are_found_under_load(hours):
    """On float they look alike; in a discharge of one of them they do not."""
    jar_rows, string_rows, jars = hours
    one, other = string_rows["string_id"].unique().sort()[:2]
    swapped = string_rows.with_columns(pl.col("string_id").replace({one: other, other: one}))
    sums, _ = judged(jar_rows, swapped, jars)
    straight, _ = judged(*hours)
    assert (sums["off_v"].abs() / sums["limit_v"]).max() > 3 * (
        straight["off_v"].abs() / straight["limit_v"]
    ).max()


@pytest.mark.parametrize("drift_v", [0.5, -0.5])
def test_a_sensor_that_drifts_is_an_objection_to_that_sensor_only(hours, drift_v):
    jar_rows, string_rows, jars = hours
    assert judged(one_jar(jar_rows, pl.col("voltage_v") + drift_v), string_rows, jars)[1].holds


def test_a_sum_that_lacks_a_jar_is_not_judged(hours):
    jar_rows, string_rows, jars = hours
    # One that serves all the time: a replaced jar is missing only until its successor stands there.
    whole = jar_rows.group_by("battery_id").len().sort("len", "battery_id")["battery_id"][-1]
    gone = jar_rows.filter(pl.col("battery_id") != whole)
    sums, verdict = judged(gone, string_rows, jars)
    assert sums["string_id"].n_unique() == 2
    assert verdict.holds
    flat = pl.when(pl.col("battery_id") == whole).then(0.0).otherwise("voltage_v").alias("voltage_v")
    dead, _ = judged(jar_rows.with_columns(flat), string_rows, jars)
    assert dead.equals(sums)


def test_nothing_is_said_where_nothing_can_be_compared(hours):
    jar_rows, string_rows, jars = hours
    verdict = judged(jar_rows.clear(), string_rows, jars)[1]
    assert verdict.holds
    assert verdict.judged.startswith("not judged")
