"""Bursts of waveform out of fast captures, as a row each: distortion, rms, signature and what it says."""

from dataclasses import fields, replace

import numpy as np
import polars as pl

from battery_assets.features.ripple.diagnosis import DISCHARGE_A, Signature, Usual, signature
from battery_assets.features.ripple.labels import FAULTS, Labels, bridge_faults, labelled
from battery_assets.features.ripple.spectrum import spectra

WAVES = ("waveform_v", "waveform_a", "waveform_hz")
# Means of whole mains cycles: where they lie further apart, the load moved and lines mean nothing.
STEADY_A, STEADY_SHARE = 1.0, 0.05
# Share of Vdc by which they may drift. A step that is left beside the drift leaks 4 % of itself to 50 Hz
# (a quarter of that in bins as far out as the first line), so ten first lines leave less than half of one.
STEADY_DRIFT, STEADY_FIRST = 0.005, 10.0
# A string's usual windows are the calmer fifth of those that are given; fewer than this say nothing.
USUAL_SHARE, USUAL_LEAST = 0.2, 5
# The first line of a sound system wanders by 6 % from day to day (diagnosis); its calmer fifth lies 0.84 of
# that under its mean, and is known to 1.4 of it over the root of the windows.
WANDER, CALMER, CALM_ERROR = 0.06, 0.84, 1.4
WEEK = "7d"
SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "string_id": pl.String, "ts": pl.Datetime("us", "UTC"), "window_id": pl.String, "steady": pl.Boolean,
    "discharge": pl.Boolean, "dc_v": pl.Float64, "dc_a": pl.Float64, "ripple_v": pl.Float64,
    "ripple_a": pl.Float64, "mains_hz": pl.Float64,
    "thd_pct": pl.Float64, "ripple_factor_pct": pl.Float64, "crest": pl.Float64,
    "string_ohm": pl.Float64, "diagnosis": pl.String, "severity": pl.Float64, "faults": pl.String,
}  # fmt: skip
SEEN = tuple(field.name for field in fields(Signature))
MEASURED: dict[str, pl.DataType | type[pl.DataType]] = {
    "string_id": pl.String, "ts": pl.Datetime("us", "UTC"), "window_id": pl.String, "waveform_hz": pl.Int32,
    "samples": pl.Int64, "steady": pl.Boolean, "ripple_v": pl.Float64, "ripple_a": pl.Float64,
    "mains_hz": pl.Float64, **dict.fromkeys(SEEN, pl.Float64),
}  # fmt: skip


def bursts_in(capture: pl.DataFrame) -> pl.DataFrame:
    """The rows of a capture at which a burst begins (ts, waveform_v, waveform_a, waveform_hz); maybe none."""
    if not set(WAVES) <= set(capture.columns):
        return capture.select("ts").clear().with_columns(
            pl.lit(None, pl.List(pl.Float32)).alias("waveform_v"),
            pl.lit(None, pl.List(pl.Float32)).alias("waveform_a"),
            pl.lit(None, pl.Int32).alias("waveform_hz"),
        )  # fmt: skip
    return capture.select("ts", *WAVES).drop_nulls()


def burst_rows(bursts: pl.DataFrame) -> pl.DataFrame:
    """What each burst says, columns of SCHEMA, sorted by string and time.

    bursts: string_id, window_id, ts, waveform_v, waveform_a, waveform_hz, pulses (null counts as 6).
    Bursts under 6.4 kHz, shorter than a mains cycle, or of unequal channels are left out.
    """
    return judged(measured(bursts))


def measured(bursts: pl.DataFrame) -> pl.DataFrame:
    """What each burst shows by itself, columns of MEASURED: the first half of `burst_rows`."""
    length = pl.col("waveform_v").list.len()
    usable = bursts.filter(
        length == pl.col("waveform_a").list.len(),
        pl.col("waveform_hz") >= 6400,
        length >= pl.col("waveform_hz") / 50.0,
    ).with_columns(samples=length.cast(pl.Int64))
    groups = usable.partition_by("waveform_hz", "samples", maintain_order=True)
    return pl.concat([pl.DataFrame(schema=MEASURED), *(_measured(group) for group in groups)])


def judged(shown: pl.DataFrame) -> pl.DataFrame:
    """What rows MEASURED say beside the others of their string: the second half of `burst_rows`."""
    groups = shown.partition_by("waveform_hz", "samples", maintain_order=True)
    return pl.concat([pl.DataFrame(schema=SCHEMA), *(_judged(group) for group in groups)]).sort(
        "string_id", "ts"
    )


