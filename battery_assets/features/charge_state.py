"""State of charge of every jar: charge counted from the string's current, set right where it can be seen.

SOC is of the present capacity (rated C10 × SOH) and on the C10 basis of the open-circuit table. The balance
has no rate or temperature term (SOURCES 1.3, z' = I/Q): rate and cold limit how much of the charge can be
drawn before the end voltage, not how much was drawn, and a jar that rests after a fast discharge shows it.
Float carries tens of mA under a Hall offset of 0.1 to 0.5 A, so below 1 A nothing is counted (SOURCES 6).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from battery_assets.features import charge_kernels as kernel
from battery_assets.features.day_grid import per_string
from battery_assets.features.ocv_curve import soc_from_open_circuit
from battery_assets.features.runs import Runs, group_steps_us, micros, numbers, steps_us, unit_runs

GAP_S = 30.0
GAP_STEPS = 3
_MODES = {
    "float": kernel.MODE_FLOAT,
    "boost": kernel.MODE_BOOST,
    "equalize": kernel.MODE_BOOST,
    "discharge": kernel.MODE_DISCHARGE,
    "idle": kernel.MODE_IDLE,
}


@dataclass(frozen=True)
class ChargeState:
    """What is known of the charge at an instant: state in, state out, nothing is remembered elsewhere.

    battery_id (J): order of the arrays. soc_pct (J): NaN where nothing tells. variance (J): points², says how
    well it is known. clocks (S, 6): of each string, see charge_kernels. uncounted_s (S): seconds of the last
    day that lay in gaps and were not counted. strings (S): order of the strings.
    """

    battery_id: tuple[str, ...]
    strings: tuple[str, ...]
    soc_pct: np.ndarray
    variance: np.ndarray
    clocks: np.ndarray
    uncounted_s: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def frame(self) -> pl.DataFrame:
        """battery_id, soc_pct, soc_std_pct: one row per jar, NULL where the charge is not known."""
        sd = np.where(np.isnan(self.soc_pct), np.nan, np.sqrt(self.variance))
        columns = {"battery_id": list(self.battery_id), "soc_pct": self.soc_pct, "soc_std_pct": sd}
        return pl.DataFrame(columns, schema_overrides={"battery_id": pl.String}).fill_nan(None)


@dataclass(frozen=True)
class _Strings:
    """The string rows of a day as arrays; volts are per jar, NaN where the string's voltage is missing."""

    ts: np.ndarray
    current: np.ndarray
    volts: np.ndarray
    mode: np.ndarray
    runs: Runs
    gap_us: np.ndarray

    def span(self, strings: int) -> tuple[np.ndarray, np.ndarray]:
        return _spans(self.runs, strings)


def initial_charge_state(
    jars_day: pl.DataFrame, strings_day: pl.DataFrame, jars: pl.DataFrame
) -> ChargeState:
    """The charge at the first samples of a history: frames as in charge_state_day.

    100 % on float at setpoint; what the open-circuit voltage shows at rest (sd 5 points); otherwise the same
    reading under load or charge, which is a guess (sd 30). NaN where the string has no current.
    """
    ids, strings, string_of, rated = _units(jars)
    rows = _strings(strings_day, strings, string_of)
    begin, end = rows.span(len(strings))
    shown = _first_shown(jars_day, ids)
    soc, variance = np.full(len(ids), np.nan), np.full(len(ids), 30.0**2)
    capacity = per_string(rated, string_of, len(strings))
    for s in range(len(strings)):
        if not np.isfinite(rows.current[begin[s] : end[s]]).any():
            continue
        mine, row = string_of == s, begin[s]
        sample = rows.mode[row], rows.current[row], rows.volts[row]
        if kernel.floats_stably(*sample, capacity[s]):
            soc[mine], variance[mine] = 100.0, 3.0**2
        else:
            soc[mine] = shown[mine]
            variance[mine] = kernel.REST_SD**2 if kernel.rests(*sample) else 30.0**2
    clocks = np.full((len(strings), kernel.STRING_MEMORY), -1.0)
    return ChargeState(tuple(ids), tuple(strings), soc, variance, clocks, np.zeros(len(strings)))


