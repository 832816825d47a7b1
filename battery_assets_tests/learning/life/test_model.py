"""The remaining-life model on a fleet whose truth is known."""

import dataclasses
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from battery_assets.learning.life.examples import FEATURES
from battery_assets.learning.life.explanation import contributions, explanations, feature_snapshot_json
from battery_assets.learning.life.figures import (
    importance_figure,
    reliability_figure,
    rul_histogram,
    survival_figure,
)
from battery_assets.learning.life.forward import jar_time, typical_days
from battery_assets.learning.life.metrics import marginal_predictions, scores
from battery_assets.learning.life.model import ModelMismatch, Recipe, TooFewFailures, fit, load, predict, save
from battery_assets.learning.life.prediction import COLUMNS
from battery_assets.learning.life.survival import error_quantile
from battery_assets_tests.learning.conftest import QUICK, Fleet, Trained


def _silent(name: str, value: float, step: int) -> None:
    pass


def test_the_model_beats_the_marginal_on_jars_it_never_saw(
    known: Fleet, unseen: Fleet, trained: Trained
) -> None:
    model = scores(unseen.examples, predict(trained.model, unseen.examples))
    marginal = scores(unseen.examples, marginal_predictions(known.examples, unseen.examples))
    assert model["c_index"] > 0.8 > marginal["c_index"]
    assert model["brier_30d"] < 0.85 * marginal["brier_30d"]
    assert model["brier_90d"] < 0.6 * marginal["brier_90d"]


def test_out_of_fold_scores_tell_what_unseen_jars_will_show(unseen: Fleet, trained: Trained) -> None:
    found = scores(unseen.examples, predict(trained.model, unseen.examples))
    assert trained.metrics["c_index"] == pytest.approx(found["c_index"], abs=0.07)
    assert trained.metrics["brier_90d"] == pytest.approx(found["brier_90d"], abs=0.008)


def test_the_interval_covers_about_what_it_says(unseen: Fleet, trained: Trained) -> None:
    found = scores(unseen.examples, predict(trained.model, unseen.examples))
    assert found["early_failure_share"] < 0.06
    assert found["coverage_95"] > 0.65
    assert found["verdict_90d_accuracy"] == pytest.approx(found["confidence_90d"], abs=0.05)


def test_the_scores_stand_beside_their_baselines(trained: Trained) -> None:
    for score in ("c_index", "brier_30d", "brier_90d", "mae_days", "coverage_95"):
        assert np.isfinite(
            [trained.metrics[f"{score}{end}"] for end in ("", "_marginal", "_soh_trend")]
        ).all()
    assert trained.metrics["brier_90d"] < trained.metrics["brier_90d_marginal"]
    assert 0.5 < trained.metrics["c_index_unseen_site"] <= 1.0


def test_all_predictions_come_from_one_life_distribution(unseen: Fleet, trained: Trained) -> None:
    told = predict(trained.model, unseen.snaps)
    assert told.columns == list(COLUMNS)
    assert told["battery_id"].to_list() == unseen.snaps["battery_id"].to_list()
    assert told.null_count().sum_horizontal().item() == 0
    lower, median, upper = told["rul_lower_ci_days"], told["rul_days"], told["rul_upper_ci_days"]
    assert ((lower >= 0) & (lower <= median) & (median <= upper) & (upper <= 99_999.9)).all()
    near, far = told["failure_probability_30d"], told["failure_probability_90d"]
    assert ((near > 0) & (near <= far) & (far <= 1)).all()
    assert ((lower < 30) == (near > 0.025)).all()


def test_confidence_falls_where_the_model_is_asked_beyond_what_it_saw(
    unseen: Fleet, trained: Trained
) -> None:
    usual = unseen.snaps.head(50)
    strange = usual.with_columns(v_mean_168h=pl.lit(2.0), t_mean_168h=pl.lit(70.0), ripple_rms_mean_168h=None)
    before, after = predict(trained.model, usual), predict(trained.model, strange)
    assert after["confidence_score"].mean() < before["confidence_score"].mean() - 0.04
    named = json.loads(explanations(trained.model, strange)[0])["outside_training_range"]
    assert {"v_mean_168h", "t_mean_168h", "ripple_rms_mean_168h"} <= set(named)


def test_a_weaker_jar_is_told_a_shorter_life(unseen: Fleet, trained: Trained) -> None:
    last = unseen.snaps.filter(pl.col("snapshot_at") == unseen.snaps["snapshot_at"].max())
    told = predict(trained.model, last).with_columns(last["soh_pct"])
    weak, strong = told.filter(pl.col("soh_pct") < 85), told.filter(pl.col("soh_pct") > 95)
    assert weak["rul_days"].median() < 0.3 * strong["rul_days"].median()


def test_the_same_data_and_recipe_give_the_same_file(known: Fleet, unseen: Fleet, tmp_path: Path) -> None:
    quick = dataclasses.replace(QUICK, iterations=60, distributions=("Normal",), folds=2)
    first, _ = fit(known.examples, quick, _silent)
    # CatBoost writes the second of its end into the file.
    time.sleep(1.1)
    second, _ = fit(known.examples, quick, _silent)
    assert predict(first, unseen.snaps).equals(predict(second, unseen.snaps))
    assert save(first, tmp_path / "a.cbm") == save(second, tmp_path / "b.cbm")


