"""The truth is recognised in whatever dress, and honest readings are not taken for it."""

import numpy as np
import polars as pl
import pytest

from battery_assets.features.laws.truth_apart import truth_apart
from battery_assets.synthetic.truth import truth
from battery_assets_tests.worlds.months import laws as months

MONTH = "2025-03"


@pytest.fixture(scope="module")
def known() -> tuple[pl.DataFrame, pl.DataFrame]:
    """One reading of each jar, and the truth."""
    made = months.site("hat-yai", seed=3, interval_s=900, strings=9)
    [rows] = months.jar_days(made, months.days(made, MONTH)[:1])
    columns = ["voltage_v", "temperature_c", "resistance_mohm", "conductance_s"]
    raw = rows.group_by("battery_id").agg(pl.col(columns).drop_nulls().first())
    return raw, truth(made, MONTH)


@pytest.mark.parametrize("site", [("bangrak", 1), ("surat-thani", 2), ("phuket", 5)])
@pytest.mark.parametrize("strings", [1, 3, 9])
def test_honest_readings_of_any_site_are_not_taken_for_the_truth(site, strings):
    place, seed = site
    made = months.site(place, seed=seed, interval_s=3600, strings=strings)
    [rows] = months.jar_days(made, months.days(made, MONTH)[:1])
    columns = ["voltage_v", "temperature_c", "resistance_mohm", "conductance_s"]
    raw = rows.group_by("battery_id").agg(pl.col(columns).drop_nulls().first())
    verdict = truth_apart(raw, truth(made, MONTH), "telemetry_jar_raw")
    assert verdict.holds, verdict.words
    assert verdict.facts["pairs"] > 0


@pytest.mark.parametrize("secret", ["soh_pct", "resistance_ratio"])
@pytest.mark.parametrize(
    "dress",
    [
        lambda x: x,
        lambda x: 1000.0 - 3.0 * x,
        lambda x: 1000.0 / x,
        lambda x: np.exp(x / 50.0),
        lambda x: x.round(3),
    ],
    ids=["bare", "mirrored", "inverted", "exponential", "rounded"],
)
def test_a_number_of_the_truth_is_recognised(known, secret, dress):
    raw, told = known
    leak = told.select("battery_id", conductance_s=pl.Series(dress(told[secret].to_numpy())))
    spoilt = raw.drop("conductance_s").join(leak, on="battery_id")
    found = truth_apart(spoilt, told, "telemetry_jar_raw").findings
    assert f"the truth's {secret}" in " ".join(finding.found for finding in found)
    assert {finding.where for finding in found} == {"telemetry_jar_raw.conductance_s"}


@pytest.mark.parametrize("ratio", [40.0, 200.0])
def test_an_opened_strap_alone_is_no_leak_and_hides_none(known, ratio):
    """One jar far enough out makes honest readings correlate by 0.9999; a copy does so without it."""
    raw, told = known
    opened = raw.drop_nulls()["battery_id"].min()
    out = pl.col("battery_id").cast(pl.String) == str(opened)
    told = told.with_columns(
        resistance_ratio=pl.when(out).then(ratio).otherwise("resistance_ratio"),
    )
    raw = raw.with_columns(
        resistance_mohm=pl.when(out).then(4.2 * ratio).otherwise("resistance_mohm"),
    )
    verdict = truth_apart(raw, told, "telemetry_jar_raw")
    assert verdict.holds, verdict.words
    leak = told.select(pl.col("battery_id"), resistance_mohm=4.0 * pl.col("resistance_ratio"))
    spoilt = raw.drop("resistance_mohm").join(leak, on="battery_id")
    found = truth_apart(spoilt, told, "telemetry_jar_raw").findings
    assert [finding.where for finding in found] == ["telemetry_jar_raw.resistance_mohm"]


def test_a_profile_written_as_a_number_is_recognised(known):
    raw, told = known
    code = {name: float(n) for n, name in enumerate(told["profile"].unique().sort())}
    assert len(code) > 1
    leak = told.select("battery_id", resistance_mohm=pl.col("profile").replace_strict(code))
    [finding] = truth_apart(raw.drop("resistance_mohm").join(leak, on="battery_id"), told, "raw").findings
    assert "the truth's profile" in finding.found


def test_a_site_of_which_nobody_knows_the_truth_is_not_judged(known):
    for nothing in (None, known[1].clear()):
        verdict = truth_apart(known[0], nothing, "telemetry_jar_raw")
        assert verdict.holds
        assert verdict.judged.startswith("not judged: nobody knows the truth")
    told = truth_apart(known[0], None, "telemetry_jar_raw", ["table fleet.secret"])
    assert [finding.found for finding in told.findings] == ["table fleet.secret"]
