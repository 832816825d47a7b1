"""An experiment is judged on systems that it never saw, and both stores say the same of it."""

import hashlib
import math
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from battery_assets.experiments.making import books as datasets
from battery_assets.experiments.making.files import bursts_of, read
from battery_assets.experiments.trying import books
from battery_assets.experiments.trying.reconciling import differences_of
from battery_assets_tests.experiments.test_datasets import rows

NETWORK = {
    "epochs": 3, "stages": [{"width": 8, "kernel": 15, "stride": 8}, {"width": 8, "kernel": 7, "stride": 4}],
}  # fmt: skip


@pytest.fixture(scope="module")
def tried(place, small):
    """Runs an experiment; returns its row."""

    def go(name: str, **config):
        result = place.run("experiment", name, dataset=small, **config)
        return result, books.one(place.warehouse, name)

    return go


def test_references_make_the_forest_sure_where_lines_alone_are_not(tried):
    own, alone = (
        tried(kind, model_type=kind)[1]["metrics"] for kind in ("forest_own_lines", "forest_moments")
    )
    assert own["auroc_capacitor_loss"] > alone["auroc_capacitor_loss"]
    assert own["macro_auroc"] > 0.97
    assert own["macro_auroc_low"] <= own["macro_auroc"] <= own["macro_auroc_high"]


def checks_of(result) -> dict[str, bool]:
    """The checks of a run, and whether each is green."""
    return {one.check_name: one.passed for one in result.get_asset_check_evaluations()}


def test_a_run_is_checked_against_mlflow_and_turns_red_where_a_score_differs(place, tried):
    result, row = tried("checked", model_type="rule_own")
    assert checks_of(result) == {"stores_agree": True}
    books.change(place.warehouse, "checked", metrics={**row["metrics"], "exact": 0.123})
    [difference] = differences_of(place.tracking, books.one(place.warehouse, "checked"))
    assert difference.startswith("checked: exact is 0.123 here")
    books.change(place.warehouse, "checked", metrics=row["metrics"])


def test_the_rule_can_never_name_two_faults(tried):
    _, row = tried("the-rule", model_type="rule_own")
    assert row["status"] == "completed"
    assert row["metrics"]["both_named"] == 0.0
    assert row["metrics"]["sound_called_sound"] == 1.0


def test_labels_that_mean_nothing_teach_nothing(tried):
    _, row = tried("shuffled", model_type="forest_own_lines", control="shuffled_labels")
    assert abs(row["metrics"]["macro_auroc"] - 0.5) < 0.25
    _, row = tried("index", model_type="index_only")
    assert abs(row["metrics"]["macro_auroc"] - 0.5) < 0.25


def test_a_network_writes_each_epoch_into_both_stores_and_keeps_its_weights(place, tried, tmp_path):
    from battery_assets.learning.signals.stored import load_network

    _, row = tried("net", model_type="cnn1d", hyperparameters=NETWORK)
    epochs = rows(
        place, f"SELECT * FROM experiments.training_runs WHERE experiment_id = {row['id']} ORDER BY epoch"
    )
    assert [one["epoch"] for one in epochs] == [1, 2, 3]
    client = place.tracking.client()
    curve = client.get_metric_history(row["mlflow_run_id"], "val_loss")
    assert [one.value for one in curve] == [one["val_loss"] for one in epochs]
    run = client.get_run(row["mlflow_run_id"])
    assert row["metrics"] == {k: v for k, v in run.data.metrics.items() if math.isfinite(v)}
    assert run.data.tags["experiment_id"] == str(row["id"])
    path = place.tracking.files_of(row["mlflow_run_id"]).download_artifacts(
        "model/network.safetensors", str(tmp_path)
    )
    assert load_network(path).best_epoch == row["best_epoch"]
    assert row["model_path"].endswith("model/network.safetensors")
    digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    assert run.data.tags["sha256 model/network.safetensors"] == digest


def test_a_network_lies_beside_its_weights_as_onnx_and_says_the_same(place, tried, tmp_path):
    from battery_assets.learning.signals import onnx_file
    from battery_assets.learning.signals.stored import load_network

    if not onnx_file.can_export():
        pytest.skip("NOT COMPARED: the extra `export` (onnx, onnxruntime) is not installed")
    _, row = tried("gateway-net", model_type="cnn1d", hyperparameters=NETWORK)
    assert row["onnx_path"] == f"{row['results_dir']}/model/network.onnx"
    kept = place.tracking.files_of(row["mlflow_run_id"])
    paths = [
        kept.download_artifacts(f"model/network.{kind}", str(tmp_path)) for kind in ("onnx", "safetensors")
    ]
    data = datasets.dataset(place.warehouse, "small")
    bursts = bursts_of(read(place.warehouse, data.meta_data["files"][:2]))
    said = onnx_file.onnx_says(paths[0], bursts.volts, bursts.amps)
    np.testing.assert_allclose(said, load_network(paths[1]).predict(bursts), rtol=0, atol=1e-6)


def test_a_saved_forest_says_what_it_said(place, tried, tmp_path):
    from battery_assets.learning.signals.bursts import features_of
    from battery_assets.learning.signals.classical import fit_forest
    from battery_assets.learning.signals.stored import forest_says, save_forest

    data = datasets.dataset(place.warehouse, "small")
    bursts = bursts_of(read(place.warehouse, data.meta_data["files"]))
    features = features_of(bursts, "own_lines")
    forest = fit_forest(features, bursts.labels, seed=1, trees=10)
    path = save_forest(forest, "own_lines", tmp_path)
    np.testing.assert_allclose(forest_says(path, features), forest.predict(features), atol=1e-12)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"model_type": "oracle"}, "model_type 'oracle'"),
        ({"split": "jar"}, "split 'jar'"),
        ({"model_type": "cnn1d", "hyperparameters": {"epochs": 0}}, "0 epochs"),
        ({"model_type": "rule", "hyperparameters": {"trees": 3}}, "rule has no trees"),
        ({"dataset": "nothing"}, "there is no dataset 'nothing'"),
    ],
)
def test_what_cannot_be_tried_leaves_nothing(place, small, config, words):
    result = place.run("experiment", "never", **{"dataset": small, **config})
    assert not result.success
    [failed] = [event for event in result.all_events if event.is_step_failure]
    assert words in failed.step_failure_data.error.cause.message
    with place.warehouse.reading() as connection:
        there = connection.execute(
            sa.text("SELECT count(*) FROM experiments.experiment WHERE name = 'never'")
        )
        assert there.scalar_one() == 0


def test_a_dataset_of_too_few_systems_fails_its_experiment_with_the_reason(place):
    terms = {"systems": 4, "references": 6, "sound": 2, "each_fault": 1, "mixed": 0}
    result = place.run("dataset", "few", terms=terms)
    assert not result.success
    assert "a split by system needs 5" in str(
        [e.step_failure_data.error.cause.message for e in result.all_events if e.is_step_failure]
    )
