"""A registered model, or an ensemble, judged on kept back files of its lab's layout, by cell."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from battery_assets.lab.imported import Imported, Terms, cells_in
from battery_assets.lab.training import books
from battery_assets.lab.training.registered import fitted_of
from battery_assets.lab.training.selection import BadSelection, refuse_twins, select, sides_of
from battery_assets.lab.training.work import SHORT
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry.kinds import LAB_CYCLES
from battery_assets.platform.tracking import Tracking
from battery_assets.platform.warehouse.resource import Warehouse

if TYPE_CHECKING:
    from battery_assets.learning.networks.cells import Cells
    from battery_assets.learning.networks.fitting import Fitted


@dataclass(frozen=True)
class Judged:
    """scores: value and 90 % interval over cells, by name; cells: errors of each; quarantined: rows."""

    scores: dict[str, tuple[float, float, float]]
    cells: pl.DataFrame
    quarantined: int


def evaluate(warehouse: Warehouse, tracking: Tracking, number: int, paths: list[Path],
             *, ensemble: bool = False) -> Judged:  # fmt: skip
    """Judge a model, or an ensemble, on the cells of files, beside naive rows of its own training cells.

    An ensemble has no interval of its own, so none is held against the cells. Raises BadSelection for an
    unknown number, an ensemble that only compares, a lab without a layout, and for a cell that was trained or
    chosen on, under whatever name.
    """
    from battery_assets.ingest.lab.per_cycle.rows import read_tables
    from battery_assets.learning.networks.conformal import coverage
    from battery_assets.learning.networks.scores import by_cell, intervals, naive

    shares = _shares(warehouse, number) if ensemble else {number: 1.0}
    models = [_known_model(warehouse, one) for one in shares]
    lab = books.lab_of(warehouse, models[0].job_id)
    terms = _terms(warehouse, lab)
    tables = read_tables(paths, terms.layout, terms.nominal_capacity_ah)
    imported = Imported(terms, tables, cells_in(f"{lab} kept back", tables.rows))
    codes = imported.unit_rows().select("cell_id", battery_id="id").join(imported.cells, on="cell_id")
    rows = imported.cycle_rows().join(codes.select("battery_id", cell_id="cell"), on="battery_id")
    chosen = select(warehouse, lab, sides_of(books.batteries_of(warehouse, models[0].job_id)))
    training = chosen.rows.filter(pl.col("role") != "test").with_columns(role=pl.lit("train"))
    refuse_twins(pl.concat([training, rows.with_columns(role=pl.lit("test"))], how="diagonal_relaxed"))
    members = [fitted_of(tracking, row.name, row.version) for row in models]
    cells, said = _together(rows, members, list(shares.values()))
    each = by_cell(cells, *said)
    scores = intervals(each)
    if not ensemble and members[0].margins is not None:
        covered = coverage(cells, members[0].margins, *said)
        scores |= {name: (value, float("nan"), float("nan")) for name, value in covered.items()}
    learned = chosen.cells("train", members[0].features)
    for rule, naively in naive(learned, cells, terms.end.capacity_share).items():
        scored = intervals(by_cell(cells, *naively))
        scores |= {f"{name}_{SHORT[rule]}": value for name, value in scored.items()}
    return Judged(scores, each, tables.quarantine.height)


def _known_model(warehouse: Warehouse, number: int) -> Any:
    row = books.model_of(warehouse, number)
    if row is None:
        raise BadSelection(f"model {number} is not known; next step: see lab_training.model")
    return row


def _shares(warehouse: Warehouse, ensemble_id: int) -> dict[int, float]:
    """Weight of each member of an ensemble that speaks, together 1. Raises BadSelection for another."""
    members = books.members_of(warehouse, ensemble_id)
    if not members:
        raise BadSelection(f"ensemble {ensemble_id} is not known; next step: see lab_training.model_ensemble")
    shares = {number: weight for number, weight in members.items() if weight is not None}
    if len(shares) < len(members):
        raise BadSelection(
            f"ensemble {ensemble_id} only compares; next step: judge a member, or combine them otherwise"
        )
    return {number: weight / sum(shares.values()) for number, weight in shares.items()}


def _together(
    rows: pl.DataFrame, members: "list[Fitted]", shares: list[float]
) -> tuple["Cells", tuple[np.ndarray, np.ndarray]]:
    """The cells of rows as the first member takes them, and what all say. Raises BadSelection."""
    from battery_assets.learning.networks.cells import Cells
    from battery_assets.learning.networks.ensembles import together

    each = [Cells.of(rows, one.features) for one in members]
    if len({len(one.cell) for one in each}) > 1:
        raise BadSelection("the members' features have not the same rows; next step: judge the members alone")
    said = [one.predict(cells) for one, cells in zip(members, each, strict=True)]
    return each[0], together(np.array(shares), said)


def _terms(warehouse: Warehouse, lab: str) -> Terms:
    with warehouse.transaction() as connection:
        configs = {one.site: one.config for one in registry.sites(connection) if one.source == LAB_CYCLES}
    if lab not in configs:
        raise BadSelection(f"lab {lab} has no layout of tables; next step: a model of an imported lab")
    return Terms.of(configs[lab])
