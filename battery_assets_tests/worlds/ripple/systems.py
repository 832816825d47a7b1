"""Bursts of rectifier systems that nothing was chosen on, as a recorder gives them."""

import numpy as np

from battery_assets.features.ripple.diagnosis import Usual, signature
from battery_assets.features.ripple.labels import FAULTS, labelled
from battery_assets.features.ripple.spectrum import spectra
from battery_assets.physics.rectifier import Bridge
from battery_assets.physics.ripple import Source, rectifier_lines, sampled

FLOAT_V = 326.9
COUNT = 120
CAPACITOR, UNBALANCE = FAULTS.index("capacitor_loss"), FAULTS.index("unbalance")
OWN, WEEK, WANDER = 20, 7, 0.06


def recorded(rng, make, count: int = COUNT, dc_a: float = 0.03, dc_v: float = FLOAT_V):
    """Bursts of `make(rng)` lines, as a recorder gives them: random phase, frequency, noise, 5 mV and 50 mA steps."""
    waves = np.empty((2, count, 2624))
    for k in range(count):
        lines = make(rng)
        waves[:, k] = sampled(lines, 12800, 2624, 50 + rng.uniform(-0.05, 0.05), rng.random())
    waves += np.array([dc_v, dc_a])[:, None, None]
    waves += np.array([0.005, 0.03])[:, None, None] * rng.standard_normal(waves.shape)
    steps = np.array([0.005, 0.05])[:, None, None]
    return np.rint(waves / steps) * steps


def seen(waves, pulses: int = 6):
    volts = spectra(waves[0], 12800)
    return signature(volts, spectra(waves[1], 12800, volts.mains_hz), pulses)


def any_source(rng) -> Source:
    return Source(10 ** rng.uniform(np.log10(0.4e-3), np.log10(2.5e-3)))


def any_string(rng) -> float:
    return rng.uniform(0.105, 0.22)


def system(rng, pulses: int = 6):
    """Bursts of one system by loss and a low phase."""
    source, ohm, usual = any_source(rng), any_string(rng), rng.uniform(0, 0.02)

    def make(loss: float = 0.0, low: float = 0.0, count: int = WEEK, **fault):
        bridge = Bridge(pulses, max(low, usual), **fault)
        lines = rectifier_lines(bridge, source.aged(loss) if loss else source, FLOAT_V, ohm)
        return recorded(rng, lambda rng: lines.times(1 + WANDER * rng.standard_normal()), count)

    return make


def own_of(make) -> Usual:
    """What a system usually shows, by sound bursts of its own."""
    logs = np.log(seen(make(count=OWN)).first_share)
    return Usual(*(np.array([x]) for x in (np.exp(logs.mean()), np.nan, logs.std(ddof=1), float(OWN))))


def weeks(systems: int, seed: int, loss: float) -> np.ndarray:
    """Whether the mean of a week of each system is called a capacitor's loss."""
    rng, called = np.random.default_rng(seed), []
    for _ in range(systems):
        make = system(rng)
        usual, week = own_of(make), seen(make(loss))
        mean = np.full(WEEK, np.exp(np.log(week.first_share).mean()))
        told = labelled(type(week)(**{**vars(week), "first_share": mean}), usual, float(WEEK))
        called.append(told.shown[0, CAPACITOR])
    return np.array(called)
