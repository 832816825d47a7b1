"""Ride-through times against the generator's truth: do intervals hold it, is the weakest jar the right one?

The estimator sees what a site's records tell: master data, a year of ohmic rounds and capacity tests. The
truth is the same string, discharged with every jar's true capacity, resistance and temperature.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from battery_assets.features.health.capacity import capacity_results
from battery_assets.features.health.estimate import state_of_health
from battery_assets.features.ride_through.draws import DC5S_FACTOR
from battery_assets.features.ride_through.loads import POWER, rated_level, string_loads
from battery_assets.features.ride_through.places import jar_states, string_places
from battery_assets.features.ride_through.runtime import Load, ride, string_runtimes
from battery_assets.physics import ageing
from battery_assets.physics.discharge import Jars, State
from battery_assets.physics.parameters.vrla_12v120ah import HX12_120
from battery_assets.platform.warehouse.rows import midnight
from battery_assets.synthetic import catalogue
from battery_assets.synthetic.calendar import DAY_S, day_date, month_days, month_index
from battery_assets.synthetic.discharges import jars_of_event
from battery_assets.synthetic.identifiers import battery_ids
from battery_assets.synthetic.layout import layout
from battery_assets.synthetic.lives import in_service
from battery_assets.synthetic.master import master
from battery_assets.synthetic.schedule import Event
from battery_assets.synthetic.site import PLACES, SyntheticSite
from battery_assets.synthetic.transactions import transactions
from battery_assets_tests.worlds.noisy_strings import outcomes
from benchmarks.world import clocked

START = "2022-01"
MONTHS = ("2023-03", "2024-08", "2026-01")
SEEDS = (9001, 9002)
NOISY_SEED = 20260


@dataclass(frozen=True)
class Tally:
    """Rides whose truth is known."""

    held: float
    named: float
    half_width: float
    bias: float
    seconds_per_string: float


def measure(small: bool) -> dict[str, float]:
    """Coverage of the 90 % interval and share of weakest jars named rightly, on strings whose twins have the
    stated errors; coverage and bias on the generator's sites; seconds for a string with its three loads; what
    a worn jar has left of its minutes at a high rate.
    """
    noisy = outcomes(NOISY_SEED, 15 if small else 150, 40 if small else 120)
    seeds, places = (SEEDS[:1], ["phuket"]) if small else (SEEDS, sorted(PLACES)[::2])
    sites = [SyntheticSite(f"ride{s}", place, s, 900, 3, 24, START) for s in seeds for place in places]
    found = tally(sites, MONTHS[:1] if small else MONTHS)
    return {
        "runtime_interval_coverage_pct": 100.0 * sum(o.held for o in noisy) / len(noisy),
        "runtime_weakest_named_pct": 100.0 * sum(o.named for o in noisy) / len(noisy),
        "runtime_site_coverage_pct": 100.0 * found.held,
        "runtime_site_bias_pct": 100.0 * found.bias,
        "runtime_site_half_width_pct": 100.0 * found.half_width,
        "runtime_seconds_per_string": found.seconds_per_string,
        "runtime_at_76_pct_soh_pct": 100.0 * minutes_left(0.76),
    }


def minutes_left(soh: float) -> float:
    """Share of its 15 min at constant power that a corroding jar of a fast-ageing profile has left.

    The 10 h test gives it `soh` of its rating; its resistance has risen as `physics.ageing` says.
    """
    load = Load(POWER, rated_level(POWER, 15.0, 1.67), 1.67)
    [profile] = [one for one in ageing.PROFILES if one.name == "accelerated"]
    [mechanism] = [one for one in ageing.MECHANISMS if one.name == "corrosion"]
    worn = ageing.wear(soh, ageing.MEAN_INITIAL)
    ratio = ageing.resistance_ratio(worn, profile.rise_at_end, mechanism.lead_exponent, mechanism.rise)
    scale = float(ageing.capacity_scale(soh)) * HX12_120.acceptance_scale
    ran = ride(Jars.new(1, scale, float(ratio)), State.full(1), load, HX12_120)
    return ran.minutes / 15.0


def tally(sites: list[SyntheticSite], months: tuple[str, ...]) -> Tally:
    """Every string of the sites at the end of the months, at its own load and at both ratings."""
    held, named, width, bias, seconds, strings = [], [], [], [], 0.0, 0
    for site in sites:
        for month in months:
            known = records(site, month)
            with clocked() as clock:
                rows = string_runtimes(*known)
            seconds, strings = seconds + clock.seconds, strings + site.strings
            codes = layout(site).string_ids
            for row, load in zip(rows.to_dicts(), known[2].to_dicts(), strict=True):
                minutes, weakest = truth(site, month, codes.index(row["string_id"]), load)
                if row["runtime_min"] is None:
                    continue
                held.append(row["runtime_lower_min"] <= minutes <= row["runtime_upper_min"])
                named.append(row["weakest_battery_id"] == weakest)
                width.append((row["runtime_upper_min"] - row["runtime_lower_min"]) / 2 / row["runtime_min"])
                bias.append(row["runtime_min"] / minutes - 1.0)
    share = [sum(values) / len(values) for values in (held, named, width, bias)]
    return Tally(*share, seconds / strings)


def records(site: SyntheticSite, month: str) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, datetime]:
    """Strings, jars, loads and the end of a month, as `string_runtimes` takes them."""
    at = midnight(day_date(month_days(month_index(month))[1]))
    rows = master(site, month)
    models = catalogue.battery_models()
    facts = string_places(rows["string"], rows["battery_system"], rows["battery"], models, at)
    twins = _twins(site, month, rows["battery"], at)
    instants = pl.Datetime("us", "UTC")
    features = pl.DataFrame(
        schema={"battery_id": pl.String, "feature_ts": instants, "v_mean": pl.Float64, "t_mean": pl.Float64}
    )
    jars = jar_states(facts, rows["battery"], models, twins, features, at)
    jars = jars.with_columns(temperature_c=pl.lit(26.0))
    return facts, jars, string_loads(facts, _own(site)), at


def _twins(site: SyntheticSite, month: str, batteries: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """What a year of records tells of the jars."""
    past = [transactions(site, name) for name in _year_before(site, month)]
    rounds, tests = (
        pl.concat([one[table] for one in past])
        for table in ("impedance_measurement_raw", "capacity_test_raw")
    )
    jars = batteries.with_columns(capacity_ah=pl.lit(HX12_120.rated_ah))
    strings = layout(site).string_ids
    results = capacity_results(
        tests, dict.fromkeys(strings, HX12_120.rated_ah), dict.fromkeys(strings, site.jars_per_string)
    )
    columns = ("test_date", "capacity_pct_of_rated", "discharge_duration_min", "cutoff_voltage_v")
    told = tests.join(results, on="test_id").select("string_id", *columns)
    warmth = batteries.select("battery_id", temperature_c=pl.lit(26.0))
    health = state_of_health(jars, rounds, told, warmth, at)
    last = rounds.sort("measured_at").group_by("battery_id").agg(pl.col("resistance_mohm").last())
    return (
        health.join(last, on="battery_id", how="left")
        .join(batteries.select("battery_id", "initial_resistance_mohm"), on="battery_id")
        .with_columns(
            soc_pct=pl.lit(100.0),
            r0_mohm=DC5S_FACTOR * pl.col("resistance_mohm").fill_null(pl.col("initial_resistance_mohm")),
        )
    )


def _year_before(site: SyntheticSite, month: str) -> Iterator[str]:
    last = month_index(month)
    for index in range(max(last - 11, month_index(site.start)), last + 1):
        yield day_date(month_days(index)[0]).strftime("%Y-%m")


def _own(site: SyntheticSite) -> pl.DataFrame:
    plan = layout(site)
    systems = [plan.system(number) for number in range(site.strings)]
    volts = 12.0 * site.jars_per_string
    return pl.DataFrame(
        {
            "string_id": plan.string_ids,
            "power_w": [s.load_w * site.jars_per_string or s.load_a * volts for s in systems],
            "drawn_a": [s.load_a or s.load_w / 12.0 for s in systems],
        }
    )


def truth(site: SyntheticSite, month: str, string: int, load: dict) -> tuple[float, str]:
    """Minutes that the string would truly carry a load, and the jar that is lowest then."""
    start_s = month_days(month_index(month))[1] * DAY_S - 3600.0
    power = load["load_kind"] == "constant_power"
    event = Event(
        "outage", string, start_s, 3600.0, 3600.0,
        watts=load["level"] if power else 0.0, amps=0.0 if power else load["level"],
    )  # fmt: skip
    asked = Load(load["load_kind"], load["level"], load["end_voltage_v_cell"])
    jars = jars_of_event(site, event)
    ran = ride(jars, State.full(jars.cells.size), asked, HX12_120)
    rows = in_service(site, int(start_s // DAY_S), after_switch=True)
    return ran.minutes, battery_ids(site)[rows[string * site.jars_per_string + ran.weakest]]
