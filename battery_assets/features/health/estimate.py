"""State of health: capacity as % of the rated C10 at 25 °C, from age, resistance, discharges and tests.

On float the capacity of a jar cannot be seen. What is known of it is old or indirect, so an estimate carries
its deviation, the interval in which the capacity lies with 90 %, and the age of its evidence (SOURCES 6).
"""

from datetime import UTC, datetime

import numpy as np
import polars as pl

from battery_assets.features.health.ageing_posterior import Posterior, posterior
from battery_assets.features.health.evidence import FITS, evidence
from battery_assets.features.health.faults import NO_SIGNS
from battery_assets.features.health.levels import NO_LEVELS

UNTESTED_FLOOR_PCT, TESTED_FLOOR_PCT = 5.0, 2.0  # SOURCES 6: what nothing but a test can promise
WIDTH_SD = 3.29  # deviations from end to end of a normal distribution's 90 %
TO_ITS_END_SD_PCT = 3.5  # so certain is a discharge fit only where the jar was seen to its knee
# Lower end, median and upper end, of 95 %, of the days until the jar is worn out.
WEAR_OUT = ("wear_out_lower_days", "wear_out_days", "wear_out_upper_days")
# The same by the health of soh_pct: of a string's jars drawn from WEAR_OUT one would always end soon.
LIKELY_END = ("likely_end_lower_days", "likely_end_days", "likely_end_upper_days")
BY_COURSE = "ends_by_course"  # a list of numbers: `wear_out.ends_by_course`


def state_of_health(
    jars: pl.DataFrame,
    measurements: pl.DataFrame,
    capacity_tests: pl.DataFrame,
    temperatures: pl.DataFrame,
    at: datetime,
    discharge_fits: pl.DataFrame | None = None,
    float_signs: pl.DataFrame | None = None,
    levels: pl.DataFrame = NO_LEVELS,
    *,
    lives: bool = True,
) -> pl.DataFrame:
    """State of health of each battery_id at an instant, in jars' order: soh_pct, soh_std_pct, soh_lower_pct,
    soh_upper_pct, evidence, evidence_age_days, and with `lives` WEAR_OUT, LIKELY_END and BY_COURSE.

    jars: battery_id, string_id, installed_date, initial_capacity_ah, initial_resistance_mohm, capacity_ah;
    cells and position_in_string where they are known. measurements: battery_id, measured_at, resistance_mohm,
    temperature_c; those of the last 13 months count, one value a month, the lower median: a single high one
    is read again before it is believed; by_monitor where it is known (else four a month are a monitor's).
    capacity_tests: string_id, test_date, capacity_pct_of_rated (NULL percentages are passed over), and where
    known discharge_duration_min (else one of 10 h) and cutoff_voltage_v of the string (else 1.80 V per cell);
    the last one counts. temperatures: battery_id, temperature_c, the mean over the jar's life or the best
    known of it; unknown counts as 25 °C. discharge_fits: columns of FITS; the most certain one of each jar
    counts. float_signs: columns of `faults.SIGNS`, of any days. levels: columns of LEVELS, of earlier months.
    Only evidence up to `at` and since the jar was installed counts.

    soh_pct is the posterior's mean. soh_lower_pct and soh_upper_pct are made to hold nine of ten jars of any
    true health: what evidence does not exclude is inside (decision 83). soh_std_pct is that of the
    posterior itself, of a jar of such a fleet, but not under 5 points unless a test of the last year measured
    the jar, with its string, or by its own voltage down to the knee (2 points then). evidence names what was
    used, joined by "+"; evidence_age_days is the age of the newest measured evidence (NULL where there is
    only age), resistance_age_days, discharge_age_days, capacity_test_age_days of each.
    """
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    fits = pl.DataFrame(schema=FITS) if discharge_fits is None else discharge_fits
    signs = NO_SIGNS if float_signs is None else float_signs
    jar = evidence(jars, measurements, capacity_tests, temperatures, fits, signs, at, levels)
    health = posterior(jar, lives=lives)
    tested = np.isfinite(jar.test.drawn) & (jar.test.years <= 1.0)
    to_its_end = (jar.fitted_years <= 1.0) & (jar.fitted_sd <= TO_ITS_END_SD_PCT / 100.0)
    floor = np.where(tested | to_its_end, TESTED_FLOOR_PCT, UNTESTED_FLOOR_PCT)
    kinds = {
        "resistance": np.nanmin(np.where(np.isfinite(jar.ratio), jar.ratio_years, np.inf), axis=1),
        "discharge": np.where(np.isfinite(jar.fitted), jar.fitted_years, np.inf),
        "capacity_test": np.where(np.isfinite(jar.test.drawn), jar.test.years, np.inf),
    }
    newest = np.min(np.stack(list(kinds.values())), axis=0)
    return pl.DataFrame(
        {
            "battery_id": jars["battery_id"].cast(pl.String),
            "soh_pct": health.mean,
            "soh_std_pct": np.maximum(health.width / WIDTH_SD, floor),
            "soh_lower_pct": health.lower,
            "soh_upper_pct": health.upper,
            "evidence": _words(kinds),
            "evidence_age_days": _days(newest),
            **(_lives(health) if lives else {}),
            **{f"{kind}_age_days": _days(years) for kind, years in kinds.items()},
        }
    )


def _lives(health: Posterior) -> dict[str, np.ndarray | pl.Series]:
    """WEAR_OUT, LIKELY_END and BY_COURSE by their names."""
    return {
        **{name: health.life_days[:, n] for n, name in enumerate(WEAR_OUT)},
        **{name: health.likely_days[:, n] for n, name in enumerate(LIKELY_END)},
        BY_COURSE: pl.Series(health.by_course.round(2).tolist(), dtype=pl.List(pl.Float64)),
    }


def _days(years: np.ndarray) -> pl.Series:
    """Years as days; NULL where nothing of the kind is known."""
    return pl.Series(np.where(np.isfinite(years), 365.25 * years, np.nan), nan_to_null=True)


def _words(kinds: dict[str, np.ndarray]) -> list[str]:
    there = zip(*(np.isfinite(years).tolist() for years in kinds.values()), strict=True)
    return ["+".join(["age", *(name for name, has in zip(kinds, row, strict=True) if has)]) for row in there]