def charge_state_day(
    jars_day: pl.DataFrame,
    strings_day: pl.DataFrame,
    jars: pl.DataFrame,
    soh_pct: Mapping[str, float] | np.ndarray,
    state: ChargeState | None = None,
) -> tuple[pl.DataFrame, ChargeState]:
    """SOC at each jar row of a day (ts, battery_id as they came, soc_pct Float32) and the state at its end.

    jars_day, strings_day: raw telemetry of one day sorted by (unit, ts). jars: battery_id, string_id,
    capacity_ah, all jars of each string. soh_pct: % per battery_id, or an array in the order of jars; unknown
    counts as 100. state: of the evening before, or None to start from these samples.

    Full is 72 h of float at setpoint, or 3 h of boost under 0.02 C; after 3 h and 24 h of rest the OCV weighs
    in by its variance. Gaps over 30 s (over 3 samples, where the string is sampled more slowly) are not
    counted: they widen the variance and appear in uncounted_s. A string without current for a whole day has
    NULL until float or rest says more. Raises ValueError on unsorted rows or a state of other jars.
    """
    ids, strings, string_of, rated = _units(jars)
    if state is None:
        state = initial_charge_state(jars_day, strings_day, jars)
    if state.battery_id != tuple(ids) or state.strings != tuple(strings):
        raise ValueError("the charge state is of other jars: start a new one where a jar was replaced")
    rows = _strings(strings_day, strings, string_of)
    soc, variance = state.soc_pct.copy(), state.variance + kernel.IDLE_VARIANCE_PER_DAY
    if np.isnan(soc).any():
        begun = initial_charge_state(jars_day, strings_day, jars)
        variance = np.where(np.isnan(soc), begun.variance, variance)
        soc = np.where(np.isnan(soc), begun.soc_pct, soc)
    soc[_without_current(rows, len(strings))[string_of]] = np.nan
    clocks, uncounted = state.clocks.copy(), np.zeros(len(strings))
    gained, doubt, anchor = kernel.string_steps(
        rows.ts, rows.current, rows.volts, rows.mode, rows.runs.unit, rows.runs.start, rows.runs.stop,
        per_string(rated, string_of, len(strings)), rows.gap_us, clocks, uncounted,
    )  # fmt: skip
    volts, temps = numbers(jars_day, "voltage_v"), numbers(jars_day, "temperature_c")
    capacity = rated * _soh(soh_pct, ids) / 100.0
    jar_rows = _spans(unit_runs(jars_day["battery_id"], ids), len(ids))
    values = kernel.jar_soc(
        micros(jars_day["ts"]), volts, temps, *jar_rows, string_of, rows.ts, gained, doubt, anchor,
        *rows.span(len(strings)), capacity, soc, variance,
    )  # fmt: skip
    frame = jars_day.select("ts", "battery_id", pl.Series("soc_pct", values, nan_to_null=True))
    after = replace(state, soc_pct=soc, variance=variance, clocks=clocks, uncounted_s=uncounted)
    return frame, after


def _units(jars: pl.DataFrame) -> tuple[list[str], list[str], np.ndarray, np.ndarray]:
    ids, of_jar = (jars[name].cast(pl.String).to_list() for name in ("battery_id", "string_id"))
    strings = list(dict.fromkeys(of_jar))
    place = {name: k for k, name in enumerate(strings)}
    return (
        ids,
        strings,
        np.array([place[s] for s in of_jar], np.int64),
        numbers(jars, "capacity_ah").astype(float),
    )


def _strings(frame: pl.DataFrame, strings: list[str], string_of: np.ndarray) -> _Strings:
    ts, runs = micros(frame["ts"]), unit_runs(frame["string_id"], strings)
    step = group_steps_us(steps_us(ts, runs), runs.unit, len(strings))
    jars_in = np.zeros(frame.height)
    for s, first, last in zip(runs.unit, runs.start, runs.stop, strict=True):
        jars_in[first:last] = np.count_nonzero(string_of == s)
    with np.errstate(divide="ignore", invalid="ignore"):
        volts = numbers(frame, "voltage_v").astype(float) / jars_in
    current = numbers(frame, "current_a").astype(float)
    return _Strings(ts, current, volts, _mode_codes(frame), runs, np.maximum(GAP_S * 1e6, GAP_STEPS * step))


def _mode_codes(frame: pl.DataFrame) -> np.ndarray:
    if "mode" not in frame.columns:
        return np.zeros(frame.height, np.int8)
    mode = frame["mode"].cast(pl.String)
    return mode.replace_strict(_MODES, default=kernel.MODE_UNKNOWN, return_dtype=pl.Int8).rechunk().to_numpy()


def _spans(runs: Runs, units: int) -> tuple[np.ndarray, np.ndarray]:
    """First row and row after the last of each unit; equal where it has none."""
    first, last = np.zeros(units, np.int64), np.zeros(units, np.int64)
    first[runs.unit], last[runs.unit] = runs.start, runs.stop
    return first, last


def _without_current(rows: _Strings, strings: int) -> np.ndarray:
    begin, end = rows.span(strings)
    return np.array([not np.isfinite(rows.current[a:b]).any() for a, b in zip(begin, end, strict=True)], bool)


def _first_shown(jars_day: pl.DataFrame, ids: list[str]) -> np.ndarray:
    """SOC that the first voltage of each jar would show as an open-circuit voltage; NaN without one."""
    volts, temps = numbers(jars_day, "voltage_v"), numbers(jars_day, "temperature_c")
    shown = np.full(len(ids), np.nan)
    runs = unit_runs(jars_day["battery_id"], ids)
    for jar, first, last in zip(runs.unit, runs.start, runs.stop, strict=True):
        seen = np.flatnonzero(np.isfinite(volts[first : min(last, first + 1000)]))
        if len(seen):
            row = first + seen[0]
            shown[jar] = soc_from_open_circuit(float(volts[row]), float(temps[row]))
    return shown


def _soh(soh_pct: Mapping[str, float] | np.ndarray, ids: list[str]) -> np.ndarray:
    values = [soh_pct.get(jar) for jar in ids] if isinstance(soh_pct, Mapping) else soh_pct
    soh = np.array(values, float)
    return np.where(np.isfinite(soh) & (soh > 0), soh, 100.0)
