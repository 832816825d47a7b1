"""Blocks of other than six cells are seen as jars of six of their cells."""

from datetime import UTC, datetime

import polars as pl
import pytest

from battery_assets.features.ride_through.loads import string_loads
from battery_assets.features.ride_through.places import of_six_cells
from battery_assets.features.ride_through.runtime import string_runtimes
from battery_assets.features.samples.blocks import cells_of, in_six_cells, with_cells

AT = datetime(2025, 3, 4, tzinfo=UTC)


def built(
    nominal: float | None, chemistry: str | None, places: int = 24, string_v: float | None = None
) -> dict:
    kinds = {"nominal_voltage_v": pl.Float64, "chemistry": pl.String, "string_nominal_v": pl.Float64}
    rows = {"battery_id": ["j"], "string_id": ["s"], "nominal_voltage_v": [nominal], "chemistry": [chemistry],
            "batteries_count": [places], "string_nominal_v": [string_v]}  # fmt: skip
    return with_cells(pl.DataFrame(rows, schema_overrides=kinds)).row(0, named=True)


@pytest.mark.parametrize(
    ("nominal", "string_v", "cells"),
    [(12.0, None, 6), (6.0, None, 3), (2.0, 48.0, 1), (None, 144.0, 3), (None, None, 6), (None, 333.0, 6)],
)
def test_cells_are_nominal_voltage_over_two(nominal, string_v, cells):
    jar = built(nominal, "VRLA", string_v=string_v)
    assert (jar["cells"], jar["lead_acid"]) == (cells, True)


@pytest.mark.parametrize(("chemistry", "lead_acid"), [("Li-ion", False), ("NiMH", False), (None, True)])
def test_what_is_no_lead_acid_is_said(chemistry, lead_acid):
    jar = built(12.8, chemistry)
    assert jar["lead_acid"] == lead_acid
    assert jar["cells"] == 6


@pytest.mark.parametrize(("string_v", "lead_acid"), [(12.8, False), (51.2, False), (3.2, False), (16.0, True),
                                                     (13.6, True), (12.6, True), (6.0, True)])  # fmt: skip
def test_jars_of_no_known_model_and_the_voltage_of_lfp_are_no_lead_acid(string_v, lead_acid):
    assert built(None, None, places=4, string_v=4 * string_v)["lead_acid"] == lead_acid
    assert built(string_v, "VRLA")["lead_acid"], "what a model says stands"


def test_only_jars_of_other_sizes_are_changed():
    jars = pl.DataFrame({"battery_id": ["a", "b"], "string_id": ["s", "s"], "cells": [6, 3]})
    rows = pl.DataFrame({"battery_id": ["a", "b"], "voltage_v": [13.6, 6.8], "ts": [1, 2]})
    assert cells_of(jars, "battery_id") == {"b": 3}
    assert in_six_cells(rows, "battery_id", {"b": 3})["voltage_v"].to_list() == [13.6, 13.6]
    assert in_six_cells(rows, "battery_id", {}) is rows


def minutes(places: int, cells: int) -> list[float]:
    """Ride-through of a string of 240 V, of blocks of some cells."""
    facts = pl.DataFrame(
        {"string_id": ["s"], "places": [places], "vacant": [0], "jars": [places], "rated_ah": [100.0], "cells": [cells],
         "system_type": ["UPS"], "rated_power_kva": [None], "strings_in_system": [1]},
        schema_overrides={"rated_power_kva": pl.Float64},
    )  # fmt: skip
    own = pl.DataFrame({"string_id": ["s"], "power_w": [12_000.0], "drawn_a": [50.0], "episodes": [1]})
    names = [f"j{n:02d}" for n in range(places)]
    jars = pl.DataFrame(
        {"string_id": ["s"] * places, "battery_id": names, "soc_pct": [100.0] * places, "soh_pct": [95.0] * places,
         "soh_std_pct": [3.0] * places, "soc_std_pct": [2.0] * places, "r0_mohm": [5.1 * 1.3 * cells / 6] * places,
         "rated_ah": [100.0] * places, "temperature_c": [25.0] * places, "cells": [6.0] * places}
    )  # fmt: skip
    as_six = of_six_cells(jars, dict.fromkeys(names, cells) if cells != 6 else {})
    rows = string_runtimes(facts, as_six, string_loads(facts, own), AT)
    return rows.sort("load_basis")["runtime_min"].to_list()


def test_forty_blocks_of_6_v_carry_a_load_as_long_as_twenty_of_12_v():
    assert minutes(40, 3) == pytest.approx(minutes(20, 6), rel=0.03)
    assert minutes(120, 1) == pytest.approx(minutes(20, 6), rel=0.05)


def test_a_string_of_blocks_of_two_sizes_has_the_volts_of_all_its_cells():
    mixed = pl.DataFrame({"battery_id": ["a", "b", "c"], "string_id": ["s"] * 3, "cells": [6, 6, 3]})
    of_string, of_jars = cells_of(mixed, "string_id"), cells_of(mixed, "battery_id")
    assert of_string == {"s": 5.0}
    volts = pl.DataFrame({"battery_id": ["a", "b", "c"], "voltage_v": [13.6, 13.6, 6.8]})
    string = pl.DataFrame({"string_id": ["s"], "voltage_v": [volts["voltage_v"].sum()]})
    jars_sum = in_six_cells(volts, "battery_id", of_jars)["voltage_v"].sum()
    assert in_six_cells(string, "string_id", of_string)["voltage_v"].item() == pytest.approx(jars_sum)
