"""The ageing posterior read forward, against the truth of a fleet that the generator made."""

import json

import numpy as np
import polars as pl
import pytest

from battery_assets.learning.life.examples import snapshots
from battery_assets.learning.life.forward import forward_explanations, forward_predictions, jar_time
from battery_assets.learning.life.prediction import COLUMNS, LONGEST_DAYS, WEAR_OUT
from battery_assets.learning.life.straight_line import twin_predictions
from battery_assets_tests.worlds.estimation.life_fleet import LifeFleet, life_fleet

BEYOND = 5500.0  # days told for a jar whose end lies beyond the generator's horizon


@pytest.fixture(scope="module")
def fleet() -> LifeFleet:
    """Nine sites of four strings over five months, in which hardly anything has failed yet."""
    return life_fleet(31, 9, 4, 5)


@pytest.fixture(scope="module")
def snaps(fleet: LifeFleet) -> pl.DataFrame:
    """What may be known of its jars, month by month."""
    return snapshots(fleet.features, fleet.twins, fleet.batteries)


@pytest.fixture(scope="module")
def life(fleet: LifeFleet, snaps: pl.DataFrame) -> pl.DataFrame:
    """Days until each jar's true end, and whether it comes suddenly, in the order of the snapshots."""
    known = snaps.select("battery_id", "snapshot_at").join(
        fleet.truth, on="battery_id", how="left", maintain_order="left"
    )
    end = pl.col("failure_date").cast(pl.Datetime("us", "UTC"))
    return known.with_columns(
        left=((end - pl.col("snapshot_at")).dt.total_seconds() / 86_400).fill_null(BEYOND)
    )


def month_order(life: pl.DataFrame, told: np.ndarray) -> float:
    """Of pairs of one month, one of which wears out within two years: the share in the right order."""
    wears = (~life["sudden"] & (life["left"] > 0)).to_numpy()
    left, month = life["left"].to_numpy(), life["snapshot_at"].dt.strftime("%Y-%m").to_numpy()
    right = pairs = 0.0
    for row in np.flatnonzero(wears & (left < 730)):
        later = wears & (month == month[row]) & (left > left[row])
        pairs += later.sum()
        right += (told[later] > told[row]).sum() + 0.5 * (told[later] == told[row]).sum()
    return right / pairs


def test_without_one_failure_learned_the_posterior_is_nearer_to_the_ends_than_a_line(
    snaps: pl.DataFrame, life: pl.DataFrame
) -> None:
    soon = (~life["sudden"] & (life["left"] > 90) & (life["left"] <= 1500)).to_numpy()
    left = life["left"].to_numpy()[soon]
    own, line = (
        np.abs(told["rul_days"].to_numpy()[soon] - left)
        for told in (forward_predictions(snaps), twin_predictions(snaps))
    )
    assert own.mean() < 0.5 * line.mean()
    assert np.median(own) < 0.3 * np.median(line)


def test_the_risk_of_the_posterior_orders_the_jars_of_a_month(
    snaps: pl.DataFrame, life: pl.DataFrame
) -> None:
    risk = -forward_predictions(snaps)["failure_probability_365d"].to_numpy()
    assert month_order(life, risk) > month_order(life, snaps["resistance_trend_days"].to_numpy()) - 0.005
    assert month_order(life, risk) > 0.85


def test_nineteen_of_twenty_ends_lie_inside_the_interval(snaps: pl.DataFrame, life: pl.DataFrame) -> None:
    told, ahead = forward_predictions(snaps), life["left"] > 0
    inside = (told["rul_lower_ci_days"] <= life["left"]) & (life["left"] <= told["rul_upper_ci_days"])
    assert inside.filter(ahead).mean() > 0.9


def test_a_clock_goes_forth_and_back(snaps: pl.DataFrame) -> None:
    time = jar_time(snaps)
    for z in (-3.0, -1.0, 0.0, 1.0):
        assert time.standard(time.days(np.full(snaps.height, z))) == pytest.approx(
            np.maximum(z, time.standard(0.0)), abs=1e-9
        )


def test_a_state_without_wear_out_falls_back_on_the_line(snaps: pl.DataFrame) -> None:
    old = snaps.with_columns(pl.lit(None, pl.Float64).alias(name) for name in WEAR_OUT)
    told, line = forward_predictions(old), twin_predictions(old)
    assert told.columns == list(COLUMNS)
    middle = pl.Series(jar_time(old).days(np.zeros(old.height)))
    apart = line["rul_days"] > 1.2 * line["rul_lower_ci_days"] + 60
    assert apart.mean() > 0.9
    assert (middle / line["rul_days"] - 1.0).filter(apart).abs().max() < 1e-6
    assert "in a line" in json.loads(forward_explanations(old.head(1))[0])["words"]


def test_the_explanation_says_it_in_a_sentence(snaps: pl.DataFrame) -> None:
    told = json.loads(forward_explanations(snaps.head(1))[0])
    assert f"worn out in {snaps['wear_out_days'][0]:.0f} days" in told["words"]
    gone = snaps.head(1).with_columns(pl.lit(0.0).alias(name) for name in WEAR_OUT[:2])
    assert (
        "is worn out by now, 19 of 20 between now and" in json.loads(forward_explanations(gone)[0])["words"]
    )
    over = gone.with_columns(pl.lit(0.2).alias(WEAR_OUT[2]))
    assert json.loads(forward_explanations(over)[0])["words"].endswith("by now, as good as all are.")
    assert told["wear_out_days"] == pytest.approx(snaps["wear_out_days"][0], rel=1e-3)


def test_no_snapshots_give_no_predictions(snaps: pl.DataFrame) -> None:
    assert forward_predictions(snaps.clear()).columns == list(COLUMNS)


def test_a_life_that_may_be_longer_than_one_can_say_is_told_so_though_it_may_end_suddenly() -> None:
    """The rate of sudden ends had cut it to 7,240 days: such a jar then counted as one that ends."""
    days = dict(zip(WEAR_OUT, ([2000.0], [3800.0], [LONGEST_DAYS]), strict=True))
    [told] = forward_predictions(pl.DataFrame({"battery_id": ["a"], **days})).to_dicts()
    assert told["rul_upper_ci_days"] == pytest.approx(LONGEST_DAYS, abs=0.5)
    assert told["rul_lower_ci_days"] < 1950.0, "the lower end knows that a sound jar may end suddenly"
