"""Tables of cycles as a source: declared, accounted for, idempotent, seen by Dagster."""

import hashlib
import json
from types import SimpleNamespace

import dagster as dg
import polars as pl
import pytest

from battery_assets import tables as t
from battery_assets.actions import import_per_cycle as action
from battery_assets.errors import UserError
from battery_assets.ingest.files.problems import FileRefused
from battery_assets.ingest.lab.per_cycle.layout import LAYOUTS, Layout, layout_of
from battery_assets.ingest.lab.per_cycle.rows import read_tables
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.landing import Landing
from battery_assets.platform.registry import accounts
from battery_assets.platform.registry import arrivals as intake
from battery_assets_tests.lab.test_lab_month import run

LAB = "lab-c"
MONTH = Part(LAB, "2000-01")
PLAIN = Layout("plain", {"feature_1": "a", "feature_2": "b"}, cell="cell", cycle="n", side="side",
               capacity_ah="q", nominal_capacity_ah=1.0)  # fmt: skip


def lives(cells=4, cycles=40, last=0.75) -> pl.DataFrame:
    """Cells that fade straight from 1 Ah to `last`, the first one to 0.9 only."""
    fade = [
        (f"C{k}", n, 1.0 - ((0.1 if k == 0 else 1 - last) * n / cycles), "val" if k == 1 else "train")
        for k in range(cells)
        for n in range(1, cycles + 1)
    ]
    rows = pl.DataFrame(fade, schema=["cell", "n", "q", "side"], orient="row")
    return rows.with_columns(a=pl.col("q").diff().fill_null(0.0), b=pl.col("q") * 2)


@pytest.fixture
def at(warehouse, tmp_path):
    """A session of a warehouse of the test's own."""
    with dg.DagsterInstance.ephemeral() as instance:
        yield SimpleNamespace(warehouse=warehouse, instance=instance, landing=Landing(folder=str(tmp_path)))


def take_in(at, tmp_path, *frames, layout=PLAIN, names=None, **given):
    book, paths = tmp_path / "layout.json", []
    book.write_text(json.dumps(layout.document()))
    for number, frame in enumerate(frames):
        paths.append(tmp_path / (names[number] if names else f"cells{number}.csv"))
        frame.write_csv(paths[-1])
    terms = action.enter_lab_of_cycles(at, LAB, str(book), given)
    landed = action.land_tables(at.landing, LAB, paths)
    return action.enter(at, LAB, terms, landed, lambda *_: None)


def test_cells_of_a_table_become_units_and_rows_with_their_provenance(at, tmp_path):
    [entered] = take_in(at, tmp_path, lives())
    assert entered.status == intake.ACCEPTED
    result = run(at.warehouse, str(tmp_path), MONTH)
    assert result.success
    assert all(check.passed for check in result.get_asset_check_evaluations())
    rows = at.warehouse.read(t.cycle_data, MONTH).collect().sort("battery_id", "cycle_num")
    assert rows.height == 160
    assert rows["cycle_id"].null_count() == 160
    assert rows["feature_3"].null_count() == 160
    cells = at.warehouse.read(t.battery_cell, MONTH).collect()
    units = at.warehouse.read(t.battery_unit, MONTH).collect().join(cells, on="cell_id")
    assert dict(units.select("cell_code", "group_tag").iter_rows()) == dict.fromkeys(
        ("C0", "C2", "C3"), "train"
    ) | {"C1": "val"}
    bytes_ = (tmp_path / "cells0.csv").read_bytes()
    assert json.loads(units["source"][0]) == {
        "file": "cells0.csv", "sha256": hashlib.sha256(bytes_).hexdigest(), "layout": "plain",
    }  # fmt: skip
    left = {code: rows.filter(battery_id=number)["rul"] for code, number in
            units.select("cell_code", "id").iter_rows()}  # fmt: skip
    assert left["C0"].null_count() == 40, "its end was not seen"
    assert left["C1"].to_list()[:2] == [31, 30], "0.8 is reached in cycle 32"
    made = result.asset_materializations_for_node("cycle_data")[0]
    assert "plain" in made.metadata["layout"].value


def test_a_second_import_changes_nothing(at, tmp_path):
    take_in(at, tmp_path, lives())
    assert run(at.warehouse, str(tmp_path), MONTH).success
    before = at.warehouse.profile(t.cycle_data, MONTH)["sha256"]
    assert take_in(at, tmp_path, lives()) == []
    [other] = take_in(at, tmp_path, lives(), names=["other.csv"])
    assert other.status == intake.DUPLICATE
    assert run(at.warehouse, str(tmp_path), MONTH).success
    assert at.warehouse.profile(t.cycle_data, MONTH)["sha256"] == before


