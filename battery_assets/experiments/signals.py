"""The signals of a dataset: what each shows, what is wrong in it, and how far a split by window flatters."""

import math
from collections import Counter
from typing import Any

import dagster as dg
import numpy as np
import polars as pl

from battery_assets.experiments.making import books
from battery_assets.experiments.making.files import bursts_of, read
from battery_assets.experiments.said import datasets as partitions
from battery_assets.experiments.said import says
from battery_assets.platform.dagster.metadata import numbers
from battery_assets.platform.warehouse.resource import Warehouse
from battery_assets.tables.experiments.signals import signals as table


@dg.asset(**says("signals", table, 1, partitions, follows=["datasets"]))
def signals(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:
    from battery_assets.learning.signals.bursts import RIPPLE
    from battery_assets.learning.signals.leak import leak

    name = context.partition_key
    row = books.dataset(warehouse, name)
    files = read(warehouse, list((row.meta_data or {}).get("files") or []))
    bursts = bursts_of(files)
    certificate = leak(bursts)
    rows = _rows(files, bursts, int(row.id), simulated=bool(row.meta_data.get("simulated")))
    classes, severities = (Counter(one[key] for one in rows) for key in ("fault_class", "severity"))
    version = books.checksum([(one["signal_id"], one["sha256"], one["labels"]) for one in rows])
    size = sum(warehouse.lake.size(url) for url in files["url"].unique())
    seen_by = power_by_string(bursts) if bursts.kind == RIPPLE else {}
    meta = {
        "kind": bursts.kind,
        "version": version,
        "leak": certificate,
        "power": seen_by,
        "size_bytes": size,
        "systems": files["system"].n_unique(),
    }
    severities.pop("", None)
    books.put_signals(
        warehouse,
        int(row.id),
        rows,
        fault_types=dict(classes),
        severity_levels=dict(severities),
        meta_data=meta,
    )
    shown: dict[str, Any] = {
        "signals": len(rows),
        "systems": meta["systems"],
        "classes": dg.MetadataValue.json(dict(classes)),
    }
    if seen_by:
        shown["power: loss of capacitance seen, by days of bursts"] = dg.MetadataValue.md(_markdown(seen_by))
    return dg.MaterializeResult(
        metadata={**shown, **numbers(certificate)}, data_version=dg.DataVersion(version)
    )


def power_by_string(bursts: Any) -> dict[str, dict[str, dict[str, float]]]:
    """What each string's own bursts would have shown: by days of bursts, by share of capacitance lost."""
    from battery_assets.features.ripple.detection import DAYS, LEAST_BURSTS, LOSSES, growth, power
    from battery_assets.features.ripple.spectrum import spectra

    powers: dict[str, dict[str, dict[str, float]]] = {}
    for string in np.unique(bursts.own):
        sound = np.flatnonzero((bursts.own == string) & bursts.sound)
        if len(sound) < LEAST_BURSTS:
            continue
        pulses = int(bursts.pulses[sound[0]])
        of_volts = spectra(bursts.volts[sound], bursts.rate_hz)
        curve = power(of_volts.line(50.0 * pulses), growth(LOSSES, pulses))
        powers[str(string)] = {
            str(count): {f"{loss:.2f}": round(float(p), 3) for loss, p in zip(LOSSES, row, strict=True)}
            for count, row in zip(DAYS, curve, strict=True)
        }
    return powers


def _markdown(power: dict[str, dict[str, dict[str, float]]]) -> str:
    """The strings that would see least, worst first: their power by loss, after seven days."""
    losses = list(next(iter(power.values()))["7"])
    worst = sorted(power.items(), key=lambda one: one[1]["7"]["0.10"])[:12]
    lines = [["string, 7 days", *losses], ["---"] * (1 + len(losses))]
    lines += [[string, *(f"{days['7'][loss]:.2f}" for loss in losses)] for string, days in worst]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _rows(files: pl.DataFrame, bursts: Any, number: int, *, simulated: bool) -> list[dict[str, Any]]:
    """The rows of the table, in the order of the files."""
    from battery_assets.features.ripple.log_lines import moments
    from battery_assets.learning.signals.bursts import RIPPLE, fault_class, severity_of
    from battery_assets.learning.signals.curves import shape

    # A curve of a discharge has no lines.
    of_ripple = bursts.kind == RIPPLE
    shapes = moments(bursts.volts, bursts.rate_hz)[:, :3] if of_ripple else shape(bursts.volts)
    plain = files.select(
        "signal_id", "labels", "system", "string", "is_reference", "row_offset", file_path="url",
        capacitance_lost=pl.col("capacitance_lost").fill_nan(None),
        phase_low=pl.col("phase_low").fill_nan(None),
        month=pl.col("month") if "month" in files.columns else pl.lit(None, pl.String),
        sha256=pl.col("url").str.extract(r"-([0-9a-f]{64})\.parquet$"),
    )  # fmt: skip
    return [
        {
            **one, "dataset_id": number, "is_simulated": simulated, "rms": rms, "kurtosis": kurtosis,
            "dominant_frequency": dominant if of_ripple else None,
            "fault_class": fault_class(tuple(one["labels"])),
            "severity": severity_of(
                tuple(one["labels"]),
                *(math.nan if one[part] is None else one[part] for part in ("capacitance_lost", "phase_low")),
            ),
        }
        for one, (rms, kurtosis, dominant) in zip(plain.to_dicts(), shapes.tolist(), strict=True)
    ]  # fmt: skip
