"""What a model may see."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from battery_assets.learning.life.examples import FEATURES, slots, snapshots
from battery_assets_tests.learning.conftest import Fleet
from battery_assets_tests.worlds.estimation.ageing import month_ends

MARCH_END = month_ends(5)[-1]


def test_there_is_one_snapshot_per_jar_and_month_end(known: Fleet) -> None:
    assert known.snaps.select("battery_id", "snapshot_at").is_duplicated().sum() == 0
    assert sorted(known.snaps["snapshot_at"].unique()) == month_ends(12)
    assert known.snaps.height == known.world.features.height / 3


def test_no_feature_tells_the_fate_of_a_jar() -> None:
    told_later = {"status", "replaced_date", "replacement_of", "profile", "site", "battery_id", "updated_at"}
    assert not told_later & set(FEATURES)
    assert len(set(FEATURES)) == len(FEATURES)


def test_every_feature_is_known_and_varies_in_a_fleet_with_history(known: Fleet) -> None:
    last = known.snaps.filter(pl.col("snapshot_at") == month_ends(12)[-1]).select(FEATURES)
    assert last.null_count().sum_horizontal().item() == 0
    constant = [name for name in FEATURES if last[name].n_unique() == 1]
    # Every twin of this world was calibrated 20 days before each month's end.
    assert constant == ["calibration_age_days"]


def test_the_future_does_not_change_a_snapshot(known: Fleet) -> None:
    world = known.world
    rng = np.random.default_rng(0)
    later = pl.col("feature_ts") > MARCH_END
    numbers = [name for name in world.features.columns if world.features[name].dtype == pl.Float64]
    features = world.features.with_columns(
        pl.when(later).then(pl.col(name) * rng.uniform(0.2, 5.0)).otherwise(pl.col(name)) for name in numbers
    )
    twins = world.twins.with_columns(
        pl.when(pl.col("captured_at") > MARCH_END).then(12.0).otherwise(pl.col("soh_pct")).alias("soh_pct")
    )
    batteries = world.batteries.with_columns(
        status=pl.lit("active"), replaced_date=pl.lit(None, dtype=pl.Date)
    )
    perturbed = snapshots(features, twins, batteries).filter(pl.col("snapshot_at") <= MARCH_END)
    before = known.snaps.filter(pl.col("snapshot_at") <= MARCH_END)
    assert perturbed.equals(before)
    assert not snapshots(features, twins, batteries).equals(known.snaps)


def test_forgetting_the_future_does_not_change_a_snapshot(known: Fleet) -> None:
    world = known.world
    past = snapshots(
        world.features.filter(pl.col("feature_ts") <= MARCH_END),
        world.twins.filter(pl.col("captured_at") <= MARCH_END),
        world.batteries,
    )
    assert past.equals(known.snaps.filter(pl.col("snapshot_at") <= MARCH_END))


def test_a_twin_state_of_the_next_day_is_not_seen(known: Fleet) -> None:
    world = known.world
    tomorrow = world.twins.with_columns(pl.col("captured_at") + timedelta(days=1))
    snaps = snapshots(world.features, tomorrow, world.batteries)
    first, second = month_ends(2)
    assert snaps.filter(pl.col("snapshot_at") == first)["soh_pct"].is_null().all()
    seen = snaps.filter(pl.col("snapshot_at") == second).select("battery_id", "soh_pct")
    earlier = world.twins.filter(pl.col("captured_at") == first).select("battery_id", expected="soh_pct")
    assert seen.join(earlier, on="battery_id").select((pl.col("soh_pct") == pl.col("expected")).all()).item()


def test_the_order_of_rows_does_not_matter(known: Fleet) -> None:
    world = known.world
    shuffled = snapshots(
        world.features.sample(fraction=1.0, shuffle=True, seed=1),
        world.twins.sample(fraction=1.0, shuffle=True, seed=2),
        world.batteries,
    )
    exact = [name for name in FEATURES if "string" not in name]
    assert shuffled.select("battery_id", "snapshot_at", *exact).equals(
        known.snaps.select("battery_id", "snapshot_at", *exact)
    )


def test_a_trend_is_the_slope_of_the_own_past(known: Fleet) -> None:
    jar = known.snaps.filter(pl.col("battery_id") == "jar-0000").sort("snapshot_at")
    at = 7
    days = (jar["snapshot_at"] - jar["snapshot_at"][0]).dt.total_seconds().to_numpy() / 86_400
    months = days / (365.25 / 12)
    whole = np.polyfit(months[: at + 1], jar["soh_pct"].to_numpy()[: at + 1], 1)[0]
    recent = np.polyfit(months[at - 2 : at + 1], jar["soh_pct"].to_numpy()[at - 2 : at + 1], 1)[0]
    assert jar["soh_slope_pct_per_month"][at] == pytest.approx(whole)
    assert jar["soh_recent_slope_pct_per_month"][at] == pytest.approx(recent)
    assert jar["soh_slope_pct_per_month"][1] is None


def test_a_jar_that_fell_silent_has_no_snapshot(known: Fleet) -> None:
    world = known.world
    last = month_ends(12)[-1]
    silent = pl.col("battery_id") == "jar-0001"
    early = pl.when(silent & (pl.col("feature_ts") == last)).then(pl.col("feature_ts") - timedelta(days=12))
    features = world.features.with_columns(feature_ts=early.otherwise(pl.col("feature_ts")))
    snaps = snapshots(features, world.twins, world.batteries)
    assert snaps.filter(silent, pl.col("snapshot_at") == last).is_empty()
    assert snaps.filter(silent, pl.col("snapshot_at") == month_ends(11)[-1]).height == 1


def test_two_days_without_a_weekly_window_still_make_a_snapshot(known: Fleet) -> None:
    world = known.world
    days_only = world.features.filter(pl.col("feature_window_hours") == 24)
    snaps = snapshots(days_only, world.twins.clear(), world.batteries)
    assert snaps.height == days_only.height
    assert snaps["v_mean_168h"].null_count() == snaps.height
    assert snaps["v_mean_24h"].null_count() == 0


def test_a_feature_of_an_unknown_jar_is_refused(known: Fleet) -> None:
    with pytest.raises(ValueError, match="1 jars have features but no battery row, first jar-0003"):
        snapshots(
            known.world.features,
            known.world.twins,
            known.world.batteries.filter(pl.col("battery_id") != "jar-0003"),
        )


def test_a_slot_keeps_its_name_through_replacements() -> None:
    chain = pl.DataFrame({"battery_id": ["c", "a", "b"], "replacement_of": ["b", None, "a"]})
    assert slots(chain) == ["a", "a", "a"]
    circle = pl.DataFrame({"battery_id": ["a", "b"], "replacement_of": ["b", "a"]})
    with pytest.raises(ValueError, match="runs in a circle"):
        slots(circle)
