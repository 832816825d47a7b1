"""The filter finds the charge of a cell whose truth is known, also from a wrong beginning."""

from dataclasses import replace

import numpy as np
import pytest

from battery_assets.learning.charge.kalman import counting, kalman, peer
from battery_assets.learning.charge.scores import by_cell, overall
from battery_assets.physics.charge_filter import counted, filtered


@pytest.fixture(scope="module")
def circuit(driven_cells):
    return peer(driven_cells[0])


def test_the_circuit_is_that_of_the_cell(circuit):
    """22 to 33 mohm of 5 Ah are 0.11 to 0.165 V per C: those of the made cells."""
    assert circuit.ohmic_ohm == pytest.approx(0.13, abs=0.035)
    assert (np.diff(circuit.curve_v) > 0).all()
    assert circuit.curve_v[-1] == pytest.approx(4.18, abs=0.05)


def test_the_filter_finds_the_charge_of_cells_that_it_does_not_know(driven_cells, circuit):
    test = driven_cells[2]
    assert overall(test, kalman(test, circuit))["soc_rmse"] < 0.03


def test_the_filter_mends_a_wrong_beginning_that_counting_carries_on(driven_cells, circuit):
    """A record that begins half an hour into a drive, its first voltage read 200 mV too low."""
    test = driven_cells[2].only(0)
    begin = int(np.nanargmax(test.soc)) + 40
    cut = slice(begin, begin + int(np.nanargmin(test.soc[begin:])))
    first = np.arange(cut.stop - begin) == 0
    wrong = test.voltage_v[cut] - 0.2 * first
    inputs = (wrong, test.rate[cut], test.moved[cut], test.capacity[cut])
    said = filtered(*inputs, test.step_s, first, circuit._replace(noise_v=0.02))
    carried = counted(*inputs, first, circuit)
    off, carried_off = said - test.soc[cut], carried - test.soc[cut]
    assert abs(off[0]) > 0.1
    assert np.abs(off[20:]).max() < 0.05
    assert np.abs(carried_off[20:30]).min() > 0.1


def test_nothing_later_moves_what_the_filter_says(driven_cells, circuit):
    test = driven_cells[2]
    half = len(test.soc) // 2
    later = replace(test, voltage_v=np.where(np.arange(len(test.soc)) < half, test.voltage_v, 3.0))
    for peer_of in (kalman, counting):
        assert np.array_equal(peer_of(test, circuit)[:half], peer_of(later, circuit)[:half])


def test_too_few_rows_are_refused(driven_cells):
    blind = replace(driven_cells[0], soc=np.full(len(driven_cells[0].soc), np.nan))
    with pytest.raises(ValueError, match="0 rows of known charge: a filter needs 50"):
        peer(blind)
    assert by_cell(blind, blind.soc).is_empty()
    assert overall(blind, blind.soc) == {}
