"""Any cycler's file as a reading: recognised, read, reconciled; or refused with what to do next."""

from pathlib import Path

from battery_assets.ingest.lab import binary, declared_layout, severson, workbook
from battery_assets.ingest.lab.content import Content, content
from battery_assets.ingest.lab.contract import LabContract
from battery_assets.ingest.lab.dialect import Dialect
from battery_assets.ingest.lab.facts import declared
from battery_assets.ingest.lab.points import reading
from battery_assets.ingest.lab.raw_table import RawTable
from battery_assets.ingest.lab.reading import Reading
from battery_assets.ingest.lab.recognise import dialect_of, unknown
from battery_assets.ingest.lab.refusal import LabFileRefused
from battery_assets.ingest.lab.text_table import candidates, text_table
from battery_assets.ingest.problems import FileRefused

TRUSTING_NOTHING = LabContract()


def read(path: Path, contract: LabContract = TRUSTING_NOTHING) -> Reading:
    """Read one file. Raises FileRefused, mostly LabFileRefused: reason, found, expected, next step."""
    file = content(path)
    if file.kind == "text" and severson.is_qv_table(file.text):
        return severson.reading(file, contract)
    table, dialect = _table(file, contract)
    result = reading(file, table, dialect, declared(dialect, table), contract)
    _unchanged(file)
    return result


def recognise(path: Path, contract: LabContract = TRUSTING_NOTHING) -> str:
    """The name of the file's dialect. Raises FileRefused where it is none, or cannot be opened."""
    file = content(path)
    if file.kind == "text" and severson.is_qv_table(file.text):
        return severson.NAME
    return _table(file, contract)[1].name


def _table(file: Content, contract: LabContract) -> tuple[RawTable, Dialect]:
    if file.kind == "workbook":
        return workbook.table(file, contract)
    if file.kind != "text":
        return binary.table(file)
    seen = []
    for line, start, separator, found in candidates(file.text):
        dialect = declared_layout.dialect(found, contract) if contract.columns else dialect_of(found)
        if dialect:
            return text_table(file.text, line, start, separator, found), dialect
        seen.append(found)
    raise unknown(seen)


def _unchanged(file: Content) -> None:
    """A file that the cycler still writes is read again when it is finished."""
    try:
        size = file.path.stat().st_size
    except OSError as error:
        raise FileRefused("VANISHED", f"{file.path} went away while it was read") from error
    if size != file.size:
        raise LabFileRefused(
            "CHANGED",
            found=f"{size:,} bytes after reading and {file.size:,} before",
            expected="a finished file",
            next_step="wait until the cycler has finished it",
        )
