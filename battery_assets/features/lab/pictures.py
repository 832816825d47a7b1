"""Pictures of cells under test: capacity over life, discharges by cycle, dQ/dV by cycle."""

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from battery_assets.features.pictures.parts import (
    BLUE,
    GREY,
    ORANGE,
    VERMILION,
    blank,
    draw_absence,
    draw_line,
    panels_of,
    png,
)
from battery_assets.features.pictures.parts import figure as figure_of
from battery_assets.features.pictures.scales import POINTS_PER_INCH, draw_scales, tail, widest

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_CURVES = 18
MOST_CELLS_NAMED, CELLS_A_LINE, LONGEST_NAME = 16, 4, 30
SIDES_OF_A_NAME = 45.0  # points that a legend's line, and the space around it, take beside its name
MOST_LOWEST = 3  # cells that are named where there is no room for all


def capacity_by_cycle(
    features: pl.DataFrame, codes: dict[str, str], nominal_ah: dict[str, float], end_of_life: float = 0.80
) -> bytes:
    """Discharge capacity of each cell against its cycle, with the end of life of the usual nominal one.

    features: session_id, cycle_index, discharge_capacity_ah. codes: cell code of each session. Tests of fewer
    than ten cycles are left out: they are no lives.
    """
    tests = [
        (codes.get(str(key[0]), ""), rows.sort("cycle_index"))
        for key, rows in features.drop_nulls("discharge_capacity_ah")
        .partition_by("session_id", as_dict=True)
        .items()
        if rows.height >= 10
    ]
    named = 0 < len(tests) <= MOST_CELLS_NAMED
    names = [tail(code, LONGEST_NAME) for code, _ in tests] if named else []
    columns = _columns_of_names(names, 8)
    title, lines = "Discharge capacity over life", -(-len(names) // columns)
    figure, axes = figure_of(8, 4.5, title, legend=named, below=0.2 * max(lines - 1, 0))
    if not tests:
        draw_absence(axes, "no test of ten cycles or more")
        return png(figure)
    colours = _colours(len(tests))
    for place, (code, rows) in enumerate(sorted(tests, key=lambda pair: pair[0])):
        cycles = rows["cycle_index"].cast(pl.Float64).to_numpy()
        draw_line(axes, cycles, rows["discharge_capacity_ah"], color=colours[place], lw=1.3)
        axes.plot([], [], color=colours[place], label=tail(code, LONGEST_NAME))
    usual = float(np.median(list(nominal_ah.values()))) if nominal_ah else np.nan
    end = end_of_life * usual
    axes.axhline(end, color=VERMILION, lw=1, ls="--")
    at = ("axes fraction", "data")
    words = f"{end_of_life:.0%} of nominal".replace("%", " %")
    axes.annotate(words, (0.01, end), xycoords=at, color=VERMILION, va="bottom", fontsize=8)
    lowest = "" if named else f"; lowest at its end: {_lowest(tests)}"
    axes.set(xlabel=f"cycle of the test{lowest}", ylabel="discharge capacity, Ah")
    draw_scales(axes, grid="neither")
    if named:
        figure.legend(frameon=False, fontsize=8, ncols=columns, loc="lower center")
    return png(figure)


def _columns_of_names(names: list[str], inches: float) -> int:
    """How many names of a legend fit side by side."""
    wide = widest(blank(inches, 1), names) + SIDES_OF_A_NAME
    return int(np.clip(inches * POINTS_PER_INCH // wide, 1, CELLS_A_LINE))


def _lowest(tests: list[tuple[str, pl.DataFrame]]) -> str:
    """The cells that ended lowest, in words."""
    ends = sorted((rows["discharge_capacity_ah"][-1], code) for code, rows in tests)
    return ", ".join(tail(code, LONGEST_NAME) for _, code in ends[:MOST_LOWEST])


def discharge_picture(code: str, volts: np.ndarray, drawn: np.ndarray, cycle: np.ndarray) -> bytes:
    """Voltage against charge drawn for cycles of a test, from early (dark) to late (bright)."""
    figure, axes = figure_of(8, 4.5, f"{code}: discharges by cycle")
    shown = _some(np.unique(cycle))
    if not shown.size:
        draw_absence(axes, "no discharge in this test")
        return png(figure)
    for place, number in enumerate(shown):
        own = cycle == number
        axes.plot(drawn[own], volts[own], color=_colours(len(shown))[place], lw=1)
    axes.set(xlabel="charge drawn, Ah", ylabel="voltage, V")
    _scale(figure, axes, shown)
    return png(figure)


def dqdv_waterfall(code: str, grid_v: np.ndarray, dense: np.ndarray) -> bytes:
    """dQ/dV of the discharges of a test, each cycle a little above the one before."""
    figure, axes = figure_of(8, 4.5, f"{code}: incremental capacity by cycle")
    shown = _some(np.flatnonzero(dense.sum(axis=1) > 0))
    if not shown.size:
        draw_absence(axes, "no discharge whose dQ/dV can be told")
        return png(figure)
    tall = float(np.percentile(dense[shown].max(axis=1), 90))
    for place, number in enumerate(shown):
        lifted = dense[number] + 0.6 * tall * place / max(shown.size - 1, 1)
        axes.plot(grid_v, lifted, color=_colours(shown.size)[place], lw=0.9)
    tall_enough = grid_v[dense[shown].max(axis=0) > 0.01 * tall]
    # A plateau may lie in one step of the grid.
    edge = float(np.diff(grid_v).max(initial=0.0))
    axes.set_xlim(tall_enough.min() - edge, tall_enough.max() + edge)
    axes.set(xlabel="voltage, V", ylabel="dQ/dV, Ah/V (each cycle lifted)")
    _scale(figure, axes, shown)
    return png(figure)


def _some(numbers: np.ndarray) -> np.ndarray:
    """At most MOST_CURVES of the numbers, evenly over all of them, the first and the last included."""
    if numbers.size <= MOST_CURVES:
        return numbers
    return numbers[np.unique(np.linspace(0, numbers.size - 1, MOST_CURVES).round().astype(int))]


def _colours(count: int) -> Any:
    from matplotlib import colormaps

    return colormaps["viridis"](np.linspace(0.0, 0.92, count))


def _scale(figure: Any, axes: "Axes", shown: np.ndarray) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import ListedColormap, Normalize

    if shown.size > 1:
        limits = Normalize(float(shown[0]) + 1, float(shown[-1]) + 1)
        bar = figure.colorbar(ScalarMappable(limits, ListedColormap(_colours(256))), ax=axes)
        bar.set_label("cycle")
    draw_scales(axes, grid="neither")


def differences_of_cells(names: tuple[str, str], cells: pl.DataFrame, summary: pl.DataFrame) -> bytes:
    """Errors of two models, cell by cell: one less the other, and their mean with its 90 % interval.

    cells: error, difference; summary: error, slice, difference, low, high; below 0 the first is better.
    """
    kinds = summary["error"].unique(maintain_order=True).to_list()
    words = {"soh_rmse": "health, share", "rul_rmse": "remaining life, cycles"}
    figure, panels = panels_of(9, len(kinds), f"{names[0]} less {names[1]}: error of each cell (RMSE)")
    for axes, kind in zip(panels, kinds, strict=True):
        shown = cells.filter(error=kind)["difference"].sort().to_numpy()
        [whole] = summary.filter(error=kind, slice="all").to_dicts()
        axes.bar(np.arange(len(shown)), shown, color=np.where(shown < 0, BLUE, ORANGE), width=0.8)
        if np.isfinite(whole["low"]):
            axes.axhspan(whole["low"], whole["high"], color=VERMILION, alpha=0.25, lw=0)
        axes.axhline(whole["difference"], color=VERMILION, lw=1)
        axes.axhline(0, color=GREY, lw=0.8)
        axes.set(xlabel="cells, by difference", ylabel=words.get(kind, kind))
        draw_scales(axes, grid="neither")
    return png(figure)
