"""Charge where nothing was recorded, and counters that begin anew: given cases, and made ones of each kind."""

from pathlib import Path

import numpy as np
import pytest

from battery_assets.ingest.lab.contract import LabContract
from battery_assets.ingest.lab.read import read
from battery_assets.ingest.lab.reconcile.integrals import flow_between
from battery_assets.ingest.lab.refusal import LabFileRefused

HOUR = 3600


def bdf(folder: Path, rows: list[dict[str, float]], name: str = "made.bdf.csv") -> Path:
    """A Battery Data Format file of these rows, its headings those of the first."""
    path = folder / name
    lines = [",".join(rows[0]), *(",".join(f"{value:.10g}" for value in row.values()) for row in rows)]
    path.write_text("\n".join(lines) + "\n")
    return path


def at(time_s: float, amps: float, volts: float, **more: float) -> dict[str, float]:
    """One row; `more` are further columns, with __ for the slash before the unit."""
    named = {name.replace("__", " / ").replace("_", " "): value for name, value in more.items()}
    return {"Test Time / s": time_s, "Current / A": amps, "Voltage / V": volts, **named}


def discharge(begin_s: float, seconds: float, step_s: float = 60.0, from_v: float = 4.0) -> list[dict]:
    """Rows of 1 A out, its voltage falling by 1 V an hour."""
    times = np.arange(0.0, seconds + step_s / 2, step_s)
    return [at(begin_s + t, -1.0, from_v - t / HOUR) for t in times]


@pytest.mark.parametrize(
    ("name", "charged", "discharged", "says"),
    [
        ("recording_gap.bdf.csv", 1.0, 1.0, "the counter's 1 Ah is taken"),
        ("pulsed_discharge.bdf.csv", 0.0, 0.1531, "left open from 0.05109 to 0.8686"),
        ("neware_step_ends.csv", 1.4, 1.4, "charge_ah: the cycler's counter begins anew"),
        ("bio_loop_with_gaps.mpt", 0.0, 0.0012, "nothing was recorded for up to 601 s before line 41"),
        ("bio_net_begins_anew.mpt", 0.012, 0.0, "net_ah: the cycler's counter begins anew"),
    ],
)
def test_the_charge_of_a_given_case(name, charged, discharged, says, shared_data):
    one = read(shared_data / "cases_files" / name)
    assert [moved.ah for moved in one.moved()] == pytest.approx([charged, discharged], rel=1e-3, abs=1e-9)
    counted = [one.points[name][-1] or 0.0 for name in ("charge_ah", "discharge_ah")]
    assert counted == pytest.approx([charged, discharged], rel=1e-3, abs=1e-9)
    assert any(says in finding for finding in one.findings), one.findings


def test_step_counters_prove_that_nothing_flowed_before_their_step(shared_data):
    one = read(shared_data / "cases_first_use" / "lab" / "step_counters.csv")
    assert [moved.ah for moved in one.moved()] == pytest.approx([12.0, 12.0], abs=1e-6)


def test_no_charge_is_counted_where_nothing_was_recorded_and_it_is_told(tmp_path):
    rows = [*discharge(0, HOUR / 2), *[at(HOUR / 2 + 7200 + 60 * k, 0.0, 3.6) for k in range(5)]]
    one = read(bdf(tmp_path, rows))
    assert one.moved()[1].ah == pytest.approx(0.5)
    assert one.points["open_ah"].to_list()[31] == pytest.approx(2.0)
    assert any("nothing was recorded for up to 7,200 s before line 33" in told for told in one.findings)


def test_a_load_that_went_on_is_kept_and_open_and_one_that_paused_is_not_counted(tmp_path):
    on = [*discharge(0, 600), *discharge(2400, 600, from_v=4.0 - 2400 / HOUR)]
    found = read(bdf(tmp_path, on))
    assert found.moved()[1].ah == pytest.approx(3000 / HOUR)
    assert found.points["open_ah"].sum() == pytest.approx(0.5)
    paused = [*discharge(0, 600), *discharge(2400, 600, from_v=4.0 - 500 / HOUR)]
    found = read(bdf(tmp_path, paused))
    assert found.moved()[1].ah == pytest.approx(1200 / HOUR)
    assert found.points["open_ah"].sum() == pytest.approx(0.5)


