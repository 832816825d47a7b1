"""What to do about a file that is refused: a step for every reason, and none that was taken already."""

import itertools
import re
from collections.abc import Iterable
from datetime import datetime

from battery_assets.ingest.exports.contract import SourceContract
from battery_assets.ingest.files.problems import Fault, FileRefused

_ANY_TIME = "--contract time_format=epoch-ms, or '%d/%m/%Y %H:%M'"
MARK = "; next step: "
_AGAIN = "export the file again, or copy it again"
STEPS = {
    "BAD_ROWS": "correct these rows at the source; without policy=strict they alone go to quarantine",
    "CAPACITY": "export the test again with its counters, or say which unit they have",
    "CHANGED": "wait until the sender has finished it; it is read again then",
    "COMPUTED_TABLE": "leave it out: the platform makes this table itself",
    "CORRUPT": f"{_AGAIN}: it is damaged",
    "CSV_SYNTAX": "export it again with each quote inside a field doubled",
    "CYCLE_INDEX": "export the test again with its own cycle counter",
    "DIALECT": "say how its columns are separated: --contract 'separator=;' --contract decimal=,",
    "DUPLICATE_COLUMN": "leave one of the columns out of the export, or name it otherwise",
    "EMPTY_FILE": f"{_AGAIN}: it holds nothing",
    "ENCODING": "export it as UTF-8",
    "HEADER_MISMATCH": (
        "say which column is which: --contract 'rename=their name:our name|their name:our name'"
    ),
    "IDENTITY": "take the files in test by test",
    "LIMIT": "look whether its separator or its quotes are wrong",
    "LINE_ENDS": "export it with line feeds",
    "MISSING_COLUMN": "export the test with this column",
    "MIXED_OFFSETS": "export all times with their offset, or none",
    "NOT_A_FILE": "put the export itself there",
    "NO_POINTS": "take in the file with the measured points",
    "NO_RATE": "say how fast it was sampled: --set sample_rate_hz=12800",
    "NO_ROWS": f"{_AGAIN}: it holds no row",
    "NO_TIMEZONE": "say where its times were taken: --timezone Asia/Bangkok",
    "READER_CRASH": f"{_AGAIN}; where it stays so, write it with another program",
    "REPEATED_HEADER": "put each export into a file of its own",
    "SCALE": "say which unit the numbers have",
    "SCHEMA_DIFF": "export the column with the type that is expected",
    "SIGN": "say what a positive current does",
    "TIME_RANGE": f"say how its times are written: {_ANY_TIME}",
    "TIME_SCALE": "say how many seconds a unit of its time has",
    "TOO_LARGE": "cut the export into files of a month each",
    "TOO_MANY_BAD_ROWS": "correct them at the source, or say how it is to be read: --contract KEY=VALUE",
    "TRUNCATED": "export it again; if its last line is whole: --contract final_newline=optional",
    "TRUNCATED_ARCHIVE": f"{_AGAIN}: its archive is cut",
    "TYPE_MISMATCH": "give the file the ending of its content, or export it as its name says",
    "UNIT": "correct --contract units",
    "UNKNOWN_DIALECT": "say which column is which",
    "UNKNOWN_FORMAT": "export it as .csv, .csv.gz or .parquet",
    "UNKNOWN_TABLE": "name its files as the tables are (battery.csv, telemetry_jar_raw_2026-11.csv.gz)",
    "UNSAFE_PATH": "put the file itself there instead of a link",
    "UNSUPPORTED": "export it without encryption, in a usual codec",
    "VANISHED": "put it back, readable for the platform's user",
}
_DEFAULT = SourceContract()
_TAB = r"\t"
_WITH_UNIT = re.compile(r"[-+]?\d[\d.,]*\s*([^\d\s.,;-][^\d;]{0,7})")
_DATES = ("%d.%m.%Y", "%d.%m.%y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%d-%b-%Y")
_CLOCKS = ("%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p", "%H:%M:%S.%f")
_TIMES = [" ".join(parts) for parts in itertools.product(_DATES, _CLOCKS)]


