"""Positive current charges: held against the voltage of the string, which no wiring error can turn.

Three kinds of evidence, none of which needs the mode or any estimate:

level   a jar that discharges stands below the open-circuit voltage of a full one, plus what float leaves on
        its surface;
charge  a string that since its last float was only charged is still full, so it stands above that voltage,
        less what a discharge between two samples could have taken;
step    voltage and current rise together, as the resistance of a battery is positive.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime

import numpy as np
import polars as pl

from battery_assets.features.charge.ocv_curve import OCV_V, SOC_PCT
from battery_assets.features.laws.verdict import Finding, Verdict
from battery_assets.features.samples.rated_capacity import LOADED_C
from battery_assets.features.samples.runs import micros, numbers, steps_us, unit_runs

QUIET_C = 1 / 60
FLOAT_V = (13.2, 14.1)  # of a jar: 2.20 V a cell up to the boost band (SOURCES 1.5, 3.1)
FULL_V = float(OCV_V[-1])
# Surface charge 0.15, spread of OCV charts 0.06, a meter of 0.5 % 0.07 V (SOURCES 1.2, 1.6, 8).
ABOVE_FULL_V = 0.28
BELOW_FULL_V = 0.20
OHMIC_V_PER_C = 0.3  # the least that the ohmic part takes: 2.5 mohm of a 120 Ah jar (SOURCES 1.3)
UNSEEN_C = 2.0  # no string is asked for more than its 15 min rate for longer than one sample (SOURCES 1.4)
LONGEST_HOLE_US = 60_000_000
STEP_US = 90_000_000
STEP_V = 0.002
# Fewer may be a channel that lags behind the other by some seconds.
FEWEST, LEAST_S = 3, 60.0
SHARE, STEP_SHARE = 0.1, 2 / 3
NEXT_STEP = (
    "see which way the source counts. If its positive current discharges, say so (battery-assets import "
    "fleet ... --contract positive_current=discharges) and run the month again; else have the sensor turned "
    "round"
)
SCHEMA = {
    "string_id": pl.String,
    "day": pl.Date,
    "kind": pl.String,
    "judged": pl.Int64,
    "against": pl.Int64,
    "seconds": pl.Float64,
    "from_us": pl.Int64,
    "to_us": pl.Int64,
    "current_a": pl.Float64,
    "jar_v": pl.Float64,
}


def sign_evidence(day: date, rows: pl.DataFrame, strings: pl.DataFrame) -> pl.DataFrame:
    """A UTC day of telemetry_string_raw as evidence for or against its sign: SCHEMA, per string and kind.

    rows: ts, string_id, voltage_v, current_a sorted by (string_id, ts). strings: string_id, jars (in series),
    capacity_ah. `judged` counts samples (steps: pairs of samples), `against` those that contradict, `seconds`
    is the time that these cover; the last four columns tell of them. Strings not in `strings` are left out.
    """
    columns = strings.to_dict(as_series=False)
    runs = unit_runs(rows["string_id"], columns["string_id"])
    ts, volts, current = (
        micros(rows["ts"]),
        *(numbers(rows, name).astype(float) for name in ("voltage_v", "current_a")),
    )
    evidence = []
    for unit, first, last, step in zip(runs.unit, runs.start, runs.stop, steps_us(ts, runs), strict=True):
        span = slice(first, last)
        jar_v, rate = volts[span] / columns["jars"][unit], current[span] / columns["capacity_ah"][unit]
        whole = np.isfinite(jar_v) & np.isfinite(rate)
        sample = (
            columns["string_id"][unit],
            day,
            step / 1e6,
            ts[span][whole],
            current[span][whole],
            jar_v[whole],
        )
        evidence += _evidence_row(*sample, _samples(sample[3], jar_v[whole], rate[whole], step))
        evidence += _evidence_row(*sample, _steps(sample[3], jar_v[whole], rate[whole]))
    return pl.DataFrame(evidence, schema=SCHEMA, orient="row")


Evidence = dict[str, tuple[np.ndarray, np.ndarray]]


def _samples(ts: np.ndarray, volts: np.ndarray, rate: np.ndarray, step_us: float) -> Evidence:
    """Which samples tell of the sign, and which of these contradict it, by kind of evidence."""
    if len(ts) < FEWEST:
        return {}
    hole_us = max(LONGEST_HOLE_US, 1.5 * np.nan_to_num(step_us))
    joined = np.diff(ts) <= max(hole_us, 3 * np.nan_to_num(step_us))
    loaded = np.where(np.abs(rate) > LOADED_C, np.sign(rate), 0)
    # A sample at the edge of an event may hold the mean of both sides: only what lasts is judged.
    same = (loaded[1:] == loaded[:-1]) & joined
    lasting = np.zeros(len(ts), bool)
    lasting[1:-1] = same[1:] & same[:-1]
    discharged = lasting & (loaded < 0)
    charged = lasting & (loaded > 0) & _only_charged_since_float(ts, volts, rate, hole_us)
    unseen_pct = min(100.0 * UNSEEN_C * hole_us / 3.6e9, 100.0)
    floor = float(np.interp(100.0 - unseen_pct, SOC_PCT, OCV_V)) - BELOW_FULL_V
    return {
        "level": (discharged, volts > FULL_V + ABOVE_FULL_V - OHMIC_V_PER_C * np.abs(rate)),
        "charge": (charged, volts < floor),
    }


def _only_charged_since_float(
    ts: np.ndarray, volts: np.ndarray, rate: np.ndarray, hole_us: float
) -> np.ndarray:
    """Samples between which and the last float no discharge and no hole was seen."""
    place = np.arange(len(ts))
    floats = (np.abs(rate) < QUIET_C) & (volts >= FLOAT_V[0]) & (volts <= FLOAT_V[1])
    broken = rate < -QUIET_C
    broken[1:] |= np.diff(ts) > hole_us
    last_float = np.maximum.accumulate(np.where(floats, place, -1))
    return last_float > np.maximum.accumulate(np.where(broken, place, -1))


def _steps(ts: np.ndarray, volts: np.ndarray, rate: np.ndarray) -> Evidence:
    """Pairs of samples that tell of the sign by dV/dI; told at the later one."""
    up_v, up_c = np.diff(volts, prepend=volts[:1]), np.diff(rate, prepend=rate[:1])
    near = np.diff(ts, prepend=ts[:1] - 2 * STEP_US) <= STEP_US
    # While both stand above a full jar's OCV, the charger decides about the voltage, not the resistance.
    led = np.minimum(volts, volts - up_v) > FULL_V + 0.05
    tells = near & (np.abs(up_c) > LOADED_C) & (np.abs(up_v) > STEP_V) & ~led
    return {"step": (tells, up_v * up_c < 0)}


def _evidence_row(
    string: str,
    day: date,
    step_s: float,
    ts: np.ndarray,
    current: np.ndarray,
    volts: np.ndarray,
    evidence: Evidence,
) -> list[tuple]:
    rows = []
    for kind, (judged, contradicts) in evidence.items():
        bad = np.flatnonzero(judged & contradicts)
        if judged.any():
            shown: tuple = (None,) * 4
            if bad.size:
                shown = ts[bad[0]], ts[bad[-1]], np.median(current[bad]), np.median(volts[bad])
            rows.append((string, day, kind, int(judged.sum()), int(bad.size), bad.size * step_s, *shown))
    return rows


def current_sign(evidence: Iterable[pl.DataFrame], strings: int, codes: dict[str, str]) -> Verdict:
    """Whether the stored sign is the tables' in every string: frames of `sign_evidence`, how many strings
    there are, and their names.

    Neither level nor charge can be contradicted by a battery, so one in ten of a day's samples is enough, as
    long as they are three and cover a minute. Steps are few and meet transients: of those of the month two in
    three have to contradict.
    """
    rows = pl.concat([pl.DataFrame(schema=SCHEMA), *evidence])
    is_step = pl.col("kind") == "step"
    lasting = _against(rows.filter(~is_step), ["string_id", "day"], SHARE).filter(
        pl.col("all_seconds") >= LEAST_S
    )
    steps = _against(rows.filter(is_step), ["string_id"], STEP_SHARE)
    against = pl.concat([lasting, steps]).sort("day", "string_id", "kind", maintain_order=True)
    findings = [
        _finding(row, codes)
        for row in against.unique(["string_id", "kind"], keep="first", maintain_order=True).to_dicts()
    ]
    counts = {
        f"{kind} evidence": float(rows.filter(pl.col("kind") == kind)["judged"].sum())
        for kind in ("level", "charge", "step")
    }
    enough = rows.group_by("string_id").agg(pl.col("judged").sum()).filter(pl.col("judged") >= FEWEST)
    return Verdict(_judged(enough.height, strings, counts), NEXT_STEP, findings, counts)


def _against(rows: pl.DataFrame, together: list[str], share: float) -> pl.DataFrame:
    """The rows that contradict, where enough of all that is judged together does."""
    sums = {f"all_{name}": pl.col(name).sum().over(together) for name in ("judged", "against", "seconds")}
    return rows.with_columns(**sums).filter(
        pl.col("against") > 0,
        pl.col("all_against") >= FEWEST,
        pl.col("all_against") > share * pl.col("all_judged"),
    )


def _judged(strings: int, of: int, counts: dict[str, float]) -> str:
    if not strings:
        return (
            f"not judged: none of {of} strings carried more than C/20 long enough for the voltage to show "
            "the current's sign"
        )
    samples = counts["level evidence"] + counts["charge evidence"]
    return (
        f"positive current charges in {strings} of {of} strings, by {samples:,.0f} samples under load and "
        f"{counts['step evidence']:,.0f} steps; the others carried no more than C/20"
    )


_EXPECTED = {
    "level": "jars that discharge at {current:.1f} A below {full:.2f} V",
    "charge": "jars that were only charged since float ({current:+.1f} A) near {full:.2f} V or above",
    "step": "the voltage to rise with the current",
}


def _finding(row: dict, codes: dict[str, str]) -> Finding:
    begin, end = (datetime.fromtimestamp(row[name] / 1e6, UTC) for name in ("from_us", "to_us"))
    unit = "steps" if row["kind"] == "step" else "samples"
    level = FULL_V + ABOVE_FULL_V if row["kind"] == "level" else FULL_V
    observed = "it fall" if row["kind"] == "step" else f"{row['jar_v']:.2f} V"
    return Finding(
        where=f"string {codes.get(row['string_id'], row['string_id'])}",
        when=f"{begin:%Y-%m-%d %H:%M} to {end:%H:%M} UTC",
        expected=_EXPECTED[row["kind"]].format(current=row["current_a"], full=level),
        found=f"{observed} ({row['all_against']} of {row['all_judged']} {unit})",
        measured=row["all_against"] / row["all_judged"],
        limit=STEP_SHARE if row["kind"] == "step" else SHARE,
        unit="1",
        string_id=row["string_id"],
        days=(begin.date(), end.date()),
    )
