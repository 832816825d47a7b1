"""Files of cyclers in a lab's landing folder: which tests they are, and their points.

    <landing>/<lab>/<cell>/cell.json                  what is known of the cell, see lab.terms
    <landing>/<lab>/<cell>/<protocol>/<file>          a test of its own
    <landing>/<lab>/<cell>/<protocol>/<test>/<files>  one test in several files

A test is entered in the books once, by the checksum of its files, with the month in which it began.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from battery_assets.features.lab.labels import END_OF_LIFE, percent_of_nominal
from battery_assets.lab.lives import beyond_trapezia_ah
from battery_assets.lab.records import CellRecord, SessionRecord
from battery_assets.lab.terms import (
    CELL_TERMS,
    PACK_TERMS,
    TERMS,
    contract_of,
    declared_start,
    step_beside,
    zone_of,
)
from battery_assets.tables.identity import identity

if TYPE_CHECKING:
    from battery_assets.ingest.lab.reading import Declared
    from battery_assets.ingest.lab.reconcile.joined import Life

CELL_JSON = "cell.json"
MOST_OPEN_AH = 99_999.0
_LEFT_OUT = (".part", ".tmp", ".json", ".txt~")


class SessionRefused(Exception):
    """A test is not taken in; the message says why, and what to do."""

    def __init__(self, fault: str, next_step: str) -> None:
        super().__init__(fault, next_step)
        self.fault, self.next_step = fault, next_step

    def __str__(self) -> str:
        return f"{self.fault}; next step: {self.next_step}"


@dataclass(frozen=True)
class SessionFiles:
    """The files of one test of one cell, and what its folder says of both."""

    cell: str
    protocol: str
    paths: tuple[Path, ...]
    terms: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def checksums(self) -> tuple[str, ...]:
        """sha256 of each file, as it was when this was first asked."""
        return tuple(_sha256(path) for path in self.paths)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def cells_in(folder: Path) -> list[Path]:
    """The cells of a lab's landing folder."""
    return sorted(path for path in folder.glob("*") if path.is_dir())


def tests_of(cell: Path, defaults: dict[str, Any]) -> list[SessionFiles]:
    """The tests in a cell's folder. Raises SessionRefused for a cell.json that cannot be read."""
    terms, tests = {**defaults, **cell_terms(cell)}, []
    for protocol in sorted(path for path in cell.glob("*") if path.is_dir()):
        for entry in sorted(protocol.iterdir()):
            files = sorted(entry.iterdir()) if entry.is_dir() else [entry]
            kept = tuple(path for path in files if path.is_file() and _counts(path))
            _refuse_links(kept, cell)
            if kept:
                tests.append(SessionFiles(cell.name, protocol.name, kept, terms))
    return tests


