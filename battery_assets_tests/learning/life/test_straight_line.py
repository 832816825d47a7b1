"""The straight line to 80 %: what an engineer would draw, with an honest band."""

import polars as pl
import pytest

from battery_assets.learning.life.metrics import scores
from battery_assets.learning.life.prediction import COLUMNS
from battery_assets.learning.life.straight_line import twin_predictions
from battery_assets_tests.learning.conftest import Fleet


def _jar(
    soh: float | None, age_years: float | None, slope: float | None = None, since: float = 0.0
) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "battery_id": ["jar"],
            "soh_pct": [soh],
            "age_days": [None if age_years is None else age_years * 365.25],
            "calibration_age_days": [since],
            "soh_slope_pct_per_month": [slope],
            "soh_points": [12],
        },
        schema_overrides={
            "soh_pct": pl.Float64,
            "age_days": pl.Float64,
            "soh_slope_pct_per_month": pl.Float64,
        },
    )


def test_an_old_jar_at_ninety_percent_has_lost_half_of_its_life() -> None:
    told = twin_predictions(_jar(91.0, 5.5, -2 / 12))
    assert told["rul_days"][0] / 365.25 == pytest.approx(5.5, rel=0.1)


def test_a_jar_below_eighty_percent_is_past_its_end() -> None:
    told = twin_predictions(_jar(76.0, 4.0, -1.0))
    assert told["rul_days"][0] == 0.0
    assert told["failure_probability_30d"][0] > 0.9


def test_a_steeper_trend_shortens_the_life() -> None:
    slow, fast = (twin_predictions(_jar(90.0, 3.0, slope))["rul_days"][0] for slope in (-0.2, -2.0))
    assert fast < 0.5 * slow


def test_older_evidence_widens_the_interval() -> None:
    def width(since: float) -> float:
        told = twin_predictions(_jar(88.0, 3.0, -0.4, since))
        return told["rul_upper_ci_days"][0] - told["rul_lower_ci_days"][0]

    assert width(365.0) > 1.2 * width(0.0)


def test_a_jar_of_which_nothing_is_known_gets_the_widest_answer() -> None:
    told = twin_predictions(_jar(None, None))
    assert told["rul_upper_ci_days"][0] == 7305.0
    assert told.null_count().sum_horizontal().item() == 0


def test_the_line_ranks_jars_but_overstates_the_lives_beyond_the_knee(known: Fleet) -> None:
    told = twin_predictions(known.examples)
    found = scores(known.examples, told)
    assert told.columns == list(COLUMNS)
    assert found["c_index"] > 0.8
    ended = known.examples["upper_days"].is_not_null()
    late = (told["rul_days"] - known.examples["upper_days"]).filter(ended)
    assert late.median() > 0


def test_no_snapshots_give_no_predictions(known: Fleet) -> None:
    assert twin_predictions(known.snaps.clear()).columns == list(COLUMNS)
