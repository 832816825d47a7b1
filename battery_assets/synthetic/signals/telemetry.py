"""What the monitors send of a UTC day: jars, strings and rooms, with their sensors' errors and their gaps."""

from collections.abc import Sequence
from datetime import date

import numba
import numpy as np
import polars as pl

from battery_assets.physics.discharge import ohmic_factor
from battery_assets.physics.float_charge import ONE
from battery_assets.physics.random_streams import stream
from battery_assets.physics.thermal import humidity_pct
from battery_assets.synthetic.calendar import DAY_S, day_number
from battery_assets.synthetic.identifiers import battery_ids
from battery_assets.synthetic.layout import layout
from battery_assets.synthetic.lives import SWITCH_S
from battery_assets.synthetic.signals.bus import ripple_day
from battery_assets.synthetic.signals.electrical_day import ElectricalDay, electrical_day
from battery_assets.synthetic.signals.gateways import (
    MISSING_JAR_ROWS,
    MISSING_STRING_ROWS,
    clock_ticks,
    times_sent,
)
from battery_assets.synthetic.signals.rooms import MINUTES, room_day, saw_k
from battery_assets.synthetic.signals.sensors import jar_sensors, string_sensors
from battery_assets.synthetic.signals.stuck import stuck_channels
from battery_assets.synthetic.site import SyntheticSite

OHMIC_HOUR_S, OHMIC_STEP_S = 18 * 3600, 30  # one jar after the other, nightly in UTC
OHMIC_SCATTER = (0.012, 0.022)  # of a reading, by the instrument that a system has and how it is led
ABOVE_FLOAT_V = 13.95  # no compensated float is higher in a cooled room, no boost at its floor lower
SENSED_V = (6.0, 18.0)  # a jar of six cells feeds its sensor: outside it is silent, convention
JAR_NOISE_V, JAR_NOISE_C, STRING_NOISE_V, CURRENT_NOISE_A = 0.003, 0.05, 0.03, 0.02
NO_CURRENT_A = 1.0  # a Hall sensor that shows less may see nothing
RESTS_BELOW_V = 13.0  # per six cells
MODES = "discharge", "equalize", "boost", "idle", "float"


@numba.njit(cache=True, nogil=True)
def _shown(true, gain, offset, sd, noise, stuck, stuck_at, steps, out):
    """What a channel shows of true values (n,), rounded to so many steps per unit; noise in units of `sd`."""
    for i in range(out.size):
        out[i] = np.round((true[i] * gain + offset + sd * noise[i]) * steps) / steps
    for i in range(stuck[0], stuck[1]):
        out[i] = np.round((stuck_at * gain + offset) * steps) / steps


