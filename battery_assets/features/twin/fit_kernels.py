"""The loops behind the identification of a jar: its voltage through a discharge, and the most likely jar.

A jar is told from the prior one by eight numbers: logarithms of acid, ohmic resistance, depletion, exchange
current and acid volume per Ah against the prior, the offset of the open-circuit voltage in V, and the surface
charge and coup de fouet in V with which it leaves float.
"""

import math

import numpy as np
from numba import njit

from battery_assets.features.twin.filter_kernels import DEPLETED, FAST, SOC, leaving_float_v
from battery_assets.features.twin.jar_model import (
    ACID_AH,
    CAPACITY_AH,
    DEPLETION,
    EXCHANGE_A,
    OFFSET_V,
    R0_OHM,
    R1_OHM,
    TAU1_S,
    VOLUME,
    depletion_pull,
    loaded_v,
)

LN_ACID, LN_OHM, OFFSET, LN_DEPLETION, LN_EXCHANGE, SURFACE_V, COUP_V, LN_VOLUME = range(8)
UNKNOWNS = 8
ITERATIONS, LARGEST_STEP = 60, 0.1
STEP, C10_STEP = 1e-3, 1e-2
STARTS = (-0.8, -0.6, -0.45, -0.35, -0.25, -0.15, -0.05, 0.05, 0.15)  # of ln acid
TEN_HOUR_C, TEN_HOUR_V, TEN_HOUR_STEP_S = 0.1, 10.8, 120.0


@njit(cache=True, nogil=True)
def jar_of(prior, theta, p):
    """Write into p the parameters of the jar that theta tells from the prior one."""
    p[:] = prior
    p[ACID_AH] = prior[ACID_AH] * math.exp(theta[LN_ACID])
    p[R0_OHM] = prior[R0_OHM] * math.exp(theta[LN_OHM])
    # What a current depletes is spread over the acid there is.
    p[DEPLETION] = prior[DEPLETION] * math.exp(theta[LN_DEPLETION] - theta[LN_ACID])
    p[EXCHANGE_A] = prior[EXCHANGE_A] * math.exp(theta[LN_EXCHANGE])
    p[OFFSET_V] = prior[OFFSET_V] + theta[OFFSET]
    p[VOLUME] = prior[VOLUME] * math.exp(theta[LN_VOLUME])


@njit(cache=True, nogil=True)
def step_jar(p, shared, drawn, dt, temperature_c, x):
    """Move [SOC, v1, depletion] by dt seconds at a current; SOC may fall under 0 here."""
    pull, _ = depletion_pull(p, shared, drawn, x[SOC], temperature_c)
    keep_fast, keep_slow = math.exp(-dt / p[TAU1_S]), math.exp(-dt / shared.diffusion_s)
    x[SOC] -= drawn * dt / 3600.0 / p[CAPACITY_AH]
    x[FAST] = keep_fast * x[FAST] + (1.0 - keep_fast) * p[R1_OHM] * drawn
    x[DEPLETED] = keep_slow * x[DEPLETED] + (1.0 - keep_slow) * pull


@njit(cache=True, nogil=True)
def window_volts(p, shared, seconds, drawn, temps, surface_v, coup_v, out):
    """Voltages of a jar that leaves float full at second 0 of each window; where time falls a new one begins.

    Up to a window's first sample its current counts as that of the sample.
    """
    x = np.zeros(3)
    for k in range(len(seconds)):
        if k == 0 or seconds[k] < seconds[k - 1]:
            x[SOC], x[FAST], x[DEPLETED] = 1.0, 0.0, 0.0
            step_jar(p, shared, drawn[k], max(seconds[k], 0.0), temps[k], x)
        else:
            step_jar(p, shared, 0.5 * (drawn[k] + drawn[k - 1]), seconds[k] - seconds[k - 1], temps[k], x)
        volts, _, _ = loaded_v(p, shared, drawn[k], x[SOC], x[FAST], x[DEPLETED], temps[k])
        out[k] = volts + leaving_float_v(seconds[k], surface_v, coup_v)


@njit(cache=True, nogil=True)
def ten_hour_ah(p, shared, rated_ah):
    """Ah that the jar gives at 25 °C and the 10 h rate down to 1.80 V per cell."""
    x = np.array([1.0, 0.0, 0.0])
    drawn, hours, before = TEN_HOUR_C * rated_ah, 0.0, 20.0
    while hours < 30.0:
        volts, _, _ = loaded_v(p, shared, drawn, x[SOC], x[FAST], x[DEPLETED], 25.0)
        if volts < TEN_HOUR_V:
            over = (TEN_HOUR_V - volts) / max(before - volts, 1e-9)
            return drawn * max(hours - over * TEN_HOUR_STEP_S / 3600.0, 0.0)
        before = volts
        step_jar(p, shared, drawn, TEN_HOUR_STEP_S, 25.0, x)
        hours += TEN_HOUR_STEP_S / 3600.0
    return drawn * hours


@njit(cache=True, nogil=True)
def _residuals(prior, theta, p, shared, seconds, drawn, temps, volts, weight, out):
    jar_of(prior, theta, p)
    window_volts(p, shared, seconds, drawn, temps, theta[SURFACE_V], theta[COUP_V], out)
    cost = 0.0
    for k in range(len(out)):
        out[k] = volts[k] - out[k]
        cost += weight[k] * out[k] * out[k]
    return cost


