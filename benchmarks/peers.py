"""Our reading of a cycler's file against PyProBE's and cellpy's of the same file, in the same run.

Ours does more: it holds time, sign, units and counters against each other, takes two checksums and accounts
for every row. Both leave the points in memory. Rows and charge are compared before pairs are timed in turns.
"""

import json
import os
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from battery_assets.ingest.lab.read import read
from benchmarks.lab import CONTRACT, made_test
from benchmarks.peer_files import maccor_csv, neware_csv
from benchmarks.peers_home import interpreter
from benchmarks.race import DisagreementError
from benchmarks.world import clocked

ROUNDS = 5
# Counters are written to a microampere-hour, and a reading may begin to count at the first row or after it.
_SAME_AH = 1e-3


def measure(small: bool) -> dict[str, float]:
    """Our seconds over theirs: the median of alternating pairs. Raises PeersMissing, DisagreementError."""
    points = made_test(20_000 if small else 500_000)
    with tempfile.TemporaryDirectory(prefix="battery_bench_peers_") as name:
        maccor, neware = Path(name) / "maccor.csv", Path(name) / "neware.csv"
        maccor.write_bytes(maccor_csv(points))
        neware.write_bytes(neware_csv(points))
        rounds = 1 if small else ROUNDS
        return {
            "lab_vs_pyprobe": ratio("pyprobe", maccor, rounds),
            "lab_vs_cellpy": ratio("cellpy", neware, rounds),
        }


def ratio(peer: str, path: Path, rounds: int) -> float:
    """The median of our seconds over the peer's on one file; the first pair is compared, not timed."""
    with _asked(peer, path) as theirs:
        ours = read(path, CONTRACT)
        net_ah = ours.points["charge_ah"][-1] - ours.points["discharge_ah"][-1]
        answer = theirs()
        if answer["rows"] != ours.rows_loaded or abs(answer["net_ah"] - net_ah) > _SAME_AH:
            raise DisagreementError(
                f"{path.name}: {ours.rows_loaded:,} points and {net_ah:.6f} Ah of ours, {answer['rows']:,} "
                f"points and {answer['net_ah']:.6f} Ah of {peer}'s"
            )
        ratios = []
        for _ in range(rounds):
            with clocked() as clock:
                read(path, CONTRACT)
            ratios.append(clock.seconds / theirs()["seconds"])
    return statistics.median(ratios)


@contextmanager
def _asked(peer: str, path: Path) -> Iterator[Callable[[], dict]]:
    """A process of the peer that reads the file each time it is asked."""
    scratch = path.parent / peer
    scratch.mkdir(exist_ok=True)
    apart = {**os.environ, "HOME": str(scratch), "TMPDIR": str(scratch)}
    apart.pop("PYTHONPATH", None)
    command = [str(interpreter()), str(Path(__file__).with_name("peer_reader.py")), peer]
    with (
        tempfile.TemporaryFile("w+") as said,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True, env=apart
        ) as child,
    ):
        assert child.stdin is not None
        assert child.stdout is not None
        asks, answers = child.stdin, child.stdout

        def answer() -> dict:
            print(path, file=asks, flush=True)
            line = answers.readline()
            if not line:
                said.seek(0)
                raise RuntimeError(f"{peer} ended while it read {path.name}:\n{said.read()[-4000:]}")
            return json.loads(line)

        yield answer
        asks.close()
