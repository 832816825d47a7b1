"""Text cut into records: where each begins, on which line, with how many fields. All vectorised.

Quotes follow RFC 4180: a field that begins with a quote ends with one, and a doubled quote inside it is a
quote. A byte is inside quotes when an odd number of quotes stands before it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from battery_assets.ingest.exports.contract import SourceContract
from battery_assets.ingest.files.problems import FileRefused
from battery_assets.ingest.files.unpacked import text_blocks

MAX_RECORD_BYTES = 1 << 20
FIRST_PRINTABLE = 32
_TAB, _NEWLINE, _QUOTE, _DELETE = 9, 10, 34, 127


@dataclass(frozen=True)
class Records:
    """Whole records of one block.

    text    bytes, each record ending in a newline
    starts  first byte of each record; record i is text[starts[i]:ends[i]]
    ends    byte of the newline that ends it
    lines   1-based line of the file on which it begins
    fields  number of fields
    quoted  whether the block holds any quote
    """

    text: bytes
    starts: np.ndarray
    ends: np.ndarray
    lines: np.ndarray
    fields: np.ndarray
    quoted: bool

    def raw(self, index: int) -> bytes:
        return self.text[self.starts[index] : self.ends[index]]

    def only(self, keep: np.ndarray) -> "Records":
        """The records where `keep` is true; the text is packed together again."""
        lengths = self.ends + 1 - self.starts
        bytes_kept = np.repeat(keep, lengths)
        text = np.frombuffer(self.text, np.uint8)[bytes_kept].tobytes()
        ends = np.cumsum(lengths[keep]) - 1
        starts = ends + 1 - lengths[keep]
        return Records(text, starts, ends, self.lines[keep], self.fields[keep], self.quoted)

    def with_control_bytes(self) -> np.ndarray:
        """Index of the records with bytes below space (but tab and line feed) or DEL."""
        data = np.frombuffer(self.text, np.uint8)
        allowed = self.text.count(b"\n") + self.text.count(b"\t")
        if np.count_nonzero(data < FIRST_PRINTABLE) == allowed and b"\x7f" not in self.text:
            return np.empty(0, np.int64)
        odd = (data < FIRST_PRINTABLE) & (data != _TAB) & (data != _NEWLINE) | (data == _DELETE)
        return np.unique(np.searchsorted(self.ends, np.flatnonzero(odd)))


def record_blocks(path: Path, contract: SourceContract) -> Iterator[Records]:
    """The file's records, block by block; blank lines and comments are still among them.

    Raises FileRefused: what `text_blocks` raises, CSV_SYNTAX, TRUNCATED, LINE_ENDS, LIMIT.
    """
    separator, line, rest = contract.separator, 1, b""
    for block in text_blocks(path, contract.max_unpacked_bytes):
        text = _line_feeds(rest + block)
        records, used = cut(text, line, separator)
        rest = text[used:]
        if len(rest) > MAX_RECORD_BYTES:
            _refuse_endless(rest, line + text.count(b"\n", 0, used))
        if records is not None:
            yield records
        line += text.count(b"\n", 0, used)
    yield from _last(rest, line, contract)


def _line_feeds(text: bytes) -> bytes:
    """Carriage return plus line feed is a line feed; a last carriage return waits for the next block."""
    return text.replace(b"\r\n", b"\n") if b"\r" in text else text


def _last(rest: bytes, line: int, contract: SourceContract) -> Iterator[Records]:
    """What stands after the last newline: refused, unless the contract trusts it."""
    rest = rest.removesuffix(b"\r")
    if not rest:
        return
    if rest.count(b'"') % 2:
        opened = line + rest.count(b"\n", 0, rest.rfind(b'"'))
        raise FileRefused("CSV_SYNTAX", f"line {opened}: a quote is opened and never closed", line=opened)
    if b"\r" in rest and b"\n" not in rest and line == 1:
        raise FileRefused("LINE_ENDS", "lines end with a carriage return alone", line=1)
    if contract.final_newline == "required":
        tail = rest[-40:].decode("utf-8", "backslashreplace")
        raise FileRefused(
            "TRUNCATED",
            f"line {line} has no end: ...{tail!r}. If the exporter never ends its last line, say "
            "final_newline: optional in the contract",
            line=line,
        )
    records, _ = cut(rest + b"\n", line, contract.separator)
    if records is not None:
        yield records


def _refuse_endless(rest: bytes, line: int) -> None:
    if rest.count(b'"') % 2:
        raise FileRefused(
            "CSV_SYNTAX", f"line {line}: a quote is not closed within {MAX_RECORD_BYTES:,} bytes", line=line
        )
    if b"\r" in rest and line == 1:
        raise FileRefused("LINE_ENDS", "lines end with a carriage return alone", line=1)
    raise FileRefused("LIMIT", f"line {line} is longer than {MAX_RECORD_BYTES:,} bytes", line=line)


def cut(text: bytes, line: int, separator: str) -> tuple[Records | None, int]:
    """The whole records of `text`, whose first line is `line`, and how many bytes they take."""
    data = np.frombuffer(text, np.uint8)
    newlines = np.flatnonzero(data == _NEWLINE)
    lines_before = np.arange(len(newlines))
    quoted = b'"' in text
    quotes = np.flatnonzero(data == _QUOTE) if quoted else np.empty(0, np.int64)
    if quoted:
        outside = np.searchsorted(quotes, newlines) % 2 == 0
        newlines, lines_before = newlines[outside], lines_before[outside]
    if not len(newlines):
        return None, 0
    used = int(newlines[-1]) + 1
    separators = np.flatnonzero(data[:used] == ord(separator))
    if quoted:
        separators = separators[np.searchsorted(quotes, separators) % 2 == 0]
        _check_quotes(data[:used], quotes[quotes < used], ord(separator), line)
    starts = np.concatenate([[0], newlines[:-1] + 1])
    lines = line + np.concatenate([[0], lines_before[:-1] + 1])
    longest = int((newlines - starts).argmax())
    if newlines[longest] - starts[longest] > MAX_RECORD_BYTES:
        at = int(lines[longest])
        raise FileRefused("LIMIT", f"line {at} is longer than {MAX_RECORD_BYTES:,} bytes", line=at)
    records = Records(text[:used], starts, newlines, lines, _fields(separators, starts, newlines), quoted)
    return records, used


def _fields(separators: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Fields of each record; the even case, every record with the same number, needs no search."""
    each, odd = divmod(len(separators), len(ends))
    if each and not odd:
        grid = separators.reshape(len(ends), each)
        if (grid[:, 0] >= starts).all() and (grid[:, -1] < ends).all():
            return np.full(len(ends), each + 1)
    return np.searchsorted(separators, ends) - np.searchsorted(separators, starts) + 1


def _check_quotes(data: np.ndarray, quotes: np.ndarray, separator: int, line: int) -> None:
    """A quote opens at the start of a field and closes at its end, or is doubled; else CSV_SYNTAX."""
    opening, closing = quotes[0::2], quotes[1::2]
    before = np.where(opening > 0, data[opening - 1], _NEWLINE)
    doubled_before = np.concatenate([[False], opening[1:] == closing[: len(opening) - 1] + 1])
    wrong_open = ~((before == separator) | (before == _NEWLINE) | doubled_before)
    after = data[np.minimum(closing + 1, len(data) - 1)]
    wrong_close = ~((after == separator) | (after == _NEWLINE) | (after == _QUOTE))
    wrong = np.concatenate([opening[wrong_open], closing[wrong_close]])
    if len(wrong):
        at = line + int(np.count_nonzero(data[: wrong.min()] == _NEWLINE))
        raise FileRefused("CSV_SYNTAX", f"line {at}: a quote stands inside a field", line=at)
