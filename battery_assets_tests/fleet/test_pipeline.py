"""The main job on real input and on a small synthetic site, with nothing replaced by a stand-in."""

import os
import re

import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets_tests.worlds.homes import fresh_home

ROUNDING = 0.01


@pytest.fixture(scope="module")
def platform():
    """A platform of the module's own: embedded database, lake, Dagster storage, MLflow database."""
    from battery_assets.actions.session import quiet_logs, session

    before = dict(os.environ)
    quiet_logs()
    with fresh_home() as settings, session(settings) as at:
        yield at
    os.environ.clear()
    os.environ.update(before)


def checksums(at, site: str) -> dict[tuple[str, str], tuple[int, str]]:
    from battery_assets.platform.registry import books as registry

    with at.warehouse.transaction() as connection:
        return {
            (table.name, row.month): (row.rows, row.sha256)
            for table in t.FLEET_TABLES
            for row in registry.committed_parts(connection, table, site=site)
        }


def fetched(at, query: str, **told) -> list[tuple]:
    with at.warehouse.transaction() as connection:
        return [tuple(row) for row in connection.execute(sa.text(query), told)]


def no_bar(total: int):
    from contextlib import nullcontext

    return nullcontext(lambda step, ended: None)


@pytest.fixture(scope="module")
def synthetic(platform) -> dict:
    """Two months of a small synthetic site, run once."""
    from battery_assets.actions.session import put_site, run_here

    put_site(
        platform,
        "tiny",
        "synthetic",
        {"place": "phuket", "seed": 3, "interval_s": 900, "strings": 2, "start": "2025-01"},
    )
    run_here("catalogue")
    for month in ("2025-01", "2025-02"):
        run_here("site_month", month, "tiny")
    return checksums(platform, "tiny")


def test_every_table_of_a_site_month_is_there(platform, synthetic):
    site_tables = {table.name for table in t.FLEET_TABLES if table.info["cut"] == "site_month"}
    assert {name for name, month in synthetic if month == "2025-02"} == site_tables
    for name in (
        "telemetry_jar_raw",
        "telemetry_jar_calc",
        "feature_store",
        "digital_twin_state",
        "rul_prediction",
    ):
        assert synthetic[name, "2025-02"][0] > 0


def test_every_raw_sample_has_its_calculated_one(platform, synthetic):
    for kind in ("jar", "string"):
        assert (
            synthetic[f"telemetry_{kind}_raw", "2025-01"][0]
            == synthetic[f"telemetry_{kind}_calc", "2025-01"][0]
        )


def test_every_fast_window_is_a_file_of_the_lake_and_distortion_is_read_off_its_bursts(platform, synthetic):
    import polars as pl

    from battery_assets.fleet.captures import recorded_bursts
    from battery_assets.platform.dagster.partitions import Part

    part, warehouse = Part("tiny", "2025-01"), platform.warehouse
    windows = warehouse.read(t.telemetry_event_window, part).collect()
    assert windows.filter(pl.col("trigger") == "schedule").height > 55
    for row in windows.gather_every(10).to_dicts():
        assert warehouse.has_capture(row["data_blob_url"])
        capture = warehouse.capture(row["data_blob_url"])
        assert capture.height == row["samples_count"]
        assert capture["waveform_v"].drop_nulls().len() == row["bursts_count"]
    bursts = recorded_bursts(warehouse, part).filter("steady", ~pl.col("discharge"))
    calc = warehouse.read(t.telemetry_string_calc, part).collect()
    raw = warehouse.read(t.telemetry_string_raw, part, ["ts", "string_id", "mode"]).collect()
    joined = calc.join(raw, on=["ts", "string_id"]).filter(pl.col("mode") != "discharge")
    assert joined["thd_pct"].null_count() < 0.05 * joined.height
    for string in windows["string_id"].unique():
        own = bursts.filter(pl.col("string_id") == string)["thd_pct"].clip(upper_bound=999.99)
        held = joined.filter(pl.col("string_id") == string)["thd_pct"].drop_nulls()
        assert own.min() - 0.01 <= held.min() <= held.max() <= own.max() + 0.01


