"""Ensembles of trained models: weights from validation cells, scores on test cells beside the best member."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import sqlalchemy as sa

from battery_assets.lab.training import books
from battery_assets.lab.training.registered import fitted_of
from battery_assets.lab.training.selection import BadSelection, Selection, select, sides_of
from battery_assets.lab.training.work import EXPERIMENT, last_rows, number_or_none
from battery_assets.platform.tracking import Tracking
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.lab import training as s

if TYPE_CHECKING:
    from battery_assets.learning.networks.cells import Cells
    from battery_assets.learning.networks.fitting import Fitted


@dataclass(frozen=True)
class Combined:
    """An ensemble as it was stored. scores: on the test cells, of it, of each member, of the best one."""

    ensemble_id: int
    weights: dict[int, float | None]
    scores: dict[str, float]
    mlflow_run_id: str


def combine(
    warehouse: Warehouse, tracking: Tracking, lab: str, name: str, strategy: str, models: list[int]
) -> Combined:
    """Let models speak together. Raises BadSelection for models that are none, or had other cells."""
    from battery_assets.learning.networks.ensembles import out_of_fold, together, weights_of
    from battery_assets.learning.networks.scores import by_cell, overall

    chosen, members = members_on_the_same_cells(warehouse, tracking, lab, models)
    _refuse_taught(strategy, models, members)
    valid, held = heard_of(chosen, members, "val")
    test, said = heard_of(chosen, members, "test")
    weights = weights_of(strategy, valid, held)
    single = {number: overall(test, *one) for number, one in zip(models, said, strict=True)}
    best = _best(models, [overall(valid, *one) for one in held])
    scores = {f"{key}_model_{number}": value for number in models for key, value in single[number].items()}
    scores |= {f"{key}_best_single": value for key, value in single[best].items()}
    whole = None if weights is None else together(weights, said)
    if whole is not None:
        scores |= overall(test, *whole)
        unseen = overall(valid, *out_of_fold(strategy, valid, held))
        scores |= {f"{key}_val": value for key, value in unseen.items()}
    with tracking.run(EXPERIMENT, f"{name} {strategy}", {"lab": lab}) as run:
        of_members = None if weights is None else weights.tolist()
        run.log_params({"strategy": strategy, "models": models, "weights": of_members, "best_single": best})
        run.log_params({"model": name})
        if whole is not None:
            run.log_table(by_cell(test, *whole), "cells.csv")
        run.log_inputs(chosen.versions)
        run.log_metrics(scores)
    shares = {number: None if weights is None else float(weights[k]) for k, number in enumerate(models)}
    config = books.plain({"lab": lab, "best_single": best, "scores": scores, "mlflow_run_id": run.run_id})
    predictions = _predictions(chosen, test, whole, models, said)
    number = _store(warehouse, name, strategy, config, shares, predictions)
    return Combined(number, shares, scores, run.run_id)


def members_on_the_same_cells(
    warehouse: Warehouse, tracking: Tracking, lab: str, models: list[int]
) -> tuple[Selection, "list[Fitted]"]:
    """Models by their numbers, and the cells that all of them had. Raises BadSelection."""
    chosen = _same_cells(warehouse, lab, models)
    return chosen, [fitted_of(tracking, *_registered(warehouse, number)) for number in models]


def _refuse_taught(strategy: str, models: list[int], members: "list[Fitted]") -> None:
    """Weights come from cells that no member has learned from."""
    if strategy in ("compare", "avg"):
        return
    for number, member in zip(models, members, strict=True):
        if member.recipe.refit and not member.stopped:
            raise BadSelection(
                f"model {number} was trained again on its validation cells (refit), so that none is left for "
                "weights; next step: strategy avg, or members without refit"
            )


def heard_of(chosen: Selection, members: "list[Fitted]", role: str) -> tuple["Cells", list[Any]]:
    """The cells of a side, and what each member says of them. Raises BadSelection where rows differ."""
    cells = [chosen.cells(role, member.features) for member in members]
    if len({len(one.cell) for one in cells}) > 1:
        raise BadSelection("the members' features have not the same rows; next step: train them alike")
    return cells[0], [member.predict(one) for member, one in zip(members, cells, strict=True)]


def _best(models: list[int], scores: list[dict[str, float]]) -> int:
    """The member with the least errors on the validation cells, each relative to the mean of all."""
    names = [name for name in ("soh_rmse", "rul_rmse") if all(name in one for one in scores)]
    errors = np.array([[one[name] for name in names] for one in scores])
    return models[int(np.argmin((errors / errors.mean(axis=0)).mean(axis=1)))]


def _same_cells(warehouse: Warehouse, lab: str, models: list[int]) -> Selection:
    if len(set(models)) < 2:
        raise BadSelection("an ensemble needs two different models at least; next step: train more")
    splits = []
    for number in models:
        row = books.model_of(warehouse, number)
        if row is None:
            raise BadSelection(f"model {number} is not known; next step: see lab_training.model")
        splits.append(books.batteries_of(warehouse, row.job_id))
        if splits[-1] != splits[0]:
            raise BadSelection(
                f"model {number} had other cells than model {models[0]}: one would be judged on its own"
            )
    return select(warehouse, lab, sides_of(splits[0]))


def _registered(warehouse: Warehouse, number: int) -> tuple[str, str]:
    row = books.model_of(warehouse, number)
    assert row is not None
    return row.name, row.version


def _predictions(
    chosen: Selection, test: "Cells", whole: Any, models: list[int], said: list[Any]
) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Of each test cell at its last cycle: what the ensemble says, and what each member does."""
    predictions = []
    for place, row in enumerate(last_rows(test)):
        cycle = {"cycle": int(test.cycle[row])}
        one = {"soh": None, "rul": None} if whole is None else {
            "soh": number_or_none(whole[0][row]), "rul": number_or_none(whole[1][row]),
        }  # fmt: skip
        details = [
            {
                "model_id": number,
                "soh": number_or_none(each[0][row]),
                "rul": number_or_none(each[1][row]),
                "result": cycle,
            }
            for number, each in zip(models, said, strict=True)
        ]
        predictions.append(
            ({**one, "battery_id": chosen.numbers[test.names[place]], "result": cycle}, details)
        )
    return predictions


def _store(
    warehouse: Warehouse, name: str, strategy: str, config: dict[str, Any], weights: dict[int, float | None],
    predictions: list[tuple[dict[str, Any], list[dict[str, Any]]]],
) -> int:  # fmt: skip
    """Write ensemble, members and predictions together."""
    with warehouse.transaction() as connection:
        made = sa.insert(s.model_ensemble).values(name=name, strategy=strategy, config=config)
        number = int(connection.execute(made.returning(s.model_ensemble.c.id)).scalar_one())
        members = [
            {"ensemble_id": number, "model_id": one, "weight": None if share is None else round(share, 6)}
            for one, share in weights.items()
        ]
        connection.execute(sa.insert(s.model_ensemble_member), members)
        for whole, details in predictions:
            put_prediction(connection, number, whole, details)
    return number


def put_prediction(
    connection: sa.Connection, ensemble_id: int, whole: dict[str, Any], details: list[dict[str, Any]]
) -> int:
    """Write what an ensemble says of a cell, and what each member does. Returns its number."""
    of_cell = sa.insert(s.ensemble_prediction).values(ensemble_id=ensemble_id, **whole)
    number = int(connection.execute(of_cell.returning(s.ensemble_prediction.c.id)).scalar_one())
    rows = [{**one, "ensemble_prediction_id": number} for one in details]
    connection.execute(sa.insert(s.ensemble_prediction_detail), rows)
    return number
