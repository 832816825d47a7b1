"""A model, or an ensemble, judged on cells that were kept back."""

import polars as pl
import pytest
import sqlalchemy as sa

from battery_assets.lab.training.ensemble import combine
from battery_assets.lab.training.evaluation import evaluate
from battery_assets.lab.training.predicting import Asked, predict
from battery_assets.lab.training.selection import BadSelection
from battery_assets.learning.networks.scores import intervals
from battery_assets.tables.lab import training as s
from battery_assets_tests.worlds.lab_files.fading import fading


@pytest.fixture(scope="module")
def model(bench, trained) -> int:
    _, job = trained(algorithm="baseline", model_name="judged", more={"epochs": 15})
    with bench.warehouse.transaction() as connection:
        return connection.execute(sa.select(s.model.c.id).where(s.model.c.job_id == job["id"])).scalar_one()


def kept_back(path, rows: pl.DataFrame):
    rows.drop("rul").with_columns(side=pl.lit("test")).write_csv(path)
    return path


def test_a_model_is_judged_on_cells_it_never_saw(bench, model, tmp_path):
    path = kept_back(tmp_path / "other.csv", fading(5, seed=77, first=90))
    found = evaluate(bench.warehouse, bench.tracking, model, [path])
    value, low, high = found.scores["soh_rmse"]
    assert low <= value <= high
    assert value < found.scores["soh_rmse_mean_life"][0]
    assert found.cells["cell_id"].to_list() == [f"cell-{k:03d}" for k in range(90, 95)]
    assert found.quarantined == 0
    again = evaluate(bench.warehouse, bench.tracking, model, [path])
    assert again.scores == found.scores


def test_a_training_cell_under_another_name_is_refused(bench, model, tmp_path):
    known = fading(18, seed=4, unfinished=(2,)).filter(cell_id="cell-001")
    path = kept_back(tmp_path / "twin.csv", known.with_columns(cell_id=pl.lit("a new cell")))
    with pytest.raises(BadSelection, match="have one curve, on two sides"):
        evaluate(bench.warehouse, bench.tracking, model, [path])
    with pytest.raises(BadSelection, match="model 0 is not known"):
        evaluate(bench.warehouse, bench.tracking, 0, [path])


@pytest.fixture(scope="module")
def of_trees(bench, trained) -> int:
    more = {"surrogate": "trees", "wear": True, "epochs": 10}
    _, job = trained(algorithm="baseline", model_name="trees", more=more)
    assert job["status"] == "succeeded", job["reason"]
    with bench.warehouse.transaction() as connection:
        return connection.execute(sa.select(s.model.c.id).where(s.model.c.job_id == job["id"])).scalar_one()


def test_trees_are_registered_judged_and_asked_like_a_network(bench, of_trees, tmp_path):
    path = kept_back(tmp_path / "other.csv", fading(5, seed=77, first=90))
    scores = evaluate(bench.warehouse, bench.tracking, of_trees, [path]).scores
    assert scores["soh_rmse"][0] < 0.5 * scores["soh_rmse_mean_life"][0]
    assert scores["rul_rmse"][0] < scores["rul_rmse_mean_life"][0]
    one = {"cycle_num": 1, "feature_1": 0.8, "feature_2": 1.0}
    said = predict(bench.warehouse, bench.tracking, of_trees, Asked(payload={"cycles": [one]}))
    assert said["soh"] == pytest.approx(1.0, abs=0.05)
    assert said["rul"] > 50


def test_an_ensemble_is_judged_as_the_mean_of_its_members(bench, model, of_trees, tmp_path):
    path = kept_back(tmp_path / "other.csv", fading(5, seed=77, first=90))
    made = combine(bench.warehouse, bench.tracking, bench.lab, "mean", "avg", [model, of_trees])
    whole = evaluate(bench.warehouse, bench.tracking, made.ensemble_id, [path], ensemble=True)
    single = [evaluate(bench.warehouse, bench.tracking, one, [path]) for one in (model, of_trees)]
    errors = [one.scores["soh_rmse"][0] for one in single]
    assert whole.scores["soh_rmse"][0] < max(errors)
    assert whole.scores["soh_rmse"][0] not in errors
    assert whole.scores["rul_rmse_mean_life"] == single[0].scores["rul_rmse_mean_life"]
    # An ensemble of one model is that model, whatever its weight says.
    again = _of_one(bench, of_trees)
    alone = evaluate(bench.warehouse, bench.tracking, again, [path], ensemble=True)
    assert alone.scores["rul_rmse"] == pytest.approx(single[1].scores["rul_rmse"])


def _of_one(bench, number: int) -> int:
    """An ensemble of one model alone."""
    with bench.warehouse.transaction() as connection:
        made = sa.insert(s.model_ensemble).values(name="one", strategy="avg", config={})
        ensemble = connection.execute(made.returning(s.model_ensemble.c.id)).scalar_one()
        connection.execute(
            sa.insert(s.model_ensemble_member).values(ensemble_id=ensemble, model_id=number, weight=0.4)
        )
    return ensemble


def test_an_ensemble_that_only_compares_says_nothing_of_cells(bench, model, of_trees, tmp_path):
    path = kept_back(tmp_path / "other.csv", fading(5, seed=77, first=90))
    made = combine(bench.warehouse, bench.tracking, bench.lab, "look", "compare", [model, of_trees])
    with pytest.raises(BadSelection, match=f"ensemble {made.ensemble_id} only compares"):
        evaluate(bench.warehouse, bench.tracking, made.ensemble_id, [path], ensemble=True)
    with pytest.raises(BadSelection, match="ensemble 0 is not known"):
        evaluate(bench.warehouse, bench.tracking, 0, [path], ensemble=True)


def test_one_cell_has_no_interval_and_many_equal_ones_a_narrow_one():
    each = pl.DataFrame(
        {"rows": [10] * 6, "soh_rmse": [0.1] * 6, "soh_mape": [None] * 6, "rul_rmse": [3.0] * 6}
    )
    assert intervals(each)["rul_rmse"] == pytest.approx((3.0, 3.0, 3.0))
    assert "soh_mape" not in intervals(each)
    value, low, high = intervals(each.head(1))["soh_rmse"]
    assert value == pytest.approx(0.1)
    assert low != low
    assert high != high
