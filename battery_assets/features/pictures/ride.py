"""A discharge of a string as a battery engineer would plot it: volts, amperes, every jar. Times are UTC."""

import numpy as np
import polars as pl

from battery_assets.features.pictures.parts import (
    BLUE,
    GREY,
    TITLE,
    VERMILION,
    draw_parts,
    panels,
    parted,
    png,
)
from battery_assets.features.pictures.scales import draw_scales, share_limits


def ride_picture(title: str, string: pl.DataFrame, jars: pl.DataFrame, begun, ended) -> bytes:
    """A discharge at the sampling rate: string voltage, current, every jar's voltage; whole, and its begin.

    string: ts, voltage_v, current_a. jars: ts, battery_id, battery_code, voltage_v; each has instants of its
    own. begun, ended: first and last loaded sample. The jar that is lowest at the end of the load is drawn in
    colour. Without a voltage of any jar the string is drawn alone.
    """
    jars = jars.filter(pl.col("voltage_v").is_not_null())
    lowest = _lowest_at(jars, ended)
    words = ["string voltage (V)", "string current (A); + charges"]
    if lowest is not None:
        words.append(f"jar voltages (V); lowest at the end: {lowest.rsplit('-', 1)[-1]}")
    drawn, axes = panels(9.2, 1.0 + 2.0 * len(words), len(words), 2, title)
    seconds = max((ended - begun).total_seconds(), 20.0)
    step_s = string["ts"].diff().dt.total_milliseconds().median() or 0.0
    ahead = max(0.08 * min(seconds, 600.0) + 5.0, 1.5e-3 * step_s)  # type: ignore[operator]
    spans = ((None, None), (-ahead, min(1.15 * seconds + 10.0, 600.0)))
    for column, (first, last) in enumerate(spans):
        part, own = _between(string, begun, first, last), _between(jars, begun, first, last)
        minutes = column == 0 and (part["since_s"].max() or 0.0) > 600.0  # type: ignore[operator]
        unit = 60.0 if minutes else 1.0
        _draw_string(axes[:2, column], part, unit)
        if lowest is not None:
            _draw_jars(axes[2, column], own, lowest, unit)
        axes[-1, column].set_xlabel(
            "minutes since the load came" if minutes else "seconds since the load came"
        )
    for one, said in zip(axes[:, 0], words, strict=True):
        one.set_title(said, **TITLE)
    axes[0, 1].set_title("its first minutes", **TITLE)
    for column in axes.T:
        share_limits(column, "x")
        for one in column:
            draw_scales(one, x_words=one is column[-1])
    return png(drawn)


def _lowest_at(jars: pl.DataFrame, ended) -> str | None:
    until = jars.filter(pl.col("ts") <= ended)
    if until.is_empty():  # the jars' clock runs ahead of the string's, or their samples are missing
        until = jars
    last = until.sort("ts").group_by("battery_code").agg(pl.col("voltage_v").last())
    return next(iter(last.sort("voltage_v", "battery_code")["battery_code"]), None)


def _between(rows: pl.DataFrame, begun, first: float | None, last: float | None) -> pl.DataFrame:
    timed = rows.with_columns(since_s=(pl.col("ts") - begun).dt.total_milliseconds() / 1e3)
    if first is not None:
        timed = timed.filter(pl.col("since_s").is_between(first, last))
    return timed


def _draw_string(axes, string: pl.DataFrame, unit: float) -> None:
    for one, column in zip(axes, ("voltage_v", "current_a"), strict=True):
        _draw_thinned(one, string, column, unit, color=BLUE, linewidth=1.1)
    axes[1].axhline(0.0, color=GREY, linewidth=0.6)


def _draw_jars(axes, jars: pl.DataFrame, lowest: str, unit: float) -> None:
    """Each jar at its own instants: monitors that ask one after the other have no two alike."""
    of_jar = jars.sort("ts").partition_by("battery_code", as_dict=True, maintain_order=True)
    for (code,), own in of_jar.items():
        if code != lowest:
            _draw_thinned(axes, own, "voltage_v", unit, color=GREY, linewidth=0.5, alpha=0.7)
    if (lowest,) in of_jar:
        _draw_thinned(axes, of_jar[lowest,], "voltage_v", unit, color=VERMILION, linewidth=1.3)


def _draw_thinned(axes, rows: pl.DataFrame, column: str, unit: float, **style) -> None:
    x, y = parted(_numbers(rows, "since_s"), _numbers(rows, column))
    keep = _thinned(y)
    draw_parts(axes, x[keep] / unit, y[keep], **style)


def _numbers(rows: pl.DataFrame, column: str) -> np.ndarray:
    return rows[column].cast(pl.Float64).fill_null(np.nan).to_numpy()


def _thinned(values: np.ndarray, most: int = 600) -> np.ndarray:
    """Row numbers that keep the lowest and the highest value of each block, and where nothing is known."""
    if len(values) <= most:
        return np.arange(len(values))
    there = np.isfinite(values)
    if not there.any():
        return np.arange(0)
    filled = np.where(there, values, np.nanmedian(values))
    blocks = np.array_split(np.arange(len(values)), most // 3)
    kept = [row for b in blocks for row in (b[0], b[filled[b].argmin()], b[filled[b].argmax()])]
    return np.unique([*kept, *np.flatnonzero(np.diff(there.astype(int)) == -1) + 1])
