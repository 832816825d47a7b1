"""What a sound site does, as far as telemetry shows it: a contradiction is a warning, never a stop.

A real charger may be set wrongly and a real sensor may hang in a draught; the data then tell the truth of it.
"""

from collections.abc import Iterable

import numpy as np
import polars as pl

from battery_assets.features.laws.verdict import Finding, Verdict
from battery_assets.features.samples.runs import micros, numbers, steps_us, unit_runs

CELLS = 6
# Published: -3 to -5 mV/K a cell, and chargers without compensation, 0 (SOURCES 1.5); one more each way.
SLOPE_V_K = (-0.006, 0.001)
LEAST_SWING_K, LEAST_HOURS = 3.0, 72
LARGEST_ERROR_V_K = 0.001
BELOW_ROOM_K, BELOW_ROOM_HOURS = -5.0, 6
# 1.05 to 1.10 are usual (SOURCES 1.6); offsets and the tail under the threshold leave the rest open.
RETURNED = (1.0, 1.25)
COUNTED_C = 1 / 200
LEAST_DEPTH = 0.10
_MOVED = {
    "string_id": pl.String(),
    "given_ah": pl.Float64(),
    "taken_ah": pl.Float64(),
    "begins_busy": pl.Boolean(),
    "ends_busy": pl.Boolean(),
}
FLOAT_STEP = (
    "check the charger's temperature compensation and its sensor; rising with heat, it leads to runaway"
)
ROOM_STEP = "check the jar's and the room's sensors and which room the jar is said to be in"
RETURN_STEP = (
    "below 1.0 look at the charger and at gaps in the samples, above 1.25 at the current sensor's gain and "
    "offset"
)


def float_compensation(hours: pl.DataFrame, codes: dict[str, str]) -> Verdict:
    """How the float voltage of strings follows the temperature of their jars.

    hours: string_id, hour, jar_v (mean of the jars), mean_c, of undisturbed hours on float. Judged are
    strings whose temperature swings by 3 K over 72 hours at least.
    """
    findings, slopes = [], {}
    for (unit,), rows in hours.drop_nulls().group_by(["string_id"], maintain_order=True):
        string_id = str(unit)
        warm, volts = numbers(rows, "mean_c").astype(float), numbers(rows, "jar_v").astype(float) / CELLS
        swing = float(np.quantile(warm, 0.95) - np.quantile(warm, 0.05))
        if warm.size < LEAST_HOURS or swing < LEAST_SWING_K:
            continue
        centred = warm - warm.mean()
        slope = float(centred @ volts / (centred @ centred))
        left = volts - volts.mean() - slope * centred
        error = float(np.sqrt(left @ left / (warm.size - 2) / (centred @ centred)))
        if error > LARGEST_ERROR_V_K:
            continue
        slopes[string_id] = slope
        if not SLOPE_V_K[0] <= slope <= SLOPE_V_K[1]:
            findings.append(_slope(codes.get(string_id, string_id), rows, slope))
    words = (
        f"float follows heat by {1000 * min(slopes.values()):+.1f} to {1000 * max(slopes.values()):+.1f} "
        f"mV/K a cell in {len(slopes)} strings"
        if slopes
        else f"not judged: no string whose temperature swung by {LEAST_SWING_K:.0f} K on float"
    )
    return Verdict(words, FLOAT_STEP, findings, {"strings": float(len(slopes))})


def _slope(code: str, rows: pl.DataFrame, slope: float) -> Finding:
    return Finding(
        where=f"string {code}",
        when=f"{str(rows['hour'].min())[:10]} to {str(rows['hour'].max())[:10]}",
        expected=f"float to change by {1000 * SLOPE_V_K[0]:.0f} to {1000 * SLOPE_V_K[1]:.0f} mV/K a cell",
        found=f"{1000 * slope:+.1f} mV/K",
        measured=slope,
        limit=SLOPE_V_K[1] if slope > SLOPE_V_K[1] else SLOPE_V_K[0],
        unit="V/K",
    )


