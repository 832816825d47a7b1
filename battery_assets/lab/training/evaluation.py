"""A registered model judged on files of its lab's layout that were kept back, with intervals by cell."""

from dataclasses import dataclass
from pathlib import Path

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


@dataclass(frozen=True)
class Judged:
    """scores: value and 90 % interval over cells, by name; cells: errors of each; quarantined: rows."""

    scores: dict[str, tuple[float, float, float]]
    cells: pl.DataFrame
    quarantined: int


def evaluate(warehouse: Warehouse, tracking: Tracking, model_id: int, paths: list[Path]) -> Judged:
    """Judge a model on the cells of files. Naive rows beside it are learned from its own training cells.

    Raises BadSelection for an unknown model, for a lab without a layout, and for a cell that it was trained
    or chosen on, under whatever name.
    """
    from battery_assets.ingest.lab.per_cycle.rows import read_tables
    from battery_assets.learning.networks.cells import Cells
    from battery_assets.learning.networks.conformal import coverage
    from battery_assets.learning.networks.scores import by_cell, intervals, naive

    row = books.model_of(warehouse, model_id)
    if row is None:
        raise BadSelection(f"model {model_id} is not known; next step: see lab_training.model")
    lab = books.lab_of(warehouse, row.job_id)
    terms = _terms(warehouse, lab)
    tables = read_tables(paths, terms.layout, terms.nominal_capacity_ah)
    imported = Imported(terms, tables, cells_in(f"{lab} kept back", tables.rows))
    codes = imported.unit_rows().select("cell_id", battery_id="id").join(imported.cells, on="cell_id")
    rows = imported.cycle_rows().join(codes.select("battery_id", cell_id="cell"), on="battery_id")
    fitted = fitted_of(tracking, row.name, row.version)
    chosen = select(warehouse, lab, sides_of(books.batteries_of(warehouse, row.job_id)))
    training = chosen.rows.filter(pl.col("role") != "test").with_columns(role=pl.lit("train"))
    refuse_twins(pl.concat([training, rows.with_columns(role=pl.lit("test"))], how="diagonal_relaxed"))
    cells = Cells.of(rows, fitted.features)
    said = fitted.predict(cells)
    each = by_cell(cells, *said)
    scores = intervals(each)
    if fitted.margins is not None:
        covered = coverage(cells, fitted.margins, *said)
        scores |= {name: (value, float("nan"), float("nan")) for name, value in covered.items()}
    for rule, said in naive(chosen.cells("train", fitted.features), cells, terms.end.capacity_share).items():
        scored = intervals(by_cell(cells, *said))
        scores |= {f"{name}_{SHORT[rule]}": value for name, value in scored.items()}
    return Judged(scores, each, tables.quarantine.height)


def _terms(warehouse: Warehouse, lab: str) -> Terms:
    with warehouse.transaction() as connection:
        configs = {one.site: one.config for one in registry.sites(connection) if one.source == LAB_CYCLES}
    if lab not in configs:
        raise BadSelection(f"lab {lab} has no layout of tables; next step: a model of an imported lab")
    return Terms.of(configs[lab])
