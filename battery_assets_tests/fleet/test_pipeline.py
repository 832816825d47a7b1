"""The main job on real input and on a small synthetic site, with nothing replaced by a stand-in."""

import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets_tests.worlds.piped import checksums, fetched


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
        [record] = instance.fetch_materializations(dg.AssetKey("telemetry_event_window"), limit=1).records
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

    from battery_assets.fleet.health_evidence import HealthEvidence
    from battery_assets.fleet.jars import jar_facts
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
