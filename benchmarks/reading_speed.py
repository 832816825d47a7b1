"""python -m benchmarks.reading_speed TREE [--rounds N] [--only WORDS]: CPU time to read each real file.

TREE is another checkout, as for `benchmarks.against`. A process of each checkout reads the same file in turn,
round by round; the least CPU time of each counts, that of processes it starts included. Files that one of
the two refuses are named and not compared. Below NOISE_MS a ratio says little, and is marked.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import IO, cast

HERE = Path(__file__).resolve().parent.parent
NOISE_MS, MOST = 30.0, 1.10
_NO_FILES = {".md", ".py", ".json", ".npz", ".sh", ""}


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
    files = [path for path in sorted(root.rglob("*")) if _counts(path) and given.only in str(path)]
    ratios = {}
    alike = 0
    for path in files:
        name = str(path.relative_to(root))
        taken = _least(readers, path, given.rounds)
        if isinstance(taken, str):
            alike += taken == ""
            print(*[f"{name:<75} {taken}\n"] if taken else [], end="", flush=True)
            continue
        ours, theirs = taken
        ratios[name] = (ours / theirs, theirs < NOISE_MS)
        print(f"{name:<75} {ours:>9.1f} {theirs:>9.1f} ms {_shown(*ratios[name])}", flush=True)
    print(f"{alike} files are refused by both for the same reason")
    return _worst(ratios)


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
        before = _spent()
        try:
            read(Path(line.rstrip("\n")), LabContract(timezone="UTC"))
            said: float | str = 1e3 * (_spent() - before)
        except Exception as refused:
            said = str(getattr(refused, "reason", type(refused).__name__))
        print(json.dumps(said), flush=True)


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
