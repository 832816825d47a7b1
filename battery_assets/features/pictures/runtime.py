"""How long the strings of a site carry their load, as a picture for the people who depend on it."""

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from battery_assets.features.pictures.parts import (
    BLUE,
    ORANGE,
    VERMILION,
    draw_absence,
    figure,
    png,
    short_codes,
)
from battery_assets.features.pictures.scales import draw_scales, fitted, place_ticks, tail
from battery_assets.features.ride_through.loads import MEASURED, SYSTEM

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OWN = (MEASURED, SYSTEM)
SAFE, DOUBTFUL = 0.95, 0.5
LONGEST_CODE = 28
LONGEST_SHOWN = 6.0  # times the longest time that is required
WORDS = {
    "capacity": "low capacity",
    "resistance": "high resistance",
    "charge": "not full",
    "temperature": "its temperature",
    "shorted_cell": "a shorted cell",
    "open_connection": "an open connection",
    "missing_jar": "a missing jar",
    "whole_string": "the whole string",
}


def runtime_bars(rows: pl.DataFrame, strings: pl.DataFrame, batteries: pl.DataFrame) -> bytes:
    """Minutes that each string carries its own load, with the 90 % interval, against the time required.

    rows: string_runtime. strings: string_id, string_code. batteries: battery_id, battery_code. Strings whose
    own load is not known are shown at the 15 min rating of a new one. The colour tells the probability that
    the required time is reached; the words behind a bar name the weakest jar and what makes it so.
    """
    shown = _shown(rows, strings, batteries)
    codes = [tail(code, LONGEST_CODE) for code in short_codes(shown["string_code"].to_list())]
    names = [f"{code}\n{_load(row)}" for code, row in zip(codes, shown.to_dicts(), strict=True)]
    tall, title = 1.6 + 0.42 * max(strings.height, 2), "How long each string carries its load"
    drawn, axes = figure(9, tall, title, names=names, legend=True)
    if shown.is_empty():
        draw_absence(axes, "no string's time is known")
        return png(drawn)
    most = _longest_shown(shown)
    _bars(axes, shown, most)
    place_ticks(axes.yaxis, range(shown.height), names)
    axes.set_ylim(shown.height - 0.4, -0.6)
    axes.set_xlim(0, 1.75 * most)
    axes.set_xlabel("minutes: median (dot), 90 % interval (line), required (black bar)")
    draw_scales(axes, grid="neither")
    _legend(drawn)
    return png(drawn)


def _longest_shown(shown: pl.DataFrame) -> float:
    """Minutes to which bars reach: one of hours would leave nothing of those that may fall short."""
    needed = shown["required_min"].max() or 0.0
    most = shown.select(pl.max_horizontal("runtime_min", "runtime_upper_min", "required_min").max()).item()
    return float(max(min(most, LONGEST_SHOWN * needed) if needed else most, 1.0))  # type: ignore[operator]


def _bars(axes: "Axes", shown: pl.DataFrame, most: float) -> None:
    """A string to a place: all of one kind together, as each by itself is dear to draw.

    What lasts longer than `most` ends there in an arrow, and its words say how long.
    """
    places = np.arange(shown.height, dtype=float)
    colours = [_colour(probability) for probability in shown["ride_through_probability"]]
    median, low, high, need = (
        shown[name].to_numpy()
        for name in ("runtime_min", "runtime_lower_min", "runtime_upper_min", "required_min")
    )
    axes.barh(places, np.minimum(median, most), height=0.55, color=colours, alpha=0.45)
    axes.hlines(places, np.minimum(low, most), np.minimum(high, most), colors=colours, linewidths=3)
    within = median <= most
    axes.plot(median[within], places[within], "o", color="black", markersize=4)
    beyond = high > most
    axes.plot(np.full(beyond.sum(), most), places[beyond], ">", color="black", markersize=5)
    axes.vlines(need, places - 0.42, places + 0.42, colors="black", linewidths=1.5)
    ends = np.minimum(np.fmax(high, need), most)
    for place, edge, row, cut in zip(places, ends, shown.to_dicts(), beyond, strict=True):
        lasts = "{runtime_min:,.0f} min ({runtime_lower_min:,.0f} to {runtime_upper_min:,.0f}); "
        words = f"{lasts.format(**row) if cut else ''}{_words(row)}"
        room = (1.0 - edge / (1.75 * most)) * axes.get_position().width * axes.get_figure().get_figwidth()  # type: ignore[union-attr]
        fit, size = fitted(axes, f"  {words}", 8.0, room)
        axes.text(edge, place, fit, va="center", fontsize=size)


def _shown(rows: pl.DataFrame, strings: pl.DataFrame, batteries: pl.DataFrame) -> pl.DataFrame:
    codes = batteries.select("battery_id", weakest="battery_code")
    lasting = rows.filter(pl.col("runtime_min").is_not_null())
    own = lasting.filter(pl.col("load_basis").is_in(OWN))
    rest = lasting.filter(pl.col("load_basis") == "rated_15min").join(own, on="string_id", how="anti")
    return (
        pl.concat([own, rest])
        .join(strings.select("string_id", "string_code"), on="string_id")
        .join(codes, left_on="weakest_battery_id", right_on="battery_id", how="left")
        .sort("string_code")
    )


def _colour(probability: float) -> str:
    return BLUE if probability >= SAFE else ORANGE if probability >= DOUBTFUL else VERMILION


def _load(row: dict) -> str:
    basis = {"measured_load": "its load", "system_rating": "full rating", "rated_15min": "15 min rating"}
    amount = (
        f"{row['load_w'] / 1e3:.1f} kW"
        if row["load_kind"] == "constant_power"
        else f"{-row['load_current_a']:.0f} A"
    )
    return f"{basis[row['load_basis']]} {amount}"


def _words(row: dict) -> str:
    probability = row["ride_through_probability"]
    certain = "P > 99%" if probability > 0.99 else "P < 1%" if probability < 0.01 else f"P {probability:.0%}"
    if row["limited_by"] in ("missing_jar", "open_connection"):
        return f"{certain}: {row['note']}"
    if row["load_lost_days"] is not None:
        certain += f"; lost in {_span(row['load_lost_days'])}"
    if row["limited_by"] == "whole_string" or row["weakest"] is None:
        return f"{certain}; no jar stands out"
    jar = row["weakest"].rsplit("-", 1)[-1]
    return f"{certain}; weakest {jar}: {WORDS[row['limited_by']]}, costs {row['repair_gain_min']:.1f} min"


def _span(days: float) -> str:
    """Days as people say them."""
    return (
        f"{days:.0f} d"
        if days < 60
        else f"{days / 30.4:.0f} months"
        if days < 730
        else f"{days / 365.25:.0f} years"
    )


def _legend(drawn) -> None:
    from matplotlib.patches import Patch

    entries = (
        (BLUE, f"carried with {SAFE:.0%} or more"),
        (ORANGE, f"{DOUBTFUL:.0%} to {SAFE:.0%}"),
        (VERMILION, f"below {DOUBTFUL:.0%}"),
    )
    handles = [Patch(color=colour, alpha=0.6, label=label) for colour, label in entries]
    drawn.legend(handles=handles, frameon=False, ncols=3, loc="lower center", fontsize=8)
