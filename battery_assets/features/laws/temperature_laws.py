"""One temperature law for each thing, recomputed from physics and not by the code that wrote the rows.

Resistance follows 4.4 kJ/mol (SOURCES 1.6), a measured capacity the coefficients of IEC 60896 (SOURCES 1.6),
ageing doubles every 10 K (SOURCES 3.1). A second law in one place makes every comparison of it with another
meaningless, however plausible each number looks.
"""

import numpy as np
import polars as pl

from battery_assets.features.laws.verdict import Finding, Verdict
from battery_assets.features.samples.rated_capacity import rated_ah_at
from battery_assets.features.samples.runs import numbers
from battery_assets.physics.ageing import ageing_factor
from battery_assets.physics.discharge import ohmic_factor

GAS_J_MOL_K = 8.314462618
KELVIN = 273.15
HALF_DIGIT_MOHM = 0.0006  # both values are kept to 0.001 mohm
RELATIVE = 0.0005
LEAST_K = 0.5  # closer to 25 C no law can be told from another
TEST_RELATIVE = 0.004  # percentages and minutes are rounded
IEC_HOURS, IEC_PER_K = (1.0, 3.0), (0.010, 0.006)
CELLS = 6
DEEPEST_V_CELL = (1.5, 2.0)
NM_EXPONENT = 0.8  # layer = k tau^0.8 (SOURCES 8)
# 2 per 10 K is 0.0693 per K; 8 K for doubling would be 0.0866, 2.42 per 10 K 0.0884, 1.35 per 10 K 0.0300.
SLOPE_BAND = (0.061, 0.078)
LEVEL_K = 3.0  # a jar's month may be this much warmer or cooler than its life was
LEAST_SPREAD_K = 0.5
YOUNGEST_YEARS = 0.5  # before that a jar has not lived through the seasons that its elders have
FEWEST_PAIRS = 30
IMPEDANCE_STEP = (
    "temp_corrected_resistance_mohm must come from the one law of conduction (4.4 kJ/mol): look for another "
    "exponent in the code that corrects readings, mend it and run the month again"
)
CAPACITY_STEP = (
    "capacity_pct_of_rated must be brought to 25 C by IEC 60896 (0.6 %/K from 3 h, 1 %/K up to 1 h) and to "
    "the rating of the test's own current: mend the code that corrects tests and run the month again"
)
AGEING_STEP = (
    "thermal years must double every 10 K, in the twin as in the generator and the health estimate: look for "
    "another exponent, mend it and run the month again"
)


def ohmic_law(readings: pl.DataFrame, codes: dict[str, str]) -> Verdict:
    """Whether corrected readings follow the law of conduction at their recorded temperature.

    readings: measurement_id, battery_id, measured_at, resistance_mohm, temperature_c,
    temp_corrected_resistance_mohm; rows without one of the last three are not judged.
    """
    judged = readings.drop_nulls(["resistance_mohm", "temperature_c", "temp_corrected_resistance_mohm"])
    raw, warm, told = (
        numbers(judged, name).astype(float)
        for name in ("resistance_mohm", "temperature_c", "temp_corrected_resistance_mohm")
    )
    expected = raw / ohmic_factor(warm)
    apart = np.abs(told - expected)
    wrong = np.flatnonzero(apart > HALF_DIGIT_MOHM + RELATIVE * expected)
    facts = {"readings": float(judged.height)}
    findings: list[Finding] = []
    if wrong.size:
        row = judged.row(int(wrong[np.argmax(apart[wrong])]), named=True)
        place = int(wrong[np.argmax(apart[wrong])])
        energy = _energy_kj_mol(raw[wrong], told[wrong], warm[wrong])
        facts |= {"readings off": float(wrong.size)}
        findings.append(
            Finding(
                where=f"jar {codes.get(row['battery_id'], row['battery_id'])}",
                when=f"{row['measured_at']:%Y-%m-%d %H:%M} UTC",
                expected=f"{expected[place]:.3f} mohm at 25 C, being {raw[place]:.3f} at {warm[place]:.1f} C",
                found=f"{told[place]:.3f} mohm ({wrong.size} of {judged.height} readings{energy})",
                measured=float(apart[place]),
                limit=float(HALF_DIGIT_MOHM + RELATIVE * expected[place]),
                unit="mohm",
            )
        )
    return Verdict(
        f"{judged.height} ohmic readings are brought to 25 C by 4.4 kJ/mol"
        if judged.height
        else "not judged: no ohmic reading with its temperature",
        IMPEDANCE_STEP,
        findings,
        facts,
    )


