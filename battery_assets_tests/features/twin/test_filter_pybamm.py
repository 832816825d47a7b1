"""The filter on voltages that others published or simulated."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from battery_assets.features.twin import fit_kernels
from battery_assets.features.twin.filter import filtered_day, initial_twin_state
from battery_assets.features.twin.identify import identified, population_spread
from battery_assets.features.twin.jar_model import (
    CAPACITY_AH,
    EXCHANGE_A,
    NAMES,
    OFFSET_V,
    SHARED,
    TwinParameters,
)
from battery_assets_tests.worlds.estimation import world
from battery_assets_tests.worlds.months.filtered import DAY, parameters

# SOURCES 1.3: voltage of a new jar at a constant current, no surface charge and no coup de fouet.
PUBLISHED = ((60.0, 300.0, 12.48), (100.0, 900.0, 11.86), (150.0, 300.0, 11.85), (200.0, 300.0, 11.49))


@pytest.mark.parametrize(("amps", "seconds", "volts"), PUBLISHED)
def test_the_model_shows_the_published_voltages(amps, seconds, volts):
    p = parameters("a").values[0].copy()
    # The table is of the bare parameter set, whose C10 is 117.8 Ah.
    p[1], p[5] = 139.34, 0.00998
    at = np.arange(0.0, seconds + 1, 5.0)
    out = np.empty(len(at))
    fit_kernels.window_volts(p, SHARED, at, np.full(len(at), amps), np.full(len(at), 25.0), 0.0, 0.0, out)
    assert out[-1] == pytest.approx(volts, abs=0.015)


C10_PYBAMM_AH = 21.34


def pybamm(folder: Path, name: str, day: date) -> tuple[pl.DataFrame, np.ndarray]:
    """A PyBaMM record scaled to a jar of 120 Ah as rows of a discharge window, and its true SOC."""
    record = pl.read_csv(folder / f"Full_{name}.csv").unique("time_s", keep="first").sort("time_s")
    at = np.arange(0.0, record["time_s"].max(), 20.0)
    # There a positive current discharges.
    current = -np.interp(at, record["time_s"], record["current_A"]) * 120.0 / C10_PYBAMM_AH
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    ts = pl.Series((at * 1e6).astype(np.int64) + int(start.timestamp() * 1e6))
    rows = pl.DataFrame({"ts": ts.cast(pl.Datetime("us")).dt.replace_time_zone("UTC"), "current_a": current})
    rows = rows.with_columns(
        battery_id=pl.lit("a"), window_start=pl.lit(start, pl.Datetime("us", "UTC")),
        voltage_v=np.interp(at, record["time_s"], record["v_battery6_V"]), temperature_c=pl.lit(21.7),
    )  # fmt: skip
    return rows, 1.0 - np.interp(at, record["time_s"], record["ah_out"]) / C10_PYBAMM_AH


@pytest.fixture(scope="module")
def foreign_jar(shared_data) -> TwinParameters:
    """PyBaMM's cell as a jar of an unknown product, identified on its C/20 and C/5 discharges."""
    folder = shared_data / "pybamm_lead_acid"
    windows = pl.concat(
        [pybamm(folder, name, DAY + timedelta(days=3 * k))[0] for k, name in enumerate(("cc_C20", "cc_C5"))]
    )
    spread = population_spread(1, np.array([False]), offset_sd_v=0.06)
    wide = {fit_kernels.LN_ACID: 0.3, fit_kernels.LN_OHM: 1.0, fit_kernels.LN_DEPLETION: 0.7,
            fit_kernels.LN_EXCHANGE: 0.7, fit_kernels.LN_VOLUME: 0.2}  # fmt: skip
    spread[0, list(wide)] = list(wide.values())
    # The model has no surface charge and no coup de fouet.
    spread[0, [fit_kernels.SURFACE_V, fit_kernels.COUP_V]] = 0.2
    found = identified(windows, parameters("a", mohm=0.37), spread, np.array([120.0]))
    values = found.parameters.values.copy()
    values[0, CAPACITY_AH] = 120.0
    return TwinParameters(("a",), values)


@pytest.mark.parametrize(("name", "points"), [("cc_1C", 3.0), ("pulse_C5", 1.3), ("1C_15min_rest", 2.0)])
def test_pybamms_charge_is_followed_through_discharges_it_was_not_identified_on(
    shared_data, foreign_jar, name, points
):
    rows, truth = pybamm(shared_data / "pybamm_lead_acid", name, DAY)
    strings = rows.select("ts", "current_a", "voltage_v", string_id=pl.lit("a"))
    strings = strings.with_columns(
        mode=pl.when(pl.col("current_a") < -1).then(pl.lit("discharge")).otherwise(pl.lit("idle"))
    )
    jars = world.units(["a"])
    jar_frame = rows.select("ts", "battery_id", "voltage_v", "temperature_c")
    state = initial_twin_state(jar_frame, strings, jars)
    state.x[0, 0], state.cov[0, 0, 0] = 1.0, 0.02**2
    # It rests before the first sample, so nothing lifts its voltage.
    soc, _ = filtered_day(jar_frame, strings, jars, foreign_jar, state)
    # No sample is float, so each has an estimate.
    assert np.isfinite(soc).mean() > 0.99
    off = 100.0 * (soc - truth)
    assert np.sqrt(np.nanmean(off**2)) < points


def test_pybamms_jar_is_another_product_and_the_fit_says_so(foreign_jar):
    p = dict(zip(NAMES, foreign_jar.values[0], strict=True))
    assert p["offset_v"] == pytest.approx(6 * 2.1651 - 12.89, abs=0.06)
    assert foreign_jar.values[0, EXCHANGE_A] != pytest.approx(parameters("a").values[0, EXCHANGE_A], rel=0.1)
    assert foreign_jar.values[0, OFFSET_V] > 0
