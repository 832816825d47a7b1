"""Any cycler's file as a reading: recognised, read, reconciled; or refused with what to do next."""

from collections.abc import Callable
from pathlib import Path

from battery_assets.ingest.lab.contract import LabContract
from battery_assets.ingest.lab.dialects import declared as declared_layout
from battery_assets.ingest.lab.dialects.biologic import BIOLOGIC
from battery_assets.ingest.lab.dialects.definition import Dialect
from battery_assets.ingest.lab.dialects.neware import NEWARE
from battery_assets.ingest.lab.dialects.recognise import dialect_of, unknown
from battery_assets.ingest.lab.facts import declared
from battery_assets.ingest.lab.formats import binary, neware_layers, severson, workbook
from battery_assets.ingest.lab.formats.content import Content, content
from battery_assets.ingest.lab.formats.quick_table import Irregular, quick_table
from battery_assets.ingest.lab.formats.raw_table import RawTable
from battery_assets.ingest.lab.formats.text_table import candidates, text_table
from battery_assets.ingest.lab.points import reading
from battery_assets.ingest.lab.reading import Reading
from battery_assets.ingest.lab.reconcile import derived
from battery_assets.ingest.lab.refusal import LabFileRefused

TRUSTING_NOTHING = LabContract()


def read(path: Path, contract: LabContract = TRUSTING_NOTHING) -> Reading:
    """Read one file. Raises FileRefused, mostly LabFileRefused: reason, found, expected, next step."""
    file = content(path)
    if file.kind == "text" and severson.is_qv_table(file.text):
        return severson.reading(file, contract)
    try:
        result = _reading(file, contract, quick_table)
    except Irregular:
        result = _reading(file, contract, None)
    _unchanged(file)
    return result


def _reading(file: Content, contract: LabContract, quick: Callable | None) -> Reading:
    table, dialect = _table(file, contract, quick)
    if dialect.vendor == BIOLOGIC.vendor:
        table = derived.completed(table)
    return reading(file, table, dialect, declared(dialect, table, contract.date_order), contract)


def recognise(path: Path, contract: LabContract = TRUSTING_NOTHING) -> str:
    """The name of the file's dialect. Raises FileRefused where it is none, or cannot be opened."""
    file = content(path)
    if file.kind == "text" and severson.is_qv_table(file.text):
        return severson.NAME
    return _table(file, contract, None)[1].name


def _table(file: Content, contract: LabContract, quick: Callable | None) -> tuple[RawTable, Dialect]:
    """The file's table and dialect; `quick` is tried before the way that looks at every line."""
    if file.kind in ("workbook", "ole"):
        return workbook.table(file, contract)
    if file.kind != "text":
        return binary.table(file, contract)
    headings_read = []
    for dialect_in in declared_layout.ways(contract):
        if dialect_in is dialect_of and neware_layers.is_layered(file.text):
            return neware_layers.table(file.text), NEWARE
        for line, start, separator, columns in candidates(file.text):
            dialect = dialect_in(columns)
            if dialect:
                place = (file.text, line, start, separator, columns)
                return (quick(*place) if quick else None) or text_table(*place), dialect
            headings_read.append(columns)
    raise unknown(headings_read)


def _unchanged(file: Content) -> None:
    """A file that the cycler still writes is read again when it is finished."""
    try:
        size = file.path.stat().st_size
    except OSError as error:
        raise LabFileRefused(
            "VANISHED",
            found=f"{file.path} gone while it was read ({error.strerror})",
            expected="a file that stays until it is read",
            next_step="put it back and read it again",
        ) from error
    if size != file.size:
        raise LabFileRefused(
            "CHANGED",
            found=f"{size:,} bytes after reading and {file.size:,} before",
            expected="a finished file",
            next_step="wait until the cycler has finished it",
        )
