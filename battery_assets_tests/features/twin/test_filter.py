"""The twin's filter, held against the truth of simulated discharges with sensor faults, and against PyBaMM."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from battery_assets.features.twin import fit_kernels
from battery_assets.features.twin.filter import filtered_day, initial_twin_state, twin_day
from battery_assets.features.twin.identify import identified, population_spread
from battery_assets.features.twin.jar_model import (
    CAPACITY_AH,
    EXCHANGE_A,
    NAMES,
    OFFSET_V,
    R0_OHM,
    SHARED,
    TwinParameters,
    loaded_v,
    prior_parameters,
)
from battery_assets_tests.worlds.estimation import scores as estimation
from battery_assets_tests.worlds.estimation import world
from battery_assets_tests.worlds.telemetry_days import instants, jar_rows, string_rows, units

DAY = date(2026, 3, 1)
FLOAT_V = 13.62


def parameters(*ids: str, soh: float = 100.0, mohm: float = 4.25) -> TwinParameters:
    count = len(ids)
    return prior_parameters(ids, np.full(count, 120.0), np.full(count, soh), np.full(count, mohm))


def float_day(day: date, step_s: int = 60, amps: float = 0.05):
    us = instants(day, step_s)
    return jar_rows("a", us, FLOAT_V), string_rows("s1", us, amps, "float", FLOAT_V)


@pytest.fixture(scope="module")
def errors() -> dict[str, float]:
    """Jars of a population's spread, new and aged, each identified on an earlier test and outage."""
    return estimation.soc_errors(12, seed=5)


@pytest.mark.parametrize("case", estimation.CASES)
@pytest.mark.parametrize("condition", estimation.CONDITIONS)
def test_the_charge_is_within_a_point_and_a_half_with_identified_parameters(errors, condition, case):
    assert errors[f"{condition}, {case}"] <= 1.5


def test_an_aged_jar_with_the_parameters_of_a_new_one_is_far_off():
    """So the bound above is no gift: the filter needs the identification."""
    rng = np.random.default_rng(8)
    jars = [world.jar(rng, 0.85, 1.3) for _ in range(6)]
    names = tuple(estimation.names_of(jars))
    assert estimation.soc_rmse(rng, jars, parameters(*names), *estimation.CASES["150 A 12 min"]) > 5.0


def test_an_error_of_the_few_samples_that_were_told_is_no_figure(monkeypatch):
    rng = np.random.default_rng(8)
    jars = [world.jar(rng, 1.0, 1.0)]

    def every_second(*given):
        soc, state = filtered_day(*given)
        return np.where(np.arange(len(soc)) % 2, soc, np.nan), state

    monkeypatch.setattr(estimation, "filtered_day", every_second)
    with pytest.raises(RuntimeError, match=r"of the samples under 60 A have an estimate"):
        estimation.soc_rmse(rng, jars, parameters("jar-0000"), 60.0, 10.0, 9.6)


