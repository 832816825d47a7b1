"""python -m benchmarks.cells [--small]: trainings on public sets of cells, their table in docs/lab.md."""

import argparse
from pathlib import Path

import polars as pl

from battery_assets.actions import train as action
from battery_assets.actions.session import Session, quiet_logs, session
from battery_assets.lab.training.selection import select
from battery_assets.learning.networks.score_table import score_table
from battery_assets_tests.worlds.oracles import data_folder
from benchmarks.cells.page import written
from benchmarks.cells.peers import boosted
from benchmarks.cells.runs import batch_of, codes_of, errors_in, take_in, train_severson, train_xjtu
from benchmarks.children import throwaway_home

PAGE = Path(__file__).resolve().parents[2] / "docs" / "lab.md"
BEGIN, END = "<!-- scores of cells -->", "<!-- /scores of cells -->"


def main() -> None:
    """Train, judge, and write the section; --small only shows that all works, and writes nothing."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cells", description=__doc__)
    parser.add_argument("--small", action="store_true", help="an epoch of tiny networks; the section stays")
    parser.add_argument("--errors", type=Path, help="keep the errors of each cell in this folder")
    given = parser.parse_args()
    data = data_folder()
    quiet_logs()
    with throwaway_home() as settings, session(settings) as at:
        take_in(at, "severson", data / "severson_cycles" / "cycles_84_cells.parquet")
        for line in train_severson(at, given.small):
            print(line, flush=True)
        severson = pl.concat(
            [errors_in(at, "severson", codes_of(at, "severson")).drop("code"), peers(at, given.small)],
            how="diagonal_relaxed",
        )
        take_in(at, "xjtu", data / "xjtu_cycles" / "XJTU.parquet")
        for line in train_xjtu(at, given.small):
            print(line, flush=True)
        xjtu = errors_in(at, "xjtu", codes_of(at, "xjtu"))
        covered = {lab: action.shares_covered(at, lab) for lab in ("severson", "xjtu")}
    batches = {
        str(batch): score_table(rows, "mean life - cycle")
        for (batch,), rows in xjtu.with_columns(batch=pl.col("code").map_elements(batch_of, pl.String))
        .partition_by("batch", as_dict=True)
        .items()
    }
    if given.errors:
        severson.write_parquet(given.errors / "severson.parquet")
        xjtu.write_parquet(given.errors / "xjtu.parquet")
    tables = [score_table(severson, name) for name in ("life baseline", "health baseline")]
    page = written(*tables, batches, covered)
    if given.small:
        print(page)
    else:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        PAGE.write_text(f"{before}{BEGIN}\n{page.rstrip()}\n{END}{after}", encoding="utf-8")


def peers(at: Session, small: bool) -> pl.DataFrame:
    """What gradient boosting makes of the same cells."""
    chosen = select(at.warehouse, "severson")
    sides = (chosen.cells(role, ("feature_1", "feature_2", "feature_3")) for role in ("train", "val", "test"))
    return boosted(*sides, small).with_columns(pl.col("rows").cast(pl.Int64))


if __name__ == "__main__":
    main()
