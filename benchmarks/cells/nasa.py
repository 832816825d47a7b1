"""python -m benchmarks.cells.nasa [--seeds 5]: NASA's three cells, each left out in turn; health and charge.

Files come in by the doors of `import lab`. Of the two other cells one trains and one validates, then both are
learned (`refit`); each of the two does either. The section of docs/lab.md is written anew.
"""

import argparse
from typing import Any

import polars as pl

from battery_assets import tables as t
from battery_assets.actions import import_lab as files
from battery_assets.actions.session import Session, quiet_logs, session
from battery_assets.actions.train import scores_of_model
from battery_assets.platform.dagster.partitions import Part
from battery_assets_tests.worlds.oracles import data_folder
from benchmarks.cells.__main__ import PAGE
from benchmarks.cells.runs import trained
from benchmarks.children import throwaway_home

LAB, CELLS = "nasa", ("B0005", "B0006", "B0018")
TERMS = {"nominal_capacity_ah": 2.0, "cutoff_voltage_v": 2.7, "end_of_life_pct": 70.0, "timezone": "UTC",
         "started_at": "2008-04-02T08:00"}  # fmt: skip
BEGIN, END = "<!-- scores of nasa -->", "<!-- /scores of nasa -->"
# The first two features are of the capacity itself.
HEALTH: dict[str, Any] = {
    "target": "soh", "refit": True, "smooth": 5, "features": [f"feature_{k}" for k in range(3, 9)],
    "epochs": 60, "patience": 15,
}  # fmt: skip
CHARGE: dict[str, Any] = {"target": "soc", "refit": True, "epochs": 20, "patience": 6}
SHOWN = {
    "health": {"soh_rmse": "baseline", "soh_rmse_linear_fade": "linear fade",
               "soh_rmse_mean_life": "constant"},
    "charge": {"soc_rmse": "bilstm", "soc_rmse_kalman": "Kalman filter", "soc_rmse_counting": "counting",
               "soc_rmse_mean": "constant"},
}  # fmt: skip


def main() -> None:
    """Import, train, print, and write the section; fewer seeds than five are said in it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cells.nasa", description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, help="another number of epochs; the section then stays")
    given = parser.parse_args()
    quiet_logs()
    with throwaway_home() as settings, session(settings) as at:
        take_in(at)
        table = pl.DataFrame(list(_scores(at, given.seeds, given.epochs)))
    page = written(table)
    print(page)
    if not given.epochs:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        PAGE.write_text(f"{before}{BEGIN}\n{page.rstrip()}\n{END}{after}", encoding="utf-8")


def take_in(at: Session) -> None:
    """Import the three files and run their month."""
    folder = data_folder() / "nasa_pcoe"
    defaults = files.enter_lab(at, LAB, {"timezone": TERMS["timezone"]})
    named = [pair for cell in CELLS
             for pair in files.named_files(folder / f"{cell}.csv.gz", cell, "cycle_life", False)]  # fmt: skip
    root = files.land(at.landing, LAB, named, TERMS)
    asked = [root / name for _, name in named]
    _, refused = files.enter_tests(at, LAB, root, defaults, lambda *_: None, asked)
    if refused:
        raise refused[0]
    files.run_months(LAB, files.months_to_run(at, LAB, asked)[0], lambda *_: None)


def _scores(at: Session, seeds: int, epochs: int | None):  # type: ignore[no-untyped-def]
    """A row a training and score: model, what, cell, seed, value."""
    cells = at.warehouse.read(t.battery_cell, Part(site=LAB)).collect()
    units = at.warehouse.read(t.battery_unit, Part(site=LAB)).collect().join(cells, on="cell_id")
    numbers = dict(units.select("cell_code", "id").iter_rows())
    recipes = {"health": ("baseline", HEALTH), "charge": ("bilstm", CHARGE)}
    for test in CELLS:
        one, other = (cell for cell in CELLS if cell != test)
        for train, valid in ((one, other), (other, one)):
            sides = {"train": [numbers[train]], "val": [numbers[valid]], "test": [numbers[test]]}
            for seed in range(1, seeds + 1):
                for what, (algorithm, terms) in recipes.items():
                    terms = {**terms, **({"epochs": epochs} if epochs else {})}
                    made = trained(at, LAB, f"nasa {what}", algorithm, terms, seed, False, sides)
                    scores = scores_of_model(at, made)
                    for score, model in SHOWN[what].items():
                        yield {
                            "what": what, "model": model, "cell": test, "seed": seed, "value": scores[score],
                        }  # fmt: skip


def written(table: pl.DataFrame) -> str:
    """The section, without its marks."""
    seeds = table["seed"].n_unique()
    lines = [
        "### NASA B0005, B0006, B0018: each cell left out in turn",
        "",
        "`python -m benchmarks.cells.nasa` imports the files and trains in both orders of the two other",
        f"cells, each with {seeds} seed{'s' * (seeds > 1)}. Errors are root mean squares: health as share of",
        "2 Ah, charge of what the cycle moved. Three cells give no interval.",
        "",
        f"| target | model | {' | '.join(CELLS)} | ± sd over trainings, mean |",
        "|---|---|---|---|---|---|",
    ]
    for (what, model), rows in table.partition_by("what", "model", as_dict=True, maintain_order=True).items():
        each = [rows.filter(cell=cell)["value"] for cell in CELLS]
        spread = sum(float(one.std() or 0.0) for one in each) / len(each)
        means = " | ".join(f"{one.mean():.4f}" for one in each)
        lines.append(f"| {what} | {model} | {means} | {spread:.4f} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
