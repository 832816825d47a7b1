"""From stored features to a model that serves: trained, registered, judged by the gate, mirrored, predicting."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import polars as pl
import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.actions import roll_back as of_roll_back
from battery_assets.actions.report import print_report
from battery_assets.actions.report_tables import POLICIES
from battery_assets.errors import UserError
from battery_assets.fleet.p6_ml_digital_twin.checks import (
    drift_of,
    feature_drift_check,
    gate_check,
    leakage_check,
    prediction_drift_check,
)
from battery_assets.fleet.p6_ml_digital_twin.ml_model import ml_model
from battery_assets.fleet.p6_ml_digital_twin.rul_model import EXPERIMENT, rul_model
from battery_assets.fleet.p6_ml_digital_twin.rul_prediction import rul_prediction
from battery_assets.learning.life import gate
from battery_assets.platform.dagster.partitions import Part, know_months
from battery_assets.platform.tracking import Tracking
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.synthetic.site import PLACES
from battery_assets_tests.conftest import copied_database
from battery_assets_tests.worlds.estimation.filed_fleet import file_fleet
from battery_assets_tests.worlds.estimation.life_fleet import months_of
from battery_assets_tests.worlds.stores import kept

SEED, SITES, STRINGS, MONTHS = 31, 5, 9, 13
CUT = months_of(MONTHS)[-1]  # twelve months were seen before it


@dataclass(frozen=True)
class Learned:
    """A warehouse that holds a fleet's year, and the MLflow in which its model was trained."""

    warehouse: Warehouse
    tracking: Tracking
    artifacts: Path
    place: str

    def make(
        self, *assets: dg.AssetsDefinition | dg.AssetChecksDefinition, site: bool = False
    ) -> dg.ExecuteInProcessResult:
        """Materialize assets of the cut-off month."""
        key = dg.MultiPartitionKey({"month": CUT, "site": self.place}) if site else CUT
        resources = {"warehouse": self.warehouse, "tracking": self.tracking}
        with dg.DagsterInstance.ephemeral() as instance:
            instance.add_dynamic_partitions("site", [self.place])
            know_months(instance, [CUT])
            with dg.partition_loading_context(dynamic_partitions_store=instance):
                return dg.materialize(assets, instance=instance, partition_key=key, resources=resources)


@pytest.fixture(scope="module")
def learned(migrated_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Learned]:
    """The year is filed, and the model of the month after it trained and mirrored."""
    home = tmp_path_factory.mktemp("learned")
    tracking = Tracking(tracking_uri=f"sqlite:///{home}/mlflow.db", artifact_root=str(home / "artifacts"))
    with copied_database(migrated_url) as url:
        warehouse = Warehouse(database_url=url, lake_url=str(home / "lake"))
        at = Learned(warehouse, tracking, home / "artifacts", next(iter(PLACES)))
        file_fleet(warehouse, SEED, SITES, STRINGS, MONTHS)
        # Whether a model of so few ends passes is chance, and no matter here: this one is let through.
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(gate, "WITHIN", 1.0)
            patched.setattr(gate, "EARLY_AT_MOST", 1.0)
            assert at.make(rul_model).success
        assert at.make(ml_model).success
        yield at


def _model_rows(at: Learned) -> list[dict]:
    return at.warehouse.read(t.ml_model, Part(month=CUT)).collect().to_dicts()


def told_of(at: Learned) -> list[tuple[str, str]]:
    """The events of models, in order."""
    query = "SELECT event_type, object_id FROM service.outbox WHERE object_kind = 'model' ORDER BY id"
    with at.warehouse.reading() as connection:
        return [tuple(row) for row in connection.execute(sa.text(query))]


