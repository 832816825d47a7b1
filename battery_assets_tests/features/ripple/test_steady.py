"""A burst whose mean moves says nothing of the rectifier, whichever channel moves; ripple is no movement."""

import numpy as np
import polars as pl
import pytest

from battery_assets.features.pictures import ripple as pictures
from battery_assets.features.ripple.bursts import burst_rows
from battery_assets.physics.rectifier import Bridge
from battery_assets_tests.worlds.recorded import START, burst, hours, lines

SINCE = np.arange(2624) / 12800
SOUND, DIODE = lines(), lines(Bridge(open_diode=True)).held_to(48)


def moved(of, volts=0.0, amps=0.0, **more) -> pl.DataFrame:
    """A burst with these laid over its channels."""
    [row] = burst(of, **more).to_dicts()
    row["waveform_v"] = (np.array(row["waveform_v"]) + volts).tolist()
    row["waveform_a"] = (np.array(row["waveform_a"]) + amps).tolist()
    return pl.DataFrame([row], schema=burst(of).schema)


def parts(at_s: float) -> np.ndarray:
    return (at_s < SINCE).astype(float)


# A string whose strap gives way carries nothing: its current stands at zero, and only its voltage moves.
MOVED = {
    "a strap gives way": -14.0 * parts(0.11),
    "an open jar takes what the bus leaves": -14.0 * parts(0.05) * (1 - np.exp(-(SINCE - 0.05).clip(0) / 0.04)),
    "a small step": -2.5 * parts(0.1),
    "it falls and comes back": -6.0 * (parts(0.06) - parts(0.14)),
    "it settles": 9.0 * np.exp(-SINCE / 0.05),
    "it falls all along": -8.0 * SINCE / SINCE[-1],
}  # fmt: skip


@pytest.mark.parametrize("name", MOVED)
def test_a_voltage_that_moves_while_no_current_flows_is_no_fault_of_the_rectifier(name):
    [row] = burst_rows(moved(SOUND, MOVED[name])).to_dicts()
    assert not row["steady"]
    assert row["diagnosis"] is None


def test_a_load_that_comes_and_goes_within_a_burst_is_seen():
    [row] = burst_rows(moved(SOUND, amps=-60.0 * (parts(0.08) - parts(0.12)))).to_dicts()
    assert not row["steady"]


@pytest.mark.parametrize(
    ("of", "said"),
    [(SOUND, "healthy"), (DIODE, "open_diode"), (lines(Bridge(unbalance=0.06)), "unbalance"),
     (lines(loss=0.8), "capacitor_loss")],
)  # fmt: skip
@pytest.mark.parametrize("drift_v", [0.0, 0.3])
def test_a_steady_burst_has_its_verdict_and_a_slow_drift_does_not_take_it(of, said, drift_v):
    [row] = burst_rows(moved(of, drift_v * SINCE / SINCE[-1])).to_dicts()
    assert row["steady"]
    assert row["diagnosis"] == said


def test_a_broken_strap_is_not_the_picture_of_a_fault():
    sound = [burst(SOUND, START + hours(k), seed=k) for k in range(3)]
    bursts = pl.concat([*sound, moved(SOUND, MOVED["a strap gives way"], at=START + hours(9), seed=9)])
    rows = burst_rows(bursts).join(bursts.drop("string_id"), on=["window_id", "ts"])
    worst, beside = pictures.picked(rows)
    assert worst["diagnosis"] == beside["diagnosis"] == "healthy"
