"""The scales of a picture, its ticks, grid and frame, in a handful of artists.

Matplotlib makes five artists of every tick and lays each out by itself, several times a drawing. Where the
ticks are and what they say is still left to its locators and formatters.
"""

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POINTS_PER_INCH = 72.0
MARK, PAD, WORDS_SIZE, LABEL_SIZE = 3.0, 5.5, 8.0, 9.0  # points
LEAST_SIZE = 7.0  # points, of words that have to be smaller than others
FEW = 3  # of the longest lines, one is the widest


def place_ticks(axis: Any, places: Any, words: list[str] | None = None) -> None:
    """Ticks of an axis at these places and no others; `set_ticks` would make artists of them."""
    from matplotlib.ticker import FixedFormatter, FixedLocator

    axis.set_major_locator(FixedLocator(places))
    if words is not None:
        axis.set_major_formatter(FixedFormatter(words))


def share_limits(axes: Any, which: Literal["x", "y"]) -> None:
    """Limits that hold what all of these axes show."""
    ends = np.array([getattr(one, f"get_{which}lim")() for one in axes])
    for one in axes:
        getattr(one, f"set_{which}lim")(ends.min(), ends.max())


def draw_scales(
    axes: "Axes",
    *,
    grid: Literal["both", "y", "neither"] = "both",
    x_words: bool = True,
    right: bool = False,
    size: float = WORDS_SIZE,
    tilt: float = 0.0,
) -> None:
    """Draw the scales of axes whose limits and place in the figure are final, with the labels set on them.

    x_words: whether the ticks along x are named. right: only y is drawn, on the right: of axes over others.
    size: of the ticks' names, in points. tilt: of those along x, in degrees.
    """
    from matplotlib.collections import LineCollection

    axes.set_axis_off()
    wide, high = _points(axes)
    x, y = [] if right else _ticks(axes, "x"), _ticks(axes, "y")
    edge, out = (1.0, 1.0) if right else (0.0, -1.0)
    frame = [((edge, 0.0), (edge, 1.0))] + ([] if right else [((0.0, 0.0), (1.0, 0.0))])
    marks = [((at, 0.0), (at, -MARK / high)) for at, _ in x]
    marks += [((edge, at), (edge + out * MARK / wide, at)) for at, _ in y]
    lines = [((at, 0.0), (at, 1.0)) for at, _ in x if grid == "both"]
    lines += [((0.0, at), (1.0, at)) for at, _ in y if grid != "neither"]
    for segments, colour, width, order in ((lines, "#ECECEC", 0.6, 0.5), (frame + marks, "black", 0.8, 2.5)):
        axes.add_artist(
            LineCollection(
                segments,
                colors=colour,
                linewidths=width,
                zorder=order,
                transform=axes.transAxes,
                clip_on=False,
            )
        )
    _names(axes, x if x_words else [], y, right=right, size=size, tilt=tilt)


def widest(artist: Any, words: list[str], size: float = WORDS_SIZE) -> float:
    """Points that the widest of the longest lines takes in the figure of an artist; zero without words."""
    from matplotlib.font_manager import FontProperties

    figure, font = artist.get_figure(), FontProperties(size=size)
    renderer = figure.canvas.get_renderer()
    lines = sorted((line for word in words for line in word.split("\n")), key=len)[-FEW:]
    wide = [renderer.get_text_width_height_descent(line, font, False)[0] for line in lines]
    return float(max(wide, default=0.0)) * POINTS_PER_INCH / float(figure.dpi)


def fitted(artist: Any, words: str, size: float, inches: float) -> tuple[str, float]:
    """Words, and the size at which so many inches hold them: smaller, at last without a middle."""
    room = inches * POINTS_PER_INCH
    wide = widest(artist, [words], size)
    if wide <= room:
        return words, size
    smaller = max(size * room / wide, LEAST_SIZE)
    share = room / widest(artist, [words], smaller)
    if share < 1.0:
        kept = int(len(words) * share * 0.97) - 1
        words = f"{words[: kept // 2]}…{words[len(words) - (kept - kept // 2) :]}"
    return words, smaller


def tail(words: str, most: int) -> str:
    """The end of words that are longer than so many letters: names that share a beginning differ there."""
    return words if len(words) <= most else f"…{words[1 - most :]}"


def _points(axes: "Axes") -> tuple[float, float]:
    """Width and height of axes, in points."""
    place, inches = axes.get_position(), axes.get_figure().get_size_inches()  # type: ignore[union-attr]
    return tuple(np.array([place.width, place.height]) * inches * POINTS_PER_INCH)


def _ticks(axes: "Axes", which: Literal["x", "y"]) -> list[tuple[float, str]]:
    """Places of the ticks, as shares of the axes' length, and their names."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    places = np.asarray(axis.get_majorticklocs(), dtype=float)
    words = axis.get_major_formatter().format_ticks(list(places))
    points = np.column_stack([places, places])
    # A scale has no place for what is beyond it (zero on a logarithmic one).
    shares = (axes.transScale + axes.transLimits).transform(points)[:, 0 if which == "x" else 1]
    return [(float(at), word) for at, word in zip(shares, words, strict=True) if -1e-6 <= at <= 1.0 + 1e-6]


def _names(axes: "Axes", x: Any, y: Any, *, right: bool, size: float, tilt: float) -> None:
    """Names of ticks, what the names leave out, and labels."""
    wide, high = _points(axes)
    common: dict[str, Any] = {"fontsize": size, "transform": axes.transAxes}
    for at, word in x:
        axes.text(at, -PAD / high, word, ha="right" if tilt else "center", va="top", rotation=tilt, **common)
    edge, out = (1.0, 1.0) if right else (0.0, -1.0)
    for at, word in y:
        axes.text(edge + out * PAD / wide, at, word, ha="left" if right else "right", va="center", **common)
    left_out = axes.xaxis.get_major_formatter().get_offset() if x else ""
    if axes.get_ylabel():
        beside = (2 * PAD + widest(axes, [word for _, word in y], size)) / wide
        axes.text(edge + out * beside, 0.5, axes.get_ylabel(), ha="left" if right else "right", va="center",
                  rotation=90, fontsize=LABEL_SIZE, color=axes.yaxis.label.get_color(),
                  transform=axes.transAxes)  # fmt: skip
    deep = widest(axes, [word for _, word in x], size) * np.sin(np.radians(tilt)) if tilt else 0.5 * size
    below = -(PAD + size + deep) / high
    axes.text(1.0, below, left_out, ha="right", va="top", **common)
    place, width = axes.get_position(), axes.get_figure().get_figwidth()  # type: ignore[union-attr]
    middle = place.x0 + place.width / 2.0
    label, points = fitted(axes, axes.get_xlabel(), LABEL_SIZE, 1.96 * min(middle, 1.0 - middle) * width)
    axes.text(0.5, below, label, ha="center", va="top", fontsize=points, transform=axes.transAxes)
