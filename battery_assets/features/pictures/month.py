"""A month of one string as a battery engineer would plot it. Times are UTC."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from battery_assets.features.pictures.parts import (
    BLUE,
    GREY,
    TITLE,
    VERMILION,
    days,
    draw_absence,
    draw_bars,
    draw_line,
    figure,
    panels_of,
    parted,
    png,
    set_dates,
)  # fmt: skip
from battery_assets.features.pictures.scales import draw_scales, place_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

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
    estimated = (
        jars.join(states.select("battery_id", "soh_pct", sd=sd.fill_null(SOH_SD_PCT)), on="battery_id")
        .filter(pl.col("soh_pct").is_not_null())
        .sort("string_code", "soh_pct", "battery_id")
    )
    if estimated.is_empty():
        return []
    by_string = estimated.group_by("string_id", maintain_order=True).agg(
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
    made = {
        "v_mean": lambda axes: _voltage(axes, whole, weak),
        "current": lambda axes: _current(axes, currents),
        "t_mean": lambda axes: _temperature(axes, whole, weak),
        "r": lambda axes: _resistance(axes, whole, weak, choice.baseline_mohm),
        "soc": lambda axes: _charge(axes, charge, choice),
        "soh": lambda axes: _health(axes, charge, choice),
    }
    quantities = _panels_with_values(whole, currents, _of_choice(charge, choice))
    draws = [draw for name, draw in made.items() if name in quantities]
    if not draws:
        drawn, only = figure(9.2, 2.5, choice.title)
        draw_absence(only, "nothing was recorded of this string")
        return png(drawn)
    drawn, panels = panels_of(9.2, len(draws), choice.title)
    for draw, one in zip(draws, panels, strict=True):
        draw(one)
    _scales(panels, days(whole["feature_ts"]))
    _legend(drawn, "t_mean" in quantities)
    return png(drawn)


def _of_choice(charge: pl.DataFrame, choice: StringChoice) -> pl.DataFrame:
    """Charge and health of the jars that are drawn."""
    return charge.filter(pl.col("battery_id").is_in([choice.weakest_id, choice.middle_id]))


def _panels_with_values(whole: pl.DataFrame, currents: pl.DataFrame, charge: pl.DataFrame) -> set[str]:
    """Which panels have something to show: an empty one says no more than none."""
    counted = {
        "v_mean": whole["v"].count(),
        "current": currents["current_max"].count(),
        "t_mean": whole["t"].count() + whole["room"].count(),
        "r": whole["r"].count(),
        "soc": charge["soc_pct"].count(),
        "soh": charge["soh_pct"].count(),
    }
    return {name for name, values in counted.items() if values}


def _legend(drawn: "Figure", with_room: bool) -> None:
    from matplotlib.lines import Line2D

    entries: list[tuple[str, str, Any]] = [
        ("median jar of the string", BLUE, "-"),
        ("weakest jar", VERMILION, "-"),
    ]
    entries += [("room sensors of the site", GREY, "--")] * with_room
    handles = [Line2D([], [], color=colour, linestyle=style, label=label) for label, colour, style in entries]
    drawn.legend(handles=handles, frameon=False, ncols=4, loc="lower center", fontsize=9)


def _scales(axes: list["Axes"], at: np.ndarray) -> None:
    """The same time along all panels, its ticks named below the lowest of each column."""
    last = axes[-1]
    if len(at):
        last.set_xlim(at[0] - 0.5, at[-1] + 0.5)
    set_dates(last, 6)
    limits, places = last.get_xlim(), last.get_xticks()
    for one in axes:
        one.set_xlim(limits)
        if one in axes[-2:]:
            set_dates(one, 6)
        else:
            place_ticks(one.xaxis, places)
    for one in axes:
        draw_scales(one, x_words=one in axes[-2:])


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
    along, *ends = parted(at, whole["v_low"], whole["v_high"])
    axes.fill_between(along, ends[0], ends[1], color=GREY, alpha=0.25, linewidth=0)
    draw_line(axes, at, whole["v"], color=BLUE, linewidth=1.0)
    draw_line(axes, days(weak["feature_ts"]), weak["v_mean"], color=VERMILION, linewidth=1.0)
    words = "jar voltage, hourly mean (V); grey: all jars"
    if whole.height > FEW_HOURS:
        # A discharge of some hours would press the month's float into a line: its own picture shows it.
        low, high = whole["v_low"].quantile(0.02), whole["v_high"].quantile(0.98)
        if low is not None and high is not None:
            axes.set_ylim(low - 0.1, high + 0.1)
            words += "; deep hours cut" if whole["v_low"].min() < low - 0.1 else ""  # type: ignore[operator]
            words += "; high hours cut" if whole["v_high"].max() > high + 0.1 else ""  # type: ignore[operator]
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
    draw_line(axes, at, whole["t"], color=BLUE, linewidth=1.0)
    draw_line(axes, days(weak["feature_ts"]), weak["t_mean"], color=VERMILION, linewidth=1.0)
    draw_line(axes, at, whole["room"], color=GREY, linewidth=1.0, linestyle="--")
    axes.set_title("temperature (°C)", **TITLE)


def _resistance(axes: "Axes", whole: pl.DataFrame, weak: pl.DataFrame, baseline: float | None) -> None:
    # A reading is held for a day until the next: a step shows when it was taken.
    style: dict[str, Any] = {"linewidth": 1.0, "drawstyle": "steps-post"}
    draw_line(axes, days(whole["feature_ts"]), whole["r"], color=BLUE, **style)
    draw_line(axes, days(weak["feature_ts"]), weak["r_internal_latest"], color=VERMILION, **style)
    if baseline:
        axes.axhline(baseline, color=GREY, linestyle="--", linewidth=1.0)
    axes.set_title("ohmic reading (mΩ); dashed: weakest jar when new", **TITLE)


def _charge(axes: "Axes", charge: pl.DataFrame, choice: StringChoice) -> None:
    for jar, colour in ((choice.middle_id, BLUE), (choice.weakest_id, VERMILION)):
        rows = charge.filter(pl.col("battery_id") == jar).sort("ts")
        draw_line(axes, days(rows["ts"]), rows["soc_pct"], color=colour, linewidth=1.0)
    # An empty jar has 0 %, which is a charge like any other.
    shown = _of_choice(charge, choice)["soc_pct"].drop_nulls().to_list()
    axes.set_ylim(min(*(value - 3.0 for value in shown), 90.0), max(*(value + 1.0 for value in shown), 101.0))
    axes.set_title("state of charge (% of present capacity)", **TITLE)


def _health(axes: "Axes", charge: pl.DataFrame, choice: StringChoice) -> None:
    weak = charge.filter(pl.col("battery_id") == choice.weakest_id).sort("ts").drop_nulls("soh_pct")
    middle = charge.filter(pl.col("battery_id") == choice.middle_id).sort("ts")
    half = Z90 * choice.soh_sd_pct
    along, low, high = parted(days(weak["ts"]), weak["soh_pct"] - half, weak["soh_pct"] + half)
    axes.fill_between(along, low, high, color=VERMILION, alpha=0.18, linewidth=0)
    draw_line(axes, days(middle["ts"]), middle["soh_pct"], color=BLUE, linewidth=1.0)
    draw_line(axes, days(weak["ts"]), weak["soh_pct"], color=VERMILION, linewidth=1.0)
    axes.axhline(WORN_PCT, color=GREY, linestyle="--", linewidth=1.0)
    axes.set_title("state of health (% of rated); shaded: 90 %; dashed: 80 %", **TITLE)
