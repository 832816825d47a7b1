"""What sound instruments show of sound and of failing jars is believed: no objection, no value left out."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from battery_assets.features.credible.days import credible_jars, credible_rooms, credible_strings
from battery_assets.features.samples.blocks import with_cells
from battery_assets.synthetic.catalogue import battery_models
from battery_assets.synthetic.master import master
from battery_assets.synthetic.signals import telemetry
from battery_assets.synthetic.site import SyntheticSite
from battery_assets_tests.features.credible.test_inputs import changed
from battery_assets_tests.features.credible.test_scales import AT, jar_day, jars, string_day


def facts(site: SyntheticSite, month: str) -> pl.DataFrame:
    """Jars in service, as readers of days give them."""
    made = master(site, month)
    strings = made["string"].select("string_id", "batteries_count", string_nominal_v="nominal_voltage_v")
    models = battery_models().select("model_id", "nominal_voltage_v", "chemistry", "capacity_ah")
    known = made["battery"].join(strings, on="string_id").join(models, on="model_id")
    return with_cells(known.filter(pl.col("status").cast(pl.String) != "retired"))


# Days on which some limit was once passed, of four years of days: outages, failing jars, hot rooms.
@pytest.mark.parametrize(
    ("place", "seed", "interval_s", "day"),
    [("khon-kaen", 1, 3600, date(2026, 11, 6)), ("surat-thani", 3, 3600, date(2031, 12, 6)),
     ("phuket", 2, 900, date(2030, 7, 11))],
)  # fmt: skip
def test_days_of_a_site_are_believed_however_coarse_its_monitor(place, seed, interval_s, day):
    made = {"place": place, "seed": seed, "interval_s": interval_s, "strings": 3}
    site = SyntheticSite.from_config("t", made)
    own = facts(site, f"{day:%Y-%m}")
    rows = telemetry.jar_day(site, day).sort("battery_id", "ts")
    assert rows.height
    for step_v in (0.001, 0.01, 0.05, 0.1):
        shown = rows.with_columns((pl.col("voltage_v") / step_v).round() * step_v)
        assert credible_jars(shown, own)[1].is_empty(), step_v
    assert credible_strings(telemetry.string_day(site, day).sort("string_id", "ts"), own)[1].is_empty()
    assert credible_rooms(telemetry.environment_day(site, day))[1].is_empty()


@pytest.mark.parametrize("step_v", [0.1, 0.2])
def test_a_shorted_jar_of_a_coarse_monitor_is_low_and_no_dead_input(step_v):
    rows = jar_day().with_columns((pl.col("voltage_v") / 10).round() * 10)
    level = pl.when(pl.col("battery_id") == "j2").then(11.4).otherwise(13.6)
    shown = rows.with_columns(voltage_v=(level / step_v).round() * step_v)
    assert credible_jars(shown, jars())[1].is_empty()


def warmed(upto: float, jar: str | None = None) -> pl.DataFrame:
    """A day on which the string, or one jar of it, warms from 25 °C at six in the morning on."""
    since = pl.col("ts").dt.hour().cast(pl.Float64) + pl.col("ts").dt.minute() / 60 - 6
    warm = (25.0 + since.clip(0, 8) / 8 * (upto - 25.0)).round(1)
    mine = pl.lit(value=True) if jar is None else pl.col("battery_id") == jar
    return jar_day().with_columns(temperature_c=pl.when(mine).then(warm).otherwise("temperature_c"))


def test_a_string_that_runs_away_is_hot_and_no_unit():
    rows = warmed(140.0)
    shown, left_out = credible_jars(rows, jars())
    assert left_out.is_empty()
    assert shown["temperature_c"].max() == rows["temperature_c"].max() > 100


@pytest.mark.parametrize("upto", [85.0, 100.0])
def test_a_jar_that_passes_a_codes_value_on_its_way_up_is_believed(upto):
    rows = warmed(upto, "j1")
    assert (rows["temperature_c"] == upto).any()
    assert credible_jars(rows, jars())[1].is_empty()


def test_a_load_of_a_codes_size_is_a_load():
    carried = np.zeros(len(AT)) + 0.08
    carried[40:50] = [-846.0, -848.0, -850.0, -655.35, -655.0, -656.0, -655.36, -654.0, -650.0, -648.0]
    amps = string_day().with_columns(current_a=pl.Series(-carried))
    assert credible_strings(amps, jars())[1].is_empty()


def test_two_coarse_inputs_that_move_with_the_charger_are_two():
    """The same steps of 0.1 V in an outage of some hours; all the rest of the day they stand at their float."""
    outage = {n: level for n, level in enumerate((13.2, 12.7, 12.6, 12.5, 12.4, 12.2, 13.9, 13.7), 30)}
    at = [datetime(2025, 3, 4, tzinfo=UTC) + timedelta(minutes=15 * n) for n in range(96)]
    rows = pl.concat(
        pl.DataFrame(
            {"ts": at, "battery_id": [f"j{n}"] * 96, "temperature_c": [25.0] * 96,
             "voltage_v": [outage.get(k, 13.6) + (0.1 * (n // 2)) for k in range(96)]}
        )
        for n in range(6)
    )  # fmt: skip
    assert credible_jars(rows.with_columns(pl.col("voltage_v").round(1)), jars())[1].is_empty()


def test_a_fault_that_comes_and_goes_is_a_fault_still():
    codes = pl.when(pl.int_range(pl.len()) % 7 == 3).then(100.0).otherwise("temperature_c")
    rows, left_out = credible_jars(changed(jar_day(), "j0", temperature_c=codes), jars())
    assert left_out["code"].to_list() == ["fault_code"]
    assert rows["temperature_c"].max() < 30