def test_a_short_pause_is_told_by_the_voltage_that_recovers(tmp_path):
    rows = [*discharge(0, 600), *discharge(600 + 300, 600, from_v=4.0 - 300 / HOUR)]
    found = read(bdf(tmp_path, rows))
    assert found.moved()[1].ah == pytest.approx(1200 / HOUR)
    rows = [*discharge(0, 600), *discharge(600 + 300, 600, from_v=4.0 - 900 / HOUR)]
    found = read(bdf(tmp_path, rows))
    assert found.moved()[1].ah == pytest.approx(1500 / HOUR)
    assert found.points["open_ah"].sum() == 0.0


def test_a_rest_that_is_first_recorded_late_took_no_charge(tmp_path):
    rows = [*discharge(0, HOUR / 2), *[at(HOUR / 2 + 400 + 60 * k, 0.0, 3.7) for k in range(5)]]
    found = read(bdf(tmp_path, rows))
    assert found.moved()[1].ah == pytest.approx(0.5)


def test_a_counter_closes_a_gap(tmp_path):
    rows = [*discharge(0, 600), *discharge(2400, 600, from_v=4.0 - 500 / HOUR)]
    for row in rows:
        ran = row["Test Time / s"] - (1500 if row["Test Time / s"] > 600 else 0)
        row |= {"Charging Capacity / Ah": 0.0, "Discharging Capacity / Ah": ran / HOUR}
    one = read(bdf(tmp_path, rows))
    assert one.moved()[1].ah == pytest.approx(1500 / HOUR)
    assert one.points["open_ah"].sum() == 0.0
    assert not any("nothing was recorded" in told for told in one.findings)


def test_a_step_whose_clock_ran_on_was_not_interrupted(tmp_path):
    rows = [
        {**row, "Step Index / 1": 1, "Step Time / s": row["Test Time / s"]}
        for row in [*discharge(0, 600), *discharge(2400, 600, from_v=3.9)]
    ]
    one = read(bdf(tmp_path, rows))
    assert one.moved()[1].ah == pytest.approx(3000 / HOUR)
    assert one.points["open_ah"].sum() == 0.0


def test_a_loop_whose_runs_begin_anew_moves_nothing_between_them(tmp_path):
    rows = []
    for run in range(3):
        for row in discharge(900 * run, 100, 10):
            rows.append({**row, "Step Index / 1": 4, "Step Time / s": row["Test Time / s"] - 900 * run})
    one = read(bdf(tmp_path, rows))
    assert one.moved()[1].ah == pytest.approx(300 / HOUR)
    assert (one.points["open_ah"] > 0).sum() == 2


def test_rows_that_come_slowly_in_a_regime_of_their_own_are_no_gaps():
    pulses = np.arange(0, 10, 0.1)
    slow = 10 + 60 * np.arange(1, 60)
    time_s, current = np.concatenate([pulses, slow]), np.full(159, -1.0)
    flow = flow_between(time_s, current, 4.0 - time_s / HOUR)
    assert not flow.open_ah.any()
    assert -flow.ah.sum() == pytest.approx(time_s[-1] / HOUR)


def test_a_counter_that_begins_anew_without_falling_is_added_up(tmp_path):
    begin, rows = 0.0, []
    for number, minutes in enumerate([0, 6, 12, 18]):
        begin += 60 * minutes
        columns = {"Step_Index__1": number, "Step_Time__s": 60 * minutes, "Discharging_Capacity__Ah": 0.0}
        amps = 1.0 if minutes else 0.0
        rows.append(at(begin, amps, 3.5 + 0.1 * number, **columns, Charging_Capacity__Ah=minutes / 60))
    one = read(bdf(tmp_path, rows))
    assert one.points["charge_ah"][-1] == pytest.approx(36 / 60)
    assert one.moved()[0].ah == pytest.approx(36 / 60)


