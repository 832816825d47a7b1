"""References of foreign rows: rings are cut, codes of two rows are told apart."""

import polars as pl
import pytest

from battery_assets import tables as t
from battery_assets.fleet.references import _without_rings as without_rings
from battery_assets.fleet.references import named_apart, unknown_units
from battery_assets.platform.dagster.partitions import Part

PART = Part("north", "2025-03")


def models(**names: str) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "model_id": [f"{key * 8}-0000-4000-8000-000000000000" for key in names],
            "model_name": list(names.values()),
        }
    )


def test_a_code_that_two_rows_have_is_told_apart_by_their_ids(warehouse):
    rows, told = named_apart(warehouse, t.battery_model, models(a="HX", b="HX", c="GP"), PART)
    assert rows["model_name"].to_list() == ["HX", "HX #bbbbbbbb", "GP"]
    assert len(told) == 1


def test_a_long_code_is_cut_to_its_column_and_an_empty_table_is_left_alone(warehouse):
    rows, _ = named_apart(warehouse, t.battery_model, models(a="X" * 50, b="X" * 50), PART)
    assert rows["model_name"].str.len_chars().to_list() == [50, 50]
    assert rows["model_name"].n_unique() == 2
    assert named_apart(warehouse, t.battery_model, models(), PART)[1] == []


@pytest.mark.parametrize(
    ("follows", "left"),
    [
        ({"a": "b", "b": "a", "c": "a"}, {"c": "a"}),
        ({"a": "a"}, {}),
        ({"a": "b", "b": "c"}, {"a": "b", "b": "c"}),
    ],
)
def test_only_rings_lose_their_references(follows, left):
    rows = pl.DataFrame({"battery_id": list("abc"), "replacement_of": [follows.get(unit) for unit in "abc"]})
    kept, told = without_rings(rows, "battery_id", "replacement_of")
    assert dict(kept.drop_nulls().iter_rows()) == left
    assert bool(told) == (left != follows)


def test_units_that_nobody_names_are_told_by_id_and_rows(warehouse):
    counts = {"00000000-0000-4000-8000-000000000001": 5, "00000000-0000-4000-8000-000000000002": 1}
    [told] = unknown_units(warehouse, t.telemetry_jar_raw.c.battery_id, counts)
    assert told.startswith("battery_id: 6 rows are of 2 units that battery does not name")
    assert "000000000001 x 5" in told
    assert unknown_units(warehouse, t.telemetry_jar_raw.c.battery_id, {}) == []
