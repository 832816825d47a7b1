"""From texts and foreign units to numbers in the vocabulary's units; what cannot be read is a fault."""

import re
from collections import Counter
from dataclasses import dataclass

import numpy as np
import polars as pl

from battery_assets.ingest.files.problems import Fault
from battery_assets.ingest.files.quantities.letters import other_letters
from battery_assets.ingest.lab.contract import LabContract
from battery_assets.ingest.lab.dialects.definition import Column, Dialect
from battery_assets.ingest.lab.dialects.headings import Heading
from battery_assets.ingest.lab.dialects.vocabulary import DIMENSIONS, REQUIRED, factor
from battery_assets.ingest.lab.formats.raw_table import RawTable
from battery_assets.ingest.lab.reconcile import counts, date_order, last_cell, sensors, sweeps, units
from battery_assets.ingest.lab.reconcile.instants import wall_clock
from battery_assets.ingest.lab.refusal import LabFileRefused

_DATED = re.compile(r"^\s*(\d{1,4}[/.-]\d{1,2}[/.-]|\d{1,2}-[A-Za-z]{3}-)\d{2,4}[T ,]+\d{1,2}:")
_TO_THE_MINUTE = r"^(?:(\d+)\s*d)?\s*(?:(\d+)[-:.])??(\d+):(\d{1,2}):$"


@dataclass(frozen=True)
class Values:
    """frame: words of the vocabulary and raw counters, with `line` and `row` (place in the raw table);
    scaled: whether the file or the contract said what the time is measured in;
    resolution_a: the last decimal place that the file writes of its currents, 0 for floats."""

    frame: pl.DataFrame
    faults: list[Fault]
    notes: Counter
    scaled: bool
    resolution_a: float = 0.0


def values(table: RawTable, dialect: Dialect, contract: LabContract) -> Values:
    """Read every column the dialect knows. Raises LabFileRefused: MISSING_COLUMN, UNIT, DUPLICATE_COLUMN."""
    places = dialect.places(table.headings)
    _refuse_missing(table, dialect)
    _refuse_twice(table, places)
    numeric = [h.place for word, (_, h) in places.items() if DIMENSIONS[word] not in ("word", "instant")]
    beside = units.beside(table, [heading for _, heading in places.values()])
    frequency = sweeps.heading_of(table, dialect)
    also = [*beside.values(), *([frequency.place] if frequency else [])]
    wanted = [*dict.fromkeys([*(heading.place for _, heading in places.values()), *also])]
    raw = table.take(wanted, [*numeric, *([frequency.place] if frequency else [])])
    table = units.with_beside(table, raw, beside)
    notes: Counter = Counter()
    faults: dict[int, tuple[str, str, str | None]] = {}
    series_of, scaled = _columns(raw, places, table, dialect, contract, faults, notes)
    frame = pl.DataFrame(series_of).with_columns(
        pl.Series("line", table.lines, pl.Int64), pl.Series("row", np.arange(len(table.lines)), pl.Int64)
    )
    if "other_clock" in frame.columns:
        time_s = frame["test_time_s"].to_numpy() if scaled else None
        clocks = ("wall_clock", "other_clock", "ts")
        columns: dict[str, pl.Series] = {name: frame[name] for name in clocks if name in frame.columns}
        frame = frame.with_columns(date_order.ordered(columns, time_s, notes).values()).drop("other_clock")
    if frequency:
        frame = frame.with_columns(sweeps.frequency(raw[str(frequency.place)]))
        wanted += sweeps.impedances(table)
    units.unread(table, set(wanted), contract, notes)
    frame = _checked(frame, places, table, dialect, faults, notes)
    for row in sweeps.rows(frame):
        faults.pop(row, None)
    counts.tell_skipped(frame, notes)
    bad = [_fault(table, row, *fault) for row, fault in sorted(faults.items())]
    if faults:
        keep = np.ones(frame.height, bool)
        keep[list(faults)] = False
        frame = frame.filter(keep)
    return Values(frame, bad, notes, scaled, units.resolution_a(table, places, dialect, contract))


