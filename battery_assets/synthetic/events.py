"""Fast captures of a month's windows: a slow trace with bursts of waveform, of the telemetry's own truth."""

from collections.abc import Collection, Iterator
from datetime import datetime

import numpy as np
import polars as pl

from battery_assets import tables as t
from battery_assets.physics.random_streams import stream
from battery_assets.physics.ripple import sampled
from battery_assets.synthetic.calendar import DAY_S
from battery_assets.synthetic.catalogue import INSTANT
from battery_assets.synthetic.discharges import LINK_OHM, Run, run
from battery_assets.synthetic.layout import layout
from battery_assets.synthetic.signals.bus import lines_at
from battery_assets.synthetic.signals.electrical_day import electrical_day
from battery_assets.synthetic.signals.sensors import string_sensors
from battery_assets.synthetic.signals.windows import Window, month_windows
from battery_assets.synthetic.site import SyntheticSite
from battery_assets.tables.projections import polars_schema

BURST_HZ = 12_800
# Ten cycles of a generator at 48.8 Hz; of mains they are 200 ms and the rest is cut off before the FFT.
BURST_SAMPLES = 2624
# A fast channel is noisier than the slow one; 16 bits of 0-330 V and +-1600 A are these steps.
VOLT_NOISE, AMPERE_NOISE = 0.05, 0.15
BURST_V_NOISE, BURST_A_NOISE, BURST_V_STEP, BURST_A_STEP = 0.005, 0.03, 0.005, 0.05
MAINS_SD_HZ, MAINS_MOST_HZ, GENERATOR_HZ = 0.02, 0.05, (49.5, 50.5)


def event_windows(site: SyntheticSite, month: str) -> pl.DataFrame:
    """Rows of `telemetry_event_window` of a month, without the address of their capture."""
    rows = []
    for window in month_windows(site, month):
        first = _micros(window)
        last = first + (window.samples - 1) * window.step_ms * 1000
        rows.append((
            window.id_at(site), layout(site).string_ids[window.string], window.kind, window.trigger, first,
            last, window.step_ms, None, window.samples, len(window.bursts),
        ))  # fmt: skip
    plain = dict(polars_schema(t.telemetry_event_window), start_ts=pl.Int64, end_ts=pl.Int64)
    frame = pl.DataFrame(rows, schema=plain, orient="row")
    return frame.with_columns(pl.col("start_ts", "end_ts").cast(INSTANT))


def captures(
    site: SyntheticSite, month: str, until: datetime, only: Collection[str] | None = None
) -> Iterator[tuple[str, pl.DataFrame]]:
    """Window id and capture of every window of a month that is over by an instant, one after the other.

    `only` names the windows that are wanted.

    ts, voltage_v, current_a each `sample_rate_ms` (means of it, as a recorder's slow channel gives); where a
    burst begins, waveform_v (V) and waveform_a (A) hold BURST_SAMPLES values at waveform_hz, DC included.
    """
    for window in month_windows(site, month):
        name = window.id_at(site)
        if window.at_s + window.after_s <= until.timestamp() and (only is None or name in only):
            yield name, capture(site, window)


