"""The twin's state from day to day: charge, polarisation and acid depletion of every jar, with covariance.

An extended Kalman filter that reads the jar voltages while a string is loaded or rests. While it charges, the
charge is counted; on float the charger imposes the voltage and nothing of the charge can be seen: such
stretches are jumped over in closed form, and the variance grows by 0.15 points² a day (SOURCES 6).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from battery_assets.features.charge import kernels as charge
from battery_assets.features.charge.state import initial_charge_state
from battery_assets.features.samples.day_grid import per_string
from battery_assets.features.samples.plausible import refuse_jars
from battery_assets.features.samples.runs import micros, numbers, unit_runs
from battery_assets.features.samples.strings import StringSamples, Units, spans, zero_current_a
from battery_assets.features.twin import filter_kernels as kernel
from battery_assets.features.twin.jar_model import PRODUCT_SD_V, SHARED, TwinParameters

MODEL_SD = 0.015  # of SOC: 30 mV of model error that lasts, half of it seen (SOURCES 6), over 1.1 V per unit


@dataclass(frozen=True)
class TwinState:
    """Of J jars on S strings at an instant; state in, state out.

    x (J, 4): SOC 0-1, fast polarisation in V, acid depletion, bias in V. cov (J, 4, 4). at_us (J,): the last
    sample taken in, −1 before the first. counts (J, 3): voltages read, rejected, stuck. anchors (S, 6) and
    loads (S, 5): clocks of the strings, see charge_kernels and filter_kernels. zero_a (S,): what their
    current sensors show at no current.
    """

    battery_id: tuple[str, ...]
    strings: tuple[str, ...]
    x: np.ndarray
    cov: np.ndarray
    at_us: np.ndarray
    counts: np.ndarray
    anchors: np.ndarray
    loads: np.ndarray
    zero_a: np.ndarray

    def frame(self) -> pl.DataFrame:
        """battery_id, soc_pct, soc_std_pct (with the model's lasting error), one row per jar."""
        sd = 100.0 * np.hypot(np.sqrt(self.cov[:, 0, 0]), MODEL_SD)
        columns = {"battery_id": list(self.battery_id), "soc_pct": 100.0 * self.x[:, 0], "soc_std_pct": sd}
        return pl.DataFrame(columns, schema_overrides={"battery_id": pl.String})


def initial_twin_state(jars_day: pl.DataFrame, strings_day: pl.DataFrame, jars: pl.DataFrame) -> TwinState:
    """The state before a first day: full (sd 2 points) on float, else what the first voltage shows (20)."""
    units = Units.of(jars)
    begun = initial_charge_state(jars_day, strings_day, jars)
    usable = np.isfinite(begun.soc_pct) & (begun.variance <= 5.0**2)
    x = np.zeros((len(units.ids), kernel.STATES))
    x[:, kernel.SOC] = np.nan_to_num(begun.soc_pct, nan=100.0) / 100.0
    cov = np.zeros((len(units.ids), kernel.STATES, kernel.STATES))
    cov[:, 0, 0] = np.where(usable, 0.02**2, kernel.UNKNOWN_VARIANCE)
    # How wide the bias may be is the jar's, not the state's: the filter brings it in at its first step.
    cov[:, kernel.BIAS, kernel.BIAS] = PRODUCT_SD_V**2
    strings = len(units.strings)
    return TwinState(
        tuple(units.ids), tuple(units.strings), x, cov, np.full(len(x), -1, np.int64),
        np.zeros((len(x), 3), np.int64), np.full((strings, charge.STRING_MEMORY), -1.0),
        np.full((strings, kernel.MEMORY), -1.0), np.zeros(strings),
    )  # fmt: skip


def twin_day(
    jars_day: pl.DataFrame,
    strings_day: pl.DataFrame,
    jars: pl.DataFrame,
    parameters: TwinParameters,
    state: TwinState | None = None,
) -> TwinState:
    """The state at the end of a day from that of the evening before.

    jars_day, strings_day: raw telemetry sorted by (unit, ts); jars_day may be empty on a day without load.
    jars: battery_id, string_id, capacity_ah. parameters: of the same jars in the same order. state: None
    starts with `initial_twin_state`.

    Raises ValueError on unsorted rows, or parameters or a state of other jars.
    """
    return filtered_day(jars_day, strings_day, jars, parameters, state)[1]


def filtered_day(
    jars_day: pl.DataFrame,
    strings_day: pl.DataFrame,
    jars: pl.DataFrame,
    parameters: TwinParameters,
    state: TwinState | None = None,
) -> tuple[np.ndarray, TwinState]:
    """As `twin_day`, and the SOC (0-1) at each jar row that was read under load or at rest, NaN elsewhere."""
    units = Units.of(jars)
    if state is None:
        state = initial_twin_state(jars_day, strings_day, jars)
    for what, ids in (("state", state.battery_id), ("parameter set", parameters.battery_id)):
        if ids != tuple(units.ids):
            raise ValueError(
                f"the twin's {what} is of other jars: {_apart(ids, units.ids)}; next step: bring it to the "
                "jars that serve now (twin_carry.restored and carried), which starts a replaced jar anew"
            )
    rows = StringSamples.of(strings_day, units)
    rated = per_string(units.rated_ah, units.string_of, len(units.strings))
    after = replace(
        state, x=state.x.copy(), cov=state.cov.copy(), at_us=state.at_us.copy(), counts=state.counts.copy(),
        anchors=state.anchors.copy(), loads=state.loads.copy(),
        zero_a=state.zero_a.copy(),
    )  # fmt: skip
    runs = rows.runs.unit, rows.runs.start, rows.runs.stop
    _, _, anchor = charge.string_steps(
        rows.ts, rows.current, rows.volts, rows.mode, *runs, rated, rows.gap_us, after.anchors,
        np.zeros(len(units.strings)),
    )  # fmt: skip
    current = _corrected(rows, after.zero_a)
    kind, since, steady, lift = kernel.sample_kinds(
        rows.ts, current, rows.volts, anchor, *runs, rated, rows.gap_us, after.loads
    )
    ts = micros(jars_day["ts"])
    volts, temps = (numbers(jars_day, name).astype(np.float32) for name in ("voltage_v", "temperature_c"))
    refuse_jars(volts, temps)
    soc = np.full(len(ts), np.nan)
    first, last = spans(unit_runs(jars_day["battery_id"], units.ids), len(units.ids))
    begin, end = rows.span(len(units.strings))
    kernel.filter_day(
        ts, volts, temps, first, last, units.string_of, rows.ts, current, kind, since, steady, lift, begin,
        end, 0.5 * rows.step_us, rows.gap_us, parameters.values, SHARED, after.x, after.cov, after.at_us,
        after.counts, soc,
    )  # fmt: skip
    return soc, after


def _apart(ids: Sequence[str], wanted: Sequence[str]) -> str:
    """Which jars only one side has, the first few of them."""
    gone, new = sorted(set(ids) - set(wanted))[:3], sorted(set(wanted) - set(ids))[:3]
    return f"gone {gone}, new {new}" if gone or new else "the same ones in another order"


def _corrected(rows: StringSamples, zero_a: np.ndarray) -> np.ndarray:
    """The current without what its sensor shows at none; zero_a (S,) is brought up to date."""
    current = rows.current.copy()
    for s, first, last in zip(rows.runs.unit, rows.runs.start, rows.runs.stop, strict=True):
        mine = slice(first, last)
        floats = rows.volts[mine] >= charge.SETPOINT_V
        zero_a[s] = zero_current_a(current[mine], floats, rows.step_us[s], zero_a[s])
        current[mine] -= zero_a[s]
    return current
