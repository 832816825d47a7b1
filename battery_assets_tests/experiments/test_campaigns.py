"""Campaigns do each trial once, whoever is killed; what they chose is tested once; noise is named as noise."""

import json
import signal
import subprocess
import sys
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from battery_assets.errors import BadInput
from battery_assets.experiments.checks import hpo_check, nas_check
from battery_assets.experiments.making import books as datasets
from battery_assets.experiments.making import generation
from battery_assets.experiments.searching import books, networks, settings, tracked
from battery_assets.experiments.trying import books as experiments
from battery_assets.platform.dagster.steps import body_of
from battery_assets.platform.jobs.core import JobLost
from battery_assets.platform.tracking import Tracking
from battery_assets.tables.experiments.campaigns import hpo_campaign, nas_campaign
from battery_assets_tests.experiments import killed_shares
from battery_assets_tests.experiments.conftest import SMALL
from battery_assets_tests.experiments.test_datasets import rows
from battery_assets_tests.experiments.test_experiments import checks_of

GRID = {"min_samples_leaf": {"choices": [1, 2, 3, 4]}, "max_features": {"choices": [0.1, 0.2, 0.3, 0.5, 1.0]}}
FEW = {"trees": {"choices": [5, 10]}, "min_samples_leaf": {"choices": [1, 4]}}
NONE = lambda seen, number: None  # noqa: E731


def ask(place, name: str, **terms) -> sa.Row:
    told = {"dataset": "small", "base_model_type": "forest_own_lines", "trials": 4, **terms}
    settings.ask(place.warehouse, name, told)
    return books.campaign(place.warehouse, hpo_campaign, name)


def expire(place, campaign: sa.Row) -> None:
    past = sa.text(
        "UPDATE experiments.hpo_trial SET lease_until = now() - interval '1 s' "
        "WHERE campaign_id = :id AND state = 'running'"
    ).bindparams(id=campaign.id)
    with place.warehouse.transaction() as connection:
        connection.execute(past)


def test_a_grid_visits_each_of_20_points_once_with_four_killed_workers(place, small):
    campaign = ask(place, "grid-20", method="grid_search", search_space=GRID)
    assert campaign.trials_total == 20
    for worker in ("a", "b", "c", "d"):
        assert books.claim(place.warehouse, campaign.id, 20, worker, NONE).state == "running"
    expire(place, campaign)
    finished = []
    while trial := books.claim(place.warehouse, campaign.id, 20, "e", NONE):
        books.finish(place.warehouse, trial.id, "e", "completed", value=0.5)
        finished.append(trial.params_hash)
    assert len(finished) == len(set(finished)) == 20
    seen = books.trials(place.warehouse, campaign.id)
    assert sorted(one.attempts for one in seen) == [1] * 16 + [2] * 4


def test_four_workers_killed_with_signal_9_leave_each_point_of_a_grid_done_once(place, small):
    """Real processes and real leases: two go on beside the four that die, one comes when the leases are over."""
    ask(place, "grid-killed", method="grid_search", search_space=GRID)
    order = {
        "database": place.warehouse.database_url, "lake": place.warehouse.lake_url, "campaign": "grid-killed",
        "dies_in": [0, 0, 1, 1], "live": 2,
    }  # fmt: skip
    command = [sys.executable, "-W", "ignore", "-m", killed_shares.__name__, json.dumps(order)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=True)
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["ended"] == [-signal.SIGKILL] * 4 + [0] * 3
    points, states, attempts = zip(*said["trials"], strict=True)
    assert len(points) == len(set(points)) == 20
    assert set(states) == {"completed"}
    assert sum(attempts) == 20 + 4, "what a dead worker had was begun again, and nothing else was"


def in_mlflow(place, name: str) -> tuple[dict[str, float], list]:
    """The metrics of a campaign's run, and the runs below it; its table has as many rows as it had trials."""
    client = place.tracking.client()
    at = client.get_experiment_by_name(tracked.EXPERIMENT.name).experiment_id
    runs = client.search_runs([at], f"params.campaign = '{name}'")
    [own] = [one for one in runs if "mlflow.parentRunId" not in one.data.tags]
    below = [one for one in runs if one.data.tags.get("mlflow.parentRunId") == own.info.run_id]
    assert len(runs) == len(below) + 1
    assert {one.info.status for one in runs} == {"FINISHED"}
    [table] = place.home.rglob(f"{own.info.run_id}/artifacts/{tracked.TABLE}")
    assert len(table.read_text().splitlines()) == own.data.metrics["trials"] + 1
    return own.data.metrics, below


