"""One temperature law for each thing, recomputed from physics and not by the code that wrote the rows.

Resistance follows 4.4 kJ/mol (SOURCES 1.6), a measured capacity the sheet's percentages (SOURCES 1.6) and its
table of currents (SOURCES 1.4), ageing doubles every 10 K (SOURCES 3.1). A second law in one place makes
every comparison of it with another meaningless, however plausible each number looks.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from battery_assets.features.laws.verdict import Finding, Verdict
from battery_assets.features.samples.runs import numbers
from battery_assets.physics.ageing import ageing_factor
from battery_assets.physics.discharge import ohmic_factor
from battery_assets.physics.parameters.leoch_ma12_100 import DATA_SHEET

GAS_J_MOL_K = 8.314462618
KELVIN = 273.15
HALF_DIGIT_MOHM = 0.0006  # both values are kept to 0.001 mohm
RELATIVE = 0.0005
LEAST_K = 0.5  # closer to 25 C no law can be told from another
TEST_RELATIVE = 0.004  # percentages and minutes are rounded
# Per K of a test up to 1 h and from 3 h on, below and above 25 C, which is level from 45 C [S1][S19].
TEST_HOURS, COLD_PER_K, WARM_PER_K, LEVEL_C = (1.0, 3.0), (0.010, 0.006), (0.0030, 0.0018), 45.0
CELLS, SHEET_AH = 6, 120.0
# A current so near (of ln) to one of the sheet's single points has its Ah, by Peukert's law, within that.
BESIDE, PEUKERT, BETWEEN_ROWS = 0.15, 0.3, 0.02
MOST_OF_SLOWEST = 1.1  # Ah under 1.80 V per cell, over what the 20 h test gives to it
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
    "capacity_pct_of_rated must be brought to 25 C (from 3 h on 0.6 %/K below, 0.18 %/K above) and to the "
    "sheet's rating at the test's own current: mend the code that corrects tests and run the month again"
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
    raw, warm, stated = (
        numbers(judged, name).astype(float)
        for name in ("resistance_mohm", "temperature_c", "temp_corrected_resistance_mohm")
    )
    expected = raw / ohmic_factor(warm)
    apart = np.abs(stated - expected)
    wrong = np.flatnonzero(apart > HALF_DIGIT_MOHM + RELATIVE * expected)
    facts = {"readings": float(judged.height)}
    findings: list[Finding] = []
    if wrong.size:
        row = judged.row(int(wrong[np.argmax(apart[wrong])]), named=True)
        place = int(wrong[np.argmax(apart[wrong])])
        energy = _energy_kj_mol(raw[wrong], stated[wrong], warm[wrong])
        facts |= {"readings off": float(wrong.size)}
        findings.append(
            Finding(
                where=f"jar {codes.get(row['battery_id'], row['battery_id'])}",
                when=f"{row['measured_at']:%Y-%m-%d %H:%M} UTC",
                expected=f"{expected[place]:.3f} mohm at 25 C, being {raw[place]:.3f} at {warm[place]:.1f} C",
                found=f"{stated[place]:.3f} mohm ({wrong.size} of {judged.height} readings{energy})",
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


def _energy_kj_mol(raw: np.ndarray, stated: np.ndarray, warm: np.ndarray) -> str:
    """The activation energy that the rows themselves show, in words; empty where none can be told."""
    far = (np.abs(warm - 25.0) >= LEAST_K) & (raw > 0) & (stated > 0)
    if not far.any():
        return ""
    inverse = 1.0 / (warm[far] + KELVIN) - 1.0 / 298.15
    energy = GAS_J_MOL_K * np.median(np.log(raw[far] / stated[far]) / inverse) / 1000.0
    return f"; they follow {energy:.1f} kJ/mol"


def capacity_law(tests: pl.DataFrame, codes: dict[str, str]) -> Verdict:
    """Whether tested capacities are brought to 25 C, and to the rating that the data sheet prints.

    tests: string_id, test_date, discharge_rate_a, discharge_duration_min, cutoff_voltage_v, ambient_temp_c,
    measured_capacity_ah, capacity_pct_of_rated, rated_ah, jars. Judged are rows that have a percentage, a
    temperature, a duration and a rating. To the digit at 1.80 and 1.85 V per cell, where the sheet has rows;
    below by what its points leave open.
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
    findings = [
        finding for row in judged.to_dicts() if (finding := _capacity_finding(row, codes)) is not None
    ]
    words = f"{judged.height} capacity tests are brought to 25 C and to the sheet's rating"
    return Verdict(
        words if judged.height else "not judged: no complete capacity test with its temperature",
        CAPACITY_STEP,
        findings,
        {"tests": float(judged.height)},
    )