def test_the_windows_of_a_month_show_a_ripple_a_load_and_what_was_found(platform, synthetic):
    import dagster as dg

    with dg.DagsterInstance.get() as instance:
        record = instance.get_latest_materialization_event(dg.AssetKey("telemetry_event_window"))
    shown = record.asset_materialization.metadata
    assert "| string_code | diagnosis |" in shown["findings"].value
    for name in ("ripple", "load"):
        assert shown[name].value.startswith("![](data:image/png;base64,")


def test_a_month_run_again_has_the_same_content(platform, synthetic):
    from battery_assets.actions.session import run_here

    run_here("site_month", "2025-01", "tiny")
    # The incident asset links the alerts again, so that theirs are the linked rows both times.
    assert checksums(platform, "tiny") == synthetic


def test_every_jar_in_service_has_a_prediction_with_interval_and_reasons(platform, synthetic):
    rows = fetched(
        platform,
        """
        SELECT p.rul_lower_ci_days <= p.rul_days AND p.rul_days <= p.rul_upper_ci_days,
               p.failure_probability_30d <= p.failure_probability_90d, p.explanation_json IS NOT NULL,
               p.feature_snapshot_json ->> 'soh_pct' IS NOT NULL
        FROM fleet.battery b LEFT JOIN fleet.rul_prediction p ON p.battery_id = b.battery_id AND p.month = '2025-02'
        WHERE b.site = 'tiny' AND b.replaced_date IS NULL""",
    )
    assert len(rows) == 48
    assert all(all(row) for row in rows)


def test_the_estimated_health_is_near_the_truth_and_its_deviation_honest(platform, synthetic):
    """Held against the generator's truth, which no feature or model reads."""
    import polars as pl

    from battery_assets.fleet.jars import HealthEvidence, jar_facts
    from battery_assets.fleet.sources import synthetic_site
    from battery_assets.platform.dagster.partitions import Part
    from battery_assets.platform.registry import books as registry
    from battery_assets.synthetic.truth import truth

    part = Part("tiny", "2025-02")
    with platform.warehouse.transaction() as connection:
        [config] = [row.config for row in registry.sites(connection) if row.site == "tiny"]
    jars = jar_facts(platform.warehouse, part).filter(pl.col("replaced_date").is_null())
    evidence = HealthEvidence.of(platform.warehouse, part, jars)
    for _, rows in platform.warehouse.days(t.telemetry_jar_raw, part):
        evidence.add_day(rows)
    found = evidence.health(part.end).join(
        truth(synthetic_site(part, config), part.month).select("battery_id", truth_pct="soh_pct"),
        on="battery_id",
    )
    error = found["soh_pct"] - found["truth_pct"]
    assert found.height == 48
    assert (error**2).mean() ** 0.5 < 6.0
    assert (error.abs() < 1.645 * found["soh_std_pct"]).mean() > 0.8


def test_every_string_has_its_minutes_and_its_weakest_jar(platform, synthetic):
    rows = fetched(
        platform,
        """
        SELECT s.string_code, r.load_basis, r.runtime_lower_min, r.runtime_min, r.runtime_upper_min, b.string_id = s.string_id
        FROM fleet.string s JOIN fleet.string_runtime r ON r.string_id = s.string_id AND r.month = '2025-02'
        LEFT JOIN fleet.battery b ON b.battery_id = r.weakest_battery_id
        WHERE s.site = 'tiny'""",
    )
    assert len(rows) == 6
    assert {row[1] for row in rows} >= {"rated_15min", "rated_1h"}
    for string, basis, low, middle, high, own_jar in rows:
        assert own_jar, f"{string} {basis}: the weakest jar is of another string"
        assert 0 < low < middle < high < 600


