"""What can be wrong with a foreign file, in codes that stay the same for ever.

A file-level reason refuses the whole file; a row-level reason puts one row into quarantine. Nothing is lost.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

# Tables of this schema hold how to reach people: their values stand in no account and no message.
PRIVATE = "service"

FILE_REASONS = {
    "BAD_ROWS": "the policy is strict and at least one row is bad",
    "CAPACITY": "the cycler's counters contradict the integral of the current, or each other",
    "CHANGED": "the file changed while it was read; it will be read again as it is then",
    "COMPUTED_TABLE": "the platform computes this table, and takes it in from nobody",
    "CORRUPT": "the file is broken: no valid footer, a damaged page, parts that do not fit together",
    "CSV_SYNTAX": "a quote is opened inside a field, or never closed",
    "CYCLE_INDEX": "the cycle counter is not a whole number, or goes back",
    "DIALECT": "the columns are separated by another character than the contract says",
    "DUPLICATE_COLUMN": "a column name stands twice in the header",
    "EMPTY_FILE": "the file has no bytes",
    "ENCODING": "the text is not UTF-8",
    "HEADER_MISMATCH": "a required column is missing, or a column looks renamed",
    "IDENTITY": "files of one test name different cells",
    "LIMIT": "a field, a record or the header is larger than any honest one",
    "LINE_ENDS": "lines end with a carriage return alone",
    "MISSING_COLUMN": "a column that the file's dialect always has is not there",
    "MIXED_OFFSETS": "one column mixes times with and without an offset",
    "NO_POINTS": "a file that belongs to a test and holds no measured points",
    "NOT_A_FILE": "a pipe, a socket or a device lies where an export belongs",
    "NO_RATE": "neither a column nor a term says how many samples a second has",
    "NO_ROWS": "there is a header and nothing else",
    "NO_TIMEZONE": "times carry no offset and the contract names no time zone",
    "READER_CRASH": "the process that read the file died",
    "REPEATED_HEADER": "the header stands again between the rows (files were concatenated)",
    "SCALE": "currents, charges or voltages are off by a power of ten: the unit is not the named one",
    "SCHEMA_DIFF": "a Parquet column has another type than the table",
    "SIGN": "the voltage follows the current the wrong way round, or the current has no sign",
    "TIME_RANGE": "more than 1 % of the times are impossible: unit or zone are wrong",
    "TIME_SCALE": "the time axis contradicts the wall clock, or no test lasts so long: seconds are "
    "something else",
    "TOO_LARGE": "the file unpacks to more than is allowed",
    "TOO_MANY_BAD_ROWS": "the share of bad rows is above what the tolerant policy allows",
    "TRUNCATED": "the last line has no end",
    "TRUNCATED_ARCHIVE": "the gzip archive is cut or damaged",
    "TYPE_MISMATCH": "the content is not what the file's name says",
    "UNIT": "a column has no unit, or one of another quantity",
    "UNKNOWN_DIALECT": "no known cycler writes such columns",
    "UNKNOWN_FORMAT": "neither .csv, .csv.gz nor .parquet",
    "UNKNOWN_TABLE": "the name is not that of a table",
    "UNSAFE_PATH": "a link that leaves the landing folder",
    "UNSUPPORTED": "a codec or an encryption that is not read here",
    "VANISHED": "the file went away, or cannot be opened",
}

ROW_REASONS = {
    "AMBIGUOUS_TIME": "a local time that happened twice (clocks were set back)",
    "BAD_DATE": "not a calendar date YYYY-MM-DD",
    "BAD_JSON": "not a JSON document, or one with a repeated key",
    "BAD_TIME": "not a time of the contract's format",
    "BAD_UUID": "not a UUID of 36 characters",
    "CONFLICTING_DUPLICATE": "another row has the same key and other values",
    "CONTROL_BYTES": "bytes that no text holds",
    "ENCODING": "the row is not UTF-8",
    "FIELD_COUNT": "more or fewer fields than the header",
    "IMPEDANCE_ROW": "a row of an impedance sweep: the test time stands still, it is no point of the "
    "time series",
    "INCOMPLETE_BURST": "another row of the burst is bad, and a burst counts as a whole",
    "MIXED_BURST": "rows of one burst name different systems, strings, labels or rates",
    "NONEXISTENT_TIME": "a local time that never happened (clocks were set forward)",
    "NON_FINITE": "NaN or infinite",
    "NOT_A_BOOLEAN": "neither true, false, 1 nor 0",
    "NOT_A_NUMBER": "not a number",
    "NOT_IN_ENUM": "not one of the listed words",
    "NO_REFERENCE": "its string has fewer sound bursts than a burst can be held against",
    "NO_SENSOR": "the end of an input's range, far from every other value: no sensor is connected",
    "NULL_KEY": "a part of the key is empty",
    "NULL_REQUIRED": "a required value is empty",
    "OTHER_FORM": "another length or sampling rate than most bursts",
    "OUT_OF_ORDER": "older than the row before it, and the contract promises order",
    "OUT_OF_RANGE": "outside what physics allows",
    "OUT_OF_TYPE": "does not fit the column's type",
    "TIME_RANGE": "before 2000, after 2100, or more than an hour in the future",
    "TRUNCATED_ROW": "the last line has no end: its last number may be cut",
    "UNEVEN_TIME": "the burst's samples are not evenly spaced, or go back in time",
    "UNKNOWN_STEP_TYPE": "a step type whose direction is not known, with a current that has no sign",
}

QUARANTINE_SCHEMA = {
    "file": pl.String,
    "line": pl.Int64,
    "column": pl.String,
    "reason": pl.String,
    "value": pl.String,
    "raw": pl.String,
    "rows": pl.Int64,
}
VALUE_LENGTH = 80


class FileRefused(Exception):
    """A foreign file is not read: `reason` is a key of FILE_REASONS, `detail` says what was found."""

    def __init__(self, reason: str, detail: str, *, line: int | None = None, column: str | None = None):
        self.reason, self.detail, self.line, self.column = reason, detail, line, column
        super().__init__(f"{reason}: {detail}")


@dataclass(frozen=True)
class FileProblem:
    """A file in the landing folder that no table can be read from."""

    path: Path
    reason: str
    detail: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}: {self.detail}"


@dataclass(frozen=True)
class Fault:
    """One bad row: `line` is 1-based in the unpacked file, `raw` is the row as it came."""

    line: int
    column: str | None
    reason: str
    value: str | None
    raw: str


def quarantine_frame(file: str, faults: Sequence[Fault]) -> pl.DataFrame:
    """Faults as rows of QUARANTINE_SCHEMA; values are cut to 80 characters."""
    return pl.DataFrame(
        {
            "file": [file] * len(faults),
            "line": [fault.line for fault in faults],
            "column": [fault.column for fault in faults],
            "reason": [fault.reason for fault in faults],
            "value": [None if fault.value is None else fault.value[:VALUE_LENGTH] for fault in faults],
            "raw": [fault.raw for fault in faults],
            "rows": [1] * len(faults),
        },
        schema=QUARANTINE_SCHEMA,
    )


def sentences(quarantine: pl.DataFrame) -> list[str]:
    """Each quarantine row in words: file, line, column, reason, value and what the reason means."""
    spoken = []
    for row in quarantine.iter_rows(named=True):
        line = f" line {row['line']}" if row["line"] is not None else ""
        column = f", column {row['column']}" if row["column"] else ""
        value = f" {row['value']!r}" if row["value"] is not None else ""
        meaning = ROW_REASONS.get(row["reason"]) or FILE_REASONS.get(row["reason"], "")
        spoken.append(f"{row['file']}{line}{column}: {row['reason']}{value} ({meaning})")
    return spoken
