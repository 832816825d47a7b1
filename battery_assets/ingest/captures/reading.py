"""A file of captures as whole bursts; of every row of it, what became of it.

A burst counts as a whole: where one of its rows is bad, all of them go to quarantine.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from battery_assets.errors import BadInput
from battery_assets.ingest.captures.layout import LAYOUT, SAID_ONCE, Terms
from battery_assets.ingest.files.advice import with_step
from battery_assets.ingest.files.pieces import pieces
from battery_assets.ingest.files.problems import QUARANTINE_SCHEMA, Fault, FileRefused, quarantine_frame
from battery_assets.ingest.files.rows import LINE, checked_rows

KEY = "_burst"
# Instants of samples may be written to so much of a step; more is a gap or a jump of the clock.
UNEVEN = 0.05


@dataclass(frozen=True)
class Capture:
    """bursts: a row each, with file, line, rows; quarantine as QUARANTINE_SCHEMA; why it was refused."""

    path: str
    rows_read: int
    bursts: pl.DataFrame
    quarantine: pl.DataFrame
    reason: str | None = None


def read_capture(path: Path, name: str, terms: Terms) -> Capture:
    """The bursts of a file. Raises BadInput for a name that is not as the terms say, no other fault."""
    said, rows_read = terms.of_path(name), 0
    good, marks, faults = [], [], []
    try:
        for piece in pieces(path, LAYOUT, terms.contract):
            rows = checked_rows(piece, LAYOUT, None, terms.contract, datetime.now(UTC))
            rows_read += piece.rows
            faults += rows.faults
            good.append(_keyed(rows.good))
            marks.append(_keyed(piece.frame.with_columns(pl.Series(LINE, piece.lines, dtype=pl.Int64))))
        bursts = _bursts(pl.concat(good), name, said, terms)
        _refuse_without_rate(bursts)
    except FileRefused as refusal:
        whole = {"file": name, "line": refusal.line, "column": refusal.column, "reason": refusal.reason,
                 "value": refusal.detail[:80], "raw": None, "rows": rows_read}  # fmt: skip
        told = pl.DataFrame([whole], schema=QUARANTINE_SCHEMA)
        return Capture(name, rows_read, pl.DataFrame(), told, with_step(refusal, terms.contract))
    broken = _of_burst(faults, pl.concat([mark.select(KEY, LINE) for mark in marks]))
    bursts = bursts.with_columns(why=pl.when(pl.col(KEY).is_in(broken)).then(pl.lit("INCOMPLETE_BURST"))
                                 .otherwise(pl.col("why")))  # fmt: skip
    told = pl.concat(
        [quarantine_frame(name, faults), refused_bursts(bursts.filter(pl.col("why").is_not_null()))]
    )
    return Capture(name, rows_read, bursts.filter(pl.col("why").is_null()).drop("why", KEY), told)


def refused_bursts(bursts: pl.DataFrame) -> pl.DataFrame:
    """Bursts (file, line, signal_id, why, rows) as rows of QUARANTINE_SCHEMA, one for each burst."""
    if bursts.is_empty():
        return pl.DataFrame(schema=QUARANTINE_SCHEMA)
    named = bursts.select("file", "line", "rows", reason="why", value="signal_id", column=None, raw=None)
    return named.select(pl.col(name).cast(kind) for name, kind in QUARANTINE_SCHEMA.items())


def _keyed(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with the key of their burst: its name is of its system alone, s1 has a burst 1, and so has s2."""
    named = [
        pl.col(name).cast(pl.String).fill_null("") if name in rows.columns else pl.lit("")
        for name in ("signal_id", "system", "string")
    ]
    return rows.with_columns(pl.concat_str(*named, separator="\n").alias(KEY))


def _of_burst(faults: list[Fault], marks: pl.DataFrame) -> list[str]:
    """Keys of the bursts that faulty lines belong to; a line that is no row belongs to the one before it."""
    if not faults or marks.is_empty():
        return []
    lines = pl.DataFrame({LINE: sorted({fault.line for fault in faults})}, schema={LINE: pl.Int64})
    found = lines.join_asof(marks.sort(LINE), on=LINE)[KEY]
    return found.fill_null(marks[KEY][0]).unique().to_list()


def _bursts(rows: pl.DataFrame, name: str, said: dict[str, str], terms: Terms) -> pl.DataFrame:
    """Samples put together by burst, with what file, path and terms say of each, in this order."""
    given: dict[str, Any] = {
        "system": said.get("system") or terms.system, "string": said.get("string") or terms.string,
        "label": said.get("label") or terms.label, "pulses": terms.pulses,
        "sample_rate_hz": terms.sample_rate_hz,
    }  # fmt: skip
    step = pl.col("time_s").diff()
    once = [pl.col(one).drop_nulls().first() for one in SAID_ONCE]
    mixed = [pl.col(one).drop_nulls().n_unique() > 1 for one in SAID_ONCE if one != "taken_at"]
    found = rows.group_by(KEY, maintain_order=True).agg(
        *once, pl.col("signal_id").first(), pl.col(LINE).first().alias("line"),
        pl.len().cast(pl.Int64).alias("rows"),
        pl.any_horizontal(*mixed).first().alias("mixed"), step.median().alias("step"),
        (step.max() - step.min()).alias("spread"), step.min().alias("least"),
        pl.col("voltage_v").cast(pl.Float32).alias("waveform_v"),
        pl.col("current_a").cast(pl.Float32).alias("waveform_a"),
    )  # fmt: skip
    stem = said.get("signal_id") or name.rsplit("/", 1)[-1].split(".")[0]
    filled = found.with_columns(
        *(pl.col(one).fill_null(pl.lit(value)) for one, value in given.items() if value is not None),
        signal_id=pl.col("signal_id").fill_null(stem), file=pl.lit(name),
    ).with_columns(
        pl.col("sample_rate_hz").fill_null((1 / pl.col("step")).round(3)),
        pl.col("string").fill_null(pl.col("system")),
    )  # fmt: skip
    uneven = (pl.col("least") <= 0) | (pl.col("spread") > UNEVEN * pl.col("step"))
    return filled.with_columns(
        why=pl.when("mixed").then(pl.lit("MIXED_BURST"))
        .when(pl.any_horizontal(pl.col("system", "label").is_null())).then(pl.lit("NULL_REQUIRED"))
        .when(uneven.fill_null(False)).then(pl.lit("UNEVEN_TIME"))
    ).drop("mixed", "step", "spread", "least")  # fmt: skip


def _refuse_without_rate(bursts: pl.DataFrame) -> None:
    rate = bursts["sample_rate_hz"].to_numpy().astype(float)
    if len(rate) and not np.isfinite(rate).all():
        raise FileRefused("NO_RATE", "no sampling rate: neither a column nor a term says it")


def labels_of(words: str, classes: tuple[str, ...], where: str) -> list[str]:
    """The faults that a label names, in the order of `classes`. Raises BadInput for another word."""
    named = {word.strip().lower().replace(" ", "_").replace("-", "_") for word in words.split("+")} - {""}
    if unknown := sorted(named - {"sound", *classes}):
        raise BadInput(
            f"{where}: unknown label {', '.join(unknown)}; next step: one of sound, {', '.join(classes)}"
        )
    if "sound" in named and len(named) > 1:
        raise BadInput(f"{where}: {words!r} is sound and faulty at once; next step: correct the label")
    return [kind for kind in classes if kind in named]
