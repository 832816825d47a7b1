"""Which cycler wrote a file: told by its content, never by its name; never guessed."""

import re
from collections.abc import Sequence

from battery_assets.ingest.lab.dialects.arbin import ARBIN, ARBIN_METADATA
from battery_assets.ingest.lab.dialects.basytec import BASYTEC
from battery_assets.ingest.lab.dialects.bdf import BDF
from battery_assets.ingest.lab.dialects.biologic import BIOLOGIC
from battery_assets.ingest.lab.dialects.definition import Dialect
from battery_assets.ingest.lab.dialects.headings import Heading
from battery_assets.ingest.lab.dialects.landt import LANDT
from battery_assets.ingest.lab.dialects.maccor import MACCOR
from battery_assets.ingest.lab.dialects.nasa import NASA
from battery_assets.ingest.lab.dialects.neware import NEWARE
from battery_assets.ingest.lab.dialects.novonix import NOVONIX
from battery_assets.ingest.lab.dialects.pec import PEC
from battery_assets.ingest.lab.refusal import LabFileRefused

# The most particular first: the first whose signature the headings bear is it.
DIALECTS = (BDF, LANDT, PEC, NOVONIX, BASYTEC, BIOLOGIC, NEWARE, MACCOR, NASA, ARBIN)
_NEAREST = 3
# Quantities of a whole step or cycle: its extremes, means, first and last values, its duration.
_QUANTITY = r"(v|volt|voltage|i|curr|current|t\d*|temp|temperature|cap|capacity|energy|power|soc)"
_SUMMARY = re.compile(
    rf"(^|_)(v|i|t)?(max|min|maximum|minimum)(_(on|in|of)_(cycle|step))?(_{_QUANTITY})?(_|$)"
    rf"|(^|_)(mean|avg|average|median|onset|oneset|start|end|first|last|initial|final|begin|mid|middle)_{_QUANTITY}(_|$)"
    rf"|(^|_){_QUANTITY}_(mean|avg|average|median|max|min|onset|start|end|first|last|initial|final)(_|$)"
    r"|(^|_)(coulombic|coulomb|energy|voltage|charge_discharge)_efficiency|(^|_)retention"
    r"|^(charge|discharge|chg|dchg|dischg|cc_chg|cv_chg)_time(_|$)"
)
# Charges by cycle without a time, a voltage or a current beside them: no column is one of points.
_OF_POINTS = re.compile(
    r"(^|_)(time|date|datetime|clock|v|u|volts?|voltage|ewe|ecell|potential|i|curr|current|amps?|m?a)(_|$)"
)
_OF_CYCLES, _AMOUNT = (
    re.compile(r"^(cyc|cycle|step)"),
    re.compile(r"(^|_)(cap|capacity|engy|energy|charge|q)(_|$)"),
)
_FEWEST_SUMMARIES = 2
_SHOWN_COLUMNS = 40


def dialect_of(line: Sequence[Heading]) -> Dialect | None:
    """The dialect whose signature a line of headings bears. Raises LabFileRefused: NO_POINTS."""
    slugs = {heading.slug for heading in line}
    for dialect in DIALECTS:
        if dialect.signed(line, slugs):
            return dialect
    if any(slugs >= metadata for metadata in ARBIN_METADATA):
        raise LabFileRefused(
            "NO_POINTS",
            found="Arbin's record of a test, without measured points",
            expected="measured points",
            next_step="give the file with the points; this one is not needed",
        )
    return None


def summary_columns(line: Sequence[Heading]) -> list[str]:
    """Headings that speak of whole steps or cycles; none where there are fewer than two."""
    columns = [heading.text for heading in line if _SUMMARY.search(heading.slug)]
    return columns if len(columns) >= _FEWEST_SUMMARIES else []


def _amounts_by_cycle(line: Sequence[Heading]) -> list[str]:
    """All headings of a table of charges by cycle or step; none where any speaks of a point."""
    slugs = [heading.slug for heading in line]
    by_cycle = any(map(_OF_CYCLES.search, slugs)) and any(map(_AMOUNT.search, slugs))
    return [heading.text for heading in line] if by_cycle and not any(map(_OF_POINTS.search, slugs)) else []


def summary(columns: Sequence[str]) -> LabFileRefused:
    """NO_POINTS of a table with these columns."""
    return LabFileRefused(
        "NO_POINTS",
        found=f"a table of summaries, one row a step or cycle: the columns {', '.join(columns)}",
        expected="measured points",
        next_step="give the file with the points; this one is not needed",
    )


def unknown(lines: Sequence[Sequence[Heading]]) -> LabFileRefused:
    """UNKNOWN_DIALECT with the headings of the likeliest header line and the nearest dialects; NO_POINTS
    where most of these speak of whole steps or cycles."""
    header = max(lines, key=_header_likeness, default=())
    summarised = summary_columns(header) or _amounts_by_cycle(header)
    if 2 * len(summarised) > len(header):
        return summary(summarised)
    names = ", ".join(repr(heading.text) for heading in header[:_SHOWN_COLUMNS]) or "no headings"
    likely = sorted(DIALECTS, key=lambda dialect: -dialect.likeness(header))[:_NEAREST]
    nearest = "; ".join(f"{one.name} ({one.likeness(header):.0%}: {_columns(one)})" for one in likely)
    return LabFileRefused(
        "UNKNOWN_DIALECT",
        found=f"the columns {names}",
        expected=f"those of a known cycler; nearest: {nearest}",
        next_step="export with the cycler's own headings, or declare each column: "
        "--column 'its heading=voltage_v:mV' (test_time_s, voltage_v and current_a at least)",
    )


def _header_likeness(headings: Sequence[Heading]) -> tuple[float, int]:
    return max((dialect.likeness(headings) for dialect in DIALECTS), default=0.0), len(headings)


def _columns(dialect: Dialect) -> str:
    return ", ".join(column.slugs[0].rstrip("*") for column in dialect.columns if column.required)
