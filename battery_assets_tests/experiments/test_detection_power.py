"""What a string would have seen is told from its own recorder's sound bursts, before anything has failed."""

import numpy as np
import polars as pl
import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.actions.report import _POWER
from battery_assets.actions.report_tables import detection
from battery_assets.experiments import detection_power as asset
from battery_assets.platform.dagster.partitions import Part, sites
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry.kinds import FILES
from battery_assets.synthetic.signals.burst_campaign import Campaign, system_bursts
from battery_assets.tables.identity import identity
from battery_assets_tests.experiments.test_datasets import rows
from battery_assets_tests.experiments.test_discharges import put

SITE, MONTH = "seeing", "2025-04"
PART, STRING, SYSTEM = Part(SITE, MONTH), identity("string", SITE), identity("system", SITE)
DAYS = 16
WAVES = {"waveform_v": pl.List(pl.Float32), "waveform_a": pl.List(pl.Float32), "waveform_hz": pl.Int32}


@pytest.fixture(scope="module")
def seeing(place):
    """A site with one string: a burst a day of a sound system, and one of an open diode."""
    made = next(
        iter(system_bursts(Campaign(systems=5, references=DAYS, sound=1, each_fault=1, mixed=0, seed=7)))
    )
    with place.warehouse.transaction() as connection:
        registry.put_site(connection, SITE, FILES, {})
    faulty = next(k for k, labels in enumerate(made.labels) if labels == ("open_diode",))
    windows = []
    for day, burst in enumerate([*range(DAYS), faulty], 1):
        at = f"{MONTH}-{day:02d}T00:00:00+00:00"
        capture = pl.DataFrame({
            "ts": [at], "waveform_v": [made.volts[burst].tolist()], "waveform_a": [made.amps[burst].tolist()],
            "waveform_hz": [12_800],
        }, schema_overrides=WAVES).with_columns(
            pl.col("ts").str.to_datetime(time_unit="us", time_zone="UTC")
        )  # fmt: skip
        name = identity("window", SITE, day)
        windows.append({
            "window_id": name, "string_id": STRING, "event_type": "surge", "start_ts": capture["ts"][0],
            "end_ts": capture["ts"][0], "bursts_count": 1, "sample_rate_ms": 1000,
            "data_blob_url": place.warehouse.keep_capture(PART, name, capture),
        })  # fmt: skip
    for table, sent in (
        (
            t.battery_system,
            [
                {
                    "system_id": SYSTEM,
                    "system_code": "R1",
                    "rectifier_pulses": made.pulses,
                    "system_type": "UPS",
                }
            ],
        ),
        (
            t.string,
            [
                {
                    "string_id": STRING,
                    "string_code": "S1",
                    "string_position": 1,
                    "system_id": SYSTEM,
                    "batteries_count": 24,
                }
            ],
        ),
        (t.telemetry_event_window, windows),
    ):
        put(place.warehouse, table, sent, PART)
    place.instance.add_dynamic_partitions(str(sites.name), [SITE])
    from battery_assets.definitions import defs

    done = defs.resolve_job_def("string_power").execute_in_process(
        instance=place.instance, partition_key=SITE,
        resources={"warehouse": place.warehouse, "tracking": place.tracking},
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
    )  # fmt: skip
    assert done.success
    return done


def test_every_string_has_its_power_by_days_and_loss(place, seeing):
    told = rows(place, f"SELECT * FROM experiments.detection_power WHERE site = '{SITE}' ORDER BY id")
    power = {(one["days"], round(one["loss"], 2)): one["power"] for one in told}
    assert {one["bursts"] for one in told} == {DAYS}, "the day of the fault says nothing of sound ones"
    assert {str(one["seen_until"]) for one in told} == {f"{MONTH}-{DAYS:02d}"}
    assert told[0]["wander"] == pytest.approx(0.06, abs=0.035)
    assert power[7, 0.0] == pytest.approx(0.01, abs=0.006)
    assert power[1, 0.1] < power[7, 0.1] < power[7, 0.2]


def test_the_page_of_the_run_shows_it(seeing):
    [made] = seeing.get_asset_materialization_events()
    shown = made.materialization.metadata["what would have been seen"].md_str
    assert shown.splitlines()[0].startswith("| string, 7 days | 0% lost | 5% lost")
    assert shown.splitlines()[2].startswith("| S1 |")


def test_the_report_shows_it(place, seeing):
    with place.warehouse.reading() as connection:
        found = [
            dict(row) for row in connection.execute(sa.text(_POWER), {"site": SITE, "most": 9}).mappings()
        ]
    [one] = found
    assert (one["site"], one["string"]) == (SITE, "S1")
    assert 0 < one["twentieth_in_a_week"] < one["tenth_in_a_week"] <= 100
    assert detection(found).row_count == 1


def test_a_string_of_too_few_days_has_no_row():
    made = next(
        iter(system_bursts(Campaign(systems=5, references=5, sound=1, each_fault=1, mixed=0, seed=7)))
    )
    bursts = pl.DataFrame({
        "string_id": ["s"] * 5, "string_code": ["S1"] * 5, "window_id": [str(k) for k in range(5)],
        "ts": pl.datetime_range(pl.datetime(2025, 1, 1), pl.datetime(2025, 1, 5), "1d", time_unit="us", time_zone="UTC", eager=True),
        "pulses": [made.pulses] * 5, "waveform_v": made.volts[:5].astype(np.float32).tolist(),
        "waveform_a": made.amps[:5].astype(np.float32).tolist(), "waveform_hz": [12_800] * 5,
    }, schema_overrides={"waveform_hz": pl.Int32})  # fmt: skip
    assert asset.power_of(SITE, bursts) == []
