"""Pictures for people who look at a run: each function returns a PNG as bytes, under 60 kB. Times are UTC."""

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from battery_assets.features.pictures.parts import (
    BLUE,
    GREY,
    ORANGE,
    VERMILION,
    draw_absence,
    set_dates,
    short_codes,
)
from battery_assets.features.pictures.parts import figure as _figure
from battery_assets.features.pictures.parts import png as _png
from battery_assets.features.pictures.scales import (
    PAD,
    POINTS_PER_INCH,
    draw_scales,
    place_ticks,
    tail,
    widest,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import BoundaryNorm, Colormap
    from matplotlib.figure import Figure

SEVERITY_COLOURS = {"info": BLUE, "warning": ORANGE, "critical": VERMILION}
MOST_COLUMNS = 372
MOST_ROWS_NAMED, MOST_FURTHEST, MOST_BARS_NAMED = 48, 3, 72
THIN_ASIDE = 0.008
NAME_SIZE, LONGEST_NAME, LONGEST_CODE = 6.5, 14, 14  # points, and letters of a jar and of a string
MOST_LETTERS = 120  # that fit side by side below nine inches
# Twice the settled spread of 0.056 V stays pale; 0.15, 0.25 and 0.6 V are the limits of the alerts.
STEPS_V = (-0.6, -0.25, -0.15, -0.1, 0.1, 0.15, 0.25, 0.6)


def voltage_heat_map(hours: pl.DataFrame, jars: pl.DataFrame) -> bytes:
    """Deviation of each jar's hourly mean voltage from its string's median, jars by string over time.

    hours: feature_ts, battery_id, v_mean (1 h windows; feature_window_hours optional). jars: battery_id,
    string_id, string_code, position_in_string. Colours change at the limits of the alerts; grey is no data.
    """
    from matplotlib import colormaps
    from matplotlib.colors import BoundaryNorm
    from matplotlib.dates import date2num

    order = jars.sort("string_code", "position_in_string").with_row_index("row")
    named = _named_rows(order)
    title = "Jar voltage against the median of its string"
    figure, axes = _figure(10, 5.5, title, names=named["name"].to_list(), right=1.0)
    if "feature_window_hours" in hours.columns:
        hours = hours.filter(pl.col("feature_window_hours") == 1)
    rows = hours.join(order, on="battery_id").with_columns(
        off=pl.col("v_mean") - pl.col("v_mean").median().over("string_id", "feature_ts")
    )
    rows = rows.filter(pl.col("off").is_not_null())
    if rows.height == 0:
        draw_absence(axes, "no voltages in this period")
        return _png(figure)
    first = rows["feature_ts"].min()
    span = rows.select((pl.col("feature_ts").max() - first).dt.total_hours() + 1).item()
    bin_hours = -(-span // MOST_COLUMNS)
    column = ((pl.col("feature_ts") - first).dt.total_hours() // bin_hours).alias("column")
    # The largest excursion of a bin is shown: a mean would hide a short one.
    cells = rows.group_by("row", column).agg(pl.col("off").sort_by(pl.col("off").abs()).last())
    grid = np.full((order.height, -(-span // bin_hours)), np.nan)
    grid[cells["row"].to_numpy(), cells["column"].to_numpy()] = cells["off"].to_numpy()
    colours = colormaps["PuOr"].with_extremes(bad=GREY)
    begin, end = date2num(first), date2num(first) + grid.shape[1] * bin_hours / 24.0  # type: ignore[arg-type]
    steps = BoundaryNorm(STEPS_V, colours.N, extend="both")
    axes.imshow(
        grid,
        aspect="auto",
        interpolation="nearest",
        cmap=colours,
        norm=steps,
        extent=(begin - 1 / 24.0, end - 1 / 24.0, order.height - 0.5, -0.5),
    )
    place_ticks(axes.yaxis, named["row"].to_list(), named["name"].to_list())
    _draw_strings(axes, order)
    set_dates(axes)
    axes.set_xlabel(f"time (UTC){_furthest(cells, order)}")
    axes.set_ylabel("jars in order of position")
    draw_scales(axes, grid="neither", size=5.8)
    _key_of_steps(figure, axes, colours, steps)
    return _png(figure)


def _key_of_steps(figure: "Figure", beside: "Axes", colours: "Colormap", steps: "BoundaryNorm") -> None:
    """What each colour means; `colorbar` would make as many artists as the picture has."""
    place = beside.get_position()
    key = figure.add_axes((place.x1 + 0.015, place.y0, 0.02, place.height))
    within = [STEPS_V[0] - 1.0, *np.add(STEPS_V[1:], STEPS_V[:-1]) / 2.0, STEPS_V[-1] + 1.0]
    bands = [[colours(int(step))] for step in np.ravel(steps(within))]
    key.imshow(bands, aspect="auto", interpolation="nearest", origin="lower", extent=(0, 1, 0, len(bands)))
    place_ticks(key.yaxis, range(1, len(bands)), [f"{step:+.2f}" for step in STEPS_V])
    key.set_ylabel("deviation (V)")
    draw_scales(key, grid="neither", right=True)


def _named_rows(order: pl.DataFrame) -> pl.DataFrame:
    """Row and name of jars for whose names there is room: all, or the first of each string and each n-th."""
    strings = order["string_code"].unique(maintain_order=True).to_list()
    codes = [tail(code, LONGEST_CODE) for code in short_codes(strings)]
    short = pl.col("string_code").replace_strict(strings, codes, return_dtype=pl.String)
    every = -(-order.height // MOST_ROWS_NAMED)
    named = order.with_columns(
        name=pl.format("{} J{}", short, pl.col("position_in_string").cast(pl.String).str.zfill(2)),
        place=pl.int_range(pl.len()).over("string_code"),
    )
    return named.filter(pl.col("place") % every == 0).select("row", "name")


def _draw_strings(axes: "Axes", order: pl.DataFrame) -> None:
    starts = order.group_by("string_code", maintain_order=True).agg(pl.col("row").min())["row"].to_numpy()
    left, right = axes.get_xlim()
    axes.hlines(starts[1:] - 0.5, left, right, colors="black", linewidths=0.6)
    axes.set_xlim(left, right)


def _furthest(cells: pl.DataFrame, order: pl.DataFrame) -> str:
    """The jars that were furthest from their string's median, with how far."""
    far = cells.sort(pl.col("off").abs(), descending=True).unique("row", keep="first", maintain_order=True)
    far = (
        far.filter(pl.col("off").abs() >= STEPS_V[-1])
        .head(MOST_FURTHEST)
        .join(order.with_columns(pl.col("row").cast(cells["row"].dtype)), on="row", maintain_order="left")
    )
    strings = order["string_code"].unique(maintain_order=True).to_list()
    short = dict(zip(strings, short_codes(strings), strict=True))
    words = [
        f"{tail(short[code], LONGEST_CODE)} J{place:02d} {off:+.2f} V"
        for code, place, off in far.select("string_code", "position_in_string", "off").iter_rows()
    ]
    return f"; furthest: {', '.join(words)}" if words else ""


def rul_histogram(predictions: pl.DataFrame) -> bytes:
    """How many jars have how much life left: rul_days of rul_prediction, the latest row of each jar."""
    figure, axes = _figure(7, 4, "Remaining useful life of the jars", legend=True)
    if "predicted_at" in predictions.columns:
        predictions = predictions.sort("predicted_at").unique("battery_id", keep="last")
    years = predictions["rul_days"].drop_nulls().to_numpy() / 365.25
    if len(years) == 0:
        draw_absence(axes, "no predictions")
        return _png(figure)
    edges = np.linspace(0.0, max(1.0, float(np.ceil(years.max()))), 25)
    counts, _ = np.histogram(years, bins=edges)
    axes.stairs(counts, edges, fill=True, color=BLUE)
    axes.vlines(
        edges, 0, np.maximum(np.append(counts, 0), np.append(0, counts)), colors="white", linewidths=0.5
    )
    limits = ((90 / 365.25, VERMILION, "90 days", "-"), (180 / 365.25, ORANGE, "180 days", "--"))
    for limit, colour, label, style in limits:
        count = int((years < limit).sum())
        axes.axvline(limit, color=colour, linestyle=style, label=f"below {label}: {count} jars")
    axes.set_xlabel("remaining life (years)")
    axes.set_ylabel("jars")
    draw_scales(axes, grid="neither")
    figure.legend(frameon=False, ncols=2, loc="lower center")
    return _png(figure)


def soh_bars(soh: pl.DataFrame, jars: pl.DataFrame) -> bytes:
    """State of health of the jars of each string, sorted from worst to best; limits 85 and 80 % marked.

    soh: battery_id, soh_pct (the last row of a jar counts; `at` orders them if present). jars: battery_id,
    battery_code, string_code. Each bar has its jar's name where there is room, else the worst of each string.
    """
    if "at" in soh.columns:
        soh = soh.sort("at")
    latest = soh.unique("battery_id", keep="last", maintain_order=True).join(jars, on="battery_id")
    latest = latest.filter(pl.col("soh_pct").is_not_null()).sort("string_code", "soh_pct", "battery_id")
    codes = latest["string_code"].unique(maintain_order=True).to_list()
    names = short_codes(codes)
    crowded = sum(map(len, names)) > MOST_LETTERS
    figure, axes = _figure(9, 4, "State of health", legend=True, below=0.4 if crowded else 0.0)
    if latest.height == 0:
        draw_absence(axes, "no state of health")
        return _png(figure)
    values = latest["soh_pct"].to_numpy()
    _health_bars(axes, values)
    groups = latest.with_row_index("row").group_by("string_code", maintain_order=True)
    rows = groups.agg(middle=pl.col("row").mean(), start=pl.col("row").min())
    place_ticks(axes.xaxis, rows["middle"].to_list(), names)
    low = max(0.0, min(70.0, float(values.min()) - 5.0))
    axes.set_ylim(low, _top_with_names(axes, _names_of_bars(latest), low, float(values.max())))
    axes.set_xlim(-1, len(values))
    axes.vlines(rows["start"].to_numpy()[1:] - 0.5, *axes.get_ylim(), colors=GREY, linewidths=0.6)
    of_all = codes[0].removesuffix(names[0]).rstrip("-")
    axes.set_xlabel(f"string{of_all and f' of {of_all}'}, jars from worst to best")
    axes.set_ylabel(f"state of health (% of rated, axis from {axes.get_ylim()[0]:.0f})")
    _name_bars(axes, latest, rows["start"].to_list())
    draw_scales(axes, grid="neither", size=7, tilt=30 if crowded else 0)
    figure.legend(frameon=False, ncols=3, loc="lower center")
    return _png(figure)


def _name_bars(axes: "Axes", latest: pl.DataFrame, worst: list[int]) -> None:
    """Names of jars above their bars; where bars are thin, of the worst of each string with its health."""
    names = _names_of_bars(latest)
    style: dict[str, Any] = {"rotation": 90, "ha": "center", "va": "bottom", "fontsize": NAME_SIZE}
    thin = len(names) > MOST_BARS_NAMED
    for place in worst if thin else range(len(names)):
        percent = float(latest["soh_pct"][place])
        word = f"{names[place]} {percent:.0f} %" if thin else names[place]
        # Beside the line between two strings, not on it.
        axes.text(place + THIN_ASIDE * len(names) * thin, percent + 0.5, word, **style)


def _names_of_bars(latest: pl.DataFrame) -> list[str]:
    return [tail(code.rsplit("-", 1)[-1], LONGEST_NAME) for code in latest["battery_code"]]


def _top_with_names(axes: "Axes", names: list[str], low: float, tallest: float) -> float:
    """Where the axis of bars ends, so that a name fits above the tallest of them."""
    high = axes.get_position().height * axes.get_figure().get_figheight() * POINTS_PER_INCH  # type: ignore[union-attr]
    share = min((widest(axes, names, NAME_SIZE) + 2 * PAD) / high, 0.6)
    return max(108.0, tallest + 6.0, (tallest - low * share) / (1.0 - share))


def _health_bars(axes: "Axes", values: np.ndarray) -> None:
    from matplotlib.collections import PolyCollection

    bands = (
        (values < 80, VERMILION, "below 80 %", "xx"),
        ((values >= 80) & (values < 85), ORANGE, "80-85 %", "//"),
        (values >= 85, BLUE, "85 % or more", ""),
    )
    places = np.arange(len(values))
    for chosen, colour, label, hatch in bands:
        x, y = places[chosen], values[chosen]
        corners = ((x - 0.42, 0.0 * y), (x - 0.42, y), (x + 0.42, y), (x + 0.42, 0.0 * y))
        # One collection, as `bar` would handle each jar by itself.
        outlines = np.stack([np.stack(corner, axis=1) for corner in corners], axis=1)
        named = f"{label}: {int(chosen.sum())} jars"
        axes.add_collection(
            PolyCollection(list(outlines), facecolor=colour, label=named, hatch=hatch, linewidth=0)
        )
    for limit, colour in ((85, ORANGE), (80, VERMILION)):
        axes.axhline(limit, color=colour, linestyle="--", linewidth=1)


def alerts_timeline(alerts: pl.DataFrame) -> bytes:
    """Alerts as bars from trigger to resolution, a row per alert type; active ones end in an arrow.

    alerts: alert_type, severity, triggered_at, resolved_at.
    """
    from matplotlib.collections import LineCollection
    from matplotlib.dates import date2num

    kinds = alerts.group_by("alert_type").len().sort("alert_type")
    names = [f"{kind} ({n})" for kind, n in kinds.iter_rows()]
    figure, axes = _figure(10, 4.5, f"Alerts ({alerts.height})", names=names, legend=True)
    if alerts.height == 0:
        draw_absence(axes, "no alerts in this period")
        return _png(figure)
    end = max(t for t in (alerts["triggered_at"].max(), alerts["resolved_at"].max()) if t is not None)  # type: ignore[type-var]
    rows = alerts.sort("alert_type", "triggered_at").with_columns(
        start=pl.Series(date2num(alerts.sort("alert_type", "triggered_at")["triggered_at"].to_numpy())),
        stop=pl.Series(
            date2num(alerts.sort("alert_type", "triggered_at")["resolved_at"].fill_null(end).to_numpy())
        ),
        lane=pl.col("alert_type").rank("dense").cast(pl.Float64) - 1.0,
    )
    # Bars of one type lie side by side within their lane, so that many at once can be told from one.
    place = (pl.int_range(pl.len()).over("alert_type") + 0.5) / pl.len().over("alert_type") - 0.5
    rows = rows.with_columns(y=pl.col("lane") + 0.8 * place)
    for k, (severity, colour) in enumerate(SEVERITY_COLOURS.items()):
        mine = rows.filter(pl.col("severity") == severity)
        y = mine["y"].to_numpy()
        points = np.stack([np.stack([mine["start"], y], 1), np.stack([mine["stop"], y], 1)], 1)
        axes.add_collection(
            LineCollection(list(points), colors=colour, linewidths=1.0 + 0.5 * k, alpha=0.8, zorder=2 + k)
        )
        axes.scatter(mine["start"], y, s=8 + 6 * k, marker="o^s"[k], color=colour, zorder=3 + k,
                     label=f"{severity}: {mine.height}")  # fmt: skip
        going = mine.filter(pl.col("resolved_at").is_null())
        axes.scatter(going["stop"], going["y"], s=14, marker=">", color=colour, zorder=3 + k)
    place_ticks(axes.yaxis, range(len(names)), names)
    # An hour at least: around a single instant matplotlib would show years.
    begun, ended = float(rows["start"].to_numpy().min()), float(rows["stop"].to_numpy().max())
    margin = max(0.02 * (ended - begun), 1.0 / 24.0)
    axes.set_xlim(begun - margin, ended + margin)
    axes.hlines(np.arange(1, len(names)) - 0.5, *axes.get_xlim(), colors=GREY, linewidths=0.4)
    axes.set_ylim(len(names) - 0.5, -0.5)
    set_dates(axes)
    axes.set_xlabel("time (UTC); an arrow: still active")
    axes.set_ylabel("alert type (number)")
    draw_scales(axes, grid="neither")
    figure.legend(frameon=False, ncols=3, loc="lower center")
    return _png(figure)
