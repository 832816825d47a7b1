"""What lies in a site's landing folder, file by file."""

import difflib
import hashlib
import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import sqlalchemy as sa

from battery_assets import tables as t
from battery_assets.ingest.exports.contract import SourceContract
from battery_assets.ingest.files.advice import with_step
from battery_assets.ingest.files.piece import month_columns
from battery_assets.ingest.files.pieces import pieces
from battery_assets.ingest.files.problems import FileProblem, FileRefused
from battery_assets.ingest.files.rows import FIRST_TIME, LAST_TIME
from battery_assets.ingest.files.values import checked

# What is computed, or what a generator knows of its own jars, is in no file.
_SOURCES = [table for table in t.TABLES if table.schema in ("fleet", "service") and table.info["phase"] <= 3]
_NAMES = sorted((table.name for table in _SOURCES), key=len, reverse=True)
_COMPUTED = {table.name for table in t.TABLES} - set(_NAMES)
_ENDINGS = (".csv.gz", ".csv", ".parquet")
_UNFINISHED = (".tmp", ".part", ".partial", ".filepart", ".crdownload")
_HASHED_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class LandingFile:
    """One export of one table; `sha256` is of the bytes as they lie, `modified` is UTC.

    `name` is its path from the landing folder on: what the books say of it holds wherever that folder is.
    """

    path: Path
    name: str
    table: str
    size: int
    modified: datetime
    sha256: str


def landing_files(root: Path, site: str) -> tuple[list[LandingFile], list[FileProblem]]:
    """The exports in `<root>/<site>/`, sorted by path, and the files that are no table's export.

    A name is a table's when it is the table's name, alone or followed by a part that holds a digit
    (`battery_2026-11.csv`), or when the file lies in a folder of that name. Hidden and unfinished files
    (.tmp, .part ...) are left alone until they get their name. A folder that is missing holds nothing.
    """
    folder = Path(root) / site
    files: list[LandingFile] = []
    problems: list[FileProblem] = []
    for path in sorted(_walk(folder)):
        try:
            _check_kind(path)
            table = _table_of(path, folder)
            files.append(_described(path, str(path.relative_to(root)), table))
        except FileRefused as refusal:
            problems.append(FileProblem(_tellable(path), refusal.reason, refusal.detail))
        except OSError as error:
            problems.append(FileProblem(path, "VANISHED", f"cannot be opened: {error.strerror}"))
    return files, problems


def _check_kind(path: Path) -> None:
    """Refuse what would hang a reader, and a name that no database can hold."""
    if _tellable(path) != path:
        raise FileRefused("ENCODING", "the file's name is not UTF-8; rename the file")
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        kind = "a pipe" if stat.S_ISFIFO(mode) else "no plain file"
        raise FileRefused("NOT_A_FILE", f"{path.name!r} is {kind}; put the export itself there")


def _tellable(path: Path) -> Path:
    """The path as text that can be stored and shown: bytes that are no UTF-8 as \\xNN."""
    return Path(os.fsencode(path).decode("utf-8", "backslashreplace"))


def _walk(folder: Path) -> Iterable[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if not name.startswith(".") and not name.lower().endswith(_UNFINISHED):
                yield Path(place) / name


def _table_of(path: Path, folder: Path) -> str:
    if path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
        raise FileRefused("UNSAFE_PATH", f"a link to {path.resolve()}, outside {folder}")
    ending = next((e for e in _ENDINGS if path.name.lower().endswith(e)), None)
    top = path.relative_to(folder).parts[0]
    table: str | None = top
    if top not in _NAMES or top == path.name:
        stem = path.name[: -len(ending)] if ending else path.name.split(".")[0]
        table = _named(stem)
    if table is None:
        stem = path.name.split(".")[0]
        if stem in _COMPUTED:
            raise FileRefused("COMPUTED_TABLE", f"{stem} is computed here")
        near = difflib.get_close_matches(re.sub(r"[-_. ]?\d[-_. \d]*$", "", stem.lower()), _NAMES, n=1)
        meant = f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(sorted(_NAMES))}"
        raise FileRefused("UNKNOWN_TABLE", f"{path.name!r} is not named as a table{meant}")
    if ending is None:
        raise FileRefused("UNKNOWN_FORMAT", f"{path.name!r} does not end in {', '.join(_ENDINGS)}")
    return table


def _named(stem: str) -> str | None:
    """The table a file name speaks of; a suffix without a digit may be a misspelt table, so it is refused."""
    for name in _NAMES:
        if stem == name or re.fullmatch(re.escape(name) + r"[-_. ](?=.*\d).+", stem):
            return name
    return None


def _described(path: Path, name: str, table: str) -> LandingFile:
    facts = path.stat()
    return LandingFile(
        path=path,
        name=name,
        table=table,
        size=facts.st_size,
        modified=datetime.fromtimestamp(facts.st_mtime, UTC),
        sha256=_sha256(path, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns),
    )


@lru_cache(maxsize=8192)
def _sha256(path: Path, size: int, modified_ns: int, put_there_ns: int) -> str:
    """Hash of a file's bytes, remembered while its size and times stay the same.

    `put_there_ns` also tells files apart whose bytes were changed at one time, as copies of a bucket's are.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_HASHED_AT_ONCE):
            digest.update(piece)
    return digest.hexdigest()


def refusal_of(file: LandingFile, contract: SourceContract) -> str | None:
    """Why a file is refused as a whole, as far as its first rows show it; None where they can be read."""
    table = next(table for table in t.TABLES if table.name == file.table)
    try:
        first = next(iter(pieces(file.path, table, contract)), None)
        for column in month_columns(table):
            if first is not None and column in first.frame.columns:
                checked(first.frame[column], table.c[column], contract)
    except FileRefused as refusal:
        return with_step(refusal, contract)
    return None


def months_touched(file: LandingFile, table: sa.Table, contract: SourceContract) -> set[str]:
    """The UTC months ("YYYY-MM") that the file's rows belong to, read in a stream.

    The empty set means "all": a master table has no months, and a file that cannot be read has to be shown,
    refused, to whichever month is asked for.
    """
    return set(_months(file, table, contract))


@lru_cache(maxsize=4096)
def _months(file: LandingFile, table: sa.Table, contract: SourceContract) -> frozenset[str]:
    names = month_columns(table)
    months: set[str] = set()
    if not names:
        return frozenset()
    try:
        for piece in pieces(file.path, table, contract, only=names):
            present = [name for name in names if name in piece.frame.columns]
            columns = [checked(piece.frame[name], table.c[name], contract) for name in present]
            if not columns:
                break
            instants = columns[0].values
            for other in columns[1:]:
                instants = instants.fill_null(other.values)
            instants = instants.filter((instants >= FIRST_TIME) & (instants < LAST_TIME))
            months |= set(instants.dt.truncate("1mo").unique().dt.strftime("%Y-%m"))
    except FileRefused:
        return frozenset()
    return frozenset(months)