def capture(site: SyntheticSite, window: Window) -> pl.DataFrame:
    """The samples of one window."""
    step_s = window.step_ms / 1000
    since = -window.before_s + np.arange(window.samples) * step_s
    rng = stream(site.seed, site.site, "capture", window.id_at(site))
    volts, amps = _trace(site, window, since)
    gain_v, gain_a, offset_a = (row[window.string] for row in string_sensors(site, int(window.at_s // DAY_S)))
    volts = volts * gain_v + VOLT_NOISE * rng.standard_normal(since.size)
    amps = amps * gain_a + offset_a + AMPERE_NOISE * rng.standard_normal(since.size)
    ts = _micros(window) + np.arange(since.size) * window.step_ms * 1000
    trace = pl.DataFrame({"ts": ts, "voltage_v": volts.round(2), "current_a": amps.round(3)})
    at = [round((offset + window.before_s) / step_s) for offset in window.bursts]
    waves = np.array([_burst(site, window, float(since[k]), rng) for k in at])
    bursts = pl.DataFrame([
        pl.Series("ts", ts[at]),
        _stepped("waveform_v", waves[:, 0] * gain_v, BURST_V_STEP),
        _stepped("waveform_a", waves[:, 1] * gain_a + offset_a, BURST_A_STEP),
        pl.Series("waveform_hz", np.full(len(at), BURST_HZ, np.int32)),
    ])  # fmt: skip
    return trace.join(bursts, on="ts", how="left").sort("ts").with_columns(pl.col("ts").cast(INSTANT))


def _stepped(name: str, waves: np.ndarray, step: float) -> pl.Series:
    return pl.Series(name, (np.rint(waves / step) * step).astype(np.float32)).arr.to_list()


def _micros(window: Window) -> int:
    return round((window.at_s - window.before_s) * 1e6)


def _trace(site: SyntheticSite, window: Window, since: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """True voltage and current (n,) of the window's string, without ripple, at seconds since its trigger."""
    # The truth does not depend on the interval; minutes are enough where no load moves.
    minutes = site.by_minutes
    day = electrical_day(minutes, int(window.at_s // DAY_S))
    volts, amps = day.string_v[window.string], day.current_a[window.string]
    if window.event is None or not window.event.discharges:
        at = window.at_s + since
        return np.interp(at, day.second, volts), np.interp(at, day.second, amps)
    last = int(np.searchsorted(day.second, window.at_s)) - 1
    return _response(run(minutes, window.event), since, float(volts[last]), float(amps[last]))


def _response(happened: Run, since: np.ndarray, held_v: float, float_a: float):
    """String voltage and current around a discharge: float before, the simulated run, its recharge after."""
    load, links = happened.load, LINK_OHM * happened.deviation_v.size
    current = np.where(since < 0, float_a, np.interp(since, load.time_s, load.current_a))
    volts = np.interp(since, load.time_s, load.jar_v.sum(axis=0))
    volts = volts + happened.float_left_v(np.maximum(since, 0.0), held_v)
    after = since >= happened.load_s
    at = since - happened.load_s
    gap = max(held_v - happened.charger_v, 0.0) * happened.recharge.voltage_gap(at)
    current = np.where(after, happened.recharge.current(at), current)
    carried = np.where(after, held_v - gap, volts) + current * links
    return np.where(since < 0, held_v, carried), current


def _burst(site: SyntheticSite, window: Window, since_s: float, rng: np.random.Generator) -> np.ndarray:
    """Waveforms (2, BURST_SAMPLES) of a burst from `since_s` after the trigger: DC, ripple and noise."""
    since = since_s + np.arange(BURST_SAMPLES) / BURST_HZ
    dc = np.stack(_trace(site, window, since))
    when, turn = window.at_s + since_s, rng.random()
    hz = _mains_hz(site, window, since_s)
    waves = [
        sampled(lines, BURST_HZ, BURST_SAMPLES, hz, turn)
        for lines in _lines_around(site, window, when, since, dc[1])
    ]
    # The moment at which the load moves lies inside: the rectifier's ripple before it, the inverter's after.
    ripple = np.where(since < 0, waves[0], waves[-1])
    noise = rng.standard_normal((2, BURST_SAMPLES)) * [[BURST_V_NOISE], [BURST_A_NOISE]]
    return dc + ripple + noise


def _lines_around(site: SyntheticSite, window: Window, when: float, since: np.ndarray, amps: np.ndarray):
    if since[0] < 0 < since[-1]:
        return [lines_at(site, window.string, when, float(amps[0])),
                lines_at(site, window.string, window.at_s, float(amps[-1]))]  # fmt: skip
    return [lines_at(site, window.string, when, float(amps.mean()))]


def _mains_hz(site: SyntheticSite, window: Window, since_s: float) -> float:
    """What feeds the rectifier: mains, or the generator after the load of an outage or its test."""
    event = window.event
    if event and event.kind in ("outage", "generator_test") and since_s >= event.duration_s:
        return float(stream(site.seed, site.site, "generator", event.start_s).uniform(*GENERATOR_HZ))
    drawn = stream(site.seed, site.site, "mains", round(window.at_s)).normal(0, MAINS_SD_HZ)
    return 50.0 + float(np.clip(drawn, -MAINS_MOST_HZ, MAINS_MOST_HZ))
