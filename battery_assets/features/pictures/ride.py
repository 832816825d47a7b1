"""A discharge of a string as a battery engineer would plot it: volts, amperes, every jar. Times are UTC."""

import numpy as np
import polars as pl

from battery_assets.features.pictures.parts import BLUE, GREY, TITLE, VERMILION, panels, parted, png
from battery_assets.features.pictures.scales import draw_scales, share_limits


def ride_picture(title: str, string: pl.DataFrame, jars: pl.DataFrame, begun, ended) -> bytes:
    """A discharge at the sampling rate: string voltage, current, every jar's voltage; whole, and its begin.

    string: ts, voltage_v, current_a. jars: ts, battery_id, battery_code, voltage_v. begun, ended: first and
    last loaded sample. The jar that is lowest at the end of the load is drawn in colour.
    """
    drawn, axes = panels(9.2, 7.0, 3, 2, title)
    lowest, wide = (
        _lowest_at(jars, ended),
        jars.pivot("battery_code", index="ts", values="voltage_v").sort("ts"),
    )
    seconds = max((ended - begun).total_seconds(), 20.0)
    step_s = string["ts"].diff().dt.total_milliseconds().median() or 0.0
    ahead = max(0.08 * min(seconds, 600.0) + 5.0, 1.5e-3 * step_s)  # type: ignore[operator]
    spans = ((None, None), (-ahead, min(1.15 * seconds + 10.0, 600.0)))
    for column, (first, last) in enumerate(spans):
        part, own = _between(string, begun, first, last), _between(wide, begun, first, last)
        minutes = column == 0 and (part["since_s"].max() or 0.0) > 600.0  # type: ignore[operator]
        _ride_column(axes[:, column], part, own, lowest, 60.0 if minutes else 1.0)
        axes[2, column].set_xlabel(
            "minutes since the load came" if minutes else "seconds since the load came"
        )
    for one, words in zip(
        axes[:, 0],
        (
            "string voltage (V)",
            "string current (A); + charges",
            f"jar voltages (V); lowest at the end: {lowest.rsplit('-', 1)[-1]}",
        ),
        strict=True,
    ):
        one.set_title(words, **TITLE)
    axes[0, 1].set_title("its first minutes", **TITLE)
    for column in axes.T:
        share_limits(column, "x")
        for one in column:
            draw_scales(one, x_words=one is column[-1])
    return png(drawn)


def _lowest_at(jars: pl.DataFrame, ended) -> str:
    until = jars.filter(pl.col("ts") <= ended)
    if until.is_empty():  # the jars' clock runs ahead of the string's, or their samples are missing
        until = jars
    last = until.sort("ts").group_by("battery_code").agg(pl.col("voltage_v").last())
    return str(last.sort("voltage_v", "battery_code")["battery_code"][0])


def _between(rows: pl.DataFrame, begun, first: float | None, last: float | None) -> pl.DataFrame:
    timed = rows.with_columns(since_s=(pl.col("ts") - begun).dt.total_milliseconds() / 1e3)
    if first is not None:
        timed = timed.filter(pl.col("since_s").is_between(first, last))
    return timed


def _ride_column(axes, string: pl.DataFrame, jars: pl.DataFrame, lowest: str, unit: float) -> None:
    x, volts, amps = parted(
        _numbers(string, "since_s"), *(_numbers(string, c) for c in ("voltage_v", "current_a"))
    )
    keep = _thinned(volts)
    axes[0].plot(x[keep] / unit, volts[keep], color=BLUE, linewidth=1.1)
    axes[1].plot(x[keep] / unit, amps[keep], color=BLUE, linewidth=1.1)
    axes[1].axhline(0.0, color=GREY, linewidth=0.6)
    codes = [name for name in jars.columns if name not in ("ts", "since_s", lowest)]
    own = [_numbers(jars, name) for name in (lowest, *codes) if name in jars.columns]
    if not own:
        return
    x, lowest_v, *others = parted(_numbers(jars, "since_s"), *own)
    keep = _thinned(lowest_v)
    for volts in others:
        axes[2].plot(x[keep] / unit, volts[keep], color=GREY, linewidth=0.5, alpha=0.7)
    axes[2].plot(x[keep] / unit, lowest_v[keep], color=VERMILION, linewidth=1.3)


def _numbers(rows: pl.DataFrame, column: str) -> np.ndarray:
    return rows[column].cast(pl.Float64).fill_null(np.nan).to_numpy()


def _thinned(values: np.ndarray, most: int = 600) -> np.ndarray:
    """Row numbers that keep the lowest and the highest value of each block, and where nothing is known."""
    if len(values) <= most:
        return np.arange(len(values))
    there = np.isfinite(values)
    filled = np.where(there, values, np.nanmedian(values))
    blocks = np.array_split(np.arange(len(values)), most // 3)
    kept = [row for b in blocks for row in (b[0], b[filled[b].argmin()], b[filled[b].argmax()])]
    return np.unique([*kept, *np.flatnonzero(np.diff(there.astype(int)) == -1) + 1])
