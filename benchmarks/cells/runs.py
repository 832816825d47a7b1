"""Import, trainings and ensembles of a data set, all through the product's own doors."""

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from battery_assets import tables as t
from battery_assets.actions import import_per_cycle as tables_of_cycles
from battery_assets.actions import train as action
from battery_assets.actions.import_lab import run_months
from battery_assets.actions.session import Session
from battery_assets.platform.dagster.partitions import Part
from benchmarks.cells.recipes import FOLDS, SEEDS, SEVERSON, SMALL, TOGETHER, XJTU


def take_in(at: Session, lab: str, path: Path) -> None:
    """Import a table of cycles by the layout of the lab's name, and run its month."""
    terms = tables_of_cycles.enter_lab_of_cycles(at, lab, lab, {})
    landed = tables_of_cycles.land_tables(at.landing, lab, [path])
    tables_of_cycles.enter(at, lab, terms, landed, lambda *_: None)
    run_months(lab, tables_of_cycles.months_to_run(at, lab, landed), lambda *_: None)


def train_severson(at: Session, small: bool) -> Iterator[str]:
    """Train every recipe with every seed, then let them speak together. Yields a line for each training."""
    models: dict[str, list[int]] = {}
    for seed in SEEDS[:2] if small else SEEDS:
        for name, (algorithm, terms) in SEVERSON.items():
            models.setdefault(name, []).append(trained(at, "severson", name, algorithm, terms, seed, small))
            yield f"{name}, seed {seed}"
    for name, members in TOGETHER.items():
        action.combine(at, "severson", "avg", [one for each in members for one in models[each]], name)
    for one, other in (("health deephpm", "health baseline"), ("health bilstm", "health baseline"),
                       ("life bilstm", "life baseline")):  # fmt: skip
        action.compare(at, "severson", models[one], models[other])


def train_xjtu(
    at: Session, small: bool, seeds: tuple[int, ...] = SEEDS, name: str = "health baseline",
    terms: dict[str, Any] = XJTU, ours: str = "health, ours",
) -> Iterator[str]:  # fmt: skip
    """Train on all cells but those of a fold, for each fold; a fold has cells of every batch."""
    folds = fold_of_each(at)
    models: dict[int, list[int]] = {}
    for seed in seeds[:2] if small else seeds:
        for fold in range(FOLDS):
            sides = {"test": fold, "val": (fold + 1) % FOLDS}
            cells = {
                side: [one for one, of in folds.items() if of == number] for side, number in sides.items()
            }
            cells["train"] = [one for one, of in folds.items() if of not in sides.values()]
            made = trained(at, "xjtu", name, "baseline", terms, seed, small, cells)
            models.setdefault(fold, []).append(made)
            yield f"xjtu {name}, fold {fold}, seed {seed}"
    for members in models.values():
        if len(members) > 1:
            action.combine(at, "xjtu", "avg", members, ours)


def fold_of_each(at: Session) -> dict[int, int]:
    """Fold of each cell of XJTU by its number: its batch's cells in an order that their names shuffle."""
    units = at.warehouse.read(t.battery_unit, Part(site="xjtu")).collect()
    codes = codes_of(at, "xjtu")
    found: dict[int, int] = {}
    for batch in sorted({batch_of(code) for code in codes.values()}):
        own = [(zlib.crc32(codes[cell].encode()), number) for cell, number in
               units.select("cell_id", "id").iter_rows() if batch_of(codes[cell]) == batch]  # fmt: skip
        found |= {number: place % FOLDS for place, (_, number) in enumerate(sorted(own))}
    return found


def codes_of(at: Session, lab: str) -> dict[str, str]:
    """Code of each cell of a lab by its identifier."""
    cells = at.warehouse.read(t.battery_cell, Part(site=lab)).collect()
    return dict(cells.select("cell_id", "cell_code").iter_rows())


def batch_of(code: str) -> str:
    """The batch of an XJTU cell, as its code begins."""
    return code.split("_battery")[0]


def trained(
    at: Session, lab: str, name: str, algorithm: str, terms: dict[str, Any], seed: int, small: bool,
    batteries: dict[str, list[int]] | None = None,
) -> int:  # fmt: skip
    """Train once. Returns the model's number."""
    asked = {
        "algorithm": algorithm, "model_name": name, "batteries": batteries or {},
        "hyperparams": {**terms, "seed": seed, **(SMALL if small else {})},
    }  # fmt: skip
    number = action.ask_training(at, lab, asked)
    action.run_training(at, lab, number)
    return action.model_made(at, number)


def errors_in(at: Session, lab: str, codes: dict[str, str]) -> pl.DataFrame:
    """Errors of every model of a lab, cell by cell, with the code of each cell."""
    found = action.errors_by_cell(at, lab)
    return found.with_columns(code=pl.col("cell_id").replace_strict(codes, return_dtype=pl.String))