def test_every_row_is_accounted_for(at, tmp_path):
    rows = lives(cells=2).cast({"q": pl.String, "a": pl.String, "n": pl.String})
    place = pl.int_range(pl.len())
    bad = rows.with_columns(
        q=pl.when(place == 3).then(pl.lit("NaN")).when(place == 4).then(pl.lit("x")).when(place == 5)
        .then(None).otherwise("q"),
        a=pl.when(place == 6).then(pl.lit("1e300")).otherwise("a"),
        n=pl.when(place == 7).then(pl.lit("1.5")).when(place == 8).then(None).otherwise("n"),
        side=pl.when(place == 9).then(pl.lit("both")).otherwise("side"),
    )  # fmt: skip
    same, other = bad[20:22], bad[30:31].with_columns(q=pl.lit("0.5"))
    take_in(at, tmp_path, pl.concat([bad, same, other]))
    assert run(at.warehouse, str(tmp_path), MONTH).success
    with at.warehouse.transaction() as connection:
        told = accounts.accounts_of(connection, t.cycle_data, MONTH)
    counts = told["rows"]
    assert counts["rows_read"] == 83
    assert counts["rows_quarantined"] == 7 + 2
    assert counts["rows_exact_duplicate"] == 2
    assert counts["rows_loaded"] == 72 == at.warehouse.read(t.cycle_data, MONTH).collect().height
    reasons = {row["reason"]: row["count"] for row in told["quarantine"]}
    assert reasons == {
        "NOT_A_NUMBER": 2, "CONFLICTING_DUPLICATE": 2, "NON_FINITE": 1, "NULL_REQUIRED": 1,
        "OUT_OF_RANGE": 1, "NULL_KEY": 1, "NOT_IN_ENUM": 1,
    }  # fmt: skip


def test_a_file_of_other_bytes_under_the_same_name_takes_its_place(at, tmp_path):
    take_in(at, tmp_path, lives())
    take_in(at, tmp_path, lives(cycles=50))
    assert run(at.warehouse, str(tmp_path), MONTH).success
    assert at.warehouse.read(t.cycle_data, MONTH).collect().height == 200


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda rows: rows.drop("a"), "MISSING_COLUMN: cells0.csv has no column 'a'"),
        (lambda rows: rows.head(0), "NO_ROWS"),
        (lambda rows: rows.with_columns(side=pl.when(pl.col("n") > 3).then(pl.lit("test")).otherwise("side")),
         "IDENTITY: cell C0 is on several sides of the split: test, train"),
    ],
)  # fmt: skip
def test_what_is_no_such_table_is_refused(at, tmp_path, change, words):
    [entered] = take_in(at, tmp_path, change(lives()))
    assert entered.status == intake.REFUSED
    assert words in entered.reason
    assert action.forget_refused(at, LAB)


def test_other_terms_of_a_lab_with_data_are_refused(at, tmp_path):
    take_in(at, tmp_path, lives())
    assert run(at.warehouse, str(tmp_path), MONTH).success
    with pytest.raises(UserError, match="made with other settings"):
        take_in(at, tmp_path, lives(), nominal_capacity_ah=2.0)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"name": "x", "features": {"feature_9": "a"}, "pcl": "p"}, "feature_1 to feature_8"),
        ({"name": "x", "features": {"feature_1": "a"}}, "one column of health"),
        ({"name": "x", "features": {"feature_1": "a"}, "pcl": "a"}, "stands for two things"),
        ({"name": "x", "features": {"feature_1": "a"}, "pcl": "p", "color": "red"}, "no field 'color'"),
        ({"name": "x"}, "needs 'features'"),
    ],
)
def test_a_layout_that_cannot_be_says_why(document, words):
    with pytest.raises(ValueError, match=words):
        Layout.of(document)
    with pytest.raises(ValueError, match="is no layout"):
        layout_of("sevenson")


def test_a_layout_is_what_its_document_gives():
    for layout in LAYOUTS.values():
        assert Layout.of(json.loads(json.dumps(layout.document()))) == layout


def test_the_order_of_rows_numbers_the_cycles_of_a_file_that_is_a_cell(tmp_path):
    xjtu = LAYOUTS["hust"]
    rows = pl.DataFrame({name: [0.001, 0.002] for name in xjtu.columns})
    rows.write_csv(tmp_path / "1-1.csv")
    found = read_tables([tmp_path / "1-1.csv"], xjtu, 1.1).rows
    assert found.select("cell", "cycle_num").rows() == [("1-1", 1), ("1-1", 2)]
    (tmp_path / "1.txt").write_text("x")
    with pytest.raises(FileRefused, match="UNKNOWN_FORMAT"):
        read_tables([tmp_path / "1.txt"], xjtu, 1.1)


@pytest.mark.parametrize(
    ("name", "path", "cells", "rows"),
    [
        ("severson", "severson_cycles/cycles_84_cells.parquet", 84, 58_041),
        ("xjtu", "xjtu_cycles/XJTU.parquet", 55, 23_297),
    ],
)
def test_published_sets_are_read_whole(shared_data, name, path, cells, rows):
    layout = LAYOUTS[name]
    found = read_tables([shared_data / path], layout, layout.nominal_capacity_ah)
    assert found.rows.height == rows == found.files["rows_read"][0]
    assert found.rows["cell"].n_unique() == cells
    assert found.quarantine.is_empty()
