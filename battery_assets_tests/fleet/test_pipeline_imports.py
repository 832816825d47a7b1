"""Exports and discharge tests of others, through the whole pipeline."""

import re

import pytest

from battery_assets_tests.worlds.piped import checksums, fetched

ROUNDING = 0.01


def no_bar(total: int):
    from contextlib import nullcontext

    return nullcontext(lambda step, ended: None)


# The export was made by V = OCV - I R with positive currents that it calls charge: its discharges are positive.
TERMS = {"timezone": "Asia/Bangkok", "json_dialect": "python-literal-ok", "positive_current": "discharges"}


@pytest.fixture(scope="module")
def undeclared(platform, shared_data):
    """The foreign export, taken in without a word about its sign: what the command ends by, what was computed."""
    from battery_assets import tables as t
    from battery_assets.actions.import_export import import_site
    from battery_assets.actions.red_laws import red_laws
    from battery_assets.platform.dagster.partitions import Part

    terms = {name: value for name, value in TERMS.items() if name != "positive_current"}
    months = import_site(platform, shared_data / "fleet_export", "cnx-01", terms, no_bar)
    part, tables = Part("cnx-01", "2026-11"), (t.telemetry_jar_calc, t.digital_twin_state, t.alert)
    rows = {table.name: platform.warehouse.read(table, part).collect() for table in tables}
    return red_laws(platform, [("cnx-01", month) for month in months]), rows


@pytest.fixture(scope="module")
def export(platform, shared_data, undeclared):
    """The foreign export, taken in again with its sign declared."""
    from battery_assets.actions.import_export import import_site

    months = import_site(platform, shared_data / "fleet_export", "cnx-01", TERMS, no_bar)
    return months, checksums(platform, "cnx-01")


def test_of_an_export_whose_sign_contradicts_its_voltage_nothing_is_told_until_the_sign_is_declared(
    undeclared,
):
    """Kept as it came, told in words that lead on, and nothing is calculated from it."""
    ended, rows = undeclared
    words = str(ended)
    assert (type(ended).__name__, ended.exit_code) == ("RedCheck", 3)
    assert "cnx-01: the check current_sign is red: string DC-CNX-01-REC-01-S1" in words
    assert re.search(
        r"expected the voltage to rise with the current, found it fall \(\d+ of \d+ steps\)", words
    )
    assert "nothing is computed from it in 2026-11" in words
    assert "--contract positive_current=discharges" in words
    charge = rows["telemetry_jar_calc"]
    assert charge.height == 69_120
    assert (charge["soc_pct"].count(), charge["soh_pct"].count(), rows["digital_twin_state"].height) == (
        0,
        0,
        0,
    )
    critical = rows["alert"].filter(alert_type="data_quality", severity="critical")["message"]
    assert any("not told, because the law current_sign is red" in message for message in critical)


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
    from battery_assets.actions.import_export import import_site

    _, first = export
    import_site(platform, shared_data / "fleet_export", "cnx-01", TERMS, no_bar)
    assert checksums(platform, "cnx-01") == first


def test_a_real_discharge_test_gives_its_capacity(platform, shared_data):
    from battery_assets.actions.import_capacity_test import import_discharge_test

    path = shared_data / "lead_acid" / "agm_12v_100ah_charge_discharge.xlsx"
    assert import_discharge_test(platform, path, "agm-1", 100.0, "central", "Nonthaburi", None, no_bar) == [
        "2016-07"
    ]
    [(rate, measured, percent, verdict)] = fetched(
        platform,
        """
        SELECT r.discharge_rate_a, c.measured_capacity_ah, c.capacity_pct_of_rated, c.pass_fail
        FROM fleet.capacity_test_raw r JOIN fleet.capacity_test_calc c USING (test_id) WHERE r.site = 'agm-1'""",
    )
    assert float(rate) == pytest.approx(10.0, abs=ROUNDING)
    assert float(measured) == pytest.approx(94.78, abs=0.05)
    # It ends at 1.742 V a cell, to which a jar of 100 Ah is rated 103 Ah at 10 h (SOURCES 1.1).
    assert float(percent) == pytest.approx(94.78 / 1.032, abs=0.5)
    assert verdict == "pass"


def test_a_tubular_discharge_test_needs_its_start_and_gives_its_capacity(platform, shared_data):
    from battery_assets.actions.import_capacity_test import import_discharge_test
    from battery_assets.errors import UserError

    path = shared_data / "lead_acid" / "tubular" / "TEST_2_processed.csv"
    with pytest.raises(UserError, match="does not say when the test began"):
        import_discharge_test(platform, path, "tub-2", 100.0, "central", "Nonthaburi", None, no_bar)
    import_discharge_test(
        platform, path, "tub-2", 100.0, "central", "Nonthaburi", "2024-05-31T08:00:00", no_bar
    )
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
