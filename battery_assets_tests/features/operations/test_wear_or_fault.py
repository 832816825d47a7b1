"""Wear is told from faults, and what belongs to one fault is one incident."""

from dataclasses import replace
from datetime import timedelta

import polars as pl

from battery_assets.features.operations.alert_rules import thresholds
from battery_assets.features.operations.alerts import alerts
from battery_assets.features.operations.fault_lives import Month
from battery_assets.features.operations.incidents import incidents
from battery_assets_tests.worlds import operations as world

RULES = thresholds()


def march(jars: pl.DataFrame) -> Month:
    return Month.first("bkk", jars, world.START, world.END)


def month_after(raised: pl.DataFrame, **before: pl.DataFrame) -> pl.DataFrame:
    """Incidents of March where February is known."""
    return incidents(raised, replace(march(world.jars()), **before))[0]


def low_by(volts: float, *more: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([alerts(world.set_to("float_below_median", volts), RULES), *more])


def test_a_jar_that_crept_low_or_whose_resistance_grew_is_worn_and_one_that_jumped_is_shorted():
    """Dry jars float up to half a volt low by the Tafel law; a short takes its volts within hours."""
    raised, crept = low_by(0.7), low_by(0.5)
    crept = crept.with_columns(
        pl.col("context_json").str.replace("float_below_median critical", "float_below_median warning")
    )
    assert month_after(raised)["rca_code"].to_list() == ["CELL-SHORT"]
    assert month_after(raised, alerts_before=crept)["rca_code"].to_list() == ["LOW-FLOAT"]
    jumped = low_by(0.9)
    assert month_after(jumped, alerts_before=crept)["rca_code"].to_list() == ["CELL-SHORT"]
    grown = alerts(world.set_to("r_vs_baseline", 40.0), RULES)
    assert month_after(low_by(0.7, grown))["rca_code"].to_list() == ["DRY-OUT"]
    assert month_after(low_by(1.6, grown))["rca_code"].to_list() == ["CELL-SHORT"]


def test_resistance_that_crept_past_twice_its_baseline_is_wear_and_not_a_weld():
    before = alerts(world.set_to("r_vs_baseline", 95.0), RULES)
    raised = alerts(world.set_to("r_vs_baseline", 105.0), RULES)
    assert month_after(raised)["rca_code"].to_list() == ["OPEN-WELD"]
    assert month_after(raised, alerts_before=before)["rca_code"].to_list() == ["DRY-OUT"]


def test_a_strap_spoils_the_sum_of_its_string_and_is_one_incident():
    strap = alerts(world.set_to("r_vs_median", 180.0), RULES).filter(alert_type="resistance_drift")
    sums = strap.with_columns(
        alert_id=pl.lit("sum"),
        battery_id=pl.lit(None, pl.String),
        alert_type=pl.lit("data_quality"),
        severity=pl.lit("warning"),
        context_json=pl.col("context_json").str.replace_all("r_vs_median", "sum_mismatch"),
    )
    rows, linked = incidents(pl.concat([strap, sums]), march(world.jars()))
    assert rows["rca_code"].to_list() == ["OPEN-WELD"]
    assert linked["incident_id"].unique().to_list() == rows["incident_id"].to_list()
    alone, _ = incidents(sums, march(world.jars()))
    assert alone["rca_code"].to_list() == ["DATA-QUALITY"]


def test_a_new_jar_that_floats_unlike_its_string_opens_nothing_until_it_is_a_short():
    new = world.jars().with_columns(installed_date=pl.lit(world.START.date()))
    for volts, codes in ((0.3, []), (1.6, ["CELL-SHORT"])):
        assert incidents(low_by(volts), march(new))[0]["rca_code"].to_list() == codes
    # Half of a new string at once is its charger.
    low = alerts(world.set_to("float_voltage_25c", 12.9), RULES)
    assert incidents(low, march(new))[0]["rca_code"].to_list() == ["CHARGER-LOW"]
    old = new.with_columns(installed_date=pl.lit(world.START.date() - timedelta(days=200)))
    assert incidents(low_by(0.3), march(old))[0]["rca_code"].to_list() == ["LOW-FLOAT"]


def test_a_quarter_of_a_string_that_ages_is_one_incident_of_the_string():
    worn = pl.concat(
        alerts(world.quiet(soh=world.health(78.0).with_columns(battery_id=pl.lit(f"a-{k:02d}"))), RULES)
        for k in range(1, 7)
    )
    rows, linked = incidents(worn, march(world.jars()))
    assert rows.select("rca_code", "title").rows() == [("STRING-AGED", "String worn out: DC-S-A")]
    assert linked["incident_id"].n_unique() == 1
    few, _ = incidents(worn.head(5), march(world.jars()))
    assert few["rca_code"].to_list() == ["JAR-AGEING"] * 5
