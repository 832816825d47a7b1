"""What a lab, or the folder of a cell, may say of its cells and of how their files are read.

A term of a lab holds for all its cells; what a cell's folder says goes before it.
"""

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from battery_assets.features.lab.labels import END_OF_LIFE, percent_of_nominal

if TYPE_CHECKING:
    from battery_assets.ingest.lab.contract import LabContract

CELL_TERMS = {
    "chemistry": "of the cell, such as NMC or LFP",
    "manufacturer": "of the cell",
    "model": "of the cell, as the manufacturer calls it",
    "barcode": "of this one cell",
    "nominal_capacity_ah": "Ah, where the files do not say it",
    "nominal_voltage_v": "V, of the cell",
    "voltage_min_v": "V, that the cell may be discharged to",
    "voltage_max_v": "V, that the cell may be charged to",
    END_OF_LIFE: "% of nominal capacity at which the cell is worn out; 80",
}
PACK_TERMS = {
    "pack": "code of the pack that the cell is part of",
    "cells_in_series": "of the pack",
    "cells_in_parallel": "of the pack",
}
TEST_TERMS = {
    "cutoff_voltage_v": "V, end of discharge that capacities count to",
    "ambient_temperature_c": "°C, of the chamber",
    "equipment": "that tested it, where the files do not say it",
    "protocol_version": "of the protocol",
    "started_at": "when the test began, where the file does not say it: 2024-05-31T08:00",
}
CONTRACT_TERMS = {
    "timezone": "IANA zone of the cycler's clock, such as Europe/Oslo",
    "policy": "strict: one bad row refuses the file; tolerant: bad rows go to quarantine",
    "current_sign": "positive charges, or positive discharges, where the format does not know",
    "time_scale": "seconds in one unit of the file's time, where the heading is wrong",
    "unordered": "true: rows stand in any order, and are sorted by their time",
    "columns": "heading, word of the vocabulary, unit or factor, of a layout that no dialect knows",
    "date_order": "month first, or day first, where no row of the file proves it",
}
TERMS = {**CELL_TERMS, **PACK_TERMS, **TEST_TERMS, **CONTRACT_TERMS}
# What is one cell's alone, or one test's.
OF_ONE_CELL = ("barcode", "pack", "started_at")
LAB_TERMS = {name: words for name, words in TERMS.items() if name not in OF_ONE_CELL}
# Options that refusals name.
_ADVISED = {
    "--time-scale": "time_scale", "--current-sign": "current_sign", "--policy": "policy",
    "--column": "columns", "--nominal-ah": "nominal_capacity_ah", "--timezone": "timezone",
    "--started-at": "started_at", "--date-order": "date_order",
}  # fmt: skip
_OR = re.compile(r"[,;] or ")
_WHOLE = ("cells_in_series", "cells_in_parallel")


def lab_terms(config: dict[str, Any]) -> tuple[Any, float | None, dict[str, Any]]:
    """What the settings of a lab of files come to. Raises ValueError for a term that it cannot have."""
    strange = sorted(config.keys() - LAB_TERMS.keys())
    if strange:
        raise ValueError(f"{strange[0]!r} is no term of a lab; known are {', '.join(LAB_TERMS)}")
    others = {name: config[name] for name in config if name not in CONTRACT_TERMS}
    return contract_of(config), percent_of_nominal(config.get(END_OF_LIFE)), others


def contract_of(terms: dict[str, Any]) -> "LabContract":
    """How the files of a cell are to be read. Raises ValueError for a term that cannot be."""
    from battery_assets.ingest.lab.contract import LabContract

    terms_of_contract = {name: terms[name] for name in CONTRACT_TERMS if terms.get(name) is not None}
    nominal = terms.get("nominal_capacity_ah")
    try:
        if "columns" in terms_of_contract:
            terms_of_contract["columns"] = tuple(_column(one) for one in terms_of_contract["columns"])
        return LabContract(**terms_of_contract, nominal_capacity_ah=float(nominal) if nominal else None)
    except TypeError as error:
        raise ValueError(f"a term is of another kind than it has to be: {error}") from error


def _column(declared: Any) -> tuple[str, str, float | str]:
    if not isinstance(declared, list | tuple) or len(declared) != 3:
        raise ValueError(f"columns: {declared!r}; expected [heading, word, unit or factor]")
    heading, word, scale = declared
    return str(heading), str(word), scale if isinstance(scale, str) else float(scale)


def step_beside(step: str, terms: dict[str, Any]) -> str:
    """A next step without the ways out that the terms of a cell have tried already."""
    ways = _OR.split(step)
    open_ways = [way for way in ways if not any(f"{option} " in way for option in _tried(terms))]
    if open_ways:
        return ", or ".join(open_ways)
    names = [name for option, name in _tried(terms).items() if f"{option} " in step]
    return "; ".join(f"correct {name}, which says {terms[name]!r} now" for name in names)


def _tried(terms: dict[str, Any]) -> dict[str, str]:
    return {option: name for option, name in _ADVISED.items() if terms.get(name) is not None}


def zone_of(terms: dict[str, Any]) -> ZoneInfo | None:
    """The zone of the cycler's clock, where it is told."""
    return ZoneInfo(terms["timezone"]) if terms.get("timezone") else None


def declared_start(terms: dict[str, Any]) -> datetime | None:
    """When a test began, where its terms say so; UTC. Raises ValueError for what is no instant."""
    started_at = terms.get("started_at")
    if not started_at:
        return None
    try:
        at = datetime.fromisoformat(started_at)
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=zone_of(terms) or UTC).astimezone(UTC)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"started_at: {started_at!r} is no instant; write it as 2024-05-31T08:00") from error


def term_of(name: str, text: str) -> Any:
    """A term that was written as text, as on a command line. Raises ValueError for what it cannot mean."""
    if name not in TERMS:
        raise ValueError(f"{name!r} is no term; known are {', '.join(TERMS)}")
    if name == "columns":
        return [column_of(one) for one in text.split("|")]
    if name == "unordered":
        if text.lower() not in ("true", "false", "yes", "no"):
            raise ValueError(f"unordered: {text!r}; expected true or false")
        return text.lower() in ("true", "yes")
    if name in _WHOLE or name.endswith(("_ah", "_v", "_c", "_pct", "_scale")):
        try:
            return int(text) if name in _WHOLE else float(text)
        except ValueError as error:
            raise ValueError(f"{name}: {text!r}; expected a number") from error
    return text


def column_of(text: str) -> list[str | float]:
    """A column as HEADING=WORD:UNIT or HEADING=WORD:FACTOR. Raises ValueError for other text."""
    heading, equals, meaning = text.rpartition("=")
    word, _, scale = meaning.partition(":")
    if not equals or not heading or not word:
        raise ValueError(f"columns: {text!r}; expected HEADING=WORD:UNIT, such as 'U [mV]=voltage_v:mV'")
    try:
        return [heading, word, float(scale) if scale else 1.0]
    except ValueError:
        return [heading, word, scale]
