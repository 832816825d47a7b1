"""One law of temperature for each thing, whoever computes it."""

import re
from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest

from battery_assets.features.health import capacity, evidence
from battery_assets.features.health.capacity import capacity_results
from battery_assets.features.health.impedance import impedance_results
from battery_assets.features.laws.temperature_laws import ageing_law, capacity_law, ohmic_law
from battery_assets.features.samples.rated_capacity import rated_ah_at
from battery_assets.features.twin import states as twin
from battery_assets.physics.ageing import ageing_factor
from battery_assets.physics.discharge import ohmic_factor

AT = datetime(2025, 4, 1, tzinfo=UTC)
WARM = np.round(np.linspace(18.0, 41.0, 24), 1)


def corrected(raw: np.ndarray, at_25: np.ndarray) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "measurement_id": [str(n) for n in range(raw.size)],
            "battery_id": [f"b{n}" for n in range(raw.size)],
            "measured_at": [AT] * raw.size,
            "resistance_mohm": raw.round(3),
            "temperature_c": WARM,
            "temp_corrected_resistance_mohm": at_25.round(3),
        }
    )


def by_energy(joules: float) -> np.ndarray:
    return np.exp(joules / 8.314462618 * (1 / (WARM + 273.15) - 1 / 298.15))


def test_what_the_pipeline_corrects_follows_the_law():
    raw = np.linspace(3.0, 40.0, 24)
    rows = corrected(raw, raw)
    jars = pl.DataFrame({"battery_id": rows["battery_id"], "initial_resistance_mohm": 4.0})
    results = impedance_results(rows.drop("temp_corrected_resistance_mohm"), jars)
    verdict = ohmic_law(rows.drop("temp_corrected_resistance_mohm").join(results, on="measurement_id"), {})
    assert verdict.holds, verdict.words
    assert verdict.facts["readings"] == 24


@pytest.mark.parametrize("kj_mol", [0.0, 6.0, 20.0, 52.9, -4.4])
def test_another_energy_is_found_and_told(kj_mol):
    raw = np.linspace(3.0, 8.0, 24).round(3)
    verdict = ohmic_law(corrected(raw, raw / by_energy(1000 * kj_mol)), {"b0": "J01"})
    [finding] = verdict.findings
    assert f"they follow {kj_mol:.1f} kJ/mol" in finding.found
    assert "temp_corrected_resistance_mohm must come from the one law" in verdict.words


def test_the_law_of_conduction_is_4_to_6_kj_mol():
    """Held against the source, so that a changed constant in physics cannot redefine what is right."""
    ratio = float(ohmic_factor(35.0) / ohmic_factor(25.0))
    energy = 8.314462618 * np.log(ratio) / (1 / 308.15 - 1 / 298.15)
    assert 4_000 <= energy <= 6_000


def test_readings_without_temperature_are_not_judged():
    rows = corrected(np.full(24, 4.0), np.full(24, 4.0)).with_columns(temperature_c=pl.lit(None, pl.Float64))
    verdict = ohmic_law(rows, {})
    assert verdict.holds
    assert verdict.judged.startswith("not judged")


def a_test(warm_c: float, hours: float = 5.0, amps: float = 21.0, end_v: float = 1.80) -> pl.DataFrame:
    raw = pl.DataFrame(
        {
            "test_id": ["t"],
            "string_id": ["s1"],
            "test_date": [AT],
            "test_type": ["full_discharge"],
            "discharge_rate_a": [amps],
            "discharge_duration_min": [hours * 60.0],
            "cutoff_voltage_v": [24 * 6 * end_v],
            "ambient_temp_c": [warm_c],
        }
    )
    results = capacity_results(raw, {"s1": 120.0}, {"s1": 24})
    return raw.join(results, on="test_id").with_columns(rated_ah=pl.lit(120.0), jars=pl.lit(24))


@pytest.mark.parametrize("warm_c", [10.0, 24.0, 25.0, 33.0])
@pytest.mark.parametrize("hours", [0.5, 2.0, 9.0])
def test_a_capacity_that_the_pipeline_corrects_holds(warm_c, hours):
    verdict = capacity_law(a_test(warm_c, hours), {})
    assert verdict.holds, verdict.words
    assert verdict.facts["tests"] == 1


@pytest.mark.parametrize(
    "factor",
    [2 ** (8 / 10), 1 / 1.018**2, 1.018, 1.018 / 1.08],
    ids=["ageing", "wrong way", "none", "of IEC"],
)
def test_a_capacity_of_another_law_is_found(factor):
    rows = a_test(33.0).with_columns(pl.col("capacity_pct_of_rated") * factor)
    [finding] = capacity_law(rows, {"s1": "S1"}).findings
    assert finding.where == "string S1"
    assert "at 33.0 C" in finding.expected