def test_of_a_campaign_mlflow_has_the_best_trials_and_a_table_of_all(place, small, monkeypatch):
    campaign = ask(place, "grid-shown", method="grid_search", search_space=GRID)
    while trial := books.claim(place.warehouse, campaign.id, 20, "a", NONE):
        state, value = ("completed", trial.trial_number / 100) if trial.trial_number > 1 else ("failed", None)
        books.finish(place.warehouse, trial.id, "a", state, value=value, metrics={"seconds": 0.25})
    monkeypatch.setattr(tracked, "MOST_CHILDREN", 5)
    tracked.show_settings(place.warehouse, place.tracking, campaign)
    metrics, below = in_mlflow(place, "grid-shown")
    assert (metrics["trials"], metrics["ended"], metrics["value"]) == (20, 19, 0.2)
    assert sorted(one.data.metrics["value"] for one in below) == [0.16, 0.17, 0.18, 0.19, 0.2]
    assert {one.data.metrics["seconds"] for one in below} == {0.25}
    best = max(below, key=lambda one: one.data.metrics["value"])
    [point] = [one.params for one in books.trials(place.warehouse, campaign.id) if one.value == 0.2]
    assert best.data.params.items() >= {f"hp_{name}": str(value) for name, value in point.items()}.items()
    away = Tracking(tracking_uri="http://127.0.0.1:9")
    assert tracked.show_settings(place.warehouse, away, campaign).startswith("not shown in MLflow: ")


def test_a_worker_that_lost_its_trial_can_write_nothing(place, small):
    campaign = ask(place, "lost", method="grid_search", search_space=FEW)
    first = books.claim(place.warehouse, campaign.id, 4, "slow", NONE)
    expire(place, campaign)
    again = books.claim(place.warehouse, campaign.id, 4, "quick", NONE)
    assert again.id == first.id
    with pytest.raises(JobLost):
        books.finish(place.warehouse, first.id, "slow", "completed", value=1.0)


def test_a_trial_whose_workers_die_each_time_is_given_up(place, small):
    campaign = ask(place, "deadly", method="grid_search", search_space={"trees": {"choices": [5]}})
    for worker in "abc":
        assert books.claim(place.warehouse, campaign.id, 1, worker, NONE)
        expire(place, campaign)
    assert books.claim(place.warehouse, campaign.id, 1, "d", NONE) is None
    [trial] = books.trials(place.warehouse, campaign.id)
    assert (trial.state, trial.reason) == ("failed", "its worker was gone 3 times")


def test_a_campaign_ends_with_its_best_tested_once(place, small):
    terms = {"dataset": "small", "method": "bayesian", "base_model_type": "forest_own_lines", "trials": 3,
             "search_space": FEW, "seed": 2}  # fmt: skip
    result = place.run("hpo_campaign", "tuned", terms=terms)
    assert checks_of(result) == {"each_point_once": True}
    [shown] = rows(place, "SELECT * FROM experiments.hpo_campaigns WHERE name = 'tuned'")
    assert (shown["status"], shown["trials_completed"], shown["trials_total"]) == ("completed", 3, 3)
    best = experiments.one(place.warehouse, "tuned-best")
    assert shown["best_experiment_id"] == best["id"]
    trials = books.trials(place.warehouse, shown["id"])
    assert shown["best_accuracy"] == max(one.value for one in trials)
    assert best["hyperparameters"].items() >= max(trials, key=lambda one: one.value).params.items()
    assert best["hpo_campaign_id"] == shown["id"]
    metrics, below = in_mlflow(place, "tuned")
    assert metrics["value"] == max(one.data.metrics["value"] for one in below) == shown["best_accuracy"]
    books.change(place.warehouse, hpo_campaign, shown["id"], best_accuracy=2.0)
    red = body_of(hpo_check)(SimpleNamespace(partition_key="tuned"), place.warehouse)
    books.change(place.warehouse, hpo_campaign, shown["id"], best_accuracy=shown["best_accuracy"])
    assert not red.passed and red.description.startswith("the best is stated as 2.0")


def test_hyperband_saves_epochs_of_networks(place, small):
    terms = {
        "dataset": "small", "method": "hyperband", "base_model_type": "cnn1d", "trials": 5, "epochs": 4,
        "search_space": {
            "learning_rate": {"low": 1e-5, "high": 3e-2, "log": True},
            "stages": {"choices": [[{"width": 8, "kernel": 15, "stride": 16}]]},
        },
    }  # fmt: skip
    settings.ask(place.warehouse, "band", terms)
    settings.share(place.warehouse, "band", lambda _: None)
    trials = books.trials(place.warehouse, books.campaign(place.warehouse, hpo_campaign, "band").id)
    assert {one.state for one in trials} == {"completed", "pruned"}
    cut = [one for one in trials if one.state == "pruned"]
    assert all(len(one.metrics["by_epoch"]) < 4 for one in cut)


