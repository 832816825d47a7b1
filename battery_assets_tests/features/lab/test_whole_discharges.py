"""Which discharges show a capacity, on made tests: outages, running tests, half charged starts, gaps."""

import numpy as np
import pytest

from battery_assets.features.lab.cycle_rows import Points, cycle_rows, starts_of
from battery_assets.features.lab.labels import CAPACITY, RIGHT_CENSORED, EndOfLife, soh_labels
from battery_assets.features.lab.whole_discharges import NOT_FROM_FULL, NOT_RECORDED, NOT_TO_CUTOFF

FULL_V, EMPTY_V, STEP_S = 4.2, 3.0, 60.0
Leg = tuple[float, float]


def cell_test(legs: list[Leg], start: float = 0.0) -> Points:
    """A test of a 1 Ah cell whose voltage is 3.0 V empty and 4.2 V full: (current A, charge Ah) of each leg,
    ten minutes of rest behind each. `start` is its charge at the beginning, Ah."""
    current, charge, at = [0.0], [start], start
    for amps, ah in legs:
        rows = round(abs(ah / amps) * 3600 / STEP_S)
        steps = np.sign(amps) * abs(ah) / rows * np.arange(1, rows + 1)
        current += [amps] * rows + [0.0] * 10
        charge += [*(at + steps), *([at + steps[-1]] * 10)]
        at += float(steps[-1])
    time_s = np.arange(len(current)) * STEP_S
    volts = EMPTY_V + (FULL_V - EMPTY_V) * np.array(charge)
    return Points(time_s, np.array(current), volts, np.full(time_s.size, 25.0))


def full_cycles(count: int, capacity: float = 1.0) -> list[Leg]:
    """Charges and discharges between empty and so many Ah."""
    return [(0.5, capacity), (-1.0, capacity)] * count


def rows_of(points: Points, cutoff_v: float | None = 3.0, **more):
    return cycle_rows(points, starts_of(points, 1.0), 1.0, cutoff_v, **more)


def test_a_discharge_that_stopped_half_way_is_no_capacity_and_ends_no_life():
    outage = [*full_cycles(5), (0.5, 1.0), (-1.0, 0.6), (0.5, 0.6), (-1.0, 1.0), *full_cycles(5)]
    rows = rows_of(cell_test(outage))
    assert rows.height == 12
    assert rows["no_capacity"].to_list() == [*[None] * 5, NOT_TO_CUTOFF, *[None] * 6]
    assert rows["discharge_capacity_ah"][5] is None
    assert rows["drawn_ah"][5] == pytest.approx(0.6, abs=0.01)
    # What is charged after it fills the cell up from where it was left.
    assert rows["coulombic_efficiency_pct"].is_null().to_list() == [*[False] * 5, True, True, *[False] * 5]
    labels = soh_labels(rows, 1.0, EndOfLife(confirmed=1))
    capacity = labels.filter(definition=CAPACITY)
    assert capacity["censoring"].unique().to_list() == [RIGHT_CENSORED]
    assert capacity["rul_cycles"].null_count() == capacity.height == 11


def test_the_cycle_in_which_a_test_still_runs_has_no_capacity_yet():
    points = cell_test(full_cycles(4))
    running = Points(*(part[:-30] for part in points))
    assert rows_of(running)["no_capacity"].to_list() == [None, None, None, NOT_TO_CUTOFF]
    assert rows_of(running)["discharge_capacity_ah"].null_count() == 1


@pytest.mark.parametrize("start", [0.3, 0.5, 0.7])
def test_a_cell_that_arrives_half_charged_is_not_lost(start):
    rows = rows_of(cell_test([(-1.0, start), *full_cycles(4)], start))
    assert rows["no_capacity"].to_list() == [NOT_FROM_FULL, None, None, None, None]
    labels = soh_labels(rows, 1.0, EndOfLife())
    assert labels.filter(definition=CAPACITY)["censoring"].unique().to_list() == [RIGHT_CENSORED]


def test_what_the_next_charge_returns_tells_a_half_charged_start_where_the_voltage_is_flat():
    points = cell_test([(-1.0, 0.5), *full_cycles(5)], 0.5)
    flat = 3.3 + 0.02 * (points.voltage_v - 3.6)
    volts = np.where(points.voltage_v < 3.05, points.voltage_v, np.where(points.voltage_v > 4.15, 3.6, flat))
    rows = rows_of(points._replace(voltage_v=volts))
    assert rows["no_capacity"].to_list() == [NOT_FROM_FULL, *[None] * 5]


def test_a_cell_that_arrives_full_shows_its_capacity_at_once():
    rows = rows_of(cell_test([(-1.0, 1.0), *full_cycles(3)], 1.0))
    assert rows["no_capacity"].to_list() == [None] * 4
    assert rows["discharge_capacity_ah"][0] == pytest.approx(1.0, abs=0.01)


