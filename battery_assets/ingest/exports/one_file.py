"""One file taken in: checked, handed to a pool, or refused as a whole."""

from collections import Counter, defaultdict
from datetime import UTC, datetime

import polars as pl
import sqlalchemy as sa

from battery_assets.ingest.exports.contract import SourceContract
from battery_assets.ingest.exports.landing import LandingFile
from battery_assets.ingest.exports.order import Order
from battery_assets.ingest.files.accounts import FileAccount
from battery_assets.ingest.files.advice import with_step
from battery_assets.ingest.files.duplicates import FILE
from battery_assets.ingest.files.piece import Piece
from battery_assets.ingest.files.pieces import pieces
from battery_assets.ingest.files.problems import PRIVATE, Fault, FileRefused
from battery_assets.ingest.files.rows import LINE, Rows, checked_rows
from battery_assets.ingest.files.spool import DaySpool, MemoryPool
from battery_assets.ingest.files.units import declared
from battery_assets.ingest.files.values import check_kinds

# More impossible times than this mean a wrong unit or zone, not bad rows.
_TIMES_SHARE, _TIMES_ROWS = 0.01, 10
# Above this a file is refused without reading on, so that quarantine stays in memory.
_MOST_BAD_ROWS = 200_000


class Intake:
    """Takes files of one table, for one month, under one contract."""

    def __init__(self, table: sa.Table, month: str | None, contract: SourceContract, now: datetime):
        self.table, self.month, self.contract, self.now = table, month, contract, now

    def file(
        self, file: LandingFile, number: int, pool: MemoryPool | DaySpool
    ) -> tuple[FileAccount, Counter]:
        """Read one file into the pool, where nothing of a refused one stays; its account and notes."""
        account = FileAccount(file.name, file.sha256, file.size)
        notes: Counter = Counter()
        kinds: dict[str, frozenset[str]] = defaultdict(frozenset)
        order = None if self.contract.unordered else Order(self.table)
        try:
            for piece in pieces(file.path, self.table, self.contract):
                account.rows_read += piece.rows
                rows = checked_rows(piece, self.table, self.month, self.contract, self.now)
                self._check_kinds(rows, kinds)
                good = rows.good if order is None else _in_order(rows, piece, order, account)
                self._book(rows, good, account)
                notes.update(rows.notes)
                pool.add(number, good.with_columns(pl.lit(number, pl.UInt32).alias(FILE)))
            _check_unchanged(file)
            self._judge(account)
        except FileRefused as refusal:
            pool.discard(number)
            account.refuse(refusal, with_step(refusal, self.contract))
        return account, notes

    def _book(self, rows: Rows, good: pl.DataFrame, account: FileAccount) -> None:
        account.faults += rows.faults
        account.other_month += rows.other_month
        account.found += good.height
        account.times_out_of_range += sum(fault.reason == "TIME_RANGE" for fault in rows.faults)
        if len(account.faults) > _MOST_BAD_ROWS:
            raise FileRefused(
                "TOO_MANY_BAD_ROWS", f"more than {_MOST_BAD_ROWS:,} bad rows; {_commonest(account)}"
            )

    def _check_kinds(self, rows: Rows, kinds: dict[str, frozenset[str]]) -> None:
        for name, kinds_met in rows.kinds.items():
            kinds[name] |= kinds_met
            check_kinds(kinds[name], name, self.contract)

    def _judge(self, account: FileAccount) -> None:
        """Refuse a file that has more bad rows than its policy allows."""
        bad, read, contract = len(account.faults), account.rows_read, self.contract
        if not bad:
            return
        first = min(account.faults, key=lambda fault: fault.line)
        sentence = f"{bad:,} of {read:,} rows are bad; {_commonest(account)}; first: {self._sentence(first)}"
        times = account.times_out_of_range
        if times > max(_TIMES_ROWS, _TIMES_SHARE * read):
            raise FileRefused(
                "TIME_RANGE", f"{times:,} of {read:,} times are impossible; {self._sentence(first)}"
            )
        if contract.policy == "strict":
            raise FileRefused("BAD_ROWS", sentence)
        many = bad > contract.bad_rows_limit and bad > contract.bad_share_limit * read
        if many or bad > contract.bad_share_refuse * read:
            [(commonest, _)] = Counter(fault.reason for fault in account.faults).most_common(1)
            usual = next(fault for fault in account.faults if fault.reason == commonest)
            shown = None if self.table.schema == PRIVATE else usual
            raise FileRefused("TOO_MANY_BAD_ROWS", sentence, first=shown)

    def _sentence(self, fault: Fault) -> str:
        """A bad row in words: line, column, value, and what is allowed there."""
        column = f", column {fault.column}" if fault.column else ""
        # The books are read by more people than may read contact details.
        hidden = fault.value is None or self.table.schema == PRIVATE
        value = "" if hidden else f" {str(fault.value)[:80]!r}"
        return f"line {fault.line}{column}: {fault.reason}{value}{self._allowed(fault)}"

    def _allowed(self, fault: Fault) -> str:
        if fault.column is None or fault.column not in self.table.c:
            return ""
        column = self.table.c[fault.column]
        info = column.info
        if fault.reason == "NOT_IN_ENUM":
            return f" (allowed: {', '.join(info['values'])})"
        if fault.reason not in ("OUT_OF_RANGE", "OUT_OF_TYPE") or info.get("low") is None:
            return ""
        unit = f" {info['unit']}" if info.get("unit") else ""
        stated_unit = declared(column, self.contract.units)
        step = (
            f"its unit is declared as {stated_unit}"
            if stated_unit
            else "if the source has another unit, say "
            f"--contract units={self.table.name}.{fault.column}:UNIT, or a factor such as x0.001"
        )
        return f" (allowed: {info['low']:g} to {info['high']:g}{unit}; {step})"


def _check_unchanged(file: LandingFile) -> None:
    """The hash in the books has to be that of the bytes that were read."""
    try:
        stat = file.path.stat()
    except OSError as error:
        raise FileRefused("VANISHED", f"went away while it was read: {error.strerror}") from error
    if stat.st_size != file.size or datetime.fromtimestamp(stat.st_mtime, UTC) != file.modified:
        raise FileRefused(
            "CHANGED", f"{file.size:,} bytes when it was listed, {stat.st_size:,} when it was read"
        )


def _in_order(rows: Rows, piece: Piece, order: Order, account: FileAccount) -> pl.DataFrame:
    """The rows that keep the promised order; the others become faults."""
    broken = order.broken(rows.good)
    if not broken.any():
        return rows.good
    late = set(rows.good.filter(broken)[LINE])
    for index in pl.Series(piece.lines).is_in(late).arg_true():
        line = int(piece.lines[index])
        account.faults.append(Fault(line, order.instant, "OUT_OF_ORDER", None, piece.raw(int(index))))
    return rows.good.filter(~broken)


def _commonest(account: FileAccount) -> str:
    counts = Counter(fault.reason for fault in account.faults).most_common(3)
    return "mostly " + ", ".join(f"{reason} ({times:,})" for reason, times in counts)
