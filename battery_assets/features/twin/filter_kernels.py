"""The loops of the twin's extended Kalman filter: one pass over each jar's loaded samples.

State [SOC (0-1), v1 (V), depletion x, bias (V)], its covariance as a 4 × 4 matrix. The bias is what the model
is off by for hours: another maker's open-circuit voltage, another shape of the curve. It wanders about 0 as
widely as the jar's parameters say, so that a voltage which is off all day does not move the charge all day.
 Times are int64 microseconds, NaN is
a missing number, positive current charges. Tuning: SOURCES 6.
"""

import math

import numpy as np
from numba import njit

from battery_assets.features.charge import kernels as charge
from battery_assets.features.twin.jar_model import (
    CAPACITY_AH,
    CAPACITY_SD,
    OFFSET_SD,
    R0_OHM,
    R1_OHM,
    TAU1_S,
    depletion_pull,
    loaded_v,
)

# What a string sample is to the filter.
IMPOSED, LOADED, RESTING, CHARGING, FILLED = range(5)
SOC, FAST, DEPLETED, BIAS = range(4)
STATES = 4

SOC_NOISE, FAST_NOISE, DEPLETION_NOISE = 1e-10, 4e-6 / 30.0, 1e-8  # per second
VOLT_NOISE = 0.040**2  # model error of minutes, far over the sensor's 4 mV
# Share of R0 by which the drop of a current may be another than the model's: a step brings it in.
OHM_SHARE = 0.25
# Share of the depletion that a current holds up by which the jar's is another, over that of its capacity.
PULL_DOUBT = 3.0
BIAS_S = 12 * 3600.0  # a model that is off stays so for hours
EARLY_US, EARLY_FACTOR = 240_000_000, 10.0  # surface charge and coup de fouet
# Their means when a full jar leaves float; they vary by half and say nothing of the charge (SOURCES 1.6).
SURFACE_V, SURFACE_S = 0.10, 180.0
COUP_V, COUP_RISE_S, COUP_FALL_S, COUP_LEAST_C = 0.10, 120.0, 20.0, 0.1
REJECT_NIS = 9.0
STUCK_SAMPLES = 6
STEP_SHARE = 0.2
LEAST_STEP_C = 0.02
IDLE_PER_DAY = charge.IDLE_VARIANCE_PER_DAY * 1e-4
FULL_VARIANCE = (charge.FULL_SD * 0.01) ** 2
UNKNOWN_VARIANCE = 0.2**2
LEAST_VARIANCE = 1e-6  # a tenth of a point: nothing under load is known better
LARGEST_VARIANCE = 0.5**2  # a charge lies between empty and full, whatever a wrong current adds up to
SECOND_US = 1e6
LAST_US, LOAD_SINCE, LAST_SAMPLE_A, LIFT_V, DIP_V = range(5)
MEMORY = 5


