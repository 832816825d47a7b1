"""python -m benchmarks.reading_values TREE [--cases] [--only WORDS]: what loads here and in another checkout.

TREE is that checkout, as for `benchmarks.against`. A process of each reads every lab file, discharge test and
table of a fleet's export; rows are then compared value by value, cycles with their capacities too. Prints
each difference, there -> here. `--cases` takes the folders of cases too, which were read wrong on purpose.
"""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.reading_answers import Asked, Reader

HERE = Path(__file__).resolve().parent.parent
RELATIVE, ABSOLUTE = 1e-9, 1e-12
TABLE_KEYS = ("battery.csv", "battery.csv.gz", "telemetry_jar_raw.csv", "telemetry_jar_raw.csv.gz")
_NO_FILES = {".md", ".py", ".json", ".npz", ".sh", ""}


def main() -> int:
    """Compare and print; 1 where something loads otherwise."""
    from battery_assets_tests.worlds.oracles import data_folder

    parser = argparse.ArgumentParser(prog="python -m benchmarks.reading_values", description=__doc__)
    parser.add_argument("tree", type=Path, help="root of the other checkout")
    parser.add_argument("--cases", action="store_true", help="the folders of cases too")
    parser.add_argument("--only", default="", help="files whose path has these letters")
    given = parser.parse_args()
    if not (given.tree / "battery_assets").is_dir():
        parser.error(f"{given.tree} is no checkout: it has no folder battery_assets")
    root = data_folder()
    seen: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as work:
        folders = [Path(work, name) for name in ("here", "there")]
        readers = [
            Reader(tree, folder) for tree, folder in zip((HERE, given.tree.resolve()), folders, strict=True)
        ]
        for asked in _asked(root, given.cases):
            if given.only not in str(asked.path):
                continue
            name = f"{asked.path.relative_to(root)} [{asked.how}]"
            for words in _of_file(readers, asked, seen):
                seen["differences"] += 1
                print(f"{name}: {words}", flush=True)
    print(*(f"{count} {what}" for what, count in sorted(seen.items())), sep="\n")
    return int(seen["differences"] > 0 or not seen["parts alike"])


def _asked(root: Path, cases: bool) -> Iterator[Asked]:
    """Every file as a lab's, the lead-acid ones as discharge tests, and every folder of an export."""
    files = [path for path in sorted(root.rglob("*")) if path.is_file() and (cases or not _of_case(path))]
    exports = sorted({path.parent for path in files if path.name in TABLE_KEYS})
    for path in files:
        if path.suffix.lower() in _NO_FILES or any(path.is_relative_to(folder) for folder in exports):
            continue
        yield Asked(path, "lab")
        if "lead_acid" in path.parts or "capacity_test" in path.parts:
            yield Asked(path, "discharge test")
    for folder in exports:
        yield Asked(folder, "export")


def _of_case(path: Path) -> bool:
    return "cases_" in str(path)


def _of_file(readers: list[Reader], asked: Asked, seen: Counter[str]) -> Iterator[str]:
    here, there = (reader.answer(asked) for reader in readers)
    for part in sorted(here.keys() | there.keys()):
        new, old = here.get(part), there.get(part)
        if isinstance(new, pl.DataFrame) and isinstance(old, pl.DataFrame):
            found = list(differences(old, new))
            seen["parts alike"] += not found
            seen.update(f"parts with the new column {name}" for name in set(new.columns) - set(old.columns))
            yield from (f"{part}: {words}" for words in found)
        elif _said(new) != _said(old):
            yield f"{part}: {_said(old)} -> {_said(new)}"
        else:
            seen[f"{part}: {_said(new)}, by both"] += 1
            if part == "file":
                print(f"    not compared, {_said(new)} by both: {asked.path.name} [{asked.how}]")


def _said(answer: pl.DataFrame | str | None) -> str:
    if answer is None:
        return "nothing"
    return f"refused, {answer}" if isinstance(answer, str) else f"{answer.height} rows"


def differences(old: pl.DataFrame, new: pl.DataFrame) -> Iterator[str]:
    """What differs between two frames, a sentence a column; columns that only `new` has are none."""
    if old.height != new.height:
        yield f"{old.height} -> {new.height} rows"
    for name in old.columns:
        if name not in new.columns:
            yield f"{name} is gone"
        elif old.height == new.height:
            yield from _of_values(name, old[name], new[name])
        elif (was := _summary(old[name])) != (is_now := _summary(new[name])):
            yield f"{name}: {was} -> {is_now}"


def _of_values(name: str, old: pl.Series, new: pl.Series) -> Iterator[str]:
    both = pl.DataFrame({"old": old, "new": new})
    different = pl.col("old").ne_missing(pl.col("new"))
    if old.dtype.is_numeric() and new.dtype.is_numeric():
        apart = (pl.col("old") - pl.col("new")).abs()
        different &= (apart > ABSOLUTE + RELATIVE * pl.col("old").abs()).fill_null(value=True)
    elif old.dtype != new.dtype:
        both = both.with_columns(pl.all().cast(pl.String))
    rows = both.with_row_index().filter(different)
    if rows.height:
        number, was, is_now = rows.row(0)
        yield (
            f"{name}: {rows.height} of {old.len()} values differ, in row {number} {was} -> {is_now}; "
            f"{_summary(old)} -> {_summary(new)}"
        )


def _summary(column: pl.Series) -> str:
    """Nulls, least, most and sum, of a column of numbers to nine digits."""
    least: Any = column.min()
    most: Any = column.max()
    words = [f"{column.null_count()} null"]
    if column.dtype.is_numeric() and least is not None:
        words.append(f"{least:.9g} to {most:.9g}, sum {column.sum():.9g}")
    elif column.dtype.is_temporal():
        words.append(f"{least} to {most}")
    return f"({', '.join(words)})"


if __name__ == "__main__":
    sys.exit(main())
