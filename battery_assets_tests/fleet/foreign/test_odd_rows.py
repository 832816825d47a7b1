"""One odd row, file or site stops no month, and what is missing is told: the rest is computed."""

import os
from datetime import UTC, datetime

import polars as pl
import pytest
import sqlalchemy as sa

from battery_assets.errors import UserError
from battery_assets_tests.fleet.foreign.conftest import objections
from battery_assets_tests.fleet.foreign.sites import BEGAN, ForeignSite

MONTH = ["2025-03"]
STRANGER = "00000000-0000-4000-8000-000000000001"


def test_rows_of_strangers_and_of_other_times_are_counted_and_left_alone(take_in, tmp_path):
    site = ForeignSite("strangers")
    jar_row = site.tables["telemetry_jar_raw"].head(1)
    string_row = site.tables["telemetry_string_raw"].head(1)
    odd = [
        jar_row.with_columns(battery_id=pl.lit(STRANGER)),
        jar_row.with_columns(ts=datetime(2009, 1, 1, tzinfo=UTC)),
    ]
    site.changed("telemetry_jar_raw", lambda rows: pl.concat([rows, *odd]))
    site.changed(
        "telemetry_string_raw",
        lambda rows: pl.concat([rows, string_row.with_columns(string_id=pl.lit(STRANGER))]),
    )
    site.changed("battery", lambda rows: rows.with_columns(battery_code=pl.lit(f"{site.name}-same")))
    seen = take_in(site.write(tmp_path), site.name)
    assert seen.months == MONTH
    words = seen.findings["words"].to_list()
    assert sum(f"{STRANGER} x 1" in told for told in words) == 2
    assert any("rows of 2009-01" in told for told in words)
    assert sum("battery_code: 'strangers-same' is the name of" in told for told in words) == site.jars - 1
    assert seen.twins.height == site.jars


@pytest.mark.parametrize("missing", ["battery_model", "telemetry_string_raw", "battery", "battery_system"])
def test_an_export_that_lacks_a_table_is_computed_as_far_as_it_carries(take_in, tmp_path, missing):
    site = ForeignSite(f"no-{missing.replace('_', '-')}")
    del site.tables[missing]
    seen = take_in(site.write(tmp_path), site.name)
    assert seen.months == MONTH
    if missing == "battery":
        assert any("battery does not name" in told for told in seen.findings["words"])
    else:
        assert seen.twins.height == site.jars
        assert seen.twins["soh_pct"].min() > 85
    if missing == "telemetry_string_raw":
        assert seen.twins["soc_pct"].null_count() == site.jars


def test_an_export_without_temperatures_says_nothing_of_them(take_in, tmp_path):
    site = ForeignSite("no-temperatures").changed(
        "telemetry_jar_raw", lambda rows: rows.drop("temperature_c")
    )
    seen = take_in(site.write(tmp_path), site.name)
    assert seen.twins.height == site.jars
    assert not seen.alerts.height


def test_what_is_no_export_is_told_with_its_name_and_hangs_nobody(take_in, tmp_path, platform):
    site = ForeignSite("odd-files")
    folder = site.write(tmp_path / "export")
    (folder / "telemetry_jars_2025.csv").write_text("ts\n")
    landing = platform.landing.root(site.name) / site.name
    landing.mkdir(parents=True)
    os.mkfifo(landing / "user_2.csv")
    (landing / os.fsdecode(b"telemetry_jar_raw_\xff2.csv")).write_text("ts\n")
    secret = tmp_path / "secret.csv"
    secret.write_text("ts\n")
    (folder / "user.csv").symlink_to(secret)
    os.mkfifo(folder / "telemetry_env.csv")
    seen = take_in(folder, site.name)
    assert seen.twins.height == site.jars
    assert set(seen.quarantine["reason"]) == {"UNKNOWN_TABLE", "NOT_A_FILE", "ENCODING"}
    assert not (landing / "user.csv").exists()
    words = seen.findings["words"].to_list()
    assert "user.csv was left out: it is a link that leads to no file of the export" in words
    assert "telemetry_env.csv was left out: it is no file" in words


