"""What a source of files promises: time zone, number format, how strict to be."""

import difflib
from dataclasses import dataclass, fields
from typing import Any
from zoneinfo import available_timezones

from battery_assets.ingest.files.units import is_unit

GIB = 1 << 30
_CHOICES = {
    "policy": ("tolerant", "strict"),
    "extra_columns": ("ignore-and-report", "refuse"),
    "json_dialect": ("json", "python-literal-ok"),
    "separator": (",", ";", "\t", "|"),
    "decimal": (".", ","),
    "final_newline": ("required", "optional"),
    "positive_current": ("charges", "discharges"),
}
# What each term says, in the words of the command line; a term without words has no place there.
TERM_WORDS = {
    "timezone": "IANA zone of times without an offset, such as Asia/Bangkok",
    "policy": "tolerant: bad rows to quarantine; strict: one bad row refuses its file",
    "null_words": "texts that mean no value, NA|-",
    "extra_columns": "ignore-and-report, or refuse",
    "unordered": "false promises that no unit's times go back",
    "rename": "their name:our name|their name:our name",
    "units": "column:unit|table.column:unit; degF, mV, S, a factor x6 or /1000, none",
    "json_dialect": "json, or python-literal-ok",
    "separator": "of columns: , ; | or tab",
    "decimal": "sign of decimals: . or ,",
    "time_format": "iso, epoch-s, epoch-ms, epoch-us, or a pattern such as '%d/%m/%Y %H:%M:%S'",
    "comment": "how lines begin that are no data",
    "final_newline": "required, or optional: the last line may have no end",
    "positive_current": "charges, or discharges, the string",
    "bad_rows_limit": "bad rows that a file may have",
    "bad_share_limit": "share of bad rows that a file may have beside",
    "bad_share_refuse": "share of bad rows above which no file is taken in",
    "max_unpacked_bytes": "bytes that a file may unpack to",
}
_TIME_WORDS = ("iso", "epoch-s", "epoch-ms", "epoch-us")


class ContractError(ValueError):
    """A source contract that cannot be used; the message names the key, the value and what is allowed."""


