"""Who stands in a string: replaced, missing, unrecorded, shorted."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from battery_assets.features.health.estimate import BY_COURSE, LIKELY_END
from battery_assets.features.ride_through.places import jar_states, string_places

AT = datetime(2026, 4, 1, tzinfo=UTC)
MODELS = pl.DataFrame({"model_id": ["m"], "capacity_ah": [120.0]})
SYSTEMS = pl.DataFrame({"system_id": ["u"], "system_type": ["UPS"], "rated_power_kva": [80.0]})
STRINGS = pl.DataFrame(
    {
        "string_id": ["a"],
        "string_code": ["S1"],
        "system_id": ["u"],
        "batteries_count": [4],
        "is_active": [True],
    }
)
FEATURES = {
    "battery_id": pl.String,
    "feature_ts": pl.Datetime("us", "UTC"),
    "t_mean": pl.Float64,
}


def placed(*rows: tuple[str, int, date | None, date | None]) -> pl.DataFrame:
    frame = pl.DataFrame(
        rows,
        schema={
            "battery_id": pl.String, "position_in_string": pl.Int32,
            "installed_date": pl.Date, "replaced_date": pl.Date,
        },
        orient="row",
    )  # fmt: skip
    return frame.with_columns(string_id=pl.lit("a"), model_id=pl.lit("m"))


FOUR = [(f"j{k}", k, date(2020, 1, 1), None) for k in range(1, 5)]


def twins(*ids: str) -> pl.DataFrame:
    return pl.DataFrame({"battery_id": ids}).with_columns(
        soc_pct=pl.lit(100.0), soh_pct=pl.lit(95.0), r0_mohm=pl.lit(5.5)
    )


def looked_at(*rows, seen=("j1", "j2", "j3", "j4"), features=()) -> tuple[dict, pl.DataFrame]:
    batteries = placed(*rows)
    facts = string_places(STRINGS, SYSTEMS, batteries, MODELS, AT)
    daily = pl.DataFrame(features, schema=FEATURES, orient="row")
    return facts.row(0, named=True), jar_states(facts, batteries, MODELS, twins(*seen), daily, AT)


def test_a_whole_string_has_its_jars_and_its_system():
    facts, jars = looked_at(*FOUR)
    assert (facts["places"], facts["vacant"], facts["system_type"], facts["rated_ah"]) == (4, 0, "UPS", 120.0)
    assert jars["battery_id"].to_list() == ["j1", "j2", "j3", "j4"]
    assert jars["cells"].to_list() == [6, 6, 6, 6]


def test_a_replaced_jar_gives_way_to_its_successor():
    swapped = date(2026, 3, 10)
    facts, jars = looked_at(("old", 1, date(2018, 1, 1), swapped), ("new", 1, swapped, None), *FOUR[1:])
    assert facts["vacant"] == 0
    assert "new" in jars["battery_id"] and "old" not in jars["battery_id"]


def test_a_jar_that_comes_or_goes_after_the_instant_has_not_yet():
    later = date(2026, 4, 20)
    facts, jars = looked_at(("j1", 1, date(2020, 1, 1), later), ("next", 1, later, None), *FOUR[1:])
    assert facts["vacant"] == 0
    assert "j1" in jars["battery_id"] and "next" not in jars["battery_id"]


def test_a_place_whose_jar_was_taken_out_is_vacant():
    facts, jars = looked_at(("j1", 1, date(2020, 1, 1), date(2026, 3, 10)), *FOUR[1:])
    assert (facts["places"], facts["vacant"], jars.height) == (4, 1, 3)


def test_a_place_nobody_recorded_is_not_vacant_but_unknown():
    facts, jars = looked_at(*FOUR[:3])
    assert (facts["places"], facts["vacant"]) == (4, 0)
    assert jars.filter(pl.col("battery_id").is_null()).height == 1
    assert jars["soh_pct"].null_count() == 1


def test_a_jar_without_a_twin_is_there_without_state():
    _, jars = looked_at(*FOUR, seen=("j1", "j2", "j3"))
    assert jars.filter(pl.col("soh_pct").is_null())["battery_id"].to_list() == ["j4"]


def test_likely_ends_are_read_of_the_twin_s_document_where_it_has_them():
    facts = string_places(STRINGS, SYSTEMS, placed(*FOUR), MODELS, AT)
    daily = pl.DataFrame(schema=FEATURES)
    both = '{"likely_end_days": [10.5, 900.0, 3000.0], "ends_by_course": [0.5, 10, 20.25]}'
    texts = [both, '{"source": "prior"}', None, "{}"]
    told = twins("j1", "j2", "j3", "j4").with_columns(ocv_params_json=pl.Series(texts, dtype=pl.String))
    jars = jar_states(facts, placed(*FOUR), MODELS, told, daily, AT).sort("battery_id")
    assert jars.select(LIKELY_END).rows() == [(10.5, 900.0, 3000.0), *[(None,) * 3] * 3]
    assert jars[BY_COURSE].to_list() == [[0.5, 10.0, 20.25], None, None, None]
    stated = told.with_columns(pl.lit(7.0).alias(name) for name in LIKELY_END)
    assert jar_states(facts, placed(*FOUR), MODELS, stated, daily, AT)[LIKELY_END[1]].to_list() == [7.0] * 4


def test_a_jar_gives_the_cells_that_its_fault_has_left_it():
    for lost, cells in ((2.3, 5.0), (4.6, 4.0), (0.46, 5.8), (13.6, 1.0)):
        faulty = twins("j1", "j2", "j3", "j4").with_columns(
            fault=pl.when(battery_id="j2").then(pl.lit("shorted_cell")),
            lost_v=pl.when(battery_id="j2").then(lost),
            soh_pct=pl.when(battery_id="j2").then(0.0).otherwise("soh_pct"),
            working_soh_pct=pl.lit(95.0),
        )
        batteries = placed(*FOUR)
        facts = string_places(STRINGS, SYSTEMS, batteries, MODELS, AT)
        daily = pl.DataFrame([(f"j{k}", AT, 26.0) for k in range(1, 5)], schema=FEATURES, orient="row")
        jars = jar_states(facts, batteries, MODELS, faulty, daily, AT).sort("battery_id")
        assert jars["cells"].to_list() == pytest.approx([6, cells, 6, 6])
        assert jars["soh_pct"].to_list() == [95.0] * 4
        assert jars["temperature_c"].to_list() == [26.0] * 4
