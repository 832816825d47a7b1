"""Drift: a planted shift is red, the same fleet a month later is not, however small it is."""

import numpy as np
import polars as pl
import pytest

from battery_assets.learning.life.drift import Usual, drifts, psi, usual
from battery_assets.learning.life.examples import snapshots
from battery_assets.learning.life.forward import forward_predictions
from battery_assets.learning.life.model import READ, SAID
from battery_assets_tests.worlds.estimation.life_fleet import life_fleet

LATER = 4


def learned(seed: int, sites: int, strings: int, months: int) -> tuple[dict, pl.DataFrame]:
    """What is usual in the first months of a fleet, and the rows of LATER more."""
    fleet = life_fleet(seed, sites, strings, months + LATER)
    snaps = snapshots(fleet.features, fleet.twins, fleet.batteries)
    told = snaps.hstack(forward_predictions(snaps).select(SAID))
    placed = fleet.batteries.select("battery_id", "string_id", "site")
    rows = told.join(placed, on="battery_id", how="left", maintain_order="left")
    cut = rows["snapshot_at"].unique().sort()[months - 1]
    at = pl.col("snapshot_at")
    return usual(rows.filter(at <= cut), [*READ, *SAID]), rows.filter(at > cut)


@pytest.fixture(scope="module", params=[(811, 1, 1, 6), (821, 2, 1, 6), (831, 3, 3, 9)], ids=str)
def fleet(request) -> tuple[dict, pl.DataFrame]:
    """Fleets of one, two and nine strings, of seeds that no bound was chosen on."""
    return learned(*request.param)


def test_a_month_of_the_same_fleet_is_no_drift(fleet) -> None:
    known, later = fleet
    for _, rows in later.group_by("site", "snapshot_at"):
        assert [one.name for one in drifts(known, rows) if one.red] == []


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("v_mean_168h", lambda v: v + 0.5),
        ("r_internal_latest_168h", lambda v: v * 3.0),
        ("thd_mean_168h", lambda v: v * 0.0),
        ("t_mean_168h", lambda v: pl.when(v < -100.0).then(v)),
        ("rul_days", lambda v: v * 0.02),
    ],
    ids=["another scale of volts", "another instrument", "a dead channel", "no sensor", "shorter lives"],
)
def test_a_planted_shift_is_red_and_named_alone(fleet, name, change) -> None:
    known, later = fleet
    rows = later.filter(pl.col("snapshot_at") == pl.col("snapshot_at").max(), site=later["site"][0])
    found = drifts(known, rows.with_columns(change(pl.col(name)).alias(name)))
    assert [one.name for one in found if one.red] == [name]
    assert found[0].name == name


def test_one_renewed_string_of_three_is_no_drift() -> None:
    known, later = learned(831, 3, 3, 9)
    rows = later.filter(pl.col("snapshot_at") == pl.col("snapshot_at").max(), site=later["site"][0])
    renewed = pl.col("string_id") == rows["string_id"][0]
    moved = rows.with_columns(v_mean_168h=pl.col("v_mean_168h") + pl.when(renewed).then(0.5).otherwise(0.0))
    assert not [one for one in drifts(known, moved) if one.red]


def test_few_jars_and_few_strings_widen_the_bound() -> None:
    known = Usual((1.0,), (10.0, 10.0, 0.0), 0.4, strings=9, jars=24.0)
    assert known.bound(24) == pytest.approx(1.5 * (1 + 3 / 9) * 0.4)
    assert known.bound(6) == pytest.approx(4 * known.bound(24))
    assert known.bound(48) == known.bound(24)


def test_the_index_is_that_of_the_book() -> None:
    own, other = np.array([[30.0, 70.0]]) - 0.5, np.array([[500.0, 500.0]]) - 0.5
    by_hand = (0.3 - 0.5) * np.log(0.3 / 0.5) + (0.7 - 0.5) * np.log(0.7 / 0.5)
    assert psi(own, other)[0] == pytest.approx(by_hand, rel=1e-6)
    assert psi(own, own)[0] == 0.0