@dataclass(frozen=True)
class SourceContract:
    """How the files of one site are to be read.

    timezone       IANA zone of times without an offset; None refuses such files (NO_TIMEZONE)
    policy         'strict': one bad row refuses the file. 'tolerant': bad rows go to quarantine, and the file
                   is refused above `bad_rows_limit` rows when these are more than `bad_share_limit` of all,
                   or when more than `bad_share_refuse` of its rows are bad, however few they are
    null_words     texts that mean "no value" in any column; the empty field always does
    extra_columns  columns the table does not have: ignored and reported, or a reason to refuse
    unordered      False promises that each unit's times never go back: then such rows are OUT_OF_ORDER
    rename         pairs (name in the file, name in the table), for sources that call columns otherwise
    units          pairs (column or table.column, unit of the source), such as temperature_c and degF: another
                   unit of the quantity, a factor (x6, /1000), or 'none' for a column that is not to be read
    json_dialect   'python-literal-ok' also takes the text Python prints for lists and dictionaries
    time_format    'iso', 'epoch-s', 'epoch-ms', 'epoch-us', or a strptime pattern such as '%d/%m/%Y %H:%M:%S'
    comment        lines that begin with it are counted, never data
    positive_current  what a positive current_a does in the source: 'charges' the string, as in the tables,
                   or 'discharges' it, and then its sign is turned on reading
    final_newline  'required' refuses a file whose last line has no end: it may be cut in a number
    """

    timezone: str | None = None
    policy: str = "tolerant"
    null_words: tuple[str, ...] = ()
    extra_columns: str = "ignore-and-report"
    unordered: bool = True
    rename: tuple[tuple[str, str], ...] = ()
    units: tuple[tuple[str, str], ...] = ()
    json_dialect: str = "json"
    separator: str = ","
    decimal: str = "."
    time_format: str = "iso"
    comment: str | None = None
    final_newline: str = "required"
    positive_current: str = "charges"
    bad_rows_limit: int = 1_000
    bad_share_limit: float = 0.001
    bad_share_refuse: float = 0.5
    max_unpacked_bytes: int = 64 * GIB

    def __post_init__(self) -> None:
        for key, allowed in _CHOICES.items():
            _one_of(key, getattr(self, key), allowed)
        if self.timezone is not None and self.timezone not in available_timezones():
            raise ContractError(f"timezone: {self.timezone!r} is no IANA time zone, such as 'Asia/Bangkok'")
        if self.time_format not in _TIME_WORDS and "%" not in self.time_format:
            raise ContractError(f"time_format: {self.time_format!r}; allowed: {_TIME_WORDS} or a % pattern")
        if self.separator == self.decimal:
            raise ContractError("separator and decimal are both ','; a decimal comma needs another separator")
        if self.comment is not None and not 0 < len(self.comment) <= 8:
            raise ContractError(f"comment: {self.comment!r}; expected 1 to 8 characters, or nothing")
        self._check_numbers()

    def _check_numbers(self) -> None:
        for key in ("bad_rows_limit", "max_unpacked_bytes"):
            value = getattr(self, key)
            if type(value) is not int or value < 0:
                raise ContractError(f"{key}: {value!r}; expected a whole number of at least 0")
        for key in ("bad_share_limit", "bad_share_refuse"):
            value = getattr(self, key)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
                raise ContractError(f"{key}: {value!r}; expected a number between 0 and 1")
        if type(self.unordered) is not bool:
            raise ContractError(f"unordered: {self.unordered!r}; expected true or false")
        if any(not isinstance(word, str) for word in self.null_words):
            raise ContractError(f"null_words: {self.null_words!r}; expected a list of texts")
        for column, unit in self.units:
            if not is_unit(unit):
                raise ContractError(
                    f"units: {column}: {unit!r} is no unit that is read here, nor x6 or /1000"
                )

    @classmethod
    def from_config(cls, config: dict) -> "SourceContract":
        """The contract of a site's settings. Raises ContractError for an unknown key or a bad value."""
        if not isinstance(config, dict):
            raise ContractError(f"contract: expected keys and values, found {type(config).__name__}")
        names = [field.name for field in fields(cls)]
        for key in config:
            if key not in names:
                near = difflib.get_close_matches(str(key), names, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise ContractError(f"unknown key {key!r}{hint} Allowed: {', '.join(names)}")
        settings = dict(config)
        for key in ("rename", "units"):
            if key in settings:
                settings[key] = _pairs(key, settings[key])
        if "null_words" in settings:
            words = settings["null_words"]
            if isinstance(words, str) or not isinstance(words, list | tuple):
                raise ContractError(f"null_words: {words!r}; expected a list of texts")
            settings["null_words"] = tuple(words)
        return cls(**settings)


def _pairs(key: str, names: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(names, dict) or any(not isinstance(n, str) for pair in names.items() for n in pair):
        meaning = "names in the file with names in the table" if key == "rename" else "columns with units"
        raise ContractError(f"{key}: {names!r}; expected {meaning}")
    return tuple(sorted(names.items()))


def term_of(key: str, value: str) -> Any:
    """A term that was written as text, as on a command line: numbers, yes and no, lists a|b, pairs a:b|c:d.

    Raises ContractError for text that the key cannot mean.
    """
    kinds = {field.name: field.default for field in fields(SourceContract)}
    if key == "separator" and value.lower() in ("tab", "\\t"):
        return "\t"
    if key in ("rename", "units"):
        # Names of theirs may hold a colon, ours and units do not.
        pairs = [pair.rpartition(":") for pair in value.split("|")]
        if any(not colon or not name or not other for name, colon, other in pairs):
            raise ContractError(f"{key}={value}: expected NAME:MEANING|NAME:MEANING")
        return {name: other for name, _, other in pairs}
    if key == "null_words":
        return value.split("|")
    default = kinds.get(key)
    if isinstance(default, bool):
        if value.lower() not in ("true", "false", "yes", "no"):
            raise ContractError(f"{key}: {value!r}; expected true or false")
        return value.lower() in ("true", "yes")
    if isinstance(default, int | float):
        try:
            return type(default)(value)
        except ValueError as error:
            raise ContractError(f"{key}: {value!r}; expected a number such as {default}") from error
    return value


def _one_of(key: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ContractError(f"{key}: {value!r}; allowed: {', '.join(map(repr, allowed))}")