def test_the_model_that_passed_the_gate_is_in_production_and_says_so(learned: Learned) -> None:
    [row] = _model_rows(learned)
    assert (row["status"], row["retired_at"]) == ("production", None)
    assert row["promoted_at"] == row["trained_at"]
    assert json.loads(row["hyperparameters_json"])["gate"].startswith(
        "passed: ranks a month's jars with C 0."
    )
    metrics = json.loads(row["metrics_json"])
    assert metrics["failures"] >= 10
    assert 0.5 < metrics["c_index_month"] <= 1.0
    assert told_of(learned) == [("model.promoted", row["model_id"])]


def test_a_run_in_mlflow_holds_what_there_is_to_know_of_the_training(learned: Learned) -> None:
    client = learned.tracking.client()
    experiment = client.get_experiment_by_name(EXPERIMENT.name)
    [run] = client.search_runs([experiment.experiment_id])
    assert run.data.params["cutoff_month"] == CUT
    assert "data_versions_sha256" in run.data.params
    probed = {name: text for name, text in run.data.tags.items() if name.startswith("probe_")}
    assert len(probed) == 6
    assert all(text.startswith("green: ") for text in probed.values()), probed
    assert run.data.metrics["out_of_fold_nll"] <= run.data.metrics["out_of_fold_nll_posterior"]
    files = {path.name for path in learned.artifacts.rglob("*") if path.is_file()}
    assert {"reliability.png", "survival.png", "out_of_fold.csv", "data_versions.json", "model.cbm"} <= files


def test_its_predictions_are_stored_with_an_explanation_in_words(learned: Learned) -> None:
    assert learned.make(rul_prediction, site=True).success
    told = learned.warehouse.read(t.rul_prediction, Part(learned.place, CUT)).collect()
    assert told.height == 24 * STRINGS
    assert set(told["source"]) == {"ml_model"}
    assert set(told["model_id"]) == {_model_rows(learned)[0]["model_id"]}
    assert all("makes it" in json.loads(text)["words"] for text in told["explanation_json"].head(20))
    by_risk = told.sort("failure_probability_365d", descending=True)
    assert by_risk["rul_days"].head(10).mean() < 0.5 * by_risk["rul_days"].mean()


@pytest.mark.parametrize(
    ("table", "change", "red"),
    [
        (t.feature_store, [], {}),
        (t.feature_store, [pl.col("v_mean") + 0.5], {"feature_drift": "v_mean_168h: PSI"}),
        (
            t.digital_twin_state,
            [pl.col(f"wear_out_{end}days").cast(pl.Float64) / 50.0 for end in ("", "lower_", "upper_")],
            {"feature_drift": "wear_out_days: PSI", "prediction_drift": "rul_days: PSI"},
        ),
    ],
    ids=["as it is", "another voltage", "another twin"],
)
def test_drift_warns_where_it_was_planted_and_only_there(learned: Learned, table, change, red) -> None:
    part = Part(learned.place, CUT)
    before = learned.warehouse.read(table, part).collect()
    try:
        kept(learned.warehouse, table, before.with_columns(change).cast(before.schema), part)
        made = learned.make(rul_prediction, feature_drift_check, prediction_drift_check, site=True)
    finally:
        kept(learned.warehouse, table, before, part)
    judged = {check.check_name: check for check in made.get_asset_check_evaluations()}
    assert made.success
    assert list(judged) == ["feature_drift", "prediction_drift"]
    for name, check in judged.items():
        assert (check.passed, check.severity) == (name not in red, dg.AssetCheckSeverity.WARN)
        assert red.get(name, "quantities as in training") in (check.description or "")


def test_drift_that_nobody_can_judge_is_not_green(learned: Learned) -> None:
    assert learned.make(rul_prediction, site=True).success
    silent = Tracking(tracking_uri="http://127.0.0.1:9", artifact_root="")
    said = drift_of(learned.warehouse, silent, Part(learned.place, CUT), ("rul_days",))
    assert not said.passed
    assert (said.description or "").startswith("not judged: model rul 1 is away: ")


