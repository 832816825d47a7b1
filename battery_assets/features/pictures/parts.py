"""What pictures are made of: colours, blank figures, time axes, a small PNG.

Colours are safe for colour-blind eyes (Okabe and Ito 2008; cividis). The object interface of matplotlib keeps
no global state, so nothing has to be closed and threads do not meet.
"""

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from battery_assets.features.pictures.scales import POINTS_PER_INCH, fitted, widest

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, ORANGE, VERMILION, GREEN, GREY = "#0072B2", "#E69F00", "#D55E00", "#009E73", "#8C8C8C"
# The height is said: matplotlib would measure every tick of the axes to find one.
TITLE: dict[str, Any] = {"fontsize": 9, "loc": "left", "y": 1.0}
TITLE_SIZE = 11.0
DPI, MOST_BYTES, MOST_COLOURS = 75, 60_000, 256
GAP_STEPS = 3.0


def blank(width: float, height: float) -> Any:
    """A figure of inches without axes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(width, height), dpi=DPI)
    FigureCanvasAgg(drawn)
    return drawn


def panels(width: float, height: float, rows: int, columns: int, title: str) -> tuple[Any, Any]:
    """A figure of inches with rows by columns of axes, as a 2-d array, with room for a legend below.

    Margins are fixed here as in `figure`: to lay pictures out by their content would draw all twice.
    """
    drawn = blank(width, height)
    axes = drawn.subplots(rows, columns, squeeze=False)
    top, bottom = 1.0 - 0.595 / height, 0.805 / height
    drawn.subplots_adjust(left=0.06, right=0.985, top=top, bottom=bottom, hspace=0.22, wspace=0.14)
    words, size = fitted(drawn, title, TITLE_SIZE, 0.98 * width)
    drawn.suptitle(words, fontsize=size)
    return drawn, axes


def panels_of(width: float, count: int, title: str) -> tuple[Any, list[Any]]:
    """A figure of inches with so many axes in two columns; the last of an odd number is as wide as both."""
    rows = -(-count // 2)
    drawn, grid = panels(width, 1.4 + 1.87 * rows, rows, 2, title)
    axes = list(grid.flat)
    if count % 2:
        beside = axes.pop().get_position()
        place = axes[-1].get_position()
        drawn.delaxes(grid[-1, 1])
        axes[-1].set_position((place.x0, place.y0, beside.x1 - place.x0, place.height))
    return drawn, axes


def figure(
    width: float,
    height: float,
    title: str,
    *,
    names: list[str] | None = None,
    legend: bool = False,
    right: float = 0.22,
    below: float = 0.0,
) -> tuple[Any, "Axes"]:
    """A figure of inches with one pair of axes under a title.

    names: of the ticks along y, where they are longer than numbers. legend: whether one stands below. right,
    below: inches for what stands there besides.
    """
    drawn = blank(width, height)
    left = 0.4 + widest(drawn, names or ["0000"]) / POINTS_PER_INCH
    low = 0.55 + below + (0.27 if legend else 0.0)
    place = left / width, low / height, (width - left - right) / width, (height - low - 0.3) / height
    axes = drawn.add_axes(place)
    # Centred over the axes, it has room to the nearer edge on both sides.
    middle = place[0] + place[2] / 2.0
    words, size = fitted(drawn, title, TITLE_SIZE, 1.96 * min(middle, 1.0 - middle) * width)
    axes.set_title(words, fontsize=size, y=1.0)
    return drawn, axes


def png(drawn: Any) -> bytes:
    """The figure as a PNG of MOST_BYTES at most: a crowded one has fewer pixels."""
    for dpi in (drawn.dpi, 60, 45, 30):
        drawn.set_dpi(dpi)
        content = _encoded(_rendered(drawn))
        if len(content) < MOST_BYTES:
            break
    return content


def _rendered(drawn: Any) -> np.ndarray:
    """The pixels themselves: savefig draws a figure that is laid out twice, and encodes what is not kept."""
    drawn.canvas.draw()
    return np.asarray(drawn.canvas.buffer_rgba())


def _encoded(pixels: np.ndarray) -> bytes:
    """With a palette: its colours are five bits a channel, those that are rare the nearest that is not.

    Pillow's own ways take several times as long, or lose a thin line's colour.
    """
    from PIL import Image

    red, green, blue = (pixels[..., channel].astype(np.uint16) >> 3 for channel in range(3))
    code = red << 10 | green << 5 | blue
    often = np.bincount(code.ravel(), minlength=1 << 15)
    used = np.flatnonzero(often)
    used = used[np.argsort(-often[used], kind="stable")]
    levels = np.column_stack([used >> 10, used >> 5 & 31, used & 31])
    kept = levels[:MOST_COLOURS]
    place = np.zeros(1 << 15, np.uint8)
    place[used] = ((levels[:, np.newaxis] - kept) ** 2).sum(axis=2).argmin(axis=1)
    image = Image.fromarray(place[code])
    image.putpalette((kept * 255 // 31).astype(np.uint8).tobytes())
    out = io.BytesIO()
    image.save(out, format="png", compress_level=6)
    return out.getvalue()


def days(at: pl.Series) -> np.ndarray:
    """Instants as matplotlib counts them, in days since 1970: it would convert them one by one."""
    return at.dt.epoch("us").to_numpy() / 86.4e9


def set_dates(axes: "Axes", most: int = 10) -> None:
    """Dates as short as they can be, at most so many."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=2, maxticks=most)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def short_codes(codes: list[str]) -> list[str]:
    """The codes without the words that all of them begin with."""
    parts = [code.split("-") for code in codes]
    alike = 0
    while len(codes) > 1 and all(len(p) > alike + 1 and p[alike] == parts[0][alike] for p in parts):
        alike += 1
    return ["-".join(p[alike:]) for p in parts]


