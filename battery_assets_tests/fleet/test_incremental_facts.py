"""Facts that are filed later change the days after them."""

from datetime import UTC, date, datetime, timedelta

import polars as pl

from battery_assets import tables as t
from battery_assets.platform.days import plan
from battery_assets_tests.worlds.months.nightly import Site
from battery_assets_tests.worlds.months.replaced import BY_DAY, CALC, SAME


def _health_around(site: Site, day: date) -> list[pl.DataFrame]:
    """Health of each jar before a day of the month, and from it on."""
    rows = site.rows(t.telemetry_jar_calc).with_columns(pl.col("battery_id").cast(pl.String))
    early = pl.col("ts").dt.date() < day
    return [
        rows.filter(which).group_by("battery_id").agg(pl.col("soh_pct").last()).sort("battery_id")
        for which in (early, ~early)
    ]


def test_evidence_filed_later_changes_the_days_after_it(site, at_once):
    """A capacity test of the 20th that somebody enters, with its record, at the end of the month."""
    table = t.capacity_test_raw
    began = datetime(2025, 2, 20, 3, tzinfo=UTC)
    minutes = pl.DataFrame({"minute": range(631)})
    record = minutes.select(
        ts=pl.lit(began) + pl.duration(minutes="minute"),
        current_a=pl.lit(-12.0),
        voltage_v=12.7 - 1.9 * pl.col("minute") / 630,
    )
    test = {
        "test_id": "00000000-0000-0000-0000-0000000000aa",
        "string_id": site.rows(t.string)["string_id"][0],
        "test_date": began,
        "test_type": "full_discharge",
        "discharge_rate_a": 12.0,
        "discharge_duration_min": 630.0,
        "raw_data_url": site.warehouse.keep_capture(site.part, "test", record),
    }
    rows = pl.concat([site.rows(table), pl.DataFrame([test])], how="diagonal_relaxed")
    site.warehouse.replace(table, site.warehouse.claim(table, site.part), rows)
    site.run(only=CALC)
    made = site.made()
    assert made["telemetry_jar_calc"] == (8, 20), "the health of the 21st is the first that knows of it"
    assert made["feature_store"] == (0, 28)
    (before, after), (same, found) = (_health_around(one, date(2025, 2, 21)) for one in (at_once, site))
    assert same.equals(before)
    gained = after.join(found, on="battery_id", suffix="_found").select(
        "battery_id", more=pl.col("soh_pct_found") - pl.col("soh_pct")
    )
    strings = dict(site.rows(t.battery).select("battery_id", "string_id").iter_rows())
    tested = pl.col("battery_id").replace_strict(strings) == test["string_id"]
    # What all jars of the string gave bounds each of them from below: nobody's health falls for it.
    assert gained.filter(tested)["more"].min() > -0.05
    assert gained.filter(tested)["more"].max() > 0.2
    assert gained.filter(~tested)["more"].to_list() == [0.0, 0.0, 0.0]


def test_a_test_that_the_string_s_own_current_disproves_changes_no_health(site, at_once):
    test = {
        "test_id": "00000000-0000-0000-0000-0000000000aa",
        "string_id": site.rows(t.string)["string_id"][0],
        "test_date": datetime(2025, 2, 20, 3, tzinfo=UTC),
        "test_type": "full_discharge",
        "discharge_rate_a": 12.0,
        "discharge_duration_min": 630.0,
    }
    table = t.capacity_test_raw
    rows = pl.concat([site.rows(table), pl.DataFrame([test])], how="diagonal_relaxed")
    site.warehouse.replace(table, site.warehouse.claim(table, site.part), rows)
    site.run(only=CALC)
    assert _health_around(site, date(2025, 2, 21))[1].equals(_health_around(at_once, date(2025, 2, 21))[1])


def test_a_reading_filed_later_changes_the_features_from_its_day_on(site):
    table = t.impedance_measurement_raw
    reading = {
        "measurement_id": "00000000-0000-0000-0000-0000000000bb",
        "battery_id": site.rows(t.battery)
        .filter(pl.col("replaced_date").is_null())
        .sort("installed_date")["battery_id"][0],
        "measured_at": datetime(2025, 2, 15, 12, tzinfo=UTC),
        "resistance_mohm": 9.0,
        "temperature_c": 25.0,
    }
    rows = pl.concat([site.rows(table), pl.DataFrame([reading])], how="diagonal_relaxed")
    site.warehouse.replace(table, site.warehouse.claim(table, site.part), rows)
    site.run(only=CALC)
    assert (site.made()["feature_store"], site.made()["telemetry_jar_calc"]) == ((14, 14), (13, 15))
    latest = site.rows(t.feature_store).filter(
        pl.col("battery_id") == reading["battery_id"], pl.col("r_internal_latest") == 9.0
    )
    assert latest["feature_ts"].min() == datetime(2025, 2, 15, 12, tzinfo=UTC)


def test_other_code_makes_every_day_again(site, monkeypatch):
    monkeypatch.setattr(plan, "code_version", lambda by: "another")
    before = site.checksums(SAME)
    site.run()
    assert site.made() == dict.fromkeys(BY_DAY, (28, 0))
    assert site.checksums(SAME) == before
    site.run()
    assert site.made() == dict.fromkeys(BY_DAY, (0, 28))


def test_a_jar_with_other_facts_makes_its_days_again(site):
    jars = site.rows(t.battery).with_columns(pl.col("updated_at") + timedelta(days=1))
    site.warehouse.replace(t.battery, site.warehouse.claim(t.battery, site.part), jars)
    site.run(only=CALC)
    assert set(site.made().values()) == {(0, 28)}, "when a row was written says nothing of the jar"
    jars = jars.with_columns(pl.col("initial_resistance_mohm") * 1.1)
    site.warehouse.replace(t.battery, site.warehouse.claim(t.battery, site.part), jars)
    site.run(only=CALC)
    assert (site.made()["telemetry_jar_calc"], site.made()["feature_store"]) == ((28, 0), (28, 0))
    assert site.made()["telemetry_string_calc"] == (0, 28)
