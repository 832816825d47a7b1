"""A capacity test that the string's telemetry, or its jars, disprove is an objection."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from battery_assets.features.credible.discharge_claims import doubted_tests

BEGAN = datetime(2025, 3, 4, 8, tzinfo=UTC)


def claim(**changes: object) -> pl.DataFrame:
    test = {
        "test_id": "t",
        "string_id": "s",
        "test_date": BEGAN,
        "test_type": "full_discharge",
        "discharge_rate_a": 10.0,
        "discharge_duration_min": 500.0,
        "cutoff_voltage_v": 42.0,
        **changes,
    }
    return pl.DataFrame([test], schema_overrides={"cutoff_voltage_v": pl.Float64})


def load(amps: float, late: timedelta = timedelta(0), hours: int = 9, step_min: int = 15) -> pl.DataFrame:
    """A string that floats for four days, and carries a current for some hours."""
    at = [BEGAN - timedelta(days=2) + timedelta(minutes=step_min * n) for n in range(4 * 24 * 60 // step_min)]
    begin, end = BEGAN + late, BEGAN + late + timedelta(hours=hours)
    return pl.DataFrame({"ts": at, "current_a": [amps if begin <= ts < end else 0.08 for ts in at]})


def words(test: pl.DataFrame, telemetry: pl.DataFrame | None, jars: int = 4, cells: int = 6) -> str:
    loads = {} if telemetry is None else {"t": telemetry}
    found = doubted_tests(test, loads, {"s": 100.0}, {"s": jars}, {} if cells == 6 else {"s": cells})
    return found["words"].item() if found.height else ""


def test_a_string_that_floats_all_the_time_was_not_discharged():
    assert "carried 0.08 A all the time" in words(claim(), load(0.08))


@pytest.mark.parametrize("late", [timedelta(0), timedelta(hours=7), timedelta(hours=-20)])
def test_a_discharge_at_its_time_or_a_zone_away_from_it_is_the_test(late):
    assert words(claim(), load(-10.2, late)) == ""


@pytest.mark.parametrize(
    ("amps", "hours", "said"),
    [(-10.0, 2, "gave 22.5 Ah at most"), (-4.0, 9, "gave 38.5 Ah at most"), (-10.0, 7, ""), (-9.0, 8, "")],
)
def test_a_discharge_that_gave_less_than_the_test_claims_is_not_the_test(amps, hours, said):
    told = words(claim(), load(amps, hours=hours))
    assert said in told
    assert bool(told) == bool(said)


@pytest.mark.parametrize("hidden", [(0, 8), (2, 10)])
def test_what_a_silence_may_hide_is_not_held_against_a_test(hidden):
    """Two hours of it are seen; in the others the monitor said nothing."""
    silent = [BEGAN + timedelta(hours=hour) for hour in hidden]
    seen = load(-10.0, hours=10).filter(~pl.col("ts").is_between(*silent))
    assert words(claim(), seen) == ""


def test_a_discharge_whose_begin_or_end_was_not_recorded_proves_nothing():
    whole = load(-10.0, timedelta(hours=-6), hours=8)
    assert words(claim(), whole) == ""
    assert words(claim(), whole.filter(pl.col("ts") >= BEGAN - timedelta(minutes=30))) == ""


def test_an_outage_elsewhere_is_not_the_test_where_the_days_around_are_not_known():
    """The test may have been entered in another zone's time, before the telemetry begins."""
    outage = load(-10.0, timedelta(hours=3), hours=1)
    assert "11.25 Ah" not in words(claim(), outage.filter(pl.col("ts") >= BEGAN - timedelta(hours=2)))
    assert "gave 12.5 Ah at most" in words(claim(), outage)


@pytest.mark.parametrize(
    ("lowest", "end", "kind", "said"),
    [(49.7, 42.0, "full_discharge", "never fell below 2.07 V per cell, and not to 1.75 V"),
     (43.5, 42.0, "full_discharge", ""), (49.7, 10.5, "full_discharge", ""),
     (49.7, 42.0, "partial_discharge", "")],
)  # fmt: skip
def test_an_end_that_the_string_never_came_near_to_was_not_its_end(lowest, end, kind, said):
    shown = load(-10.0).with_columns(voltage_v=pl.when(pl.col("current_a") < 0).then(lowest).otherwise(54.2))
    told = words(claim(cutoff_voltage_v=end, test_type=kind), shown)
    assert said in told
    assert bool(told) == bool(said)


