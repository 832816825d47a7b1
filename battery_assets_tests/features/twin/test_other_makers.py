"""The filter on batteries that its chart was not made for: never worse than counting with the rating."""

import numpy as np
import pytest

from battery_assets.features.twin.filter import filtered_day
from battery_assets_tests.worlds.estimation import makers, scores, world
from battery_assets_tests.worlds.oracles import AGM, TUBULAR


def test_a_real_agm_battery_is_followed_with_priors_only(shared_data):
    found = makers.real_record(shared_data / AGM)
    assert found.rms <= 4.0
    assert found.rms <= 0.7 * found.counted_rms
    assert found.worst <= 3.0 * found.sd


@pytest.mark.parametrize("name", TUBULAR)
def test_real_tubular_batteries_are_followed_no_worse_than_by_counting(shared_data, name):
    """Flooded cells are another class, and 100 Ah is a guess: what counting cannot do, nobody asks for."""
    found = makers.real_record(shared_data / name)
    assert found.rms <= found.counted_rms + 0.1


@pytest.mark.parametrize("soh", [1.0, 0.85])
def test_another_makers_open_circuit_voltage_costs_at_most_three_points(soh):
    errors = makers.other_makers_rms(77, 24, soh)
    assert max(errors.values()) <= 3.0, errors


def test_the_deviation_does_not_shrink_to_nothing_where_the_model_is_off_all_day():
    rng = np.random.default_rng(78)
    jars = makers.other_makers(rng, 24, 0.9)
    names = scores.names_of(jars)
    days = [world.reading(rng, jar, name, 12.0, 480.0) for jar, name in zip(jars, names, strict=True)]
    prior = makers.as_known(jars, np.array([jar.soh_pct for jar in jars]) * rng.normal(1.0, 0.03, 24))
    _, state = filtered_day(*world.together(days), world.units(names), prior)
    told = state.frame()
    truth = np.array([100.0 * day.soc[-1] for day in days])
    assert told["soc_std_pct"].min() > 1.5
    assert (
        np.sqrt(np.mean(((told["soc_pct"].to_numpy() - truth) / told["soc_std_pct"].to_numpy()) ** 2)) < 1.3
    )
