"""python -m benchmarks.reading_speed TREE [--rounds N] [--only WORDS]: CPU time to read each file.

Files are the real ones of cyclers, and a month of a made fleet's telemetry in the forms that exports have.

TREE is another checkout, as for `benchmarks.against`. A process of each checkout reads the same file in turn,
round by round; the least CPU time of each counts, that of processes it starts included. Files that one of
the two refuses are named and not compared. Below NOISE_MS a ratio says little, and is marked.
"""

import argparse
import importlib
import json
import os
import resource
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, cast

import numpy as np
import polars as pl

HERE = Path(__file__).resolve().parent.parent
NOISE_MS, MOST = 30.0, 1.10
_NO_FILES = {".md", ".py", ".json", ".npz", ".sh", ""}
JARS, STEP_S, DAYS = 24, 120, 30
BEGAN = datetime(2026, 6, 1, tzinfo=UTC)


def main() -> int:
    """Measure and print; 1 where a file above the noise takes more than MOST times as long."""
    from battery_assets_tests.worlds.oracles import data_folder

    parser = argparse.ArgumentParser(prog="python -m benchmarks.reading_speed", description=__doc__)
    parser.add_argument("tree", type=Path, help="root of the other checkout")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", default="", help="files whose path has these letters")
    given = parser.parse_args()
    if not (given.tree / "battery_assets").is_dir():
        parser.error(f"{given.tree} is no checkout: it has no folder battery_assets")
    readers = [Reader(HERE), Reader(given.tree.resolve())]
    root = data_folder()
    files = {str(path.relative_to(root)): path for path in sorted(root.rglob("*")) if _counts(path)}
    ratios = {}
    alike = 0
    exports = tempfile.TemporaryDirectory()
    files |= {f"made/{name}": folder for name, folder in made_exports(Path(exports.name)).items()}
    for name, path in files.items():
        if given.only not in name:
            continue
        taken = _least(readers, path, given.rounds)
        if isinstance(taken, str):
            alike += taken == ""
            print(*[f"{name:<75} {taken}\n"] if taken else [], end="", flush=True)
            continue
        ours, theirs = taken
        ratios[name] = (ours / theirs, theirs < NOISE_MS)
        print(f"{name:<75} {ours:>9.1f} {theirs:>9.1f} ms {_shown(*ratios[name])}", flush=True)
    exports.cleanup()
    print(f"{alike} files are refused by both for the same reason")
    return _worst(ratios)


def made_exports(root: Path) -> dict[str, Path]:
    """A month of JARS jars and their string, an export a form: the folder in which it lies, by its name."""
    rng = np.random.default_rng(1)
    at = pl.datetime_range(
        BEGAN, BEGAN + timedelta(days=DAYS), f"{STEP_S}s", closed="left", time_unit="us", eager=True
    )
    ids = [f"00000000-0000-4000-8000-{n:012d}" for n in range(JARS + 1)]
    count = len(at) * JARS
    jars = pl.DataFrame(
        {"ts": at.repeat_by(JARS).explode(), "battery_id": ids[:JARS] * len(at),
         "voltage_v": (13.6 + 0.02 * rng.standard_normal(count)).round(3),
         "temperature_c": (25.0 + rng.standard_normal(count)).round(1)}
    )  # fmt: skip
    strings = pl.DataFrame(
        {"ts": at, "string_id": [ids[-1]] * len(at), "mode": ["float"] * len(at),
         "voltage_v": (326.4 + 0.3 * rng.standard_normal(len(at))).round(2),
         "current_a": (0.08 + 0.01 * rng.standard_normal(len(at))).round(3)}
    )  # fmt: skip
    forms = {"csv": "%Y-%m-%dT%H:%M:%SZ", "naive_csv": "%Y-%m-%d %H:%M:%S", "parquet": None}
    for form, instants in forms.items():
        (root / form).mkdir()
        for table, rows in (("telemetry_jar_raw", jars), ("telemetry_string_raw", strings)):
            if instants is None:
                rows.write_parquet(root / form / f"{table}.parquet")
            else:
                rows.write_csv(root / form / f"{table}.csv", datetime_format=instants)
    return {f"fleet_{form}": root / form for form in forms}


