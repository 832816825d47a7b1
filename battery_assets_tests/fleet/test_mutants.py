"""Every law of physics turns a real check red on a mutant, and what comes after it does not run.

Of a law that data can break nothing is computed from the string concerned, and what comes after it runs.

A small synthetic site is run through Dagster once, healthy. Each mutant then writes one table of it again,
spoilt where a real defect would spoil it, with whatever is downstream.
"""

import importlib
import re
from collections.abc import Callable, Iterator

import dagster as dg
import numpy as np
import polars as pl
import pytest
import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.platform.dagster.partitions import Part
from battery_assets_tests.conftest import copied_database
from battery_assets_tests.worlds.code_location import World, evaluations, failures, materialized

SITE, MONTH = "mutant", "2025-04"
PART = Part(SITE, MONTH)
KEY = dg.MultiPartitionKey({"month": MONTH, "site": SITE})
# This seed has its yearly capacity test and its quarterly ohmic round in April.
CONFIG = {"place": "hat-yai", "seed": 33, "interval_s": 900, "strings": 1, "start": "2025-02"}


@pytest.fixture(scope="module")
def world(migrated_url, tmp_path_factory) -> Iterator[World]:
    with copied_database(migrated_url) as url:
        made = World(url, tmp_path_factory.mktemp("mutants"))
        made.site(SITE, "synthetic", CONFIG)
        made.catalogue = made.run("catalogue")
        made.healthy = made.run("site_month", KEY)
        yield made


def again(world: World, *assets: str) -> dg.ExecuteInProcessResult:
    """Every day of the tables again: a mutant in memory is no other code on disk, for which days are made."""
    return world.run("site_month", KEY, [dg.AssetKey(name) for name in assets], from_scratch=True)


def test_a_healthy_month_is_green_and_every_law_was_judged(world):
    assert world.healthy.success, failures(world.healthy)
    laws = {check: said for (_, check), said in evaluations(world.healthy).items() if check != "suite"}
    unseen = {check for check, said in laws.items() if said.description.startswith("not judged")}
    # The room's cooling held its setpoint.
    assert unseen == {"float_compensation"}
    assert all(said.passed for said in laws.values())
    assert laws["ageing_law"].description.endswith("2.00 per 10 K")


@pytest.fixture
def red(world, monkeypatch) -> Iterator[Callable[..., str]]:
    """Writes a table again with what is downstream, expects one law red, and mends the table afterwards."""
    written = []

    def spoilt(table: str, check: str, *downstream: str) -> str:
        written.append(table)
        result = again(world, table, *downstream)
        said = evaluations(result)
        law = said[table, check]
        assert not law.passed, law.description
        assert (law.blocking, law.severity, law.partition) == (True, dg.AssetCheckSeverity.ERROR, str(KEY))
        assert {key for key, other in said.items() if other.blocking and not other.passed} == {(table, check)}
        assert not result.success
        assert materialized(result) == {table}, "what is downstream of a red check must not run"
        assert check == "suite" or "Next step: " in law.description
        assert law.metadata["failures" if check == "suite" else "findings"].value
        return law.description

    yield spoilt
    monkeypatch.undo()
    for table in written:
        mended = again(world, table)
        assert mended.success, failures(mended)


@pytest.fixture
def held(world, monkeypatch) -> Iterator[Callable[..., str]]:
    """As `red`, of a law that concerns strings: the check warns, and nothing is told of the only string."""
    written = []

    def spoilt(table: str, check: str, *, judged_by: str = "") -> str:
        written.extend({table, judged_by} - {""})
        result = again(world, *{table, judged_by} - {""}, "telemetry_jar_calc", "telemetry_string_calc")
        said = evaluations(result)
        law = said[judged_by or table, check]
        assert not law.passed, law.description
        assert (law.blocking, law.severity, law.partition) == (True, dg.AssetCheckSeverity.WARN, str(KEY))
        assert {key for key, other in said.items() if other.blocking and not other.passed} == {
            (judged_by or table, check)
        }
        assert result.success, failures(result)
        charge = world.warehouse.read(t.telemetry_jar_calc, PART).collect()
        power = world.warehouse.read(t.telemetry_string_calc, PART).collect()
        assert min(charge.height, power.height) > 0
        assert (charge["soc_pct"].count(), charge["soh_pct"].count(), power["power_w"].count()) == (0, 0, 0)
        assert "Next step: " in law.description
        assert law.metadata["findings"].value
        return law.description

    yield spoilt
    monkeypatch.undo()
    mended = again(world, *written, "telemetry_jar_calc", "telemetry_string_calc")
    assert mended.success, failures(mended)
    assert world.warehouse.read(t.telemetry_jar_calc, PART).collect()["soc_pct"].count() > 0