def test_a_counter_that_runs_on_through_its_steps_is_left_alone(tmp_path):
    rows = [
        at(60.0 * k, 1.0, 3.5 + 0.001 * k, Step_Index__1=1 + k // 20, Charging_Capacity__Ah=k / 60)
        for k in range(61)
    ]
    one = read(bdf(tmp_path, rows))
    assert one.points["charge_ah"][-1] == pytest.approx(1.0)
    assert not any("begins anew" in told for told in one.findings)


def test_a_net_counter_of_discharges_begins_anew_with_each(tmp_path):
    rows = [
        {**row, "Net Capacity / Ah": -(row["Test Time / s"] % 610) / HOUR} for row in discharge(0, 1800, 10)
    ]
    one = read(bdf(tmp_path, rows))
    assert one.points["charge_ah"][-1] == 0.0
    assert one.points["discharge_ah"][-1] == pytest.approx(1780 / HOUR, rel=1e-3)


def test_pulses_that_samples_leave_open_are_told_where_no_counter_closes_them(tmp_path):
    rows = [at(5.0 * k, -2.0 if k % 2 else -0.2, 4.0 - 0.001 * k) for k in range(200)]
    one = read(bdf(tmp_path, rows))
    assert any("leave the discharge open by more than 1 %" in told for told in one.findings)
    counted = [
        {**row, "Charging Capacity / Ah": 0.0, "Discharging Capacity / Ah": 0.5 * row["Test Time / s"] / HOUR}
        for row in rows
    ]
    one = read(bdf(tmp_path, counted))
    assert one.moved()[1].ah == pytest.approx(0.5 * 995 / HOUR, rel=1e-6)
    assert any("the counter's" in told and "is taken" in told for told in one.findings)


def balanced(cycles: int, step_s: float, lost: float = 0.0) -> list[dict[str, float]]:
    """A 1 Ah cell at 1C out, 0.5C in; of each charge a share is lost."""
    rows, now = [at(0.0, 0.0, 4.2)], 0.0
    for _ in range(cycles):
        for amps, hours in ((-1.0, 1.0), (0.5, 2.0 * (1 + lost))):
            rows += [
                at(now + 1 + t, amps, 4.1 - t / HOUR if amps < 0 else 3.1 + t / HOUR / 2)
                for t in np.append(np.arange(0, hours * HOUR, step_s), hours * HOUR)
            ]
            now += hours * HOUR + 2
            rows.append(at(now, 0.0, 3.2 if amps < 0 else 4.15))
    return rows


@pytest.mark.parametrize(("step_s", "lost"), [(300.0, 0.0), (60.0, 0.08)])
def test_a_long_test_is_not_refused_for_the_errors_that_add_up(step_s, lost, tmp_path):
    one = read(bdf(tmp_path, balanced(60, step_s, lost)), LabContract(nominal_capacity_ah=1.0))
    assert abs(one.points["moved_ah"].sum()) > 3 * lost
    with pytest.raises(LabFileRefused, match=r"SCALE.*a swing of"):
        read(bdf(tmp_path, balanced(2, step_s, lost)), LabContract(nominal_capacity_ah=0.2))


def test_a_long_balanced_case_and_records_of_discharges_pass(shared_data):
    lab = shared_data / "cases_first_use" / "lab"
    assert read(lab / "long_balanced.csv", LabContract(nominal_capacity_ah=1.0)).rows_loaded == 8771
    one = read(lab / "discharge_only_nasa.csv", LabContract(nominal_capacity_ah=1.9))
    assert np.isinf(one.points["open_ah"].to_numpy()).sum() == 7
    b0005 = read(shared_data / "nasa_pcoe" / "B0005.csv.gz", LabContract(nominal_capacity_ah=2.0))
    assert np.isinf(b0005.points["open_ah"].to_numpy()).sum() == 167
    with pytest.raises(LabFileRefused, match="SCALE"):
        read(shared_data / "nasa_pcoe" / "B0005.csv.gz", LabContract(nominal_capacity_ah=0.5))


def test_a_declared_sign_is_obeyed(tmp_path, shared_data):
    case = shared_data / "cases_files" / "coup_de_fouet.bdf.csv"
    for contract in (LabContract(current_sign="positive charges"), LabContract()):
        one = read(case, contract)
        assert one.moved()[1].ah == pytest.approx(4 / 3)
        assert any("the voltage moves against it" in told for told in one.findings)
    falls = bdf(tmp_path, [at(60.0 * k, 1.0, 3.5 - 0.01 * k) for k in range(20)])
    with pytest.raises(LabFileRefused, match="SIGN"):
        read(falls)
    assert read(falls, LabContract(current_sign="positive charges")).moved()[0].ah == pytest.approx(19 / 60)
    turned = read(falls, LabContract(current_sign="positive discharges"))
    assert turned.moved()[1].ah == pytest.approx(19 / 60)