@njit(cache=True, nogil=True)
def sample_kinds(ts, current, volts, anchor, unit, start, stop, rated_ah, gap_us, memory):
    """What each string sample is (int8), since when its string has been loaded (µs, −1 where it is not),
    whether voltages near it may be read, and the V by which leaving float lifts its jars' voltage. Updates
    `memory` (strings, 5)."""
    kind = np.zeros(len(ts), np.int8)
    since = np.full(len(ts), -1, np.int64)
    steady = np.ones(len(ts), np.bool_)
    lift = np.zeros(len(ts))
    for run in range(len(unit)):
        s = unit[run]
        for row in range(start[run], stop[run]):
            amps = current[row]
            if np.isnan(amps):
                kind[row], steady[row] = IMPOSED, False
                continue
            silent = memory[s, LAST_US] < 0 or ts[row] - memory[s, LAST_US] > gap_us[s]
            kind[row] = _kind(amps, volts[row], anchor[row])
            if kind[row] != LOADED and kind[row] != RESTING:
                memory[s, LOAD_SINCE] = -1.0
            elif memory[s, LOAD_SINCE] < 0 and kind[row] == LOADED:
                floated = row == start[run] or kind[row - 1] == IMPOSED or kind[row - 1] == FILLED
                # Between two samples it may have begun at any time; after a silence nothing is known.
                half = 0 if silent or row == start[run] else (ts[row] - ts[row - 1]) // 2
                memory[s, LOAD_SINCE] = ts[row] - half
                memory[s, LIFT_V] = SURFACE_V if floated else 0.0
                memory[s, DIP_V] = COUP_V if floated and amps <= -COUP_LEAST_C * rated_ah[s] else 0.0
            if memory[s, LOAD_SINCE] >= 0:
                lift[row] = leaving_float_v(
                    (ts[row] - memory[s, LOAD_SINCE]) / SECOND_US, memory[s, LIFT_V], memory[s, DIP_V]
                )
            since[row] = np.int64(memory[s, LOAD_SINCE])
            step = abs(amps - memory[s, LAST_SAMPLE_A])
            if silent or step > max(STEP_SHARE * abs(amps), LEAST_STEP_C * rated_ah[s]):
                # The clocks of jar and string differ by up to 2 s (SOURCES 8.5).
                steady[row] = False
                if row > start[run] and not silent:
                    steady[row - 1] = False
            memory[s, LAST_US], memory[s, LAST_SAMPLE_A] = ts[row], amps
    return kind, since, steady, lift


@njit(cache=True, nogil=True)
def leaving_float_v(seconds, surface_v, coup_v):
    """What is left of surface charge and coup de fouet some seconds after a load began."""
    dip = math.exp(-seconds / COUP_RISE_S) - math.exp(-seconds / COUP_FALL_S)
    return surface_v * math.exp(-seconds / SURFACE_S) - coup_v * dip


@njit(cache=True, nogil=True)
def _kind(amps, volts, anchor):
    if anchor == charge.FULL:
        return FILLED
    if amps <= -charge.FREEZE_A:
        return LOADED
    if amps >= charge.FREEZE_A:
        return CHARGING
    return RESTING if volts < charge.SETPOINT_V else IMPOSED


@njit(cache=True, nogil=True)
def filter_day(
    ts, volts, temps, first, last, string_of, string_ts, current, kind, since, steady, lift,
    string_first, string_last, half_us, gap_us, parameters, shared, x, cov, at_us, counts, soc_out,
):  # fmt: skip
    """Filter every jar through a day of its string's samples; x (J, 4), cov (J, 4, 4), at_us (J,) and counts
    (J, 3: read, rejected, stuck) are updated in place. soc_out: (jar rows,) filled where it is as long as ts.
    """
    for jar in range(len(x)):
        s, row = string_of[jar], first[jar]
        t, held, same = _first_known(temps, first[jar], last[jar]), np.nan, 0
        before = np.nan
        for k in range(string_first[s], string_last[s]):
            what = kind[k]
            previous = kind[k - 1] if k > string_first[s] else IMPOSED
            following = kind[k + 1] if k + 1 < string_last[s] else LOADED
            # Within a float or a full stretch nothing is seen: its last sample jumps over all of it.
            if what in (IMPOSED, FILLED) and previous == what and following == what:
                continue
            amps = current[k]
            _advance(string_ts[k], amps, before, what, t, gap_us[s], parameters[jar], shared, x[jar],
                     cov[jar], at_us, jar)  # fmt: skip
            before = amps if not np.isnan(amps) else before
            if what == FILLED:
                _fill(x[jar], cov[jar])
                continue
            if what != LOADED and what != RESTING:
                continue
            while row < last[jar] and ts[row] <= string_ts[k] - half_us[s]:
                row += 1
            if row >= last[jar] or ts[row] > string_ts[k] + half_us[s]:
                continue
            t = temps[row] if not np.isnan(temps[row]) else t
            v = volts[row]
            same = same + 1 if v == held else 0
            held = v
            if same >= STUCK_SAMPLES and what == LOADED:
                counts[jar, 2] += 1
            elif steady[k] and not np.isnan(v) and since[k] >= 0:
                early = string_ts[k] - since[k] < EARLY_US
                noise = VOLT_NOISE * (EARLY_FACTOR if early else 1.0)
                counts[jar, 0] += 1
                if not _update(v - lift[k], -amps, t, noise, parameters[jar], shared, x[jar], cov[jar]):
                    counts[jar, 1] += 1
            if len(soc_out) == len(ts):
                soc_out[row] = x[jar, SOC]