def _energy_kj_mol(raw: np.ndarray, told: np.ndarray, warm: np.ndarray) -> str:
    """The activation energy that the rows themselves show, in words; empty where none can be told."""
    far = (np.abs(warm - 25.0) >= LEAST_K) & (raw > 0) & (told > 0)
    if not far.any():
        return ""
    inverse = 1.0 / (warm[far] + KELVIN) - 1.0 / 298.15
    energy = GAS_J_MOL_K * np.median(np.log(raw[far] / told[far]) / inverse) / 1000.0
    return f"; they follow {energy:.1f} kJ/mol"


def capacity_law(tests: pl.DataFrame, codes: dict[str, str]) -> Verdict:
    """Whether tested capacities are brought to 25 C as IEC 60896 does.

    tests: string_id, test_date, discharge_rate_a, discharge_duration_min, cutoff_voltage_v, ambient_temp_c,
    measured_capacity_ah, capacity_pct_of_rated, rated_ah, jars. Judged are rows that have a percentage, a
    temperature, a duration and a rating.
    """
    needed = [
        "measured_capacity_ah",
        "capacity_pct_of_rated",
        "ambient_temp_c",
        "discharge_duration_min",
        "rated_ah",
    ]
    judged = tests.drop_nulls(needed).filter(
        pl.col("discharge_duration_min") > 0,
        pl.col("measured_capacity_ah") > 0,
        pl.col("capacity_pct_of_rated") < 999,
    )
    findings = [found for row in judged.to_dicts() if (found := _capacity_finding(row, codes)) is not None]
    words = f"{judged.height} capacity tests are brought to 25 C by IEC 60896"
    return Verdict(
        words if judged.height else "not judged: no complete capacity test with its temperature",
        CAPACITY_STEP,
        findings,
        {"tests": float(judged.height)},
    )


def _capacity_finding(row: dict, codes: dict[str, str]) -> Finding | None:
    hours, drawn, warm = (
        float(row[name]) / scale
        for name, scale in (
            ("discharge_duration_min", 60.0),
            ("measured_capacity_ah", 1.0),
            ("ambient_temp_c", 1.0),
        )
    )
    cutoff, jars = row["cutoff_voltage_v"], row["jars"]
    per_cell = float(cutoff) / (jars * CELLS) if cutoff is not None and jars else np.nan
    per_cell = per_cell if DEEPEST_V_CELL[0] <= per_cell <= DEEPEST_V_CELL[1] else np.nan
    factor = 1.0 + float(np.interp(hours, IEC_HOURS, IEC_PER_K)) * (warm - 25.0)
    rated = rated_ah_at(drawn / hours, float(row["rated_ah"]), per_cell)
    expected, told = 100.0 * drawn / factor / rated, float(row["capacity_pct_of_rated"])
    limit = 0.02 + TEST_RELATIVE * expected
    if abs(told - expected) <= limit:
        return None
    return Finding(
        where=f"string {codes.get(row['string_id'], row['string_id'])}",
        when=f"test of {row['test_date']:%Y-%m-%d %H:%M} UTC",
        expected=f"{expected:.2f} % of rated from {drawn:.2f} Ah in {hours:.2f} h at {warm:.1f} C",
        found=f"{told:.2f} %",
        measured=abs(told - expected),
        limit=limit,
        unit="% of rated",
    )


