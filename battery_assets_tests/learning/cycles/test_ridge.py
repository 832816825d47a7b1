"""The line that later models have to beat: fitted on cells, scored on other cells."""

import numpy as np
import polars as pl
import pytest

from battery_assets.learning.cycles.ridge import FEATURES, RECIPES, Recipe, TooFewCells, fit, measured


def cells(count: int = 8, rows: int = 40, seed: int = 1, noise: float = 0.5) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((count * rows, 8))
    return pl.DataFrame(
        {
            "cell_id": np.repeat([f"c{k}" for k in range(count)], rows),
            "group_tag": np.repeat(["train"] * (count - 2) + ["val", "test"], rows),
            **{name: features[:, k] for k, name in enumerate(FEATURES)},
            "soh_pct": 90 + features @ np.arange(8.0) + noise * rng.standard_normal(count * rows),
        }
    )


def test_a_line_in_the_data_is_found_again():
    model, scores = fit(cells(), Recipe("soh", FEATURES, "soh_pct"))
    slope = np.array(model.coefficients) / np.array(model.scale)
    assert slope == pytest.approx(np.arange(8.0), abs=0.15)
    assert scores["rmse_test"] == pytest.approx(0.5, abs=0.1)
    assert scores["rmse_constant_test"] > 5 * scores["rmse_test"]


def test_held_out_cells_do_not_move_the_fit():
    rows = cells()
    changed = rows.with_columns(
        pl.when(pl.col("group_tag") != "train").then(pl.col("soh_pct") * -3).otherwise(pl.col("soh_pct"))
    )
    recipe = Recipe("soh", FEATURES, "soh_pct")
    assert fit(rows, recipe)[0] == fit(changed, recipe)[0]
    assert fit(rows, recipe)[1] != fit(changed, recipe)[1]


def test_where_there_is_nothing_to_learn_the_line_is_no_better_than_a_constant():
    rows = cells(noise=0.0).with_columns(soh_pct=pl.Series(np.random.default_rng(5).standard_normal(320)))
    _, scores = fit(rows, Recipe("soh", FEATURES, "soh_pct"))
    assert scores["rmse_test"] > 0.9 * scores["rmse_constant_test"]


def test_health_is_not_told_from_the_capacity_itself():
    soh = next(recipe for recipe in RECIPES if recipe.task == "soh")
    assert not {"feature_1", "feature_2", "pcl"} & set(soh.features)


def test_too_few_cells_are_refused_with_what_to_do():
    with pytest.raises(TooFewCells, match="next step: run more months"):
        fit(cells(count=4), Recipe("soh", FEATURES, "soh_pct"))
    nobody = cells().with_columns(group_tag=pl.lit("train"))
    with pytest.raises(
        TooFewCells, match=r"no cell with known soh_pct is held out.*next step: bring in more cells"
    ):
        fit(nobody, Recipe("soh", FEATURES, "soh_pct"))


def test_a_lab_without_a_sensor_learns_from_the_rest():
    nothing = pl.lit(None, pl.Float64)
    rows, recipe = cells().with_columns(feature_3=nothing), Recipe("soh", FEATURES, "soh_pct")
    own = measured(rows, recipe)
    assert own.features == tuple(name for name in FEATURES if name != "feature_3")
    model, scores = fit(rows, own)
    assert scores["cells_test"] == 1.0
    assert np.isfinite(model.predict(rows)).all()
    assert measured(cells(), recipe) == recipe
    one = cells().with_columns(feature_3=pl.when(pl.col("cell_id") != "c0").then("feature_3"))
    assert measured(one, recipe) == recipe, "what one cell lacks is left out with that cell"
    with pytest.raises(TooFewCells, match=r"feature_1, .* are NULL in the training cells"):
        measured(cells().with_columns(pl.lit(None, pl.Float64).alias(name) for name in FEATURES), recipe)