def test_a_search_for_networks_says_whether_noise_decides(place, small):
    terms = {
        "dataset": "small", "trials": 3, "epochs": 2,
        "space": {"stages": [2], "width": [8], "kernel": [7, 15], "stride": [4], "separable": [True]},
    }  # fmt: skip
    result = place.run("nas_campaign", "gateway", terms=terms)
    assert checks_of(result) == {"each_network_once": True}
    campaign = books.campaign(place.warehouse, nas_campaign, "gateway")
    found = books.networks(place.warehouse, campaign.id)
    assert len({one.architecture_hash for one in found}) == 3
    assert campaign.best_accuracy == max(one.validation_accuracy for one in found)
    books.change(place.warehouse, nas_campaign, campaign.id, verdict={})
    red = body_of(nas_check)(SimpleNamespace(partition_key="gateway"), place.warehouse)
    books.change(place.warehouse, nas_campaign, campaign.id, verdict=campaign.verdict)
    assert not red.passed and red.description.startswith("no fresh seeds")
    metrics, below = in_mlflow(place, "gateway")
    assert sorted(one.data.metrics["flops"] for one in below) == sorted(float(one.flops) for one in found)
    assert metrics["value"] == campaign.best_accuracy
    verdict = campaign.verdict
    assert verdict["seeds"] == 3
    error = ((verdict["best"]["sd"] ** 2 + verdict["median"]["sd"] ** 2) / 3) ** 0.5
    apart = verdict["best"]["mean"] - verdict["median"]["mean"]
    assert verdict["resolved"] == (apart > 2 * error)
    bursts, side = settings.loaded(place.warehouse, campaign.dataset_id, 1)
    again = networks.trial(bursts, side, found[0].architecture, 2, 1)
    assert again["metrics"]["state_sha256"] == found[0].metrics["state_sha256"]


@pytest.fixture
def begun(place):
    """The name of a dataset whose job was asked for, and never ran."""
    try:
        datasets.dataset(place.warehouse, "begun")
    except BadInput:
        generation.ask(place.warehouse, "begun", SMALL)
    return "begun"


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"trials": 0}, "a budget of 0 trials"),
        ({"epochs": 0}, "of 0 epochs"),
        ({"dataset": "nothing"}, "there is no dataset"),
        ({"dataset": "begun"}, "has no signals yet"),
        ({"space": {"width": []}}, "width has no choices"),
        ({"space": {"width": 8}}, "width has no choices"),
        ({"space": {"kernel": ["seven"]}}, "kernel: 'seven'"),
        ({"space": {"wings": [2]}}, "has no wings"),
        ({"space": {"most_parameters": 10}}, "the smallest network"),
        ({"space": {"most_flops": 10}}, "within its limits"),
        ({"search_algorithm": "guess"}, "search_algorithm 'guess'"),
    ],
)
def test_a_search_for_networks_that_cannot_be_leaves_nothing(place, small, begun, terms, words):
    with pytest.raises(BadInput, match=words):
        networks.ask(place.warehouse, "never", {"dataset": small, "trials": 3, "epochs": 2, **terms})
    assert not rows(place, "SELECT 1 FROM experiments.nas_campaign WHERE name = 'never'")
    assert not rows(
        place, "SELECT 1 FROM service.job WHERE facts ->> 'name' = 'never' AND kind = 'nas_campaign'"
    )


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"method": "guess"}, "guess of"),
        ({"method": "random_search", "trials": 0}, "a budget of 0 trials"),
        ({"method": "random_search", "search_space": {}}, "no point to try"),
        ({"method": "random_search", "search_space": {"wings": {"choices": [2]}}}, "has no wings"),
        ({"method": "bayesian", "dataset": "nothing"}, "there is no dataset"),
        ({"method": "bayesian", "dataset": "begun"}, "has no signals yet"),
        (
            {"method": "hyperband", "base_model_type": "cnn1d", "epochs": 0},
            "a budget of 4 trials of 0 epochs",
        ),
        ({"method": "bayesian", "base_model_type": "forest_curve"}, "forest_curve is none for small"),
        (
            {"method": "bayesian", "base_model_type": "cnn1d", "search_space": {"wings": {"choices": [2]}}},
            "has no wings",
        ),
    ],
)
def test_a_campaign_that_cannot_be_leaves_nothing(place, small, begun, terms, words):
    with pytest.raises(BadInput, match=words):
        ask(place, "never", **terms)
    assert not rows(place, "SELECT 1 FROM experiments.hpo_campaign WHERE name = 'never'")
    assert not rows(
        place, "SELECT 1 FROM service.job WHERE facts ->> 'name' = 'never' AND kind = 'hpo_campaign'"
    )