@pytest.mark.parametrize("gone", ["server", "file"])
def test_with_mlflow_away_the_twin_predicts_for_every_jar_and_says_why(learned: Learned, gone: str) -> None:
    hidden = learned.artifacts.with_name("hidden")
    if gone == "file":
        learned.artifacts.rename(hidden)
    silent = replace(learned, tracking=Tracking(tracking_uri="http://127.0.0.1:9", artifact_root=""))
    try:
        made = (silent if gone == "server" else learned).make(rul_prediction, site=True)
    finally:
        if gone == "file":
            hidden.rename(learned.artifacts)
    [done] = made.asset_materializations_for_node("rul_prediction")
    assert done.metadata["model not used"].value.startswith("model rul 1 is away: ")
    told = learned.warehouse.read(t.rul_prediction, Part(learned.place, CUT)).collect()
    assert told.height == 24 * STRINGS
    assert set(told["source"]) == {"digital_twin"}
    assert told["model_id"].null_count() == told.height


def test_the_report_shows_what_the_gate_said_the_decisions_and_the_next_best_visits(
    learned: Learned, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert learned.make(rul_prediction, site=True).success
    print_report(SimpleNamespace(warehouse=learned.warehouse), most=5)
    told = capsys.readouterr().out
    assert max(map(len, told.splitlines())) <= 200
    visits = told.split("Next best test")[1].split("Ride-through")[0]
    assert "capacity test" in visits
    assert "passed: ranks a month's jars" in " ".join(told.split("what the gate said")[-1].split())
    board = told.split("Decisions, month by month")[1]
    assert all(rule in board for rule in POLICIES.values())


def test_a_refused_model_stays_in_staging_and_the_twin_serves(
    learned: Learned, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = learned.tracking.aliased("rul", "production")
    monkeypatch.setattr(gate, "WITHIN", 1.0)
    monkeypatch.setattr(gate, "EARLY_AT_MOST", -1.0)
    made = learned.make(rul_model, gate_check, leakage_check)
    judged = {check.check_name: check for check in made.get_asset_check_evaluations()}
    assert (made.success, judged["gate"].passed, judged["leakage"].passed) == (True, False, True)
    assert "ended before their own lower" in (judged["gate"].description or "")
    assert learned.make(ml_model).success
    before, refused = sorted(_model_rows(learned), key=lambda row: row["trained_at"])
    assert (before["status"], refused["status"], refused["promoted_at"]) == ("production", "staging", None)
    assert served is not None
    assert learned.tracking.aliased("rul", "production") == served
    assert "ended before their own lower" in json.loads(refused["hyperparameters_json"])["gate"]
    assert told_of(learned)[1:] == [("model.refused", refused["model_id"])]
    monkeypatch.undo()
    assert learned.make(rul_prediction, site=True).success
    told = learned.warehouse.read(t.rul_prediction, Part(learned.place, CUT)).collect()
    assert set(told["model_id"]) == {before["model_id"]}


def test_a_roll_back_is_said_alike_by_registry_alias_and_table(
    learned: Learned, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one model that passed is withdrawn: the twin serves, and a second roll-back has nothing to take."""
    settings = SimpleNamespace(
        mlflow_tracking_uri=learned.tracking.tracking_uri, artifacts_url=learned.tracking.artifact_root
    )
    at = SimpleNamespace(warehouse=learned.warehouse, settings=settings)
    monkeypatch.setattr(of_roll_back, "run_here", lambda job, month: learned.make(ml_model))
    [served] = [row for row in _model_rows(learned) if row["status"] == "production"]
    assert of_roll_back.roll_back(at) == (served["version"], None)
    [after] = [row for row in _model_rows(learned) if row["model_id"] == served["model_id"]]
    assert (after["status"], after["retired_at"] > after["promoted_at"]) == ("retired", True)
    assert learned.tracking.aliased("rul", "production") is None
    assert learned.make(rul_prediction, site=True).success
    told = learned.warehouse.read(t.rul_prediction, Part(learned.place, CUT)).collect()
    assert set(told["source"]) == {"digital_twin"}
    with pytest.raises(UserError, match="no remaining-life model is in production"):
        of_roll_back.roll_back(at)
