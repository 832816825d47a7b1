"""The string rows of a day as arrays for the loops over time, and which jar stands in which string."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from battery_assets.features.charge import kernels as kernel
from battery_assets.features.samples.plausible import refuse_strings, string_doubt
from battery_assets.features.samples.runs import Runs, group_steps_us, micros, numbers, steps_us, unit_runs

GAP_S = 30.0
GAP_STEPS = 3
ZERO_SAMPLES, FEWEST_ZEROS, ZERO_US, ZERO_MOST_A, FLOAT_A = 60, 12, 3.6e9, 1.0, 0.03
_MODES = {
    "float": kernel.MODE_FLOAT,
    "boost": kernel.MODE_BOOST,
    "equalize": kernel.MODE_BOOST,
    "discharge": kernel.MODE_DISCHARGE,
    "idle": kernel.MODE_IDLE,
}


@dataclass(frozen=True)
class Units:
    """The jars in order, their strings in order of appearance and what people call these, string of each jar,
    rated Ah, and how many jars stand in each string."""

    ids: list[str]
    strings: list[str]
    names: list[str]
    string_of: np.ndarray
    rated_ah: np.ndarray
    jars_in: np.ndarray

    @classmethod
    def of(cls, jars: pl.DataFrame) -> "Units":
        """Of a frame battery_id, string_id, capacity_ah; with position_in_string a place that was refilled
        counts once, and with string_code a string has its name (else its id)."""
        ids, of_jar = (jars[name].cast(pl.String).to_list() for name in ("battery_id", "string_id"))
        strings = list(dict.fromkeys(of_jar))
        place = {name: k for k, name in enumerate(strings)}
        string_of = np.array([place[s] for s in of_jar], np.int64)
        places = jars["position_in_string"] if "position_in_string" in jars.columns else None
        if places is None or places.null_count():
            jars_in = np.bincount(string_of, minlength=len(strings))
        else:
            pairs = np.unique(np.stack([string_of, places.cast(pl.Int64).to_numpy()]), axis=1)
            jars_in = np.bincount(pairs[0], minlength=len(strings))
        names = strings
        if "string_code" in jars.columns:
            codes = dict(zip(of_jar, jars["string_code"].to_list(), strict=True))
            names = [codes[name] or name for name in strings]
        return cls(ids, strings, names, string_of, numbers(jars, "capacity_ah").astype(float), jars_in)


@dataclass(frozen=True)
class StringSamples:
    """The string rows of a day; volts are per jar, NaN where the string's voltage is missing.

    gap_us, step_us (strings,): a longer silence is a gap; the sampling interval.
    """

    ts: np.ndarray
    current: np.ndarray
    volts: np.ndarray
    mode: np.ndarray
    runs: Runs
    gap_us: np.ndarray
    step_us: np.ndarray

    @classmethod
    def of(cls, frame: pl.DataFrame, units: Units) -> "StringSamples":
        """Rows of telemetry_string_raw of a day, sorted by (string, ts).

        Raises ValueError where the current has the wrong sign or is the voltage, as `plausible` says.
        """
        rows = cls.as_sent(frame, units)
        for s, mine, rated in rows._rated(units):
            refuse_strings(units.names[s], rows.current[mine], rows.volts[mine], rows.mode[mine], rated)
        return rows

    @classmethod
    def as_sent(cls, frame: pl.DataFrame, units: Units) -> "StringSamples":
        """Rows as `of` takes them, whatever they say."""
        ts, runs = micros(frame["ts"]), unit_runs(frame["string_id"], units.strings)
        step = group_steps_us(steps_us(ts, runs), runs.unit, len(units.strings))
        jars_in = np.zeros(frame.height)
        for s, first, last in zip(runs.unit, runs.start, runs.stop, strict=True):
            jars_in[first:last] = units.jars_in[s]
        with np.errstate(divide="ignore", invalid="ignore"):
            volts = numbers(frame, "voltage_v").astype(float) / jars_in
        current = numbers(frame, "current_a").astype(float)
        mode, gap = mode_codes(frame), np.maximum(GAP_S * 1e6, GAP_STEPS * step)
        return cls(ts, current, volts, mode, runs, gap, step)

    def doubts(self, units: Units) -> list[tuple[str, str, str]]:
        """The strings whose rows cannot be: id, why, and the next step."""
        judged = (
            (units.strings[s], string_doubt(self.current[mine], self.volts[mine], self.mode[mine], rated))
            for s, mine, rated in self._rated(units)
        )
        return [(string, *doubt) for string, doubt in judged if doubt is not None]

    def _rated(self, units: Units) -> Iterator[tuple[int, slice, float]]:
        """Of each string that has rows its number, where these lie, and its rated Ah; NaN where not known."""
        for s, first, last in zip(self.runs.unit, self.runs.start, self.runs.stop, strict=True):
            ratings = units.rated_ah[(units.string_of == s) & np.isfinite(units.rated_ah)]
            yield int(s), slice(first, last), float(np.median(ratings)) if len(ratings) else np.nan

    def span(self, strings: int) -> tuple[np.ndarray, np.ndarray]:
        """First row and row after the last of each string; equal where it has none."""
        return spans(self.runs, strings)


def zero_current_a(current: np.ndarray, floats: np.ndarray, step_us: float, before_a: float = 0.0) -> float:
    """What a string's current sensor shows at no current: its median on float less the float current itself.

    floats: which samples are float at setpoint, one each step_us. With less than an hour of them, or than 12,
    what was known before stands; 60 are always enough. A Hall sensor is off by 0.1 to 0.5 A (SOURCES 6), a
    float current is a tenth of that.
    """
    calm = current[floats & (np.abs(current) < ZERO_MOST_A)]
    if len(calm) < np.clip(ZERO_US / step_us, FEWEST_ZEROS, ZERO_SAMPLES):
        return before_a
    return float(np.clip(np.median(calm) - FLOAT_A, -ZERO_MOST_A / 2, ZERO_MOST_A / 2))


def spans(runs: Runs, units: int) -> tuple[np.ndarray, np.ndarray]:
    """First row and row after the last of each unit; equal where it has none."""
    first, last = np.zeros(units, np.int64), np.zeros(units, np.int64)
    first[runs.unit], last[runs.unit] = runs.start, runs.stop
    return first, last


def mode_codes(frame: pl.DataFrame) -> np.ndarray:
    """Each row's mode as a code of charge_kernels (int8); MODE_UNKNOWN where none was sent."""
    if "mode" not in frame.columns:
        return np.zeros(frame.height, np.int8)
    mode = frame["mode"].cast(pl.String)
    return mode.replace_strict(_MODES, default=kernel.MODE_UNKNOWN, return_dtype=pl.Int8).rechunk().to_numpy()
