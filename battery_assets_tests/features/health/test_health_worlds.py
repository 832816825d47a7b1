"""Health in worlds that the estimate was not made for: its interval holds the truth, worn jars above all."""

import ast
from pathlib import Path

import numpy as np
import pytest

from battery_assets import features
from battery_assets_tests.worlds.estimation import health_worlds as worlds

SEED, COUNT = 8105, 1200


def found(name: str):
    return worlds.estimated(worlds.population(worlds.WORLDS[name], COUNT, SEED))


@pytest.mark.parametrize("name", worlds.WORLDS)
def test_the_interval_holds_jars_that_are_truly_worn(name):
    rows = found(name)
    worn, everyone = worlds.scored(rows, below=85.0), worlds.scored(rows)
    assert worn["jars"] >= 30
    assert worn["inside"] >= 0.80, worn
    assert everyone["inside"] >= 0.80, everyone


def test_worn_jars_are_not_told_too_high_in_a_world_like_the_sources():
    rows = found("matched")
    worn = worlds.scored(rows, below=85.0)
    assert abs(worn["bias"]) <= 2.5
    assert worn["inside"] >= 0.88
    off = (rows["soh_pct"] - rows["truth_pct"]).abs()
    assert np.corrcoef(rows["soh_std_pct"].rank(), off.rank())[0, 1] > 0.3


def test_sulfated_jars_are_told_by_their_voltage_on_a_charge():
    jars = worlds.population(worlds.WORLDS["half sulfates"], 2000, SEED)
    seen, blind = (worlds.scored(worlds.estimated(jars, by), below=85.0, mechanism=2) for by in (True, False))
    assert seen["jars"] >= 30
    assert abs(seen["bias"]) <= 6.0
    assert seen["inside"] >= 0.75
    assert seen["rms"] < blind["rms"]


def test_a_jar_that_reads_as_new_may_still_be_worn():
    """Flat resistance: the interval of an old jar reaches down although no reading rose."""
    jars = worlds.population(worlds.WORLDS["half sulfates"], 2000, SEED)
    flat = {name: values[(jars["age"] > 6) & (jars["mechanism"] == 2)] for name, values in jars.items()}
    rows = worlds.estimated(flat, voltages=False)
    assert (rows["soh_upper_pct"] - rows["soh_lower_pct"]).median() > 10.0


def test_the_estimate_has_a_prior_of_its_own():
    """Neither the generator's rooms nor its profiles and mechanisms are imported by any feature of health."""
    for path in (Path(features.__file__).parent / "health").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                assert "synthetic" not in node.module
                names = {alias.name for alias in node.names}
                assert not (node.module == "battery_assets.physics" and "ageing" in names), path
                if node.module == "battery_assets.physics.ageing":
                    assert names <= {"ageing_factor"}, path
