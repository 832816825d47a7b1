"""A picture of the truth, so that people see whether the synthetic fleet is in a steady state."""

import io
from datetime import datetime

import polars as pl

COLOURS = {"healthy": "#009E73", "accelerated": "#E69F00", "failing": "#D55E00"}
END_OF_LIFE_PCT = 80.0


def health_picture(health: pl.DataFrame, now: datetime) -> bytes:
    """PNG of true state of health over a site's life: median and 5-95 % of each profile, jars below 80 %.

    `health` has day, profile, soh_pct for the jars in service; `now` is marked. Of real jars nobody knows.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 5), dpi=75)
    FigureCanvasAgg(figure)
    above, below = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": [3, 1]})
    # To lay the picture out by its content would draw it three times.
    figure.subplots_adjust(left=0.085, right=0.985, top=0.935, bottom=0.12, hspace=0.08)
    for profile, colour in COLOURS.items():
        own = health.filter(pl.col("profile") == profile).group_by("day").agg(
            pl.col("soh_pct").quantile(0.05).alias("low"), pl.col("soh_pct").median().alias("middle"),
            pl.col("soh_pct").quantile(0.95).alias("high"), pl.len().alias("jars"),
        ).sort("day")  # fmt: skip
        if own.height == 0:
            continue
        label = f"{profile}: {own['jars'].sum() / own.height:.0f} jars in service"
        above.fill_between(own["day"], own["low"], own["high"], color=colour, alpha=0.2, linewidth=0)
        above.plot(own["day"], own["middle"], color=colour, label=label)
    above.axhline(END_OF_LIFE_PCT, color="grey", linewidth=0.8, linestyle="--")
    above.set_ylabel("state of health, %")
    above.set_title("True state of health: median and 5-95 % of each profile", fontsize=11)
    if above.get_legend_handles_labels()[0]:
        figure.legend(loc="lower center", ncols=3, fontsize=8, frameon=False)
    weak = health.group_by("day").agg((pl.col("soh_pct") < END_OF_LIFE_PCT).mean() * 100).sort("day")
    below.step(weak["day"], weak["soh_pct"], color="black", linewidth=1, where="post")
    below.set_ylabel("below 80 %,\n% of jars")
    below.set_ylim(bottom=0)
    for axes in (above, below):
        axes.axvline(now.date(), color="#0072B2", linewidth=0.8)
        axes.spines[["top", "right"]].set_visible(False)
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()
