"""What pictures are made of: colours, blank figures, time axes, a small PNG.

Colours are safe for colour-blind eyes (Okabe and Ito 2008; cividis). The object interface of matplotlib keeps
no global state, so nothing has to be closed and threads do not meet.
"""

import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, ORANGE, VERMILION, GREEN, GREY = "#0072B2", "#E69F00", "#D55E00", "#009E73", "#8C8C8C"
# The height is said: matplotlib would measure every tick of the axes to find one.
TITLE: dict[str, Any] = {"fontsize": 9, "loc": "left", "y": 1.0}
DPI, MOST_BYTES, FEW_COLOURS = 75, 60_000, 48


def panels(width: float, height: float, rows: int, columns: int, title: str) -> tuple[Any, Any]:
    """A figure of inches with rows by columns of axes, as a 2-d array, that share their columns' time.

    Margins are fixed, with room for a legend below: to lay them out by their content would draw all twice.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(width, height), dpi=DPI)
    FigureCanvasAgg(drawn)
    axes = drawn.subplots(rows, columns, squeeze=False, sharex="col")
    drawn.subplots_adjust(left=0.06, right=0.985, top=0.915, bottom=0.115, hspace=0.22, wspace=0.14)
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
    axes.set_title(title, fontsize=11, y=1.0)
    axes.spines[["top", "right"]].set_visible(False)
    return drawn, axes


def png(drawn: Any) -> bytes:
    """The figure as a PNG of MOST_BYTES at most: a crowded one has fewer colours, then fewer pixels."""
    for dpi in (drawn.dpi, 60, 45, 30):
        drawn.set_dpi(dpi)
        image = _rendered(drawn)
        content = _encoded(image, 6)
        if len(content) >= MOST_BYTES:
            content = _encoded(_fewer_colours(image), 9)
        if len(content) < MOST_BYTES:
            break
    return content


def _rendered(drawn: Any) -> Any:
    """The pixels themselves: savefig draws a figure that is laid out twice, and encodes what is not kept."""
    from PIL import Image

    drawn.canvas.draw()
    return Image.frombuffer("RGBA", drawn.canvas.get_width_height(), drawn.canvas.buffer_rgba()).convert(
        "RGB"
    )


def _encoded(image: Any, level: int) -> bytes:
    out = io.BytesIO()
    image.save(out, format="png", compress_level=level)
    return out.getvalue()


def _fewer_colours(image: Any) -> Any:
    from PIL import Image

    return image.quantize(FEW_COLOURS, dither=Image.Dither.NONE)


def time_axis(axes: "Axes", most: int = 10) -> None:
    """Dates as short as they can be, at most so many."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=2, maxticks=most)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def bars(axes: "Axes", places: Any, ends: Any, color: str) -> None:
    """Thin bars from zero, as one line with gaps: a collection would handle each by itself."""
    import numpy as np

    x, y = np.repeat(np.asarray(places), 3), np.repeat(np.asarray(ends, dtype=float), 3)
    y[0::3], y[2::3] = 0.0, np.nan
    axes.plot(x, y, color=color, linewidth=1.0, solid_capstyle="butt")


def nothing(axes: "Axes", what: str) -> None:
    """Say on empty axes what is not there."""
    axes.text(0.5, 0.5, what, ha="center", va="center", transform=axes.transAxes, color=GREY)
    axes.set_xticks([])
    axes.set_yticks([])
