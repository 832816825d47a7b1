"""What is calculated from voltage and current says no more and no less than they do.

Power is their product in every sample; the state of charge falls by what a discharge took. The largest
discharge of the month is judged, since rates, anchors and sensors' offsets hide in small ones.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
import polars as pl

from battery_assets.features.laws.verdict import Finding, Verdict
from battery_assets.features.samples.rated_capacity import LOADED_C
from battery_assets.features.samples.runs import micros, numbers, steps_us, unit_runs

POWER_W = 0.1  # volts, amperes and watts are kept to 0.01, 0.001 and 0.01
POWER_RELATIVE = 2e-5
HOLE_STEPS = 3
LEAST_DEPTH = 0.05  # of C10; less is within an estimator's own error
SOC_POINTS, SOC_SHARE = 5.0, 0.30  # error of an honest estimate, and of capacity and current (SOURCES 6)
POWER_STEP = (
    "power_w must be voltage_v times current_a of the same sample: mend the calculation, run the month again"
)
SOC_STEP = (
    "the state of charge must fall by the ampere-hours that its string gave: look at sign, capacity and "
    "anchors of the estimate, mend them and run the month again"
)


def power_evidence(samples: pl.DataFrame) -> pl.DataFrame:
    """What samples say of power, in one row; none where there is no sample to judge.

    samples: ts, string_id, voltage_v, current_a, power_w. Returns samples, wrong (how many of them), and of
    the worst: ts, string_id, voltage_v, current_a, power_w, limit_w.
    """
    judged = samples.drop_nulls(["voltage_v", "current_a", "power_w"])
    volts, amps, watts = (
        numbers(judged, name).astype(float) for name in ("voltage_v", "current_a", "power_w")
    )
    limit = POWER_W + POWER_RELATIVE * np.abs(watts)
    over = np.abs(watts - volts * amps) - limit
    place = [int(np.argmax(over))] if judged.height else []
    return judged[place].select(
        samples=pl.lit(judged.height, pl.Int64),
        wrong=pl.lit(int((over > 0.0).sum()), pl.Int64),
        ts="ts",
        string_id=pl.col("string_id").cast(pl.String),
        voltage_v=pl.Series(volts[place]),
        current_a=pl.Series(amps[place]),
        power_w=pl.Series(watts[place]),
        limit_w=pl.Series(limit[place]),
    )


def power_law(evidence: pl.DataFrame, codes: dict[str, str]) -> Verdict:
    """Whether power is voltage times current: evidence has rows of `power_evidence`, or none."""
    if evidence.is_empty():
        return Verdict("not judged: no sample", POWER_STEP, [], {"samples": 0.0})
    samples = int(evidence["samples"].sum())
    findings = []
    if evidence["wrong"].sum():
        apart = (pl.col("power_w") - pl.col("voltage_v") * pl.col("current_a")).abs()
        worst = evidence.with_columns(apart_w=apart).sort(pl.col("apart_w") - pl.col("limit_w"), "ts")
        row = worst.row(-1, named=True)
        volts, amps = row["voltage_v"], row["current_a"]
        findings.append(
            Finding(
                where=f"string {codes.get(row['string_id'], row['string_id'])}",
                when=f"{row['ts']:%Y-%m-%d %H:%M:%S} UTC",
                expected=f"{volts * amps:.2f} W: {volts:.2f} V, {amps:.3f} A",
                found=f"{row['power_w']:.2f} W ({evidence['wrong'].sum()} of {samples:,} samples)",
                measured=row["apart_w"],
                limit=row["limit_w"],
                unit="W",
            )
        )
    words = f"power is voltage times current in {samples:,} samples, those of every hour's first part"
    return Verdict(words, POWER_STEP, findings, {"samples": float(samples)})


@dataclass(frozen=True)
class Discharge:
    """A stretch of samples in which a string gave charge; Ah positive."""

    string_id: str
    day: date
    start_us: int
    end_us: int
    ah: float
    share: float


def largest_discharge(day: date, rows: pl.DataFrame, capacity_ah: dict[str, float]) -> Discharge | None:
    """The discharge above C/20 of a UTC day that took the largest share of its string's capacity, if any.

    rows: ts, string_id, current_a sorted by (string_id, ts). A hole in the samples ends a discharge.
    """
    ids = list(capacity_ah)
    runs = unit_runs(rows["string_id"], ids)
    ts, current = micros(rows["ts"]), numbers(rows, "current_a").astype(float)
    best = None
    for unit, first, last, step in zip(runs.unit, runs.start, runs.stop, steps_us(ts, runs), strict=True):
        amps, at = current[first:last], ts[first:last]
        on = amps < -LOADED_C * capacity_ah[ids[unit]]
        inside = on[1:] & on[:-1] & (np.diff(at) <= HOLE_STEPS * step)
        edges = np.flatnonzero(np.diff(np.concatenate([[False], inside, [False]]).astype(np.int8)))
        moved = np.where(inside, -0.5 * (amps[1:] + amps[:-1]) * np.diff(at) / 3.6e9, 0.0)
        sums = np.concatenate([[0.0], np.cumsum(moved)])
        for begin, end in zip(edges[::2], edges[1::2], strict=True):
            ah = float(sums[end] - sums[begin])
            share = ah / capacity_ah[ids[unit]]
            if best is None or share > best.share:
                best = Discharge(ids[unit], day, int(at[begin]), int(at[end]), ah, share)
    return best if best is not None and best.share >= LEAST_DEPTH else None


def soc_law(discharge: Discharge | None, jars: pl.DataFrame, codes: dict[str, str]) -> Verdict:
    """Whether the charge of the string's jars fell by what the discharge took.

    jars: battery_id, capacity_ah, soh_pct, soc_before, soc_after (of the discharge; an unknown SOH counts as
    100). Judged is the median jar, and a jar that reached empty is left out.
    """
    nothing = Verdict(f"not judged: no discharge of {LEAST_DEPTH:.0%} of a string's capacity", SOC_STEP)
    if discharge is None:
        return nothing
    judged = jars.drop_nulls(["soc_before", "soc_after"]).filter(pl.col("soc_after") > 1.0)
    if judged.is_empty():
        return nothing
    ah = (
        numbers(judged, "capacity_ah")
        * np.nan_to_num(numbers(judged, "soh_pct").astype(float), nan=100.0)
        / 100.0
    )
    expected = float(np.nanmedian(100.0 * discharge.ah / ah))
    fell = float((judged["soc_before"] - judged["soc_after"]).median())  # type: ignore[arg-type]
    limit = SOC_POINTS + SOC_SHARE * expected
    findings = []
    begin, end = (datetime.fromtimestamp(us / 1e6, UTC) for us in (discharge.start_us, discharge.end_us))
    if abs(fell - expected) > limit:
        findings.append(
            Finding(
                where=f"string {codes.get(discharge.string_id, discharge.string_id)}",
                when=f"{begin:%Y-%m-%d %H:%M} to {end:%H:%M} UTC",
                expected=f"SOC to fall by {expected:.1f} points for {discharge.ah:.1f} Ah",
                found=f"{fell:+.1f} points (median of {judged.height} jars)",
                measured=abs(fell - expected),
                limit=limit,
                unit="points",
            )
        )
    words = f"SOC fell by {fell:.1f} points where {discharge.ah:.1f} Ah are {expected:.1f}"
    return Verdict(words, SOC_STEP, findings, {"SOC fell by": fell, "expected": expected})
