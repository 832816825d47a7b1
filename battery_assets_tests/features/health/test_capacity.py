"""Discharge tests: integration of real records, and the verdict."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from battery_assets import tables as t
from battery_assets.features.health.capacity import capacity_results, integrated_capacity_ah
from battery_assets.features.samples.rated_capacity import rated_ah_at
from battery_assets.features.samples.temperature import capacity_at_25c
from battery_assets.features.twin.jar_model import acid_factor
from battery_assets.physics.ageing import capacity_scale
from battery_assets.physics.calibration import minutes_to
from battery_assets.physics.capacity_law import capacity_factor
from battery_assets.physics.discharge import Jars
from battery_assets.physics.parameters.leoch_ma12_100 import POINTS
from battery_assets.physics.parameters.vrla_12v120ah import HX12_120
from battery_assets.tables.projections import polars_schema

START = datetime(2026, 3, 1, tzinfo=UTC)


def raw(test_type="full_discharge", rate=12.0, minutes=600.0, cutoff=259.2, ambient=25.0, string_id="s1"):
    columns = {
        "test_id": ["t1"],
        "string_id": [string_id],
        "test_date": [START],
        "test_type": [test_type],
        "discharge_rate_a": [rate],
        "discharge_duration_min": [minutes],
        "cutoff_voltage_v": [cutoff],
        "ambient_temp_c": [ambient],
    }
    return pl.DataFrame(columns)


def result(captures=None, **test) -> dict:
    return capacity_results(raw(**test), {"s1": 120.0}, {"s1": 24}, captures).to_dicts()[0]


def constant_current(amps: float, hours: float, end_v: float, sign: int = -1) -> pl.DataFrame:
    seconds = np.arange(0, hours * 3600 + 1, 60.0)
    return pl.DataFrame(
        {
            "elapsed_s": seconds,
            "current_a": np.full(len(seconds), sign * amps),
            "voltage_v": np.linspace(300.0, end_v, len(seconds)),
        }
    )


def test_the_agm_test_gave_94_8_ah_and_took_96_6(shared_data):
    sheet = pl.read_excel(
        shared_data / "lead_acid" / "agm_12v_100ah_charge_discharge.xlsx",
        sheet_name="Calibrated Data",
        infer_schema_length=20000,
    )
    record = sheet.select(ts="Time", current_a="Current (Calibrated)", voltage_v="Voltage (Calibrated)")
    assert integrated_capacity_ah(record) == pytest.approx(94.78, abs=0.01)
    flipped = record.with_columns(-pl.col("current_a"))
    assert integrated_capacity_ah(flipped) == pytest.approx(94.78, abs=0.01)
    # Without its discharge the record holds a charge only, under whichever sign.
    with pytest.raises(ValueError, match="no discharge"):
        integrated_capacity_ah(record.filter(pl.col("current_a") >= 0))
    one = raw(rate=10.0, minutes=568.7, cutoff=10.5).with_columns(ambient_temp_c=pl.lit(None, pl.Float64))
    row = capacity_results(one, {"s1": 100.0}, {"s1": 1}, {"t1": record}).to_dicts()[0]
    assert row["measured_capacity_ah"] == pytest.approx(94.78, abs=0.01)
    assert row["capacity_pct_of_rated"] == pytest.approx(92.3, abs=0.5)
    assert row["pass_fail"] == "pass"


def test_the_tubular_minute_record_gave_80_6_ah(shared_data):
    record = pl.read_csv(shared_data / "lead_acid" / "tubular" / "TEST_2_processed.csv")
    # Here a positive current discharges; the falling voltage says so.
    record = record.select(
        elapsed_s=60 * pl.int_range(1, pl.len() + 1), current_a="Current", voltage_v="Voltage"
    )
    assert integrated_capacity_ah(record) == pytest.approx(80.62, rel=0.003)


def test_a_record_out_of_order_is_refused():
    with pytest.raises(ValueError, match="order of time"):
        integrated_capacity_ah(constant_current(10, 2, 260.0).reverse())


def test_rest_and_recharge_around_a_discharge_do_not_count():
    pause = pl.DataFrame({"elapsed_s": np.arange(0, 3600, 60.0), "current_a": 0.02, "voltage_v": 300.0})
    dis = constant_current(12.0, 5, 260.0).with_columns(pl.col("elapsed_s") + 3600)
    charge = constant_current(20.0, 2, 330.0, sign=1).with_columns(pl.col("elapsed_s") + 8 * 3600)
    assert integrated_capacity_ah(pl.concat([pause, dis, charge])) == pytest.approx(60.0, rel=0.01)


def test_the_columns_are_those_of_the_reference():
    rows = capacity_results(raw(), {"s1": 120.0}, {"s1": 24})
    assert dict(rows.schema) == polars_schema(t.capacity_test_calc)
    assert capacity_results(raw().clear(), {}, {}).schema == rows.schema


@pytest.mark.parametrize(
    ("minutes", "verdict"), [(600, "pass"), (545, "pass"), (500, "marginal"), (470, "fail")]
)
def test_the_verdict_at_the_rated_current(minutes, verdict):
    row = result(minutes=float(minutes))
    assert row["measured_capacity_ah"] == pytest.approx(12.0 * minutes / 60)
    assert row["capacity_pct_of_rated"] == pytest.approx(minutes / 6, rel=0.02)
    assert row["pass_fail"] == verdict


def test_the_sign_of_the_rate_does_not_matter():
    assert result(rate=-12.0) == result(rate=12.0)


def test_a_fast_test_is_judged_by_the_rating_of_its_own_rate():
    row = result(rate=67.1, minutes=60.0)
    assert row["measured_capacity_ah"] == pytest.approx(67.1)
    assert row["capacity_pct_of_rated"] == pytest.approx(100.0, abs=0.5)


def test_a_warm_test_is_brought_down_to_25_degrees_and_a_cold_one_up():
    plain = result()["capacity_pct_of_rated"]
    assert result(ambient=35.0)["capacity_pct_of_rated"] == pytest.approx(plain / 1.018)
    assert result(ambient=15.0)["capacity_pct_of_rated"] == pytest.approx(plain / 0.94)
    assert result(ambient=None)["capacity_pct_of_rated"] == plain


@pytest.mark.parametrize(("end_v", "minutes", "amps"), POINTS)
def test_a_new_jar_has_100_percent_at_every_rate_and_end_voltage_of_the_sheet(end_v, minutes, amps):
    row = result(rate=amps, minutes=float(minutes), cutoff=24 * 6 * end_v)
    assert row["capacity_pct_of_rated"] == pytest.approx(100.0, abs=0.5)


@pytest.mark.parametrize(
    ("amps", "minutes", "end_v", "verdict"),
    [
        (78.1, 60, 1.60, "pass"),
        (227.0, 15, 1.67, "pass"),
        (227.0, 12, 1.67, "fail"),
        (227.0, 13, 1.67, "marginal"),
    ],
)
def test_a_ups_test_to_its_own_end_voltage_is_not_set_against_a_higher_one(amps, minutes, end_v, verdict):
    assert result(rate=amps, minutes=float(minutes), cutoff=24 * 6 * end_v)["pass_fail"] == verdict


@pytest.mark.parametrize("warm_c", [15.0, 25.0, 30.0, 35.0, 40.0])
@pytest.mark.parametrize(("amps", "end_v"), [(12.0, 1.80), (30.5, 1.75), (78.1, 1.60)])
def test_a_jar_of_82_percent_is_marginal_in_every_room(warm_c, amps, end_v):
    """Its model is discharged at the temperature; the result must be what it is at 25 degrees."""
    jar = [
        Jars.new(1, float(capacity_scale(0.82)) * HX12_120.acceptance_scale, temperature_c=c)
        for c in (25.0, warm_c)
    ]
    at_25, warm = (minutes_to(end_v, -amps, jars=one) for one in jar)
    told = [
        result(rate=amps, minutes=lasted, cutoff=24 * 6 * end_v, ambient=c)
        for lasted, c in ((at_25, 25.0), (warm, warm_c))
    ]
    assert told[1]["capacity_pct_of_rated"] == pytest.approx(told[0]["capacity_pct_of_rated"], rel=0.04)
    assert amps > 12.0 or told[1]["pass_fail"] == "marginal"


def test_sheet_test_and_twin_have_one_law_of_capacity_and_temperature():
    for warm_c in (-5.0, 10.0, 25.0, 33.0, 40.0, 50.0):
        assert acid_factor(warm_c) == pytest.approx(float(capacity_factor(warm_c)))
        assert capacity_at_25c(100.0, warm_c, 10.0) == pytest.approx(100.0 / acid_factor(warm_c))
    # The sheet: 86 % at 0 C, 103 % at 40 C.
    assert capacity_factor([0.0, 40.0]) == pytest.approx([0.86, 1.03], abs=0.015)


@pytest.mark.parametrize("test_type", ["partial_discharge", "impedance_sweep"])
def test_a_test_that_does_not_reach_the_end_has_no_verdict(test_type):
    row = result(test_type=test_type)
    assert (row["capacity_pct_of_rated"], row["pass_fail"]) == (None, None)
    assert (row["measured_capacity_ah"] is None) == (test_type == "impedance_sweep")


def test_a_capture_that_stops_above_the_cut_off_has_no_verdict():
    row = result({"t1": constant_current(12.0, 6, 280.0)})
    assert row["measured_capacity_ah"] == pytest.approx(72.0)
    assert row["pass_fail"] is None
    assert result({"t1": constant_current(12.0, 6, 259.0)})["pass_fail"] == "fail"


def test_a_test_of_an_unrated_string_or_without_numbers_has_no_percentage():
    assert result(string_id="s9")["capacity_pct_of_rated"] is None
    assert result(rate=None)["measured_capacity_ah"] is None


def test_ratings_follow_the_data_sheet_and_scale_with_the_jar():
    assert rated_ah_at(12.0, 120.0) == pytest.approx(120.0)
    assert rated_ah_at(6.24, 120.0) == pytest.approx(124.8)
    assert rated_ah_at(10.0, 100.0) == pytest.approx(100.0)
    ah = [rated_ah_at(amps, 120.0) for amps in (1.0, 12.0, 30.0, 60.0, 180.0)]
    assert ah == sorted(ah, reverse=True)
    for amps in (12.0, 60.0, 180.0):
        by_end = [rated_ah_at(amps, 120.0, end) for end in (1.85, 1.80, 1.75, 1.70, 1.67, 1.60)]
        assert by_end == sorted(by_end) and len(set(by_end)) == len(by_end)


def test_captures_may_carry_instants():
    capture = constant_current(12.0, 5, 260.0)
    stamps = [START + timedelta(seconds=s) for s in capture["elapsed_s"]]
    dated = capture.select("current_a", "voltage_v", ts=pl.Series(stamps))
    assert integrated_capacity_ah(dated) == pytest.approx(integrated_capacity_ah(capture))
