"""Files of cyclers taken in by a lab."""

import polars as pl

from battery_assets.actions.import_lab import land, named_files
from battery_assets.lab.intake import enter_new_tests
from battery_assets.platform.landing import Landing
from battery_assets_tests.worlds.lab_files.cells import NOMINAL_AH, life_points

LAB = "lab-f"


TERMS = {"nominal_capacity_ah": NOMINAL_AH, "timezone": "Europe/Oslo", "cutoff_voltage_v": 2.5}


def write_bdf(path, rows=None, begins="2024-03-05T08:00:00+00:00"):
    """A Battery Data Format file of a few cycles."""
    rows = life_points(cycles=4) if rows is None else rows
    epoch = pl.lit(begins).str.to_datetime(time_unit="us", time_zone="UTC").dt.epoch("us") / 1e6
    path.parent.mkdir(parents=True, exist_ok=True)
    rows.select(
        pl.col("test_time_s").alias("Test Time / s"),
        (epoch + pl.col("test_time_s")).round(1).alias("Unix Time / s"),
        pl.col("voltage_v").alias("Voltage / V"),
        pl.col("current_a").alias("Current / A"),
        pl.col("temperature_c").alias("Surface Temperature T1 / degC"),
        pl.col("cycle_count").alias("Cycle Count / 1"),
        pl.col("step_index").alias("Step Index / 1"),
    ).write_csv(path)
    return path


def take_in(lab, *paths, terms=TERMS, **how):
    warehouse, folder = lab
    named = [pair for path in paths for pair in named_files(path, how.get("cell"), "cycle_life", False)]
    land(landing_of(folder), LAB, named, terms)
    return list(enter_new_tests(warehouse, LAB, folder, {}, refuse))


def landing_of(folder):
    return Landing(folder=str(folder.parent))


def refuse(refused):
    raise refused
