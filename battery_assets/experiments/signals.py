"""The signals of a dataset: what each shows, what is wrong in it, and how far a split by window flatters."""

from collections import Counter
from typing import Any

import dagster as dg
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
    meta = {
        "version": version,
        "leak": certificate,
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
    return dg.MaterializeResult(
        metadata={**shown, **numbers(certificate)}, data_version=dg.DataVersion(version)
    )


def _rows(files: pl.DataFrame, bursts: Any, number: int, *, simulated: bool) -> list[dict[str, Any]]:
    """The rows of the table, in the order of the files."""
    from battery_assets.features.ripple.log_lines import moments
    from battery_assets.learning.signals.bursts import fault_class, severity_of

    seen = moments(bursts.volts, bursts.rate_hz)
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
            "dominant_frequency": dominant, "fault_class": fault_class(tuple(one["labels"])),
            "severity": severity_of(
                tuple(one["labels"]), one["capacitance_lost"] or 0.0, one["phase_low"] or 0.0
            ),
        }
        for one, (rms, kurtosis, dominant, _) in zip(plain.to_dicts(), seen.tolist(), strict=True)
    ]  # fmt: skip