@numba.njit(cache=True, nogil=True)
def _sample(place, first, last, ohms_at, jar_v, jar_c, minute, share, gain, offset, bias, noise, sent, ticks,
stuck, stuck_at, start_us, step_us, ts, code, voltage, temperature, read):  # fmt: skip
    samples, per_clock = jar_v.shape[1], jar_v.shape[0] // ticks.shape[0]
    volts, warm, shown = np.empty(samples, np.float32), np.empty(samples, np.float32), np.empty(samples)
    k = 0
    for u in range(place.size):
        p = place[u]
        _shown(
            jar_v[p], gain[p], offset[p], JAR_NOISE_V, noise[0, p], stuck[0, p], stuck_at[0, p], 1000.0, volts
        )
        grid = jar_c[p]
        for i in range(samples):
            m = minute[i]
            shown[i] = grid[m] + share[i] * (grid[m + ONE] - grid[m])
        _shown(shown, 1.0, bias[p], JAR_NOISE_C, noise[1, p], stuck[1, p], stuck_at[1, p], 10.0, warm)
        arrives, ahead = sent[p], ticks[p // per_clock]
        for i in range(first[u], last[u]):
            for again in range(arrives[i]):
                ts[k] = start_us + i * step_us + ahead[i] * 100_000
                code[k], voltage[k], temperature[k] = u, volts[i], warm[i]
                if i == ohms_at[u]:
                    read[u, again] = k
                k += 1


def _units(site: SyntheticSite, solved: ElectricalDay):
    """Jars of the day ordered by id: ids, positions, first and past-last sample, before or after."""
    samples = solved.second.size
    switch = -(-SWITCH_S // site.interval_s)
    moved = solved.before != solved.after
    rows = np.concatenate([solved.before, solved.after[moved]])
    place = np.concatenate([np.arange(moved.size), np.flatnonzero(moved)])
    late = np.arange(rows.size) >= moved.size
    first = np.where(late, switch, 0)
    last = np.where(late | ~moved[place], samples, switch)
    ids = np.array(battery_ids(site))[rows]
    order = np.argsort(ids)
    return ids[order], place[order], first[order], last[order], late[order]


def _minutes(samples: int) -> tuple[np.ndarray, np.ndarray]:
    """Full minutes before each sample of a day, and the share of the next one that has passed (n,)."""
    where = np.arange(samples) * MINUTES / samples
    minute = where.astype(np.uint32)
    return minute, where - minute


def _ohmic(site: SyntheticSite, day: int, solved: ElectricalDay, place, late):
    """Sample number and reading (mohm) of each jar's daily ohmic measurement; -1 where its string was not on
    float.
    """
    at = (OHMIC_HOUR_S + place * OHMIC_STEP_S) // site.interval_s % solved.second.size
    before, after = solved.resistance_mohm
    true = np.where(late, after[place], before[place])
    warm = solved.jar_c[place, (at * site.interval_s // 60).astype(int)]
    rng = stream(site.seed, site.site, "ohmic", day)
    plan = layout(site)
    instrument = stream(site.seed, site.site, "ohmic instruments").uniform(*OHMIC_SCATTER, len(plan.systems))
    own = instrument[plan.system_of_string[place // site.jars_per_string]]
    scatter = own * rng.standard_normal(place.size)
    calm = np.abs(solved.current_a[place // site.jars_per_string, at]) < 1.0
    return np.where(calm, at, -1), true * ohmic_factor(warm) * (1 + scatter)


def jar_day(site: SyntheticSite, day: date) -> pl.DataFrame:
    """Rows of `telemetry_jar_raw` for a UTC day as they are sent, sorted by jar and time (V 1 mV, T 0.1 C).

    `battery_id` is an Enum of the day's jars. Resistance and conductance are null but for the one sample of
    the day in which that jar was measured. Lost samples are absent rows, some rows come twice; stamps are
    those of the string's gateway.
    """
    number = day_number(day)
    solved = electrical_day(site, number)
    ids, place, first, last, late = _units(site, solved)
    at, ohms = _ohmic(site, number, solved, place, late)
    systems = np.repeat(layout(site).system_of_string, site.jars_per_string)
    sent = times_sent(site, "jar", number, systems, solved.second, MISSING_JAR_ROWS)
    low, high = np.array(SENSED_V) * site.world.six_cells
    odd = np.flatnonzero((solved.jar_v.min(axis=1) < low) | (solved.jar_v.max(axis=1) > high))
    sent[odd] *= (solved.jar_v[odd] >= low) & (solved.jar_v[odd] <= high)
    noise = stream(site.seed, site.site, "jar noise", number).standard_normal(
        (2, *sent.shape), dtype=np.float32
    )
    size = int(sum(sent[p, a:b].sum(dtype=np.int64) for p, a, b in zip(place, first, last, strict=True)))
    ts, code = np.empty(size, np.int64), np.empty(size, np.min_scalar_type(ids.size))
    voltage, temperature = np.empty((2, size), np.float32)
    read = np.full((ids.size, 2), -1)
    _sample(
        place, first, last, at, solved.jar_v, solved.jar_c, *_minutes(solved.second.size),
        *jar_sensors(site, number), noise, sent,
        clock_ticks(site, "jar", site.strings, number, solved.second.size),
        *stuck_channels(site, number, solved.second.size),
        number * DAY_S * 1_000_000, site.interval_s * 1_000_000, ts, code, voltage, temperature, read,
    )  # fmt: skip
    unit, copy = np.nonzero(read >= 0)
    measured, rows_read = pl.Series(np.round(ohms, 3)[unit]), read[unit, copy]
    return pl.DataFrame({
        "ts": pl.Series(ts).cast(pl.Datetime("us", "UTC")),
        "battery_id": pl.Series(code).cat.to(pl.Enum(ids.tolist())),
        "voltage_v": voltage, "temperature_c": temperature,
        "resistance_mohm": _only_at(rows_read, measured, size),
        "conductance_s": _only_at(rows_read, (1000.0 / measured).round(5), size),
    })  # fmt: skip


def _only_at(rows: np.ndarray, values: pl.Series, size: int) -> pl.Series:
    """Values in their rows, null in all the others."""
    return pl.repeat(None, size, dtype=values.dtype, eager=True).scatter(rows, values)


def mode_of(volts: np.ndarray, current_a: np.ndarray, equalize: np.ndarray, rated_ah: float) -> np.ndarray:
    """Mode of a string from volts per six cells and amperes, as its place in MODES; boost is bulk charge."""
    charging = (current_a > 0.02 * rated_ah) | (volts > ABOVE_FLOAT_V)
    open_circuit = (np.abs(current_a) < NO_CURRENT_A) & (volts < RESTS_BELOW_V)
    return np.select([current_a < -1.0, charging & equalize, charging, open_circuit], range(4), 4)


def _in_words(places: np.ndarray, words: Sequence[str]) -> pl.Series:
    """The word at each place; numpy's own texts of four bytes a letter would take longer than all else."""
    return pl.Series(places.astype(np.uint8)).cat.to(pl.Enum(words)).cast(pl.String)


def string_day(site: SyntheticSite, day: date) -> pl.DataFrame:
    """Rows of `telemetry_string_raw` for a UTC day, sorted by string and time; positive current charges.

    Some rows come twice; stamps are those of the system's gateway.
    """
    number = day_number(day)
    solved = electrical_day(site, number)
    plan, samples = layout(site), solved.second.size
    gain_v, gain_a, offset_a = string_sensors(site, number)[:, :, None]
    noise = stream(site.seed, site.site, "string noise", number).standard_normal((2, site.strings, samples))
    volts = solved.string_v * gain_v + STRING_NOISE_V * noise[0]
    amperes = solved.current_a * gain_a + offset_a + CURRENT_NOISE_A * noise[1]
    six_cells = site.jars_per_string * site.world.six_cells
    ripple_v, ripple_a = ripple_day(site, number, solved.second, solved.current_a)
    columns = {
        "voltage_v": volts.round(2), "current_a": amperes.round(3),
        "mode": mode_of(volts / six_cells, amperes, solved.equalize, site.product.rated_ah),
        "ripple_voltage_rms_v": ripple_v.round(3), "ripple_current_rms_a": ripple_a.round(3),
        "equalize_flag": solved.equalize, "generator_test_flag": solved.generator,
        "transfer_event_flag": solved.transfer,
    }  # fmt: skip
    sent = times_sent(site, "string", number, plan.system_of_string, solved.second, MISSING_STRING_ROWS)
    order = np.argsort(np.array(plan.string_ids))
    kept = np.repeat(np.arange(sent.size), sent[order].reshape(-1))
    ticks = clock_ticks(site, "string", len(plan.systems), number, samples)[plan.system_of_string[order]]
    us = ((solved.second * 1e6).astype(np.int64) + ticks.astype(np.int64) * 100_000).reshape(-1)[kept]
    columns_kept = {
        name: np.ascontiguousarray(values[order]).reshape(-1)[kept] for name, values in columns.items()
    }
    ids = _in_words(kept // samples, np.array(plan.string_ids)[order].tolist())
    frame = {"ts": us, "string_id": ids} | columns_kept | {"mode": _in_words(columns_kept["mode"], MODES)}
    return pl.DataFrame(frame).with_columns(pl.col("ts").cast(pl.Datetime("us", "UTC")))


def environment_day(site: SyntheticSite, day: date) -> pl.DataFrame:
    """Rows of `telemetry_env` for a UTC day, each 60 s (or the site's interval if that is longer), two per
    room.
    """
    number, step = day_number(day), max(60, site.interval_s)
    second = number * DAY_S + np.arange(0, DAY_S, step)
    minute = ((second - number * DAY_S) // 60).astype(int)
    rooms, plan = room_day(site, number), layout(site)
    saw = saw_k(site, second)
    sensors = len(plan.sensor_ids)
    bias = stream(site.seed, site.site, "room sensors").normal(0, 0.4, (2, sensors))
    noise = stream(site.seed, site.site, "room noise", number).standard_normal((2, sensors, second.size))
    frames = []
    for n in np.argsort(np.array(plan.sensor_ids)):
        room = n // 2
        air = rooms.air_c[room, minute] + saw[room] * rooms.saw[room, minute]
        damp = humidity_pct(air, rooms.dew_c[room, minute])
        fault, running = rooms.fault[room, minute], rooms.running[room, minute]
        frames.append(pl.DataFrame({
            "ts": (second * 1_000_000).astype(np.int64), "sensor_id": plan.sensor_ids[n],
            "temperature_c": (air + bias[0, n] + 0.05 * noise[0, n]).round(1),
            "humidity_pct": (damp + 2 * bias[1, n] + 0.3 * noise[1, n]).round(1),
            "hvac_status": np.select([fault, running], ["fault", "running"], "standby"),
        }))  # fmt: skip
    sent = times_sent(site, "env", number, np.arange(sensors) // 2, second, MISSING_STRING_ROWS)
    order = np.argsort(np.array(plan.sensor_ids))
    kept = np.repeat(np.arange(sent.size), sent[order].reshape(-1))
    return pl.concat(frames)[kept].with_columns(pl.col("ts").cast(pl.Datetime("us", "UTC")))
