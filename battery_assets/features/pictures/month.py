"""A month of one string, and its deepest discharge, as a battery engineer would plot them. Times are UTC."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from battery_assets.features.pictures.parts import (
    BLUE,
    GREY,
    TITLE,
    VERMILION,
    days,
    draw_bars,
    panels,
    png,
    set_dates,
)  # fmt: skip
from battery_assets.features.pictures.scales import draw_scales, place_ticks, share_limits

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Z90 = 1.645
SOH_SD_PCT = 5.0  # where the twin states none (SOURCES 6)
SOUND_PCT, WORN_PCT = 85.0, 80.0  # limits of the alerts (SOURCES 5)
FEW_HOURS = 48


@dataclass(frozen=True)
class StringChoice:
    """A string worth looking at: its weakest jar and the jar in the middle, by estimated health."""

    place: str
    string_id: str
    string_code: str
    weakest_id: str
    weakest_code: str
    middle_id: str
    soh_pct: float
    soh_sd_pct: float
    baseline_mohm: float | None

    @property
    def title(self) -> str:
        """Code, and what the estimates say of the weakest jar."""
        words = (
            "sound"
            if self.soh_pct >= SOUND_PCT
            else "ageing"
            if self.soh_pct >= WORN_PCT
            else "at its end of life"
        )
        jar = self.weakest_code.rsplit("-", 1)[-1]
        return f"{self.string_code}: weakest jar {jar} {words}, estimated SOH {self.soh_pct:.0f} %"


def three_strings(states: pl.DataFrame, jars: pl.DataFrame) -> list[StringChoice]:
    """The strings whose weakest jar is the best, in the middle, and the worst; fewer if there are fewer.

    states: battery_id, soh_pct and, where it exists, soh_std_pct of the twin. jars: battery_id, string_id,
    string_code, battery_code, initial_resistance_mohm.
    """
    sd = pl.col("soh_std_pct") if "soh_std_pct" in states.columns else pl.lit(None, pl.Float64)
    known = (
        jars.join(states.select("battery_id", "soh_pct", sd=sd.fill_null(SOH_SD_PCT)), on="battery_id")
        .filter(pl.col("soh_pct").is_not_null())
        .sort("string_code", "soh_pct", "battery_id")
    )
    if known.is_empty():
        return []
    by_string = known.group_by("string_id", maintain_order=True).agg(
        pl.all().first(), middle_id=pl.col("battery_id").get(pl.len() // 2)
    )
    ranked = by_string.sort("soh_pct", "string_code", descending=[True, False]).to_dicts()
    places = {"best": 0, "middle": (len(ranked) - 1) // 2, "worst": len(ranked) - 1}
    rows = {name: ranked[k] for name, k in places.items()}
    unique = {row["string_id"]: (name, row) for name, row in rows.items()}
    return [
        StringChoice(
            name, row["string_id"], row["string_code"], row["battery_id"], row["battery_code"],
            row["middle_id"],
            row["soh_pct"], row["sd"], row["initial_resistance_mohm"],
        )
        for name, row in unique.values()
    ]  # fmt: skip


def month_of_string(
    choice: StringChoice,
    whole: pl.DataFrame,
    weak: pl.DataFrame,
    currents: pl.DataFrame,
    charge: pl.DataFrame,
) -> bytes:
    """V, I, T, R, SOC and SOH of a string over a month: the median jar, and the weakest.

    whole: `hours_of_strings` of the string. weak: feature_ts, v_mean, t_mean, r_internal_latest of its
    weakest jar (1 h). Both are sorted by feature_ts. currents: hour, current_min, current_max of the string.
    charge: ts, battery_id, soc_pct, soh_pct of the weakest and the middle jar.
    """
    drawn, axes = panels(9.2, 7.0, 3, 2, choice.title)
    _voltage(axes[0, 0], whole, weak)
    _current(axes[0, 1], currents)
    _temperature(axes[1, 0], whole, weak)
    _resistance(axes[1, 1], whole, weak, choice.baseline_mohm)
    _charge(axes[2, 0], charge, choice)
    _health(axes[2, 1], charge, choice)
    _scales(axes, days(whole["feature_ts"]))
    handles = axes[1, 0].get_legend_handles_labels()
    drawn.legend(*handles, frameon=False, ncols=4, loc="lower center", fontsize=9)
    return png(drawn)


def _scales(axes: np.ndarray, at: np.ndarray) -> None:
    """The same time along all panels, its ticks named below the last row."""
    if len(at):
        axes[-1, 0].set_xlim(at[0] - 0.5, at[-1] + 0.5)
    set_dates(axes[-1, 0], 6)
    limits, places = axes[-1, 0].get_xlim(), axes[-1, 0].get_xticks()
    for one in axes.flat:
        one.set_xlim(limits)
        if one not in axes[-1]:
            place_ticks(one.xaxis, places)
    set_dates(axes[-1, 1], 6)
    for one in axes.flat:
        draw_scales(one, x_words=one in axes[-1])


def hours_of_strings(hours: pl.DataFrame) -> pl.DataFrame:
    """What the jars of a string show together in an hour: string_id, feature_ts; v, v_low, v_high (V), t,
    room (°C), r (mΩ), the median where not said otherwise.

    hours: string_id, feature_ts, v_mean, t_mean, t_delta_ambient_mean, r_internal_latest of the jars (1 h).
    """
    return (
        hours.group_by("string_id", "feature_ts")
        .agg(
            v=pl.col("v_mean").median(),
            v_low=pl.col("v_mean").min(),
            v_high=pl.col("v_mean").max(),
            t=pl.col("t_mean").median(),
            room=(pl.col("t_mean") - pl.col("t_delta_ambient_mean")).median(),
            r=pl.col("r_internal_latest").median(),
        )
        .sort("string_id", "feature_ts")
    )


def _voltage(axes: "Axes", whole: pl.DataFrame, weak: pl.DataFrame) -> None:
    at = days(whole["feature_ts"])
    axes.fill_between(at, whole["v_low"], whole["v_high"], color=GREY, alpha=0.25, linewidth=0)
    axes.plot(at, whole["v"], color=BLUE, linewidth=1.0)
    axes.plot(days(weak["feature_ts"]), weak["v_mean"], color=VERMILION, linewidth=1.0)
    words = "jar voltage, hourly mean (V); grey: all jars"
    if whole.height > FEW_HOURS:
        # A discharge of some hours would press the month's float into a line: its own picture shows it.
        low, high = whole["v_low"].quantile(0.02), whole["v_high"].quantile(0.98)
        if low is not None and high is not None:
            axes.set_ylim(low - 0.1, high + 0.1)
            words += "; deep hours cut" if whole["v_low"].min() < low - 0.1 else ""  # type: ignore[operator]
    axes.set_title(words, **TITLE)


def _current(axes: "Axes", currents: pl.DataFrame) -> None:
    axes.axhline(0.0, color=GREY, linewidth=0.6)
    for column in ("current_min", "current_max"):
        draw_bars(axes, days(currents["hour"]), currents[column], color=BLUE)
    axes.set_yscale("symlog", linthresh=1.0)
    extremes = currents.select(pl.col("current_min", "current_max").abs().max()).row(0)
    most = max([1.0, *(float(value) for value in extremes if value is not None)])
    steps = [step for step in (1, 10, 100, 1000) if step <= 10 * most]
    place_ticks(axes.yaxis, [*(-step for step in steps[::-1]), 0, *steps])
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set_ylim(-2 * most, 2 * most)
    axes.set_title("string current, extremes of each hour (A); + charges", **TITLE)


def _temperature(axes: "Axes", whole: pl.DataFrame, weak: pl.DataFrame) -> None:
    at = days(whole["feature_ts"])
    axes.plot(at, whole["t"], color=BLUE, linewidth=1.0, label="median jar of the string")
    axes.plot(days(weak["feature_ts"]), weak["t_mean"], color=VERMILION, linewidth=1.0, label="weakest jar")
    room = "room sensors of the site"
    axes.plot(at, whole["room"], color=GREY, linewidth=1.0, linestyle="--", label=room)
    axes.set_title("temperature (°C)", **TITLE)


def _resistance(axes: "Axes", whole: pl.DataFrame, weak: pl.DataFrame, baseline: float | None) -> None:
    axes.step(days(whole["feature_ts"]), whole["r"], color=BLUE, linewidth=1.0, where="post")
    # A reading is held for a day until the next: a step shows when it was taken.
    at = days(weak["feature_ts"])
    axes.step(at, weak["r_internal_latest"], color=VERMILION, linewidth=1.0, where="post")
    if baseline:
        axes.axhline(baseline, color=GREY, linestyle="--", linewidth=1.0)
    axes.set_title("ohmic reading (mΩ); dashed: weakest jar when new", **TITLE)


def _charge(axes: "Axes", charge: pl.DataFrame, choice: StringChoice) -> None:
    lowest = 100.0
    for jar, colour in ((choice.middle_id, BLUE), (choice.weakest_id, VERMILION)):
        rows = charge.filter(pl.col("battery_id") == jar).sort("ts")
        axes.plot(days(rows["ts"]), rows["soc_pct"], color=colour, linewidth=1.0)
        lowest = min(lowest, rows["soc_pct"].min() or 100.0)  # type: ignore[type-var, assignment]
    axes.set_ylim(min(lowest - 3.0, 90.0), 101.0)
    axes.set_title("state of charge (% of present capacity)", **TITLE)


def _health(axes: "Axes", charge: pl.DataFrame, choice: StringChoice) -> None:
    weak = charge.filter(pl.col("battery_id") == choice.weakest_id).sort("ts").drop_nulls("soh_pct")
    middle = charge.filter(pl.col("battery_id") == choice.middle_id).sort("ts")
    half = Z90 * choice.soh_sd_pct
    ends = (weak["soh_pct"] - half, weak["soh_pct"] + half)
    axes.fill_between(days(weak["ts"]), *ends, color=VERMILION, alpha=0.18, linewidth=0)
    axes.plot(days(middle["ts"]), middle["soh_pct"], color=BLUE, linewidth=1.0)
    axes.plot(days(weak["ts"]), weak["soh_pct"], color=VERMILION, linewidth=1.0)
    axes.axhline(WORN_PCT, color=GREY, linestyle="--", linewidth=1.0)
    axes.set_title("state of health (% of rated); shaded: 90 %; dashed: 80 %", **TITLE)


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
    keep = _thinned(string["voltage_v"].cast(pl.Float64).to_numpy())
    x = string["since_s"].to_numpy()[keep] / unit
    axes[0].plot(x, string["voltage_v"].to_numpy()[keep], color=BLUE, linewidth=1.1)
    axes[1].plot(x, string["current_a"].to_numpy()[keep], color=BLUE, linewidth=1.1)
    axes[1].axhline(0.0, color=GREY, linewidth=0.6)
    own = (
        jars[lowest].cast(pl.Float64).fill_null(np.nan).to_numpy() if lowest in jars.columns else np.zeros(0)
    )
    keep = _thinned(own)
    x = jars["since_s"].to_numpy()[keep] / unit
    for code in [name for name in jars.columns if name not in ("ts", "since_s", lowest)]:
        axes[2].plot(x, jars[code].to_numpy()[keep], color=GREY, linewidth=0.5, alpha=0.7)
    axes[2].plot(x, own[keep], color=VERMILION, linewidth=1.3)


def _thinned(values: np.ndarray, most: int = 600) -> np.ndarray:
    """Row numbers that keep the lowest and the highest value of each block."""
    if len(values) <= most:
        return np.arange(len(values))
    known = np.where(np.isfinite(values), values, np.nanmedian(values))
    blocks = np.array_split(np.arange(len(values)), most // 3)
    return np.unique([row for b in blocks for row in (b[0], b[known[b].argmin()], b[known[b].argmax()])])
