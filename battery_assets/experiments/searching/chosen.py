"""The settings that a campaign chose, tried once on the test systems, as an experiment of their own."""

from battery_assets.experiments.searching import books
from battery_assets.experiments.searching.settings import best_point
from battery_assets.experiments.trying import work
from battery_assets.experiments.trying.books import one
from battery_assets.platform.tracking import Tracking
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.experiments.campaigns import hpo_campaign


def try_best(
    warehouse: Warehouse, tracking: Tracking, name: str, dagster_run: str | None
) -> dict[str, float]:
    """Carry out the experiment of a campaign's best trial, and link the two. Returns its scores."""
    point = best_point(warehouse, name)
    campaign, budget = point["campaign"], point["campaign"].budget
    kind, numbers = campaign.base_model_type, dict(point["params"])
    if kind == "cnn1d":
        numbers["epochs"] = budget["epochs"]
    terms = {
        "model_type": kind, "seed": int(budget["seed"]), "hyperparameters": numbers,
        "dataset": work.dataset_name(warehouse, campaign.dataset_id), "hpo_campaign_id": campaign.id,
        "user_id": campaign.created_by,
    }  # fmt: skip
    number = work.ask(warehouse, f"{name}-best", terms)
    scores = work.carry_out(warehouse, tracking, number, dagster_run, lambda _: None)
    best = one(warehouse, f"{name}-best")["id"]
    books.change(warehouse, hpo_campaign, campaign.id, best_experiment_id=best)
    return scores
