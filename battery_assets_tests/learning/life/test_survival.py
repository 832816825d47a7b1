"""Life distributions against independent sources: scipy's laws, CatBoost's own optimum, a worked Kaplan-
Meier.
"""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from battery_assets.learning.life.survival import (
    Calibration,
    Spans,
    calibrated,
    error_quantile,
    kaplan_meier,
    log_likelihoods,
    log_survival,
    negative_log_likelihood,
    share_ended,
)


def in_ln_days(low: np.ndarray, high: np.ndarray) -> Spans:
    """Lives on the clock of the text books, z = ln t."""
    high_z = np.where(np.isfinite(high), np.log(np.where(np.isfinite(high), high, 1.0)), np.inf)
    return Spans(low, high, np.log(low), high_z, np.ones(len(low)), np.ones(len(low)))


LAWS = {"Normal": stats.norm, "Logistic": stats.logistic, "Extreme": stats.gumbel_l}


@pytest.mark.parametrize("distribution", LAWS)
def test_the_laws_are_those_of_the_text_books(distribution: str) -> None:
    z = np.linspace(-6, 3, 50)
    assert np.exp(log_survival(z, distribution)) == pytest.approx(LAWS[distribution].sf(z))
    assert error_quantile(0.025, distribution) == pytest.approx(LAWS[distribution].ppf(0.025))


@pytest.mark.parametrize("distribution", LAWS)
def test_catboost_finds_the_optimum_of_the_same_likelihood(distribution: str) -> None:
    from catboost import CatBoost, Pool

    rng = np.random.default_rng(3)
    low = 90.0 + 1e-3 * rng.normal(size=1000)
    high = np.where(np.arange(1000) % 4 < 2, 110.0, np.inf)
    settings = {"loss_function": f"SurvivalAft:dist={distribution};scale=0.7", "iterations": 1500, "depth": 1}
    settings |= {"learning_rate": 0.05, "verbose": False, "allow_writing_files": False, "thread_count": 1}
    label = np.column_stack([low, np.where(np.isfinite(high), high, -1.0)])
    booster = CatBoost(settings).fit(Pool((np.arange(1000) % 2)[:, None], label))
    found = float(booster.predict([[0.0]], prediction_type="RawFormulaVal")[0])

    spans = in_ln_days(low, high)

    def missed(location: float) -> float:
        return negative_log_likelihood(spans, np.full(1000, location), 0.7, distribution)

    assert missed(found) < min(missed(found - 0.01), missed(found + 0.01))


def test_calibration_finds_what_raw_outputs_and_sudden_ends_are_worth() -> None:
    rng, middle = np.random.default_rng(0), 5.3
    raw = rng.normal(0.0, 1.2, 6000)
    wear = np.exp(middle + 0.8 * raw + 0.6 * rng.normal(size=6000))
    life = np.minimum(wear, rng.exponential(1 / 2e-4, 6000))
    followed = rng.uniform(30, 360, 6000)
    seen = life < followed
    low, high = np.where(seen, np.maximum(life - 15, 0.5), followed), np.where(seen, life + 15, np.inf)
    spans = in_ln_days(low, high)
    spans = replace(spans, lower_z=spans.lower_z - middle, upper_z=spans.upper_z - middle)
    found, _ = calibrated(spans, raw, 0.6, "Normal")
    assert found.offset == pytest.approx(0.0, abs=0.05)
    assert found.slope == pytest.approx(0.8, abs=0.05)
    assert found.scale == pytest.approx(0.6, abs=0.03)
    assert found.sudden_per_day == pytest.approx(2e-4, rel=0.25)


def test_few_ends_leave_the_clocks_as_the_twin_tells_them() -> None:
    low, high = np.full(300, 100.0), np.full(300, np.inf)
    high[:2] = 130.0
    z = np.where(np.isfinite(high), -2.0, -4.0)
    spans = Spans(
        low, high, z - 0.1, np.where(np.isfinite(high), z, np.inf), np.full(300, 1 / 12), np.ones(300)
    )
    found, _ = calibrated(spans, np.zeros(300), 1.0, "Normal")
    assert abs(found.offset) < 0.15
    assert found.scale == pytest.approx(1.0, abs=0.1)


