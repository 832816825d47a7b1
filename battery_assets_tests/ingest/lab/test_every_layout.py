"""The same test of the same cell, in the layouts of nine makers, becomes the same points."""

import numpy as np
import polars as pl
import pytest

from battery_assets.ingest.lab.contract import LabContract
from battery_assets.ingest.lab.dialects.recognise import DIALECTS
from battery_assets.ingest.lab.dialects.vocabulary import COLUMN_WORDS, DIMENSIONS, POINTS_SCHEMA
from battery_assets.ingest.lab.read import read, recognise
from battery_assets.ingest.lab.reading import Reading
from battery_assets.ingest.lab.refusal import LabFileRefused
from battery_assets_tests.worlds.lab_files.made_files import (
    CAPACITY_AH,
    LAYOUTS,
    START,
    TRUTH,
    made,
    rows_of,
    same_as_truth,
    written,
)

LAST = TRUTH.tail(1).to_dicts()[0]
VERSIONS = {"neware": 5, "landt": 4}


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_is_recognised_by_its_content_and_read_as_it_was(name, tmp_path):
    path = written(tmp_path, made(name), "some_name.xyz")
    assert recognise(path) == name
    one = read(path, LabContract(nominal_capacity_ah=CAPACITY_AH))
    assert one.points.schema == POINTS_SCHEMA
    assert one.account() == {
        "rows_read": TRUTH.height,
        "rows_loaded": TRUTH.height,
        "rows_quarantined": 0,
        "rows_exact_duplicate": 0,
    }
    same_as_truth(one.points)
    assert one.points["cycle_count"].to_list() == TRUTH["cycle"].to_list()
    assert one.points["step_index"].to_list() == TRUTH["step"].to_list()
    assert one.points["step_count"].n_unique() == 10
    version = VERSIONS.get(name, 3)
    assert (one.source.reader, one.source.reader_version, len(one.source.sha256)) == (name, version, 64)


@pytest.mark.parametrize("name", LAYOUTS)
def test_counters_of_any_kind_become_the_same_cumulative_charge(name, tmp_path):
    one = read(written(tmp_path, made(name)))
    charge, discharge = one.moved()
    assert charge.ah == pytest.approx(LAST["charge_ah"], rel=1e-3)
    assert discharge.ah == pytest.approx(LAST["discharge_ah"], rel=1e-3)
    # What flowed before the first row is no counter's: it is 0 here.
    assert one.points["charge_ah"][-1] == pytest.approx(LAST["charge_ah"], rel=1e-6)
    assert one.points["discharge_ah"][-1] == pytest.approx(LAST["discharge_ah"], rel=1e-6)
    assert (np.diff(one.points["charge_ah"].to_numpy()) >= -1e-12).all()


@pytest.mark.parametrize("name", ["arbin", "maccor", "neware", "novonix", "pec", "landt"])
def test_the_clock_is_an_instant_only_where_the_contract_names_its_zone(name, tmp_path):
    path = written(tmp_path, made(name))
    without, oslo = read(path), read(path, LabContract(timezone="Europe/Oslo"))
    assert without.points["ts"].null_count() == TRUTH.height
    assert any("no zone" in finding for finding in without.findings)
    first = without.points["wall_clock"][0]
    assert (first - START).total_seconds() == 60
    assert oslo.points["ts"][0].isoformat() == "2026-03-02T07:31:00+00:00"


def test_epoch_seconds_are_instants_by_themselves(tmp_path):
    one = read(written(tmp_path, made("battery data format")))
    assert one.points["ts"][0].isoformat() == "2026-03-02T08:31:00+00:00"


def test_a_declared_start_gives_instants_where_points_have_no_clock(tmp_path):
    one = read(written(tmp_path, made("basytec")), LabContract(timezone="Europe/Oslo"))
    assert one.points["ts"][0].isoformat() == "2026-03-02T07:31:00+00:00"
    assert one.declared.started_at == START


