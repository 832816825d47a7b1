"""The section of docs/lab.md on scores: the tables, and what stands beside them."""

import polars as pl

from battery_assets.learning.networks.score_table import markdown

NOTES = {
    "mean life - cycle": "rule without a model",
    "linear fade": "rule without a model",
    "life CatBoost, features and cycle": "sees no capacity",
    "life CatBoost, our inputs": "sees the capacity measured so far",
    "life baseline": "sees the capacity measured so far",
    "life baseline, narrow": "sees the capacity measured so far",
    "life bilstm": "sees the capacity measured so far",
    "life, ours": "mean of the fifteen above",
    "health, ours": "mean of the five baselines",
}
PUBLISHED = {"2C": 0.0070, "3C": 0.0113, "R2.5": 0.0086, "R3": 0.0071, "RW": 0.0105, "Sim_satellite": 0.0063}
CATBOOST = {"2C": 0.0099, "3C": 0.0142, "R2.5": 0.0130, "R3": 0.0104, "RW": 0.0151, "Sim_satellite": 0.0184}
ONE, OURS = "health baseline", "health, ours"
BEGINNING = """## Scores on public sets of cells

`python -m benchmarks.cells` imports the sets, trains everything with five seeds, and writes this section from
MLflow. Cells of a test were in no training. Intervals draw cells anew, 2,000 times. Paired differences below
0 say that the model is better than the reference. `battery-assets train compare` compares any two models.

A network's recipe for Severson cells was chosen on training cells; [decisions](decisions.md) say how. That of
XJTU was chosen among six by these very folds with two seeds, which flatters it a little.
"""
LIFE = """
### Severson cells: remaining life, RMSE by row in cycles

Train 41, judged on the primary 43. The reference is `life baseline`.

"""
HEALTH = """
### Severson cells: health, RMSE by row as a share of nominal

The reference is `health baseline`. Published: a constant .046, CatBoost .0111 (other settings).

"""
XJTU = """
### XJTU: health, mean absolute error as a share of health, by batch

Five folds by cell over all batches. No cycle number, no scale of a whole life. CatBoost, cells left out, is a
figure measured elsewhere. PINN4SOH (Wang et al., Nat. Commun. 2024) is not comparable: it scales each cell
over its whole life, test cells too.

| batch | cells | ours, five together | 90 % over cells | one training ± sd | constant | CatBoost | PINN4SOH |
|---|---|---|---|---|---|---|---|
"""
COVERED = """
### Intervals

Share of rows of test cells within the 90 % interval, every cell weighing the same.

| data set | model and target | trainings | covered, mean | least | most |
|---|---|---|---|---|---|
"""
ENDING = """
### What is not comparable

- Remaining life with the capacity measured so far is easier than without. Rows say what a model sees. The
  group split that is known (CatBoost 125, ridge 385, mean life 458) sees none.
- DeepHPM's published figures are of splits of single cells; there a plain rule reaches 4.67 cycles.
- BatteryML's MATR1 and MATR2 are other splits and other labels of the same cells.
- Early life needs Q(V), which no table of cycles has; the tests hold its figures. Variance model: 103.6 and
  137.9 cycles as published. Ours: 109.2 on the primary cells. Published best: 97 to 100.
"""


def written(
    life: pl.DataFrame, health: pl.DataFrame, batches: dict[str, pl.DataFrame],
    covered: dict[str, dict[str, list[float]]],
) -> str:  # fmt: skip
    """The section, without its marks."""
    xjtu = [_batch(name, table) for name, table in sorted(batches.items())]
    return "".join(
        [
            BEGINNING,
            LIFE, "\n".join(markdown(life, "rul_rmse", 1, NOTES)), "\n",
            HEALTH, "\n".join(markdown(health, "soh_rmse", 4, NOTES)), "\n",
            XJTU, "\n".join(xjtu), "\n",
            COVERED, "".join(_covered(lab, model, shares) for lab, of_lab in covered.items()
                             for model, shares in of_lab.items()),
            ENDING,
        ]
    )  # fmt: skip


def _batch(name: str, table: pl.DataFrame) -> str:
    ours, one = (table.filter(model=model, error="soh_mape").to_dicts()[0] for model in (OURS, ONE))
    [constant] = table.filter(model="mean life - cycle", error="soh_mape").to_dicts()
    cells = (
        name, str(ours["cells"]), f"{ours['value']:.4f}", f"{ours['low']:.4f} to {ours['high']:.4f}",
        f"{one['value']:.4f} ± {one['sd']:.4f}", f"{constant['value']:.4f}",
        f"{CATBOOST[name]:.4f}", f"{PUBLISHED[name]:.4f}",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _covered(lab: str, model: str, shares: list[float]) -> str:
    mean, least, most = sum(shares) / len(shares), min(shares), max(shares)
    return f"| {lab} | {model} | {len(shares)} | {mean:.0%} | {least:.0%} | {most:.0%} |\n"
