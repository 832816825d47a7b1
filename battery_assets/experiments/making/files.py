"""Files of signals in the lake, read as a classifier sees them."""

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import sqlalchemy as sa

from battery_assets.errors import BadInput
from battery_assets.platform.warehouse.resource import Warehouse

if TYPE_CHECKING:
    from battery_assets.learning.signals.bursts import Bursts

FOLDER = "signals"
# What datasets need of the lake: files of their own, the fleet's captures, what an import has read so far.
NAMED = tuple(
    sa.text(f"SELECT {what} WHERE jsonb_typeof(meta_data -> '{key}') = 'array'")
    for key, what in (
        ("files", "jsonb_array_elements_text(meta_data -> 'files') FROM experiments.datasets"),
        (
            "staged",
            "address FROM experiments.datasets, jsonb_array_elements(meta_data -> 'staged') AS part, "
            "jsonb_each_text(part) AS named(what, address)",
        ),
    )
)


def read(warehouse: Warehouse, urls: list[str]) -> pl.DataFrame:
    """The rows of files in order, with `url` and `row_offset`. Raises BadInput where no file is named."""
    if not urls:
        raise BadInput("the dataset has no files; next step: make it, or run its job again")
    with ThreadPoolExecutor(4) as pool:
        frames = list(pool.map(warehouse.capture, urls))
    named = [
        frame.with_row_index("row_offset").with_columns(url=pl.lit(url))
        for url, frame in zip(urls, frames, strict=True)
    ]
    return pl.concat(named, how="vertical_relaxed")


def bursts_of(rows: pl.DataFrame) -> "Bursts":
    """Rows of one rate and length as arrays. Raises BadInput where they differ."""
    from battery_assets.learning.signals.bursts import CLASSES_OF, RIPPLE, Bursts

    lengths = rows.select(
        pl.col("waveform_v").list.len().alias("v"), pl.col("waveform_a").list.len().alias("a"), "waveform_hz"
    ).unique()
    if lengths.height != 1 or lengths["v"][0] != lengths["a"][0] or not lengths["v"][0]:
        raise BadInput(
            f"signals of {lengths.height} different rates or lengths; next step: a dataset for each"
        )
    kind = str(rows["kind"][0]) if "kind" in rows.columns else RIPPLE
    own = "string" if kind == RIPPLE else "own"
    count, rate = int(lengths["v"][0]), float(lengths["waveform_hz"][0])
    volts, amps = (
        rows[name].list.to_array(count).to_numpy().astype(np.float64) for name in ("waveform_v", "waveform_a")
    )
    labels = np.column_stack([rows["labels"].list.contains(one).to_numpy() for one in CLASSES_OF[kind]])
    return Bursts(
        volts, amps, rate, labels, rows["system"].to_numpy(), rows[own].to_numpy(),
        rows["is_reference"].to_numpy(),
        rows["pulses"].to_numpy(), rows["capacitance_lost"].to_numpy(), rows["phase_low"].to_numpy(),
        kind,
    )  # fmt: skip
