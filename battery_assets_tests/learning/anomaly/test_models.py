"""Anomaly models: what was never seen scores higher, files hold all of it, and a month is told in numbers."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from battery_assets.learning.anomaly.autoencoder import (
    Recipe,
    fit_autoencoder,
    load_autoencoder,
    save_autoencoder,
)
from battery_assets.learning.anomaly.forest import fit_forest, load_forest, save_forest
from battery_assets.learning.anomaly.windows import CHANNELS, NUMBERS, jar_days, month_numbers

START = datetime(2025, 3, 1, tzinfo=UTC)
JARS, DAYS = 8, 10


def hours(shift_v: float = 0.0) -> pl.DataFrame:
    """Ten days of a string of eight jars, the last of which floats lower by `shift_v`."""
    rng = np.random.default_rng(3)
    rows = pl.DataFrame({"battery_id": [f"j{n}" for n in range(JARS)], "string_id": "s"}).join(
        pl.DataFrame({"hour": [START + timedelta(hours=n) for n in range(24 * DAYS)]}), how="cross"
    )
    volts = 13.6 + 0.01 * rng.standard_normal(rows.height)
    lower = pl.when(pl.col("battery_id") == f"j{JARS - 1}").then(shift_v).otherwise(0.0)
    level = pl.Series(volts) - lower
    return rows.with_columns(
        v_mean=level, v_min=level - 0.02, v_max=level + 0.02,
        t_mean=pl.Series(25.0 + 0.3 * rng.standard_normal(rows.height)),
    )  # fmt: skip


def readings() -> pl.DataFrame:
    """A reading a day, the last jar's rising by 1 % of new a day."""
    jars = pl.DataFrame({"battery_id": [f"j{n}" for n in range(JARS)], "string_id": "s"})
    days = pl.DataFrame({"day": list(range(DAYS))})
    rising = pl.when(pl.col("battery_id") == f"j{JARS - 1}").then(pl.col("day")).otherwise(0)
    return jars.join(days, how="cross").select(
        "battery_id", "string_id", measured_at=pl.lit(START) + pl.duration(days=pl.col("day")),
        resistance_mohm=4.0 * (1.0 + rising / 100.0), baseline_pct=100.0 + rising,
    )  # fmt: skip


def test_a_jar_s_day_is_held_against_its_string() -> None:
    days = jar_days(hours(0.4))
    assert days.values.shape == (JARS * DAYS, len(CHANNELS), 24)
    low = days.keys["battery_id"] == f"j{JARS - 1}"
    # 0.4 V in steps of 0.02 V below the middle jar.
    assert days.values[low.to_numpy(), 0].mean() == pytest.approx(-20.0, abs=0.5)
    assert abs(days.values[~low.to_numpy(), 0].mean()) < 0.3
    assert set(days.months()) == {"2025-03"}


def test_short_days_and_short_strings_are_left_out() -> None:
    first_day = pl.col("hour") < START + timedelta(hours=11)
    assert jar_days(hours().filter(first_day)).keys.is_empty()
    assert jar_days(hours().filter(pl.col("battery_id").is_in(["j0", "j1"]))).keys.is_empty()


def test_a_month_s_numbers_tell_level_spread_and_what_moved() -> None:
    told = month_numbers(jar_days(hours(0.4)), readings())
    assert told.columns == ["battery_id", "month", *NUMBERS]
    [weak] = told.filter(battery_id=f"j{JARS - 1}").to_dicts()
    assert weak["v_mean_level"] == pytest.approx(-20.0, abs=0.5)
    assert weak["v_mean_moved"] == pytest.approx(0.0, abs=0.5)
    assert weak["r_over_own_pct"] == pytest.approx(4.5)
    assert weak["r_moved_pct"] == pytest.approx(3.0)
    assert told.filter(battery_id="j0")["r_moved_pct"].item() == 0.0


def test_the_forest_sets_apart_what_is_far_and_scores_as_its_maker_does(tmp_path) -> None:
    from sklearn.ensemble import IsolationForest

    rng = np.random.default_rng(5)
    usual, far = rng.standard_normal((600, 4)), np.full((1, 4), 6.0)
    forest = fit_forest(usual, 1)
    assert forest.score(far)[0] > np.quantile(forest.score(usual), 0.999)
    scaled = ((usual - forest.middle) / forest.step).astype(np.float32)
    theirs = IsolationForest(n_estimators=200, max_samples=256, random_state=1).fit(scaled)
    assert forest.score(usual) == pytest.approx(-theirs.score_samples(scaled), abs=1e-6)
    digest = save_forest(forest, tmp_path / "forest.npz")
    assert len(digest) == 64
    assert (load_forest(tmp_path / "forest.npz").score(far) == forest.score(far)).all()


def test_the_autoencoder_draws_again_what_it_learned_and_nothing_else(tmp_path) -> None:
    days = jar_days(hours())
    model, losses = fit_autoencoder(days.values, Recipe(epochs=60))
    assert losses[-1] < 0.9 * losses[0]
    strange = days.values[:4] + 20.0 * (np.arange(24) % 2)
    assert model.errors(strange).min() > 3.0 * model.errors(days.values).max()
    again, _ = fit_autoencoder(days.values, Recipe(epochs=60))
    assert (again.errors(strange) == model.errors(strange)).all()
    save_autoencoder(model, tmp_path / "network.safetensors")
    back = load_autoencoder(tmp_path / "network.safetensors")
    assert back.recipe == model.recipe
    assert (back.errors(strange) == model.errors(strange)).all()
