"""Which jar ends a string: labelled by the end of real discharges, or by the generator's truth, and learned."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from battery_assets import tables as t
from battery_assets.experiments.making.files import bursts_of, read
from battery_assets.experiments.making.labels import ended_by_truth
from battery_assets.platform.dagster.partitions import Part
from battery_assets.platform.registry import books as registry
from battery_assets.platform.registry.kinds import FILES
from battery_assets.synthetic.calendar import month_index
from battery_assets.synthetic.discharges import ending_jar, run
from battery_assets.synthetic.identifiers import battery_ids
from battery_assets.synthetic.layout import layout
from battery_assets.synthetic.lives import in_service
from battery_assets.synthetic.schedule import capacity_test, month_of_test
from battery_assets.synthetic.site import SyntheticSite
from battery_assets.tables.identity import identity
from battery_assets.tables.projections import polars_schema
from battery_assets_tests.experiments.test_datasets import rows

CONFIG = {
    "place": "phuket",
    "seed": 4,
    "interval_s": 60,
    "strings": 10,
    "jars_per_string": 6,
    "start": "2024-01",
}
GENERATOR = SyntheticSite.from_config("real", CONFIG)
PART = Part("real", "2028-05")
BEGAN = datetime(2028, 5, 9, 2, tzinfo=UTC)
# The last string's discharge is broken off long before its end.
BROKEN_OFF = 9


def yearly() -> list:
    """The yearly test of each string, as the generator has it."""
    return [capacity_test(GENERATOR, string, month_index("2028-05")) for string in range(GENERATOR.strings)]


def put(warehouse, table, made: list[dict], part: Part) -> None:
    """Write rows of a table as somebody else's system would have sent them."""
    now = {"created_at": BEGAN, "updated_at": BEGAN}
    frame = pl.DataFrame(
        [{name: {**now, **row}.get(name) for name in polars_schema(table)} for row in made],
        polars_schema(table), strict=False,
    )  # fmt: skip
    warehouse.replace(table, warehouse.claim(table, part), frame)


def sent(loads) -> tuple[list[dict], list[dict]]:
    """Rows of jars and strings: half an hour of float, then the discharge, a sample a minute."""
    of_jars, of_strings = [], []
    for string, load in enumerate(loads):
        minutes = np.arange(0.5, load.time_s[-1] / 60 * (0.5 if string == BROKEN_OFF else 1.0))
        volts = np.vstack([np.interp(minutes * 60, load.time_s, one) for one in load.jar_v])
        volts = np.hstack([np.full((len(volts), 30), 13.6), volts])
        amps = np.concatenate([np.full(30, 0.05), np.full(len(minutes), float(load.current_a[1]))])
        at = [BEGAN + timedelta(minutes=k) for k in range(volts.shape[1])]
        of_strings += [
            {
                "ts": when,
                "string_id": identity("string", string),
                "voltage_v": v,
                "current_a": a,
                "mode": None,
            }
            for when, v, a in zip(at, volts.sum(axis=0), amps, strict=True)
        ]
        of_jars += [
            {"ts": when, "battery_id": identity("jar", string, jar), "voltage_v": v, "temperature_c": 25.0}
            for jar, curve in enumerate(volts) for when, v in zip(at, curve, strict=True)
        ]  # fmt: skip
    return of_jars, of_strings


@pytest.fixture(scope="module")
def ended(place):
    """A dataset of ten strings' tests at a site of files, one of them broken off, and the loads."""
    loads = [run(GENERATOR, event).load for event in yearly()]
    with place.warehouse.transaction() as connection:
        registry.put_site(connection, "real", FILES, {})
    model = {"model_id": identity("model"), "model_name": "M", "chemistry": "VRLA", "nominal_voltage_v": 12.0,
             "capacity_ah": 120.0, "float_voltage_min_v": 13.5, "float_voltage_max_v": 13.8}  # fmt: skip
    strings = [
        {
            "string_id": identity("string", k),
            "string_code": f"S{k}",
            "string_position": 1,
            "batteries_count": 6,
        }
        for k in range(GENERATOR.strings)
    ]
    jars = [
        {"battery_id": identity("jar", k, jar), "string_id": identity("string", k), "battery_code": f"S{k}-J{jar}",
         "model_id": identity("model"), "position_in_string": jar + 1, "status": "active"}
        for k in range(GENERATOR.strings) for jar in range(6)
    ]  # fmt: skip
    of_jars, of_strings = sent(loads)
    for table, made, part in (
        (t.battery_model, [model], PART), (t.string, strings, PART), (t.battery, jars, PART),
        (t.telemetry_jar_raw, of_jars, PART), (t.telemetry_string_raw, of_strings, PART),
    ):  # fmt: skip
        put(place.warehouse, table, made, part)
    terms = {"sites": ["real"], "months": ["2028-05"], "minutes": 30}
    assert place.run("dataset", "ends", kind="dataset_discharges", terms=terms).success
    return SimpleNamespace(place=place, loads=loads)


