"""What pictures are made of: colours, blank figures, time axes, a small PNG.

Colours are safe for colour-blind eyes (Okabe and Ito 2008; cividis). The object interface of matplotlib keeps
no global state, so nothing has to be closed and threads do not meet.
"""

import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, ORANGE, VERMILION, GREEN, GREY = "#0072B2", "#E69F00", "#D55E00", "#009E73", "#8C8C8C"
DPI, MOST_BYTES = 75, 60_000


def panels(width: float, height: float, rows: int, columns: int, title: str) -> tuple[Any, Any]:
    """A figure of inches with rows by columns of axes, as a 2-d array, that share their columns' time."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(drawn)
    axes = drawn.subplots(rows, columns, squeeze=False, sharex="col")
    drawn.suptitle(title, fontsize=11)
    for one in axes.flat:
        one.spines[["top", "right"]].set_visible(False)
        one.tick_params(labelsize=8)
    return drawn, axes


def figure(width: float, height: float, title: str) -> tuple[Any, "Axes"]:
    """A figure of inches with one pair of axes under a title."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(drawn)
    axes = drawn.add_subplot()
    axes.set_title(title, fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    return drawn, axes


def png(drawn: Any) -> bytes:
    """The figure as a PNG of MOST_BYTES at most: a crowded one is drawn coarser."""
    for dpi in (DPI, 60, 45, 30):
        out = io.BytesIO()
        drawn.savefig(out, format="png", dpi=dpi, pil_kwargs={"optimize": True})
        if out.tell() < MOST_BYTES:
            break
    return out.getvalue()


def time_axis(axes: "Axes", most: int = 10) -> None:
    """Dates as short as they can be, at most so many."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(maxticks=most)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def nothing(axes: "Axes", what: str) -> None:
    """Say on empty axes what is not there."""
    axes.text(0.5, 0.5, what, ha="center", va="center", transform=axes.transAxes, color=GREY)
    axes.set_xticks([])
    axes.set_yticks([])