def test_survivors_alone_do_not_put_the_clocks_off() -> None:
    rng = np.random.default_rng(1)
    z = rng.normal(0.0, 1.0, 400)
    lived = rng.uniform(-2.0, 1.0, 400)
    # Of the jars that ended, nine of ten left unproven, when they were last known to be good.
    proven = (z < lived) & (rng.random(400) < 0.1)
    low = np.where(proven, z - 0.05, np.where(z < lived, z - 0.2, lived))
    spans = Spans(
        np.full(400, 100.0), np.where(proven, 130.0, np.inf), low, np.where(proven, z + 0.05, np.inf),
        np.ones(400), np.ones(400),
    )  # fmt: skip
    found, _ = calibrated(spans, np.zeros(400), 1.0, "Normal")
    assert 0.0 < found.offset < 0.4


def test_twelve_rows_of_one_jar_are_one_life() -> None:
    low, high = np.array([300.0, 300.0]), np.array([330.0, np.inf])
    once = Spans(
        low, high, np.log(low), np.where(np.isfinite(high), np.log(330.0), np.inf), np.ones(2), np.ones(2)
    )
    rows = np.repeat([0, 1], 12)
    often = Spans(
        *(part[rows] for part in (low, high, once.lower_z, once.upper_z)), np.full(24, 1 / 12), np.ones(24)
    )
    first, second = (
        calibrated(one, np.full(len(one.weight), 6.0), 1.0, "Normal")[0] for one in (once, often)
    )
    assert (second.offset, second.scale) == pytest.approx((first.offset, first.scale), abs=1e-4)


def test_sudden_ends_leave_no_jar_without_risk() -> None:
    law = Calibration("Normal", 0.0, 1.0, 0.3, 1e-5)
    assert law.probability(np.array([9.0]), np.log([90.0]), 90.0) == pytest.approx(90e-5, rel=0.01)


def test_the_product_limit_estimate_of_a_worked_example() -> None:
    days = np.array([1.0, 2.0, 2.0, 3.0, 4.0])
    ended = np.array([True, True, False, False, True])
    times, alive = kaplan_meier(days, ended)
    assert times.tolist() == [1.0, 2.0, 4.0]
    assert alive == pytest.approx([0.8, 0.6, 0.0])
    assert share_ended(times, alive, 0.5) == 0.0
    assert share_ended(times, alive, 3.0) == pytest.approx(0.4)


def test_the_product_limit_estimate_is_scipy_s() -> None:
    from scipy.stats import CensoredData, ecdf

    rng = np.random.default_rng(5)
    days, ended = np.ceil(rng.exponential(100.0, 300)), rng.random(300) < 0.4
    times, alive = kaplan_meier(days, ended)
    curve = ecdf(CensoredData.right_censored(days, ~ended)).sf
    assert alive == pytest.approx(curve.evaluate(times), abs=1e-12)


def test_a_doubted_end_is_half_an_end_and_half_a_life_that_goes_on() -> None:
    """Its ln likelihood lies midway between those of the two lives that it may have been."""
    ln = np.log(np.array([[50.0], [100.0]]))
    one = np.ones(1)

    def told(upper: float, low: float, share: float) -> float:
        z = np.where(np.isfinite([upper]), ln[1], np.inf)
        spans = Spans(np.array([low]), np.array([upper]), np.log([low]), z, one, np.array([share]))
        return float(log_likelihoods(spans, np.array([4.0]), 1.0, "Normal")[0])

    ended, living = told(100.0, 50.0, 1.0), told(np.inf, 100.0, 1.0)
    assert told(100.0, 50.0, 0.5) == pytest.approx(0.5 * ended + 0.5 * living)
