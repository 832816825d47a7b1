"""Jars on float as heat makes them: each warmed by its own V I_f, all tied by the string's one current.

    C dT_j/dt = V_j I + P - G_j (T_j - T_around - rack_j),   ln I from the sum of V_j that the charger holds

Float current doubles per 11.6 K, so a string is stable only while V I 0.06/K < G: beyond I = G/(0.06 V) there
is no equilibrium, and the last stable point lies 1/0.06 = 16.7 K above the air (SOURCES 2; 14.4 K and
I_crit = 10 G/(V ln 2) with doubling per 10 K). Nothing else makes a thermal runaway here.

A charger that senses its battery stops charging at 50 C and begins again at 40 C. One that wrongly holds a
fixed voltage senses nothing, and goes on. Ripple comes from the rectifier that feeds the load, so it stays.
"""

import numba
import numpy as np

from battery_assets.physics.float_charge import compensated
from battery_assets.physics.parameters.vrla_12v120ah import HX12_120, Vrla12V120Ah

STOPS_C, STARTS_C = 50.0, 40.0  # mean of the string that its charger senses, SOURCES 2
CUT_C = 92.0  # cases soften, the last protection of the charger opens, convention


@numba.njit(cache=True, nogil=True)
def _warm(around, event_w, excess, blocked, shift, cells, rack, cooling, per_string, per_day, dt, law, tafel,
          temp, first, jar_c, cut, stopped):  # fmt: skip
    v_25, slope, floor, capacity, base_g, all_cells = law
    v_ref, per_v, per_k, i_ref = tafel
    strings, minutes = around.shape
    own, n, g, kept = np.empty((4, per_string))
    for s in range(strings):
        a = s * per_string
        warm, raised, count = temp[a : a + per_string], rack[a : a + per_string], 0.0
        since = -1.0  # minutes without charge for heat; -1 while the charger works
        for k in range(minutes):
            day = min(k // per_day, shift.shape[1] - 1)
            if k % per_day == 0:
                own[:], n[:] = shift[a : a + per_string, day], cells[a : a + per_string, day]
                count = 0.0
                for j in range(per_string):
                    count += n[j]
            # Cooling seldom changes: an exponential for each jar and step would be most of the time.
            if k % per_day == 0 or blocked[s, k] != blocked[s, k - 1]:
                for j in range(per_string):
                    g[j] = base_g * cooling[a + j, day] * blocked[s, k]
                    kept[j] = np.exp(-g[j] * dt / capacity)
            mean, hottest, weighted = 0.0, -1e9, 0.0
            for j in range(per_string):
                mean += warm[j] / per_string
                hottest = max(hottest, warm[j])
                weighted += n[j] * (own[j] + per_k * (warm[j] - 25.0))
            if k >= first:
                jar_c[a : a + per_string, k - first] = warm
            if cut[s] < 0 and hottest > CUT_C:
                cut[s] = k
            over = excess[s, k]
            v_cell = compensated(mean, v_25, slope, floor) if np.isnan(over) else v_25 + over
            if mean >= STOPS_C and np.isnan(over):
                since = max(since, 0.0)
            if mean <= STARTS_C or not np.isnan(over):
                since = -1.0
            if k >= first:
                stopped[s, k - first] = since
            ln_i = (per_v * (v_cell * all_cells * per_string - v_ref * count) + weighted) / count
            rests = since >= 0 or (cut[s] >= 0 and not np.isnan(over))
            amps = 0.0 if rests else i_ref * np.exp(ln_i)
            since += dt / 60.0 if since >= 0 else 0.0
            air, from_event = around[s, k], event_w[s, k]
            for j in range(per_string):
                volts = n[j] * (v_ref + (ln_i - (own[j] + per_k * (warm[j] - 25.0))) / per_v)
                goal = air + raised[j] + (volts * amps + from_event) / g[j]
                warm[j] = goal + (warm[j] - goal) * kept[j]


def float_temperatures(
    around_c, event_w, excess_v_cell, blocked, shift, cells, rack_k, cooling, first: int, dt_s: float = 60.0,
    jar: Vrla12V120Ah = HX12_120,
):  # fmt: skip
    """Temperature (C) of every jar from step `first` on (jars, n - first), the step of each cut, and the
    minutes (strings, n - first) for which each charger has stopped for heat, -1 where it has not.

    `around_c`, `event_w` (W per jar), `blocked` (share of cooling left) and `excess_v_cell` are (strings, n);
    the last is NaN where the charger compensates for temperature, else what it holds above 2.27 V per cell.
    `shift`, `cells`, `cooling` (jars, days) are the L_j, working cells and share of own cooling by day.
    The cut is -1 where no jar passes 92 C; a cut charger gives no current until it compensates again.
    Starts at the temperature of the air.
    """
    strings, steps = around_c.shape
    per_string = len(shift) // strings
    temp = np.repeat(around_c[:, 0], per_string) + rack_k
    jar_c, cut = np.empty((len(shift), steps - first)), np.full(strings, -1)
    stopped = np.empty((strings, steps - first))
    setpoint = (jar.float_v_cell, jar.float_v_cell_per_k, jar.float_floor_v_cell)
    law = (*setpoint, jar.heat_capacity_j_k, jar.cooling_w_k, float(jar.cells))
    tafel = (jar.tafel_v_cell, jar.tafel_per_v, jar.tafel_per_k, jar.tafel_a_per_ah * jar.rated_ah)
    inputs = [np.ascontiguousarray(part, dtype=float) for part in
              (around_c, event_w, excess_v_cell, blocked, shift, cells, rack_k, cooling)]  # fmt: skip
    steps_a_day = round(86_400 / dt_s)
    _warm(*inputs, per_string, steps_a_day, dt_s, law, tafel, temp, first, jar_c, cut, stopped)  # type: ignore[call-arg]
    return jar_c, cut, stopped


def hours_to_run_away(
    float_a, volts, cooling_w_k, rise_k: float = 55.0, jar: Vrla12V120Ah = HX12_120
) -> float:
    """Hours until a jar stands `rise_k` above its air, from a float current (A) at the air's temperature.

    Infinite where it settles: where float_a <= G/(0.06 V e), the heat meets the cooling before that.
    """
    rise = np.linspace(0.0, rise_k, 400)
    left_w = volts * float_a * np.exp(jar.tafel_per_k * rise) - cooling_w_k * rise
    if left_w.min() <= 0:
        return float("inf")
    return float(np.trapezoid(jar.heat_capacity_j_k / left_w, rise) / 3600)
