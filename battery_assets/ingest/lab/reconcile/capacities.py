"""Counters held against the integral of the current, and everything against the cell's nominal capacity."""

from collections import Counter
from typing import cast

import numpy as np
import polars as pl

from battery_assets.ingest.lab.reconcile.integrals import Flow, Moved, in_and_out, intervals
from battery_assets.ingest.lab.refusal import LabFileRefused

# Limits of plausibility, not of health: SOURCES 10.
_WRONG_SHARE = 0.10
_TOLD_SHARE = 0.02
_POWERS = (1e-6, 1e-3, 1 / 3600, 1 / 60, 60.0, 3600.0, 1e3, 1e6)
_HIGHEST_CELL_V = 1_000.0
_MOST_C, _LEAST_C = 100.0, 1 / 2_000
_HOTTEST_C = 200.0
# Symmetric cells stay near 0 V, full cells do not: told, not refused.
_LOW_V = 0.2
_LEAST_COUNTED = 1e-6
_OFFSET_A = 1e-5
# Of nominal: so much has to come back before a swing is over.
_TURNS_AT = 0.1


def check(
    points: pl.DataFrame,
    flow: Flow,
    nominal_ah: float | None,
    net_ah: float | None,
    resolution_a: float,
    notes: Counter,
) -> None:
    """`flow`: by current and time alone; `net_ah`: what a net counter beside the others moved;
    `resolution_a`: the least current that the file can write, 0 where it writes floats.

    Raises LabFileRefused: CAPACITY, SCALE, SIGN."""
    _voltage_and_temperature(points)
    charge, discharge = in_and_out(flow.ah, flow)
    if nominal_ah is not None:
        _nominal(points, flow, nominal_ah)
    slack = _slack_ah(points, resolution_a)
    counted = {name: _last(points, f"{name}_ah") for name in ("charge", "discharge")}
    largest = max(charge.ah, discharge.ah, *(value or 0.0 for value in counted.values()))
    _swapped(counted, charge, discharge, slack)
    for name, integral in (("charge", charge), ("discharge", discharge)):
        if (counter := counted[name]) is not None:
            _counter(name, counter, integral, largest, slack, notes)
    _energy(points, notes)
    if net_ah is not None and None not in counted.values():
        _net(net_ah, counted["charge"] - counted["discharge"], _WRONG_SHARE * largest + slack)  # type: ignore[operator]


def _last(points: pl.DataFrame, name: str) -> float | None:
    return None if not points.height or points[name][-1] is None else float(points[name][-1])


def _slack_ah(points: pl.DataFrame, resolution_a: float) -> float:
    """Charge that a current below what the file can write may move unseen, Ah; currents of a few
    microamperes are within any cycler's offset."""
    current = np.abs(points["current_a"].to_numpy())
    if not len(current):
        return 0.0
    if float(current.max()) <= _OFFSET_A:
        return _OFFSET_A * float(points["test_time_s"][-1] - points["test_time_s"][0]) / 3600
    return resolution_a * float(intervals(points)[current > 0].sum()) if resolution_a else 0.0


def _outside(counted: float, integral: Moved) -> float:
    """How far a counter lies outside what the samples allow, Ah."""
    return max(0.0, integral.least_ah - counted, counted - integral.most_ah)


def _counter(
    name: str, counted: float, integral: Moved, largest: float, slack: float, notes: Counter
) -> None:
    apart = _outside(counted, integral)
    size = max(counted, integral.ah)
    if apart <= _TOLD_SHARE * size:
        return
    words = f"{counted:.6g} Ah in the {name} counter and {abs(integral.ah):.6g} Ah by current and time"
    if apart <= max(_WRONG_SHARE * largest, slack):
        why = f"; the current's resolution alone explains {slack:.2g} Ah" if apart <= slack else ""
        notes[f"{words}: more apart than the samples allow{why}"] += 1
        return
    ratio = counted / integral.ah if integral.ah else float("inf")
    power = next((p for p in _POWERS if abs(ratio / p - 1) < 0.2), None)
    if power:
        raise LabFileRefused(
            "SCALE",
            found=f"{words}: {power:g} times as much",
            expected="the same",
            next_step="correct the unit of the current, the capacity or the time in the headings (mA and A, "
            "mAh and Ah, ms, min or h and s), and read again",
        )
    raise LabFileRefused(
        "CAPACITY",
        found=words,
        expected=f"{integral.least_ah:.6g} to {integral.most_ah:.6g} Ah, as the samples allow",
        next_step="look for lost rows, and for a counter that counts something else (per gram, per cycle)",
    )


def _swapped(counted: dict, charge: Moved, discharge: Moved, slack: float) -> None:
    if None in counted.values():
        return
    limit = _WRONG_SHARE * max(counted["charge"], counted["discharge"]) + slack
    straight = max(_outside(counted["charge"], charge), _outside(counted["discharge"], discharge))
    crossed = max(_outside(counted["charge"], discharge), _outside(counted["discharge"], charge))
    if straight > limit and crossed <= limit:
        raise LabFileRefused(
            "SIGN",
            found="a charge counter that grows while the current is negative, and the other way round",
            expected="positive current charges",
            next_step="the headings of charge and discharge are exchanged, or the current's sign is: "
            "correct the "
            "headings, or say it: --current-sign 'positive discharges'",
        )


