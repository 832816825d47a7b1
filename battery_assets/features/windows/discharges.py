"""The discharges of a month as short windows of voltage, temperature and current per jar, for the twin."""

from collections.abc import Iterable

import numpy as np
import polars as pl

from battery_assets.features.charge.kernels import SETPOINT_V
from battery_assets.features.samples.day_grid import per_string
from battery_assets.features.samples.rated_capacity import LOADED_C
from battery_assets.features.samples.runs import micros, numbers, unit_runs
from battery_assets.features.samples.strings import StringSamples, Units, zero_current_a
from battery_assets.features.windows.feature_rows import TelemetryDay

SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "battery_id": pl.String,
    "window_start": pl.Datetime("us", "UTC"),
    "ts": pl.Datetime("us", "UTC"),
    "current_a": pl.Float64,
    "voltage_v": pl.Float64,
    "temperature_c": pl.Float64,
}
NO_WINDOWS = pl.DataFrame(schema={**SCHEMA, "string_id": pl.String, "moved_ah": pl.Float64})
SHORTEST_US = 60_000_000
# Samples under load so far apart are one discharge: two minutes, or intervals with one lost sample.
PAUSE_US, PAUSE_STEPS = 120_000_000, 2.5
AFTER_US, AFTER_STEPS = 120_000_000, 1.0
FULL_SHARE = 0.02  # of the rating: who has given more that day no longer begins a window full
FINE_US, FINE_SAMPLES = 300_000_000, 600  # all samples of the first minutes and after the load, fewer between


def discharge_windows(days: Iterable[TelemetryDay], jars: pl.DataFrame, per_string: int = 2) -> pl.DataFrame:
    """Rows battery_id, window_start, ts, current_a, voltage_v, temperature_c of a month's discharges.

    days: as for feature_rows, streamed. jars: battery_id, string_id, capacity_ah. A window begins half an
    interval before the first sample under −C/20 and ends two minutes or an interval after the last (its step
    shows R0), or at midnight; pauses of two minutes or a lost sample do not part it. One that follows
    another discharge of more than 2 % of the rating that day does not begin full and is passed over, as are
    windows of less than a minute. Of the others each string keeps the `per_string` that moved most charge,
    about 600 samples each, so the frame does not grow with the month. Each jar sample takes the
    current of the string sample nearest in time, within one interval, less what the sensor shows on float;
    without one it is left out.
    """
    return largest((day_windows(day, jars) for day in days), per_string)


def day_windows(day: TelemetryDay, jars: pl.DataFrame) -> pl.DataFrame:
    """The windows of one day, as `discharge_windows` gives them, with string_id and moved_ah of each."""
    frames = [
        rows.with_columns(string_id=pl.lit(string), moved_ah=pl.lit(moved))
        for string, moved, rows in _day_windows(day, jars)
    ]
    return pl.concat(frames) if frames else NO_WINDOWS


def largest(days: Iterable[pl.DataFrame], per_string: int = 2) -> pl.DataFrame:
    """Of the windows of days, given in order, those of each string that moved most charge."""
    nothing = NO_WINDOWS.with_columns(turn=pl.lit(None, pl.Int32))
    turns = [rows.with_columns(turn=pl.lit(turn, pl.Int32)) for turn, rows in enumerate(days)]
    windows, event = pl.concat([nothing, *turns]), ["string_id", "turn", "window_start"]
    events = windows.unique(event, keep="first", maintain_order=True)
    rank = (-pl.col("moved_ah")).rank("ordinal").over("string_id")
    mine = windows.join(events.filter(rank <= per_string), on=event, how="semi")
    return mine.select(list(SCHEMA)).sort("battery_id", "window_start", "ts")


def _day_windows(day: TelemetryDay, jars: pl.DataFrame) -> Iterable[tuple[str, float, pl.DataFrame]]:
    units = Units.of(jars)
    rows = StringSamples.of(day.strings, units)
    rated = per_string(units.rated_ah, units.string_of, len(units.strings))
    arrays = None
    for s, first, last in zip(rows.runs.unit, rows.runs.start, rows.runs.stop, strict=True):
        good = first + np.flatnonzero(np.isfinite(rows.current[first:last]))
        floats = rows.volts[good] >= SETPOINT_V
        ts, current = (
            rows.ts[good],
            rows.current[good] - zero_current_a(rows.current[good], floats, rows.step_us[s]),
        )
        for begin, end, moved in _from_full(
            _spans(ts, current, LOADED_C * rated[s], rows.step_us[s]), rated[s]
        ):
            if arrays is None:
                arrays = _jar_arrays(day.jars, units.ids)
            members = np.flatnonzero(units.string_of == s).tolist()
            parts = [
                _jar_rows(units.ids[k], arrays, k, begin, end, ts, current, rows.step_us[s]) for k in members
            ]
            yield units.strings[s], moved, pl.concat(parts)


