"""Identification of a jar from its discharges: parameters, and the health that they show by themselves."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from battery_assets.features.twin.fit_kernels import ten_hour_ah
from battery_assets.features.twin.identify import Identified, identified, population_spread
from battery_assets.features.twin.jar_model import R0_OHM, SHARED, prior_parameters
from battery_assets.features.windows.discharges import discharge_windows
from battery_assets.features.windows.feature_rows import TelemetryDay
from battery_assets_tests.worlds.estimation import world
from battery_assets_tests.worlds.months.telemetry_days import NO_ENV, NO_THD

COUNT = 12
NAMES = [f"jar-{k:02d}" for k in range(COUNT)]


def jars(seed: int, spread: float = 1.0) -> list[world.Jar]:
    rng = np.random.default_rng(seed)
    return [world.jar(rng, soh, 1.0 + 2.2 * (1.0 - soh), spread) for soh in np.linspace(0.7, 1.0, COUNT)]


def fitted(
    seed: int, people: list[world.Jar], *loads: tuple[float, float, float], known: float = 93.0
) -> Identified:
    rng, days = np.random.default_rng(seed), []
    for k, (amps, minutes, stop_v) in enumerate(loads):
        day = world.DAY + timedelta(days=k)
        made = [
            world.reading(rng, one, name, amps, minutes, stop_v=stop_v, day=day)
            for one, name in zip(people, NAMES, strict=True)
        ]
        days.append(TelemetryDay(day, *world.together(made), NO_THD, NO_ENV))
    windows = discharge_windows(days, world.units(NAMES))
    ohm = np.array([one.ohmic_mohm for one in people])
    rated = np.full(COUNT, 120.0)
    prior = prior_parameters(tuple(NAMES), rated, np.full(COUNT, known), ohm)
    return identified(windows, prior, population_spread(COUNT, np.ones(COUNT, bool)), rated)


def errors(found: Identified, people: list[world.Jar]) -> np.ndarray:
    return found.soh_pct - np.array([one.soh_pct for one in people])


def test_a_test_to_the_knee_shows_the_capacity_and_says_that_it_knows():
    people = jars(1)
    found = fitted(2, people, (12.0, 900.0, 10.8))
    assert np.sqrt(np.mean(errors(found, people) ** 2)) < 3.0
    assert (found.soh_std_pct < 3.5).all()
    assert np.median(found.rmse_v) < 0.006
    assert found.rmse_v.max() < 0.030
    assert found.drawn_share == pytest.approx(np.array([one.c10_ah for one in people]) / 120.0, abs=0.06)


@pytest.mark.parametrize(
    ("load", "least", "most"),
    [((100.0, 12.0, 9.6), 6.0, 10.0), ((60.0, 40.0, 9.6), 4.0, 7.0), ((12.0, 120.0, 9.6), 4.0, 7.0)],
)
def test_the_shorter_the_discharge_the_less_sure_and_the_deviation_is_honest(load, least, most):
    people = jars(3)
    found = fitted(4, people, load)
    assert least < found.soh_std_pct.mean() < most
    assert np.sqrt(np.mean((errors(found, people) / found.soh_std_pct) ** 2)) < 1.2


def test_a_transfer_of_half_a_minute_shows_no_capacity():
    found = fitted(5, jars(5), (150.0, 1.2, 9.6))
    assert np.isnan(found.soh_pct).all()
    assert np.isnan(found.soh_std_pct).all()


def test_what_was_believed_before_hardly_moves_what_a_discharge_shows():
    people = jars(6)
    high, low = (fitted(7, people, (60.0, 40.0, 9.6), known=known) for known in (100.0, 80.0))
    assert np.abs(high.soh_pct - low.soh_pct).mean() < 2.0


def test_the_ohmic_resistance_is_found():
    people = jars(8)
    found = fitted(9, people, (60.0, 40.0, 9.6), (150.0, 5.0, 9.6))
    true = np.array([one.ohmic_mohm for one in people])
    assert 1e3 * found.parameters.values[:, R0_OHM] == pytest.approx(true, rel=0.08)


def test_a_new_jar_of_the_rating_gives_its_rating_in_ten_hours():
    p = prior_parameters(("a",), np.array([120.0]), np.array([100.0]), np.array([4.25])).values[0]
    assert ten_hour_ah(p, SHARED, 120.0) == pytest.approx(120.0, rel=0.01)
    half = prior_parameters(("a",), np.array([60.0]), np.array([100.0]), np.array([8.5])).values[0]
    assert ten_hour_ah(half, SHARED, 60.0) == pytest.approx(60.0, rel=0.01)


def test_without_windows_there_is_nothing_to_identify():
    prior = prior_parameters(("a",), np.array([120.0]), np.array([100.0]), np.array([4.25]))
    empty = discharge_windows([], world.units(["a"]))
    found = identified(empty, prior, population_spread(1, np.array([True])), np.array([120.0]))
    assert found.parameters.battery_id == ()
    assert isinstance(empty, pl.DataFrame)
