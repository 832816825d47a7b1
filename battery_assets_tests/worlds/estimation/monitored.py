"""What a monitor adds to what is known of a synthetic site's jars: readings, float, tests by jar.

It has been there for three years: its twins handed on the ohmic levels of earlier months.

Truth is the generator's; the instruments' errors are those of SOURCES 8. The last string test shows each jar
by its own voltage to 3 points, as SOURCES 6 has it for discharges of hours, and says 3.5.
"""

from datetime import UTC, datetime

import numpy as np
import polars as pl

from battery_assets.features.health.evidence import FITS
from battery_assets.features.health.faults import SIGNS
from battery_assets.features.health.levels import LEVELS, NO_LEVELS, handed_on, with_levels
from battery_assets.synthetic.calendar import DAY_S, instant
from battery_assets.synthetic.condition import Condition, condition
from battery_assets.synthetic.lives import lives
from battery_assets.synthetic.site import SyntheticSite

READING_SD, GAIN_SD, WEEK_DAYS = 0.02, 0.01, 7
# Months of levels; what weather and settings leave on one, convention.
LEVEL_MONTHS, LEVEL_SD, MONTH_DAYS = 36, 0.004, 30.44
TAFEL_V, CELL_FLOAT_V, VOLT_SD = 6.0 / 11.0, 2.27, 0.015
FIT_SD_PCT, SAYS_SD_PCT = 3.0, 3.5


def gains(rng: np.random.Generator, jars: int) -> np.ndarray:
    """What the monitor reads at each jar, over what is there; it stays."""
    return np.exp(GAIN_SD * rng.standard_normal(jars))


def week_of_readings(
    rng: np.random.Generator, ids: list[str], now: Condition, end: int, gain: np.ndarray
) -> pl.DataFrame:
    """One ohmic reading a day of the last week, at 25 °C, by an instrument with a gain at each jar."""
    seen = now.resistance_mohm * gain
    return pl.concat(
        pl.DataFrame(
            {"battery_id": ids, "measured_at": [instant((end - 0.5 - day) * DAY_S)] * len(ids),
             "resistance_mohm": seen * np.exp(READING_SD * rng.standard_normal(len(ids))),
             "temperature_c": [25.0] * len(ids)},
            schema_overrides={"measured_at": pl.Datetime("us", "UTC")},
        )
        for day in range(WEEK_DAYS)
    )  # fmt: skip


def levels(
    rng: np.random.Generator,
    site: SyntheticSite,
    ids: list[str],
    rows: np.ndarray,
    end: int,
    gain: np.ndarray,
) -> pl.DataFrame:
    """Levels of the months before the last one as a twin hands them on, columns of LEVELS."""
    since, found = lives(site).take(rows).installed, []
    for month in range(LEVEL_MONTHS, 0, -1):
        when = end - 0.5 * WEEK_DAYS - MONTH_DAYS * month
        sd = np.hypot(READING_SD / np.sqrt(WEEK_DAYS), LEVEL_SD)
        told = condition(site, rows, when).resistance_mohm * gain * np.exp(sd * rng.standard_normal(len(ids)))
        there = pl.DataFrame(
            {"battery_id": ids, "measured_at": [instant(when * DAY_S)] * len(ids), "resistance_mohm": told,
             "readings": [WEEK_DAYS] * len(ids)}, schema=LEVELS,
        )  # fmt: skip
        found.append(there.filter(pl.Series(since < when - WEEK_DAYS)))
    twins = pl.DataFrame({"battery_id": ids}).with_columns(
        captured_at=pl.lit(instant(end * DAY_S)), fault=pl.lit(None, pl.String), filter_json=pl.lit("{}")
    )
    return handed_on(with_levels(twins, NO_LEVELS, pl.concat(found)))


def float_signs(
    rng: np.random.Generator, site: SyntheticSite, known: pl.DataFrame, now: Condition, end: int
) -> pl.DataFrame:
    """How far each jar floats below its string's middle, columns of SIGNS; known: in the order of `now`."""
    share = site.world.six_cells
    volts = -TAFEL_V * share * now.float_shift - CELL_FLOAT_V * (site.product.cells - now.cells)
    volts = volts + VOLT_SD * share * rng.standard_normal(known.height)
    floats = known.select("battery_id", "string_id").with_columns(v=pl.Series(volts))
    below = pl.col("v").median().over("string_id") - pl.col("v")
    told = floats.select("battery_id", until=pl.lit(instant(end * DAY_S)), below_v=below, least_v=below)
    return told.cast(SIGNS)  # type: ignore[arg-type]


def fits_of_tests(
    rng: np.random.Generator, site: SyntheticSite, known: pl.DataFrame, rows: np.ndarray, tests: pl.DataFrame
) -> pl.DataFrame:
    """What each string's tests of the year showed of its jars, columns of FITS; known: in the order of rows."""
    found = []
    for string_id, tested_at in tests.select("string_id", "test_date").iter_rows():
        own = (known["string_id"] == string_id).to_numpy()
        then = condition(site, rows[own], tested_at.astimezone(UTC).timestamp() / DAY_S).soh
        shown = 100.0 * then + FIT_SD_PCT * rng.standard_normal(own.sum())
        found.append(
            pl.DataFrame(
                {"battery_id": known["battery_id"].filter(own), "fitted_at": [tested_at] * len(shown),
                 "soh_pct": shown, "soh_std_pct": [SAYS_SD_PCT] * len(shown)},
                schema=FITS,
            )
        )  # fmt: skip
    return pl.concat([pl.DataFrame(schema=FITS), *found])


def at_end(end: int) -> datetime:
    """The first instant of a day number."""
    return datetime.fromtimestamp(end * DAY_S, UTC)
