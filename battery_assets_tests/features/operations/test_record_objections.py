"""Objections to records stay until somebody corrects them; objections to a day's samples end with the days."""

from datetime import timedelta

import polars as pl
import pytest

from battery_assets.features.credible.discharge_claims import SCHEMA as CLAIMS
from battery_assets.features.credible.scales import SCALES
from battery_assets.features.operations.alert_rules import thresholds
from battery_assets.features.operations.alerts import alerts
from battery_assets.features.operations.plain_objections import claim_findings, outside_findings
from battery_assets.features.operations.scale_objections import scale_findings
from battery_assets_tests.worlds import operations as world


def in_ohm(*, stays: bool) -> pl.DataFrame:
    row = ("string", "a", "a", "resistance_mohm", "scale", "Ω", "units=x.resistance_mohm:ohm", 0.005, "mΩ", 6)
    day = pl.lit(world.START.date())
    return pl.DataFrame([row], schema=SCALES, orient="row").with_columns(day=day, stays=pl.lit(value=stays))


@pytest.mark.parametrize("stays", [True, False])
def test_what_a_record_says_is_objected_to_as_long_as_it_stands(stays):
    found = scale_findings(in_ohm(stays=stays), world.jars())
    [one] = alerts(world.quiet(data_quality=found), thresholds()).filter(alert_type="data_quality").to_dicts()
    assert one["severity"] == "critical"
    assert (one["status"], one["resolved_at"] is None) == (("active", True) if stays else ("resolved", False))


def test_samples_that_go_missing_later_do_not_hide_an_objection_to_a_record():
    gone = scale_findings(in_ohm(stays=True), world.jars())
    later = gone.with_columns(
        code=pl.lit("missing_share"), severity=pl.lit("warning"), to_ts=pl.lit(world.END),
        evidence_json=pl.col("evidence_json").str.replace("true", "false"),
    )  # fmt: skip
    both = pl.concat([gone, later])
    [one] = alerts(world.quiet(data_quality=both), thresholds()).filter(alert_type="data_quality").to_dicts()
    assert one["severity"] == "critical"


def test_jars_of_one_channel_are_named_beside_an_objection_to_a_record():
    jar = world.JAR
    one = ("jar", jar, "a", "voltage_v", "copied_channel", "a-03", None, 13.6, "V", 96)
    copied = pl.DataFrame([one], schema=SCALES, orient="row").with_columns(
        day=pl.lit(world.START.date()), stays=pl.lit(value=False)
    )
    found = scale_findings(pl.concat([copied, in_ohm(stays=True)]), world.jars())
    assert sorted(found["code"]) == ["copied_channel", "copied_channel", "scale"]


def test_a_test_that_was_disproved_stays_so():
    tested = world.START + timedelta(days=1)
    doubted = pl.DataFrame([("t", "a", tested, "it was not")], schema=CLAIMS, orient="row")
    found = claim_findings(doubted, world.jars())
    [one] = alerts(world.quiet(data_quality=found), thresholds()).filter(alert_type="data_quality").to_dicts()
    assert one["resolved_at"] is None


def test_jars_of_a_chemistry_that_nobody_listed_are_said_to_be_outside():
    jars = pl.DataFrame({"string_id": ["s"] * 3, "string_code": ["S1"] * 3, "lead_acid": [True, False, False],
                         "chemistry": ["VRLA", None, "other"]})  # fmt: skip
    [told] = outside_findings(jars, world.START.date(), world.END.date())["message"]
    assert told.startswith(
        "S1: 2 jars are of another chemistry, of no known model and of the voltage of LFP, not VRLA: thresholds"
    )
