"""Real cells: NASA's discharges to their cut-off."""

import numpy as np
import polars as pl
import pytest

from battery_assets.features.lab.cycle_rows import Points, cycle_rows

EVALUATED_TO_V = 2.7


def capacities(path, cutoff_v):
    rows = pl.read_csv(path)
    found = []
    for _, record in rows.group_by("cycle_idx", maintain_order=True):
        points = Points.of(
            record.select(
                test_time_s="Time",
                current_a="Current_measured",
                voltage_v="Voltage_measured",
                temperature_c="Temperature_measured",
            )
        )
        found.append(cycle_rows(points, np.array([0]), 2.0, cutoff_v)["discharge_capacity_ah"][0])
    return np.array(found, dtype=float)


def test_b0005_has_the_capacities_that_nasa_states(shared_data):
    found = capacities(shared_data / "nasa_pcoe" / "B0005.csv.gz", EVALUATED_TO_V)
    assert found.size == 168
    assert found[0] == pytest.approx(1.8565, abs=0.006)
    assert found[-1] == pytest.approx(1.3251, abs=0.006)


@pytest.mark.parametrize(("cell", "first_below"), [("B0005", 125), ("B0006", 109), ("B0018", 97)])
def test_a_cell_first_falls_below_1_4_ah_where_nasa_says(shared_data, cell, first_below):
    found = capacities(shared_data / "nasa_pcoe" / f"{cell}.csv.gz", EVALUATED_TO_V)
    assert int(np.argmax(found < 1.4)) + 1 == first_below
