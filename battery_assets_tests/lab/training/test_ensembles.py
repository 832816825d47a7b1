"""Models that speak together: stored with members, weights and detail, beside the best single one."""

import numpy as np
import polars as pl
import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.lab.training import books
from battery_assets.lab.training.comparing import compare
from battery_assets.lab.training.ensemble import combine
from battery_assets.lab.training.predicting import Asked, predict, predict_together
from battery_assets.lab.training.selection import BadSelection, select
from battery_assets.lab.training.table import errors_by_cell
from battery_assets.learning.networks.cells import Cells
from battery_assets.learning.networks.ensembles import out_of_fold, together, weights_of
from battery_assets.learning.networks.score_table import score_table
from battery_assets.platform.dagster.assets import declared_reads
from battery_assets.platform.warehouse.resource import recorded_reads
from battery_assets.tables.lab import training as s
from battery_assets_tests.worlds.lab_files.fading import fading

CELLS = Cells.of(fading(6, seed=9), ("feature_1", "feature_2"))


def rows(bench, table: sa.Table, **where) -> list[dict]:
    query = sa.select(table).where(*(table.c[name] == value for name, value in where.items()))
    with bench.warehouse.transaction() as connection:
        return [
            dict(row) for row in connection.execute(query.order_by(*table.primary_key.columns)).mappings()
        ]


def said(*errors: float):
    """Members that are wrong by so many cycles, to either side in turn, and by as many thousandths."""
    return [
        (CELLS.health + (-1) ** k * error / 1000, CELLS.left + (-1) ** k * error)
        for k, error in enumerate(errors)
    ]


def test_weights_follow_the_errors_on_validation_cells():
    assert weights_of("compare", CELLS, said(1, 2)) is None
    assert weights_of("avg", CELLS, said(1, 9)).tolist() == [0.5, 0.5]
    assert weights_of("weighted_avg", CELLS, said(1, 3)) == pytest.approx([0.9, 0.1])
    stacked = weights_of("stacking", CELLS, said(1, 3))
    assert stacked == pytest.approx([0.75, 0.25], abs=1e-3), "errors to either side cancel"
    _, left = together(stacked, said(1, 3))
    assert left == pytest.approx(CELLS.left, abs=0.05)
    with pytest.raises(ValueError, match="'vote' is none of"):
        weights_of("vote", CELLS, said(1, 2))


def test_a_validation_cell_is_not_weighed_by_itself():
    """One member is right on the first cell alone: that cell's own row must not say so."""
    lucky = np.where(CELLS.cell == 0, 0.0, 50.0)
    members = [(CELLS.health, CELLS.left + lucky), (CELLS.health, CELLS.left - 5.0)]
    _, left = out_of_fold("stacking", CELLS, members)
    first = CELLS.cell == 0
    whole = together(weights_of("stacking", CELLS, members), members)[1]
    assert np.abs(left - CELLS.left)[first].mean() > np.abs(whole - CELLS.left)[first].mean()


@pytest.fixture(scope="module")
def members(bench, trained) -> list[int]:
    found = []
    for seed in (1, 2):
        _, job = trained(algorithm="baseline", model_name="member", more={"seed": seed})
        found += [row["id"] for row in rows(bench, s.model, job_id=job["id"])]
    return found


@pytest.mark.parametrize("strategy", ["compare", "avg", "weighted_avg", "stacking"])
def test_an_ensemble_is_stored_with_the_detail_of_each_member(bench, members, strategy):
    made = combine(bench.warehouse, bench.tracking, bench.lab, f"both {strategy}", strategy, members)
    [kept] = rows(bench, s.model_ensemble, id=made.ensemble_id)
    assert kept["config"]["scores"] == made.scores
    assert {f"rul_rmse_model_{number}" for number in members} | {"rul_rmse_best_single"} <= set(made.scores)
    weights = [row["weight"] for row in rows(bench, s.model_ensemble_member, ensemble_id=made.ensemble_id)]
    together_they_say = rows(bench, s.ensemble_prediction, ensemble_id=made.ensemble_id)
    assert len(together_they_say) == 3
    for whole in together_they_say:
        details = rows(bench, s.ensemble_prediction_detail, ensemble_prediction_id=whole["id"])
        assert [one["model_id"] for one in details] == members
        single = rows(bench, s.prediction, model_id=members[0], battery_id=whole["battery_id"])
        assert (details[0]["soh"], details[0]["rul"]) == (single[0]["soh"], single[0]["rul"])
        if strategy == "compare":
            assert (whole["soh"], whole["rul"], set(weights)) == (None, None, {None})
        else:
            mean = sum(float(w) * one["rul"] for w, one in zip(weights, details, strict=True))
            assert whole["rul"] == pytest.approx(mean, rel=1e-4, abs=1e-3)
            assert float(sum(weights)) == pytest.approx(1.0, abs=2e-6)


