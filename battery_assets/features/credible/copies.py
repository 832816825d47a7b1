"""One channel that is shown for two jars, as it is or through another converter."""

import numpy as np
import polars as pl

from battery_assets.features.credible.agreement_kernels import (
    agreements,
    first_of_bins,
    moves,
    nearness,
)
from battery_assets.features.credible.scales import NOTHING, SCALES
from battery_assets.features.samples.runs import micros, numbers, row_medians, unit_runs

BIN_US, FEWEST_BINS, FEWEST_VALUES = 900_000_000, 20, 5
BINS = 96  # of a day
AGREE, USUAL_AGREEMENT = 0.98, 0.5
# A channel that is shown twice, through two converters: within a step of the monitor but for an offset (and
# half a step of its median), while it moves by several. Judged where the noise of the other jars is seen.
# Of two dozen hours some of the hundreds of pairs of a string agree so far by chance.
NEAR_STEPS, SWINGS_STEPS, FEWEST_NEAR_BINS = 1.6, 5.0, 40
# Steps of a monitor above this share of the voltage (20 mV of a jar) hide the noise that tells two apart.
COARSEST = 0.0015


def copied_channels(rows: pl.DataFrame, jars: pl.DataFrame) -> pl.DataFrame:
    """SCALES of jars that show one channel: unit_id is a jar, likely names the others, code copied_channel.

    Two instruments never agree to the last digit for a day. Bins in which neither of two moved say nothing.
    Not judged where the voltages hardly move, or are so coarse that jars of one charger agree by themselves.
    """
    if rows.is_empty():
        return NOTHING
    ids = jars["battery_id"].cast(pl.String).to_list()
    names = jars["battery_code"].to_list() if "battery_code" in jars.columns else ids
    strings = jars["string_id"].cast(pl.String).to_list()
    runs = unit_runs(rows["battery_id"], ids)
    ts, volts = micros(rows["ts"]), numbers(rows, "voltage_v")
    bins = first_of_bins(ts, volts, runs.start, runs.stop, BIN_US, BINS)
    shown: dict[str, dict[int, np.ndarray]] = {}
    for unit, of_jar in zip(runs.unit, bins, strict=True):
        shown.setdefault(strings[unit], {})[unit] = of_jar
    copies = []
    for string, of in shown.items():
        units = list(of)
        for unit, others in _alike(np.stack([of[u] for u in units])).items():
            names_joined = ", ".join(str(names[units[k]]) for k in others)
            copies.append(
                ("jar", ids[units[unit]], string, "voltage_v", "copied_channel", names_joined, None,
                 float(np.nanmedian(of[units[unit]])), "V", int(np.isfinite(of[units[unit]]).sum()))
            )  # fmt: skip
    return pl.DataFrame(copies, schema=SCALES, orient="row") if copies else NOTHING


def _alike(shown: np.ndarray) -> dict[int, list[int]]:
    """Of the jars of a string (J, 96) those that agree with others, and with which."""
    if _coarse(shown):
        return {}
    moved = moves(shown)
    bins, equal = agreements(shown, moved)
    share = equal / np.maximum(bins, 1)
    pairs = (bins >= FEWEST_BINS) & ~np.eye(len(shown), dtype=bool)
    alike = pairs & (share >= AGREE)
    others = pairs & ~alike
    if others.sum() > 2 and float(np.median(share[others])) > USUAL_AGREEMENT:
        return {}
    alike |= _but_for_an_offset(shown, moved, bins)
    if not alike.any():
        return {}
    alike &= np.array([len(np.unique(row[np.isfinite(row)])) >= FEWEST_VALUES for row in shown])[:, None]
    return {int(k): np.flatnonzero(alike[k]).tolist() for k in np.flatnonzero(alike.any(axis=1))}


def _but_for_an_offset(shown: np.ndarray, moved: np.ndarray, bins: np.ndarray) -> np.ndarray:
    """Which jars (J, J) show one channel with an offset, or to a step of the monitor."""
    values = np.unique(shown[np.isfinite(shown)].round(4))
    pairs = (bins >= FEWEST_NEAR_BINS) & ~np.eye(len(shown), dtype=bool)
    if len(values) < FEWEST_VALUES or not pairs.any():
        return np.zeros_like(pairs)
    step = np.diff(values).min()
    level = shown - row_medians(shown)[:, None]
    share = nearness(level, moved, NEAR_STEPS * step) / np.maximum(bins, 1)
    alike = pairs & (share >= AGREE)
    if not alike.any():
        return alike
    swings = np.array([row[np.isfinite(row)].std() if np.isfinite(row).any() else 0.0 for row in level])
    alike &= (swings >= SWINGS_STEPS * step)[:, None]
    others = pairs & ~alike
    if others.sum() <= 2 or float(np.median(share[others])) > USUAL_AGREEMENT:
        return np.zeros_like(pairs)
    return alike & alike.T


def _coarse(shown: np.ndarray) -> bool:
    """Whether the steps of a string's voltages are wide beside what two sound jars differ by."""
    values = np.unique(shown[np.isfinite(shown)].round(4))
    return len(values) > 1 and bool(np.median(np.diff(values)) > COARSEST * np.median(np.abs(values)))
