"""A fleet of synthetic sites as the remaining-life model sees it, without a second of telemetry.

Lives, health, resistance and float voltage are the generator's truth; instruments add their errors; health is
the product's own `state_of_health` on what was read. So years of many sites take seconds. Where strings are
tested, each jar's part in the yearly test is known as the monitor shows it (`monitored.fits_of_tests`).
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import polars as pl

from battery_assets.features.health.estimate import state_of_health
from battery_assets.features.health.evidence import FITS
from battery_assets.features.health.levels import NO_LEVELS, handed_on, levels_of, with_levels
from battery_assets.physics.parameters.vrla_12v120ah import HX12_120
from battery_assets.synthetic.calendar import DAY_S, day_date, instant, month_days, month_index, start_day
from battery_assets.synthetic.condition import Condition, condition
from battery_assets.synthetic.identifiers import battery_ids
from battery_assets.synthetic.layout import layout
from battery_assets.synthetic.lives import NEVER, in_service, lives
from battery_assets.synthetic.master import master
from battery_assets.synthetic.operators import TEST_DAY
from battery_assets.synthetic.schedule import month_of_test
from battery_assets.synthetic.signals.weather import first_day, room_daily_c
from battery_assets.synthetic.site import PLACES, SyntheticSite
from battery_assets.synthetic.transactions import filed_cause
from battery_assets.synthetic.worlds import MATCHED, World
from battery_assets_tests.worlds.estimation.monitored import fits_of_tests

START = "2024-01"
# One ohmic reading of a monitor, of a hand-held instrument; the gain of either at one jar.
READING_SD, GAIN_SD = 0.02, 0.01
VOLTS_PER_SHIFT = 0.26  # of six cells, Tafel's 0.1 V a decade
WEEK_DAYS, YEAR = 7, 13
INSTANT = pl.Datetime("us", "UTC")
KINDS = {"battery_id": pl.String, "measured_at": INSTANT}
EVENTS = {"battery_id": pl.String, "event_type": pl.String, "event_subtype": pl.String,
          "status": pl.String, "completed_date": INSTANT}  # fmt: skip
TESTS = {"string_id": pl.String, "test_date": INSTANT}


@dataclass(frozen=True)
class LifeFleet:
    """What the warehouse would hold of the fleet, and the truth beside it.

    events: replacements with what the visit's file says of why. tests: string_id, test_date.
    """

    features: pl.DataFrame
    twins: pl.DataFrame
    batteries: pl.DataFrame
    truth: pl.DataFrame
    events: pl.DataFrame
    tests: pl.DataFrame


def months_of(count: int) -> list[str]:
    """So many months from START on."""
    year, month = int(START[:4]), int(START[5:])
    return [f"{year + (month - 1 + n) // 12}-{(month - 1 + n) % 12 + 1:02d}" for n in range(count)]


def life_fleet(
    seed: int, sites: int, strings: int, months: int, world: World = MATCHED, *, tested: bool = False
) -> LifeFleet:
    """`sites` sites (9 at most) of `strings` strings of 24 jars over `months` months.

    tested: the yearly tests count as evidence, as far as they lie in these months.
    """
    parts = [
        _site(
            SyntheticSite(place, place, seed + n, 3600, strings, start=START, world=world),
            months_of(months),
            tested=tested,
        )
        for n, place in enumerate(list(PLACES)[:sites])
    ]
    return LifeFleet(*(pl.concat(frames, how="diagonal_relaxed") for frames in zip(*parts, strict=True)))


def _site(site: SyntheticSite, months: list[str], *, tested: bool) -> tuple[pl.DataFrame, ...]:
    rng, by_test = (np.random.default_rng([site.seed, number]) for number in (77, 78))
    fits = [pl.DataFrame(schema=FITS)]
    ids = np.array(battery_ids(site))
    gains = np.exp(GAIN_SD * rng.standard_normal((2, len(ids))))
    batteries = master(site, months[-1])["battery"].with_columns(site=pl.lit(site.site))
    features, twins, rounds, levels = [], [], [], NO_LEVELS
    for number, month in enumerate(months):
        end = month_days(month_index(month))[1]
        rows = in_service(site, end - 1, after_switch=True)
        state = condition(site, rows, float(end))
        week = state.resistance_mohm[:, None] * gains[0, rows, None]
        week = week * np.exp(READING_SD * rng.standard_normal((len(rows), WEEK_DAYS)))
        if number % 3 == 0:
            hand = (
                state.resistance_mohm * gains[1, rows] * np.exp(READING_SD * rng.standard_normal(len(rows)))
            )
            rounds.append(_measured(ids[rows], np.full(len(rows), end - 10.0), hand))
        read = [_measured(ids[rows], np.full(len(rows), end - 0.5 - d), week[:, d]) for d in range(WEEK_DAYS)]
        warm = _warmth(site, rows, end) + state.warmer_k
        known = batteries.filter(pl.col("battery_id").is_in(ids[rows].tolist())).select(
            "battery_id", "string_id", "installed_date", "initial_capacity_ah", "initial_resistance_mohm",
            capacity_ah=pl.lit(HX12_120.rated_ah),
        )  # fmt: skip
        seen = pl.DataFrame({"battery_id": ids[rows].tolist(), "temperature_c": warm})
        level = _float_v(state) + 0.004 * rng.standard_normal(len(rows))
        signs = _signs(known, ids[rows], level, end)
        if tested:
            ordered = pl.DataFrame({"battery_id": ids[rows].tolist()}).join(
                known, on="battery_id", maintain_order="left"
            )
            fits.append(fits_of_tests(by_test, site, ordered, rows, _tests(site, [month])))
        health = _twins(
            known, pl.concat([*rounds[-5:], *read]), seen, end, week, signs, levels, pl.concat(fits[-YEAR:])
        )
        # As in the product, the newest document hands on the levels of the months before.
        health = with_levels(health, levels, levels_of(pl.concat(read)))
        levels = handed_on(health)
        twins.append(health.drop("filter_json"))
        features.append(_features(rng, ids[rows], state, warm, week, end, known))
    return (
        pl.concat(features), pl.concat(twins), batteries, _truth(site), _replacements(site, months),
        _tests(site, months),
    )  # fmt: skip


def _replacements(site: SyntheticSite, months: list[str]) -> pl.DataFrame:
    """A finished visit for each jar that left in the months, with the cause that people file."""
    jars, ids = lives(site), battery_ids(site)
    until = month_days(month_index(months[-1]))[1]
    left = np.flatnonzero((jars.replaced >= start_day(site)) & (jars.replaced < until))
    causes = [
        "string_renewal" if jars.renewed[n] else filed_cause(int(jars.sudden[n]), int(jars.found_by[n]))
        for n in left.tolist()
    ]
    return pl.DataFrame(
        {
            "battery_id": [ids[n] for n in left.tolist()],
            "event_type": "replacement",
            "event_subtype": causes,
            "status": "completed",
            "completed_date": [instant(int(jars.replaced[n]) * DAY_S) for n in left.tolist()],
        },
        schema=EVENTS,
    )


def _tests(site: SyntheticSite, months: list[str]) -> pl.DataFrame:
    """Days of the strings' yearly tests in the months."""
    strings, dates = [], []
    for month in map(month_index, months):
        for number, string_id in enumerate(layout(site).string_ids):
            if month_of_test(site, number) == month % 12:
                strings.append(string_id)
                dates.append(instant((month_days(month)[0] + TEST_DAY) * DAY_S))
    return pl.DataFrame({"string_id": strings, "test_date": dates}, schema=TESTS)


