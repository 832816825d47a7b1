"""High-rate captures around the events of a month, cut from the same simulated runs as the telemetry."""

import numpy as np
import polars as pl

from battery_assets.physics.float_charge import setpoint_v_cell
from battery_assets.physics.parameters.vrla_12v120ah import HX12_120
from battery_assets.physics.random_streams import stream
from battery_assets.synthetic.calendar import DAY_S, month_index
from battery_assets.synthetic.catalogue import INSTANT, Columns
from battery_assets.synthetic.discharges import LINK_OHM, Run, calm_temperature_c, run
from battery_assets.synthetic.electrical_day import BOOST_GAIN_V_CELL
from battery_assets.synthetic.layout import layout
from battery_assets.synthetic.schedule import Event, month_events
from battery_assets.synthetic.site import SyntheticSite
from battery_assets.tables.identity import identity

BEFORE_S = 2.0
FLOAT_A = 0.02  # a new string at 25 C
# Kind of event -> (type in the reference, seconds after the trigger, sampling in ms).
CAPTURES = {
    "transfer": ("transfer_event", 58.0, 100),
    "outage": ("transfer_event", 58.0, 100),
    "generator_test": ("transfer_event", 58.0, 100),
    "self_test": ("discharge_test", 58.0, 100),
    "capacity_test": ("discharge_test", 298.0, 500),
    "equalize": ("equalize", 118.0, 500),
}
VOLT_NOISE, AMPERE_NOISE = 0.05, 0.15  # a fast channel is noisier than the slow one


def event_windows(site: SyntheticSite, month: str) -> tuple[pl.DataFrame, dict[str, pl.DataFrame]]:
    """Rows of `telemetry_event_window` (no blob) and by window_id captures (ts, voltage_v, current_a)."""
    site.first_day(month)
    rows, captures = [], {}
    for event in month_events(site, month_index(month)):
        if not event.discharges and event.kind != "equalize":
            continue
        kind, after_s, step_ms = CAPTURES[event.kind]
        window = identity("telemetry_event_window", site.site, event.key)
        capture = _capture(site, event, after_s, step_ms)
        captures[window] = capture
        rows.append({
            "window_id": window, "string_id": layout(site).string_ids[event.string], "event_type": kind,
            "start_ts": capture["ts"][0], "end_ts": capture["ts"][-1], "sample_rate_ms": step_ms,
            "data_blob_url": None, "samples_count": capture.height,
        })  # fmt: skip
    schema: Columns = {
        "window_id": pl.String, "string_id": pl.String, "event_type": pl.String, "start_ts": INSTANT,
        "end_ts": INSTANT,
        "sample_rate_ms": pl.Int32, "data_blob_url": pl.String, "samples_count": pl.Int32,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema), captures


def _capture(site: SyntheticSite, event: Event, after_s: float, step_ms: int) -> pl.DataFrame:
    count = int((BEFORE_S + after_s) * 1000) // step_ms + 1
    since = -BEFORE_S + np.arange(count) * (step_ms / 1000)
    held = _float_v(site, event)
    if event.discharges:
        volts, amperes = _response(run(site, event), since, held)
    else:
        volts = held + BOOST_GAIN_V_CELL * 6 * site.jars_per_string * np.clip(since / 60.0, 0.0, 1.0)
        amperes = FLOAT_A * np.exp(HX12_120.tafel_per_v * (volts - held) / (6 * site.jars_per_string))
    rng = stream(site.seed, site.site, "capture", event.key)
    start_us = round((event.start_s - BEFORE_S) * 1e6)
    ts = pl.Series("ts", start_us + np.arange(count) * step_ms * 1000).cast(INSTANT)
    return pl.DataFrame([
        ts,
        pl.Series("voltage_v", (volts + VOLT_NOISE * rng.standard_normal(count)).round(2)),
        pl.Series("current_a", (amperes + AMPERE_NOISE * rng.standard_normal(count)).round(3)),
    ])  # fmt: skip


def _float_v(site: SyntheticSite, event: Event) -> float:
    warm = calm_temperature_c(site, event.string, int(event.start_s // DAY_S), np.zeros(1))[0]
    error = layout(site).system(event.string).setpoint_error
    return float(setpoint_v_cell(warm)) * 6 * site.jars_per_string * (1 + error)


def _response(happened: Run, since: np.ndarray, held_v: float) -> tuple[np.ndarray, np.ndarray]:
    """String voltage and current around a discharge: float before, the simulated run, its recharge after."""
    load, links = happened.load, LINK_OHM * happened.deviation_v.size
    current = np.where(since < 0, FLOAT_A, np.interp(since, load.time_s, load.current_a))
    volts = np.where(since < 0, held_v, np.interp(since, load.time_s, load.jar_v.sum(axis=0)))
    after = since >= happened.load_s
    at = since - happened.load_s
    gap = max(held_v - happened.charger_v, 0.0) * happened.recharge.voltage_gap(at)
    current = np.where(after, happened.recharge.current(at), current)
    return np.where(after, held_v - gap, volts) + current * links, current
