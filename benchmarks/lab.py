"""Points a second from a cycler's file to reconciled points: Battery Data Format, and a text export."""

import tempfile
from pathlib import Path

import numpy as np
import polars as pl

from battery_assets.ingest.lab.contract import LabContract
from battery_assets.ingest.lab.read import read
from benchmarks.world import clocked

CONTRACT = LabContract(timezone="UTC", nominal_capacity_ah=2.0)
ROUNDS = 3


def measure(small: bool) -> dict[str, float]:
    """Best of three rounds each. For the Battery Data Format the slower of CSV and Parquet counts."""
    points = made_test(100_000 if small else 4_000_000)
    with tempfile.TemporaryDirectory(prefix="battery_bench_lab_") as name:
        folder = Path(name)
        csv, parquet, export = folder / "a.bdf.csv", folder / "a.bdf.parquet", folder / "a.txt"
        points.write_csv(csv)
        points.write_parquet(parquet)
        text_export(points).write_csv(export, separator="\t")
        bdf = min(_rate(csv, points.height), _rate(parquet, points.height))
        return {"lab_bdf_points_per_second": bdf, "lab_text_points_per_second": _rate(export, points.height)}


def made_test(rows: int) -> pl.DataFrame:
    """A cell of 2 Ah at 1 s: an hour of charge, of rest and of discharge at 1 A, again and again."""
    time = np.arange(rows, dtype=float)
    phase = time // 3600 % 3
    current = np.array([1.0, 0.0, -1.0])[phase.astype(int)]
    net = np.cumsum(current) / 3600
    return pl.DataFrame(
        {
            "Test Time / s": time,
            "Voltage / V": (3.5 + 0.4 * net + 0.05 * current).round(5),
            "Current / A": current,
            "Unix Time / s": 1.7e9 + time,
            "Cycle Count / 1": (time // 10_800).astype(int) + 1,
            "Step Index / 1": phase.astype(int) + 1,
            "Ambient Temperature / degC": (25 + 0.3 * np.sin(time / 5_000)).round(3),
            "Charging Capacity / Ah": np.cumsum(np.maximum(current, 0)) / 3600,
            "Discharging Capacity / Ah": np.cumsum(np.maximum(-current, 0)) / 3600,
        }
    )


def text_export(points: pl.DataFrame) -> pl.DataFrame:
    """The same test as Maccor exports it: days and clock times, magnitudes and states, a date a row."""
    seconds = pl.col("Test Time / s").cast(pl.Int64)
    spent = pl.col("Step Index / 1") - 1
    two = [
        (seconds // divisor % most).cast(pl.String).str.zfill(2)
        for divisor, most in ((3600, 24), (60, 60), (1, 60))
    ]
    clock = pl.format("  {}d {}:{}:{}.0000", seconds // 86_400, *two)
    return points.select(
        pl.int_range(1, pl.len() + 1).alias("Rec#"),
        pl.col("Cycle Count / 1").alias("Cyc#"),
        pl.col("Step Index / 1").alias("Step"),
        clock.alias("TestTime"),
        pl.col("Current / A").abs().alias("Amps"),
        pl.col("Voltage / V").alias("Volts"),
        spent.replace_strict({0: "C", 1: "R", 2: "D"}, return_dtype=pl.String).alias("State"),
        pl.from_epoch(pl.col("Unix Time / s").cast(pl.Int64))
        .dt.strftime("%m/%d/%Y %H:%M:%S")
        .alias("DPt Time"),
        pl.col("Ambient Temperature / degC").alias("Temp 1"),
    )


def _rate(path: Path, rows: int) -> float:
    best = float("inf")
    for _ in range(ROUNDS):
        with clocked() as reading:
            loaded = read(path, CONTRACT).rows_loaded
        if loaded != rows:
            raise RuntimeError(f"{path.name}: {loaded:,} of {rows:,} points were loaded")
        best = min(best, reading.seconds)
    return rows / best