def test_no_feature_is_constant_or_empty(platform, synthetic):
    columns = [c.name for c in t.feature_store.columns if c.info["kind"] in ("decimal", "integer")]
    for window in (1, 24, 168):
        for name in columns:
            if name == "feature_window_hours":
                continue
            column = t.feature_store.c[name]
            query = sa.select(sa.func.count(column), sa.func.count(sa.distinct(column))).where(
                t.feature_store.c.site == "tiny", t.feature_store.c.feature_window_hours == window
            )
            with platform.warehouse.transaction() as connection:
                there, different = connection.execute(query).one()
            assert there > 0, f"{name} over {window} h is empty"
            # 48 jars at 15 min see no surge in two quiet months; every other feature must vary.
            assert different > 1 or name == "surge_events_count", f"{name} over {window} h is constant"


def test_the_training_says_how_many_failures_it_lacks(platform, synthetic):
    from battery_assets.actions.session import run_here
    from battery_assets.errors import UserError

    with pytest.raises(UserError, match=r"observed ends of life before the cut-off, \d+ needed"):
        run_here("training", "2025-02")


# The export was made by V = OCV - I R with positive currents that it calls charge: its discharges are positive.
TERMS = {"timezone": "Asia/Bangkok", "json_dialect": "python-literal-ok", "positive_current": "discharges"}


@pytest.fixture(scope="module")
def undeclared(platform, shared_data):
    """The foreign export, taken in without a word about its sign: what the operator is told, what is there."""
    from battery_assets.actions.import_export import imported
    from battery_assets.errors import UserError

    terms = {name: value for name, value in TERMS.items() if name != "positive_current"}
    with pytest.raises(UserError) as refused:
        imported(platform, shared_data / "fleet_export", "cnx-01", terms, no_bar)
    return str(refused.value), {name for name, _ in checksums(platform, "cnx-01")}


@pytest.fixture(scope="module")
def export(platform, shared_data, undeclared):
    """The foreign export, taken in again with its sign declared."""
    from battery_assets.actions.import_export import imported

    months = imported(platform, shared_data / "fleet_export", "cnx-01", TERMS, no_bar)
    return months, checksums(platform, "cnx-01")


def test_an_export_whose_sign_contradicts_its_voltage_is_stopped_until_the_sign_is_declared(undeclared):
    """Kept as it came, told in words that lead on, and nothing is calculated from it."""
    words, kept = undeclared
    assert "telemetry_string_raw: the check current_sign is red: string DC-CNX-01-REC-01-S1" in words
    assert re.search(
        r"expected the voltage to rise with the current, found it fall \(\d+ of \d+ steps\)", words
    )
    assert "--contract positive_current=discharges" in words
    assert {"telemetry_jar_raw", "telemetry_string_raw", "impedance_measurement_raw"} <= kept
    assert not {"telemetry_jar_calc", "telemetry_string_calc", "feature_store", "alert"} & kept


def test_the_export_is_loaded_row_for_row(platform, export):
    from battery_assets.actions.import_export import accounts

    months, _ = export
    assert months == ["2026-11"]
    told = accounts(platform, "cnx-01", "2026-11")
    read = {row[0]: row[1:7] for row in told["accounts"]}
    expected = {
        "location": 9,
        "battery_model": 2,
        "battery_system": 1,
        "string": 1,
        "battery": 24,
        "environmental_sensor": 24,
        "user": 6,
        "telemetry_jar_raw": 69_120,
        "telemetry_string_raw": 2_880,
        "maintenance_event": 42,
        "capacity_test_raw": 1,
        "impedance_measurement_raw": 24,
    }
    assert read == {name: (rows, rows, 0, 0, 0, 0) for name, rows in expected.items()}