def test_shuffled_replacements_teach_nothing(known: Fleet) -> None:
    labels = known.examples.select("group", "lower_days", "upper_days", "followup_days")
    jars = labels["group"].unique(maintain_order=True)
    swapped = dict(zip(jars, jars.sample(fraction=1.0, shuffle=True, seed=3), strict=True))
    ends = labels.group_by("group").agg(pl.col("upper_days").max()).rename({"group": "source"})
    other = known.examples.with_columns(source=pl.col("group").replace_strict(swapped)).drop("upper_days")
    lied = other.join(ends, on="source", how="left", maintain_order="left")
    lied = lied.with_columns(
        upper_days=pl.when(pl.col("upper_days") <= pl.col("followup_days")).then("upper_days"),
        lower_days=pl.when(pl.col("upper_days") <= pl.col("followup_days"))
        .then((pl.col("upper_days") - 20).clip(0.5))
        .otherwise("followup_days"),
    ).drop("source")
    _, metrics = fit(lied, dataclasses.replace(QUICK, iterations=100, distributions=("Normal",)), _silent)
    assert metrics["c_index"] == pytest.approx(0.5, abs=0.15)
    assert metrics["brier_90d"] > 0.9 * metrics["brier_90d_marginal"]


def test_too_few_ends_are_told_and_not_learned_from(known: Fleet) -> None:
    few = known.examples.filter(
        pl.col("upper_days").is_null() | pl.col("battery_id").is_in(_ended(known)[:3])
    )
    with pytest.raises(TooFewFailures, match=r"^3 observed ends of life before the cut-off, 10 needed"):
        fit(few, Recipe(), _silent)
    with pytest.raises(TooFewFailures, match=r"^0 observed"):
        fit(known.examples.clear(), Recipe(), _silent)


def _ended(fleet: Fleet) -> list[str]:
    rows = fleet.examples.filter(pl.col("upper_days").is_not_null())
    return rows["battery_id"].unique(maintain_order=True).to_list()


def test_training_reports_a_curve_for_each_candidate(trained: Trained) -> None:
    names = {name for name, _, _ in trained.reported}
    kinds, laws = ("out_of_fold_nll", "out_of_fold_c_index_month"), ("normal_0.8", "extreme_0.8")
    assert names == {f"{kind}_{law}" for kind in kinds for law in laws}
    steps = [step for name, _, step in trained.reported if name == "out_of_fold_nll_normal_0.8"]
    assert steps == list(range(0, 121, 20))


def test_a_model_comes_back_from_its_file(trained: Trained, unseen: Fleet, tmp_path: Path) -> None:
    digest = save(trained.model, tmp_path / "model" / "model.cbm")
    back = load(tmp_path / "model" / "model.cbm", digest)
    assert predict(back, unseen.snaps).equals(predict(trained.model, unseen.snaps))
    assert explanations(back, unseen.snaps.head(3)).equals(explanations(trained.model, unseen.snaps.head(3)))
    assert (back.recipe, back.calibration, back.trained_on) == (
        trained.model.recipe,
        trained.model.calibration,
        trained.model.trained_on,
    )


def test_one_flipped_bit_is_refused(trained: Trained, tmp_path: Path) -> None:
    path = tmp_path / "model.cbm"
    digest = save(trained.model, path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelMismatch, match="was registered"):
        load(path, digest)


def test_the_explanation_adds_up_to_the_prediction(trained: Trained, unseen: Fleet) -> None:
    rows = unseen.snaps.head(20)
    shap, start = contributions(trained.model, rows)
    calibration = dataclasses.replace(trained.model.calibration, sudden_per_day=0.0)
    by_wear = predict(dataclasses.replace(trained.model, calibration=calibration), rows)[
        "rul_days"
    ].to_numpy()
    median = calibration.scale * error_quantile(0.5, calibration.distribution)
    raw = (start + shap.sum(axis=1) - median - calibration.offset) / calibration.slope
    assert typical_days(jar_time(rows), raw, calibration) == pytest.approx(by_wear, rel=1e-6)
    told = json.loads(explanations(trained.model, rows, top=4)[0])
    total = told["expected_value"] + sum(item["contribution"] for item in told["features"])
    assert total + told["other_features"] == pytest.approx(told["shift"], abs=1e-3)
    assert told["wear_days"] == pytest.approx(by_wear[0], abs=0.1)
    assert f"makes it {by_wear[0]:.0f}" in told["words"]
    assert len(told["features"]) == 4


def test_the_feature_snapshot_holds_every_feature_as_json(unseen: Fleet) -> None:
    texts = feature_snapshot_json(unseen.snaps.head(2).with_columns(soh_pct=None))
    told = json.loads(texts[0])
    assert list(told) == list(FEATURES)
    assert told["soh_pct"] is None
    assert told["v_mean_168h"] == pytest.approx(unseen.snaps["v_mean_168h"][0], rel=1e-5)


def test_no_snapshots_give_no_predictions(trained: Trained, unseen: Fleet) -> None:
    assert predict(trained.model, unseen.snaps.clear()).columns == list(COLUMNS)
    assert explanations(trained.model, unseen.snaps.clear()).is_empty()


def test_pictures_are_drawn_without_global_state(trained: Trained, unseen: Fleet, tmp_path: Path) -> None:
    out_of_fold = trained.model.out_of_fold
    assert out_of_fold is not None
    pictures = (
        importance_figure(trained.model, unseen.snaps.head(100)),
        reliability_figure(out_of_fold),
        survival_figure(out_of_fold, trained.model),
        rul_histogram(predict(trained.model, unseen.snaps)),
    )
    for number, picture in enumerate(pictures):
        picture.savefig(tmp_path / f"{number}.png")
        assert (tmp_path / f"{number}.png").stat().st_size > 5000
    assert "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()


def test_importing_the_room_loads_neither_catboost_nor_matplotlib() -> None:
    script = (
        "import sys; from battery_assets.learning.life import explanation, figures, model, straight_line; "
        "sys.exit(bool({'catboost', 'matplotlib', 'torch', 'dagster', 'mlflow'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