def _energy(points: pl.DataFrame, notes: Counter) -> None:
    """Energy over charge is a mean voltage: it lies between the lowest and the highest of the file."""
    low, high = float(points["voltage_v"].min()), float(points["voltage_v"].max())  # type: ignore[arg-type]
    for name in ("charge", "discharge"):
        charge, energy = _last(points, f"{name}_ah"), _last(points, f"{name}_wh")
        if not charge or not energy or charge < _LEAST_COUNTED * max(abs(energy), charge):
            continue
        volts = energy / charge
        if low > 0 and not low / 2 <= volts <= 2 * high:
            raise LabFileRefused(
                "SCALE",
                found=f"{energy:.6g} Wh for {charge:.6g} Ah in the {name} counters: {volts:.4g} V on average",
                expected=f"a voltage of the file, {low:.4g} to {high:.4g} V",
                next_step="correct the unit of voltage, capacity or energy in the headings, and read again",
            )
    if high < _LOW_V:
        notes[f"the voltage stays below {_LOW_V:g} V: check that its unit is the named one"] += 1


def _net(net_ah: float, difference: float, limit: float) -> None:
    if abs(net_ah - difference) > limit + 1e-9:
        raise LabFileRefused(
            "CAPACITY",
            found=f"a net capacity of {net_ah:.6g} Ah beside {difference:.6g} Ah of charge less discharge",
            expected="the same",
            next_step="the net and the cumulative column are probably exchanged: correct their headings",
        )


def _nominal(points: pl.DataFrame, flow: Flow, nominal_ah: float) -> None:
    largest = float(points["current_a"].abs().max() or 0.0)  # type: ignore[arg-type]
    sure = _largest_swing(flow, _TURNS_AT * nominal_ah)
    net = np.cumsum(np.where(np.isfinite(flow.open_ah), flow.ah, 0.0))
    swing = float(np.ptp(net)) if net.size else 0.0
    rate = largest / nominal_ah
    if rate > _MOST_C or (largest and rate < _LEAST_C) or sure > 3 * nominal_ah:
        raise LabFileRefused(
            "SCALE",
            found=f"a current of at most {largest:g} A ({rate:g} C) and a swing of {swing:.4g} Ah",
            expected=f"what a cell of {nominal_ah:g} Ah can do: {_LEAST_C:g} to {_MOST_C:g} C, at "
            "most 3 times its capacity",
            next_step="check the units of current (mA or A) and time, "
            "or the nominal capacity: --nominal-ah 2.5",
        )


def _largest_swing(flow: Flow, turn_ah: float) -> float:
    """The largest charge (Ah) that went one way before `turn_ah` came back, less what its samples leave open.

    Over many cycles the errors of an integral add up, and so does charge that a cell does not give back: a
    swing is held against one charge or discharge. It begins anew where nobody knows what flowed between.
    """
    moved_ah = np.where(np.isfinite(flow.open_ah), flow.ah, 0.0)
    sign = np.sign(moved_ah)
    begins = np.flatnonzero(np.diff(sign, prepend=0.0) != 0)
    begins = np.union1d(begins, np.flatnonzero(~np.isfinite(flow.open_ah)))
    if not begins.size:
        return 0.0
    moved, unsure = (np.add.reduceat(values, begins) for values in (moved_ah, flow.unsure_ah))
    broken = ~np.isfinite(flow.open_ah[begins])
    # `start` is the last turning point, `top` the furthest since, both seen in the direction of `way`.
    largest = at = start = top = error = 0.0
    way = 1.0
    for ah, off, anew in zip(moved.tolist(), unsure.tolist(), broken.tolist(), strict=True):
        if anew:
            at = start = top = error = 0.0
        at, error = at + ah, error + off
        if way * (at - top) > 0:
            top = at
        elif way * (top - at) >= turn_ah:
            way, start, top, error = -way, top, at, off
        largest = max(largest, abs(top - start) - error)
    return largest


def _voltage_and_temperature(points: pl.DataFrame) -> None:
    volts = float(points["voltage_v"].abs().median() or 0.0)  # type: ignore[arg-type]
    if volts > _HIGHEST_CELL_V:
        raise LabFileRefused(
            "SCALE",
            found=f"a median voltage of {volts:g} V",
            expected=f"at most {_HIGHEST_CELL_V:g} V",
            next_step="the numbers are probably millivolts: correct the heading, or declare the column: "
            "--column 'its heading=voltage_v:mV'",
        )
    warm = cast(float | None, points["temperature_c"].median())
    if warm is not None and warm > _HOTTEST_C:
        raise LabFileRefused(
            "SCALE",
            found=f"a median temperature of {warm:g} °C",
            expected=f"at most {_HOTTEST_C:g} °C",
            next_step="the numbers are probably kelvin: correct the heading, or declare the column: "
            "--column 'its heading=temperature_c:K'",
        )