def test_the_lowest_jar_at_the_end_of_a_real_test_has_ended_its_string(ended):
    found = rows(ended.place, "SELECT s.* FROM experiments.signals s JOIN experiments.datasets d "
                 "ON d.id = s.dataset_id WHERE d.name = 'ends' ORDER BY s.signal_id")  # fmt: skip
    named = {
        row["system"]: row["signal_id"].split("-")[2] for row in found if row["fault_class"] == "ends_string"
    }
    assert named == {
        f"real-S{k}": f"J{int(load.jar_v[:, -1].argmin())}"
        for k, load in enumerate(ended.loads) if k != BROKEN_OFF
    }  # fmt: skip
    assert len(found) == 6 * (GENERATOR.strings - 1)
    assert {row["severity"] for row in found} == {""} and {row["dominant_frequency"] for row in found} == {
        None
    }
    [made] = rows(ended.place, "SELECT meta_data FROM experiments.datasets WHERE name = 'ends'")
    assert made["meta_data"]["left_out"] == {"nobody knows which jar would have ended it": 1}
    assert "own_curve_exact_points" in made["meta_data"]["leak"]


def test_a_curve_is_the_first_half_hour_of_a_jar_and_no_more(ended):
    [made] = rows(ended.place, "SELECT meta_data FROM experiments.datasets WHERE name = 'ends'")
    bursts = bursts_of(read(ended.place.warehouse, made["meta_data"]["files"]))
    assert bursts.volts.shape == (54, 120) and bursts.rate_hz == pytest.approx(120 / 1800)
    assert bursts.labels.sum() == 9 and len(np.unique(bursts.own)) == 9
    load = ended.loads[0]
    true = np.interp((np.arange(120) + 0.5) * 15, load.time_s, load.jar_v[0])
    assert bursts.volts[0, 4:] == pytest.approx(true[4:], abs=0.02)


@pytest.mark.parametrize("model", ["end_drop", "forest_own_curve", "cnn1d"])
def test_models_are_judged_on_strings_that_they_never_saw(ended, model):
    numbers = {"epochs": 3, "stages": [{"width": 8, "kernel": 15, "stride": 8}]} if model == "cnn1d" else {}
    name = f"ends-{model}"
    assert ended.place.run(
        "experiment", name, dataset="ends", model_type=model, hyperparameters=numbers
    ).success
    [row] = rows(ended.place, f"SELECT * FROM experiments.experiments WHERE name = '{name}'")
    assert 0 <= row["metrics"]["jar_named"] <= 1 and "macro_auroc" in row["metrics"]
    assert "both_named" not in row["metrics"]


def test_seconds_are_explained_with_what_their_method_is_worth(ended):
    assert ended.place.run("explanation", "ends-cnn1d").success
    found = rows(ended.place, "SELECT x.* FROM experiments.explanations x JOIN experiments.experiment e "
                 "ON e.id = x.experiment_id WHERE e.name = 'ends-cnn1d'")  # fmt: skip
    assert {one["method"] for one in found} == {"integrated_gradients", "occlusion"}
    told = found[0]["explanation_data"]
    assert told["fault"] == "ends_string" and len(told["shares"]) == len(told["seconds"]) == 24
    assert told["seconds"][0] == 0 and told["seconds"][-1] == pytest.approx(1800 * 23 / 24)
    assert {"decoy_pointing", "no_model_decoy_pointing", "deletion", "shown"} <= set(told["scores"])


def test_models_of_ripple_are_none_for_discharges(ended):
    result = ended.place.run("experiment", "ends-rule", dataset="ends", model_type="rule_own")
    assert not result.success
    assert not rows(ended.place, "SELECT 1 FROM experiments.experiment WHERE name = 'ends-rule'")


def test_truth_names_the_jar_that_would_have_ended_a_string_though_the_load_came_back(place):
    months = [month_index("2028-01") + month_of_test(GENERATOR, string) for string in (2, 3)]
    events = [capacity_test(GENERATOR, string, month) for string, month in zip((2, 3), months, strict=True)]
    shown = pl.DataFrame({
        "string_id": [layout(GENERATOR).string_ids[event.string] for event in events],
        "window_start": [datetime.fromtimestamp(event.start_s + 20, UTC) for event in events],
    })  # fmt: skip
    told = ended_by_truth("real", CONFIG, shown.with_columns(pl.col("window_start").dt.cast_time_unit("us")))
    for event, jar in zip(events, told["jar"], strict=True):
        load = run(GENERATOR, event).load
        serving = in_service(GENERATOR, int(event.start_s // 86_400), after_switch=True)
        slot = 6 * event.string + int(load.jar_v[:, -1].argmin())
        assert jar == battery_ids(GENERATOR)[serving[slot]]
        assert ending_jar(GENERATOR, replace(event, duration_s=600.0)) == jar
    nothing = shown.head(1).with_columns(pl.col("window_start").dt.offset_by("-5d").dt.cast_time_unit("us"))
    assert ended_by_truth("real", CONFIG, nothing)["jar"].to_list() == [None]