def test_what_was_read_otherwise_than_it_stood_is_told(platform, export):
    from battery_assets.actions.import_export import accounts

    found = " | ".join(
        f"{table}: {words}" for table, words in accounts(platform, "cnx-01", "2026-11")["findings"]
    )
    for words in (
        "extra columns ignored: soc_pct, soh_pct",
        "current_a: sign turned, since positive discharges in this source",
        "naive timestamps read as Asia/Bangkok",
        "photo_urls: Python literals turned into JSON",
        "location_ids: Python literals turned into JSON",
        "technician_id: 42 rows name a user that is not there",
    ):
        assert words in found


def test_the_exports_voltages_are_objected_to_and_become_work(platform, export):
    [(message,)] = fetched(
        platform,
        """SELECT message FROM fleet.alert
        WHERE site = 'cnx-01' AND alert_type = 'data_quality' AND severity = 'critical'""",
    )
    assert "below 12.89 V, the open circuit voltage of a full jar" in message
    orders = fetched(
        platform,
        """SELECT w.title, w.due_date, i.incident_code FROM fleet.work_order w
        JOIN fleet.incident i USING (incident_id) WHERE w.site = 'cnx-01'""",
    )
    assert any("Check charger" in title for title, _, _ in orders)
    assert all(due is not None for _, due, _ in orders)
    [(unlinked,)] = fetched(
        platform,
        """SELECT count(*) FROM fleet.alert
        WHERE site = 'cnx-01' AND severity <> 'info' AND incident_id IS NULL""",
    )
    assert unlinked == 0


def test_the_export_gives_the_same_result_twice(platform, export, shared_data):
    from battery_assets.actions.import_export import imported

    _, first = export
    imported(platform, shared_data / "fleet_export", "cnx-01", TERMS, no_bar)
    assert checksums(platform, "cnx-01") == first


def test_a_real_discharge_test_gives_its_capacity(platform, shared_data):
    from battery_assets.actions.import_capacity_test import imported_test

    path = shared_data / "lead_acid" / "agm_12v_100ah_charge_discharge.xlsx"
    assert imported_test(platform, path, "agm-1", 100.0, "central", "Nonthaburi", None, no_bar) == ["2016-07"]
    [(rate, measured, percent, verdict)] = fetched(
        platform,
        """
        SELECT r.discharge_rate_a, c.measured_capacity_ah, c.capacity_pct_of_rated, c.pass_fail
        FROM fleet.capacity_test_raw r JOIN fleet.capacity_test_calc c USING (test_id) WHERE r.site = 'agm-1'""",
    )
    assert float(rate) == pytest.approx(10.0, abs=ROUNDING)
    assert float(measured) == pytest.approx(94.78, abs=0.05)
    assert float(percent) == pytest.approx(95.0, abs=1.5)
    assert verdict == "pass"


def test_a_tubular_discharge_test_needs_its_start_and_gives_its_capacity(platform, shared_data):
    from battery_assets.actions.import_capacity_test import imported_test
    from battery_assets.errors import UserError

    path = shared_data / "lead_acid" / "tubular" / "TEST_2_processed.csv"
    with pytest.raises(UserError, match="does not say when the test began"):
        imported_test(platform, path, "tub-2", 100.0, "central", "Nonthaburi", None, no_bar)
    imported_test(platform, path, "tub-2", 100.0, "central", "Nonthaburi", "2024-05-31T08:00:00", no_bar)
    [(measured,)] = fetched(
        platform,
        """SELECT c.measured_capacity_ah FROM fleet.capacity_test_raw r
        JOIN fleet.capacity_test_calc c USING (test_id) WHERE r.site = 'tub-2'""",
    )
    assert float(measured) == pytest.approx(80.62, rel=0.005)


def test_the_report_reads_what_is_there(platform, synthetic, capsys):
    from battery_assets.actions.report import print_report

    print_report(platform, "tiny")
    shown = capsys.readouterr().out
    assert "Jars at risk" in shown
    assert "Ride-through" in shown
    assert "Open incidents" in shown
