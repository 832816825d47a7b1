"""What a picture leaves out and where it puts its words: gaps, empty panels, names of jars, legends."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from battery_assets.features.lab import pictures as lab
from battery_assets.features.pictures import fleet, month, ride, ripple, runtime
from battery_assets.features.pictures.parts import parted
from battery_assets_tests.features.pictures import test_fleet, test_month
from battery_assets_tests.features.pictures.test_ripple import told
from battery_assets_tests.worlds import operations as world


@pytest.fixture
def drawn(monkeypatch):
    """Figures as they are about to be encoded."""
    figures: list = []
    drawing = ((month, "png"), (ride, "png"), (ripple, "png"), (lab, "png"), (runtime, "png"))
    for module, name in ((fleet, "_png"), *drawing):
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
    assert any("furthest: A J" in word and "-2." in word for word in heat)
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


def ride_of(jars: pl.DataFrame, seconds: int = 3600) -> None:
    string, _ = test_month.ridden(5, seconds)
    ride.ride_picture("a ride", string, jars, test_month.START, test_month.START + timedelta(seconds=seconds))


def test_jars_that_a_monitor_asks_one_after_the_other_have_lines(drawn):
    """No two jars have an instant in common: side by side in one table each stood between gaps."""
    _, jars = test_month.ridden(5, 3600)
    place = pl.col("battery_code").str.slice(1).cast(pl.Int64)
    ride_of(jars.with_columns(ts=pl.col("ts") + pl.duration(milliseconds=150 * place)))
    for axes in drawn[0].axes[-2:]:
        reached = [np.ptp(line.get_xdata()[np.isfinite(line.get_ydata())]) for line in axes.lines]
        assert len([width for width in reached if width > 0.6 * np.ptp(axes.get_xlim())]) == 24


def test_a_jar_that_sent_no_voltage_at_the_end_is_not_the_lowest(drawn):
    _, jars = test_month.ridden(5, 3600)
    late = (pl.col("battery_code") == "J03") & (pl.col("ts") > test_month.START + timedelta(seconds=3000))
    ride_of(jars.with_columns(voltage_v=pl.when(~late).then("voltage_v")))
    ride_of(jars.with_columns(voltage_v=pl.lit(None, pl.Float64)))
    assert [len(figure.axes) for figure in drawn] == [6, 4]
    assert drawn[0].axes[4].get_title("left").endswith("lowest at the end: J07")


def test_an_empty_jar_and_high_hours_lie_within_the_axes_or_are_told(drawn):
    whole, weak, currents, charge = test_month.month(744)
    high = pl.when(pl.int_range(pl.len()) == 300).then(18.0).otherwise("v_high").alias("v_high")
    of_weak = pl.col("battery_id") == choice().weakest_id
    empty = charge.with_columns(soc_pct=pl.when(of_weak).then(0.0).otherwise("soc_pct"))
    month.month_of_string(choice(), whole.with_columns(high), weak, currents, empty)
    volts, *_, soc, _ = drawn[0].axes
    assert volts.get_title("left").endswith("; high hours cut")
    assert soc.get_ylim()[0] < 0.0
    others = charge.filter(~pl.col("battery_id").is_in([choice().weakest_id, choice().middle_id]))
    month.month_of_string(choice(), whole, weak, currents, others)
    assert len(drawn[1].axes) == 4


LONG = "Data Centre Rangsit/Hall 3 on the north side/Cabinet 12 behind the second door"


def rides(*others: dict) -> bytes:
    one = {
        "load_basis": "measured_load", "load_kind": "constant_power", "load_w": 30e3, "required_min": 15.0,
        "runtime_min": 20.0, "runtime_lower_min": 17.0, "runtime_upper_min": 24.0, "ride_through_probability": 0.99,
        "limited_by": "capacity", "repair_gain_min": 3.0,
    }  # fmt: skip
    rows = [
        {**one, "string_id": f"s{k}", "weakest_battery_id": f"s{k}-j7", **other}
        for k, other in enumerate(others)
    ]
    jars = test_month.jars(len(others)).with_columns(string_code=pl.format(LONG + " {}", "string_id"))
    schema = {name: kind for name, kind in runtime_schema().items() if name in rows[0]}
    frame = pl.DataFrame(rows, schema=schema).with_columns(
        pl.lit(None, kind).alias(name) for name, kind in runtime_schema().items() if name not in schema
    )
    return runtime.runtime_bars(frame, jars.unique("string_id", maintain_order=True), jars)


def runtime_schema() -> dict:
    from battery_assets.features.ride_through.runtime import SCHEMA

    return dict(SCHEMA)


def test_a_string_that_lasts_for_days_leaves_room_for_one_that_lasts_minutes(drawn):
    rides({}, {"runtime_min": 4000.0, "runtime_lower_min": 900.0, "runtime_upper_min": 20_000.0})
    rides({"runtime_min": 0.0, "runtime_lower_min": 0.0, "runtime_upper_min": 0.0, "required_min": 0.0})
    [axes] = drawn[0].axes
    assert 20.0 / np.ptp(axes.get_xlim()) > 0.1
    assert any("4,000 min (900 to 20,000)" in word for word in words(drawn[0]))


def test_names_of_any_length_stay_within_the_picture(drawn):
    jars = world.jars().with_columns(
        battery_code=pl.format(LONG + " {} Battery No. {}", "string_code", "position_in_string"),
        string_code=pl.format(LONG + " {}", "string_code"),
    )
    low = pl.when(pl.col("battery_id").is_in(jars["battery_id"][:3].to_list())).then(11.4).otherwise("v_mean")
    fleet.voltage_heat_map(test_fleet.fleet_hours(48).with_columns(v_mean=low), jars)
    fleet.soh_bars(test_fleet.health(), jars)
    rides({}, {"runtime_min": 4000.0, "runtime_upper_min": 20_000.0})
    lab.discharge_picture(
        f"{LONG}, {LONG}", np.linspace(4.2, 2.5, 50), np.linspace(0, 2, 50), np.ones(50, int)
    )
    rows = pl.DataFrame({"cycle_index": list(range(1, 31)), "discharge_capacity_ah": np.linspace(5, 4.5, 30)})
    for cells in (7, 30):
        tests = pl.concat(rows.with_columns(session_id=pl.lit(f"s{n}")) for n in range(cells))
        lab.capacity_by_cycle(tests, {f"s{n}": f"{LONG}, cell {n}" for n in range(cells)}, {"c": 5.0})
    for figure in drawn:
        renderer, page = figure.canvas.get_renderer(), figure.bbox
        shown = [axes.title for axes in figure.axes] + [text for axes in figure.axes for text in axes.texts]
        for text in (*shown, *figure.legends):
            box = text.get_window_extent(renderer)
            assert page.x0 - 1 <= box.x0 and box.x1 <= page.x1 + 1, (text, box)
            assert page.y0 - 1 <= box.y0 and box.y1 <= page.y1 + 1, (text, box)
