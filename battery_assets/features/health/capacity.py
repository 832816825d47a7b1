"""What a discharge test measured, and what it says of the string."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from battery_assets import tables as t
from battery_assets.features.samples.blocks import SIX
from battery_assets.features.samples.rated_capacity import rated_ah_at
from battery_assets.features.samples.temperature import capacity_at_25c
from battery_assets.tables.projections import polars_schema

PASS_PCT = 90.0
FAIL_PCT = 80.0
_SCHEMA = polars_schema(t.capacity_test_calc)


def capacity_results(
    tests: pl.DataFrame,
    rated_ah: Mapping[str, float],
    jars_per_string: Mapping[str, int],
    captures: Mapping[str, pl.DataFrame] | None = None,
    cells: Mapping[str, float] | None = None,
) -> pl.DataFrame:
    """Rows of capacity_test_calc for rows of capacity_test_raw.

    rated_ah: rated C10 Ah per string_id. jars_per_string: to read cutoff_voltage_v per cell. captures: frame
    of a test_id as integrated_capacity_ah takes it, voltage of the string. cells: of a jar, by string_id,
    where they are not six.

    measured_capacity_ah is the integral where a capture exists, else |rate| · duration, as drawn: it is not
    corrected. capacity_pct_of_rated is brought to 25 °C (`capacity_factor`, by the ambient temperature, the
    only one there is) and set against the rating at the test's own current and end voltage (SOURCES 1.4), so
    that a fast test of a new string shows 100 %, not 65. pass from 90 %, marginal over 80 % (still
    serviceable, but to be tested every year), fail from there down (IEEE 1188 practice, SOURCES 5).
    The last two are NULL for partial_discharge and for a capture that ended above the cut-off voltage (the
    end was not reached, so the capacity is only known to be larger), and where the rating is unknown. All are
    NULL for impedance_sweep and for a test without current or duration.
    """
    captures = captures or {}
    in_string = {
        string: jars * (cells or {}).get(string, SIX) for string, jars in jars_per_string.items() if jars
    }
    rows = [_result(test, rated_ah, in_string, captures.get(test["test_id"])) for test in tests.to_dicts()]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def _result(
    test: dict,
    rated_ah: Mapping[str, float],
    cells_in_string: Mapping[str, float],
    capture: pl.DataFrame | None,
) -> tuple[str, float | None, float | None, str | None]:
    if test["test_type"] == "impedance_sweep":
        return test["test_id"], None, None, None
    measured, hours = _measured(test, capture)
    rated = rated_ah.get(test["string_id"])
    complete = test["test_type"] == "full_discharge" and (capture is None or _reached_end(test, capture))
    if measured is None or not complete or not rated:
        return test["test_id"], measured, None, None
    cells = cells_in_string.get(test["string_id"])
    cutoff = test["cutoff_voltage_v"]
    per_cell = cutoff / cells if cutoff is not None and cells else np.nan
    # A cut-off that no lead-acid cell is taken to says nothing about the rating's end voltage.
    per_cell = per_cell if 1.5 <= per_cell <= 2.0 else np.nan
    warm = test["ambient_temp_c"] if test["ambient_temp_c"] is not None else np.nan
    percent = capacity_at_25c(measured, warm, hours) / rated_ah_at(measured / hours, rated, per_cell) * 100.0
    return test["test_id"], measured, min(percent, 999.99), _verdict(percent)


def _verdict(percent: float) -> str:
    if percent >= PASS_PCT:
        return "pass"
    return "marginal" if round(percent, 2) > FAIL_PCT else "fail"


def _measured(test: dict, capture: pl.DataFrame | None) -> tuple[float | None, float]:
    """Ah drawn and hours that it took."""
    if capture is not None:
        hours, drawn, _ = _discharge(capture)
        return _drawn_ah(hours, drawn), float(hours[drawn > 0][-1] - hours[drawn > 0][0])
    rate, minutes = test["discharge_rate_a"], test["discharge_duration_min"]
    if not rate or not minutes:
        return None, 0.0
    return abs(rate) * minutes / 60.0, minutes / 60.0


def _reached_end(test: dict, capture: pl.DataFrame) -> bool:
    _, drawn, volts = _discharge(capture)
    cutoff = test["cutoff_voltage_v"]
    return cutoff is None or float(np.nanmin(volts[drawn > 0])) <= cutoff * 1.01


def integrated_capacity_ah(capture: pl.DataFrame) -> float:
    """Ah that a discharge gave, positive: the trapezoid of the current over its discharging part.

    capture: ts or elapsed_s, current_a, voltage_v, in any sign convention: of the two signs of current, the
    one under which the voltage falls is the discharge. Currents under 1 % of the largest are rest. A pause in
    the record is bridged. Raises ValueError where no part of the record discharges.
    """
    hours, drawn, _ = _discharge(capture)
    return _drawn_ah(hours, drawn)


def _discharge(capture: pl.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hours, discharge current in A (0 where it does not discharge) and V of a capture."""
    measured = capture.drop_nulls(["current_a", "voltage_v"])
    if "elapsed_s" in measured.columns:
        hours = measured["elapsed_s"].cast(pl.Float64).to_numpy() / 3600.0
    else:
        hours = measured["ts"].dt.epoch("us").to_numpy() / 3.6e9
    current, volts = (measured[name].cast(pl.Float64).to_numpy() for name in ("current_a", "voltage_v"))
    if np.any(np.diff(hours) < 0):
        raise ValueError("the capture is not in order of time")
    floor = 0.01 * float(np.abs(current).max(initial=0.0))
    parts = [np.where(sign * current > floor, sign * current, 0.0) for sign in (-1.0, 1.0)]
    falls = [_voltage_per_ah(hours, part, volts) for part in parts]
    best = int(np.nanargmin([np.nan_to_num(fall, nan=np.inf) for fall in falls]))
    if not falls[best] < 0:
        raise ValueError("no discharge in the capture: its voltage falls under neither sign of the current")
    return hours, parts[best], volts


def _drawn_ah(hours: np.ndarray, drawn: np.ndarray) -> float:
    """Trapezoid of the discharge current; a hole in the record counts if it discharges on both sides."""
    step = np.diff(hours)
    inside = (drawn[1:] > 0) & (drawn[:-1] > 0)
    whole = inside | (step <= 3 * np.median(step))
    return float(np.sum(0.5 * (drawn[1:] + drawn[:-1]) * step * whole))


def _voltage_per_ah(hours: np.ndarray, part: np.ndarray, volts: np.ndarray) -> float:
    """Slope of the voltage over the charge that one sign of the current moved, V/Ah; NaN without any."""
    on = part > 0
    if np.count_nonzero(on) < 3:
        return np.nan
    moved = np.concatenate([[0.0], np.cumsum(0.5 * (part[1:] + part[:-1]) * np.diff(hours))])[on]
    centred = moved - moved.mean()
    return float(centred @ volts[on] / (centred @ centred)) if centred.any() else np.nan
