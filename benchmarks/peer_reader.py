"""Run as a script by the peers' own Python: a file read by PyProBE or by cellpy, timed without its imports.

Argument: 'pyprobe' or 'cellpy'. Each line of standard input is a path; each answer is one line of JSON with
seconds, rows and the net charge (in less out, Ah) from the first row to the last. The file is read into
memory and no further: neither PyProBE's writing of Parquet nor cellpy's summaries count.
"""

import json
import logging
import os
import sys
import time
from collections.abc import Callable


def pyprobe() -> Callable[[str], tuple[int, Callable[[], float]]]:
    """PyProBE's import of a Maccor CSV, as `Cell.import_from_cycler` calls it."""
    from loguru import logger
    from pyprobe.cyclers.maccor import Maccor

    logger.remove()

    def read(path: str) -> tuple[int, Callable[[], float]]:
        unused = os.path.join(os.path.dirname(path), "never_written.parquet")
        points = Maccor(input_data_path=path, output_data_path=unused).get_pyprobe_dataframe()
        return points.height, lambda: points["Capacity [Ah]"][-1] - points["Capacity [Ah]"][0]

    return read


def cellpy() -> Callable[[str], tuple[int, Callable[[], float]]]:
    """cellpy's loader of Neware CSV files. (That of Maccor texts leaves every current at 0 in 1.0.3.)"""
    import cellpy

    logging.disable(logging.CRITICAL)

    def read(path: str) -> tuple[int, Callable[[], float]]:
        cell = cellpy.get(
            path, instrument="neware_txt", model="one", mass=1.0, nominal_capacity=2.0, auto_summary=False
        )
        return len(cell.data.raw), lambda: _net_of_cycles(cell.data.raw)

    return read


def _net_of_cycles(raw) -> float:
    """cellpy's counters begin anew in each cycle."""
    ends = raw.groupby("cycle_index")[["charge_capacity", "discharge_capacity"]].max()
    return float((ends["charge_capacity"] - ends["discharge_capacity"]).sum())


def main() -> None:
    """Answer until standard input ends."""
    # What the peers print goes to standard error: standard output carries the answers alone.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    read = {"pyprobe": pyprobe, "cellpy": cellpy}[sys.argv[1]]()
    for line in sys.stdin:
        started = time.perf_counter()
        rows, net_ah = read(line.rstrip("\n"))
        seconds = time.perf_counter() - started
        print(json.dumps({"seconds": seconds, "rows": rows, "net_ah": net_ah()}), file=answers, flush=True)


if __name__ == "__main__":
    main()
