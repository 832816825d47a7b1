"""State of charge of every jar: charge counted from the string's current, set right where it can be seen.

SOC is of the present capacity (rated C10 × SOH) and on the C10 basis of the open-circuit table. The balance
has no rate or temperature term (SOURCES 1.3, z' = I/Q): rate and cold limit how much of the charge can be
drawn before the end voltage, not how much was drawn, and a jar that rests after a fast discharge shows it.
Float carries tens of mA under a Hall offset of 0.1 to 0.5 A, so below 1 A nothing is counted (SOURCES 6).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from battery_assets.features.charge import kernels as kernel
from battery_assets.features.charge.ocv_curve import soc_from_open_circuit
from battery_assets.features.samples.day_grid import per_string
from battery_assets.features.samples.plausible import refuse_jars
from battery_assets.features.samples.runs import micros, numbers, unit_runs
from battery_assets.features.samples.strings import StringSamples, Units, spans

QUALITIES = ("full_charge", "open_circuit", "counted", "held", "guessed")  # codes 1 to 5 of charge_kernels
_QUALITY = pl.Enum(QUALITIES)
# Variance, in points², with which a charge goes on that only its quality is known of.
_CARRIED_VARIANCE = {
    "full_charge": 1.0,
    "open_circuit": 25.0,
    "counted": 25.0,
    "held": 25.0,
    "guessed": 900.0,
}


@dataclass(frozen=True)
class ChargeState:
    """What is known of the charge at an instant: state in, state out, nothing is remembered elsewhere.

    battery_id (J): order of the arrays. soc_pct (J): NaN where nothing tells. variance (J): points², says how
    well it is known. clocks (S, 6): of each string, see charge_kernels. uncounted_s (S): seconds of the last
    day that lay in gaps and were not counted. strings (S): order of the strings. basis (J): what the charge
    rests on, a code of charge_kernels.
    """

    battery_id: tuple[str, ...]
    strings: tuple[str, ...]
    soc_pct: np.ndarray
    variance: np.ndarray
    clocks: np.ndarray
    basis: np.ndarray
    uncounted_s: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def frame(self) -> pl.DataFrame:
        """battery_id, soc_pct, soc_std_pct: one row per jar, NULL where the charge is not known."""
        sd = np.where(np.isnan(self.soc_pct), np.nan, np.sqrt(self.variance))
        columns = {"battery_id": list(self.battery_id), "soc_pct": self.soc_pct, "soc_std_pct": sd}
        return pl.DataFrame(columns, schema_overrides={"battery_id": pl.String}).fill_nan(None)


def initial_charge_state(
    jars_day: pl.DataFrame, strings_day: pl.DataFrame, jars: pl.DataFrame
) -> ChargeState:
    """The charge at the first samples of a history: frames as in charge_state_day.

    100 % on float at setpoint; what the open-circuit voltage shows at rest (sd 5 points); otherwise the same
    reading under load or charge, which is a guess (sd 30). NaN where the string has no current.
    """
    units = Units.of(jars)
    rows = StringSamples.of(strings_day, units)
    begin, end = rows.span(len(units.strings))
    shown = _first_shown(jars_day, units.ids)
    soc, variance = np.full(len(shown), np.nan), np.full(len(shown), 30.0**2)
    basis = np.full(len(shown), kernel.HELD, np.int8)
    capacity = per_string(units.rated_ah, units.string_of, len(units.strings))
    for s in range(len(units.strings)):
        if not np.isfinite(rows.current[begin[s] : end[s]]).any():
            continue
        mine, row = units.string_of == s, begin[s]
        sample = rows.mode[row], rows.current[row], rows.volts[row]
        if kernel.floats_stably(*sample, capacity[s]):
            soc[mine], variance[mine] = 100.0, 3.0**2
        else:
            soc[mine] = shown[mine]
            rested = kernel.rests(*sample)
            variance[mine] = kernel.REST_SD**2 if rested else 30.0**2
            basis[mine] = kernel.OPEN_CIRCUIT if rested else kernel.GUESSED
    strings = len(units.strings)
    clocks = np.full((strings, kernel.STRING_MEMORY), -1.0)
    return ChargeState(
        tuple(units.ids), tuple(units.strings), soc, variance, clocks, basis, np.zeros(strings)
    )


def carried_charge_state(
    last: pl.DataFrame, strings_days: Iterable[pl.DataFrame], jars: pl.DataFrame
) -> ChargeState:
    """The state that the rows of an earlier history left: the month before hands over to this one.

    last: battery_id, soc_pct, soc_quality of each jar's last row; a jar without one starts unknown, so that
    its first samples decide. strings_days: the string rows of the last days before, in order: they set the
    clocks of float and rest again (four days hold the 72 h that make a jar full). jars: as for
    charge_state_day. The variance is that of the quality: 1, 5, 5, 5 and 30 points in the order of QUALITIES.
    """
    units = Units.of(jars)
    states = pl.DataFrame({"battery_id": units.ids}, schema={"battery_id": pl.String}).join(
        last.with_columns(pl.col("battery_id").cast(pl.String)),
        on="battery_id", how="left", maintain_order="left",
    )  # fmt: skip
    words = states["soc_quality"].cast(pl.String).to_list()
    variance = np.array([_CARRIED_VARIANCE.get(word, 900.0) for word in words])
    basis = np.array([QUALITIES.index(word) + 1 if word in QUALITIES else kernel.GUESSED for word in words])
    strings = len(units.strings)
    clocks = np.full((strings, kernel.STRING_MEMORY), -1.0)
    rated = per_string(units.rated_ah, units.string_of, strings)
    for frame in strings_days:
        rows = StringSamples.of(frame, units)
        kernel.string_steps(
            rows.ts, rows.current, rows.volts, rows.mode, rows.runs.unit, rows.runs.start, rows.runs.stop,
            rated, rows.gap_us, clocks, np.zeros(strings),
        )  # fmt: skip
    soc = numbers(states, "soc_pct").astype(float)
    return ChargeState(
        tuple(units.ids),
        tuple(units.strings),
        soc,
        variance,
        clocks,
        basis.astype(np.int8),
        np.zeros(strings),
    )


def charge_state_day(
    jars_day: pl.DataFrame,
    strings_day: pl.DataFrame,
    jars: pl.DataFrame,
    soh_pct: Mapping[str, float] | np.ndarray,
    state: ChargeState | None = None,
) -> tuple[pl.DataFrame, ChargeState]:
    """SOC at each jar row of a day (ts, battery_id as they came, soc_pct Float32, soc_quality one of
    QUALITIES or NULL) and the state at its end.

    jars_day, strings_day: raw telemetry of one day sorted by (unit, ts). jars: battery_id, string_id,
    capacity_ah, all jars of each string. soh_pct: % per battery_id, or an array in the order of jars; unknown
    counts as 100. state: of the evening before, or None to start from these samples.

    Full is 72 h of float at setpoint, or 3 h of boost under 0.02 C; after 3 h and 24 h of rest the OCV weighs
    in by its variance. Gaps over 30 s (over 3 samples, where the string is sampled more slowly) are not
    counted: they widen the variance and appear in uncounted_s. A string without current for a whole day has
    NULL until float or rest says more. Raises ValueError on unsorted rows, a state of other jars, a current
    of the wrong sign and swapped columns.
    """
    units = Units.of(jars)
    if state is None:
        state = initial_charge_state(jars_day, strings_day, jars)
    if state.battery_id != tuple(units.ids) or state.strings != tuple(units.strings):
        raise ValueError(
            "the charge state is of other jars; next step: bring it to those that serve now "
            "(carried_charge_state), which starts a replaced jar anew"
        )
    rows, strings = StringSamples.of(strings_day, units), len(units.strings)
    begun = _begun(state, jars_day, strings_day, jars)
    soc, basis = begun.soc_pct.copy(), begun.basis.copy()
    variance = begun.variance + kernel.IDLE_VARIANCE_PER_DAY
    soc[_without_current(rows, strings)[units.string_of]] = np.nan
    clocks, uncounted = state.clocks.copy(), np.zeros(strings)
    gained, doubt, anchor = kernel.string_steps(
        rows.ts, rows.current, rows.volts, rows.mode, rows.runs.unit, rows.runs.start, rows.runs.stop,
        per_string(units.rated_ah, units.string_of, strings), rows.gap_us, clocks, uncounted,
    )  # fmt: skip
    volts, temps = numbers(jars_day, "voltage_v"), numbers(jars_day, "temperature_c")
    refuse_jars(volts, temps)
    capacity = units.rated_ah * _soh(soh_pct, units.ids) / 100.0
    jar_rows = spans(unit_runs(jars_day["battery_id"], units.ids), len(units.ids))
    values, quality = kernel.jar_soc(
        micros(jars_day["ts"]), volts, temps, *jar_rows, units.string_of, rows.ts, gained, doubt, anchor,
        *rows.span(strings), capacity, soc, variance, basis,
    )  # fmt: skip
    frame = jars_day.select(
        "ts", "battery_id", pl.Series("soc_pct", values, nan_to_null=True), _quality_words(quality)
    )
    after = replace(state, soc_pct=soc, variance=variance, clocks=clocks, basis=basis, uncounted_s=uncounted)
    return frame, after


def _begun(
    state: ChargeState, jars_day: pl.DataFrame, strings_day: pl.DataFrame, jars: pl.DataFrame
) -> ChargeState:
    """The state, with what the first samples say of the jars whose charge is not known."""
    unknown = np.isnan(state.soc_pct)
    if not unknown.any():
        return state
    new = initial_charge_state(jars_day, strings_day, jars)
    return replace(
        state,
        soc_pct=np.where(unknown, new.soc_pct, state.soc_pct),
        variance=np.where(unknown, new.variance, state.variance),
        basis=np.where(unknown, new.basis, state.basis),
    )


def _quality_words(codes: np.ndarray) -> pl.Series:
    """Codes as the words of QUALITIES, 0 as NULL, without a string per row."""
    physical = pl.Series("soc_quality", codes - np.uint8(1), dtype=pl.UInt8)  # 0 wraps to 255
    if (codes == kernel.UNKNOWN).any():
        physical = (
            pl.select(pl.when(physical < len(QUALITIES)).then(physical)).to_series().alias("soc_quality")
        )
    return physical.cat.to(_QUALITY)


def _without_current(rows: StringSamples, strings: int) -> np.ndarray:
    begin, end = rows.span(strings)
    return np.array([not np.isfinite(rows.current[a:b]).any() for a, b in zip(begin, end, strict=True)], bool)


def _first_shown(jars_day: pl.DataFrame, ids: list[str]) -> np.ndarray:
    """SOC that the first voltage of each jar would show as an open-circuit voltage; NaN without one."""
    volts, temps = numbers(jars_day, "voltage_v"), numbers(jars_day, "temperature_c")
    shown = np.full(len(ids), np.nan)
    runs = unit_runs(jars_day["battery_id"], ids)
    for jar, first, last in zip(runs.unit, runs.start, runs.stop, strict=True):
        places = np.flatnonzero(np.isfinite(volts[first : min(last, first + 1000)]))
        if len(places):
            row = first + places[0]
            shown[jar] = soc_from_open_circuit(float(volts[row]), float(temps[row]))
    return shown


def _soh(soh_pct: Mapping[str, float] | np.ndarray, ids: list[str]) -> np.ndarray:
    values = [soh_pct.get(jar) for jar in ids] if isinstance(soh_pct, Mapping) else soh_pct
    soh = np.array(values, float)
    return np.where(np.isfinite(soh) & (soh > 0), soh, 100.0)
