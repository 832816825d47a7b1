"""The table of scores: by row, over seeds, with paired intervals over cells."""

import numpy as np
import polars as pl
import pytest

from battery_assets.learning.networks.score_table import markdown, score_table


def errors(model: str, seed: int, factor: float) -> pl.DataFrame:
    """Cells of very different error and length; `factor` makes a model worse on each of them."""
    cell = np.arange(12)
    return pl.DataFrame(
        {
            "model": model, "seed": seed, "cell_id": [f"c{k:02d}" for k in cell], "rows": 100 + 50 * cell,
            "soh_rmse": factor * (0.01 + 0.005 * cell), "soh_mape": [None] * 12,
            "rul_rmse": factor * (10.0 + 20.0 * cell),
        },
        schema_overrides={"soh_mape": pl.Float64},
    )  # fmt: skip


@pytest.fixture(scope="module")
def table() -> pl.DataFrame:
    frames = [
        errors("base", 1, 1.0),
        errors("base", 2, 1.1),
        errors("better", 1, 0.95),
        errors("rule", 0, 3.0),
    ]
    return score_table(pl.concat(frames), "base")


def row(table: pl.DataFrame, model: str, error: str = "rul_rmse") -> dict:
    [found] = table.filter(model=model, error=error).to_dicts()
    return found


def test_errors_are_by_row_and_spread_over_seeds(table):
    cell = np.arange(12)
    rows = 100 + 50 * cell
    whole = np.sqrt(np.average((10.0 + 20.0 * cell) ** 2, weights=rows))
    base = row(table, "base")
    assert base["value"] == pytest.approx(1.05 * whole)
    assert base["sd"] == pytest.approx(whole * 0.1 / np.sqrt(2))
    assert (base["seeds"], base["cells"]) == (2, 12)
    assert base["low"] < base["value"] < base["high"]
    assert np.isnan(row(table, "better")["sd"])
    assert table.filter(error="soh_mape").is_empty()


def test_a_difference_is_paired_and_narrower_than_the_scores_own_interval(table):
    base, better, rule = (row(table, name) for name in ("base", "better", "rule"))
    assert base["difference"] is None
    assert better["difference_high"] < 0, "always better, on every cell"
    assert better["high"] > base["low"], "the intervals of the scores overlap all the same"
    assert rule["difference_low"] > 0


def test_the_page_lists_the_least_error_first(table):
    lines = list(markdown(table, "rul_rmse", 1, {"rule": "no model"}))
    assert [line.split(" | ")[0] for line in lines[2:]] == ["| better", "| base", "| rule"]
    assert lines[-1].endswith("| no model |")
    assert "nan" not in "".join(lines)
