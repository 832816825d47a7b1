"""The ohmic levels of earlier months: made of a monitor's readings, handed on by twins, and what they tell."""

import json
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from battery_assets.features.health.estimate import state_of_health
from battery_assets.features.health.levels import LEVELS, NO_LEVELS, handed_on, levels_of, with_levels

AT = datetime(2026, 3, 1, tzinfo=UTC)
NO_TESTS = pl.DataFrame(
    schema={
        "string_id": pl.String,
        "test_date": pl.Datetime("us", "UTC"),
        "capacity_pct_of_rated": pl.Float64,
    }
)
WARM = pl.DataFrame({"battery_id": ["a"], "temperature_c": [25.0]})
JAR = pl.DataFrame({
    "battery_id": ["a"], "string_id": ["s"], "installed_date": [date(2022, 3, 1)],
    "initial_capacity_ah": [121.0], "initial_resistance_mohm": [4.0], "capacity_ah": [120.0],
})  # fmt: skip


def week(mohm: float, at: datetime = AT, days: int = 7, jar: str = "a", temp_c: float = 25.0) -> pl.DataFrame:
    """A reading a day of the days before an instant."""
    return pl.DataFrame(
        {"battery_id": [jar] * days, "measured_at": [at - timedelta(days=d + 0.5) for d in range(days)],
         "resistance_mohm": [mohm] * days, "temperature_c": [temp_c] * days},
        schema_overrides={"measured_at": pl.Datetime("us", "UTC")},
    )  # fmt: skip


def month_end(months_ago: int) -> datetime:
    """The first instant of a month before AT."""
    months = AT.year * 12 + AT.month - 1 - months_ago
    return datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC)


def twin(at: datetime = AT, fault: str | None = None, text: str = '{"x": [1.0]}') -> pl.DataFrame:
    return pl.DataFrame(
        {"battery_id": ["a"], "captured_at": [at], "fault": [fault], "filter_json": [text]},
        schema_overrides={"captured_at": pl.Datetime("us", "UTC"), "fault": pl.String},
    )


def lived(mohm_by_month: dict[int, float]) -> pl.DataFrame:
    """The levels after months (how long ago) at such resistances, handed on from twin to twin."""
    before = NO_LEVELS
    for ago in sorted(mohm_by_month, reverse=True):
        at = month_end(ago)
        before = handed_on(with_levels(twin(at), before, levels_of(week(mohm_by_month[ago], at))))
    return before


def health(mohm: float, levels: pl.DataFrame, jar: pl.DataFrame = JAR) -> dict:
    return state_of_health(jar, week(mohm), NO_TESTS, WARM, AT, levels=levels).row(0, named=True)


def test_a_level_is_the_median_of_a_monitors_readings_at_25_c_and_people_make_none():
    told = levels_of(pl.concat([week(4.4), week(9.9, days=1).with_columns(temperature_c=pl.lit(25.0))]))
    assert told.schema == pl.Schema(LEVELS)
    assert told["resistance_mohm"].to_list() == [pytest.approx(4.4)]
    assert told["readings"].to_list() == [8.0]
    assert levels_of(week(4.4, temp_c=35.0))["resistance_mohm"][0] > 4.4
    assert levels_of(week(4.4, days=3)).is_empty()


def test_a_twin_hands_on_what_it_was_handed_and_its_own_level_and_keeps_its_document():
    first = with_levels(twin(month_end(1)), NO_LEVELS, levels_of(week(4.2, month_end(1))))
    second = with_levels(twin(), handed_on(first), levels_of(week(4.3)))
    assert json.loads(second["filter_json"][0])["x"] == [1.0]
    # February is in the quarter of January: its first level stands for it.
    assert handed_on(second)["resistance_mohm"].to_list() == [pytest.approx(4.2)]
    third = with_levels(twin(month_end(-2)), handed_on(second), levels_of(week(4.5, month_end(-2))))
    assert handed_on(third)["resistance_mohm"].to_list() == [pytest.approx(4.2), pytest.approx(4.5)]


