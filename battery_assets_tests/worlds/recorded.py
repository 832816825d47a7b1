"""Captures with bursts of waveform, as a recorder writes them, made of known lines."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from battery_assets.physics.rectifier import Bridge
from battery_assets.physics.ripple import Lines, Source, rectifier_lines, sampled, string_resistance_ohm

FLOAT_V = 326.9
START = datetime(2026, 3, 1, tzinfo=UTC)
STRING = string_resistance_ohm()
SOUND = Bridge()


def lines(of: Bridge = SOUND, loss: float = 0.0, ohm: float = STRING) -> Lines:
    """Lines at a string's terminals."""
    return rectifier_lines(of, Source().aged(loss), FLOAT_V, ohm)


def burst(of: Lines, at: datetime = START, dc_v=FLOAT_V, dc_a=0.03, seed: int = 1, **more) -> pl.DataFrame:
    """A row of bursts: string_id, window_id, ts, waveforms, rate, pulses, string_code, event_type."""
    rng = np.random.default_rng(seed)
    wave_v, wave_a = sampled(of, 12800, 2624, 50.01, rng.random())
    wave_v = wave_v + dc_v + 0.005 * rng.standard_normal(2624)
    wave_a = wave_a + dc_a + 0.03 * rng.standard_normal(2624)
    row = {
        "string_id": "s1", "window_id": f"w{seed}", "ts": at, "waveform_v": wave_v.tolist(),
        "waveform_a": wave_a.tolist(), "waveform_hz": 12800, "pulses": 6, "string_code": "SYN-1-S1",
        "event_type": "surge",
    }  # fmt: skip
    schema = {"ts": pl.Datetime("us", "UTC"), "waveform_hz": pl.Int32, "pulses": pl.Int32,
              "waveform_v": pl.List(pl.Float32), "waveform_a": pl.List(pl.Float32)}  # fmt: skip
    return pl.DataFrame([row | more], schema_overrides=schema)


def hours(count: float) -> timedelta:
    """So many hours."""
    return timedelta(hours=count)
