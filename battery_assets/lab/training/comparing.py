"""Two models of a lab held against each other on the cells that neither has seen."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from battery_assets.lab.training import books
from battery_assets.lab.training.ensemble import heard_of, members_on_the_same_cells
from battery_assets.lab.training.selection import BadSelection
from battery_assets.lab.training.work import EXPERIMENT
from battery_assets.platform.tracking import Tracking
from battery_assets.platform.warehouse.resource import Warehouse

if TYPE_CHECKING:
    from battery_assets.learning.networks.comparison import Comparison

ENOUGH_SEEDS = 5


@dataclass(frozen=True)
class Compared:
    """What came of a comparison, its picture, and what to know when reading it."""

    found: "Comparison"
    png: bytes
    notes: tuple[str, ...]
    mlflow_run_id: str


def compare(warehouse: Warehouse, tracking: Tracking, lab: str, one: list[int], other: list[int]) -> Compared:
    """Hold models `one`, trainings of one recipe with several seeds, against `other`.

    Raises BadSelection for models that are none, stand on both sides, or had other cells.
    """
    from battery_assets.features.lab.pictures import differences_of_cells
    from battery_assets.learning.networks.comparison import compared

    both = sorted(set(one) & set(other))
    if both or not one or not other:
        fault = f"model {both[0]} is on both sides" if both else "a side has no model"
        raise BadSelection(f"{fault}; next step: name other models")
    chosen, members = members_on_the_same_cells(warehouse, tracking, lab, [*one, *other])
    test, said = heard_of(chosen, members, "test")
    paired = compared(test, said[: len(one)], said[len(one) :])
    names = (_name(warehouse, one), _name(warehouse, other))
    png = differences_of_cells(names, paired.cells, paired.summary)
    with tracking.run(EXPERIMENT, f"{names[0]} against {names[1]}", {"lab": lab}) as run:
        run.log_params({"one": one, "other": other, "names": list(names)})
        run.log_inputs(chosen.versions)
        run.log_table(paired.cells, "comparison_by_cell.csv")
        run.log_table(paired.summary, "comparison.csv")
        for row in paired.summary.filter(slice="all").to_dicts():
            values = {
                f"{row['error']}_{key}": row[key] for key in ("difference", "low", "high", "one_better")
            }
            run.log_metrics(values)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "comparison.png"
            path.write_bytes(png)
            run.log_artifact_file(path)
    return Compared(paired, png, _notes(warehouse, one, other), run.run_id)


def _name(warehouse: Warehouse, numbers: list[int]) -> str:
    row = books.model_of(warehouse, numbers[0])
    assert row is not None
    return f"{row.name} ({', '.join(map(str, numbers))})"


def _notes(warehouse: Warehouse, one: list[int], other: list[int]) -> tuple[str, ...]:
    notes = []
    for side, numbers in (("one", one), ("other", other)):
        if len(numbers) < ENOUGH_SEEDS:
            notes.append(f"{side}: {len(numbers)} trainings; {ENOUGH_SEEDS} seeds tell more")
        recipes = [books.recipe_of(warehouse, number) for number in numbers]
        if any({**recipe, "seed": 0} != {**recipes[0], "seed": 0} for recipe in recipes):
            notes.append(f"{side}: its trainings differ in more than the seed")
    return tuple(notes)