def ageing_law(twins: pl.DataFrame, layer_nm: float, codes: dict[str, str]) -> Verdict:
    """Whether the wear of the jars accelerates with their own temperature by 2 per 10 K.

    twins: battery_id, string_id, installed_date, captured_at, film_nm, mean_c (the jar's mean temperature in
    feature_store). layer_nm: the layer after one thermal year. Thermal years per calendar year are an
    acceleration: its logarithm must grow by ln 2/10 per kelvin between the jars of a string, which share
    their room, and lie where the temperatures of the month put it.
    """
    age = (pl.col("captured_at").dt.date() - pl.col("installed_date").cast(pl.Date)).dt.total_days() / 365.25
    judged = (
        twins.drop_nulls(["film_nm", "mean_c", "installed_date"])
        .with_columns(age=age)
        .filter(pl.col("age") > YOUNGEST_YEARS, pl.col("film_nm") > 0)
        .with_columns(
            acceleration=((pl.col("film_nm") / layer_nm).log() / NM_EXPONENT - pl.col("age").log()),
        )
    )
    if judged.is_empty():
        return Verdict("not judged: no jar older than half a year with twin and temperature", AGEING_STEP)
    slopes = _pair_slopes(judged)
    expected = np.log(ageing_factor(numbers(judged, "mean_c").astype(float)))
    level_k = float(10.0 / np.log(2.0) * np.median(numbers(judged, "acceleration") - expected))
    facts = {"jars": float(judged.height), "pairs of jars": float(slopes.size), "level off by K": level_k}
    findings = []
    if slopes.size >= FEWEST_PAIRS:
        slope = float(np.median(slopes))
        facts["acceleration per 10 K"] = float(np.exp(10 * slope))
        if not SLOPE_BAND[0] <= slope <= SLOPE_BAND[1]:
            findings.append(_slope_finding(judged, slope, slopes.size))
    if abs(level_k) > LEVEL_K:
        findings.append(_level_finding(judged, level_k))
    shown = f", {facts['acceleration per 10 K']:.2f} per 10 K" if "acceleration per 10 K" in facts else (
        "; their temperatures are too alike to show the slope")  # fmt: skip
    return Verdict(f"{judged.height} jars age as their temperatures say{shown}", AGEING_STEP, findings, facts)


def _pair_slopes(judged: pl.DataFrame) -> np.ndarray:
    """d ln(acceleration)/dT of all pairs of jars of one string that differ in temperature."""
    slopes = []
    for group in judged.partition_by("string_id"):
        warm, speed = (numbers(group, name).astype(float) for name in ("mean_c", "acceleration"))
        one, other = np.triu_indices(warm.size, 1)
        apart = warm[one] - warm[other]
        far = np.abs(apart) >= LEAST_SPREAD_K
        slopes.append((speed[one] - speed[other])[far] / apart[far])
    return np.concatenate(slopes)


def _span(judged: pl.DataFrame) -> str:
    return f"twin of {str(judged['captured_at'].max())[:10]}"


def _slope_finding(judged: pl.DataFrame, slope: float, pairs: int) -> Finding:
    return Finding(
        where=f"{judged.height} jars",
        when=_span(judged),
        expected="ageing that doubles per 10 K",
        found=f"a factor of {np.exp(10 * slope):.2f} per 10 K between jars of one string ({pairs} pairs)",
        measured=float(np.exp(10 * slope)),
        limit=float(np.exp(10 * SLOPE_BAND[1 if slope > SLOPE_BAND[1] else 0])),
        unit="per 10 K",
    )


def _level_finding(judged: pl.DataFrame, level_k: float) -> Finding:
    mean = float(numbers(judged, "mean_c").astype(float).mean())
    return Finding(
        where=f"{judged.height} jars",
        when=_span(judged),
        expected=f"the ageing of jars at {mean:.1f} C within {LEVEL_K:.0f} K",
        found=f"that of jars {level_k:+.1f} K from there",
        measured=abs(level_k),
        limit=LEVEL_K,
        unit="K",
    )