def _columns(
    raw: pl.DataFrame,
    places: dict[str, tuple[Column, Heading]],
    table: RawTable,
    dialect: Dialect,
    contract: LabContract,
    faults: dict,
    notes: Counter,
) -> tuple[dict[str, pl.Series], bool]:
    """(columns in the vocabulary's units, whether the unit of time is known)."""
    scaled = contract.time_scale is not None
    columns: dict[str, pl.Series] = {}
    for word, (column, heading) in places.items():
        series = raw[str(heading.place)]
        if DIMENSIONS[word] == "word":
            columns[word] = series.cast(pl.String)
        elif DIMENSIONS[word] == "instant":
            columns.update(wall_clock(_in_seconds(series, heading), dialect, notes, contract.date_order))
        elif word == "test_time_s" and _is_date(series):
            columns.update(_from_dates(series, dialect, notes, contract))
            scaled = True
        else:
            wrong: dict[int, tuple[str, str, str | None]] = {}
            if DIMENSIONS[word] == "temperature" and series.dtype == pl.String:
                series = sensors.without_words(series, notes)
            numbers, is_clock = _numbers(series, word, heading, wrong, notes)
            scale = units.PLAIN if is_clock else units.scale(word, column, heading, table, dialect, contract)
            if scale is None:
                notes[units.left_out(word, heading, table)] += 1
                continue
            if word == "test_time_s":
                stated = is_clock or not dialect.clock_decides or bool(units.unit_of(table, heading))
                scaled = scaled or stated
            columns[word] = _scaled(numbers, scale)
            faults.update({row: fault for row, fault in wrong.items() if row not in faults})
    return columns, scaled


def _in_seconds(series: pl.Series, heading: Heading) -> pl.Series:
    """A clock of numbers whose heading names a unit of time, as 'Unix Time / ms', in seconds."""
    times = factor(heading.unit, "time") if heading.unit else None
    if times in (None, 1.0):
        return series
    numbers = series.cast(pl.Float64, strict=False)
    return numbers * times if numbers.null_count() == series.null_count() else series


def _scaled(numbers: pl.Series, scale: units.Scale) -> pl.Series:
    numbers = numbers * scale.factor if scale.factor != 1.0 else numbers
    return numbers + scale.zero if scale.zero else numbers


def _fault(table: RawTable, row: int, reason: str, column: str, value: str | None) -> Fault:
    return Fault(int(table.lines[row]), column, reason, value, table.raw(row))


def _refuse_missing(table: RawTable, dialect: Dialect) -> None:
    missing = dialect.missing(table.headings)
    if missing:
        words = "; ".join(f"{column.word} (as {', '.join(column.slugs)})" for column in missing)
        raise LabFileRefused(
            "MISSING_COLUMN",
            found=f"a {dialect.name} file with the columns {', '.join(h.text for h in table.headings)}"[:600],
            expected=f"also {words}",
            next_step="export again with this column switched on"
            f"{dialect.export and ': ' + dialect.export}; or declare the column that holds it: "
            f"--column 'its heading={missing[0].word}:UNIT'",
        )


def _refuse_twice(table: RawTable, places: dict) -> None:
    texts = [heading.text for heading in table.headings]
    for _, heading in places.values():
        if texts.count(heading.text) > 1:
            raise LabFileRefused(
                "DUPLICATE_COLUMN",
                found=f"{texts.count(heading.text)} columns called {heading.text!r}",
                expected="one",
                next_step="export each quantity once",
            )


def _numbers(
    series: pl.Series, word: str, heading: Heading, faults: dict, notes: Counter
) -> tuple[pl.Series, bool]:
    """A column as numbers, and whether it was written as hours, minutes and seconds (then in seconds)."""
    if series.dtype.is_numeric():
        return series.cast(pl.Float64), False
    if series.dtype == pl.Duration:
        return series.dt.total_microseconds().cast(pl.Float64) / 1e6, True
    texts = series.cast(pl.String)
    if DIMENSIONS[word] == "time" and texts.str.contains(":").any():
        numbers, is_clock = _clock_seconds(texts), True
    else:
        numbers, is_clock = texts.cast(pl.Float64, strict=False), False
    wrong = (texts.is_not_null() & numbers.is_null()).to_numpy()
    if wrong.any() and not is_clock:
        places = np.flatnonzero(wrong)
        read = other_letters(texts.gather(places).alias(heading.text), notes)
        numbers = numbers.scatter(places, read)
        wrong[places] = read.is_null().to_numpy()
    for row in np.flatnonzero(wrong):
        faults.setdefault(int(row), ("NOT_A_NUMBER", heading.text, texts[int(row)]))
    return numbers, is_clock


def _is_date(series: pl.Series) -> bool:
    if isinstance(series.dtype, pl.Datetime):
        return True
    if series.dtype != pl.String:
        return False
    first = series.drop_nulls().head(1).to_list()
    return bool(first) and bool(_DATED.match(first[0]))


