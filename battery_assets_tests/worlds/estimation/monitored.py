"""What a monitor adds to what is known of a synthetic site's jars: a week's readings, float, tests by jar.

Truth is the generator's; the instruments' errors are those of SOURCES 8. The last string test shows each jar
by its own voltage to 3 points, as SOURCES 6 has it for discharges of hours, and says 3.5.
"""

from datetime import UTC, datetime

import numpy as np
import polars as pl

from battery_assets.features.health.evidence import FITS
from battery_assets.features.health.faults import SIGNS
from battery_assets.synthetic.calendar import DAY_S, instant
from battery_assets.synthetic.condition import Condition, condition
from battery_assets.synthetic.site import SyntheticSite

READING_SD, GAIN_SD, WEEK_DAYS = 0.02, 0.01, 7
TAFEL_V, CELL_FLOAT_V, VOLT_SD = 6.0 / 11.0, 2.27, 0.015
FIT_SD_PCT, SAYS_SD_PCT = 3.0, 3.5


def week_of_readings(rng: np.random.Generator, ids: list[str], now: Condition, end: int) -> pl.DataFrame:
    """One ohmic reading a day of the last week, at 25 °C, by an instrument with a gain at each jar."""
    seen = now.resistance_mohm * np.exp(GAIN_SD * rng.standard_normal(len(ids)))
    return pl.concat(
        pl.DataFrame(
            {"battery_id": ids, "measured_at": [instant((end - 0.5 - day) * DAY_S)] * len(ids),
             "resistance_mohm": seen * np.exp(READING_SD * rng.standard_normal(len(ids))),
             "temperature_c": [25.0] * len(ids)},
            schema_overrides={"measured_at": pl.Datetime("us", "UTC")},
        )
        for day in range(WEEK_DAYS)
    )  # fmt: skip


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
