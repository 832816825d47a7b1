"""A run with everything that can be logged of one, and its registered file."""

from pathlib import Path

import polars as pl

from battery_assets.platform.tracking import Tracking

CONTENT = b"not a real model, but real bytes"


def _figure():
    from matplotlib.figure import Figure

    figure = Figure()
    figure.add_subplot().plot([1, 2])
    return figure


def registered(tracking: Tracking, folder: Path, name: str) -> tuple[str, str]:
    """The run's id, and the version of its file."""
    model = folder / "model.cbm"
    model.write_bytes(CONTENT)
    with tracking.run("rul", "2026-10|bkk", {"partition": "2026-10|bkk"}) as run:
        run.log_params({"depth": 4, "distributions": ("Normal", "Extreme")})
        run.log_metrics({"c_index": 0.9, "not_computable": float("nan")})
        for step in range(250):
            run.log_metrics({"nll": 1.0 / (1 + step)}, step)
        run.log_inputs({"feature_store 2026-09|bkk": "ab" * 32, "feature_store 2026-10|bkk": "cd" * 32})
        run.log_figure(_figure(), "figures/importance.png")
        run.log_table(pl.DataFrame({"jar": ["a"], "rul_days": [12.5]}), "tables/worst.csv")
        run.log_artifact_file(model, "model")
    return run.run_id, tracking.register(name, run.run_id, "model/model.cbm", {"cutoff": "2026-11-01"})