@pytest.mark.parametrize(
    "telemetry",
    [
        None,
        load(0.08).clear(),
        load(0.08).filter(pl.col("ts") < BEGAN + timedelta(minutes=40)),
        load(0.08, step_min=360),
    ],
)
def test_a_silent_string_disproves_nothing(telemetry):
    assert words(claim(), telemetry) == ""


@pytest.mark.parametrize(
    ("end", "jars", "cells", "wrong"),
    [(42.0, 4, 6, False), (10.5, 4, 6, False), (1.75, 4, 6, False), (5.25, 4, 3, False), (210.0, 40, 3, False),
     (7.0, 4, 6, True), (42.0, 24, 6, True), (0.29, 4, 6, True), (None, 4, 6, False)],
)  # fmt: skip
def test_an_end_voltage_is_one_of_a_cell_a_jar_or_the_string(end, jars, cells, wrong):
    assert ("it ended at" in words(claim(cutoff_voltage_v=end), load(-10.0), jars, cells)) == wrong


@pytest.mark.parametrize(
    ("amps", "minutes", "said"),
    [(500.0, 2.0, "beyond what the sheet"), (10.0, 1500.0, "250 Ah were drawn"), (60.0, 60.0, "")],
)
def test_no_jar_gives_more_than_its_sheet(amps, minutes, said):
    told = words(claim(discharge_rate_a=amps, discharge_duration_min=minutes), None)
    assert said in told
    assert bool(told) == bool(said)


def test_a_sweep_claims_no_discharge():
    assert words(claim(test_type="impedance_sweep"), load(0.08)) == ""


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"discharge_rate_a": 300.0, "discharge_duration_min": 19.0}, "it gave 4"),
        ({"discharge_rate_a": 100.0, "discharge_duration_min": 70.0}, "it gave 2"),
        ({"discharge_rate_a": 55.0, "discharge_duration_min": 60.0, "cutoff_voltage_v": 42.0}, ""),
        ({"ambient_temp_c": 77.0}, "its room had 77 °C"),
        ({"ambient_temp_c": -35.0}, "its room had -35 °C"),
        ({"ambient_temp_c": 12.0}, ""),
        ({"discharge_duration_min": 9.5}, "92 % if these are hours"),
        ({"discharge_duration_min": 50.0}, ""),
    ],
)
def test_figures_that_cannot_be_are_objected_to_by_themselves(changes, said):
    told = words(claim(**changes), None)
    assert said in told
    assert bool(told) == bool(said), told


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"discharge_rate_a": 0.0}, "its current is 0 or empty"),
     ({"discharge_duration_min": 0.0}, "its duration is 0 or empty"),
     ({"discharge_rate_a": None, "discharge_duration_min": None}, "its current and duration are 0 or empty")],
)  # fmt: skip
def test_a_test_that_drew_nothing_is_objected_to(changes, said):
    assert words(claim(**changes), None) == said
    hours = range(9)
    samples = pl.DataFrame({"ts": [BEGAN + timedelta(hours=n) for n in hours], "current_a": [-10.0] * 9,
                            "voltage_v": [51.0 - n for n in hours]})  # fmt: skip
    assert doubted_tests(claim(**changes), {}, {"s": 100.0}, {"s": 4}, {}, {"t": samples}).is_empty()


def among(*tests: dict, installed=None, measured=None) -> dict[str, str]:
    rows = pl.concat([claim(**{"test_id": f"t{n}", **test}) for n, test in enumerate(tests)])
    found = doubted_tests(rows, {}, {"s": 100.0}, {"s": 4}, {}, measured, installed)
    return dict(found.select("test_id", "words").iter_rows())


def test_a_test_that_is_entered_twice_is_evidence_once():
    assert among({}, {}) == {"t1": "it is the test of 2025-03-04 08:00 once more"}
    assert not among({}, {"test_date": BEGAN + timedelta(days=1)})
    assert not among({}, {"test_type": "partial_discharge"})


def test_of_two_tests_at_once_neither_is_evidence():
    other = {"test_date": BEGAN + timedelta(hours=2), "discharge_duration_min": 300.0}
    told = among({}, other)
    assert told == {
        "t0": "that of 2025-03-04 10:00 began before its end",
        "t1": "the string was in the test of 2025-03-04 08:00 then",
    }


def test_a_test_before_the_first_jar_is_of_other_jars():
    assert "installed on 2025-03-10" in among({}, installed={"s": BEGAN.date() + timedelta(days=6)})["t0"]
    assert not among({}, installed={"s": BEGAN.date()})