def change(monkeypatch, where: str, how: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    """Let the function that is named module:function return rows that are changed."""
    module, name = where.split(":")
    target = importlib.import_module(f"battery_assets.{module}")
    made = getattr(target, name)
    monkeypatch.setattr(target, name, lambda *given, **more: how(made(*given, **more)))


def of_one_jar(column: str, value: pl.Expr) -> pl.Expr:
    """The column with another value for one of the jars: the one whose id comes first."""
    jar = pl.col("battery_id").cast(pl.String)
    return pl.when(jar == jar.min()).then(value).otherwise(column).alias(column)


def test_a_flipped_sign_is_red(monkeypatch, held):
    change(
        monkeypatch,
        "synthetic.signals.telemetry:string_day",
        lambda rows: rows.with_columns(-pl.col("current_a")),
    )
    words = held("telemetry_string_raw", "current_sign")
    assert "string SYN-HDY-" in words
    assert "2025-04-" in words
    assert "--contract positive_current=discharges" in words


def test_a_jar_on_a_wrong_scale_is_red_and_named(world, monkeypatch, held):
    change(
        monkeypatch,
        "synthetic.signals.telemetry:jar_day",
        lambda rows: rows.with_columns(of_one_jar("voltage_v", pl.col("voltage_v") * 1.3)),
    )
    words = held("telemetry_jar_raw", "jar_sum")
    assert re.search(r"expected 3\d\d\.\d\d V within [34]\.\d\d V of the sum of its jars and links", words)
    jars = world.warehouse.read(t.battery, PART, ["battery_id", "battery_code"]).collect().sort("battery_id")
    assert f"farthest is jar {jars['battery_code'][0]} with 1" in words


def test_a_string_on_a_wrong_scale_is_red(monkeypatch, held):
    change(
        monkeypatch,
        "synthetic.signals.telemetry:string_day",
        lambda rows: rows.with_columns(pl.col("voltage_v") * 1.02),
    )
    held("telemetry_string_raw", "jar_sum", judged_by="telemetry_jar_raw")


@pytest.mark.parametrize(("energy", "words"), [(52_900.0, "52.9 kJ/mol"), (6_900.0, "6.9 kJ/mol")])
def test_readings_that_follow_another_exponent_are_red(monkeypatch, red, energy, words):
    """The ageing energy used for conduction, and one that is only half again as large."""
    from battery_assets.features.samples import temperature

    monkeypatch.setattr(temperature, "RESISTANCE_EA_J", energy)
    assert words in red("impedance_measurement_calc", "ohmic_law", "alert")


def test_capacities_that_are_corrected_by_ageing_are_red(monkeypatch, red):
    from battery_assets.features.health import capacity

    monkeypatch.setattr(
        capacity, "capacity_at_25c", lambda ah, warm, hours: ah / float(2 ** ((warm - 25.0) / 10.0))
    )
    assert "% of rated" in red("capacity_test_calc", "capacity_law")


@pytest.mark.parametrize("per_10k", [2.42, 1.35, 2 ** (10 / 8)])
def test_a_twin_that_ages_by_another_law_is_red(monkeypatch, red, per_10k):
    """2.42 and 1.35 per 10 K are laws that a generator and its own twin have been seen to disagree by."""
    from battery_assets.features.twin import states as twin

    monkeypatch.setattr(twin, "ageing_factor", lambda warm: per_10k ** ((np.asarray(warm) - 25.0) / 10.0))
    words = red("digital_twin_state", "ageing_law", "rul_prediction")
    assert f"a factor of {per_10k:.2f} per 10 K" in words


def test_a_twin_that_ages_from_another_reference_temperature_is_red(monkeypatch, red):
    from battery_assets.features.twin import states as twin

    monkeypatch.setattr(twin, "ageing_factor", lambda warm: 2.0 ** ((np.asarray(warm) - 20.0) / 10.0))
    assert "that of jars +5.0 K from there" in red("digital_twin_state", "ageing_law", "rul_prediction")


def test_a_power_without_its_sign_is_red(monkeypatch, red):
    change(
        monkeypatch,
        "features.charge.string_power:string_calc_day",
        lambda rows: rows.with_columns(pl.col("power_w").abs()),
    )
    assert " W: " in red("telemetry_string_calc", "power_law", "feature_store")


def test_a_charge_that_ignores_a_discharge_is_red(monkeypatch, red):
    from battery_assets.features.charge import state as charge_state

    made = charge_state.charge_state_day

    def always_full(*given, **more):
        rows, state = made(*given, **more)
        return rows.with_columns(pl.lit(100.0, pl.Float32).alias("soc_pct")), state

    monkeypatch.setattr(charge_state, "charge_state_day", always_full)
    words = red("telemetry_jar_calc", "soc_law", "digital_twin_state")
    assert "points for " in words
    assert "found +0.0 points" in words


def test_a_truth_column_in_the_files_of_raw_is_red(monkeypatch, red):
    """Smuggled in behind the definition, where no column list is looked at."""
    secret = pl.lit(0.97).cast(pl.Decimal(4, 2)).alias("soh_truth")
    change(
        monkeypatch,
        "platform.lake.store:as_stored",
        lambda rows: rows.with_columns(secret) if "voltage_v" in rows.columns else rows,
    )
    words = red("telemetry_jar_raw", "suite", "telemetry_jar_calc", "feature_store")
    assert "columns stored that the definition does not have: soh_truth" in words


def test_a_truth_column_in_a_raw_table_is_red(world):
    with world.warehouse.transaction() as connection:
        connection.execute(sa.text("ALTER TABLE fleet.impedance_measurement_raw ADD COLUMN profile text"))
    result = again(world, "impedance_measurement_raw", "impedance_measurement_calc")
    said = evaluations(result)["impedance_measurement_raw", "suite"]
    assert not said.passed
    assert "columns stored that the definition does not have: profile" in said.description
    assert materialized(result) == {"impedance_measurement_raw"}
    with world.warehouse.transaction() as connection:
        connection.execute(sa.text("ALTER TABLE fleet.impedance_measurement_raw DROP COLUMN profile"))
    assert again(world, "impedance_measurement_raw").success


@pytest.fixture
def kept_truth(world) -> pl.DataFrame:
    """The generator's truth of the month, as it is kept where it belongs."""
    rows = world.warehouse.read(t.jar_truth, PART).collect()
    assert rows.height >= 24, "no truth to look for"
    return rows


def test_honest_readings_are_not_taken_for_the_truth(world, kept_truth):
    result = again(world, "telemetry_jar_raw")
    assert result.success, failures(result)
    said = evaluations(result)["telemetry_jar_raw", "truth_apart"]
    # Among jars without a defect, resistance follows the truth as far as jars are alike, and no further.
    assert 0.2 < said.metadata["closest"].value < 0.9999


@pytest.mark.parametrize("column", ["soh_pct", "resistance_ratio"])
def test_a_truth_that_hides_in_a_raw_column_is_red(monkeypatch, kept_truth, red, column):
    """Scaled and shifted into the column's range, so that only its pattern across jars gives it away."""
    secret = dict(kept_truth.select("battery_id", column).iter_rows())
    told = pl.col("battery_id").cast(pl.String).replace_strict(secret, return_dtype=pl.Float64)
    change(
        monkeypatch,
        "synthetic.signals.telemetry:jar_day",
        lambda rows: rows.with_columns((200.0 - 0.5 * told).alias("conductance_s")),
    )
    words = red("telemetry_jar_raw", "truth_apart", "telemetry_jar_calc")
    assert "telemetry_jar_raw.conductance_s, in the month: expected a measurement, which scatters" in words
    assert f"found the truth's {column} (correlation" in words


@pytest.mark.parametrize(
    ("statement", "undo", "words"),
    [
        ("CREATE TABLE fleet.jar_truth (soh numeric)", "DROP TABLE fleet.jar_truth", "table fleet.jar_truth"),
        (
            "CREATE VIEW fleet.shown AS SELECT soh_pct FROM truth.jar_truth",
            "DROP VIEW fleet.shown",
            "view fleet.shown",
        ),
    ],
)
def test_a_truth_that_stands_beside_its_schema_is_red(world, kept_truth, red, statement, undo, words):
    with world.warehouse.transaction() as connection:
        connection.execute(sa.text(statement))
    said = red("telemetry_jar_raw", "truth_apart", "telemetry_jar_calc")
    with world.warehouse.transaction() as connection:
        connection.execute(sa.text(undo))
    assert words in said
