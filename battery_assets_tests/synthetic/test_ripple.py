"""Ripple of the generator: faults, the telemetry's rms, and the recorders' waveforms tell one story."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from battery_assets.physics.parameters.vrla_12v120ah import HX12_120
from battery_assets.physics.ripple import sampled
from battery_assets.synthetic.calendar import DAY_S, day_date
from battery_assets.synthetic.layout import layout
from battery_assets.synthetic.rectifier_faults import standing, supply
from battery_assets.synthetic.schedule import month_events
from battery_assets.synthetic.signals import bus
from battery_assets.synthetic.signals.electrical_day import electrical_day
from battery_assets.synthetic.signals.rooms import jar_day as warm_day
from battery_assets.synthetic.signals.rooms import room_day
from battery_assets.synthetic.signals.telemetry import string_day
from battery_assets.synthetic.signals.wear_clock import ripple_rise_k
from battery_assets.synthetic.signals.weather import first_day
from battery_assets.synthetic.transactions import transactions
from battery_assets_tests.worlds.months.rippling import SITE, STORMY, month_name, with_fault


@pytest.mark.parametrize("kind", ["capacitor", "unbalance", "open_diode"])
def test_the_rms_of_the_telemetry_is_that_of_the_waveform_of_the_same_moment(kind):
    site, system, fault = with_fault(kind)
    middle = (fault.begin_s + fault.end_s) / 2
    day = day_date(int(middle // DAY_S))
    rows = string_day(site, day)
    string = system.strings[0]
    mine = rows.filter(pl.col("string_id") == layout(site).string_ids[string], pl.col("mode") == "float")
    within = mine.filter(pl.col("ts").dt.epoch("s").is_between(fault.begin_s, fault.end_s - 60))
    assert within.height > 50
    ratio = {"voltage_rms_v": [], "current_rms_a": []}
    for row in within.gather_every(max(within.height // 25, 1)).to_dicts():
        at = row["ts"].timestamp()
        waves = sampled(bus.lines_at(site, string, at, 0.0), 12800, 2560)
        for name, wave in zip(ratio, waves, strict=True):
            ratio[name].append(row[f"ripple_{name}"] / np.sqrt(np.mean(wave**2)))
    # The channel's own noise is 2 %; 25 samples tell the mean to 0.4 %.
    for values in ratio.values():
        assert np.mean(values) == pytest.approx(1.0, abs=0.015)
        assert np.std(values) == pytest.approx(0.02, abs=0.01)


def test_the_rms_on_discharge_is_that_of_the_inverter_and_follows_the_load():
    site = replace(STORMY, interval_s=5)
    test = next(e for m in range(2024 * 12, 2025 * 12) for e in month_events(site, m) if e.kind == "outage")
    day = int(test.start_s // DAY_S)
    second = test.start_s + np.array([-60.0, 2.0, 4.0])
    current = np.zeros((3, 3))
    current[:, 1:] = [[-80.0, -40.0]] * 3
    truth = bus.ripple_truth(site, day, second, current)
    for string in range(3):
        lines = [bus.lines_at(site, string, s, current[string, k]) for k, s in enumerate(second)]
        assert truth[0, string] == pytest.approx([x.volts_rms for x in lines], rel=0.01)
        assert truth[1, string] == pytest.approx([x.amps_rms for x in lines], rel=0.01)
        assert truth[1, string, 1] / truth[1, string, 2] == pytest.approx(2.0, rel=0.01)
        if layout(site).system(string).kind == "UPS":
            assert np.abs(lines[1].volts[1]) > 3 * np.abs(lines[1].volts[5]), "100 Hz of the unbalanced load"


def test_sound_systems_lie_in_the_range_of_the_field():
    """UPS 0.2-0.8 V and 1.7-5 A (worn strings least), switch-mode rectifiers 0.05-0.3 V and 0.5-3 A; twelve pulses leave less."""
    found: dict[str, list[tuple[float, float]]] = {"six": [], "twelve": [], "switch_mode": []}
    for seed in range(20):
        site = replace(SITE, seed=seed)
        for system in layout(site).systems:
            if standing(site, system.number, 20_000 * DAY_S):
                continue
            lines = bus.rectifier_at(site, system.strings[0], 20_000 * DAY_S)
            six = supply(site, system).bridge.pulses == 6
            kind = "switch_mode" if system.kind != "UPS" else "six" if six else "twelve"
            found[kind].append((lines.volts_rms, lines.amps_rms))
    assert all(len(seen) >= 5 for seen in found.values())
    for kind, volts, amps in (("six", (0.2, 0.8), (1.7, 5.0)), ("switch_mode", (0.05, 0.3), (0.5, 3.0))):
        for volt, ampere in found[kind]:
            assert volts[0] < volt < volts[1]
            assert amps[0] < ampere < amps[1]
    assert (np.max(found["twelve"], axis=0) < np.mean(found["six"], axis=0)).all()
    assert (np.mean(found["twelve"], axis=0) < 0.5 * np.mean(found["six"], axis=0)).all()


def test_a_third_of_the_ups_has_twelve_pulses_and_no_dc_rectifier_has():
    built = [
        (system.kind, supply(replace(SITE, seed=seed), system).bridge.pulses)
        for seed in range(200)
        for system in layout(replace(SITE, seed=seed)).systems
    ]
    ups = [pulses for kind, pulses in built if kind == "UPS"]
    assert np.mean([p == 12 for p in ups]) == pytest.approx(1 / 3, abs=0.1)
    assert {pulses for kind, pulses in built if kind != "UPS"} == {6}


def test_an_open_diode_holds_ripple_at_03_to_05_c():
    site, system, fault = with_fault("open_diode")
    lines = bus.rectifier_at(site, system.strings[0], (fault.begin_s + fault.end_s) / 2)
    assert 0.3 <= lines.amps_rms / HX12_120.rated_ah <= 0.5


def test_ripple_does_not_move_the_mean_float_voltage_which_the_rectifier_holds():
    site, system, fault = with_fault("open_diode")
    day = int(fault.begin_s // DAY_S)
    solved, own = electrical_day(site, day), system.strings[0]
    since = solved.second - fault.begin_s
    calm = np.abs(solved.current_a[own]) < 1
    before = solved.string_v[own, calm & (since > -3600) & (since < 0)]
    hour = solved.string_v[own, calm & (since > 0) & (since < 3600)]
    assert min(before.size, hour.size) > 5
    assert np.abs(hour - before.mean()).max() / site.jars_per_string < 0.05, "volts a jar"


def test_a_string_that_ripple_heats_floats_lower_by_its_compensation_and_takes_what_heat_makes_it_take():
    site, system, fault = with_fault("open_diode")
    own, jars = system.strings[0], site.jars_per_string
    places = slice(own * jars, (own + 1) * jars)
    found = []
    for at in (fault.begin_s - 300, fault.end_s - 300):
        solved = electrical_day(site, int(at // DAY_S))
        k = int(np.abs(solved.second - at).argmin())
        minute = int(at % DAY_S // 60)
        found.append((solved.jar_c[places, minute].mean(), solved.string_v[own, k] / jars / 6,
                      solved.current_a[own, k]))  # fmt: skip
    (cold, v_cold, a_cold), (warm, v_warm, a_warm) = found
    assert warm - cold > 2
    per_k = (v_warm - v_cold) / (warm - cold)
    assert per_k == pytest.approx(HX12_120.float_v_cell_per_k, rel=0.3)
    law = HX12_120.tafel_per_k * (warm - cold) + HX12_120.tafel_per_v * (v_warm - v_cold)
    assert a_warm / a_cold == pytest.approx(np.exp(law), rel=0.1)


def test_a_capacitor_raises_both_and_its_exchange_brings_them_back():
    site, system, fault = with_fault("capacitor")
    string = system.strings[0]
    first, last, after = (
        bus.rectifier_at(site, string, s) for s in (fault.begin_s + 1, fault.end_s - 1, fault.end_s + 1)
    )
    assert last.volts_rms > 1.3 * first.volts_rms
    assert last.amps_rms > 1.3 * first.amps_rms
    assert after.volts_rms == pytest.approx(first.volts_rms, rel=0.2)


@pytest.mark.parametrize(
    ("kind", "words"), [("capacitor", "capacitor exchanged"), ("open_diode", "diode replaced")]
)
def test_a_repair_is_filed_where_a_fault_ends(kind, words):
    site, system, fault = with_fault(kind)
    filed = transactions(site, month_name(fault.end_s))["maintenance_event"]
    mine = filed.filter(pl.col("event_subtype") == "rectifier", pl.col("notes").str.contains(words))
    mine = mine.filter(pl.col("notes").str.contains(system.code))
    assert mine["event_type"].to_list() == ["corrective"]
    assert mine["completed_date"][0].timestamp() == pytest.approx(fault.end_s, abs=1)


def test_the_ripple_of_an_open_diode_heats_its_jars_by_its_ohms():
    site, system, fault = with_fault("open_diode")
    string, jars = system.strings[0], site.jars_per_string
    own = slice(string * jars, (string + 1) * jars)
    day = int((fault.end_s - 60) // DAY_S)
    end = int((fault.end_s - day * DAY_S) // 60) - 1
    other = next(s for s in range(site.strings) if s not in system.strings)
    warm = warm_day(site, day).jar_c[:, end]
    amps = bus.rectifier_at(site, string, fault.end_s - 60).amps_rms
    ohms = bus.string_ohms(site, day)[string] / jars
    lasted = 1 - np.exp(-(fault.end_s - fault.begin_s) / (HX12_120.heat_capacity_j_k / HX12_120.cooling_w_k))
    expected = amps**2 * ohms / HX12_120.cooling_w_k * lasted
    assert expected > 2.0
    air = room_day(site, day).air_c[layout(site).system_of_string, end]
    rise = (warm[own].mean() - air[string]) - (warm[other * jars : (other + 1) * jars].mean() - air[other])
    assert rise == pytest.approx(expected, abs=max(1.5, 0.25 * expected))


def test_fifty_eight_amperes_are_fourteen_watts_and_twelve_kelvin():
    watts = 58.0**2 * HX12_120.ohmic_mohm / 1000
    assert watts == pytest.approx(14.3, abs=0.1)
    assert watts / HX12_120.cooling_w_k == pytest.approx(12.0, abs=0.1)


def test_jars_age_faster_while_ripple_heats_them():
    site, system, fault = with_fault("open_diode")
    day = int((fault.begin_s + fault.end_s) / 2 // DAY_S)
    rise = ripple_rise_k(site)[system.number]
    assert 0.5 < rise[day - first_day(site)] < 14.0
    assert rise[day - first_day(site) - 10] == 0.0
