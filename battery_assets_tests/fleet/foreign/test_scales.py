"""A scale that no jar can have is one critical objection with the term that mends it, and nothing is computed."""

import polars as pl
import pytest

from battery_assets_tests.fleet.foreign.conftest import objections
from battery_assets_tests.fleet.foreign.sites import ForeignSite


def scaled(column: str, by: float) -> pl.Expr:
    return (pl.col(column) * by).round(3)


def per_cell(site: ForeignSite) -> ForeignSite:
    return site.changed("telemetry_jar_raw", lambda rows: rows.with_columns(scaled("voltage_v", 1 / 6)))


def system_sum(site: ForeignSite) -> ForeignSite:
    return site.changed("telemetry_string_raw", lambda rows: rows.with_columns(scaled("voltage_v", 3.0)))


def fahrenheit(site: ForeignSite) -> ForeignSite:
    turned = (pl.col("temperature_c") * 1.8 + 32).round(1)
    return site.changed("telemetry_jar_raw", lambda rows: rows.with_columns(temperature_c=turned))


@pytest.mark.parametrize(
    ("make", "words"),
    [(per_cell, "units=telemetry_jar_raw.voltage_v:x6"), (system_sum, "units=telemetry_string_raw.voltage_v:/3"),
     (fahrenheit, "units=telemetry_jar_raw.temperature_c:degF")],
)  # fmt: skip
def test_another_scale_tells_its_term_and_the_term_mends_it(take_in, tmp_path, make, words):
    site = make(ForeignSite(f"scale-{make.__name__.replace('_', '-')}"))
    folder = site.write(tmp_path)
    wrong = take_in(folder, site.name)
    [told] = objections(wrong, "critical")
    assert f"--contract {words}" in told
    assert wrong.twins.height == wrong.lives.height == 0
    assert not wrong.alerts.filter(~pl.col("alert_type").is_in(["data_quality"])).height
    column, _, unit = words.removeprefix("units=").partition(":")
    mended = take_in(folder, site.name, units={column: unit})
    assert objections(mended, "critical") == []
    assert mended.twins.height == site.jars
    assert mended.twins["soh_pct"].min() > 85


@pytest.mark.parametrize("word", ["S", "ohm"])
def test_ohmic_readings_of_another_unit_speak_of_no_jar(take_in, tmp_path, word):
    site = ForeignSite(f"ohmic-{word.lower()}")
    site.rounds({"S": lambda r: 1000.0 / r, "ohm": lambda r: r / 1000.0}[word])
    seen = take_in(site.write(tmp_path), site.name)
    [told] = objections(seen, "critical")
    assert f"units=impedance_measurement_raw.resistance_mohm:{word}" in told
    assert seen.ohmic["temp_corrected_resistance_mohm"].null_count() == site.jars


def test_inputs_without_a_sensor_are_told_and_do_not_count(take_in, tmp_path):
    site = ForeignSite("no-sensors")
    dead = pl.when(site.jar(2)).then(0.0).when(site.jar(3)).then(655.35).otherwise("temperature_c")
    flat = pl.when(site.jar(4)).then(10.0).otherwise("voltage_v")
    site.changed("telemetry_jar_raw", lambda rows: rows.with_columns(temperature_c=dead, voltage_v=flat))
    seen = take_in(site.write(tmp_path), site.name)
    told = seen.alerts.filter(signal="no_sensor")
    assert set(told["battery_id"]) == {site.id("jar", 2), site.id("jar", 4)}
    assert any("655.35 read as an input without a sensor" in words for words in seen.findings["words"])
    assert not seen.quarantine.height
    assert not seen.alerts.filter(pl.col("alert_type") != "data_quality").height
    assert seen.twins.filter(site.jar(2))["soh_pct"].item() > 85