def test_a_discharge_after_a_charge_that_was_cut_short_is_no_capacity():
    cut = [*full_cycles(4), (0.5, 0.6), (-1.0, 0.6), *full_cycles(3)]
    assert rows_of(cell_test(cut))["no_capacity"].to_list() == [*[None] * 4, NOT_FROM_FULL, *[None] * 3]


def test_a_discharge_with_a_hole_in_its_record_is_no_capacity():
    points = cell_test(full_cycles(3))
    into = int(np.argmax(points.current_a < 0)) + 20
    open_ah = np.zeros(points.time_s.size)
    open_ah[into] = 0.2
    rows = rows_of(points._replace(open_ah=open_ah))
    assert rows["no_capacity"].to_list() == [NOT_RECORDED, None, None]
    assert rows["charge_capacity_ah"].null_count() == 0
    small = rows_of(points._replace(open_ah=open_ah / 100))
    assert small["no_capacity"].null_count() == 3


def test_a_charge_with_a_hole_in_its_record_has_no_amount():
    points = cell_test(full_cycles(3))
    open_ah = np.zeros(points.time_s.size)
    open_ah[20] = np.inf
    rows = rows_of(points._replace(open_ah=open_ah))
    assert rows["charge_capacity_ah"].is_null().to_list() == [True, False, False]
    assert rows["no_capacity"].null_count() == 3


def test_a_test_with_a_cut_off_of_its_own_shows_its_capacities():
    points = cell_test(full_cycles(4))
    assert rows_of(points, 2.95)["no_capacity"].null_count() == 4
    far = rows_of(points, 2.0)
    assert far["no_capacity"].unique().to_list() == [NOT_TO_CUTOFF]


def test_without_a_cut_off_a_discharge_ends_where_they_usually_do():
    outage = [*full_cycles(4), (0.5, 1.0), (-1.0, 0.4), (0.5, 0.4), (-1.0, 1.0)]
    for cutoff_v, usual_end in ((None, False), (2.0, True)):
        rows = rows_of(cell_test(outage), cutoff_v, usual_end=usual_end)
        assert rows["no_capacity"].to_list() == [*[None] * 4, NOT_TO_CUTOFF, None]


def test_two_discharges_on_both_sides_of_a_hidden_charge_are_two_cycles():
    one, two = cell_test([(0.5, 1.0), (-1.0, 0.8)]), cell_test([(-1.0, 1.0), (0.5, 1.0)], 1.0)
    whole = one.time_s.size - 10
    seam = [np.concatenate([part[:whole], other]) for part, other in zip(one, two, strict=True)]
    time_s, open_ah = np.arange(seam[0].size) * STEP_S, np.zeros(seam[0].size)
    open_ah[whole] = np.inf
    points = Points(time_s, *seam[1:5], open_ah)
    rows = rows_of(points)
    assert rows["no_capacity"].to_list() == [NOT_TO_CUTOFF, None, None]
    assert rows["drawn_ah"].to_list()[:2] == pytest.approx([0.8, 1.0], abs=0.01)


def test_noise_behind_a_gap_hides_no_charge():
    records = [cell_test([(-1.0, 1.0)], 1.0) for _ in range(3)]
    parts = [np.concatenate(part) for part in zip(*records, strict=True)]
    rows = records[0].time_s.size
    time_s, open_ah, current = np.arange(parts[0].size) * STEP_S, np.zeros(parts[0].size), parts[1].copy()
    open_ah[[rows, 2 * rows]] = np.inf
    current[[rows, 2 * rows]] = 0.012
    found = rows_of(Points(time_s, current, *parts[2:5], open_ah))
    assert found["discharge_capacity_ah"].to_list() == pytest.approx([1.0] * 3, abs=0.01)


@pytest.mark.parametrize(("cutoff_v", "usual_end"), [(3.0, False), (None, False), (2.5, True)])
def test_many_half_cycles_in_a_row_do_not_become_the_usual_ones(cutoff_v, usual_end):
    """A cell that is run at part of its depth for a while, from below full or to above empty."""
    low = [(0.5, 0.6), (-1.0, 0.6)] * 12
    rows = rows_of(cell_test([*full_cycles(4), *low, *full_cycles(2)]), cutoff_v, usual_end=usual_end)
    assert rows["no_capacity"].to_list() == [*[None] * 4, *[NOT_FROM_FULL] * 12, *[None] * 2]
    high = [*full_cycles(4), (0.5, 1.0), *[(-1.0, 0.6), (0.5, 0.6)] * 12, (-1.0, 1.0), *full_cycles(2)]
    rows = rows_of(cell_test(high), cutoff_v, usual_end=usual_end)
    assert rows["no_capacity"].to_list() == [*[None] * 4, *[NOT_TO_CUTOFF] * 12, *[None] * 3]


def test_a_first_cycle_of_another_protocol_does_not_stay_the_usual_one():
    first = cell_test([(0.5, 1.0), (-1.0, 1.0), (0.5, 0.9), *[(-1.0, 0.7), (0.5, 0.7)] * 6])
    assert rows_of(first, None)["no_capacity"].to_list()[2:-1] == [None] * 5