def test_a_cell_and_its_stated_cycles_get_one_prediction(bench, members):
    [battery, *_] = [row["battery_id"] for row in rows(bench, s.prediction, model_id=members[0])]
    lives = bench.warehouse.read(t.cycle_data).filter(pl.col("battery_id") == battery).collect()
    stated = lives.sort("cycle_num").select("cycle_num", "feature_1", "feature_2").to_dicts()
    of_cell = predict(bench.warehouse, bench.tracking, members[0], Asked(battery_id=battery))
    of_payload = predict(bench.warehouse, bench.tracking, members[0], Asked(payload={"cycles": stated}))
    assert (of_cell["soh"], of_cell["rul"]) == (of_payload["soh"], of_payload["rul"])
    assert (of_cell["input_source"], of_payload["input_source"]) == ("battery", "payload")
    assert of_payload["input_payload"] == {"cycles": stated}
    made = combine(bench.warehouse, bench.tracking, bench.lab, "mean", "avg", members)
    whole = predict_together(bench.warehouse, bench.tracking, made.ensemble_id, Asked(battery_id=battery))
    [kept] = rows(bench, s.ensemble_prediction, id=whole["id"])
    details = rows(bench, s.ensemble_prediction_detail, ensemble_prediction_id=whole["id"])
    assert kept["soh"] == pytest.approx(np.mean([one["soh"] for one in details]))
    assert details[0]["soh"] == of_cell["soh"]
    with pytest.raises(BadSelection, match="battery_id: 1 is not known"):
        predict(bench.warehouse, bench.tracking, members[0], Asked(battery_id=1))
    with pytest.raises(BadSelection, match="ensemble_id: 0 is not known"):
        predict_together(bench.warehouse, bench.tracking, 0, Asked(battery_id=battery))
    with pytest.raises(BadSelection, match="one of the two is needed"):
        Asked(battery, {"cycles": stated})


def test_members_that_learned_from_their_validation_cells_have_no_weights(bench, trained, members):
    _, job = trained(algorithm="baseline", model_name="again", more={"refit": True})
    [again] = rows(bench, s.model, job_id=job["id"])
    both = [members[0], again["id"]]
    with pytest.raises(BadSelection, match="trained again on its validation cells"):
        combine(bench.warehouse, bench.tracking, bench.lab, "x", "stacking", both)
    assert combine(bench.warehouse, bench.tracking, bench.lab, "x", "avg", both).weights == {
        number: 0.5 for number in both
    }


def test_a_comparison_is_an_asset_with_a_table_and_a_picture(bench, members):
    from battery_assets.definitions import defs

    result = defs.resolve_job_def("lab_comparison").execute_in_process(
        instance=bench.instance,
        resources={"warehouse": bench.warehouse, "tracking": bench.tracking},
        partition_key=bench.lab,
        run_config={
            "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
            "ops": {"cell_comparison": {"config": {"one": members[:1], "other": members[1:]}}},
        },
    )
    [made] = result.asset_materializations_for_node("cell_comparison")
    table = {(row["error"], row["slice"]): row for row in made.metadata["comparison"].value}
    whole = table["rul_rmse", "all"]
    errors = [row["metrics"]["rul_rmse_by_cell"] for one in members for row in rows(bench, s.model, id=one)]
    assert [whole["one"], whole["other"]] == pytest.approx(errors)
    assert whole["cells"] == 3
    assert whole["low"] is None, "three cells have no interval"
    assert "one: 1 trainings; 5 seeds tell more" in made.metadata["notes"].value
    files = bench.tracking.files_of(made.metadata["mlflow_run_id"].value).list_artifacts()
    assert {"comparison.csv", "comparison_by_cell.csv", "comparison.png"} <= {one.path for one in files}
    with pytest.raises(BadSelection, match=f"model {members[0]} is on both sides"):
        compare(bench.warehouse, bench.tracking, bench.lab, members, members[:1])


def test_mlflow_has_the_errors_of_each_cell_that_a_table_is_made_of(bench, members):
    found = errors_by_cell(bench.tracking, bench.lab)
    own = found.filter(model="member")
    assert sorted(own["seed"].unique()) == [1, 2]
    assert own.height == 2 * 3
    assert {"mean life - cycle", "linear fade"} <= set(found["model"])
    assert found.filter(model="linear fade").height == 3, "a rule stands there once"
    [table] = score_table(found, "linear fade").filter(model="member", error="rul_rmse").to_dicts()
    each = [row["metrics"]["rul_rmse"] for one in members for row in rows(bench, s.model, id=one)]
    assert table["value"] == pytest.approx(np.mean(each))
    assert errors_by_cell(bench.tracking, "another").is_empty()


def test_without_numbers_the_newest_model_of_each_algorithm_speaks(bench, trained, members):
    _, job = trained(algorithm="deephpm", more={"epochs": 1})
    [newest] = rows(bench, s.model, job_id=job["id"])
    baselines = rows(bench, s.model, algorithm="baseline")
    assert books.newest_models(bench.warehouse, bench.lab) == sorted([baselines[-1]["id"], newest["id"]])
    assert books.newest_models(bench.warehouse, "another") == []


def test_models_of_other_cells_do_not_speak_together(bench, trained, members):
    roles = select(bench.warehouse, bench.lab).roles
    train = [number for number, role in roles.items() if role == "train"]
    sides = {
        "train": train[2:],
        "val": train[:2],
        "test": [n for n, role in roles.items() if role != "train"],
    }
    _, job = trained(algorithm="baseline", batteries=sides)
    [other] = rows(bench, s.model, job_id=job["id"])
    with pytest.raises(BadSelection, match="had other cells"):
        combine(bench.warehouse, bench.tracking, bench.lab, "x", "avg", [members[0], other["id"]])
    with pytest.raises(BadSelection, match="two different models"):
        combine(bench.warehouse, bench.tracking, bench.lab, "x", "avg", [members[0]])
    with pytest.raises(BadSelection, match="model 999999 is not known"):
        combine(bench.warehouse, bench.tracking, bench.lab, "x", "avg", [members[0], 999_999])


def test_the_assets_read_what_they_declare(bench):
    from battery_assets.lab.p6_models.cell_comparison import cell_comparison
    from battery_assets.lab.p6_models.cell_ensemble import cell_ensemble
    from battery_assets.lab.p6_models.cell_model import cell_model

    with recorded_reads() as reads:
        select(bench.warehouse, bench.lab)
    assert reads == declared_reads(cell_model) == declared_reads(cell_ensemble)
    assert reads == declared_reads(cell_comparison)
    assert books.newest_ensemble(bench.warehouse)["lab"] == bench.lab
