"""python -m benchmarks.against TREE [--rounds N]: what a small month costs here, over what it costs in TREE.

TREE is another checkout, such as `git worktree add ../before 1c6c9c5`. Each round measures both, one after
the other, in processes and homes of their own, with the libraries of this environment; what is printed is the
median of the rounds and their ratio. CPU seconds are what to look at where others use the machine too.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parent.parent
# The file of this checkout is run in both; the overhead is measured by each checkout's own.
MEASURES = {
    "small_month": [str(HERE / "benchmarks" / "small_month.py")],
    "overhead": ["-m", "benchmarks.children", "overhead"],
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.against", description=__doc__)
    parser.add_argument("tree", type=Path, help="root of the other checkout")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=MEASURES, action="append")
    given = parser.parse_args()
    if not (given.tree / "battery_assets").is_dir():
        parser.error(f"{given.tree} is no checkout: it has no folder battery_assets")
    rounds: list[dict[str, tuple[float, float]]] = []
    for number in range(given.rounds):
        found = {}
        for name in given.only or MEASURES:
            theirs, ours = (values(tree, name) for tree in (given.tree.resolve(), HERE))
            found |= {figure: (ours[figure], theirs[figure]) for figure in ours}
        rounds.append(found)
        print(f"# round {number + 1} of {given.rounds}, load {os.getloadavg()[0]:.1f}", flush=True)
    print(f"{'':<35} {'here':>9} {'there':>9} {'ratio':>7}")
    for figure in rounds[0]:
        ours, theirs = (median(found[figure][side] for found in rounds) for side in (0, 1))
        print(f"{figure:<35} {ours:>9.3f} {theirs:>9.3f} {ours / theirs:>7.2f}")


def values(tree: Path, name: str) -> dict[str, float]:
    """What one measure gives in a checkout, in a home that is thrown away. RuntimeError where it fails."""
    home = Path(tempfile.mkdtemp(prefix="battery_against_"))
    home.chmod(0o755)
    answer = home / "answer.json"
    ours = {key: value for key, value in os.environ.items() if not key.startswith(("BATTERY_", "DAGSTER_"))}
    try:
        done = subprocess.run(
            [sys.executable, *MEASURES[name], str(answer)],
            env={**ours, "BATTERY_HOME": str(home), "PYTHONPATH": str(tree), "PYTHONWARNINGS": "ignore"},
            cwd=tree,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{name} in {tree} ended with {done.returncode}:\n{done.stderr[-4000:]}")
        measured: dict[str, float] = json.loads(answer.read_text())
        return measured
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