@njit(cache=True, nogil=True)
def most_likely(prior, shared, mean, sd, seconds, drawn, temps, volts, weight, theta, cov):
    """Levenberg-Marquardt from `mean` (prior N(mean, sd)); theta (8,) and cov (8, 8) are written.

    weight: inverse variance of each sample, 0 where it is not used. Returns the weighted rms residual in V.
    """
    n = len(seconds)
    p, here, there = np.empty(len(prior)), np.empty(n), np.empty(n)
    jac = np.empty((UNKNOWNS, n))
    theta[:] = mean
    # A jar taken to its end collapses elsewhere with a little more or less acid: start where it fits best.
    best, start = np.inf, mean[LN_ACID]
    for ln_acid in STARTS:
        theta[LN_ACID] = ln_acid
        cost = _residuals(prior, theta, p, shared, seconds, drawn, temps, volts, weight, here)
        cost += ((ln_acid - mean[LN_ACID]) / sd[LN_ACID]) ** 2
        if cost < best:
            best, start = cost, ln_acid
    theta[LN_ACID] = start
    cost = _residuals(prior, theta, p, shared, seconds, drawn, temps, volts, weight, here)
    damp = 1e-3
    hess = np.zeros((UNKNOWNS, UNKNOWNS))
    for _ in range(ITERATIONS):
        for j in range(UNKNOWNS):
            theta[j] += STEP
            _residuals(prior, theta, p, shared, seconds, drawn, temps, volts, weight, there)
            theta[j] -= STEP
            for k in range(n):
                jac[j, k] = (here[k] - there[k]) / STEP
        hess[:] = 0.0
        grad = np.zeros(UNKNOWNS)
        for i in range(UNKNOWNS):
            for k in range(n):
                grad[i] += weight[k] * jac[i, k] * here[k]
            for j in range(i + 1):
                for k in range(n):
                    hess[i, j] += weight[k] * jac[i, k] * jac[j, k]
                hess[j, i] = hess[i, j]
            grad[i] -= (theta[i] - mean[i]) / sd[i] ** 2
            hess[i, i] += 1.0 / sd[i] ** 2
        moved = np.linalg.solve(hess + damp * np.diag(np.diag(hess)), grad)
        moved[LN_ACID] = min(max(moved[LN_ACID], -LARGEST_STEP), LARGEST_STEP)
        new = theta + np.minimum(np.maximum(moved, -5 * LARGEST_STEP), 5 * LARGEST_STEP)
        new_cost = _residuals(prior, new, p, shared, seconds, drawn, temps, volts, weight, there)
        penalty = np.sum(((new - mean) / sd) ** 2) - np.sum(((theta - mean) / sd) ** 2)
        if new_cost + penalty < cost:
            gained = cost - new_cost - penalty
            theta[:], here[:], cost, damp = new, there, new_cost, damp * 0.2
            if gained < 1e-3:
                break
        elif damp > 1e6:
            break
        else:
            damp *= 8.0
    cov[:] = np.linalg.inv(hess)
    total = np.sum(weight)
    return math.sqrt(cost / total) if total > 0 else np.nan


@njit(cache=True, nogil=True)
def fit_jars(priors, shared, mean, sd, rated_ah, first, last, seconds, drawn, temps, volts, weight):
    """Every jar's most likely parameters (J, 9), theta (J, 8), its covariance, C10 (J, 2) in Ah and the
    log-sd of that C10 (J, 2), each after and before the discharge, and rms (V). Jar k owns samples
    [first[k], last[k]); mean and sd are (J, 8)."""
    jars = len(priors)
    fitted, thetas = np.empty_like(priors), np.empty((jars, UNKNOWNS))
    covs, rms = np.empty((jars, UNKNOWNS, UNKNOWNS)), np.empty(jars)
    c10, c10_sd = np.empty((jars, 2)), np.empty((jars, 2))
    p = np.empty(priors.shape[1])
    slope = np.zeros(UNKNOWNS)
    for jar in range(jars):
        own = slice(first[jar], last[jar])
        rms[jar] = most_likely(
            priors[jar], shared, mean[jar], sd[jar], seconds[own], drawn[own], temps[own], volts[own],
            weight[own], thetas[jar], covs[jar],
        )  # fmt: skip
        jar_of(priors[jar], thetas[jar], p)
        fitted[jar] = p
        c10[jar, 0] = ten_hour_ah(p, shared, rated_ah[jar])
        c10[jar, 1] = ten_hour_ah(priors[jar], shared, rated_ah[jar])
        for j in range(UNKNOWNS):
            thetas[jar, j] += C10_STEP
            jar_of(priors[jar], thetas[jar], p)
            slope[j] = _ln_ratio(ten_hour_ah(p, shared, rated_ah[jar]), c10[jar, 0]) / C10_STEP
            thetas[jar, j] -= C10_STEP
        c10_sd[jar, 0] = math.sqrt(max(slope @ covs[jar] @ slope, 0.0))
        c10_sd[jar, 1] = math.sqrt(np.sum((slope * sd[jar]) ** 2))
        fitted[jar, CAPACITY_AH] = max(c10[jar, 0], 1e-3)
    return fitted, thetas, covs, c10, c10_sd, rms


@njit(cache=True, nogil=True)
def _ln_ratio(one, other):
    return math.log(max(one, 1e-3) / max(other, 1e-3))
