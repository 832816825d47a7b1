"""Worlds of synthetic sites: each differs from the matched one by what it says, and its truth stays truth."""

from functools import cache

import numpy as np
import polars as pl
import pytest

from battery_assets.physics import ageing
from battery_assets.physics.discharge import Jars
from battery_assets.physics.open_circuit import open_circuit_v
from battery_assets.physics.parameters.another_agm_120ah import ANOTHER_AGM
from battery_assets.physics.parameters.vrla_12v120ah import HX12_120
from battery_assets.physics.ten_hour_test import ten_hour_ah
from battery_assets.synthetic.calendar import DAY_S, day_date, month_days, month_index, start_day
from battery_assets.synthetic.catalogue import battery_models
from battery_assets.synthetic.condition import condition
from battery_assets.synthetic.discharges import run
from battery_assets.synthetic.lives import NEVER, in_service, lives
from battery_assets.synthetic.master import master
from battery_assets.synthetic.schedule import month_events
from battery_assets.synthetic.signals.telemetry import jar_day, string_day
from battery_assets.synthetic.site import SyntheticSite
from battery_assets.synthetic.truth import truth
from battery_assets.synthetic.worlds import CORROSION, MATCHED, SULFATION, WORLDS

CONFIG = {"place": "phuket", "seed": 7, "interval_s": 900, "strings": 36}


@cache
def site_in(world: str, strings: int = 36) -> SyntheticSite:
    return SyntheticSite.from_config("alpha", CONFIG | {"world": world, "strings": strings})


def state(world: str, years: int = 5):
    """Jars in service some years after the site's first day, and how they are."""
    site = site_in(world)
    day = start_day(site) + 365 * years
    rows = in_service(site, day, after_switch=True)
    return lives(site).take(rows), condition(site, rows, float(day))


def wear_ends(world: str) -> np.ndarray:
    """How many days after its true end each worn jar was replaced alone."""
    jars = lives(site_in(world))
    own = (jars.replaced < NEVER) & (jars.sudden == 0) & ~jars.renewed & (jars.end_day < NEVER)
    return (jars.replaced - jars.end_day)[own]


def test_a_site_lies_in_the_matched_world_unless_it_says_otherwise():
    assert SyntheticSite.from_config("a", {"place": "phuket"}).world is MATCHED
    assert site_in("no_knee").world is WORLDS["no_knee"]
    with pytest.raises(ValueError, match=r"world = 'flat' is not allowed; give one of matched, mix_60_30_10"):
        SyntheticSite.from_config("a", {"place": "phuket", "world": "flat"})


def test_worlds_have_names_of_their_own_and_say_what_differs():
    assert len(WORLDS) == 13
    assert len({world.differs for world in WORLDS.values()}) == 13
    assert all(world.name == name for name, world in WORLDS.items())


def test_shares_and_rates_of_new_jars_are_those_of_the_world():
    jars = lives(site_in("mix_60_30_10"))
    born = np.bincount(jars.profile[jars.generation > 0]) / (jars.generation > 0).sum()
    assert born == pytest.approx([0.60, 0.30, 0.10], abs=0.03)
    usual, quick = (np.median(lives(site_in(w)).rate) for w in ("matched", "rates_x1.5"))
    assert quick / usual == pytest.approx(1.5, rel=0.05)


def test_a_life_that_halves_per_eight_kelvin_is_shorter_in_the_heat():
    hot, cool = (WORLDS["life_halves_per_8k"].years(t) / MATCHED.years(t) for t in (41.0, 25.0))
    assert hot == pytest.approx(2 ** (16 / 8 - 16 / 10))
    assert cool == 1.0


def test_without_a_knee_health_falls_in_a_straight_line_to_its_end():
    world = WORLDS["no_knee"]
    years = np.linspace(2.0, world.years_to_end(0.02, 1.02), 30)
    falls = np.diff(world.health(years, 0.02, 1.02))
    assert falls == pytest.approx(falls[0], rel=0.01)
    assert world.health(years[-1], 0.02, 1.02) == pytest.approx(0.80, abs=1e-3)


@pytest.mark.parametrize(("world", "rise"), [("matched", 0.50), ("half_the_rise", 0.25)])
def test_resistance_at_eighty_percent_rises_by_what_the_world_says(world, rise):
    assert WORLDS[world].resistance(1.0, 0, CORROSION, 0.0) == pytest.approx(1 + rise)