def test_a_wrong_start_is_found_out_once_current_flows():
    rng = np.random.default_rng(3)
    jars = [world.jar(rng, 1.0, 1.0, spread=0.0)]
    day = world.reading(rng, jars[0], "jar-0000", 60.0, 60.0)
    known = parameters("jar-0000", mohm=jars[0].ohmic_mohm)
    state = initial_twin_state(day.jars_day, day.strings_day, world.units(["jar-0000"]))
    state.x[0, 0], state.cov[0, 0, 0] = 0.8, 0.2**2
    soc, _ = filtered_day(day.jars_day, day.strings_day, world.units(["jar-0000"]), known, state)
    truth = np.interp((day.jars_day["ts"].dt.epoch("us").to_numpy() / 1e6) % 86_400, day.seconds, day.soc)
    seen = np.flatnonzero(np.isfinite(soc))
    assert len(seen) > 1050  # of 1080 under load and at rest
    late = seen[len(seen) // 2 :]
    assert abs(soc[late] - truth[late]).max() < 0.03


def test_positive_current_charges_so_a_discharge_lowers_the_charge():
    us = instants(DAY, 5, 1)
    for amps, volts, mode in ((-30.0, 12.3, "discharge"), (30.0, 14.2, "boost")):
        state = initial_twin_state(
            jar_rows("a", us, volts), string_rows("s1", us, amps, mode, volts), units("a")
        )
        state.x[0, 0], state.cov[0, 0, 0] = 0.5, 1e-8
        after = twin_day(
            jar_rows("a", us, volts),
            string_rows("s1", us, amps, mode, volts),
            units("a"),
            parameters("a"),
            state,
        )
        assert np.sign(after.x[0, 0] - 0.5) == np.sign(amps)


def test_on_float_nothing_is_learnt_and_doubt_grows_by_a_tenth_of_a_point_squared_a_day():
    jars_day, strings_day = float_day(DAY)
    state = initial_twin_state(jars_day, strings_day, units("a"))
    before = twin_day(jars_day, strings_day, units("a"), parameters("a"), state)
    odd = jars_day.with_columns(voltage_v=pl.lit(13.2))
    for k in (1, 2):
        us = pl.col("ts").dt.offset_by(f"{k}d")
        after = twin_day(
            odd.with_columns(us), strings_day.with_columns(us), units("a"), parameters("a"), before
        )
        assert after.x[0, 0] == before.x[0, 0]
        assert 0.1 <= 1e4 * (after.cov[0, 0, 0] - before.cov[0, 0, 0]) <= 0.2
        before = after


def test_float_is_jumped_over_without_changing_what_comes_out():
    """Every sixth sample of a float day leads to the same state as all of them."""
    jars_day, strings_day = float_day(DAY, 10)
    state = initial_twin_state(jars_day, strings_day, units("a"))
    state.x[0], state.cov[0] = [0.7, 0.2, 0.05], np.diag([1e-3, 1e-3, 1e-3])
    fine = twin_day(jars_day, strings_day, units("a"), parameters("a"), state)
    coarse_us = instants(DAY, 60)
    coarse_day = jar_rows("a", coarse_us, FLOAT_V), string_rows("s1", coarse_us, 0.05, "float", FLOAT_V)
    coarse = twin_day(*coarse_day, units("a"), parameters("a"), state)
    np.testing.assert_allclose(fine.x, coarse.x, atol=1e-6)
    np.testing.assert_allclose(fine.cov, coarse.cov, rtol=1e-3, atol=1e-12)


def test_three_days_of_float_fill_the_jar():
    state = None
    for k in range(4):
        day = float_day(DAY + timedelta(days=k))
        if state is None:
            state = initial_twin_state(*day, units("a"))
            state.x[0, 0], state.cov[0, 0, 0] = 0.6, 0.1**2
        state = twin_day(*day, units("a"), parameters("a"), state)
        assert (state.x[0, 0] == 1.0) == (k == 3)
    assert state.frame()["soc_pct"][0] == 100.0


def test_a_day_cut_in_two_leads_to_the_same_state():
    rng = np.random.default_rng(4)
    day = world.reading(rng, world.jar(rng, 1.0, 1.0), "a", 60.0, 30.0)
    jars = world.units(["a"])
    cut = pl.col("ts") < datetime(2026, 3, 2, 1, 15, tzinfo=UTC)
    state = initial_twin_state(day.jars_day, day.strings_day, jars)
    whole = twin_day(day.jars_day, day.strings_day, jars, parameters("a"), state)
    half = twin_day(day.jars_day.filter(cut), day.strings_day.filter(cut), jars, parameters("a"), state)
    both = twin_day(day.jars_day.filter(~cut), day.strings_day.filter(~cut), jars, parameters("a"), half)
    np.testing.assert_allclose(both.x, whole.x, atol=2e-3)


def test_the_state_that_went_in_is_not_changed():
    jars_day, strings_day = float_day(DAY)
    state = initial_twin_state(jars_day, strings_day, units("a"))
    kept = state.x.copy(), state.cov.copy(), state.anchors.copy(), state.zero_a.copy()
    twin_day(jars_day, strings_day, units("a"), parameters("a"), state)
    for before, after in zip(kept, (state.x, state.cov, state.anchors, state.zero_a), strict=True):
        np.testing.assert_array_equal(before, after)


def test_a_sensor_that_stands_still_is_not_read():
    rng = np.random.default_rng(6)
    day = world.reading(rng, world.jar(rng, 1.0, 1.0, 0.0), "a", 60.0, 60.0)
    start = datetime(2026, 3, 2, 1, 15, tzinfo=UTC)
    stuck = pl.when(pl.col("ts").is_between(start, start + timedelta(minutes=20))).then(12.4)
    held = day.jars_day.with_columns(voltage_v=stuck.otherwise(pl.col("voltage_v")).cast(pl.Float32))
    jars = world.units(["a"])
    good = twin_day(day.jars_day, day.strings_day, jars, parameters("a"))
    after = twin_day(held, day.strings_day, jars, parameters("a"))
    assert after.counts[0, 2] > 200
    assert after.x[0, 0] == pytest.approx(good.x[0, 0], abs=0.01)


def test_a_wild_voltage_is_rejected():
    rng = np.random.default_rng(7)
    day = world.reading(rng, world.jar(rng, 1.0, 1.0, 0.0), "a", 60.0, 40.0)
    wild = pl.when(pl.int_range(pl.len()) % 50 == 0).then(10.0).otherwise(pl.col("voltage_v"))
    jars = world.units(["a"])
    good = twin_day(day.jars_day, day.strings_day, jars, parameters("a"))
    odd = twin_day(
        day.jars_day.with_columns(voltage_v=wild.cast(pl.Float32)), day.strings_day, jars, parameters("a")
    )
    assert odd.counts[0, 1] > 10
    assert odd.x[0, 0] == pytest.approx(good.x[0, 0], abs=0.005)


def test_a_current_of_the_wrong_sign_is_refused_by_name():
    rng = np.random.default_rng(9)
    day = world.reading(rng, world.jar(rng, 1.0, 1.0), "a", 60.0, 30.0)
    turned = day.strings_day.with_columns(current_a=-pl.col("current_a"))
    with pytest.raises(ValueError, match=r"string a: current_a is positive in .* positive current charges"):
        twin_day(day.jars_day, turned, world.units(["a"]), parameters("a"))
    named = world.units(["a"]).with_columns(string_code=pl.lit("UPS 1 B"))
    told = r"string UPS 1 B: .*; next step: .*--contract positive_current=discharges"
    with pytest.raises(ValueError, match=told):
        twin_day(day.jars_day, turned, named, parameters("a"))


def test_swapped_columns_are_refused_by_name():
    rng = np.random.default_rng(9)
    day = world.reading(rng, world.jar(rng, 1.0, 1.0), "a", 60.0, 30.0)
    swapped = day.jars_day.rename({"voltage_v": "temperature_c", "temperature_c": "voltage_v"})
    with pytest.raises(ValueError, match="voltage_v and temperature_c look swapped; next step: "):
        twin_day(swapped, day.strings_day, world.units(["a"]), parameters("a"))
    calm = day.strings_day.with_columns(voltage_v=pl.col("current_a"), current_a=24.0 * pl.col("voltage_v"))
    with pytest.raises(ValueError, match="the two columns look swapped; next step: "):
        twin_day(day.jars_day, calm.with_columns(mode=pl.lit("float")), world.units(["a"]), parameters("a"))


def test_a_parameter_that_no_jar_can_have_is_refused_by_name():
    values = parameters("a", "b").values.copy()
    values[1, R0_OHM] = -0.004
    with pytest.raises(ValueError, match=r"r0_ohm of jar b is -0\.004"):
        TwinParameters(("a", "b"), values)


def test_a_state_or_parameters_of_other_jars_are_refused():
    jars_day, strings_day = float_day(DAY)
    state = initial_twin_state(jars_day, strings_day, units("a"))
    with pytest.raises(
        ValueError, match=r"parameter set is of other jars: gone \['b'\], new \['a'\]; next step: "
    ):
        twin_day(jars_day, strings_day, units("a"), parameters("b"), state)
    with pytest.raises(ValueError, match=r"state is of other jars: .*; next step: "):
        twin_day(jars_day, strings_day, units("b"), parameters("b"), state)


def test_the_derivatives_of_the_voltage_are_those_of_its_values():
    p = parameters("a").values[0]
    for drawn, soc, x in ((0.0, 0.9, 0.0), (60.0, 0.6, 0.1), (150.0, 0.4, 0.15), (12.0, 0.1, 0.02)):
        volts, by_soc, by_x = loaded_v(p, SHARED, drawn, soc, 0.0, x, 20.0)
        step = 1e-6
        assert (loaded_v(p, SHARED, drawn, soc + step, 0.0, x, 20.0)[0] - volts) / step == pytest.approx(
            by_soc, rel=1e-3
        )
        assert (loaded_v(p, SHARED, drawn, soc, 0.0, x + step, 20.0)[0] - volts) / step == pytest.approx(
            by_x, rel=1e-3
        )


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


@pytest.mark.parametrize(("name", "points"), [("cc_1C", 3.0), ("pulse_C5", 1.0), ("1C_15min_rest", 2.0)])
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
