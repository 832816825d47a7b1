"""Curves of discharges: a jar is held against its string, named among its string, and explained by seconds."""

import numpy as np
import pytest

from battery_assets.learning.signals import curves, explaining, seconds
from battery_assets.learning.signals.bursts import DISCHARGES, Bursts, fault_class, severity_of
from battery_assets.learning.signals.convolution import Recipe, Stage, fit
from battery_assets.learning.signals.leak import leak
from battery_assets.learning.signals.scores import score

JARS, POINTS = 8, 120


def discharges(strings: int, seed: int = 1, late: bool = True) -> Bursts:
    """A discharge of each string; the ending jar falls away over the second half, others spread by 20 mV."""
    rng, count = np.random.default_rng(seed), strings * JARS
    labels = np.zeros((strings, JARS), bool)
    labels[np.arange(strings), rng.integers(JARS, size=strings)] = True
    whose = np.repeat([f"s{k:02d}" for k in range(strings)], JARS)
    when = np.linspace(0, 1, POINTS)
    falls = np.clip(when - 0.5, 0, None) * rng.uniform(0.2, 0.8, (count, 1)) if late else np.zeros((count, 1))
    volts = (
        12.6
        - 0.6 * when
        + 0.02 * rng.standard_normal((count, 1))
        + 0.002 * rng.standard_normal((count, POINTS))
    )
    volts = (
        volts
        + np.repeat(0.1 * rng.standard_normal((strings, 1)), JARS, axis=0)
        - labels.reshape(-1, 1) * falls
    )
    nan = np.full(count, np.nan)
    return Bursts(volts, np.full(volts.shape, -12.0), 1 / 30, labels.reshape(-1, 1), whose, whose,
                  np.zeros(count, bool), np.zeros(count, int), nan, nan, DISCHARGES)  # fmt: skip


def test_a_jar_is_held_against_the_median_of_its_discharge_or_its_own_references():
    volts = np.array([[1.0, 2], [3, 4], [9, 9], [5, 5]])
    own, none = np.array(["a", "a", "a", "b"]), np.zeros(4, bool)
    assert curves.usual(volts, own, none).tolist() == [[3, 4], [3, 4], [3, 4], [5, 5]]
    fresh = np.array([True, False, False, False])
    assert curves.usual(volts, own, fresh)[2].tolist() == [1, 2]


def test_the_jar_that_ends_a_string_is_named_once_in_each_discharge():
    bursts = discharges(20)
    right = bursts.labels.astype(float)
    assert score(bursts, right, right > 0.5)["jar_named"] == 1.0
    same = np.ones_like(right)
    assert score(bursts, same, same > 0.5)["jar_named"] == pytest.approx(1 / JARS), "a tie names one of eight"
    twice = bursts.only(np.concatenate([np.arange(len(bursts)), np.arange(JARS)]))
    again = np.concatenate([right, right[:JARS]])
    assert score(twice, again, again > 0.5)["jar_named"] == 1.0, "a string that is drawn twice is right twice"
    found = score(bursts, curves.end_drop(bursts.for_networks().volts), right > 0.5)
    assert found["jar_named"] > 0.9 and found["macro_auroc"] > 0.95
    assert not {"both_named", "recall_capacitor_5_15"} & set(found)


def test_a_curve_has_no_severity_and_its_own_class():
    assert fault_class(("ends_string",)) == "ends_string" and fault_class(()) == "sound"
    assert severity_of(("ends_string",), np.nan, np.nan) == ""


def test_the_certificate_of_curves_is_of_curves():
    found = leak(discharges(12))
    assert {"curve_exact_points", "own_curve_macro_auroc_points"} <= set(found)
    assert not any(name.startswith(("moments", "own_lines")) for name in found)


@pytest.fixture(scope="module")
def taught():
    """A network of thirty strings, and the ending jars of thirty that it never saw."""
    train, valid, test = (discharges(count, seed) for count, seed in ((30, 1), (10, 2), (30, 3)))
    recipe = Recipe((Stage(16, 15, 2), Stage(16, 7, 2)), epochs=40, patience=12, pool="mean", centred=False)
    fitted = fit(train.for_networks(), valid.for_networks(), recipe, lambda _: False)
    return fitted, test, np.flatnonzero(test.labels[:, 0])


def test_a_network_finds_the_jar_on_strings_that_it_never_saw(taught):
    fitted, test, _ = taught
    assert score(test, said := fitted.predict(test.for_networks()), said > 0.5)["jar_named"] >= 0.8


@pytest.mark.parametrize("method", explaining.METHODS)
def test_a_method_points_at_the_seconds_in_which_the_jar_fell_though_one_reading_dips_further(taught, method):
    found = seconds.scores(*taught, method)
    assert found["pointing"] >= 0.75 and found["decoy_pointing"] >= 0.75
    assert found["no_model_decoy_pointing"] == 0.0
    assert found["deletion"] > found["random_deletion"]


def test_shares_of_all_seconds_sum_to_what_the_deviation_added(taught):
    import torch

    from battery_assets.learning.signals.convolution import curves_of

    fitted, test, places = taught
    waves = curves_of(fitted, test.for_networks().only(places))
    usual = waves.clone()
    usual[:, 0] = 0
    with torch.no_grad():
        moved = (fitted.network(waves) - fitted.network(usual))[:, 0].numpy()
    told = seconds.shares_of(fitted, test, places, "integrated_gradients").sum(axis=1)
    assert np.median(np.abs(told - moved) / np.abs(moved)) < 0.05