def parted(at: np.ndarray, *values: Any) -> tuple[np.ndarray, ...]:
    """Places in rising order, and values (NaN: none), with a place of NaN wherever nothing was recorded.

    That is where two places lie further apart than GAP_STEPS of their usual step: a line over it would show
    what nobody saw.
    """
    series = [np.asarray(one, dtype=float) for one in values]
    steps = np.diff(at)
    forward = steps[steps > 0]
    if not len(forward):
        return at, *series
    usual = np.median(forward)
    breaks = np.flatnonzero(steps > GAP_STEPS * usual) + 1
    return np.insert(at, breaks, at[breaks - 1] + usual), *(np.insert(one, breaks, np.nan) for one in series)


def draw_line(axes: "Axes", at: np.ndarray, values: Any, **style: Any) -> None:
    """A line that ends where nothing was recorded; a value that stands alone is a dot."""
    draw_parts(axes, *parted(at, values), **style)


def draw_parts(axes: "Axes", x: np.ndarray, y: np.ndarray, **style: Any) -> None:
    """A line through places and values, as `parted` gives them; a value that stands alone is a dot."""
    axes.plot(x, y, **style)
    there = np.isfinite(y)
    alone = there & ~np.append(there[1:], False) & ~np.append(False, there[:-1])
    if alone.any():
        axes.plot(x[alone], y[alone], ".", color=style.get("color"), markersize=4)


def draw_bars(axes: "Axes", places: Any, ends: Any, color: str) -> None:
    """Thin bars from zero, as one line with gaps: a collection would handle each by itself."""
    x, y = np.repeat(np.asarray(places), 3), np.repeat(np.asarray(ends, dtype=float), 3)
    y[0::3], y[2::3] = 0.0, np.nan
    axes.plot(x, y, color=color, linewidth=1.0, solid_capstyle="butt")


def draw_absence(axes: "Axes", what: str) -> None:
    """Say on empty axes what is not there."""
    axes.text(0.5, 0.5, what, ha="center", va="center", transform=axes.transAxes, color=GREY)
    axes.set_axis_off()