def test_equally_worn_jars_differ_in_resistance_by_a_fifth_in_the_world_that_says_so():
    own = np.random.default_rng(1).standard_normal(20_000)
    ratio = WORLDS["scatter_20"].resistance(np.ones(own.size), 0, CORROSION, own)
    assert np.std(np.log(ratio)) == pytest.approx(0.20, rel=0.03)
    assert WORLDS["scatter_20"].resistance(0.0, 0, CORROSION, 2.0) == pytest.approx(1.0)


def test_half_of_the_jars_sulfate_and_their_resistance_stays_as_it_was():
    jars, now = state("half_sulfation")
    sulfated = jars.mechanism == SULFATION
    assert sulfated.mean() == pytest.approx(0.5, abs=0.05)
    sound = now.cells == 6
    steady = sulfated & sound & (jars.sudden == 0)
    assert np.mean(now.resistance_ratio[steady & (now.soh < 0.9)]) == pytest.approx(1.0, abs=0.03)
    assert now.soh[steady].min() < 0.9


def test_acceptance_capacity_is_known_to_five_percent_where_the_world_says_so():
    for world, sd in (("matched", 0.01), ("acceptance_5", 0.05)):
        site = site_in(world)
        told = master(site, "2024-01")["battery"]["initial_capacity_ah"].to_numpy() / 120.0
        rows = np.flatnonzero(lives(site).installed < start_day(site) + 31)
        assert np.std(told / lives(site).initial[rows]) == pytest.approx(sd, rel=0.15)


def test_weak_jars_stay_for_years_where_nobody_replaces_them():
    assert np.median(wear_ends("matched")) < 90
    assert np.median(wear_ends("weak_jars_stay")) > 180
    assert np.percentile(100 * state("weak_jars_stay")[1].soh, 0.5) > 40
    assert (state("weak_jars_stay")[1].soh < 0.8).mean() > 3 * (state("matched")[1].soh < 0.8).mean()


def test_another_makers_jar_has_another_rest_voltage_float_current_and_sheet():
    assert ten_hour_ah(Jars.new(), ANOTHER_AGM)[0] == pytest.approx(ANOTHER_AGM.model_c10_ah, rel=0.002)
    assert open_circuit_v(1.0, jar=ANOTHER_AGM) - open_circuit_v(1.0) == pytest.approx(0.107, abs=0.01)
    theirs, ours = (string_day(site_in(w, 2), day_date(start_day(site_in(w, 2)) + 3)).filter(
        pl.col("mode") == "float")["current_a"].median() for w in ("another_maker", "matched"))  # fmt: skip
    assert theirs > 1.5 * ours


@pytest.mark.parametrize("world", WORLDS)
def test_a_site_of_every_world_sends_what_its_cells_can_show(world):
    site = site_in(world, 3)
    cells, rows = site.product.cells, master(site, "2024-01")
    assert rows["string"]["nominal_voltage_v"].unique().to_list() == [2.0 * cells * 24]
    assert set(rows["battery"]["model_id"]) <= set(battery_models()["model_id"])
    test = next(e for m in range(24) for e in month_events(site, month_index("2024-01") + m)
                if e.kind == "capacity_test" and run(site, e).load.removed_ah > 0)  # fmt: skip
    day = day_date(int(test.start_s // DAY_S))
    per_cell = jar_day(site, day)["voltage_v"].drop_nans() / cells
    assert 1.3 < per_cell.min() < per_cell.max() < 2.9
    assert {"float", "discharge"} <= set(string_day(site, day)["mode"])
    # A weak jar may end the test while its string stands above the stop voltage.
    assert test.stop_v_cell - 0.05 < run(site, test).end_v / 24 / cells < test.stop_v_cell + 0.25


@pytest.mark.parametrize("world", WORLDS)
def test_the_truth_of_a_site_is_that_of_its_world(world):
    site = site_in(world, 3)
    known = truth(site, "2025-03")
    end = month_days(month_index("2025-03"))[1]
    now = condition(site, in_service(site, end - 1, after_switch=True), float(end))
    told = known.filter(pl.col("known_at") == known["known_at"].max())["soh_pct"].sort()
    assert told.to_numpy() == pytest.approx(np.sort(100 * now.soh), abs=0.1)


def test_a_block_holds_what_its_cells_hold():
    for world in ("blocks_2v", "blocks_6v"):
        jar = WORLDS[world].product
        share = jar.cells / 6
        assert open_circuit_v(0.5, jar=jar) == pytest.approx(share * open_circuit_v(0.5))
        assert jar.ohmic_mohm == pytest.approx(share * HX12_120.ohmic_mohm)
    assert ageing.MECHANISMS[SULFATION].name == "sulfation"
