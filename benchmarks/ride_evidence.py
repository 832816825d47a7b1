"""What a site's records and its monitor tell of the jars, as ride-through reads it, without a warehouse."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl

from battery_assets.features.health.capacity import capacity_results
from battery_assets.features.ride_through.draws import DC5S_FACTOR
from battery_assets.features.ride_through.loads import string_loads
from battery_assets.features.ride_through.places import jar_states, string_places
from battery_assets.features.samples.strings import Units
from battery_assets.features.samples.temperature import resistance_at_25c
from battery_assets.features.twin import carry
from battery_assets.features.twin.filter import initial_twin_state
from battery_assets.features.twin.identify import identified
from battery_assets.features.twin.month import NO_JARS, NO_STRINGS
from battery_assets.features.windows.discharges import day_windows, largest
from battery_assets.features.windows.feature_rows import TelemetryDay
from battery_assets.fleet.health_evidence import HealthEvidence
from battery_assets.platform.warehouse.rows import midnight
from battery_assets.synthetic import catalogue
from battery_assets.synthetic.calendar import DAY_S, day_date, month_days, month_index
from battery_assets.synthetic.layout import layout
from battery_assets.synthetic.master import master
from battery_assets.synthetic.schedule import last_capacity_test
from battery_assets.synthetic.signals import telemetry
from battery_assets.synthetic.site import SyntheticSite
from battery_assets.synthetic.transactions import transactions

WEEK, ROUND = 7, ("battery_id", "measured_at", "resistance_mohm", "temperature_c")
NOTHING = pl.DataFrame()


@dataclass(frozen=True)
class Known:
    """The end of a month at a site: strings, jars, loads as `string_runtimes` takes them, the instant."""

    strings: pl.DataFrame
    jars: pl.DataFrame
    loads: pl.DataFrame
    at: datetime


def known(site: SyntheticSite, month: str, *, monitored: bool) -> Known:
    """What records, and a monitor where there is one, tell at the end of a month."""
    end = month_days(month_index(month))[1]
    at, rows = midnight(day_date(end)), master(site, month)
    held = rows["battery"].with_columns(capacity_ah=pl.lit(site.product.rated_ah))
    evidence = _of_records(site, month, held)
    documents = _of_tests(site, month, held, evidence) if monitored else {}
    for back in range(WEEK, 0, -1):
        day = _jar_day(site, day_date(end - back))
        evidence.add_day(day if monitored else day.with_columns(resistance_mohm=pl.lit(None, pl.Float64)))
    twins = _twins(held, evidence, at, documents)
    models = catalogue.battery_models()
    strings = string_places(rows["string"], rows["battery_system"], rows["battery"], models, at)
    warm = pl.concat(evidence.warmth).group_by("battery_id").agg(t_mean=pl.col("temperature_c").mean())
    features = warm.with_columns(feature_ts=pl.lit(at).cast(pl.Datetime("us", "UTC")))
    jars = jar_states(strings, rows["battery"], models, twins, features, at)
    return Known(strings, jars, string_loads(strings, _own(site)), at)


def _of_records(site: SyntheticSite, month: str, held: pl.DataFrame) -> HealthEvidence:
    """Ohmic rounds and capacity tests of twelve months."""
    last = month_index(month)
    names = [day_date(month_days(index)[0]).strftime("%Y-%m") for index in range(last - 11, last + 1)]
    past = [transactions(site, name) for name in names]
    rounds = pl.concat([one["impedance_measurement_raw"] for one in past]).select(ROUND)
    tests = pl.concat([one["capacity_test_raw"] for one in past])
    strings = layout(site).string_ids
    jars, cells = dict.fromkeys(strings, site.jars_per_string), dict.fromkeys(strings, site.product.cells)
    results = capacity_results(tests, dict.fromkeys(strings, site.product.rated_ah), jars, cells=cells)
    told = tests.join(results, on="test_id").select(
        "string_id", "test_date", "capacity_pct_of_rated", "discharge_duration_min", "cutoff_voltage_v"
    )
    return HealthEvidence(held, rounds, told)


def _of_tests(
    site: SyntheticSite, month: str, held: pl.DataFrame, evidence: HealthEvidence
) -> dict[str, str]:
    """What the twin hands on of each jar after its string's last test; its fits become evidence."""
    documents: dict[str, str] = {}
    fits = []
    for string, string_id in enumerate(layout(site).string_ids):
        event = last_capacity_test(site, string, month_index(month))
        day = day_date(int(event.start_s // DAY_S))
        begun = pl.col("installed_date").is_null() | (pl.col("installed_date").cast(pl.Date) < day)
        there = pl.col("replaced_date").is_null() | (pl.col("replaced_date").cast(pl.Date) > day)
        own = held.filter(string_id=string_id).filter(begun, there)
        seen = _jar_day(site, day).join(own, on="battery_id", how="semi")
        loads = telemetry.string_day(site, day).with_columns(pl.col("string_id").cast(pl.String))
        loads = loads.filter(string_id=string_id)
        windows = largest([day_windows(TelemetryDay(day, seen, loads, NOTHING, NOTHING), own)], 3)
        if windows.is_empty():
            continue
        ids, when = own["battery_id"].to_list(), midnight(day) + timedelta(days=1)
        read = seen.filter(pl.col("resistance_mohm").is_not_null()).group_by("battery_id").last()
        ohms, warm = (carry.numbers_of(read, ids, name) for name in ("resistance_mohm", "temperature_c"))
        at_25 = resistance_at_25c(ohms, warm)
        first = carry.numbers_of(own, ids, "initial_resistance_mohm")
        soh = carry.numbers_of(evidence.health(when), ids, "soh_pct")
        prior = carry.carried({}, own, soh, np.where(np.isfinite(at_25), at_25, first))
        units = Units.of(own)
        found = identified(windows, prior.parameters, prior.theta_sd, units.rated_ah)
        fits.append(carry.fits_now(found))
        texts = carry.documents(
            initial_twin_state(NO_JARS, NO_STRINGS, own), carry.updated(prior, found, soh), found, units
        )
        documents |= dict(zip(ids, texts, strict=True))
    evidence.fits = pl.concat(fits) if fits else None
    return documents


def _twins(
    held: pl.DataFrame, evidence: HealthEvidence, at: datetime, documents: dict[str, str]
) -> pl.DataFrame:
    """Rows of digital_twin_state as far as ride-through reads them."""
    read = pl.concat([evidence.rounds.select(ROUND), *(day.select(ROUND) for day in evidence.readings)])
    recent = read.drop_nulls("resistance_mohm").sort("measured_at")
    last = recent.group_by("battery_id").agg(pl.col("resistance_mohm").tail(WEEK).median())
    if not documents:
        last = recent.group_by("battery_id").agg(pl.col("resistance_mohm").last())
    text = pl.DataFrame(
        {"battery_id": list(documents), "filter_json": list(documents.values())},
        schema={"battery_id": pl.String, "filter_json": pl.String},
    )
    return (
        evidence.health(at)
        .join(last, on="battery_id", how="left")
        .join(held.select("battery_id", "initial_resistance_mohm"), on="battery_id")
        .join(text, on="battery_id", how="left")
        .with_columns(
            soc_pct=pl.lit(100.0),
            captured_at=pl.lit(at),
            r0_mohm=DC5S_FACTOR * pl.col("resistance_mohm").fill_null(pl.col("initial_resistance_mohm")),
        )
    )


def _jar_day(site: SyntheticSite, day: date) -> pl.DataFrame:
    return telemetry.jar_day(site, day).with_columns(pl.col("battery_id").cast(pl.String))


def _own(site: SyntheticSite) -> pl.DataFrame:
    """The load that each string has in an outage."""
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