def test_a_month_run_again_hands_on_the_same_and_the_newest_month_counts_in_any_order():
    before, now = lived({n: 4.0 for n in range(20, 2, -1)}), levels_of(week(4.4))
    again = [with_levels(twin(), before, now) for _ in range(2)]
    assert again[0].equals(again[1])
    months = [with_levels(twin(month_end(9)), NO_LEVELS, levels_of(week(4.1, month_end(9)))), again[0]]
    assert handed_on(pl.concat(months[::-1])).equals(handed_on(pl.concat(months)))
    assert handed_on(pl.concat(months)).equals(handed_on(again[0]))


def test_levels_thinned_month_by_month_are_those_thinned_at_once_and_few_after_ten_years():
    monthly = {n: 4.0 + 0.001 * n for n in range(120, 0, -1)}
    rolling = lived(monthly)
    everything = pl.concat([levels_of(week(mohm, month_end(ago))) for ago, mohm in monthly.items()])
    assert rolling.equals(handed_on(with_levels(twin(), NO_LEVELS, everything)))
    assert 8 <= rolling.height <= 20
    assert rolling["measured_at"].is_sorted()


@pytest.mark.parametrize("fault", ["shorted_cell", "broken_connection"])
def test_a_jar_with_a_fault_has_no_level_of_that_month(fault):
    before = lived({4: 4.1})
    told = handed_on(with_levels(twin(fault=fault), before, levels_of(week(9.0))))
    assert told.equals(before)


def test_twins_of_before_levels_hand_on_none_and_a_silent_month_hands_on_the_earlier_ones():
    assert handed_on(twin()).equals(NO_LEVELS)
    before = lived({8: 4.1, 4: 4.2})
    assert handed_on(with_levels(twin(), before, NO_LEVELS)).equals(before)


def test_of_two_jars_that_stand_alike_the_one_that_climbed_lately_is_put_lower_and_ends_sooner():
    """Past its knee a jar climbs faster than before; one that stands high from the start does not."""
    steady = health(5.4, lived({n: 5.4 - 0.029 * n for n in range(36, 0, -1)}))
    lately = health(5.4, lived({n: max(4.15, 5.4 - 0.16 * n) for n in range(36, 0, -1)}))
    assert lately["soh_pct"] < steady["soh_pct"] - 1.5
    assert lately["wear_out_days"] < 0.7 * steady["wear_out_days"]


def test_levels_narrow_the_interval_and_a_jar_that_was_always_high_is_no_worn_one():
    alone = health(4.9, NO_LEVELS)
    always = health(4.9, lived({n: 4.9 for n in range(36, 0, -1)}))
    width = [one["soh_upper_pct"] - one["soh_lower_pct"] for one in (always, alone)]
    assert width[0] < width[1]
    assert always["soh_pct"] > alone["soh_pct"]


def test_levels_of_before_the_jar_came_or_after_the_instant_are_not_its_own():
    levels = lived({n: 5.4 for n in range(36, 0, -1)})
    young = JAR.with_columns(installed_date=pl.lit(date(2026, 2, 1)))
    assert health(4.0, levels, young)["soh_pct"] == health(4.0, NO_LEVELS, young)["soh_pct"]
    later = levels.with_columns(pl.col("measured_at").dt.offset_by("5y"))
    assert health(4.0, later)["soh_pct"] == health(4.0, NO_LEVELS)["soh_pct"]


def test_a_monitor_counts_as_one_from_the_first_night_of_a_month_on():
    before = lived({ago: 4.0 + 0.01 * (30 - ago) for ago in range(24, 0, -3)})

    def told(days: int, by_monitor: bool | None) -> dict:
        read = week(5.6, days=days)
        if by_monitor is not None:
            read = read.with_columns(by_monitor=pl.lit(value=by_monitor))
        return state_of_health(JAR, read, NO_TESTS, WARM, AT, levels=before).row(0, named=True)

    whole = told(28, by_monitor=True)["soh_pct"]
    first, by_hand = told(1, by_monitor=True)["soh_pct"], told(1, by_monitor=False)["soh_pct"]
    assert abs(first - whole) < 0.5 * abs(by_hand - whole), "one night is the same instrument already"
    assert told(1, None)["soh_pct"] == by_hand
    assert told(28, None)["soh_pct"] == whole, "nobody comes as often"