def test_an_address_that_stands_in_another_column_is_nowhere_in_the_books(take_in, tmp_path, platform):
    site = ForeignSite("addresses")
    stamp = BEGAN.isoformat()
    rows = {"event_id": [site.id("event", n) for n in range(2)], "technician_id": ["a.person@example.org", ""],
            "event_type": ["corrective"] * 2, "status": ["completed", "done by b.person@example.org"],
            "created_at": [stamp] * 2, "updated_at": [stamp] * 2}  # fmt: skip
    site.tables["maintenance_event"] = pl.DataFrame(rows)
    seen = take_in(site.write(tmp_path / "export"), site.name)
    assert {"BAD_UUID", "NOT_IN_ENUM"} <= set(seen.quarantine["reason"])
    with platform.warehouse.transaction() as connection:
        for books in ("ingest_file", "quarantined_row"):
            query = f"SELECT b::text FROM platform.{books} b WHERE site = :site"
            told = connection.execute(sa.text(query), {"site": site.name}).scalars().all()
            assert told
            assert not [words for words in told if "person" in words]


def test_a_site_whose_settings_are_broken_stops_no_other(take_in, platform, tmp_path):
    from battery_assets.platform.registry import books as registry
    from battery_assets.platform.registry.kinds import FILES

    with platform.warehouse.transaction() as connection:
        registry.put_site(connection, "broken", FILES, {"timezone": "Nowhere/Else"})
    site = ForeignSite("healthy")
    assert take_in(site.write(tmp_path), site.name).twins.height == site.jars
    with platform.warehouse.transaction() as connection:
        registry.put_site(connection, "broken", FILES, {"timezone": "UTC"})


def test_blocks_of_6_v_and_of_2_v_are_healthy_and_charged(take_in, tmp_path):
    for cells, jars in ((3, 8), (1, 12)):
        site = ForeignSite(f"cells-{cells}", jars=jars, cells=cells)
        site.rounds(lambda new: new)
        seen = take_in(site.write(tmp_path / site.name), site.name)
        assert not seen.alerts.height, seen.alerts["message"].to_list()
        assert seen.twins["soc_pct"].min() > 95
        assert seen.twins["soh_pct"].min() > 85
        assert seen.twins["r0_mohm"].max() < 1.5 * 5.1 * 1.3 * cells / 6


def test_other_chemistries_are_watched_and_said_to_be_outside(take_in, tmp_path):
    site = ForeignSite("lithium", chemistry="LiFePO4")
    high = pl.when(site.jar(3)).then(pl.col("voltage_v") + 0.6).otherwise("voltage_v")
    site.changed("telemetry_jar_raw", lambda rows: rows.with_columns(voltage_v=high))
    more = pl.col("voltage_v") + 0.6
    site.changed("telemetry_string_raw", lambda rows: rows.with_columns(voltage_v=more))
    seen = take_in(site.write(tmp_path), site.name)
    assert seen.twins.height == seen.lives.height == 0
    [told] = objections(seen, "info")
    assert "6 jars are Li-ion" in told
    assert seen.alerts.filter(alert_type="voltage_high", battery_id=site.id("jar", 3)).height == 1


def test_modules_of_48_v_are_taken_in_and_watched(take_in, tmp_path):
    site = ForeignSite("modules", jars=2, cells=24, chemistry="LFP")
    seen = take_in(site.write(tmp_path), site.name)
    assert not seen.quarantine.height
    assert seen.features.height
    [told] = objections(seen, "info")
    assert "2 jars are Li-ion" in told
    assert seen.alerts.height == 1, seen.alerts["message"].to_list()


def test_a_test_that_telemetry_disproves_is_no_evidence(take_in, tmp_path):
    site = ForeignSite("on-paper")
    site.tables["capacity_test_raw"] = pl.DataFrame(
        {"test_id": [site.id("test")], "string_id": [site.id("string")], "test_date": [BEGAN.replace(hour=9)],
         "test_type": ["full_discharge"], "discharge_rate_a": [10.0], "discharge_duration_min": [420.0],
         "cutoff_voltage_v": [63.0]}
    )  # fmt: skip
    own = take_in(site.write(tmp_path), site.name)
    assert own.tests.rows() == [(None, None)]
    assert any("0.08 A all the time" in told for told in objections(own, "warning"))


def test_an_export_under_a_second_name_is_bad_input_and_leaves_no_ghost(take_in, tmp_path, platform):
    from battery_assets.platform.registry import books as registry

    site = ForeignSite("told-once")
    folder = site.write(tmp_path)
    take_in(folder, site.name)
    with pytest.raises(UserError) as refused:
        take_in(folder, "told-twice")
    assert refused.value.exit_code == 1
    assert "belongs to site told-once already" in refused.value.message
    assert refused.value.next_step.startswith(
        "import it as --site told-once, or run `battery-assets site remove"
    )
    with platform.warehouse.transaction() as connection:
        known = {row.site for row in registry.sites(connection)}
    assert site.name in known and "told-twice" not in known
    assert not (platform.landing.root("told-twice") / "told-twice").exists()
