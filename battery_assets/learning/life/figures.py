"""Pictures of a remaining-life model, as matplotlib figures without any global plotting state."""

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from battery_assets.learning.life.explanation import importance
from battery_assets.learning.life.forward import KNOTS, JarTime, failed_by
from battery_assets.learning.life.metrics import observed, told_within
from battery_assets.learning.life.model import RulModel
from battery_assets.learning.life.survival import kaplan_meier

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def _figure(width: float, height: float) -> tuple["Figure", "Axes"]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


def importance_figure(model: RulModel, snaps: pl.DataFrame, top: int = 15) -> "Figure":
    """Bars of the `top` features by mean absolute SHAP contribution over `snaps`."""
    table = importance(model, snaps).head(top).reverse()
    figure, axes = _figure(7, 5)
    axes.barh(table["feature"].to_list(), table["importance"].to_numpy())
    axes.set_xlabel("mean |contribution|, standard deviations")
    axes.set_title("What the remaining-life model looks at")
    return figure


def reliability(out_of_fold: pl.DataFrame, bins: int = 6) -> pl.DataFrame:
    """predicted, ended, rows per equal bin of the 90-day probability, over snapshots followed so long."""
    tells, happened = told_within(out_of_fold, 90.0)
    predicted, happened = out_of_fold["failure_probability_90d"].to_numpy()[tells], happened[tells]
    parts = [part for part in np.array_split(np.argsort(predicted, kind="stable"), bins) if part.size]
    return pl.DataFrame(
        {
            "predicted": [float(predicted[part].mean()) for part in parts],
            "ended": [float(happened[part].mean()) for part in parts],
            "rows": [int(part.size) for part in parts],
        },
        schema={"predicted": pl.Float64, "ended": pl.Float64, "rows": pl.Int64},
    )


def reliability_figure(out_of_fold: pl.DataFrame) -> "Figure":
    """Predicted against seen share of jars that end within 90 days, on rows held out of training."""
    table = reliability(out_of_fold)
    figure, axes = _figure(5, 5)
    predicted, ended = table["predicted"].to_numpy(), table["ended"].to_numpy()
    top = 1.1 * float(max(predicted.max(initial=0.05), ended.max(initial=0.05)))
    axes.plot([0, top], [0, top], color="0.7", linewidth=1)
    axes.plot(predicted, ended, marker="o")
    axes.set(xlim=(0, top), ylim=(0, top), xlabel="predicted P(end within 90 d)", ylabel="share that ended")
    axes.set_title("Calibration, out of fold")
    return figure


def survival_figure(out_of_fold: pl.DataFrame, model: RulModel) -> "Figure":
    """Share of snapshots still in service after t days: seen (Kaplan-Meier) and predicted out of fold."""
    times, alive = kaplan_meier(*observed(out_of_fold))
    days = np.linspace(1.0, float(out_of_fold["followup_days"].to_numpy().max()), 100)
    raw, time = out_of_fold["raw_output"].to_numpy(), JarTime(out_of_fold.select(KNOTS).to_numpy())
    predicted = [1.0 - failed_by(time, raw, model.calibration, float(at)).mean() for at in days]
    figure, axes = _figure(6, 4)
    axes.step([0, *times], [1, *alive], where="post", label="seen (Kaplan-Meier)")
    axes.plot(days, predicted, label="predicted, out of fold")
    axes.set(xlabel="days after the snapshot", ylabel="share in service")
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def rul_histogram(predictions: pl.DataFrame) -> "Figure":
    """Number of jars by remaining life, years; the last bar holds everything beyond ten years."""
    years = np.minimum(predictions["rul_days"].to_numpy() / 365.25, 10.25)
    figure, axes = _figure(6, 4)
    axes.hist(years, bins=np.arange(0.0, 10.75, 0.5).tolist())
    axes.set(xlabel="remaining life, years (last bar: 10 and more)", ylabel="jars")
    return figure