class Reader:
    """A process of a checkout that reads files when asked."""

    def __init__(self, tree: Path) -> None:
        environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONWARNINGS": "ignore"}
        self.process = subprocess.Popen(
            [sys.executable, __file__, "answer"],
            env=environment, cwd=tree, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def milliseconds(self, path: Path) -> float | str:
        """CPU time of one reading, or why the file was refused."""
        asked, said = cast(IO[str], self.process.stdin), cast(IO[str], self.process.stdout)
        asked.write(f"{path}\n")
        asked.flush()
        answer: float | str = json.loads(said.readline())
        return answer


def answer() -> None:
    """Read the files that stdin names, and say of each what it took."""
    from battery_assets.ingest.lab.contract import LabContract
    from battery_assets.ingest.lab.read import read

    for line in sys.stdin:
        path, before = Path(line.rstrip("\n")), _spent()
        try:
            if path.is_dir():
                _read_export(path)
            else:
                read(path, LabContract(timezone="UTC"))
            said: float | str = 1e3 * (_spent() - before)
        except Exception as refused:
            said = str(getattr(refused, "reason", type(refused).__name__))
        print(json.dumps(said), flush=True)


def _read_export(folder: Path) -> None:
    """Every day of the telemetry of an export, as the platform takes it in."""
    module_of = importlib.import_module("reading_answers").module_of
    tables = module_of("ingest.exports.tables", "ingest.tables_from_files")
    contract = module_of("ingest.exports.contract", "ingest.contract").SourceContract(timezone="UTC")
    known = {table.name: table for table in module_of("tables").TABLES}
    files, _ = module_of("ingest.exports.landing", "ingest.landing").landing_files(folder.parent, folder.name)
    for file in files:
        with tables.read_table_days([file], known[file.table], None, contract) as days:
            rows = sum(day.height for _, day in days)
        if rows not in (DAYS * 86400 // STEP_S, JARS * DAYS * 86400 // STEP_S):
            raise ValueError(f"{rows} rows of {file.path.name}")


def _spent() -> float:
    used = [resource.getrusage(of) for of in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _counts(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() not in _NO_FILES and "cases_" not in str(path)


def _least(readers: list[Reader], path: Path, rounds: int) -> tuple[float, float] | str:
    """Milliseconds here and there, or who refuses the file and why ('' where both say the same).

    The first reading warms both up.
    """
    first = [reader.milliseconds(path) for reader in readers]
    refused = [f"{where}: {said}" for where, said in zip(("here", "there"), first, strict=True)]
    if isinstance(first[0], str) and first[0] == first[1]:
        return ""
    if any(isinstance(said, str) for said in first):
        return "; ".join(words for words, said in zip(refused, first, strict=True) if isinstance(said, str))
    many = rounds * (3 if max(cast(list[float], first)) < 3 * NOISE_MS else 1)
    taken = [[cast(float, reader.milliseconds(path)) for reader in readers] for _ in range(many)]
    ours, theirs = (min(column) for column in zip(*taken, strict=True))
    return ours, theirs


def _shown(ratio: float, noise: bool) -> str:
    return f"{ratio:>6.2f}{' noise' if noise else ' <--' if ratio > MOST else ''}"


def _worst(ratios: dict[str, tuple[float, bool]]) -> int:
    judged = {name: ratio for name, (ratio, noise) in ratios.items() if not noise}
    if not judged:
        print("nothing to compare")
        return 1
    worst = max(judged, key=lambda name: judged[name])
    print(f"worst of {len(judged)} files above {NOISE_MS:g} ms: {judged[worst]:.2f}, {worst}")
    return int(judged[worst] > MOST)


if __name__ == "__main__":
    if sys.argv[1:] == ["answer"]:
        answer()
    else:
        sys.exit(main())
