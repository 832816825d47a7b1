"""How long the strings of a site carry their load, as a picture for the people who depend on it."""

import polars as pl

from battery_assets.features.picture_parts import BLUE, ORANGE, VERMILION, figure, nothing, png
from battery_assets.features.string_loads import MEASURED, SYSTEM

OWN = (MEASURED, SYSTEM)
SAFE, DOUBTFUL = 0.95, 0.5
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
    drawn, axes = figure(9, 1.6 + 0.42 * max(strings.height, 2), "How long each string carries its load")
    shown = _shown(rows, strings, batteries)
    if shown.is_empty():
        nothing(axes, "no string's time is known")
        return png(drawn)
    places = list(range(shown.height))
    for place, row in zip(places, shown.to_dicts(), strict=True):
        colour = _colour(row["ride_through_probability"])
        axes.barh(place, row["runtime_min"], height=0.55, color=colour, alpha=0.45)
        ends = row["runtime_lower_min"], row["runtime_upper_min"]
        axes.plot(ends, (place, place), color=colour, linewidth=3, solid_capstyle="butt")
        axes.plot(row["runtime_min"], place, "o", color="black", markersize=4)
        need = row["required_min"]
        axes.plot((need, need), (place - 0.42, place + 0.42), color="black", linewidth=1.5)
        edge = max(ends[1], need)
        axes.annotate(
            _words(row), (edge, place), xytext=(6, 0), textcoords="offset points", va="center", fontsize=8
        )
    names = short_codes(shown["string_code"].to_list())
    labels = [f"{name}\n{_load(row)}" for name, row in zip(names, shown.to_dicts(), strict=True)]
    axes.set_yticks(places, labels, fontsize=8)
    axes.invert_yaxis()
    most = shown.select(pl.max_horizontal("runtime_upper_min", "required_min").max()).item()
    axes.set_xlim(0, 1.75 * most)
    axes.set_xlabel("minutes: median (dot), 90 % interval (line), required (black bar)")
    _legend(drawn)
    return png(drawn)


def _shown(rows: pl.DataFrame, strings: pl.DataFrame, batteries: pl.DataFrame) -> pl.DataFrame:
    codes = batteries.select("battery_id", weakest="battery_code")
    known = rows.filter(pl.col("runtime_min").is_not_null())
    own = known.filter(pl.col("load_basis").is_in(OWN))
    rest = known.filter(pl.col("load_basis") == "rated_15min").join(own, on="string_id", how="anti")
    return (
        pl.concat([own, rest])
        .join(strings.select("string_id", "string_code"), on="string_id")
        .join(codes, left_on="weakest_battery_id", right_on="battery_id", how="left")
        .sort("string_code")
    )


def short_codes(codes: list[str]) -> list[str]:
    """The codes without the words that all of them begin with."""
    parts = [code.split("-") for code in codes]
    shared = 0
    while len(codes) > 1 and all(len(p) > shared + 1 and p[shared] == parts[0][shared] for p in parts):
        shared += 1
    return ["-".join(p[shared:]) for p in parts]


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
    if row["limited_by"] == "whole_string" or row["weakest"] is None:
        return f"{certain}; no jar stands out"
    jar = row["weakest"].rsplit("-", 1)[-1]
    return f"{certain}; weakest {jar}: {WORDS[row['limited_by']]}, costs {row['repair_gain_min']:.1f} min"


def _legend(drawn) -> None:
    from matplotlib.patches import Patch

    told = (
        (BLUE, f"carried with {SAFE:.0%} or more"),
        (ORANGE, f"{DOUBTFUL:.0%} to {SAFE:.0%}"),
        (VERMILION, f"below {DOUBTFUL:.0%}"),
    )
    handles = [Patch(color=colour, alpha=0.6, label=label) for colour, label in told]
    drawn.legend(handles=handles, frameon=False, ncols=3, loc="outside lower center", fontsize=8)
