"""What a lab promises about its files, where the files themselves do not say it."""

from dataclasses import dataclass
from zoneinfo import available_timezones

from battery_assets.ingest.exports.contract import ContractError
from battery_assets.ingest.lab.dialects.vocabulary import DIMENSIONS, factor

_POLICIES = (None, "strict", "tolerant")
_SIGNS = (None, "positive charges", "positive discharges")
_ORDERS = (None, "month first", "day first")


@dataclass(frozen=True)
class LabContract:
    """How files are to be read. The defaults trust nothing that the file does not say.

    timezone             IANA zone of the cycler's clock; without it `ts` is null, never a guess
    policy               'strict': one bad row refuses the file (what a cycler wrote can be exported again);
                         'tolerant': bad rows go to quarantine, above 1,000 rows and 0.1 %, or half of all,
                         the file is refused. None: strict, but tolerant for published research layouts
    nominal_capacity_ah  of the cell; currents and charges are held against it
    time_scale           seconds in one unit of the file's time, where the heading is known to be wrong
    current_sign         what a positive current does, where the file's dialect cannot know
    date_order           'month first' or 'day first', where 03/04 can be both and no row proves it
    unordered            rows may stand in any order: they are sorted by their time
    columns              (heading in the file, word of the vocabulary, its unit or the factor to the word's
                         unit): a layout that no dialect knows, or columns that a known one does not read
    """

    timezone: str | None = None
    policy: str | None = None
    nominal_capacity_ah: float | None = None
    time_scale: float | None = None
    current_sign: str | None = None
    unordered: bool = False
    columns: tuple[tuple[str, str, float | str], ...] = ()
    date_order: str | None = None

    def __post_init__(self) -> None:
        if self.timezone is not None and self.timezone not in available_timezones():
            raise ContractError(f"timezone: {self.timezone!r} is no IANA time zone, such as 'Europe/Oslo'")
        for key, allowed in (("policy", _POLICIES), ("current_sign", _SIGNS), ("date_order", _ORDERS)):
            if getattr(self, key) not in allowed:
                raise ContractError(f"{key}: {getattr(self, key)!r}; allowed: {allowed}")
        for key in ("nominal_capacity_ah", "time_scale"):
            value = getattr(self, key)
            if value is not None and not 0 < value < float("inf"):
                raise ContractError(f"{key}: {value!r}; expected a positive number")
        for heading, word, scale in self.columns:
            if word not in DIMENSIONS:
                raise ContractError(
                    f"columns: {heading!r} -> {word!r}; allowed words: {', '.join(DIMENSIONS)}"
                )
            if isinstance(scale, str):
                if factor(scale, DIMENSIONS[word]) is None:
                    raise ContractError(
                        f"columns: {heading!r} in {scale!r}, which is no unit of {DIMENSIONS[word]}"
                    )
                continue
            if not 0 < abs(scale) < float("inf"):
                raise ContractError(
                    f"columns: {heading!r} has the factor {scale!r}; expected a finite number"
                )