def findings(rows: pl.DataFrame) -> pl.DataFrame:
    """Of each string (string_code) how many bursts say what, the worst severity, the string's mohm.

    Two faults at once stand as `capacitor_loss+unbalance`.
    """
    judged = rows.filter("steady", ~pl.col("discharge")).with_columns(diagnosis="faults")
    return (
        judged.group_by("string_code", "diagnosis")
        .agg(
            bursts=pl.len(),
            severity=pl.col("severity").max().round(2),
            ripple_a=pl.col("ripple_a").median().round(2),
            string_mohm=(pl.col("string_ohm").median() * 1000).round(0),
        )
        .sort("string_code", "diagnosis")
    )


def _measured(group: pl.DataFrame) -> pl.DataFrame:
    """Rows MEASURED of bursts of one rate and length."""
    rate, count = float(group["waveform_hz"][0]), int(group["samples"][0])
    volts, amps = (
        group[name].list.to_array(count).to_numpy().astype(float) for name in ("waveform_v", "waveform_a")
    )
    lines_v = spectra(volts, rate)
    lines_a = spectra(amps, rate, lines_v.mains_hz)
    shown = signature(lines_v, lines_a, group["pulses"].fill_null(6).to_numpy())
    columns = {
        "steady": _steady(volts, amps, rate, shown, lines_v.mains_hz),
        "ripple_v": lines_v.rms,
        "ripple_a": lines_a.rms,
        "mains_hz": lines_v.mains_hz,
        **{name: getattr(shown, name) for name in SEEN},
    }
    columns_added = group.with_columns(**{name: pl.Series(values) for name, values in columns.items()})
    return columns_added.select(pl.col(name).cast(kind) for name, kind in MEASURED.items())


def _judged(group: pl.DataFrame) -> pl.DataFrame:
    """Rows of bursts of one rate and length. A capacitor's loss is told by the mean of a week's days."""
    shown = Signature(**{name: group[name].to_numpy() for name in SEEN})
    steady = group["steady"].to_numpy()
    usual = _usual(group["string_id"], shown, steady)
    mean, days = _of_week(group, shown, steady)
    labels = labelled(replace(shown, first_share=mean), usual, days)
    discharge = (shown.dc_a < DISCHARGE_A) & ~labels.shown.any(axis=1)
    kinds = np.where(discharge, "discharge", labels.gravest())
    severity = _severity(labels, kinds, 1 - shown.dc_v / usual.dc_v)
    faults = np.where(labels.shown.any(axis=1), _joined(labels.shown), kinds)
    kinds[~steady], severity[~steady], faults[~steady] = None, np.nan, None
    floats = [name for name, kind in SCHEMA.items() if kind == pl.Float64]
    return (
        group.with_columns(
            discharge=pl.Series(shown.dc_a < DISCHARGE_A),
            diagnosis=pl.Series(kinds.tolist(), dtype=pl.String),
            severity=pl.Series(severity, dtype=pl.Float64),
            faults=pl.Series(faults.tolist(), dtype=pl.String),
        )
        .with_columns(pl.col(floats).fill_nan(None))
        # On discharge the rectifier is off: what is left at f1 is the inverter's, and no fundamental.
        .with_columns(thd_pct=pl.when(~pl.col("discharge")).then("thd_pct"))
        .select(*SCHEMA)
    )