@njit(cache=True, nogil=True)
def _first_known(temps, first, last):
    for row in range(first, last):
        if not np.isnan(temps[row]):
            return float(temps[row])
    return 25.0


@njit(cache=True, nogil=True)
def _advance(now, amps, before, kind, temperature_c, gap_us, p, shared, x, cov, at_us, jar):
    """Prediction from the last sample to this one: exact for a current that changes in a straight line."""
    pause = now - at_us[jar]
    begun = at_us[jar] >= 0
    at_us[jar] = now
    if not begun or pause <= 0:
        return
    dt = pause / SECOND_US
    if kind in (IMPOSED, FILLED) or np.isnan(amps):
        # Float current and Hall offset are no charge; what was counted up to here stands.
        mean = 0.0
    elif pause > gap_us or np.isnan(before):
        if kind in (LOADED, CHARGING):
            missed = amps * dt / 3600.0 / p[CAPACITY_AH]
            cov[SOC, SOC] += missed * missed
        mean = 0.0
    else:
        mean = 0.5 * (_counted(amps) + _counted(before))
        step_v = OHM_SHARE * p[R0_OHM] * (_counted(amps) - _counted(before))
        cov[BIAS, BIAS] += step_v * step_v
    predict(-mean, dt, temperature_c, p, shared, x, cov)
    if mean == 0.0:
        cov[SOC, SOC] += IDLE_PER_DAY * dt / 86_400.0
    _bound(cov)


@njit(cache=True, nogil=True)
def _bound(cov):
    """Keep the variance of the charge within what a share of 0 to 1 can have, correlations as they are."""
    if cov[SOC, SOC] <= LARGEST_VARIANCE:
        return
    share = math.sqrt(LARGEST_VARIANCE / cov[SOC, SOC])
    cov[SOC, SOC] = LARGEST_VARIANCE
    for j in range(1, STATES):
        cov[SOC, j] *= share
        cov[j, SOC] *= share


@njit(cache=True, nogil=True)
def _counted(amps):
    return amps if abs(amps) >= charge.FREEZE_A else 0.0


@njit(cache=True, nogil=True)
def predict(drawn, dt, temperature_c, p, shared, x, cov):
    """Move state and covariance by dt seconds at a current in A that is positive on discharge."""
    keep_fast, keep_slow = math.exp(-dt / p[TAU1_S]), math.exp(-dt / shared.diffusion_s)
    pull, slope = depletion_pull(p, shared, drawn, x[SOC], temperature_c)
    moved = drawn * dt / 3600.0 / p[CAPACITY_AH]
    x[SOC] = min(max(x[SOC] - (moved if drawn > 0 else moved * charge.CHARGE_EFFICIENCY), 0.0), 1.0)
    x[FAST] = keep_fast * x[FAST] + (1.0 - keep_fast) * p[R1_OHM] * drawn
    x[DEPLETED] = keep_slow * x[DEPLETED] + (1.0 - keep_slow) * pull
    f20 = (1.0 - keep_slow) * slope
    keep_bias = math.exp(-dt / BIAS_S)
    a, b, c, o = cov[0, 0], cov[0, 1], cov[0, 2], cov[0, 3]
    d, e, f = cov[1, 1], cov[1, 2], cov[2, 2]
    # A stale capacity is wrong the same way at every step: deviations add, not variances.
    grown = math.sqrt(max(a, 0.0)) + p[CAPACITY_SD] * abs(moved)
    cov[0, 0] = grown * grown + (SOC_NOISE * dt if drawn != 0.0 else 0.0)
    cov[0, 1] = cov[1, 0] = keep_fast * b
    cov[0, 2] = cov[2, 0] = keep_slow * c + f20 * a
    cov[0, 3] = cov[3, 0] = keep_bias * o
    cov[1, 3] = cov[3, 1] = keep_bias * keep_fast * cov[1, 3]
    cov[2, 3] = cov[3, 2] = keep_bias * (keep_slow * cov[2, 3] + f20 * o)
    cov[1, 1] = keep_fast**2 * d + _noise(FAST_NOISE, p[TAU1_S], keep_fast)
    cov[1, 2] = cov[2, 1] = keep_fast * (keep_slow * e + f20 * b)
    slow = keep_slow * math.sqrt(max(f, 0.0)) + (1.0 - keep_slow) * PULL_DOUBT * p[CAPACITY_SD] * pull
    cov[2, 2] = slow * slow + 2 * keep_slow * f20 * c + f20**2 * a
    cov[2, 2] += _noise(DEPLETION_NOISE, shared.diffusion_s, keep_slow)
    x[BIAS] *= keep_bias
    cov[3, 3] = keep_bias**2 * cov[3, 3] + (1.0 - keep_bias**2) * p[OFFSET_SD] ** 2