def cell_terms(cell: Path) -> dict[str, Any]:
    """What a cell's folder tells of it. Raises SessionRefused for a cell.json with other terms, or none."""
    book = cell / CELL_JSON
    if not book.is_file():
        return {}
    _refuse_links([book], cell)
    mend = f"correct it in {_book_of(cell.name)}"
    try:
        terms = json.loads(book.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SessionRefused(f"{book} is no JSON: {error}", mend) from error
    if not isinstance(terms, dict):
        raise SessionRefused(f"{book} holds no terms with values", mend)
    strange = sorted(set(terms) - set(TERMS))
    if strange:
        raise SessionRefused(f"{book}: {strange[0]!r} is no term; known are {', '.join(TERMS)}", mend)
    return terms


def _refuse_links(paths: Iterable[Path], cell: Path) -> None:
    """SessionRefused for a file that a link names and that lies outside of the lab's folder."""
    inside = cell.parent.resolve()
    for path in paths:
        if not path.resolve().is_relative_to(inside):
            raise SessionRefused(
                f"{path} is a link to {path.resolve()}, outside of {inside}", "put the file itself there"
            )


def read_test(test: SessionFiles) -> "ReadSession":
    """Read a test's files and join them. Raises SessionRefused in the words of the reader."""
    from battery_assets.ingest.files.problems import FileRefused
    from battery_assets.ingest.lab.read import read
    from battery_assets.ingest.lab.reconcile.joined import joined

    name = test.paths[0].name
    try:
        contract, _ = contract_of(test.terms), declared_start(test.terms)
        percent_of_nominal(test.terms.get(END_OF_LIFE))
    except ValueError as error:
        raise SessionRefused(
            f"{name} of cell {test.cell}: {error}", f"correct it in {_book_of(test.cell)}"
        ) from error
    try:
        readings = [read(path, contract) for path in test.paths]
        life = joined(readings, one_cell=True)
        findings = dict.fromkeys([*(finding for one in readings for finding in one.findings), *life.findings])
        return ReadSession(test, life, tuple(one.declared for one in readings), tuple(findings))
    except FileRefused as refused:
        fault, _, step = refused.detail.partition("; next step: ")
        beside = step_beside(step or "export it again", test.terms)
        raise SessionRefused(f"{name}: {refused.reason}: {fault}", beside) from refused


@dataclass(frozen=True)
class ReadSession:
    """A test whose files were read: its points as one life, what each file says of itself, and what was found
    in any of them and where they meet."""

    test: SessionFiles
    life: "Life"
    declared: "tuple[Declared, ...]"
    findings: tuple[str, ...]

    def says(self, name: str) -> Any:
        """The first thing that any of the files declares; None where none does."""
        return next((value for value in (getattr(one, name) for one in self.declared) if value), None)


def record_of(reading: ReadSession, lab: str) -> SessionRecord:
    """The books on a test. Raises SessionRefused where its start or the cell's capacity is unknown."""
    test, life, cell = reading.test, reading.life, _cell_of(reading, lab)
    files = [
        {"path": one.file, "sha256": one.sha256, "reader": one.reader, "reader_version": one.reader_version}
        for one in life.sources
    ]
    content = hashlib.sha256("".join(one.content_sha256 for one in life.sources).encode()).hexdigest()
    return SessionRecord(
        session_id=identity("test_session", lab, test.cell, test.protocol, content),
        cell_id=cell.cell_id,
        protocol=test.protocol,
        protocol_version=test.terms.get("protocol_version"),
        equipment=test.terms.get("equipment") or life.sources[0].reader,
        channel=reading.says("channel"),
        started_at=_start(reading),
        ambient_temperature_c=test.terms.get("ambient_temperature_c"),
        cutoff_voltage_v=test.terms.get("cutoff_voltage_v"),
        rows_read=life.rows_read,
        rows_quarantined=int(life.quarantine["rows"].sum()),
        rows_duplicate=life.rows_exact_duplicate,
        source_files=json.dumps(files),
        findings=json.dumps(reading.findings),
        cell=cell,
        content_sha256=content,
        terms=test.terms,
    )


def _cell_of(session: ReadSession, lab: str) -> CellRecord:
    test = session.test
    nominal = test.terms.get("nominal_capacity_ah") or session.says("nominal_capacity_ah")
    if not nominal:
        raise SessionRefused(
            f"{test.paths[0].name} does not say the nominal capacity of cell {test.cell}, without which no "
            "health can be told",
            f"add --nominal-ah 2.5, or nominal_capacity_ah to its {CELL_JSON}",
        )
    terms: dict[str, Any] = {name: test.terms.get(name) for name in CELL_TERMS} | {
        "nominal_capacity_ah": float(nominal),
        "barcode": test.terms.get("barcode") or session.says("barcode"),
        END_OF_LIFE: percent_of_nominal(test.terms.get(END_OF_LIFE)),
    }
    return CellRecord(
        cell_id=identity("battery_cell", lab, test.cell),
        cell_code=test.cell,
        pack_id=(pack_of(test, lab) or {}).get("pack_id"),
        **terms,
    )


def pack_of(test: SessionFiles, lab: str) -> dict[str, Any] | None:
    """Row of battery_pack that the cell's folder names, if any. Raises SessionRefused where none can be."""
    terms = {name: test.terms[name] for name in PACK_TERMS if test.terms.get(name) is not None}
    if not terms:
        return None
    mend = f"correct it in {_book_of(test.cell)}"
    code = terms.get("pack")
    if not isinstance(code, str) or not 0 < len(code) <= 50:
        raise SessionRefused(f"cell {test.cell}: pack {code!r} is no code of 1 to 50 letters", mend)
    for name in list(PACK_TERMS)[1:]:
        if name in terms and (type(terms[name]) is not int or not 1 <= terms[name] <= 10_000):
            raise SessionRefused(f"cell {test.cell}: {name} {terms[name]!r} is no number of cells", mend)
    return {name: test.terms.get(name) for name in ("chemistry", *list(PACK_TERMS)[1:])} | {
        "pack_id": identity("battery_pack", lab, code),
        "pack_code": code,
    }


def session_points(test: SessionFiles, started_at: datetime) -> pl.DataFrame:
    """The points of a test as timeseries_point has them; samples of one instant lie a microsecond apart."""
    from battery_assets.ingest.lab.reconcile.seams import clock_offsets

    rows = read_test(test).life.points
    stamp = pl.lit(started_at).dt.cast_time_unit("us")
    ahead = pl.col("file_number").replace_strict(clock_offsets(rows), return_dtype=pl.Float64)
    passed = ((pl.col("test_time_s") + ahead) * 1e6).round().cast(pl.Int64)
    again = pl.int_range(pl.len()).over(passed)
    # Decimals have no infinity: without a limit is NULL there.
    open_ah = pl.when(pl.col("open_ah") < MOST_OPEN_AH).then(pl.col("open_ah"))
    return rows.with_columns(
        ts=stamp + pl.duration(microseconds=passed + again),
        source_file=pl.col("file_number") - 1,
        source_row="line",
        open_ah=open_ah,
    ).with_columns(correction_ah=beyond_trapezia_ah())


def _start(session: ReadSession) -> datetime:
    """Instant of test time zero."""
    test, first = session.test, session.life.points.row(0, named=True)
    since = float(first["test_time_s"])
    zone, declared_at = zone_of(test.terms), declared_start(test.terms)
    if declared_at:
        return declared_at
    if first["ts"] is not None:
        return datetime.fromtimestamp(round(first["ts"].timestamp() - since, 3), UTC)
    declared = session.says("started_at") or first["wall_clock"]
    if declared is not None and (declared.tzinfo or zone):
        return (declared if declared.tzinfo else declared.replace(tzinfo=zone)).astimezone(UTC)
    name = test.paths[0].name
    if declared is not None:
        raise SessionRefused(f"{name} does not say in which time zone it began", "add --timezone Europe/Oslo")
    raise SessionRefused(f"{name} does not say when the test began", "add --started-at 2024-05-31T08:00")


def _book_of(cell: str) -> str:
    return f"{cell}/{CELL_JSON}"


def _counts(path: Path) -> bool:
    return not path.name.startswith(".") and path.suffix.lower() not in _LEFT_OUT
