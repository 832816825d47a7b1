"""Fleets of lives: a yearly test is evidence of each jar, and a fleet without a knee shows that it has none."""

import numpy as np
import polars as pl
import pytest

from battery_assets.features.health.estimate import BY_COURSE
from battery_assets.synthetic.worlds import WORLDS
from battery_assets_tests.worlds.estimation.life_fleet import life_fleet, months_of

MONTHS, SEED = 13, 31


def odds_of_strings(world: str) -> np.ndarray:
    """ln of how much likelier a straight course is than one that bends, summed over each string's jars."""
    fleet = life_fleet(SEED, 2, 2, MONTHS, WORLDS[world], tested=True)
    last = fleet.twins.filter(captured_at=pl.col("captured_at").max())
    return last.group_by("string_id").agg(pl.col(BY_COURSE).list.first().sum())[BY_COURSE].to_numpy()


def test_strings_without_a_knee_say_so_and_others_say_the_contrary() -> None:
    assert odds_of_strings("no_knee").mean() > 3.0
    assert odds_of_strings("matched").mean() < -1.0


@pytest.mark.parametrize("tested", [False, True])
def test_a_test_is_evidence_of_its_strings_jars_for_a_year(tested: bool) -> None:
    fleet = life_fleet(SEED, 1, 2, MONTHS, tested=tested)
    last = fleet.twins.filter(captured_at=pl.col("captured_at").max())
    ages = last["discharge_age_days"].drop_nulls()
    assert len(months_of(MONTHS)) == MONTHS
    if tested:
        assert ages.len() > 0.9 * last.height
        assert ages.is_between(0.0, 396.0).all()
    else:
        assert ages.is_empty()
