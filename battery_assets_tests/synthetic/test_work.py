"""Events, captures and transactions of a month, and that they agree with the telemetry."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from battery_assets import tables as t
from battery_assets.synthetic.calendar import month_index
from battery_assets.synthetic.events import captures, event_windows
from battery_assets.synthetic.layout import layout
from battery_assets.synthetic.master import master
from battery_assets.synthetic.schedule import month_events
from battery_assets.synthetic.signals.telemetry import string_day
from battery_assets.synthetic.site import SyntheticSite
from battery_assets.synthetic.transactions import transactions
from battery_assets.tables.projections import polars_schema

SITE = SyntheticSite.from_config("beta", {"place": "surat-thani", "seed": 8, "interval_s": 60, "strings": 4})
MONTHS = [f"2024-{month:02d}" for month in range(1, 13)]


def same_columns(frame, table):
    """Same names in the same order; integers may be narrower than the reference's."""
    wide = frame.with_columns(pl.col(pl.Int32).cast(pl.Int64))
    return dict(wide.schema) == polars_schema(table)


TABLES = ("maintenance_event", "capacity_test_raw", "impedance_measurement_raw", "audit_log")


@pytest.mark.parametrize("name", TABLES)
def test_transactions_have_the_reference_columns(name):
    for month in ("2024-01", "2024-02"):
        assert same_columns(transactions(SITE, month)[name], getattr(t, name))


def test_windows_have_the_reference_columns_and_their_captures():
    rows, made = event_windows(SITE, "2024-05"), dict(captures(SITE, "2024-05", datetime.now(UTC)))
    assert same_columns(rows, t.telemetry_event_window)
    assert set(rows["window_id"]) == set(made)
    assert set(rows["event_type"]) <= {"discharge_test", "transfer_event", "equalize", "surge"}
    for row in rows.iter_rows(named=True):
        capture = made[row["window_id"]]
        assert capture.columns == [
            "ts", "voltage_v", "current_a", "waveform_v", "waveform_a", "waveform_hz"
        ]  # fmt: skip
        assert capture.height == row["samples_count"]
        assert 100 <= row["sample_rate_ms"] <= 500
        assert (capture["ts"][0], capture["ts"][-1]) == (row["start_ts"], row["end_ts"])
        step = capture["ts"].diff().drop_nulls()
        assert set(step) == {timedelta(milliseconds=row["sample_rate_ms"])}
        bursts = capture.drop_nulls("waveform_v")
        assert bursts.height == row["bursts_count"]
        assert set(bursts["waveform_hz"]) == {12_800}
        assert set(bursts["waveform_v"].list.len()) == set(bursts["waveform_a"].list.len()) == {2624}


def test_a_capacity_test_row_agrees_with_the_telemetry():
    month = next(m for m in MONTHS if transactions(SITE, m)["capacity_test_raw"].height)
    row = transactions(SITE, month)["capacity_test_raw"].row(0, named=True)
    days = [row["test_date"].date() + timedelta(k) for k in (0, 1)]
    rows = pl.concat([string_day(SITE, day) for day in days]).filter(pl.col("string_id") == row["string_id"])
    test = rows.filter(pl.col("mode") == "discharge", pl.col("ts") >= row["test_date"])
    test = test.filter(pl.col("ts") < row["test_date"] + timedelta(minutes=row["discharge_duration_min"] + 2))
    assert -test["current_a"].mean() == pytest.approx(row["discharge_rate_a"], rel=0.03)
    last = (test["ts"].max() - row["test_date"]).total_seconds() / 60
    assert last == pytest.approx(row["discharge_duration_min"], abs=1.5)
    assert test.sort("ts")["voltage_v"][-1] == pytest.approx(row["cutoff_voltage_v"], abs=3.0)


def test_every_string_is_tested_once_a_year_and_every_jar_measured_each_quarter():
    tests = pl.concat([transactions(SITE, month)["capacity_test_raw"] for month in MONTHS])
    assert sorted(tests["string_id"]) == sorted(layout(SITE).string_ids)
    counts = [transactions(SITE, month)["impedance_measurement_raw"].height for month in MONTHS]
    assert counts == [96, 0, 0] * 4


def test_replacements_of_the_month_are_filed():
    filed = pl.concat([transactions(SITE, month)["maintenance_event"] for month in MONTHS])
    filed = filed.filter(pl.col("event_type") == "replacement")
    jars = master(SITE, "2024-12")["battery"].filter(pl.col("status") != "active")
    assert set(filed["battery_id"]) == set(jars["battery_id"])
    assert filed["event_id"].n_unique() == filed.height


def test_ids_are_unique_and_refer_to_what_exists():
    made = transactions(SITE, "2024-04")
    jars = master(SITE, "2024-04")["battery"]
    assert set(made["impedance_measurement_raw"]["battery_id"]) <= set(jars["battery_id"])
    readings, filed = made["impedance_measurement_raw"], made["maintenance_event"]
    assert set(readings["maintenance_event_id"]) <= set(filed["event_id"])
    for name, key in (("maintenance_event", "event_id"), ("impedance_measurement_raw", "measurement_id"),
                      ("audit_log", "log_id")):  # fmt: skip
        assert made[name][key].n_unique() == made[name].height


def test_events_of_one_string_never_overlap():
    first = month_index("2024-01")
    events = [event for month in range(24) for event in month_events(SITE, first + month)]
    for string in range(SITE.strings):
        own = sorted((e for e in events if e.string == string), key=lambda e: e.start_s)
        ends = np.array([e.start_s + e.reach_s for e in own[:-1]])
        starts = np.array([e.start_s for e in own[1:]])
        assert (starts >= ends).all()
    assert {e.kind for e in events} >= {"transfer", "outage", "self_test", "generator_test", "capacity_test"}