def _of_week(group: pl.DataFrame, shown: Signature, steady: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Geometric mean of the first line's share over a week's days until each burst, and of how many days.

    A burst counts for its day where it is steady and the bridge whole; one that does not keeps its own share.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(shown.first_share)
    counts = steady & (shown.dc_a >= DISCHARGE_A) & np.isfinite(logs) & ~bridge_faults(shown).any(axis=1)
    day = pl.col("ts").dt.truncate("1d").alias("day")
    ordered = group.select("string_id", day, log=pl.Series(logs), counts=pl.Series(counts)).with_row_index(
        "at"
    )
    by_day = ordered.filter("counts").group_by("string_id", "day")
    daily = by_day.agg(pl.col("log").median(), one=pl.lit(1.0)).sort("string_id", "day")
    week = daily.select(
        "string_id", "day",
        mean=pl.col("log").rolling_mean_by("day", WEEK).over("string_id"),
        days=pl.col("one").rolling_sum_by("day", WEEK).over("string_id"),
    )  # fmt: skip
    joined = ordered.join(week, on=["string_id", "day"], how="left").sort("at")
    there = joined["counts"] & joined["mean"].is_not_null()
    mean = np.where(there, np.exp(joined["mean"].fill_null(0.0)), shown.first_share)
    return mean, np.where(there, joined["days"].fill_null(1.0), 1.0)


def _severity(labels: Labels, kinds: np.ndarray, sag: np.ndarray) -> np.ndarray:
    """Of the gravest fault: share of capacitance lost, or of a phase low, or by which Vdc sags."""
    by_kind = {"capacitor_loss": labels.lost, "unbalance": labels.low, "open_diode": sag, "lost_phase": sag}
    severity = np.zeros(len(kinds))
    for kind, values in by_kind.items():
        severity = np.where(kinds == kind, values, severity)
    return severity


def _joined(shown: np.ndarray) -> np.ndarray:
    """Faults of each burst, joined by +."""
    return np.array(["+".join(np.array(FAULTS)[row]) for row in shown], dtype=object)


def _steady(
    volts: np.ndarray, amps: np.ndarray, rate: float, shown: Signature, mains_hz: np.ndarray
) -> np.ndarray:
    """Whether neither current nor voltage (K, n) moved but for their ripple.

    An open string carries no current whatever its voltage does: the current alone says too little.
    """
    most_a = np.maximum(STEADY_A, STEADY_SHARE * np.maximum(np.abs(shown.dc_a), amps.std(axis=1)))
    first_v = shown.first_share * shown.dc_v
    length = np.maximum(np.rint(rate / mains_hz).astype(int), 1)
    steady = np.empty(len(amps), bool)
    for count in np.unique(length):
        mine = length == count
        means_a, means_v = (_cycle_means(waves[mine], int(count)) for waves in (amps, volts))
        along = np.linspace(-0.5, 0.5, means_v.shape[1])
        rise = means_v @ along / max(float(along @ along), 1e-9)
        stepped = np.ptp(means_v - rise[:, None] * along, axis=1)
        steady[mine] = (
            (np.ptp(means_a, axis=1) <= most_a[mine])
            & (np.ptp(means_v, axis=1) <= STEADY_DRIFT * np.abs(shown.dc_v[mine]))
            & (stepped <= STEADY_FIRST * first_v[mine])
        )
    return steady


def _cycle_means(waves: np.ndarray, count: int) -> np.ndarray:
    """Means (K, cycles) of whole cycles of so many samples."""
    cycles = max(waves.shape[1] // count, 1)
    return waves[:, : cycles * count].reshape(len(waves), cycles, -1).mean(axis=2)


def _usual(strings: pl.Series, shown: Signature, steady: np.ndarray) -> Usual:
    """What each burst's string usually shows, from its own bursts while the rectifier holds it."""
    frame = pl.DataFrame({
        "string": strings, "share": shown.first_share, "dc_v": shown.dc_v,
        "counts": steady & (shown.dc_a >= DISCHARGE_A) & np.isfinite(shown.first_share),
    })  # fmt: skip
    chosen = pl.col("share").filter("counts"), pl.col("dc_v").filter("counts")
    enough = pl.col("counts").sum() >= USUAL_LEAST
    usual = frame.select(
        pl.when(enough.over("string")).then(chosen[0].quantile(USUAL_SHARE).over("string")).alias("share"),
        pl.when(enough.over("string")).then(chosen[1].median().over("string")).alias("dc_v"),
        pl.when(enough.over("string"))
        .then(pl.col("counts").sum().over("string"))
        .cast(pl.Float64)
        .alias("count"),
    ).fill_null(np.nan)
    # The calmer fifth is that of sound days, though a fault took the others.
    centre = usual["share"].to_numpy() * np.exp(CALMER * WANDER)
    spread, count = np.full(len(usual), WANDER), usual["count"].to_numpy() / CALM_ERROR**2
    return Usual(centre, usual["dc_v"].to_numpy(), spread, count)


def ohmic_step(volts: np.ndarray, amps: np.ndarray, rate_hz: float) -> tuple[int, float, float] | None:
    """Sample, voltage (V) and current (A) of the step within a burst (n,) that holds one; None where none is.

    Voltage and current are lines fitted to 40 ms on both sides, met at the step: ripple averages out over two
    mains cycles, and what polarisation gives up later is left to the slope. The string's ohms are V/A.
    """
    side = round(0.04 * rate_hz)
    moved = np.abs(np.convolve(amps, np.r_[np.ones(side), -np.ones(side)] / side, mode="valid"))
    if len(moved) == 0 or moved.max() < 5 * STEADY_A:
        return None
    at = int(moved.argmax()) + side
    along = np.arange(side) / side

    def met(values: np.ndarray) -> float:
        before = np.polyfit(along - 1, values[at - side : at], 1)[1]
        return float(np.polyfit(along, values[at : at + side], 1)[1] - before)

    return at, met(volts), met(amps)
