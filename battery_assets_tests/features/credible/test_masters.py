"""Figures of master data that no jar can have are left out and told with the term that mends them."""

import pytest

from battery_assets.features.credible.masters import credible_masters
from battery_assets_tests.features.credible.test_scales import jars


def test_baselines_of_another_unit_are_none():
    facts = jars(initial_resistance_mohm=[5100.0] * 6)
    kept, left_out = credible_masters(facts)
    assert kept["initial_resistance_mohm"].null_count() == 6
    assert left_out["term"].to_list() == ["units=battery.initial_resistance_mohm:uohm"]


@pytest.mark.parametrize(
    ("nominal", "limit", "word"),
    [(12.0, 2.25, "x6"), (6.0, 2.25, "x3"), (12.0, 81.0, "/6"), (12.0, 1.36, "x10"), (12.0, 30.0, "none")],
)
def test_limits_of_a_cell_or_of_the_string_are_none_of_a_jar(nominal, limit, word):
    facts = jars(nominal=nominal, float_voltage_min_v=[limit] * 6, boost_voltage_min_v=[1.2 * nominal] * 6)
    kept, left_out = credible_masters(facts)
    assert kept["float_voltage_min_v"].null_count() == 6
    assert kept["boost_voltage_min_v"].null_count() == 0
    assert left_out["term"].to_list() == [f"units=battery_model.float_voltage_min_v:{word}"]
    assert left_out["rows"].to_list() == [6]


def test_one_jars_first_capacity_that_is_none_is_not_known():
    kept, left_out = credible_masters(jars(initial_capacity_ah=[9999.0, 101.0, None, 98.0, 103.0, 97.0]))
    assert kept["initial_capacity_ah"].to_list() == [None, 101.0, None, 98.0, 103.0, 97.0]
    assert left_out.select("unit_id", "column", "shown", "rows").rows() == [
        ("s", "initial_capacity_ah", 9999.0, 1)
    ]


@pytest.mark.parametrize(("first", "word"), [(1200.0, "/12"), (1000.0, "/10"), (10.0, "x10"), (7.0, "x10")])
def test_watt_hours_are_told_from_a_shifted_decimal(first, word):
    left_out = credible_masters(jars(initial_capacity_ah=[first] * 6))[1]
    assert left_out["term"].to_list() == [f"units=battery.initial_capacity_ah:{word}"]


@pytest.mark.parametrize(
    ("nominal", "limits"), [(12.0, (13.5, 14.4)), (2.0, (2.23, 2.4)), (16.0, (18.0, 19.2))]
)
def test_what_data_sheets_say_is_believed(nominal, limits):
    columns = ("float_voltage_min_v", "boost_voltage_min_v")
    facts = jars(
        nominal=nominal, initial_capacity_ah=[104.0] * 6,
        **{name: [limit] * 6 for name, limit in zip(columns, limits, strict=True)},
    )  # fmt: skip
    kept, left_out = credible_masters(facts)
    assert left_out.is_empty()
    assert kept.equals(facts)


def test_limits_of_other_chemistries_are_their_own():
    facts = jars(nominal=3.2, chemistry="Li-ion", float_voltage_max_v=[5.0] * 6, capacity_ah=[100.0] * 6)
    assert credible_masters(facts)[1].is_empty()