@pytest.mark.parametrize(
    ("amps", "hours", "end_v"), [(12.0, 10.0, 1.80), (78.1, 1.0, 1.60), (21.1, 5.0, 1.75)]
)
def test_ratings_that_are_all_wrong_by_15_percent_are_found(monkeypatch, amps, hours, end_v):
    """The law has the sheet's numbers from the sheet, not from the function that rates the tests."""
    asked = dict(amps=amps, end_v=end_v)
    assert capacity_law(a_test(25.0, hours, **asked), {}).holds
    for wrong in (0.85, 1.15):
        monkeypatch.setattr(capacity, "rated_ah_at", lambda *of, f=wrong: f * rated_ah_at(*of))
        assert not capacity_law(a_test(25.0, hours, **asked), {}).holds


def test_a_rating_between_the_sheets_rows_is_held_by_what_they_leave_open(monkeypatch):
    asked = dict(amps=227.0, end_v=1.67)
    assert capacity_law(a_test(25.0, 0.25, **asked), {}).holds
    monkeypatch.setattr(capacity, "rated_ah_at", lambda amps, ah, end: rated_ah_at(amps, ah, end) / 2)
    assert not capacity_law(a_test(25.0, 0.25, **asked), {}).holds


def twins(factor, jars: int = 24, spread_k: float = 3.0, room_c: float = 26.0) -> pl.DataFrame:
    """Jars of one string, of all ages, whose wear accelerates by `factor` of their temperature."""
    rng = np.random.default_rng(5)
    warm = room_c + rng.uniform(-spread_k / 2, spread_k / 2, jars)
    years = rng.integers(200, 3000, jars) / 365.25
    installed = [date.fromordinal(AT.date().toordinal() - round(age * 365.25)) for age in years]
    return pl.DataFrame(
        {
            "battery_id": [f"b{n}" for n in range(jars)],
            "string_id": ["s1"] * jars,
            "installed_date": installed,
            "captured_at": [AT] * jars,
            "film_nm": (twin.CORROSION_NM * (years * factor(warm)) ** 0.8).round(1),
            "mean_c": (warm + rng.uniform(-0.02, 0.02, jars)).round(2),
        }
    )


def test_wear_that_doubles_every_10_k_is_green():
    verdict = ageing_law(twins(ageing_factor), twin.CORROSION_NM, {})
    assert verdict.holds, verdict.words
    assert verdict.facts["acceleration per 10 K"] == pytest.approx(2.0, abs=0.05)


def test_a_twin_that_remembers_cooler_years_is_green():
    """Its life was 2 K cooler than this month: the law between jars is the same."""
    verdict = ageing_law(twins(lambda warm: ageing_factor(warm - 2.0)), twin.CORROSION_NM, {})
    assert verdict.holds, verdict.words


@pytest.mark.parametrize("per_10k", [1.0, 1.35, 1.77, 2 ** (10 / 8), 2.42, 4.0])
def test_wear_of_another_factor_is_found_and_told(per_10k):
    wrong = ageing_law(twins(lambda warm: per_10k ** ((warm - 25.0) / 10.0)), twin.CORROSION_NM, {})
    [told] = re.findall(r"a factor of (\d\.\d\d) per 10 K", wrong.words)
    assert float(told) == pytest.approx(per_10k, rel=0.02)


def test_wear_from_another_reference_temperature_is_found():
    wrong = ageing_law(twins(lambda warm: 2.0 ** ((warm - 20.0) / 10.0)), twin.CORROSION_NM, {})
    [finding] = wrong.findings
    assert "+5.0 K" in finding.found


def test_jars_of_one_temperature_show_the_level_but_no_slope():
    verdict = ageing_law(twins(ageing_factor, spread_k=0.2), twin.CORROSION_NM, {})
    assert verdict.holds
    assert "too alike" in verdict.judged


def test_health_and_twin_age_by_the_same_law():
    """What fades per year at 35 degC against 25 degC, as each of them says it."""
    assert evidence.ageing_factor is ageing_factor
    assert twin.ageing_factor is ageing_factor
    assert float(ageing_factor(35.0) / ageing_factor(25.0)) == pytest.approx(2.0)


def test_the_generators_clock_doubles_every_10_k():
    """Read off its own days and temperatures: what a generator ages by and its twin by is one law."""
    from battery_assets.synthetic.signals.wear_clock import ageing_clock, ripple_rise_k
    from battery_assets.synthetic.signals.weather import SELF_HEAT_K, room_daily_c
    from battery_assets_tests.worlds.months import laws as months

    made = months.site("phuket", seed=2, interval_s=3600)
    speed = np.diff(ageing_clock(made), axis=1).ravel() * 365.25
    warm = (room_daily_c(made) + ripple_rise_k(made)).ravel() + SELF_HEAT_K
    slope, level = np.polyfit(warm - 25.0, np.log(speed), 1)
    assert np.ptp(warm) > 2.0
    assert float(np.exp(10 * slope)) == pytest.approx(2.0, rel=1e-3)
    assert level == pytest.approx(0.0, abs=1e-3)