def next_step(refusal: FileRefused, contract: SourceContract = _DEFAULT) -> str:
    """What to do about a refused file, in view of the terms that it was read under."""
    changed = {name: value for name, value in vars(contract).items() if value != getattr(_DEFAULT, name)}
    reason = refusal.reason
    if reason == "HEADER_MISMATCH" and "rename" in changed:
        named = ", ".join(f"{theirs}:{ours}" for theirs, ours in contract.rename)
        return f"complete the term rename, which says {named} now"
    if reason == "DIALECT" and "separator" in changed:
        return f"correct the term separator, which says {contract.separator!r} now"
    if reason == "DIALECT" and (match := re.match(r"columns are separated by '(\\t|\|)'", refusal.detail)):
        return f"say how its columns are separated: --contract 'separator={match[1].replace(_TAB, 'tab')}'"
    if reason == "TIME_RANGE" and "time_format" in changed:
        return f"correct the term time_format, which says {contract.time_format!r} now, or the source's clock"
    if reason == "TRUNCATED" and "final_newline" in changed:
        return _AGAIN
    if reason == "TOO_MANY_BAD_ROWS" and refusal.first and (step := of_rows(refusal.first, contract)):
        return step
    if reason == "TOO_MANY_BAD_ROWS" and changed.keys() - {"timezone", "policy", "json_dialect"}:
        names = ", ".join(sorted(changed.keys() - {"timezone", "policy", "json_dialect"}))
        return f"correct them at the source, or the terms that are given: {names}"
    return STEPS[reason]


def of_rows(first: Fault, contract: SourceContract) -> str | None:
    """What to do where most rows of a file are bad as this one is; None where no term could mend them."""
    value = first.value or ""
    if first.reason == "BAD_TIME" and contract.time_format == "iso":
        return f"say how its times are written: {time_term(value)}"
    if first.reason == "BAD_TIME":
        return f"correct the term time_format, which says {contract.time_format!r} now"
    if first.reason == "BAD_DATE" and "%" not in contract.time_format:
        return f"say how its dates are written, with the times: {time_term(f'{value} 00:00:00')}"
    if first.reason == "BAD_UUID":
        return (
            f"export UUIDs as {first.column}, in all tables the same; numbers or names of jars become such "
            "by uuid5 of site and name"
        )
    if first.reason == "NOT_A_NUMBER" and contract.decimal == "." and re.fullmatch(r"[-+]?\d+,\d+", value):
        return "say that its numbers have a decimal comma: --contract 'separator=;' --contract decimal=,"
    if first.reason == "ENCODING":
        return STEPS["ENCODING"]
    if first.reason == "FIELD_COUNT":
        return "export as many fields in each row as the header has, and texts with separators in quotes"
    if first.reason == "NOT_A_NUMBER" and (unit := _WITH_UNIT.fullmatch(value.strip())):
        return (
            f"export numbers without their unit {unit[1]!r}; another is said by --contract units=COLUMN:UNIT"
        )
    if first.reason in ("NOT_A_NUMBER", "NOT_A_BOOLEAN", "NOT_IN_ENUM") and value and not contract.null_words:
        return f"correct them at the source; if it means no value: --contract 'null_words={value}'"
    return None


def time_term(value: str) -> str:
    """The term that reads a time written so, as far as its form tells."""
    if re.fullmatch(r"\d{5}(\.\d+)?", value):
        return "as 2025-03-04 00:00:00; these are day numbers of a spreadsheet"
    if re.fullmatch(r"\d{9,16}(\.\d*)?", value):
        digits = len(value.split(".")[0])
        unit = "epoch-s" if digits < 12 else "epoch-ms" if digits < 15 else "epoch-us"
        return f"--contract time_format={unit}"
    fitting = [one for one in _TIMES if _fits(value, one)]
    return " or ".join(f"--contract 'time_format={one}'" for one in fitting) or _ANY_TIME


def _fits(value: str, pattern: str) -> bool:
    try:
        datetime.strptime(value, pattern)
    except ValueError:
        return False
    return True


def with_step(refusal: FileRefused, contract: SourceContract = _DEFAULT) -> str:
    """Reason, what was found and the next step, in one line."""
    words = str(refusal)
    return words if MARK in words else f"{words}{MARK}{next_step(refusal, contract)}"


def apart(reasons: Iterable[str]) -> tuple[list[str], str]:
    """Lines of `with_step` without their steps, and the steps, each once."""
    lines, steps = [], []
    for words in reasons:
        line, _, step = words.partition(MARK)
        lines.append(line)
        steps.append(step)
    return lines, "; ".join(dict.fromkeys(step for step in steps if step))
