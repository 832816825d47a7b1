"""Cells from 10 µAh to 1,000 Ah through a lab's whole month: what scales with the size scales, digits and all."""

import json
import math

import polars as pl
import pytest

from battery_assets import tables as t
from battery_assets.lab.intake import enter_new_tests
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.registry import books as registry
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets_tests.conftest import copied_database
from battery_assets_tests.lab.test_lab_month import run
from battery_assets_tests.worlds.lab_files.cells import NOMINAL_AH, life_points
from battery_assets_tests.worlds.lab_files.taken_in import TERMS, refuse, write_bdf

MONTH = Part("lab-sizes", "2024-03")
SIZES_AH = {
    "coin_10uah": 1e-5,
    "coin_600uah": 6e-4,
    "as_made": NOMINAL_AH,
    "ess_300ah": 300.0,
    "ess_1000ah": 1e3,
}
SMALL_AND_LARGE = [name for name in SIZES_AH if name != "as_made"]
CYCLES = 14  # past the tenth, so that all features are there
# The power of the size that a column goes with; every other number is the same for all sizes.
POWERS = {
    **dict.fromkeys(
        (
            "charge_capacity_ah", "discharge_capacity_ah", "charge_energy_wh", "discharge_energy_wh", "current_max_a",
            "dqdv_max_ah_per_v", "dqdv_min_ah_per_v", "dqdv_area_ah", "dvdq_peak_ah", "capacity_slope_ah_per_cycle",
            "feature_1", "feature_2", "feature_6", "feature_7", "nominal_capacity", "current_a",
            "correction_ah", "open_ah", "drawn_ah",
        ),
        1,
    ),
    **dict.fromkeys(("internal_resistance_mohm", "dvdq_peak_v_per_ah", "feature_4"), -1),
    **dict.fromkeys(("dqdv_variance", "feature_8"), 2),
}  # fmt: skip
TABLES = (
    t.timeseries_point,
    t.cycle,
    t.label_soc,
    t.cycle_feature,
    t.label_soh,
    t.battery_unit,
    t.cycle_data,
)


@pytest.fixture(scope="module")
def ran(migrated_url, tmp_path_factory):
    """A lab in which the same life was lived by cells of all sizes, its month run, and the run."""
    folder = tmp_path_factory.mktemp("sizes")
    lab = folder / "landing" / str(MONTH.site)
    rows = life_points(cycles=CYCLES)
    for name, size in SIZES_AH.items():
        scaled = rows.with_columns(pl.col("current_a") * (size / NOMINAL_AH))
        write_bdf(lab / name / "cycle_life" / f"{name}.csv", scaled)
        (lab / name / "cell.json").write_text(json.dumps({**TERMS, "nominal_capacity_ah": size}))
    with copied_database(migrated_url) as url:
        warehouse = Warehouse(database_url=url, lake_url=str(folder / "lake"))
        with warehouse.transaction() as connection:
            registry.put_site(connection, str(MONTH.site), "lab-files", {"timezone": "Europe/Oslo"})
        said = list(enter_new_tests(warehouse, str(MONTH.site), lab, {}, refuse))
        assert [one.status for one in said] == ["accepted"] * len(SIZES_AH)
        yield warehouse, run(warehouse, str(tmp_path_factory.mktemp("mlflow")), MONTH)


@pytest.fixture(scope="module")
def stored(ran):
    """Rows of every table as they are stored, by the cell's code."""
    warehouse, _ = ran
    codes = dict(warehouse.read(t.battery_cell, MONTH).collect().select("cell_id", "cell_code").iter_rows())
    sessions = warehouse.read(t.test_session, MONTH).collect().select("session_id", "cell_id")
    units = warehouse.read(t.battery_unit, MONTH).collect().select("cell_id", battery_id="id")
    found = {}
    for table in TABLES:
        rows = warehouse.read(table, MONTH).collect()
        if "cell_id" not in rows.columns:
            rows = rows.join(*((sessions,) if "session_id" in rows.columns else (units,)), on=_owner(rows))
        rows = rows.with_columns(code=pl.col("cell_id").replace_strict(codes)).sort(_order(rows))
        found[table.name] = rows.partition_by("code", as_dict=True, maintain_order=True)
    return found


def _owner(rows):
    return "session_id" if "session_id" in rows.columns else "battery_id"


def _order(rows):
    names = ("ts", "definition", "cycle_index", "cycle_num")
    return [name for name in names if name in rows.columns] or ["cell_id"]


def numbers(rows):
    """The columns whose values come from the cell, not from its name."""
    own = rows.select(pl.exclude("id", "battery_id", "code"))
    return [name for name, kind in own.schema.items() if kind.is_numeric()]


def test_the_month_of_cells_of_all_sizes_is_green(ran):
    _, result = ran
    assert result.success
    red = [e.asset_key.path[-1] for e in result.get_asset_check_evaluations() if not e.passed]
    assert red == []


@pytest.mark.parametrize("name", SMALL_AND_LARGE)
@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_what_is_stored_of_a_cell_scales_with_its_size(stored, table, name):
    rows, wanted = stored[table.name][name,], stored[table.name]["as_made",]
    assert rows.height == wanted.height > 0
    ratio = SIZES_AH[name] / NOMINAL_AH
    for column in numbers(wanted):
        expected = wanted[column].cast(pl.Float64) * ratio ** POWERS.get(column, 0)
        if column == "delta_q_log_variance":
            expected = expected + 2 * math.log10(ratio)
        assert rows[column].null_count() == wanted[column].null_count(), column
        largest = expected.abs().max()
        if largest is not None:
            apart = (rows[column].cast(pl.Float64) - expected).abs().max()
            # A loss is what is left of 1, so that the digits of the capacity are its own.
            whole = 1.0 if column == "pcl" else largest
            assert apart <= 1e-4 * whole, f"{column}: {apart:g} of {largest:g}"


def test_the_coin_cell_shows_every_feature(stored):
    rows = stored["cycle_feature"]["coin_10uah",]
    known = [name for name in numbers(rows) if rows[name].null_count() == rows.height]
    assert known == []
    steep = rows["dvdq_peak_v_per_ah"].min()
    assert steep > 10_000
    assert rows["internal_resistance_mohm"].min() > 1_000_000