def _float_v(state: Condition) -> np.ndarray:
    """Voltage on float: what takes more current than its string floats low, and what lost cells lower."""
    shared = state.float_shift - state.float_shift.mean()
    return 13.62 - VOLTS_PER_SHIFT * shared - 2.27 * (6 - state.cells)


def _warmth(site: SyntheticSite, rows: np.ndarray, end: int) -> np.ndarray:
    day = end - first_day(site)
    rooms = room_daily_c(site)[:, day - 365 : day].mean(axis=1)
    system = layout(site).system_of_string[lives(site).position[rows] // site.jars_per_string]
    return rooms[system]


def _measured(ids: np.ndarray, days: np.ndarray, mohm: np.ndarray) -> pl.DataFrame:
    at = [instant(day * DAY_S) for day in days]
    return pl.DataFrame(
        {"battery_id": ids.tolist(), "measured_at": at, "resistance_mohm": mohm, "temperature_c": 25.0},
        schema_overrides=KINDS,
    )


def _signs(known: pl.DataFrame, ids: np.ndarray, level: np.ndarray, end: int) -> pl.DataFrame:
    """How far each jar floats below its string's middle, as `float_signs` tells it of the last day."""
    floats = known.join(pl.DataFrame({"battery_id": ids.tolist(), "v": level}), on="battery_id")
    below = pl.col("v").median().over("string_id") - pl.col("v")
    until = pl.lit(instant(end * DAY_S)).cast(KINDS["measured_at"])
    return floats.select("battery_id", until=until, below_v=below, least_v=below)


NO_TESTS = pl.DataFrame(
    schema={"string_id": pl.String, "test_date": KINDS["measured_at"], "capacity_pct_of_rated": pl.Float64}
)


def _twins(
    known: pl.DataFrame,
    read: pl.DataFrame,
    seen: pl.DataFrame,
    end: int,
    week: np.ndarray,
    signs: pl.DataFrame,
    levels: pl.DataFrame,
    fits: pl.DataFrame,
) -> pl.DataFrame:
    at = instant(end * DAY_S)
    health = state_of_health(known, read, NO_TESTS, seen, at, fits, signs, levels)
    last = seen.select("battery_id", r0_mohm=pl.Series(1.3 * week[:, 0]))
    joined = health.join(known, on="battery_id").join(last, on="battery_id")
    ratio = pl.col("initial_resistance_mohm") * 1.3 / pl.col("r0_mohm")
    return joined.with_columns(
        captured_at=pl.lit(at).cast(KINDS["measured_at"]),
        last_calibrated_at=pl.lit(None, KINDS["measured_at"]),
        filter_json=pl.lit("{}"),
        fault=pl.lit(None, pl.String),
        capacity_fade_pct=100 * (1 - pl.col("soh_pct") * 1.2 / pl.col("initial_capacity_ah")),
        power_fade_pct=100 * (1 - ratio),
    )


def _features(
    rng: np.random.Generator,
    ids: np.ndarray,
    state: Condition,
    warm: np.ndarray,
    week: np.ndarray,
    end: int,
    known: pl.DataFrame,
) -> pl.DataFrame:
    count, at = len(ids), datetime.fromtimestamp(end * DAY_S, UTC)
    at = instant(end * DAY_S)
    level = _float_v(state)
    first = dict(known.select("battery_id", "initial_resistance_mohm").iter_rows())
    base = np.array([first[jar] for jar in ids.tolist()])
    frames = []
    for hours in (24, 168):
        volts = level + 0.004 * rng.standard_normal(count)
        frames.append(
            pl.DataFrame(
                {
                    "feature_ts": pl.Series([at] * count, dtype=KINDS["measured_at"]),
                    "battery_id": ids.tolist(),
                    "feature_window_hours": pl.Series([hours] * count, dtype=pl.Int32),
                    "v_mean": volts,
                    "v_std": 0.004 * np.exp(0.1 * rng.standard_normal(count)),
                    "v_min": volts - 0.03,
                    "v_max": volts + 0.03,
                    "v_balance_mean": np.abs(volts - volts.mean()),
                    "t_mean": warm + 0.2 * rng.standard_normal(count),
                    "t_max": warm + 1.5,
                    "t_delta_ambient_mean": state.warmer_k + 0.2 * rng.standard_normal(count),
                    "r_internal_latest": week[:, 0],
                    "r_internal_baseline_pct": np.minimum(100 * week[:, 0] / base, 999.0),
                    "discharge_cycles_count": rng.integers(0, 2, count),
                    "ah_throughput": rng.uniform(1, 5, count),
                    "time_below_float_min": rng.integers(0, 30, count),
                    "time_above_float_min": rng.integers(0, 30, count),
                    "surge_events_count": rng.integers(0, 2, count),
                    "ripple_rms_mean": rng.uniform(0.5, 3.0, count),
                    "thd_mean": rng.uniform(7, 10, count),
                }
            )
        )
    return pl.concat(frames)


def _truth(site: SyntheticSite) -> pl.DataFrame:
    """Of every jar its true end: the day on which it is below 80 % or fails, and whether suddenly."""
    jars = lives(site)
    ends = [day_date(int(day)) if day < NEVER else None for day in jars.end_day]
    return pl.DataFrame(
        {"battery_id": battery_ids(site), "failure_date": ends, "sudden": jars.sudden > 0,
         "mechanism": jars.mechanism, "profile": jars.profile},
        schema_overrides={"failure_date": pl.Date},
    )  # fmt: skip
