"""python -m benchmarks.cells.trees [--seeds 5]: trees on public sets of cells, their tables in docs/lab.md.

Everything goes through the doors of a user: tables are imported, models trained and averaged, and the cells
that no training had are judged.
"""

import argparse
import datetime as dt

import polars as pl

from battery_assets.actions import train as action
from battery_assets.actions.session import quiet_logs, session
from battery_assets.learning.networks.score_table import markdown, score_table
from battery_assets_tests.worlds.oracles import data_folder
from benchmarks.cells.__main__ import PAGE, peers
from benchmarks.cells.page import CATBOOST, NOTES
from benchmarks.cells.recipes import HEALTH_NARROW, HEALTH_TREES, LIFE_TREES, SEEDS, XJTU_TREES
from benchmarks.cells.runs import batch_of, codes_of, errors_in, take_in, train_xjtu, trained
from benchmarks.children import throwaway_home

BEGIN, END = "<!-- scores of trees -->", "<!-- /scores of trees -->"
SEVERSON = {"life trees": LIFE_TREES, "health trees": HEALTH_TREES, "health network": HEALTH_NARROW}
TOGETHER = {"life, ours": ("life trees",), "health, ours": ("health trees", "health network")}
SAID = {
    **NOTES,
    "life trees": "sees the capacity measured so far",
    "life, ours": "mean of the trees above",
    "health trees": "boosted alone; slope, intercept and cycle",
    "health network": "slope, intercept and cycle",
    "health, ours": "mean of trees and networks above",
}


def main() -> None:
    """Train, judge, print, and write the section; --small only shows that all works."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cells.trees", description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--xjtu-seeds", type=int, default=5)
    parser.add_argument("--small", action="store_true", help="an epoch; the section stays")
    given = parser.parse_args()
    seeds, data = SEEDS[: given.seeds], data_folder()
    quiet_logs()
    with throwaway_home() as settings, session(settings) as at:
        take_in(at, "severson", data / "severson_cycles" / "cycles_84_cells.parquet")
        made: dict[str, list[int]] = {}
        for name, terms in SEVERSON.items():
            for seed in seeds:
                one = trained(at, "severson", name, "baseline", terms, seed, given.small)
                made.setdefault(name, []).append(one)
                print(f"{name}, seed {seed}", flush=True)
        for name, members in TOGETHER.items():
            models = [one for member in members for one in made[member]]
            if len(models) > 1:
                action.combine(at, "severson", "avg", models, name)
        own = errors_in(at, "severson", codes_of(at, "severson")).drop("code")
        severson = pl.concat([own, peers(at, given.small)], how="diagonal_relaxed")
        take_in(at, "xjtu", data / "xjtu_cycles" / "XJTU.parquet")
        for line in train_xjtu(at, given.small, SEEDS[: given.xjtu_seeds], "health trees", XJTU_TREES):
            print(line, flush=True)
        xjtu = errors_in(at, "xjtu", codes_of(at, "xjtu"))
        covered = {lab: action.shares_covered(at, lab) for lab in ("severson", "xjtu")}
    page = written(severson, xjtu, covered, (len(seeds), given.xjtu_seeds))
    print(page)
    if not given.small:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        PAGE.write_text(f"{before}{BEGIN}\n{page.rstrip()}\n{END}{after}", encoding="utf-8")


def written(
    severson: pl.DataFrame, xjtu: pl.DataFrame, covered: dict[str, dict[str, list[float]]],
    seeds: tuple[int, int],
) -> str:  # fmt: skip
    """The section, without its marks."""
    life, health = (
        score_table(severson, f"{target} CatBoost, features and cycle") for target in ("life", "health")
    )
    lines = [
        "### Trees on the same cells",
        "",
        f"`python -m benchmarks.cells.trees --seeds {seeds[0]} --xjtu-seeds {seeds[1]}` wrote these tables.",
        f"Date: {dt.date.today()}. The cells are those of the tables above. The reference is CatBoost on",
        "features and cycle. [Decisions](decisions.md) say how recipes were chosen, on training cells alone.",
        "",
        "Severson, remaining life: RMSE by row in cycles, of the primary 43.",
        "",
        *markdown(life.filter(pl.col("model").str.starts_with("health").not_()), "rul_rmse", 1, SAID),
        "",
        "Severson, health: RMSE by row as a share of nominal.",
        "",
        *markdown(health.filter(pl.col("model").str.starts_with("life").not_()), "soh_rmse", 4, SAID),
        "",
        "XJTU, health: mean absolute error as a share of health, as above.",
        "",
        "| batch | cells | ours | 90 % over cells | one training ± sd | CatBoost |",
        "|---|---|---|---|---|---|",
        *_batches(xjtu, seeds[1]),
        "",
        "| data set | model and target | trainings | rows in the 90 % interval, mean | least | most |",
        "|---|---|---|---|---|---|",
    ]
    for lab, of_lab in covered.items():
        for model, each in of_lab.items():
            shares = f"{sum(each) / len(each):.0%} | {min(each):.0%} | {max(each):.0%}"
            lines.append(f"| {lab} | {model} | {len(each)} | {shares} |")
    return "\n".join(lines) + "\n"


def _batches(xjtu: pl.DataFrame, seeds: int) -> list[str]:
    """A row of the table of XJTU for each batch; with one seed the training itself is ours."""
    named = xjtu.with_columns(batch=pl.col("code").map_elements(batch_of, pl.String))
    lines = []
    for (batch,), rows in sorted(named.partition_by("batch", as_dict=True).items()):
        table = score_table(rows, "mean life - cycle").filter(error="soh_mape")
        [one] = table.filter(model="health trees").to_dicts()
        [ours] = table.filter(model="health, ours" if seeds > 1 else "health trees").to_dicts()
        spread = f" ± {one['sd']:.4f}" if seeds > 1 else ""
        lines.append(
            f"| {batch} | {ours['cells']} | {ours['value']:.4f} | {ours['low']:.4f} to {ours['high']:.4f} "
            f"| {one['value']:.4f}{spread} | {CATBOOST[str(batch)]:.4f} |"
        )
    return lines


if __name__ == "__main__":
    main()
