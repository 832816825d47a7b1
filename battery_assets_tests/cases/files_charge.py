"""Cyclers' files whose charge was counted wrong: gaps, pulses, counters that begin anew, signs."""

from pathlib import Path

from battery_assets_tests.cases.record import FILES, Case, file_of, finding_of, near

GAP = "no charge is counted where nothing was recorded"
ANEW = "counters that begin anew"


def recording_gap(shared: Path) -> str:
    one = file_of(shared, "recording_gap.bdf.csv")
    finding_of(one, "the counter's 1 Ah is taken")
    return f"{near(one.moved()[1].ah, 1.0, 1e-6):.3f} Ah out, the gap told"


def loop_with_gaps(shared: Path) -> str:
    one = file_of(shared, "bio_loop_with_gaps.mpt")
    finding_of(one, "nothing was recorded for up to 601 s")
    assert one.points.height == 124
    return f"{one.points.height} points, {1e3 * near(one.moved()[1].ah, 0.0012, 2e-6):.2f} mAh out"


def pulses(shared: Path) -> str:
    one = file_of(shared, "pulsed_discharge.bdf.csv")
    finding_of(one, "left open from 0.05109 to 0.8686")
    return f"{near(one.moved()[1].ah, 0.1531, 2e-4):.3f} Ah out, what the samples leave open told"


def net_anew(shared: Path) -> str:
    one = file_of(shared, "bio_net_begins_anew.mpt")
    charged, discharged = (moved.ah for moved in one.moved())
    near(discharged, 0.0, 1e-9)
    assert one.points.height == 124
    return f"{one.points.height} points, {1e3 * near(charged, 0.012, 1e-5):.0f} mAh in, {discharged:.0f} out"


def step_ends(shared: Path) -> str:
    one = file_of(shared, "neware_step_ends.csv")
    near(one.moved()[0].ah, 1.4, 1e-3)
    return f"{near(one.points['charge_ah'][-1], 1.4, 1e-3):.1f} Ah in, by counter and by current"


def coup_de_fouet(shared: Path) -> str:
    for terms in ({}, {"current_sign": "positive charges"}):
        one = file_of(shared, "coup_de_fouet.bdf.csv", **terms)
        finding_of(one, "the voltage moves against it")
        near(one.moved()[1].ah, 4 / 3, 1e-3)
        assert one.points.height == 25
    return f"{one.points.height} points, {one.moved()[1].ah:.2f} Ah out, declared or not; told"


def sweeps(shared: Path) -> str:
    one = file_of(shared, "bio_sweeps_in_a_sequence.mpt")
    assert set(one.quarantine["reason"]) == {"IMPEDANCE_ROW"}
    assert (one.points.height, one.rows_quarantined) == (60, 36)
    charge = 1e3 * near(one.points["charge_ah"][-1], 0.0059, 1e-6)
    return f"{one.points.height} points, {one.rows_quarantined} rows IMPEDANCE_ROW, {charge:.1f} mAh in"


def real_long_steps(shared: Path) -> str:
    one = file_of(shared, "real_nw4-120-6-1-36.ndax")
    assert (one.points.height, one.cycles, one.points["step_count"][-1]) == (7_257, 5, 15)
    last_s = near(one.points["test_time_s"][-1], 60_921.7, 0.05)
    charged, discharged = (1e3 * one.points[name][-1] for name in ("charge_ah", "discharge_ah"))
    near(charged, 156.19, 0.01)
    near(discharged, 190.21, 0.01)
    return f"{one.points.height:,} points, {last_s:,.1f} s, {charged:.2f} mAh in, {discharged:.2f} mAh out"


CASES = (
    Case(FILES, "recording_gap.bdf.csv", GAP, "1.000 Ah out in cycle 1", recording_gap),
    Case(FILES, "bio_loop_with_gaps.mpt", GAP, "124 points, 1.2 mAh out", loop_with_gaps),
    Case(FILES, "pulsed_discharge.bdf.csv", "samples that leave a factor open",
         "0.153 Ah, and a finding on what the samples leave open", pulses),
    Case(FILES, "bio_net_begins_anew.mpt", ANEW, "124 points, 12 mAh in, 0 out", net_anew),
    Case(FILES, "neware_step_ends.csv", ANEW, "1.4 Ah in", step_ends),
    Case(FILES, "coup_de_fouet.bdf.csv", "a declared sign is obeyed; a format's own is told, not refused",
         "25 points, 1.33 Ah out", coup_de_fouet),
    Case(FILES, "bio_sweeps_in_a_sequence.mpt", "a row of a sweep is no point",
         "60 points, 36 rows set aside, 5.9 mAh in", sweeps),
    Case(FILES, "real_nw4-120-6-1-36.ndax", "step times are added up exactly",
         "7,257 points, 60,921.7 s, 5 cycles, 15 steps, 156.19 mAh in, 190.21 mAh out", real_long_steps),
)  # fmt: skip
