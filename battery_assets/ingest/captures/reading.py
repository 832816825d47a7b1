"""A file of captures as whole bursts, read in bounded memory; of every row of it, what became of it.

A burst counts as a whole: where one of its rows is bad, all of them go to quarantine.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from battery_assets.errors import BadInput
from battery_assets.ingest.captures.layout import LAYOUT, SAID_ONCE, Terms
from battery_assets.ingest.files.advice import with_step
from battery_assets.ingest.files.piece import Piece
from battery_assets.ingest.files.pieces import pieces
from battery_assets.ingest.files.problems import QUARANTINE_SCHEMA, Fault, FileRefused, quarantine_frame
from battery_assets.ingest.files.rows import LINE, Rows, checked_rows

KEY = "_burst"
# Bursts are put together of so many rows at once.
ROWS_AT_ONCE = 500_000
# Instants of samples may be written to so much of a step; more is a gap or a jump of the clock.
UNEVEN = 0.05


@dataclass(frozen=True)
class Capture:
    """Some of a file. bursts: a row each, with file, line, rows; quarantine as QUARANTINE_SCHEMA; why the
    file was refused.
    """

    path: str
    rows_read: int
    bursts: pl.DataFrame
    quarantine: pl.DataFrame
    reason: str | None = None


def read_capture(path: Path, name: str, terms: Terms) -> Iterator[Capture]:
    """The bursts of a file, so many at a time, in order of their first rows, in bounded memory.

    The first one carries rows_read and the rows in quarantine. Raises BadInput for a name that is not as the
    terms say, no other fault.
    """
    said = terms.of_path(name)
    with TemporaryDirectory() as folder:
        rows = _Spilled(Path(folder), name)
        try:
            for piece in pieces(path, LAYOUT, terms.contract):
                rows.add(piece, checked_rows(piece, LAYOUT, None, terms.contract, datetime.now(UTC)))
            if terms.sample_rate_hz is None:
                rows.refuse_without_rate()
        except FileRefused as refusal:
            whole = {"file": name, "line": refusal.line, "column": refusal.column, "reason": refusal.reason,
                     "value": refusal.detail[:80], "raw": None, "rows": rows.read}  # fmt: skip
            quarantined = pl.DataFrame([whole], schema=QUARANTINE_SCHEMA)
            yield Capture(name, rows.read, pl.DataFrame(), quarantined, with_step(refusal, terms.contract))
            return
        yield Capture(name, rows.read, pl.DataFrame(), rows.quarantine())
        for together in rows.bursts():
            bursts = _bursts(together, name, said, terms)
            bursts = bursts.with_columns(
                why=pl.when(pl.col(KEY).is_in(list(rows.broken))).then(pl.lit("INCOMPLETE_BURST"))
                .otherwise(pl.col("why"))
            )  # fmt: skip
            quarantined = refused_bursts(bursts.filter(pl.col("why").is_not_null()))
            yield Capture(name, 0, bursts.filter(pl.col("why").is_null()).drop("why", KEY), quarantined)


class _Spilled:
    """The checked rows of a file beside it on disk, piece by piece; in memory is only what each burst has."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name, self.read = folder, name, 0
        self.broken: set[str] = set()
        self._last: str | None = None
        self._held: list[pl.DataFrame] = []
        self._faulty = 0

    def add(self, piece: Piece, rows: Rows) -> None:
        """Put a piece of the file to those before it."""
        place = len(self._held)
        good = _keyed(rows.good)
        good.write_parquet(self.folder / f"{place}.parquet", compression="lz4")
        columns = [one for one in ("sample_rate_hz", "time_s") if one in good.columns]
        of_each = [pl.col(one).count() for one in columns]
        self._held.append(
            good.group_by(KEY, maintain_order=True).agg(pl.len().alias("rows"), *of_each)
            .with_columns(piece=pl.lit(place))
        )  # fmt: skip
        marks = _keyed(piece.frame.with_columns(pl.Series(LINE, piece.lines, dtype=pl.Int64))).select(
            KEY, LINE
        )
        if rows.faults:
            self.broken |= set(_of_burst(rows.faults, marks, self._last))
            quarantine_frame(self.name, rows.faults).write_parquet(
                self.folder / f"faults-{self._faulty}.parquet"
            )
            self._faulty += 1
        if marks.height:
            self._last = marks.sort(LINE)[KEY][-1]
        self.read += piece.rows

    def refuse_without_rate(self) -> None:
        """Raise FileRefused where rows of a burst say neither a rate nor two instants."""
        held = self._all()
        conditions = [pl.col("sample_rate_hz") > 0] if "sample_rate_hz" in held.columns else []
        conditions += [pl.col("time_s") > 1] if "time_s" in held.columns else []
        if held.height and (not conditions or not held.select(pl.any_horizontal(*conditions).all()).item()):
            raise FileRefused("NO_RATE", "no sampling rate: neither a column nor a term says it")

    def quarantine(self) -> pl.DataFrame:
        """The faulty rows of all pieces."""
        faults = [pl.read_parquet(self.folder / f"faults-{place}.parquet") for place in range(self._faulty)]
        return pl.concat([pl.DataFrame(schema=QUARANTINE_SCHEMA), *faults])

    def bursts(self) -> Iterator[pl.DataFrame]:
        """The rows of whole bursts, some half a million at a time; each piece is read where it is needed."""
        held = self._all()
        together = held.with_columns(turn=(pl.col("rows").cum_sum() - 1) // ROWS_AT_ONCE)
        where = pl.concat(self._held).select(KEY, "piece") if self._held else None
        for keys in together.partition_by("turn", maintain_order=True):
            assert where is not None
            own = pl.col(KEY).is_in(keys[KEY].implode())
            mine = where.filter(own)["piece"].unique().sort()
            yield pl.concat([pl.read_parquet(self.folder / f"{place}.parquet").filter(own) for place in mine])

    def _all(self) -> pl.DataFrame:
        """Each burst once: its key, and how much its rows say."""
        if not self._held:
            return pl.DataFrame(schema={KEY: pl.String, "rows": pl.UInt32})
        return pl.concat(self._held).drop("piece").group_by(KEY, maintain_order=True).sum()


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


def _of_burst(faults: list[Fault], marks: pl.DataFrame, before: str | None) -> list[str]:
    """Keys of the bursts that faulty lines belong to; a line that is no row belongs to the one before it.

    before: the key of the row before these, where there is one.
    """
    first = before if before is not None else (marks[KEY][0] if marks.height else None)
    if first is None:
        return []
    lines = pl.DataFrame({LINE: sorted({fault.line for fault in faults})}, schema={LINE: pl.Int64})
    bursts = lines.join_asof(marks.sort(LINE), on=LINE)[KEY]
    return bursts.fill_null(first).unique().to_list()


def _bursts(rows: pl.DataFrame, name: str, said: dict[str, str], terms: Terms) -> pl.DataFrame:
    """Samples put together by burst, with what file, path and terms say of each, in this order."""
    constants: dict[str, Any] = {
        "system": said.get("system") or terms.system, "string": said.get("string") or terms.string,
        "label": said.get("label") or terms.label, "pulses": terms.pulses,
        "sample_rate_hz": terms.sample_rate_hz,
    }  # fmt: skip
    step = pl.col("time_s").diff()
    once = [pl.col(one).drop_nulls().first() for one in SAID_ONCE]
    mixed = [pl.col(one).drop_nulls().n_unique() > 1 for one in SAID_ONCE if one != "taken_at"]
    bursts = rows.group_by(KEY, maintain_order=True).agg(
        *once, pl.col("signal_id").first(), pl.col(LINE).first().alias("line"),
        pl.len().cast(pl.Int64).alias("rows"),
        pl.any_horizontal(*mixed).first().alias("mixed"), step.median().alias("step"),
        (step.max() - step.min()).alias("spread"), step.min().alias("least"),
        pl.col("voltage_v").cast(pl.Float32).alias("waveform_v"),
        pl.col("current_a").cast(pl.Float32).alias("waveform_a"),
    )  # fmt: skip
    stem = said.get("signal_id") or name.rsplit("/", 1)[-1].split(".")[0]
    filled = bursts.with_columns(
        *(pl.col(one).fill_null(pl.lit(value)) for one, value in constants.items() if value is not None),
        signal_id=pl.col("signal_id").fill_null(stem), file=pl.lit(name),
    ).with_columns(
        pl.col("sample_rate_hz").fill_null((1 / pl.col("step")).round(3)),
        pl.col("string").fill_null(pl.col("system")),
    )  # fmt: skip
    uneven = (pl.col("least") <= 0) | (pl.col("spread") > UNEVEN * pl.col("step"))
    return filled.with_columns(
        why=pl.when("mixed").then(pl.lit("MIXED_BURST"))
        .when(pl.any_horizontal(pl.col("system", "label").is_null())).then(pl.lit("NULL_REQUIRED"))
        .when(uneven.fill_null(False) | ~pl.col("sample_rate_hz").is_finite()).then(pl.lit("UNEVEN_TIME"))
    ).drop("mixed", "step", "spread", "least")  # fmt: skip


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
