"""What a picture leaves out and where it puts its words: gaps, empty panels, names of jars, legends."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from battery_assets.features.lab import pictures as lab
from battery_assets.features.pictures import fleet, month, ride, ripple
from battery_assets.features.pictures.parts import parted
from battery_assets_tests.features.pictures import test_fleet, test_month
from battery_assets_tests.features.pictures.test_ripple import told
from battery_assets_tests.worlds import operations as world


@pytest.fixture
def drawn(monkeypatch):
    """Figures as they are about to be encoded."""
    figures: list = []
    for module, name in ((fleet, "_png"), (month, "png"), (ride, "png"), (ripple, "png"), (lab, "png")):
        encode = getattr(module, name)
        monkeypatch.setattr(
            module, name, lambda figure, encode=encode: figures.append(figure) or encode(figure)
        )
    return figures


def test_a_line_ends_where_nothing_was_recorded():
    at = np.array([0.0, 1.0, 2.0, 9.0, 10.0])
    x, y = parted(at, [1.0, 2.0, 3.0, 4.0, 5.0])
    assert x.tolist() == [0.0, 1.0, 2.0, 3.0, 9.0, 10.0]
    assert np.isnan(y).tolist() == [False, False, False, True, False, False]
    assert parted(at[:1], [1.0])[1].tolist() == [1.0]
    assert parted(np.zeros(0), [])[1].size == 0


def choice() -> month.StringChoice:
    [chosen] = month.three_strings(test_month.states({"s0": 88.0}), test_month.jars(1))
    return chosen


def lines_across(figure, first, last) -> list[tuple[float, float]]:
    """Pieces of lines, drawn from one known value to the next, that reach from before `first` to after `last`."""
    found = []
    for axes in figure.axes:
        for line in axes.lines:
            x, y = np.asarray(line.get_xdata(), float), np.asarray(line.get_ydata(), float)
            over = (x[:-1] < first) & (x[1:] > last) & np.isfinite(y[:-1]) & np.isfinite(y[1:])
            # A line at one height is a limit or zero.
            found += [(x[k], x[k + 1]) for k in np.flatnonzero(over) if len(x) > 2]
    return found


def test_health_does_not_rise_along_a_gap(drawn):
    begin, end = test_month.START + timedelta(days=8), test_month.START + timedelta(days=17)
    frames = [
        rows.filter(~pl.col(at).is_between(begin, end))
        for rows, at in zip(test_month.month(744), ("feature_ts", "feature_ts", "hour", "ts"), strict=True)
    ]
    month.month_of_string(choice(), *frames)
    first, last = (moment.timestamp() / 86_400 for moment in (begin, end))
    assert lines_across(drawn[0], first + 1, last - 1) == []
    assert len(drawn[0].axes) == 6


def test_a_discharge_with_a_gap_has_no_line_over_it(drawn):
    string, jars = test_month.ridden(5, 3600)
    begin, end = (test_month.START + timedelta(seconds=s) for s in (1000, 1600))
    left = [rows.filter(~pl.col("ts").is_between(begin, end)) for rows in (string, jars)]
    ride.ride_picture("a ride", *left, test_month.START, test_month.START + timedelta(seconds=3600))
    assert lines_across(drawn[0], 1010 / 60, 1590 / 60) == []


@pytest.mark.parametrize(("unknown", "panels"), [((), 6), (("t", "room"), 5), (("t", "room", "r"), 4)])
def test_a_panel_without_anything_to_show_is_not_drawn(drawn, unknown, panels):
    whole, weak, currents, charge = test_month.month(48)
    whole = whole.with_columns(pl.lit(None, pl.Float64).alias(name) for name in unknown)
    month.month_of_string(choice(), whole, weak, currents, charge)
    assert len(drawn[0].axes) == panels
    assert all(axes.lines or axes.collections for axes in drawn[0].axes)


def test_a_load_without_its_moment_and_a_burst_without_another_have_no_empty_half(drawn):
    at = [test_month.START + timedelta(seconds=s) for s in range(60)]
    ripple.load_picture(pl.DataFrame({"ts": at, "voltage_v": 326.0, "current_a": 0.1}), "calm")
    worst, sound = ripple.picked(told())
    ripple.fault_picture(worst, worst)
    ripple.fault_picture(worst, sound)
    assert [len(figure.axes) for figure in drawn] == [2, 3, 6]


def words(figure) -> set[str]:
    return {text.get_text() for axes in figure.axes for text in axes.texts}


def test_rows_and_bars_name_their_jars(drawn):
    low = pl.when(pl.col("battery_id") == world.JAR).then(11.4).otherwise("v_mean")
    fleet.voltage_heat_map(test_fleet.fleet_hours(48).with_columns(v_mean=low), world.jars())
    fleet.soh_bars(test_fleet.health(), world.jars())
    heat, bars = map(words, drawn)
    assert {f"{string} J{n:02d}" for string in "AB" for n in range(1, 25)} <= heat
    assert any("furthest: DC-S-A J" in word and "-2." in word for word in heat)
    assert {f"J{n:02d}" for n in range(1, 25)} <= bars


def test_thin_bars_name_the_worst_jar_of_each_string(drawn):
    jars = pl.concat(
        world.jars().with_columns(
            battery_id=pl.format(f"{n}-{{}}", "battery_id"), string_code=pl.format(f"{{}}{n}", "string_code")
        )
        for n in range(3)
    )
    fleet.soh_bars(jars.select("battery_id", soh_pct=np.linspace(95.0, 70.0, jars.height)), jars)
    assert len([word for word in words(drawn[0]) if word.startswith("J24 ")]) == 6


def test_legends_lie_beside_what_is_drawn(drawn):
    fleet.rul_histogram(test_fleet.lives())
    fleet.soh_bars(test_fleet.health(), world.jars())
    fleet.alerts_timeline(test_fleet.raised())
    month.month_of_string(choice(), *test_month.month(48))
    rows = pl.DataFrame({"cycle_index": list(range(1, 31)), "discharge_capacity_ah": np.linspace(5, 4.5, 30)})
    cells = pl.concat(rows.with_columns(session_id=pl.lit(f"s{n}")) for n in range(6))
    lab.capacity_by_cycle(cells, {f"s{n}": f"CELL{n}" for n in range(6)}, {"c": 5.0})
    for figure in drawn:
        [legend] = figure.legends
        box = legend.get_window_extent(figure.canvas.get_renderer())
        assert not any(axes.get_legend() for axes in figure.axes)
        assert not any(box.overlaps(axes.bbox) for axes in figure.axes)


@pytest.mark.parametrize("draw", ["capacity", "discharge", "dqdv"])
def test_a_test_without_discharges_has_no_empty_axes(drawn, draw):
    nothing = pl.DataFrame(
        schema={"session_id": pl.String, "cycle_index": pl.Int64, "discharge_capacity_ah": pl.Float64}
    )
    {
        "capacity": lambda: lab.capacity_by_cycle(nothing, {}, {}),
        "discharge": lambda: lab.discharge_picture("C1", np.zeros(0), np.zeros(0), np.zeros(0, int)),
        "dqdv": lambda: lab.dqdv_waterfall("C1", np.zeros(0), np.zeros((2, 0))),
    }[draw]()
    [axes] = drawn[0].axes
    assert not axes.axison
    assert any(word.startswith("no ") for word in words(drawn[0]))
