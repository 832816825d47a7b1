"""What to do about a file that is refused: a step for every reason, and none that was taken already."""

from collections.abc import Iterable

from battery_assets.ingest.exports.contract import SourceContract
from battery_assets.ingest.files.problems import FileRefused

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
    "TIME_RANGE": "say how its times are written: --contract time_format=epoch-ms, or '%d/%m/%Y %H:%M'",
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


def next_step(refusal: FileRefused, contract: SourceContract = _DEFAULT) -> str:
    """What to do about a refused file, in view of the terms that it was read under."""
    given = {name: value for name, value in vars(contract).items() if value != getattr(_DEFAULT, name)}
    reason = refusal.reason
    if reason == "HEADER_MISMATCH" and "rename" in given:
        named = ", ".join(f"{theirs}:{ours}" for theirs, ours in contract.rename)
        return f"complete the term rename, which says {named} now"
    if reason == "DIALECT" and "separator" in given:
        return f"correct the term separator, which says {contract.separator!r} now"
    if reason == "TIME_RANGE" and "time_format" in given:
        return f"correct the term time_format, which says {contract.time_format!r} now, or the source's clock"
    if reason == "TRUNCATED" and "final_newline" in given:
        return _AGAIN
    if reason == "TOO_MANY_BAD_ROWS" and given.keys() - {"timezone", "policy", "json_dialect"}:
        names = ", ".join(sorted(given.keys() - {"timezone", "policy", "json_dialect"}))
        return f"correct them at the source, or the terms that are given: {names}"
    return STEPS[reason]


def with_step(refusal: FileRefused, contract: SourceContract = _DEFAULT) -> str:
    """Reason, what was found and the next step, in one line."""
    words = str(refusal)
    return words if MARK in words else f"{words}{MARK}{next_step(refusal, contract)}"


def apart(told: Iterable[str]) -> tuple[list[str], str]:
    """Lines of `with_step` without their steps, and the steps, each once."""
    lines, steps = [], []
    for words in told:
        line, _, step = words.partition(MARK)
        lines.append(line)
        steps.append(step)
    return lines, "; ".join(dict.fromkeys(step for step in steps if step))