def _from_dates(
    series: pl.Series, dialect: Dialect, notes: Counter, contract: LabContract
) -> dict[str, pl.Series]:
    """A time written as date and time: the wall clock, and the seconds since its first point."""
    clock = wall_clock(series, dialect, notes, contract.date_order)
    if not clock:
        raise LabFileRefused(
            "TIME_SCALE",
            found=f"a time {series[0]!r} that is neither seconds nor a date of {', '.join(dialect.instants)}",
            expected="one of them",
            next_step="export the relative time in seconds",
        )
    notes["the time is written as dates: the test time counts from the first point"] += 1
    if "other_clock" in clock:
        clock = date_order.ordered(clock, None, notes)
    since = clock["ts"] if "ts" in clock else clock["wall_clock"]
    passed = since - since.drop_nulls()[0]
    return clock | {"test_time_s": passed.dt.total_microseconds().cast(pl.Float64) / 1e6}


def _clock_seconds(texts: pl.Series) -> pl.Series:
    """'2d 02:52:51.57', '144:02:18' and '00:06:30.000' in seconds, null for anything else."""
    texts = texts.str.strip_chars()
    if texts.str.contains(",", literal=True).any():
        texts = texts.str.replace(r",(\d+)$", ".$1")
    minutes = texts.str.strip_chars_end("0123456789.")
    last = texts.str.strip_prefix(minutes)
    whole = ~(last.str.starts_with(".") | last.str.ends_with("."))
    seconds = last.cast(pl.Float64, strict=False).set(~whole, None)
    # What stands before the seconds is the same in many rows in turn, and is taken apart once for each.
    runs = minutes.rle().struct.unnest()
    before = _minutes_in_seconds(runs["value"]).to_frame().select(pl.first().repeat_by(runs["len"]).explode())
    return (before.to_series() + seconds).alias(texts.name)


def _minutes_in_seconds(texts: pl.Series) -> pl.Series:
    """'2d 02:52:' in seconds."""
    groups = texts.str.extract_groups(_TO_THE_MINUTE).struct.unnest()
    days, more, hours, minutes = (groups[c].cast(pl.Float64, strict=False) for c in groups.columns)
    return (days.fill_null(0) + more.fill_null(0)) * 86_400 + hours * 3_600 + minutes * 60


def _checked(
    frame: pl.DataFrame, places: dict, table: RawTable, dialect: Dialect, faults: dict, notes: Counter
) -> pl.DataFrame:
    """Empty required values and infinities are faults; an empty or impossible other value is null."""
    changed = []
    for word in [name for name in frame.columns if name in DIMENSIONS and frame[name].dtype == pl.Float64]:
        numbers = frame[word].to_numpy()
        text = places[word][1].text if word in places else word
        if np.isfinite(numbers).all():
            if word == "temperature_c":
                changed.append(sensors.temperature(frame[word], notes))
            continue
        for row in np.flatnonzero(np.isinf(numbers)):
            faults.setdefault(int(row), ("NON_FINITE", text, str(numbers[row])))
        empty = np.isnan(numbers)
        if word in REQUIRED:
            null = frame[word].is_null().to_numpy()
            for row in np.flatnonzero(empty):
                reason = ("NULL_REQUIRED", text, None) if null[row] else ("NON_FINITE", text, "NaN")
                faults.setdefault(int(row), reason)
        series = frame[word].fill_nan(None)
        changed.append(sensors.temperature(series, notes) if word == "temperature_c" else series)
    frame = frame.with_columns(changed)
    return _open_end(frame, places, table, dialect, faults, notes)


def _open_end(
    frame: pl.DataFrame, places: dict, table: RawTable, dialect: Dialect, faults: dict, notes: Counter
) -> pl.DataFrame:
    """The last field of a last line without an end may be cut in its middle; those before it are whole."""
    if table.open_end is None or not frame.height:
        return frame
    last = frame.height - 1
    cut = last_cell.words_of(places, table, table.open_end)
    if cut and last_cell.is_whole(table, dialect, table.open_end):
        notes["the last line has no end: its last field has the form of those above it, and is used"] += 1
        return frame
    needed = [word for word in cut if word in REQUIRED]
    if needed:
        faults.setdefault(last, ("TRUNCATED_ROW", places[needed[0]][1].text, None))
        return frame
    notes["the last line has no end: its last field is not used"] += 1
    keep = pl.int_range(pl.len()) < last
    return frame.with_columns(
        pl.when(keep).then(pl.col(name)).alias(name) for name in cut if name in frame.columns
    )
