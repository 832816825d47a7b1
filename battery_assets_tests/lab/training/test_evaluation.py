"""A model judged on cells that were kept back."""

import polars as pl
import pytest
import sqlalchemy as sa

from battery_assets.lab.training.evaluation import evaluate
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