@njit(cache=True, nogil=True)
def _noise(rate, tau, keep):
    """Variance that noise of a rate leaves after a time in a state that forgets with tau."""
    return rate * 0.5 * tau * (1.0 - keep**2)


@njit(cache=True, nogil=True)
def _fill(x, cov):
    x[SOC], x[FAST], x[DEPLETED] = 1.0, 0.0, 0.0
    cov[0, 0] = FULL_VARIANCE
    for j in range(1, STATES):
        cov[0, j] = cov[j, 0] = 0.0


@njit(cache=True, nogil=True)
def _update(v, drawn, temperature_c, noise, p, shared, x, cov):
    """Take in a voltage; False where it is too far from what is expected to be believed."""
    expected, h0, h2 = loaded_v(p, shared, drawn, x[SOC], x[FAST], x[DEPLETED], temperature_c)
    g0 = cov[0, 0] * h0 - cov[0, 1] + cov[0, 2] * h2 + cov[0, 3]
    g1 = cov[1, 0] * h0 - cov[1, 1] + cov[1, 2] * h2 + cov[1, 3]
    g2 = cov[2, 0] * h0 - cov[2, 1] + cov[2, 2] * h2 + cov[2, 3]
    g3 = cov[3, 0] * h0 - cov[3, 1] + cov[3, 2] * h2 + cov[3, 3]
    spread = h0 * g0 - g1 + h2 * g2 + g3 + noise
    off = v - expected - x[BIAS]
    if not off * off <= REJECT_NIS * spread:
        return False
    x[SOC] = min(max(x[SOC] + g0 / spread * off, 0.0), 1.0)
    x[FAST] += g1 / spread * off
    x[DEPLETED] += g2 / spread * off
    x[BIAS] += g3 / spread * off
    cov[0, 0] = max(cov[0, 0] - g0 * g0 / spread, LEAST_VARIANCE)
    cov[1, 1] -= g1 * g1 / spread
    cov[2, 2] -= g2 * g2 / spread
    cov[3, 3] -= g3 * g3 / spread
    cov[0, 1] = cov[1, 0] = cov[0, 1] - g0 * g1 / spread
    cov[0, 2] = cov[2, 0] = cov[0, 2] - g0 * g2 / spread
    cov[0, 3] = cov[3, 0] = cov[0, 3] - g0 * g3 / spread
    cov[1, 2] = cov[2, 1] = cov[1, 2] - g1 * g2 / spread
    cov[1, 3] = cov[3, 1] = cov[1, 3] - g1 * g3 / spread
    cov[2, 3] = cov[3, 2] = cov[2, 3] - g2 * g3 / spread
    return True