def room_evidence(hours: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """The hours in which a jar is colder than its room, and of how many that can be told.

    hours: battery_id, feature_ts, t_delta_ambient_mean of one hour.
    """
    judged = hours.drop_nulls("t_delta_ambient_mean")
    return judged.filter(pl.col("t_delta_ambient_mean") < BELOW_ROOM_K), judged.height


def no_jar_below_its_room(evidence: Iterable[tuple[pl.DataFrame, int]], codes: dict[str, str]) -> Verdict:
    """A jar has no way to cool itself. evidence: `room_evidence` of stretches of time, in order."""
    stretches = list(evidence)
    judged = sum(count for _, count in stretches)
    cold_hours = [rows for rows, _ in stretches if rows.height]
    nothing = pl.DataFrame(
        schema={
            "battery_id": pl.String,
            "feature_ts": pl.Datetime("us", "UTC"),
            "t_delta_ambient_mean": pl.Float64,
        }
    )
    cold = (
        pl.concat(cold_hours or [nothing])
        .group_by("battery_id", maintain_order=True)
        .agg(
            pl.len().alias("hours"),
            pl.col("feature_ts").min().alias("begin"),
            pl.col("feature_ts").max().alias("end"),
            pl.col("t_delta_ambient_mean").median().alias("below"),
        )
        .filter(pl.col("hours") >= BELOW_ROOM_HOURS)
        .sort("below")
    )
    findings = [
        Finding(
            where=f"jar {codes.get(row['battery_id'], row['battery_id'])}",
            when=f"{row['begin']:%Y-%m-%d %H:%M} to {row['end']:%Y-%m-%d %H:%M} UTC",
            expected="a jar no more than 5 K below its room",
            found=f"{row['below']:.1f} K in {row['hours']} hours",
            measured=row["below"],
            limit=BELOW_ROOM_K,
            unit="K",
        )
        for row in cold.to_dicts()
    ]
    words = f"no jar stays below its room, {judged:,} hours judged" if judged else (
        "not judged: no room temperature")  # fmt: skip
    return Verdict(words, ROOM_STEP, findings, {"hours": float(judged)})


def charge_moved(rows: pl.DataFrame, capacity_ah: dict[str, float]) -> pl.DataFrame:
    """Ah that each string gave and took in a UTC day of telemetry_string_raw, and whether it ends at rest.

    rows: ts, string_id, current_a sorted by (string_id, ts). Currents under C/200 are offset, holes give
    nothing. Returns string_id, given_ah, taken_ah, begins_busy, ends_busy.
    """
    ids = list(capacity_ah)
    runs = unit_runs(rows["string_id"], ids)
    ts, current = micros(rows["ts"]), numbers(rows, "current_a").astype(float)
    findings = []
    for unit, first, last, step in zip(runs.unit, runs.start, runs.stop, steps_us(ts, runs), strict=True):
        least = COUNTED_C * capacity_ah[ids[unit]]
        amps, at = np.nan_to_num(current[first:last]), ts[first:last]
        counted = np.where(np.abs(amps) > least, amps, 0.0)
        joined = np.diff(at) <= 3 * np.nan_to_num(step)
        moved = 0.5 * (counted[1:] + counted[:-1]) * np.diff(at) * joined / 3.6e9
        busy = counted != 0
        findings.append(
            (
                ids[unit],
                float(-moved[moved < 0].sum()),
                float(moved[moved > 0].sum()),
                bool(busy[0]),
                bool(busy[-1]),
            )
        )
    return pl.DataFrame(findings, schema=_MOVED, orient="row")


def charge_returned(
    days: Iterable[pl.DataFrame], capacity_ah: dict[str, float], codes: dict[str, str]
) -> Verdict:
    """Whether what strings gave was put back 1.0 to 1.25 times: frames of `charge_moved`, in order of days.

    Judged are strings that gave a tenth of their capacity and begin and end the month at rest or on float.
    """
    stacked = pl.concat([pl.DataFrame(schema=_MOVED), *days])
    months = stacked.group_by("string_id", maintain_order=True).agg(
        pl.col("given_ah").sum(),
        pl.col("taken_ah").sum(),
        pl.col("begins_busy").first(),
        pl.col("ends_busy").last(),
    )
    judged = [
        row
        for row in months.filter(~pl.col("begins_busy") & ~pl.col("ends_busy")).to_dicts()
        if row["given_ah"] >= LEAST_DEPTH * capacity_ah[row["string_id"]]
    ]
    ratios = {row["string_id"]: row["taken_ah"] / row["given_ah"] for row in judged}
    findings = [
        Finding(
            where=f"string {codes.get(row['string_id'], row['string_id'])}",
            when="in the month",
            expected=f"{RETURNED[0]:.2f} to {RETURNED[1]:.2f} times {row['given_ah']:.1f} Ah to be put back",
            found=f"{row['taken_ah']:.1f} Ah ({ratios[row['string_id']]:.2f} times)",
            measured=ratios[row["string_id"]],
            limit=RETURNED[1] if ratios[row["string_id"]] > RETURNED[1] else RETURNED[0],
            unit="1",
        )
        for row in judged
        if not RETURNED[0] <= ratios[row["string_id"]] <= RETURNED[1]
    ]
    words = (
        f"{len(ratios)} strings took back {min(ratios.values()):.2f} to {max(ratios.values()):.2f} times"
        " what they gave"
        if ratios
        else f"not judged: no string gave {LEAST_DEPTH:.0%} of its capacity and was charged again"
    )
    return Verdict(words, RETURN_STEP, findings, {"strings": float(len(ratios))})