def _capacity_finding(row: dict, codes: dict[str, str]) -> Finding | None:
    hours, drawn, warm, rated = (
        float(row[name]) / scale
        for name, scale in (
            ("discharge_duration_min", 60.0),
            ("measured_capacity_ah", 1.0),
            ("ambient_temp_c", 1.0),
            ("rated_ah", SHEET_AH),
        )
    )
    cutoff, jars = row["cutoff_voltage_v"], row["jars"]
    per_cell = float(cutoff) / (jars * CELLS) if cutoff is not None and jars else np.nan
    per_cell = per_cell if DEEPEST_V_CELL[0] <= per_cell <= DEEPEST_V_CELL[1] else 1.80
    least, most = _sheet_ah(drawn / hours / rated, per_cell)
    at_25 = 100.0 * drawn / _of_25c(warm, hours) / rated
    stated = float(row["capacity_pct_of_rated"])
    expected = float(np.clip(stated, at_25 / most, at_25 / least))
    limit = 0.02 + TEST_RELATIVE * expected
    if abs(stated - expected) <= limit:
        return None
    return Finding(
        where=f"string {codes.get(row['string_id'], row['string_id'])}",
        when=f"test of {row['test_date']:%Y-%m-%d %H:%M} UTC",
        expected=f"{expected:.2f} % of rated from {drawn:.2f} Ah in {hours:.2f} h at {warm:.1f} C",
        found=f"{stated:.2f} %",
        measured=abs(stated - expected),
        limit=limit,
        unit="% of rated",
    )


def _of_25c(warm: float, hours: float) -> float:
    """Capacity at a temperature (C) over that at 25 C, of a test of so many hours."""
    above = min(warm, LEVEL_C) - 25.0
    return 1.0 + above * float(np.interp(hours, TEST_HOURS, COLD_PER_K if above < 0 else WARM_PER_K))


def _sheet_ah(amps: float, end_v_cell: float) -> tuple[float, float]:
    """Least and most Ah of the sheet's new jar at a current down to an end voltage.

    1.80 and 1.85 V per cell, and between: of the two rows. Below: beside a point of the sheet, its Ah within
    BETWEEN_ROWS; elsewhere no less than to 1.80, and hardly more than the sheet's slowest test gives.
    """
    by_end = {row.end_v_cell: row for row in DATA_SHEET}
    low, high = (_row_ah(by_end[end].minutes, by_end[end].amps, amps) for end in (1.80, 1.85))
    if end_v_cell > 1.80 - 0.001:
        ah = float(np.interp(end_v_cell, (1.80, 1.85), (low, high)))
        return ah, ah
    for row in DATA_SHEET:
        for minutes, point in zip(row.minutes, row.amps, strict=True):
            if abs(row.end_v_cell - end_v_cell) < 0.01 and abs(np.log(amps / point)) < BESIDE:
                ah = point * minutes / 60.0 * (point / amps) ** PEUKERT
                return ah * (1.0 - BETWEEN_ROWS), ah * (1.0 + BETWEEN_ROWS)
    return low, MOST_OF_SLOWEST * by_end[1.80].amps[-1] * by_end[1.80].minutes[-1] / 60.0


def _row_ah(minutes: Sequence[float], amps: Sequence[float], current: float) -> float:
    """Ah of one row at a current: a power of time between two of its points, its ends beyond them."""
    held = min(max(current, amps[-1]), amps[0])
    after = next(k for k in range(1, len(amps)) if amps[k] <= held)
    share = np.log(amps[after - 1] / held) / np.log(amps[after - 1] / amps[after])
    return float(held * minutes[after - 1] ** (1.0 - share) * minutes[after] ** share / 60.0)


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
