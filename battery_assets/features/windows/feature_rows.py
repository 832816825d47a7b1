"""The feature store: what a jar went through in 1, 24 and 168 hours, in one pass over the days of a month.

Each day of telemetry becomes hourly sums, which are composed into the longer windows; only seven days of
sums are kept, so memory does not grow with the month. A window holds the rows of [end − length, end). One of
seven days is there from the seventh day on that is known, those of the month before among them. All instants
are UTC.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import polars as pl

from battery_assets.features.samples.day_grid import (
    Grid,
    ambient_by_minute,
    instants_grid,
    midnight_us,
    mode_is,
    ohmic_rounds,
    per_string,
)
from battery_assets.features.samples.runs import group_steps_us, micros, numbers, steps_us, unit_runs
from battery_assets.features.windows import kernels as kernel
from battery_assets.features.windows.rows import FEATURE_SCHEMA, WindowSums, window_rows

GAP_STEPS = 3
LONG_DAYS = 7
# What a month remembers from day to day, beside the sums of the last days.
_MEMORY = ("held_ts", "held_mohm", "string_memory")
_SUMS = ("sums", "maxima", "latest_mohm", "strings")


@dataclass(frozen=True)
class TelemetryDay:
    """One UTC day of telemetry of a site, each frame sorted by (unit, ts) and free of duplicates.

    jars: ts, battery_id, voltage_v, temperature_c, resistance_mohm. strings: columns of telemetry_string_raw.
    string_calc: ts, string_id, power_w, thd_pct. env: ts, sensor_id, temperature_c. Any may be empty.
    """

    day: date
    jars: pl.DataFrame
    strings: pl.DataFrame
    string_calc: pl.DataFrame
    env: pl.DataFrame


def feature_rows(
    days: Iterable[TelemetryDay], jars: pl.DataFrame, measurements: pl.DataFrame
) -> pl.DataFrame:
    """Rows of feature_store for the days of one month, ordered by jar, window length and window end.

    jars: battery_id, string_id, initial_resistance_mohm, float_voltage_min_v, float_voltage_max_v and
    capacity_ah (rated Ah; where unknown surge_events_count is NULL). measurements: battery_id, measured_at,
    resistance_mohm of the impedance rounds, earlier months included.

    A jar without one voltage or temperature in a window has no row. NULL stands where a window has no sample
    of a quantity; t_delta_ambient_mean where the site has no environment telemetry; string quantities where
    the string sent nothing; v_std below two samples; v_balance_mean with fewer than two jars at an instant.
    Minutes outside the float band use the model's band as it is (no temperature compensation: alarms do that)
    and count while the string is on float. Values too wide for the reference's DECIMAL stop at its largest.
    Raises ValueError where days leave the month or run backwards, or where frames are not sorted.
    """
    parts = [rows for _, rows, _ in feature_days(days, jars, measurements)]
    if not parts:
        return pl.DataFrame(schema=FEATURE_SCHEMA)
    return pl.concat(parts).sort("battery_id", "feature_window_hours", "feature_ts")


def feature_days(
    days: Iterable[TelemetryDay],
    jars: pl.DataFrame,
    measurements: pl.DataFrame,
    before: Sequence[tuple[date, Mapping[str, np.ndarray]]] = (),
) -> Iterator[tuple[date, pl.DataFrame, dict[str, np.ndarray]]]:
    """As feature_rows, day by day: the day, the rows of windows that end in it, and what it hands on.

    A day that is missing between two others comes as an empty one. before: what each earlier day handed on,
    of the month or of the one before, for the same jars and readings; the rows that follow are those of days
    walked through without a pause.
    """
    walk = WindowWalk(jars, measurements)
    for earlier, handed in before:
        walk.restore(earlier, handed)
    for day in _every_day(days, before[-1][0] if before else None):
        yield day.day, *walk.step(day)


class WindowWalk:
    """The windows of a site's jars, day after day: one step for each day of a month, without a gap.

    Arguments are those of feature_rows.
    """

    def __init__(self, jars: pl.DataFrame, measurements: pl.DataFrame) -> None:
        self._units = jars, measurements
        self._before: list[tuple[date, Mapping[str, np.ndarray]]] = []
        self._month: _Month | None = None
        self._first: date | None = None

    def restore(self, day: date, handed: Mapping[str, np.ndarray]) -> None:
        """Take up an earlier day, of the month or of the one before, by what its step handed on."""
        self._before.append((day, handed))

    def step(self, day: TelemetryDay) -> tuple[pl.DataFrame, dict[str, np.ndarray]]:
        """The rows of windows that end in the day, and what it hands on."""
        if self._month is None or self._first is None:
            self._first = day.day
            self._month = (
                _Month.resumed(self._before, *self._units)
                if self._before
                else _Month.start(day.day, *self._units)
            )
        if (day.day.year, day.day.month) != (self._first.year, self._first.month):
            raise ValueError(f"{day.day} is not in the month of {self._first}")
        return pl.concat(self._month.rows_of(day)), self._month.to_save()


def _every_day(days: Iterable[TelemetryDay], last: date | None) -> Iterator[TelemetryDay]:
    """The days as they come after the last one, with empty ones where some are missing between them."""
    for day in days:
        if last is not None and day.day <= last:
            raise ValueError(f"days must ascend: {day.day} came after {last}")
        while last is not None and (day.day - last).days > 1:
            frames = [frame.clear() for frame in (day.jars, day.strings, day.string_calc, day.env)]
            last += timedelta(days=1)
            yield TelemetryDay(last, *frames)
        yield day
        last = day.day


@dataclass
class _Month:
    """The units of a site as arrays, and what must be remembered from one day to the next.

    start_day: the first day that is known.
    """

    start_day: date
    ids: list[str]
    strings: list[str]
    string_of: np.ndarray
    float_min: np.ndarray
    float_max: np.ndarray
    shift_v: np.ndarray
    initial_mohm: np.ndarray
    capacity_ah: np.ndarray
    rounds: tuple[np.ndarray, np.ndarray, np.ndarray]
    round_next: np.ndarray
    held_ts: np.ndarray
    held_mohm: np.ndarray
    string_memory: np.ndarray
    week: deque[WindowSums] = field(default_factory=lambda: deque(maxlen=LONG_DAYS))

    @classmethod
    def start(cls, first: date, jars: pl.DataFrame, measurements: pl.DataFrame) -> "_Month":
        jars = jars.with_columns(pl.col("battery_id", "string_id").cast(pl.String))
        ids, of_jar = jars["battery_id"].to_list(), jars["string_id"].to_list()
        strings = list(dict.fromkeys(of_jar))
        rounds = ohmic_rounds(measurements, ids)
        low, high = (numbers(jars, f"float_voltage_{end}_v").astype(float) for end in ("min", "max"))
        memory = np.zeros((len(strings), kernel.STRING_MEMORY))
        memory[:, kernel.LAST_TS] = -np.inf
        return cls(
            start_day=first,
            ids=ids,
            strings=strings,
            string_of=np.array([strings.index(s) for s in of_jar], np.int64),
            float_min=low,
            float_max=high,
            # Any constant near the mean keeps the variance exact.
            shift_v=np.nan_to_num((low + high) / 2),
            initial_mohm=numbers(jars, "initial_resistance_mohm").astype(float),
            capacity_ah=numbers(jars, "capacity_ah").astype(float),
            rounds=rounds,
            round_next=rounds[2][:-1].copy(),
            held_ts=np.full(len(ids), np.iinfo(np.int64).min),
            held_mohm=np.full(len(ids), np.nan),
            string_memory=memory,
        )

    @classmethod
    def resumed(
        cls,
        before: Sequence[tuple[date, Mapping[str, np.ndarray]]],
        jars: pl.DataFrame,
        measurements: pl.DataFrame,
    ) -> "_Month":
        """The units as they stood at the end of the last of these days."""
        day, last = before[-1]
        month = cls.start(before[0][0], jars, measurements)
        for name in _MEMORY:
            setattr(month, name, last[name].copy())
        month.week.extend(WindowSums(*(kept[name] for name in _SUMS)) for _, kept in before[-LONG_DAYS:])
        ts, _, start = month.rounds
        earlier = ts <= midnight_us(day) + kernel.HOUR_US * kernel.HOURS
        jar = np.repeat(np.arange(len(month.ids)), np.diff(start))
        month.round_next = start[:-1] + np.bincount(jar[earlier], minlength=len(month.ids))
        return month

    def to_save(self) -> dict[str, np.ndarray]:
        """What the days to come need to know of this one, as `resumed` takes it."""
        of_day = self.week[-1]
        memory = {name: getattr(self, name).copy() for name in _MEMORY}
        return memory | {name: getattr(of_day, name) for name in _SUMS}

    def rows_of(self, day: TelemetryDay) -> list[pl.DataFrame]:
        """The rows of windows that end within a day or at its midnight."""
        day_us = midnight_us(day.day)
        hours = self._hourly(day, day_us)
        ends = day_us + kernel.HOUR_US * np.arange(1, kernel.HOURS + 1)
        of_day = hours.composed()
        self.week.append(of_day)
        parts = [window_rows(self, hours, 1, ends), window_rows(self, of_day, 24, ends[-1:])]
        if len(self.week) == LONG_DAYS:
            parts.append(window_rows(self, WindowSums.joined(self.week), 24 * LONG_DAYS, ends[-1:]))
        return parts

    def _hourly(self, day: TelemetryDay, day_us: int) -> WindowSums:
        ts, volts = micros(day.jars["ts"]), numbers(day.jars, "voltage_v")
        runs = unit_runs(day.jars["battery_id"], self.ids)
        grid = instants_grid(ts, runs, self.string_of, len(self.strings), day_us)
        means = kernel.string_means(ts, volts, runs.unit, runs.start, runs.stop, self.string_of, *grid)
        string_sums, on_float = self._string_hours(day, day_us, grid)
        kernel.float_by_voltage(
            on_float, means, self._of_strings(self.float_min), self._of_strings(self.float_max), grid[2]
        )
        low, high = (limit.astype(volts.dtype) for limit in (self.float_min, self.float_max))
        sums, maxima = kernel.jar_hours(
            ts, volts, numbers(day.jars, "temperature_c"), runs.unit, runs.start, runs.stop, self.string_of,
            *grid, means, on_float, ambient_by_minute(day.env, day_us), day_us, self.shift_v, low, high,
        )  # fmt: skip
        latest = kernel.latest_resistance(
            ts, numbers(day.jars, "resistance_mohm"), runs.unit, runs.start, runs.stop, day_us,
            *self.rounds, self.round_next, self.held_ts, self.held_mohm,
        )  # fmt: skip
        return WindowSums(sums, maxima, latest, string_sums)

    def _of_strings(self, of_jars: np.ndarray) -> np.ndarray:
        return per_string(of_jars, self.string_of, len(self.strings))

    def _string_hours(self, day: TelemetryDay, day_us: int, grid: Grid) -> tuple[np.ndarray, np.ndarray]:
        frame = day.strings
        ts, runs = micros(frame["ts"]), unit_runs(frame["string_id"], self.strings)
        gap_us = GAP_STEPS * group_steps_us(steps_us(ts, runs), runs.unit, len(self.strings))
        capacity = self._of_strings(self.capacity_ah)
        discharge_a = np.fmax(1.0, capacity / 100.0)
        surge_a = np.where(np.isnan(capacity), np.inf, 0.5 * capacity)
        where = (runs.unit, runs.start, runs.stop)
        sums = kernel.string_hours(
            ts, numbers(frame, "current_a"), numbers(frame, "ripple_voltage_rms_v"),
            mode_is(frame, "discharge"), *where, day_us, midnight_us(self.start_day), gap_us, discharge_a,
            surge_a, self.string_memory,
        )  # fmt: skip
        self._add_thd(day.string_calc, day_us, sums)
        return sums, kernel.string_on_float(ts, mode_is(frame, "float"), *where, gap_us, *grid)

    def _add_thd(self, frame: pl.DataFrame, day_us: int, sums: np.ndarray) -> None:
        ts, thd = micros(frame["ts"]), numbers(frame, "thd_pct").astype(float)
        runs = unit_runs(frame["string_id"], self.strings)
        for s, first, last in zip(runs.unit, runs.start, runs.stop, strict=True):
            hour, value = (ts[first:last] - day_us) // kernel.HOUR_US, thd[first:last]
            good = ~np.isnan(value) & (hour >= 0) & (hour < kernel.HOURS)
            sums[s, :, kernel.N_THD] += np.bincount(hour[good], minlength=kernel.HOURS)
            sums[s, :, kernel.SUM_THD] += np.bincount(hour[good], value[good], kernel.HOURS)