def _spans(
    ts: np.ndarray, current: np.ndarray, least_a: float, step_us: float
) -> list[tuple[int, int, float]]:
    """Begin, end (µs) and Ah of each discharge of a string, sampled every step_us.

    When it began between two samples nobody knows: half an interval before the first is as likely as not.
    """
    low = np.flatnonzero(current < -least_a)
    if not len(low):
        return []
    spans, pause = [], max(PAUSE_US, PAUSE_STEPS * step_us)
    for event in np.split(low, np.flatnonzero(np.diff(ts[low]) > pause) + 1):
        begin, last = ts[event[0]] - step_us / 2, ts[event[-1]]
        if last - ts[event[0]] >= SHORTEST_US:
            end = last + max(AFTER_US, AFTER_STEPS * step_us)
            inside = (ts >= begin) & (ts <= end)
            moved = float(np.trapezoid(np.maximum(-current[inside], 0.0), ts[inside] / 3.6e9))
            moved -= current[event[0]] * step_us / 2 / 3.6e9
            spans.append((int(begin), int(end), moved))
    return spans


def _from_full(spans: list[tuple[int, int, float]], rated_ah: float) -> list[tuple[int, int, float]]:
    """The discharges of a day before which hardly anything had been drawn."""
    drawn = np.cumsum([0.0, *(moved for *_, moved in spans)])
    return [event for event, before in zip(spans, drawn, strict=False) if before <= FULL_SHARE * rated_ah]


def _enough(ts: np.ndarray, begin: int, end: int) -> np.ndarray:
    """Which samples of a window are kept."""
    stride = max(1, -(-len(ts) // FINE_SAMPLES))
    fine = (ts - begin < FINE_US) | (end - ts < FINE_US)
    return fine | (np.arange(len(ts)) % stride == 0)


def _jar_arrays(frame: pl.DataFrame, ids: list[str]) -> dict:
    runs = unit_runs(frame["battery_id"], ids)
    return {
        "ts": micros(frame["ts"]),
        "volts": numbers(frame, "voltage_v"),
        "temps": numbers(frame, "temperature_c"),
        "rows": {u: (a, b) for u, a, b in zip(runs.unit, runs.start, runs.stop, strict=True)},
    }


def _jar_rows(
    battery_id: str,
    jars: dict,
    jar: int,
    begin: int,
    end: int,
    string_ts: np.ndarray,
    current: np.ndarray,
    step_us: float,
) -> pl.DataFrame:
    first, last = jars["rows"].get(jar, (0, 0))
    ts = jars["ts"][first:last]
    where = slice(first + np.searchsorted(ts, begin), first + np.searchsorted(ts, end, side="right"))
    ts = jars["ts"][where]
    after = np.clip(np.searchsorted(string_ts, ts), 1, len(string_ts) - 1)
    nearest = np.where(ts - string_ts[after - 1] <= string_ts[after] - ts, after - 1, after)
    good = (np.abs(string_ts[nearest] - ts) <= step_us) & np.isfinite(jars["volts"][where])
    good &= _enough(ts, begin, end)
    columns = {
        "battery_id": [battery_id] * int(good.sum()),
        "window_start": np.full(int(good.sum()), begin),
        "ts": ts[good],
        "current_a": current[nearest[good]],
        "voltage_v": jars["volts"][where][good].astype(float),
        "temperature_c": jars["temps"][where][good].astype(float),
    }
    frame = pl.DataFrame(columns, schema_overrides={"battery_id": pl.String}).fill_nan(None)
    times = [
        pl.col(name).cast(pl.Datetime("us")).dt.replace_time_zone("UTC") for name in ("window_start", "ts")
    ]
    return frame.with_columns(times)