def test_summer_time_ends_within_a_test_and_elapsed_time_is_the_truth(tmp_path):
    rows = rows_of("arbin")
    clock = rows[0].index("Date_Time")
    for number, row in enumerate(rows[1:]):
        minutes = 60 + number
        shown = minutes if minutes < 180 else minutes - 60
        row[clock] = f"10/25/2026 {shown // 60:02d}:{shown % 60:02d}:00"
    one = read(written(tmp_path, made("arbin", rows)), LabContract(timezone="Europe/Oslo"))
    same_as_truth(one.points)
    assert any("goes back by 3540 s" in finding for finding in one.findings)
    steps = one.points["ts"].diff().drop_nulls().dt.total_seconds().unique().to_list()
    assert steps == [60]


def test_a_battery_data_file_in_parquet_is_the_same_as_in_csv(tmp_path):
    path = written(tmp_path, made("battery data format"), "a.csv")
    pl.read_csv(path).write_parquet(tmp_path / "a.parquet")
    csv, parquet = read(path), read(tmp_path / "a.parquet")
    assert parquet.source.reader == "battery data format"
    assert csv.points.drop("line").equals(parquet.points.drop("line"))
    assert csv.source.content_sha256 == parquet.source.content_sha256
    assert csv.source.sha256 != parquet.source.sha256


def test_machine_names_are_the_same_as_labels(tmp_path):
    machine = {
        "Test Time / s": "test_time_second", "Voltage / V": "voltage_volt", "Current / A": "current_ampere",
        "Unix Time / s": "unix_time_second", "Cycle Count / 1": "cycle_count", "Step Index / 1": "step_index",
        "Ambient Temperature / degC": "ambient_temperature_celsius", "Charging Capacity / Ah": "charging_capacity_ah",
        "Discharging Capacity / Ah": "discharging_capacity_ah", "Net Capacity / Ah": "net_capacity_ah",
    }  # fmt: skip
    rows = rows_of("battery data format")
    renamed = [[machine[name] for name in rows[0]], *rows[1:]]
    labels = read(written(tmp_path, made("battery data format"), "labels"))
    names = read(written(tmp_path, made("battery data format", renamed), "names"))
    assert names.points.equals(labels.points)


def test_no_two_dialects_claim_the_headings_of_one_layout(tmp_path):
    from battery_assets.ingest.lab.dialects.headings import headings

    for name in LAYOUTS:
        found = headings(rows_of(name)[0])
        claims = [dialect.name for dialect in DIALECTS if dialect.signed(found)]
        assert claims[0] == name


def test_every_word_is_explained_and_every_dialect_gives_the_required_ones():
    assert COLUMN_WORDS.keys() == POINTS_SCHEMA.keys()
    for dialect in DIALECTS:
        words = {column.word for column in dialect.columns if column.required}
        assert {"test_time_s", "voltage_v", "current_a"} <= words
        assert {column.word for column in dialect.columns} <= DIMENSIONS.keys()


def test_an_unknown_layout_is_refused_with_its_headings_and_the_nearest_dialects(tmp_path):
    path = written(tmp_path, b"Zeit;Spannung;Strom\n0;3.7;0.1\n1;3.7;0.1\n")
    with pytest.raises(LabFileRefused) as refusal:
        read(path)
    assert refusal.value.reason == "UNKNOWN_DIALECT"
    assert "'Zeit', 'Spannung', 'Strom'" in refusal.value.found
    assert "nearest: " in refusal.value.expected
    assert "declare" in refusal.value.next_step


def test_an_unknown_layout_is_read_as_the_contract_declares_it(tmp_path):
    path = written(tmp_path, b"Zeit;Spannung;Strom\n0;3,70;0\n1;3,75;100\n2;3,76;100\n")
    columns = (("Zeit", "test_time_s", 1.0), ("Spannung", "voltage_v", 1.0), ("Strom", "current_a", 1e-3))
    one = read(path, LabContract(columns=columns))
    assert one.points["current_a"].to_list() == [0.0, 0.1, 0.1]
    assert one.points["voltage_v"].to_list() == [3.7, 3.75, 3.76]
    assert "numbers have a decimal comma" in one.findings


def test_the_books_of_a_reading_must_balance(tmp_path):
    one = read(written(tmp_path, made("arbin")))
    with pytest.raises(AssertionError, match=r"rows_read"):
        Reading(**{**one.__dict__, "rows_read": one.rows_read + 1})
