"""What pictures are made of: colours, blank figures, time axes, a small PNG.

Colours are safe for colour-blind eyes (Okabe and Ito 2008; cividis). The object interface of matplotlib keeps
no global state, so nothing has to be closed and threads do not meet.
"""

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from battery_assets.features.pictures.scales import POINTS_PER_INCH, widest

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, ORANGE, VERMILION, GREEN, GREY = "#0072B2", "#E69F00", "#D55E00", "#009E73", "#8C8C8C"
# The height is said: matplotlib would measure every tick of the axes to find one.
TITLE: dict[str, Any] = {"fontsize": 9, "loc": "left", "y": 1.0}
DPI, MOST_BYTES, MOST_COLOURS = 75, 60_000, 256


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
    drawn.subplots_adjust(left=0.06, right=0.985, top=0.915, bottom=0.115, hspace=0.22, wspace=0.14)
    drawn.suptitle(title, fontsize=11)
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
    axes.set_title(title, fontsize=11, y=1.0)
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


def draw_bars(axes: "Axes", places: Any, ends: Any, color: str) -> None:
    """Thin bars from zero, as one line with gaps: a collection would handle each by itself."""
    x, y = np.repeat(np.asarray(places), 3), np.repeat(np.asarray(ends, dtype=float), 3)
    y[0::3], y[2::3] = 0.0, np.nan
    axes.plot(x, y, color=color, linewidth=1.0, solid_capstyle="butt")


def draw_absence(axes: "Axes", what: str) -> None:
    """Say on empty axes what is not there."""
    axes.text(0.5, 0.5, what, ha="center", va="center", transform=axes.transAxes, color=GREY)
    axes.set_axis_off()
